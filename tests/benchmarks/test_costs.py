"""What an episode costs on tau2's retail data, as ratios within one run; the cases are those of ``toolgym bench``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from best_of import BestOf

from toolgym.actions import parse_action
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import set_up
from toolgym.rewards import build_reward
from toolgym.tasks import Task
from toolgym.testing import bench


@pytest.fixture(scope="module")
def best(tau2_retail: Domain) -> BestOf:
    return BestOf(lambda: bench.measure(tau2_retail))


@pytest.fixture(scope="module")
def tasks(tau2_retail: Domain) -> Sequence[Task]:
    return bench.playable(tau2_retail)


@pytest.mark.benchmark(group="episode")
def test_reset(benchmark: Any, tau2_retail: Domain, tasks: Sequence[Task]) -> None:
    terms = build_reward("raft")
    set_up(tau2_retail, tasks[0])
    episode = benchmark(Episode, tau2_retail, tasks[0], terms=terms)
    assert episode.turn == "user"


@pytest.mark.benchmark(group="episode")
def test_whole_episode(benchmark: Any, tau2_retail: Domain, tasks: Sequence[Task]) -> None:
    texts = bench.gold_texts(tasks[0])

    def play() -> Episode:
        episode = Episode(tau2_retail, tasks[0], terms=build_reward("raft"))
        episode.advance(parse_action("Hello.", "user"))
        for text in texts:
            episode.advance(parse_action(text))
        episode.advance(parse_action("It is done."))
        episode.advance(parse_action("###STOP###", "user"))
        return episode

    assert benchmark(play).grade.db_match


@pytest.mark.benchmark(group="state")
def test_compare(benchmark: Any, tau2_retail: Domain, tasks: Sequence[Task]) -> None:
    ready = set_up(tau2_retail, tasks[0])
    one, other = bench.changed_session(ready), bench.changed_session(ready).diff()
    assert benchmark(lambda: one.diff() == other)


@pytest.mark.benchmark(group="state")
def test_full_hash(benchmark: Any, tau2_retail: Domain, tasks: Sequence[Task]) -> None:
    document = bench.Document(set_up(tau2_retail, tasks[0]).base)
    digest = benchmark.pedantic(document.full_hash, rounds=5)
    assert digest == set_up(tau2_retail, tasks[0]).toolbox().session.digest("assistant")


def test_an_episode_costs_a_thousandth_of_what_tau2_does_for_one(best: BestOf) -> None:
    best.at_least("tau2_episode / episode", 1000)


def test_an_episode_through_the_environment_costs_a_three_hundredth(best: BestOf) -> None:
    best.at_least("tau2_episode / tool_env_episode", 300)


def test_the_stricter_ratio_is_reported_beside_the_other_and_is_large_too(best: BestOf) -> None:
    for of in ("episode", "tool_env_episode"):
        best.at_least(f"tau2_cheapest_episode / {of}", 50)
        assert best.report.ratios[f"tau2_cheapest_episode / {of}"] < best.report.ratios[f"tau2_episode / {of}"]


def test_comparing_states_costs_a_two_thousandth_of_a_full_hash(best: BestOf) -> None:
    best.at_least("full_hash / compare", 2000)


def test_a_session_with_three_changed_records_takes_at_most_16_kb(best: BestOf) -> None:
    assert best.report.ratios["session_kb"] <= 16


def test_a_hundred_times_larger_world_costs_at_most_half_more(best: BestOf) -> None:
    best.at_most("episode_100x_world / episode", 1.5)


def test_the_cold_lazy_figure_is_reported(best: BestOf) -> None:
    assert best.report.cases["episode_100x_world_lazy_cold"].n > 0


def test_the_figures_are_one_json_object(best: BestOf, tmp_path: Path) -> None:
    assert set(best.report.as_dict()) == {"cases", "ratios", "machine"}
    assert all(set(case) == {"median_us", "n"} for case in best.report.as_dict()["cases"].values())
