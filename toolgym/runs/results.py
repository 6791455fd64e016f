"""The results of a run: Pass^k, what does not count, and what it cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toolgym.domain import Domain
from toolgym.evaluation.compliance import Compliance
from toolgym.evaluation.metrics import PassHat, Void
from toolgym.runs.files import read_manifest, read_trajectories
from toolgym.runs.summary import pass_hat_or_refused
from toolgym.trajectory import NO_USAGE, Participant, Trajectory, Usage

_ROLES: dict[Participant, str] = {"assistant": "agent", "user": "user", "judge": "judge"}


@dataclass(frozen=True)
class Results:
    """What an evaluation came to.

    Args:
        run: The folder of the run.
        settings: What was evaluated, as the run's manifest has it.
        pass_hat: Pass^k with its intervals; empty of estimates if they are refused.
        refused: Whether too many trials are void for figures.
        trajectories: Every episode, in the order of the tasks and their trials.
        compliance: Whether the assistant had a yes before it wrote, and knew who the user was before it looked; None if
            the domain is not known.
    """

    run: Path
    settings: Mapping[str, Any]
    pass_hat: PassHat
    refused: bool
    trajectories: Sequence[Trajectory]
    compliance: Compliance | None = None

    @classmethod
    def of(cls, run: str | Path, void: Void = "refuse", domain: Domain | None = None) -> Results:
        """The results of a run that was played.

        Args:
            run: Its folder.
            void: How void trials count: ``"exclude"`` leaves them out, ``"fail"`` counts them as failures,
                ``"refuse"`` leaves up to 5 % out and gives no figures above.
            domain: The domain that was played; without it, compliance cannot be told.

        Raises:
            DataError: If the folder is not a run.
        """
        run = Path(run)
        settings = read_manifest(run)["settings"]
        rows = list(read_trajectories(run))
        table, refused = pass_hat_or_refused(rows, void)
        compliance = None if domain is None else Compliance.of(domain, rows)
        return cls(run, settings, table, refused, rows, compliance)

    @property
    def terminations(self) -> dict[str, int]:
        """How the episodes that are not void ended, with how many ended so."""
        return dict(Counter(str(row.termination) for row in self.trajectories if row.fault is None))

    @property
    def faults(self) -> dict[str, int]:
        """What made episodes void, with how many of them."""
        return dict(Counter(row.fault.source for row in self.trajectories if row.fault is not None))

    @property
    def db_match(self) -> float | None:
        """The share of the episodes compared whose database matches the gold's, in [0, 1]; None if none was."""
        grades = [row.grade.db_match for row in self.trajectories if row.grade is not None]
        matched = [match for match in grades if match is not None]
        return sum(map(bool, matched)) / len(matched) if matched else None

    @property
    def usage(self) -> dict[str, Usage]:
        """What each participant with a model used over all episodes, by ``"agent"``, ``"user"`` and ``"judge"``."""
        sums = {}
        for side, role in _ROLES.items():
            uses = [row.usage[side] for row in self.trajectories if side in row.usage]
            if any(usage.calls is not None for usage in uses):
                sums[role] = sum(uses, NO_USAGE)
        return sums

    def as_dict(self) -> dict[str, Any]:
        """The results as JSON-able data: what ``toolgym eval --json`` prints of one agent."""
        first = next((row.fault for row in self.trajectories if row.fault is not None), None)
        return {
            "pass_hat": {str(k): estimate._asdict() for k, estimate in self.pass_hat.by_k.items()},
            "tasks": self.pass_hat.tasks,
            "trials": self.settings["trials"],
            "compliance": None if self.compliance is None else self.compliance.as_dict(),
            "not_judged": self.pass_hat.not_judged,
            "not_counted": self.pass_hat.not_counted,
            "void": self.pass_hat.void,
            "refused": self.refused,
            "terminations": self.terminations,
            "faults": self.faults,
            "first_fault": f"{first.source}: {first.reason}" if first is not None else None,
            "db_match": self.db_match,
            "usage": {
                role: {
                    "calls": used.calls,
                    "input_tokens": used.input_tokens,
                    "output_tokens": used.output_tokens,
                    "cost_usd": used.cost_usd,
                }
                for role, used in self.usage.items()
            },
            "episodes": len(self.trajectories),
            "run": str(self.run),
        }
