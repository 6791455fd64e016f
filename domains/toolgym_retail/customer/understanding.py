"""What an assistant's message asks of a customer, by intent and not by exact phrase."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from toolgym_retail.customer import lexicon as lex

Intent: TypeAlias = Literal[
    "ask_request",
    "ask_identity",
    "ask_order",
    "ask_items",
    "ask_options",
    "ask_payment",
    "ask_reason",
    "ask_address",
    "propose",
    "check",
    "ask_all",
    "ask_more",
    "report",
    "refuse",
    "unavailable",
    "transfer",
    "inform",
    "wait",
    "clarify",
]
"""What a message calls for; docs/retail.md says what each means."""

ASKED: tuple[Intent, ...] = (
    "ask_identity",
    "ask_order",
    "ask_items",
    "ask_options",
    "ask_payment",
    "ask_reason",
    "ask_address",
)
"""The intents that ask for a detail."""


@dataclass(frozen=True)
class Understood:
    """What a message calls for.

    Args:
        intent: What the customer must react to.
        asked: All details that it asks for, in the order of :data:`ASKED`.
        reported: Whether it also says that something was done.
        declined: Whether it also says that something cannot be done.
        unavailable: Whether it also says that something is sold out.
    """

    intent: Intent
    asked: tuple[Intent, ...] = ()
    reported: bool = False
    declined: bool = False
    unavailable: bool = False


_TYPOGRAPHIC = str.maketrans(
    {
        "\u2018": "'",  # quotation marks
        "\u2019": "'",
        "\u201c": '"',
        "\u201d": '"',
        "\u2013": "-",  # dashes
        "\u2014": " - ",
        "\u2192": " -> ",  # an arrow
        "\u00a0": " ",  # a space that does not break
    }
)
_ARROW_EMOJI = "\u27a1\ufe0f"

_Asked: TypeAlias = tuple[Intent, tuple[Intent, ...]]


def plain(text: str) -> str:
    """A message without markdown and typographic characters."""
    text = text.translate(_TYPOGRAPHIC).replace(_ARROW_EMOJI, " -> ")
    text = re.sub(r"^[ \t]*(?:[-*•>]|#{1,6}|\d{1,2}[.)])[ \t]+", "", text, flags=re.MULTILINE)
    text = re.sub(r"^[ \t|:-]+$", "", text, flags=re.MULTILINE)
    text = re.sub(r"#{1,6}(?=\s)|\*+|`+|(?<![a-z0-9])_+|_+(?![a-z0-9])", "", text, flags=re.IGNORECASE)
    return re.sub(r"(?:(?<!\s)\s+)?\|\s*", " | ", text)


def sentences(text: str) -> list[str]:
    """The sentences and lines of a message, its markdown removed."""
    parts = re.split(r"(?<=[.!?])[\"')\]]*\s+|\n+|(?<=[?!])(?=[A-Z])", plain(text))
    return [part.strip() for part in parts if re.search(r"\w", part)]


def understand(text: str) -> Understood:
    """What a message of the assistant calls for.

    Example:
        >>> understand("Done, the lamp is on its way back to us. Is there anything else?").intent
        'ask_more'
    """
    parts = sentences(text)
    if not parts:
        return Understood("inform")
    distinct = list(dict.fromkeys(parts))
    sold_out = any(lex.SOLD_OUT.search(part) for part in distinct)
    reported = any(lex.DONE.search(part) and "?" not in part for part in distinct)
    declined = not sold_out and any(declines(part) and not lex.AGAIN.search(part) for part in distinct)
    told = (reported, declined, sold_out)
    asked: list[_Asked] = []
    last_question = max((number for number, part in enumerate(parts) if "?" in part), default=-1)
    whole = _Whole(parts)
    for number, part in enumerate(parts):
        found = whole.asks(number)
        if found and ("?" in part or number > last_question or lex.EXPLICIT.search(part)):
            asked.append(found)
    intents = [intent for intent, _ in asked]
    hands_over = any(lex.TRANSFER.search(part) and not lex.NO_TRANSFER.search(part) for part in distinct)
    if hands_over and not {"propose", "check"} & set(intents):
        return Understood("transfer", (), *told)
    details = tuple(slot for slot in ASKED if any(slot in slots for _, slots in asked))
    if intents:
        intent = _weightiest(intents)
        if intent == "ask_more" and "propose" in intents and not reported:
            intent = "propose"
        if intent in ("check", "ask_options") and sold_out and not lex.EXPLICIT.search(whole.text):
            intent = "unavailable"
        return Understood(intent, details, *told)
    intent = _tells(parts, *told)
    return Understood(intent, (intent,) if intent in ASKED else (), *told)


def declines(part: str) -> bool:
    """Whether a sentence says that something will not be done; not that something was not found, nor a caution."""
    return bool(lex.CANNOT.search(part)) and not lex.NOT_FOUND.search(part) and not lex.CAUTION.match(part)


def parted(text: str) -> tuple[str, str]:
    """What a message declines, and the rest of it."""
    parts = sentences(text)
    return "\n".join(filter(declines, parts)), "\n".join(part for part in parts if not declines(part))


def _tells(parts: list[str], reported: bool, declined: bool, sold_out: bool) -> Intent:
    whole = " ".join(parts)
    if lex.NOT_UNDERSTOOD.search(whole):
        return "clarify"
    if sold_out:
        return "unavailable"
    if lex.WAIT.search(parts[-1]) and not lex.SORRY.search(whole):
        return "wait"
    lost = [part for part in parts if lex.NOT_FOUND.search(part)]
    if lost and not any(declines(part) for part in parts):
        return "ask_order" if re.search(r"\border", lost[0], re.IGNORECASE) else "ask_identity"
    cannot = [part for part in parts if declines(part)]
    if cannot and (not reported or any(lex.DONE.search(part) for part in cannot) or lex.SORRY.search(whole)):
        return "refuse"
    if reported:
        return "report"
    return "wait" if lex.WAIT.search(whole) else "inform"


def _weightiest(intents: list[Intent]) -> Intent:
    """The last question counts; an offer of help, or a yes or no to what was asked for just before, does not."""
    for intent in ("clarify", "ask_more", "ask_all"):
        if intent in intents[-2:]:
            return intent
    for position in range(len(intents) - 1, -1, -1):
        intent = intents[position]
        if intent == "ask_request" and position:
            continue
        if intent == "check" and position and intents[position - 1] in ASKED:
            continue
        return intent
    return intents[-1]


def _asks(part: str, number: int, whole: _Whole) -> _Asked | None:
    """What one sentence asks for, and the details among it; None if it asks for nothing.

    Args:
        part: The sentence.
        number: How many stand before it.
        whole: The message.
    """
    question = "?" in part
    wh = bool(lex.WH.search(part))
    says = bool(lex.PLEASE_SAY.search(part))
    if not question:
        says = says and bool(lex.SAY_IT.search(part) or lex.IMPERATIVE.match(part))
    explicit = bool(lex.EXPLICIT.search(part))
    if lex.CLOSING.match(part) and not question and not explicit:
        return None
    if lex.NOT_UNDERSTOOD.search(part) and (question or says):
        return "clarify", ()
    if lex.MORE.search(part) and (question or says) and not _about_one_order(part) and not whole.offers_after(part):
        return "ask_more", ()
    if (
        question
        and not wh
        and lex.WHOLE.search(part)
        and whole.once
        and not re.match(r"am i|do you mean|did you", part, re.I)
        and (not explicit or lex.MORE.search(part))
    ):
        return "ask_all", ()
    if question and number and len(part.split(maxsplit=3)) <= 3 and lex.MORE.search(whole.parts[number - 1]):
        return "ask_more", ()
    if lex.OFFER.search(part) and not _topics(part, whole, 0) - {"ask_items"}:
        return "ask_request", ()
    if question and lex.EITHER_PAYMENT.search(part) and not re.search(r"\byes\b|y/n", part, re.IGNORECASE):
        return "ask_payment", ("ask_payment",)
    if question and lex.EITHER_ITEMS.search(part):
        return "ask_items", ("ask_items",)
    if lex.ALL_NAMED.search(part) and whole.once and (question or says or explicit):
        return "ask_all", ()
    if lex.WAIT.search(part) and not question and not explicit and not lex.GIVE_ME.search(part):
        return None
    if lex.GO_AHEAD.search(part) and (question or explicit) and not _wh_leads(part):
        if not question and not says and not lex.AWAITS.search(part):
            return None
        return _yes_or_no(part, whole), ()
    short = len(part.split(maxsplit=7)) <= 7
    brief = question and short and not re.match(r"(?:is|are|do|does|did|was|were|so)\b", part, re.IGNORECASE)
    if (question and (wh or says or brief)) or says:
        topics = _topics(part, whole, number if wh or says else 0)
        slots = tuple(slot for slot in ASKED if slot in topics)
        if slots and not (brief and not wh and not says and lex.GO_AHEAD.search(part)):
            return slots[0], slots
        if wh and question:
            return ("ask_items", ("ask_items",)) if lex.ACT.search(part) else None
    if question:
        return _yes_or_no(part, whole), ()
    return None


def _about_one_order(part: str) -> bool:
    """Whether 'anything else' means other items of the same order."""
    return bool(
        re.search(
            r"\b(?:in|from|of|to|on|with|into|about) (?:this|that|the|your|the same) (?:same "
            r")?(?:order|return|exchange|parcel|modification)\b|\b(?:items?|changes?|articles?|"
            r"products?) (?:you|to|in|from|of|that)\b|#?W\d{7}|before (?:i|we)\b|\bat the same "
            r"time\b",
            part,
            re.IGNORECASE,
        )
    )


def _wh_leads(part: str) -> bool:
    """Whether a sentence with words of agreement asks for a detail all the same."""
    return bool(re.search(r"\b(?:which|what|where|why|how)\b", part, re.IGNORECASE)) and bool(
        re.search(
            r"(?:confirm|tell|specify|know|say|state|and|indicate|share|^|[,;:-]) ?(?:me |please |"
            r"for me |so )?(?:which|what|where|why|how)\b",
            part,
            re.IGNORECASE,
        )
    )


def _yes_or_no(part: str, whole: _Whole) -> Intent:
    """Whether a yes would let the assistant act, or only settle a detail."""
    if lex.CHECKING.search(part) and not (whole.acts and lex.GO_AHEAD.search(part)):
        return "check"
    if lex.EXPLICIT.search(part):
        return "propose"
    return "propose" if whole.acts else "check"


_TOPICS: tuple[tuple[Intent, lex.Cue], ...] = (
    ("ask_reason", lex.REASON),
    ("ask_address", lex.ADDRESS),
    ("ask_payment", lex.PAYMENT),
    ("ask_identity", lex.IDENTITY),
    ("ask_options", lex.OPTIONS),
    ("ask_order", lex.ORDER),
    ("ask_items", lex.ITEMS),
)


def _topics(part: str, whole: _Whole, before: int) -> set[Intent]:
    """What a question is about; when its own words do not say, what was spoken of just before.

    Args:
        part: The question.
        whole: The message.
        before: How many sentences before it are looked at for what it does not say.
    """
    found = {intent for intent, pattern in _TOPICS if pattern.search(part)}
    if lex.MAIL.search(part) and not re.search(r"\bstreet|\bcity|\bship|\bnew address", part, re.IGNORECASE):
        found.discard("ask_address")
    if "ask_address" in found and not lex.MAIL.search(part) and not re.search(r"\bname\b", part, re.IGNORECASE):
        found.discard("ask_identity")
    if lex.WHICH_ITEM.search(part):
        found = {"ask_items"}
    elif "ask_order" in found and not {"ask_payment", "ask_items"} & found:
        found.discard("ask_options")
    elif "ask_order" in found and lex.WHICH_ORDER.search(part):
        found -= {"ask_items", "ask_options", "ask_payment"}
    elif "ask_options" in found:
        found.discard("ask_items")
    if "ask_address" in found and re.search(r"\bwhere\b", part, re.IGNORECASE):
        found.discard("ask_options")
    if "ask_reason" in found:
        found -= {"ask_order", "ask_items", "ask_options"}
    if "ask_payment" in found:
        found -= {"ask_order", "ask_items"}
        if not re.search(r"\bcolou?r|\bsize|\bvariant|\bversion|\bmaterial", part, re.IGNORECASE):
            found.discard("ask_options")
    if "ask_items" in found:
        found.discard("ask_order")
    if lex.BARE_CHOICE.search(part) and found <= {"ask_items", "ask_order"}:
        found = set()
    if not found and before:
        return whole.topics_before(before)
    return found or ({"ask_items"} if lex.BARE_CHOICE.search(part) else set())


class _Whole:
    """A message as one sentence of it sees it: what stands in all of it, and in what comes before.

    Args:
        parts: Its sentences.
    """

    def __init__(self, parts: list[str]) -> None:
        self.parts = parts
        self.text = " ".join(parts)
        self._read = 0
        self._orders = False
        self._numbers: set[str] = set()
        self._topic: Intent | None = None
        self._asked: dict[tuple[str, str], _Asked | None] = {}

    def asks(self, number: int) -> _Asked | None:
        """What one of the sentences asks for; worked out once for one that comes again."""
        seen = self.parts[number], self.parts[number - 1] if number else ""
        if seen in self._asked:
            return self._asked[seen]
        read = self._read
        found = _asks(seen[0], number, self)
        if self._read == read:  # it did not depend on more than that
            self._asked[seen] = found
        return found

    @cached_property
    def acts(self) -> bool:
        """Whether it speaks of what an assistant does."""
        return lex.ACT.search(self.text)

    @cached_property
    def once(self) -> bool:
        """Whether it speaks of something that is done once."""
        return lex.ONCE.search(self.text)

    @cached_property
    def _last_offer(self) -> int:
        return lex.OFFER.last(self.text)

    def offers_after(self, part: str) -> bool:
        """Whether help is offered after a sentence."""
        return self._last_offer >= self.text.find(part) + len(part)

    def topics_before(self, number: int) -> set[Intent]:
        """What is spoken of in the first sentences, the last of them first.

        Args:
            number: How many sentences are read, at least as many as before.
        """
        for part in self.parts[self._read : number]:
            self._orders = self._orders or bool(re.search(r"\borders\b", part, re.IGNORECASE))
            self._numbers.update(re.findall(r"W\d{7}", part))
            named = (intent for intent, pattern in _TOPICS if intent != "ask_order" and pattern.search(part))
            topic = next(named, None)
            if topic is not None and (topic != "ask_items" or self._topic is None):
                self._topic = topic
        self._read = number
        if self._orders or len(self._numbers) > 1:
            return {"ask_order"}
        return set() if self._topic is None else {self._topic}
