"""Why a call was neither made nor tried, or a figure not told: by what both sides said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from toolgym.failures.rules.case import Case
from toolgym.failures.rules.consent import Consent
from toolgym.failures.rules.evidence import told_records
from toolgym.language.agreement import Exchange
from toolgym.language.lapses import (
    asks_for_figure,
    asks_for_id,
    figures_like,
    refusals,
    says_done,
    says_unknown,
    speaks_of_doing,
)


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
        """The message that says that a call was made, if no call of that tool was."""
        case = self.case
        if any(event.call.name == name and event.changed for event in case.mine):
            return None
        for exchange in case.consent.exchanges:
            spoken = case.deviation.speaks_of(exchange.text, name)
            if says_done(exchange.text) and (spoken or case.consent.named(exchange.text, name, arguments)):
                made = any(event.writes and event.changed and event.message < exchange.message for event in case.mine)
                return exchange.message if spoken or not made else None
        return None

    def _refused(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The last message that refused a call and was not taken back; not where the like of it is forbidden."""
        case, record = self.case, self.case.matcher.record(name, arguments)
        if any(one.name == name and case.matcher.record(one.name, one.arguments) == record for one in case.decoys):
            return None
        found = None
        for exchange in case.consent.exchanges:
            if exchange.requested and case.consent.named(exchange.text, name, arguments):
                found = None
            elif any(self._is_about(one, name, arguments) for one in refusals(exchange.text)):
                found = exchange.message
        return found

    def _is_about(self, sentence: str, name: str, arguments: Mapping[str, Any]) -> bool:
        case = self.case
        if case.consent.named(sentence, name, arguments):
            return True
        others = sum(gold.name == name for gold in case.prepared.gold_writes)
        spoken = case.deviation.speaks_of(sentence, name) or speaks_of_doing(sentence, name.split("_")[0])
        return others == 1 and spoken

    def _not_looked_up(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The message that asked for what the user did not know, if its record was never read."""
        case, record = self.case, self.case.matcher.record(name, arguments)
        if record is None or self._read(record):
            return None
        for exchange in case.consent.exchanges:
            if asks_for_id(exchange.text) and says_unknown(exchange.answer):
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

    Args:
        consent: What was said.
        text: The right figure.
    """
    right = figures_like(text, text)
    for asked, answer in zip(consent.exchanges, consent.exchanges[1:], strict=False):
        if not asks_for_figure(asked.answer):
            continue
        given = [one for one in figures_like(answer.text, text) if one not in figures_like(asked.answer, text)]
        if given and right and right[0] not in given:
            return answer
    return None
