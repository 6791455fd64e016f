"""SkyRL-gym plays our episodes: the same texts, rewards and ends as without it."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

skyrl_gym = pytest.importorskip("skyrl_gym", reason="needs the extra skyrl")

from integrations.bare import Bare, FailingUser, bare_episodes, oracle_episode

from toolgym import make_curriculum, make_domain
from toolgym.errors import DataError
from toolgym_trainers.integrations.shared_curriculum import SharedCurriculum
from toolgym_trainers.integrations.skyrl import SkyRLEnv, dataset_rows, mask_void, register

pytestmark = pytest.mark.skyrl


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    before = dict(skyrl_gym.envs.registration.registry)
    yield
    skyrl_gym.envs.registration.registry.clear()
    skyrl_gym.envs.registration.registry.update(before)


def rollout(env: SkyRLEnv, prompt: list[dict[str, str]], texts: list[str]) -> dict[str, Any]:
    """One rollout as SkyRL's generator drives it, with a model that writes these texts."""
    chat, _ = env.init(list(prompt))
    reward, steps, done = 0.0, 0, False
    while not done:
        output = texts[min(steps, len(texts) - 1)]
        told = env.step(output)
        chat += [{"role": "assistant", "content": output}, *told["observations"]]
        reward, done, steps = reward + told["reward"], told["done"], steps + 1
    metrics = env.get_metrics()
    env.close()
    return {"reward": reward, "chat": chat, "info": told["metadata"], "metrics": metrics, "steps": steps}


def row_of(bare: Bare, **options: Any) -> dict[str, Any]:
    (row,) = dataset_rows([bare.task], **options)
    return row


def made(row: dict[str, Any], max_turns: int = 100, **config: Any) -> SkyRLEnv:
    extras = {name: value for name, value in row.items() if name not in ("prompt", "env_class")}
    env = skyrl_gym.make(row["env_class"], env_config=config, extras={**extras, "max_turns": max_turns})
    assert isinstance(env, SkyRLEnv)
    return env


def test_rewards_and_success_are_those_of_the_bare_episodes() -> None:
    register(domain="retail", split="dev")
    for bare in bare_episodes("retail", "dev", 6, seed=3):
        row = row_of(bare, seed=3, split="dev")
        played = rollout(made(row), row["prompt"], bare.texts)
        assert played["steps"] == len(bare.texts)
        assert played["reward"] == bare.reward
        assert played["metrics"]["success"] == float(bool(bare.success))
        assert played["metrics"]["void"] == 0.0
        assert played["info"]["termination"] == bare.termination
        assert {name: played["metrics"][f"reward_{name}"] for name in bare.terms} == pytest.approx(bare.terms)
        assert played["chat"][: len(row["prompt"])] == row["prompt"]


def test_a_group_of_one_row_has_one_prompt_that_names_all_tools() -> None:
    register(domain="mock", split="test")
    (row,) = dataset_rows(make_domain("mock").tasks["test"][:1], domain="mock", split="test", seed=1)
    prompts = [made(row).init(row["prompt"])[0] for _ in range(3)]
    assert prompts == [row["prompt"]] * 3
    tools = [tool["function"]["name"] for tool in made(row).text_env.env.tools]
    assert all(f'"{name}"' in row["prompt"][0]["content"] for name in tools)


def test_a_fault_is_void_and_masked_and_neither_success_nor_failure() -> None:
    updates = SharedCurriculum(make_curriculum("fixed", "mock", "test"), group_size=2)
    register(domain="mock", split="test", user=FailingUser, on_end=updates)
    (row,) = dataset_rows(make_domain("mock").tasks["test"][:1], domain="mock", split="test", user=FailingUser)
    played = rollout(made(row), row["prompt"], ["What is your name?"])
    assert (played["reward"], played["metrics"]["void"]) == (0.0, 1.0)
    assert played["info"]["fault"]["source"] == "user"
    assert "success" not in played["metrics"]
    kept, void = ({"void": 0.0, "success": 1.0}, played["metrics"])
    mask = [SimpleNamespace(env_metrics=one, loss_mask=[1, 0, 1]) for one in (kept, void)]
    assert [mask_void(one).loss_mask for one in mask] == [[1, 0, 1], [0, 0, 0]]
    by_steps = SimpleNamespace(
        step_outputs=[SimpleNamespace(env_metrics={}, loss_mask=[1]), SimpleNamespace(env_metrics=void, loss_mask=[1])]
    )
    assert [step.loss_mask for step in mask_void(by_steps).step_outputs] == [[0], [0]]
    assert updates.waiting == 1


def test_the_last_turn_that_skyrl_allows_ends_the_episode_with_its_grade() -> None:
    register(domain="retail", split="dev")
    bare = oracle_episode("retail", "dev")
    row = row_of(bare, split="dev")
    played = rollout(made(row, max_turns=2), row["prompt"], bare.texts)
    assert played["steps"] == 2
    assert (played["metrics"]["success"], played["info"]["termination"]) == (0.0, "max_steps")


def test_a_curriculum_gives_the_tasks_and_hears_of_whole_groups() -> None:
    import numpy as np

    curriculum = make_curriculum("raft", "retail", "dev")
    heard: list[list[int]] = []
    update = curriculum.update
    curriculum.update = lambda group: (heard.append([one.trial for one in group]), update(group))[1]  # type: ignore[method-assign]  # spies
    updates = SharedCurriculum(curriculum, group_size=2)
    register(domain="retail", split="dev", on_end=updates)
    tasks = curriculum.sample(np.random.default_rng(0), 2)
    for row in dataset_rows(tasks, split="dev"):
        for _ in range(2):
            rollout(made(row, max_turns=1), row["prompt"], ["Good bye."])
    assert (heard, updates.waiting) == ([[0, 1], [0, 1]], 0)  # told apart, though the same was said in them


def test_the_settings_of_skyrl_go_before_what_was_registered() -> None:
    register(domain="mock", split="test")
    (row,) = dataset_rows(make_domain("mock").tasks["test"][:1], domain="mock", split="test")
    assert made(row, reward="sparse").text_env.env.settings.reward == "sparse"


def test_a_row_whose_task_is_broken_says_so() -> None:
    register(domain="mock", split="test")
    (row,) = dataset_rows(make_domain("mock").tasks["test"][:1], domain="mock", split="test")
    with pytest.raises(DataError, match="task"):
        made({**row, "task": '{"id": "x"}'}).init(row["prompt"])
