"""Injected difficulties: each makes certified tasks, and what it promises is really in them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from toolgym.certificates import DuplicateIndex, certify
from toolgym.certificates.certifier import FORMS
from toolgym.database import Database, Rows
from toolgym.domain import Domain
from toolgym.generation import MAX_LEVEL, Difficulty, Explorer, targets
from toolgym.patterns import PATTERNS
from toolgym.registration import make_domain
from toolgym.tasks import Task
from toolgym_retail.facts import Facts, settled
from toolgym_retail.goals.injectors import INJECTORS
from toolgym_retail.task_generator import RetailTaskGenerator

GENERATOR = RetailTaskGenerator()
NAMES = [injector.name for injector in INJECTORS]


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def rows() -> Rows:
    return GENERATOR.world(np.random.default_rng(3))


@pytest.fixture(scope="module")
def world(retail: Domain, rows: Rows) -> str:
    return retail.worlds.add(Database.build(retail.schemas, rows))


def explorer(rows: Rows, world: str, seed: int = 0) -> Explorer:
    return GENERATOR.explore(rows, world, np.random.default_rng(seed))


def tasks_of(rows: Rows, world: str, injector: str, count: int = 6, level: int = 1) -> list[Task]:
    found = explorer(rows, world)
    return [
        task for place in range(count) for task in found.inject(injector, Difficulty.of(level), f"{injector}-{place}")
    ]


def test_every_pattern_has_an_injector_and_there_are_at_least_twelve() -> None:
    assert set(targets(GENERATOR)) == set(PATTERNS)
    assert len(INJECTORS) >= 12
    assert len({injector.meaning for injector in INJECTORS}) == len({injector.example for injector in INJECTORS})
    assert list(GENERATOR.injectors) == list(INJECTORS)


def test_the_documentation_has_every_injector_with_its_meaning_and_example() -> None:
    page = (Path(__file__).parents[2] / "docs" / "curricula.md").read_text(encoding="utf-8")
    for injector in INJECTORS:
        assert f"`{injector.name}` | {injector.meaning} | “{injector.example}” |" in page
    for pattern in PATTERNS.values():
        assert f"`{pattern.name}` | {pattern.meaning} |" in page


@pytest.mark.parametrize("name", NAMES)
def test_what_is_injected_is_certified_at_every_level(retail: Domain, rows: Rows, world: str, name: str) -> None:
    made, through, seen = 0, 0, DuplicateIndex()
    found = explorer(rows, world, seed=1)
    for level in range(MAX_LEVEL + 1):
        for place in range(3):
            tasks = found.inject(name, Difficulty.of(level), f"{name}-{level}-{place}")
            report = certify(retail, tasks, seen=seen, forms=FORMS)
            made += len(tasks)
            through += report.tasks - len(report.failed)
    assert made >= 6
    assert through >= 0.9 * made


@pytest.mark.parametrize("name", NAMES)
def test_the_same_generator_state_injects_the_same(rows: Rows, world: str, name: str) -> None:
    first, again = tasks_of(rows, world, name, 2), tasks_of(rows, world, name, 2)
    assert first == again
    for task in first:
        assert task.provenance is not None
        assert task.provenance.kind == name
        assert task.provenance.pattern == next(one.pattern for one in INJECTORS if one.name == name)
        assert task.provenance.difficulties


def orders_of(rows: Rows, task: Task) -> Sequence[dict[str, object]]:
    orders = rows["assistant"]["orders"]
    return [orders[order] for order in Facts.of(task).orders]


def alike(rows: Rows, task: Task) -> tuple[int, int]:
    """How many other orders in the state of the first request's order there are, and how many hold its products."""
    request = settled(Facts.of(task).requests[0])
    assert request.order is not None
    orders = rows["assistant"]["orders"]
    own = orders[request.order.id]
    rivals = [one for one in orders_of(rows, task) if one["status"] == own["status"] and one is not own]
    names = {item.product for item in request.items}
    holding = [one for one in rivals if any(item["name"] in names for item in one["items"])]  # type: ignore[attr-defined]
    return len(rivals), len(holding)


@pytest.mark.parametrize(
    "name", ["order_by_neighbour", "order_by_bill", "like_items_by_neighbour", "like_items_by_total"]
)
def test_an_order_by_a_clue_has_rivals_and_its_number_is_not_known(rows: Rows, world: str, name: str) -> None:
    tasks = tasks_of(rows, world, name)
    assert tasks
    for task in tasks:
        request = Facts.of(task).requests[0]
        rivals, holding = alike(rows, task)
        assert request.order is not None
        assert not request.order.known
        assert request.order.id not in str(task.user_scenario)
        assert (holding if name.startswith("like") else rivals) >= (1 if name.startswith("like") else 2)


def test_a_like_item_is_asked_for_by_another_product_of_its_order(rows: Rows, world: str) -> None:
    for task in tasks_of(rows, world, "like_items_by_neighbour"):
        request = Facts.of(task).requests[0]
        assert request.order is not None
        sign = request.order.signs[0]
        assert sign in Facts.of(task).orders[request.order.id]
        assert sign not in {item.product for item in request.items}


def test_a_harder_dose_has_more_rivals_and_more_to_do_and_tells_less(rows: Rows, world: str) -> None:
    easy = tasks_of(rows, world, "order_by_neighbour", level=0)
    hard = tasks_of(rows, world, "order_by_neighbour", level=2)
    assert easy
    assert hard
    assert {Facts.of(task).detail for task in easy} == {"full"}
    assert {Facts.of(task).detail for task in hard} == {"brief"}
    assert max(len(Facts.of(task).requests) for task in easy) == 1
    assert max(len(Facts.of(task).requests) for task in hard) == 2
    assert min(alike(rows, task)[0] for task in hard) >= 3


def test_a_customer_in_a_hurry_tells_everything_and_changes_its_mind(rows: Rows, world: str) -> None:
    for task in tasks_of(rows, world, "second_thoughts"):
        facts = Facts.of(task)
        assert facts.detail == "full"
        assert facts.manner in ("annoyed", "terse")
        assert any(request.first is not None for request in facts.requests)


def test_errands_are_at_least_three_and_named_at_once_or_one_by_one(rows: Rows, world: str) -> None:
    for name in ("all_at_once", "one_by_one"):
        for task in tasks_of(rows, world, name):
            facts = Facts.of(task)
            assert len(facts.requests) >= 3
            assert facts.upfront == len(facts.requests) - (name == "one_by_one")


def test_what_is_forbidden_stands_beside_what_is_allowed(retail: Domain, rows: Rows, world: str) -> None:
    for name in ("good_excuse", "insists_first"):
        for task in tasks_of(rows, world, name):
            assert any(request.forbidden for request in Facts.of(task).requests)
            assert any(not action.name.startswith(("get_", "find_")) for action in task.gold)


def test_a_world_without_the_situation_gives_nothing(retail: Domain) -> None:
    rows = GENERATOR.world(np.random.default_rng(0))
    tables = {**rows["assistant"], "orders": {}, "users": dict(list(rows["assistant"]["users"].items())[:1])}
    tables["users"] = {name: {**user, "orders": []} for name, user in tables["users"].items()}
    bare: Rows = {"assistant": tables}
    world = retail.worlds.add(Database.build(retail.schemas, bare))
    assert explorer(bare, world).inject("like_items_by_neighbour", Difficulty.of(1), "t") == ()
