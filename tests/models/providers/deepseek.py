"""A stand-in of DeepSeek: V4 and V3.2, to which thoughts must go back, and R1, to which they must not.

Sources: https://api-docs.deepseek.com/guides/thinking_mode, guides/reasoning_model and quick_start/rate_limit there.
As issues on github.com: thoughts in all later requests oai-compatible-copilot#215; also empty ones
craft-agents-oss#703; invented ones hermes-agent#17341 and oh-my-pi#897; the older wording GitNexus#43; content as a
list BerriAI/litellm#6642; the developer role 9router#773; pairing OpenManus#744. From memory: tool_choice while it
thinks, and that R1 minds a side that speaks twice.
"""

from __future__ import annotations

import time
from typing import Any, NoReturn

from providers.dialogue import NAME64, Body, Message, Messages, calls_of, json_type, pairing, wrong_types
from providers.provider import HEX, LIST_IS_EMPTY, Events, Provider, Said, call_form

PATTERN = "string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."


class DeepSeek(Provider):
    """DeepSeek, which thinks unless the request says otherwise."""

    name, model, server_header = "deepseek", "deepseek-v4-pro", "openresty"
    keep_alive, lead_full = ": keep-alive", b"\n"
    mode = "v4"
    """``v4``, ``v3.2`` (in its older words) or ``r1``."""
    accept_parts = False
    """Whether content may be a list."""
    refuse_altered = True
    """Whether V4 refuses what is not the thought that it sent, such as an invented placeholder."""
    strict_turn = False
    """Whether the final answer of a turn with calls too must bring its thoughts back; the guide can be read so."""

    def err(self, status: int, message: str, code: str = "invalid_request_error", **kw: Any) -> Any:
        kind = kw.get("kind", "invalid_request_error")
        return {"error": {"message": message, "type": kind, "param": None, "code": code}}

    def unauthorized(self) -> tuple[int, Any]:
        told = "Authentication Fails (auth header format should be Bearer sk-...)"
        return 401, self.err(401, told, kind="authentication_error")

    def weather_429(self) -> tuple[Any, dict[str, Any]]:
        kind = "rate_limit_reached_error"
        return self.err(429, "Rate limit reached. Please pace your requests reasonably.", code=kind, kind=kind), {}

    def weather_503(self) -> tuple[int, Any, dict[str, Any]]:
        told = "Service is too busy. We advise users to temporarily switch to alternative LLM API service providers."
        kind = "service_unavailable_error"
        return 503, self.err(503, told, code=kind, kind=kind), {}

    def overflow(self, got: int) -> tuple[int, Any]:
        return 400, self.err(
            400,
            f"This model's maximum context length is {self.context_tokens} tokens. However, you requested "
            f"{got + 8192} tokens ({got} in the messages, 8192 in the completion). Please reduce the length "
            f"of the messages or completion.",
        )

    def bad(self, what: str, reason: str) -> NoReturn:
        self.refuse(f"Failed to deserialize the JSON body into the target type: {what} at line 1 column 1042", reason)

    def thinking(self, body: Body) -> bool:
        t = body.get("thinking")
        return self.mode == "r1" or not (isinstance(t, dict) and t.get("type") == "disabled")

    def check(self, body: Body, n: int) -> None:
        for path, wanted, value in wrong_types(body):
            if wanted == "nonempty":
                self.refuse("Empty input messages", "no messages")
            told = f"{path}: invalid type: {json_type(value)}, expected {wanted}"
            if value is None:
                told = f"missing field `{path.split('.')[-1]}`"
            self.bad(told, f"{path}: wanted {wanted}")
        if not isinstance(body.get("model"), str):
            self.bad("missing field `model`", "no model")
        self.check_tools(body.get("tools"))
        if self.thinking(body) and body.get("tool_choice") not in (None, "auto", "none"):
            self.refuse("deepseek-reasoner does not support this tool_choice", "tool_choice in thinking mode")
        messages = body["messages"]
        before = None
        for i, m in enumerate(messages):
            self.check_message(i, m, n)
            if self.mode == "r1":
                self.check_without_thoughts(i, m, before)
            if m["role"] != "system":
                before = m["role"]
        self.check_pairs(messages)
        if messages[-1]["role"] == "assistant" and not messages[-1].get("prefix"):
            told = (
                "The last message of the conversation must be a user message, a tool message, or an assistant message "
                "with prefix mode on (refer to https://api-docs.deepseek.com/guides/chat_prefix_completion)."
            )
            self.refuse(told, "ends with an assistant message")
        if self.mode != "r1" and self.thinking(body):
            for i, m in enumerate(messages):
                if m["role"] == "assistant":
                    self.check_thoughts(i, m, bool(i) and messages[i - 1]["role"] == "tool", n)

    def check_tools(self, tools: list[dict[str, Any]] | None) -> None:
        if tools == []:
            self.refuse(f"Invalid 'tools': {LIST_IS_EMPTY}", "tools is empty")
        for k, tool in enumerate(tools or []):
            name, schema = tool["function"]["name"], tool["function"].get("parameters")
            if not NAME64.match(name):
                self.refuse(f"Invalid 'tools[{k}].function.name': {PATTERN}", "tool name")
            if schema is not None and (not isinstance(schema, dict) or schema.get("type") != "object"):
                told = "schema must be a JSON Schema of 'type: \"object\"', got 'type: null'"
                self.refuse(f"Invalid schema for function '{name}': {told}", "tool schema")

    def check_message(self, i: int, m: Message, n: int) -> None:
        path, role, content = f"messages[{i}]", m["role"], m.get("content")
        if role not in ("system", "user", "assistant", "tool"):
            told = f"unknown variant `{role}`, expected one of `system`, `user`, `assistant`, `tool`"
            self.bad(f"{path}.role: {told}", f"role {role!r}")
        if isinstance(content, list) and not self.accept_parts:
            self.bad(f"{path}: invalid type: sequence, expected a string", f"content of message {i} is a list")
        if role != "assistant" and content is None:
            self.bad(f"{path}: missing field `content`", f"{role} message {i} without content")
        if role == "tool" and not isinstance(m.get("tool_call_id"), str):
            self.bad(f"{path}: missing field `tool_call_id`", "tool message without tool_call_id")
        if role == "assistant" and m.get("tool_calls") == []:
            self.refuse(f"Invalid '{path}.tool_calls': {LIST_IS_EMPTY}", "tool_calls is empty")
        if role == "assistant" and content is None and not calls_of(m):
            told = "Invalid assistant message: content or tool_calls must be set"
            self.refuse(told, f"empty assistant message {i}")
        for k, call in enumerate(calls_of(m)):
            name, arguments = call["function"]["name"], call["function"].get("arguments")
            if not isinstance(call.get("id"), str) or call.get("type") != "function":
                field = "type" if isinstance(call.get("id"), str) else "id"
                self.bad(f"{path}: missing field `{field}`", "tool call without id or type")
            if not NAME64.match(name):
                told = f"Invalid '{path}.tool_calls[{k}].function.name': {PATTERN}"
                self.refuse(told, f"tool name {name!r} in history")
            if not isinstance(arguments, str):
                told = f"{path}: invalid type: {json_type(arguments)}, expected a string"
                self.bad(told, "arguments are not text")
            self.weak_arguments(arguments, f"{path}.tool_calls[{k}]", n)

    def check_without_thoughts(self, i: int, m: Message, before: str | None) -> None:
        if "reasoning_content" in m:
            told = "The reasoning_content is not allowed in the input messages."
            self.refuse(told, f"reasoning_content sent back in message {i}")
        if m["role"] in ("user", "assistant") and m["role"] == before:
            told = (
                f"deepseek-reasoner does not support successive user or assistant messages (messages[{i - 1}] and "
                f"messages[{i}] in your input). You should interleave the user/assistant messages in the message "
                "sequence."
            )
            self.refuse(told, f"two {before} messages in a row")

    def check_pairs(self, messages: Messages) -> None:
        for kind, i, d in pairing(messages):
            if kind in ("orphan", "unknown"):
                told = "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'"
                self.refuse(told, f"tool message {i} answers no call ({d})")
            if kind in ("dup_call", "dup_result"):
                told = f"Duplicate value for 'tool_call_id' of {d if kind == 'dup_call' else d[0]}"
                self.refuse(told, f"{kind} at message {i}: {d}")
            told = (
                "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                "'tool_call_id'. (insufficient tool messages following tool_calls message)"
            )
            self.refuse(told, f"call(s) {d} of message {i} without result")

    def check_thoughts(self, i: int, m: Message, after_result: bool, n: int) -> None:
        got, calls = m.get("reasoning_content"), calls_of(m)
        sent = next((self.issued[one["id"]]["reasoning"] for one in calls if one.get("id") in self.issued), None)
        gone = "The `reasoning_content` in the thinking mode must be passed back to the API."
        if self.mode != "v4":
            gone = (
                f"Missing `reasoning_content` field in the assistant message at message index {i}. For more "
                "information, please refer to https://api-docs.deepseek.com/guides/thinking_mode#tool-calls"
            )
        if not isinstance(got, str) or (got == "" and calls and sent is None):
            if calls or (self.strict_turn and after_result):
                also = " (it was sent as an empty string: that too must come back)" if sent == "" else ""
                self.refuse(gone, f"message {i} has calls but not its reasoning_content{also}")
            if after_result:
                told = "final answer of a turn with calls without its reasoning_content"
                self.warn(n, f"messages[{i}]: {told} (docs: a turn with calls must be passed back in full)")
        elif calls and sent is not None and sent != got:
            if self.refuse_altered and self.mode == "v4":
                self.refuse(gone, f"reasoning_content of message {i} is not the text it came with: {got[:40]!r}")
            self.warn(n, f"messages[{i}]: reasoning_content is not the text it came with")

    def new_id(self) -> str:
        return "call_00_" + self.serial(24)

    def usage(self, body: Body, a: Said) -> dict[str, Any]:
        u = super().usage(body, a)
        u.update(
            prompt_tokens_details={"cached_tokens": 0},
            completion_tokens_details={"reasoning_tokens": self.tokens(a["thought"])},
            prompt_cache_hit_tokens=0,
            prompt_cache_miss_tokens=u["prompt_tokens"],
        )
        return u

    def dress(self, body: Body, a: Said) -> Any:
        thought = None
        if self.thinking(body):  # V4 really sends an empty one now and then
            silent = self.mode == "v4" and self.accepted % 2
            thought = a["thought"] or ("" if silent else "The user wants this done; I do it now.")
        calls = [call_form(self.new_id(), x, self.wire_args(y), index=k) for k, (x, y) in enumerate(a["calls"])]
        for c in calls:
            self.issued[c["id"]] = {"reasoning": thought}
        return thought, calls

    def head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"{self.serial(8, HEX)}-{self.serial(12, HEX)}",
            "object": kind,
            "created": int(time.time()),
            "model": self.model,
            "system_fingerprint": "fp_eaab8d114b_prod0820_fp8_kvcache",
        }

    def full(self, body: Body, a: Said, n: int) -> dict[str, Any]:
        r, calls = self.dress(body, a)
        m = {"role": "assistant", "content": a["text"] or ""}
        if r is not None:
            m["reasoning_content"] = r
        if calls:
            m["tool_calls"] = calls
        o = self.head("chat.completion")
        o["choices"] = [
            {"index": 0, "message": m, "logprobs": None, "finish_reason": "tool_calls" if calls else "stop"}
        ]
        o["usage"] = self.usage(body, a)
        return o

    def stream(self, body: Body, a: Said, n: int) -> Events:
        r, calls = self.dress(body, a)
        h, iu = self.head("chat.completion.chunk"), (body.get("stream_options") or {}).get("include_usage")

        def event(delta: dict[str, Any], finish: str | None = None, usage: Any = None) -> dict[str, Any]:
            return dict(
                h, choices=[{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], usage=usage
            )

        thinks = {"content": None, "reasoning_content": ""}
        yield event({"role": "assistant", **(thinks if r is not None else {"content": ""})})
        for s in self.pieces(r):
            yield event({"content": None, "reasoning_content": s})
        for s in self.pieces(a["text"]):
            yield event({"content": s, "reasoning_content": None} if r is not None else {"content": s})
        for k, c in enumerate(calls):
            yield event({"tool_calls": [call_form(c["id"], c["function"]["name"], "", index=k)]})
            for s in self.pieces(c["function"]["arguments"]):
                yield event({"tool_calls": [{"index": k, "function": {"arguments": s}}]})
        yield event(
            {"content": "", "reasoning_content": None} if r is not None else {"content": ""},
            "tool_calls" if calls else "stop",
            self.usage(body, a) if iu else None,
        )
