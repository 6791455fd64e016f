"""What of a model's settings may be secret, and stands as a digest wherever they are kept."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

_WORD = re.compile(r"[A-Z]*[a-z]+|[A-Z]+")
_SECRET = frozenset(
    re.findall(
        r"\w+",
        "key token secret password passwd passphrase pwd auth authorization authentication credential credentials "
        "cookie cookies session signature sig bearer jwt oauth private license",
    )
)
"""Words in the names of what is secret."""
_ENDS = ("key", "token", "secret", "password")
_ENDS_OF = ("api", "access", "auth", "secret", "private", "client", "refresh", "id", "session", "security", "hf", "my")
_WHOLE = ("extra_headers", "extra_query")
"""All values of these are masked: any of them may be a secret."""


def masked(value: Any, secrets: Collection[str] = ()) -> Any:
    """Settings with digests in place of what may be secret.

    Masked are the values of headers and of a query; values whose name looks like a secret's, at any depth; in URLs a
    name and password and such values of the query; and any text that holds one of the secrets that are known.

    Args:
        value: JSON-able data.
        secrets: Texts that are secret wherever they stand, such as the API key in use.

    Example:
        >>> masked({"extra_body": {"api_key": "sk-1"}, "max_tokens": 7})
        {'extra_body': {'api_key': 'sha256:0f2c10bf3d128c71'}, 'max_tokens': 7}
    """
    if isinstance(value, Mapping):
        return {
            name: _hidden(item) if name in _WHOLE or _names_a_secret(str(name)) else masked(item, secrets)
            for name, item in value.items()
        }
    if isinstance(value, list | tuple):
        return [masked(item, secrets) for item in value]
    if isinstance(value, str):
        if any(secret and secret in value for secret in secrets):
            return digest(value)
        return _url(value) if "://" in value else value
    return value


def digest(value: object) -> str:
    """What stands in place of a secret: the same for the same."""
    return f"sha256:{sha256(str(value).encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"


def _hidden(value: Any) -> Any:
    """All texts in a value as digests; numbers are no secrets."""
    if isinstance(value, Mapping):
        return {name: _hidden(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(item) for item in value]
    return digest(value) if isinstance(value, str) else value


def _names_a_secret(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    whole = "".join(words)
    return not _SECRET.isdisjoint(words) or any(whole.endswith(first + end) for first in _ENDS_OF for end in _ENDS)


def _url(text: str) -> str:
    """A URL without a name and password, and with digests of the secret values of its query."""
    try:
        parts = urlsplit(text)
        place, at, host = parts.netloc.rpartition("@")
        query = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return digest(text)
    kept = [(name, digest(value) if _names_a_secret(name) else value) for name, value in query]
    if not at and kept == query:
        return text
    return urlunsplit(
        (
            parts.scheme,
            f"{digest(place)}@{host}" if at else host,
            parts.path,
            urlencode(kept, quote_via=quote, safe=":") if kept != query else parts.query,
            parts.fragment,
        )
    )
