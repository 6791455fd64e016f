"""A dialogue as ChatML, with tools and calls as Hermes models and their descendants write them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

_START, _END = "<|im_start|>", "<|im_end|>\n"
_TOOLS = """# Tools

You can call the functions that are described here, each as one line of JSON:
<tools>
{tools}
</tools>

To call one, write its name and arguments as JSON, like this; several calls may follow each other:
<tool_call>
{{"name": "<name>", "arguments": {{"<parameter>": "<value>"}}}}
</tool_call>"""


def chatml(
    messages: Sequence[Mapping[str, Any]],
    *,
    tools: Sequence[Mapping[str, Any]] | None = None,
    add_generation_prompt: bool = True,
) -> str:
    """Write messages in chat format as one text.

    Args:
        messages: The dialogue, oldest first; a call's ``arguments`` may be a mapping or JSON text.
        tools: What can be called, in OpenAI's function format; described in the system message.
        add_generation_prompt: Whether the text ends with the beginning of the assistant's next message.

    Example:
        >>> print(chatml([{"role": "user", "content": "Hello!"}]))
        <|im_start|>user
        Hello!<|im_end|>
        <|im_start|>assistant
        <BLANKLINE>
    """
    left = list(messages)
    system = [str(left.pop(0)["content"])] if left and left[0]["role"] == "system" else []
    if tools:
        system.append(_TOOLS.format(tools="\n".join(_json(tool) for tool in tools)))
    parts = [f"{_START}system\n" + "\n\n".join(system) + _END] if system else []
    for place, message in enumerate(left):
        if message["role"] != "tool":
            parts.append(f"{_START}{message['role']}\n{spoken(message)}{_END}")
            continue
        first = place == 0 or left[place - 1]["role"] != "tool"
        last = place + 1 == len(left) or left[place + 1]["role"] != "tool"
        response = f"<tool_response>\n{message['content'] or ''}\n</tool_response>"
        parts.append((f"{_START}user\n" if first else "\n") + response + (_END if last else ""))
    return "".join(parts) + (f"{_START}assistant\n" if add_generation_prompt else "")


def spoken(message: Mapping[str, Any]) -> str:
    """What the producer of a message in chat format wrote: its content and its calls.

    Example:
        >>> print(spoken({"content": "Look:", "tool_calls": [{"function": {"name": "get", "arguments": "{}"}}]}))
        Look:
        <tool_call>
        {"name": "get", "arguments": {}}
        </tool_call>
    """
    parts = [message["content"]] if message["content"] else []
    for call in message.get("tool_calls", ()):
        function = call["function"]
        given = function["arguments"]
        arguments = given if isinstance(given, str) else _json(given)
        parts.append(f'<tool_call>\n{{"name": {_json(function["name"])}, "arguments": {arguments}}}\n</tool_call>')
    return "\n".join(parts)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
