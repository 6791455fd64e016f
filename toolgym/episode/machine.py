"""The episode: a dialogue with tools as a state machine, without I/O, threads or an RL library.

Whoever produces the next message (a model, a script, a person) is outside. Gymnasium and PettingZoo environments,
rollouts, trainers and servers are thin drivers of this one machine.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolgym.actions import parse_action
from toolgym.database import Session
from toolgym.domain import Domain
from toolgym.episode.faults import by_tool, termination_by
from toolgym.episode.replay import replay
from toolgym.episode.setup import TaskSetup, set_up
from toolgym.errors import EpisodeError
from toolgym.evaluation.grade import Verdict, checked_verdicts, grade
from toolgym.limits import Limits
from toolgym.messages import (
    SIDES,
    AgentID,
    Message,
    ToolCall,
    canonical_arguments,
    is_stop,
)
from toolgym.patterns import Injection
from toolgym.rewards.terms import RewardTerm
from toolgym.tasks import Task
from toolgym.tools import Tool
from toolgym.trajectory import (
    Fault,
    Grade,
    Participant,
    RewardBreakdown,
    Step,
    Termination,
    Trajectory,
    Usage,
)

_OTHER: dict[AgentID, AgentID] = {"assistant": "user", "user": "assistant"}


class Episode:
    """One dialogue over one task.

    Args:
        domain: The domain, over the data that the task belongs to.
        task: What is played.
        limits: When it is cut off.
        terms: What it pays; success is graded whatever they are.
        judged: Whether a judge will say what it thinks of natural-language assertions: an episode of a task that
            needs one is then graded, and pays its end, when :meth:`settle` is told. Otherwise they are not judged.

    Raises:
        TaskError: If the task cannot be set up.
        WorldError: If its world cannot be found.

    Example:
        >>> from toolgym.registration import make_domain
        >>> mock = make_domain("mock")
        >>> episode = Episode(mock, mock.tasks["test"][0])
        >>> episode.turn
        'user'
        >>> episode.advance(Message("user", "Hi, could you help me?")).terminated
        False
        >>> episode.turn
        'assistant'
    """

    def __init__(
        self,
        domain: Domain,
        task: Task,
        *,
        limits: Limits | None = None,
        terms: Sequence[RewardTerm] = (),
        judged: bool = False,
    ) -> None:
        self.prepared: TaskSetup = set_up(domain, task)
        self.limits = limits or _DEFAULT_LIMITS
        self.terms = terms
        self.judged = judged
        self.toolbox = self.prepared.toolbox()
        self.turn: AgentID | None
        self.termination: Termination | None = None
        self.fault: Fault | None = None
        self.steps = 0
        self.errors = 0
        self.repeats: dict[AgentID, int] = {"assistant": 0, "user": 0}
        self.successful_calls: list[ToolCall] = []
        self.changing_calls: list[ToolCall] = []
        self.rewards: dict[AgentID, dict[str, float]] = {"assistant": {}, "user": {}}
        self.injected: tuple[Injection, ...] = ()
        """Faults that the assistant made on purpose; whoever drives the episode puts them here."""
        self.usage: dict[Participant, Usage] = {}
        """What each participant used; whoever drives the episode puts it here."""
        self.started = time.time()
        self._clock = time.perf_counter()
        self._seconds: float | None = None
        self._seen: dict[tuple[AgentID, str, str], object] = {}
        self._grade: Grade | None = None
        self._ending: Step | None = None
        self._verdicts: Sequence[Verdict] | None = None
        self._impure = not domain.compat.graded_live and domain.sync is not None
        opening = self.prepared.history or (Message("assistant", domain.greeting),)
        self._messages: list[Message] = list(opening)
        prompts = self.prepared.prompts
        self._views: dict[AgentID, list[Message]] = {side: [prompts[side]] for side in SIDES}
        self._said_beside_calls: list[str] = []
        for message in opening:
            self._show(message)
        last = opening[-1]
        self.turn = last.requestor if last.role == "tool" else _OTHER[last.role]  # type: ignore[index]  # a side's
        self.toolbox.synchronise()

    @property
    def domain(self) -> Domain:
        """The domain that is played."""
        return self.prepared.domain

    @property
    def task(self) -> Task:
        """The task that is played."""
        return self.prepared.task

    @property
    def session(self) -> Session:
        """The state."""
        return self.toolbox.session

    @property
    def messages(self) -> Sequence[Message]:
        """All messages of both sides so far, system prompts left out."""
        return self._messages

    def view(self, agent: AgentID, since: int = 0) -> tuple[Message, ...]:
        """What a side may see, oldest first: its prompt, what was said, its own calls and their results.

        Args:
            agent: The side.
            since: How many of the first messages to leave out, at least 0.
        """
        return tuple(self._views[agent][since:])

    def seen(self, agent: AgentID) -> int:
        """How many messages a side sees by now."""
        return len(self._views[agent])

    def tools(self, agent: AgentID) -> tuple[Tool, ...]:
        """The tools that a side can call."""
        return self.prepared.tools[agent]

    def tokens(self, agent: AgentID) -> int | None:
        """Tokens that a side generated, or None if one of its messages does not say."""
        start = len(self.prepared.history) or 1
        counts = [message.tokens for message in self._messages[start:] if message.role == agent]
        if not counts or None in counts:
            return None
        return sum(count for count in counts if count is not None)

    @property
    def grade(self) -> Grade:
        """How the episode is graded, computed once.

        Raises:
            EpisodeError: If it is not over, or waits for verdicts.
        """
        if self._grade is None:
            if self.turn is not None:
                raise EpisodeError(f"the episode is not over: it is the {self.turn}'s turn")
            if self.pending:
                raise EpisodeError("the episode waits for a judge's verdicts; see settle")
            if self.fault is not None:
                self._grade = Grade(None, None, note=f"void: {self.fault.source}: {self.fault.reason}")
            else:
                final, verdicts = self._final_session(), self._verdicts
                if self.judged and verdicts is None:
                    verdicts = ()  # it did not come to a judgement: what failed before has failed
                self._grade = grade(self.prepared, final, self._messages, self.termination, verdicts)
        return self._grade

    @property
    def pending(self) -> tuple[str, ...]:
        """The assertions on which a judge's verdicts are awaited before the episode can be graded; mostly none."""
        if not self.judged or self._verdicts is not None or self.termination not in ("user_stop", "agent_stop"):
            return ()
        criteria = self.task.evaluation_criteria
        return tuple(criteria.nl_assertions or ()) if criteria is not None and self.task.needs_judge else ()

    def advance(self, message: Message) -> Step:
        """Append a message of the side whose turn it is, run its calls, pass the turn, pay the terms.

        A bad call is an observation, one that says it is by the other side included: a side calls its own tools only.
        A message without text or calls is answered with an error, and so is one that is longer than :attr:`limits`
        allow: nothing of it is said or run, and little of it is kept.

        Raises:
            EpisodeError: If the episode is over, or it is the other side's turn.
        """
        side = self.turn
        if side is None:
            raise EpisodeError(f"the episode is over ({self.termination}); make a new one")
        if message.role != side:
            raise EpisodeError(f"it is the {side}'s turn, and the message is the {message.role}'s")
        limits, said = self.limits, message
        if (
            (message.content is not None and len(message.content) > limits.max_characters)
            or len(message.tool_calls) > limits.max_calls
            or message.reasoning is not None
        ):
            message = limits.applied_to(message)
        if not message.tool_calls and not (message.content and message.content.strip()):
            message = parse_action(message, side)
        self.steps += 1
        repeats = self.repeats[side]
        if message.tool_calls:
            appended = self._run_calls(message, side, bounded=message is not said)
            self.steps += 1
        else:
            appended = (message,)
            self.turn = _OTHER[side]
            if side == "user" and is_stop(message.content or ""):
                self.termination = "user_stop"
        self._messages.extend(appended)
        for item in appended:
            self._show(item)
        if self.toolbox.sync is not None:
            self.toolbox.synchronise()
        truncated = False
        if self.steps >= self.limits.max_steps:
            self.termination, truncated = "max_steps", True
        if self.errors >= self.limits.max_errors:
            self.termination, truncated = "too_many_errors", True
        over = self.termination is not None
        if over:
            self._end()
        step = Step(side, appended, {}, over and not truncated, truncated, self.repeats[side] - repeats)
        if over:
            self._ending = step
            over = not self.pending
        return self._pay(step, step, over) if self.terms else step

    def settle(self, verdicts: Sequence[Verdict]) -> Step:
        """Take a judge's verdicts on the :attr:`pending` assertions; the episode is graded and pays its end.

        Args:
            verdicts: One an assertion, in order.

        Raises:
            EpisodeError: If none are awaited.
            ServiceError: If they are not one verdict an assertion; the episode still waits.
        """
        pending, ending = self.pending, self._ending
        if not pending or ending is None:
            raise EpisodeError("the episode waits for no verdicts")
        self._verdicts = checked_verdicts(verdicts, pending)
        return self._pay(None, replace(ending, messages=(), reward_terms={}, repeats=0), over=True)

    def fail(self, fault: Fault, termination: Termination | None = None) -> Step:
        """End the episode because something other than the agent failed; it pays nothing and counts as nothing.

        Args:
            fault: What failed.
            termination: Why it ended; by default ``user_error`` or ``infrastructure_error``.

        Raises:
            EpisodeError: If it is over, and waits for no verdicts.
        """
        ending = self._ending
        if self.turn is None and not (self.pending and ending is not None):
            raise EpisodeError(f"the episode is over ({self.termination}) and cannot fail any more")
        side = self.turn or ending.agent  # type: ignore[union-attr]  # one of them is there
        self.fault = fault
        self.termination = termination or termination_by(fault)
        self._end()
        return Step(side, (), {}, terminated=False, truncated=True)

    def give_up(self, termination: Termination = "context_window_exceeded") -> Step:
        """End the episode because the side whose turn it is cannot go on, by its own failure; it is graded 0.

        Args:
            termination: Why; not a stop.

        Raises:
            EpisodeError: If it is over.
        """
        side = self.turn
        if side is None:
            raise EpisodeError(f"the episode is over ({self.termination}) and cannot be given up any more")
        if termination in ("user_stop", "agent_stop"):
            raise ValueError(f"an episode cannot be given up by {termination!r}, which is a regular end")
        self.termination = termination
        self._end()
        step = Step(side, (), {}, terminated=False, truncated=True)
        return self._pay(None, step, over=True)

    def trajectory(self, **facts: Any) -> Trajectory:
        """The episode as it stands, to be stored.

        Args:
            facts: Fields of :class:`~toolgym.trajectory.Trajectory` that the episode does not know: agent, user,
                trial, seed, split.
        """
        usage: dict[Participant, Usage] = {}
        for side in SIDES:
            if (tokens := self.tokens(side)) is not None:
                usage[side] = Usage(output_tokens=tokens)
        rewards: RewardBreakdown = {side: terms for side, terms in self.rewards.items() if terms}
        return Trajectory(
            domain=self.domain.name,
            task_id=self.task.id,
            task_key=self.task.key,
            messages=tuple(self._messages),
            termination=self.termination,
            grade=self.grade if self.turn is None and self.fault is None and not self.pending else None,
            history=len(self.prepared.history),
            fault=self.fault,
            rewards=rewards,
            data=self.domain.compat.name,
            injected=self.injected,
            usage=usage | self.usage,
            started=self.started,
            seconds=self._seconds,
            **facts,
        )

    def _run_calls(self, message: Message, side: AgentID, *, bounded: bool) -> tuple[Message, ...]:
        """Run the calls of a message, whose limits are looked at first if that was not done."""
        given: list[tuple[ToolCall, str]] = []
        characters = len(message.content or "")
        for call in message.tool_calls:
            if call.problem is None:
                try:
                    written = canonical_arguments(call.arguments)
                except (TypeError, ValueError, RecursionError) as error:
                    written = ""
                    call = replace(call, arguments={}, problem=f"The arguments are not JSON: {error}.", raw="")
            else:
                written = call.raw or ""
            if call.requestor != side:
                problem = f"The call says that it is by the {call.requestor}; the {side} can only call its own tools."
                call = replace(call, arguments={}, requestor=side, problem=problem, raw=written)
            given.append((call, written))
            characters += len(call.name) + len(written)
        if characters > self.limits.max_characters and not bounded:  # as JSON, which may be longer
            return self._run_calls(self.limits.applied_to(message), side, bounded=True)
        calls: list[ToolCall] = []
        results: list[Message] = []
        for call, written in given:
            name = (side, call.name, written)
            found = self.toolbox.tool(call.name)
            before = self.session.fingerprint
            if name in self._seen and self._seen[name] == before and not (found and found.repeatable):
                self.repeats[side] += 1
            try:
                result = self.toolbox.call(call)
            except BaseException as error:  # a mistake of the domain: what ran before it stays on record
                self._messages += (replace(message, tool_calls=(*calls, call)), *results)
                outcome = by_tool(error, call.name)
                self.fault, self.termination = outcome.fault, outcome.termination
                self._end()
                raise
            self._seen[name] = self.session.fingerprint
            if result.error:
                self.errors += 1
            else:
                self.successful_calls.append(call)
            if result.changed:
                self.changing_calls.append(call)
                if found is None or not found.mutates:
                    self._impure = True
            calls.append(call)
            results.append(Message("tool", result.content, tool_call_id=call.id, requestor=side, error=result.error))
        if any(ran is not asked for ran, asked in zip(calls, message.tool_calls, strict=True)):
            message = replace(message, tool_calls=tuple(calls))
        return (message, *results)

    def _show(self, message: Message) -> None:
        """Put a message into the views of those who may see it.

        What a user says beside its calls reaches the assistant with its next words, when the turn passes; by tau2's
        rule it never does.
        """
        if message.role == "tool":
            self._views[message.requestor].append(message)
        elif message.tool_calls:
            self._views["assistant" if message.role == "assistant" else "user"].append(message)
            if message.role == "user" and message.content and self.domain.compat.heard_beside_calls:
                self._said_beside_calls.append(message.content)
        elif message.reasoning is None and message.extra is None and not self._said_beside_calls:
            for view in self._views.values():
                view.append(message)
        else:
            for side, view in self._views.items():
                view.append(message if side == message.role else self._heard(message))

    def _heard(self, message: Message) -> Message:
        """A message as the other side hears it."""
        content = message.content
        if message.role == "user" and self._said_beside_calls:
            content = "\n\n".join([*self._said_beside_calls, content or ""])
            self._said_beside_calls.clear()
        return replace(message, content=content, reasoning=None, extra=None)

    def _pay(self, taken: Step | None, step: Step, over: bool) -> Step:
        """The step with what the terms pay: for what was taken, if anything was, and for the end, if it is over."""
        paid: dict[AgentID, dict[str, float]] = {}
        for term in self.terms:
            if taken is not None and (payment := term.on_step(self, taken)):
                self._book(paid, term.name, payment)
            if over and (payment := term.on_end(self)):
                self._book(paid, term.name, payment)
        return replace(step, reward_terms=paid) if paid else step

    def _book(self, paid: dict[AgentID, dict[str, float]], name: str, payment: Mapping[AgentID, float]) -> None:
        for side, amount in payment.items():
            for account in (paid.setdefault(side, {}), self.rewards[side]):
                account[name] = account.get(name, 0.0) + amount

    def _end(self) -> None:
        self.turn = None
        self._seconds = time.perf_counter() - self._clock

    def _final_session(self) -> Session:
        """The state to grade: the live one, unless something other than a WRITE changed it.

        tau2 grades a state in which only the state-changing calls were run again; where reading or synchronising
        changes the state, that is another one than the live one.
        """
        if not self._impure:
            return self.session
        toolbox = self.prepared.toolbox()
        replay(toolbox, self._messages[len(self.prepared.history) :], strict=False)
        return toolbox.session


_DEFAULT_LIMITS = Limits()
