"""Letting an agent speak for as long as it is its side's turn."""

from __future__ import annotations

from toolgym.domain import Agent
from toolgym.episode import Episode
from toolgym.messages import AgentID
from toolgym.trajectory import Fault, Step


def take_turn(episode: Episode, side: AgentID, agent: Agent) -> list[Step]:
    """Let an agent speak and call tools until the other side's turn or the end.

    Args:
        episode: The episode.
        side: The side that the agent plays.
        agent: Produces the messages.

    Returns:
        The steps taken, in order; none if it is not this side's turn. A user that raises ends the episode with a
        fault, since that is not the assistant's failure.

    Raises:
        Exception: What an assistant raises.
    """
    steps = []
    while episode.turn == side:
        try:
            message = agent.respond(episode.view(side))
        except Exception as error:
            if side == "assistant":
                raise
            steps.append(episode.fail(Fault("user", f"{type(error).__name__}: {error}")))
            break
        steps.append(episode.advance(message))
    return steps
