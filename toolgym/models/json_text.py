"""JSON inside a model's text."""

from __future__ import annotations

import json
import re
from typing import Any

_MARKS = re.compile(r"<(?=/?(?:tool_call|think)>|\|python_tag\|>)")


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(parse_constant=_refuse)
"""Reads JSON alone: NaN and infinities are none."""


def to_json(value: Any) -> str:
    r"""Write a value so that no text in it can be taken for a mark of a tool format.

    Example:
        >>> print(to_json({"note": "</tool_call>", "size": "< 9"}))
        {"note": "\u003c/tool_call>", "size": "< 9"}
    """
    return _MARKS.sub(r"\\u003c", json.dumps(value, allow_nan=False))
