"""What an evaluation is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from toolgym.errors import DataError
from toolgym.limits import Limits
from toolgym.tasks import Task


@dataclass(frozen=True)
class Settings:
    """What an evaluation is; equal settings give equal trajectories, as far as models answer equally.

    Args:
        domain: The domain's name.
        data: Whose tasks.
        split: Which of them.
        agent: The agent's name.
        user: The user's name.
        judge: The judge's name; empty if there is none.
        trials: Trials of each task, at least 1.
        seed: The run's seed, at least 0.
        max_steps: Messages before an episode is cut off, at least 1; see :class:`~toolgym.limits.Limits`.
        max_errors: Failed calls before an episode is cut off, at least 1.
        max_characters: Characters of one message, its calls included, at least 1.
        max_calls: Calls in one message, at least 1.
        wording: Whose words the models read: ``"toolgym"``, tau2's with their commit, or empty without a model.
        models: The settings of the models behind agent, user and judge, by ``"agent"``, ``"user"``, ``"judge"``.
        pool: The folder of the pool whose tasks they are, absolute; empty if they are a split's of the domain.
        tasks: The trials of each task that is played, by the task's id, where only some are, or not all as often;
            empty for ``trials`` of every task of the split.
        habits: The dials of a user with habits, such as ``"typos=1"``, or ``"drawn"``; empty without.
        view: What the model of the agent sees, such as ``"compact"``; empty if it sees the dialogue as it is.
    """

    domain: str
    split: str
    agent: str
    data: str = "toolgym"
    user: str = "minimal"
    trials: int = 4
    seed: int = 0
    max_steps: int = 200
    max_errors: int = 10
    max_characters: int = Limits.max_characters
    max_calls: int = Limits.max_calls
    judge: str = ""
    wording: str = ""
    models: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    pool: str = ""
    tasks: Mapping[str, int] = field(default_factory=dict)
    habits: str = ""
    view: str = ""

    def __post_init__(self) -> None:
        for name, value, least in (("trials", self.trials, 1), ("seed", self.seed, 0)):
            if not isinstance(value, int) or value < least:
                raise DataError(f"{name} must be an int of at least {least}, got {value!r}")

    @property
    def limits(self) -> Limits:
        """When an episode is cut off."""
        return Limits(self.max_steps, self.max_errors, self.max_characters, self.max_calls)

    def trials_of(self, task: Task) -> int:
        """How many trials of a task of the split are played, at least 0."""
        return self.tasks.get(task.id, 0) if self.tasks else self.trials

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-able data; what came later than the first runs is left out where it says nothing."""
        newer: dict[str, Any] = {"pool": "", "tasks": {}, "habits": "", "view": ""}
        newer |= {"max_characters": Limits.max_characters, "max_calls": Limits.max_calls}
        return {name: value for name, value in asdict(self).items() if name not in newer or value != newer[name]}

    def facts(self, trial: int) -> dict[str, Any]:
        """What a trajectory says of the run that it is from."""
        return {"agent": self.agent, "user": self.user, "trial": trial, "seed": self.seed, "split": self.split}

    def added_to(self, before: Mapping[str, Any], tasks: Sequence[Task]) -> Settings:
        """The settings of a run continued with these: all that was asked for before, and what these add.

        Args:
            before: The settings in the run's manifest.
            tasks: The tasks of the split.

        Raises:
            DataError: If fewer trials are asked for than the run has of each of the tasks: none is thrown away.
        """
        held = _held(before, tasks)
        asked = {task.id: self.trials_of(task) for task in tasks}
        fewest = min((held[name] for name, number in asked.items() if number), default=0)
        if self.trials < fewest:
            raise DataError(
                f"the run has {fewest} trials of each of these tasks already, and trials={self.trials} would throw "
                f"some away; ask for {fewest} or more, or start a new run"
            )
        both = {name: number for name in held if (number := max(held[name], asked[name]))}
        alike = len(both) == len(tasks) and len({*both.values()}) == 1
        return replace(self, trials=max(both.values(), default=self.trials), tasks={} if alike else both)


def fewest_trials(settings: Mapping[str, Any]) -> int:
    """The trials that the settings in a manifest ask for, of the task that has fewest.

    Raises:
        DataError: If they do not say how many.
    """
    return min(_numbers(settings))


def _numbers(settings: Mapping[str, Any]) -> list[int]:
    """The trials that the settings in a manifest ask for: of all tasks, or of each that is chosen."""
    trials, chosen = settings.get("trials"), settings.get("tasks") or {}
    numbers: list[Any] = list(chosen.values()) if isinstance(chosen, dict) else [None]
    if not isinstance(trials, int) or not all(isinstance(number, int) for number in numbers):
        raise DataError(f"a run's settings must say how many trials there are, got trials={trials!r}, tasks={chosen!r}")
    return numbers or [trials]


def _held(settings: Mapping[str, Any], tasks: Sequence[Task]) -> dict[str, int]:
    """The trials of each task that the settings in a manifest ask for."""
    numbers, chosen = _numbers(settings), settings.get("tasks")
    return {task.id: chosen.get(task.id, 0) if chosen else numbers[0] for task in tasks}
