"""What a dialogue of the oracle and the scripted user costs beside its episode alone, as ratios within one run."""

from __future__ import annotations

import pytest
from best_of import BestOf

from toolgym import make_domain
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.testing.dialogue_bench import measure_dialogues


@pytest.fixture(scope="module")
def best() -> BestOf:
    return BestOf(lambda: measure_dialogues(make_domain("retail")))


def test_a_dialogue_costs_little_beside_its_calls_grade_and_reward(best: BestOf) -> None:
    best.at_most("dialogue / replayed", 16)  # 11 on a quiet machine and on a busy one


def test_each_reply_of_both_sides_is_measured_and_each_episode_replayed(best: BestOf) -> None:
    cases = best.report.cases
    assert cases["dialogue"].n == cases["replayed"].n == 2 * len(make_domain("retail").tasks["test"])
    assert cases["user_reply"].n == pytest.approx(best.report.ratios["replies a dialogue"] * cases["dialogue"].n)
    assert cases["oracle_turn"].n > cases["user_reply"].n
    assert all(case.median_us > 0 for case in cases.values())


def test_a_domain_without_an_oracle_to_talk_is_refused(mock: Domain) -> None:
    with pytest.raises(DataError, match=r"'mock' has no agent 'oracle' and no test tasks that carry facts"):
        measure_dialogues(mock)
