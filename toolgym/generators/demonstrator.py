"""Who plays the tasks of demonstrations well: the oracle, or a novice that recovers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolgym.agents.llm import system_message
from toolgym.agents.novice import novice
from toolgym.agents.oracle import oracle
from toolgym.domain import AgentFactory, Domain
from toolgym.errors import UnknownNameError
from toolgym.generators.demonstration import Demonstration
from toolgym.prompts import as_chat, wording_of
from toolgym.rollouts import Rollout
from toolgym.tasks import Task
from toolgym.users.minimal import MinimalUser
from toolgym.users.scripted import scripted_user

TRIALS = 24
"""In how many trials of a task a recovery is looked for, where it is worth the time."""
OWN_TRIALS = 3
"""In how many trials of a task the oracle may try."""


class Demonstrator:
    """Plays tasks until one goes well.

    Args:
        domain: The domain.
        wordings: How the agents speak, in turn, names of :func:`wordings_of`; empty: each dialogue chooses.
        seed: Of the dialogues, at least 0.
        trials: In how many trials of a task the novice looks for a recovery, at least 0.
        options: Further options of the domain's oracle and novice, by name.

    Raises:
        UnknownNameError: If the domain has no such wording.

    Example:
        >>> from toolgym import make_domain
        >>> mock = make_domain("mock")
        >>> shown = Demonstrator(mock).demonstrate(mock.tasks["train"][0])
        >>> shown.trajectory.success, shown.view[-1].role
        (True, 'assistant')
    """

    def __init__(
        self,
        domain: Domain,
        *,
        wordings: Sequence[str] = (),
        seed: int = 0,
        trials: int = TRIALS,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        known = wordings_of(domain)
        for name in wordings:
            if name not in known:
                raise UnknownNameError("wording", name, known, f"They are how the oracle of {domain.name!r} speaks.")
        self.domain = domain
        self.wordings = wordings
        self.seed = seed
        self.trials = trials
        self.options = dict(options or {})

    def demonstrate(self, task: Task, place: int = 0, *, recovery: bool = False) -> Demonstration | None:
        """How a task is solved; None if it is not.

        Args:
            task: The task.
            place: Its place among the demonstrations, from 0, which chooses the wording.
            recovery: Whether the novice plays first, and the oracle only if it shows no recovery.
        """
        wording = self.wordings[place % len(self.wordings)] if self.wordings else None
        if recovery and "novice" in self.domain.agents and task.facts is not None:
            for trial in range(self.trials):
                found = self._play(task, "novice", trial, wording)
                if found is not None and found.recovered and not found.stumbles:
                    return found
        for trial in range(OWN_TRIALS):
            found = self._play(task, "oracle", trial, wording)
            if found is not None:
                return found
        return None

    def _play(self, task: Task, agent: str, trial: int, wording: str | None) -> Demonstration | None:
        """A trial of a task, if it succeeds."""
        own = self.domain.agents.get(agent)
        player: AgentFactory = novice if agent == "novice" else oracle
        options = self.options if wording is None else {**self.options, "wording": wording}
        if options and own is not None and task.facts is not None:
            player = own.bind(**options)
        user: AgentFactory = MinimalUser if task.facts is None else scripted_user
        rollout = Rollout(self.domain, task, player, user, seed=self.seed, trial=trial)
        episode = rollout.finish()
        by = "minimal" if task.facts is None else "scripted"
        trajectory = episode.trajectory(agent=agent, user=by, trial=trial, seed=self.seed)
        if not trajectory.success:
            return None
        view = episode.view("assistant")
        last = max(place for place, message in enumerate(view) if message.role == "assistant")
        words = wording_of(self.domain)
        return Demonstration(
            task,  # with its certificate, which the task of an episode that was prepared before may lack
            replace(trajectory, started=None, seconds=None),
            [system_message(str(view[0].content), words), *as_chat(view[1 : last + 1], "assistant")],
            words.schemas(self.domain.name, "assistant", episode.tools("assistant")),
            view[: last + 1],
            frozenset(getattr(rollout.assistant, "slipped", ())),
        )


def wordings_of(domain: Domain) -> tuple[str, ...]:
    """The wordings that the domain's oracle has; empty if there is only one.

    Example:
        >>> from toolgym import make_domain
        >>> "terse" in wordings_of(make_domain("retail"))
        True
    """
    own = domain.agents.get("oracle")
    return own.wordings if own is not None else ()
