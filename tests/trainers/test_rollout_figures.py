"""What a batch of rollouts came to, in figures."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from rollout_records import RECORD, TURN, rewarded, void

from toolgym_trainers.groups import groups_of, has_signal
from toolgym_trainers.rollout_figures import RolloutFigures, pass_at_k


def test_a_group_has_signal_if_two_trials_that_count_were_paid_differently() -> None:
    assert has_signal([rewarded(0.0), rewarded(1.0)])
    assert not has_signal([rewarded(1.0), rewarded(1.0)])
    assert not has_signal([rewarded(1.0), void()])
    assert not has_signal([rewarded(1.0)])
    assert not has_signal([rewarded(0.1 + 0.2), rewarded(0.3)])
    assert not has_signal([])


def test_groups_keep_the_order_in_which_they_come() -> None:
    records = [rewarded(0.0, "b"), rewarded(1.0, "a"), void("b")]
    assert groups_of(records) == {"b": [records[0], records[2]], "a": [records[1]]}


@pytest.mark.parametrize("successes", range(6))
@pytest.mark.parametrize("k", range(1, 6))
def test_pass_at_k_is_the_share_of_draws_that_hold_a_success(successes: int, k: int) -> None:
    draws = list(combinations([True] * successes + [False] * (5 - successes), k))
    assert pass_at_k(successes, 5, k) == pytest.approx(sum(map(any, draws)) / len(draws))


@pytest.mark.parametrize(("successes", "trials", "k"), [(3, 2, 1), (-1, 2, 1), (1, 2, 3), (1, 2, 0)])
def test_pass_at_k_refuses_numbers_out_of_range(successes: int, trials: int, k: int) -> None:
    with pytest.raises(ValueError, match=f"got {successes} successes, {trials} trials and k = {k}"):
        pass_at_k(successes, trials, k)


def test_the_figures_of_a_batch_are_means_over_groups_and_episodes() -> None:
    malformed = replace(TURN, kind="malformed", reward=0.0)
    records = [
        *(rewarded(1.0, "solved") for _ in range(4)),
        *(rewarded(0.0, "failed", repeats=2, errors=1) for _ in range(4)),
        rewarded(1.0, "mixed"),
        rewarded(0.0, "mixed", turns=(malformed,), status="truncated"),
        void("mixed"),
        void("lost"),
        rewarded(1.0, "not judged", success=None),
    ]
    figures = RolloutFigures.of(records)
    assert (figures.episodes, figures.void, figures.groups) == (13, 2, 4)
    assert figures.live == 1 / 4
    assert figures.all_failed == figures.all_solved == pytest.approx(1 / 3)
    assert figures.success == pytest.approx((1 + 0 + 1 / 2) / 3)
    assert figures.pass_at == pytest.approx({1: 1 / 2, 2: 2 / 3, 4: 1 / 2})
    assert figures.pass_hat == pytest.approx({1: 1 / 2, 2: 1 / 3, 4: 1 / 2})
    assert figures.reward == pytest.approx(6 / 11)
    assert figures.reward_terms == pytest.approx({"success": 6 / 11})
    assert figures.truncated == figures.malformed == pytest.approx(1 / 11)
    assert (figures.turns, figures.tokens) == (1, 2)
    assert (figures.repeats, figures.errors) == pytest.approx((8 / 11, 4 / 11))


def test_a_term_that_an_episode_was_not_paid_counts_as_nothing() -> None:
    other = replace(RECORD, reward_terms={"success": 1.5, "length": -0.5})
    assert RolloutFigures.of([RECORD, other]).reward_terms == {"length": -0.25, "success": 1.25}


def test_the_share_of_live_groups_is_of_those_that_were_admitted() -> None:
    records = [rewarded(0.0, "a"), rewarded(1.0, "a"), rewarded(0.0, "b"), rewarded(1.0, "b")]
    assert RolloutFigures.of(records).live == 1
    assert RolloutFigures.of(records, admit=lambda group: group[0].group == "a").live == 0.5


def test_a_mean_of_nothing_is_none() -> None:
    for records in ([], [void()]):
        figures = RolloutFigures.of(records)
        assert figures.void == len(records)
        assert figures.live is figures.success is figures.reward is figures.malformed is None
        assert figures.pass_at == figures.pass_hat == figures.reward_terms == {}
