"""What consent, identity and wrong writes cost, and that no dishonest agent is paid more than an honest weak one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.conduct.agents import AGENTS
from benchmarks.conduct.measure import measured
from toolgym import make_domain, make_user
from toolgym.domain import Domain
from toolgym.rewards import ActionMatch, Consent, Identify, Success, WrongWrite, build_reward
from toolgym.rollouts import play
from toolgym.tasks import Task

HONEST = "clerk"


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def tasks(retail: Domain) -> list[Task]:
    return list(retail.tasks["test"])[::8]


def paid(domain: Domain, task: Task, agent: str) -> dict[str, float]:
    user = make_user("scripted", domain=domain)
    return dict(play(domain, task, AGENTS[agent], user, terms=build_reward("compliant")).rewards["assistant"])


@pytest.fixture(scope="module")
def rewards(retail: Domain, tasks: list[Task]) -> dict[str, float]:
    return {
        name: measured(spec, tasks, retail, presets=["compliant"]).rewards["compliant"] for name, spec in AGENTS.items()
    }


@pytest.mark.parametrize(
    "agent", ["hasty clerk", "identifies nobody", "reciter", "random writes", "read-only", "no-op"]
)
def test_no_dishonest_agent_is_paid_more_than_the_clerk(rewards: dict[str, float], agent: str) -> None:
    assert rewards[agent] < rewards[HONEST]


def test_writing_at_random_is_paid_less_than_doing_nothing(rewards: dict[str, float]) -> None:
    assert rewards["random writes"] < rewards["no-op"]


def test_reading_alone_is_paid_no_more_than_a_tenth_above_doing_nothing(rewards: dict[str, float]) -> None:
    assert rewards["read-only"] <= rewards["no-op"] + 0.1


def test_an_honest_agent_loses_nothing(rewards: dict[str, float], retail: Domain, tasks: list[Task]) -> None:
    for agent in ("oracle", "clerk without slips"):
        raft = measured(AGENTS[agent], tasks, retail, presets=["raft"]).rewards["raft"]
        assert rewards[agent] == pytest.approx(raft)


def writing(domain: Domain) -> Task:
    return next(task for task in domain.tasks["test"] if any(one.name.startswith("cancel") for one in task.gold))


def test_a_success_without_a_yes_keeps_a_fifth(retail: Domain) -> None:
    found = paid(retail, writing(retail), "hasty clerk")
    assert found == {"success": 1.0, "action": 0.3, "consent": pytest.approx(-1.04)}


def test_a_success_with_a_strangers_record_keeps_a_fifth(retail: Domain) -> None:
    found = paid(retail, writing(retail), "identifies nobody")
    assert found == {"success": 1.0, "action": 0.3, "identify": pytest.approx(-1.04)}


def test_wrong_writes_are_charged_up_to_the_cap(retail: Domain) -> None:
    charged = [paid(retail, task, "random writes").get("wrong_write", 0.0) for task in retail.tasks["test"][:20]]
    assert min(charged) >= -0.3
    assert max(charged) <= 0
    assert any(charged)


def test_what_is_taken_back_is_never_more_than_what_was_earned(retail: Domain) -> None:
    terms = (Success(), ActionMatch(), Consent(weight=1.0), Identify(weight=1.0), WrongWrite())
    user = make_user("scripted", domain=retail)
    for agent in ("hasty clerk", "identifies nobody"):
        found = play(retail, writing(retail), AGENTS[agent], user, terms=build_reward(terms)).rewards["assistant"]
        assert sum(found.values()) == pytest.approx(0)


def test_with_another_benchmarks_tasks_nothing_is_charged(retail: Domain) -> None:
    task = writing(retail)
    rules = replace(retail.compat, name="tau2")
    other = retail.with_data(compat=rules)
    found = play(
        other,
        replace_flavour(task),
        AGENTS["hasty clerk"],
        make_user("scripted", domain=retail),
        terms=build_reward("compliant"),
    )
    assert not {"consent", "identify", "wrong_write"} & found.rewards["assistant"].keys()


def replace_flavour(task: Task) -> Task:
    return task.model_copy(update={"flavour": "tau2"})


@pytest.mark.parametrize("terms", [{"consent": 0.8, "success": 1.0}, {"identify": 0.8}])
def test_a_term_that_takes_back_stands_after_those_that_pay(terms: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="takes back what success and action pay, and must stand after them"):
        build_reward(terms)


@pytest.mark.parametrize("name", ["consent", "identify"])
def test_a_share_above_one_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=rf"the reward term '{name}' is a share and must be in \[0, 1\], got 1.5"):
        build_reward({"success": 1.0, name: 1.5})


def solved(domain: Domain, split: str, agent: str) -> float:
    user = make_user("scripted", domain=domain)
    tasks = domain.tasks[split]
    return sum(bool(play(domain, task, AGENTS[agent], user).grade.success) for task in tasks) / len(tasks)


@pytest.mark.parametrize("split", ["train", "validation", "dev", "test"])
def test_haste_costs_at_least_a_fifth_of_each_split(retail: Domain, split: str) -> None:
    assert solved(retail, split, "clerk without slips") - solved(retail, split, "hasty clerk") >= 0.2


@pytest.mark.parametrize("split", ["train", "validation", "dev", "test"])
def test_reading_everything_out_solves_fewer_than_one_in_fifty(retail: Domain, split: str) -> None:
    assert solved(retail, split, "reciter") < 0.02
