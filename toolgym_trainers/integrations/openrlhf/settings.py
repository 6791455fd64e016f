"""What the agent of OpenRLHF is to play, from a JSON file: OpenRLHF makes it without arguments."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from toolgym.errors import DataError
from toolgym.files.strict_json import read_json

VARIABLE = "TOOLGYM_OPENRLHF"
"""The environment variable that names the file of settings."""
BESIDE = "agent.json"
"""Its name where it lies beside the file of the agent."""


class AgentSettings(BaseModel):
    """What the agent plays.

    Args:
        domain: The name of the domain.
        data: Whose tasks: ``"toolgym"`` or ``"tau2"``.
        split: The split from which tasks are; leave it out where a pool is given.
        pool: A folder of tasks instead, as a curriculum's refresh, ``toolgym tasks synthesize`` or
            :func:`~toolgym_trainers.integrations.openrlhf.prompts.write_tasks_of` wrote it.
        policy: Whose tokenizer and chat template are used: a folder, a name on the hub, or ``"tiny"``. It must be that
            of the model that OpenRLHF trains.
        view: What the policy sees: ``"compact"`` or ``"native"``; None as its folder says, else compact.
        user: Who plays the customer; None for the scripted one where tasks carry facts.
        user_model: The model behind the user, where it has one.
        reward: A preset's name, or weights by term.
        turn_tokens: Tokens that one message may have, at least 1. An episode in which the next message might not fit
            into OpenRLHF's ``--data.max_len`` is given up.
        attempts: How often an episode is played before its faults (a user's model that fails) end the training, at
            least 1.
        keep: A folder in which finished episodes are kept, for a curriculum to learn of them; None keeps none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    domain: str = "retail"
    data: Literal["toolgym", "tau2"] = "toolgym"
    split: str | None = None
    pool: Path | None = None
    policy: str = "tiny"
    view: Literal["compact", "native"] | None = None
    user: str | None = None
    user_model: str | Mapping[str, Any] | None = None
    reward: str | Mapping[str, float] = "raft"
    turn_tokens: int = Field(default=1024, ge=1)
    attempts: int = Field(default=3, ge=1)
    keep: Path | None = None

    @model_validator(mode="after")
    def _one_source(self) -> AgentSettings:
        if (self.split is None) == (self.pool is None):
            raise ValueError(f"give either a split or a pool, got {self.split!r} and {self.pool!r}")
        return self


def load_settings(beside: Path) -> AgentSettings:
    """The settings from the file that the environment variable ``TOOLGYM_OPENRLHF`` names, else ``agent.json``.

    Args:
        beside: The file of the agent, in whose folder ``agent.json`` is looked for.

    Raises:
        DataError: If there is no such file, or it holds something else; it names file and field.
    """
    named = os.environ.get(VARIABLE)
    path = Path(named) if named else beside.with_name(BESIDE)
    return read_settings(path)


def read_settings(path: Path) -> AgentSettings:
    """The settings in a file.

    Raises:
        DataError: If it is not there, or holds something else; it names file and field.
    """
    if not path.is_file():
        raise DataError(
            f"there are no settings for OpenRLHF's agent in {str(path)!r}: set {VARIABLE} to a JSON file with a split "
            f"or a pool and a policy, or put {BESIDE} beside the agent's file"
        )
    try:
        return AgentSettings.model_validate(read_json(path))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"])) or "the settings"
        known = ", ".join(sorted(AgentSettings.model_fields))
        message = first["msg"].removeprefix("Value error, ")
        raise DataError(f"{str(path)!r}: {field}: {message}, got {first['input']!r:.80}. There are: {known}") from error
    except ValueError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error


def write_settings(path: Path, settings: AgentSettings) -> None:
    """Write settings into a file, for :func:`load_settings`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{settings.model_dump_json(indent=1)}\n", encoding="utf-8")
