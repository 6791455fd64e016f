"""Each stage of a certificate: what fails exactly it, and what passes all of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from certificate_tasks import call, chore, failures, make_small, make_task, world_of

from toolgym import make_domain
from toolgym.agents.passive import NoOp
from toolgym.certificates import STAGES, DuplicateIndex, Stage, certified, certify
from toolgym.compat.tau2 import TAU2
from toolgym.domain import AgentSpec, Domain
from toolgym.errors import DataError, TaskError
from toolgym.tasks import Task

ALL = ("schema", "replay", "substance", "passive", "facts", "disjoint", "duplicate", "oracle")

LOOK_UP = (call("get_users"), chore())
TRANSFER = {**call("transfer_to_human_agents", summary="Wants more."), "compare_args": ()}


def only_failure(task: Task, domain: Domain | None = None, **settings: Any) -> tuple[str, str]:
    """The stage that a task fails and why."""
    report = certify(domain or make_small(), [task], **settings)
    (failure,) = report.failed
    names = [stage.name for stage in STAGES]
    expected = dict.fromkeys(names[: names.index(failure.stage)], (1, 0)) | {failure.stage: (0, 1)}
    reached = {name: (tally.passed, tally.failed) for name, tally in report.stages.items()}
    assert {name: tally for name, tally in reached.items() if tally != (0, 0)} == expected
    assert report.certificates == {}
    assert not report.ok
    return failure.stage, failure.reason


GOOD = {
    "a write": lambda: make_task(chore()),
    "a write and something to say": lambda: make_task(*LOOK_UP, says=("Al Arden",)),
    "a refusal that must say what was looked up": lambda: make_task(call("get_users"), says=("Al Arden",)),
    "a refusal that must read and hand over": lambda: make_task(call("get_users"), TRANSFER, basis=("DB", "ACTION")),
    "a write of each side": lambda: make_task(
        chore(), call("dismiss_notification", "user", notification_id="notif_1"), basis=("DB", "ACTION")
    ),
    "a call that changes nothing beside one that does": lambda: make_task(chore(), chore()),
    "facts": lambda: make_task(chore(1), facts={"needs": ["CHORE  done"]}),
}


@pytest.mark.parametrize("made", GOOD.values(), ids=GOOD)
def test_a_good_task_passes_every_stage_and_gets_a_certificate(made: Callable[[], Task]) -> None:
    task = made()
    report = certify(make_small(), [task])
    assert report.failed == ()
    assert {name: (tally.passed, tally.failed) for name, tally in report.stages.items()} == dict.fromkeys(ALL, (1, 0))
    certificate = report.certificates[task.key]
    assert (certificate.key, certificate.stages) == (task.key, ALL)
    assert certified(task, certificate).certificate == certificate
    assert certified(task, certificate).key == task.key


def test_a_certificate_is_not_put_on_another_task() -> None:
    one, other = make_task(chore(1)), make_task(chore(2))
    certificate = certify(make_small(), [one]).certificates[one.key]
    with pytest.raises(DataError, match=f"certificate is of a task with the key {one.key}.*certify the task"):
        certified(other, certificate)


# schema

SCHEMA: dict[str, tuple[Callable[[], Task], str]] = {
    "no such world": (lambda: make_task(chore(), world="0" * 64), "there is no world 0000000000000000"),
    "another flavour": (lambda: make_task(chore(), flavour="tau2"), "is for tools of the flavour 'tau2'"),
    "a tool that the user has not": (
        lambda: make_task(chore(), user_tools=["phone"]),
        "offers the user a tool 'phone'",
    ),
    "an assertion that is none": (
        lambda: make_task(chore(), assertions=[{"env_type": "user", "func_name": "assert_joy"}]),
        "no function 'assert_joy'",
    ),
    "a start that cannot be built": (
        lambda: make_task(chore(), initial_state={"initialization_data": {"agent_data": {"cats": {}}}}),
        "has data for 'cats'",
    ),
    "one action id twice": (
        lambda: make_task({**chore(1), "action_id": "a"}, {**chore(2), "action_id": "a"}),
        "has the action id 'a' more than once",
    ),
    "a field of the wrong type": (
        lambda: make_task(chore()).model_copy(update={"ticket": 7}),
        "cannot be written as JSON and read again",
    ),
    "facts that are no JSON": (
        lambda: make_task(chore()).model_copy(update={"facts": {"x": object()}}),
        "cannot be written as JSON and read again",
    ),
    "a number that is none": (lambda: make_task(chore(), facts={"cost": float("nan")}), "it is another task when"),
}


@pytest.mark.parametrize(("made", "reason"), SCHEMA.values(), ids=SCHEMA)
def test_a_task_that_cannot_be_used_fails_the_schema(made: Callable[[], Task], reason: str) -> None:
    stage, why = only_failure(made())
    assert stage == "schema"
    assert reason in why


# replay


def test_a_task_whose_gold_fails_fails_the_replay() -> None:
    stage, why = only_failure(make_task(chore(1), chore(9)))
    assert (stage, why) == ("replay", "the gold call '1' of task 'made' fails: Error: Task task_9 not found")


def test_in_tau2s_flavour_failing_gold_calls_are_counted() -> None:
    domain = make_small(compat=TAU2)
    stage, why = only_failure(make_task(chore(1), chore(9), chore(8), flavour="tau2"), domain)
    assert (stage, why) == ("replay", "2 of its 3 gold calls fail")


# substance

HISTORY = [
    {"role": "user", "content": "Who is there?"},
    {
        "role": "assistant",
        "tool_calls": [{"id": "h", "name": "transfer_to_human_agents", "arguments": {"summary": ""}}],
    },
    {"role": "tool", "id": "h", "content": "Transfer successful"},
    {"role": "assistant", "content": "There is Al Arden."},
]
SAID = {"message_history": [HISTORY[0], HISTORY[3]]}
ASKED = {"message_history": [{"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "Is it Al Arden?"}]}

SUBSTANCE: dict[str, tuple[Callable[[], Task], str]] = {
    "no criteria": (
        lambda: make_task(chore()).model_copy(update={"evaluation_criteria": None}),
        "nothing is graded",
    ),
    "an empty basis": (lambda: make_task(chore(), basis=()), "nothing is graded"),
    "nothing changes and nothing is to be said": (lambda: make_task(call("get_users")), "vacuous: doing nothing"),
    "no gold at all": (lambda: make_task(), "vacuous: doing nothing"),
    "a call that changes nothing": (
        lambda: make_task(call("update_task_status", task_id="task_1", status="pending")),
        "vacuous: doing nothing",
    ),
    "an empty component in place of one that carries the task": (
        lambda: make_task(basis=("DB", "ACTION")),
        "vacuous: doing nothing",
    ),
    "an assertion that holds from the start, alone": (
        lambda: make_task(
            chore(),
            basis=("ENV_ASSERTION",),
            assertions=[
                {
                    "env_type": "assistant",
                    "func_name": "assert_number_of_tasks",
                    "arguments": {"user_id": "user_1", "expected_number": 2},
                }
            ],
        ),
        "vacuous: doing nothing",
    ),
    "an assertion that the gold does not meet": (
        lambda: make_task(
            chore(),
            basis=("DB", "ENV_ASSERTION"),
            assertions=[
                {
                    "env_type": "assistant",
                    "func_name": "assert_number_of_tasks",
                    "arguments": {"user_id": "user_1", "expected_number": 5},
                }
            ],
        ),
        "gold play does not score 1: ENV_ASSERTION ('assert_number_of_tasks')",
    ),
    "a refusal without DB": (
        lambda: make_task(call("get_users"), basis=("COMMUNICATE",), says=("Al Arden",)),
        "DB is not in its basis ['COMMUNICATE']",
    ),
    "a refusal whose databases are not compared": (
        lambda: make_task().model_copy(
            update={
                "evaluation_criteria": make_task(says=("Al Arden",)).evaluation_criteria.model_copy(  # type: ignore[union-attr]
                    update={"actions": None}
                )
            }
        ),
        "databases are not compared",
    ),
    "an action that the history made": (
        lambda: make_task(chore(), TRANSFER, basis=("DB", "ACTION"), initial_state={"message_history": HISTORY}),
        "vacuous: the action '1' was called",
    ),
    "a text that the assistant has said": (
        lambda: make_task(*LOOK_UP, says=("Al Arden",), initial_state=SAID),
        "'Al Arden' that must be said occurs in the history",
    ),
    "a text that the user has said": (
        lambda: make_task(*LOOK_UP, says=("Al Arden",), initial_state=ASKED),
        "'Al Arden' that must be said occurs in the history",
    ),
    "a text of the greeting": (
        lambda: make_task(chore(), says=("today",)),
        "'today' that must be said occurs in the greeting",
    ),
    "a text of the policy": (lambda: make_task(chore(), says=("human agent",)), "occurs in the policy"),
    "a text of the scenario": (
        lambda: make_task(chore(), text="You are AL  ARDEN, 1,234 years old.", says=("1234",)),
        "'1234' that must be said occurs in the user's scenario",
    ),
    "a blank text": (lambda: make_task(chore(), says=("",)), "is no whole token"),
    "a text with a space at its end": (
        lambda: make_task(chore(), says=("Al ",)),
        "'Al ' that must be said is no whole",
    ),
    "a mark alone": (lambda: make_task(chore(), says=("#",)), "'#' that must be said is no whole token"),
}


@pytest.mark.parametrize(("made", "reason"), SUBSTANCE.values(), ids=SUBSTANCE)
def test_a_task_that_pays_for_nothing_fails_the_substance(made: Callable[[], Task], reason: str) -> None:
    stage, why = only_failure(made())
    assert stage == "substance"
    assert reason in why


def test_a_text_is_no_part_of_a_longer_word_or_number() -> None:
    task = make_task(*LOOK_UP, text="It was 12.50 for Alabama.", says=("12", "Al"))
    assert certify(make_small(), [task]).ok


def test_a_task_that_needs_a_judge_cannot_be_certified() -> None:
    task = make_task(chore(), basis=("DB", "NL_ASSERTION"))
    criteria = task.evaluation_criteria
    assert criteria is not None
    judged = task.model_copy(
        update={"evaluation_criteria": criteria.model_copy(update={"nl_assertions": ("The agent is kind.",)})}
    )
    assert only_failure(judged) == ("substance", "its success cannot be told without a judge (NL_ASSERTION)")


# passive

PASSIVE = {
    "no-op": lambda: make_task(chore(), basis=("COMMUNICATE",), says=("message",)),
    "read-only": lambda: make_task(call("get_users"), basis=("DB", "ACTION")),
    "always-transfer": lambda: make_task(TRANSFER, basis=("DB", "ACTION")),
    "always-refuse": lambda: make_task(chore(), basis=("COMMUNICATE",), says=("cannot help",)),
}


@pytest.mark.parametrize("agent", PASSIVE)
def test_a_task_that_a_passive_agent_solves_fails(agent: str) -> None:
    assert only_failure(PASSIVE[agent]()) == ("passive", f"the agent {agent!r} solves it")


def test_a_task_that_the_user_does_alone_fails() -> None:
    task = make_task(call("dismiss_notification", "user", notification_id="notif_1"))
    assert only_failure(task) == ("passive", "the agent 'no-op' solves it")


def test_an_episode_that_the_user_voids_certifies_nothing() -> None:
    class Silent:
        def __init__(self, *_: Any) -> None:
            pass

        def respond(self, view: Any) -> Any:
            raise RuntimeError("no words")

    stage, why = only_failure(
        make_task(chore(), facts={}), make_small(users={"scripted": AgentSpec("scripted", Silent)})
    )
    assert stage == "passive"
    assert why == "the agent 'no-op' could not be graded: the episode is void (user): RuntimeError: no words"


def test_a_task_with_facts_that_no_customer_plays_fails() -> None:
    stage, why = only_failure(make_task(chore(), facts={}), make_small(users={}))
    assert stage == "passive"
    assert "has no scripted user" in why


# facts


@pytest.mark.parametrize("needed", ["#W12", "Chore 3", "12", "2.5", "5", "hor"])
def test_a_scenario_that_lacks_what_it_needs_fails(needed: str) -> None:
    text = "Your order is #W123, it cost 12.5, and you want chore 33 done."
    task = make_task(chore(), text=text, facts={"needs": ["your order", needed]})
    assert only_failure(task) == ("facts", f"its scenario does not hold {needed.casefold()!r}")


@pytest.mark.parametrize("needed", ["#w123", "ORDER\n is", "12.50", "T-Shirt", "chore 33"])
def test_a_scenario_holds_a_text_whatever_its_case_and_spaces(needed: str) -> None:
    text = "Your  order is #W123, it cost 12.50: a T-Shirt. You want Chore\t33."
    assert certify(make_small(), [make_task(chore(), text=text, facts={"needs": [needed]})]).ok


def test_what_a_domain_does_not_say_is_not_checked_and_not_certified() -> None:
    domain = make_small(needs=None, entities=None)
    task = make_task(chore(), facts={"needs": ["nothing like it"]})
    report = certify(domain, [task], disjoint_from=[task.world])
    assert report.certificates[task.key].stages == tuple(name for name in ALL if name not in ("facts", "disjoint"))
    assert report.not_checked == {
        "facts": "the domain 'mock' does not say what a scenario needs",
        "disjoint": "the domain 'mock' does not say who and what its worlds hold",
    }


# disjoint


def test_a_task_over_a_world_with_a_reserved_entity_fails() -> None:
    stage, why = only_failure(make_task(chore(), team="reserved"))
    assert stage == "disjoint"
    assert why == f"its world {world_of('reserved')[:16]} holds the name 'Dot Drake', which is reserved"


def test_a_task_over_a_world_that_shares_an_entity_with_one_apart_fails() -> None:
    stage, why = only_failure(make_task(chore()), disjoint_from=[world_of("other"), world_of("overlapping")])
    assert stage == "disjoint"
    assert why.endswith("holds the name 'Ann Abel', which is in a world that must stay apart")
    assert certify(make_small(), [make_task(chore())], disjoint_from=[world_of("other")]).ok


def test_a_world_apart_that_is_missing_proves_nothing() -> None:
    stage, why = only_failure(make_task(chore()), disjoint_from=["0" * 64])
    assert stage == "disjoint"
    assert "there is no world 0000000000000000" in why


def test_entities_are_listed_once_a_world_and_not_once_a_task() -> None:
    listed = []

    def count(world: Any) -> Any:
        listed.append(1)
        yield "name", str(len(listed))

    pairs = [(n, team) for n in (1, 2) for team in ("ours", "other")]
    tasks = [make_task(chore(n), team=team, text=f"Have chore {n} done.") for n, team in pairs]
    domain = make_small(entities=count)
    assert certify(domain, tasks, disjoint_from=[world_of("overlapping")]).ok
    assert len(listed) == 3


# duplicate


def test_the_second_of_two_equal_tasks_fails() -> None:
    report = certify(make_small(), [make_task(chore()), make_task(chore(), text="Do it in other words.", id="again")])
    assert failures(report) == [("again", "duplicate")]
    assert report.failed[0].reason == "a duplicate: the same start, calls, texts and grading as task 'made'"


def test_tasks_seen_before_count_in_the_next_check() -> None:
    seen = DuplicateIndex()
    assert certify(make_small(), [make_task(chore())], seen=seen).ok
    assert failures(certify(make_small(), [make_task(chore())], seen=seen)) == [("made", "duplicate")]
    assert certify(make_small(), [make_task(chore(2), text="Another.")], seen=seen).ok


# oracle


def test_a_task_that_its_oracle_does_not_solve_fails() -> None:
    task = make_task(chore(), facts={})
    assert only_failure(task, make_small(agents={"oracle": AgentSpec("oracle", NoOp)})) == (
        "oracle",
        "the oracle does not solve it: DB failed",
    )


def test_a_task_of_prose_is_played_to_the_minimal_user() -> None:
    domain = make_small(agents={"oracle": AgentSpec("oracle", NoOp)})
    assert certify(domain, [make_task(chore())]).ok
    stage, why = only_failure(make_task(chore(), text="Say ###STOP### at once."), domain)
    assert (stage, why) == ("oracle", "the oracle does not solve it: DB failed")


# the funnel


def test_the_funnel_counts_each_task_up_to_its_first_failure() -> None:
    tasks = [
        make_task(chore(1), id="good"),
        make_task(chore(9), id="failing"),
        make_task(id="empty"),
        make_task(TRANSFER, basis=("DB", "ACTION"), id="passive"),
        make_task(chore(1), id="again"),
    ]
    progress: list[None] = []
    report = certify(make_small(), tasks, progress=lambda: progress.append(None))
    assert report.tasks == len(progress) == 5
    assert {name: (tally.passed, tally.failed) for name, tally in report.stages.items()} == {
        "schema": (5, 0),
        "replay": (4, 1),
        "substance": (3, 1),
        "passive": (2, 1),
        "facts": (2, 0),
        "disjoint": (2, 0),
        "duplicate": (1, 1),
        "oracle": (1, 0),
    }
    assert failures(report) == [
        ("failing", "replay"),
        ("empty", "substance"),
        ("passive", "passive"),
        ("again", "duplicate"),
    ]
    assert list(report.certificates) == [tasks[0].key]


def test_a_proposer_adds_stages_of_its_own() -> None:
    def refuse(domain: Domain, task: Task, context: Any) -> str | None:
        if task.id == "bad":
            raise TaskError("cannot be measured")
        return "no signal" if task.id == "easy" else None

    tasks = [make_task(chore(1)), make_task(chore(2), id="easy"), make_task(chore(2), id="bad")]
    report = certify(make_small(), tasks, stages=[STAGES[0], Stage("signal", refuse)])
    assert [(f.task, f.stage, f.reason) for f in report.failed] == [
        ("easy", "signal", "no signal"),
        ("bad", "signal", "cannot be measured"),
    ]
    assert report.certificates[tasks[0].key].stages == ("schema", "signal")


def test_a_bug_of_the_domain_is_not_taken_for_a_bad_task() -> None:
    def broken(task: Task, database: Any) -> Any:
        raise KeyError("typo")

    with pytest.raises(KeyError, match="typo"):
        certify(make_small(needs=broken), [make_task(chore())])


@pytest.mark.parametrize(
    "order",
    [
        {"clue": "the order with the Unicorn Saddle", "signs": ["Unicorn Saddle"]},
        {"clue": "", "signs": []},
        {"clue": "the one that I mean", "signs": []},
    ],
)
def test_a_retail_clue_that_tells_no_order_apart_fails(order: dict[str, Any]) -> None:
    retail = make_domain("retail")
    task = next(
        task for task in retail.tasks["dev"] if task.provenance is not None and task.provenance.kind == "cancel_vague"
    )
    facts = json.loads(json.dumps(task.facts))
    facts["requests"][0]["order"] |= order
    bad = task.model_copy(update={"facts": facts})
    report = certify(retail, [task, bad])
    assert [(failure.task, failure.stage) for failure in report.failed] == [(bad.id, "facts")]


def test_a_needed_text_that_is_empty_fails() -> None:
    task = make_task(chore(), facts={"needs": [""]})
    assert [failure.stage for failure in certify(make_small(), [task]).failed] == ["facts"]
