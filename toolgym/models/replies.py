"""What a completion holds: text, calls, thoughts, and what they cost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from toolgym.actions import parse_action
from toolgym.errors import DataError
from toolgym.messages import AgentID, Message, ToolCall, from_chat
from toolgym.models.failures import RequestError, reported
from toolgym.models.settings import Price
from toolgym.models.surrogates import whole_text
from toolgym.trajectory import Usage

_OPEN, _CLOSE = "<think>", "</think>"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered.

    Args:
        text: What it says, without its thoughts and calls; None if it says nothing.
        calls: The tools that it calls, in order; one that could not be read has a ``problem``.
        reasoning: What it thought, if it told.
        finish: Why it ended: ``"stop"``, ``"length"``, ``"tool_calls"``, ``"content_filter"``, or a server's own word.
        tokens: Tokens that it generated, thoughts included, at least 0; None if the server did not say.
    """

    text: str | None
    calls: tuple[ToolCall, ...] = ()
    reasoning: str | None = None
    finish: str = "stop"
    tokens: int | None = None


def read_completion(completion: dict[str, Any], requestor: AgentID) -> Reply:
    """Read a decoded completion; calls in its text are left there.

    Args:
        completion: As the endpoint sent it.
        requestor: The side that the model plays.

    Raises:
        RequestError: If it is not a completion, or reports an error.
    """
    choices = completion.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    if not isinstance(choice, dict) or choice.get("finish_reason") == "error":
        if isinstance(choice, dict) and choice.get("error"):
            raise reported(choice)
        if completion.get("error"):
            raise reported(completion)
        raise RequestError(f"the answer holds no completion: {completion!s:.200}", no_answer=True)
    message = choice.get("message")
    if not isinstance(message, dict):
        raise RequestError(f"the completion holds no message: {choice!s:.200}")
    text = message.get("content") or message.get("refusal") or ""
    thought = message.get("reasoning_content") or message.get("reasoning") or ""
    if not isinstance(text, str) or not isinstance(thought, str):
        raise RequestError(f"the completion's message is not text: {message!s:.200}", "refused")
    thoughts, text = split_thoughts(whole_text(text))
    thoughts = [part for part in (whole_text(thought).strip(), *thoughts) if part]
    return Reply(
        text if text.strip() else None,
        _calls(message.get("tool_calls"), requestor),
        "\n\n".join(thoughts) or None,
        str(choice.get("finish_reason") or "stop"),
        _count(completion.get("usage"), "completion_tokens"),
    )


def split_thoughts(text: str) -> tuple[list[str], str]:
    """Take the thoughts out of a text.

    A thought stands in ``<think>…</think>``. One whose opening is missing began with the text (there are chat
    templates that write the opening themselves), and one that is not closed goes on to the end.

    Returns:
        The thoughts, and what is left; it is stripped if there were any.

    Example:
        >>> split_thoughts("<think>hm</think> Hello.")
        (['hm'], 'Hello.')
        >>> split_thoughts("They want shoes.</think>Which size?")
        (['They want shoes.'], 'Which size?')
    """
    if _OPEN not in text and _CLOSE not in text:
        return [], text
    thoughts: list[str] = []
    before, closed, after = text.partition(_CLOSE)
    if closed and _OPEN not in before:
        thoughts.append(before.strip())
        text = after
    said = ""
    while text:
        before, opened, text = text.partition(_OPEN)
        said += before
        if opened:
            thought, _, text = text.partition(_CLOSE)
            thoughts.append(thought.strip())
    return [thought for thought in thoughts if thought], said.replace(_CLOSE, "").strip()


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
            (one,) = from_chat({"role": requestor, "tool_calls": [named]}, requestor).tool_calls
            if not one.name:
                raise DataError("its name is empty")
        except DataError as error:
            one = ToolCall("", {}, identity, requestor, f"This tool call cannot be read: {error}.", str(call))
        read.append(one)
    return parse_action(Message(requestor, None, tuple(read)), requestor).tool_calls if read else ()
