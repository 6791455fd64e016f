"""How one request can fail, and whether another one may succeed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

from toolgym.models.surrogates import whole_text

_PASSING = (408, 409, 429)
_TIMED_OUT = (408, 504, 524)
_NOT_THERE = (404, 405)
_NO_MONEY = ("insufficient_quota", "billing_not_active", "billing_hard_limit_reached")

# OpenAI and OpenRouter (the code), vLLM, SGLang, llama.cpp, LM Studio, Anthropic and Gemini, each in its own words.
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size_error|maximum (?:context|model) length|model's context length"
    r"|exceeds? (?:the )?(?:available )?context (?:size|window|length)|context (?:size|window|length) (?:has been )?"
    r"exceeded|too long to fit into the model|exceeds the maximum allowed length|max_tokens must be at least 1, got -"
    r"|prompt is too long|input is too long|exceeds the maximum number of tokens allowed",
    re.IGNORECASE,
)


class RequestError(Exception):
    """One request came to nothing.

    Args:
        said: What the server said, or what happened instead; it is kept on one line, as text that can be printed.
        kind: ``"passing"`` if the same request may succeed later, ``"refused"`` if not, ``"context"`` if it does not
            fit into the model's context.
        status: The HTTP status, where there is one.
        wait_s: Seconds to wait before the next request, if the server asked for that.
        free: Whether nothing was generated for it, as far as one can know.
        no_answer: Whether what came back is no answer of such an endpoint at all, as a web page is.

    Attributes:
        hint: What to do about it, said after the rest; mostly nothing.
    """

    def __init__(
        self,
        said: str,
        kind: Literal["passing", "refused", "context"] = "passing",
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
        body = text
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
    error = body.get("error") or body if isinstance(body, dict) else body
    whole = body if isinstance(body, str) else json.dumps(body)
    said, code, kind = whole, None, None
    if isinstance(error, str):
        said = error
    elif isinstance(error, dict):
        code, kind = error.get("code"), error.get("type")
        if isinstance(error.get("message"), str):
            said = error["message"]
        metadata = error.get("metadata")  # where OpenRouter repeats what the provider behind it said
        if isinstance(metadata, dict) and "raw" in metadata:
            said += f" {metadata['raw']}"
    if status is None and isinstance(code, int | str) and re.fullmatch("[45][0-9][0-9]", str(code)):
        status = int(code)
    if status != 429 and _TOO_LONG.search(whole):
        return RequestError(said, "context", status)
    if status is None or status >= 500 or status in _PASSING:
        no_money = code in _NO_MONEY or kind in _NO_MONEY
        return RequestError(said, "refused" if no_money else "passing", status)
    return RequestError(said, "refused", status)


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
