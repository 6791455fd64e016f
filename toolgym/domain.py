"""A domain: its policy, data and tools, and the protocols of those who take part in its episodes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from toolgym.database import Database, Rows, Schema, WorldStore
from toolgym.errors import UnknownNameError
from toolgym.generation import TaskGenerator
from toolgym.messages import AgentID, Message
from toolgym.patterns import ALIASES, DUAL_CONTROL_PATTERNS, PATTERNS, Pattern
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Flavour, Toolkit
from toolgym.tools.toolbox import Sync
from toolgym.worlds.identities import Entity


def read_policy(folder: Path) -> str:
    """The policy of a tau2 data folder: its ``policy.md``, verbatim."""
    return (folder / "policy.md").read_text(encoding="utf-8")


@runtime_checkable
class Agent(Protocol):
    """Produces the messages of one side in one episode; users and assistants alike.

    It may have three attributes more, which whoever drives the episode reads: ``usage``
    (:class:`~toolgym.trajectory.Usage`, so far), ``injected`` (faults made on purpose), and ``blocking`` (True if
    ``respond`` is synchronous and waits for something: where many episodes are played it then gets a thread).
    """

    def respond(self, view: Sequence[Message]) -> Message | Awaitable[Message]:
        """The next message of this side, or an awaitable of it (``async def`` is fine).

        Args:
            view: What the side may see, oldest first; the first message is its system prompt.

        Raises:
            ServiceError: If the model or service behind it fails.
            ContextError: If the view no longer fits into its model's context.
        """


AgentFactory: TypeAlias = Callable[["Domain", Task, np.random.Generator], Agent]
"""Makes the agent of one side for one episode, with a random stream of its own: what an entry point of agents or users
is. Settings are bound with ``functools.partial``. A factory whose agents read more of the task than their side may see
(an oracle, a replay) has the attribute ``privileged = True``."""


@dataclass(frozen=True)
class Domain:
    """Everything that a field of work brings: what its plug-in package provides under ``toolgym.domains``.

    Args:
        name: Its name, as in ``ToolRetail-v0`` and ``toolgym eval retail``.
        policy: What the assistant is told to follow.
        schemas: The tables of each side that has data.
        toolkits: The tools of each side that has any.
        worlds: Where its worlds are.
        tasks: Its tasks by split.
        greeting: The assistant's first line, spoken before the user's opening.
        flavour: How its tools behave.
        data: Whose data this is: ``"toolgym"`` or ``"tau2"``.
        sync: Carries what one side's data says over to the other's; None if they share nothing.
        tau2_policy: How the policy is read from a tau2 data folder.
        customer: Makes the scripted user of a task that carries facts; None if the domain has no such user.
        oracle: Makes the oracle that plays such a task in dialogue; None: the gold calls alone are played.
        novice: Makes the oracle with the faults of a beginner; None if there is none.
        needs: The texts that a task's scenario must hold, since no tool would tell them.
        entities: Who and what a world holds, by which worlds are told apart; see :mod:`toolgym.certificates`.
        reserved: Digests of entities that no world of ours may hold.
        generator: What can be confused in it, and how its tasks are made; None if it has no generator.
        patterns: Failure patterns of its own, besides those of :mod:`toolgym.patterns`.

    Raises:
        UnknownNameError: If an injector stresses a pattern that there is not.
        ValueError: If a pattern of its own has the name of another one, or an injector stresses one of the user's.
    """

    name: str
    policy: str
    schemas: Mapping[AgentID, Schema]
    toolkits: Mapping[AgentID, type[Toolkit]]
    worlds: WorldStore
    tasks: TaskSet
    greeting: str = "Hello! What can I do for you today?"
    flavour: Flavour = "toolgym"
    data: str = "toolgym"
    sync: Sync | None = None
    tau2_policy: Callable[[Path], str] = read_policy
    customer: AgentFactory | None = None
    oracle: AgentFactory | None = None
    novice: AgentFactory | None = None
    needs: Callable[[Task, Database], Iterable[str]] | None = None
    entities: Callable[[Rows], Iterator[Entity]] | None = None
    reserved: Callable[[], Collection[bytes]] | None = None
    generator: TaskGenerator | None = None
    patterns: Sequence[Pattern] = ()
    memo: Memo = field(default_factory=lambda: Memo(), init=False, repr=False, compare=False)
    """What was computed for its tasks; see :mod:`toolgym.episode.setup`."""

    def __post_init__(self) -> None:
        known = self.failure_patterns
        for number, pattern in enumerate(self.patterns):
            earlier = {*PATTERNS, *DUAL_CONTROL_PATTERNS, *ALIASES, *(one.name for one in self.patterns[:number])}
            if pattern.name in earlier:
                raise ValueError(
                    f"the domain {self.name!r} brings the pattern {pattern.name!r}, which there is already"
                )
        for injector in self.generator.injectors if self.generator is not None else ():
            what = f"the injector {injector.name!r} of the domain {self.name!r}"
            if injector.pattern not in known:
                hint = f"{what[0].upper()}{what[1:]} names it; a domain adds patterns with Domain(patterns=...)."
                raise UnknownNameError("failure pattern", injector.pattern, known, hint)
            if known[injector.pattern].side != "assistant":
                raise ValueError(
                    f"{what} stresses {injector.pattern!r}, a fault of the user's side; stress the assistant"
                )

    @property
    def failure_patterns(self) -> Mapping[str, Pattern]:
        """Every failure pattern that holds in it by name: toolgym's, then its own.

        Those of dual control (:data:`~toolgym.patterns.DUAL_CONTROL_PATTERNS`) are among them if its users have tools.
        """
        both = DUAL_CONTROL_PATTERNS if self.toolkits.get("user") is not None else {}
        return {**PATTERNS, **both, **{pattern.name: pattern for pattern in self.patterns}}

    def with_data(self, **changes: Any) -> Domain:
        """The same domain over other data; nothing computed for the old data is kept."""
        return replace(self, **changes)


class Memo:
    """The last few thousand values by key; safe to share between threads.

    Args:
        size: How many are kept, at least 1.
    """

    def __init__(self, size: int = 8192) -> None:
        self.size = size
        self._values: OrderedDict[str, Any] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str) -> Any:
        """The value, or None."""
        return self._values.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a value; the oldest goes when there are too many."""
        with self._lock:
            self._values[key] = value
            while len(self._values) > self.size:
                self._values.popitem(last=False)

    def __reduce__(self) -> tuple[Any, ...]:
        return Memo, (self.size,)
