"""Answers that must be of a form: read strictly, and asked for once more with the reason why they cannot be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from toolgym.models.json_text import DECODER

if TYPE_CHECKING:
    from toolgym.models.client import Conversation

_T = TypeVar("_T")

ATTEMPTS = 2
"""How often a model is asked until its answer can be used, unless it is said otherwise."""
_SHOWN = 200


class AnswerError(ValueError):
    """An answer cannot be used; the message says why, as a clause that the model is told."""


async def ask(
    talk: Conversation,
    chat: Sequence[Mapping[str, Any]],
    read: Callable[[str], _T],
    *,
    attempts: int = ATTEMPTS,
    told_why: bool = True,
) -> _T:
    """Ask a model, and again while its answer cannot be used.

    Args:
        talk: Who is asked.
        chat: What is asked, in chat format.
        read: Reads an answer, or raises AnswerError.
        attempts: How often it is asked, at least 1.
        told_why: Whether it is told why its answer cannot be used; if not, it is asked the very same again.

    Raises:
        AnswerError: If the last answer cannot be used either; the message holds all reasons and the last answer.
        ServiceError: If the model fails.
        ContextError: If what is asked does not fit into its context.
        BudgetError: If the budget is spent.
    """
    asked = list(chat)
    reasons: list[str] = []
    answer = ""
    for _ in range(attempts):
        reply = await talk.complete(asked)
        answer = reply.text or ""
        try:
            return read(answer)
        except AnswerError as error:
            reason = f"{error}; it was cut off at the limit of tokens" if reply.finish == "length" else str(error)
        reasons.append(reason)
        if told_why:
            asked.append({"role": "assistant", "content": answer or "(nothing)"})
            asked.append(
                {"role": "user", "content": f"This cannot be used: {reason}. Answer once more, as told above."}
            )
    shown = f"{answer[:_SHOWN]}…" if len(answer) > _SHOWN else answer
    raise AnswerError(f"of {attempts} answers none can be used ({'; then: '.join(reasons)}); the last was {shown!r}")


def text_and_object(answer: str, keys: Sequence[str]) -> tuple[str, dict[str, Any]]:
    r"""Split an answer into what it says and the JSON object with which it ends, which may stand in a code fence.

    Args:
        answer: The answer, without thoughts.
        keys: The keys that the object has, no more and no less.

    Raises:
        AnswerError: If it does not end with such an object.

    Example:
        >>> text_and_object('It is late.\n```json\n{"hour": 23}\n```', ["hour"])
        ('It is late.', {'hour': 23})
    """
    body = answer.strip()
    fenced = body.endswith("```")
    if fenced:
        body = body.removesuffix("```").rstrip()
    start = body.find("{")
    while start >= 0:
        try:
            found, end = DECODER.raw_decode(body, start)
        except (ValueError, RecursionError):
            end = 0
        if end == len(body):
            if list(keys) != [name for name in keys if name in found] or len(found) != len(keys):
                raise AnswerError(f"its JSON object must have the keys {', '.join(keys)}, and has {', '.join(found)}")
            said = body[:start].rstrip()
            return (said.removesuffix("json").rstrip().removesuffix("```").rstrip() if fenced else said), found
        start = body.find("{", start + 1 if end == 0 else end)
    raise AnswerError("it does not end with a JSON object")


def text_of(found: Mapping[str, Any], name: str, longest: int) -> str:
    """A text among an object's values.

    Args:
        found: The object.
        name: Its key.
        longest: Characters that it may have, at least 1.

    Raises:
        AnswerError: If the value is not a text, or empty or too long.
    """
    value = found[name]
    if not isinstance(value, str) or not value.strip():
        raise AnswerError(f"{name!r} must be a text that is not empty, got {str(value)[:40]!r}")
    if len(value) > longest:
        raise AnswerError(f"{name!r} must have at most {longest} characters, got {len(value)}")
    return value.strip()
