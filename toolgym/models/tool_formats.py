"""Tool calls in a model's text, for servers that do not read them, in the ways that the known families write them.

``hermes`` (also Qwen 2.5 and Qwen 3), ``qwen`` (Qwen 3 Coder) and ``llama`` (Llama 3 and 4). The tools go into the
system message, earlier calls and their results into the dialogue's texts, and new calls are read from the reply's text.
What looks like a call and is none becomes a call with a ``problem``: it is answered with an error, and said to nobody.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from toolgym.actions.parse import read_said
from toolgym.actions.thoughts import told_text
from toolgym.messages import INVALID, AgentID, ToolCall, from_chat
from toolgym.models import llama, qwen
from toolgym.models.json_text import to_json

TextFormat: TypeAlias = Literal["hermes", "qwen", "llama"]
ToolFormat: TypeAlias = Literal["native", "hermes", "qwen", "llama"]

_MARKS = ("<tool_call>", "</tool_call>", "<function=", llama.TAG)
_TAG = re.compile(r"<(?=\s*/?\s*tool_(?:call|response))", re.IGNORECASE)
_LIST = (
    "# Tools\n\nYou can call these functions; each line describes one by its JSON schema:\n"
    "<tools>\n{tools}\n</tools>\n\n"
)
_HOW: dict[TextFormat, str] = {
    "hermes": "To call a function, write a JSON object with its name and its arguments within <tool_call></tool_call> "
    'tags, one pair of tags for each call:\n<tool_call>\n{"name": <function-name>, "arguments": <arguments-object>}\n'
    "</tool_call>\nThe results come back within <tool_response></tool_response> tags.",
    "qwen": "To call a function, write it in exactly this form, with one <parameter> block for each argument:\n"
    "<tool_call>\n<function=function_name>\n<parameter=first_parameter>\nits value\n</parameter>\n"
    "<parameter=second_parameter>\nits value,\nwhich may have several lines\n</parameter>\n</function>\n</tool_call>\n"
    "Write values of type string as they are, and all others as JSON. Write one <tool_call> block for each call, and "
    "nothing after the last. The results come back within <tool_response></tool_response> tags.",
    "llama": "To call a function, answer with nothing but a JSON object that holds its name and its parameters:\n"
    '{"name": <function-name>, "parameters": <parameters-object>}\nFor several calls at once, write several objects '
    "with ; between them. Do not use variables. What the functions return comes back as the next message.",
}


def in_text(
    messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]], tool_format: TextFormat
) -> list[dict[str, Any]]:
    """A dialogue in which tools, calls and results are text.

    No text of the other side and no result can pass for another result or a call in ``hermes`` and ``qwen``: the ``<``
    of a ``<tool_call>`` or ``<tool_response>`` tag in them is written ``&lt;``. ``llama`` has no tags around results,
    so there a text can look like one.

    Args:
        messages: The dialogue in chat format.
        tools: The tools in OpenAI's function format.
        tool_format: How the model writes calls.

    Returns:
        Messages of the roles system, user and assistant alone. The results that follow a message are one message.

    Raises:
        DataError: If a message with calls is not in chat format.
    """
    written: list[dict[str, Any]] = []
    names: dict[object, str] = {}
    results: dict[str, Any] | None = None
    for message in messages:
        if message["role"] == "tool":
            result = _result(message.get("content") or "", names.get(message.get("tool_call_id")), tool_format)
            if results is None:
                results = {"role": "user", "content": result}
                written.append(results)
            else:
                results["content"] += f"\n{result}"
            continue
        results = None
        plain = {name: value for name, value in message.items() if name != "tool_calls"}
        if message.get("tool_calls"):
            calls = from_chat(message).tool_calls
            names |= {call.id: call.name for call in calls}
            plain["content"] = _said(message.get("content"), calls, tool_format) or "(nothing)"
        elif message["role"] == "user" and isinstance(message.get("content"), str) and tool_format != "llama":
            plain["content"] = _TAG.sub("&lt;", message["content"])
        written.append(plain)
    if tools:
        lines = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
        described = _LIST.format(tools=lines) + _HOW[tool_format]
        if written and written[0]["role"] == "system":
            written[0]["content"] = f"{written[0]['content']}\n\n{described}"
        else:
            written.insert(0, {"role": "system", "content": described})
    return written


def write_calls(calls: Sequence[ToolCall], tool_format: TextFormat) -> str:
    """Write calls as a model of the family does.

    Example:
        >>> print(write_calls([ToolCall("get_order", {"order_id": "#W1"})], "llama"))
        {"name": "get_order", "parameters": {"order_id": "#W1"}}
    """
    if tool_format == "qwen":
        return qwen.write(calls)
    if tool_format == "llama":
        return llama.write(calls)
    return "\n".join(
        f"<tool_call>\n{to_json({'name': call.name, 'arguments': dict(call.arguments)})}\n</tool_call>"
        for call in calls
    )


def read_calls(
    text: str, tools: Sequence[Mapping[str, Any]], tool_format: ToolFormat, requestor: AgentID = "assistant"
) -> tuple[str | None, tuple[ToolCall, ...]]:
    """Find the calls in a reply's text.

    Args:
        text: What the model wrote, without its thoughts.
        tools: The tools that it has, in OpenAI's function format.
        tool_format: How it writes calls. For ``native``, a server leaves in the text what it could not read itself.
        requestor: The side that the model plays.

    Returns:
        What is left to be said, if anything, and the calls. Nothing is said of a text in which a call cannot be read.

    Example:
        >>> said, calls = read_calls('{"name": "get_order", "parameters": {"order_id": "#W1"}}', [], "llama")
        >>> said, calls[0].name, dict(calls[0].arguments)
        (None, 'get_order', {'order_id': '#W1'})
    """
    if not text.strip():
        return None, ()
    if (told := told_text(text)) is not None:
        return told.strip() or None, ()
    said: str | None
    if tool_format == "qwen":
        said, calls = qwen.read(text, tools, requestor)
    elif tool_format == "llama":
        said, calls = llama.read(text, requestor)
    else:
        message = read_said(text, requestor)
        said, calls = message.content, message.tool_calls
    if not calls and (read_said(text, requestor).tool_calls or any(mark in text for mark in _MARKS)):
        how = {"qwen": qwen.HOW, "llama": llama.HOW}.get(tool_format, "Call the tool, or write plain text.")
        problem = f"This holds something like a tool call, but not in the form in which you call tools. {how}"
        return None, (ToolCall("", {}, "call_0", requestor, problem, text),)
    return said, calls


def _said(content: object, calls: Sequence[ToolCall], tool_format: TextFormat) -> str:
    """A message's text with its calls; what the model wrote where a call could not be read comes back as it was."""
    texts = [content] if isinstance(content, str) and content else []
    whole: list[ToolCall] = []
    for call in calls:
        raw = call.raw if call.problem is not None else call.arguments.get("raw") if call.name == INVALID else None
        if isinstance(raw, str):
            texts.append(raw)
        else:
            whole.append(call)
    if whole:
        mark = llama.TAG if tool_format == "llama" and texts else ""
        texts.append(mark + write_calls(whole, tool_format))
    return "\n".join(texts)


def _result(content: str, name: str | None, tool_format: TextFormat) -> str:
    if tool_format == "llama":
        return f"{name or 'The function'} returned:\n{content}"
    return f"<tool_response>\n{_TAG.sub('&lt;', content)}\n</tool_response>"
