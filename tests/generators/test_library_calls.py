"""A domain that is not a shop makes its worlds, tasks, injectors and sets with the core's generators."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import library_calls
import numpy as np
import pytest
from library_calls import DOMAIN, INJECTORS, RECIPES, LibraryTaskGenerator, MemberFacts, Reader

from toolgym.certificates import certify, check_pool
from toolgym.certificates.report import Failure
from toolgym.database import Database, WorldStore
from toolgym.errors import DataError, UnknownNameError
from toolgym.generation import MAX_LEVEL, Difficulty
from toolgym.generators import doses, recipes
from toolgym.generators.explorer import GoalExplorer
from toolgym.generators.sets import draw_set
from toolgym.tasks import Task, TaskSet, read_tasks
from toolgym.worlds import Dice

GENERATOR = LibraryTaskGenerator()


def explorer(seed: int = 0) -> GoalExplorer[Reader, MemberFacts]:
    rows = GENERATOR.world(np.random.default_rng(3))
    world = DOMAIN.worlds.add(Database.build(DOMAIN.schemas, rows))
    return GENERATOR.explore(rows, world, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", list(RECIPES))
def test_every_kind_gives_certified_tasks(kind: str) -> None:
    tasks = explorer().draw(kind, "t")
    report = certify(DOMAIN, tasks)
    assert tasks
    assert report.ok, report.failed


@pytest.mark.parametrize("level", range(MAX_LEVEL))
@pytest.mark.parametrize("injector", list(INJECTORS), ids=lambda injector: injector.name)
def test_every_injector_gives_certified_tasks_of_its_pattern(injector: library_calls.Injector, level: int) -> None:
    (task,) = explorer().inject(injector.name, Difficulty.of(level), "t")
    report = certify(DOMAIN, [task])
    assert report.ok, report.failed
    assert task.provenance is not None
    assert (task.provenance.kind, task.provenance.pattern) == (injector.name, injector.pattern)


def test_a_refusal_comes_with_a_twin_whose_user_speaks_alike() -> None:
    refused, acts = (goal.facts for goal in explorer().goals("refuse"))
    assert refused.requests[0].forbidden
    assert not acts.requests[0].forbidden
    assert (refused.manner, refused.detail, refused.member_id) == (acts.manner, acts.detail, acts.member_id)


def test_the_sets_are_written_again_byte_for_byte(tmp_path: Path) -> None:
    counts = library_calls.write(tmp_path / "one")
    library_calls.write(tmp_path / "other")
    assert set(counts) == {"train", "dev"}
    for split, count in counts.items():
        assert (tmp_path / "one" / f"{split}.jsonl").read_bytes() == (
            tmp_path / "other" / f"{split}.jsonl"
        ).read_bytes()
        tasks = list(read_tasks(tmp_path / "one" / f"{split}.jsonl"))
        assert count == len(tasks) >= 12
        assert [task.id for task in tasks] == [f"{split}-{number:03d}" for number in range(1, count + 1)]
        assert all(task.certificate is not None for task in tasks)


def test_two_splits_share_no_book_and_no_member() -> None:
    taken: set[tuple[str, str]] = set()
    for plan in library_calls.SPLITS.values():
        found = set(library_calls.entities(plan.world(np.random.default_rng(plan.seed), taken)))
        assert not found & taken
        taken |= found


def test_a_split_that_cannot_be_filled_is_an_error() -> None:
    with pytest.raises(DataError, match="'train' has 0 of 3 tasks"):
        list(draw_set(DOMAIN, lambda kind, task_id: (), "train", 3, kinds=("borrow",)))


def test_a_kind_of_which_no_task_holds_up_is_an_error_that_says_why() -> None:
    good = explorer()

    def draw(kind: str, task_id: str) -> Sequence[Task]:
        tasks = good.draw("borrow", task_id)
        if kind == "borrow":
            return tasks
        (task,) = tasks
        action = task.gold[0].model_copy(update={"arguments": {"book_id": "none", "member_id": "m"}})
        criteria = task.evaluation_criteria.model_copy(update={"actions": (action,)})
        return (task.model_copy(update={"evaluation_criteria": criteria}),)

    with pytest.raises(DataError, match="no task of the kind 'broken': each that was drawn fails its certificate"):
        list(draw_set(DOMAIN, draw, "train", 3, kinds=("borrow", "broken")))


def test_where_duplicates_are_drawn_again_a_kind_without_a_new_task_is_an_error() -> None:
    (task,) = explorer().draw("borrow", "t")
    with pytest.raises(DataError, match="4 draws of the kind 'borrow' gave no new task"):
        list(draw_set(DOMAIN, lambda kind, task_id: (task,), "train", 2, kinds=("borrow",), redraws=3, strict=True))


@pytest.mark.parametrize(("split", "ok"), [("train", True), ("test", False)])
def test_a_pool_keeps_apart_from_the_other_splits_as_its_curriculum_does(split: str, ok: bool) -> None:
    rows = GENERATOR.world(np.random.default_rng(3))
    renamed = {number: {**book, "title": "The Other One"} for number, book in rows["assistant"]["books"].items()}
    worlds = WorldStore(DOMAIN.schemas)
    of_split = worlds.add(Database.build(DOMAIN.schemas, rows))
    of_pool = worlds.add(Database.build(DOMAIN.schemas, {"assistant": {**rows["assistant"], "books": renamed}}))

    def drawn(world: str) -> Sequence[Task]:
        return GENERATOR.explore(rows, world, np.random.default_rng(0)).draw("borrow", "t")

    ours = DOMAIN.with_data(worlds=worlds, tasks=TaskSet({split: partial(drawn, of_split)}))
    report = check_pool(ours, DOMAIN.with_data(worlds=worlds, tasks=TaskSet({"pool": partial(drawn, of_pool)})), "pool")
    assert report.ok == ok
    assert [failure.stage for failure in report.failed] == ([] if ok else ["disjoint"])


def test_what_does_not_hold_up_is_drawn_again_and_told() -> None:
    first, second, third = draw_set(DOMAIN, explorer().draw_any, "train", 3, kinds=("borrow",))
    draws = iter([(first,), (first,), (second,), (third,)])
    dropped: list[Failure] = []
    tasks = draw_set(
        DOMAIN, lambda kind, task_id: next(draws), "train", 3, kinds=("borrow",), redraws=1, dropped=dropped.append
    )
    assert [task.key for task in tasks] == [first.key, second.key, third.key]
    assert [(failure.task, failure.stage) for failure in dropped] == [("train-002", "duplicate")]


def explorer_with(**changed: Any) -> GoalExplorer[Reader, MemberFacts]:
    rows = library_calls.generate(np.random.default_rng(0))
    rows["assistant"].update(changed)
    return LibraryTaskGenerator().explore(rows, "0" * 16, np.random.default_rng(0))


def test_a_kind_or_an_injector_that_there_is_not_is_told() -> None:
    with pytest.raises(UnknownNameError, match=r"No kind of call named 'borow'. Did you mean 'borrow'"):
        explorer_with().draw("borow", "dev-001")
    with pytest.raises(UnknownNameError, match=r"No injector named 'many_book'. Did you mean 'many_books'"):
        explorer_with().inject("many_book", Difficulty(), "dev-001")
    with pytest.raises(UnknownNameError, match=r"No recipe with a twin named 'refuze'. Did you mean 'refuse'"):
        GoalExplorer(
            Reader(library_calls.generate(np.random.default_rng(0)), Dice(np.random.default_rng(0))),
            recipes=RECIPES,
            injectors=INJECTORS,
            twins={"refuze": lambda reader, refused: reader.borrow()},
            make_task=partial(library_calls.make_task, world="0" * 16),
        )


@pytest.mark.parametrize("kind", RECIPES)
def test_a_world_without_people_has_no_calls(kind: str) -> None:
    assert explorer_with(members={}).draw(kind, "dev-001") == ()


def test_numbers_of_requests_out_of_range_are_told() -> None:
    with pytest.raises(ValueError, match="a call of 0 requests"):
        recipes.several(0)
    with pytest.raises(ValueError, match="give 0, 1 or 2"):
        doses.many_errands("many", later=3)
    with pytest.raises(ValueError, match="ask for at least 1"):
        doses.with_facts(0, lambda dose: 1, "facts")
    reader = Reader(library_calls.generate(np.random.default_rng(0)), Dice(np.random.default_rng(0)))
    with pytest.raises(ValueError, match="wanted gives 0 writes"):
        doses.with_facts(1, lambda dose: 0, "facts")(reader, Difficulty())
