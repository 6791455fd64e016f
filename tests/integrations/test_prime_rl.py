"""A curriculum behind prime-rl's documented interface, over groups that verifiers really played.

prime-rl cannot be installed from a package index: ``Loop`` stands in for how its orchestrator composes a sampler with
gates, as its source of August 2026 does.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

pytest.importorskip("verifiers.v1", reason="needs the extra verifiers")

from integrations.bare import FailingUser, oracle_episode
from integrations.test_verifiers import run_tasks, speaking

from toolgym import make_curriculum
from toolgym_trainers.integrations.prime_rl import to_prime_rl
from toolgym_trainers.integrations.text_env import TextEnv
from toolgym_trainers.integrations.verifiers import ID, ToolgymEnv, ToolgymEnvConfig, load_environment

pytestmark = [
    pytest.mark.verifiers,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]


class Loop:
    """Stands in for prime-rl's ``Curriculum``: one sampler, and gates by name."""

    def __init__(self, sampler: Any, gates: dict[str, Any]) -> None:
        self.sampler = sampler
        self.gates = gates

    def on_result(self, group: list[Any]) -> bool:
        (_,) = {episode.task.key for episode in group}
        self.sampler.observe(group)
        decisions = [gate.admit(group) for gate in self.gates.values()]
        assert all(isinstance(decision, bool) for decision in decisions)
        return all(decisions)


class Unlucky(ToolgymEnv):
    def make_text_env(self) -> TextEnv:
        return TextEnv("mock", split="test", user=FailingUser)


class Spied:
    """A curriculum that notes of what it was told."""

    def __init__(self, curriculum: Any) -> None:
        self._curriculum = curriculum
        self.heard: list[list[tuple[int, bool | None]]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._curriculum, name)

    def update(self, group: Any) -> None:
        self.heard.append([(one.trial, one.success) for one in group])
        self._curriculum.update(group)


def test_groups_of_real_episodes_reach_the_curriculum_and_the_gate_asks_it() -> None:
    curriculum = Spied(make_curriculum("raft", "retail", "dev"))
    sampler, gate = to_prime_rl(curriculum, seed=3)  # type: ignore[arg-type]  # a spy
    loop = Loop(sampler, {"toolgym": gate})
    env = load_environment("retail", split="dev", max_turns=1)
    task = next(sampler)
    _, *_, opening = TextEnv("retail", split="dev").reset(seed=3, task=task.data.task)[0]
    good_bye = speaking({opening["content"]: ["Good bye."]})
    group = asyncio.run(run_tasks(env, [task, task], good_bye))
    assert all(episode.ok for episode in group)
    admitted = loop.on_result(group)
    assert curriculum.heard == [[(0, False), (1, False)]]
    assert admitted is False  # both trials failed alike: there is nothing to learn


def test_void_episodes_are_neither_learned_from_nor_admitted() -> None:
    curriculum = Spied(make_curriculum("fixed", "mock", "test"))
    sampler, gate = to_prime_rl(curriculum)  # type: ignore[arg-type]  # a spy
    env = Unlucky(ToolgymEnvConfig(taskset={"id": ID, "domain": "mock", "split": "test"}))
    group = asyncio.run(run_tasks(env, [next(sampler)], speaking({"Hello?": ["What is your name?"]})))
    assert Loop(sampler, {"toolgym": gate}).on_result(group) is False
    assert curriculum.heard == []


def test_a_sampler_goes_on_from_its_state_which_is_json() -> None:
    sampler, _ = to_prime_rl(make_curriculum("raft", "retail", "dev"), seed=5)
    for _ in range(3):
        next(sampler)
    state = json.loads(json.dumps(sampler.state_dict()))
    again, _ = to_prime_rl(make_curriculum("raft", "retail", "dev"), seed=0)
    again.load_state_dict(state)
    assert [next(again).data.id for _ in range(5)] == [next(sampler).data.id for _ in range(5)]
    assert sampler.metrics() == again.metrics()


def test_an_oracles_task_has_the_key_of_its_episode() -> None:
    bare = oracle_episode("mock", "test")
    sampler, _ = to_prime_rl(make_curriculum("fixed", "mock", "test"), seed=1)
    keys = {next(sampler).key for _ in range(200)}
    assert f"{bare.task.key}:1" in keys
