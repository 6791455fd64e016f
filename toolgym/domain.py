"""A domain: its policy, data and tools, and the protocols of those who take part in its episodes."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np

from toolgym.compatibility import TOOLGYM, Compat
from toolgym.concurrency.bridge import in_thread
from toolgym.database import Database, Rows, Schema, Session, WorldStore
from toolgym.errors import DataError, UnknownNameError
from toolgym.generation import TaskGenerator
from toolgym.messages import AgentID, Message
from toolgym.patterns import ALIASES, DUAL_CONTROL_PATTERNS, KNOWN, PATTERNS, USER_PATTERNS, Pattern
from toolgym.rendering import Rendering
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Identification, Tool, Toolbox, Toolkit
from toolgym.tools.toolbox import Sync
from toolgym.worlds.identities import Entity


@runtime_checkable
class Agent(Protocol):
    """Produces the messages of one side in one episode; users and assistants alike.

    It may have two more attributes, which whoever drives the episode reads: ``usage``
    (:class:`~toolgym.trajectory.Usage`, so far) and ``injected`` (faults made on purpose).
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
"""Makes the agent of one side for one episode, with a random stream of its own. A class with such a constructor is one;
an :class:`AgentSpec` is one that says what there is to know of its agents."""


@dataclass(frozen=True)
class AgentSpec:
    """A named factory of agents with what is known of them; it is called as any :data:`AgentFactory`.

    Args:
        name: What runs and figures call its agents.
        make: Makes the agent of one episode from the domain, the task and a random generator.
        privileged: Whether its agents read more of a task than their side may see, as an oracle or a replay does.
        comparable: Whether figures with such a user compare with those of other users.
        blocking: Whether ``respond`` is synchronous and waits for something: it is then called in a thread.
        needs_model: Whether ``make`` takes a ``model``.
        reads_wording: Whether ``make`` takes a ``wording``, the words that its model reads.
        wordings: The manners of speaking that ``make`` takes as ``wording``; empty if there is no choice.
        forms: The forms of real models that ``make`` takes as ``wording`` too, in which a user is measured.
        has_habits: Whether ``make`` takes ``habits``, as the scripted user does.
        has_view: Whether ``make`` takes a ``view``, what its model sees; see :mod:`toolgym.views`.
        hint: What a person who talks to such an agent should know.

    Example:
        >>> from toolgym import make_agent, make_domain
        >>> spec = make_agent("no-op")
        >>> spec.name, spec.privileged, spec.needs_model
        ('no-op', False, False)
    """

    name: str
    make: Callable[..., Agent]
    privileged: bool = False
    comparable: bool = True
    blocking: bool = False
    needs_model: bool = False
    reads_wording: bool = False
    wordings: tuple[str, ...] = ()
    forms: tuple[str, ...] = ()
    has_habits: bool = False
    has_view: bool = False
    hint: str = ""

    def __call__(self, domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        """The agent of one episode."""
        agent = self.make(domain, task, rng)
        return InThread(agent) if self.blocking else agent

    @property
    def bound(self) -> Mapping[str, Any]:
        """The options of ``make`` that are bound, by name."""
        return self.make.keywords if isinstance(self.make, partial) else {}

    def bind(self, **options: Any) -> AgentSpec:
        """The same with options of ``make`` bound."""
        return replace(self, make=partial(self.make, **options))

    @classmethod
    def of(cls, factory: AgentFactory, name: str = "") -> AgentSpec:
        """The spec of a factory: itself if it is one, else one that is not privileged, blocking or in need of a model.

        Args:
            factory: A spec, a class or a function.
            name: What it is called, if it is not a spec; by default its own name.

        Raises:
            DataError: If it is neither, such as a name, or an agent that is made already.

        Example:
            >>> class Mine:
            ...     def __init__(self, domain, task, rng): ...
            >>> AgentSpec.of(Mine).name
            'Mine'
        """
        if isinstance(factory, AgentSpec):
            return factory
        if not callable(factory):
            raise DataError(
                f"{factory!r:.80} makes no agents or users; give an AgentSpec, such as make_agent(…) and make_user(…) "
                "return, a class, or a function of domain, task and rng"
            )
        plain = factory.func if isinstance(factory, partial) else factory
        return cls(name or getattr(plain, "__name__", type(plain).__name__), factory)


class InThread:
    """An agent whose ``respond`` would block: each call runs in a thread.

    Args:
        agent: Who answers.
    """

    def __init__(self, agent: Agent) -> None:
        self._agent = agent

    async def respond(self, view: Sequence[Message]) -> Message:
        """The agent's next message."""
        answer = await in_thread(self._agent.respond, view)
        return await answer if isinstance(answer, Awaitable) else answer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._agent, name)


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
        compat: By which rules its tasks are played, graded and made: toolgym's, or those of whose data this is.
        sync: Carries what one side's data says over to the other's; None if they share nothing.
        agents: Its own agents by name: an ``"oracle"`` that plays tasks with facts in dialogue (without one the gold
            calls alone are played), a ``"novice"`` with the faults of a beginner, and any others.
        users: Its own users by name: ``"scripted"`` plays the user of a task that carries facts.
        needs: The texts that a task's scenario must hold, since no tool would tell them.
        entities: Who and what a world holds, by which worlds are told apart; see :mod:`toolgym.certificates`.
        reserved: Digests of entities that no world of ours may hold.
        generator: What can be confused in it, and how its tasks are made; None if it has no generator.
        patterns: Failure patterns of its own, besides those of :mod:`toolgym.patterns`.
        identification: Which of the assistant's tools find out who the user is, and which need it; None if it matters
            to none.
        rendering: How what its tools return reads in few words, for policies with a small context; by default as it
            is.

    Raises:
        UnknownNameError: If an injector stresses an unknown pattern, or the assistant has no tool that the
            identification names.
        ValueError: If a pattern of its own has the name of another one, or an injector stresses one of the user's.
    """

    name: str
    policy: str
    schemas: Mapping[AgentID, Schema]
    toolkits: Mapping[AgentID, type[Toolkit]]
    worlds: WorldStore
    tasks: TaskSet
    greeting: str = "Hello! What can I do for you today?"
    compat: Compat = TOOLGYM
    sync: Sync | None = None
    agents: Mapping[str, AgentSpec] = field(default_factory=dict)
    users: Mapping[str, AgentSpec] = field(default_factory=dict)
    needs: Callable[[Task, Database], Iterable[str]] | None = None
    entities: Callable[[Rows], Iterator[Entity]] | None = None
    reserved: Callable[[], Collection[bytes]] | None = None
    generator: TaskGenerator | None = None
    patterns: Sequence[Pattern] = ()
    identification: Identification | None = None
    rendering: Rendering = field(default_factory=Rendering)
    memo: Memo = field(default_factory=lambda: Memo(), init=False, repr=False, compare=False)
    """What was computed for its tasks; see :mod:`toolgym.episode.setup`."""

    def __post_init__(self) -> None:
        for role, specs in (("agents", self.agents), ("users", self.users)):
            for name, spec in specs.items():
                if not isinstance(spec, AgentSpec) or spec.name != name:
                    raise DataError(
                        f"the domain {self.name!r} names {name!r} among its {role}, which is {spec!r:.80}; give an "
                        f"AgentSpec({name!r}, make=…) under its own name"
                    )
        if self.identification is not None:
            kit = self.toolkits.get("assistant")
            tools = kit.tools if kit is not None else {}
            for name in (*self.identification.by, *self.identification.reads):
                if name not in tools:
                    hint = f"The identification of the domain {self.name!r} names it."
                    raise UnknownNameError("tool of the assistant", name, tools, hint)
        known = self.failure_patterns
        for number, pattern in enumerate(self.patterns):
            earlier = {*KNOWN, *ALIASES, *(one.name for one in self.patterns[:number])}
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
        return {**PATTERNS, **USER_PATTERNS, **both, **{pattern.name: pattern for pattern in self.patterns}}

    def writes(self) -> frozenset[str]:
        """The names of the assistant's tools that write."""
        return frozenset(name for name, tool in self.toolkits["assistant"].tools.items() if tool.mutates)

    def toolbox(self, session: Session, offered: Mapping[AgentID, tuple[Tool, ...]] | None = None) -> Toolbox:
        """Its tools over a session.

        Args:
            session: The state that they read and change.
            offered: The tools that each side may call; by default all of its toolkit.

        Example:
            >>> from toolgym import make_domain
            >>> from toolgym.database import Layer
            >>> mock = make_domain("mock")
            >>> base = mock.worlds.get(mock.tasks["test"][0].world)
            >>> mock.toolbox(Session(base, Layer())).tool("get_users").name
            'get_users'
        """
        return Toolbox(session, self.toolkits, self.compat, self.sync, offered)

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
