"""A user that is played by a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolgym.domain import AgentSpec, Domain
from toolgym.episode.setup import set_up
from toolgym.messages import Message
from toolgym.prompts import Wording, as_chat, wording_of
from toolgym.tasks import Task

if TYPE_CHECKING:
    from toolgym.models import ChatModel
    from toolgym.trajectory import Usage


class LLMUser:
    """Plays any scenario with a model, which is told how a user behaves, the scenario, and what the user sees.

    The model is the ``assistant`` of its own chat: what the assistant says has the role ``user`` there. A reply without
    text or calls is asked for once more, then passed on. Its first words depend on the task alone, as far as the server
    honours seeds, so that all trials of a group begin alike.

    Args:
        domain: The domain.
        task: What is played; nothing of it is read but the tools that it offers.
        rng: Gives the conversation its seed, from the second message on.
        model: The model; one serves all episodes of a run.
        wording: The guidelines, and how tools are described; by default the domain's, see
            :func:`~toolgym.prompts.wording_of`.

    Raises:
        DataError: If the wording does not fit the tools.
    """

    def __init__(
        self,
        domain: Domain,
        task: Task,
        rng: np.random.Generator,
        *,
        model: ChatModel,
        wording: Wording | None = None,
    ) -> None:
        self.wording = wording or wording_of(domain)
        self._tools = self.wording.schemas(domain.name, "user", set_up(domain, task).tools["user"])
        self._guidelines = self.wording.user_with_tools if self._tools else self.wording.user
        self._tells_thoughts = model.settings.reasoning != "strip"
        self._opening = model.start(requestor="user", seed=int(task.key[:7], 16))
        self._talk = model.start(requestor="user", seed=int(rng.integers(2**31)))

    @property
    def usage(self) -> Usage:
        """What the model used so far."""
        return self._opening.usage + self._talk.usage

    async def respond(self, view: Sequence[Message]) -> Message:
        """The user's next message, as the model words it."""
        system = f"{self._guidelines}\n\n<scenario>\n{view[0].content}\n</scenario>"
        chat = as_chat(view[1:], "user", reasoning=self._tells_thoughts)
        chat.insert(0, {"role": "system", "content": system})
        opening = not any(message.role == "user" for message in view)
        talk = self._opening if opening else self._talk
        reply = await talk.complete(chat, self._tools)
        if not reply.calls and not (reply.text or "").strip():
            reply = await talk.complete(chat, self._tools)
        return reply.message("user")


LLM_USER = AgentSpec("llm", LLMUser, needs_model=True, reads_wording=True)
