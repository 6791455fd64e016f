"""The models behind agents, users, judges, analysts and proposers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolgym.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from toolgym.domain import AgentSpec
    from toolgym.evaluation.grade import Judge
    from toolgym.models import ChatModel, ModelSettings, Throttle
    from toolgym.prompts import Wording


def settings_of_model(role: str, model: str | Mapping[str, Any] | ModelSettings | None) -> ModelSettings | None:
    """The settings of a model from its name, a mapping or themselves; None of None.

    Args:
        role: Whose model it is, for the message.
        model: What was given.

    Raises:
        DataError: If they do not fit.
    """
    from pydantic import ValidationError

    from toolgym.models import ModelSettings

    if model is None or isinstance(model, ModelSettings):
        return model
    try:
        return ModelSettings.model_validate({"model": model} if isinstance(model, str) else dict(model))
    except ValidationError as error:
        raise DataError(f"the settings of the {role}'s model do not fit: {error}") from error


def chat_of(
    role: str,
    name: str,
    needed: bool,
    model: str | Mapping[str, Any] | ModelSettings | None,
    throttle: Throttle | None,
) -> ChatModel | None:
    """The model of a part, if it has one."""
    if not needed:
        if model is not None:
            raise DataError(f"the {role} {name!r} has no model, and one was given; leave it out")
        return None
    if model is None:
        raise DataError(f"the {role} {name!r} needs a model: give model=…, or --{role}-model on the command line")
    from toolgym.models import ChatModel

    settings = settings_of_model(role, model)
    assert settings is not None
    chat = ChatModel(settings, throttle)
    chat.check()
    return chat


def with_model(
    role: str, spec: AgentSpec, model: str | Mapping[str, Any] | ModelSettings | None, throttle: Throttle | None
) -> AgentSpec:
    """The agent or user with its model bound, if it has one."""
    chat = chat_of(role, spec.name, spec.needs_model, model, throttle)
    return spec if chat is None else spec.bind(model=chat)


def models_behind(agent: AgentSpec, user: AgentSpec, judge: Judge | None) -> dict[str, ModelSettings]:
    """The settings of the models behind those who take part, by role, however these were made."""
    from toolgym.models import ChatModel

    parts = {"agent": agent.bound.get("model"), "user": user.bound.get("model"), "judge": getattr(judge, "model", None)}
    return {role: model.settings for role, model in parts.items() if isinstance(model, ChatModel)}


def with_wording(spec: AgentSpec, wording: Wording) -> AgentSpec:
    """The agent or user with the words that its model reads bound, if it has one and none are bound yet.

    Without it they are looked up wherever an agent is made, which on another machine may find others.
    """
    return spec.bind(wording=wording) if spec.reads_wording and "wording" not in spec.bound else spec
