"""How a model is named and set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from toolgym.cli.models import model_settings
from toolgym.errors import DataError
from toolgym.models import ModelSettings, Price
from toolgym.models.before import recorded


def test_settings_survive_json() -> None:
    settings = ModelSettings(
        model="m",
        base_url="https://models.example/v1",
        arguments={"temperature": 0.0, "extra_body": {"top_k": 5}},
        price=Price(input_usd=1.0, output_usd=2.0),
    )
    assert ModelSettings.model_validate_json(settings.model_dump_json()) == settings


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"model": ""}, "at least 1 character"),
        ({"base_url": "localhost:8000/v1"}, "a URL that starts with http:// or https://, got 'localhost:8000/v1'"),
        ({"base_url": "http://"}, "a URL that starts with http:// or https://, got 'http://'"),
        ({"timeout_s": 0}, "greater than 0"),
        ({"attempts": 0}, "greater than or equal to 1"),
        ({"tool_format": "mistral"}, "'native', 'hermes', 'qwen' or 'llama'"),
        ({"price": {"input_usd": -1.0, "output_usd": 0.0}}, "greater than or equal to 0"),
        ({"temperature": 0.5}, "Extra inputs are not permitted"),
        ({"arguments": {"model": "x"}}, "must not hold 'model': give it as the setting 'model'"),
        ({"arguments": {"messages": []}}, "must not hold 'messages'"),
        ({"arguments": {"tools": []}}, "must not hold 'tools'"),
        ({"arguments": {"stream": True}}, "must not hold 'stream': give it as the setting 'stream'"),
        ({"arguments": {"timeout": 5}}, "must not hold 'timeout': give it as the setting 'timeout_s'"),
        ({"arguments": {"seed": 5}}, "must not hold 'seed': every request gets one of its own; with seeded=false"),
        ({"arguments": {"extra_body": {"seed": 5}}}, "must not hold 'seed'"),
        ({"arguments": {"extra_headers": ["a"]}}, "extra_headers must be a mapping, got list"),
        ({"arguments": {"extra_headers": {"X": 5}}}, "the header 'X' in extra_headers must be text, got int"),
        ({"arguments": {"extra_headers": {"X": None}}}, "the header 'X' in extra_headers must be text, got NoneType"),
        ({"arguments": {"extra_headers": {"X Y": "a"}}}, "'X Y' in extra_headers cannot be the name of a header"),
        ({"arguments": {"extra_headers": {"X\n": "a"}}}, "in extra_headers cannot be the name of a header"),
        ({"base_url": "http://me@models.example/v1"}, "must not hold a name and password: put the key into"),
        ({"arguments": {"temperature": float("nan")}}, "sent as JSON, and these are not"),
        ({"arguments": {"stop": {1, 2}}}, "sent as JSON, and these are not"),
    ],
)
def test_settings_that_cannot_be_right_are_refused(given: dict[str, Any], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        ModelSettings(**{"model": "m", **given})


def test_a_model_that_is_not_seeded_may_have_a_seed_of_its_own() -> None:
    assert ModelSettings(model="m", seeded=False, arguments={"seed": 5}).arguments == {"seed": 5}


@pytest.mark.parametrize("value", ["hush\n", " hush", "hush\x00", "hüsh", "hush\ud83d"])
def test_a_header_that_cannot_be_sent_is_refused_and_its_value_is_not_shown(value: str) -> None:
    with pytest.raises(ValidationError, match="the header 'X-Token' in extra_headers holds characters") as caught:
        ModelSettings(model="m", arguments={"extra_headers": {"X-Title": "toolgym", "X-Token": value}})
    assert "sh" not in str(caught.value).replace("should", "")


@pytest.mark.parametrize("place", ["extra_headers", "extra_query"])
@pytest.mark.parametrize("name", ["Authorization", "api-key", "X-API-KEY", "api_key"])
def test_a_key_among_the_arguments_is_refused_and_not_shown(place: str, name: str) -> None:
    told = f"{place} must not hold '{name}': put the key into the environment variable that api_key_env names"
    with pytest.raises(ValidationError, match=told) as caught:
        ModelSettings(model="m", arguments={place: {name: "sk-1"}})
    assert "sk-1" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://me:hush@models.example/v1",
        "https://hush@models.example",
        "me:hush@host/v1",
        "localhost:8000/v1?api_key=hush",
        "h/v1#token=hush",
        "http://me:h?hush@h",
    ],
)
def test_a_password_in_an_endpoint_is_refused_and_not_shown(url: str) -> None:
    with pytest.raises(ValidationError) as caught:
        ModelSettings(model="m", base_url=url)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    "given", ["sk-hush-hush", "hf_hushhushhushhushhush", "gsk_hushhushhushhushhush", "A B", "", "1A", "A" * 129, "A\n"]
)
def test_a_key_in_place_of_the_name_of_its_variable_is_refused_and_not_shown(given: str) -> None:
    with pytest.raises(ValidationError, match="name of the environment variable") as caught:
        ModelSettings(model="m", api_key_env=given)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize("value", ['"S3CRET"', '["S3CRET"]', "5"])
def test_settings_on_the_command_line_that_are_no_object_are_not_shown(value: str, tmp_path: Path) -> None:
    file = tmp_path / "k.json"
    file.write_text(value)
    for model, url, args in (
        ("m", None, value),
        (str(file), None, None),
        (None, None, value),
        (None, "h?a=S3CRET", None),
    ):
        with pytest.raises(DataError) as caught:
            model_settings("agent", model, url, args)
        assert "S3CRET" not in str(caught.value)
    with pytest.raises(DataError, match=r"got a (text|list|number)"):
        model_settings("agent", "m", None, value)


def test_an_at_sign_may_stand_behind_the_host_of_an_endpoint() -> None:
    assert ModelSettings(model="m", base_url="https://models.example/@me/v1").base_url


def test_the_values_of_headers_and_of_a_query_are_recorded_as_digests() -> None:
    def kept(value: str) -> dict[str, Any]:
        arguments = {"extra_headers": {"X-Token": value}, "extra_query": {"token": value, "page": 2}, "top_k": 5}
        return recorded(ModelSettings(model="m", base_url="https://models.example/v1", arguments=arguments))

    assert "hush" not in str(kept("hush"))
    assert kept("hush") == kept("hush") != kept("loud")
    assert kept("hush")["arguments"]["top_k"] == 5
    assert set(kept("hush")["arguments"]["extra_query"]) == {"token", "page"}


def test_the_endpoint_of_the_environment_is_recorded_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    assert recorded(ModelSettings(model="m")) == {"model": "m", "base_url": "https://api.openai.com/v1"}
    monkeypatch.setenv("OPENAI_BASE_URL", "https://me:hush@models.example/v1?token=hush")
    assert recorded(ModelSettings(model="m")) == {"model": "m", "base_url": "https://models.example/v1"}
    given = ModelSettings(model="m", base_url="http://localhost:8000/v1")
    assert recorded(given) == {"model": "m", "base_url": "http://localhost:8000/v1"}
