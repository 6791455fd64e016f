"""What is evaluated: who plays which tasks, and how often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from toolgym.domain import AgentSpec, Domain
from toolgym.errors import DataError
from toolgym.evaluation.grade import Judge
from toolgym.limits import Limits
from toolgym.rollouts.settings import Settings
from toolgym.tasks import Task


@dataclass(frozen=True)
class Evaluation:
    """Who plays what: the objects themselves, from which a run's labels are derived.

    A run can thus not say another domain, agent or user than the one that plays, nor a judge where nobody judges.

    Args:
        domain: The domain, over the data to be played.
        split: Which of its tasks.
        agent: Makes the assistant.
        user: Makes the user.
        judge: Judges natural-language assertions; None leaves them unjudged.
        judge_name: What a run calls the judge; empty for its own name.
        trials: Trials of each task, at least 1.
        seed: The run's seed, at least 0.
        limits: When an episode is cut off.
        chosen: The trials of each task that is played, by the task's id, where only some are, or not all as often;
            empty for ``trials`` of every task of the split.
        pool: The folder of the pool whose tasks they are; None if they are a split's of the domain.
        wording: Whose words the models read: ``"toolgym"``, tau2's with their commit, or empty without a model.
        models: The settings of the models behind agent, user and judge, by role.

    Raises:
        DataError: If ``trials`` or ``seed`` is out of range, a chosen task is not in the split, or a judge is named
            that is not there.
        UnknownNameError: If there is no such split.

    Example:
        >>> from toolgym import make_agent, make_domain, make_user
        >>> asked = Evaluation(make_domain("mock"), "test", make_agent("no-op"), make_user("minimal"), trials=2)
        >>> asked.settings.agent, asked.settings.domain, len(asked.tasks)
        ('no-op', 'mock', 20)
    """

    domain: Domain
    split: str
    agent: AgentSpec
    user: AgentSpec
    judge: Judge | None = None
    judge_name: str = ""
    trials: int = 4
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    chosen: Mapping[str, int] = field(default_factory=dict)
    pool: Path | None = None
    wording: str = ""
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = {task.id for task in self.tasks}
        if strange := [name for name in self.chosen if name not in known]:
            raise DataError(f"the task {strange[0]!r} is not in the split {self.split!r} of {self.domain.name!r}")
        if self.judge is None and self.judge_name:
            raise DataError(f"the judge is called {self.judge_name!r}, and there is none; give judge=… too")
        _ = self.settings  # its ranges are checked now

    @property
    def tasks(self) -> Sequence[Task]:
        """The tasks of the split."""
        return self.domain.tasks[self.split]

    @property
    def settings(self) -> Settings:
        """The evaluation as a run's manifest has it."""
        return Settings(
            self.domain.name,
            self.split,
            self.agent.name,
            data=self.domain.compat.name,
            user=self.user.name,
            trials=self.trials,
            seed=self.seed,
            max_steps=self.limits.max_steps,
            max_errors=self.limits.max_errors,
            max_characters=self.limits.max_characters,
            max_calls=self.limits.max_calls,
            judge=self.judge_name or ("" if self.judge is None else _own_name(self.judge)),
            wording=self.wording,
            models=self.models,
            pool="" if self.pool is None else str(self.pool.resolve()),
            tasks=dict(self.chosen),
            habits=str(self.user.bound.get("habits") or ""),
            view=str(self.agent.bound.get("view") or "") if self.agent.has_view else "",
        )

    def trials_of(self, task: Task) -> int:
        """How many trials of a task of the split are played, at least 0."""
        return self.chosen.get(task.id, 0) if self.chosen else self.trials


def _own_name(judge: Judge) -> str:
    plain = judge.func if isinstance(judge, partial) else judge
    return getattr(plain, "__name__", type(plain).__name__)
