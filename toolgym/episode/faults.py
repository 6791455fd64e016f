"""Whose fault an exception is, and what becomes of the episode in which it was raised.

This is the one place that knows it. Whoever plays, judges or grades an episode asks here, and does what the
:class:`Outcome` says.

=============================== ============================ ================================= ===================
raised by                       what                         the episode                       and goes on up
=============================== ============================ ================================= ===================
assistant, user, judge          BudgetError,                 waits, as if nothing had been     yes
                                MissingExtraError            said
assistant, user                 ServiceError                 void: ``service``,                no
                                                             ``infrastructure_error``
assistant                       ContextError                 failed:                           no
                                                             ``context_window_exceeded``
assistant                       anything else                waits                             yes: it is a bug
user, for what the assistant    ContextError                 failed:                           no
wrote                                                        ``user_context_window_exceeded``
user, else                      ContextError                 void: ``user``,                   no
                                                             ``user_context_window_exceeded``
user                            anything else                void: ``user``, ``user_error``    no
judge                           anything else                void: ``judge``,                  no
                                                             ``infrastructure_error``
a tool                          anything but ToolError       void: ``task``,                   yes; a run logs it
                                                             ``unexpected_error``              and goes on
setting up                      TaskError, WorldError        void: ``task``,                   no
                                                             ``unexpected_error``
grading what was just played    anything                     void: ``task``,                   no
                                                             ``unexpected_error``
grading what is kept            DataError                    void: ``task``                    no
a run, from outside             cancellation, BudgetError    broken off: ``service``           yes
=============================== ============================ ================================= ===================

A limit is no exception: the episode itself ends at one (``max_steps``, ``too_many_errors``), and counts.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from toolgym.errors import (
    BudgetError,
    ContextError,
    DataError,
    MissingExtraError,
    ServiceError,
    TaskError,
    WorldError,
)
from toolgym.trajectory import Fault, Participant, Termination


@dataclass(frozen=True)
class Outcome:
    """What becomes of an episode in which something was raised.

    Args:
        fault: What voids the episode and is recorded; None if it is not void.
        termination: Why the episode ends, where it does.
        raised: What goes on up to the caller; None if it ends here. Without a fault the episode then has not ended,
            and without either it is a failure of the assistant's, which counts.
    """

    fault: Fault | None = None
    termination: Termination = "unexpected_error"
    raised: BaseException | None = None


def by_participant(error: BaseException, who: Participant, *, crowded_out: bool = False) -> Outcome:
    """What becomes of an episode when an agent or a judge raises.

    Args:
        error: What it raised.
        who: Who raised it.
        crowded_out: Whether the assistant wrote most of what the user has to read, so that it answers for a context
            of the user's that is full.

    Example:
        >>> by_participant(ValueError("no idea"), "user")
        Outcome(fault=Fault(source='user', reason='ValueError: no idea', attempt=0), termination='user_error', \
raised=None)
        >>> by_participant(ContextError("full"), "assistant")
        Outcome(fault=None, termination='context_window_exceeded', raised=None)
        >>> by_participant(ValueError("a bug"), "assistant").raised
        ValueError('a bug')
    """
    if isinstance(error, asyncio.CancelledError):
        if _asked_to_stop():
            return Outcome(raised=error)
        error = RuntimeError("it was cancelled")  # by itself, which is a failure like any other
    match who, error:
        case _, BudgetError() | MissingExtraError():
            return Outcome(raised=error)
        case "judge", ServiceError():
            return _void(Fault("judge", str(error)))
        case "judge", Exception():
            return _void(Fault("judge", _told(error)))
        case _, ServiceError():
            return _void(Fault("service", f"the {who}'s: {error}"))
        case "assistant", ContextError():
            return Outcome(termination="context_window_exceeded")
        case "user", ContextError() if crowded_out:
            return Outcome(termination="user_context_window_exceeded")
        case "user", ContextError():
            return Outcome(Fault("user", _told(error)), "user_context_window_exceeded")
        case "user", Exception():
            return _void(Fault("user", _told(error)))
    return Outcome(raised=error)


def by_tool(error: BaseException, name: str) -> Outcome:
    """What becomes of an episode when a tool raises what it must not: its domain has a mistake.

    Args:
        error: What it raised.
        name: The tool's.
    """
    return Outcome(Fault("task", f"the tool {name!r} raised {_told(error)}"), raised=error)


def in_setup(error: Exception) -> Outcome:
    """What becomes of an episode that cannot begin: a task may be defective, anything else is a mistake of the caller.

    Args:
        error: What setting it up, or making one of its agents, raised.
    """
    if isinstance(error, TaskError | WorldError):
        return Outcome(Fault("task", _told(error)))
    return Outcome(raised=error)


def in_play(error: BaseException, recorded: Fault | None) -> Outcome:
    """What becomes of one episode of a run that does not come to its end.

    Args:
        error: What was raised.
        recorded: What its episode has on record, as a tool that raised.
    """
    if isinstance(error, asyncio.CancelledError | BudgetError):
        return Outcome(Fault("service", f"broken off: {str(error) or 'cancelled'}"), raised=error)
    if isinstance(error, Exception) and recorded is not None and recorded.source == "task":
        return Outcome(recorded)
    return Outcome(raised=error)


def in_grading(error: Exception) -> Outcome:
    """What becomes of an episode that cannot be graded when it has been played: what grades a task is part of it.

    Args:
        error: What grading raised.
    """
    return Outcome(Fault("task", f"it cannot be graded: {_told(error)}"))


def in_regrading(error: Exception) -> Outcome:
    """What becomes of a kept episode that cannot be graded again by its task.

    Args:
        error: What grading raised.
    """
    if isinstance(error, DataError):
        return Outcome(Fault("task", f"it cannot be graded: {error}"))
    return Outcome(raised=error)


def termination_by(fault: Fault) -> Termination:
    """Why an episode ended that a fault voids, if nothing more is known.

    Args:
        fault: What failed.
    """
    return "user_error" if fault.source == "user" else "infrastructure_error"


def _void(fault: Fault) -> Outcome:
    return Outcome(fault, termination_by(fault))


def _told(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _asked_to_stop() -> bool:
    """Whether the task that runs is being cancelled, rather than what it waits for."""
    try:
        task = asyncio.current_task()
    except RuntimeError:  # there is no loop yet
        return False
    return task is not None and task.cancelling() > 0
