"""The curriculum of what can be learned: tasks that are solved now and then."""

from __future__ import annotations

from collections.abc import Sequence

from toolgym.curricula.pool import Entry
from toolgym.curricula.pooled import Pooled
from toolgym.curricula.progress import Progress
from toolgym.curriculum import Budget, RefreshReport
from toolgym.failures.report import FailureReport


class Learnability(Pooled):
    """Draws each task of a split by p(1 - p), where p is how likely it is solved now.

    p is the mean of a Beta distribution (by default Beta(1, 1) before the first trial), in which a trial counts less
    the longer it is ago, as the policy changes. A task that is always or never solved is drawn ever less, and never
    not at all. It makes no tasks.

    Args:
        domain: The domain, over the data to be played.
        tasks: The tasks.
        prior: Successes and failures that a task is taken to have had before its first trial, both above 0.
        seed: Not used by this curriculum.
        folder: Where a refresh writes its report and the state; None writes nothing.

    Raises:
        DataError: If there are no tasks.
        ValueError: If an argument is out of range.

    Source:
        Foster and Foerster, Learning to reason at the frontier of learnability, arXiv:2502.12272; Tzannetos et al.,
        Proximal curriculum for reinforcement learning agents, TMLR 2023.

    Example:
        >>> from toolgym import make_domain
        >>> mock = make_domain("mock")
        >>> round(Learnability.from_split(mock, "train").metrics()["learnability"], 6)
        1.0
    """

    name = "learnability"

    def weights(self, entries: Sequence[Entry]) -> Sequence[float]:
        """See Pooled."""
        return [entry.learnability(self.prior) for entry in entries]

    async def _refreshed(self, budget: Budget) -> tuple[RefreshReport, Sequence[FailureReport], Progress]:
        """Nothing is made."""
        before = self._progress
        report = RefreshReport(
            round=before.round,
            zero_signal=before.zero_signal(),
            pool=len(before.pool),
            notes=("the curriculum 'learnability' makes no tasks: it weights those of the split",),
        )
        after = before.copy()
        after.begin_round(())
        return report, (), after
