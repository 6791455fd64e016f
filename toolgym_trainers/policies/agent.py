"""A policy as an agent: wherever toolgym takes an agent's name, a policy's folder will do."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from toolgym.domain import AgentSpec, Domain
from toolgym.episode.setup import set_up
from toolgym.errors import ContextError, DataError, MissingExtraError
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym_trainers.policies.shipped import SHIPPED

if TYPE_CHECKING:
    from toolgym_trainers.policies.engine import Engine, Row
    from toolgym_trainers.policies.policy import Policy

ROWS = 16
"""Dialogues for which there is room to begin with."""
MOST = 160
"""Tokens of one message."""


class Desk:
    """One policy that all agents of a run share: it writes all their messages together.

    Args:
        policy: The policy, or the folder from which it is loaded when the first agent is made.
        temperature: Of sampling, at least 0.
        most: Tokens that one message may have, at least 1.
    """

    def __init__(self, policy: Policy | str | Path, temperature: float = 1.0, most: int = MOST) -> None:
        self._policy = policy
        self._temperature = temperature
        self._most = most
        self._engine: Engine | None = None
        self._lock = threading.Lock()
        self._left: deque[Row] = deque()
        """Rows to be freed; whoever leaves may do so at any point of another one's step, by the garbage collector."""

    def engine(self) -> Engine:
        """The engine; the first call loads what it needs.

        Raises:
            MissingExtraError: If torch or transformers is not installed.
            DataError: If the folder holds no policy.
        """
        with self._lock:
            if self._engine is None:
                try:
                    from toolgym_trainers.policies.engine import Engine
                    from toolgym_trainers.policies.policy import load_policy
                except ImportError as error:
                    raise MissingExtraError("a policy of one's own", "train") from error
                policy = load_policy(self._policy) if isinstance(self._policy, str | Path) else self._policy
                settings = {"temperature": self._temperature, "most": self._most, "context": policy.context}
                self._engine = Engine(policy, rows=ROWS, **settings).__enter__()  # type: ignore[arg-type]  # as named
            return self._engine

    def join(self, rng: np.random.Generator) -> Row:
        """A row for a new dialogue."""
        engine = self.engine()
        with self._lock:
            return engine.join(rng)

    async def write(self, row: Row, tokens: Sequence[int], allowed: Sequence[int] | None, *, anew: bool) -> None:
        """Have a row read tokens and write a message; whoever waits drives the engine for all."""
        engine = self.engine()
        with self._lock:
            while self._left:
                engine.leave(self._left.popleft())
            engine.feed(row, tokens, allowed, anew=anew)
        await asyncio.sleep(0)  # let the others come first, so that they are written together
        while row.busy:
            with self._lock:
                if row.busy:
                    engine.step()
            await asyncio.sleep(0)

    def leave(self, row: Row) -> None:
        """Free the row of an episode that is over, when the next message is written."""
        self._left.append(row)

    def __reduce__(self) -> tuple[type[Desk], tuple[Policy | str | Path, float, int]]:
        return Desk, (self._policy, self._temperature, self._most)


class PolicyAgent:
    """Speaks for a policy in one episode.

    Args:
        domain: The domain.
        task: What is played; nothing of it is read but the tools that it offers.
        rng: Draws its tokens.
        desk: The policy, shared by the agents of a run.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator, *, desk: Desk) -> None:
        self._desk = desk
        engine = desk.engine()
        tools = [tool.schema for tool in set_up(domain, task).tools["assistant"]]
        self._transcript = engine.policy.codec.transcript(domain, tools)
        self._engine = engine
        self._row: Row | None = None
        self._rng = rng
        self._seen = 0

    async def respond(self, view: Sequence[Message]) -> Message:
        """The policy's next message.

        Raises:
            ContextError: If the dialogue has outgrown what the policy can read.
        """
        new = self._transcript.observe(view[self._seen :])
        self._seen = len(view) + 1
        length, most = self._transcript.length, self._engine.most
        if length + most > self._engine.policy.context:
            raise ContextError(
                f"the dialogue has {length} tokens, and a message may have {most} more; the policy reads "
                f"{self._engine.policy.context}"
            )
        if self._row is None:
            self._row = self._desk.join(self._rng)
        allowed = self._engine.policy.codec.allowed(self._transcript)
        await self._desk.write(self._row, new, allowed, anew=self._transcript.anew)
        message = self._transcript.add(self._row.tokens)
        return replace(message, tokens=len(self._row.tokens))

    def __del__(self) -> None:
        if getattr(self, "_row", None) is not None:
            self._desk.leave(self._row)  # type: ignore[arg-type]  # it is not None


def policy_agent(
    policy: Policy | str | Path, *, temperature: float = 1.0, name: str = "", most: int = MOST
) -> AgentSpec:
    """A policy as an agent.

    Args:
        policy: The policy, or its folder.
        temperature: Of sampling, at least 0; 0 takes the likeliest token.
        name: What runs call it; by default the folder's name, or the policy's own.
        most: Tokens that one message may have, at least 1; one that has not ended by then is cut, and read as it is.
    """
    if not name:
        name = Path(policy).resolve().name if isinstance(policy, str | Path) else policy.name or "policy"
    return AgentSpec(name, partial(PolicyAgent, desk=Desk(policy, temperature, most)))


@cache
def _desk(folder: str, temperature: float) -> Desk:
    return Desk(folder, temperature)


def _of_folder(
    domain: Domain, task: Task, rng: np.random.Generator, *, folder: str = "", temperature: float = 1.0
) -> PolicyAgent:
    """The agent of the policy in a folder; all of them share it."""
    if not folder:
        raise DataError("the agent 'policy' speaks for the policy in a folder: name that folder as the agent")
    return PolicyAgent(domain, task, rng, desk=_desk(folder, temperature))


POLICY = AgentSpec("policy", _of_folder)
"""The policy in a folder, which ``bind(folder=…)`` names."""
TINY = AgentSpec("tiny", partial(_of_folder, folder=str(SHIPPED["tiny"])))
"""The policy that comes with the package."""
