"""How failures are spread over patterns, and what is told of that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.failures.report import UNNAMED, FailureReport, Finding
from toolgym.failures.statistics.distribution import coverage, distribution, divergence, hit_rate, hit_rates

SHARES = st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=6).map(
    lambda shares: {f"p{place}": share / sum(shares) for place, share in enumerate(shares)}
)


def report(*patterns: str, task: str = "t", target: str | None = None) -> FailureReport:
    findings = tuple(Finding(pattern, 1, "this", "that") for pattern in patterns)
    return FailureReport("e", task, task, findings, 0 if findings else None, target)


def test_a_failure_with_two_causes_counts_for_both() -> None:
    found = distribution([report("wrong_record", "no_confirmation"), report("wrong_record"), report(UNNAMED), report()])
    assert found == {"wrong_record": 0.5, "no_confirmation": 0.25, UNNAMED: 0.25}


def test_what_follows_from_another_finding_or_did_no_harm_is_no_cause() -> None:
    findings = (
        Finding("wrong_record", 1, "", ""),
        Finding("ended_early", 2, "", "", because=0),
        Finding("repeated_call", 3, "", "", harm=False),
    )
    assert distribution([FailureReport("e", "t", "k", findings, 0)]) == {"wrong_record": 1.0}


def test_without_causes_there_is_no_distribution() -> None:
    assert distribution([report()]) == {}


@given(SHARES, SHARES)
def test_the_divergence_is_symmetric_and_between_nought_and_one_bit(
    first: dict[str, float], second: dict[str, float]
) -> None:
    found = divergence(first, second)
    assert 0.0 <= found <= 1.0
    assert found == pytest.approx(divergence(second, first), abs=1e-12)
    assert divergence(first, first) == pytest.approx(0.0, abs=1e-12)


def test_the_divergence_of_two_coins_is_the_known_one() -> None:
    assert divergence({"a": 0.5, "b": 0.5}, {"a": 1.0}) == pytest.approx(0.3112781, abs=1e-7)


@pytest.mark.parametrize("shares", [{}, {"a": 0.5}, {"a": 1.5, "b": -0.5}])
def test_what_is_no_distribution_is_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="sum to 1"):
        divergence(shares, {"a": 1.0})


def test_the_hit_rate_is_over_the_failures_on_targeted_tasks() -> None:
    reports = [report("wrong_record", task=f"t{number}", target="wrong_record") for number in range(30)]
    reports += [report("ended_early", task=f"u{number}", target="wrong_record") for number in range(10)]
    reports += [report("wrong_record")] * 5
    found = hit_rate(reports)
    assert found is not None
    assert (found.share, found.failures) == (0.75, 40)
    assert 0.55 < found.low < 0.6 < 0.87 < found.high < 0.9
    assert hit_rates(reports) == {"wrong_record": found}
    assert hit_rate([report("wrong_record")]) is None


def test_many_failures_on_one_task_are_one_piece_of_evidence() -> None:
    one = hit_rate([report("wrong_record", target="wrong_record")] * 40)
    many = hit_rate([report("wrong_record", task=f"t{place}", target="wrong_record") for place in range(40)])
    assert one is not None
    assert many is not None
    assert one.share == many.share == 1.0
    assert one.low < 0.1
    assert many.low > 0.9


def test_a_failure_is_covered_if_its_primary_pattern_has_tasks() -> None:
    reports = [report("wrong_record", "ended_early"), report("ended_early"), report()]
    assert coverage(reports, {"ended_early"}) == pytest.approx(1 / 3)
    assert coverage([], {"ended_early"}) is None
