"""A stand-in of OpenRouter before Gemini 3: its reasoning_details must come back, and errors come inside good answers.

Sources: https://openrouter.ai/docs, its pages on reasoning tokens (returned unmodified and in order; in pieces as they
were streamed, or merged), errors and streaming. Refusals from upstream: github.com, issue charmbracelet/crush#279.
"""

from __future__ import annotations

import json
import time
from typing import Any, NoReturn

from providers.dialogue import (
    NAME64,
    Body,
    Message,
    Refuse,
    calls_of,
    current_turn,
    json_type,
    pairing,
    text_of,
    wrong_types,
)
from providers.provider import Events, Provider, Said, call_form


class OpenRouter(Provider):
    """OpenRouter before Gemini 3. Fields that it does not know are ignored."""

    name, base, model, server_header = "openrouter", "/api/v1", "google/gemini-3-pro-preview", "cloudflare"
    keep_alive, lead_full = ": OPENROUTER PROCESSING", b"\n         \n"
    broken = {9: True, 22: True}
    """By the number of the request: an error inside an answer 200, or in the middle of a stream."""
    upstream = "Google AI Studio"

    def err(self, status: int, message: str, **kw: Any) -> Any:
        e = {"message": message, "code": status}
        if kw.get("metadata"):
            e["metadata"] = kw["metadata"]
        return {"error": e, "user_id": "user_2double"}

    def upstream_refuses(self, message: str, reason: str) -> NoReturn:
        raw = json.dumps([{"error": {"code": 400, "message": message, "status": "INVALID_ARGUMENT"}}])
        raise Refuse(
            400, self.err(400, "Provider returned error", metadata={"raw": raw, "provider_name": self.upstream}), reason
        )

    def unauthorized(self) -> tuple[int, Any]:
        return 401, {"error": {"message": "No auth credentials found", "code": 401}}

    def weather_429(self) -> tuple[Any, dict[str, Any]]:
        return self.err(
            429,
            "Provider returned error",
            metadata={
                "raw": f"{self.model} is temporarily rate-limited upstream. Please retry shortly, or add your own "
                f"key to accumulate your rate limits: https://openrouter.ai/settings/integrations",
                "provider_name": self.upstream,
            },
        ), {}

    def weather_503(self) -> tuple[int, Any, dict[str, Any]]:
        return 503, self.err(503, "There is no available model provider that meets your routing requirements"), {}

    def overflow(self, got: int) -> tuple[int, Any]:
        return 400, self.err(
            400,
            f"This endpoint's maximum context length is {self.context_tokens} tokens. However, you "
            f"requested about {got} tokens ({got} of text input). Please reduce the length of either one, "
            f'or use the "middle-out" transform to compress your prompt automatically.',
            metadata={"provider_name": self.upstream},
        )

    def invalid(self, wanted: str, got: str, path: str, reason: str) -> NoReturn:
        received = f", received {got}" if got else ""
        self.refuse(f"Invalid input: expected {wanted}{received} at {path}", reason)

    def check(self, body: Body, n: int) -> None:
        for path, wanted, value in wrong_types(body):
            if wanted == "nonempty":
                self.refuse('Input required: specify "prompt" or "messages"', "no messages")
            self.invalid(wanted, json_type(value), path, f"{path}: wanted {wanted}")
        if not isinstance(body.get("model"), str):
            self.refuse("No models provided", "no model")
        for k, tool in enumerate(body.get("tools") or []):
            if not NAME64.match(tool["function"]["name"]):
                path = f"tools[0].function_declarations[{k}].name"
                self.upstream_refuses(f"* GenerateContentRequest.{path}: Invalid function name.", "tool name")
        messages = body["messages"]
        start, before = current_turn(messages), None
        for i, m in enumerate(messages):
            self.check_message(f"messages[{i}]", i, m)
            if m["role"] in ("system", "developer"):
                continue
            if calls_of(m) and before == "assistant":
                told = (
                    "Please ensure that function call turn comes immediately after a user turn or after a function "
                    "response turn."
                )
                self.upstream_refuses(told, f"calls in message {i} follow an assistant message")
            if calls_of(m):
                self.check_details(m, i, i > start, n)
            before = m["role"]
        for kind, i, d in pairing(messages):
            if kind in ("orphan", "unknown"):
                told = "Please ensure that function response turn comes immediately after a function call turn."
                self.upstream_refuses(told, f"{kind} tool message {i}: {d}")
            told = (
                "Please ensure that the number of function response parts is equal to the number of function call "
                "parts of the function call turn."
            )
            self.upstream_refuses(told, f"{kind} at message {i}: {d}")

    def check_message(self, path: str, i: int, m: Message) -> None:
        role, content = m["role"], m.get("content")
        if role not in ("system", "developer", "user", "assistant", "tool"):
            self.invalid('one of "system"|"developer"|"user"|"assistant"|"tool"', "", f"{path}.role", f"role {role!r}")
        if role in ("user", "tool") and content is None:
            self.invalid("string", "null", f"{path}.content", f"{role} message without content")
        if role == "tool" and not isinstance(m.get("tool_call_id"), str):
            self.invalid("string", "undefined", f"{path}.tool_call_id", "tool message without tool_call_id")
        if role == "assistant" and not calls_of(m) and not text_of(content):
            told = "* GenerateContentRequest.contents.parts: contents.parts must not be empty.\n"
            self.upstream_refuses(told, f"empty assistant message {i}")
        for k, call in enumerate(calls_of(m)):
            self.check_call(f"{path}.tool_calls[{k}]", call)

    def check_call(self, path: str, call: dict[str, Any]) -> None:
        name, arguments = call["function"]["name"], call["function"].get("arguments")
        if not isinstance(call.get("id"), str):
            self.invalid("string", "", f"{path}.id", "call without id")
        if not isinstance(arguments, str):
            got = json_type(arguments)
            self.invalid("string", got, f"{path}.function.arguments", f"arguments are {got}")
        if not NAME64.match(name):
            told = "* GenerateContentRequest.contents.parts.function_call.name: Invalid function name."
            self.upstream_refuses(told, f"tool name {name!r} in history")
        try:
            value = json.loads(arguments) if arguments else {}
        except ValueError:
            value = None
        if not isinstance(value, dict):
            reason = f"arguments are not the text of an object: {arguments!r}"
            self.upstream_refuses("Request contains an invalid argument.", reason)

    @staticmethod
    def merged(details: list[dict[str, Any]]) -> list[dict[str, Any]]:
        out: list[dict[str, Any]] = []
        for d in details or []:
            d = dict(d)
            if (
                out
                and out[-1].get("type") == d.get("type")
                and out[-1].get("index") == d.get("index")
                and d.get("type") != "reasoning.encrypted"
            ):
                for k in ("text", "summary"):
                    if d.get(k):
                        out[-1][k] = (out[-1].get(k) or "") + d[k]
                for k in ("signature", "id", "format"):
                    if d.get(k):
                        out[-1][k] = d[k]
            else:
                out.append(d)
        return [{k: v for k, v in d.items() if v is not None} for d in out]

    def check_details(self, m: Message, i: int, current: bool, n: int) -> None:
        sent = next((self.issued[c["id"]] for c in calls_of(m) if c.get("id") in self.issued), None)
        got = m.get("reasoning_details")
        name = calls_of(m)[0]["function"]["name"]
        if not got:
            if current and (sent is None or sent):
                self.upstream_refuses(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
                    "work correctly, and missing thought_signature may lead to degraded model performance. Additional "
                    f"data, function call `default_api:{name}` , position {i + 1}. Please refer to "
                    "https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
                    f"message {i} without its reasoning_details",
                )
            if sent:
                self.warn(n, f"messages[{i}]: reasoning_details of an older turn dropped")
            return
        if not isinstance(got, list) or not all(isinstance(x, dict) and isinstance(x.get("type"), str) for x in got):
            self.refuse(
                f"Invalid input: expected array of objects at messages[{i}].reasoning_details",
                "reasoning_details malformed",
            )
        if sent is not None and self.merged(got) != self.merged(sent):
            self.upstream_refuses(
                "Corrupted thought signature.", f"reasoning_details of message {i} are not the ones it came with"
            )

    def new_id(self) -> str:
        return "tool_0_" + self.serial(12)

    def no_args(self, args: str | None) -> str | None:
        return ("", "{}", None)[self.accepted % 3]

    def dress(self, a: Said) -> Any:
        calls = [call_form(self.new_id(), x, self.wire_args(y), index=k) for k, (x, y) in enumerate(a["calls"])]
        det = []
        if a["thought"]:
            det.append({"type": "reasoning.text", "text": a["thought"], "format": "google-gemini-v1", "index": 0})
        if calls:
            det.append(
                {
                    "type": "reasoning.encrypted",
                    "data": "EjQKMgEM" + self.serial(60),
                    "format": "google-gemini-v1",
                    "id": calls[0]["id"],
                    "index": 0,
                }
            )
        for c in calls:
            self.issued[c["id"]] = det
        return calls, det

    def head(self, kind: str) -> dict[str, Any]:
        return {
            "id": f"gen-{int(time.time())}-{self.serial(20)}",
            "provider": self.upstream,
            "model": self.model,
            "object": kind,
            "created": int(time.time()),
        }

    def usage(self, body: Body, a: Said) -> dict[str, Any]:
        return dict(
            super().usage(body, a),
            cost=0.0001,
            is_byok=False,
            cost_details={"upstream_inference_cost": None},
            completion_tokens_details={"reasoning_tokens": self.tokens(a["thought"])},
        )

    def fault(self) -> dict[str, Any]:
        return {
            "code": 502,
            "message": "Provider returned error",
            "metadata": {"provider_name": self.upstream, "raw": "upstream connect error"},
        }

    def full(self, body: Body, a: Said, n: int) -> dict[str, Any]:
        if self.broken.get(n):
            self.answers[-1]["misbehaviour"] = "error in 200"
            return {"error": self.fault(), "user_id": "user_2double"}
        calls, det = self.dress(a)
        m = {"role": "assistant", "content": a["text"] or "", "refusal": None, "reasoning": a["thought"]}
        if det:
            m["reasoning_details"] = det
        if calls:
            m["tool_calls"] = calls
        o = self.head("chat.completion")
        o["choices"] = [
            {
                "logprobs": None,
                "finish_reason": "tool_calls" if calls else "stop",
                "native_finish_reason": "STOP",
                "index": 0,
                "message": m,
            }
        ]
        o["usage"] = self.usage(body, a)
        return o

    def stream(self, body: Body, a: Said, n: int) -> Events:
        h = self.head("chat.completion.chunk")

        def event(delta: dict[str, Any], finish: str | None = None, **kw: Any) -> dict[str, Any]:
            return dict(
                h,
                choices=[
                    {
                        "index": 0,
                        "delta": delta,
                        "finish_reason": finish,
                        "native_finish_reason": "STOP" if finish else None,
                        "logprobs": None,
                    }
                ],
                **kw,
            )

        yield ": OPENROUTER PROCESSING"
        if self.broken.get(n):
            self.answers[-1]["misbehaviour"] = "error in mid-stream"
            yield event({"role": "assistant", "content": (a["text"] or "I am on")[:7]})
            o = event({"content": ""}, "error", error=self.fault())
            o["choices"][0]["native_finish_reason"] = "error"
            yield o
            return
        calls, det = self.dress(a)
        for s in self.pieces(a["thought"]):
            yield event(
                {
                    "role": "assistant",
                    "content": "",
                    "reasoning": s,
                    "reasoning_details": [
                        {"type": "reasoning.text", "text": s, "format": "google-gemini-v1", "index": 0}
                    ],
                }
            )
        yield ": OPENROUTER PROCESSING"
        for s in self.pieces(a["text"]):
            yield event({"role": "assistant", "content": s})
        for k, c in enumerate(calls):
            yield event(
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [call_form(c["id"], c["function"]["name"], c["function"]["arguments"], index=k)],
                }
            )
        enc = [d for d in det if d["type"] == "reasoning.encrypted"]
        if enc:
            yield event({"role": "assistant", "content": "", "reasoning_details": enc})
        yield event({"role": "assistant", "content": ""}, "tool_calls" if calls else "stop")
        yield event({"role": "assistant", "content": ""}, None, usage=self.usage(body, a))
