"""A measurement is made again where a bound is missed, three times at most."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from best_of import BestOf

from toolgym.testing.bench import BenchReport


def measured(*shares: float) -> tuple[BestOf, Iterator[float]]:
    left = iter(shares)
    return BestOf(lambda: BenchReport("", ratios={"share": next(left)})), left


def test_what_holds_at_once_is_measured_once() -> None:
    best, left = measured(0.98, 0.5)
    best.at_least("share", 0.7)
    best.at_most("share", 1.0)
    assert list(left) == [0.5]


def test_a_neighbour_that_is_in_the_way_once_or_twice_fails_nothing() -> None:
    best, left = measured(0.65, 0.6, 0.98, 0.1)
    best.at_least("share", 0.7)
    best.at_least("share", 0.9)
    assert list(left) == [0.1]
    assert best.report.ratios == {"share": 0.65}
    best, _ = measured(2.5, 1.5)
    best.at_most("share", 2)


def test_what_misses_its_bound_three_times_fails_with_all_that_was_measured() -> None:
    best, left = measured(0.65, 0.6, 0.62, 0.98)
    with pytest.raises(AssertionError, match=r"'share' is 0.65, 0.6, 0.62; at least 0.7 is wanted"):
        best.at_least("share", 0.7)
    assert list(left) == [0.98]
