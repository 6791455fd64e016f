"""The novice of retail: the oracle with faults, each of which is labelled only if it happened."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest

from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.patterns import PATTERNS
from toolgym.rollouts import play
from toolgym.scripted.novice import RATES
from toolgym.tools import Effect
from toolgym.trajectory import Trajectory
from toolgym_retail.novice import Novice
from toolgym_retail.oracle import Oracle


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def played(retail: Domain) -> list[Episode]:
    """The novice over every task of the train and test splits, twice."""
    user = make_user("scripted")
    return [
        play(retail, task, make_agent("novice"), user, trial=trial)
        for split in ("train", "test")
        for task in retail.tasks[split]
        for trial in range(2)
    ]


def calls(episode: Episode) -> Iterator[tuple[str, str, bool]]:
    """Every call of the assistant: its name, its arguments, and whether it succeeded."""
    results = {message.tool_call_id: message for message in episode.messages if message.role == "tool"}
    for message in episode.messages:
        for call in message.tool_calls:
            yield call.name, str(call.arguments), not results[call.id].error


def test_every_pattern_has_a_rate_and_every_rate_a_pattern() -> None:
    assert set(RATES) == {*PATTERNS, "user_not_told"}
    assert all(0 < rate < 1 for rate in RATES.values())


def test_every_pattern_happens(played: list[Episode]) -> None:
    happened = Counter(injection.pattern for episode in played for injection in episode.injected)
    assert set(happened) == set(PATTERNS)


def test_some_episodes_hold_several_faults_and_some_faults_are_recovered_from(played: list[Episode]) -> None:
    several = [episode for episode in played if len({one.pattern for one in episode.injected}) > 1]
    recovered = [episode for episode in played if episode.injected and all(one.recovered for one in episode.injected)]
    assert len(several) > 0.03 * len(played)
    assert len(recovered) > 0.05 * len(played)


def test_an_episode_without_a_lasting_fault_succeeds_and_one_with_fails(played: list[Episode]) -> None:
    wrong = {}
    for episode in played:
        lasting = [one.pattern for one in episode.injected if not one.recovered]
        if bool(episode.grade.success) == bool(lasting):
            wrong[episode.task.id] = (episode.grade.success, episode.injected)
    assert wrong == {}


def test_the_novice_is_neither_good_nor_hopeless(played: list[Episode]) -> None:
    solved = sum(bool(episode.grade.success) for episode in played) / len(played)
    assert 0.4 < solved < 0.85


def test_a_novice_without_faults_is_the_oracle(retail: Domain) -> None:
    user = make_user("scripted")
    for task in retail.tasks["test"][:60]:
        novice = play(retail, task, partial(Novice, rates={}, wording="plain"), user)
        oracle = play(retail, task, partial(Oracle, wording="plain"), user)
        assert novice.messages == oracle.messages
        assert novice.injected == ()


def test_provenance_and_certificate_change_no_byte_of_a_trajectory(retail: Domain) -> None:
    user = make_user("scripted")
    for task in retail.tasks["test"][:60]:
        bare = task.model_copy(update={"provenance": None, "certificate": None})
        one, other = (line(play(retail, version, make_agent("novice"), user)) for version in (task, bare))
        assert one == other


def line(episode: Episode) -> str:
    """A trajectory's JSON line without its times."""
    return dataclasses.replace(episode.trajectory(), started=None, seconds=None).to_json()


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_a_label_is_borne_out_by_the_trajectory(retail: Domain, pattern: str) -> None:
    """Each pattern alone, at every opportunity: what its label says can be seen from outside."""
    writes = {name for name, tool in retail.toolkits["assistant"].tools.items() if tool.effect is Effect.WRITE}
    labelled = 0
    for task in retail.tasks["train"]:
        episode = play(retail, task, partial(Novice, rates={pattern: 1.0}, wording="plain"), make_user("scripted"))
        assert {one.pattern for one in episode.injected} <= {pattern}
        if not episode.injected:
            assert episode.grade.success, task.id
            continue
        labelled += 1
        made = list(calls(episode))
        gold = {str(action.arguments) for action in task.gold if action.name in writes}
        spoken = " ".join(message.content or "" for message in episode.messages if message.role == "assistant")
        if pattern == "needless_transfer":
            assert any(name == "transfer_to_human_agents" for name, _, _ in made)
        elif pattern == "repeated_call":
            assert max(Counter((name, given) for name, given, _ in made).values()) > 1
        elif pattern in ("ended_early", "said_not_done", "refused_allowed", "no_lookup"):
            assert not episode.grade.db_match
        elif pattern == "forbidden_write":
            assert any(name in writes and done and given not in gold for name, given, done in made)
        elif pattern == "fact_not_said":
            assert "all is in order" in spoken
        elif pattern == "wrong_figure":
            assert not all(check.met for check in episode.grade.communicate)
        elif pattern == "no_confirmation":
            assert any(name in writes for name, _, _ in made)
        else:
            wrong = any(name in writes and given not in gold for name, given, _ in made)
            assert wrong or not episode.grade.success or any(one.recovered for one in episode.injected), task.id
    assert labelled > 0


def test_the_labels_survive_being_stored(played: list[Episode]) -> None:
    episode = next(episode for episode in played if len(episode.injected) > 1)
    read = Trajectory.from_json(episode.trajectory().to_json())
    assert read.injected == episode.injected


@pytest.mark.parametrize("rates", [{"laziness": 0.1}, {"wrong_variant": 1.5}, {"wrong_variant": -0.1}])
def test_a_rate_of_no_pattern_or_no_chance_is_refused(retail: Domain, rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="is not a chance"):
        Novice(retail, retail.tasks["test"][0], np.random.default_rng(0), rates=rates)
