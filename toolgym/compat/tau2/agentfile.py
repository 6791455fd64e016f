"""tau2's agent file: what its assistant is told besides the policy, read from the source, which is never run.

It is two texts at the top level of the file: the instruction of an agent, and the system prompt that has a place for it
and one for the policy. Texts for agents that play alone or are told the solution are others.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from string import Formatter

from toolgym.errors import DataError
from toolgym.prompts import POLICY

_OTHERS = frozenset({"SOLO", "GT", "VOICE", "AUDIO"})
_CLEANERS: dict[str, Callable[[str], str]] = {
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "dedent": textwrap.dedent,
    "cleandoc": inspect.cleandoc,
}


def read_agent(source: str) -> str:
    """What an assistant is told, with :data:`~toolgym.prompts.POLICY` in the place of the policy.

    Args:
        source: The text of the file.

    Raises:
        SyntaxError: If it is not Python, or of a newer version than the one that runs.
        DataError: If the two texts are not there, or do not fit together.

    Example:
        >>> read_agent('''
        ... AGENT_INSTRUCTION = "Be brief."
        ... SYSTEM_PROMPT = "<i>{agent_instruction}</i><policy>{domain_policy}</policy>"
        ... ''')
        '<i>Be brief.</i><policy>{policy}</policy>'
    """
    texts = _texts(ast.parse(source))
    _, instruction = _named(texts, "AGENT_INSTRUCTION")
    name, template = _named(texts, "SYSTEM_PROMPT")
    return _filled(name, template, instruction)


def _texts(module: ast.Module) -> dict[str, str]:
    """The texts at the top level, by name."""
    texts: dict[str, str] = {}
    for node in module.body:
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign):
            targets = [node.target]
        else:
            continue
        text = _text(node.value, texts) if node.value is not None else None
        if text is not None:
            texts |= {target.id: text for target in targets if isinstance(target, ast.Name)}
    return texts


def _text(node: ast.expr, texts: Mapping[str, str]) -> str | None:
    """The text that an expression is, if that can be told without running anything."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.Name(id=name):
            return texts.get(name)
        case ast.FormattedValue(value=inner, format_spec=None):
            return _text(inner, texts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _joined([left, right], texts)
        case ast.JoinedStr(values=values):
            return _joined(values, texts)
        case ast.Call(func=ast.Attribute(value=inner, attr=name), args=[], keywords=[]):
            return _cleaned(name, inner, texts)
        case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name), args=[inner], keywords=[]):
            return _cleaned(name, inner, texts)
    return None


def _joined(nodes: Sequence[ast.expr], texts: Mapping[str, str]) -> str | None:
    parts = [_text(node, texts) for node in nodes]
    known = [part for part in parts if part is not None]
    return "".join(known) if len(known) == len(parts) else None


def _cleaned(function: str, node: ast.expr, texts: Mapping[str, str]) -> str | None:
    text = _text(node, texts)
    return _CLEANERS[function](text) if text is not None and function in _CLEANERS else None


def _named(texts: Mapping[str, str], wanted: str) -> tuple[str, str]:
    """The text of this name, else the only one whose name has its words among others."""
    words = set(wanted.split("_"))
    parts = {name: set(name.upper().strip("_").split("_")) for name in texts}
    exact = [name for name in texts if parts[name] == words]
    found = exact or [name for name in texts if words <= parts[name] and not parts[name] & _OTHERS]
    if len(found) != 1:
        seen = f"several: {', '.join(found)}" if found else "none"
        raise DataError(f"it must have one text at its top level with a name like {wanted}, and has {seen}")
    return found[0], texts[found[0]]


def _filled(name: str, template: str, instruction: str) -> str:
    """The template with the instruction, and a mark where the policy goes."""
    told, places = "", []
    try:
        for literal, field, form, conversion in Formatter().parse(template):
            told += literal
            if field is None:
                continue
            place = next((word for word in ("policy", "instruction") if word in field.lower()), None)
            if place is None or form or conversion:
                raise DataError(
                    f"its {name} has a place {field!r}, which is neither the policy's nor the instruction's"
                )
            places.append(place)
            told += POLICY if place == "policy" else instruction
    except ValueError as error:
        raise DataError(f"its {name} cannot be read as a template: {error}") from error
    if sorted(places) != ["instruction", "policy"]:
        raise DataError(f"its {name} must have one place for the instruction and one for the policy, and has {places}")
    if told.count(POLICY) != 1:
        raise DataError(f"its texts hold {POLICY!r}, which marks the place of the policy here")
    return told
