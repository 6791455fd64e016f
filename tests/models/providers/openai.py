"""A stand-in of OpenAI.

Sources, as issues on github.com: names in tools and in the history mcp-use/mcp-use#90; fields that it does not know
labring/FastGPT#1253 ('messages[2].tool_calls[0].index') and 64bit/async-openai#386 ('web_search_options'); content null
vercel/ai#14950, where it is also said that "" is fine; pairing miurla/morphic#136, microsoft/promptflow#3130 and
agno-agi/agno#5116; stream_options without stream BerriAI/litellm#5803.
"""

from __future__ import annotations

import re
import time
from typing import Any, NoReturn

from providers.dialogue import Body, Message, Messages, calls_of, json_type, pairing, wrong_types
from providers.provider import LIST_IS_EMPTY, Events, Provider, Said, call_form

PLAIN = {"role", "content", "name"}
OF_MODEL = {*PLAIN, "refusal", "audio", "tool_calls", "function_call", "annotations"}
PARTS = {"user": {"text", "image_url", "input_audio", "file"}, "assistant": {"text", "refusal"}}
FIELDS = (
    "model messages audio frequency_penalty function_call functions logit_bias logprobs max_completion_tokens "
    "max_tokens metadata modalities n parallel_tool_calls prediction presence_penalty prompt_cache_key "
    "prompt_cache_retention reasoning_effort response_format safety_identifier seed service_tier stop store stream "
    "stream_options temperature tool_choice tools top_logprobs top_p user verbosity web_search_options moderation"
)
TOP = set(FIELDS.split())


