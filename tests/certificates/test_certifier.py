"""The certifier: the funnel's counts, what belongs together, and the stage of the policy."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from toolgym.certificates import Certified, DuplicateIndex, Funnel, Solver, solver_of
from toolgym.domain import Domain
from toolgym.proposal import Proposal, TaskRequest
from toolgym.registration import make_agent, make_user
from toolgym.tasks import Task


def proposal(*tasks: Task) -> Proposal:
    return Proposal(TaskRequest(tasks[0].id if tasks else "none"), tasks)


def through(domain: Domain, proposals: Sequence[Proposal], solver: Solver | None = None, trials: int = 4) -> Certified:
    return asyncio.run(Funnel().certify(domain, proposals, seen=DuplicateIndex(), solver=solver, trials=trials))


def broken(task: Task) -> Task:
    """The task with a gold call that fails."""
    assert task.evaluation_criteria is not None
    first = task.evaluation_criteria.actions or ()
    bad = first[0].model_copy(update={"name": "update_task_status", "arguments": {"task_id": "x", "status": "pending"}})
    criteria = task.evaluation_criteria.model_copy(update={"actions": (bad,)})
    return task.model_copy(update={"evaluation_criteria": criteria})


def test_good_proposals_come_through_with_certificates_and_without_a_solver_p_is_not_measured(mock: Domain) -> None:
    tasks = mock.tasks["test"][:3]
    found = through(mock, [proposal(task) for task in tasks])
    assert [task.id for task in found.tasks] == [task.id for task in tasks]
    assert all(task.certificate is not None and task.certificate.key == task.key for task in found.tasks)
    assert found.report.stages["oracle"].passed == 3
    assert "solver" not in found.report.stages
    assert "not measured" in found.report.not_checked["solver"]
    assert found.solved == {}


def test_a_failure_is_counted_at_its_stage_with_its_reason(mock: Domain) -> None:
    good, bad = mock.tasks["test"][0], broken(mock.tasks["test"][1])
    found = through(mock, [proposal(good), proposal(bad), proposal()])
    assert [task.id for task in found.tasks] == [good.id]
    assert found.report.tasks == 2
    assert found.report.stages["schema"].passed == 2
    assert found.report.stages["replay"].failed == 1
    assert [(failure.task, failure.stage) for failure in found.report.failed] == [(bad.id, "replay")]


def test_what_belongs_together_is_held_back_together(mock: Domain) -> None:
    good, bad = mock.tasks["test"][0], broken(mock.tasks["test"][1])
    found = through(mock, [proposal(good, bad)])
    assert found.tasks == ()
    reasons = {failure.task: failure.stage for failure in found.report.failed}
    assert reasons == {bad.id: "replay", good.id: "belongs"}
    assert found.report.stages["belongs"].failed == 1


def test_a_task_that_the_policy_always_or_never_solves_does_not_come_through(mock: Domain) -> None:
    never, sometimes, always, unknown = mock.tasks["test"][:4]

    async def solve(domain: Domain, tasks: Sequence[Task], trials: int) -> Mapping[str, Sequence[bool]]:
        assert trials == 2
        return {never.key: [False, False], sometimes.key: [True, False], always.key: [True, True]}

    found = through(mock, [proposal(task) for task in (never, sometimes, always, unknown)], solve, trials=2)
    assert [task.id for task in found.tasks] == [sometimes.id]
    assert found.solved[sometimes.key] == (1, 2)
    assert found.report.stages["solver"] == type(found.report.stages["solver"])(1, 3)
    reasons = {failure.task: failure.reason for failure in found.report.failed}
    assert "0 of 2" in reasons[never.id]
    assert "2 of 2" in reasons[always.id]
    assert "no trial" in reasons[unknown.id]


def test_a_solver_plays_an_agent_and_gives_the_same_at_any_concurrency(mock: Domain) -> None:
    tasks = mock.tasks["test"][:4]
    outcomes = [
        asyncio.run(solver_of(make_agent(name), make_user("minimal"), concurrency=count)(mock, tasks, 2))
        for name, count in (("oracle", 1), ("oracle", 8), ("no-op", 1))
    ]
    assert outcomes[0] == outcomes[1] == {task.key: [True, True] for task in tasks}
    assert outcomes[2] == {task.key: [False, False] for task in tasks}
