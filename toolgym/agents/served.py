"""An assistant that is a policy with a small context behind an endpoint: it sees the texts that it was trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.messages import Message
from toolgym.tasks import Task

if TYPE_CHECKING:
    from toolgym.models import ChatModel
    from toolgym.trajectory import Usage
    from toolgym.views import View


class ServedPolicy:
    """Answers with what a policy says of the dialogue as its view shows it.

    What is sent are the texts of the view and nothing else: no instructions, no greeting, no tools. What the policy
    wrote goes back as it wrote it. Rendered by the policy's own chat template these are the tokens that it is trained
    on, so its server must read neither calls nor thoughts.

    Args:
        domain: The domain.
        task: What is played; nothing of it is read but the tools that it offers.
        rng: Gives the conversation its seed.
        model: The policy's server; one serves all episodes of a run.
        view: What the policy sees.
    """

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator, *, model: ChatModel, view: View) -> None:
        self._sight = view.open(domain, [tool.schema for tool in set_up(domain, task).tools["assistant"]])
        self._talk = model.start(requestor="assistant", seed=int(rng.integers(2**31)))
        self._chat: list[dict[str, str]] = []
        self._seen = 0

    @property
    def usage(self) -> Usage:
        """What the model used so far."""
        return self._talk.usage

    async def respond(self, view: Sequence[Message]) -> Message:
        """The policy's next message, as its view reads what it wrote."""
        for message in view[self._seen :]:
            self._observe(message)
        reply = await self._talk.complete(self._chat, as_is=True)
        self._seen = len(view) + 1  # what it says now is known
        text = reply.text or ""
        self._chat.append({"role": "assistant", "content": text})
        said = reply.message("assistant") if reply.calls else replace(self._sight.read(text), tokens=reply.tokens)
        self._sight.show(said)
        return said

    def _observe(self, message: Message) -> None:
        if message.role == "assistant" and not self._chat:
            return  # the greeting
        shown = self._sight.show(message)
        if shown is None:
            return
        chat = {"role": str(shown.role), "content": shown.text}
        if message.role == "tool":
            chat["tool_call_id"] = message.tool_call_id or ""  # servers want one, and templates of texts do not read it
        self._chat.append(chat)
