"""How a stand-in of a provider is reached: HTTP, the key, the weather, and the bytes of an answer."""

from __future__ import annotations

import copy
import json
import re
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler
from typing import Any

from providers.dialogue import Refuse


class Handler(BaseHTTPRequestHandler):
    """Answers one connection for the provider of its subclass."""

    protocol_version = "HTTP/1.1"
    provider: Any

    def log_message(self, *args: Any) -> None:
        """Nothing is told of requests."""

    def version_string(self) -> str:
        """What the header Server says."""
        return str(self.provider.server_header)

    def do_GET(self) -> None:
        """Say which models there are."""
        provider = self.provider
        if self.path.partition("?")[0] != provider.base + "/models":
            self._send(404, provider.err(404, "Not found: " + self.path))
            return
        model = {"id": provider.model, "object": "model", "created": 1700000000, "owned_by": provider.name}
        self._send(200, {"object": "list", "data": [model]})

    def do_POST(self) -> None:
        """Refuse a request, or answer what the model says."""
        provider = self.provider
        raw = self._read()
        try:
            body, bad = json.loads(raw), None
        except ValueError as unreadable:
            body, bad = None, str(unreadable)
        with provider.lock:
            n = len(provider.requests) + 1
            headers = dict(self.headers.items())
            record = {"n": n, "path": self.path, "headers": headers, "body": copy.deepcopy(body), "status": None}
            provider.requests.append(record)
        refused = self._refused(body, bad, n)
        if refused is not None:
            status, error, kind, reason, more = refused
            record["status"] = status
            if 400 <= status < 500:
                about = {"kind": kind, "reason": reason, "error": error, "request": record["body"]}
                provider.refusals.append({"n": n, "status": status, **about})
            self._send(status, error, more)
            return
        said = provider.think(body, n)
        record["status"] = 200
        slow = provider.weather.get(n) == "slow"
        if not body.get("stream"):
            self._whole(provider.full(body, said, n), slow)
            return
        try:
            self._streamed(provider.stream(body, said, n), slow)
        except (BrokenPipeError, ConnectionResetError):
            record["status"] = "client hung up"

    def _refused(self, body: Any, bad: str | None, n: int) -> tuple[int, Any, str, str, Mapping[str, Any]] | None:
        provider = self.provider
        if self.path.partition("?")[0] != provider.base + "/chat/completions":
            return 404, provider.err(404, f"Invalid URL (POST {self.path})"), "client", "wrong path: " + self.path, {}
        if not re.match(r"^Bearer \S+", self.headers.get("Authorization") or ""):
            return *provider.unauthorized(), "client", "no bearer key", {}
        if bad or not isinstance(body, dict):
            error = provider.err(400, "We could not parse the JSON body of your request.")
            return 400, error, "client", f"body is not a JSON object: {bad}", {}
        weather = provider.weather.get(n)
        if weather == "429":
            error, headers = provider.weather_429()
            return 429, error, "weather", "scheduled 429", {"Retry-After": provider.retry_after, **headers}
        if weather == "503" and not provider.was_down:
            provider.was_down = True
            status, error, headers = provider.weather_503()
            return status, error, "weather", f"scheduled {status}", headers
        try:
            with provider.lock:
                provider.check(body, n)
        except Refuse as no:
            return no.status, no.body, "client", no.reason, no.headers
        got = provider.tokens([body["messages"], body.get("tools")])
        if provider.context_tokens and got > provider.context_tokens:
            return *provider.overflow(got), "overflow", "context overflow", {}
        return None

    def _read(self) -> bytes:
        if "chunked" not in (self.headers.get("Transfer-Encoding") or "").lower():
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        raw = b""
        while size := int(self.rfile.readline().split(b";")[0] or b"0", 16):
            raw += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return raw

    def _send(self, status: int, body: Any, headers: Mapping[str, Any] | None = None) -> None:
        text = body if isinstance(body, str) else json.dumps(body)
        kind = "application/json"
        if isinstance(body, str):
            kind = "text/html" if body.startswith("<") else "text/plain"
        raw = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(raw)))
        for name, value in (headers or {}).items():
            self.send_header(name, str(value))
        self.send_header("x-request-id", "req_" + self.provider.serial(16))
        self.end_headers()
        self.wfile.write(raw)

    def _whole(self, answer: Any, slow: bool) -> None:
        if not slow or not self.provider.lead_full:
            time.sleep(self.provider.slow if slow else 0)
            self._send(200, answer)
            return
        self._start_chunks("application/json")
        for _ in range(2):
            self._chunk(self.provider.lead_full)
            time.sleep(self.provider.slow / 2)
        self._chunk(json.dumps(answer).encode())
        self._chunk(b"")

    def _streamed(self, events: Any, slow: bool) -> None:
        self._start_chunks("text/event-stream; charset=utf-8")
        for _ in range(2 if slow else 0):
            if self.provider.keep_alive:
                self._chunk((self.provider.keep_alive + "\n\n").encode())
            time.sleep(self.provider.slow / 2)
        for event in events:
            line = event if isinstance(event, str) else "data: " + json.dumps(event)
            self._chunk((line + "\n\n").encode())
        self._chunk(b"data: [DONE]\n\n")
        self._chunk(b"")

    def _start_chunks(self, kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.send_header("Cache-Control", "no-cache")
        self.end_headers()

    def _chunk(self, content: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))
        self.wfile.flush()
