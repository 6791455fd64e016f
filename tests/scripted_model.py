"""A model that answers from a script and keeps what it was asked, in place of one behind an endpoint."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from toolgym.messages import AgentID, ToolCall
from toolgym.models import ModelSettings, Reply
from toolgym.tasks import Action, Task
from toolgym.trajectory import NO_USAGE, Usage


@dataclass(frozen=True)
class Request:
    """One request as the endpoint would get it."""

    messages: list[dict[str, Any]]
    tools: list[dict[str, Any]]
    seed: int | None

    @property
    def roles(self) -> list[str]:
        return [message["role"] for message in self.messages]

    @property
    def text(self) -> str:
        """All of it, as it is sent."""
        return json.dumps([self.messages, self.tools], ensure_ascii=False)


Answer = Callable[[Request], Reply]


@dataclass
class ScriptedModel:
    """Has the interface of a ChatModel.

    Args:
        answer: Gives the reply to a request, or raises.
        reasoning: As in ModelSettings.
    """

    answer: Answer
    reasoning: Literal["strip", "keep"] = "strip"
    requests: list[Request] = field(default_factory=list)
    started: list[tuple[AgentID, int | None]] = field(default_factory=list)

    @property
    def settings(self) -> ModelSettings:
        return ModelSettings(model="scripted", reasoning=self.reasoning)

    def start(self, requestor: AgentID = "assistant", seed: int | None = None) -> Talk:
        self.started.append((requestor, seed))
        return Talk(self, seed)


@dataclass
class Talk:
    """One conversation with it."""

    model: ScriptedModel
    seed: int | None
    usage: Usage = NO_USAGE

    async def complete(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()) -> Reply:
        sent = json.loads(json.dumps({"messages": messages, "tools": tools}))
        request = Request(**sent, seed=self.seed)
        self.model.requests.append(request)
        reply = self.model.answer(request)
        self.usage += Usage(1, len(request.text), reply.tokens, 0.0)
        return reply


def model(answer: Answer, reasoning: Literal["strip", "keep"] = "strip") -> Any:
    """A scripted model; typed as anything, since it stands for a ChatModel."""
    return ScriptedModel(answer, reasoning)


def lines(*replies: Reply | str) -> Answer:
    """Answers with these, one after the other."""
    left = list(replies)

    def answer(_: Request) -> Reply:
        reply = left.pop(0)
        return Reply(reply, tokens=len(reply)) if isinstance(reply, str) else reply

    return answer


def gold_player(task: Task) -> Answer:
    """Plays the assistant's gold calls, asks the user to do what is the user's, then says that all is done."""
    criteria = task.evaluation_criteria
    facts = (criteria.communicate_info or ()) if criteria is not None else ()
    left = list(task.gold)

    def answer(_: Request) -> Reply:
        if not left:
            return Reply(f"It is done. {'; '.join(facts)}", tokens=7, reasoning="AN ASSISTANT'S THOUGHT")
        action = left.pop(0)
        return _call(action) if action.requestor == "assistant" else Reply("Please do your part now.", tokens=7)

    return answer


def gold_user(task: Task) -> Answer:
    """Opens, makes its gold calls when it is asked to, then ends the dialogue."""
    left = [action for action in task.gold if action.requestor == "user"]
    opening = [Reply("I need some help.", tokens=3, reasoning="A USER'S THOUGHT")]

    def answer(request: Request) -> Reply:
        if opening:
            return opening.pop()
        if request.roles[-1] == "tool":
            return Reply("I have done it.", tokens=3)
        return _call(left.pop(0)) if left else Reply("###STOP###", tokens=3)

    return answer


def _call(action: Action) -> Reply:
    side = action.requestor
    call = ToolCall(action.name, action.arguments, f"call_{action.action_id}", side)
    return Reply(None, (call,), tokens=7, reasoning=f"{side.upper()} CALLS")
