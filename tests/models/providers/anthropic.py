"""A stand-in of Anthropic's endpoint for OpenAI's clients, or of a LiteLLM proxy before it.

Sources, as issues on github.com: form of errors yinzara/ha-config-ai-agent#5 and OpenManus#746; names
home-assistant/core#140005 and #147760; ids maximhq/bifrost#5097 and trycua/cua#524; results in the next message only
anthropics/claude-code#8210 and #18947; empty texts anthropics/claude-code#59812 and hermes-agent#11929; arguments
yinzara/ha-config-ai-agent#5, where the cause is only supposed; tool names twice danny-avila/LibreChat#13162; thoughts
of the current turn opencode#3077. That the user must begin holds for older models and some gateways.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any

from providers.dialogue import NAME64, Body, Message, Messages, calls_of, current_turn, wrong_types
from providers.provider import Events, Provider, Said, call_form

NO_THINKING = (
    "messages.1.content.0.type: Expected `thinking` or `redacted_thinking`, but found `tool_use`. When `thinking` is "
    "enabled, a final `assistant` message must start with a thinking block (preceeding the lastmost set of `tool_use` "
    "and `tool_result` blocks). We recommend you include thinking blocks from previous turns. To avoid this "
    "requirement, disable `thinking`. Please consult our documentation at "
    "https://docs.claude.com/en/docs/build-with-claude/extended-thinking"
)
KINDS = {
    401: "authentication_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "api_error",
    529: "overloaded_error",
}
OF_LITELLM = {
    400: "BadRequestError",
    401: "AuthenticationError",
    404: "NotFoundError",
    429: "RateLimitError",
    503: "ServiceUnavailableError",
}


class Anthropic(Provider):
    """Anthropic's endpoint for OpenAI's clients, or a LiteLLM proxy before Anthropic."""

    name, model, server_header = "anthropic", "claude-opus-4-6", "cloudflare"
    flavor = "anthropic"
    """``anthropic`` or ``litellm``."""
    first_user_required = False
    """Whether a conversation that the assistant opens is refused."""
    refuse_prefill = True
    """Whether one that ends with the assistant is refused, as by the newest models."""
    refuse_empty_text = True
    """Whether an empty text is refused, also beside calls."""
    require_thinking = False
    """With LiteLLM: whether the thoughts of the current turn must come back with its calls."""

    def err(self, status: int, message: str, **kw: Any) -> Any:
        kind = KINDS.get(status, "invalid_request_error")
        if self.flavor == "anthropic":
            form = "invalid_request_error" if status < 500 else "api_error"
            return {"error": {"code": kind, "message": message, "type": form, "param": None}}
        request = "req_011C" + self.serial(20)
        inner = json.dumps({"type": "error", "error": {"type": kind, "message": message}, "request_id": request})
        name = OF_LITELLM.get(status, "APIError")
        if "prompt is too long" in message:
            name = "BadRequestError: litellm.ContextWindowExceededError"
        told = f"litellm.{name}: AnthropicException - {inner}. Received Model Group={self.model}"
        told += "\nAvailable Model Group Fallbacks=None"
        busy = "throttling_error" if status == 429 else None
        return {"error": {"message": told, "type": busy, "param": None, "code": str(status)}}

    def unauthorized(self) -> tuple[int, Any]:
        return 401, self.err(401, "x-api-key header is required")

    def weather_429(self) -> tuple[Any, dict[str, Any]]:
        return self.err(
            429,
            "This request would exceed the rate limit for your organization of 20,000 input tokens per "
            "minute. For details, refer to: https://docs.anthropic.com/en/api/rate-limits. You can see the "
            "response headers for current usage. Please reduce the prompt length or the maximum tokens "
            "requested, or try again later. You may also contact sales at "
            "https://www.anthropic.com/contact-sales to discuss your options for a rate limit increase.",
        ), {"anthropic-ratelimit-input-tokens-remaining": 0}

    def weather_503(self) -> tuple[int, Any, dict[str, Any]]:
        return 503, self.err(503, "Overloaded"), {"x-should-retry": "true"}

    def overflow(self, got: int) -> tuple[int, Any]:
        return 400, self.err(400, f"prompt is too long: {got} tokens > {self.context_tokens} maximum")

    # What is looked at: the messages as the layer for OpenAI's clients makes them Anthropic's own.

    def converted(self, messages: Messages) -> list[dict[str, Any]]:
        """Messages in Anthropic's form; refuses what cannot be carried over."""
        out: list[dict[str, Any]] = []
        for i, m in enumerate(messages):
            role = m["role"]
            if role in ("system", "developer"):
                continue
            if role not in ("user", "assistant", "tool"):
                told = "Input should be 'user', 'assistant', 'system', 'developer' or 'tool'"
                self.refuse(f"messages.{i}.role: {told}", f"role {role!r}")
            blocks = self.blocks(i, m)
            if role == "tool":
                if not isinstance(m.get("tool_call_id"), str):
                    self.refuse(f"messages.{i}.tool_call_id: Field required", "tool message without tool_call_id")
                blocks = [{"type": "tool_result", "tool_use_id": m["tool_call_id"], "content": blocks}]
            for call in calls_of(m):
                name, arguments = call["function"]["name"], call["function"].get("arguments")
                try:
                    value = json.loads(arguments)
                except (TypeError, ValueError):
                    told = f"Failed to parse JSON: {arguments if isinstance(arguments, str) else ''}"
                    self.refuse(told, f"arguments of {name} are not JSON: {arguments!r}")
                blocks.append({"type": "tool_use", "id": call.get("id"), "name": name, "input": value})
            side = "assistant" if role == "assistant" else "user"
            if out and out[-1]["role"] == side:
                out[-1]["content"] += blocks
            else:
                out.append({"role": side, "content": blocks})
        return out

    def blocks(self, i: int, m: Message) -> list[dict[str, Any]]:
        content = m.get("content")
        if isinstance(content, str):
            kept = content != "" or (self.refuse_empty_text and m["role"] != "tool")
            return [{"type": "text", "text": content}] if kept else []
        blocks = []
        for part in content or []:
            if part["type"] not in ("text", "image_url", "thinking", "redacted_thinking"):
                told = "does not match any of the expected tags: 'text', 'image_url'"
                told = f"messages.{i}.content: Input tag '{part['type']}' found using 'type' {told}"
                self.refuse(told, f"content part {part['type']}")
            text = {"text": part.get("text", "x")} if part["type"] == "text" else {}
            blocks.append({"type": part["type"], **text})
        return blocks

    def check(self, body: Body, n: int) -> None:
        for path, wanted, value in wrong_types(body):
            if wanted == "nonempty":
                self.refuse("messages: at least one message is required", "no messages")
            dotted = re.sub(r"\[(\d+)\]", r".\1", path)
            told = "Field required" if value is None else f"Input should be {wanted}"
            self.refuse(f"{dotted}: {told}", f"{path}: wanted {wanted}")
        if not body.get("model"):
            self.refuse("model: Field required", "no model")
        if body.get("n") not in (None, 1):
            self.refuse("n: must be 1", "n is not 1")
        self.check_tools(body.get("tools") or [])
        messages = self.converted(body["messages"])
        if not messages:
            self.refuse("messages: at least one message is required", "only system messages")
        if messages[0]["role"] != "user":
            told = 'first message must use the "user" role'
            if self.first_user_required:
                self.refuse(f"messages: {told}", "conversation opens with the assistant")
            self.warn(n, f"opens with an assistant message: older Claude models / some gateways refuse ({told})")
        seen: set[str] = set()
        for k, m in enumerate(messages):
            before = messages[k - 1] if k else {"role": "", "content": []}
            after = messages[k + 1]["content"] if k + 1 < len(messages) else []
            if not m["content"] and (k < len(messages) - 1 or m["role"] == "user"):
                told = "all messages must have non-empty content except for the optional final assistant message"
                self.refuse(f"messages.{k}: {told}", "empty message")
            for b, block in enumerate(m["content"]):
                self.check_block(k, b, block, before, seen)
            self.check_results(k, [block["id"] for block in m["content"] if block["type"] == "tool_use"], after)
        if body["messages"][-1]["role"] == "assistant" and self.refuse_prefill:
            told = "This model does not support assistant message prefill."
            told = f"{told} The conversation must end with a user message."
            self.refuse(told, "ends with an assistant message")
        if self.flavor == "litellm" and self.require_thinking:
            self.check_thinking(body["messages"])

    def check_tools(self, tools: list[dict[str, Any]]) -> None:
        for k, tool in enumerate(tools):
            path, schema = f"tools.{k}.custom", tool["function"].get("parameters")
            if not re.match(r"^[a-zA-Z0-9_-]{1,128}\Z", tool["function"]["name"]):
                told = "String should match pattern '^[a-zA-Z0-9_-]{1,128}$'"
                self.refuse(f"{path}.name: {told}", "tool name pattern")
            if schema is not None and (not isinstance(schema, dict) or schema.get("type") != "object"):
                untyped = isinstance(schema, dict) and "type" not in schema
                told = "Field required" if untyped else "Input should be 'object'"
                self.refuse(f"{path}.input_schema.type: {told}", "tool schema not an object")
        names = [tool["function"]["name"] for tool in tools]
        if len(set(names)) != len(names):
            self.refuse("tools: Tool names must be unique.", "tool names twice")

    def check_block(self, k: int, b: int, block: dict[str, Any], before: Message, seen: set[str]) -> None:
        texts = [block] if block["type"] == "text" else block.get("content", [])
        for text in texts:
            if text["type"] == "text" and text["text"] == "":
                self.refuse("messages: text content blocks must be non-empty", f"empty text block in messages.{k}")
            if text["type"] == "text" and not text["text"].strip():
                told = "messages: text content blocks must contain non-whitespace text"
                self.refuse(told, f"whitespace-only text block in messages.{k}")
        path = f"messages.{k}.content.{b}"
        if block["type"] == "tool_use":
            identity, name = block["id"], block["name"]
            told = "String should match pattern"
            if not isinstance(identity, str) or not re.match(r"^[a-zA-Z0-9_-]+\Z", identity):
                self.refuse(f"{path}.tool_use.id: {told} '^[a-zA-Z0-9_-]+$'", f"call id {identity!r}")
            if not NAME64.match(name):
                told = f"{path}.tool_use.name: {told} '^[a-zA-Z0-9_-]{{1,64}}$'"
                self.refuse(told, f"tool name {name!r} in history")
            if not isinstance(block["input"], dict):
                told = f"{path}.tool_use.input: Input should be a valid dictionary"
                self.refuse(told, f"arguments of {name} are not an object: {block['input']!r}")
            if identity in seen:
                self.refuse(f"{path}: `tool_use` ids must be unique", f"call id {identity} twice")
            seen.add(identity)
        if block["type"] == "tool_result":
            uses = [one["id"] for one in before["content"] if one["type"] == "tool_use"]
            identity = block["tool_use_id"]
            if before["role"] != "assistant" or identity not in uses:
                told = (
                    f"{path}: unexpected `tool_use_id` found in `tool_result` blocks: {identity}. Each `tool_result` "
                    "block must have a corresponding `tool_use` block in the previous message."
                )
                self.refuse(told, f"result {identity} without call")

    def check_results(self, k: int, uses: list[str], after: list[dict[str, Any]]) -> None:
        results = [block["tool_use_id"] for block in after if block["type"] == "tool_result"]
        first = [block for block in after[: len(results)] if block["type"] == "tool_result"]
        missing = [use for use in uses if use not in results]
        if uses and (missing or len(first) < len(results)):
            told = (
                f"messages.{k}: `tool_use` ids were found without `tool_result` blocks immediately after: "
                f"{', '.join(missing or uses)}. Each `tool_use` block must have a corresponding `tool_result` block in "
                "the next message."
            )
            self.refuse(told, f"call(s) {missing or uses} without result right after")
        for use in uses:
            if results.count(use) > 1:
                told = "each tool_use must have a single result. Found multiple `tool_result` blocks with id:"
                self.refuse(f"messages.{k + 1}.content.1: {told} {use}", f"two results for {use}")

    def check_thinking(self, messages: Messages) -> None:
        start = current_turn(messages)
        for i, m in enumerate(messages):
            issued = [self.issued.get(call["id"], {}).get("thinking") for call in calls_of(m)]
            sent = next(filter(None, issued), None)
            if not sent or i <= start:
                continue
            got = m.get("thinking_blocks")
            if not got:
                self.refuse(NO_THINKING, f"thinking_blocks of message {i} were not sent back")
            if got != sent:
                told = "messages.1.content.0: Invalid `signature` in `thinking` block"
                self.refuse(told, f"thinking_blocks of message {i} were altered")

    # What it answers.

    def new_id(self) -> str:
        return "toolu_01" + self.serial(22)

    def no_args(self, args: str | None) -> str | None:
        return "" if self.accepted % 2 else "{}"

    def dress(self, a: Said) -> Any:
        calls = [call_form(self.new_id(), x, self.wire_args(y)) for x, y in a["calls"]]
        blocks = None
        if a["thought"] and self.flavor == "litellm":
            blocks = [{"type": "thinking", "thinking": a["thought"], "signature": "Eq" + self.serial(60) + "=="}]
        for c in calls:
            self.issued[c["id"]] = {"name": c["function"]["name"], "thinking": blocks}
        return calls, blocks

    def head(self, kind: str) -> dict[str, Any]:
        h = {
            "id": ("msg_01" if self.flavor == "anthropic" else "chatcmpl-") + self.serial(22),
            "object": kind,
            "created": int(time.time()),
            "model": self.model,
        }
        if self.flavor == "litellm":
            h["system_fingerprint"] = None
        return h

    def full(self, body: Body, a: Said, n: int) -> dict[str, Any]:
        calls, blocks = self.dress(a)
        m: dict[str, Any] = {"role": "assistant", "content": a["text"]}
        if a["text"] is None and self.flavor == "anthropic":
            m["content"] = ""
        if calls:
            m["tool_calls"] = calls
        if self.flavor == "litellm":
            m["function_call"] = None
            m["provider_specific_fields"] = {"citations": None, "thinking_blocks": blocks}
            if not calls:
                m["tool_calls"] = None
            for k, c in enumerate(calls):
                c["index"] = k
            if blocks:
                m["reasoning_content"], m["thinking_blocks"] = a["thought"], blocks
        o = self.head("chat.completion")
        o["choices"] = [{"index": 0, "message": m, "finish_reason": "tool_calls" if calls else "stop"}]
        o["usage"] = self.usage(body, a)
        if self.flavor == "litellm":
            o["usage"].update(cache_creation_input_tokens=0, cache_read_input_tokens=0)
        return o

    def stream(self, body: Body, a: Said, n: int) -> Events:
        calls, blocks = self.dress(a)
        h = self.head("chat.completion.chunk")

        def event(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
            return dict(h, choices=[{"index": 0, "delta": delta, "finish_reason": finish}])

        yield event({"role": "assistant", "content": ""})
        if blocks:
            for s in self.pieces(a["thought"]):
                block = {"thinking_blocks": [{"type": "thinking", "thinking": s, "signature": None}]}
                yield event({"reasoning_content": s, **block, "provider_specific_fields": block})
            signed = {"type": "thinking", "thinking": "", "signature": blocks[0]["signature"]}
            yield event({"reasoning_content": "", "thinking_blocks": [signed]})
        for s in self.pieces(a["text"]):
            yield event({"content": s})
        for k, c in enumerate(calls):
            yield event({"tool_calls": [call_form(c["id"], c["function"]["name"], "", index=k)]})
            for s in self.pieces(c["function"]["arguments"]):
                more = {"index": k, "type": "function", "function": {"arguments": s}}
                if self.flavor == "litellm":
                    more = {**more, "id": None, "function": {"name": None, "arguments": s}}
                yield event({"tool_calls": [more]})
        yield event({} if self.flavor == "anthropic" else {"content": None}, "tool_calls" if calls else "stop")
        if (body.get("stream_options") or {}).get("include_usage"):
            yield dict(h, choices=[], usage=self.usage(body, a))
