"""A policy behind a server reads the very tokens on which it is trained."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from models.server import Request, Server
from oracle_dialogues import answering, by_oracle, shown, tools_of, user_of

pytest.importorskip("torch")

from toolgym import make_agent, make_domain
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.messages import Message
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym_trainers.bootstrap import BootstrapSettings, new_tiny
from toolgym_trainers.policies.policy import Policy, load_policy
from toolgym_trainers.policies.tiny import TinySettings
from toolgym_trainers.policies.transcript import encode


@pytest.fixture(scope="module")
def tiny() -> Policy:
    """A policy from scratch with the words of a few demonstrations."""
    size = TinySettings(width=16, layers=1, heads=2, key_heads=1, inner=16, context=4096, induction=False)
    return new_tiny(make_domain("retail"), BootstrapSettings(vocabulary=100), size)


@pytest.fixture(scope="module")
def smollm2() -> Policy:
    """SmolLM2-135M-Instruct, if its folder is known."""
    folder = os.environ.get("TOOLGYM_SMOLLM2")
    if not folder:
        pytest.skip("set TOOLGYM_SMOLLM2 to the folder of SmolLM2-135M-Instruct")
    return load_policy(folder)


def served(policy: Policy, domain: Domain, task: Task, folder: Path) -> tuple[Episode, list[Request]]:
    """The task as a server plays it that says what the oracle does, in the words of the policy's view."""
    policy.view.save(folder)
    texts = [one.text for one in shown(policy.view, domain, by_oracle(domain, task)) if one.role == "assistant"]
    with Server(answering(*texts)) as server:
        agent = make_agent("llm", {"model": "policy", "base_url": server.url}, view=folder)
        return play(domain, task, agent, user_of(domain, task)), server.requests


def said(episode: Episode) -> list[tuple[str | None, list[Mapping[str, Any]]]]:
    """The texts and the calls' arguments of an episode."""
    return [(one.content, [call.arguments for call in one.tool_calls]) for one in episode.view("assistant")]


def rendered(policy: Policy, request: Request) -> list[int]:
    """The tokens that a server makes of a request: its messages in the policy's chat template."""
    text = policy.codec.format.render(request.body["messages"], prompt=True)
    return list(policy.tokenizer(text, add_special_tokens=False)["input_ids"])


def check_tokens(policy: Policy, domain: Domain, tasks: Sequence[Task], folder: Path) -> int:
    """See that tokens served, trained and sampled agree where the view has words for all that the oracle says.

    Returns:
        For how many of the tasks it has.
    """
    told = 0
    for task in tasks:
        episode, requests = served(policy, domain, task, folder)
        if said(episode) != said(by_oracle(domain, task)):
            continue
        told += 1
        view = episode.view("assistant")
        trained = encode(policy.codec, domain, tools_of(episode), view).tokens
        for request in requests:
            tokens = rendered(policy, request)
            assert tokens == trained[: len(tokens)], task.id
        sampled = sampled_tokens(policy, domain, episode)
        assert sampled == trained[: len(sampled)], task.id
        assert len(rendered(policy, requests[-1])) == len(sampled) - len(last_message(policy, domain, episode)), task.id
    return told


def last_message(policy: Policy, domain: Domain, episode: Episode) -> list[int]:
    """The tokens of the policy's last message."""
    text = [one.text for one in shown(policy.view, domain, episode) if one.role == "assistant"][-1]
    return [*policy.codec.format.content(text), policy.codec.format.end]


def sampled_tokens(policy: Policy, domain: Domain, episode: Episode) -> list[int]:
    """The tokens of the same dialogue as it grows in a sampler, up to the policy's last message."""
    transcript = policy.codec.transcript(domain, tools_of(episode))
    sight = policy.view.open(domain, tools_of(episode))
    first = 1 + (len(episode.prepared.history) or 1)  # behind the instructions and what was said before
    new: list[Message] = []
    for place, message in enumerate(episode.view("assistant")):
        text = None if place == 1 and not episode.prepared.history else sight.show(message)
        if message.role == "assistant" and place >= first and text is not None:
            transcript.observe(new)
            transcript.add([*policy.codec.format.content(text.text), policy.codec.format.end])
            new = []
        else:
            new.append(message)
    return transcript.tokens


def test_a_tiny_policy_reads_behind_a_server_what_it_is_trained_on(tmp_path: Path, tiny: Policy) -> None:
    domain = make_domain("retail")
    assert check_tokens(tiny, domain, domain.tasks["dev"][:24], tmp_path) >= 6  # others need words that it lacks
    tiny.save(tmp_path)
    assert load_policy(tmp_path).view == tiny.view


@pytest.mark.parametrize("name", ["mock", "retail"])
def test_smollm2_reads_behind_a_server_what_it_is_trained_on(name: str, tmp_path: Path, smollm2: Policy) -> None:
    domain = make_domain(name)
    assert check_tokens(smollm2, domain, domain.tasks["dev"][:24], tmp_path) == min(24, len(domain.tasks["dev"]))


def test_a_message_that_was_cut_gets_the_end_that_a_chat_template_writes(mock: Domain, tiny: Policy) -> None:
    transcript = tiny.codec.transcript(mock, [])
    transcript.observe([Message("system", "Be kind."), Message("assistant", "Hello!"), Message("user", "The list.")])
    transcript.add(tiny.codec.format.content("The item of"))
    made = transcript.made[0]
    transcript.observe([Message("user", "The list?")])
    chat = [("user", "The <X1> ."), ("assistant", "The item of"), ("user", "The <X1> ?")]
    text = tiny.codec.format.render([{"role": role, "content": content} for role, content in chat], prompt=True)
    assert transcript.tokens == list(tiny.tokenizer(text, add_special_tokens=False)["input_ids"])
    assert made == (6, 9)  # what it did not write is not its own


def test_what_was_said_before_the_episode_is_read_and_the_greeting_is_not(mock: Domain, tiny: Policy) -> None:
    said = [("assistant", "Hello!"), ("user", "The list."), ("assistant", "The list?"), ("user", "The list of")]
    view = [Message("system", "Be kind."), *(Message(role, text) for role, text in said)]  # type: ignore[arg-type]  # roles
    transcript = tiny.codec.transcript(mock, [])
    transcript.observe(view)
    assert transcript.tokens == [*encode(tiny.codec, mock, [], view).tokens, *tiny.codec.format.prompt]
