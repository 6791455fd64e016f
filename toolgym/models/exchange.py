"""One request to an endpoint, and what comes back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from toolgym.models.connections import Endpoint, http_library
from toolgym.models.failures import RequestError, refusal
from toolgym.models.stream import read_completion_of, read_text
from toolgym.models.surrogates import whole_json

_ERROR_BYTES = 2**18
"""Bytes of an error that are read, at most."""


def written(body: Mapping[str, Any]) -> bytes:
    """A request's body as it is sent."""
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half a surrogate pair, which JSON can name but UTF-8 cannot hold
        return written(whole_json(body))


async def exchange(
    endpoint: Endpoint,
    path: str,
    payload: bytes,
    headers: Mapping[str, str],
    query: Mapping[str, object],
    *,
    timeout_s: float,
    max_bytes: int,
) -> dict[str, Any]:
    """Make one request.

    Args:
        endpoint: Where.
        path: What is asked for, below the endpoint's URL.
        payload: The request.
        headers: Sent besides the endpoint's own.
        query: Sent in the URL.
        timeout_s: Seconds until the answer must be there, above 0.
        max_bytes: How long it may be, at least 1; no more than that is ever held.

    Returns:
        The decoded answer; a streamed one is put together as if it had not been.

    Raises:
        RequestError: If none comes back; of the kind ``"reply"`` if it is longer than it may be.
    """
    try:
        async with (
            asyncio.timeout(timeout_s),
            _asked(endpoint, "POST", path, headers, query, content=payload) as answer,
        ):
            return await read_completion_of(answer.aiter_bytes(), max_bytes)
    except TimeoutError:
        raise RequestError(f"no complete answer within {timeout_s:g} seconds") from None


async def get(
    endpoint: Endpoint, path: str, headers: Mapping[str, str], query: Mapping[str, object], *, connect_s: float
) -> Any:
    """What stands at a path of an endpoint, decoded; None if it is not JSON, or is refused.

    Args:
        endpoint: Where.
        path: What is asked for, below the endpoint's URL.
        headers: Sent besides the endpoint's own.
        query: Sent in the URL.
        connect_s: Seconds within which there must be a connection, above 0.

    Raises:
        RequestError: If there is no connection, or it ends without an answer.
    """
    timeout = http_library().Timeout(None, connect=connect_s)
    try:
        async with _asked(endpoint, "GET", path, headers, query, timeout=timeout) as answer:
            text = await read_text(answer.aiter_bytes(), 64 * _ERROR_BYTES)
        return json.loads(text or b"null")
    except RequestError as failure:
        if failure.status is None:
            raise
        return None
    except (ValueError, RecursionError):
        return None


@asynccontextmanager
async def _asked(
    endpoint: Endpoint, method: str, path: str, headers: Mapping[str, str], query: Mapping[str, object], **more: Any
) -> AsyncIterator[Any]:
    """The answer to a request, of which nothing but its head was read yet.

    Raises:
        RequestError: If there is none, it is an error, or it breaks off while it is read.
    """
    http = http_library()
    try:
        with endpoint.client() as client:
            async with client.stream(method, endpoint.at(path, query), headers=dict(headers), **more) as answer:
                if not answer.is_success:
                    text = await _shortened(answer.aiter_bytes())
                    raise refusal(answer.status_code, text, answer.headers)
                yield answer
    except (http.RequestError, http.InvalidURL) as error:
        said = f"{type(error).__name__}: {error}".rstrip(": ")
        raise RequestError(said, free=isinstance(error, http.ConnectError)) from None


async def _shortened(chunks: AsyncIterator[bytes]) -> str:
    """The text of an error, cut off where it is too long."""
    text = bytearray()
    async for chunk in chunks:
        text += chunk
        if len(text) > _ERROR_BYTES:
            break
    return bytes(text[:_ERROR_BYTES]).decode(errors="replace")
