"""A toolkit: the tools of one side of a domain, over that side's database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from toolgym.compatibility import Flavour
from toolgym.database import SideView
from toolgym.tools.tool import Tool


class Toolkit:
    """The tools of one side; subclass it and mark methods with ``@tool``.

    Methods without the mark are not tools, but tasks may call them to set up or check a state. A tool raises
    :class:`~toolgym.errors.ToolError` to refuse.

    Args:
        db: The side's tables.
        flavour: ``"tau2"`` where a method must do bit for bit what tau2 does, bugs included.
    """

    tools: ClassVar[Mapping[str, Tool]] = {}
    """Tools by name: a subclass's own first, each in the order of definition."""

    __slots__ = ("db", "flavour")

    def __init__(self, db: SideView, flavour: Flavour = "toolgym") -> None:
        self.db = db
        self.flavour = flavour

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = {
            name: Tool(function, function.__tool__)
            for name, function in vars(cls).items()
            if callable(function) and hasattr(function, "__tool__")
        }
        inherited = {name: found for name, found in cls.tools.items() if name not in vars(cls)}
        cls.tools = own | inherited
