"""A stand-in of Mistral's own endpoint.

Sources: mistral-common's validator.py for order, counts and ids. As issues on github.com: unknown fields
charmbracelet/crush#1590, BerriAI/litellm#30835, eca#231 and mistral-go#3; stream_options
openai/openai-agents-python#442 and avante.nvim#2347; ids of nine letters and digits ironclaw#1241; order
avante.nvim#2562. The codes 3200, 3260, 3300 and 3051 are from memory.
"""

from __future__ import annotations

import re
import time
from itertools import pairwise
from typing import Any, NoReturn

from providers.dialogue import NAME64, Body, Message, Messages, Refuse, calls_of, pairing, wrong_types
from providers.provider import HEX, NAME_RULE, Events, Provider, Said

FIELDS = (
    "model messages temperature top_p max_tokens stream stop random_seed metadata response_format tools tool_choice "
    "presence_penalty frequency_penalty n prediction parallel_tool_calls prompt_mode reasoning_effort safe_prompt "
    "guardrails prompt_cache_key stream_options"
)
TOP = set(FIELDS.split())
MSG = {
    "system": {"role", "content"},
    "user": {"role", "content"},
    "assistant": {"role", "content", "tool_calls", "prefix"},
    "tool": {"role", "content", "tool_call_id", "name"},
}
PARTS = {"text", "image_url", "thinking", "reference", "document_url", "input_audio", "file"}
AFTER = {  # as mistral-common's validator has it
    "system": {"user", "assistant", "system"},
    "user": {"assistant", "system", "user"},
    "assistant": {"assistant", "user", "tool"},
    "tool": {"assistant", "tool"},
}
ID = re.compile(r"^[a-zA-Z0-9]{9}\Z")
ID_RULE = "must be a-z, A-Z, 0-9, with a length of 9."


