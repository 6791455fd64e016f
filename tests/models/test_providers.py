"""A model behind each provider plays its episodes to the end, whatever it does, and is hardly ever refused."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from typing import Any

import pytest
from providers import MISBEHAVIOURS, VLLM, Anthropic, DeepSeek, Gemini, Mistral, OpenAI, OpenRouter, Provider, text_of

from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.limits import Limits
from toolgym.rollouts import rollouts

AT_ONCE = 8
PATIENT = Limits(max_errors=100)  # which misbehaviour meets which episode is chance: one may have many
LESSON = AT_ONCE + 3
"""How often it may be refused until it knows one thing: once for each request under way, and again for each that met a
429 or 503 while it was written in the new form."""

PROVIDERS: dict[str, tuple[type[Provider], dict[str, Any], int]] = {  # with how many things there are to be learned
    "openai": (OpenAI, {}, 0),
    "anthropic": (Anthropic, {}, 0),
    "anthropic, the user first": (Anthropic, {"first_user_required": True}, 1),
    "litellm": (Anthropic, {"flavor": "litellm"}, 0),
    "gemini": (Gemini, {}, 0),
    "gemini, results named": (Gemini, {"require_tool_name": True}, 1),
    "mistral": (Mistral, {}, 1),  # no seed; streamed, no stream_options either
    "deepseek v4": (DeepSeek, {}, 0),
    "deepseek v3.2": (DeepSeek, {"mode": "v3.2"}, 0),
    "deepseek r1": (DeepSeek, {"mode": "r1"}, 2),  # no thoughts of earlier turns, and none of this one
    "openrouter": (OpenRouter, {}, 0),
    "vllm": (VLLM, {}, 0),
}


def clerk(messages: list[dict[str, Any]]) -> dict[str, Any]:
    """Says what a model might: asks for an email, looks the customer up, and never helps."""
    spoken = [message for message in messages if message["role"] in ("assistant", "tool", "user")]
    turns = sum(message["role"] == "assistant" for message in spoken)
    text = text_of(spoken[-1]["content"])
    if spoken[-1]["role"] == "tool":
        if re.fullmatch(r"[a-z]+_[a-z]+_\d+", text):
            return said("One moment.", "Details.", "get_user_details", user_id=text)
        return said("Thank you, I found you. What can I do for you?", "Go on.")
    if email := re.search(r"[\w.]+@[\w.]+\w", text):
        return said(None, "I look the customer up.", "find_user_id_by_email", email=email[0])
    if turns <= 3:
        return said("Could you give me your email, please?", "I need the email.")
    if turns % 2:
        return said(None, None, "list_all_product_types")
    return said("I am sorry, I cannot do that. Is there anything else?", "No.")


def said(text: str | None, thought: str | None, name: str | None = None, **arguments: str) -> dict[str, Any]:
    """What the model says, with a call if it has a name."""
    return {"text": text, "calls": [(name, json.dumps(arguments))] if name else [], "thought": thought}


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def played(domain: Domain, provider: Provider, stream: bool) -> list[Episode]:
    """Twenty episodes of one model behind a provider, several at once."""
    agent = make_agent("llm", {"model": provider.model, "base_url": provider.url, "stream": stream})
    jobs = [(task, 0) for task in domain.tasks["dev"][:20]]

    async def play() -> list[Episode]:
        results = rollouts(domain, jobs, agent, make_user("scripted"), concurrency=AT_ONCE, limits=PATIENT)
        return [episode async for _, episode in results]

    return asyncio.run(play())


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("name", PROVIDERS)
def test_a_model_behind_a_provider_plays_to_the_end_and_is_hardly_ever_refused(
    retail: Domain, name: str, stream: bool
) -> None:
    kind, options, lessons = PROVIDERS[name]
    if name == "mistral" and stream:
        lessons += 1
    with kind(clerk, slow=0.02, retry_after=0, **options) as provider:
        episodes = played(retail, provider, stream)
    assert [episode.fault for episode in episodes if episode.fault] == []
    assert Counter(episode.termination for episode in episodes) == {"user_stop": 20}
    assert {answer["misbehaviour"] for answer in provider.answers} >= set(MISBEHAVIOURS)
    reasons = Counter(fault["reason"] for fault in provider.client_faults)
    assert reasons.total() <= lessons * LESSON, reasons
