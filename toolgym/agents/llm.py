"""An assistant that is a language model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from toolgym.agents.served import ServedPolicy
from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.episode.setup import set_up
from toolgym.messages import Message
from toolgym.prompts import OWN, Wording, as_chat, wording_of
from toolgym.tasks import Task

if TYPE_CHECKING:
    from toolgym.models import ChatModel
    from toolgym.trajectory import Usage
    from toolgym.views import View


class LLMAgent:
    """Answers with what a model says, given the policy, the dialogue as the assistant sees it, and its tools.

    A reply without text or calls is passed on as it is: the episode answers it with an error.

    Args:
        domain: The domain.
        task: What is played; nothing of it is read but the tools that it offers.
        rng: Gives the conversation its seed.
        model: The model; one serves all episodes of a run.
        wording: What it is told besides the policy, and how tools are described; by default the domain's, see
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
        self._tools = self.wording.schemas(domain.name, "assistant", set_up(domain, task).tools["assistant"])
        self._tells_thoughts = model.settings.reasoning != "strip"
        self._talk = model.start(requestor="assistant", seed=int(rng.integers(2**31)))

    @property
    def usage(self) -> Usage:
        """What the model used so far."""
        return self._talk.usage

    async def respond(self, view: Sequence[Message]) -> Message:
        """The assistant's next message, as the model writes it."""
        chat = as_chat(view[1:], "assistant", reasoning=self._tells_thoughts)
        reply = await self._talk.complete([system_message(str(view[0].content), self.wording), *chat], self._tools)
        return reply.message("assistant")


def system_message(policy: str, wording: Wording = OWN) -> dict[str, str]:
    """What the model of an assistant is told first, in OpenAI chat format.

    Args:
        policy: The domain's policy.
        wording: In whose words.
    """
    return {"role": "system", "content": wording.instructions(policy)}


def llm_agent(
    domain: Domain,
    task: Task,
    rng: np.random.Generator,
    *,
    model: ChatModel,
    wording: Wording | None = None,
    view: View | None = None,
) -> Agent:
    """The assistant of one episode that a model plays: an :class:`LLMAgent`, or with a view a policy that sees by it.

    Args:
        domain: The domain.
        task: What is played.
        rng: Gives the conversation its seed.
        model: The model; one serves all episodes of a run.
        wording: What an LLMAgent is told.
        view: What a policy sees; by default, and with a native one, everything, as an LLMAgent tells it.
    """
    if view is not None and not view.native:
        return ServedPolicy(domain, task, rng, model=model, view=view)
    return LLMAgent(domain, task, rng, model=model, wording=wording)


LLM_AGENT = AgentSpec("llm", llm_agent, needs_model=True, reads_wording=True, has_view=True)
