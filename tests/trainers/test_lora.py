"""LoRA: the matrices beside a model's own are all that is trained, and what is saved is an ordinary policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")

from killed_training import random_policy, settings
from pydantic import ValidationError
from small_policies import SETTINGS, mock_parts, tiny_policy

from toolgym import make_domain
from toolgym.errors import DataError
from toolgym.tasks import Task
from toolgym_trainers.bootstrap import BootstrapSettings, bootstrap, learn
from toolgym_trainers.loop import Training
from toolgym_trainers.policies.lora import LoraSettings
from toolgym_trainers.policies.policy import Policy, load_policy
from toolgym_trainers.policies.sampler import Sampler
from toolgym_trainers.policies.session import Job

LORA = LoraSettings(rank=4)
TOKENS = torch.tensor([[3, 4, 5, 6, 7, 8]])


def logits(model: Any) -> Any:
    with torch.inference_mode():
        return model(input_ids=TOKENS).logits


def tasks() -> list[Task]:
    return list(make_domain("mock").tasks["train"])[:3]


def played(policy: Policy) -> list[Any]:
    found = Sampler(policy, mock_parts(), rows=4).play([Job(task, trial) for task in tasks() for trial in range(2)])
    return [(one.record.tokens, one.record.reward) for one in found]


def test_an_adapter_changes_nothing_before_something_is_learned() -> None:
    plain, adapted = tiny_policy(), tiny_policy()
    adapted.adapt(LORA)
    assert torch.equal(logits(adapted.model), logits(plain.model))
    assert played(adapted) == played(plain)
    trained = [name for name, weight in adapted.model.named_parameters() if weight.requires_grad]
    assert trained
    assert all("lora" in name for name in trained)


def test_the_matrices_depend_on_the_seed_alone() -> None:
    made = []
    for seed in (0, 0, 1):
        policy = tiny_policy()
        torch.rand(3)
        policy.adapt(LORA, seed=seed)
        made.append([weight.detach() for name, weight in policy.model.named_parameters() if "lora_A" in name])
    same, other = ([torch.equal(*pair) for pair in zip(made[0], one, strict=True)] for one in made[1:])
    assert all(same)
    assert not any(other)


def test_a_bootstrap_with_an_adapter_trains_it_alone_and_saves_an_ordinary_policy(tmp_path: Path) -> None:
    policy = tiny_policy()
    before = logits(policy.model).clone()
    own = {name: weight.detach().clone() for name, weight in policy.model.named_parameters()}
    sft = SETTINGS.sft.model_copy(update={"demonstrations": 8})
    asked = SETTINGS.model_copy(update={"lora": LORA, "sft": sft})
    frozen: list[bool] = []

    def seen(_: Any) -> None:
        now = {name.replace("base_model.model.", "").replace(".base_layer", ""): one for name, one in model()}
        frozen.append(all(torch.equal(now[name], weight) for name, weight in own.items()))

    def model() -> Any:
        return policy.model.named_parameters()

    bootstrap(make_domain("mock"), policy, asked, tmp_path, seen=seen)
    assert frozen == [True, True]
    again = load_policy(tmp_path)
    assert not hasattr(again.model, "peft_config")
    assert not (tmp_path / "adapter_config.json").exists()
    assert torch.allclose(logits(again.model), logits(policy.model), atol=1e-5)
    assert not torch.allclose(logits(again.model), before, atol=1e-3)


def test_a_bootstrap_with_an_adapter_that_was_broken_off_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    asked = SETTINGS.model_copy(
        update={"lora": LORA, "sft": SETTINGS.sft.model_copy(update={"demonstrations": 16, "batch": 4})}
    )

    def broken(figures: Any) -> None:
        if figures.step == 2:  # the last checkpoint is of the second step
            raise KeyboardInterrupt

    whole, parts = tiny_policy(), tiny_policy()
    bootstrap(make_domain("mock"), whole, asked, tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        bootstrap(make_domain("mock"), parts, asked, tmp_path / "parts", seen=broken)
    resumed = tiny_policy()
    bootstrap(make_domain("mock"), resumed, asked, tmp_path / "parts")
    assert torch.equal(logits(resumed.model), logits(whole.model))


def test_a_round_of_grpo_with_an_adapter_begins_without_divergence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolgym.curricula.pool_curriculum import PoolCurriculum

    monkeypatch.setattr(PoolCurriculum, "admit", lambda self, group: True)  # it learns from entropy
    policy = random_policy(tmp_path / "policy")
    asked = settings(
        "raft",
        policy,
        bootstrap=None,
        rounds=1,
        mining_split=None,
        made=0,
        lora={"rank": 4},
        measuring={"tasks": 2, "trials": 1},
        grpo={"learning_rate": 1e-2, "kl": 0.01, "entropy": 0.1, "minibatches": 1},
    )
    Training(asked, tmp_path / "t").run()
    steps = [json.loads(line) for line in (tmp_path / "t" / "steps.jsonl").read_text("utf-8").splitlines()]
    assert steps[0]["update_kl"] == 0
    assert steps[2]["update_kl"] > 0
    assert max(one["update_logprob_gap"] for one in steps) < 1e-4
    first, last = (load_policy(tmp_path / "t" / "policies" / name).model for name in ("round-0", "round-1"))
    assert torch.equal(first.model.embed_tokens.weight, last.model.embed_tokens.weight)
    assert not torch.allclose(logits(first), logits(last), atol=1e-4)


def test_layers_that_the_model_does_not_have_are_told_with_those_that_it_has() -> None:
    with pytest.raises(DataError, match=r"lora: .*nowhere.*linear layers are .*down_proj.*q_proj"):
        tiny_policy().adapt(LoraSettings(layers=("nowhere",)))


def test_a_policy_from_scratch_gets_no_adapter(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="leave it out for a policy from scratch"):
        learn(make_domain("mock"), "scratch", SETTINGS.model_copy(update={"lora": LORA}), tmp_path)
    with pytest.raises(ValidationError, match="leave it out of bootstrap for scratch"):
        settings("raft", Path("scratch"), bootstrap=BootstrapSettings(lora=LORA))
