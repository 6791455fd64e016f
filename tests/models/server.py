"""A model server of the tests' own on 127.0.0.1: it answers what it is told to, and remembers what it was asked."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple, TypeAlias

JSON = "application/json"


class Request(NamedTuple):
    """What was asked: the path, the headers by lower-case name, the decoded body."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """What a request is answered.

    Args:
        body: JSON, or text that is sent as it is.
        status: The HTTP status.
        headers: Sent besides the usual ones.
        kind: The content type.
        cut: Whether the connection is closed before the body is complete.
        silent: Whether nothing is answered at all until the server is closed.
        gate: How many requests must be there before any of them is answered.
    """

    body: Any = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    kind: str = JSON
    cut: bool = False
    silent: bool = False
    gate: int = 0


Script: TypeAlias = Answer | Mapping[str, Any] | Callable[[Request], "Answer | Mapping[str, Any]"]


def call(name: str, arguments: str | Mapping[str, Any], identity: str | None = "c1") -> dict[str, Any]:
    """A tool call of a completion; arguments given as text are sent as they are."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": text}}


def completion(
    text: str | None = "Hello.",
    *,
    calls: Sequence[Mapping[str, Any]] = (),
    finish: str = "stop",
    tokens: tuple[int, int] | None = (10, 5),
    cost: float | None = None,
    **message: Any,
) -> dict[str, Any]:
    """A chat completion.

    Args:
        text: What is said.
        calls: The calls.
        finish: The reason why it ended.
        tokens: Tokens read and generated; None for no usage.
        cost: The cost that the server gives.
        message: Further fields of the message, such as ``reasoning_content``.
    """
    said = {"role": "assistant", "content": text, **message}
    if calls:
        said["tool_calls"] = list(calls)
    whole: dict[str, Any] = {"choices": [{"index": 0, "finish_reason": finish, "message": said}]}
    if tokens is not None:
        whole["usage"] = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1]}
        if cost is not None:
            whole["usage"]["cost"] = cost
    return whole


def streamed(whole: Mapping[str, Any], *, ends: bool = True, cut: bool = False) -> Answer:
    """A completion as a stream, its texts in pieces of three characters.

    Args:
        whole: The completion.
        ends: Whether it has a finish reason and what follows it.
        cut: Whether the connection is closed before the body is complete.
    """
    choice = whole["choices"][0]
    deltas: list[dict[str, Any]] = []
    for name, value in choice["message"].items():
        if name in ("reasoning_content", "reasoning", "content", "refusal") and isinstance(value, str):
            deltas += [{name: piece} for piece in _pieces(value)]
        elif name != "tool_calls":
            deltas.append({name: value})
    for index, one in enumerate(choice["message"].get("tool_calls", ())):
        named = {**one["function"], "arguments": ""}
        deltas.append({"tool_calls": [{**one, "index": index, "function": named}]})
        for piece in _pieces(one["function"]["arguments"]):
            deltas.append({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    events = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    if ends:
        events.append({"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]})
        if "usage" in whole:
            events.append({"choices": [], "usage": whole["usage"]})
    return Answer(sse(events, done=ends), kind="text/event-stream", cut=cut)


def sse(events: Sequence[Mapping[str, Any]], *, done: bool = True) -> str:
    """Events as a stream's text."""
    lines = [f"data: {json.dumps(event)}\n\n" for event in events]
    return "".join([*lines, "data: [DONE]\n\n"] if done else lines)


def error(status: int, message: str, **more: Any) -> Answer:
    """An error in OpenAI's form; ``headers`` are the answer's, all else goes into the error."""
    headers = more.pop("headers", {})
    return Answer({"error": {"message": message, **more}}, status, headers)


class Server:
    """A server that answers with a script: one entry a request, the last one again and again.

    Example::

        with Server(error(500, "no"), completion("Hi.")) as server:
            model = ChatModel(ModelSettings(model="m", base_url=server.url))
            ...
        assert server.requests[1].body["messages"] == [...]

    Args:
        script: Completions, answers, or functions from a request to one of them.
        models: What it answers when it is asked which models it has; by default, that it has any.

    Attributes:
        requests: What was asked so far, the questions for its models left out.
        looks: How often it was asked which models it has.
        most: How many requests were there at once, at most.
        connections: How many connections were opened so far.
    """

    def __init__(self, *script: Script, models: Answer | None = None) -> None:
        self.script = script or (completion(),)
        self.models = models or Answer({"object": "list", "data": [{"id": "*", "object": "model"}]})
        self.looks = 0
        self.requests: list[Request] = []
        self.most = 0
        self.connections = 0
        self._waiting = 0
        self._crowd = asyncio.Condition()
        self._never = asyncio.Event()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)

    @property
    def url(self) -> str:
        """The endpoint, as ``base_url`` has it."""
        return f"http://127.0.0.1:{self._port}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of what was asked so far."""
        return [request.body for request in self.requests]

    def __enter__(self) -> Server:
        self._thread.start()
        start = asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=4096)
        self._server = asyncio.run_coroutine_threadsafe(start, self._loop).result()
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server and its connections, if that has not happened yet."""
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.run_until_complete(self._end())
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        await asyncio.sleep(0)  # what was accepted last gets its task
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            for task in others:
                task.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        await self._loop.shutdown_asyncgens()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while request := await _read(reader):
                if request.path.partition("?")[0].endswith("/models"):
                    self.looks += 1
                    answer: Any = self.models
                else:
                    entry = self.script[min(len(self.requests), len(self.script) - 1)]
                    self.requests.append(request)
                    answer = entry(request) if callable(entry) else entry
                if not isinstance(answer, Answer):
                    answer = Answer(answer)
                self._waiting += 1
                self.most = max(self.most, self._waiting)
                async with self._crowd:
                    self._crowd.notify_all()
                    await self._crowd.wait_for(lambda answer=answer: self.most >= answer.gate)
                if answer.silent:
                    await self._never.wait()
                self._waiting -= 1
                writer.write(_written(answer))
                await writer.drain()
                if answer.cut:
                    break
        except (ConnectionError, asyncio.CancelledError):
            pass  # the client went away, or the server ends
        finally:
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(first.split(" ")[1], headers, json.loads(body or "{}"))


def _written(answer: Answer) -> bytes:
    text = answer.body if isinstance(answer.body, str) else json.dumps(answer.body)
    body = text.encode("utf-8", "surrogatepass")
    length = len(body) + 1 if answer.cut else len(body)
    headers = {"content-type": answer.kind, "content-length": str(length), **answer.headers}
    lines = [f"HTTP/1.1 {answer.status} -", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def _pieces(text: str) -> list[str]:
    return [text[start : start + 3] for start in range(0, len(text), 3)]
