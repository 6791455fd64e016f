"""Servers of this process, for as long as a test needs them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from toolgym import make_user
from toolgym.domain import Domain
from toolgym.episode.conversation import ConversationParts
from toolgym.rewards import build_reward
from toolgym.serving import Access, Customer, EpisodeChoice, Sessions
from toolgym.serving.server import address_of, app_of, listen, make_server


@contextmanager
def served(app: Any, access: Access) -> Iterator[str]:
    """The address of an application that is served on any free port."""
    with listen(access, 0) as listening:
        server = make_server(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield address_of(listening)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def both(
    domain: Domain,
    *,
    user: str = "scripted",
    choice: EpisodeChoice | None = None,
    access: Access | None = None,
    most: int = 1000,
) -> Iterator[str]:
    """A server with the customer and the tools of a domain."""
    from toolgym.serving.chat_api import ChatAPI
    from toolgym.serving.mcp_server import EpisodeServer

    access, choice, player = access or Access(), choice or EpisodeChoice(), make_user(user, domain=domain)
    chat = ChatAPI(Customer(domain, player), choice)
    parts = ConversationParts(domain, player, build_reward("raft"), user_name=user)
    tools = EpisodeServer(parts, choice, Sessions(most, 1800.0))
    with served(app_of(access, chat, tools), access) as address:
        yield address


@contextmanager
def customer_of(
    domain: Domain, *, user: str = "scripted", choice: EpisodeChoice | None = None, access: Access | None = None
) -> Iterator[str]:
    """A server with the customer alone."""
    from toolgym.serving.chat_api import ChatAPI

    access = access or Access()
    chat = ChatAPI(Customer(domain, make_user(user, domain=domain)), choice or EpisodeChoice())
    with served(app_of(access, chat), access) as address:
        yield address
