"""The five curricula as an environment drives them: what they draw and learn, and that they go on where they were."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from small_generator import GoldAnalyst, refreshed, small_domain, trials

from toolgym import make_curriculum, make_domain, make_env, make_vec_env
from toolgym.curricula import PoolCurriculum, kinds
from toolgym.curricula.samplers import ByLearnablePattern
from toolgym.curriculum import Curriculum
from toolgym.envs.tool_env import tool_env
from toolgym.envs.vector_env import ToolVectorEnv
from toolgym.errors import DataError, UnknownNameError
from toolgym.trajectory import Trajectory

NAMES = ("fixed", "general", "learnability", "raft", "sentinel")
POOLED = NAMES[1:]
MOCK = make_domain("mock")
TASKS = MOCK.tasks["train"]


def drawn(curriculum: Curriculum, number: int = 50, seed: int = 0) -> list[str]:
    return [task.id for task in curriculum.sample(np.random.default_rng(seed), number)]


def play(env: gym.Env[Any, Any], episodes: int, seed: int | None) -> list[str]:
    """Episodes in which the gold calls are made now and then; the keys of the tasks that were drawn."""
    rng = np.random.default_rng(0)
    inner, keys = tool_env(env), []
    for number in range(episodes):
        _, info = env.reset(seed=seed if number == 0 else None)
        keys.append(info["task_key"])
        assert inner.episode is not None
        gold = inner.episode.task.gold if rng.random() < 0.5 else ()
        over = False
        for action in [one for one in gold if one.requestor == "assistant"]:
            *_, terminated, truncated, _ = env.step(json.dumps({"name": action.name, "arguments": action.arguments}))
            over = terminated or truncated
        while not over:
            *_, terminated, truncated, _ = env.step("It is done.")
            over = terminated or truncated
    return keys


@pytest.mark.parametrize("name", NAMES)
def test_a_curriculum_drives_two_hundred_episodes_and_a_seed_draws_the_same_tasks(name: str) -> None:
    one, other = (gym.make("ToolMock-v0", curriculum=name, group_size=4) for _ in range(2))
    keys = play(one, 200, seed=1)
    assert keys == play(other, 200, seed=1)
    assert all(len(set(keys[start : start + 4])) == 1 for start in range(0, 200, 4))
    assert len(set(keys)) > 15
    mine, its = (tool_env(env).curriculum for env in (one, other))
    assert mine.state_dict() == its.state_dict()
    assert mine.metrics() == its.metrics()
    if name != "fixed":
        assert isinstance(mine, PoolCurriculum)
        counts = [entry.trials for entry in mine.pool]
        assert sum(counts) == 200
        assert 0 < mine.metrics()["zero_signal"] < 1


@pytest.mark.parametrize("name", NAMES)
def test_a_vector_environment_gives_its_groups_to_the_curriculum_that_it_owns(name: str) -> None:
    envs = gym.make_vec("ToolMock-v0", num_envs=4, group_size=2, curriculum=name, vector_kwargs={})
    envs.reset(seed=0)
    for _ in range(40):
        envs.step(["It is done."] * 4)
    assert isinstance(envs, ToolVectorEnv)
    curriculum = envs.curriculum
    if name != "fixed":
        assert isinstance(curriculum, PoolCurriculum)
        assert sum(entry.trials for entry in curriculum.pool) >= 40


def test_a_spec_with_options_is_json_and_makes_the_environment_again() -> None:
    env = gym.make("ToolMock-v0", curriculum="sentinel", curriculum_args={"base": 0.5, "seed": 3})
    assert env.spec is not None
    again = gym.make(gym.envs.registration.EnvSpec.from_json(env.spec.to_json()))
    curriculum = tool_env(again).curriculum
    assert isinstance(curriculum, PoolCurriculum)
    assert (curriculum.sampler, curriculum.seed) == (ByLearnablePattern(0.5), 3)


@pytest.mark.parametrize("name", POOLED)
def test_draws_go_on_from_a_state_in_the_middle_of_a_round(name: str) -> None:
    one = make_curriculum(name, MOCK, "train")
    for number, task in enumerate(TASKS[:9]):
        one.update(trials(MOCK, task, "+-" * (number % 3 + 1)))
    state = json.loads(json.dumps(one.state_dict()))
    other = make_curriculum(name, MOCK, "train")
    other.load_state_dict(state)
    assert drawn(one) == drawn(other)
    for curriculum in (one, other):
        curriculum.update(trials(MOCK, TASKS[3], "----", first=20))
    assert drawn(one, seed=1) == drawn(other, seed=1)
    assert one.state_dict() == other.state_dict()


@pytest.mark.parametrize("name", POOLED)
def test_an_episode_that_was_seen_before_changes_nothing(name: str) -> None:
    curriculum = make_curriculum(name, MOCK, "train")
    group = trials(MOCK, TASKS[0], "+--+")
    curriculum.update(group)
    before = curriculum.state_dict()
    curriculum.update(group)
    curriculum.update(group[1:3])
    assert curriculum.state_dict() == before
    curriculum.update(trials(MOCK, TASKS[0], "+--+", seed=1))  # another run
    assert curriculum.state_dict() != before


@pytest.mark.parametrize("name", POOLED)
def test_void_trials_count_for_nothing(name: str) -> None:
    curriculum = make_curriculum(name, MOCK, "train")
    before = curriculum.state_dict()
    curriculum.update(trials(MOCK, TASKS[0], "vvv"))
    curriculum.update([])
    assert curriculum.state_dict() == before


@pytest.mark.parametrize("name", POOLED)
@pytest.mark.parametrize(
    ("outcomes", "admitted"),
    [
        ("+-", True),
        ("++--", True),
        ("++", False),
        ("----", False),
        ("+-v", False),
        ("v", False),
        ("+", True),
        ("", False),
    ],
)
def test_groups_without_signal_and_void_ones_are_not_admitted(name: str, outcomes: str, admitted: bool) -> None:
    assert make_curriculum(name, MOCK, "train").admit(trials(MOCK, TASKS[0], outcomes)) is admitted


def paid(outcomes: str, *penalties: float) -> list[Trajectory]:
    group = trials(MOCK, TASKS[0], outcomes)
    return [
        replace(one, rewards={"assistant": {"success": float(bool(one.success)), "repeats": penalty}})
        for one, penalty in zip(group, penalties, strict=True)
    ]


@pytest.mark.parametrize("name", POOLED)
@pytest.mark.parametrize(
    ("group", "by_success", "by_reward"),
    [
        (paid("---", 0, -0.1, 0), False, True),
        (paid("+++", 0, 0, -0.1), False, True),
        (paid("--", -0.1, -0.1), False, False),
        (paid("+-", 0, 0), True, True),
        (paid("+-", -1, 0), True, False),
        (paid("-v", 0, -0.1), False, False),
        (paid("-", 0), True, True),
    ],
)
def test_groups_are_compared_by_what_was_chosen(
    name: str, group: list[Trajectory], by_success: bool, by_reward: bool
) -> None:
    assert make_curriculum(name, MOCK, "train").admit(group) is by_success
    assert make_curriculum(name, MOCK, "train", signal="reward").admit(group) is by_reward


def test_a_signal_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="signal must be 'success' or 'reward', got 'regret'"):
        make_curriculum("raft", MOCK, "train", args={"signal": "regret"})


def test_trials_that_were_paid_nothing_have_no_reward_to_compare() -> None:
    curriculum = make_curriculum("raft", MOCK, "train", signal="reward")
    with pytest.raises(DataError, match="was paid nothing"):
        curriculum.admit([replace(one, rewards={}) for one in trials(MOCK, TASKS[0], "--")])


def test_a_group_with_a_trial_that_nobody_judged_is_not_admitted() -> None:
    from toolgym.trajectory import Grade

    group = trials(MOCK, TASKS[0], "+-+")
    group[2] = replace(group[2], grade=Grade(None, None, components={"NL_ASSERTION": None}))
    curriculum = make_curriculum("raft", MOCK, "train")
    assert curriculum.admit(group) is False
    curriculum.update(group)
    assert isinstance(curriculum, PoolCurriculum)
    assert sum(entry.trials for entry in curriculum.pool) == 2


def test_trials_of_two_tasks_are_no_group() -> None:
    with pytest.raises(DataError, match="trials of one task"):
        make_curriculum("raft", MOCK, "train").update([trials(MOCK, task, "+")[0] for task in TASKS[:2]])


@pytest.mark.parametrize("name", POOLED)
def test_fewer_than_one_task_cannot_be_drawn(name: str) -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        make_curriculum(name, MOCK, "train").sample(np.random.default_rng(0), 0)


@pytest.mark.parametrize("kind", [kinds.learnability, kinds.sentinel])
def test_what_is_solved_now_and_then_is_drawn_more_and_nothing_vanishes(kind: Callable[..., PoolCurriculum]) -> None:
    tasks = [task for split in ("train", "validation", "dev") for task in MOCK.tasks[split]]
    curriculum = kind(MOCK, tasks)
    for task in tasks[:40]:
        curriculum.update(trials(MOCK, task, "+" * 40 if task in tasks[:20] else "-" * 40))
    chances = curriculum.probabilities()
    mastered, hopeless, fresh = (
        [chances[task.key] for task in part] for part in (tasks[:20], tasks[20:40], tasks[40:])
    )
    assert 0 < max(mastered + hopeless) < min(fresh) / 4
    assert sum(chances.values()) == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["general", "raft", "sentinel"])
def test_a_curriculum_that_makes_tasks_begins_with_those_of_the_split(name: str) -> None:
    assert set(drawn(make_curriculum(name, MOCK, "train"), 500)) == {task.id for task in TASKS}


@pytest.mark.parametrize("name", NAMES)
def test_metrics_are_finite_numbers(name: str) -> None:
    found = make_curriculum(name, MOCK, "train").metrics()
    assert found
    assert all(type(value) is float and np.isfinite(value) for value in found.values())


def test_the_caller_owns_a_curriculum_that_is_given_as_itself() -> None:
    curriculum = kinds.learnability(MOCK, "train")
    env = make_env("mock", curriculum=curriculum)
    env.reset(seed=0)
    env.step("It is done.")
    assert sum(entry.trials for entry in curriculum.pool) == 0


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        (
            {"curriculum": "sentinel", "curriculum_args": {"bass": 0.5}},
            UnknownNameError,
            "No option of the curriculum 'sentinel' named 'bass'. Did you mean 'base'",
        ),
        (
            {"curriculum": "learnability", "curriculum_args": {"analyst": "rules"}},
            UnknownNameError,
            "No option of the curriculum 'learnability' named 'analyst'. Known: folder, prior, seed",
        ),
        (
            {"curriculum": "fixed", "curriculum_args": {"seed": 1}},
            UnknownNameError,
            "No option of the curriculum 'fixed' named 'seed'. Known: none",
        ),
        (
            {"curriculum": "raft", "curriculum_args": {"proposing": False}},
            DataError,
            "the option 'proposing' of the curriculum 'raft' is now called 'use_proposer'",
        ),
        (
            {"curriculum": "general", "curriculum_args": {"apart": ()}},
            DataError,
            "the option 'apart' of the curriculum 'general' is now called 'disjoint_from'",
        ),
        ({"curriculum": "sentinel", "curriculum_args": {"base": 2}}, ValueError, r"base must be in \[0, 1\], got 2"),
        ({"curriculum": "raft", "curriculum_args": {"restart": "best"}}, ValueError, "'sft' or 'last', got 'best'"),
        ({"curriculum": "raft", "curriculum_args": {"recency": -1}}, ValueError, "at least 0, got -1"),
        ({"curriculum": "raft", "curriculum_args": {"prior": (0, 1)}}, ValueError, "prior must be two"),
        ({"curriculum": "raft", "curriculum_args": {"seed": -1}}, ValueError, "seed must be at least 0"),
        ({"curriculum": "raft", "curriculum_args": {"seed": 1.5}}, DataError, "seed must be a whole number .* got 1.5"),
        ({"curriculum": "raft", "curriculum_args": {"seed": True}}, DataError, "seed must be .* got True"),
        ({"curriculum": "raft", "curriculum_args": {"seed": "1"}}, DataError, "seed must be .* got '1'"),
        ({"curriculum": "raft", "curriculum_args": {"prior": 1}}, DataError, "prior must be two .* got 1"),
        ({"curriculum": "raft", "curriculum_args": {"prior": ("x", 1)}}, DataError, "prior must be .* got 'x'"),
        ({"curriculum": "raft", "curriculum_args": {"recency": None}}, DataError, "recency must be .* got None"),
        ({"curriculum": "sentinel", "curriculum_args": {"base": "x"}}, DataError, r"base must be .* \[0, 1\], got 'x'"),
        ({"curriculum": "raft", "curriculum_args": {"analyst": 3}}, DataError, r"analyst must be .*explain\(\), got 3"),
        (
            {"curriculum": "raft", "curriculum_args": {"analyst": GoldAnalyst}},
            DataError,
            "analyst must be .* got <class",
        ),
        ({"curriculum": "raft", "curriculum_args": {"proposer": 3}}, DataError, r"proposer must .*propose\(\), got 3"),
        (
            {"curriculum": "raft", "curriculum_args": {"certifier": 3}},
            DataError,
            r"certifier must .*certify\(\), got 3",
        ),
        ({"curriculum": "raft", "curriculum_args": {"solver": "x"}}, DataError, "solver must .*got 'x'; .*solver_of"),
        ({"curriculum": 3}, DataError, "curriculum must be the name of one, a Curriculum, or None, got 3"),
        ({"curriculum": "raft", "curriculum_args": [1]}, DataError, r"curriculum_args must be a mapping .* got \[1\]"),
        (
            {"curriculum": "raft", "curriculum_args": {"analyst": "oracle"}},
            UnknownNameError,
            "No analyst named 'oracle'",
        ),
        ({"curriculum": "raft", "curriculum_args": {"proposer": "x"}}, UnknownNameError, "No proposer named 'x'"),
        (
            {"curriculum": "raft", "curriculum_args": {"analyst": "rules", "analyst_model": "m"}},
            DataError,
            "the analyst 'rules' has no model",
        ),
        (
            {"curriculum": "raft", "curriculum_args": {"controller": False, "use_proposer": False}},
            ValueError,
            "nothing is left",
        ),
        ({"curriculum": kinds.learnability(MOCK, TASKS), "pool": "somewhere"}, DataError, "given by name"),
        (
            {"curriculum": "sentinel", "pool": "nowhere"},
            DataError,
            "the pool 'nowhere' is not there.*curriculum refresh",
        ),
    ],
)
@pytest.mark.parametrize("make", [make_env, make_vec_env])
def test_options_that_do_not_fit_are_refused(
    make: Any, settings: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make("mock", **settings)


def test_a_curriculum_is_made_over_a_domain_by_its_name() -> None:
    made = make_curriculum("raft", "mock", "train")
    assert [task.id for task in made.sample(np.random.default_rng(0), 3)] == drawn(
        make_curriculum("raft", MOCK, "train"), 3
    )
    with pytest.raises(DataError, match=r"the curriculum must be a name, one of fixed, .* got 3"):
        make_curriculum(3, MOCK, "train")  # type: ignore[arg-type]  # that it is told is the point


def test_general_draws_what_it_made_and_raft_the_union_of_its_rounds() -> None:
    domain = small_domain()
    general, raft = kinds.general(domain, "train"), kinds.raft(domain, "train", analyst=GoldAnalyst())
    for curriculum in (general, raft):
        for number in range(2):
            curriculum.update(trials(domain, TASKS[number], "--"))
            refreshed(curriculum, 15)
        made = [entry.task.id for entry in curriculum.pool if not entry.of_split]
        assert {name.rsplit("-", 1)[0] for name in made} == {f"{curriculum.name}-r0", f"{curriculum.name}-r1"}
        assert list(curriculum.probabilities().values()) == pytest.approx([1 / len(made)] * len(made))
        assert set(drawn(curriculum, 1000)) == set(made)
    assert general.metrics()["share/untargeted"] == 1.0
    assert "share/split" not in raft.metrics()
    assert all(entry.patterns == () and entry.task.provenance is not None for entry in general.pool if entry.round == 0)


def test_raft_can_prefer_newer_rounds() -> None:
    domain = small_domain()
    raft = kinds.raft(domain, "train", analyst=GoldAnalyst(), recency=2.0)
    for number in range(2):
        raft.update(trials(domain, TASKS[number], "--"))
        refreshed(raft, 40)
    by_round: dict[int | None, set[float]] = {}
    chances = raft.probabilities()
    for entry in raft.pool:
        by_round.setdefault(entry.round, set()).add(round(chances.get(entry.task.key, 0.0), 12))
    assert by_round[None] == {0.0}
    [old], [new] = by_round[0], by_round[1]
    assert new / old == pytest.approx(4.0)


def test_sentinel_draws_by_pattern_share_and_keeps_a_share_of_the_split() -> None:
    domain = small_domain()
    sentinel = kinds.sentinel(domain, "train", analyst=GoldAnalyst())
    titles = next(task for task in TASKS if [one.name for one in task.gold] == ["create_task"])
    marks = next(task for task in TASKS if [one.name for one in task.gold] == ["update_task_status"])
    sentinel.update(trials(domain, titles, "-" * 9))
    sentinel.update(trials(domain, marks, "-" * 3))
    report = refreshed(sentinel, 80)
    assert {name: one["share"] for name, one in report.patterns.items()} == {
        "wrong_record": 0.25,
        "invalid_argument": 0.75,
    }
    shares = {name: value for name, value in sentinel.metrics().items() if name.startswith("share/")}
    assert shares["share/split"] == pytest.approx(0.25, abs=0.01)
    assert shares["share/invalid_argument"] == pytest.approx(0.75 * (0.9 * 0.75 + 0.1 / 2), abs=0.01)
    assert shares["share/wrong_record"] == pytest.approx(0.75 * (0.9 * 0.25 + 0.1 / 2), abs=0.01)
    made = [entry.task for entry in sentinel.pool if entry.patterns]
    before = sentinel.probabilities()[made[0].key]
    sentinel.update(trials(domain, made[0], "+" * 40))
    assert 0 < sentinel.probabilities()[made[0].key] < before / 3