class Mistral(Provider):
    """Mistral's own API."""

    name, model, server_header = "mistral", "mistral-medium-latest", "cloudflare"
    refuse_stream_options = True
    """Whether stream_options is refused: so it was in 2024 and 2025, and the documentation does not list it."""

    def err(
        self, status: int, message: str, kind: str = "invalid_request_error", code: str | None = None, **kw: Any
    ) -> Any:
        more = {"type": kind, "param": None, "code": code, "raw_status_code": status}
        return {"object": "error", "message": message, **more}

    def unauthorized(self) -> tuple[int, Any]:
        return 401, {"detail": "Unauthorized"}

    def invalid(self, loc: list[Any], kind: str, msg: str, value: Any, reason: str) -> NoReturn:
        detail = {"type": kind, "loc": loc, "msg": msg, "input": value}
        error = self.err(422, "")
        raise Refuse(422, {**error, "message": {"detail": [detail]}}, reason)

    def extra(self, loc: list[Any], value: Any) -> NoReturn:
        reason = "unknown field " + ".".join(map(str, loc))
        self.invalid(loc, "extra_forbidden", "Extra inputs are not permitted", value, reason)

    def weather_429(self) -> tuple[Any, dict[str, Any]]:
        return self.err(
            429, "Service tier capacity exceeded for this model.", kind="service_tier_capacity_exceeded", code="3505"
        ), {}

    def weather_503(self) -> tuple[int, Any, dict[str, Any]]:
        return 503, "upstream connect error or disconnect/reset before headers. reset reason: overflow", {}

    def overflow(self, got: int) -> tuple[int, Any]:
        return 400, self.err(
            400,
            f"Prompt contains {got} tokens and 0 draft tokens, too large for model with "
            f"{self.context_tokens} maximum context length",
            code="3051",
        )

    def missing(self, loc: list[Any], reason: str) -> NoReturn:
        self.invalid(loc, "missing", "Field required", None, reason)

    def order(self, message: str, reason: str) -> NoReturn:
        self.refuse(message, reason, kind="invalid_request_message_order", code="3230")

    def only(self, known: set[str], holder: dict[str, Any], *loc: Any) -> None:
        for name in holder:
            if name not in known:
                self.extra([*loc, name], holder[name])

    def check(self, body: Body, n: int) -> None:
        for path, wanted, value in wrong_types(body):
            loc = ["body"] + [int(x) if x.isdigit() else x for x in re.findall(r"\w+", path)]
            if wanted == "nonempty":
                self.order("Conversation must have at least one message", "no messages")
            if value is None:
                self.missing(loc, path + " missing")
            self.invalid(loc, "value_error", f"Input should be {wanted}", value, f"{path}: wanted {wanted}")
        if not isinstance(body.get("model"), str):
            self.missing(["body", "model"], "no model")
        self.only(TOP, body, "body")
        if self.refuse_stream_options:
            self.only(set(), body.get("stream_options") or {}, "body", "stream_options")
        for k, tool in enumerate(body.get("tools") or []):
            self.check_tool(tool, "body", "tools", k)
        for i, m in enumerate(body["messages"]):
            self.check_fields(m, "body", "messages", i)
        self.check_order(body["messages"])
        for i, m in enumerate(body["messages"]):
            self.check_message(i, m, n)
        self.check_pairs(body["messages"])

    def check_tool(self, tool: dict[str, Any], *loc: Any) -> None:
        self.only({"type", "function"}, tool, *loc)
        self.only({"name", "description", "parameters", "strict"}, tool["function"], *loc, "function")
        name = tool["function"]["name"]
        if "parameters" not in tool["function"]:
            self.missing([*loc, "function", "parameters"], "tool without parameters")
        if not NAME64.match(name):
            told = f"Function name was {name} but {NAME_RULE}"
            self.refuse(told, "tool name", kind="invalid_function", code="3300")

    def check_fields(self, m: Message, *loc: Any) -> None:
        role, content = m["role"], m.get("content")
        unlike = "does not match any of the expected tags"
        if role not in MSG:
            told = f"Input tag '{role}' found using 'role' {unlike}: 'system', 'user', 'assistant', 'tool'"
            self.invalid([*loc], "union_tag_invalid", told, m, f"role {role!r}")
        self.only(MSG[role], m, *loc, role)
        if role in ("system", "user") and content is None:
            self.missing([*loc, role, "content"], f"{role} message without content")
        for k, part in enumerate(content if isinstance(content, list) else []):
            if part["type"] not in PARTS:
                told = f"Input tag '{part['type']}' found using 'type' {unlike}"
                at = [*loc, role, "content", k]
                self.invalid(at, "union_tag_invalid", told, part, f"content part {part['type']}")
        for k, call in enumerate(calls_of(m)):
            at = [*loc, "assistant", "tool_calls", k]
            self.only({"id", "type", "function", "index"}, call, *at)
            self.only({"name", "arguments"}, call["function"], *at, "function")
            arguments = call["function"].get("arguments")
            if not isinstance(arguments, (str, dict)):
                at = [*at, "function", "arguments"]
                self.invalid(at, "string_type", "Input should be a valid string", arguments, "arguments are not text")

    def check_order(self, messages: Messages) -> None:
        last = messages[-1]["role"]
        if len(messages) == 1 and last not in ("user", "system"):
            self.order("Conversation must start with a user message or system message", f"starts with {last}")
        if last not in ("user", "tool") and not messages[-1].get("prefix") and len(messages) > 1:
            told = f"Expected last role User or Tool (or Assistant with prefix True) for serving but got {last}"
            self.order(told, f"ends with {last}")
        for before, after in pairwise(m["role"] for m in messages):
            if after not in AFTER[before]:
                self.order(f"Unexpected role '{after}' after role '{before}'", f"{after} after {before}")

    def check_message(self, i: int, m: Message, n: int) -> None:
        role, content = m["role"], m.get("content")
        if role == "assistant" and not content and not calls_of(m):
            told = "Assistant message must have either content or tool_calls, but not none."
            self.refuse(told, f"empty assistant message {i}", kind="invalid_assistant_message", code="3240")
        for call in calls_of(m):
            name, arguments, identity = call["function"]["name"], call["function"]["arguments"], call.get("id")
            if not isinstance(identity, str) or not ID.match(identity):
                told = f"Tool call id was {identity} but {ID_RULE}"
                self.refuse(told, f"call id {identity!r}", kind="invalid_function_call", code="3280")
            if not NAME64.match(name):
                told = f"Function name was {name} but {NAME_RULE}"
                self.refuse(told, f"tool name {name!r} in history", kind="invalid_function_call", code="3280")
            self.weak_arguments(arguments if isinstance(arguments, str) else "{}", f"messages[{i}]", n)
        if role == "tool":
            identity, name = m.get("tool_call_id"), m.get("name")
            if identity is None:
                self.refuse("Tool call id has to be defined.", "tool message without tool_call_id", code="3200")
            if not ID.match(str(identity)):
                told = f"Tool call id was {identity} but {ID_RULE}"
                self.refuse(told, f"tool_call_id {identity!r}", kind="invalid_tool_message", code="3260")
            if name is not None and not NAME64.match(str(name)):
                told = f"Function name was {name} but {NAME_RULE}"
                self.refuse(told, f"tool message name {name!r}", kind="invalid_tool_message", code="3260")

    def check_pairs(self, messages: Messages) -> None:
        for kind, i, d in pairing(messages):
            if kind == "unknown":
                self.order(f"Unexpected tool call id {d} in tool results", f"tool_call_id {d} unknown")
            if kind == "dup_call":
                told = f"Duplicate tool call id {d} in assistant message"
                self.refuse(told, f"call id {d} twice", kind="invalid_function_call", code="3280")
            self.order("Not the same number of function calls and responses", f"{kind} at message {i}: {d}")

    def new_id(self) -> str:
        return self.serial(9)

    def content(self, a: Said) -> Any:
        if a["thought"]:  # a reasoning model: content is a list of chunks
            out = [{"type": "thinking", "thinking": [{"type": "text", "text": a["thought"]}], "closed": True}]
            return out + ([{"type": "text", "text": a["text"]}] if a["text"] else [])
        return a["text"] or ""

    def head(self, kind: str) -> dict[str, Any]:
        return {
            "id": self.serial(32, HEX),
            "object": kind,
            "created": int(time.time()),
            "model": self.model,
        }

    def calls(self, a: Said) -> list[dict[str, Any]]:
        return [
            {"id": self.new_id(), "function": {"name": x, "arguments": self.wire_args(y)}, "index": k}
            for k, (x, y) in enumerate(a["calls"])
        ]

    def full(self, body: Body, a: Said, n: int) -> dict[str, Any]:
        o = self.head("chat.completion")
        o["choices"] = [
            {
                "index": 0,
                "finish_reason": "tool_calls" if a["calls"] else "stop",
                "message": {"role": "assistant", "tool_calls": self.calls(a) or None, "content": self.content(a)},
            }
        ]
        o["usage"] = dict(self.usage(body, a), prompt_audio_seconds=None, prompt_tokens_details={"cached_tokens": 0})
        return o

    def stream(self, body: Body, a: Said, n: int) -> Events:
        h = self.head("chat.completion.chunk")

        def event(delta: dict[str, Any], finish: str | None = None, **kw: Any) -> dict[str, Any]:
            return dict(h, choices=[{"index": 0, "delta": delta, "finish_reason": finish}], p=self.serial(5), **kw)

        yield event({"role": "assistant", "content": ""})
        for s in self.pieces(a["thought"]):
            yield event({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": s}]}]})
        for s in self.pieces(a["text"]):
            yield event({"content": s})
        u = self.usage(body, a)
        if a["calls"]:
            yield event({"content": "", "tool_calls": self.calls(a)}, "tool_calls", usage=u)
        else:
            yield event({"content": ""}, "stop", usage=u)
