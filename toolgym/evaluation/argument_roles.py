"""What can be confused in a domain: what its task generator says, or without one what tool schemas and records tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from toolgym.database import Session
from toolgym.domain import Domain
from toolgym.generation import ArgumentRole, ArgumentRoles, DecoyCall
from toolgym.messages import SIDES
from toolgym.tasks import Task
from toolgym.tools import Effect


class Schemas:
    """What the schemas of a domain's tools and records tell of it, where it has no task generator.

    A tool's first argument names the record if its name ends with ``_id``; all other arguments are values. A tool that
    hands over is known by its name.

    Args:
        domain: The domain.
    """

    def __init__(self, domain: Domain) -> None:
        kit = domain.toolkits.get("assistant")
        self._tools = {name: tool for kit in domain.toolkits.values() for name, tool in kit.tools.items()}
        own = kit.tools.values() if kit is not None else ()
        self.transfers: Collection[str] = tuple(
            tool.name for tool in own if tool.effect is Effect.GENERIC and tool.name.startswith("transfer")
        )

    def role(self, tool: str, argument: str) -> ArgumentRole:
        """What an argument of a tool names."""
        found = self._tools.get(tool)
        first = next(iter(found.parameters.model_fields), "") if found is not None else ""
        return "record" if argument == first and argument.endswith("_id") else "value"

    def items(self, session: Session, record: str) -> Mapping[str, str]:
        """Nothing: what records hold is not known."""
        return {}

    def kind_of(self, session: Session, item: str) -> str | None:
        """None: what items there are is not known."""
        return None

    def owner(self, session: Session, record: str) -> str | None:
        """The record itself if there is one: whose it is is not known."""
        for side in SIDES:
            schema = session.base.schemas.get(side)
            for table in schema.tables if schema is not None else ():
                if session.get(side, table.name, record) is not None:
                    return record
        return None

    def decoys(self, task: Task) -> Sequence[DecoyCall]:
        """Nothing: no decoys are known."""
        return ()


def argument_roles_of(domain: Domain) -> ArgumentRoles:
    """What the domain's task generator says, or what its schemas tell."""
    return domain.generator.argument_roles if domain.generator is not None else Schemas(domain)
