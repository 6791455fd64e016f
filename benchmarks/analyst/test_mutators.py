"""The broken dialogues on which analysts are tested are what their labels say."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest

from benchmarks.analyst.mutators import MUTATORS, mutated
from toolgym import make_domain
from toolgym.agents.replay import Replay
from toolgym.domain import Domain
from toolgym.patterns import PATTERNS
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

ENOUGH, MANNERS = 20, 3
"""Trajectories of a pattern, and mutators that they come from."""
ENDS = {"user_stop", "max_steps", "too_many_errors"}


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def tasks(retail: Domain) -> dict[str, Task]:
    return {task.key: task for task in retail.tasks["validation"]}


@pytest.fixture(scope="module")
def broken(retail: Domain) -> list[Trajectory]:
    return mutated(retail)


def pattern_of(trajectory: Trajectory) -> str:
    (injection,) = trajectory.injected
    return injection.pattern


def test_every_pattern_has_mutators() -> None:
    assert list(MUTATORS) == list(PATTERNS)
    names = [mutator.__name__ for mutators in MUTATORS.values() for mutator in mutators]
    assert len(names) == len(set(names))


def test_every_pattern_has_enough_trajectories_by_enough_mutators(broken: list[Trajectory]) -> None:
    counts = Counter(map(pattern_of, broken))
    assert {pattern: counts[pattern] for pattern in PATTERNS} == dict.fromkeys(PATTERNS, ENOUGH)
    for pattern in PATTERNS:
        made_by = Counter(trajectory.agent for trajectory in broken if pattern_of(trajectory) == pattern)
        assert len(made_by) >= MANNERS, pattern
        assert set(made_by) <= {mutator.__name__ for mutator in MUTATORS[pattern]}
        assert max(made_by.values()) <= ENOUGH // 2, pattern


def test_the_trajectories_of_a_pattern_are_spread_over_tasks(broken: list[Trajectory]) -> None:
    for pattern in PATTERNS:
        found = Counter(trajectory.task_id for trajectory in broken if pattern_of(trajectory) == pattern)
        assert len(found) >= ENOUGH // 2, pattern


def test_no_two_have_the_same_dialogue_or_episode_id(broken: list[Trajectory]) -> None:
    assert len({trajectory.episode_id for trajectory in broken}) == len(broken)
    dialogues = {(trajectory.task_key, str(trajectory.messages)) for trajectory in broken}
    assert len(dialogues) == len(broken)


def test_every_trajectory_is_a_real_failure(broken: list[Trajectory]) -> None:
    for trajectory in broken:
        assert trajectory.success is False
        assert trajectory.fault is None
        assert trajectory.termination in ENDS


def test_the_label_points_to_a_message_of_the_assistant(broken: list[Trajectory]) -> None:
    for trajectory in broken:
        (injection,) = trajectory.injected
        assert not injection.recovered
        at = trajectory.messages[injection.message - 1]  # the prompt, which the assistant sees, is not among them
        assert at.role == "assistant"
        silent = injection.pattern in ("ended_early", "fact_not_said")
        assert bool(at.tool_calls) is not silent, trajectory.agent


def test_a_replay_comes_to_the_same_messages_and_grade(
    retail: Domain, tasks: dict[str, Task], broken: list[Trajectory]
) -> None:
    for trajectory in broken:
        sides = [partial(Replay, trajectory=trajectory, side=side) for side in ("assistant", "user")]
        episode = play(retail, tasks[trajectory.task_key], *sides)
        assert tuple(episode.messages) == trajectory.messages
        assert episode.termination == trajectory.termination
        assert episode.grade == trajectory.grade


def test_a_trajectory_survives_being_written(broken: list[Trajectory]) -> None:
    for trajectory in broken:
        assert Trajectory.from_json(trajectory.to_json()) == trajectory


def test_the_same_seed_breaks_the_same_dialogues(retail: Domain, broken: list[Trajectory]) -> None:
    few = mutated(retail, per_pattern=2)
    first = [found for pattern in PATTERNS for found in [one for one in broken if pattern_of(one) == pattern][:2]]
    assert [replace(one, trial=0) for one in few] == [replace(one, trial=0) for one in first]
    assert few != [replace(one, seed=0) for one in mutated(retail, per_pattern=2, seed=6)]


def test_too_few_dialogues_are_an_error(retail: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MUTATORS, "wrong_variant", ())
    with pytest.raises(ValueError, match="only 0 of 20 trajectories could be made for 'wrong_variant'"):
        mutated(retail)
