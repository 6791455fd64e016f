"""What of a model's settings is kept, and what of it is masked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from toolgym.cli.models import recorded
from toolgym.models import ModelSettings
from toolgym.models.secrets import digest, masked


@pytest.mark.parametrize(
    "arguments",
    [
        {"extra_body": {"api_key": "hush"}},
        {"extra_body": {"provider": {"credentials": [{"accessToken": "hush"}]}}},
        {"extra_body": {"headers": {"Authorization": "Bearer hush"}}},
        {"extra_body": {"callback": "https://me:hush@example.org/x"}},
        {"extra_body": {"callback": "https://example.org/x?a=1&token=hush"}},
        {"extra_headers": {"X-Whatever": "hush"}},
        {"extra_query": {"whatever": "hush"}},
        {"password": "hush"},
        {"extra_body": {"note": "it is hush"}},
        {"metadata": ["hush"]},
    ],
)
def test_nothing_secret_stands_in_a_manifest(arguments: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "hush")
    settings = ModelSettings(model="m", base_url="http://localhost:1/v1", arguments=arguments)
    assert "hush" not in json.dumps(recorded(settings))


def test_what_is_no_secret_stands_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    arguments = {
        "max_tokens": 7,
        "stop": ["</s>"],
        "extra_body": {"top_k": 3, "stop_token_ids": [1, 2], "tokenizer": "qwen", "chat_template_kwargs": {"a": True}},
        "logit_bias": {"5": 1},
    }
    settings = ModelSettings(model="org/keys-and-tokens", base_url="http://localhost:1/v1?a=1", arguments=arguments)
    assert recorded(settings) == {
        "model": "org/keys-and-tokens",
        "base_url": "http://localhost:1/v1?a=1",
        "arguments": arguments,
    }


def test_equal_secrets_have_equal_digests_and_others_do_not() -> None:
    assert masked({"token": "a"}) == masked({"token": "a"}) == {"token": digest("a")} != masked({"token": "b"})
