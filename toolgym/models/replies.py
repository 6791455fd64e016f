"""What a completion holds: text, calls, thoughts, and what they cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from toolgym.actions import parse_action
from toolgym.actions.thoughts import split_thoughts
from toolgym.errors import DataError
from toolgym.messages import THOUGHTS, AgentID, Message, ToolCall, from_chat
from toolgym.models.failures import RequestError, reported
from toolgym.models.settings import Price
from toolgym.models.surrogates import whole_text
from toolgym.trajectory import Usage

_FULL = ("model_context_window_exceeded", "context_window_exceeded", "context_length_exceeded")
_SHOWN = 2_000


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Args:
        text: What it says, without its thoughts and calls; None if it says nothing.
        calls: The tools that it calls, in order; one that could not be read has a ``problem``.
        reasoning: What it thought, if it told.
        finish: Why it ended: ``"stop"``, ``"length"``, ``"tool_calls"``, ``"content_filter"``, or a server's own word.
        tokens: Tokens that it generated, thoughts included, at least 0; None if the server did not say.
        extra: Further fields of the server's message, which go back to it: see :class:`~toolgym.messages.Message`.
    """

    text: str | None
    calls: tuple[ToolCall, ...] = ()
    reasoning: str | None = None
    finish: str = "stop"
    tokens: int | None = None
    extra: Mapping[str, Any] | None = None

    def message(self, side: AgentID) -> Message:
        """The reply as a message of the side that the model plays."""
        return Message(side, self.text, self.calls, tokens=self.tokens, reasoning=self.reasoning, extra=self.extra)


def read_completion(completion: dict[str, Any], requestor: AgentID, *, as_is: bool = False) -> Reply:
    """Read a decoded completion; calls in its text are left there.

    Args:
        completion: As the endpoint sent it.
        requestor: The side that the model plays.
        as_is: Whether its text stays as it is, with what looks like thoughts and the space around it.

    Raises:
        RequestError: If it is not a completion, or reports an error.
    """
    choices = completion.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or choice.get("finish_reason") == "error":
        if isinstance(choice, dict) and choice.get("error"):
            raise reported(choice)
        if completion.get("error") or completion.get("base_resp"):
            raise reported(completion)
        raise RequestError(f"the answer holds no completion: {completion!s:.200}", no_answer=True)
    message, finish = choice.get("message"), choice.get("finish_reason")
    if message is None and finish not in (None, "stop"):  # some send none where it was cut or filtered before it began
        message = {}
    if not isinstance(message, dict):
        raise RequestError(f"the completion holds no message: {choice!s:.200}")
    tokens = _count(completion.get("usage"), "completion_tokens")
    if finish in _FULL and not message.get("content") and not message.get("tool_calls"):
        raise RequestError(f"the model stopped before it said anything: {finish}", "context")
    try:
        read = from_chat({**message, "role": requestor, "tool_calls": None}, requestor, extra=True)
    except DataError as error:
        if not isinstance(message.get("content"), list):
            raise RequestError(f"the completion's message is not text: {message!s:.200}", "refused") from None
        return Reply(None, (unusable(f"{error}.", str(message["content"])[:_SHOWN], requestor),), tokens=tokens)
    refusal = message.get("refusal")
    text = read.content or (refusal if isinstance(refusal, str) else "")
    if as_is:
        return Reply(whole_text(text), finish=str(finish or "stop"), tokens=tokens)
    thoughts, text = split_thoughts(whole_text(text))
    thoughts = [part for part in (whole_text(read.reasoning or "").strip(), *thoughts) if part]
    return Reply(
        text if text.strip() else None,
        _calls(message.get("tool_calls") or message.get("function_call"), requestor),
        "\n\n".join(thoughts) or None,
        str(finish or "stop"),
        tokens,
        read.extra,
    )


def unusable(problem: str, raw: str, requestor: AgentID) -> ToolCall:
    """A reply that cannot be taken, as a call that is answered with an error."""
    return ToolCall("", {}, "call_0", requestor, problem, raw)


def issued_ids(completion: dict[str, Any]) -> set[str]:
    """The ids of calls that a server gave; one that was read already."""
    calls = completion["choices"][0].get("message", {}).get("tool_calls")
    return {call["id"] for call in calls or () if isinstance(call, dict) and isinstance(call.get("id"), str)}


def thought_fields(completion: dict[str, Any]) -> set[str]:
    """The fields in which a server sends thoughts, whether or not there are any; of a completion that was read."""
    message = completion["choices"][0].get("message") or {}
    return {name for name in THOUGHTS if isinstance(message.get(name), str)}


def used(completion: dict[str, Any], price: Price | None) -> Usage:
    """What one request used, as far as its completion tells; the server's own word on the cost goes first."""
    usage = completion.get("usage")
    read, generated = _count(usage, "prompt_tokens"), _count(usage, "completion_tokens")
    cost = usage.get("cost") if isinstance(usage, dict) else None
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not 0 <= cost < float("inf"):
        cost = None
        if price is not None and read is not None and generated is not None:
            cost = (read * price.input_usd + generated * price.output_usd) / 1e6
    return Usage(1, read, generated, None if cost is None else float(cost))


def _count(usage: object, name: str) -> int | None:
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if type(count) is int and count >= 0 else None


def _calls(calls: object, requestor: AgentID) -> tuple[ToolCall, ...]:
    """The calls that the server read, each with an id of its own.

    One of which not even the name can be read is a call with a problem.
    """
    read = []
    for position, call in enumerate(calls if isinstance(calls, list) else [calls] if calls else []):
        identity = f"call_{position}"
        try:
            named = {**call, "id": call.get("id") or identity} if isinstance(call, dict) else call
            (one,) = from_chat({"role": requestor, "tool_calls": [named]}, requestor, extra=True).tool_calls
            if not one.name:
                raise DataError("its name is empty")
        except DataError as error:
            one = ToolCall("", {}, identity, requestor, f"This tool call cannot be read: {error}.", str(call))
        read.append(one)
    return parse_action(Message(requestor, None, tuple(read)), requestor).tool_calls if read else ()
