"""How often a user fails by itself: the share of dialogues with an assistant without fault that come to nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toolgym.evaluation.metrics import Estimate, TooManyVoidError, Void, pass_hat_table
from toolgym.trajectory import Trajectory


@dataclass(frozen=True)
class UserError:
    """How often a user failed in some dialogues.

    Args:
        rate: The share that failed, in [0, 1], with its 95 % interval over tasks; None where too many are void, or none
            counts.
        failed: How many failed.
        counted: Of how many.

    Example:
        >>> UserError(Estimate(0.02, 0.0, 0.1), 1, 50).as_dict()
        {'rate': 0.02, 'low': 0.0, 'high': 0.1, 'failed': 1, 'counted': 50}
    """

    rate: Estimate | None
    failed: int
    counted: int

    @classmethod
    def of(cls, trajectories: Iterable[Trajectory], void: Void = "refuse") -> UserError:
        """The error in dialogues whose assistant makes no fault.

        Args:
            trajectories: The dialogues; several of one task count as trials of it.
            void: What becomes of those in which something broke; see :func:`~toolgym.evaluation.pass_hat_table`.
        """
        rows = list(trajectories)
        counted = [row for row in rows if row.grade is not None and row.fault is None and not row.grade.not_judged]
        failed = sum(not row.success for row in counted)
        if void == "fail":
            broken = sum(row.fault is not None or row.grade is None for row in rows)
            failed, number = failed + broken, len(counted) + broken
        else:
            number = len(counted)
        try:
            success = pass_hat_table(rows, max_k=None, allow_unequal=True, void=void).by_k.get(1)
        except TooManyVoidError:
            success = None
        rate = None if success is None else Estimate(1 - success.mean, 1 - success.high, 1 - success.low)
        return cls(rate, failed, number)

    def as_dict(self) -> dict[str, Any]:
        """The same as JSON-able data."""
        rate, low, high = self.rate or (None, None, None)
        return {"rate": rate, "low": low, "high": high, "failed": self.failed, "counted": self.counted}


@dataclass(frozen=True)
class UserCheck:
    """What a check of a user came to; see :func:`toolgym.check_user`.

    Args:
        settings: What was checked.
        error: Over all forms; the forms of one task count as its trials.
        by_form: In each form in which the assistant spoke.
        by_kind: With each kind of task, over all forms.
        void: Dialogues in which something broke.
        trajectories: Every dialogue, by form.
    """

    settings: Mapping[str, Any]
    error: UserError
    by_form: Mapping[str, UserError]
    by_kind: Mapping[str, UserError]
    void: int
    trajectories: Mapping[str, Sequence[Trajectory]]

    @classmethod
    def of(
        cls,
        settings: Mapping[str, Any],
        played: Mapping[str, Sequence[Trajectory]],
        kinds: Mapping[str, str],
        void: Void = "refuse",
    ) -> UserCheck:
        """The check that dialogues amount to.

        Args:
            settings: What was checked.
            played: The dialogues by form.
            kinds: The kind of each task, by its id.
            void: What becomes of void dialogues.
        """
        rows = [row for each in played.values() for row in each]
        of_kind: dict[str, list[Trajectory]] = defaultdict(list)
        for row in rows:
            of_kind[kinds.get(row.task_id, "")].append(row)
        return cls(
            dict(settings),
            UserError.of(rows, void),
            {form: UserError.of(each, void) for form, each in played.items()},
            {kind: UserError.of(of_kind[kind], void) for kind in sorted(of_kind)},
            sum(row.fault is not None for row in rows),
            played,
        )

    @property
    def refused(self) -> bool:
        """Whether too many dialogues are void for a figure, or none counts."""
        return self.error.rate is None

    def as_dict(self) -> dict[str, Any]:
        """The check as JSON-able data: what ``toolgym users check --json`` prints."""
        return {
            **self.settings,
            "error": self.error.as_dict(),
            "by_form": {form: error.as_dict() for form, error in self.by_form.items()},
            "by_kind": {kind: error.as_dict() for kind, error in self.by_kind.items()},
            "void": self.void,
        }
