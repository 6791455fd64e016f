"""Letting an agent speak for as long as it is its side's turn, and a judge when the episode waits for one.

Each comes twice: for synchronous drivers, which wait for an agent that answers with an awaitable, and for coroutines,
in which many episodes wait at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from types import NoneType

from toolgym.concurrency.bridge import wait_for
from toolgym.domain import Agent
from toolgym.episode.faults import Outcome, by_participant
from toolgym.episode.machine import Episode
from toolgym.evaluation.grade import Judge, Verdict, checked_verdicts
from toolgym.limits import Limits
from toolgym.messages import MAX_TOKENS, AgentID, Message
from toolgym.trajectory import NO_USAGE, Step, Usage


def take_turn(episode: Episode, side: AgentID, agent: Agent) -> list[Step]:
    """Let an agent speak and call tools until the other side's turn or the end.

    Args:
        episode: The episode.
        side: The side that the agent plays.
        agent: Produces the messages.

    Returns:
        The steps taken, in order; none if it is not this side's turn. A user that raises, or answers what is no
        user's message, ends the episode with a fault, and so does a ServiceError of either side. An assistant whose
        model's context is full ends it with ``context_window_exceeded``, which counts as a failure of its own. A user
        whose model's context is full ends it with ``user_context_window_exceeded``: a failure of the assistant if that
        wrote more than half of all the characters that the user has to read, its prompt included, and else a fault.

    Raises:
        BudgetError: If there is no money left; the episode goes on if it is told to.
        Exception: What an assistant raises.
    """
    steps = []
    while episode.turn == side:
        try:
            answer = agent.respond(episode.view(side))
            message = answer if isinstance(answer, Message) else _waited(answer)
            _check(message, side, episode.limits)
        except Exception as error:
            steps.append(_failed(episode, side, error))
        else:
            steps.append(episode.advance(message))
    return steps


async def take_turn_async(episode: Episode, side: AgentID, agent: Agent) -> list[Step]:
    """The same as :func:`take_turn`, in a coroutine."""
    steps = []
    while episode.turn == side:
        try:
            answer = agent.respond(episode.view(side))
            message = answer if isinstance(answer, Message) else await _awaited(answer)
            _check(message, side, episode.limits)
        except (Exception, asyncio.CancelledError) as error:
            steps.append(_failed(episode, side, error))
        else:
            steps.append(episode.advance(message))
    return steps


def take_verdict(episode: Episode, judge: Judge | None) -> list[Step]:
    """Let a judge settle an episode that waits for one.

    Args:
        episode: The episode.
        judge: The judge.

    Returns:
        The step that pays the end; none if the episode does not wait. A judge that fails voids the episode.

    Raises:
        BudgetError: If there is no money left; the episode still waits.
    """
    wanted = episode.pending
    if not wanted or judge is None:
        return []
    try:
        answer = judge(wanted, episode.messages)
        verdicts = _noted(episode, wanted, wait_for(answer) if isinstance(answer, Awaitable) else answer)
    except Exception as error:
        return [_unjudged(episode, error)]
    return [episode.settle(verdicts)]


async def take_verdict_async(episode: Episode, judge: Judge | None) -> list[Step]:
    """The same as :func:`take_verdict`, in a coroutine."""
    wanted = episode.pending
    if not wanted or judge is None:
        return []
    try:
        answer = judge(wanted, episode.messages)
        verdicts = _noted(episode, wanted, await answer if isinstance(answer, Awaitable) else answer)
    except (Exception, asyncio.CancelledError) as error:
        return [_unjudged(episode, error)]
    return [episode.settle(verdicts)]


def note_participants(episode: Episode, **agents: object) -> None:
    """Write down what the participants used, and the faults that the assistant made on purpose.

    Args:
        episode: The episode, in whose records it goes.
        agents: The agents by side: ``assistant=``, ``user=``.
    """
    for side, agent in agents.items():
        if (usage := getattr(agent, "usage", None)) is not None:
            episode.usage[side] = usage  # type: ignore[index]  # the names of the sides
    episode.injected = tuple(getattr(agents.get("assistant"), "injected", ()))


async def _awaited(answer: object) -> Message:
    return await answer if isinstance(answer, Awaitable) else answer  # type: ignore[return-value]  # see below


def _waited(answer: object) -> Message:
    """What an awaitable comes to; anything else is not a message, and is told so where it is used."""
    return wait_for(answer) if isinstance(answer, Awaitable) else answer  # type: ignore[return-value]  # as said above


def _failed(episode: Episode, side: AgentID, error: BaseException) -> Step:
    """End the episode by what one side's agent raised, or raise it where it is a mistake of the caller's."""
    crowded_out = side == "user" and _made_too_long_by_the_assistant(episode)
    return _ended(episode, by_participant(error, side, crowded_out=crowded_out))


def _ended(episode: Episode, outcome: Outcome) -> Step:
    if outcome.raised is not None:
        raise outcome.raised
    if outcome.fault is not None:
        return episode.fail(outcome.fault, outcome.termination)
    return episode.give_up(outcome.termination)


def _made_too_long_by_the_assistant(episode: Episode) -> bool:
    """Whether the assistant wrote more than half of all the characters that the user has to read.

    The user's prompt is among them, so that a context that is too small for the user's own part is not the assistant's
    failure. What was said before the episode began, its greeting among it, is not the assistant's own.
    """
    spoken = episode.messages[len(episode.prepared.history) or 1 :]
    own = sum(len(one.content or "") for one in spoken if one.role == "assistant" and not one.tool_calls)
    return 2 * own > sum(len(one.content or "") for one in episode.view("user"))


def _noted(episode: Episode, wanted: Sequence[str], answer: object) -> Sequence[Verdict]:
    """The verdicts of a judge, what it used written down."""
    _note_judge(episode, answer)
    return checked_verdicts(answer, wanted)


def _note_judge(episode: Episode, answer: object) -> None:
    usage = getattr(answer, "usage", None)
    if isinstance(usage, Usage):
        episode.usage["judge"] = episode.usage.get("judge", NO_USAGE) + usage


def _unjudged(episode: Episode, error: BaseException) -> Step:
    """End the episode by what its judge raised, what that used written down, or raise it."""
    _note_judge(episode, error)
    return _ended(episode, by_participant(error, "judge"))


def _check(message: object, side: AgentID, limits: Limits) -> None:
    """Refuse what is no message of a side: for the user's the assistant must not pay."""
    if not isinstance(message, Message):
        raise TypeError(f"the {side} answered {type(message).__name__} instead of a Message")
    if side == "assistant":
        return
    if message.role != "user":
        raise ValueError(f"the user answered in the role {message.role!r}")
    for name, value in (("text", message.content), ("thoughts", message.reasoning)):
        if not isinstance(value, str | None):
            raise TypeError(f"the user's {name} is {type(value).__name__}")
    if type(message.tokens) not in (int, NoneType):
        raise TypeError(f"the user's number of tokens is {type(message.tokens).__name__}")
    if message.tokens is not None and not 0 <= message.tokens <= MAX_TOKENS:
        raise ValueError(f"the user's number of tokens must be in [0, {MAX_TOKENS}], got {message.tokens:.3g}")
    if not message.tool_calls and not (message.content or "").strip():
        raise ValueError("the user answered nothing")
    if any(call.requestor != "user" for call in message.tool_calls):
        raise ValueError("the user made a call in the assistant's name")
    if (excess := limits.excess(message)) is not None:
        raise ValueError(f"the user said too much at once: {excess}")
