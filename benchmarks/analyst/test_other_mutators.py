"""The second set of broken dialogues, kept apart from what analysts are developed with, is what its labels say."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pytest

from benchmarks.analyst.mutators import MUTATORS
from benchmarks.analyst.other_mutators import AGENT, OTHER_MUTATORS, made_otherwise, mutated_otherwise
from toolgym import make_domain
from toolgym.agents.replay import Replay
from toolgym.domain import Domain
from toolgym.patterns import PATTERNS
from toolgym.rollouts import play
from toolgym.trajectory import Trajectory

ENOUGH, MANNERS = 12, 3
"""Trajectories of a pattern, and mutators that they come from."""


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def made(retail: Domain) -> list[tuple[str, Trajectory]]:
    return list(made_otherwise(retail))


@pytest.fixture(scope="module")
def broken(made: list[tuple[str, Trajectory]]) -> list[Trajectory]:
    return [trajectory for _, trajectory in made]


def pattern_of(trajectory: Trajectory) -> str:
    (injection,) = trajectory.injected
    return injection.pattern


def test_every_pattern_has_mutators_that_the_first_set_has_not() -> None:
    assert list(OTHER_MUTATORS) == list(PATTERNS)
    names = [mutator.__name__ for mutators in OTHER_MUTATORS.values() for mutator in mutators]
    assert len(names) == len(set(names))
    assert not {*names} & {mutator.__name__ for mutators in MUTATORS.values() for mutator in mutators}


def test_every_pattern_has_enough_by_enough_mutators(made: list[tuple[str, Trajectory]]) -> None:
    for pattern in PATTERNS:
        by = Counter(name for name, trajectory in made if pattern_of(trajectory) == pattern)
        assert by.total() == ENOUGH, pattern
        assert len(by) >= MANNERS, pattern
        assert set(by) <= {mutator.__name__ for mutator in OTHER_MUTATORS[pattern]}


def test_every_one_is_a_real_failure_with_a_label(broken: list[Trajectory]) -> None:
    for trajectory in broken:
        assert trajectory.success is False
        assert trajectory.fault is None
        assert trajectory.termination in {"user_stop", "max_steps"}
        (injection,) = trajectory.injected
        assert not injection.recovered
        at = trajectory.messages[injection.message - 1]  # the prompt, which the assistant sees, is not among them
        assert at.role == "assistant"
        silent = injection.pattern in ("ended_early", "fact_not_said")
        assert bool(at.tool_calls) is not silent


def test_a_single_component_of_the_grade_is_spoilt_where_one_thing_was_done(broken: list[Trajectory]) -> None:
    for trajectory in broken:
        assert trajectory.grade is not None
        wrong = {name for name, value in trajectory.grade.components.items() if value != 1.0}
        pattern = pattern_of(trajectory)
        if pattern == "fact_not_said":
            assert wrong == {"COMMUNICATE"}
        elif trajectory.termination == "user_stop" and pattern not in ("ended_early", "needless_transfer"):
            assert wrong == {"DB"}, pattern


def test_nothing_but_the_label_tells_how_it_was_made(made: list[tuple[str, Trajectory]]) -> None:
    for name, trajectory in made:
        assert trajectory.agent == AGENT
        assert name not in trajectory.to_json()


def test_no_two_are_the_same(broken: list[Trajectory]) -> None:
    assert len({trajectory.episode_id for trajectory in broken}) == len(broken)
    assert len({(trajectory.task_key, str(trajectory.messages)) for trajectory in broken}) == len(broken)


def test_every_call_of_a_message_has_an_id_of_its_own(broken: list[Trajectory]) -> None:
    for trajectory in broken:
        ids = [call.id for message in trajectory.messages for call in message.tool_calls]
        assert len(ids) == len(set(ids))


def test_a_replay_comes_to_the_same_messages_and_grade(retail: Domain, broken: list[Trajectory]) -> None:
    tasks = {task.key: task for task in retail.tasks["dev"]}
    for trajectory in broken:
        sides = [partial(Replay, trajectory=trajectory, side=side) for side in ("assistant", "user")]
        episode = play(retail, tasks[trajectory.task_key], *sides)
        assert tuple(episode.messages) == trajectory.messages
        assert episode.grade == trajectory.grade


def test_the_same_seed_breaks_the_same_dialogues(retail: Domain, broken: list[Trajectory]) -> None:
    again = mutated_otherwise(retail)
    assert [one.to_json() for one in again] == [one.to_json() for one in broken]
    assert [one.messages for one in mutated_otherwise(retail, seed=6)] != [one.messages for one in broken]


def test_too_few_dialogues_are_an_error(retail: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(OTHER_MUTATORS, "wrong_variant", ())
    with pytest.raises(ValueError, match="only 0 of 12 trajectories could be made for 'wrong_variant'"):
        mutated_otherwise(retail)
