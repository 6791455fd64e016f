"""How one request can fail, and whether another one may succeed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from toolgym.models.overflow import says_too_long
from toolgym.models.surrogates import whole_text

_PASSING = (408, 409, 429)
_TIMED_OUT = (408, 504, 524)
_NOT_THERE = (404, 405)
_DEEP = 20
_READ = 5_000
_NO_MONEY = ("insufficient_quota", "billing_not_active", "billing_hard_limit_reached")

# Overflow is looked for where a request may be at fault; also in a server's own error, as llama.cpp has it.
_MAY_BE_TOO_LONG = (None, 400, 404, 413, 422, 424, 500)
_MISSPOKEN = ("tool_use_failed", "tool_call_parse_failed")
_FILTERED = re.compile("content.?filter|content management|inappropriate|inspection|moderation|safety", re.IGNORECASE)


class RequestError(Exception):
    """One request came to nothing.

    Args:
        said: What the server said, or what happened instead; it is kept on one line, as text that can be printed.
        kind: ``"passing"`` if the same request may succeed later, ``"refused"`` if not, ``"context"`` if it does not
            fit into the model's context, ``"reply"`` if there was a reply, and it is one that cannot be taken.
        status: The HTTP status, where there is one.
        wait_s: Seconds to wait before the next request, if the server asked for that.
        free: Whether nothing was generated for it, as far as one can know.
        no_answer: Whether what came back is not an answer of such an endpoint at all, but a web page, say.

    Attributes:
        hint: What to do about it, said after the rest; mostly nothing.
        written: What the model wrote, where a server tells it with the failure.
        all_said: All that the server said, without names of fields and without what it repeats of the request.
    """

    def __init__(
        self,
        said: str,
        kind: Literal["passing", "refused", "context", "reply"] = "passing",
        status: int | None = None,
        wait_s: float | None = None,
        *,
        free: bool = False,
        no_answer: bool = False,
    ) -> None:
        self.said = " ".join(whole_text(said).split()) or "nothing"
        super().__init__(self.said)
        self.kind = kind
        self.status = status
        self.wait_s = wait_s
        self.free = free
        self.no_answer = no_answer
        self.hint = ""
        self.written = ""
        self.all_said = self.said

    @property
    def suspect(self) -> bool:
        """Whether a request may have been too long, although the server does not say so."""
        at_fault = self.kind == "refused" and self.status in (400, 413, 422)
        return (at_fault or self.status == 500) and not _FILTERED.search(self.all_said)


def refusal(status: int, text: str, headers: Mapping[str, str]) -> RequestError:
    """The failure of a request that was answered with an error status.

    Args:
        status: The HTTP status.
        text: The body of the answer.
        headers: Its headers, names in lower case.
    """
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = text or f"nothing but status {status}"
    failure = reported(body, status)
    failure.wait_s = _asked_wait(headers)
    failure.free = status not in _TIMED_OUT
    return failure


def reported(body: Any, status: int | None = None) -> RequestError:
    """The failure that a server reports in a body, also in one that came with status 200 or in a stream.

    Args:
        body: The decoded body, or its text where it is not JSON.
        status: The HTTP status, where it is that of an error.
    """
    if isinstance(body, list) and body:  # Gemini's are lists of one
        body = body[0]
    if isinstance(body, dict) and isinstance(based := body.get("base_resp"), dict):  # MiniMax's come with status 200
        body = {"error": {"message": based.get("status_msg"), "type": based.get("status_code")}}
    error = body.get("error") or body if isinstance(body, dict) else body
    said, code, kind, written = body if isinstance(body, str) else json.dumps(body), None, None, None
    if isinstance(error, str):
        said = error
    elif isinstance(error, dict):
        code, kind, written = error.get("code"), error.get("type"), error.get("failed_generation")
        if isinstance(error.get("message"), str):
            said = error["message"]
        metadata = error.get("metadata")  # where OpenRouter repeats what the provider behind it said
        if isinstance(metadata, dict) and "raw" in metadata:
            said += f" {metadata['raw']}"
    if status is None and isinstance(code, int | str) and re.fullmatch("[45][0-9][0-9]", str(code)):
        status = int(code)
    failure = RequestError(said, "refused", status)
    failure.all_said = " ".join(_leaves(body))[:_READ]
    if code in _MISSPOKEN and isinstance(written, str):
        failure.kind, failure.written = "reply", written
    elif status in _MAY_BE_TOO_LONG and (says_too_long(failure.all_said) or (status == 413 and _is_size(failure))):
        failure.kind = "context"
    elif status is None or status >= 500 or status in _PASSING:
        endless = code in _NO_MONEY or kind in _NO_MONEY or _is_above_a_rate(failure)
        failure.kind = "refused" if endless else "passing"
    return failure


def _is_size(failure: RequestError) -> bool:
    """Whether status 413 is about a request's size: some answer it to one that is above a rate of tokens."""
    return not re.search(r"rate.?limit|per (?:minute|day)|\btp[md]\b|image", failure.all_said, re.IGNORECASE)


def _is_above_a_rate(failure: RequestError) -> bool:
    """Whether one request alone is above the tokens a minute that an account has: it will be as often as it is made."""
    numbers = re.search(r"limit:? (\d+),.{0,40}requested:? (\d+)", failure.said, re.IGNORECASE)
    return failure.status == 429 and numbers is not None and int(numbers[2]) > int(numbers[1])


def _leaves(body: Any, depth: int = 0) -> Iterator[str]:
    """The texts and numbers of a body; what it repeats of the request (``input``) is left out."""
    if isinstance(body, str) and body[:1] in ("{", "["):  # what another server said, repeated as text
        with suppress(ValueError, RecursionError):
            body = json.loads(body)
    if isinstance(body, dict | list) and depth < _DEEP:
        for name, item in body.items() if isinstance(body, dict) else enumerate(body):
            if name != "input":
                yield from _leaves(item, depth + 1)
    elif body is not None:
        yield str(body)


def advice(url: str, failure: RequestError) -> str:
    """What to try where a failure looks like that of a wrong URL; else nothing.

    Args:
        url: The endpoint's.
        failure: What came of a request to it.

    Example:
        >>> advice("http://localhost:8000", RequestError("Not Found", "refused", 404))
        '; try the base_url http://localhost:8000/v1'
    """
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    if failure.status not in _NOT_THERE and not failure.no_answer:
        return ""
    right = re.sub("/(?:chat/completions|completions|chat|models|responses|messages|embeddings)$", "", path)
    if right == path:
        if re.search(r"/v\d", path) or (failure.status == 404 and "model" in failure.said.lower()):
            return ""
        right = f"{path}/v1"
    elif not re.search(r"/v\d", right):
        right += "/v1"
    host = parts.netloc.rpartition("@")[2]
    return f"; try the base_url {urlunsplit((parts.scheme, host, right, '', ''))}"


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks for, or OpenAI's finer header."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        try:
            seconds = float(headers[name]) * unit
        except (KeyError, ValueError):
            continue
        if isfinite(seconds):
            return max(0.0, seconds)
    try:
        then = parsedate_to_datetime(headers["retry-after"])
        return max(0.0, (then - datetime.now(UTC)).total_seconds())
    except (KeyError, ValueError, TypeError):
        return None
