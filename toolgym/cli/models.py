"""How the models behind agent, user, judge, analyst, proposer and solver are named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from toolgym.models import ModelSettings
    from toolgym.registry import Registry

_MODEL = "The {}'s model: a name, a JSON object of settings, or a .json file that holds one."
_URL = "Its OpenAI-compatible endpoint, such as http://localhost:8000/v1."
_ARGS = "A JSON object sent with each of its requests: temperature, max_tokens, …"

AgentModel = Annotated[str | None, typer.Option(help=_MODEL.format("agent"), rich_help_panel="Models")]
AgentView = Annotated[
    str | None,
    typer.Option(
        help="What the agent's model sees, if it is a policy trained on a view: compact, or the policy's folder.",
        rich_help_panel="Models",
    ),
]
UserModel = Annotated[str | None, typer.Option(help=_MODEL.format("user"), rich_help_panel="Models")]
JudgeModel = Annotated[str | None, typer.Option(help=_MODEL.format("judge"), rich_help_panel="Models")]
AnalystModel = Annotated[str | None, typer.Option(help=_MODEL.format("analyst"), rich_help_panel="Models")]
SolverModel = Annotated[str | None, typer.Option(help=_MODEL.format("solver"), rich_help_panel="Models")]
EmbeddingsModel = Annotated[
    str | None,
    typer.Option(
        help="A model of embeddings, by whose vectors failures are grouped instead of by their words.",
        rich_help_panel="Models",
    ),
]
ProposerModel = Annotated[str | None, typer.Option(help=_MODEL.format("proposer"), rich_help_panel="Models")]
BaseUrl = Annotated[str | None, typer.Option(help=_URL, rich_help_panel="Models")]
ModelArgs = Annotated[str | None, typer.Option(help=_ARGS, rich_help_panel="Models")]
RequestsPerMinute = Annotated[
    float | None, typer.Option("--rpm", help="Requests per minute, for each model.", rich_help_panel="Models")
]
TokensPerMinute = Annotated[
    float | None, typer.Option("--tpm", help="Tokens per minute, for each model.", rich_help_panel="Models")
]
BudgetUsd = Annotated[
    float | None, typer.Option(help="US dollars that all models together may cost.", rich_help_panel="Models")
]
NoGreeting = Annotated[
    bool,
    typer.Option(
        "--no-greeting",
        help="Tell the agent's model its greeting in the system message: for chat templates in which the user begins.",
        rich_help_panel="Models",
    ),
]


LARGEST_SETTINGS = 1 << 20
"""Bytes of a file of settings, at most."""


def model_settings(
    role: str, model: str | None, base_url: str | None, args: str | None, *, greeting: bool = True
) -> ModelSettings | None:
    """The settings of one role's model; None if it has none.

    Args:
        role: agent, user, judge, analyst, embeddings, proposer or solver.
        model: A name, a JSON object, or the path of a ``.json`` file.
        base_url: The endpoint; instead of the settings' own.
        args: A JSON object of arguments; added to the settings' own.
        greeting: Whether the dialogue may begin with a greeting; if not, instead of the settings' own.

    Raises:
        DataError: If one of them cannot be read or does not fit, or endpoint or arguments come without a model.
    """
    from pydantic import ValidationError

    from toolgym.errors import DataError
    from toolgym.files.strict_json import read_bytes
    from toolgym.models import ModelSettings
    from toolgym.models.secrets import shown

    if model is None:
        if base_url is not None:
            raise DataError(f"--{role}-base-url {shown(base_url)!r} is for a model; name it with --{role}-model")
        if args is not None:
            raise DataError(f"--{role}-args is for a model; name it with --{role}-model")
        if not greeting:
            raise DataError(f"--no-greeting is for a model; name it with --{role}-model")
        return None
    given: dict[str, Any] = {"model": model}
    if model.lstrip().startswith("{"):
        given = _object(f"--{role}-model", model)
    elif model.endswith(".json"):
        try:
            given = _object(model, read_bytes(Path(model), LARGEST_SETTINGS))
        except DataError as error:
            raise DataError(f"--{role}-model: {error}") from error
    if base_url is not None:
        given["base_url"] = base_url
    if not greeting:
        given["greeting"] = False
    if args is not None:
        own = given.get("arguments", {})
        if not isinstance(own, dict):
            raise DataError(f"the {role}'s model does not fit: its arguments must be a JSON object")
        given["arguments"] = {**own, **_object(f"--{role}-args", args)}
    try:
        return ModelSettings.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or 'settings'}: {problem['msg']}" for problem in error.errors()
        )
        allowed = ", ".join(ModelSettings.model_fields)
        raise DataError(f"the {role}'s model does not fit: {problems}; its settings are {allowed}") from error


def check_model(registry: Registry, name: str, model: ModelSettings | None) -> None:
    """Check that a part that needs a model was given one, and that no other part was.

    Args:
        registry: Where its kind is found.
        name: Its name.
        model: What was given.

    Raises:
        UnknownNameError: If there is none of that name.
        DataError: If a model is missing, or not wanted.
    """
    from toolgym.errors import DataError
    from toolgym.registry import needs_model

    role = registry.kind if registry.kind != "agent" else "solver"
    takes = needs_model(registry.load(name))
    if takes and model is None:
        raise DataError(f"the {registry.kind} {name!r} needs a model; name it with --{role}-model")
    if model is not None and not takes:
        raise DataError(f"the {registry.kind} {name!r} has no model; leave --{role}-model out")


def _object(name: str, text: str | bytes) -> dict[str, Any]:
    from toolgym.errors import DataError
    from toolgym.files.strict_json import parse

    try:
        value = parse(text)
    except ValueError as error:
        raise DataError(f"{name} is not JSON: {error}") from error
    if not isinstance(value, dict):
        got = "a text" if isinstance(value, str) else "a list" if isinstance(value, list) else "a number"
        got = {True: "true", False: "false", None: "null"}[value] if isinstance(value, bool | None) else got
        raise DataError(f'{name} must be a JSON object such as {{"temperature": 0}}, got {got}')
    return value
