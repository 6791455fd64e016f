"""What was left undone or unsaid, and what of it follows from something else."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.failures.rules.case import Case, OpenFinding
from toolgym.failures.rules.events import Event
from toolgym.failures.rules.evidence import call_text, cut
from toolgym.failures.rules.unmade import Unmade, told_wrongly
from toolgym.failures.rules.user_acts import not_done
from toolgym.failures.rules.wrong_calls import tried_in_vain
from toolgym.language.agreement import names
from toolgym.language.consent import content, gives_up
from toolgym.language.lapses import says_done
from toolgym.tasks import Action


class Omissions:
    """Finds what a trajectory left out.

    Args:
        case: The trajectory, with what was found in its calls.
        stuck: The finding of the calls that the assistant only repeated in the end.
    """

    def __init__(self, case: Case, stuck: OpenFinding | None) -> None:
        self.case = case
        self.stuck = stuck
        self.in_vain = tried_in_vain(case)
        self.unmade = Unmade(case)
        self.by_user = case.trajectory.termination == "user_stop" and bool(case.consent.exchanges)

    def judge(self) -> None:
        """Find gold calls that were neither made nor tried, texts that were not said, and a needless transfer."""
        case = self.case
        if self.stuck is None and case.trajectory.termination == "too_many_errors" and case.first_cause() is None:
            failed = [draft for event in case.mine if event.error for draft in case.of(event.place)]
            if failed:
                failed[-1].harm = True
        self.transfer = self._transfer()
        self.undone: OpenFinding | None = None
        for place in case.missing:
            if place in case.blamed:
                self.undone = self.undone or case.blamed[place]
            else:
                self._left_undone(case.prepared.gold_writes[place])
        if case.gold_known and "ACTION" in case.basis:
            writes = {action.action_id for action in case.prepared.gold_writes}
            for action, check in zip(case.task.gold, case.grade.actions, strict=True):
                if not check.met and action.action_id not in writes:
                    self._left_undone(action)
        if "COMMUNICATE" in case.basis:
            for check in case.grade.communicate:
                if not check.met:
                    self._not_said(check.what)

    def _transfer(self) -> OpenFinding | None:
        """The first transfer, if the gold has none; harm comes of it if something follows from it."""
        case = self.case
        if not case.gold_known or any(action.name in case.argument_roles.transfers for action in case.task.gold):
            return None
        before: Event | None = None
        for event in case.mine:
            if event.call.name in case.argument_roles.transfers and not event.error:
                if before is not None and before.error and not before.writes and case.missing:
                    self._failed(before, harm=True)  # it handed over what it had not found
                return case.add_call(event, "needless_transfer", "no transfer", harm=False)
            before = event
        return None

    def _left_undone(self, gold: Action) -> None:
        """A gold call that was neither made nor tried, by whichever side; each side may wait for the other's."""
        if gold.requestor == "user":
            kept_from = self.transfer or self.stuck or self.undone
            draft = not_done(self.case, gold.name, gold.arguments, kept_from)
        else:
            draft = self._not_made(gold.name, gold.arguments)
        self.undone = self.undone or draft

    def _not_made(self, name: str, arguments: Mapping[str, Any]) -> OpenFinding:
        """A gold call of the assistant's that was neither made nor tried."""
        case, expected, transfer = self.case, call_text(name, arguments), self.transfer
        promised = case.consent.promised(name, arguments)
        said = next(iter(case.consent.after(promised.answered)), None) if promised is not None else None
        if promised is not None and said is not None:
            handed_over = transfer is not None and promised.answered < transfer.message < said.message
            if not handed_over and (left := self._user_left(name, arguments)) is not None:
                return left
            if not handed_over:
                pattern = "said_not_done" if says_done(said.text) else "ended_early"
                return case.add(pattern, said.message, expected, f"only said: {cut(said.text)}")
        waited = self.undone if self.undone is not None and self.undone.pattern.startswith("user_") else None
        cause = self._cause(name, arguments) or waited
        if cause is None and (why := self.unmade.why(name, arguments)) is not None:
            return case.add(why.pattern, why.message, expected, cut(case.messages[why.message].content or ""))
        return self._consequence("ended_early", expected, "not made", cause)

    def _user_left(self, name: str, arguments: Mapping[str, Any]) -> OpenFinding | None:
        """The finding about a user that left before a call could be made."""
        message = self.case.deviation.left(name, arguments)
        if message is None:
            return None
        got = cut(self.case.messages[message].content or "")
        return self.case.add("user_deviated", message, call_text(name, arguments), got)

    def _not_said(self, text: str) -> None:
        """A text that had to be told and was not, up to the assistant's last words."""
        case, cause = self.case, self.transfer
        if cause is None and self.stuck is not None:
            silent = not case.consent.after(self.stuck.message)
            cause = self.stuck if silent or self.stuck.times > 1 else None
        if cause is None:
            found = any(not event.error and _holds(event.content, text) for event in case.mine)
            cause = self._walked_out() or (None if found else self._refused() or self._given_up())
        wrong = told_wrongly(case.consent, text)
        if wrong is not None:
            if cause is not None and cause.message > wrong.message:
                cause = None
            if cause is not None:
                cause.harm = True
            case.add("wrong_figure", wrong.message, repr(text), cut(wrong.text), because=cause)
            return
        last = case.messages[case.last_words].content if case.messages else None
        self._consequence("fact_not_said", repr(text), cut(last or "not said"), cause)

    def _consequence(self, pattern: str, expected: str, got: str, cause: OpenFinding | None) -> OpenFinding:
        message = self.case.last_words
        if cause is not None:
            cause.harm = True
            message = max(message, cause.message)
        return self.case.add(pattern, message, expected, got, because=cause)

    # What something else may follow from

    def _cause(self, name: str, arguments: Mapping[str, Any]) -> OpenFinding | None:
        """What kept the assistant from a gold call; None if nothing did."""
        case, record = self.case, self.case.matcher.record(name, arguments)
        if record is not None and record in case.instead:
            return case.instead[record]
        if record is not None and record in self.in_vain:
            return self.in_vain[record]
        for event in case.mine:
            if record is not None and event.changed and case.record(event) == record:
                for draft in case.of(event.place):
                    if draft.harm:
                        return draft
        if (found := self.transfer or self.stuck or self._refused() or self._walked_out()) is not None:
            return found
        return None if case.consent.named(case.consent.dialogue, name, arguments) else self._given_up()

    def _refused(self) -> OpenFinding | None:
        """The finding about the assistant's last call, if that failed and no call followed.

        A failed look-up can be worked around; a failed write cannot.
        """
        last = self.case.mine[-1] if self.case.mine else None
        if last is None or not last.error:
            return None
        went_on = not last.writes and len(self.case.consent.after(last.message)) > 1
        return None if went_on else self._failed(last)

    def _failed(self, event: Event, *, harm: bool = False) -> OpenFinding | None:
        """The first finding of a failed call, or of the one that it repeats.

        A forbidden write that the tool refused is none: the assistant could have gone on.
        """
        for draft in self.case.of(event.place if event.repeats is None else event.repeats):
            if draft.pattern != "forbidden_write":
                draft.harm |= harm
                return draft
        return None

    def _walked_out(self) -> OpenFinding | None:
        """The write without a yes or the refused call after which the user left with the first thing that it said."""
        exchanges = self.case.consent.exchanges
        if not self.by_user or content(exchanges[-1].answer):
            return None
        since = exchanges[-2].answered if len(exchanges) > 1 else -1
        found = [draft for draft in self.case.drafts if draft.pattern == "no_confirmation"]
        if (refused := self._refused()) is not None:
            found.append(refused)
        return next((draft for draft in found if draft.message > since), None)

    def _given_up(self) -> OpenFinding | None:
        """The first cause, if the user left without having got what it wanted."""
        gave_up = self.by_user and gives_up(self.case.consent.exchanges[-1].answer)
        return self.case.first_cause() if gave_up else None


def _holds(result: str, text: str) -> bool:
    """Whether a result tells a text; of a figure such as "74.00", also as 74.0 or 74."""
    forms = {text}
    if "." in text:
        zeros = len(text) - len(text.rstrip("0"))
        forms |= {text[: len(text) - dropped].rstrip(".") for dropped in range(zeros + 1)}
    return names(result, sorted(forms))