class OpenAI(Provider):
    """OpenAI's chat completions.

    It does not look into arguments: those that are no object's text become warnings.
    """

    name, model, server_header = "openai", "gpt-4.1-2025-04-14", "cloudflare"
    reasoning_model = False
    """Whether it refuses max_tokens and a temperature that is not 1, as the GPT-5 and o series do."""
    refuse_unknown_fields = True

    MSG = {
        "system": PLAIN,
        "developer": PLAIN,
        "user": PLAIN,
        "assistant": OF_MODEL,
        "tool": {*PLAIN, "tool_call_id"},
        "function": PLAIN,
    }

    def err(
        self,
        status: int,
        message: str,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
        **kw: Any,
    ) -> Any:
        return {"error": {"message": message, "type": kind, "param": param, "code": code}}

    def unauthorized(self) -> tuple[int, Any]:
        return 401, self.err(
            401,
            "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer "
            "auth (i.e. Authorization: Bearer YOUR_KEY).",
        )

    def weather_429(self) -> tuple[Any, dict[str, Any]]:
        told = (
            f"Rate limit reached for {self.model} in organization org-double on tokens per min (TPM): Limit 30000, "
            f"Used 29500, Requested 1200. Please try again in {self.retry_after}s. Visit "
            "https://platform.openai.com/account/rate-limits to learn more."
        )
        headers = {
            "retry-after-ms": int(self.retry_after * 1000),
            "x-ratelimit-remaining-tokens": 500,
            "x-ratelimit-reset-tokens": f"{self.retry_after}s",
        }
        return self.err(429, told, kind="tokens", code="rate_limit_exceeded"), headers

    def weather_503(self) -> tuple[int, Any, dict[str, Any]]:
        told = (
            "The server is currently overloaded with other requests. Sorry about that! You can retry your request, or "
            "contact us through our help center at help.openai.com if the error persists."
        )
        return 503, self.err(503, told, kind="server_error"), {}

    # The refusals that come again and again.

    def unknown(self, path: str, reason: str) -> NoReturn:
        self.refuse(f"Unknown parameter: '{path}'.", reason, param=path, code="unknown_parameter")

    def no_items(self, path: str, reason: str) -> NoReturn:
        self.refuse(f"Invalid '{path}': {LIST_IS_EMPTY}", reason, param=path, code="empty_array")

    def too_many(self, path: str, most: int, got: int, reason: str) -> NoReturn:
        told = f"array too long. Expected an array with maximum length {most}, but got an array with length {got}"
        self.refuse(f"Invalid '{path}': {told} instead.", reason, param=path, code="array_above_max_length")

    def only_with(self, name: str, needed: str, reason: str) -> NoReturn:
        told = f"Invalid value for '{name}': '{name}' is only allowed when '{needed}' are specified."
        self.refuse(told, reason, param=name)

    def wrong_value(self, path: str, value: Any, allowed: str, reason: str) -> NoReturn:
        told = f"Invalid value: '{value}'. Supported values are: {allowed}."
        self.refuse(told, reason, param=path, code="invalid_value")

    def type_error(self, path: str, wanted: str, value: Any) -> NoReturn:
        if wanted == "nonempty":
            self.no_items(path, path + " is empty")
        if value is None:
            told = f"Missing required parameter: '{path}'."
            self.refuse(told, f"{path} is missing", param=path, code="missing_required_parameter")
        got = f"expected {wanted}, but got {json_type(value)} instead."
        reason = f"{path}: expected {wanted}, got {json_type(value)}"
        self.refuse(f"Invalid type for '{path}': {got}", reason, param=path, code="invalid_type")

    def name_check(self, path: str, text: str, most: int = 64, pattern: str | None = r"^[a-zA-Z0-9_-]+\Z") -> None:
        if text == "":
            told = "empty string. Expected a string with minimum length 1, but got an empty string instead."
            self.refuse(f"Invalid '{path}': {told}", path + " is empty", param=path, code="empty_string")
        if len(text) > most:
            told = f"Expected a string with maximum length {most}, but got a string with length {len(text)} instead."
            told = f"Invalid '{path}': string too long. {told}"
            self.refuse(told, path + " too long", param=path, code="string_above_max_length")
        if pattern and not re.match(pattern, text):
            shown = pattern.replace(r"\Z", "$")
            told = f"string does not match pattern. Expected a string that matches the pattern '{shown}'."
            reason = f"{path} = {text!r} breaks the pattern"
            self.refuse(f"Invalid '{path}': {told}", reason, param=path, code="invalid_value")

    # What is looked at.

    def check(self, body: Body, n: int) -> None:
        for path, wanted, value in wrong_types(body):
            self.type_error(path, wanted, value)
        if not isinstance(body.get("model"), str):
            self.refuse("you must provide a model parameter", "no model")
        for name in body:
            if name not in TOP:
                self.unknown(name, f"unknown parameter {name}")
        if body.get("stream_options") is not None and not body.get("stream"):
            told = "The 'stream_options' parameter is only allowed when 'stream' is enabled."
            self.refuse(told, "stream_options without stream", param="stream_options")
        if body.get("max_tokens") is not None and body.get("max_completion_tokens") is not None:
            told = "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported."
            self.refuse(told, "both max_tokens and max_completion_tokens", code="invalid_parameter_combination")
        if self.reasoning_model:
            self.check_sampling(body)
        stop = body.get("stop")
        if isinstance(stop, list) and len(stop) > 4:
            self.too_many("stop", 4, len(stop), "too many stop sequences")
        self.check_tools(body)
        for i, m in enumerate(body["messages"]):
            self.check_message(i, m, n)
        self.check_pairs(body["messages"])

    def check_sampling(self, body: Body) -> None:
        if body.get("max_tokens") is not None:
            told = "'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
            code, reason = "unsupported_parameter", "max_tokens on a reasoning model"
            self.refuse(f"Unsupported parameter: {told}", reason, param="max_tokens", code=code)
        if body.get("temperature") not in (None, 1):
            told = f"'temperature' does not support {body['temperature']} with this model."
            told = f"Unsupported value: {told} Only the default (1) value is supported."
            self.refuse(told, "temperature on a reasoning model", param="temperature", code="unsupported_value")

    def check_tools(self, body: Body) -> None:
        tools = body.get("tools")
        if tools is None:
            for name in ("tool_choice", "parallel_tool_calls"):
                if body.get(name) is not None:
                    self.only_with(name, "tools", f"{name} without tools")
            return
        if not tools:
            self.no_items("tools", "tools is empty")
        if len(tools) > 128:
            self.too_many("tools", 128, len(tools), "more than 128 tools")
        for k, tool in enumerate(tools):
            path = f"tools[{k}]"
            if not tool.get("type"):
                told = f"Missing required parameter: '{path}.type'."
                self.refuse(told, "tool type", param=f"{path}.type", code="invalid_value")
            if tool["type"] != "function":
                self.wrong_value(f"{path}.type", tool["type"], "'function' and 'custom'", "tool type")
            name, schema = tool["function"]["name"], tool["function"].get("parameters")
            self.name_check(f"{path}.function.name", name)
            if schema is not None and (not isinstance(schema, dict) or (schema and schema.get("type") != "object")):
                got = schema.get("type") if isinstance(schema, dict) else schema
                told = f"schema must be a JSON Schema of 'type: \"object\"', got 'type: \"{got}\"'."
                self.refuse(
                    f"Invalid schema for function '{name}': {told}",
                    "tool schema not an object",
                    param=f"{path}.function.parameters",
                    code="invalid_function_parameters",
                )

    def check_message(self, i: int, m: Message, n: int) -> None:
        path, role, content = f"messages[{i}]", m["role"], m.get("content")
        if role not in self.MSG:
            allowed = "'system', 'assistant', 'user', 'function', 'tool', and 'developer'"
            self.wrong_value(f"{path}.role", role, allowed, f"role {role!r}")
        for name in m:
            if name not in self.MSG[role] and self.refuse_unknown_fields:
                self.unknown(f"{path}.{name}", f"unknown field {name} in a {role} message")
        if m.get("name") is not None:
            self.name_check(f"{path}.name", m["name"], pattern=r"^[^\s<|\\/>]+\Z")
        if "tool_calls" in m and m["tool_calls"] is None:
            told = f"Invalid type for '{path}.tool_calls': expected an array of objects, but got null instead."
            self.refuse(told, "tool_calls is null", param=f"{path}.tool_calls", code="invalid_type")
        if "tool_calls" in m and not m["tool_calls"]:
            self.no_items(f"{path}.tool_calls", "tool_calls is empty")
        instead = calls_of(m) or m.get("refusal") or m.get("audio") or m.get("function_call")
        if content is None and not (role == "assistant" and instead):
            told = "Invalid value for 'content': expected a string, got null."
            self.refuse(told, f"a {role} message without content", param=f"messages.[{i}].content")
        if isinstance(content, list):
            self.check_parts(f"{path}.content", role, content)
        for k, call in enumerate(calls_of(m)):
            self.check_call(f"{path}.tool_calls[{k}]", call, n)
        if role == "tool" and not isinstance(m.get("tool_call_id"), str):
            self.type_error(f"{path}.tool_call_id", "a string", m.get("tool_call_id"))

    def check_parts(self, path: str, role: str, parts: list[dict[str, Any]]) -> None:
        if not parts:
            self.no_items(path, "content is an empty list")
        allowed = PARTS.get(role, {"text"})
        for k, part in enumerate(parts):
            if part["type"] not in allowed:
                listed = ", ".join(f"'{one}'" for one in sorted(allowed))
                reason = f"content part {part['type']} in a {role} message"
                self.wrong_value(f"{path}[{k}]", part["type"], listed, reason)
            for name in part:
                if part["type"] == "text" and name not in ("type", "text"):
                    self.unknown(f"{path}[{k}].{name}", f"unknown field {name} in a text part")

    def check_call(self, path: str, call: dict[str, Any], n: int) -> None:
        for name in call:
            if name not in ("id", "type", "function") and self.refuse_unknown_fields:
                self.unknown(f"{path}.{name}", f"unknown field {name} in a tool call")
        if call.get("type") != "function":
            told = f"Invalid value: '{call.get('type')}'. Supported values are: 'function' and 'custom'."
            if call.get("type") is None:
                told = f"Missing required parameter: '{path}.type'."
            code = "missing_required_parameter"
            self.refuse(told, "tool call without type function", param=f"{path}.type", code=code)
        if not isinstance(call.get("id"), str):
            self.type_error(f"{path}.id", "a string", call.get("id"))
        self.name_check(f"{path}.id", call["id"], 40, None)
        self.name_check(f"{path}.function.name", call["function"]["name"])
        for name in call["function"]:
            if name not in ("name", "arguments"):
                self.unknown(f"{path}.function.{name}", f"unknown field {name} in a call's function")
        arguments = call["function"].get("arguments")
        if not isinstance(arguments, str):
            self.type_error(f"{path}.function.arguments", "a string", arguments)
        self.weak_arguments(arguments, path, n)

    def check_pairs(self, messages: Messages) -> None:
        for kind, i, d in pairing(messages):
            at = f"messages.[{i}]"
            if kind == "missing":
                told = (
                    "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
                    "'tool_call_id'. The following tool_call_ids did not have response messages: "
                )
                reason = f"call(s) {d} without a result right after"
                self.refuse(told + ", ".join(map(str, d)), reason, param=f"messages.[{i + 1}].role")
            if kind == "orphan":
                told = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                self.refuse(f"Invalid parameter: {told}", f"tool message {i} answers no call", param=f"{at}.role")
            if kind == "unknown":
                told = f"'tool_call_id' of '{d}' not found in 'tool_calls' of previous message."
                self.refuse(f"Invalid parameter: {told}", f"tool_call_id {d} unknown", param=f"{at}.tool_call_id")
            told = "Invalid parameter: Duplicate value for 'tool_call_id' of"
            if kind == "dup_result":
                told = f"{told} '{d[0]}', in messages[{d[1]}] and messages[{i}]."
                self.refuse(told, f"two results for {d[0]}", param=f"{at}.tool_call_id")
            told = f"{told} '{d}' in messages[{i}]."
            self.refuse(told, f"call id {d} twice in one message", param=f"{at}.tool_calls")

    # What it answers.

    def usage(self, body: Body, a: Said) -> dict[str, Any]:
        made = ("reasoning_tokens", "audio_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens")
        return {
            **super().usage(body, a),
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": dict.fromkeys(made, 0),
        }

    def head(self, kind: str) -> dict[str, Any]:
        return {
            "id": "chatcmpl-" + self.serial(29),
            "object": kind,
            "created": int(time.time()),
            "model": self.model,
            "service_tier": "default",
            "system_fingerprint": "fp_51e1070cf2",
        }

    def full(self, body: Body, a: Said, n: int) -> dict[str, Any]:
        m = {"role": "assistant", "content": a["text"], "refusal": None, "annotations": [], "audio": None}
        m["function_call"] = None
        if a["calls"]:
            m["tool_calls"] = [call_form(self.new_id(), name, self.wire_args(args)) for name, args in a["calls"]]
        elif a["text"] is None:
            m["content"] = ""
        finish = "tool_calls" if a["calls"] else "stop"
        choice = {"index": 0, "message": m, "logprobs": None, "finish_reason": finish}
        return {**self.head("chat.completion"), "choices": [choice], "usage": self.usage(body, a)}

    def stream(self, body: Body, a: Said, n: int) -> Events:
        head = self.head("chat.completion.chunk")
        with_usage = (body.get("stream_options") or {}).get("include_usage")

        def event(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            usage = {"usage": None} if with_usage else {}
            return {**head, "choices": [choice], **usage, "obfuscation": self.serial(6)}

        silent = a["text"] is None and a["calls"]
        yield event({"role": "assistant", "content": None if silent else "", "refusal": None})
        for piece in self.pieces(a["text"]):
            yield event({"content": piece})
        for k, (name, arguments) in enumerate(a["calls"]):
            yield event({"tool_calls": [call_form(self.new_id(), name, "", index=k)]})
            for piece in self.pieces(self.wire_args(arguments)):
                yield event({"tool_calls": [{"index": k, "function": {"arguments": piece}}]})
        yield event({}, "tool_calls" if a["calls"] else "stop")
        if with_usage:
            yield {**head, "choices": [], "usage": self.usage(body, a)}
