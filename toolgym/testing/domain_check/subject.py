"""What is checked: a domain, and the handful of its tasks that are played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import zip_longest

import numpy as np

from toolgym.agents.oracle import oracle
from toolgym.certificates.stages import user_of
from toolgym.domain import AgentFactory, AgentSpec, Domain
from toolgym.episode.machine import Episode
from toolgym.errors import TaskError
from toolgym.limits import Limits
from toolgym.messages import Message
from toolgym.rollouts import play
from toolgym.tasks import Task


@dataclass(frozen=True)
class Subject:
    """A domain under check.

    Args:
        domain: The domain.
        tasks: How many tasks of each split are played, at least 1.
        trials: In how many trials each, at least 2.
        seed: From which everything random comes, at least 0.
    """

    domain: Domain
    tasks: int = 4
    trials: int = 2
    seed: int = 0
    told: set[str] = field(default_factory=set, init=False, repr=False)
    """Errors, as :func:`explained` has them, that a part has told: others meet them again and need not tell them."""
    defective: set[str] = field(default_factory=set, init=False, repr=False)
    """Keys of the tasks whose own defect was told: nobody can be blamed for not solving one."""
    _played: dict[tuple[str, str, int], Episode] = field(default_factory=dict, init=False, repr=False)
    _able: dict[tuple[int, str], bool] = field(default_factory=dict, init=False, repr=False)

    @property
    def ours(self) -> bool:
        """Whether the data is the domain's own, whose splits and worlds it arranged."""
        return self.domain.compat.certifiable

    @cached_property
    def sample(self) -> tuple[tuple[str, Task], ...]:
        """Some tasks of each split with the split's name: of each kind in turn."""
        return tuple(
            (split, task)
            for split in self.domain.tasks.splits()
            for task in _of_each_kind(self.domain.tasks[split], self.tasks)
        )

    @property
    def patterns(self) -> Sequence[str]:
        """The names of the failure patterns that hold in the domain."""
        return tuple(self.domain.failure_patterns)

    @property
    def known_patterns(self) -> str:
        """The same, to be shown."""
        return ", ".join(self.patterns)

    def can_play(self, spec: AgentSpec, task: Task) -> bool:
        """Whether a user or an agent of the domain plays a task: one that cannot says so when it is made."""
        key = (id(spec), task.key)
        if key not in self._able:
            try:
                spec(self.domain, task, np.random.default_rng(self.seed))
                self._able[key] = True
            except TaskError:
                self._able[key] = False
            except Exception:  # without facts it may say so as it likes; with them, who plays it tells what was raised
                self._able[key] = task.facts is not None
        return self._able[key]

    @property
    def talking_oracles(self) -> Mapping[str, AgentSpec]:
        """The oracles that the domain has besides the one of the certificates, by name."""
        agents = self.domain.agents.items()
        return {name: spec for name, spec in agents if name.endswith(("-oracle", "_oracle")) and not spec.needs_model}

    def user_for(self, task: Task) -> AgentFactory:
        """Who plays the user in dialogues: the domain's scripted one if it can, with or without facts."""
        scripted = self.domain.users.get("scripted")
        if scripted is not None and not scripted.needs_model and self.can_play(scripted, task):
            return scripted
        return user_of(task)

    def oracle_plays(self, task: Task, trial: int = 0) -> Episode:
        """The episode of the oracle that certificates are made with; played once."""
        key = ("oracle", task.key, trial)
        if key not in self._played:
            self._played[key] = self.plays(task, oracle, user_of(task), trial=trial)
        return self._played[key]

    def plays(
        self,
        task: Task,
        agent: AgentFactory,
        user: AgentFactory | None = None,
        *,
        trial: int = 0,
        limits: Limits | None = None,
    ) -> Episode:
        """An episode of a task, by default with the user of :meth:`user_for`."""
        who = self.user_for(task) if user is None else user
        return play(self.domain, task, agent, who, seed=self.seed, trial=trial, limits=limits)


def _of_each_kind(tasks: Sequence[Task], count: int) -> list[Task]:
    kinds: dict[str, list[Task]] = {}
    for task in tasks:
        kinds.setdefault(task.provenance.kind if task.provenance is not None else "", []).append(task)
    if len(kinds) == 1:  # kinds that nobody named follow each other in order: the first ones are as good as any
        return list(tasks[:count])
    turns = zip_longest(*kinds.values())
    return [task for turn in turns for task in turn if task is not None][:count]


def lines_of(episode: Episode) -> list[str]:
    """A dialogue as text, to be compared."""
    return [_line(message) for message in episode.messages]


def _line(message: Message) -> str:
    calls = "".join(f" {call.name}({dict(call.arguments)})" for call in message.tool_calls)
    return f"{message.role}: {message.content or ''}{calls}"


def difference(one: Sequence[str], other: Sequence[str]) -> tuple[str, str] | None:
    """Where two dialogues first differ, or None."""
    for first, second in zip_longest(one, other, fillvalue=""):
        if first != second:
            return first[:120], second[:120]
    return None


def explained(error: BaseException) -> str:
    """An error as a text of one line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300]


def unsolved(episode: Episode) -> str | None:
    """Why an episode did not succeed, or None."""
    if episode.fault is not None:
        return f"the episode is void ({episode.fault.source}): {episode.fault.reason}"
    grade = episode.grade
    if grade.success:
        return None
    failed = [name for name, value in grade.components.items() if value == 0.0]
    return grade.note or f"{', '.join(failed) or 'nothing'} failed; it ended with {episode.termination}"


def texts_of(value: object) -> Iterator[str]:
    """Every text in plain data, whatever its depth."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts_of(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_of(inner)
