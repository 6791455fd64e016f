"""What an agent produced, read as a message of its side.

A side's *action* is given as a ``Message``, as a mapping in chat format, or as text.
"""

from toolgym.actions.parse import Parsing, parse_action

__all__ = ["Parsing", "parse_action"]
