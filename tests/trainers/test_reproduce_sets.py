"""The sets of a reproduction: all patterns alike, made from a seed, and nothing in common."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from toolgym import make_domain
from toolgym.certificates.dataset_checks import check_pool
from toolgym.concurrency.bridge import wait_for
from toolgym.curricula.over_pool import POOL_SPLIT, over_pool
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.generators.demonstrations import untrained_worlds
from toolgym.generators.every_pattern import EveryPattern
from toolgym.proposal import Proposal, TaskRequest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from toolgym_trainers.reproduce.sets import check_apart, check_pool_apart, make_pattern_set, with_pattern_set
from toolgym_trainers.reproduce.settings import PATTERNS, PatternSet, Sets

SMALL = PatternSet(seed=5, each=1, levels=(1,))


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def made(retail: Domain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "patterns"
    make_pattern_set(retail, SMALL, folder)
    return folder


def test_every_pattern_has_as_many_tasks_and_each_is_certified(retail: Domain, made: Path) -> None:
    tasks = over_pool(retail, made).tasks[POOL_SPLIT]
    counts = Counter(task.provenance.pattern for task in tasks if task.provenance is not None)
    assert len(counts) == 17
    assert set(counts.values()) == {1}
    assert len({task.id for task in tasks}) == len(tasks)
    report = check_pool(retail, over_pool(retail, made), POOL_SPLIT)
    assert report.failed == ()


def test_a_seed_makes_the_same_set_and_another_seed_another(retail: Domain, made: Path, tmp_path: Path) -> None:
    make_pattern_set(make_domain("retail"), SMALL, tmp_path / "again")
    assert (tmp_path / "again" / "tasks.jsonl").read_bytes() == (made / "tasks.jsonl").read_bytes()
    assert (tmp_path / "again" / "set.json").read_bytes() == (made / "set.json").read_bytes()
    with pytest.raises(DataError, match="its seed is 5, not 6"):
        with_pattern_set(retail, made, SMALL.model_copy(update={"seed": 6}))
    with pytest.raises(DataError, match="its digest is"):
        with_pattern_set(retail, made, SMALL.model_copy(update={"digest": "0" * 16}))


def test_nobody_trains_in_the_worlds_of_the_set(retail: Domain, made: Path) -> None:
    domain = with_pattern_set(retail, made, SMALL)
    worlds = {task.world for task in domain.tasks[PATTERNS]}
    assert worlds <= set(untrained_worlds(domain))


def test_the_sets_share_no_entity(retail: Domain, made: Path) -> None:
    held = check_apart(with_pattern_set(retail, made, SMALL), Sets())
    assert set(held) == {"validation", "dev", "test", PATTERNS}
    assert min(held.values()) > 1000


def test_sets_that_share_a_world_are_refused(retail: Domain, made: Path) -> None:
    domain = with_pattern_set(retail, made, SMALL)
    own = Sets.model_construct(train="dev", mining="validation", dev="dev", test="test", patterns=SMALL)
    check_apart(domain, own)  # one split with two names is one set
    same = domain.with_data(
        tasks=type(domain.tasks)({name: lambda: domain.tasks["dev"] for name in domain.tasks.splits()})
    )
    with pytest.raises(DataError, match="share 1749 entities"):
        check_apart(same, Sets())


def test_a_pool_in_the_worlds_of_the_set_is_noticed(retail: Domain, made: Path, tmp_path: Path) -> None:
    domain = with_pattern_set(retail, made, SMALL)
    check_pool_apart(domain, tmp_path / "nothing", Sets())
    shutil.copytree(made, tmp_path / "pool")
    with pytest.raises(DataError, match=f"and '{PATTERNS}' share"):
        check_pool_apart(domain, tmp_path / "pool", Sets())


def test_a_set_is_not_written_over(retail: Domain, made: Path) -> None:
    with pytest.raises(DataError, match="exists"):
        make_pattern_set(retail, SMALL, made)


def test_what_proposes_for_every_pattern_heeds_no_failure(retail: Domain) -> None:
    async def proposals() -> list[Proposal]:
        requests = [TaskRequest(f"new-{number}", "repeated_call", 0) for number in range(34)]
        made = EveryPattern(levels=(1, 3)).propose(retail, requests, np.random.default_rng(0))
        return [proposal async for proposal in made]

    found = wait_for(proposals())
    counts = Counter(task.provenance.pattern for one in found for task in one.tasks if task.provenance is not None)
    assert len(counts) == 17
    assert set(counts.values()) == {2}
    assert all(one.request.pattern == "repeated_call" for one in found)  # it answers what was asked


@pytest.mark.parametrize("levels", [(), (4,), (-1,)])
def test_levels_that_are_not_there_are_refused(levels: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match="levels"):
        EveryPattern(levels)
