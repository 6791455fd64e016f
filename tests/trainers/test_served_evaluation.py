"""A real server: a policy behind vLLM plays what it plays in process, token by token where it takes the likeliest.

The policies are very small and learn a few dialogues by heart, so that what they say is nearly right: this shows the
way to the server and back, and says nothing of any policy.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from models.server import Request, Server
from oracle_dialogues import by_oracle, shown, tools_of
from vllm_server import environment, post, vllm_server

pytest.importorskip("torch")

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

from toolgym import Limits, make_domain, make_user
from toolgym.domain import Domain
from toolgym.episode.conversation import ConversationParts
from toolgym.runs import read_trajectories
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym.views import View
from toolgym_trainers.bootstrap import BootstrapSettings, new_tiny
from toolgym_trainers.policies.chat_format import CHATML
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.sampler import Sampler
from toolgym_trainers.policies.session import Job, Played
from toolgym_trainers.policies.tiny import TinySettings
from toolgym_trainers.policies.transcript import encode
from toolgym_trainers.sft import SFTSettings, fine_tune

pytestmark = pytest.mark.vllm
MOST, STEPS = 40, 24
"""Tokens of a message, and messages of an episode."""


def compact(domain: Domain, tasks: Sequence[Task]) -> Policy:
    """A small Qwen3 over bytes that sees a compact view."""
    texts = [one.text for task in tasks for one in shown(View("compact"), domain, by_oracle(domain, task))]
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # type: ignore[assignment]  # stub
    trained.decoder = decoders.ByteLevel()  # type: ignore[assignment]  # its stub wants the base class
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trained.train_from_iterator(
        texts, trainers.BpeTrainer(vocab_size=600, initial_alphabet=alphabet, show_progress=False)
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=trained,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
    )
    tokenizer.chat_template = CHATML
    config = AutoConfig.for_model(
        "qwen3",
        vocab_size=len(tokenizer),
        hidden_size=128,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=64,
        intermediate_size=256,
        max_position_embeddings=2048,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = AutoModelForCausalLM.from_config(config)
    return Policy(model, tokenizer, View("compact"), "compact")


def slots(domain: Domain, tasks: Sequence[Task]) -> Policy:
    """A policy from scratch that may write any slot: a server does not know which of them stand for something."""
    size = TinySettings(layers=2, context=2048)
    policy = new_tiny(domain, BootstrapSettings(vocabulary=100), size)
    policy.codec.slots = {}  # type: ignore[misc]  # as it is behind a server
    return policy


def teach(policy: Policy, domain: Domain, tasks: Sequence[Task], steps: int) -> None:
    """Have a policy learn a few dialogues by heart."""
    dialogues = []
    for task in tasks:
        episode = by_oracle(domain, task)
        dialogues.append(encode(policy.codec, domain, tools_of(episode), episode.view("assistant")))
    settings = SFTSettings(demonstrations=steps * len(tasks), batch=len(tasks), learning_rate=3e-3)
    fine_tune(policy.model, (one for _ in range(steps) for one in dialogues), settings)
    policy.model.eval()


def in_process(policy: Policy, domain: Domain, tasks: Sequence[Task]) -> list[Played]:
    """The tasks as the policy plays them in this process."""
    parts = ConversationParts(domain, make_user("scripted", domain=domain), limits=Limits(max_steps=STEPS))
    return Sampler(policy, parts, rows=4, temperature=0, most=MOST).play([Job(task) for task in tasks])


def behind(url: str, folder: Path, runs: Path, tasks: Sequence[Task]) -> tuple[list[Trajectory], list[dict[str, Any]]]:
    """The tasks as ``toolgym eval`` plays them with the policy behind a server, and what the server answered."""
    answers: list[dict[str, Any]] = []

    def forward(request: Request) -> dict[str, Any]:
        answers.append(post(url, {**request.body, "return_token_ids": True}))
        return answers[-1]

    with Server(forward) as server:
        sent = {"temperature": 0, "max_tokens": MOST, "skip_special_tokens": False}
        command = [sys.executable, "-m", "toolgym", "eval", "retail", "--split", "dev", "--trials", "1", "--json"]
        command += ["--max-steps", str(STEPS), "--concurrency", "1", "--runs", str(runs), "--name", "served"]
        command += ["--agent-model", "policy", "--agent-base-url", server.url, "--agent-view", str(folder)]
        command += ["--agent-args", json.dumps(sent), *(word for task in tasks for word in ("--task", task.id))]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return list(read_trajectories(runs / "served-llm")), answers


@pytest.mark.parametrize("make", [compact, slots])
def test_a_policy_behind_vllm_plays_what_it_plays_in_process(make: Any, tmp_path: Path) -> None:
    environment()
    domain = make_domain("retail")
    tasks = domain.tasks["dev"][:6]
    policy = make(domain, tasks[:4])
    teach(policy, domain, tasks[:4], 60)
    policy.save(tmp_path / "policy")
    played = in_process(policy, domain, tasks)
    with vllm_server(tmp_path / "policy", "policy", tmp_path / "server.log") as url:
        trajectories, answers = behind(url, tmp_path / "policy", tmp_path / "runs", tasks)
    assert [one.task_id for one in trajectories] == [task.id for task in tasks]
    left = iter(answers)
    for one, other in zip(played, trajectories, strict=True):
        tokens = list(one.record.tokens)
        for turn in one.record.turns:
            answer = next(left)
            assert answer["prompt_token_ids"] == tokens[: turn.start], other.task_id
            assert answer["choices"][0]["token_ids"] == tokens[turn.start : turn.end], other.task_id
        assert other.messages == one.trajectory.messages
        assert (other.termination, other.success) == (one.trajectory.termination, one.trajectory.success)
    assert next(left, None) is None
    calls = [call for one in played for message in one.trajectory.messages for call in message.tool_calls]
    assert any(call.problem is None for call in calls)
