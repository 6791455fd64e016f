"""An agent loop behind verl's documented interface; verl itself is stood in for, as it needs another transformers."""

from __future__ import annotations

import asyncio
import importlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from integrations.bare import FailingUser, written
from trainers.small_policies import byte_tokenizer

from toolgym import make_agent, make_domain, make_user
from toolgym.episode.conversation import Conversation, ConversationParts
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.rewards import build_reward
from toolgym_trainers.policies.codec import hermes

END = "<|im_end|>"


@dataclass
class AgentLoopMetrics:
    generate_sequences: float = 0.0


@dataclass
class AgentLoopOutput:
    """The fields of verl 0.9.1's class of that name that a loop fills in."""

    prompt_ids: list[int]
    response_ids: list[int]
    response_mask: list[int]
    num_turns: int
    metrics: AgentLoopMetrics
    response_logprobs: list[float] | None = None
    reward_score: float | None = None
    extra_fields: dict[str, Any] = field(default_factory=dict)


class AgentLoopBase:
    """Stands in for verl 0.9.1's class of that name: what it gives to a loop."""

    def __init__(self, trainer_config: Any, server_manager: Any, tokenizer: Any, **_: Any) -> None:
        self.rollout_config = trainer_config.config.actor_rollout_ref.rollout
        self.server_manager = server_manager
        self.tokenizer = tokenizer


class Server:
    """Stands in for verl's server: writes given texts, and notes what it was asked."""

    def __init__(self, tokenizer: Any, texts: list[str], *, sure: bool = True) -> None:
        self.texts = [list(tokenizer(f"{text}{END}", add_special_tokens=False)["input_ids"]) for text in texts]
        self.asked: list[list[int]] = []
        self.params: dict[str, Any] = {}
        self._sure = sure

    async def generate(self, request_id: str, *, prompt_ids: list[int], sampling_params: dict[str, Any]) -> Any:
        tokens = self.texts[min(len(self.asked), len(self.texts) - 1)]
        self.asked.append(prompt_ids)
        self.params = sampling_params
        return SimpleNamespace(token_ids=tokens, log_probs=[-0.5] * len(tokens) if self._sure else None)


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The adapter over the stand-in."""
    names = ("verl", "verl.experimental", "verl.experimental.agent_loop", "verl.experimental.agent_loop.agent_loop")
    for name in names:
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    module = sys.modules[names[-1]]
    registered: dict[str, type] = {}
    known = {"AgentLoopBase": AgentLoopBase, "AgentLoopMetrics": AgentLoopMetrics, "AgentLoopOutput": AgentLoopOutput}
    for name, value in known.items():
        setattr(module, name, value)
    module.register = lambda name: lambda found: registered.setdefault(name, found)  # type: ignore[attr-defined]  # made here
    monkeypatch.delitem(sys.modules, "toolgym_trainers.integrations.verl", raising=False)
    made = importlib.import_module("toolgym_trainers.integrations.verl")
    assert registered == {"toolgym": made.ToolgymAgentLoop}
    yield made
    sys.modules.pop("toolgym_trainers.integrations.verl", None)


def tokenizer() -> Any:
    """A tokenizer of bytes whose template knows tools."""
    import copy

    made = copy.deepcopy(byte_tokenizer())
    made.chat_template = hermes()
    return made


def loop(adapter: ModuleType, texts: list[str], *, sure: bool = True, length: int = 60_000, **options: Any) -> Any:
    reader = tokenizer()
    rollout = SimpleNamespace(prompt_length=60_000, response_length=length)
    config = SimpleNamespace(config=SimpleNamespace(actor_rollout_ref=SimpleNamespace(rollout=rollout)))
    return adapter.ToolgymAgentLoop(config, Server(reader, texts, sure=sure), reader, **options)


def bare(name: str, split: str, agent: str, place: int, seed: int) -> tuple[Any, list[str], float, bool | None]:
    """A task, what an agent said in it, and what it got, by the conversation alone."""
    domain = make_domain(name)
    task = domain.tasks[split][place]
    parts = ConversationParts(domain, make_user("scripted", domain=domain), build_reward("raft"))
    talk = Conversation(parts, task, 0, seed)
    speaker = make_agent(agent, domain=domain)(domain, task, np.random.default_rng(seed))
    texts = []
    talk.reply()
    while not talk.over:
        message = speaker.respond(talk.episode.view("assistant"))
        assert isinstance(message, Message)
        texts.append(written(message))
        talk.say(message)
        talk.reply()
    return task, texts, sum(talk.episode.rewards["assistant"].values()), talk.success


@pytest.mark.parametrize("agent", ["oracle", "novice"])
def test_tokens_rewards_and_success_are_those_of_the_bare_episode(adapter: ModuleType, agent: str) -> None:
    ends = set()
    for place in range(3):
        task, texts, reward, success = bare("retail", "dev", agent, place, seed=4)
        made = loop(adapter, texts, domain="retail", split="dev")
        row = {"extra_info": {"task": task.model_dump_json(), "seed": 4}}
        output = asyncio.run(made.run({"temperature": 1.0, "logprobs": True}, **row))
        assert output.reward_score == pytest.approx(reward)
        assert output.extra_fields["reward_extra_info"]["success"] == float(bool(success))
        assert sum(output.extra_fields["turn_scores"]) == pytest.approx(reward)
        assert made.server_manager.asked[0] == output.prompt_ids
        sampled = [token for text in made.server_manager.texts for token in text]
        assert [t for t, made_ in zip(output.response_ids, output.response_mask, strict=True) if made_] == sampled
        whole = output.prompt_ids + output.response_ids
        assert all(whole[: len(asked)] == asked for asked in made.server_manager.asked)  # it only grows
        assert {p for p, m in zip(output.response_logprobs, output.response_mask, strict=True) if m} == {-0.5}
        assert made.server_manager.params == {"temperature": 1.0, "logprobs": True, "max_tokens": 1024}
        ends.add(success)
    assert True in ends if agent == "oracle" else True


def test_a_fault_masks_every_token(adapter: ModuleType) -> None:
    made = loop(adapter, ["What is your name?"], domain="mock", split="test", user=FailingUser)
    task = make_domain("mock").tasks["test"][0]
    output = asyncio.run(made.run({}, extra_info={"task": task.id, "seed": 1}))
    assert set(output.response_mask) == {0}
    assert len(output.response_mask) == len(output.response_ids)
    assert output.reward_score == 0.0
    assert (
        output.extra_fields["reward_extra_info"] | {"void": 1.0, "success": 0.0}
        == (output.extra_fields["reward_extra_info"])
    )


def test_a_response_is_cut_at_verls_length_and_unknown_log_probabilities_stay_unknown(adapter: ModuleType) -> None:
    task, texts, _, _ = bare("retail", "dev", "oracle", 0, seed=4)
    made = loop(adapter, texts, sure=False, length=50, domain="retail", split="dev")
    output = asyncio.run(made.run({}, extra_info={"task": task.id, "seed": 4}))
    assert len(output.response_ids) == len(output.response_mask) == 50
    assert output.response_logprobs is None


def test_a_row_without_a_task_is_refused(adapter: ModuleType) -> None:
    with pytest.raises(DataError, match="the row names no task"):
        asyncio.run(loop(adapter, ["Hi."], domain="mock", split="test").run({}, extra_info={"index": 3}))
