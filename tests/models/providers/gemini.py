"""A stand-in of Gemini's endpoint for OpenAI's clients, with the thought signatures of Gemini 3.

Sources: https://ai.google.dev/gemini-api/docs/thought-signatures (of parallel calls the first alone has one; older
turns are not validated) and https://docs.apiyi.com (the wording of a corrupted one). As issues on github.com: calls not
after the user or a tool google-gemini/gemini-cli#26486 and Antigravity-Manager#3396; counts of results
google-gemini/gemini-cli#3814; results of unknown ids pydantic/pydantic-ai#1879; results without a name
hermes-agent#19728; whole calls in streams, with finish_reason "stop" googleapis/python-genai#2868,
open-webui/computer#224 and dayu-agent#45. For unknown fields of messages, and for arguments, the wording is inferred.
"""

from __future__ import annotations

import json
import re
import time
from typing import Any, NoReturn

from providers.dialogue import NAME64, Body, Message, Messages, calls_of, current_turn, pairing, text_of, wrong_types
from providers.provider import DIGITS, Events, Provider, Said

BYPASS = ("skip_thought_signature_validator", "context_engineering_is_the_way_to_go")
ROLES = ("system", "developer", "user", "assistant", "model", "tool", "function")
FIELDS = "role content name tool_calls tool_call_id refusal extra_content audio function_call annotations"
MSG = set(FIELDS.split())
DECLARED = re.compile(r"^[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}\Z")
NAMES = (
    "Invalid function name. Must start with a letter or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores "
    "(_), dots (.), colons (:), or dashes (-), with a maximum length of 64.\n"
)
KINDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    503: "UNAVAILABLE",
}
BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def unknown_name(path: str, name: str) -> str:
    """What is said of a field that is not known."""
    return f"Invalid JSON payload received. Unknown name \"{name}\" at '{path}': Cannot find field."


def says_something(content: Any) -> bool:
    """Whether a content has text or an image."""
    parts = [part for part in content or [] if isinstance(part, dict)]
    return bool(text_of(content)) or any(part.get("type") == "image_url" for part in parts)


