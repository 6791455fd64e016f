"""A person at the terminal, as the user or as the assistant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from toolgym.actions.parse import parse_action, read_said
from toolgym.display.render import printable
from toolgym.domain import AgentSpec, Domain
from toolgym.episode.setup import set_up
from toolgym.errors import UnknownNameError
from toolgym.messages import STOP, AgentID, Message
from toolgym.tasks import Task
from toolgym.tools import Tool

if TYPE_CHECKING:
    from rich.console import Console

_TYPED_CALL = re.compile(r"(\w+)\(")
_TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "null": "None", "object": "dict"}


class HumanUser:
    """Shows what its side sees and reads the next message from the terminal.

    A call is typed as ``tool(name="value")`` or as JSON; one that cannot be read is not sent, and costs nothing. An
    empty line ends the dialogue if the person plays the user. A line that begins with ``/`` is a command.

    Args:
        side: Which side the person plays.
        console: Where it is shown; by default on standard output.
    """

    def __init__(
        self,
        domain: Domain,
        task: Task,
        rng: np.random.Generator,
        *,
        side: AgentID = "user",
        console: Console | None = None,
    ) -> None:
        from toolgym.display.terminal import Terminal

        ready = set_up(domain, task)
        self._side: AgentID = side
        self._brief = str(ready.prompts[side].content)
        self._tools = {tool.name: tool for tool in ready.tools[side]}
        self._shown = 0
        self._console = console or Terminal()

    def respond(self, view: Sequence[Message]) -> Message:
        """The next message as a person types it. Raises EOFError when the input ends, or on ``/quit``."""
        self.show(view)
        message = None
        while message is None:
            message = self._read(input(f"{self._side}> ").strip())
        self._shown += 1  # the terminal has echoed it already
        return message

    def show(self, view: Sequence[Message]) -> None:
        """Print what came since the person's last message; before the first, what there is to know."""
        from toolgym.display.render import write_message

        if not self._shown:
            self._introduce()
        for message in view[max(self._shown, 1) :]:  # the first is the brief
            write_message(self._console, message, whole=True)
        self._shown = len(view)

    def _read(self, line: str) -> Message | None:
        """The message that a line is; None if it was a command, or nothing that can be sent."""
        if line.startswith("/"):
            self._obey(line)
            return None
        if not line:
            return Message("user", STOP) if self._side == "user" else None
        message = read_said(line, self._side)  # a person types no thoughts
        for call in message.tool_calls:
            if call.problem is not None:
                self._print(call.problem)
                return None
        typed = _TYPED_CALL.match(line)
        if message.tool_calls or typed is None or (typed[1] not in self._tools and not line.endswith(")")):
            return message
        if typed[1] not in self._tools:
            self._print(str(UnknownNameError("tool", typed[1], self._tools, "To say this, begin with another word.")))
            return None
        message = parse_action(line, self._side, "tau2")
        if not message.tool_calls:
            shown = signature(self._tools[typed[1]])
            self._print(f"This call cannot be read: {line}\nWrite each argument by its name: {shown}")
            return None
        return message

    def _introduce(self) -> None:
        self._help()
        if self._side == "user":
            self._print(self._brief)
        if self._tools:
            self._list_tools()

    def _help(self) -> None:
        ends = "an empty line says goodbye" if self._side == "user" else "the user ends the dialogue"
        brief = "/scenario: what you want" if self._side == "user" else "/policy: what you must follow"
        tools = "  /tools: your tools" if self._tools else ""
        self._print(f"You are the {self._side}. What you type is said to the other side; {ends}.")
        if self._tools:
            self._print('You call a tool with tool(name="value") or {"name": "tool", "arguments": {"name": "value"}}.')
        self._print(f"{brief}{tools}  /help: this again  /quit: leave")

    def _obey(self, line: str) -> None:
        if line == "/quit":
            raise EOFError("the person left")
        if line in ("/policy", "/scenario"):  # each side has the one that it may see
            self._print(self._brief)
        elif line == "/tools":
            self._list_tools()
        else:
            self._help()

    def _list_tools(self) -> None:
        self._print("Your tools:" if self._tools else "You have no tools.")
        for tool in self._tools.values():
            self._print(f"  {signature(tool)}\n      {tool.description.partition(chr(10))[0]}")

    def _print(self, text: str) -> None:
        self._console.print(printable(text), markup=False, highlight=False)


def signature(tool: Tool) -> str:
    """A tool with its arguments on one line, such as ``get_order_details(order_id: str)``."""
    parameters = tool.schema["function"]["parameters"]
    required = parameters.get("required", ())
    arguments = [
        f"{name}: {_type(value)}" + ("" if name in required else f" = {value.get('default')!r}")
        for name, value in parameters["properties"].items()
    ]
    return f"{tool.name}({', '.join(arguments)})"


def _type(value: Mapping[str, Any]) -> str:
    if "enum" in value:
        return " | ".join(repr(one) for one in value["enum"])
    if "anyOf" in value:
        return " | ".join(_type(one) for one in value["anyOf"])
    if value.get("type") == "array":
        return f"list[{_type(value.get('items', {}))}]"
    return _TYPES.get(value.get("type", ""), "any")


HUMAN = AgentSpec("human", HumanUser)
