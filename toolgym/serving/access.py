"""Who may talk to a server: this machine alone, or whoever has the token; and how much may be sent at once."""

from __future__ import annotations

import hmac
import ipaddress
import json
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from toolgym.errors import DataError

Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send: TypeAlias = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

SHORTEST_TOKEN = 16
"""Characters of a token, at least."""
LARGEST_BODY = 1 << 22
"""Bytes of a request, at most: 4 MiB."""


@dataclass(frozen=True)
class Access:
    """Where a server listens, and what a client must show.

    Args:
        host: The address to listen on; beyond loopback (127.0.0.0/8, ::1, localhost) a token is needed.
        token: What a client sends as ``Authorization: Bearer …``; None asks for nothing.

    Raises:
        DataError: If the host is empty or needs a token that is not there, or the token is shorter than 16 characters
            or holds others than visible ASCII.

    Example:
        >>> Access("127.0.0.1").local
        True
        >>> Access("0.0.0.0")
        Traceback (most recent call last):
        toolgym.errors.DataError: serving on '0.0.0.0' lets others in: give a token ...
    """

    host: str = "127.0.0.1"
    token: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.host.strip():
            raise DataError(f"the host must be an address such as 127.0.0.1, got {self.host!r}")
        token = self.token
        if token is None:
            if not self.local:
                raise DataError(
                    f"serving on {self.host!r} lets others in: give a token (--token, or better the variable "
                    "TOOLGYM_TOKEN), or serve on 127.0.0.1"
                )
        elif len(token) < SHORTEST_TOKEN or not all("!" <= one <= "~" for one in token):
            raise DataError(
                f"a token must be at least {SHORTEST_TOKEN} visible ASCII characters without spaces, and this one has "
                f'{len(token)} characters; make one: python -c "import secrets; print(secrets.token_urlsafe())"'
            )

    @property
    def local(self) -> bool:
        """Whether only this machine can reach it."""
        return is_loopback(self.host)

    def objection(self, headers: MutableMapping[str, str]) -> tuple[int, str] | None:
        """Why a request is refused, with its HTTP status; None if it is not.

        Without a token, a web page that the user has open must not get in: the page's origin, and the host that its
        browser believes to talk to, must be this machine's.

        Args:
            headers: By name in lower case.
        """
        if self.token is not None:
            kind, _, given = headers.get("authorization", "").partition(" ")
            if kind.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self.token.encode()):
                return 401, "this server needs its token: send the header 'Authorization: Bearer TOKEN'"
            return None
        host = headers.get("host", "")
        if not _is_local(f"http://{host}"):
            return 421, f"the header Host says {host!r:.80}; without a token this server answers to localhost alone"
        origin = headers.get("origin")
        if origin is not None and not _is_local(origin):
            return 403, f"a page of {origin!r:.80} may not talk to this server; pages of this machine may"
        return None


def is_loopback(host: str) -> bool:
    """Whether a host's name or address is this machine's own.

    Example:
        >>> [is_loopback(host) for host in ("localhost", "127.0.0.1", "::1", "0.0.0.0", "127.0.0.1.example.org")]
        [True, True, True, False, False]
    """
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _is_local(url: str) -> bool:
    try:
        return is_loopback(urlsplit(url).hostname or "")
    except ValueError:
        return False


class Guard:
    """Lets in who may come in, with bodies that are not too large; what is refused never reaches the application.

    Args:
        app: The ASGI application.
        access: Who may come in.
        largest: Bytes of a request's body, at most.
    """

    def __init__(self, app: App, access: Access, largest: int = LARGEST_BODY) -> None:
        self.app = app
        self.access = access
        self.largest = largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            else:  # there are no web sockets here
                await send({"type": "websocket.close", "code": 1008})
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if objection := self.access.objection(headers):
            await refuse(send, *objection)
            return
        told = headers.get("content-length", "")
        too_large = f"the body has more than {self.largest} bytes, which is the most that is read"
        if told.isdigit() and (len(told) > 18 or int(told) > self.largest):
            await refuse(send, 413, too_large)
            return
        body = bytearray()
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":  # it hung up
                return
            body += message.get("body", b"")
            if len(body) > self.largest:
                await refuse(send, 413, too_large)
                return
            more = message.get("more_body", False)
        given = False

        async def replay() -> MutableMapping[str, Any]:
            nonlocal given
            if given:
                return await receive()
            given = True
            return {"type": "http.request", "body": bytes(body), "more_body": False}

        await self.app(scope, replay, send)


KINDS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}
"""What OpenAI's format calls the kinds of errors; all others of the client's are invalid requests."""


def error_body(status: int, message: str, code: str | None = None, param: str | None = None) -> dict[str, Any]:
    """An error in OpenAI's format."""
    kind = KINDS.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


async def refuse(send: Send, status: int, message: str) -> None:
    """Answer with an error, and have the connection closed: what is left of the body is not read."""
    body = json.dumps(error_body(status, message)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(b"connection", b"close"), *([(b"www-authenticate", b"Bearer")] if status == 401 else [])]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
