"""The analyst that needs no model: it compares what an agent did with what the task's gold does."""

from __future__ import annotations

from collections.abc import Sequence

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.failures.report import FailureReport, blank
from toolgym.failures.rules.case import Case
from toolgym.failures.rules.omissions import Omissions
from toolgym.failures.rules.user_acts import judge_user_writes
from toolgym.failures.rules.wrong_calls import judge_failed_calls, judge_repeats, judge_writes
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


class RulesAnalyst:
    """Explains failures by rules: the calls of a trajectory are run again, and its writes matched to the gold's.

    What the domain's task generator says of arguments, items and decoy calls sharpens it; without one it goes by tool
    schemas, records and the gold alone. Whether a write was agreed to is told from English words. The same trajectory
    always gives the same report. Where users have tools of their own, what a user left undone or did wrongly is the
    user's fault, unless the assistant did not tell it, or told it wrongly; that too is told from English words.

    Example:
        >>> from toolgym import make_agent, make_domain, make_user
        >>> from toolgym.rollouts import play
        >>> mock = make_domain("mock")
        >>> task = mock.tasks["test"][0]
        >>> episode = play(mock, task, make_agent("always-transfer"), make_user("minimal"))
        >>> RulesAnalyst().explain_one(mock, task, episode.trajectory()).pattern
        'needless_transfer'
    """

    async def explain(
        self, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
    ) -> Sequence[FailureReport]:
        """One report for each failure, in order; see :meth:`explain_one`."""
        return [self.explain_one(domain, task, trajectory) for task, trajectory in failures]

    def explain_one(self, domain: Domain, task: Task | None, trajectory: Trajectory) -> FailureReport:
        """Explain one failure.

        Args:
            domain: Its domain, over the data that the trajectory names.
            task: The task that it played; None where it is not known any more.
            trajectory: What was recorded.

        Returns:
            The report; an empty one, whose note says why, where nothing tells what would have been right.

        Raises:
            DataError: If the trajectory is no failure, its calls and results do not pair, or the arguments of a call
                are nested too deeply.
            TaskError: If the task cannot be set up.
        """
        if trajectory.success is not False:
            what = "void" if trajectory.fault is not None else "a success" if trajectory.success else "not graded"
            raise DataError(f"the episode {trajectory.episode_id} is {what}; only failures can be explained")
        if task is None:
            return blank(task, trajectory, note="its task is not known any more")
        if task.key != trajectory.task_key:
            note = f"it played the task {trajectory.task_key}, and {task.id!r} is {task.key}: not the same any more"
            return blank(task, trajectory, note=note)
        criteria = task.evaluation_criteria
        if criteria is None or (criteria.actions is None and not criteria.communicate_info):
            return blank(task, trajectory, note="the task has no gold calls and no texts to be said to go by")
        try:
            case = Case(domain, task, trajectory)
            if case.gold_known:
                judge_writes(case)
                judge_user_writes(case)
            judge_failed_calls(case)
            Omissions(case, judge_repeats(case)).judge()
            return case.report()
        except RecursionError as error:
            raise DataError("the arguments of a call are nested too deeply") from error
