"""Habits are chosen wherever a user is, and a run says which were played."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import pytest
from gymnasium.envs.registration import EnvSpec

import toolgym  # noqa: F401  # registers the ids
from toolgym import check_user, evaluate, make_domain, make_env, make_user, make_vec_env
from toolgym.errors import DataError, UnknownNameError
from toolgym.registration.check_user import known_error
from toolgym.runs.manifest import check_manifest
from toolgym.scripted.habits import Habits, HabitsLike
from toolgym.scripted.voice import Phrases

ALWAYS = Habits(tangents=1, impatience=1)


def opening(env: gym.Env, seed: int) -> str:
    observation, _ = env.reset(seed=seed)
    return str(observation[-1]["content"])


def urges(text: str) -> bool:
    return any(urge in text for urge in Phrases.read().say["urge"]["any"])


@pytest.mark.parametrize("habits", ["impatience=1", {"impatience": 1}, Habits(impatience=1)])
def test_an_environment_has_a_customer_with_habits(habits: HabitsLike) -> None:
    env = gym.make("ToolRetail-v0", habits=habits)
    assert all(urges(opening(env, seed)) for seed in range(3))
    assert not any(urges(opening(gym.make("ToolRetail-v0"), seed)) for seed in range(3))


def test_drawn_habits_follow_the_seed() -> None:
    def replies(seed: int) -> list[str]:
        env = gym.make("ToolRetail-v0", habits="drawn")
        told = [opening(env, seed)]
        for question in ("May I have your email address?", "Which order do you mean?", "What can I do for you?"):
            observation, *_ = env.step(question)
            told.append(str(observation[-1]["content"]))
        return told

    first = [replies(seed) for seed in range(4)]
    assert first == [replies(seed) for seed in range(4)]
    plain = gym.make("ToolRetail-v0")
    assert [told[0] for told in first] != [opening(plain, seed) for seed in range(4)]


def test_the_trials_of_a_group_begin_alike_with_drawn_habits() -> None:
    env = make_env("retail", habits="drawn", group_size=3)
    openings = [env.reset(seed=5)[0][-1]["content"]]
    openings += [env.reset()[0][-1]["content"] for _ in range(2)]
    assert len({*openings}) == 1


def test_a_vector_environment_has_them_and_the_spec_of_one_is_json() -> None:
    vector = make_vec_env("retail", 2, habits=ALWAYS)
    observations, _ = vector.reset(seed=1)
    assert all(urges(str(one[-1]["content"])) for one in observations)
    vector.close()
    spec = gym.make("ToolRetail-v0", habits="impatience=1,forthcoming=1").spec
    assert spec is not None
    assert urges(opening(gym.make(EnvSpec.from_json(spec.to_json())), 1))


def test_habits_that_cannot_be_had_are_refused_where_an_environment_is_made() -> None:
    with pytest.raises(DataError, match="the user 'minimal' has no habits"):
        make_env("retail", user="minimal", habits="careless")
    with pytest.raises(UnknownNameError, match="No habits named 'rude'"):
        make_env("retail", habits="rude")
    own = make_user("scripted", habits="terse")
    assert make_env("retail", user=own).reset(seed=0)
    with pytest.raises(DataError, match="has habits already"):
        make_env("retail", user=own, habits="careless")


def test_a_run_says_its_habits_and_goes_on_with_no_others(tmp_path: Path) -> None:
    few = ["test-001", "test-002"]
    asked = {"tasks": few, "trials": 1, "runs": tmp_path, "name": "a", "agent": "oracle", "user": "scripted"}
    results = evaluate("retail", **asked, habits="careless")  # type: ignore[arg-type]  # settings in a mapping
    assert results.settings["habits"] == "reticent=0.5,typos=1"
    for other in (None, "terse"):
        with pytest.raises(DataError, match=r"was made with habits='reticent=0\.5,typos=1', not"):
            evaluate("retail", **asked, habits=other, resume=True)  # type: ignore[arg-type]  # settings in a mapping
    same = evaluate("retail", **asked, habits=Habits(reticent=0.5, typos=1), resume=True)  # type: ignore[arg-type]  # settings in a mapping
    assert [one.messages for one in same.trajectories] == [one.messages for one in results.trajectories]


def test_a_run_without_habits_says_nothing_of_them(tmp_path: Path) -> None:
    results = evaluate("retail", tasks=["test-001"], trials=1, runs=tmp_path, user="scripted", habits="plain")
    assert "habits" not in results.settings
    with pytest.raises(ValueError, match=r"settings\.habits must be a text, got 7"):
        check_manifest({"settings": {"habits": 7}})


def test_a_run_has_the_same_words_at_any_concurrency(tmp_path: Path) -> None:
    few = [task.id for task in make_domain("retail").tasks["test"][:12]]
    told = []
    for concurrency in (1, 8):
        results = evaluate(
            "retail", agent="oracle", habits="drawn", tasks=few, trials=2, runs=tmp_path, concurrency=concurrency
        )
        told.append({one.episode_id: one.messages for one in results.trajectories})
    assert told[0] == told[1]


def test_a_check_is_of_a_user_with_its_habits(tmp_path: Path) -> None:
    check = check_user("retail", habits="impatient", tasks=["test-001"], forms=["table"], runs=tmp_path)
    assert check.settings["habits"] == "impatience=1,terse=0.5"
    spoken = next(iter(check.trajectories.values()))[0].messages
    assert any(urges(message.content or "") for message in spoken if message.role == "user")


def test_what_is_known_of_a_user_is_told_of_the_same_habits_alone(tmp_path: Path) -> None:
    mock = make_domain("mock")
    mock = replace(mock, agents={"oracle": replace(mock.agents["talking-oracle"], name="oracle")})
    check_user(mock, user="scripted", habits="terse", split="test", runs=tmp_path)
    plain, terse = (make_user("scripted", domain=mock, habits=habits) for habits in (None, "terse"))
    assert len(known_error(mock, terse, "test", {}, tmp_path)) == 1
    assert known_error(mock, plain, "test", {}, tmp_path) == []
