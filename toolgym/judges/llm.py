"""A judge that is a language model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolgym.errors import ServiceError, ToolGymError
from toolgym.evaluation.grade import Verdict
from toolgym.messages import Message
from toolgym.models.answers import AnswerError, ask
from toolgym.prompts import own_text
from toolgym.prompts.transcript import message_line
from toolgym.trajectory import NO_USAGE, Usage

if TYPE_CHECKING:
    from toolgym.models import ChatModel, Conversation

ATTEMPTS = 3
"""How often it is asked until its answer can be read."""


class Verdicts(tuple[Verdict, ...]):
    """Verdicts, and what they cost."""

    usage: Usage = NO_USAGE


class LLMJudge:
    """Judges assertions with a model, which sees what both sides said, called and got, and nobody's thoughts.

    Args:
        model: The model; one serves all episodes of a run.
    """

    needs_model = True

    def __init__(self, model: ChatModel) -> None:
        self.model = model

    async def __call__(self, assertions: Sequence[str], messages: Sequence[Message]) -> Verdicts:
        """Judge assertions over a dialogue.

        Args:
            assertions: What may or may not hold.
            messages: The whole dialogue, oldest first.

        Returns:
            One verdict per assertion, in order; the attribute ``usage`` is what all requests for them used.

        Raises:
            ServiceError: If the model fails, or answers :data:`ATTEMPTS` times what cannot be read.
            ContextError: If the dialogue does not fit into its context.
            BudgetError: If the budget is spent. The attribute ``usage`` of each of these too is what all requests used.
        """
        chat = [
            {"role": "system", "content": own_text("judge")},
            {"role": "user", "content": _case(assertions, messages)},
        ]
        talk = self.model.start(seed=0)  # each request has a seed of its own
        try:
            verdicts = await _asked(talk, chat, len(assertions))
        except ToolGymError as error:
            error.usage = talk.usage  # type: ignore[attr-defined]  # for whoever adds up what judging costs
            raise
        verdicts.usage = talk.usage
        return verdicts


async def _asked(talk: Conversation, chat: Sequence[Mapping[str, Any]], count: int) -> Verdicts:
    def read(answer: str) -> Verdicts:
        if (verdicts := _verdicts(answer, count)) is None:
            raise AnswerError(f"it holds no JSON list of {count} verdicts")
        return verdicts

    try:
        return await ask(talk, chat, read, attempts=ATTEMPTS, told_why=False)
    except AnswerError as error:
        raise ServiceError(
            f"the judge was asked {ATTEMPTS} times for a JSON list of {count} verdicts: {error}"
        ) from error


def _case(assertions: Sequence[str], messages: Sequence[Message]) -> str:
    """The dialogue and the assertions."""
    dialogue = "\n".join(message_line(message) for message in messages)
    numbered = "\n".join(f"{place}. {text}" for place, text in enumerate(assertions, 1))
    return f"<dialogue>\n{dialogue}\n</dialogue>\n<statements>\n{numbered}\n</statements>"


def _verdicts(answer: str, count: int) -> Verdicts | None:
    r"""The last such list in an answer, which may hold thoughts and code fences too; None if there is none.

    Example:
        >>> _verdicts('It says so.\n```json\n[{"reason": "Line 3.", "met": true}]\n```', 1)
        (Verdict(met=True, reason='Line 3.'),)
    """
    found = None
    for value in _values(answer):
        if isinstance(value, dict) and len(value) == 1 and "met" not in value:
            (value,) = value.values()  # some servers let a model answer with an object only
        if count == 1 and isinstance(value, dict):
            value = [value]
        if isinstance(value, list) and len(value) == count and all(_is_verdict(item) for item in value):
            found = Verdicts(Verdict(item["met"], str(item.get("reason") or "")) for item in value)
    return found


def _is_verdict(item: object) -> bool:
    return isinstance(item, dict) and isinstance(item.get("met"), bool)


def _values(text: str) -> Iterator[Any]:
    """The JSON lists and objects in a text, those inside others left out."""
    place = 0
    while starts := [found for found in (text.find("[", place), text.find("{", place)) if found >= 0]:
        try:
            value, place = _decode(text, min(starts))
        except (ValueError, RecursionError):
            place = min(starts) + 1
        else:
            yield value


_decode = json.JSONDecoder().raw_decode
