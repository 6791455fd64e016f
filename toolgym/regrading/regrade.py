"""Grading recorded trajectories again: by the rules of today, by a judge that failed, or by another one."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from inspect import isawaitable
from typing import Literal, TypeAlias

from toolgym.concurrency.parallel import in_parallel
from toolgym.database import Session
from toolgym.domain import Domain
from toolgym.episode.faults import by_participant
from toolgym.episode.replay import replay
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, TaskError, UnknownNameError
from toolgym.evaluation.grade import Judge, Verdict, checked_verdicts, grade
from toolgym.tasks import Task
from toolgym.trajectory import NO_USAGE, Grade, Participant, Trajectory, Usage

Outcome: TypeAlias = Literal["equal", "changed", "new", "not judged", "void"]
"""What regrading came to; ``new``: there was no reward before."""


@dataclass(frozen=True)
class Regraded:
    """A recorded trajectory before and after it was graded again."""

    before: Trajectory
    after: Trajectory

    @property
    def outcome(self) -> Outcome:
        """How the rewards compare."""
        if self.after.fault is not None:
            return "void"
        old, new = _reward(self.before), _reward(self.after)
        if new is None:
            return "not judged"
        if old is None:
            return "new"
        return "equal" if abs(old - new) <= 1e-6 else "changed"

    @property
    def components(self) -> dict[str, tuple[float | None, float | None]]:
        """The components whose value changed, with the old and the new one; None where there is none."""
        old, new = (row.grade.components if row.grade is not None else {} for row in (self.before, self.after))
        names = dict.fromkeys([*old, *new])
        return {name: (old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)}


def _reward(trajectory: Trajectory) -> float | None:
    return None if trajectory.grade is None or trajectory.fault is not None else trajectory.grade.reward


def task_of(domain: Domain, trajectory: Trajectory, *, fresh: bool = False) -> Task:
    """The task that a recorded trajectory played.

    Args:
        domain: The domain, over the data that the trajectory names.
        trajectory: What was recorded.
        fresh: Whether the task that has its id now is good enough, whatever was changed about it.

    Raises:
        DataError: If the domain has no such task any more.
    """
    try:
        task = domain.tasks.find(trajectory.task_id)
    except UnknownNameError as error:
        raise DataError(f"the task of the episode {trajectory.episode_id} is gone: {error}") from error
    if fresh or task.key == trajectory.task_key:
        return task
    for task in domain.tasks:
        if task.key == trajectory.task_key:
            return task
    raise DataError(
        f"the task {trajectory.task_id!r} of {domain.name!r} ({domain.compat.name} data) is not the one any more that "
        f"the episode {trajectory.episode_id} played"
    )


def final_session(domain: Domain, task: Task, trajectory: Trajectory) -> Session:
    """The state in which a recorded trajectory ended: its state-changing calls, run again from the task's start.

    Raises:
        TaskError: If the task cannot be set up.
        DataError: If calls and results of the trajectory do not pair.
    """
    toolbox = set_up(domain, task).toolbox()
    toolbox.synchronise()
    replay(toolbox, trajectory.messages[trajectory.history :], strict=False)
    return toolbox.session


def regrade(
    domain: Domain, task: Task, trajectory: Trajectory, verdicts: Sequence[Verdict] | None = None
) -> Grade | None:
    """Grade a recorded trajectory again.

    Args:
        domain: The domain.
        task: The task that was played.
        trajectory: What was recorded.
        verdicts: What a judge says of the task's natural-language assertions; by default what the recorded grade
            holds of them.

    Returns:
        The grade; None for a void trajectory.

    Raises:
        ServiceError: If there is not one verdict an assertion.
        TaskError: If the task cannot be set up.
        DataError: If calls and results of the trajectory do not pair.
    """
    if trajectory.fault is not None:
        return None
    if verdicts is None and trajectory.grade is not None:
        held = [Verdict(check.met, check.note) for check in trajectory.grade.nl_assertions if check.met is not None]
        verdicts = held if task.needs_judge and len(held) == len(_assertions(task)) else None
        if trajectory.termination not in ("user_stop", "agent_stop") and not trajectory.grade.not_judged:
            verdicts = ()  # there was a judge, and it did not come to a judgement
    prepared = set_up(domain, task)
    if trajectory.termination in ("user_stop", "agent_stop"):
        state = final_session(domain, task, trajectory)
    else:  # nothing but the termination counts, and calls may have been left without results
        state = Session(prepared.base, prepared.start)
    return grade(prepared, state, trajectory.messages, trajectory.termination, verdicts)


async def regrade_all(
    domain: Domain,
    recorded: Iterable[tuple[Task, Trajectory]],
    *,
    judge: Judge | None = None,
    concurrency: int = 16,
) -> AsyncGenerator[Regraded]:
    """Grade many recorded trajectories again, each as soon as it is ready.

    Args:
        domain: The domain.
        recorded: Trajectories, each with the task that it is graded by.
        judge: Decides on natural-language assertions anew; without one, what the recorded grades hold of them counts.
        concurrency: Trajectories judged at once, at least 1.

    Raises:
        BudgetError: If there is no money left.
        TaskError: If a task cannot be set up.
        DataError: If calls and results of a trajectory do not pair.
    """

    async def again(job: tuple[Task, Trajectory]) -> Regraded:
        task, before = job
        unsettled = before.fault is not None and before.fault.source == "judge"
        stopped = before.fault is None and before.termination in ("user_stop", "agent_stop")
        if judge is not None and task.needs_judge and (unsettled or stopped):
            after = await rejudge(domain, task, before, judge)
        else:
            try:
                after = replace(before, grade=regrade(domain, task, before))
            except TaskError:
                raise
            except DataError as error:
                raise DataError(f"the episode {before.episode_id} (task {before.task_id!r}): {error}") from error
        return Regraded(before, replace(after, task_key=task.key))

    async with aclosing(in_parallel(recorded, again, concurrency)) as done:
        async for regraded in done:
            yield regraded


async def rejudge(domain: Domain, task: Task, trajectory: Trajectory, judge: Judge) -> Trajectory:
    """Let a judge decide on a recorded trajectory whose judge failed, or that had none; nothing is played again.

    Args:
        domain: The domain.
        task: The task that was played.
        trajectory: What was recorded.
        judge: The judge.

    Returns:
        The trajectory with its grade, or with the fault of the judge if it fails again. What its terms would have
        paid at the end is not added: rewards are for whoever trained on the episode.

    Raises:
        BudgetError: If there is no money left.
        TaskError: If the task cannot be set up.
        DataError: If calls and results of the trajectory do not pair.
    """
    dialogue = trajectory
    if trajectory.fault is not None and trajectory.fault.source == "judge":
        dialogue = replace(trajectory, fault=None, termination="user_stop")
    try:
        answer = judge(_assertions(task), trajectory.messages)
        given: object = await answer if isawaitable(answer) else answer
        verdicts = checked_verdicts(given, _assertions(task))
    except Exception as error:
        outcome = by_participant(error, "judge")
        if outcome.raised is not None:
            raise
        return replace(trajectory, fault=outcome.fault, grade=None, usage=_with(trajectory.usage, error))
    return replace(dialogue, grade=regrade(domain, task, dialogue, verdicts), usage=_with(trajectory.usage, given))


def _with(usage: Mapping[Participant, Usage], answer: object) -> Mapping[Participant, Usage]:
    """The usage with what a judge used for its verdicts, or for failing to give any."""
    used = getattr(answer, "usage", None)
    return {**usage, "judge": usage.get("judge", NO_USAGE) + used} if isinstance(used, Usage) else usage


def _assertions(task: Task) -> tuple[str, ...]:
    criteria = task.evaluation_criteria
    return tuple(criteria.nl_assertions or ()) if criteria is not None else ()
