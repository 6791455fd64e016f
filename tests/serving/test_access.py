"""Who may talk to a server."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from typing import Any

import pytest

from toolgym.errors import DataError
from toolgym.serving import Access
from toolgym.serving.access import Guard

TOKEN = "a-token-of-this-test"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "localhost", "LOCALHOST", "::1", "[::1]"])
def test_this_machine_needs_no_token(host: str) -> None:
    assert Access(host).local


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.2", "example.org", "localhost.example.org", "127.1.example"]
)
def test_beyond_this_machine_a_token_is_needed(host: str) -> None:
    with pytest.raises(DataError, match="TOOLGYM_TOKEN"):
        Access(host)
    assert not Access(host, TOKEN).local


@pytest.mark.parametrize(
    "token", ["", "short", "fifteen-letters", "with spaces in it, a long one", "ünsichtbar-zu-lang"]
)
def test_a_token_that_is_easy_to_guess_or_cannot_be_sent_is_refused_and_not_shown(token: str) -> None:
    with pytest.raises(DataError, match="at least 16 visible ASCII characters") as caught:
        Access("127.0.0.1", token)
    assert not token or token not in str(caught.value)


def test_a_host_that_is_empty_is_refused() -> None:
    with pytest.raises(DataError, match="the host must be an address"):
        Access(" ")


def test_the_token_is_not_shown_with_the_access() -> None:
    assert TOKEN not in repr(Access("0.0.0.0", TOKEN))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"host": "127.0.0.1:8300"}, None),
        ({"host": "localhost"}, None),
        ({"host": "[::1]:8300", "origin": "http://localhost:3000"}, None),
        ({"host": "example.org"}, 421),
        ({"host": "127.0.0.1.example.org:80"}, 421),
        ({"host": "example.org@127.0.0.1:x["}, 421),
        ({"host": ""}, 421),
        ({}, 421),
        ({"host": "localhost", "origin": "null"}, 403),
        ({"host": "localhost", "origin": "https://example.org"}, 403),
        ({"host": "localhost", "origin": "https://localhost.example.org"}, 403),
    ],
)
def test_without_a_token_pages_of_other_machines_do_not_get_in(headers: dict[str, str], status: int | None) -> None:
    objection = Access().objection(headers)
    assert (objection and objection[0]) == status


@pytest.mark.parametrize(
    ("given", "let_in"),
    [
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN}", True),
        (f"Basic {TOKEN}", False),
        (TOKEN, False),
        (f"Bearer {TOKEN}x", False),
        ("Bearer", False),
        ("Bearer \u00fc", False),
    ],
)
def test_with_a_token_it_alone_counts(given: str, let_in: bool) -> None:
    objection = Access("0.0.0.0", TOKEN).objection({"host": "example.org", "authorization": given})
    assert (objection is None) == let_in
    assert objection is None or objection[0] == 401


def talk(guard: Guard, parts: list[bytes], **headers: str) -> list[MutableMapping[str, Any]]:
    """What a guard sends to a client that sends a body in parts."""
    sent: list[MutableMapping[str, Any]] = []
    queue = [{"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts]

    async def receive() -> MutableMapping[str, Any]:
        return queue.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(guard({"type": "http", "headers": [(b"host", b"localhost"), *named]}, receive, send))
    return sent


async def echo(scope: Any, receive: Any, send: Any) -> None:
    await send({"type": "echo", "body": (await receive())["body"]})


def test_a_body_that_fits_arrives_whole() -> None:
    assert talk(Guard(echo, Access(), largest=8), [b"1234", b"5678"]) == [{"type": "echo", "body": b"12345678"}]


@pytest.mark.parametrize(
    "length", [{}, {"content_length": "9"}, {"content_length": "9" * 5000}, {"content_length": "x"}]
)
def test_a_larger_one_is_refused_whatever_length_it_claims(length: dict[str, str]) -> None:
    start, body = talk(Guard(echo, Access(), largest=8), [b"1234", b"56789", b""], **length)
    assert start["status"] == 413
    assert b"more than 8 bytes" in body["body"]
