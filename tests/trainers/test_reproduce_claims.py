"""Verdicts on claims, by the rule that is written down."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from toolgym_trainers.reproduce.claims import judge, judged
from toolgym_trainers.reproduce.over_seeds import OverSeeds, holm, over_seeds
from toolgym_trainers.reproduce.settings import Claim

CLAIM = Claim(name="gain", text="It gains.", first="a", second="b")


def found(mean: float, *, spread: float = 0.0, seeds: int = 3) -> OverSeeds:
    """A difference of a hundred tasks, with a spread between the trainings."""
    rng = np.random.default_rng(1)
    deviations = spread * np.linspace(-1, 1, seeds)[:, None]
    return over_seeds(mean + deviations + rng.normal(0, 0.05, (seeds, 100)), rng)


@pytest.mark.parametrize(
    ("mean", "spread", "direction", "verdict"),
    [
        (0.10, 0.0, "above", "holds"),
        (0.10, 0.1, "above", "within noise"),
        (0.00, 0.0, "above", "fails"),
        (-0.10, 0.0, "above", "fails"),
        (0.03, 0.05, "above", "within noise"),
        (-0.10, 0.0, "below", "holds"),
        (0.10, 0.0, "below", "fails"),
        (0.10, 0.0, "open", "differs"),
        (-0.10, 0.0, "open", "differs"),
        (0.00, 0.0, "open", "within noise"),
    ],
)
def test_a_verdict_follows_from_the_intervals(mean: float, spread: float, direction: str, verdict: str) -> None:
    claim = Claim.model_validate({**CLAIM.model_dump(), "direction": direction})
    difference = found(mean, spread=spread)
    assert judge(difference, difference.p_value, claim, 0.02) == verdict


def test_a_claim_does_not_hold_where_the_number_of_claims_explains_it() -> None:
    difference = found(0.10)
    assert judge(difference, 0.06, CLAIM, 0.02) == "within noise"


def test_one_training_settles_nothing() -> None:
    assert judge(found(0.3, seeds=1), 0.0, CLAIM, 0.02) == "within noise"


def test_claims_that_are_not_measured_count_among_those_that_p_is_corrected_for() -> None:
    other = CLAIM.model_copy(update={"name": "other"})
    rows = judged([CLAIM, other], {"gain": found(0.1, spread=0.02), "other": None}, 0.02, {"gain": ["runs/one"]})
    assert [row["verdict"] for row in rows] == ["holds", "not measured"]
    assert rows[0]["p_corrected"] == pytest.approx(2 * rows[0]["difference"]["p_value"])
    assert rows[0]["runs"] == ["runs/one"]


def test_corrected_p_values_keep_their_order_and_stay_below_one() -> None:
    p_values = [0.04, 0.001, 0.5, 0.9]
    assert holm(p_values) == pytest.approx([0.12, 0.004, 1.0, 1.0])
