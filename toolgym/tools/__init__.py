"""Tools: what both sides can call, how calls are checked, run and answered."""

from toolgym.compatibility import Flavour
from toolgym.errors import ToolError
from toolgym.tools.calculate import calculate
from toolgym.tools.identification import Identification
from toolgym.tools.tool import Effect, Tool, tool
from toolgym.tools.toolbox import Result, Toolbox
from toolgym.tools.toolkit import Toolkit

__all__ = [
    "Effect",
    "Flavour",
    "Identification",
    "Result",
    "Tool",
    "ToolError",
    "Toolbox",
    "Toolkit",
    "calculate",
    "tool",
]
