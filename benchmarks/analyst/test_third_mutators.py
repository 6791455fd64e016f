"""The third set of broken dialogues, made blind, is what its labels say."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.analyst.third_mutators import THIRD_MUTATORS, mutated_again
from toolgym import make_domain
from toolgym.domain import Domain
from toolgym.patterns import PATTERNS
from toolgym.trajectory import Trajectory


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def broken(retail: Domain) -> list[Trajectory]:
    return mutated_again(retail)


def test_every_one_of_the_third_set_is_a_real_failure_with_a_label(broken: list[Trajectory]) -> None:
    assert len({(one.task_key, str(one.messages)) for one in broken}) == len(broken)
    for trajectory in broken:
        assert trajectory.success is False
        assert trajectory.fault is None
        assert trajectory.agent == "x"
        (injection,) = trajectory.injected
        assert not injection.recovered
        at = trajectory.messages[injection.message - 1]
        assert at.role == "assistant"
        assert bool(at.tool_calls) is (injection.pattern not in ("ended_early", "fact_not_said"))
        if trajectory.termination == "user_stop":
            assert trajectory.grade is not None
            wrong = {name for name, value in trajectory.grade.components.items() if value != 1.0}
            assert wrong == {"COMMUNICATE" if injection.pattern == "fact_not_said" else "DB"}


def test_every_pattern_has_at_least_six_in_the_third_set(broken: list[Trajectory]) -> None:
    counts = Counter(injection.pattern for trajectory in broken for injection in trajectory.injected)
    assert list(counts) == list(PATTERNS) == list(THIRD_MUTATORS)
    assert min(counts.values()) >= 6


def test_the_third_set_is_the_same_for_the_same_seed(retail: Domain, broken: list[Trajectory]) -> None:
    assert [one.to_json() for one in mutated_again(retail)] == [one.to_json() for one in broken]
    assert [one.messages for one in mutated_again(retail, seed=12)] != [one.messages for one in broken]
