"""One request to an endpoint, and the completion that comes back, whole or as a stream."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterable, Mapping
from typing import TYPE_CHECKING, Any

from toolgym.models.connections import http_library
from toolgym.models.failures import RequestError, refusal, reported
from toolgym.models.surrogates import whole_json

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_PATH = "/chat/completions"


async def exchange(
    client: AsyncOpenAI,
    body: Mapping[str, Any],
    headers: Mapping[str, str],
    query: Mapping[str, object],
    timeout_s: float,
) -> dict[str, Any]:
    """Make one request.

    Args:
        client: The endpoint's client.
        body: The request, in chat format; it is streamed if it says so.
        headers: Sent besides the client's own.
        query: Sent in the URL.
        timeout_s: Seconds until the completion must be there, above 0.

    Returns:
        The decoded completion; a streamed one is put together as if it had not been.

    Raises:
        RequestError: If no completion comes back.
    """
    import openai

    http = http_library()
    try:
        async with asyncio.timeout(timeout_s):
            try:
                answer = await _post(client, body, headers, query)
            except UnicodeEncodeError:  # half a surrogate pair, which JSON can name but UTF-8 cannot hold
                answer = await _post(client, whole_json(body), headers, query)
    except TimeoutError:
        raise RequestError(f"no complete answer within {timeout_s:g} seconds") from None
    except openai.APIStatusError as error:
        raise refusal(error.status_code, error.response.text, error.response.headers) from None
    except (openai.APIConnectionError, http.RequestError) as error:
        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
        raise RequestError(f"{type(cause).__name__}: {cause}", free=isinstance(cause, http.ConnectError)) from None
    except openai.APIError as error:
        raise reported(error.body) from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RequestError(f"the answer is not JSON: {error}", no_answer=True) from None
    if not isinstance(answer, dict):
        raise RequestError(f"the answer is not a JSON object: {answer!s:.200}", no_answer=True)
    return answer


async def get(
    client: AsyncOpenAI, path: str, headers: Mapping[str, str], query: Mapping[str, object], *, connect_s: float
) -> Any:
    """What stands at a path of an endpoint, decoded; None if it is no JSON, or is refused.

    Args:
        client: The endpoint's client.
        path: Where, below the endpoint's URL.
        headers: Sent besides the client's own.
        query: Sent in the URL.
        connect_s: Seconds within which there must be a connection, above 0.

    Raises:
        RequestError: If there is no connection, or it ends without an answer.
    """
    import openai

    http = http_library()
    timeout = http.Timeout(None, connect=connect_s)
    try:
        answer = await client.get(
            path, cast_to=object, options={"headers": headers, "params": query, "timeout": timeout}
        )
        return json.loads(answer) if isinstance(answer, str) else answer
    except openai.APIStatusError:
        return None
    except (openai.APIConnectionError, http.RequestError) as error:
        cause = error.__cause__ if isinstance(error, openai.APIConnectionError) else error
        raise RequestError(f"{type(cause).__name__}: {cause or 'no connection'}", free=True) from None
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError):
        return None


async def _post(
    client: AsyncOpenAI, body: Mapping[str, Any], headers: Mapping[str, str], query: Mapping[str, object]
) -> Any:
    # The client's typed method walks the whole dialogue several times: 12 ms of a long one's request instead of 0.4.
    if not body.get("stream"):
        answer = await client.post(_PATH, cast_to=object, body=body, options={"headers": headers, "params": query})
        return json.loads(answer) if isinstance(answer, str) else answer  # text, where the content type is not JSON's
    from openai import AsyncStream

    events = await client.post(
        _PATH,
        cast_to=object,
        body=body,
        options={"headers": headers, "params": query},
        stream=True,
        stream_cls=AsyncStream[object],
    )
    async with events:
        return await _gathered(events)


async def _gathered(events: AsyncIterable[object]) -> dict[str, Any]:
    """A streamed completion as one; where it has several choices, the first of them."""
    said: dict[str, str] = {}
    calls: list[dict[str, Any]] = []
    at: dict[object, dict[str, Any]] = {}
    finish, usage = None, None
    async for event in events:
        event = _mapping(event)
        usage = event.get("usage") or usage
        choice = next((one for one in _list(event, "choices") if _mapping(one).get("index") in (None, 0)), None)
        choice = _mapping(choice)
        finish = choice.get("finish_reason") or finish
        if choice.get("message") and choice.get("delta") is None and not (said or calls):
            raise RequestError(f"the stream holds a message, and not its parts: {choice!s:.200}")
        delta = _mapping(choice.get("delta"))
        for name in ("content", "reasoning_content", "reasoning", "refusal"):
            if piece := delta.get(name):
                if not isinstance(piece, str):
                    raise RequestError(f"the stream's message is not text: {delta!s:.200}", "refused")
                said[name] = said.get(name, "") + piece
        for part in _list(delta, "tool_calls"):
            _add(part, calls, at)
    if finish is None:
        raise RequestError("the stream ended before the reply did: it has no finish_reason")
    message = {**said, "tool_calls": calls} if calls else said
    return {"choices": [{"finish_reason": finish, "message": message}], "usage": usage}


def _add(part: object, calls: list[dict[str, Any]], at: dict[object, dict[str, Any]]) -> None:
    """Add a part of a call to the one that it belongs to: the last that has its index, which may be none."""
    call, function = _mapping(part), _mapping(_mapping(part).get("function"))
    index, identity = call.get("index"), call.get("id")
    name, arguments = function.get("name") or "", function.get("arguments")
    if not isinstance(index, int | str | None) or not isinstance(name, str):
        raise RequestError(f"the stream holds what is no part of a tool call: {part!s:.200}")
    known = at.get(index)
    # Some servers number all calls 0, but give each an id of its own; some give neither, but a call's parts in a row.
    another = identity != known["id"] if known and known["id"] and identity else name and index is None and not identity
    if known is None or another:
        known = at[index] = {"id": None, "function": {"name": "", "arguments": ""}}
        calls.append(known)
    known["id"] = known["id"] or identity
    known["function"]["name"] += name
    if arguments is not None:
        known["function"]["arguments"] += arguments if isinstance(arguments, str) else json.dumps(arguments)


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(holder: Mapping[str, Any], name: str) -> list[Any]:
    value = holder.get(name) or []
    if not isinstance(value, list):
        raise RequestError(f"the stream's {name} must be a list: {value!s:.200}")
    return value
