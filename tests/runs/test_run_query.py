"""Runs as tables: every row as it was recorded, nothing else within reach."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from evaluations import evaluate
from hypothesis import given, settings
from hypothesis import strategies as st
from kept_runs import ODD, call, keep, missed, played, solved

from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import DataError, QueryError
from toolgym.limits import Limits
from toolgym.messages import Message, ToolCall
from toolgym.patterns import Injection
from toolgym.rollouts import Settings
from toolgym.runs import TABLES, Run, columns, query, read_trajectories
from toolgym.runs.files import TIMINGS, TRAJECTORIES
from toolgym.tools import Tool
from toolgym.trajectory import Check, Fault, Grade, Usage


def tools(domain: str) -> dict[str, Tool]:
    kits = make_domain(domain).toolkits
    return {name: tool for kit in kits.values() for name, tool in kit.tools.items()}


def rows(folder: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    return query({"x": folder}, sql, values, tools=tools).rows


@pytest.fixture
def folder(mock: Domain, tmp_path: Path) -> Path:
    return keep(tmp_path / "x", solved(mock), missed(mock, trial=1))


def test_an_episode_is_a_row_with_what_was_recorded_of_it(mock: Domain, tmp_path: Path) -> None:
    row = replace(
        solved(mock, trial=3, seed=2**70),
        usage={"assistant": Usage(4, 100, 12, 0.5), "user": Usage(output_tokens=7)},
        injected=(Injection("repeated_call", 4, True),),
        rewards={"assistant": {"success": 1.0, "repeat": -0.05}},
    )
    folder = keep(tmp_path / "x", row)
    answer = query({"x": folder}, "SELECT * FROM episodes")
    (found,) = (dict(zip(answer.columns, values, strict=True)) for values in answer.rows)
    told = {
        "run": "x",
        "episode": row.episode_id,
        "domain": "mock",
        "data": "toolgym",
        "split": "test",
        "task_id": "test-008",
        "task_key": row.task_key,
        "trial": 3,
        "agent": "hand",
        "user": "hand",
        "seed": 2**70,
        "termination": "user_stop",
        "success": True,
        "reward": 1.0,
        "fault_source": None,
        "db_match": True,
        "components": {"DB": 1.0, "COMMUNICATE": 1.0},
        "not_judged": False,
        "messages": len(row.messages),
        "calls": 4,
        "errors": 1,
        "assistant_requests": 4,
        "assistant_cost_usd": 0.5,
        "user_output_tokens": 7,
        "user_cost_usd": None,
        "judge_requests": None,
        "patterns": ["repeated_call"],
        "seconds": 1.5,
        "line": 1,
    }
    assert {name: found[name] for name in told} == told
    assert found["started"].isoformat() == "2023-11-14T22:13:20.250000"
    assert rows(folder, "SELECT * FROM rewards ORDER BY amount") == [
        ("x", row.episode_id, "assistant", "repeat", -0.05),
        ("x", row.episode_id, "assistant", "success", 1.0),
    ]
    assert rows(folder, "SELECT position, pattern, message, recovered FROM injected") == [(0, "repeated_call", 4, True)]


def test_messages_are_rows_in_their_order(folder: Path) -> None:
    first, second = read_trajectories(folder)
    found = rows(folder, "SELECT episode, position, role, content, requestor, error, tokens, calls FROM messages")
    assert found == [
        (
            row.episode_id,
            position,
            message.role,
            message.content,
            message.requestor if message.role == "tool" else None,
            message.error,
            message.tokens,
            len(message.tool_calls),
        )
        for row in (first, second)
        for position, message in enumerate(row.messages)
    ]


def test_calls_are_rows_with_their_results(folder: Path) -> None:
    said = [message.content for message in next(read_trajectories(folder)).messages]
    wrong, right = ({"task_id": name, "status": "completed"} for name in ("task_999", "task_8"))
    assert rows(
        folder,
        "SELECT position, number, requestor, name, arguments, effect, error, repeated, result FROM calls "
        "WHERE episode LIKE '%-0'",
    ) == [
        (2, 0, "assistant", "get_users", {}, "read", False, False, said[3]),
        (4, 0, "assistant", "get_users", {}, "read", False, True, said[5]),
        (6, 0, "assistant", "update_task_status", wrong, "write", True, False, said[7]),
        (8, 0, "assistant", "update_task_status", right, "write", False, False, said[9]),
    ]


def test_several_calls_of_one_message_each_have_their_own_result(mock: Domain, tmp_path: Path) -> None:
    made = (
        ToolCall("a", {}, "1"),
        ToolCall("b", {"x": [1, None, {"é": True}]}, "2"),
        ToolCall("", {}, "3", problem="?", raw="{"),
    )
    results = (Message("tool", "A", tool_call_id="1"), Message("tool", "B", tool_call_id="2", error=True))
    row = replace(solved(mock), messages=(Message("user", "Hi"), Message("assistant", None, made), *results))
    folder = keep(tmp_path / "x", row)
    assert rows(folder, "SELECT number, name, arguments, problem, error, result, repeated FROM calls") == [
        (0, "a", {}, None, False, "A", False),
        (1, "b", {"x": [1, None, {"é": True}]}, None, True, "B", False),
        (2, "", {}, "?", None, None, False),
    ]


def test_without_the_tools_nobody_knows_which_calls_are_repeated(folder: Path) -> None:
    assert set(query({"x": folder}, "SELECT effect, repeated FROM calls").rows) == {(None, None)}


def test_checks_are_rows(mock: Domain, tmp_path: Path) -> None:
    grade = Grade(
        0.0,
        False,
        ("DB", "NL_ASSERTION"),
        {"DB": 0.0, "NL_ASSERTION": None},
        actions=(Check("a", True), Check("b", False)),
        nl_assertions=(Check("polite", None, "not judged"),),
    )
    folder = keep(tmp_path / "x", replace(solved(mock), grade=grade))
    assert rows(folder, "SELECT kind, position, what, met, note FROM checks ORDER BY ALL") == [
        ("action", 0, "a", True, ""),
        ("action", 1, "b", False, ""),
        ("nl_assertion", 0, "polite", None, "not judged"),
    ]
    assert rows(folder, "SELECT not_judged, components['NL_ASSERTION'] FROM episodes") == [(True, None)]


def test_a_void_episode_is_neither_a_success_nor_a_failure(mock: Domain, tmp_path: Path) -> None:
    row = replace(solved(mock), grade=None, fault=Fault("user", "it hung"), termination="user_error", messages=())
    folder = keep(tmp_path / "x", row)
    assert rows(folder, "SELECT success, reward, fault_source, fault_reason, messages, steps, calls FROM episodes") == [
        (None, None, "user", "it hung", 0, 0, 0)
    ]


def test_the_steps_are_those_that_an_episode_counts(mock: Domain, tmp_path: Path) -> None:
    task = mock.tasks.find("test-008")
    episode = Episode(mock, task, limits=Limits(max_steps=5))
    for message in (Message("user", "Hi"), call("get_users"), call("get_users")):
        episode.advance(message)
    assert (episode.steps, episode.termination) == (5, "max_steps")
    folder = keep(tmp_path / "x", episode.trajectory())
    assert rows(folder, "SELECT steps FROM episodes") == [(5,)]


def test_repeated_calls_are_those_that_an_episode_counts(tmp_path: Path) -> None:
    retail = make_domain("retail")
    asked = Settings("retail", "dev", "novice", user="scripted", trials=1)
    with Run.start(tmp_path / "x", asked.as_dict()) as run:
        evaluate(run, asked, retail, retail.tasks["dev"][:40], make_agent("novice"), make_user("scripted"))
    counted = {}
    for row in read_trajectories(tmp_path / "x"):
        episode = Episode(retail, retail.tasks.find(row.task_id))
        for message in row.messages[1:]:
            if message.role != "tool":
                episode.advance(message)
        counted[row.episode_id] = sum(episode.repeats.values())
    assert sum(counted.values()) > 5
    found = rows(tmp_path / "x", "SELECT episode, count(*) FILTER (repeated) FROM calls GROUP BY episode")
    assert dict(found) == counted


def test_a_change_in_between_makes_the_same_call_another_one(mock: Domain, tmp_path: Path) -> None:
    write = call("update_task_status", task_id="task_8", status="completed")
    wrong = call("update_task_status", task_id="task_999", status="completed")
    made = (call("get_users"), wrong, call("get_users"), write, write, call("get_users"), wrong)
    row = played(mock, "test-008", *made, Message("assistant", "Done."))
    folder = keep(tmp_path / "x", row)
    assert [found for (found,) in rows(folder, "SELECT repeated FROM calls")] == [
        False,
        False,
        True,
        False,
        True,
        False,
        False,
    ]
    assert sum(found for (found,) in rows(folder, "SELECT repeated FROM calls WHERE position >= 10")) == 1


def test_the_last_line_of_an_episode_counts_and_a_cut_one_does_not(mock: Domain, tmp_path: Path) -> None:
    good = solved(mock)
    void = replace(good, grade=None, fault=Fault("service", "gone"))
    folder = keep(tmp_path / "x", void, missed(mock, trial=1), good)
    path = folder / TRAJECTORIES
    with path.open("ab") as file:
        file.write(path.read_bytes().splitlines()[0][:500])
    assert rows(folder, "SELECT trial, success, line FROM episodes ORDER BY trial") == [(0, True, 3), (1, False, 2)]
    for table in ("messages", "calls"):
        counts = dict(rows(folder, f"SELECT episode, count(*) FROM {table} GROUP BY episode"))
        assert counts == dict(
            rows(
                keep(tmp_path / table, missed(mock, trial=1), good),
                f"SELECT episode, count(*) FROM {table} GROUP BY episode",
            )
        )


def test_the_last_timing_counts_and_none_is_needed(folder: Path) -> None:
    path = folder / TIMINGS
    lines = path.read_text().splitlines()
    again = json.loads(lines[0]) | {"seconds": 9.0}
    path.write_text("\n".join([*lines, json.dumps(again)]) + "\n" + lines[1][:20])
    assert rows(folder, "SELECT trial, seconds FROM episodes ORDER BY trial") == [(0, 9.0), (1, 1.5)]
    path.unlink()
    assert rows(folder, "SELECT started, seconds FROM episodes") == [(None, None)] * 2


def test_files_of_many_parts_are_read_whole(mock: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("toolgym.runs.tables.PART", 5000)
    folder = keep(tmp_path / "x", *(solved(mock, trial=trial) for trial in range(20)))
    assert rows(folder, "SELECT trial, line FROM episodes ORDER BY line") == [(n, n + 1) for n in range(20)]
    assert rows(folder, "SELECT count(*) FROM calls WHERE repeated") == [(20,)]


def test_several_runs_are_told_apart(mock: Domain, tmp_path: Path) -> None:
    runs = {name: keep(tmp_path / name, row) for name, row in (("a", solved(mock)), ("b", missed(mock)))}
    answer = query(runs, "SELECT run, success, seconds FROM episodes ORDER BY run")
    assert answer.rows == [("a", True, 1.5), ("b", False, 1.5)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=8)
@given(given=st.lists(st.tuples(st.text(st.characters(codec=None), max_size=40), VALUES), min_size=1, max_size=30))
def test_any_text_and_arguments_come_through(
    mock: Domain, tmp_path_factory: pytest.TempPathFactory, given: list[tuple[str, Any]]
) -> None:
    written, good = [], solved(mock)
    for trial, (text, value) in enumerate(given):
        messages = (
            Message("assistant", text, (ToolCall("t", {"value": value, text: 1}, "1"),)),
            Message("tool", text, tool_call_id="1"),
        )
        written.append(replace(good, trial=trial, task_id=text, messages=messages))
    folder = keep(tmp_path_factory.mktemp("runs") / "x", *written)
    found = rows(
        folder,
        "SELECT content, result, task_id, arguments FROM calls JOIN messages USING (episode, position) "
        "JOIN episodes USING (episode) ORDER BY line",
    )
    for (text, value), (*texts, arguments) in zip(given, found, strict=True):
        shown = text.encode("utf-8", "replace").decode("utf-8")
        assert texts == [shown] * 3
        if text == shown:
            assert arguments == {"value": value, text: 1}


def test_odd_texts_come_through(mock: Domain, tmp_path: Path) -> None:
    folder = keep(tmp_path / "x", replace(solved(mock), messages=(Message("user", ODD),)))
    assert rows(folder, "SELECT content FROM messages") == [(ODD.replace("\ud800", "?"),)]


# What a query cannot do


@pytest.mark.parametrize(
    "sql",
    [
        "COPY episodes TO '{place}/out.csv'",
        "SELECT * FROM read_text('{place}/x/manifest.json')",
        "SELECT * FROM '{place}/x/trajectories.jsonl'",
        "SELECT * FROM glob('{place}/*')",
        "ATTACH '{place}/out.db'",
        "SET enable_external_access = true",
        "SELECT 1; SELECT 2",
        "CREATE TABLE t AS SELECT 1",
        "DELETE FROM episodes",
        "INSTALL httpfs",
        "",
        "SELECT nothing FROM episodes",
        "SELECT * FROM raw",
        "SELEC 1",
        "SELECT ?",
        "SELECT '\ud800'",
    ],
)
def test_anything_but_a_select_over_the_tables_is_an_error_that_lists_them(folder: Path, sql: str) -> None:
    before = sorted(path.name for path in folder.parent.rglob("*"))
    with pytest.raises(QueryError) as refused:
        rows(folder, sql.format(place=folder.parent))
    assert "calls: run, episode, position, number, requestor, name" in str(refused.value)
    assert sorted(path.name for path in folder.parent.rglob("*")) == before


def test_only_what_is_asked_for_is_read_and_every_table_can_be(folder: Path) -> None:
    assert list(columns()) == list(TABLES)
    for name, fields in columns().items():
        answer = query({"x": folder}, f'SELECT * FROM "{name.upper()}"')
        assert list(answer.columns) == fields
    assert query({}, "DESCRIBE rewards").rows[0][0] == "run"
    assert query({}, "WITH calls AS (SELECT 1 AS one) SELECT * FROM calls").rows == [(1,)]


def test_values_are_bound(folder: Path) -> None:
    assert rows(folder, "SELECT trial FROM episodes WHERE success = ?", False) == [(1,)]
    assert query({"x": folder}, "SELECT trial FROM episodes WHERE trial = $t", {"t": 1}).rows == [(1,)]


# Broken runs


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (b"{}\n", "line 2: .* format 1"),
        (b"\n", "line 2"),
        (b"no JSON\n", "line 2"),
        (b'{"format": 1, "domain": "mock"}\n', "'messages'"),
        (b"\xff\n", "line 2"),
        (b"[1]\n", "line 2"),
    ],
)
def test_a_line_that_is_no_trajectory_is_named(folder: Path, line: bytes, told: str) -> None:
    path = folder / TRAJECTORIES
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + line + second)
    with pytest.raises(DataError, match=told):
        rows(folder, "SELECT * FROM episodes")


def test_a_file_that_is_missing_or_no_run_is_named(folder: Path, tmp_path: Path) -> None:
    (folder / TIMINGS).write_text("{]\n")
    with pytest.raises(DataError, match="may be deleted"):
        rows(folder, "SELECT * FROM episodes")
    (folder / TIMINGS).unlink()
    (folder / TRAJECTORIES).unlink()
    with pytest.raises(DataError, match="cannot be read"):
        rows(folder, "SELECT * FROM episodes")
    with pytest.raises(DataError, match="not a run"):
        rows(tmp_path / "nowhere", "SELECT * FROM episodes")
