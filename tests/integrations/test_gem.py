"""GEM plays our episodes, in its own environments, wrappers and vectors: as without it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

gem = pytest.importorskip("gem", reason="needs the extra gem")

from gem.envs.registration import ENV_REGISTRY
from gem.wrappers.episode_tracking_wrapper import EpisodeTrackingWrapper
from gem.wrappers.observation_wrapper import ObservationWrapper
from integrations.bare import FailingUser, bare_episodes, oracle_episode

from toolgym import make_curriculum
from toolgym.curricula.fixed import Fixed
from toolgym.errors import EpisodeError
from toolgym_trainers.integrations.gem import GemEnv, register
from toolgym_trainers.integrations.shared_curriculum import SharedCurriculum

pytestmark = pytest.mark.gem


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    before = dict(ENV_REGISTRY)
    yield
    ENV_REGISTRY.clear()
    ENV_REGISTRY.update(before)


def test_rewards_and_success_are_those_of_the_bare_episodes_through_gems_wrappers() -> None:
    register("toolgym:Dev-v0", domain="retail", split="dev")
    for bare in bare_episodes("retail", "dev", 6, seed=3):
        inner = gem.make("toolgym:Dev-v0", curriculum=Fixed([bare.task]))
        env = EpisodeTrackingWrapper(ObservationWrapper(inner, include_chat_template=False))
        prompt, _ = env.reset(3)
        for text in bare.texts:
            text_so_far, _, terminated, truncated, info = env.step(text)
        assert terminated or truncated
        assert env.cumulative_rewards == bare.reward == info["cumulative_rewards"]
        assert (info["success"], info["void"], info["termination"]) == (bare.success, False, bare.termination)
        assert text_so_far.startswith(prompt)
        assert all(text in text_so_far for text in bare.texts)


def test_a_vector_resets_within_the_step_and_the_ending_is_kept() -> None:
    bare = oracle_episode("mock", "test", seed=5)
    register("toolgym:Mock-v0", domain="mock", split="test", curriculum=make_curriculum("fixed", "mock", "test"))
    vector = gem.make_vec(["toolgym:Mock-v0"] * 2, seed=5)
    for env in vector.envs:
        env.reset(5, task=bare.task)
    for text in bare.texts:
        observations, rewards, terminated, _, infos = vector.step([text, text])
    assert list(rewards) == [bare.reward] * 2
    assert terminated.all()
    assert [info["last"]["success"] for info in infos] == [bare.success] * 2
    assert all("# Tools" in text for text in observations)  # the next episode has begun


def test_the_seed_of_make_vec_and_of_reset_draws_the_same_episodes() -> None:
    register("toolgym:Mock-v0", domain="mock", split="test")
    given = gem.make_vec(["toolgym:Mock-v0"] * 3, seed=7).reset()[0]
    later = gem.make_vec(["toolgym:Mock-v0"] * 3).reset(seed=7)[0]
    assert given == later
    assert len(set(given)) > 1


def test_a_spawned_group_stands_before_the_same_prompt_and_pays_alike() -> None:
    bare = oracle_episode("retail", "dev", seed=3)
    env = GemEnv("retail", split="dev")
    prompt, _ = env.reset(3, task=bare.task)
    group = [env.spawn(same_state=True) for _ in range(2)]
    assert env.spawn().reset(3)[0] != prompt
    for child in group:
        observations = [child.step(text)[:2] for text in bare.texts]
        assert sum(reward for _, reward in observations) == bare.reward
    env.step(bare.texts[0])
    with pytest.raises(EpisodeError, match="1 turns after"):
        env.spawn(same_state=True)


def test_a_fault_is_void_and_neither_success_nor_failure() -> None:
    updates = SharedCurriculum(make_curriculum("fixed", "mock", "test"))
    env = GemEnv("mock", split="test", user=FailingUser, on_end=updates)
    env.reset(1)
    text, reward, terminated, truncated, info = env.step("What is your name?")
    assert (text, reward, terminated, truncated, info["void"]) == ("", 0.0, False, True, True)
    assert "success" not in info
    assert info["fault"]["source"] == "user"
    assert env.reset()[1]["last"]["void"] is True


def test_the_last_turn_ends_the_episode_with_its_grade() -> None:
    bare = oracle_episode("retail", "dev")
    env = GemEnv("retail", split="dev", max_turns=2)
    env.reset(0, task=bare.task)
    assert env.step(bare.texts[0])[2:4] == (False, False)
    info = env.step(bare.texts[1])[4]
    assert (info["termination"], info["success"]) == ("max_steps", False)


def test_a_curriculum_draws_the_tasks() -> None:
    env = GemEnv("retail", split="dev", curriculum="raft", group_size=2, max_turns=1)
    keys = []
    for number in range(4):
        keys.append(env.reset(0 if number == 0 else None)[1]["task_key"])
        env.step("Good bye.")
    assert keys[0] == keys[1] != keys[2] == keys[3]


def test_no_global_generator_is_seeded() -> None:
    import random

    random.seed(1)
    expected = random.Random(1).random()
    GemEnv("mock").reset(7)
    assert random.random() == expected
