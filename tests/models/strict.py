"""Servers that refuse what the known providers refuse, by their documentation and in their words."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from server import Answer, Request, call, completion, error, streamed

Messages: TypeAlias = Sequence[Mapping[str, Any]]
NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def calls_of(message: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """The calls of a message."""
    return message.get("tool_calls") or ()


def paired(messages: Messages) -> bool:
    """Whether each message with calls is followed by their answers, and no answer stands elsewhere."""
    open_ids: list[str] = []
    for message in messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in open_ids:
                return False
            open_ids.remove(message["tool_call_id"])
            continue
        if open_ids:
            return False
        open_ids = [one["id"] for one in calls_of(message)]
    return not open_ids


def foreign(holder: Mapping[str, Any], *known: str) -> str | None:
    """The name of a field that is not known."""
    return next((name for name in holder if name not in known), None)


def openai(body: Mapping[str, Any]) -> Answer | None:
    messages: Messages = body["messages"]
    for place, message in enumerate(messages):
        for index, one in enumerate(calls_of(message)):
            at = f"messages[{place}].tool_calls[{index}]"
            if not NAME.fullmatch(one["function"]["name"]):
                return error(400, f"Invalid '{at}.function.name': string does not match pattern.", code="invalid_value")
            if len(one["id"]) > 40:
                return error(400, f"Invalid '{at}.id': string too long. Expected a string with maximum length 40.")
            if not isinstance(json.loads(one["function"]["arguments"]), dict):
                return error(400, f"Invalid '{at}.function.arguments'.")
        if message.get("content") is None and not calls_of(message):
            return error(400, f"Invalid value for 'content': expected a string, got null. messages.[{place}].content")
        if name := foreign(message, "role", "content", "tool_calls", "tool_call_id", "refusal"):
            return error(400, f"Unknown parameter: 'messages[{place}].{name}'.", code="unknown_parameter")
    if not paired(messages):
        return error(400, "An assistant message with 'tool_calls' must be followed by tool messages.")
    return None


def mistral(body: Mapping[str, Any]) -> Answer | None:
    def refused(message: str, code: str = "3230") -> Answer:
        return Answer({"object": "error", "message": message, "type": "invalid_request_error", "code": code}, 400)

    if name := foreign(body, "model", "messages", "tools", "temperature", "stream", "random_seed"):
        detail = {"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted", "input": 1}
        return Answer({"detail": [detail]}, 422)
    before = None
    for place, message in enumerate(body["messages"]):
        role = message["role"]
        if name := foreign(message, "role", "content", "tool_calls", "tool_call_id", "name", "prefix"):
            loc = ["body", "messages", place, role, name]
            detail = {"type": "extra_forbidden", "loc": loc, "msg": "Extra inputs are not permitted", "input": "x"}
            return Answer({"detail": [detail]}, 422)
        after = {
            None: "system user",
            "system": "system user assistant",
            "user": "assistant user",
            "assistant": "user tool" if before and calls_of(before) else "user",
            "tool": "assistant tool",
        }
        if role not in after[before["role"] if before else None].split():
            return refused(f"Unexpected role '{role}' after role '{before['role'] if before else None}'")
        if role == "assistant" and bool(message.get("content")) == bool(calls_of(message)):
            return refused("Assistant message must have either content or tool_calls, but not both.")
        for one in calls_of(message):
            if not re.fullmatch("[a-zA-Z0-9]{9}", one["id"]):
                return refused(f"Tool call id was {one['id']} but must be a-z, A-Z, 0-9, with a length of 9.", "3280")
            if not NAME.fullmatch(one["function"]["name"]):
                return refused(f"Function name was {one['function']['name']} but must be a-z, A-Z, 0-9, …", "3280")
        before = message
    return None if paired(body["messages"]) else refused("Not the same number of function calls and responses")


def gemini(body: Mapping[str, Any]) -> Answer | None:
    def refused(message: str) -> Answer:
        return Answer([{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}], 400)

    if "seed" in body:
        return refused('Invalid JSON payload received. Unknown name "seed": Cannot find field.')
    messages: Messages = body["messages"]
    last = max(place for place, message in enumerate(messages) if message["role"] == "user")
    for place, message in enumerate(messages):
        if name := foreign(message, "role", "content", "tool_calls", "tool_call_id", "extra_content"):
            return refused(f"Invalid JSON payload received. Unknown name \"{name}\" at 'messages[{place}]'.")
        for index, one in enumerate(calls_of(message)):
            if not re.fullmatch(r"[A-Za-z_][\w.:-]{0,63}", one["function"]["name"]):
                return refused("Invalid function name. Must start with a letter or an underscore.")
            signature = one.get("extra_content", {}).get("google", {}).get("thought_signature")
            if place > last and index == 0 and not signature:
                return refused("Function call is missing a thought_signature in functionCall parts.")
    if not paired(messages):
        return refused("Please ensure that the number of function response parts is equal to the number of …")
    return None


def anthropic(body: Mapping[str, Any]) -> Answer | None:
    def refused(message: str) -> Answer:
        return Answer({"type": "error", "error": {"type": "invalid_request_error", "message": message}}, 400)

    spoken = [message for message in body["messages"] if message["role"] != "system"]
    if spoken[0]["role"] != "user":
        return refused('messages: first message must use the "user" role')
    seen: set[str] = set()
    for place, message in enumerate(spoken):
        content = message.get("content")
        if content is None and not calls_of(message):
            return refused(f"messages.{place}: all messages must have non-empty content")
        if content is not None and message["role"] != "tool" and not content.strip():
            return refused("messages: text content blocks must be non-empty")
        for one in calls_of(message):
            if not re.fullmatch("[a-zA-Z0-9_-]+", one["id"]):
                return refused("messages.1.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
            if one["id"] in seen:
                return refused("messages: `tool_use` ids must be unique")
            seen.add(one["id"])
    if not paired(spoken):
        return refused("messages.2: `tool_use` ids were found without `tool_result` blocks immediately after")
    return None


def deepseek(body: Mapping[str, Any]) -> Answer | None:
    """Thinking mode, by the guide: thoughts of turns with calls must come back, in all later requests."""
    turns: list[list[Mapping[str, Any]]] = [[]]
    for message in body["messages"]:
        if message["role"] == "user":
            turns.append([])
        elif message["role"] == "assistant":
            turns[-1].append(message)
    for turn in turns:
        if any(map(calls_of, turn)) and not all("reasoning_content" in message for message in turn):
            told = "The `reasoning_content` in the thinking mode must be passed back to the API."
            return error(400, told, type="invalid_request_error")
    return None


def reasoner(body: Mapping[str, Any]) -> Answer | None:
    """Thoughts of the current turn must come back, those of earlier ones must not."""
    last = max(place for place, message in enumerate(body["messages"]) if message["role"] == "user")
    for place, message in enumerate(body["messages"]):
        if calls_of(message) and place > last and "reasoning_content" not in message:
            return error(400, f"Missing `reasoning_content` field in the assistant message at message index {place}.")
        if place < last and "reasoning_content" in message:
            return error(400, "reasoning_content is not allowed in the input messages of earlier turns")
    return None


def template(body: Mapping[str, Any]) -> Answer | None:
    """A chat template whose roles must alternate, behind vLLM."""
    roles = [message["role"] for message in body["messages"] if message["role"] != "system" and not calls_of(message)]
    turns = [role for role in roles if role != "tool"]
    if turns != ["user", "assistant"] * (len(turns) // 2) + ["user"] * (len(turns) % 2):
        told = "Conversation roles must alternate user/assistant/user/assistant/..."
        return Answer({"object": "error", "message": told, "type": "BadRequestError", "param": None, "code": 400}, 400)
    return None


def gemma(body: Mapping[str, Any]) -> Answer | None:
    """A template without a system role, whose answers to calls must be named."""
    if any(message["role"] == "system" for message in body["messages"]):
        return error(500, "System role not supported", type="server_error")
    if any(message["role"] == "tool" and not message.get("name") for message in body["messages"]):
        told = "GenerateContentRequest.contents[3].parts[0].function_response.name: Name cannot be empty."
        return Answer([{"error": {"code": 400, "message": told, "status": "INVALID_ARGUMENT"}}], 400)
    return template(body)


def groq(body: Mapping[str, Any]) -> Answer | None:
    for place, message in enumerate(body["messages"]):
        if name := foreign(message, "role", "content", "tool_calls", "tool_call_id", "name"):
            told = f"'messages.{place}' : for 'role:assistant' the following must be satisfied[('messages.{place}' : "
            return error(400, f"{told}property '{name}' is unsupported)]", type="invalid_request_error")
    return openai(body)


def dashscope(body: Mapping[str, Any]) -> Answer | None:
    if any(message.get("content") is None for message in body["messages"]):
        told = "<400> InternalError.Algo.InvalidParameter: The content field is a required field."
        return error(400, told, code="invalid_parameter_error", type="invalid_request_error")
    return openai(body)


PROVIDERS: dict[str, Callable[[Mapping[str, Any]], Answer | None]] = {
    "openai": openai,
    "mistral": mistral,
    "gemini": gemini,
    "anthropic": anthropic,
    "deepseek": deepseek,
    "a reasoner": reasoner,
    "a template": template,
    "gemma": gemma,
    "groq": groq,
    "dashscope": dashscope,
}


@dataclass
class Strict:
    """Answers as a provider does: refuses by its rule, and else says what a clumsy model says.

    Attributes:
        refused: How often it refused, by what it said.
    """

    provider: str
    stream: bool = False
    refused: Counter[str] = field(default_factory=Counter)
    _number: int = 0
    _step: int = -1
    _last: int = 0

    def __call__(self, request: Request) -> Answer | Mapping[str, Any]:
        if (no := PROVIDERS[self.provider](request.body)) is not None:
            self.refused[str(no.body)] += 1
            return no
        spoken = request.body["messages"]
        self._step = self._step + 1 if len(spoken) > self._last else 0  # another episode is shorter
        self._last = len(spoken)
        said = self._said()
        return streamed(said) if self.stream else said

    def _said(self) -> dict[str, Any]:
        thoughts = {
            "deepseek": {"reasoning_content": "Hm."},
            "a reasoner": {"reasoning_content": "Hm."},
            "groq": {"reasoning": "Hm."},
            "gemini": {"extra_content": {"google": {"thought_signature": "m"}}},
        }.get(self.provider, {})
        wrong = call("functions.get_users", {}, self._id())
        several = [call("get_users", "null", self._id()), call("get users<|channel|>json", "{", self._id())]
        answers: list[dict[str, Any]] = [
            completion(None, calls=self._signed(wrong), finish="tool_calls", **thoughts),
            completion("Let me see.", calls=self._signed(*several), finish="tool_calls", **thoughts),
            completion("", finish="length", **thoughts),
            completion("Who are you?", **thoughts),
            completion(None, calls=self._signed(call("get_users", "", self._id())), finish="tool_calls", **thoughts),
            completion([{"type": "text", "text": "Good"}, {"type": "text", "text": "bye."}], **thoughts),  # type: ignore[arg-type]
        ]
        return answers[min(self._step, len(answers) - 1)]

    def _id(self) -> str | None:
        self._number += 1
        return {
            "mistral": f"Ab{self._number:07d}",
            "anthropic": f"toolu_{self._number}",
            "a template": None,
            "gemini": "",
        }.get(self.provider, f"call_{self._number}")

    def _signed(self, *calls: dict[str, Any]) -> list[dict[str, Any]]:
        if self.provider == "gemini":
            calls[0]["extra_content"] = {"google": {"thought_signature": "s"}}
        return list(calls)
