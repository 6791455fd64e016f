"""What an episode leaves behind: one JSON line that holds all of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym import make_agent, make_user
from toolgym.actions import parse_action
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import DataError
from toolgym.messages import Message, ToolCall
from toolgym.rollouts import play
from toolgym.trajectory import FORMAT, Check, Fault, Grade, Step, Trajectory, Usage

TEXT = st.text(st.characters(), max_size=12)  # lone surrogates included: a model may write them
NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
SIDES = st.sampled_from(["assistant", "user"])
MAYBE = st.none() | st.booleans()
CALLS = st.builds(ToolCall, TEXT, st.dictionaries(TEXT, VALUES, max_size=2), TEXT, SIDES, st.none() | TEXT)
MESSAGES = st.builds(
    Message,
    st.sampled_from(["system", "assistant", "user", "tool"]),
    st.none() | TEXT,
    st.lists(CALLS, max_size=2).map(tuple),
    st.none() | TEXT,
    SIDES,
    st.booleans(),
    st.none() | st.integers(0, 10**9),
)
CHECKS = st.lists(st.builds(Check, TEXT, MAYBE, TEXT), max_size=2).map(tuple)
GRADES = st.builds(
    Grade,
    st.none() | st.sampled_from([0.0, 1.0]),
    MAYBE,
    st.lists(st.sampled_from(["DB", "ACTION"]), max_size=2).map(tuple),
    st.dictionaries(st.sampled_from(["DB", "ACTION"]), st.none() | st.sampled_from([0.0, 1.0])),
    MAYBE,
    CHECKS,
    CHECKS,
    CHECKS,
    CHECKS,
    TEXT,
)
TRAJECTORIES = st.builds(
    Trajectory,
    TEXT,
    TEXT,
    TEXT,
    st.lists(MESSAGES, max_size=3).map(tuple),
    st.none() | st.sampled_from(["user_stop", "max_steps"]),
    st.none() | GRADES,
    history=st.integers(0, 3),
    fault=st.none() | st.builds(Fault, st.sampled_from(["user", "judge", "service", "task"]), TEXT),
    rewards=st.dictionaries(SIDES, st.dictionaries(TEXT, st.floats(allow_nan=False, allow_infinity=False), max_size=2)),
    agent=TEXT,
    trial=st.integers(0, 9),
    seed=st.none() | st.integers(0, 2**63),
    usage=st.dictionaries(
        st.sampled_from(["assistant", "user", "judge"]),
        st.builds(Usage, *[st.none() | st.integers(0, 99)] * 3, cost_usd=st.none() | st.floats(0, 9)),
    ),
    started=st.none() | st.floats(0, 1e10),
)


@given(TRAJECTORIES)
def test_a_trajectory_is_one_ascii_line_and_reads_back_equal(trajectory: Trajectory) -> None:
    line = trajectory.to_json()
    assert line.isascii()
    assert len(line.splitlines()) == 1
    assert Trajectory.from_json(line) == trajectory
    assert Trajectory.from_json(line).to_json() == line


def test_a_played_trajectory_reads_back_equal(mock: Domain) -> None:
    episode = play(mock, mock.tasks["test"][4], make_agent("oracle"), make_user("minimal"))
    trajectory = episode.trajectory(agent="oracle", user="minimal", trial=2, seed=7, split="test")
    assert Trajectory.from_json(trajectory.to_json()) == trajectory
    assert trajectory.episode_id == f"{mock.tasks['test'][4].key}-2"
    assert (trajectory.started or 0) > 0
    assert (trajectory.seconds or 0) > 0


def test_arguments_nested_as_deeply_as_is_taken_can_be_stored_and_read_again(mock: Domain) -> None:
    for depth in range(900, 1100):
        episode = Episode(mock, mock.tasks["test"][0])
        episode.advance(Message("user", "Hi."))
        episode.advance(parse_action(f'{{"name": "get_users", "arguments": {{"x": {"[" * depth}{"]" * depth}}}}}'))
        line = episode.trajectory().to_json()
        assert Trajectory.from_json(line).to_json() == line


def test_fields_at_their_default_are_left_out() -> None:
    short = Trajectory("mock", "one", "ab", (Message("user", "Hi."),), None, None)
    assert json.loads(short.to_json()) == {
        "format": FORMAT,
        "domain": "mock",
        "task_id": "one",
        "task_key": "ab",
        "messages": [{"role": "user", "content": "Hi."}],
        "termination": None,
        "grade": None,
    }
    assert json.loads(replace(short, seed=0, history=0).to_json())["seed"] == 0


START = '{"format": 1, "domain": "m", "task_id": "t", "task_key": "k", "termination": null, '


@pytest.mark.parametrize(
    "line",
    [
        "",
        "{",
        "5",
        "null",
        "[]",
        '"text"',
        "{}",
        '{"format": 1}',
        '{"format": 2, "domain": "mock"}',
        START + '"messages": []}',
        START + '"messages": 5, "grade": null}',
        START + '"messages": [], "grade": null, "colour": "red"}',
        START + '"messages": [], "grade": {"success": true}}',
        START + '"messages": [], "grade": null, "fault": "user"}',
        START + '"messages": [{"text": "Hi."}], "grade": null}',
    ],
)
def test_a_line_that_is_no_trajectory_is_an_error(line: str) -> None:
    with pytest.raises(DataError, match="not a trajectory"):
        Trajectory.from_json(line)


@given(TRAJECTORIES, st.data())
def test_a_line_that_was_cut_off_is_an_error_and_never_another_trajectory(
    trajectory: Trajectory, data: st.DataObject
) -> None:
    line = trajectory.to_json()
    cut = data.draw(st.integers(0, len(line) - 1))
    with pytest.raises(DataError):
        Trajectory.from_json(line[:cut])


GOOD = Grade(1.0, True, ("DB",), {"DB": 1.0})


@pytest.mark.parametrize(
    ("changes", "success"),
    [
        ({"grade": GOOD}, True),
        ({"grade": Grade(0.0, False)}, False),
        ({"grade": Grade(None, None)}, None),
        ({"grade": None}, None),
        ({"grade": GOOD, "fault": Fault("user", "x")}, None),
        ({"grade": Grade(0.0, False), "rewards": {"assistant": {"success": 1.0}}}, False),
        ({"grade": GOOD, "rewards": {"assistant": {"repeat": -5.0}}}, True),
    ],
)
def test_success_is_the_grades_and_never_the_rewards(changes: dict[str, Any], success: bool | None) -> None:
    assert replace(Trajectory("mock", "one", "ab", (), "user_stop", None), **changes).success is success


def test_a_grade_names_what_nobody_judged() -> None:
    grade = Grade(None, None, ("DB", "NL_ASSERTION"), {"DB": 1.0, "NL_ASSERTION": None})
    assert grade.not_judged == ("NL_ASSERTION",)
    assert GOOD.not_judged == ()


def test_a_steps_reward_is_the_sum_of_a_sides_terms() -> None:
    step = Step("assistant", (), {"assistant": {"a": 0.5, "b": -0.25}, "user": {"a": 1.0}}, False, False)
    assert (step.reward(), step.reward("user")) == (0.25, 1.0)
    assert Step("user", (), {}, False, False).reward() == 0.0


def test_further_fields_of_messages_and_calls_are_stored_and_older_lines_are_still_read() -> None:
    call = ToolCall("pay", {"cents": 5}, "c1", extra={"extra_content": {"signature": "s"}})
    message = Message("assistant", None, (call,), extra={"reasoning_details": [{"data": "x"}]})
    row = Trajectory("mock", "t", "k", (message,), "user_stop", None)
    assert Trajectory.from_json(row.to_json()) == row
    plain = replace(row, messages=(Message("assistant", None, (replace(call, extra=None),)),))
    assert "extra" not in plain.to_json()
    assert Trajectory.from_json(plain.to_json()) == plain


@pytest.mark.parametrize(
    "facts",
    [
        {"messages": [{"role": "x", "content": "a"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"messages": [{"role": "user", "content": "a", "requestor": "x"}]},
        {"messages": [{"role": "user", "content": "a", "tokens": "5"}]},
        {"messages": [{"content": "a"}]},
        {"messages": [None]},
        {"messages": [{"role": "assistant", "tool_calls": [{"name": 5}]}]},
        {"messages": [{"role": "assistant", "tool_calls": [{"name": "a", "arguments": [1]}]}]},
        {"messages": [{"role": "assistant", "tool_calls": {"name": "a"}}]},
        {"usage": {"assistant": {"calls": "x"}}},
        {"usage": [1]},
        {"rewards": {"assistant": {"a": "x"}}},
        {"grade": {"reward": 1.0, "success": True, "components": {"DB": "x"}}},
        {"grade": {"reward": "1", "success": True}},
        {"fault": {"source": "user", "reason": 5}},
        {"history": -5},
        {"trial": "x"},
        {"domain": 5},
        {"injected": [{"pattern": 1, "message": 1, "recovered": True}]},
    ],
)
def test_a_value_of_another_kind_is_refused(facts: dict[str, object]) -> None:
    whole = {"format": 1, "domain": "d", "task_id": "t", "task_key": "k", "messages": [], "termination": None}
    Trajectory.from_json(json.dumps({**whole, "grade": None}))
    with pytest.raises(DataError, match="not a trajectory"):
        Trajectory.from_json(json.dumps({**whole, "grade": None, **facts}))
