"""Before models are used: whether they answer, and what a run says of their settings."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import Any

from toolgym.concurrency.bridge import wait_for
from toolgym.errors import ServiceError
from toolgym.models.client import ChatModel
from toolgym.models.connections import address
from toolgym.models.errors import RefusedError
from toolgym.models.limits import Throttle
from toolgym.models.secrets import masked, shown
from toolgym.models.settings import ModelSettings


def ask_models(models: Mapping[str, ModelSettings | None], throttle: Throttle | None = None) -> None:
    """Ask each model something small, before anything is begun that depends on it.

    Args:
        models: The settings by role; None where a role has no model. Equal ones are asked once.
        throttle: The limits that the models of the command share.

    Raises:
        ServiceError: If one is not there, or refuses what it would refuse again: an unknown name, a wrong key.
    """
    roles: dict[str, list[str]] = {}
    wanted = {role: settings for role, settings in models.items() if settings is not None}
    for role, settings in wanted.items():
        same = next((first for first in roles if wanted[first] == settings), role)
        roles.setdefault(same, []).append(role)

    async def ask() -> list[BaseException | None]:
        return await asyncio.gather(
            *(ChatModel(wanted[role], throttle).probe() for role in roles), return_exceptions=True
        )

    for (first, others), error in zip(roles.items(), wait_for(ask()) if roles else (), strict=True):
        if isinstance(error, ServiceError):
            whose = " and ".join(f"the {role}'s" for role in others)
            mend = "" if isinstance(error, RefusedError) else "see that its server runs, or "
            raise ServiceError(
                f"{whose} model: {error}; nothing was begun: {mend}name another with --{first}-model or "
                f"--{first}-base-url"
            ) from error
        if error is not None:
            raise error


def recorded(settings: ModelSettings) -> dict[str, Any]:
    """The settings as a run's manifest has them.

    What may be secret is a digest, and an endpoint that comes from the environment is there too: a run goes on with
    equal ones only.
    """
    plain: dict[str, Any] = settings.model_dump(mode="json", exclude_defaults=True)
    if settings.base_url is None:
        plain["base_url"] = shown(address(settings))
    key = os.environ.get(settings.api_key_env, "").strip()
    return {
        name: value if name in ("model", "api_key_env", "tool_format") else masked(value, [key] if key else ())
        for name, value in plain.items()
    }
