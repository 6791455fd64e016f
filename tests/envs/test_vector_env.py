"""The vector environment: Gymnasium's contract, groups, seeds, faults, and that it plays what single ones play."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers.vector import DictInfoToList, RecordEpisodeStatistics
from hypothesis import given, settings
from hypothesis import strategies as st

import toolgym
from toolgym import make_agent, make_domain, make_user, make_vec_env
from toolgym.curricula import Fixed
from toolgym.domain import Agent, Domain
from toolgym.envs import ToolEnv, ToolVectorEnv
from toolgym.envs.batch import batch_infos
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.errors import BudgetError, DataError, UnknownNameError
from toolgym.messages import AgentID, Message
from toolgym.rewards import build_reward
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Step, Trajectory
from toolgym.users.minimal import MinimalUser

READ, ASK, DONE = '{"name": "get_users", "arguments": {}}', "Shall I?", "Done."
MODES = list(AutoresetMode)
DOMAINS = ["mock", "retail", "tau2_mock", "tau2_retail"]


@pytest.fixture(params=DOMAINS)
def domain(request: pytest.FixtureRequest) -> Domain:
    """Each domain over each data that is there."""
    if request.param == "retail":
        return make_domain("retail")
    found: Domain = request.getfixturevalue(request.param)
    return found


def made(domain: Domain, tasks: Sequence[Task], number: int, **settings: Any) -> ToolVectorEnv:
    return ToolVectorEnv(domain, Fixed(tasks), MinimalUser, number, **settings)


def plain(value: Any) -> Any:
    """Infos in a form that compares, with the types of the arrays."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return (str(value.dtype), value.tolist()) if isinstance(value, np.ndarray) else value


def line(trajectory: Trajectory) -> str:
    return replace(trajectory, started=None, seconds=None).to_json()


# Gymnasium's contract


