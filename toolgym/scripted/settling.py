"""Which of a user's requests a message settles: by its answer, or by a report of what was done."""

from __future__ import annotations

from collections.abc import Sequence

from toolgym.language.statement_cues import EVERYTHING
from toolgym.scripted.agreement import Judgements
from toolgym.scripted.facts import QUESTION, R
from toolgym.scripted.reader import OpenRequest


def close_answered(active: Sequence[OpenRequest[R]], text: str, means: Judgements[R]) -> int:
    """Settle the questions that something was told to answer; how many.

    Args:
        active: The requests that were brought up and are not settled.
        text: The message.
        means: What answers a question.
    """
    told = [one for one in active if one.wish.kind == QUESTION and means.answers(text, one.wish)]
    for one in told:
        one.closed = True
    return len(told)


def close_reported(active: Sequence[OpenRequest[R]], text: str, means: Judgements[R], *, proposes: bool) -> int:
    """Settle the requests that are reported as done, agreed to or not; how many.

    In a message that proposes something, only what was agreed to and is explicitly said to be done.

    Args:
        active: The requests that were brought up and are not settled.
        text: The message, which reports something.
        means: What reports a request as done.
        proposes: Whether the message proposes something too.
    """
    agreed = [one for one in active if one.agreed]
    settled = [one for one in agreed if means.tells_done(text, one.wish, by_name=len(agreed) > 1)]
    if not proposes:
        if not settled and (len(agreed) == 1 or EVERYTHING.search(text)):
            settled = agreed  # it is done, however that is put
        rest = [one for one in active if not one.agreed]
        sure = len(active) > 1
        settled += [one for one in rest if means.tells_done(text, one.wish, by_name=sure)]
    for one in settled:
        one.closed = True
    return len(settled)
