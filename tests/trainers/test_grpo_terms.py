"""The terms of GRPO one by one: advantages, clip, divergence, weights, schedule, settings."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from rollout_records import rewarded, stepped, void

torch = pytest.importorskip("torch")

from toolgym_trainers.grpo import (
    GRPOSettings,
    advantages_of,
    batches,
    clipped_objective,
    group_advantages,
    is_clipped,
    k3,
    learning_rate,
    token_weights,
    turn_advantages,
)

PLAIN = GRPOSettings(normalise=False)


def test_advantages_are_rewards_relative_to_the_mean_of_the_group() -> None:
    assert group_advantages(torch.tensor([1.0, 0.0, 2.0]), normalise=False).tolist() == [0, -1, 1]
    deviation = (2 / 3) ** 0.5
    normalised = group_advantages(torch.tensor([1.0, 0.0, 2.0]), normalise=True).tolist()
    assert normalised == pytest.approx([0, -1 / deviation, 1 / deviation], abs=1e-5)


def test_a_turn_is_credited_with_what_is_paid_from_it_on() -> None:
    first, second = turn_advantages([torch.tensor([1.0, -2.0, 4.0]), torch.tensor([1.0])], normalise=False)
    assert first.tolist() == [3 - 2, 2 - 2, 4 - 2]
    assert second.tolist() == [1 - 2]


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(-3, 3)), min_size=2, max_size=6), st.booleans())
def test_credit_by_turn_is_credit_by_episode_where_all_is_paid_at_the_end(
    episodes: list[tuple[int, int]], normalise: bool
) -> None:
    paid = [torch.tensor([0.0] * (turns - 1) + [float(reward)]) for turns, reward in episodes]
    by_turn = turn_advantages(paid, normalise)
    by_episode = group_advantages(torch.tensor([float(reward) for _, reward in episodes]), normalise)
    for turns, episode in zip(by_turn, by_episode, strict=True):
        assert turns.tolist() == pytest.approx([float(episode)] * len(turns), abs=1e-5)


def test_groups_without_signal_are_dropped() -> None:
    records = [rewarded(1.0, "a"), rewarded(1.0, "a"), rewarded(1.0, "b"), rewarded(0.0, "b"), rewarded(1.0, "c")]
    found = advantages_of(records, PLAIN)
    assert [record.group for record, _ in found] == ["b", "b"]
    assert [advantages.tolist() for _, advantages in found] == [[0.5, 0.5], [-0.5, -0.5]]


def test_a_predicate_decides_which_groups_are_learned_from() -> None:
    records = [rewarded(1.0, "a"), rewarded(0.0, "a"), rewarded(1.0, "b"), rewarded(0.0, "b"), void("b")]
    seen: dict[str, int] = {}

    def admit(group: Any) -> bool:
        seen[group[0].group] = len(group)
        return bool(group[0].group == "b")

    assert [record.group for record, _ in advantages_of(records, PLAIN, admit)] == ["b", "b"]
    assert seen == {"a": 2, "b": 3}


@pytest.mark.parametrize("credit", ["episode", "turn"])
def test_void_episodes_neither_teach_nor_count_in_their_group(credit: str) -> None:
    settings = GRPOSettings(normalise=False, credit=credit)
    records = [rewarded(1.0), void(), rewarded(0.0)]
    found = advantages_of(records, settings)
    assert [record.status for record, _ in found] == ["finished", "finished"]
    assert [float(advantages[0]) for _, advantages in found] == [0.5, -0.5]
    assert advantages_of([void(), void()], settings, admit=lambda group: True) == []


@pytest.mark.parametrize("credit", ["episode", "turn"])
def test_an_episode_in_which_the_policy_said_nothing_neither_teaches_nor_counts(credit: str) -> None:
    silent = rewarded(-1.0, turns=())
    found = advantages_of([rewarded(1.0), silent, rewarded(0.0)], GRPOSettings(normalise=False, credit=credit))
    assert [float(advantages[0]) for _, advantages in found] == [0.5, -0.5]


def test_episodes_that_were_cut_off_can_be_masked_and_still_count_in_their_group() -> None:
    records = [rewarded(1.0), rewarded(0.0), rewarded(-1.0, status="truncated", termination="max_steps")]
    assert [float(one[0]) for _, one in advantages_of(records, PLAIN)] == [1, 0, -1]
    masked = advantages_of(records, GRPOSettings(normalise=False, mask_truncated=True))
    assert [float(one[0]) for _, one in masked] == [1, 0]


def test_advantages_of_turns_are_spread_over_their_tokens() -> None:
    records = [stepped([1.0, 0.0, 3.0]), rewarded(2.0)]
    by_turn = advantages_of(records, GRPOSettings(normalise=False, credit="turn"))
    assert [one.tolist() for _, one in by_turn] == [[1, 0, 0], [-1, -1]]
    by_episode = advantages_of(records, PLAIN)
    assert [one.tolist() for _, one in by_episode] == [[1, 1, 1], [-1, -1]]


@given(st.floats(0.01, 5), st.floats(-3, 3).filter(lambda value: abs(value) > 0.01))
def test_a_clipped_token_has_no_gradient_and_any_other_has(ratio: float, advantage: float) -> None:
    ratios = torch.tensor([ratio], dtype=torch.float64, requires_grad=True)
    advantages = torch.tensor([advantage], dtype=torch.float64)
    clipped_objective(ratios, advantages, 0.2, 0.3).sum().backward()
    clipped = bool(is_clipped(ratios.detach(), advantages, 0.2, 0.3))
    assert clipped == (ratio > 1.3 if advantage > 0 else ratio < 0.8)
    assert float(ratios.grad) == pytest.approx(0 if clipped else advantage)


@given(st.floats(-10, 0), st.floats(-10, 0))
def test_the_estimate_of_the_divergence_is_never_negative_and_zero_where_both_agree(mine: float, theirs: float) -> None:
    value = float(k3(torch.tensor(mine, dtype=torch.float64), torch.tensor(theirs, dtype=torch.float64)))
    assert value >= 0
    assert float(k3(torch.tensor(mine), torch.tensor(mine))) == 0


def test_the_estimate_of_the_divergence_has_it_as_its_mean() -> None:
    policy, reference = (torch.log_softmax(torch.tensor(one), -1) for one in ([1.0, 0.0, -1.0], [0.0, 0.5, 0.0]))
    divergence = (policy.exp() * (policy - reference)).sum()
    assert float((policy.exp() * k3(policy, reference)).sum()) == pytest.approx(float(divergence), abs=1e-6)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=10), st.sampled_from(["token", "sequence"]))
def test_the_weights_of_all_tokens_sum_to_one(lengths: list[int], loss: Any) -> None:
    weights = token_weights(lengths, loss)
    assert sum(weight * length for weight, length in zip(weights, lengths, strict=True)) == pytest.approx(1)


@given(st.lists(st.integers(1, 40), max_size=20), st.integers(1, 100))
def test_batches_hold_everything_once_and_no_more_tokens_than_they_may(lengths: list[int], limit: int) -> None:
    found = list(batches(lengths, lambda length: length, limit))
    assert sorted(place for batch in found for place in batch) == list(range(len(lengths)))
    for batch in found:
        assert len(batch) == 1 or len(batch) * max(lengths[place] for place in batch) <= limit


@pytest.mark.parametrize("decay", ["linear", "cosine"])
def test_the_learning_rate_rises_then_falls_and_depends_on_the_step_alone(decay: Any) -> None:
    settings = GRPOSettings(learning_rate=0.5, warmup_steps=4, decay=decay, steps=10, final_share=0.1)
    rates = [learning_rate(settings, step) for step in range(12)]
    assert rates[:5] == pytest.approx([0.125, 0.25, 0.375, 0.5, 0.5])
    assert rates[7] == pytest.approx(0.5 * 0.55)
    assert rates[4:11] == sorted(rates[4:11], reverse=True)
    assert rates[10:] == pytest.approx([0.05, 0.05])


def test_without_decay_the_learning_rate_stays() -> None:
    assert {learning_rate(GRPOSettings(learning_rate=0.5), step) for step in (0, 5, 1000)} == {0.5}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("clip_low", 0.0),
        ("clip_low", 1.5),
        ("clip_high", -0.1),
        ("kl", -1.0),
        ("kl", float("nan")),
        ("entropy", -1.0),
        ("epochs", 0),
        ("minibatches", 0),
        ("tokens_per_batch", 0),
        ("learning_rate", 0.0),
        ("final_share", 1.1),
        ("loss", "mean"),
        ("credit", "token"),
        ("betas", (0.9, 1.0)),
        ("beta", 0.1),
    ],
)
def test_settings_out_of_range_are_refused_by_name(field: str, value: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        GRPOSettings(**{field: value})


def test_a_decay_must_end_after_the_warm_up() -> None:
    with pytest.raises(ValidationError, match="steps must be more than warmup_steps, got 5 and 5"):
        GRPOSettings(decay="linear", warmup_steps=5, steps=5)
