"""Asking a scripted server, and everything that can be seen of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from server import Request, Script, Server

from toolgym.messages import AgentID
from toolgym.models import ChatModel, ModelSettings, Reply, Throttle
from toolgym.trajectory import Usage

HELLO = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hello!"}]
ORDER = {
    "type": "function",
    "function": {
        "name": "get_order",
        "description": "Look up an order.",
        "parameters": {
            "type": "object",
            "properties": {"order_id": {"type": "string"}, "lines": {"type": "integer"}},
            "required": ["order_id"],
        },
    },
}


class Asked(NamedTuple):
    """What came of it: the reply or the error, what it took, and what the server was asked."""

    outcome: Reply | Exception
    usage: Usage
    requests: list[Request]

    @property
    def reply(self) -> Reply:
        """The reply; the error is raised if there is none."""
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome

    @property
    def body(self) -> dict[str, Any]:
        """The body of the last request."""
        return self.requests[-1].body


def ask(
    *script: Script,
    messages: Sequence[Mapping[str, Any]] = HELLO,
    tools: Sequence[Mapping[str, Any]] = (),
    requestor: AgentID = "assistant",
    seed: int | None = None,
    throttle: Throttle | None = None,
    **settings: Any,
) -> Asked:
    """Ask a server that answers with a script once."""
    with Server(*script) as server:
        model = ChatModel(ModelSettings(**{"model": "m", "base_url": server.url, **settings}), throttle)
        conversation = model.start(requestor, seed)
        outcome: Reply | Exception
        try:
            outcome = asyncio.run(conversation.complete(messages, tools))
        except Exception as error:
            outcome = error
        return Asked(outcome, conversation.usage, server.requests)
