"""Whether a user agreed to what an assistant proposed, by the words of both; English alone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from toolgym.messages import STOP_MARKS, Message

_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_YES = re.compile(
    r"\b(?:yes|yep|yeah|yup|sure|absolutely|definitely|certainly|of course|confirm(?:ed)?|i confirm|correct|exactly|"
    r"agreed?|approved|perfect|go (?:right )?ahead|go for it|proceed|carry on|do (?:it|that|so)|please do|"
    r"(?:that|this|which)(?:'s| is| all)? (?:looks |sounds )?(?:right|fine|good|great|okay|ok)|"
    r"(?:looks|sounds) (?:right|good|great|fine|perfect)|works for me|that works)\b",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:no|nope|nah)\b|\b(?:not|never|wait|wrong|actually|rather|hold on|hang on|stop|instead|incorrect|mistaken|"
    r"change[ds]? my mind|reconsidered|on second thoughts?|different(?:ly)?|new plan|better idea|before you)\b|n't\b",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:anything|something|any(?:where)?|what|any (?:other|further)\b.*|how) (?:else|more|further)\b|"
    r"\bany (?:other|further)\b|\bfurther matter\b|\bhow (?:can|may|could) i (?:help|assist)\b",
    re.IGNORECASE,
)
_LOOK = re.compile(
    r"\b(?:(?:shall|should|may|can|could|let|want|like) (?:i|me|us)(?: to)?) (?:just |first |quickly |now |go and )*"
    r"(?:check|look|see|find|verify|search|review|pull|open|read)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\W*(?:(?:and|so|thank you|got it|one more)\W+)*(?:which|what|where|how|who|why|when)\b", re.IGNORECASE
)
_CONSENT = re.compile(
    r"\bconfirm|\bproceed|\bgo ahead|\bshall i\b|\bshould i\b|\bmay i\b|\bdo you (?:agree|approve|want me)\b|"
    r"\bwould you like (?:me|us) to\b|\bwant me to\b|\byes\b|\bok(?:ay)? (?:to|with|if|for)\b|"
    r"\bis (?:that|this) (?:right|correct|ok|okay|fine|what you)|\ball right with you|\bsounds? (?:good|right)\b|"
    r"\bcorrect\?|\bright\?|\bagree",
    re.IGNORECASE,
)
_GIVES_UP = re.compile(
    r"\b(?:never ?mind|forget (?:it|about it)|gives? up|leav(?:e|ing) it|another (?:time|day)|"
    r"tr(?:y|ying) (?:it )?again|"
    r"call back|come back|waste of|had enough|going nowhere|getting us anywhere|(?:is|are)n't (?:helping|working)|"
    r"going (?:around )?in circles|i'm out(?! of)\b|stop here|don't think this is working|missing each other|leave it)",
    re.IGNORECASE,
)


_CONTENT = re.compile(
    r"\b(?:thanks|thank you|thx|great|perfect|wonderful|appreciate|"
    r"(?:that|this)(?:'s| is| was| will be|'ll be) (?:all|it|everything)|all (?:set|done|good)|nothing (?:else|more)|"
    r"no(?:thing)? further|i'm (?:good|done)|we're (?:done|finished)|that (?:covers|does) (?:it|everything)|"
    r"have a (?:nice|good|great))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Exchange:
    """What the assistant said to the user, and what the user answered.

    Args:
        text: The assistant's words since the user spoke last.
        message: The number of the message with the last of them, from 0.
        answer: The user's words.
        answered: The number of the message with them.
    """

    text: str
    message: int
    answer: str
    answered: int

    @property
    def agreed(self) -> bool:
        """Whether it is a clear yes to a proposal."""
        return says_yes(self.answer) and asks(self.text)


def exchanges(messages: Sequence[Message]) -> Iterator[Exchange]:
    """Every exchange of a dialogue; messages that are calls are passed over."""
    said: list[str] = []
    last = 0
    for number, message in enumerate(messages):
        if message.tool_calls or not message.content:
            continue
        if message.role == "assistant":
            said.append(message.content)
            last = number
        elif message.role == "user":
            yield Exchange("\n".join(said), last, message.content, number)
            said = []


def says_yes(text: str) -> bool:
    """Whether an answer is a clear yes: a sentence says so, and none says otherwise.

    Example:
        >>> says_yes("Yes, please go ahead. Could you also look at another order?")
        True
        >>> says_yes("Yes, but not the blue one."), says_yes("My e-mail is ada@example.com.")
        (False, False)
    """
    for mark in STOP_MARKS:
        text = text.replace(mark, " ")
    sentences = [one for one in _SENTENCE.split(text.replace("\u2019", "'")) if one and not one.rstrip().endswith("?")]
    return any(map(_YES.search, sentences)) and not any(map(_NO.search, sentences))


def says_no(text: str) -> bool:
    """Whether an answer is a clear no: its first sentence says so.

    Example:
        >>> says_no("No, that's not right. It is the blue one."), says_no("Which one would that be?")
        (True, False)
    """
    first = _SENTENCE.split(text.replace("\u2019", "'").strip())[0]
    return not first.endswith("?") and _NO.search(first) is not None


def asks(text: str) -> bool:
    """Whether a message asks for consent, or at least for an answer other than what else there is to do.

    Example:
        >>> asks("I will cancel order #1. Shall I go ahead?"), asks("It is cancelled. Anything else?")
        (True, False)
    """
    return any("?" in one or _CONSENT.search(one) for one in _of_deeds(text))


def asks_for_consent(text: str) -> bool:
    """Whether a message asks for a yes to something that it is going to do."""
    return any(_CONSENT.search(one) and not _OPEN.match(one) for one in _of_deeds(text))


def _of_deeds(text: str) -> list[str]:
    """The sentences of a message that do not just ask what else there is, or whether to have a look."""
    return [one for one in _SENTENCE.split(text) if one and not _MORE.search(one) and not _LOOK.search(one)]


def gives_up(text: str) -> bool:
    """Whether a user leaves without having got what it wanted, by its own words."""
    return bool(_GIVES_UP.search(text.replace("\u2019", "'")))


def content(text: str) -> bool:
    """Whether a user's last words are those of somebody who has what it wanted, or who says nothing."""
    for mark in STOP_MARKS:
        text = text.replace(mark, " ")
    return not text.strip() or _CONTENT.search(text.replace("\u2019", "'")) is not None


def names(text: str, values: Sequence[str]) -> bool:
    """Whether a text holds one of some values, upper and lower case and a leading ``#`` aside."""
    lowered = text.lower()
    return any(
        re.search(rf"(?<!\w){re.escape(value.lower().lstrip('#'))}(?!\w)", lowered) is not None
        for value in values
        if value.lstrip("#")
    )
