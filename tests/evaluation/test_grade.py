"""Grading by tau2's rules, through episodes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.compat.tau2 import TAU2
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.turns import take_verdict
from toolgym.errors import TaskError
from toolgym.evaluation.grade import Judge, Verdict, matches
from toolgym.limits import Limits
from toolgym.messages import STOP, AgentID, Message, ToolCall
from toolgym.rewards import build_reward
from toolgym.tasks import Action, Task
from toolgym.tools import Effect, Toolkit, tool
from toolgym.trajectory import Fault, Grade

DONE = {"name": "update_task_status", "arguments": {"task_id": "task_1", "status": "completed"}}
OPEN = {"name": "update_task_status", "arguments": {"task_id": "task_1", "status": "pending"}}
READ = {"name": "get_users", "arguments": {}}
DISMISS = {"name": "dismiss_notification", "arguments": {"notification_id": "notif_1"}, "requestor": "user"}
STATUS = {
    "env_type": "assistant",
    "func_name": "assert_task_status",
    "arguments": {"task_id": "task_1", "expected_status": "completed"},
}


def make_task(domain: Domain, *gold: dict[str, Any], basis: Sequence[str] = ("DB",), **criteria: Any) -> Task:
    """A task over the world of the test split, in which task_1 is pending and notif_1 unread."""
    actions = [{"action_id": str(place), **action} for place, action in enumerate(gold)]
    fields = {
        "id": "made",
        "user_scenario": {"instructions": "You want something."},
        "evaluation_criteria": {"actions": actions, "reward_basis": basis, **criteria},
        "world": domain.tasks["test"][0].world,
    }
    return Task.model_validate(fields)


def play(domain: Domain, task: Task, *script: Any, judge: Judge | None = None) -> Grade:
    """The grade after a dialogue of calls (mappings) and of what the assistant says (text)."""
    episode = Episode(domain, task, judged=judge is not None)
    for entry in script:
        side: AgentID = entry.get("requestor", "assistant") if isinstance(entry, dict) else "assistant"
        if episode.turn != side:
            episode.advance(Message(episode.turn or "user", "So?"))
        if isinstance(entry, dict):
            made = ToolCall(entry["name"], entry["arguments"], "c", side)
            episode.advance(Message(side, None, (made,)))
        else:
            episode.advance(Message("assistant", entry))
    if episode.turn == "assistant":
        episode.advance(Message("assistant", "Bye."))
    episode.advance(Message("user", STOP))
    take_verdict(episode, judge)
    return episode.grade


# DB


@pytest.mark.parametrize(
    ("gold", "script", "match"),
    [
        ([DONE], [DONE], True),
        ([DONE], [READ, DONE, READ], True),
        ([DONE], [DONE, DONE], True),
        ([DONE], [DONE, OPEN], False),
        ([DONE], [], False),
        ([], [], True),
        ([], [DONE], False),
        ([], [DONE, OPEN], True),
        ([DONE, DISMISS], [DONE, DISMISS], True),
        ([DONE, DISMISS], [DISMISS, DONE], True),
        ([DONE, DISMISS], [DONE], False),  # the user's database is compared too
        ([DONE], [DONE, DISMISS], False),
    ],
)
def test_the_databases_must_be_as_the_gold_leaves_them(
    mock: Domain, gold: list[dict[str, Any]], script: list[Any], match: bool
) -> None:
    grade = play(mock, make_task(mock, *gold), *script)
    assert grade.db_match is match
    assert grade.components == {"DB": float(match)}
    assert (grade.reward, grade.success) == (float(match), match)


def test_a_task_without_criteria_is_solved_by_any_end(mock: Domain) -> None:
    task = make_task(mock).model_dump() | {"evaluation_criteria": None}
    grade = play(mock, Task.model_validate(task), DONE)
    assert (grade.reward, grade.success, grade.basis) == (1.0, True, ())


def test_without_gold_and_assertions_there_is_no_database_to_compare(mock: Domain) -> None:
    assert play(mock, make_task(mock, actions=None), DONE).db_match is True
    assert play(mock, make_task(mock, actions=[]), DONE).db_match is False


class Peeking(Toolkit):
    """A read that, as tau2 allows, changes the state."""

    @tool(Effect.READ)
    def peek(self) -> str:
        """Look, and leave a trace."""
        self.db.edit("tasks", "task_1")["status"] = "completed"
        return "seen"


def test_in_the_tau2_flavour_what_a_read_changed_is_not_graded(mock: Domain) -> None:
    domain = mock.with_data(compat=TAU2, toolkits={"assistant": Peeking})
    task = Task.model_validate({**make_task(mock).model_dump(), "flavour": "tau2"})
    assert play(domain, task, {"name": "peek", "arguments": {}}).db_match is True


# Only what is in the basis counts


@pytest.mark.parametrize(
    ("basis", "components", "reward"),
    [
        (["DB"], {"DB": 0.0}, 0.0),
        (["ACTION"], {"ACTION": 1.0}, 1.0),
        (["DB", "ACTION"], {"DB": 0.0, "ACTION": 1.0}, 0.0),
        (["COMMUNICATE", "ACTION"], {"COMMUNICATE": 0.0, "ACTION": 1.0}, 0.0),
        (["ENV_ASSERTION"], {"ENV_ASSERTION": 0.0}, 0.0),
        ([], {}, 1.0),
    ],
)
def test_the_reward_is_the_product_of_the_basis_and_the_rest_is_checked_all_the_same(
    mock: Domain, basis: list[str], components: dict[str, float], reward: float
) -> None:
    task = make_task(mock, DONE, basis=basis, env_assertions=[STATUS], communicate_info=["forty-two"])
    grade = play(mock, task, DONE, OPEN)
    assert (grade.basis, grade.components, grade.reward) == (tuple(basis), components, reward)
    assert grade.success is (reward == 1.0)
    checked = (grade.db_match, grade.actions[0].met, grade.env_assertions[0].met, grade.communicate[0].met)
    assert checked == (False, True, False, False)


# ENV_ASSERTION


@pytest.mark.parametrize(
    ("changes", "script", "met"),
    [
        ({}, [DONE], True),
        ({}, [], False),
        ({"assert_value": False}, [], True),
        ({"assert_value": False}, [DONE], False),
        ({"arguments": {"task_id": "task_99", "expected_status": "completed"}}, [DONE], False),  # it raises
        ({"arguments": {"task_id": "task_99", "expected_status": "x"}, "assert_value": False}, [], False),
    ],
)
def test_an_assertion_is_asked_of_the_final_state_and_one_that_raises_is_not_met(
    mock: Domain, changes: dict[str, Any], script: list[Any], met: bool
) -> None:
    task = make_task(mock, basis=["ENV_ASSERTION"], env_assertions=[{**STATUS, **changes}])
    grade = play(mock, task, *script)
    assert [check.met for check in grade.env_assertions] == [met]
    assert grade.reward == float(met)


@pytest.mark.parametrize(
    ("assertion", "note"),
    [
        ({"func_name": "get_users"}, "it answered [{'user_id'"),
        ({"func_name": "assert_task_status", "arguments": {"task_id": "task_1"}}, "it raised TypeError: "),
        ({"func_name": "assert_task_status", "arguments": {"x": 1}}, "it raised TypeError: "),
        ({"func_name": "assert_task_status", "arguments": {"task_id": [], "expected_status": "x"}}, "it raised "),
        ({"func_name": "assert_number_of_tasks", "arguments": {"user_id": "gone", "expected_number": 1}}, "it raised "),
    ],
)
@pytest.mark.parametrize("value", [True, False])
def test_an_assertion_that_raises_or_answers_neither_yes_nor_no_is_not_met_and_says_why(
    mock: Domain, assertion: dict[str, Any], note: str, value: bool
) -> None:
    assertion = {"env_type": "assistant", "assert_value": value, **assertion}
    grade = play(mock, make_task(mock, basis=["ENV_ASSERTION"], env_assertions=[assertion]))
    (check,) = grade.env_assertions
    assert (check.met, grade.reward) == (False, 0.0)
    assert check.note.startswith(note)


def test_an_assertion_of_no_function_is_a_mistake_of_the_task(mock: Domain) -> None:
    with pytest.raises(TaskError, match="assert_nothing"):
        play(mock, make_task(mock, env_assertions=[{"env_type": "assistant", "func_name": "assert_nothing"}]))


def test_assertions_change_nothing_that_is_kept(mock: Domain) -> None:
    change = {"env_type": "assistant", "func_name": "update_task_status", "arguments": DONE["arguments"]}
    episode = Episode(mock, make_task(mock, env_assertions=[change], basis=["ENV_ASSERTION"]))
    episode.advance(Message("user", STOP))
    assert [check.met for check in episode.grade.env_assertions] == [False]
    assert episode.session.diff() == {}


@pytest.mark.parametrize(
    ("basis", "components"),
    [
        (["DB", "COMMUNICATE"], {"COMMUNICATE": 1.0}),
        (["DB", "ENV_ASSERTION", "ACTION"], {"ACTION": 1.0}),
        (["DB"], {}),
        (["ENV_ASSERTION"], {}),
    ],
)
def test_a_task_with_neither_gold_calls_nor_assertions_leaves_databases_and_assertions_out(
    mock: Domain, basis: list[str], components: dict[str, float]
) -> None:
    nothing = make_task(mock, basis=basis, actions=None)
    grade = play(mock, nothing, DONE)
    assert (grade.reward, grade.db_match, grade.basis, grade.components) == (1.0, True, tuple(basis), components)
    empty = play(mock, make_task(mock, basis=basis), DONE)  # an empty list is gold: nothing may change
    assert empty.components.keys() == set(basis)


# ACTION

ARGUMENTS = st.dictionaries(st.sampled_from("abc"), st.integers(0, 1), max_size=3)


@given(ARGUMENTS, ARGUMENTS)
def test_a_call_matches_if_the_arguments_that_it_names_are_the_golds(
    gold: dict[str, int], given_: dict[str, int]
) -> None:
    action = Action(action_id="0", name="x", arguments=gold)
    expected = all(name in gold and gold[name] == value for name, value in given_.items())
    assert matches(action, ToolCall("x", given_)) is expected
    assert not matches(action, ToolCall("y", given_))


@given(ARGUMENTS, ARGUMENTS, st.lists(st.sampled_from("abc"), unique=True))
def test_compare_args_names_the_arguments_that_count(
    gold: dict[str, int], given_: dict[str, int], compared: list[str]
) -> None:
    action = Action(action_id="0", name="x", arguments=gold, compare_args=tuple(compared))
    expected = all(gold.get(name) == given_.get(name) for name in compared)
    assert matches(action, ToolCall("x", given_)) is expected


@pytest.mark.parametrize(
    ("gold", "script", "met"),
    [
        ([DONE, READ], [READ, DONE], True),  # in any order
        ([READ, READ], [READ], True),  # however often
        ([DONE], [OPEN], False),
        ([{**DONE, "compare_args": []}], [OPEN], True),
        ([], [], True),
    ],
)
def test_every_gold_call_must_be_matched_by_some_call(
    mock: Domain, gold: list[dict[str, Any]], script: list[Any], met: bool
) -> None:
    grade = play(mock, make_task(mock, *gold, basis=["ACTION"]), *script)
    assert all(check.met for check in grade.actions) is met
    assert grade.reward == float(met)


# COMMUNICATE


@pytest.mark.parametrize(
    ("info", "said", "met"),
    [
        ("Noor Jansen", "It is NOOR JANSEN's.", True),
        ("1000", "That makes $1,000.", True),
        ("1,000", "That makes 1,000.", True),
        ("10", "It costs 2103.", False),  # whole words and numbers only
        ("10", "It costs 10.50.", False),
        ("10", "It costs 10.", True),
        ("Hello!", "", True),  # the greeting counts
        ("You want", "", False),  # the user's words do not
        ("seven", "Six.", False),
    ],
)
def test_a_fact_must_be_part_of_what_the_assistant_said(mock: Domain, info: str, said: str, met: bool) -> None:
    task = make_task(mock, basis=["COMMUNICATE"], communicate_info=[info])
    grade = play(mock, task, *([said] if said else []))
    assert [(check.what, check.met) for check in grade.communicate] == [(info, met)]
    assert grade.reward == float(met)


FLY = {"name": "fly", "arguments": {"to": "x"}}


def tau2_flavoured(mock: Domain, *gold: dict[str, Any], **criteria: Any) -> tuple[Domain, Task]:
    """The mock domain with tools as tau2 has them, and a task for it."""
    task = make_task(mock, *gold, **criteria)
    return mock.with_data(compat=TAU2), task.model_copy(update={"flavour": "tau2"})


@pytest.mark.parametrize(
    ("gold", "script"), [([FLY, DONE], [DONE]), ([{**DONE, "requestor": "user"}], [])], ids=["no tool", "wrong side"]
)
def test_tau2s_failing_gold_calls_are_passed_over(mock: Domain, gold: list[Any], script: list[Any]) -> None:
    assert play(*tau2_flavoured(mock, *gold, basis=["DB"]), *script).reward == 1.0


@pytest.mark.parametrize("gold", [FLY, {**DONE, "requestor": "user"}], ids=["no tool", "wrong side"])
def test_a_failing_gold_call_of_ours_is_a_mistake_of_the_task(mock: Domain, gold: dict[str, Any]) -> None:
    with pytest.raises(TaskError, match="gold call '0' of task 'made' fails"):
        play(mock, make_task(mock, gold, basis=["DB"]))


def test_tau2_matches_failed_calls_and_calls_of_either_side(mock: Domain) -> None:
    assert play(*tau2_flavoured(mock, FLY, basis=["ACTION"]), FLY).reward == 1.0
    assert play(*tau2_flavoured(mock, {**DONE, "requestor": "user"}, basis=["ACTION"]), DONE).reward == 1.0


@pytest.mark.parametrize(("info", "said", "met"), [("1,000", "1,000.", False), ("10", "It costs 2103.", True)])
def test_tau2_takes_commas_from_what_is_said_alone_and_any_part_of_a_word(
    mock: Domain, info: str, said: str, met: bool
) -> None:
    domain, task = tau2_flavoured(mock, basis=["COMMUNICATE"], communicate_info=[info])
    assert play(domain, task, said).success is met


@pytest.mark.parametrize(("flavour", "success"), [("tau2", True), ("toolgym", False)])
def test_a_fact_sent_along_with_a_call_was_told_to_nobody_and_counts_in_tau2_alone(
    mock: Domain, flavour: str, success: bool
) -> None:
    domain, task = tau2_flavoured(mock, basis=["COMMUNICATE"], communicate_info=["forty-two"])
    if flavour == "toolgym":
        domain, task = mock, make_task(mock, basis=["COMMUNICATE"], communicate_info=["forty-two"])
    episode = Episode(domain, task)
    episode.advance(Message("user", "forty-one"))
    episode.advance(Message("assistant", "It is forty-two.", (ToolCall("get_users", {}, "c"),)))
    assert "forty-two" not in str(episode.view("user"))
    episode.advance(Message("assistant", "Bye."))
    episode.advance(Message("user", STOP))
    assert episode.grade.success is success


# NL_ASSERTION

POLITE = ["It was polite.", "It was brief."]


def verdicts(*met: bool) -> Judge:
    return lambda wanted, messages: [Verdict(one, "because") for one in met]


@pytest.mark.parametrize(
    ("judge", "script", "reward", "not_judged"),
    [
        (None, [DONE], None, ("NL_ASSERTION",)),
        (None, [], 0.0, ("NL_ASSERTION",)),  # the database settles it without a judge
        (verdicts(True, True), [DONE], 1.0, ()),
        (verdicts(True, False), [DONE], 0.0, ()),
        (verdicts(True, True), [], 0.0, ()),
    ],
)
def test_without_a_judge_an_assertion_is_not_judged_and_never_passed(
    mock: Domain, judge: Judge | None, script: list[Any], reward: float | None, not_judged: tuple[str, ...]
) -> None:
    task = make_task(mock, DONE, basis=["DB", "NL_ASSERTION"], nl_assertions=POLITE)
    grade = play(mock, task, *script, judge=judge)
    assert (grade.reward, grade.not_judged) == (reward, not_judged)
    assert grade.success is (None if reward is None else reward == 1.0)
    assert [check.what for check in grade.nl_assertions] == POLITE


@pytest.mark.parametrize(("basis", "assertions"), [(["DB"], POLITE), (["DB", "NL_ASSERTION"], [])])
def test_a_judge_is_not_asked_where_nothing_depends_on_it(
    mock: Domain, basis: list[str], assertions: list[str]
) -> None:
    def judge(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        raise AssertionError("nobody should ask")

    grade = play(mock, make_task(mock, basis=basis, nl_assertions=assertions), judge=judge)
    assert (grade.reward, grade.nl_assertions) == (1.0, ())


@pytest.mark.parametrize("given_", [(), (True,), (True, True, True)])
def test_a_judge_with_another_number_of_verdicts_voids_the_episode(mock: Domain, given_: tuple[bool, ...]) -> None:
    task = make_task(mock, basis=["NL_ASSERTION"], nl_assertions=POLITE)
    grade = play(mock, task, judge=verdicts(*given_))
    assert grade.success is None
    assert f"{len(given_)} verdicts on 2" in grade.note


def test_a_judge_sees_the_whole_dialogue_and_is_asked_once(mock: Domain) -> None:
    asked: list[tuple[Sequence[str], int]] = []

    def judge(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        asked.append((wanted, len(messages)))
        return [Verdict(True, "")] * len(wanted)

    task = make_task(mock, basis=["NL_ASSERTION"], nl_assertions=POLITE)
    episode = Episode(mock, task, judged=True)
    episode.advance(Message("user", STOP))
    take_verdict(episode, judge)
    assert take_verdict(episode, judge) == []
    assert episode.grade is episode.grade
    assert episode.trajectory().grade is episode.grade
    assert asked == [(tuple(POLITE), 2)]


def test_a_judge_that_fails_voids_the_episode_and_stops_nothing(mock: Domain) -> None:
    def judge(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        raise ConnectionError("the judge is asleep")

    task = make_task(mock, basis=["NL_ASSERTION"], nl_assertions=POLITE)
    episode = Episode(mock, task, judged=True, terms=build_reward("sparse"))
    episode.advance(Message("user", STOP))
    assert [step.truncated for step in take_verdict(episode, judge)] == [True]
    trajectory = episode.trajectory()
    assert trajectory.fault is not None
    assert (trajectory.fault.source, trajectory.success, trajectory.rewards) == ("judge", None, {})
    assert "the judge is asleep" in trajectory.fault.reason


# How it ended


@pytest.mark.parametrize("limits", [Limits(max_steps=3), Limits(max_errors=1)])
def test_an_episode_that_was_cut_off_is_no_success_whatever_it_did(mock: Domain, limits: Limits) -> None:
    episode = Episode(mock, make_task(mock, DONE), limits=limits)
    episode.advance(Message("user", "Hi."))
    wanted = ToolCall(DONE["name"], DONE["arguments"], "c")  # type: ignore[arg-type]  # a text and a mapping
    episode.advance(Message("assistant", None, (wanted, ToolCall("fly", {}, "d"))))
    assert episode.turn is None
    assert episode.session.diff() == episode.prepared.gold_diff
    assert (episode.grade.reward, episode.grade.success, episode.grade.actions) == (0.0, False, ())


def test_a_void_episode_has_no_grade_that_counts_and_asks_no_judge(mock: Domain) -> None:
    def judge(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        raise AssertionError("nobody should ask")

    task = make_task(mock, basis=["NL_ASSERTION"], nl_assertions=POLITE)
    episode = Episode(mock, task, judged=True)
    episode.fail(Fault("user", "line dropped"))
    assert take_verdict(episode, judge) == []
    assert (episode.grade.reward, episode.grade.success) == (None, None)
    assert "line dropped" in episode.grade.note
