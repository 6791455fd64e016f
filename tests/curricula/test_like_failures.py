"""A refresh that follows what fails: not its patterns alone, but its tools and its length."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from toolgym import make_agent, make_curriculum, make_domain, make_user, refresh
from toolgym.curriculum import Budget
from toolgym.domain import Domain
from toolgym.generation import Shape
from toolgym.generators.template import TemplateProposer
from toolgym.proposal import TaskRequest
from toolgym.rollouts import play

EXCHANGE, MODIFY, ADDRESS = "exchange_delivered_order_items", "modify_pending_order_items", "modify_user_address"


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def made(domain: Domain, like: Shape | None, count: int = 4) -> Sequence[Shape]:
    """The shapes of tasks that are made for a pattern and a shape."""
    requests = [TaskRequest(f"new-{place}", "wrong_variant", like=like) for place in range(count)]
    proposals = TemplateProposer().proposals(domain, requests, np.random.default_rng(0))
    return [Shape.of(proposal.tasks[0], domain.writes()) for proposal in proposals]


@pytest.mark.parametrize("writes", [(EXCHANGE,), (MODIFY,)])
def test_a_task_has_the_writes_that_are_asked_for_where_the_world_has_such_a_one(
    retail: Domain, writes: tuple[str, ...]
) -> None:
    assert made(retail, Shape(writes)) == [Shape(writes)] * 4
    assert made(retail, None) != [Shape(writes)] * 4


def test_a_task_has_as_many_writes_as_are_asked_for_and_mostly_those(retail: Domain) -> None:
    wanted = Shape((ADDRESS, EXCHANGE))
    found = made(retail, wanted)
    assert [len(shape.writes) for shape in found] == [2] * 4
    assert found.count(wanted) > made(retail, None).count(wanted) + 1


def test_where_there_is_no_such_task_the_nearest_is_made(retail: Domain) -> None:
    for found in made(retail, Shape(("cancel_pending_order",) * 3)):  # a wrong variant is never a matter of cancelling
        assert len(found.writes) == 3


@pytest.mark.parametrize("like", [True, False])
def test_a_refresh_asks_for_the_writes_of_what_failed_where_it_is_to_be_like_it(retail: Domain, like: bool) -> None:
    tasks = retail.tasks["validation"][:3]
    curriculum = make_curriculum("raft", retail, tasks, like_failures=like)
    for task in tasks:
        curriculum.update([play(retail, task, make_agent("no-op"), make_user("scripted")).trajectory()])
    report = refresh(curriculum, Budget(tasks=2))
    every = [Shape.of(task, retail.writes()) for task in tasks]
    total = sum(len(shape.writes) for shape in every)
    names = {name for shape in every for name in shape.writes}
    assert report.shapes["tools"]["failures"] == {
        name: sum(shape.writes.count(name) for shape in every) / total for name in sorted(names)
    }
    assert sum(report.shapes["calls"]["admitted"].values()) == pytest.approx(1)


def test_failures_on_tasks_of_another_split_are_explained_too(retail: Domain) -> None:
    task = retail.tasks["validation"][0]
    curriculum = make_curriculum("raft", retail, "train")
    curriculum.update([play(retail, task, make_agent("no-op"), make_user("scripted")).trajectory()])
    report = refresh(curriculum, Budget(tasks=2))
    assert (report.failures, report.proposed) == (1, 2)


def test_how_far_two_shapes_are_apart_is_counted_both_ways() -> None:
    assert Shape(("a", "b")).distance(Shape(("a", "b"))) == 0
    assert Shape(("a", "a", "b")).distance(Shape(("a", "c"))) == 3
