"""Which model is asked, where, and how."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from toolgym.models.secrets import looks_like_a_key, shown

_OURS = {
    "model": "give it as the setting 'model'",
    "messages": "they are the dialogue",
    "tools": "they are the side's tools",
    "stream": "give it as the setting 'stream'",
    "timeout": "give it as the setting 'timeout_s'",
}
_KEYS = ("authorization", "api-key", "x-api-key")
_INSTEAD = "put the key into the environment variable that api_key_env names"
_SEED = {"seed": "every request gets one of its own; with seeded=false none is set, and yours is sent"}


class Price(BaseModel):
    """What a model costs, in US dollars for 1,000,000 tokens."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_usd: float = Field(ge=0, allow_inf_nan=False)
    """Of tokens that it reads."""
    output_usd: float = Field(ge=0, allow_inf_nan=False)
    """Of tokens that it generates, thoughts included."""


class ModelSettings(BaseModel):
    """One model behind an OpenAI-compatible endpoint: OpenAI, vLLM, SGLang, llama.cpp, OpenRouter and others.

    Example:
        >>> local = ModelSettings(model="qwen", base_url="http://localhost:8000/v1", arguments={"temperature": 0.7})
        >>> local.attempts
        6
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    model: str = Field(min_length=1)
    """Its name at the endpoint."""
    base_url: str | None = None
    """The endpoint, such as ``http://localhost:8000/v1``, without a name and password; None for what
    ``OPENAI_BASE_URL`` says, or OpenAI's own."""
    api_key_env: str = "OPENAI_API_KEY"
    """The environment variable that holds the key. Where it is not set, an endpoint of your own is sent ``none``."""
    arguments: dict[str, Any] = {}
    """Sent with each request as they are: ``temperature``, ``max_tokens``, ``top_k``, …; as the ``openai`` package
    has it, ``extra_headers`` and ``extra_query`` go there, and what is in ``extra_body`` goes beside the others. Keys
    do not belong there: ``api_key_env`` names where they are. Of a ``max_tokens`` that leaves no room for the dialogue
    servers such as vLLM say that the context is too small, and for us too it is then a dialogue that no longer fits."""
    tool_format: Literal["native", "hermes", "qwen", "llama"] = "native"
    """Who reads tool calls: the server (``native``), or we in the model's text, in one of these formats."""
    reasoning: Literal["auto", "strip", "keep"] = "auto"
    """Which of the model's earlier thoughts go back to it: none (``strip``), all (``keep``), or those of turns in which
    it called tools, if the server sends thoughts in a field of their own (``auto``)."""
    greeting: bool = True
    """Whether the dialogue may begin with the assistant's greeting; where a server or a chat template wants the user to
    begin, the greeting is told in the system message instead."""
    seeded: bool = True
    """Whether requests carry a seed; to a server that refuses the field none is sent any more."""
    stream: bool = False
    """Whether replies are streamed; what comes of them is the same."""
    timeout_s: float = Field(default=120.0, gt=0, allow_inf_nan=False)
    """Seconds that one request may take until its reply is complete."""
    max_reply_bytes: int = Field(default=2**23, ge=1)
    """How long a reply may be, thoughts included; of a longer one no more is read, and it is answered with an error."""
    episode_tokens: int | None = Field(default=None, ge=1)
    """Tokens, read and generated, that all requests of one episode may use together; None for any number. A dialogue
    that has used as many does not fit any more: each request reads the whole of it again."""
    attempts: int = Field(default=6, ge=1)
    """Requests made for one reply before the service counts as failed, at least 1."""
    price: Price | None = None
    """What it costs; a budget needs it where the server does not tell."""

    @field_validator("base_url")
    @classmethod
    def _is_a_url(cls, url: str | None) -> str | None:
        if url is not None and not re.match("https?://[^/]", url):
            raise ValueError(f"an endpoint is a URL that starts with http:// or https://, got {shown(url)!r}")
        if url is not None and re.match("https?://(?:[^/?#]*|[^/]*:[^/]*)@", url):
            raise ValueError(f"an endpoint must not hold a name and password: {_INSTEAD}")
        return url

    @field_validator("api_key_env")
    @classmethod
    def _is_a_variable(cls, name: str) -> str:
        if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]{0,127}", name) or looks_like_a_key(name):
            raise ValueError(
                "it is the name of the environment variable that holds the key, of letters, digits and underscores; "
                f"got {name[:3]!r}… Put no key there"
            )
        return name

    @field_validator("arguments")
    @classmethod
    def _is_json(cls, arguments: dict[str, Any]) -> dict[str, Any]:
        try:
            json.dumps(arguments, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"arguments are sent as JSON, and these are not: {error}") from None
        for name in ("extra_headers", "extra_query", "extra_body"):
            if not isinstance(arguments.get(name, {}), dict):
                raise ValueError(f"{name} must be a mapping, got {type(arguments[name]).__name__}")
        for name in ("extra_headers", "extra_query"):
            for key in arguments.get(name, {}):
                if str(key).lower().replace("_", "-") in _KEYS:
                    raise ValueError(f"{name} must not hold {key!r}: {_INSTEAD}")
        for name, value in arguments.get("extra_headers", {}).items():
            _check_header(name, value)
        return arguments

    @model_validator(mode="after")
    def _sets_nothing_twice(self) -> ModelSettings:
        ours = _OURS | _SEED if self.seeded else _OURS
        for name in [*self.arguments, *self.arguments.get("extra_body", {})]:
            if name in ours:
                raise ValueError(f"arguments must not hold {name!r}: {ours[name]}")
        return self


def _check_header(name: object, value: object) -> None:
    """Check that a header can be sent; its value, which may be secret, is never shown."""
    if not isinstance(name, str) or not re.fullmatch(r"[-!#$%&'*+.^_`|~0-9A-Za-z]+", name):
        raise ValueError(f"{name!r} in extra_headers cannot be the name of a header: use letters, digits and hyphens")
    if not isinstance(value, str):
        raise ValueError(f"the header {name!r} in extra_headers must be text, got {type(value).__name__}")
    if not (value.isascii() and value.isprintable()) or value != value.strip():
        raise ValueError(
            f"the header {name!r} in extra_headers holds characters that cannot be sent: give it as printable ASCII, "
            "without spaces around it"
        )