def test_make_vec_builds_it_and_its_spec_builds_it_again() -> None:
    made_by: dict[str, Any] = {"group_size": 2, "split": "test", "reward": "sparse", "autoreset_mode": "SameStep"}
    envs = gym.make_vec("toolgym:ToolMock-v0", num_envs=4, **made_by)
    assert envs.spec is not None
    for one in (envs, gym.make_vec(gym.envs.registration.EnvSpec.from_json(envs.spec.to_json()))):
        assert isinstance(one, ToolVectorEnv)
        assert (one.num_envs, one.settings.group_size, one.split, len(one.parts.terms)) == (4, 2, "test", 1)
        assert one.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert gym.make_vec("ToolRetail-v0").metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP
    assert "autoreset_mode" not in ToolVectorEnv.metadata
    assert toolgym.make_vec_env is make_vec_env


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"num_envs": 0}, "num_envs must be at least 1, got 0"),
        ({"num_envs": 6, "group_size": 4}, "a multiple of group_size=4, got 6"),
        ({"group_size": 0}, "group_size"),
        ({"autoreset_mode": "Sometimes"}, "Sometimes"),
        ({"render_mode": "human"}, "'ansi'"),
        ({"parsing": "xml"}, "parsing"),
        ({"max_steps": 0}, "max_steps"),
    ],
)
def test_a_setting_that_does_not_exist_is_an_error_that_names_it(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        make_vec_env("mock", **options)


def test_what_it_returns_is_in_its_spaces_and_of_the_right_types(domain: Domain) -> None:
    envs = made(domain, domain.tasks[domain.tasks.splits()[0]], 3)
    observations, infos = envs.reset(seed=1)
    assert observations in envs.observation_space
    assert all(one in envs.single_observation_space for one in observations)
    assert infos["task_key"].dtype == object
    envs.action_space.seed(0)
    for _ in range(4):
        observations, rewards, terminated, truncated, infos = envs.step(envs.action_space.sample())
        assert observations in envs.observation_space
        assert [array.shape for array in (rewards, terminated, truncated)] == [(3,)] * 3
        assert [str(array.dtype) for array in (rewards, terminated, truncated)] == ["float64", "bool", "bool"]
        assert infos["_task_key"].all()


KINDS: dict[str, st.SearchStrategy[Any]] = {
    "success": st.booleans(),
    "usage": st.dictionaries(st.sampled_from(["assistant", "user"]), st.integers(0, 10**6)),
    "reward_terms": st.dictionaries(st.sampled_from(["success", "repeat"]), st.floats(-1, 1)),
    "task_key": st.text(max_size=3),
    "tools": st.lists(st.fixed_dictionaries({"type": st.just("function")}), max_size=2),
    "final_obs": st.lists(st.fixed_dictionaries({"role": st.just("user")}), max_size=2).map(tuple),
}


@given(infos=st.lists(st.fixed_dictionaries({}, optional=KINDS), min_size=1, max_size=5), final=st.booleans())
def test_infos_have_the_form_that_gymnasium_gives_them(infos: list[dict[str, Any]], final: bool) -> None:
    if final:
        infos = [{**info, "final_info": info} for info in infos]
    envs: gym.vector.VectorEnv[Any, Any, Any] = gym.vector.VectorEnv()
    envs.num_envs = len(infos)
    theirs: dict[str, Any] = {}
    for place, info in enumerate(infos):
        theirs = envs._add_info(theirs, info, place)
    assert plain(batch_infos(dict(enumerate(infos)), len(infos))) == plain(theirs)


@pytest.mark.parametrize("mode", MODES)
@given(data=st.data())
@settings(max_examples=25)
def test_each_autoreset_mode_is_that_of_gymnasium_over_single_environments(
    mock: Domain, mode: AutoresetMode, data: st.DataObject
) -> None:
    """With one task to draw, and a user without dice, all that is returned is equal."""
    task = mock.tasks["test"][data.draw(st.integers(0, 5))]
    limits: dict[str, Any] = {"max_steps": 12, "history": data.draw(st.booleans()), "debug": True}
    ours = made(mock, [task], 3, autoreset_mode=mode, **limits)
    theirs = SyncVectorEnv([lambda: ToolEnv(mock, Fixed([task]), MinimalUser, **limits)] * 3, autoreset_mode=mode)
    mine: Any = ours.reset(seed=5)
    its: Any = theirs.reset(seed=5)
    said = st.tuples(*[st.sampled_from([READ, ASK, DONE, "{", {"role": "assistant", "content": ASK, "tokens": 3}])] * 3)
    for actions in data.draw(st.lists(said, min_size=3, max_size=9)):
        assert mine[0] == its[0]
        assert plain(without_groups(mine[-1])) == plain(its[-1])
        mine, its = ours.step(actions), theirs.step(actions)
        for own, other in zip(mine[1:4], its[1:4], strict=True):
            assert own.dtype == other.dtype
            assert own.tolist() == other.tolist()
        over = mine[2] | mine[3]
        if mode is AutoresetMode.DISABLED and over.any():
            assert mine[0] == its[0]
            mine = ours.reset(options={"reset_mask": over})
            its = theirs.reset(options={"reset_mask": over})
    assert mine[0] == its[0]


def test_every_trial_of_a_group_has_its_number_whenever_it_ends(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"], 6, group_size=3, autoreset_mode="SameStep", max_steps=12)
    _, infos = envs.reset(seed=0)
    assert infos["group"].tolist() == [0, 0, 0, 1, 1, 1]
    tasks: dict[int, list[str]] = {}
    for turn in range(60):
        actions = [DONE if (turn + place) % (place + 1) == 0 else READ for place in range(6)]
        *_, infos = envs.step(actions)
        for place in range(6):
            if "final_info" in infos and infos["_final_info"][place]:
                ended = infos["final_info"]
                tasks.setdefault(int(ended["group"][place]), []).append(ended["task_key"][place])
    whole = [keys for keys in tasks.values() if len(keys) == 3]
    assert len(whole) > 4
    assert all(len(set(keys)) == 1 for keys in tasks.values())
    assert max(map(len, tasks.values())) == 3


def test_a_task_that_was_chosen_is_in_no_group(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"], 2)
    assert "group" not in envs.reset(seed=0, options={"task_id": "test-001"})[1]


def without_groups(infos: dict[str, Any]) -> dict[str, Any]:
    """Infos without the numbers of groups, which single environments do not have."""
    return {
        name: without_groups(value) if isinstance(value, dict) else value
        for name, value in infos.items()
        if name not in ("group", "_group")
    }


def test_one_alone_plays_byte_for_byte_what_the_single_environment_plays(domain: Domain) -> None:
    split = domain.tasks.splits()[0]
    user = make_user("scripted" if domain.name == "retail" and domain.compat.name == "toolgym" else "minimal")
    single = ToolEnv(domain, Fixed(domain.tasks[split]), user, split=split)
    envs = ToolVectorEnv(domain, Fixed(domain.tasks[split]), user, 1, split=split, autoreset_mode="SameStep")
    single.reset(seed=7)
    envs.reset(seed=7)
    played: list[tuple[str, str]] = []
    for turn in range(40):
        action = (READ, ASK, DONE)[turn % 3]
        told = single.step(action)
        observations, rewards, terminated, truncated, infos = envs.step([action])
        assert (rewards[0], terminated[0], truncated[0]) == told[1:4]
        if told.over:
            assert infos["final_obs"][0] == told.observation
            played.append((line(single.trajectory()), line(envs.trajectories()[0])))
            assert observations == (single.reset()[0],)
        else:
            assert observations == (told.observation,)
    assert played
    assert all(one == other for one, other in played)


@pytest.mark.parametrize("mode", MODES)
def test_gymnasiums_statistics_count_the_episodes(mock: Domain, mode: AutoresetMode) -> None:
    envs = RecordEpisodeStatistics(made(mock, mock.tasks["test"][:1], 2, autoreset_mode=mode))
    envs.reset(seed=0)
    for said in ([READ, DONE], [READ, READ], [DONE, READ], [READ, DONE]):
        _, _, terminated, truncated, infos = envs.step(said)
        if mode is AutoresetMode.DISABLED and (over := terminated | truncated).any():
            assert infos["_episode"].tolist() == over.tolist()
            envs.reset(options={"reset_mask": over})
    lengths = {
        AutoresetMode.NEXT_STEP: [1, 3, 2],
        AutoresetMode.SAME_STEP: [1, 3, 3],
        AutoresetMode.DISABLED: [1, 3, 3],
    }
    assert list(envs.length_queue) == lengths[mode]


def test_infos_can_be_a_list_of_single_ones(mock: Domain) -> None:
    envs = DictInfoToList(made(mock, mock.tasks["test"], 2))
    envs.reset(seed=0)
    infos: Any = envs.step([READ, DONE])[-1]
    assert ["termination" in info for info in infos] == [False, True]


# Seeds


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(domain: Domain) -> None:
    split = domain.tasks.splits()[0]

    def lines(seed: int) -> list[str]:
        envs = made(domain, domain.tasks[split], 4, group_size=2)
        envs.reset(seed=seed)
        kept = []
        for turn in range(8):
            envs.step([(READ, ASK, DONE)[(turn + place) % 3] for place in range(4)])
            kept += [line(trajectory) for trajectory in envs.trajectories().values()]
        return [*kept, *map(line, envs.call("trajectory"))]

    assert lines(3) == lines(3)
    assert lines(3) != lines(4)


def test_a_reset_without_a_seed_goes_on_and_counts_its_trials_on(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"][:1], 2)
    for seed, trials in ((1, [0, 1]), (None, [2, 3]), (None, [4, 5]), (1, [0, 1])):
        envs.reset(seed=seed)
        assert [trajectory.trial for trajectory in envs.call("trajectory")] == trials
    fresh = [made(mock, mock.tasks["test"], 8).reset()[1]["task_key"].tolist() for _ in range(3)]
    assert len(set(map(tuple, fresh))) > 1


@pytest.mark.parametrize("seed", [[1, 2], "1", 1.5])
def test_a_seed_is_one_integer(mock: Domain, seed: Any) -> None:
    envs = made(mock, mock.tasks["test"], 2)
    with pytest.raises(DataError, match="one seed seeds all"):
        envs.reset(seed=seed)
    envs.reset(seed=np.int64(3))  # type: ignore[arg-type]  # numpy's are integers too


# Tasks, groups and the curriculum


class Watching(Fixed):
    """Notes what it is told."""

    def __init__(self, tasks: Sequence[Task]) -> None:
        super().__init__(tasks)
        self.groups: list[list[str]] = []
        self.drawn: list[str] = []

    def sample(self, rng: np.random.Generator, k: int = 1) -> list[Task]:
        tasks = super().sample(rng, k)
        self.drawn += [task.key for task in tasks]
        return tasks

    def update(self, group: Sequence[Trajectory]) -> None:
        assert all(trajectory.fault is None for trajectory in group)
        self.groups.append([trajectory.episode_id for trajectory in group])


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("owned", [True, False])
def test_a_group_plays_the_same_tasks_each_at_its_own_pace(mock: Domain, mode: AutoresetMode, owned: bool) -> None:
    curriculum = Watching(mock.tasks["test"])
    envs = ToolVectorEnv(
        mock, curriculum, MinimalUser, 4, group_size=2, autoreset_mode=mode, owns_curriculum=owned, split="test"
    )
    _, infos = envs.reset(seed=2)
    played: list[list[str]] = [[key] for key in infos["task_key"]]
    trials = {trajectory.episode_id for trajectory in envs.call("trajectory")}
    rng = np.random.default_rng(0)
    for _ in range(60):
        envs.step([DONE if rng.random() < (0.2, 0.8)[place % 2] else READ for place in range(4)])
        for place, trajectory in enumerate(envs.call("trajectory")):
            if trajectory.episode_id not in trials:
                trials.add(trajectory.episode_id)
                played[place].append(trajectory.task_key)
    for slow, quick in (played[:2], played[2:]):
        assert 1 < len(slow) < len(quick)
        assert quick[: len(slow)] == slow
    assert len(curriculum.drawn) == sum(max(map(len, pair)) for pair in (played[:2], played[2:]))
    whole = sum(len(played[place]) - 1 + (envs.episodes[place].turn is None) for place in (0, 2))
    assert len(curriculum.groups) == (whole if owned else 0)
    for group in curriculum.groups:
        assert len({name.split("-")[0] for name in group}) == 1
        assert len(set(group)) == 2


def test_groups_are_reported_in_their_order_when_they_end_in_one_step(mock: Domain) -> None:
    curriculum = Watching(mock.tasks["test"])
    envs = ToolVectorEnv(mock, curriculum, MinimalUser, 6, group_size=2, owns_curriculum=True)
    envs.reset(seed=0)
    keys = curriculum.drawn[:3]
    envs.step([READ, DONE, DONE, READ, READ, READ])
    for _ in range(4):
        envs.step([DONE] * 6)
    assert [group[0].split("-")[0] for group in curriculum.groups[:3]] == keys


def test_a_reset_of_all_begins_a_task_in_every_group(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"], 4, group_size=2)
    envs.reset(seed=0)
    envs.step([DONE, READ, READ, READ])
    envs.step([READ] * 4)  # the first is a task ahead of its fellow now
    _, infos = envs.reset()
    keys = infos["task_key"]
    assert [keys[0] == keys[1], keys[2] == keys[3]] == [True, True]


def test_options_choose_the_tasks_of_all_or_of_each(mock: Domain) -> None:
    curriculum = Watching(mock.tasks["test"])
    envs = ToolVectorEnv(mock, curriculum, MinimalUser, 3, owns_curriculum=True)
    ids = ["test-001", "dev-002", "test-001"]
    tasks = [mock.tasks.find(name) for name in ids]
    for options, expected in (
        ({"task_id": "dev-003"}, [mock.tasks.find("dev-003").key] * 3),
        ({"task": tasks[0].model_dump()}, [tasks[0].key] * 3),
        ({"task_id": ids}, [task.key for task in tasks]),
        ({"task": [tasks[1], tasks[0].model_dump(), tasks[2]]}, [tasks[1].key, tasks[0].key, tasks[2].key]),
    ):
        assert envs.reset(options=options)[1]["task_key"].tolist() == expected
    assert curriculum.drawn == []
    keys = envs.reset(seed=1, options={"task_id": ["test-001", None, "test-001"]})[1]["task_key"].tolist()
    assert keys == [tasks[0].key, curriculum.drawn[0], tasks[0].key]
    assert [trajectory.trial for trajectory in envs.call("trajectory")][::2] == [0, 1]
    envs.step([DONE, READ, DONE])
    assert curriculum.groups == []
    envs.step([READ, DONE, READ])
    assert [group[0].split("-")[0] for group in curriculum.groups] == [keys[1]]
    assert len(curriculum.drawn) == 3  # those that were told what to play have been reset


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ({"options": {"task_id": "dev-999"}}, UnknownNameError, "dev-999"),
        ({"options": {"task_id": ["dev-001"]}}, DataError, "names 1 tasks for 2 sub-environments"),
        ({"options": {"taks": 5}}, DataError, "'taks'"),
        ({"options": {"task": [5, 5]}}, DataError, "not a task"),
        ({"options": {"reset_mask": [True, False]}}, DataError, "array of 2 booleans"),
        ({"options": {"reset_mask": np.array([1, 0])}}, DataError, "array of 2 booleans"),
        ({"options": {"reset_mask": np.zeros(2, dtype=bool)}}, DataError, "at least one of them True"),
        ({"options": {"reset_mask": np.ones(3, dtype=bool)}}, DataError, "array of 2 booleans"),
        ({"seed": 1, "options": {"reset_mask": np.ones(2, dtype=bool)}}, DataError, "leave out the seed"),
    ],
)
def test_a_reset_that_cannot_be_done_is_an_error_and_changes_nothing(
    mock: Domain, arguments: dict[str, Any], error: type[Exception], told: str
) -> None:
    envs = made(mock, mock.tasks["test"], 2)
    envs.reset(seed=0)
    before = list(map(line, envs.call("trajectory")))
    with pytest.raises(error, match=told):
        envs.reset(**arguments)
    assert list(map(line, envs.call("trajectory"))) == before
    envs.step([READ, READ])


def test_a_mask_resets_some_and_leaves_the_options_and_the_others_alone(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"], 3, autoreset_mode="Disabled")
    with pytest.raises(gym.error.ResetNeeded, match="first"):
        envs.reset(options={"reset_mask": np.ones(3, dtype=bool)})
    envs.reset(seed=0)
    observations, *_ = envs.step([DONE, READ, READ])
    with pytest.raises(gym.error.ResetNeeded, match=r"\[0\] are over"):
        envs.step([READ] * 3)
    options = {"reset_mask": np.array([True, False, False]), "task_id": "dev-001"}
    again, infos = envs.reset(options=options)
    assert set(options) == {"reset_mask", "task_id"}
    assert again[1:] == observations[1:]
    assert infos["_task_key"].tolist() == [True, False, False]
    assert infos["task_key"][0] == mock.tasks.find("dev-001").key
    envs.step([READ] * 3)
    assert [len(episode.successful_calls) for episode in envs.episodes] == [1, 2, 2]


# Actions


def test_a_bad_action_changes_nothing_anywhere(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"], 3)
    with pytest.raises(gym.error.ResetNeeded, match="first"):
        envs.step([READ] * 3)
    envs.reset(seed=0)
    before = list(map(line, envs.call("trajectory")))
    bad: list[tuple[Any, str]] = [
        ([READ, READ, 5], "sub-environment 2.*int"),
        ([{"role": "assistant", "content": 5}, READ, READ], "sub-environment 0"),
        ([READ] * 2, "got 2"),
        ("Done.", "got str"),
        ({"name": "get_users", "arguments": {}}, "got dict"),
        (5, "got int"),
    ]
    for actions, told in bad:
        with pytest.raises(DataError, match=told):
            envs.step(actions)
        assert list(map(line, envs.call("trajectory"))) == before
    mapping = {"name": "get_users", "arguments": {}}
    for actions in ((READ, mapping, Message("assistant", ASK)), np.array([READ, ASK, READ]), iter([READ] * 3)):
        envs.step(actions)


def test_the_action_for_one_that_is_being_reset_is_ignored(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"], 2)
    envs.reset(seed=0)
    envs.step([DONE, READ])
    nothing: Any = None
    _, rewards, terminated, truncated, _ = envs.step([nothing, READ])
    assert rewards[0] == 0.0
    assert not terminated[0]
    assert not truncated[0]
    with pytest.raises(DataError, match="sub-environment 0"):
        envs.step([nothing, READ])


# Faults


class Fails:
    """Makes users that answer as many times as they are told in turn, then fail; minimal ones after those."""

    def __init__(self, *answers: int) -> None:
        self.left = list(answers)
        self.made: list[str] = []

    def __call__(self, domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        self.made.append(task.key)
        user = MinimalUser(domain, task, rng)
        return _Failing(user, self.left.pop(0)) if self.left else user


class _Failing:
    def __init__(self, inner: Agent, left: int) -> None:
        self.inner = inner
        self.left = left

    def respond(self, view: Sequence[Message]) -> Any:
        if not self.left:
            raise ConnectionError("the line is dead")
        self.left -= 1
        return self.inner.respond(view)


def step_until_over(envs: ToolVectorEnv, action: str = DONE) -> dict[str, Any]:
    """Step until the only episode has ended; the step in which it did."""
    for _ in range(9):
        _, rewards, terminated, truncated, infos = envs.step([action])
        if terminated[0] or truncated[0]:
            return {"reward": rewards[0], "truncated": truncated[0], **infos.get("final_info", infos)}
    raise AssertionError("it goes on")


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
@pytest.mark.parametrize("answers", [0, 1], ids=["at the opening", "later"])
def test_a_void_episode_is_masked_and_its_task_played_again(mock: Domain, mode: AutoresetMode, answers: int) -> None:
    curriculum, users = Watching(mock.tasks["test"]), Fails(answers, answers)
    envs = ToolVectorEnv(mock, curriculum, users, 1, owns_curriculum=True, autoreset_mode=mode)
    envs.reset(seed=3)
    for trial in range(2):
        over = step_until_over(envs)
        assert (over["reward"], over["truncated"], over["_fault"][0], "success" in over) == (0.0, True, True, False)
        assert over["fault"]["source"][0] == "user"
        assert envs.trajectories()[0].trial == trial
        assert curriculum.groups == []
    assert step_until_over(envs)["_success"][0]
    assert len(set(users.made[:3])) == 1
    assert curriculum.groups == [[f"{users.made[0]}-2"]]
    step_until_over(envs)
    assert len(curriculum.drawn) == 2 + (mode is AutoresetMode.SAME_STEP)


def test_a_task_that_is_void_four_times_is_given_up(mock: Domain) -> None:
    curriculum, users = Watching(mock.tasks["test"]), Fails(*[1] * 4)
    envs = ToolVectorEnv(mock, curriculum, users, 1, owns_curriculum=True)
    envs.reset(seed=3)
    for _ in range(4):
        assert len(curriculum.drawn) == 1
        assert step_until_over(envs)["_fault"][0]
    assert step_until_over(envs)["_success"][0]
    assert users.made == curriculum.drawn[:1] * 4 + curriculum.drawn[1:]
    assert curriculum.groups == [[envs.trajectories()[0].episode_id]]


def test_what_was_told_to_be_played_is_played_again_too(mock: Domain) -> None:
    users = Fails(1)
    envs = ToolVectorEnv(mock, Fixed(mock.tasks["test"]), users, 1)
    envs.reset(seed=0, options={"task_id": "dev-001"})
    step_until_over(envs)
    envs.step([READ])
    assert envs.episodes[0].task.id == "dev-001"
    assert envs.call("trajectory")[0].trial == 1


def test_the_group_hears_of_the_trials_that_were_not_void(mock: Domain) -> None:
    curriculum, users = Watching(mock.tasks["test"][:1]), Fails(9, 1, 1, 1, 1)
    envs = ToolVectorEnv(mock, curriculum, users, 2, group_size=2, owns_curriculum=True, autoreset_mode="SameStep")
    envs.reset(seed=0)
    for _ in range(4):
        _, _, _, truncated, infos = envs.step([READ, DONE])
        assert truncated.tolist() == [False, True]
        assert infos["final_info"]["_fault"].tolist() == [False, True]
    envs.step([DONE, READ])
    assert [len(group) for group in curriculum.groups] == [1]


class Wage:
    """Pays for every message of the assistant."""

    name = "wage"

    def on_step(self, episode: Episode, step: Step) -> dict[AgentID, float]:
        return {"assistant": 1.0} if step.agent == "assistant" else {}

    def on_end(self, episode: Episode) -> dict[AgentID, float]:
        return {}


def test_the_step_that_voids_an_episode_pays_nothing_at_all(mock: Domain) -> None:
    single = ToolEnv(mock, Fixed(mock.tasks["test"]), Fails(1), reward=[Wage()])
    envs = ToolVectorEnv(mock, Fixed(mock.tasks["test"]), Fails(1), 1, reward=[Wage()])
    options = {"task_id": "test-001"}
    single.reset(options=options)
    envs.reset(options=options)
    assert single.step(READ).reward == envs.step([READ])[1][0] == 1.0
    told, (_, rewards, _, _, infos) = single.step(ASK), envs.step([ASK])
    assert (told.reward, told.info["reward_terms"], "fault" in told.info) == (0.0, {}, True)
    assert (rewards[0], infos["reward_terms"], infos["_fault"][0]) == (0.0, {}, True)


def test_the_notice_of_an_end_before_the_first_action_shows_nothing_again(mock: Domain) -> None:
    for history in (False, True):
        envs = made(mock, mock.tasks["test"], 1, history=history, max_steps=1)
        assert envs.reset(seed=0)[0][0]
        observations, _, _, truncated, _ = envs.step([READ])
        assert (observations, truncated[0]) == (((),), True)


class Broke:
    """A user that has no money after the opening."""

    def __init__(self, *_: Any) -> None:
        self.opened = False

    def respond(self, view: Sequence[Message]) -> Message:
        if self.opened:
            raise BudgetError("the money is spent")
        self.opened = True
        return Message("user", "Hm?")


def test_an_end_of_the_money_is_raised_when_all_others_have_answered(mock: Domain) -> None:
    rich = iter([True, False, True] * 2)
    envs = ToolVectorEnv(
        mock,
        Fixed(mock.tasks["test"]),
        lambda *made_of: MinimalUser(*made_of) if next(rich) else Broke(),
        3,
    )
    envs.reset(seed=0)
    with pytest.raises(BudgetError):
        envs.step([ASK] * 3)
    assert [episode.turn for episode in envs.episodes] == ["assistant", "user", "assistant"]
    with pytest.raises(gym.error.ResetNeeded, match="failed"):
        envs.step([ASK] * 3)
    with pytest.raises(gym.error.ResetNeeded, match="failed"):
        envs.reset(options={"reset_mask": np.ones(3, dtype=bool)})
    envs.reset()
    envs.step([READ] * 3)


# The rest


def test_an_oracle_is_paid_in_each_what_it_is_paid_alone(domain: Domain) -> None:
    split = domain.tasks.splits()[0]
    tasks = [task for task in domain.tasks[split] if not task.needs_judge][:12]
    user = make_user("scripted" if all(task.facts is not None for task in tasks) else "minimal")
    envs = ToolVectorEnv(domain, Fixed(tasks), user, len(tasks), split=split)
    envs.reset(seed=4, options={"task": tasks})
    seed = envs.call("trajectory")[0].seed
    oracle = make_agent("oracle")
    agents = [oracle(domain, task, rng_for(seed, task.key, 0, "assistant")) for task in tasks]
    paid, left = np.zeros(len(tasks)), set(range(len(tasks)))
    while left:
        views = [episode.view("assistant") for episode in envs.episodes]
        actions: list[Any] = [
            agents[place].respond(view) if place in left else DONE for place, view in enumerate(views)
        ]
        _, rewards, _, _, infos = envs.step(actions)
        for place in list(left):
            paid[place] += rewards[place]
            if place not in envs.trajectories():
                continue
            left.remove(place)
            alone = play(domain, tasks[place], oracle, user, seed=seed, terms=build_reward("raft"))
            assert envs.trajectories()[place].messages == tuple(alone.messages)
            assert paid[place] == pytest.approx(sum(alone.rewards["assistant"].values()))
            assert infos["success"][place] == alone.grade.success
            assert alone.grade.success or domain.compat.name == "tau2"


def test_it_is_rendered_as_one_text_each(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"], 2, render_mode="ansi")
    assert envs.render() == ("", "")
    envs.reset(seed=0)
    envs.step([READ, ASK])
    shown = envs.render()
    assert shown is not None
    assert [("get_users({})" in text, ASK in text) for text in shown] == [(True, False), (False, True)]
    silent = made(mock, mock.tasks["test"], 2)
    with pytest.warns(UserWarning, match="without a render_mode"):
        assert silent.render() is None


def test_sub_environments_can_be_looked_into(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"], 2, split="test")
    assert envs.episodes == ()
    with pytest.raises(gym.error.ResetNeeded):
        envs.call("trajectory")
    envs.reset(seed=0)
    assert envs.call("episode") == envs.episodes
    assert [trajectory.agent for trajectory in envs.call("trajectory", agent="mine")] == ["mine"] * 2
    assert envs.call("tools") == (envs.tools, envs.tools)
    with pytest.raises(AttributeError, match="'say'; it has episode"):
        envs.call("say")
    envs.close()
    assert envs.closed


def test_infos_are_json_once_their_arrays_are_lists_and_name_no_task(mock: Domain) -> None:
    envs = made(mock, mock.tasks["test"][:1], 2)
    _, infos = envs.reset(seed=0)
    *_, later = envs.step([DONE, READ])
    for info in (infos, later):
        text = json.dumps(plain(info))
        assert "test-001" not in text
        assert mock.tasks["test"][0].key in text
