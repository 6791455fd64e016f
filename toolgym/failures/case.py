"""One failed trajectory beside its task's gold: the findings, what follows from what, and the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from toolgym.domain import Domain
from toolgym.evaluation.grade import grade
from toolgym.failures.agreement import Exchange, asks_for_consent, exchanges, gives_up, names, says_yes
from toolgym.failures.arguments import Difference
from toolgym.failures.confusions import confusions_of
from toolgym.failures.events import Event, play_again
from toolgym.failures.evidence import call_text, cut, value_text
from toolgym.failures.matching import Matcher, Pair
from toolgym.failures.report import UNNAMED, FailureReport, Finding, blank
from toolgym.messages import is_stop
from toolgym.prepared import prepare
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym.workshop import Temptation

_STATE = frozenset({"DB", "ENV_ASSERTION", "ACTION"})
"""Components of a grade that depend on what was called."""
_STOPS = ("user_stop", "agent_stop")


@dataclass
class Draft:
    """A finding while the others are still looked for."""

    pattern: str
    message: int
    expected: str
    got: str
    harm: bool = True
    because: Draft | None = None
    times: int = 1
    """How often a call was repeated."""


class Case:
    """One failed trajectory.

    Args:
        domain: The domain.
        task: The task that was played.
        trajectory: What was recorded: a failure.
    """

    def __init__(self, domain: Domain, task: Task, trajectory: Trajectory) -> None:
        self.task = task
        self.trajectory = trajectory
        self.messages = trajectory.messages
        self.prepared = prepare(domain, task)
        self.confusions = confusions_of(domain)
        self.known = domain.workshop is not None
        self.played = play_again(self.prepared, trajectory)
        self.matcher = Matcher(domain, self.prepared, self.confusions)
        criteria = task.evaluation_criteria
        self.basis = frozenset(criteria.reward_basis) if criteria is not None else frozenset()
        self.gold_known = criteria is not None and criteria.actions is not None
        self.grade = grade(self.prepared, self.played.session, self.messages, "user_stop")
        self.temptations = tuple(self.confusions.temptations(task))
        self.exchanges = tuple(exchanges(self.messages))
        self.mine = tuple(event for event in self.played.events if event.call.requestor == "assistant")
        self.drafts: list[Draft] = []
        self.by_event: dict[int, list[Draft]] = {}
        """The findings of a call, by the call's id()."""
        self.blamed: dict[int, Draft] = {}
        """By a gold write that was not made, the finding of a call that was made or tried instead."""
        self.instead: dict[str, Draft] = {}
        """By a record that was meant, the finding of a call on another one."""

    def report(self) -> FailureReport:
        """What went wrong."""
        if self.gold_known:
            self._writes()
            self._confirmations()
        self._errors()
        stuck = self._repeats()
        if stuck is None and self.trajectory.termination == "too_many_errors":
            failed = [draft for event in self.mine if event.error for draft in self.by_event.get(id(event), ())]
            if failed and not any(draft.harm for draft in self.drafts):
                failed[-1].harm = True
        self._left_out(stuck)
        ordered = sorted(self.drafts, key=lambda draft: draft.message)
        places = {id(draft): place for place, draft in enumerate(ordered)}
        findings = tuple(
            Finding(
                draft.pattern,
                draft.message,
                draft.expected,
                draft.got,
                draft.harm,
                None if draft.because is None else places[id(draft.because)],
            )
            for draft in ordered
        )
        primary = next((place for place, one in enumerate(findings) if one.harm and one.because is None), None)
        note = "; ".join(self._notes(primary is not None))
        return blank(self.task, self.trajectory, findings=findings, primary=primary, note=note)

    def _add(self, pattern: str, message: int, expected: str, got: str, **more: Any) -> Draft:
        draft = Draft(pattern, message, expected, got, **more)
        self.drafts.append(draft)
        return draft

    def _notes(self, explained: bool) -> Iterator[str]:
        if self.played.differ:
            numbers = ", ".join(map(str, self.played.differ[:5]))
            yield f"run again, the calls of the messages {numbers} answer something else than was recorded"
        if self.played.unanswered:
            yield f"{self.played.unanswered} calls at the end have no result and were left out"
        if not self.known:
            yield "the domain has no workshop: items, variants and what is forbidden could not be told"
        if not self.gold_known:
            yield "the task has no gold calls: what was called could not be judged"
        if not explained:
            unmet = [name for name, value in self.grade.components.items() if value != 1.0]
            ended = self.trajectory.termination
            why = f"{', '.join(unmet)} not met" if unmet else f"the episode ended by {ended}"
            yield f"no rule tells why it failed ({why})"

    # Writes that were made or tried

    @cached_property
    def tempting(self) -> Mapping[int, Temptation]:
        """The temptation to which a call gave way, by the call's id()."""
        found: dict[int, Temptation] = {}
        for event in self.mine:
            if event.writes:
                for one in self.temptations:
                    if self.matcher.alike(event, one.name, one.arguments) and not self._slipped(event, one.pattern):
                        found[id(event)] = one
                        break
        return found

    def _slipped(self, event: Event, pattern: str) -> bool:
        """Whether a call was made by mistake, in the place of a gold write of the same tool that had been agreed to."""
        if pattern == "no_confirmation":
            return self.matcher.like(event) is not None and self._agreed(event) != "no"
        call, said = event.call, [one for one in self.exchanges if one.answered < event.message]
        for text in (self._before(event), "\n".join(f"{one.text}\n{one.answer}" for one in said)):
            if not self._named(text, call.name, call.arguments) and any(
                gold.name == call.name and self._named(text, gold.name, gold.arguments)
                for gold in self.prepared.gold_writes
            ):
                return True
        return False

    @cached_property
    def matched(self) -> Any:
        """The writes beside the gold's."""
        writes = [event for event in self.played.events if event.writes]
        return self.matcher.match(writes, [event for event in writes if id(event) in self.tempting])

    def _writes(self) -> None:
        tried: dict[int, Draft] = {}
        for pair in self.matched.attempts:
            if pair.event.call.requestor == "assistant":
                harm = pair.gold in self.matched.missing
                drafts = self._differences(pair.event, pair.differences, harm=harm)
                if drafts:
                    tried.setdefault(pair.gold, drafts[0])
        self.blamed.update((gold, draft) for gold, draft in tried.items() if gold in self.matched.missing)
        for pair in self.matched.wrong:
            if pair.event.call.requestor == "assistant":
                self._wrong(pair, tried.get(pair.gold))
        for event in self.mine:
            if id(event) in self.tempting:
                self._tempted(event, self.tempting[id(event)])
        for event in self.matched.extra:
            if event.call.requestor == "assistant" and id(event) not in self.tempting:
                self._extra(event)
        for event in self.matched.strays:
            if event.call.requestor == "assistant" and event.error:
                self._stray(event)

    def _wrong(self, pair: Pair, tried: Draft | None) -> None:
        """A write that was made in the place of a gold write, after another try at it or none."""
        event, harm = pair.event, self._lasts(pair.event)
        if pair.of_values and self._consent(event) == "no":
            expected = call_text(event.call.name, self.prepared.gold_writes[pair.gold].arguments)
            self._one(event, "no_confirmation", f"a proposal and a clear yes before it; then {expected}", harm=harm)
            return
        drafts = self._differences(event, pair.differences, harm=harm)
        if tried is not None and tried.message < event.message:
            for draft in drafts:
                if draft.pattern == "ended_early" and draft.harm:
                    tried.harm, draft.because = True, tried  # it was left out because it had been refused

    def _differences(self, event: Event, differences: tuple[Difference, ...], *, harm: bool) -> list[Draft]:
        name, drafts = event.call.name, []
        if event.repeats is not None:  # the first of them was judged
            return drafts
        for one in differences:
            shown = self.messages if self.confusions.role(name, one.argument) in ("item", "variant") else ()
            expected, got = (
                value_text(name, one.argument, value, shown) for value in (one.expected, one.got)
            )
            drafts.append(self._add(one.pattern, event.message, expected, got, harm=harm))
        self.by_event[id(event)] = drafts
        return drafts

    def _tempted(self, event: Event, temptation: Temptation) -> None:
        if not event.changed and (temptation.pattern == "no_confirmation" or event.repeats is not None):
            return
        expected = "no such call: the customer wanted something else in the end"
        if temptation.pattern != "no_confirmation":
            expected = "no such call: it is not allowed"
        self._one(event, temptation.pattern, expected, harm=self._lasts(event))

    def _one(self, event: Event, pattern: str, expected: str, *, harm: bool) -> None:
        got = call_text(event.call.name, event.call.arguments)
        self.by_event[id(event)] = [self._add(pattern, event.message, expected, got, harm=harm)]

    def _extra(self, event: Event) -> None:
        """A write for which the gold has none."""
        harm, consent = self._lasts(event), self._consent(event)
        place = self.matcher.elsewhere(event, self.matched.missing)
        if place is not None:
            gold = self.prepared.gold_writes[place]
            self._one(event, "wrong_record", call_text(gold.name, gold.arguments), harm=harm)
            self.blamed.setdefault(place, self.by_event[id(event)][0])
            return
        tempting = self._half_tempted(event)
        if tempting is not None and (wrong := self.matcher.compared(event, tempting.arguments)):
            drafts = self._differences(event, wrong, harm=harm)
            if (wanted := self.matcher.record(tempting.name, tempting.arguments)) is not None and drafts:
                self.instead[wanted] = drafts[0]
            if consent == "no":
                self._add("no_confirmation", event.message, "no such call: nobody agreed to it", call_text(event.call.name, event.call.arguments), harm=harm)
            return
        like = self.matcher.like(event)
        if consent == "no" or self._other_deed(event):
            if like is not None:
                wrong = self.matcher.differences(event, like)
                if [one.pattern for one in wrong] == ["misattributed_item"]:
                    self._differences(event, wrong, harm=harm)
            self._add("no_confirmation", event.message, "no such call: nobody agreed to it", self._text(event), harm=harm)
            return
        if consent == "yes" and like is not None:
            gold = self.prepared.gold_writes[like]
            if self._named(self._before(event), gold.name, gold.arguments):
                self._differences(event, self.matcher.differences(event, like), harm=harm)
                return
        record = self.matcher.record(event.call.name, event.call.arguments)
        for place in self.matched.missing:
            gold = self.prepared.gold_writes[place]
            if record is not None and self.matcher.record(gold.name, gold.arguments) == record:
                self._one(event, UNNAMED, call_text(gold.name, gold.arguments), harm=harm)
                return
        self._one(event, "forbidden_write", "no such call", harm=harm)

    def _other_deed(self, event: Event) -> bool:
        """Whether something else was made or tried with the same record since the user's last words."""
        since = next((one.answered for one in reversed(self.exchanges) if one.answered < event.message), -1)
        record = self.matcher.record(event.call.name, event.call.arguments)
        return record is not None and any(
            other.writes
            and since < other.message < event.message
            and other.call.name != event.call.name
            and self.matcher.record(other.call.name, other.call.arguments) == record
            for other in self.mine
        )

    def _text(self, event: Event) -> str:
        return call_text(event.call.name, event.call.arguments)

    def _half_tempted(self, event: Event) -> Temptation | None:
        """What the user wanted first or cannot have, if only that may be meant by a call of that tool."""
        if self.matcher.like(event) is not None:
            return None
        record = self.matcher.record(event.call.name, event.call.arguments)
        for one in self.temptations:
            if one.name == event.call.name and (
                one.pattern == "no_confirmation" or record == self.matcher.record(one.name, one.arguments)
            ):
                return one
        return None

    def _stray(self, event: Event) -> None:
        record = self.matcher.record(event.call.name, event.call.arguments)
        known = record is not None and self.confusions.owner(event.before, record) is not None
        self._one(event, "forbidden_write" if known else "invalid_argument", "no such call", harm=False)

    def _lasts(self, event: Event) -> bool:
        """Whether what a write changed is in the end not as the gold leaves it."""
        if not self.basis & _STATE:
            return False
        now, right = self.played.session.diff(), self.prepared.gold_diff
        return any(now.get(key, "") != right.get(key, "") for key in event.touched)

    # Whether writes were agreed to

    def _confirmations(self) -> None:
        for event in self.mine:
            if not (event.writes and event.changed) or self._consent(event) != "no":
                continue
            found = [draft for draft in self.drafts if draft.message == event.message]
            if any(draft.pattern == "no_confirmation" for draft in found):
                continue
            # Whoever is asked can object to what is wrong; to what it wants although it must not have it, it would not.
            wrong = any(draft.harm and draft.pattern != "forbidden_write" for draft in found)
            draft = self._add(
                "no_confirmation", event.message, "a proposal and a clear yes before it", self._text(event), harm=wrong
            )
            last = next((one for one in reversed(self.exchanges) if one.answered < event.message), None)
            if wrong and last is not None and asks_for_consent(last.text) and not says_yes(last.answer):
                self.drafts.remove(draft)
                self.drafts.insert(0, draft)  # it acted against a no

    def _before(self, event: Event) -> str:
        """What the assistant had said before the user's last words before a call."""
        return next((one.text for one in reversed(self.exchanges) if one.answered < event.message), "")

    def _consent(self, event: Event) -> Literal["no", "yes", "named"]:
        """As :meth:`_agreed`, but a yes to a proposal that means another gold write is none."""
        agreed = self._agreed(event)
        return "no" if agreed == "yes" and not self._meant(event, self._before(event)) else agreed

    def _agreed(self, event: Event) -> Literal["no", "yes", "named"]:
        """Whether a write was agreed to before; ``"named"`` if what was agreed to names its record.

        One yes is good for one write, and for others that the same proposal names.
        """
        last = next((one for one in reversed(self.exchanges) if one.answered < event.message), None)
        if last is None or not last.agreed:
            return "no"
        others = self.mine[: self.mine.index(event)]
        used = [other for other in others if other.writes and other.changed and other.message > last.answered]
        known = [value for other in used for value in other.call.arguments.values()]
        given = {name: value for name, value in event.call.arguments.items() if value not in known}
        record = self.matcher.record(event.call.name, event.call.arguments)
        if (record is not None and names(last.text, [record])) or self._named(last.text, event.call.name, given):
            return "named"
        return "no" if used else "yes"

    def _meant(self, event: Event, text: str) -> bool:
        """Whether a proposal that does not name what a write changed may still have meant it: it names nothing else."""
        golds = self.prepared.gold_writes
        named = {place for place, gold in enumerate(golds) if self._named(text, gold.name, gold.arguments)}
        made = {place for place, one in self.matched.right.items() if one is event}
        made |= {pair.gold for pair in self.matched.wrong if pair.event is event}
        return not named or not made or bool(named & made)

    def _named(self, text: str, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a text speaks of what a call changes: by its record, or by a value that is no common word."""
        record = self.matcher.record(name, arguments)
        if record is not None and names(text, [record]):
            return True
        values = [value for value in arguments.values() if isinstance(value, str) and value != record]
        return names(text, [value for value in values if len(value) > 3 and value != value.lower()])

    def _agreed_in(self, name: str, arguments: Mapping[str, Any]) -> Exchange | None:
        """The last exchange in which a call was agreed to and after which no write was made or tried."""
        for one in reversed(self.exchanges):
            if one.agreed and asks_for_consent(one.text) and self._named(one.text, name, arguments):
                until = next((other.answered for other in self.exchanges if other.answered > one.answered), None)
                tried = any(
                    event.writes and event.message > one.answered and (until is None or event.message < until)
                    for event in self.mine
                )
                return None if tried else one
        return None

    # Calls that failed or led nowhere

    def _errors(self) -> None:
        """Calls that failed and were no writes."""
        for event in self.mine:
            if event.error and not event.writes and event.repeats is None:
                got = f"{call_text(event.call.name, event.call.arguments)}: {cut(event.content)}"
                self.by_event[id(event)] = [
                    self._add("invalid_argument", event.message, "a call that the tool takes", got, harm=False)
                ]

    def _repeats(self) -> Draft | None:
        """Calls that only repeated an earlier one; what comes back is the finding of those in which the agent ended."""
        found: dict[int, Draft] = {}
        for event in self.mine:
            if event.repeats is None:
                continue
            if event.repeats in found:
                draft = found[event.repeats]
                draft.times += 1
                draft.got = f"{call_text(event.call.name, event.call.arguments)}, {draft.times} times again"
            else:
                got = f"{call_text(event.call.name, event.call.arguments)}, once again"
                draft = self._add("repeated_call", event.message, "no such call again", got, harm=False)
                found[event.repeats] = draft
        if not self.mine or (last := self.mine[-1]).repeats is None:
            return None
        after = [one for one in self.exchanges if one.message > last.message]
        if len(after) > 1 or any(not is_stop(one.answer) for one in after):
            return None
        draft = found[last.repeats]
        if self.trajectory.termination not in _STOPS:
            draft.harm = True
        return draft

    # What was left out

    def _left_out(self, stuck: Draft | None) -> None:
        """Gold writes that were neither made nor tried, texts that were not said, and a needless transfer."""
        transfer = self._transfer()
        rest = [place for place in self._missing() if place not in self.blamed]
        for place in rest:
            gold = self.prepared.gold_writes[place]
            self._not_made(gold.name, gold.arguments, transfer, stuck)
        if self.gold_known and "ACTION" in self.basis:
            writes = {action.action_id for action in self.prepared.gold_writes}
            for action, check in zip(self.task.gold, self.grade.actions, strict=True):
                if not check.met and action.action_id not in writes and action.requestor == "assistant":
                    self._not_made(action.name, action.arguments, transfer, stuck)
        if "COMMUNICATE" in self.basis:
            for check in self.grade.communicate:
                if not check.met:
                    self._not_said(check.what, transfer, stuck)

    def _missing(self) -> tuple[int, ...]:
        return self.matched.missing if self.gold_known and self.basis & _STATE else ()

    def _transfer(self) -> Draft | None:
        """The first transfer, if the gold has none; what follows from it makes it harm."""
        if not self.gold_known or any(action.name in self.confusions.transfers for action in self.task.gold):
            return None
        for event in self.mine:
            if event.call.name in self.confusions.transfers and not event.error:
                got = call_text(event.call.name, event.call.arguments)
                before = self.mine[self.mine.index(event) - 1] if self.mine[0] is not event else event
                if before.error and self._missing():
                    self._first(before, harm=True)  # it handed over what it had not found
                return self._add("needless_transfer", event.message, "no transfer", got, harm=False)
        return None

    def _not_made(
        self, name: str, arguments: Mapping[str, Any], transfer: Draft | None, stuck: Draft | None
    ) -> None:
        """A gold call that was neither made nor tried."""
        expected = call_text(name, arguments)
        agreed = self._agreed_in(name, arguments)
        if agreed is not None:
            said = next((one for one in self.exchanges if one.message > agreed.answered), None)
            if said is not None and not (transfer is not None and agreed.answered < transfer.message < said.message):
                self._add("ended_early", said.message, expected, f"only said: {cut(said.text)}")
                return
        cause = self._cause(name, arguments, transfer, stuck)
        message = self._last_words
        if cause is not None:
            cause.harm = True
            message = max(message, cause.message)
        self._add("ended_early", message, expected, "not made", because=cause)

    def _cause(
        self, name: str, arguments: Mapping[str, Any], transfer: Draft | None, stuck: Draft | None
    ) -> Draft | None:
        """What kept the agent from a gold call; None if nothing did."""
        record = self.matcher.record(name, arguments)
        if record is not None and record in self.instead:
            return self.instead[record]
        for event in self.mine:
            if record is not None and event.changed and record == self.matcher.record(
                event.call.name, event.call.arguments
            ):
                for draft in self.by_event.get(id(event), ()):
                    if draft.harm:
                        return draft
        if transfer is not None or stuck is not None:
            return transfer or stuck
        if (refused := self._refused()) is not None:
            return refused
        return self._walked_out() or (None if self._named(self._dialogue, name, arguments) else self._given_up())

    def _refused(self) -> Draft | None:
        """The finding of the assistant's last call, if that failed and it called nothing any more.

        After a look-up it may have gone on without; after a write it has not.
        """
        if not self.mine or not self.mine[-1].error:
            return None
        last = self.mine[-1]
        if not last.writes and sum(one.message > last.message for one in self.exchanges) > 1:
            return None
        return self._first(last)

    def _first(self, event: Event, *, harm: bool = False) -> Draft | None:
        """The first finding of a call, or of the one that it repeats."""
        for one in self.mine:
            if one is event or (one.message == event.repeats and one.call.name == event.call.name):
                for draft in self.by_event.get(id(one), ()):
                    draft.harm |= harm
                    return draft
        return None

    def _walked_out(self) -> Draft | None:
        """The write without a yes or the refused call after which the user left with the first thing that it said."""
        if self.trajectory.termination != "user_stop" or not self.exchanges:
            return None
        since = self.exchanges[-2].answered if len(self.exchanges) > 1 else -1
        found = [draft for draft in self.drafts if draft.pattern == "no_confirmation"]
        if (refused := self._refused()) is not None:
            found.append(refused)
        return next((draft for draft in found if draft.message > since), None)

    def _given_up(self) -> Draft | None:
        """The first cause, if the user left without having got what it wanted."""
        if self.trajectory.termination == "user_stop" and self.exchanges and gives_up(self.exchanges[-1].answer):
            return next((draft for draft in self.drafts if draft.harm and draft.because is None), None)
        return None

    def _not_said(self, text: str, transfer: Draft | None, stuck: Draft | None) -> None:
        """A text that had to be told and was not, up to the assistant's last words."""
        found = any(not event.error and _holds(event.content, text) for event in self.mine)
        message, cause = self._last_words, transfer
        if cause is None and stuck is not None and (stuck.times > 1 or self.exchanges[-1].answered < stuck.message):
            cause = stuck
        if cause is None:
            cause = self._walked_out() or (None if found else self._refused() or self._given_up())
        if cause is not None:
            cause.harm = True
            message = max(message, cause.message)
        self._add("fact_not_said", message, repr(text), cut(self.messages[message].content or "not said"), because=cause)

    @cached_property
    def _dialogue(self) -> str:
        """Everything that was said."""
        return "\n".join(f"{one.text}\n{one.answer}" for one in self.exchanges)

    @cached_property
    def _last_words(self) -> int:
        """The number of the assistant's last message."""
        return max((n for n, message in enumerate(self.messages) if message.role == "assistant"), default=0)


def _holds(result: str, text: str) -> bool:
    """Whether a result tells a text; a figure may stand there without its last zeros."""
    short = text.rstrip("0").rstrip(".") if "." in text else text
    return names(result, [text, short])
