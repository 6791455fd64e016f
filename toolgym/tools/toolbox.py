"""Both sides' toolkits over one session: calls are found, checked, run, answered, kept or undone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from toolgym.compatibility import Compat
from toolgym.database import Session, SideView
from toolgym.database.records import thaw
from toolgym.errors import TaskError, ToolError
from toolgym.messages import SIDES, AgentID, ToolCall
from toolgym.tools.output import to_tau2_text, to_text
from toolgym.tools.tool import Tool
from toolgym.tools.toolkit import Toolkit

Sync = Callable[["Toolbox"], None]
"""Carries what one side's data says over to the other's, as a phone learns that its line was suspended."""

# tau2 dispatches with these names of its own, so arguments of the same names clash before the tool is looked up.
_CLASH = "Environment.make_tool_call() got multiple values for argument {!r}"
_CLASH_REQUESTOR = (
    "tau2.environment.environment.Environment.make_tool_call() got multiple values for keyword argument 'requestor'"
)


class Result(NamedTuple):
    """What a call came to."""

    content: str
    error: bool
    changed: bool
    """Whether the net state changed."""


class Toolbox:
    """The tools of both sides in one episode.

    Args:
        session: The state.
        toolkits: Toolkit classes by side.
        compat: How calls are checked, answered and undone.
        sync: Run after every successful call, and by the episode after every step; None if the sides share nothing.
        offered: The tools that a side may call; by default all of its toolkit. tau2 does not enforce what it offers.
    """

    __slots__ = ("compat", "offered", "session", "sync", "toolkits")

    def __init__(
        self,
        session: Session,
        toolkits: Mapping[AgentID, type[Toolkit]],
        compat: Compat,
        sync: Sync | None = None,
        offered: Mapping[AgentID, tuple[Tool, ...]] | None = None,
    ) -> None:
        self.offered = offered
        self.session = session
        self.compat = compat
        self.sync = sync
        self.toolkits = {side: kit(SideView(session, side), compat.name) for side, kit in toolkits.items()}

    def tool(self, name: str) -> Tool | None:
        """The tool of this name on either side, the assistant's first."""
        for side in SIDES:
            kit = self.toolkits.get(side)
            if kit is not None and name in kit.tools:
                return kit.tools[name]
        return None

    def call(self, call: ToolCall, *, sync: bool = True) -> Result:
        """Run one call as its requestor. Whatever goes wrong in it is the result, not an exception.

        Args:
            call: The call; one with a ``problem`` is answered with it.
            sync: Whether the sides are synchronised after a success.

        Raises:
            Exception: If calls are strict, whatever a tool raises other than ToolError: that is a bug of the
                domain, and is not hidden.
        """
        if call.problem is not None:
            return Result(f"Error: {call.problem}", True, False)
        if not self.compat.strict_calls:
            return self._call_loosely(call, sync)
        session = self.session
        session.begin()
        try:
            kit = self.toolkits.get(call.requestor)
            found = None if kit is None else kit.tools.get(call.name)
            if found is not None and self.offered is not None and found not in self.offered[call.requestor]:
                found = None
            if found is None:
                tools = self.offered[call.requestor] if self.offered is not None else kit.tools.values() if kit else ()
                known = ", ".join(other.name for other in tools)
                raise ToolError(f"Tool '{call.name[:100]}' not found. Your tools: {known or 'none'}.")
            content = self._text(found.function(kit, **found.validate(call.arguments)), found.name)
            if not found.mutates and session.dirty:
                raise RuntimeError(f"the tool {call.name!r} has the effect {found.effect.name} but changed the state")
            if sync and self.sync is not None:
                self.sync(self)
            changed = session.commit()
        except ToolError as error:
            session.rollback()
            return Result(f"Error: {error}", True, False)
        except BaseException as error:
            session.rollback()
            error.add_note(f"while running the tool {call.name!r} with {str(call.arguments)[:300]}")
            raise
        return Result(content, False, changed)

    def _text(self, result: Any, tool: str) -> str:
        return to_text(result, tool) if self.compat.typed_results else to_tau2_text(result)

    def _call_loosely(self, call: ToolCall, sync: bool) -> Result:
        self.session.begin()
        error = False
        try:
            content = self._text(self._bind_by_name(call), call.name)
            if sync and self.sync is not None:
                self.sync(self)
        except Exception as problem:  # tau2 answers with any exception's text and keeps what was written
            content, error = f"Error: {problem}", True
        try:
            return Result(content, error, self.session.commit())
        except (TypeError, ValueError, RecursionError) as problem:  # nothing that JSON could hold was written
            return Result(f"Error: {problem}", True, False)

    def _bind_by_name(self, call: ToolCall) -> Any:
        arguments = call.arguments
        if "requestor" in arguments:
            raise ToolError(_CLASH_REQUESTOR)
        for name in arguments:
            if name in ("self", "tool_name"):
                raise ToolError(_CLASH.format(name))
        kit = self.toolkits.get(call.requestor)
        if kit is None:
            raise ToolError("User tools not available")
        found = kit.tools.get(call.name)
        if found is None:
            raise ToolError(f"Tool '{call.name}' not found.")
        return found.function(kit, **thaw(arguments))

    def run(self, side: AgentID, function: str, arguments: Mapping[str, Any]) -> Any:
        """Run any method of a side's toolkit, tool or not, as a task's set-up and assertions do; then synchronise.

        Raises:
            TaskError: If the side has no such function.
            Exception: What the function raises; what it wrote before is kept.
        """
        kit = self.toolkits.get(side)
        method = None if kit is None or function.startswith("_") else getattr(kit, function, None)
        if not callable(method):
            raise TaskError(f"the {side}'s toolkit has no function {function!r}; the task names it")
        self.session.begin()
        try:
            result = method(**arguments)
            if self.sync is not None:
                self.sync(self)
        finally:
            self.session.commit()
        return result

    def synchronise(self) -> None:
        """Carry the sides' data over to each other now; nothing to do in most domains."""
        if self.sync is not None:
            self.session.begin()
            try:
                self.sync(self)
            finally:
                self.session.commit()
