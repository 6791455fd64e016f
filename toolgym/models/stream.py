"""Reading what an endpoint sends, whole or as a stream of events, and never more of it than a limit."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterable, AsyncIterator, Collection, Mapping
from typing import Any

from toolgym.messages import THOUGHTS
from toolgym.models.failures import RequestError, reported

_BREAK = re.compile(rb"\r\n|\n|\r")
_FIELDS = (b"data:", b"event:", b"id:", b"retry:", b":")
_DRAIN_S = 0.05
_BOM = b"\xef\xbb\xbf"
_PIECES = ("text", "thinking", "reasoning", "summary", "content")
"""Fields of the parts of a list that come in pieces, as those of ``reasoning_details``."""


async def read_completion_of(chunks: AsyncIterable[bytes], max_bytes: int) -> dict[str, Any]:
    """A completion as one, whether it comes whole or as a stream of events.

    Args:
        chunks: What the endpoint sends.
        max_bytes: How long the reply may be; of a stream, what it says.

    Raises:
        RequestError: If it is not a completion, reports an error, or is too long (kind ``"reply"``).
    """
    pieces = aiter(chunks)
    begin = b""
    async for chunk in pieces:
        begin = (begin + chunk).removeprefix(_BOM).lstrip()  # servers keep a connection alive with empty lines
        if len(begin) >= len(b"event:"):
            break
    if begin.startswith(_FIELDS):
        whole = await gathered(_events(_chained(begin, pieces), max_bytes), max_bytes)
        await _drain(pieces)
        return whole
    text = await read_text(_chained(begin, pieces), max_bytes)
    if text is None:
        raise too_long(max_bytes)
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RequestError(f"the answer is not JSON: {error}", no_answer=True) from None
    if not isinstance(answer, dict):
        raise RequestError(f"the answer is not a JSON object: {answer!s:.200}", no_answer=True)
    return answer


async def _drain(pieces: AsyncIterator[bytes]) -> None:
    """Read what may still come after the end, mostly nothing: a connection that was read out can be used again."""
    try:
        async with asyncio.timeout(_DRAIN_S):
            async for _ in pieces:
                pass
    except TimeoutError:  # the server keeps it open: it is closed then
        return


async def read_text(chunks: AsyncIterable[bytes], max_bytes: int) -> bytes | None:
    """All that comes, or None if it is longer than a limit; no more of it is then read."""
    whole = bytearray()
    async for chunk in chunks:
        whole += chunk
        if len(whole) > max_bytes:
            return None
    return bytes(whole)


def too_long(max_bytes: int) -> RequestError:
    """The failure of a reply that is longer than a limit."""
    return RequestError(
        f"Your reply is longer than the {max_bytes:,} bytes that are allowed, and was cut off. Write less.", "reply"
    )


async def _chained(begin: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield begin
    async for chunk in rest:
        yield chunk


async def _lines(chunks: AsyncIterable[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    """The lines of a stream, however they end."""
    left = b""
    async for chunk in chunks:
        *lines, left = _BREAK.split(left + chunk)
        if not left and chunk.endswith(b"\r"):  # the other half of the break may come next
            left = lines.pop() + b"\r"
        for line in lines:
            yield line
        if len(left) > max_bytes:
            raise too_long(max_bytes)
    for line in _BREAK.split(left):
        yield line


async def _events(chunks: AsyncIterable[bytes], max_bytes: int) -> AsyncIterator[dict[str, Any]]:
    """The events of a stream that hold data, decoded, until it says that it is done."""
    kind, data, size = b"", list[bytes](), 0
    async for line in _lines(_chained_end(chunks), max_bytes):
        if line:
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"data":
                data.append(value)
                size += len(value)
                if size > max_bytes:
                    raise too_long(max_bytes)
            elif name == b"event":
                kind = value
            continue  # a comment, an id, or the time after which to connect again
        text, ended, error = b"\n".join(data).strip(), b"[DONE]", kind.strip() == b"error"
        kind, data, size = b"", [], 0
        if text == ended:
            yield {"done": True}
            return
        if text:
            yield _event(text, error)


async def _chained_end(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """What comes, and an empty line, for a last event that has none."""
    async for chunk in chunks:
        yield chunk
    yield b"\n\n"


def _event(text: bytes, error: bool) -> dict[str, Any]:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError) as problem:
        if error:
            raise reported(text.decode(errors="replace")) from None
        raise RequestError(f"the stream holds what is not JSON: {problem}", no_answer=True) from None
    if error or (isinstance(event, dict) and event.get("error")):
        raise reported(event)
    return event if isinstance(event, dict) else {}


async def gathered(events: AsyncIterable[Mapping[str, Any]], max_bytes: int) -> dict[str, Any]:
    """A streamed completion as one; where it has several choices, the first of them.

    Args:
        events: What the stream holds.
        max_bytes: How long what it says may be.

    Raises:
        RequestError: If they are not a completion, or it is too long (kind ``"reply"``).
    """
    reply = _Reply()
    finish, usage, done = None, None, False
    async for event in events:
        done = done or event.get("done") is True
        usage = event.get("usage") or usage
        choice = next((one for one in _list(event, "choices") if _mapping(one).get("index") in (None, 0)), None)
        choice = _mapping(choice)
        if choice.get("error"):
            raise reported(choice)
        finish = choice.get("finish_reason") or finish
        delta = choice.get("delta")
        if delta is None and not reply.size:  # some send the message at once, or once more at the end
            delta = choice.get("message")
        reply.add(_mapping(delta))
        if reply.size > max_bytes:
            raise too_long(max_bytes)
    if finish is None and not (done and reply.size):
        raise RequestError("the stream ended before the reply did: it has no finish_reason")
    return {"choices": [{"finish_reason": finish or "stop", "message": reply.message()}], "usage": usage}


class _Reply:
    """A message whose parts come one after the other.

    Attributes:
        size: About how many characters it has.
    """

    def __init__(self) -> None:
        self.size = 0
        self._texts: dict[str, list[str]] = {}
        self._parts: list[Any] = []
        self._calls: list[dict[str, Any]] = []
        self._at: dict[object, dict[str, Any]] = {}
        self._others: dict[str, Any] = {}

    def add(self, delta: Mapping[str, Any]) -> None:
        """Add a part of it."""
        for name, value in delta.items():
            if value is None:
                continue
            if name in ("content", "refusal", *THOUGHTS):
                self._say(name, value)
            elif name == "tool_calls":
                for part in _list(delta, name):
                    self.size += len(str(part))
                    self._call(part)
            elif name != "role":
                self.size += len(str(value))
                self._others[name] = merged(self._others.get(name), value)

    def message(self) -> dict[str, Any]:
        """The message."""
        message = {**self._others, **{name: "".join(texts) for name, texts in self._texts.items()}}
        if self._parts:
            message["content"] = self._parts
        if self._calls:
            message["tool_calls"] = self._calls
        return message

    def _say(self, name: str, value: object) -> None:
        if isinstance(value, list) and name == "content":
            self._parts = self._parts or list(self._texts.pop(name, ()))
            self._parts += value
            self.size += len(str(value))
            return
        if isinstance(value, list):
            value = "".join(str(item.get("text") or "") if isinstance(item, dict) else str(item) for item in value)
        if not isinstance(value, str):
            raise RequestError(f"the stream's {name} is not text: {value!s:.200}", "refused")
        if self._parts and name == "content":
            self._parts.append(value)
        else:
            self._texts.setdefault(name, []).append(value)
        self.size += len(value)

    def _call(self, part: object) -> None:
        """Add a part of a call to the one that it belongs to: the last that has its index, which may be none."""
        call, function = _mapping(part), _mapping(_mapping(part).get("function"))
        index, identity = call.get("index"), call.get("id")
        name, arguments = function.get("name") or "", function.get("arguments")
        if not isinstance(index, int | str | None) or not isinstance(name, str):
            raise RequestError(f"the stream holds what is no part of a tool call: {part!s:.200}")
        known = self._at.get(index)
        # Some number all calls 0, but give each an id of its own; some give neither, but a call's parts in a row.
        another = (
            identity != known["id"] if known and known["id"] and identity else name and index is None and not identity
        )
        if known is None or another:
            known = self._at[index] = {"id": None, "function": {"name": "", "arguments": ""}}
            self._calls.append(known)
        known["id"] = known["id"] or identity
        if name != known["function"]["name"]:  # some repeat it with each part
            known["function"]["name"] += name
        if arguments is not None:
            text = arguments if isinstance(arguments, str) else json.dumps(arguments)
            known["function"]["arguments"] += text
        _keep(known, call, ("index", "id", "type", "function"))
        _keep(known["function"], function, ("name", "arguments"))


def _keep(holder: dict[str, Any], part: Mapping[str, Any], usual: Collection[str]) -> None:
    """Add the further fields of a part."""
    for name, value in part.items():
        if name not in usual and value is not None:
            holder[name] = merged(holder.get(name), value)


def merged(known: Any, further: Any) -> Any:
    """A field of which more has come: mappings are joined, and lists by the ``index`` of their parts.

    Example:
        >>> merged([{"index": 0, "text": "Hm"}], [{"index": 0, "text": "m.", "signature": "s"}])
        [{'index': 0, 'text': 'Hmm.', 'signature': 's'}]
    """
    if isinstance(known, dict) and isinstance(further, dict):
        return {**known, **{name: merged(known.get(name), value) for name, value in further.items()}}
    if not isinstance(known, list) or not isinstance(further, list):
        return known if further is None else further
    whole = list(known)
    for part in further:
        index = part.get("index") if isinstance(part, dict) else None
        place = next(
            (
                at
                for at in reversed(range(len(whole)))
                if index is not None and isinstance(whole[at], dict) and whole[at].get("index") == index
            ),
            None,
        )
        if place is None or whole[place].get("type") != part.get("type", whole[place].get("type")):
            whole.append(part)
            continue
        before = whole[place]
        whole[place] = merged(before, part) | {
            name: before[name] + part[name]
            for name in _PIECES
            if isinstance(before.get(name), str) and isinstance(part.get(name), str)
        }
    return whole


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    value = holder.get(name) or []
    if not isinstance(value, list):
        raise RequestError(f"the stream's {name} must be a list: {value!s:.200}")
    return value
