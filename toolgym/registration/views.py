"""What the model of an agent sees."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from toolgym.errors import DataError

if TYPE_CHECKING:
    from toolgym.domain import AgentSpec
    from toolgym.views import View


def with_view(agent: AgentSpec, view: str | Path | View | None) -> AgentSpec:
    """The agent with the view of its model bound, if one is given; it then reads no words but the view's.

    Args:
        agent: The agent.
        view: As :meth:`~toolgym.views.View.of` takes it; None leaves the agent as it is.

    Raises:
        DataError: If there is no such view, or the agent is one that takes none or has one already.
    """
    from toolgym.views import View

    if view is None:
        return agent
    if not agent.has_view:
        raise DataError(
            f"the agent {agent.name!r} takes no view, and {str(view)!r} was given; leave it out, or choose agent 'llm'"
        )
    if "view" in agent.bound:
        raise DataError(f"the agent {agent.name!r} has a view already, and {str(view)!r} was given; give it once")
    return replace(agent.bind(view=View.of(view)), reads_wording=False)
