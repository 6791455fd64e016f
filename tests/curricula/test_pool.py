"""The pool of tasks: no task dominates it, no trial counts twice, and its state is all there is to it."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_generator import small_domain, trials

from toolgym import make_domain
from toolgym.curricula import Entry, Pool
from toolgym.curricula.episodes import Episodes
from toolgym.curricula.pool import CAP, capped
from toolgym.database import Database
from toolgym.domain import Domain
from toolgym.errors import DataError, WorldError
from toolgym.generators.template import generator_of
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

MOCK = make_domain("mock")
TASKS = MOCK.tasks["train"]
WEIGHTS = st.lists(st.floats(0, 1e12, allow_nan=False, allow_subnormal=False), min_size=1, max_size=200).filter(any)
OUTCOMES = st.lists(
    st.tuples(st.integers(0, 7), st.integers(0, 9), st.sampled_from([None, 0, 2**62]), st.sampled_from("+-v")),
    max_size=60,
)


@given(WEIGHTS)
def test_probabilities_sum_to_one_and_none_is_above_the_cap(weights: list[float]) -> None:
    found = capped(weights)
    positive = sum(weight > 0 for weight in weights)
    assert found.sum() == pytest.approx(1.0, abs=1e-9)
    assert found.max() <= max(CAP, 1 / positive) + 1e-12
    assert [chance > 0 for chance in found] == [weight > 0 for weight in weights]


@given(WEIGHTS)
def test_a_heavier_task_is_not_drawn_less(weights: list[float]) -> None:
    found = capped(weights)[np.argsort(weights, kind="stable")]
    assert (np.diff(found) >= -1e-12).all()


def test_what_is_cut_off_goes_to_the_others_in_proportion() -> None:
    found = capped([1000.0, *[1.0] * 20, *[2.0] * 20])
    assert found[0] == CAP
    assert found[21] == pytest.approx(2 * found[1])


@pytest.mark.parametrize("weights", [[0.0, 0.0], [1.0, -1.0], [1.0, float("nan")], [float("inf")]])
def test_weights_that_are_none_are_refused(weights: list[float]) -> None:
    with pytest.raises(ValueError, match="weights must be finite"):
        capped(weights)


@given(OUTCOMES)
def test_a_pool_counts_each_episode_once_and_its_state_restores_it(
    played: list[tuple[int, int, int | None, str]],
) -> None:
    pool = Pool(Entry(task, of_split=True) for task in TASKS[:8])
    counted: dict[tuple[int, int, int | None, str], None] = {}
    for episode in played:
        [trial] = trial_of(*episode)
        fresh = episode[3] != "v" and episode not in counted
        assert pool.record(trial) is fresh
        if fresh:
            counted[episode] = None
    for place, entry in enumerate(pool):
        mine = [outcome for task, _, _, outcome in counted if task == place]
        assert (entry.trials, entry.solved) == (len(mine), mine.count("+"))
        assert 0 < entry.learnability() <= 0.25
    assert len(pool.episodes) == len(counted)
    again = Pool.from_state(MOCK, json.loads(json.dumps(pool.state_dict(MOCK))))
    assert list(again) == list(pool)
    assert not any(again.record(trial_of(*episode)[0]) for episode in counted)


def trial_of(place: int, number: int, seed: int | None, outcome: str) -> list[Trajectory]:
    return trials(MOCK, TASKS[place], outcome, first=number, seed=seed)


def test_episodes_of_one_id_are_told_apart_by_their_run_and_by_what_was_said() -> None:
    counted = Episodes()
    episodes = [trial_of(0, 0, 0, "+"), trial_of(0, 0, 1, "+"), trial_of(0, 0, 0, "-"), trial_of(0, 1, 0, "+")]
    assert [counted.add(one) for [one] in episodes] == [True] * 4
    assert [counted.add(Trajectory.from_json(one.to_json())) for [one] in episodes] == [False] * 4


def test_an_episode_takes_twelve_characters_of_the_state() -> None:
    counted = Episodes()
    for number in range(400):
        assert counted.add(trial_of(0, number, 0, "+")[0])
    assert [len(text) for text in counted.state_dict().values()] == [400 * 12]


def test_two_tasks_with_one_id_are_refused() -> None:
    pool = Pool([Entry(TASKS[0])])
    with pytest.raises(DataError, match=TASKS[0].id):
        pool.add(Entry(TASKS[1].model_copy(update={"id": TASKS[0].id})))


def test_a_rate_follows_a_policy_that_has_learned_the_task() -> None:
    entry = Entry(TASKS[0])
    for success in [False] * 200 + [True] * 64:
        entry = entry.tried(success)
    assert (entry.trials, entry.solved) == (264, 64)
    assert entry.rate() > 0.8


def new_task(domain: Domain) -> Task:
    """A task in a new world of the domain's store."""
    generator = generator_of(domain)
    rows = generator.world(np.random.default_rng(0))
    world = domain.worlds.add(Database.build(domain.schemas, rows))
    return generator.explore(rows, world, np.random.default_rng(0)).draw("complete", "new")[0]


def test_only_worlds_that_the_domain_does_not_bring_are_in_the_state() -> None:
    ours, other = small_domain(), small_domain()
    made = new_task(ours)
    pool = Pool([Entry(TASKS[0], of_split=True), Entry(made, round=0)])
    state = json.loads(json.dumps(pool.state_dict(ours)))
    assert list(state["worlds"]) == [made.world]
    with pytest.raises(WorldError):
        other.worlds.get(made.world)
    assert list(Pool.from_state(other, state)) == list(pool)
    assert other.worlds.get(made.world).checksum() == made.world


def test_a_state_whose_world_was_changed_is_refused() -> None:
    ours = small_domain()
    made = new_task(ours)
    state = Pool([Entry(made, round=0)]).state_dict(ours)
    state["worlds"] = {"0" * 64: state["worlds"][made.world]}
    with pytest.raises(WorldError, match="names the world 0000"):
        Pool.from_state(small_domain(), state)


@pytest.mark.parametrize("state", [{}, {"tasks": [{}], "episodes": {}, "worlds": {}}, {"tasks": 1}])
def test_what_is_no_state_of_a_pool_is_refused(state: dict[str, object]) -> None:
    with pytest.raises(DataError, match="not the state of a pool"):
        Pool.from_state(MOCK, state)
