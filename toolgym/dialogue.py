"""Letting an agent speak for as long as it is its side's turn."""

from __future__ import annotations

from toolgym.domain import Agent
from toolgym.episode import Episode
from toolgym.errors import ServiceError
from toolgym.messages import AgentID, Message
from toolgym.trajectory import Fault, Step


def take_turn(episode: Episode, side: AgentID, agent: Agent) -> list[Step]:
    """Let an agent speak and call tools until the other side's turn or the end.

    Args:
        episode: The episode.
        side: The side that the agent plays.
        agent: Produces the messages.

    Returns:
        The steps taken, in order; none if it is not this side's turn. A user that raises, or answers what is no
        user's message, ends the episode with a fault, and so does a ServiceError of either side.

    Raises:
        Exception: What an assistant raises.
    """
    steps = []
    while episode.turn == side:
        try:
            message = agent.respond(episode.view(side))
            if side == "user":
                _check_user(message)
        except ServiceError as error:
            steps.append(episode.fail(Fault("service", str(error))))
            break
        except Exception as error:
            if side == "assistant":
                raise
            steps.append(episode.fail(Fault("user", f"{type(error).__name__}: {error}")))
            break
        steps.append(episode.advance(message))
    return steps


def _check_user(message: object) -> None:
    """Refuse what is no message of a user: the assistant must not pay for it."""
    if not isinstance(message, Message):
        raise TypeError(f"the user answered {type(message).__name__} instead of a Message")
    if message.role != "user":
        raise ValueError(f"the user answered in the role {message.role!r}")
    if not isinstance(message.content, str | None):
        raise TypeError(f"the user's text is {type(message.content).__name__}")
    if not message.tool_calls and not (message.content or "").strip():
        raise ValueError("the user answered nothing")
    if any(call.requestor != "user" for call in message.tool_calls):
        raise ValueError("the user made a call in the assistant's name")
