"""What of a model's settings is kept, and what of it is masked."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from toolgym.models import ModelSettings
from toolgym.models.before import recorded
from toolgym.models.secrets import digest, hidden, hushed, masked, shown


@pytest.mark.parametrize(
    "arguments",
    [
        {"extra_body": {"api_key": "hush"}},
        {"extra_body": {"provider": {"credentials": [{"accessToken": "hush"}]}}},
        {"extra_body": {"headers": {"Authorization": "Bearer hush"}}},
        {"extra_body": {"callback": "https://me:hush@example.org/x"}},
        {"extra_body": {"callback": "https://example.org/x?a=1&token=hush"}},
        {"extra_body": {"apikeys": "hush"}},
        {"extra_body": {"api_keys": ["hush"]}},
        {"extra_body": {"tokens": "hush"}},
        {"extra_body": {"secrets": {"a": "hush"}}},
        {"extra_body": {"creds": "hush"}},
        {"extra_body": {"pass": "hush"}},
        {"extra_body": {"pw": "hush"}},
        {"extra_body": {"pin": "hush"}},
        {"extra_body": {"dbpassword": "hush"}},
        {"extra_body": {"dbpass": "hush"}},
        {"extra_body": {"openaikey": "hush"}},
        {"extra_body": {"OPENAIKEY": "hush"}},
        {"extra_body": {"githubtoken": "hush"}},
        {"extra_body": {"awssecret": "hush"}},
        {"extra_body": {"accesskeyid": "hush"}},
        {"extra_body": {"keyfile": "hush"}},
        {"extra_body": {"connection_string": "hush"}},
        {"extra_body": {"prompt_cache_key": "hush"}},
        {"extra_body": {"headers": {"X-Api": "hush"}}},
        {"extra_body": {"headers": [{"name": "X-Api", "value": "hush"}]}},
        {"extra_body": {"more": [{"name": "Authorization", "value": "hush"}]}},
        {"extra_body": {"more": [{"key": "api_key", "value": "hush"}]}},
        {"extra_body": {"headers": [["X-Api", "hush"]]}},
        {"extra_body": {"more": [["Authorization", "hush"]]}},
        {"extra_body": {"default_headers": {"a": "hush"}}},
        {"extra_body": {"Extra_Headers": {"a": "hush"}}},
        {"extra_body": {"x": "Bearer hush"}},
        {"extra_body": {"x": "Basic hush"}},
        {"extra_body": {"x": "send Authorization: Bearer hush, please"}},
        {"extra_body": {"x": "send Basic hush=="}},
        {"extra_body": {"x": "http://h/x#access_token=hush"}},
        {"extra_body": {"x": "http://h/x?a=1;api_key=hush"}},
        {"extra_body": {"x": "http://h/x?a=1&api%5Fkey=hush"}},
        {"extra_body": {"x": "see http://u:hush@h and more"}},
        {"extra_body": {"x": "see http://h, or http://u:hush@h2"}},
        {"extra_body": {"x": "u:hush@h:5432"}},
        {"extra_body": {"x": "Server=db;Password=hush;"}},
        {"extra_body": {"x": '{"api_key": "hush"}'}},
        {"metadata": {"x": "sk-hushhushhush"}},
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


def test_a_number_may_be_secret_too() -> None:
    assert masked({"api_key": 123456, "pin": 1234}) == {"api_key": digest(123456), "pin": digest(1234)}


SAMPLING: dict[str, Any] = {
    "temperature": 0.7,
    "top_k": 5,
    "top_p": 0.9,
    "min_p": 0.1,
    "max_tokens": 100,
    "max_completion_tokens": 100,
    "min_tokens": 1,
    "stop": ["</token>", "key: value"],
    "stop_token_ids": [1, 2],
    "allowed_token_ids": [3],
    "bad_words": ["password=x", "u:p@h"],
    "skip_special_tokens": False,
    "tokenizer": "org/qwen",
    "tokenizer_mode": "slow",
    "n_keep": 3,
    "keep_alive": "5m",
    "logit_bias": {"50256": -100},
    "seed": 7,
    "repetition_penalty": 1.1,
    "truncate_prompt_tokens": 100,
    "return_tokens_as_token_ids": True,
    "thinking": {"type": "enabled", "budget_tokens": 1024},
    "chat_template_kwargs": {"enable_thinking": True, "thinking_budget": 5, "reasoning_effort": "high"},
    "reasoning_effort": "low",
    "response_format": {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}},
    "guided_regex": "[a-z]+",
    "service_tier": "flex",
    "num_ctx": 8192,
    "some_new_tokens": 5,
    "note": "It is a basic question of style: be kind.",
}


@pytest.mark.parametrize("name", SAMPLING)
def test_arguments_of_sampling_can_be_read(name: str) -> None:
    assert masked({name: SAMPLING[name]}) == {name: SAMPLING[name]}
    assert masked({"extra_body": {name: SAMPLING[name]}}) == {"extra_body": {name: SAMPLING[name]}}
    assert hidden({"extra_body": {name: SAMPLING[name]}}) == []


def test_what_a_server_repeats_of_a_secret_is_hushed_in_the_forms_that_it_may_have() -> None:
    secret = 'a b/"ü?'
    for form in (secret, json.dumps(secret), quote(secret, safe=""), quote_plus(secret), repr(secret)):
        assert hushed(f"<{form}>", [secret]).strip("<>\"'") == "***"
    assert hushed("no 1 is on", ["1", "on", ""]) == "no 1 is on"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("https://me:hush@h/v1?token=hush", "https://h/v1"),
        ("localhost:8000/v1?api_key=hush", "localhost:8000/v1"),
        ("me:hush@host/v1", "host/v1"),
        ("h/v1;key=hush", "h/v1"),
        ("http://h/v1#access_token=hush", "http://h/v1"),
        ("https://models.example/@me/v1", "https://models.example/@me/v1"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, told: str) -> None:
    assert shown(url) == told


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
