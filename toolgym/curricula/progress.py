"""What a curriculum has learned so far: its pool, the failures that wait to be analysed, and figures of its groups."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from pathlib import Path
from typing import Any

from toolgym.curricula.pool import Pool
from toolgym.curricula.worlds import pack, unpack
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.patterns import current_name
from toolgym.trajectory import Trajectory

FAILURES = 2000
"""How many failures wait at most; the oldest go first."""
LARGEST = 1 << 28
"""Bytes of all of them as text, at most; they may be much alike, and so far shorter when they are packed."""


@dataclass
class Progress:
    """What a curriculum has learned so far.

    Args:
        pool: Its tasks, and the trials of each.
        round: How many refreshes there were.
        failures: The failed trials since the last one.
        groups: Groups since the last one with at least two trials that count.
        alike: How many of them ended alike in all trials.
        shares: The distribution of patterns of the last failures that were analysed; empty before.
        levels: How hard the tasks of each pattern are made, from 0; 1 where a pattern is not named.
        solver: For each pattern, trials by the solver in the last refresh, and how many succeeded.
    """

    pool: Pool
    round: int = 0
    failures: deque[Trajectory] = field(default_factory=lambda: deque(maxlen=FAILURES))
    groups: int = 0
    alike: int = 0
    shares: dict[str, float] = field(default_factory=dict)
    levels: dict[str, int] = field(default_factory=dict)
    solver: dict[str, tuple[int, int]] = field(default_factory=dict)

    def learn(self, group: Sequence[Trajectory], *, keep: bool) -> bool:
        """Count the trials of a task.

        Args:
            group: The trials; those that are void or not judged, or were counted before, count for nothing.
            keep: Whether failures are kept.

        Returns:
            Whether anything was new.

        Raises:
            DataError: If they are not of one task.
        """
        if len({trajectory.task_key for trajectory in group}) > 1:
            names = ", ".join(sorted({trajectory.task_id for trajectory in group}))
            raise DataError(f"a group holds trials of one task, and this one is of {names}; update with one task each")
        new = [trajectory for trajectory in group if self.pool.record(trajectory)]
        outcomes = [trajectory.success for trajectory in group if trajectory.success is not None]
        if new and len(outcomes) > 1:
            self.groups += 1
            self.alike += len(set(outcomes)) == 1
        if keep:
            failed = (trajectory for trajectory in new if trajectory.success is False)
            self.failures.extend(replace(one, started=None, seconds=None) for one in failed)  # equal runs, equal states
        return bool(new)

    def zero_signal(self) -> float | None:
        """The share of the groups that ended alike; None without groups."""
        return self.alike / self.groups if self.groups else None

    def solved(self, pattern: str) -> tuple[int, int]:
        """Trials since the last refresh on tasks that are there for a pattern, the solver's included; and successes."""
        every = [entry.since for entry in self.pool if entry.round is not None and pattern in entry.patterns]
        every.append(self.solver.get(pattern, (0, 0)))
        return sum(trials for trials, _ in every), sum(solved for _, solved in every)

    def copy(self) -> Progress:
        """The same, to be changed apart from this."""
        return replace(
            self,
            pool=self.pool.copy(),
            failures=self.failures.copy(),
            shares=dict(self.shares),
            levels=dict(self.levels),
            solver=dict(self.solver),
        )

    def begin_round(self, analysed: Sequence[Trajectory]) -> None:
        """Go on to the next round: what was analysed need not be kept, and trials and groups are counted anew."""
        gone = {id(trajectory) for trajectory in analysed}
        self.failures = deque((one for one in self.failures if id(one) not in gone), maxlen=FAILURES)
        self.pool.begin_round()
        self.groups = self.alike = 0
        self.round += 1

    def state_dict(self, domain: Domain, folder: Path | None = None) -> dict[str, Any]:
        """All of it as JSON-able data; see :meth:`Pool.state_dict` for the worlds."""
        return {
            "round": self.round,
            "groups": self.groups,
            "alike": self.alike,
            "shares": dict(self.shares),
            "levels": dict(self.levels),
            "solver": {pattern: list(counts) for pattern, counts in self.solver.items()},
            "failures": pack("\n".join(trajectory.to_json() for trajectory in self.failures)),
            "pool": self.pool.state_dict(domain, folder),
        }

    @classmethod
    def from_state(cls, domain: Domain, state: Mapping[str, Any], folder: Path | None = None) -> Progress:
        """Read what :meth:`state_dict` gave, and make the pool's worlds known to the domain's store.

        Raises:
            DataError: If it is not that.
            WorldError: If a world is missing, or is not the one that is named.
        """
        try:
            lines = unpack(state["failures"], LARGEST, inf)
            return cls(
                pool=Pool.from_state(domain, state["pool"], folder),
                round=int(state["round"]),
                failures=deque(map(Trajectory.from_json, lines.split("\n") if lines else ()), maxlen=FAILURES),
                groups=int(state["groups"]),
                alike=int(state["alike"]),
                shares={current_name(pattern): _share(share) for pattern, share in state["shares"].items()},
                levels={current_name(pattern): int(level) for pattern, level in state["levels"].items()},
                solver={
                    current_name(pattern): (int(trials), int(solved))
                    for pattern, (trials, solved) in state["solver"].items()
                },
            )
        except DataError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise DataError(f"this is not the state of a curriculum: {error!r:.300}") from error


def _share(value: float) -> float:
    if not 0 <= value <= 1:
        raise ValueError(f"a share is in [0, 1], got {value}")
    return float(value)
