"""The embedded sets of retail: what ships, and that it is what the generator makes."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

import toolgym_retail
from toolgym import make_domain
from toolgym.certificates import check_dataset
from toolgym.database import Database
from toolgym.domain import Domain
from toolgym.generators.sets import draw_set
from toolgym_retail.entities import entities
from toolgym_retail.facts import Facts
from toolgym_retail.goals import RECIPES
from toolgym_retail.sets import KINDS, REDRAWS, SPLITS, explore

TASKS = Path(toolgym_retail.__file__).parent / "tasks"


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def test_there_are_enough_tasks_of_every_kind_in_every_split(retail: Domain) -> None:
    assert retail.tasks.splits() == ["train", "validation", "dev", "test"]
    for split in retail.tasks.splits():
        kinds = Counter(task.provenance.kind for task in retail.tasks[split] if task.provenance is not None)
        assert sum(kinds.values()) >= (200 if split == "test" else 100)
        assert set(RECIPES) <= set(kinds)


def test_the_sets_and_their_worlds_take_at_most_six_megabytes() -> None:
    assert sum(path.stat().st_size for path in TASKS.rglob("*") if path.is_file()) <= 6_000_000


def test_every_task_carries_a_certificate_of_itself(retail: Domain) -> None:
    for task in retail.tasks:
        assert task.certificate is not None
        assert task.certificate.key == task.key


def test_every_certificate_of_a_split_holds(retail: Domain) -> None:
    report = check_dataset(retail, "dev")
    assert report.ok, report.failed
    assert report.stages["certificate"].passed == len(retail.tasks["dev"])


def test_no_two_splits_share_a_customer_an_order_or_anything_else(retail: Domain) -> None:
    found = {}
    for split in retail.tasks.splits():
        (world,) = {task.world for task in retail.tasks[split]}
        database = retail.worlds.get(world)
        tables = ("products", "users", "orders")
        rows = {}
        for name in tables:
            records = database.records("assistant", name)
            rows[name] = dict(zip(database.keys("assistant", name), records, strict=True))
        found[split] = set(entities({"assistant": rows}))
    for split, own in found.items():
        for other, others in found.items():
            assert split == other or not own & others


def test_the_requests_vary_in_manner_detail_and_how_the_customer_identifies(retail: Domain) -> None:
    facts = [Facts.of(task) for task in retail.tasks["test"]]
    assert len({one.manner for one in facts}) == 5
    for values in ({one.detail for one in facts}, {one.identifies_by for one in facts}):
        assert len(values) == 2
    assert {len(one.requests) for one in facts} >= {1, 2, 3}


def test_the_generator_makes_the_shipped_tasks_again(retail: Domain) -> None:
    plan = SPLITS["train"]
    rng = np.random.default_rng(plan.seed)
    rows = plan.world(rng, ())
    world = Database.build(retail.schemas, rows).world
    if world != retail.tasks["train"][0].world:
        pytest.skip("this version of faker makes other names for the same seed")
    spare, draw = explore(rows, world, rng.spawn(1)[0]), explore(rows, world, rng)
    drawn = draw_set(retail, draw, "train", plan.tasks, kinds=KINDS, spare=spare, redraws=REDRAWS)
    assert tuple(islice(drawn, 40)) == retail.tasks["train"][:40]
