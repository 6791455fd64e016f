"""Why a call was neither made nor tried, or a figure not told: by what both sides said."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from toolgym.failures.rules.arguments import Difference
from toolgym.failures.rules.case import Case
from toolgym.failures.rules.consent import Consent
from toolgym.failures.rules.evidence import told_records
from toolgym.language.agreement import Exchange
from toolgym.language.consent import says_yes
from toolgym.language.lapses import (
    answers,
    asks_for_figure,
    asks_for_id,
    figures_like,
    refusals,
    says_done,
    says_it_did,
    says_unknown,
    speaks_of_doing,
)
from toolgym.language.text import sentences

_NUMBER = re.compile(r"#\w*\d{2,}|(?<![\w.$])[\w-]*\d{4,}(?!\.\d)")
"""What may be the number or id of something, and no price."""


class Reason(NamedTuple):
    """The pattern that a missing call shows, and the message that shows it."""

    pattern: str
    message: int


class Unmade:
    """Looks for the reason why gold calls were neither made nor tried.

    Args:
        case: The trajectory.
    """

    def __init__(self, case: Case) -> None:
        self.case = case

    def why(self, name: str, arguments: Mapping[str, Any]) -> Reason | None:
        """The reason for one missing call; None if it was just not made.

        What the assistant claimed and did not do comes first, then what the user did, then what the assistant refused
        or did not look up.
        """
        deviation = self.case.deviation
        if (message := self._claimed(name, arguments)) is not None:
            return Reason("said_not_done", message)
        for strayed in (deviation.acts_as_assistant(), deviation.left(name, arguments)):
            if strayed is not None:
                return Reason("user_deviated", strayed)
        if (message := self._refused(name, arguments)) is not None:
            return Reason("refused_allowed", message)
        if (message := self._not_looked_up(name, arguments)) is not None:
            return Reason("no_lookup", message)
        if (message := deviation.untold(name, arguments)) is not None:
            return Reason("user_deviated", message)
        return None

    def _claimed(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The message that says that a call was made, if no call of that tool was.

        What is told as done right after a yes, before anything at all was changed, is what the yes was for.
        """
        case = self.case
        by_it = any(event.call.name == name and event.changed for event in case.mine)
        agreed = False
        for exchange in case.consent.exchanges:
            after_yes, agreed = agreed, exchange.requested and says_yes(exchange.answer)
            if not says_done(exchange.text) and not (after_yes and says_it_did(exchange.text)):
                continue
            made = [event for event in case.mine if event.changed and event.message < exchange.message]
            if after_yes and not made:
                return exchange.message
            if by_it:
                continue
            alike = any(case.deviation.deed(event.call.name) & case.deviation.deed(name) for event in made)
            spoken = case.deviation.speaks_of(exchange.text, name) and not alike
            if spoken or (not made and case.consent.named(exchange.text, name, arguments)):
                return exchange.message
        return None

    def _refused(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The last message that refused a call and was not taken back."""
        case, found = self.case, None
        for exchange in case.consent.exchanges:
            if exchange.requested and case.consent.named(exchange.text, name, arguments):
                found = None
            elif any(self._is_about(one, name, arguments) for one in refusals(exchange.text)):
                found = found if self._like_a_decoy(exchange.message, name, arguments) else exchange.message
        return found

    def _like_a_decoy(self, message: int, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a refusal may be of what is rightly refused: the user had not told what the call has instead."""
        case, record = self.case, self.case.matcher.record(name, arguments)
        for one in case.decoys:
            same = case.matcher.record(one.name, one.arguments) == record
            if one.name != name or one.pattern != "forbidden_write" or not same:
                continue
            differing = {key: value for key, value in arguments.items() if one.arguments.get(key) != value}
            if not any(
                case.deviation.told(Difference("", key, value, one.arguments.get(key)), message)
                for key, value in differing.items()
            ):
                return True
        return False

    def _is_about(self, sentence: str, name: str, arguments: Mapping[str, Any]) -> bool:
        case = self.case
        if case.consent.named(sentence, name, arguments):
            return True
        left = sum(case.prepared.gold_writes[place].name == name for place in case.missing)
        spoken = case.deviation.speaks_of(sentence, name) or speaks_of_doing(sentence, name.split("_")[0])
        return left <= 1 and spoken

    def _not_looked_up(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The message that asked for what the user did not know, if its record was never read."""
        case, record = self.case, self.case.matcher.record(name, arguments)
        if record is None or self._read(record):
            return None
        for exchange in case.consent.exchanges:
            if asks_for_id(exchange.text) and (says_unknown(exchange.answer) or not _NUMBER.search(exchange.answer)):
                return exchange.message
        return None

    def _read(self, record: str) -> bool:
        """Whether a result tells more of a record than that there is one."""
        return any(
            record in event.call.arguments.values()
            or any(one == record for told in told_records(event.content) for one in told.values())
            for event in self.case.mine
            if not event.error
        )


def told_wrongly(consent: Consent, text: str) -> Exchange | None:
    """The first exchange in which the assistant answered a question for a figure with another one.

    Any figure of the form that was asked for is an answer in the next message; later, only one that speaks of it.

    Args:
        consent: What was said.
        text: The right figure.
    """
    right = figures_like(text, text)
    asked = [one for exchange in consent.exchanges for one in sentences(exchange.answer) if asks_for_figure(one)]
    said = "\n".join(asked)
    fresh = False
    for exchange in consent.exchanges:
        proposed = exchange.requested and "?" in exchange.text
        spoken = sentences(exchange.text) if right else []
        for before, sentence in zip(["", *spoken], spoken, strict=False):
            given = set(figures_like(sentence, text)) - set(figures_like(said, text))
            of_it = not any(sign.isalpha() for sign in sentence) or any(
                answers(f"{before} {sentence}", question) for question in asked
            )
            if given and right[0] not in given and (fresh or (of_it and not proposed)):
                return exchange
        fresh = any(map(asks_for_figure, sentences(exchange.answer)))
    return None
