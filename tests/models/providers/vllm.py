"""A stand-in of vLLM: lenient about order and names, strict about arguments.

Sources, as issues on github.com: vllm-project/vllm#43995, #48922 and #50861.
"""

from __future__ import annotations

import json
import time
from typing import Any

from providers.dialogue import NAME64, Body, calls_of, pairing, wrong_types
from providers.provider import HEX, Events, Provider, Said, call_form

KINDS = {
    400: "BadRequestError",
    401: "Unauthorized",
    404: "NotFoundError",
    429: "TooManyRequests",
    503: "ServiceUnavailable",
}


class VLLM(Provider):
    """A vLLM server."""

    name, model, server_header = "vllm", "Qwen/Qwen3-30B-A3B", "uvicorn"
    reasoning_field = "reasoning"
    """Where its thoughts are: ``reasoning_content`` before 0.12."""

    def err(self, status: int, message: str, **kw: Any) -> Any:
        kind = KINDS.get(status, "InternalServerError")
        return {"error": {"message": message, "type": kind, "param": kw.get("param"), "code": status}}

    def unauthorized(self) -> tuple[int, Any]:
        return 401, {"error": "Unauthorized"}

    def overflow(self, got: int) -> tuple[int, Any]:
        most = self.context_tokens or 0
        told = (
            f"This model's maximum context length is {most} tokens. However, you requested 0 output tokens and your "
            f"prompt contains at least {most + 1} input tokens, for a total of at least {most + 1} tokens. Please "
            "reduce the length of the input prompt or the number of requested output tokens. "
            f"(parameter=input_tokens, value={most + 1})"
        )
        return 400, self.err(400, told, param="input_tokens")

    def check(self, body: Body, n: int) -> None:
        for path, wanted, _ in wrong_types(body):
            if wanted == "nonempty":
                self.refuse("list index out of range", "no messages")
            told = f"{{'type': 'type_error', 'loc': ('body', {path!r}), 'msg': 'Input should be {wanted}'}}"
            self.refuse(f"1 validation error:\n  {told}", f"{path}: wanted {wanted}")
        error = "{'type': 'value_error', 'loc': ('body',), 'msg': 'Value error, "
        if body.get("stream_options") is not None and not body.get("stream"):
            told = f"[{error}Stream options can only be defined when `stream=True`.'}}]"
            self.refuse(told, "stream_options without stream")
        if body.get("model") not in (self.model, None):
            told = f"The model `{body['model']}` does not exist."
            self.refuse(told, "unknown model", status=404, param="model")
        if body.get("tool_choice") not in (None, "none") and not body.get("tools"):
            told = f"1 validation error:\n  {error}When using `tool_choice`, `tools` must be set.'}}"
            self.refuse(told, "tool_choice without tools")
        for m in body["messages"]:
            if m["role"] not in ("system", "developer", "user", "assistant", "tool"):
                self.refuse("Unexpected message role.", f"role {m['role']!r}")
            for call in calls_of(m):
                self.check_call(call, n)
        for kind, i, d in pairing(body["messages"]):
            self.warn(n, f"pairing: {kind} at message {i}: {d} (vLLM does not mind)")
        if body["messages"][-1]["role"] == "assistant":
            self.warn(n, "ends with an assistant message")

    def check_call(self, call: dict[str, Any], n: int) -> None:
        name, arguments = call["function"]["name"], call["function"].get("arguments")
        if not arguments:
            return  # it puts {} there itself
        try:
            value = json.loads(arguments) if isinstance(arguments, str) else arguments
        except ValueError as error:
            self.refuse(str(error), f"arguments are not JSON: {arguments!r}")
        if not isinstance(value, dict):
            self.refuse("Can only get item pairs from a mapping.", f"arguments are not an object: {arguments!r}")
        if not NAME64.match(name):
            self.warn(n, f"tool name {name!r} in history (vLLM does not mind, others do)")

    def new_id(self) -> str:
        return "chatcmpl-tool-" + self.serial(32, HEX)

    def head(self, kind: str) -> dict[str, Any]:
        return {
            "id": "chatcmpl-" + self.serial(32, HEX),
            "object": kind,
            "created": int(time.time()),
            "model": self.model,
        }

    def calls(self, a: Said) -> list[dict[str, Any]]:
        return [call_form(self.new_id(), x, self.wire_args(y)) for x, y in a["calls"]]

    def full(self, body: Body, a: Said, n: int) -> dict[str, Any]:
        m = {
            "role": "assistant",
            "content": a["text"],
            "refusal": None,
            "annotations": None,
            "audio": None,
            "function_call": None,
            "tool_calls": self.calls(a),
            self.reasoning_field: a["thought"],
        }
        o = self.head("chat.completion")
        o["choices"] = [
            {
                "index": 0,
                "message": m,
                "logprobs": None,
                "finish_reason": "tool_calls" if a["calls"] else "stop",
                "stop_reason": None,
                "token_ids": None,
            }
        ]
        o.update(
            service_tier=None,
            system_fingerprint=None,
            usage=dict(self.usage(body, a), prompt_tokens_details=None),
            prompt_logprobs=None,
            prompt_token_ids=None,
            kv_transfer_params=None,
        )
        return o

    def stream(self, body: Body, a: Said, n: int) -> Events:
        h = self.head("chat.completion.chunk")

        def event(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
            c = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish, "token_ids": None}
            if finish:
                c["stop_reason"] = None
            return dict(h, choices=[c])

        yield dict(event({"role": "assistant", "content": ""}), prompt_token_ids=None)
        for s in self.pieces(a["thought"]):
            yield event({self.reasoning_field: s})
        for s in self.pieces(a["text"]):
            yield event({"content": s})
        for k, c in enumerate(self.calls(a)):
            yield event(
                {
                    "tool_calls": [
                        {"id": c["id"], "type": "function", "index": k, "function": {"name": c["function"]["name"]}}
                    ]
                }
            )
            for s in self.pieces(c["function"]["arguments"]):
                yield event({"tool_calls": [{"index": k, "function": {"arguments": s}}]})
        yield event({"content": ""} if not a["calls"] else {}, "tool_calls" if a["calls"] else "stop")
        if (body.get("stream_options") or {}).get("include_usage"):
            yield dict(h, choices=[], usage=self.usage(body, a))
