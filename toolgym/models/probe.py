"""A first look at an endpoint: whether it is there, and knows the model."""

from __future__ import annotations

import asyncio
import difflib
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Protocol

from toolgym.models.connections import Endpoint
from toolgym.models.exchange import get
from toolgym.models.failures import RequestError
from toolgym.models.settings import ModelSettings

WITHIN_S = 1.5
"""Seconds that a look takes at most."""
_HELLO = ({"role": "user", "content": "Hi."},)
_SHOWN = 10


class Asks(Protocol):
    """The part of a conversation that a probe needs."""

    async def once(self, endpoint: Endpoint, messages: Sequence[Mapping[str, Any]], /) -> object:
        """Send one request, and try no other."""


async def look(settings: ModelSettings, endpoint: Endpoint, talk: Asks, within_s: float) -> None:
    """Ask an endpoint which models it has, and, where that does not tell, the model for a first word.

    Args:
        settings: The model.
        endpoint: Where it is.
        talk: A conversation with it.
        within_s: Seconds after which an endpoint that was reached, but does not answer, is left alone.

    Raises:
        RequestError: If nothing is there, or refuses what it would refuse again.
        BudgetError: If the budget is spent, or cannot be kept as the cost is not known.
    """
    further = settings.arguments.get("extra_headers", {}), settings.arguments.get("extra_query", {})
    try:
        async with asyncio.timeout(within_s):
            names = _names(await get(endpoint, "/models", *further, connect_s=0.9 * within_s))
            if not _is_among(settings.model, names):
                await _first_word(settings.model, endpoint, talk, names)
    except TimeoutError:
        return  # it was reached, and is slow: a model that is loaded on demand takes minutes


async def _first_word(name: str, endpoint: Endpoint, talk: Asks, names: list[str]) -> None:
    try:
        await talk.once(endpoint, _HELLO)
    except RequestError as failure:
        if failure.kind == "context" or (failure.kind == "passing" and failure.status is not None):
            return  # busy, or not ready yet: an episode asks again
        if names and failure.status in (400, 403, 404, 422):
            failure.hint = _those_there(name, names)
        raise


def _names(found: Any) -> list[str]:
    """The names of models in an answer, in the forms that servers give it; none if it is no such list."""
    listed = (found.get("data") or found.get("models")) if isinstance(found, dict) else found
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    names = [item.get("id") or item.get("name") or item.get("model") for item in items]
    return [name for name in names if isinstance(name, str)]


def _is_among(name: str, names: list[str]) -> bool:
    """Whether a model is listed, also by a pattern, as a router's ``openai/*``, or as ``models/…`` or ``…:latest``."""
    forms = (name, f"models/{name}", f"{name}:latest")
    return any(fnmatchcase(form, listed) if "*" in listed else form == listed for listed in names for form in forms)


def _those_there(name: str, names: list[str]) -> str:
    near = difflib.get_close_matches(name, names, n=1)
    shown = ", ".join(names[:_SHOWN]) + (f", … ({len(names)} in all)" if len(names) > _SHOWN else "")
    return f"; the endpoint has {shown}" + (f"; did you mean {near[0]!r}?" if near else "")
