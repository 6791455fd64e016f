"""The clients of endpoints: of each event loop its own, closed with it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib import import_module
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from toolgym.errors import DataError, MissingExtraError
from toolgym.models.secrets import hidden, hushed
from toolgym.models.settings import ModelSettings

NO_KEY = "none"
"""The key that is sent where none is set: servers of one's own take any."""
OPENAI_URL = "https://api.openai.com/v1"
_OF_OPENAI = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}

_ROOM = 16
"""Requests at once through one client: what each costs grows with the connections that its client has open."""


class Endpoint:
    """The clients of one endpoint in one event loop: as many as its requests at once need.

    There is no limit to requests at once but the file descriptors of the process (``ulimit -n``): each takes one.

    Args:
        url: Where.
        key: What is sent as the key.
    """

    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self._clients: list[Any] = []
        self._room: list[Any] = []

    def at(self, path: str, query: Mapping[str, object]) -> str:
        """The URL of what is asked for.

        Args:
            path: Below the endpoint's URL.
            query: Added to the URL's own.
        """
        parts = urlsplit(self.url)
        further = str(http_library().QueryParams(dict(query)))
        asked = "&".join(part for part in (parts.query, further) if part)
        return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + path, asked, ""))

    @contextmanager
    def client(self) -> Iterator[Any]:
        """A client for one request."""
        if not self._room:
            self._open()
        client = self._room.pop()
        try:
            yield client
        finally:
            self._room.append(client)

    async def close(self) -> None:
        """Close what was opened."""
        for client in self._clients:
            await client.aclose()

    def _open(self) -> None:
        from openai import DefaultAsyncHttpxClient

        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json", "User-Agent": "toolgym"}
        if self.url == OPENAI_URL:
            headers |= {name: os.environ[variable] for name, variable in _OF_OPENAI.items() if variable in os.environ}
        client = DefaultAsyncHttpxClient(timeout=None, verify=_trusted(), headers=headers)
        self._clients.append(client)
        self._room += [client] * _ROOM


@cache
def _trusted() -> Any:
    """The certificates that all clients trust: reading them takes longer than a request."""
    return http_library().create_ssl_context()


@cache
def http_library() -> Any:
    """What the ``openai`` package is built on: httpx2 from version 3 on, httpx before."""
    from openai import DefaultAsyncHttpxClient

    return import_module(DefaultAsyncHttpxClient.__mro__[1].__module__.partition(".")[0])


_Open: TypeAlias = dict[asyncio.AbstractEventLoop, dict[tuple[str, str], tuple[Endpoint, AsyncGenerator[Endpoint]]]]
_open: _Open = {}
_inherited: list[_Open] = []


def check(settings: ModelSettings) -> None:
    """Check that a model can be asked, as far as that is known without a request.

    Raises:
        DataError: If there is no key, or one that cannot be sent.
        MissingExtraError: If a package of the extra ``llm`` is not installed.
    """
    try:
        for package in ("openai", "tenacity", "aiolimiter"):
            import_module(package)
    except ImportError as error:
        raise MissingExtraError("a chat model", "llm") from error
    _key(settings)


async def connect(settings: ModelSettings) -> Endpoint:
    """The running loop's clients for a model's endpoint.

    A loop that ends as ``asyncio.run`` ends it closes them.

    Raises:
        DataError: If there is no key, or one that cannot be sent.
        MissingExtraError: If a package of the extra ``llm`` is not installed.
    """
    check(settings)
    url, key = address(settings), _key(settings)
    loop = asyncio.get_running_loop()
    if loop not in _open:
        for ended in [other for other in _open if other.is_closed()]:
            del _open[ended]
    opened = _open.setdefault(loop, {})
    if (url, key) not in opened:
        # A loop closes the generators that are suspended in it when it ends, and with them what they hold.
        holder = _hold(Endpoint(url, key))
        opened[url, key] = await anext(holder), holder
    return opened[url, key][0]


async def _hold(endpoint: Endpoint) -> AsyncGenerator[Endpoint]:
    try:
        yield endpoint
    finally:
        _open.get(asyncio.get_running_loop(), {}).pop((endpoint.url, endpoint.key), None)
        await endpoint.close()


def _forget() -> None:
    """A forked child has neither the loops nor the connections of its parent, and must not close them."""
    global _open
    _inherited.append(_open)
    _open = {}


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def address(settings: ModelSettings) -> str:
    """The URL of a model's endpoint."""
    return settings.base_url or os.environ.get("OPENAI_BASE_URL") or OPENAI_URL


def without_secrets(text: str, settings: ModelSettings, key: str) -> str:
    """What a server said, with ``***`` in place of what it repeats of the settings' secrets.

    Args:
        text: What it said.
        settings: Those of the model that was asked.
        key: The key that was sent.
    """
    url = address(settings)
    secrets = [*hidden(settings.arguments), *hidden(url), *(value for _, value in parse_qsl(urlsplit(url).query))]
    return hushed(text, secrets if key == NO_KEY else [key, *secrets])


def _key(settings: ModelSettings) -> str:
    key = os.environ.get(settings.api_key_env, "").strip()
    if not key:
        if address(settings) == OPENAI_URL:
            raise DataError(
                f"the environment variable {settings.api_key_env} is not set: put the key for {settings.model} there, "
                "name another variable as api_key_env, or give the base_url of a server that needs no key"
            )
        return NO_KEY
    if not (key.isascii() and key.isprintable()):
        raise DataError(f"the environment variable {settings.api_key_env} holds characters that no key can have")
    return key
