"""What an assistant's message asks of a user, by intent and not by exact phrase.

What it may ask *for* is the domain's (:class:`~toolgym.language.topics.Topics`). The other intents are the same
everywhere: ``ask_request`` (how to help), ``propose`` (a yes lets the assistant act), ``check`` (a yes settles a
detail), ``ask_all`` (is that all that belongs to it), ``ask_more`` (anything else), ``report``, ``refuse``,
``unavailable``, ``transfer``, ``inform``, ``wait`` and ``clarify``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from toolgym.language import aside_cues as aside
from toolgym.language import question_cues as cues
from toolgym.language import statement_cues as tell
from toolgym.language.asks import Ask, Whole
from toolgym.language.consent import asks_for_consent
from toolgym.language.layout import lines_of
from toolgym.language.parts import Passage, parts_of
from toolgym.language.remembered import LONG
from toolgym.language.tells import Told, declines, refuses
from toolgym.language.text import plain
from toolgym.language.topics import Intent, Topics

RULES_WEIGH, GO_AHEAD_WEIGHS = 1.0, 2.25
"""How much likelier than what the rules find, and than a go-ahead, something else must be to a classifier, as a
logarithm."""
SAID_WEIGHS = {"refuse": 2.0, "report": 1.0, "unavailable": 2.0}
"""How much likelier what a sentence says by the rules becomes, whatever the message comes to by them."""
ACTS: tuple[Intent, ...] = (
    "ask_request",
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
)
"""The intents that are the same in every domain."""
_LEFT_TO_RULES = frozenset({"clarify", "transfer", "check", "ask_request"})


@dataclass(frozen=True)
class Understood:
    """What a message calls for.

    Args:
        intent: What the customer must react to.
        asked: All details that it asks for, in the order of
            :attr:`~toolgym.language.topics.Topics.names`.
        reported: Whether it also says that something was done.
        declined: Whether it also says that something cannot be done.
        unavailable: Whether it also says that something is sold out.
        all_named: Whether, beside a go-ahead, it asks whether that is all.
    """

    intent: Intent
    asked: tuple[Intent, ...] = ()
    reported: bool = False
    declined: bool = False
    unavailable: bool = False
    all_named: bool = False


_BORDERS = re.compile(r"((?<=[.!?])[\"')\]*]*\s+|\n+)")
"""Between sentences and lines; what stands there is kept."""


def understand(text: str, topics: Topics) -> Understood:
    """What a message of the assistant calls for.

    Each sentence is understood by itself, and the message from all of them: a question for a go-ahead makes it a
    proposal whatever else it says. What is said by the way ("If you want another one, tell me") or of what comes later
    ("I'll then ask you to confirm") counts only where nothing else is asked.

    Args:
        text: The message; neither markdown nor JSON around it makes a difference.
        topics: What it may ask for.

    Example:
        >>> understand("Done, the lamp is on its way back to us. Is there anything else?", Topics(())).intent
        'ask_more'
        >>> understand("I'll send it back. Shall I go ahead? Please note that this is final.", Topics(())).intent
        'propose'
    """
    return _understood(text, topics) if len(text) <= LONG else _understand(text, topics)


def _understand(text: str, topics: Topics) -> Understood:
    whole = Whole(lines_of(text), topics)
    if not whole.parts:
        return Understood("inform")
    heard = _by_rules(whole, topics)
    if topics.learned is None or all(map(tell.CAUTION.match, whole.texts)) or _is_sure(heard, whole):
        return heard
    return weighed(heard, topics.learned().weigh(whole.parts), topics)


_understood = lru_cache(1024)(_understand)
"""Assistants say the same again and again, in the trials of a task above all."""


def heard_by_unknown(text: str, heard: Understood, topics: Topics) -> Understood:
    """What a message calls for where the user has not told yet who it is: first that, if it is needed.

    Args:
        text: The message.
        heard: What it calls for of a user who has told it.
        topics: What it may ask for.
    """
    who = topics.identity
    if topics.needs_identity is None or heard.intent == "transfer":
        return heard
    if heard.intent in topics.names and who in heard.asked:
        return heard
    parts = [part.text for part in lines_of(text)]
    if not topics.needs_identity(parts) or not any("?" in part or aside.DEMANDS.search(part) for part in parts):
        return heard
    return Understood(who, (who, *(heard.asked if heard.intent in topics.names else ())))


def _is_sure(heard: Understood, whole: Whole) -> bool:
    """Whether the rules leave no doubt: a message that ends with a question for a go-ahead, whatever it reports."""
    if (
        replace(heard, reported=False) != Understood("propose")
        or whole.asked[-1].intent != "propose"
        or not whole.asked[-1].question
    ):
        return False
    return any("?" in part and aside.GOES_ON.search(part) and asks_for_consent(part) for part in whole.texts)


def _by_rules(whole: Whole, topics: Topics) -> Understood:
    asks = whole.asked
    told = Told.by(whole)
    intents = [ask.intent for ask in asks]
    all_named = any(ask.all_named for ask in asks) and "propose" in intents
    if told.hands_over and not {"propose", "check"} & set(intents):
        return Understood("transfer", (), *told.flags)
    details = tuple(slot for slot in topics.names if any(slot in ask.slots for ask in asks))
    if intents:
        intent = _weightiest(asks, told, topics)
        if intent in ("check", topics.variants) and told.sold_out and not cues.EXPLICIT.search(whole.text):
            intent = "unavailable"
        return Understood(intent, details, *told.flags, all_named=all_named)
    intent = _tells(whole, told)
    return Understood(intent, (intent,) if intent in topics.names else (), *told.flags)


def weighed(heard: Understood, likely: Mapping[Intent, float], topics: Topics) -> Understood:
    """What a message calls for by the rules and by a classifier, which decides only where it is sure enough.

    Args:
        heard: What it calls for by the rules.
        likely: The logarithm of how likely each intent is by the classifier.
        topics: What it may ask for.
    """
    if heard.intent == "transfer" or heard.intent not in likely:
        return heard
    weights = {intent: weight for intent, weight in likely.items() if intent not in _LEFT_TO_RULES}
    asks = heard.intent == "propose" or heard.intent in topics.names
    weights[heard.intent] = likely[heard.intent] + (GO_AHEAD_WEIGHS if heard.intent == "propose" else RULES_WEIGH)
    said = {
        "refuse": heard.declined and not heard.reported and heard.intent != "propose",
        "report": heard.reported and not asks,
        "unavailable": heard.unavailable,
    }
    for intent, is_said in said.items():
        if is_said and intent in weights:
            weights[intent] += SAID_WEIGHS[intent]
    best = max(weights, key=weights.__getitem__)
    if best == heard.intent or (heard.intent == "check" and best == topics.identity):
        return heard
    if best in ("refuse", "unavailable") and heard.reported and not (heard.declined or heard.unavailable):
        return heard
    if heard.intent == "ask_more" and (
        (best == "refuse" and heard.declined)
        or (best == "report" and heard.reported)
        or (best == "unavailable" and heard.unavailable)
    ):
        return heard  # it says both
    asked = heard.asked if best in heard.asked else (best,) if best in topics.names else ()
    return Understood(
        best,
        asked,
        (heard.reported and best != "inform") or best == "report",
        heard.declined or best == "refuse",
        heard.unavailable or best == "unavailable",
        heard.all_named and best == "propose",
    )


def parted(text: str) -> tuple[str, str]:
    """What a message declines, and the rest of it."""
    parts = parts_of(text)
    declined = [part for part in parts if declines(part.text)]
    return Passage.of(declined), Passage.of([part for part in parts if part not in declined])


def without_reminder(text: str) -> str:
    """A message without the question whether that is all: it asks, and claims nothing of what is done.

    Example:
        >>> without_reminder("I'd return the lamp. Are these all the items, and shall I proceed?")
        "I'd return the lamp. Are these items, and shall I proceed?"
        >>> without_reminder("Please confirm that you have told me everything that is part of it and want to go on.")
        'Please confirm that and want to go on.'
    """
    return "".join(
        aside.ALL.sub("", aside.YOU_TOLD.sub("", part)) if _reminds(plain(part)) else part
        for part in _BORDERS.split(text)
    )


def without_warnings(text: str) -> str:
    r"""A message without what stays as it is and what will not be possible afterwards: no part of what is proposed.

    Example:
        >>> without_warnings("I'd change the lamp. After this, the order can no longer be cancelled. Shall I?")
        "I'd change the lamp.\nShall I?"
    """
    return Passage.of([part for part in parts_of(text) if not _warns(part.text)])


def _warns(part: str) -> bool:
    """Whether a sentence says what will not be possible afterwards, or what stays as it is."""
    return "?" not in part and (tell.STAYS.search(part) or (tell.CANNOT.search(part) and not refuses(part)))


def _reminds(part: str) -> bool:
    asks = "?" in part or cues.PLEASE_SAY.search(part)
    return bool(asks and (cues.ALL_NAMED.search(part) or aside.ALL_OF_IT.search(part)))


def _tells(whole: Whole, told: Told) -> Intent:
    topics, parts = whole.topics, whole.texts
    if cues.NOT_UNDERSTOOD.search(whole.text):
        return "clarify"
    if told.sold_out:
        return "unavailable"
    if tell.WAIT.search(parts[-1]) and not tell.SORRY.search(whole.text):
        return "wait"
    lost = [part for part in parts if tell.NOT_FOUND.search(part)]
    if lost and not told.declined_by:
        points_to = topics.speaks_of_records
        record = topics.records and points_to is not None and points_to.search(lost[0])
        return topics.records if record else topics.identity or "clarify"
    cannot = told.declined_by
    first = next((part for part in parts if part in cannot or topics.reports(part)), "")
    if cannot and (first in cannot or any(map(topics.reports, cannot)) or tell.SORRY.search(whole.text)):
        return "refuse"
    if told.reported:
        return "report"
    if whole.offers_more:
        return "ask_more"
    return "wait" if tell.WAIT.search(whole.text) else "inform"


def _weightiest(asks: Sequence[Ask], told: Told, topics: Topics) -> Intent:
    """What counts of several questions: who the user is, a go-ahead, a detail asked for after it, else the last."""
    intents = [ask.intent for ask in asks]
    last = len(intents) - 1
    who = next((place for place, ask in enumerate(asks) if ask.intent == topics.identity and not ask.borrowed), None)
    if who is not None and "propose" not in intents[who:]:
        return topics.identity
    if "clarify" in intents[-2:]:
        return "clarify"
    courteous = {"ask_more", "ask_request"}
    if told.declined and not told.reported and set(intents) <= courteous:
        return "ask_more" if intents[-1] == "ask_more" else "refuse"
    if "ask_more" in intents and (told.reported or "propose" not in intents) and "ask_more" in intents[-2:]:
        return "ask_more"
    if "propose" in intents:
        place = last - intents[::-1].index("propose")
        after = [ask.intent for ask in asks[place:] if ask.intent in topics.names and ask.question]
        return after[-1] if after else "propose"
    if "ask_all" in intents[-2:]:
        return "ask_all"
    for position in range(last, -1, -1):
        intent = intents[position]
        if intent == "ask_request" and position:
            continue
        if intent == "check" and position and intents[position - 1] in topics.names:
            continue
        return intent
    return intents[-1]