class Gemini(Provider):
    """Gemini 3."""

    name, base, model, server_header = "gemini", "/v1beta/openai", "gemini-3-pro-preview", "scaffolding on HTTPServer2"
    strict_all_turns = False
    """Whether signatures of earlier turns must come back too; the real one looks at the current turn only."""
    require_tool_name = False
    """Whether a result must be named: some were refused without; mostly the name is found by the id."""

    def err(self, status: int, message: str, **kw: Any) -> Any:
        details = {"details": kw["details"]} if kw.get("details") else {}
        kind = KINDS.get(status, "INVALID_ARGUMENT")
        return [{"error": {"code": status, "message": message, "status": kind, **details}}]

    def unauthorized(self) -> tuple[int, Any]:
        return 400, self.err(400, "Missing or invalid Authorization header.")

    def weather_429(self) -> tuple[Any, dict[str, Any]]:
        return self.err(
            429,
            f"You exceeded your current quota, please check your plan and billing details. For more "
            f"information on this error, head to: https://ai.google.dev/gemini-api/docs/rate-limits. \n* "
            f"Quota exceeded for metric: "
            f"generativelanguage.googleapis.com/generate_content_free_tier_input_token_count, limit: "
            f"250000, model: gemini-3-pro\nPlease retry in {self.retry_after}.25s.",
            details=[{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{self.retry_after}s"}],
        ), {}

    def weather_503(self) -> tuple[int, Any, dict[str, Any]]:
        return 503, self.err(503, "The model is overloaded. Please try again later."), {}

    def overflow(self, got: int) -> tuple[int, Any]:
        return 400, self.err(
            400, f"The input token count ({got}) exceeds the maximum number of tokens allowed ({self.context_tokens})."
        )

    def unknown(self, path: str, name: str, reason: str, **kw: Any) -> NoReturn:
        self.refuse(unknown_name(path, name), reason, **kw)

    def check(self, body: Body, n: int) -> None:
        for path, wanted, value in wrong_types(body):
            if wanted == "nonempty":
                self.refuse("GenerateContentRequest.contents: contents is not specified", "no messages")
            self.refuse(f"Invalid value at '{path}' ({wanted}), {json.dumps(value)}", f"{path}: wanted {wanted}")
        names = [tool["function"]["name"] for tool in body.get("tools") or []]
        for k, name in enumerate(names):
            if not DECLARED.match(name):
                told = f"* GenerateContentRequest.tools[0].function_declarations[{k}].name: {NAMES}"
                self.refuse(told, "tool name")
        if len(set(names)) != len(names):
            twice = next(name for name in names if names.count(name) > 1)
            self.refuse(f"Duplicate function declaration found: {twice}", "tool names twice")
        messages = body["messages"]
        self.check_messages(messages, n)
        for kind, i, d in pairing(messages):
            if kind in ("missing", "dup_result", "dup_call"):
                told = (
                    "Please ensure that the number of function response parts is equal to the number of function call "
                    "parts of the function call turn."
                )
                self.refuse(told, f"{kind} at message {i}: {d}")
            told = "Please ensure that function response turn comes immediately after a function call turn."
            self.refuse(told, f"{kind} tool message {i}: {d}")
        if messages[-1]["role"] in ("assistant", "model"):
            told = "Please ensure that multiturn requests ends with a user role or a function response."
            self.refuse(told, "ends with an assistant message")

    def check_messages(self, messages: Messages, n: int) -> None:
        place, before, start = 0, None, current_turn(messages)
        names: dict[Any, str] = {}
        for i, m in enumerate(messages):
            role = m["role"]
            self.check_fields(i, m)
            if role in ("system", "developer"):
                continue
            calls = calls_of(m)
            if role in ("user", "assistant", "model") and not calls and not says_something(m.get("content")):
                told = f"* GenerateContentRequest.contents[{place}].parts: contents.parts must not be empty.\n"
                self.refuse(told, f"empty {role} message {i}")
            for k, call in enumerate(calls):
                self.check_call(f"messages[{i}].tool_calls[{k}]", f"contents[{place}].parts[{k}]", call, n)
                names[call.get("id")] = call["function"]["name"]
            if calls and before not in ("user", "tool"):
                told = (
                    "Please ensure that function call turn comes immediately after a user turn or after a function "
                    "response turn."
                )
                self.refuse(told, f"calls in message {i} follow {before}")
            self.check_signatures(m, i, place, i > start, n)
            if role == "tool":
                self.check_result(i, m, place, names.get(m.get("tool_call_id")), n)
            before = "tool" if role in ("tool", "function") else role
            if not (role == "tool" and i and messages[i - 1]["role"] == "tool"):
                place += 1
        if place == 0:
            self.refuse("GenerateContentRequest.contents is not specified", "only system messages")

    def check_fields(self, i: int, m: Message) -> None:
        if m["role"] not in ROLES:
            self.refuse("Please use a valid role: user, model.", f"role {m['role']!r}")
        path = f"messages[{i}]"
        for name in m:
            if name not in MSG:
                violation = {"field": path, "description": unknown_name(path, name)}
                detail = {"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]}
                self.unknown(path, name, f"unknown field {name} in message {i}", details=[detail])

    def check_call(self, path: str, part: str, call: dict[str, Any], n: int) -> None:
        for field in call:
            if field not in ("id", "type", "function", "extra_content", "index"):
                self.unknown(path, field, f"unknown field {field} in a call")
        name, arguments = call["function"]["name"], call["function"].get("arguments")
        if not DECLARED.match(name):
            told = f"* GenerateContentRequest.{part}.function_call.name: {NAMES}"
            self.refuse(told, f"tool name {name!r} in history")
        if not NAME64.match(name):
            self.warn(n, f"{path}: name {name!r} is legal here (dots, colons) but with few other providers")
        try:
            value = json.loads(arguments) if arguments else {}
        except (TypeError, ValueError):
            value = None
        if not isinstance(value, dict):
            reason = f"arguments of {name} are not the text of an object: {arguments!r}"
            self.refuse("Request contains an invalid argument.", reason)

    def check_result(self, i: int, m: Message, place: int, called: str | None, n: int) -> None:
        if not (m.get("name") or called) or (self.require_tool_name and not m.get("name")):
            told = (
                f"* GenerateContentRequest.contents[{place}].parts[0].function_response.name: Name cannot be empty.\n"
            )
            self.refuse(told, f"tool message {i}: no name found for id {m.get('tool_call_id')!r}")
        if not m.get("name"):
            told = "tool message without name (Google's examples send it; some users got 400 without)"
            self.warn(n, f"messages[{i}]: {told}")

    def check_signatures(self, m: Message, i: int, pos: int, current: bool, n: int) -> None:
        for k, t in enumerate(calls_of(m)):
            sig = ((t.get("extra_content") or {}).get("google") or {}).get("thought_signature")
            name = t["function"]["name"]
            known = self.issued.get(t.get("id"))
            want = known["signature"] if known else None
            if sig in BYPASS:
                self.warn(n, f"messages[{i}].tool_calls[{k}]: bypass signature")
                continue
            if not sig and (k == 0 if not known else want) and (current or self.strict_all_turns):
                self.refuse(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to "
                    "work correctly, and missing thought_signature may lead to degraded model performance. Additional "
                    f"data, function call `default_api:{name}` , position {pos + 1}. Please refer to "
                    "https://ai.google.dev/gemini-api/docs/thought-signatures for more details.",
                    f"call {t.get('id')} of message {i} without its thought_signature",
                )
            if not sig and want:
                told = "signature of an older turn dropped (not validated, but advised)"
                self.warn(n, f"messages[{i}].tool_calls[{k}]: {told}")
            if sig and sig != want:
                reason = f"call {t.get('id')} of message {i}: signature is not the one it came with"
                self.refuse("Corrupted thought signature.", reason)

    def new_id(self) -> str:
        return "function-call-" + self.serial(19, DIGITS)

    def sig(self) -> str:
        return f"EjQKMgEMOdbH{self.serial(64, BASE64)}=="

    def dress(self, a: Said) -> Any:
        calls = []
        for k, (x, y) in enumerate(a["calls"]):
            c = {"function": {"arguments": self.wire_args(y), "name": x}, "id": self.new_id(), "type": "function"}
            s = None
            if k == 0:  # parallel calls: only the first carries one
                s = self.sig()
                c = {"extra_content": {"google": {"thought_signature": s}}, **c}
            self.issued[c["id"]] = {"signature": s, "name": x}
            calls.append(c)
        return calls

    def head(self, kind: str) -> dict[str, Any]:
        return {"created": int(time.time()), "id": self.serial(22), "model": self.model, "object": kind}

    def full(self, body: Body, a: Said, n: int) -> dict[str, Any]:
        m: dict[str, Any] = {"role": "assistant"}
        calls = self.dress(a)
        if a["text"]:
            m["content"] = a["text"]
        if calls:
            m["tool_calls"] = calls
        elif a["text"]:
            m["extra_content"] = {"google": {"thought_signature": self.sig()}}
        o = self.head("chat.completion")
        o["choices"] = [{"finish_reason": "tool_calls" if calls else "stop", "index": 0, "message": m}]
        o["usage"] = self.usage(body, a)
        return o

    def stream(self, body: Body, a: Said, n: int) -> Events:
        h, u, calls = self.head("chat.completion.chunk"), self.usage(body, a), self.dress(a)

        def event(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
            c = {"delta": dict(delta, role="assistant"), "index": 0}
            if finish:
                c["finish_reason"] = finish
            return dict(h, choices=[c], usage=u)

        for s in self.pieces(a["text"]):
            yield event({"content": s})
        if calls:  # whole calls, without index, finish_reason "stop": as the real one streams them
            if len(calls) > 1 and self.accepted % 2:
                yield event({"tool_calls": calls})
            else:
                for c in calls:
                    yield event({"tool_calls": [c]})
            yield event({}, "stop")
        else:
            yield event(
                {"content": "", "extra_content": {"google": {"thought_signature": self.sig()}}} if a["text"] else {},
                "stop",
            )
