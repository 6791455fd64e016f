"""``toolgym runs``: lists, figures and queries of what was played."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kept_runs import ODD, keep, missed, played, solved

from toolgym.domain import Domain
from toolgym.evaluation import pass_hat_table
from toolgym.messages import Message
from toolgym.runs import Run, read_manifest, read_trajectories
from toolgym.runs.files import MANIFEST, TRAJECTORIES
from toolgym.trajectory import Check, Fault, Grade, Participant, Usage

Command = Callable[..., Any]
RUNS = Path("runs")


# list


def test_list_has_a_line_a_run_and_passes_over_what_is_none(run: Command, mock: Domain) -> None:
    keep(RUNS / "good", solved(mock), missed(mock, trial=1), agent="novice")
    costly = replace(solved(mock), usage={"assistant": Usage(cost_usd=0.5), "user": Usage(cost_usd=0.25)})
    void = replace(
        costly, trial=1, grade=None, fault=Fault("user", "it hung"), usage={"assistant": Usage(cost_usd=1.0)}
    )
    keep(RUNS / "paid", costly, void, agent="llm", models={"agent": {"model": "gpt-x"}})
    (RUNS / "no run").mkdir()
    (RUNS / "file").write_text("")
    listed = {row.pop("run"): row for row in run("runs", "list", "--json").json["runs"]}
    assert list(listed) == ["good", "paid"]
    assert listed["good"].pop("modified")
    assert listed["good"] == {
        "domain": "mock",
        "split": "test",
        "agent": "novice",
        "user": "minimal",
        "episodes": 2,
        "void": 0,
        "pass_hat_1": 0.5,
        "cost_usd": {"sum": None, "known": 0, "of": 0},
    }
    assert (listed["paid"]["episodes"], listed["paid"]["void"], listed["paid"]["pass_hat_1"]) == (1, 1, None)
    assert listed["paid"]["cost_usd"] == {"sum": 1.75, "known": 3, "of": 4}
    assert listed["paid"]["agent"] == "llm (gpt-x)"
    table = run("runs", "list").out
    good, paid = (line for line in table.splitlines() if "good" in line or "paid" in line)
    assert "50.0" in good
    assert "n/a" in good
    assert "$1.75" in paid
    assert "no run" not in table


def test_list_tells_of_a_broken_run_and_of_the_others(run: Command, mock: Domain) -> None:
    keep(RUNS / "good", solved(mock))
    for name, file, content in (("a", MANIFEST, "{"), ("b", TRAJECTORIES, "what?\n")):
        (keep(RUNS / name, solved(mock)) / file).write_text(content)
    (keep(RUNS / "c", solved(mock)) / TRAJECTORIES).unlink()
    keep(RUNS / "d")
    listed = {row["run"]: row for row in run("runs", "list", "--json").json["runs"]}
    assert [name for name, row in listed.items() if "problem" in row] == ["a", "b", "c"]
    assert "line 1" in listed["b"]["problem"]
    assert (listed["d"]["episodes"], listed["d"]["pass_hat_1"]) == (0, None)
    done = run("runs", "list")
    assert done.code == 0
    assert done.out.count("broken") == 3
    assert "line 1" in done.out


def test_list_says_where_there_is_nothing(run: Command) -> None:
    refused = run("runs", "list")
    assert (refused.code, refused.out) == (2, "")
    assert "no folder 'runs'" in refused.err
    RUNS.mkdir()
    assert "no run in 'runs'" in run("runs", "list").out
    assert run("runs", "list", "--json").json == {"runs": []}


def test_pass_1_of_the_list_is_that_of_the_evaluation(run: Command, mock: Domain) -> None:
    needed = Grade(0.0, False, ("DB", "NL_ASSERTION"), {"DB": 0.0, "NL_ASSERTION": None})
    done = Message("assistant", "Done.")
    rows = [
        *(solved(mock, trial=trial) for trial in range(38)),
        missed(mock, trial=38),
        missed(mock, trial=39),
        played(mock, "test-001", done),
        replace(played(mock, "test-002", done), grade=needed),
        replace(played(mock, "test-002", done, trial=1), grade=replace(needed, components={})),
        replace(played(mock, "test-003", done), grade=None, fault=Fault("judge", "?")),
        replace(played(mock, "test-003", done, trial=1), grade=None),
    ]
    keep(RUNS / "x", *rows)
    table = pass_hat_table(rows, allow_unequal=True)
    (listed,) = run("runs", "list", "--json").json["runs"]
    assert listed["pass_hat_1"] == pytest.approx(table.by_k[1].mean)
    assert listed["void"] == table.void == 2
    shown = run("runs", "show", "x", "--json").json
    assert shown["pass_hat"] == {str(k): estimate._asdict() for k, estimate in table.by_k.items()}
    assert (shown["tasks_counted"], shown["tasks_not_judged"]) == (table.tasks, table.not_judged) == (2, 1)
    assert shown["tasks_not_counted"] == table.not_counted == 1
    assert "1 tasks that have void episodes alone" in run("runs", "show", "x").out


def test_show_and_list_give_no_figure_where_too_many_episodes_are_void_unless_told_how_they_count(
    run: Command, mock: Domain
) -> None:
    void = replace(missed(mock, trial=1), grade=None, fault=Fault("service", "503"))
    rows = [solved(mock), void, replace(solved(mock), task_key="lost", grade=None, fault=Fault("service", "503"))]
    keep(RUNS / "x", *rows, trials=2)
    assert run("runs", "list", "--json").json["runs"][0]["pass_hat_1"] is None
    refused = run("runs", "show", "x")
    assert refused.code == 0
    for part in ("no Pass^k, as 2 of 3 episodes are void (66.7%", "--resume", "--void exclude", "--void fail"):
        assert part in refused.out
    found = run("runs", "show", "x", "--json").json
    assert (found["pass_hat"], found["refused"], found["episodes"]["void"]) == ({}, True, 2)
    for how, mean in (("exclude", 1.0), ("fail", 0.25)):
        counted = run("runs", "show", "x", "--void", how, "--json").json
        assert (counted["pass_hat"]["1"]["mean"], counted["refused"]) == (mean, False)
    assert run("runs", "show", "x", "--void", "ignore").code == 2


# show


def test_show_counts_what_happened(run: Command, mock: Domain) -> None:
    used: dict[Participant, Usage] = {"assistant": Usage(4, 100, 20, 0.5), "user": Usage(cost_usd=0.25)}
    broken = replace(missed(mock, trial=2), grade=None, termination="user_error", fault=Fault("user", "it hung"))
    rows = [replace(solved(mock), usage=used), missed(mock, trial=1), broken, replace(broken, trial=3)]
    folder = keep(RUNS / "x", *rows, trials=4)
    with Run.resume(folder, read_manifest(folder)["settings"]) as kept:
        kept.discard(replace(solved(mock), usage={"assistant": Usage(cost_usd=2.0)}))
        kept.discard(broken)
    found = run("runs", "show", "x", "--json").json
    assert found["run"] == str(folder)
    assert found["settings"]["agent"] == "hand"
    assert found["versions"]["toolgym"]
    assert found["worlds"] == ["0" * 64]
    assert found["episodes"] == {
        "finished": 2,
        "success": 1,
        "failure": 1,
        "not_judged": 0,
        "void": 2,
        "tasks": 1,
        "expected": 4 * len(mock.tasks["test"]),
    }
    assert found["voids"] == {"user": {"episodes": 2, "reasons": {"it hung": 2}}}
    assert found["terminations"] == {"user_error": 2, "user_stop": 2}
    assert found["calls"] == {"made": 7, "failed": 1, "repeated": 1}
    assert found["mean"]["calls"] == 7 / 4
    assert found["usage"]["assistant"] == {
        "requests": {"sum": 4, "known": 1, "of": 4},
        "input_tokens": {"sum": 100, "known": 1, "of": 4},
        "output_tokens": {"sum": 20, "known": 1, "of": 4},
        "cost_usd": {"sum": 0.5, "known": 1, "of": 4},
    }
    assert found["usage"]["user"]["input_tokens"] == {"sum": None, "known": 0, "of": 4}
    assert "judge" not in found["usage"]
    assert found["replaced"] == {"episodes": 2, "cost_usd": {"sum": 2.0, "known": 1, "of": 2}}
    assert found["time"] == {"started": "2023-11-14T22:13:20", "ended": "2023-11-14T22:13:21", "mean_seconds": 1.5}
    text = run("runs", "show", str(folder)).out
    for part in (
        "1 success, 1 failure, 0 not judged, 2 void",
        "void: user  2",
        "2: it hung",
        "1 failed, 1 repeated",
        "≥ 100 (1 of 4)",
        "≥ $0.5000 (1 of 4)",
        "n/a",
        "2 void episodes were played again",
    ):
        assert part in text
    assert "judge " not in text.split("requests")[1]


def test_show_counts_a_judge_only_where_it_was_asked(run: Command, mock: Domain) -> None:
    judged = Grade(1.0, True, ("NL_ASSERTION",), {"NL_ASSERTION": 1.0}, nl_assertions=(Check("polite", True),))
    rows = [
        replace(solved(mock), grade=judged, usage={"judge": Usage(1, 10, 5, 0.125)}),
        replace(solved(mock, trial=1), grade=judged),
        replace(solved(mock, trial=2), grade=None, fault=Fault("judge", "?")),
        solved(mock, trial=3),
    ]
    keep(RUNS / "x", *rows)
    assert run("runs", "show", "x", "--json").json["usage"]["judge"]["cost_usd"] == {"sum": 0.125, "known": 1, "of": 3}


def test_show_tells_compliance_as_far_as_there_is_something_to_count(run: Command, mock: Domain) -> None:
    keep(RUNS / "x", solved(mock))
    found = run("runs", "show", "x", "--json").json["compliance"]
    assert (found["consent"]["mean"], found["identified"], found["writes"], found["episodes"]) == (0.0, None, 1, 0)
    shown = run("runs", "show", "x").out
    assert "of 1 write after a yes" in shown
    assert "identified" not in shown


def test_show_does_without_the_domain(run: Command, mock: Domain) -> None:
    keep(RUNS / "x", replace(solved(mock), domain="gone"), domain="gone")
    found = run("runs", "show", "x", "--json").json
    assert found["episodes"]["expected"] is None
    assert found["compliance"] is None
    assert found["calls"] == {"made": 4, "failed": 1, "repeated": None}
    assert "n/a (the domain is not installed) repeated" in run("runs", "show", "x").out


def test_a_run_without_episodes_is_shown(run: Command) -> None:
    keep(RUNS / "x")
    found = run("runs", "show", "x", "--json").json
    assert (found["episodes"]["finished"], found["pass_hat"], found["time"]["started"]) == (0, {}, None)
    assert "n/a" in run("runs", "show", "x").out


@pytest.mark.parametrize("command", [("runs", "show"), ("view",), ("regrade",)])
def test_a_run_that_is_not_there_is_one_line_that_names_those_that_are(
    run: Command, mock: Domain, command: tuple[str, ...]
) -> None:
    keep(RUNS / "first", solved(mock))
    refused = run(*command, "frist")
    assert (refused.code, refused.out) == (2, "")
    assert "Did you mean 'first'?" in refused.err
    assert "--runs" in refused.err
    assert len(refused.err.strip().splitlines()) == 1


# query


def test_a_query_goes_over_several_runs_and_prints_what_programs_read(run: Command, mock: Domain) -> None:
    keep(RUNS / "a", solved(mock))
    keep(RUNS / "b", missed(mock))
    sql = "SELECT run, success, seconds, components, started, NULL AS nothing, 1 AS run FROM episodes ORDER BY 1"
    answer = run("runs", "query", "a", str(RUNS / "b"), sql, "--json").json
    assert answer["columns"] == ["run", "success", "seconds", "components", "started", "nothing", "run_1"]
    assert answer["rows"][0] == {
        "run": "a",
        "success": True,
        "seconds": 1.5,
        "components": {"DB": 1.0, "COMMUNICATE": 1.0},
        "started": "2023-11-14T22:13:20.250000",
        "nothing": None,
        "run_1": 1,
    }
    assert [row["run"] for row in answer["rows"]] == ["a", "b"]
    rows = list(csv.reader(io.StringIO(run("runs", "query", "a", "b", sql, "--csv").out)))
    assert rows[0][:3] == ["run", "success", "seconds"]
    assert rows[1][:3] == ["a", "true", "1.5"]
    assert json.loads(rows[1][3]) == {"DB": 1.0, "COMMUNICATE": 1.0}
    table = run("runs", "query", "a", "b", "SELECT run, success, NULL AS nothing FROM episodes").out
    assert "NULL" in table
    assert "true" in table


def test_runs_of_one_name_are_told_apart_by_their_folders(run: Command, mock: Domain) -> None:
    keep(Path("one") / "x", solved(mock))
    keep(Path("two") / "x", missed(mock))
    sql = "SELECT run, success FROM episodes ORDER BY run"
    rows = run("runs", "query", "one/x", "two/x", sql, "--json").json["rows"]
    assert rows == [{"run": str(Path("one") / "x"), "success": True}, {"run": str(Path("two") / "x"), "success": False}]


def test_numbers_are_not_cut_in_csv_and_json(run: Command, mock: Domain) -> None:
    keep(RUNS / "x", solved(mock))
    sql = "SELECT 0.1::DOUBLE + 0.2 AS a, 2::HUGEINT ** 70 AS b, 'nan'::DOUBLE AS c, 1.25 AS d"
    (row,) = run("runs", "query", "x", sql, "--json").json["rows"]
    assert row == {"a": 0.1 + 0.2, "b": 2.0**70, "c": None, "d": 1.25}
    assert run("runs", "query", "x", sql, "--csv").out.splitlines()[1].startswith("0.30000000000000004,")


def test_rows_too_wide_for_the_terminal_are_printed_a_column_a_line(run: Command, mock: Domain) -> None:
    keep(RUNS / "x", solved(mock), missed(mock, trial=1))
    shown = run("runs", "query", "x", "SELECT * FROM episodes").out
    assert "row 2" in shown
    assert any(line.split() == ["db_match", "false"] for line in shown.splitlines())


def test_a_long_answer_is_cut_in_the_table_alone(run: Command, mock: Domain) -> None:
    keep(RUNS / "x", solved(mock))
    sql = "SELECT range AS n FROM range(1500)"
    table = run("runs", "query", "x", sql).out
    assert "1,500 rows" in table
    assert "1400" not in table
    assert len(run("runs", "query", "x", sql, "--json").json["rows"]) == 1500


@pytest.mark.parametrize("sql", ["SELECT nothing FROM episodes", "DROP TABLE episodes", "SELECT"])
def test_a_query_that_fails_lists_the_tables_and_their_columns(run: Command, mock: Domain, sql: str) -> None:
    keep(RUNS / "x", solved(mock))
    refused = run("runs", "query", "x", sql)
    assert (refused.code, refused.out) == (2, "")
    assert refused.err.startswith("toolgym: ")
    assert "episodes: run, episode, domain" in refused.err
    assert "checks: run, episode, kind" in refused.err


def test_a_query_without_sql_or_with_two_forms_is_refused(run: Command, mock: Domain) -> None:
    keep(RUNS / "x", solved(mock))
    assert run("runs", "query", "x").code == 2
    assert "exclude" in run("runs", "query", "x", "SELECT 1", "--csv", "--json").err


def test_odd_texts_harm_no_output(run: Command, mock: Domain) -> None:
    row = replace(missed(mock), task_id=ODD, agent=ODD, messages=(Message("user", ODD),), fault=Fault("user", ODD))
    keep(RUNS / "[red]x", row, agent=ODD, user=ODD)
    for command in (
        ("runs", "list"),
        ("runs", "show", "[red]x"),
        ("runs", "query", "[red]x", "SELECT content, '[b]' AS \"[i]\" FROM messages"),
        ("runs", "query", "[red]x", "SELECT * FROM episodes"),
    ):
        done = run(*command)
        assert done.code == 0, done.err
        assert "\x1b" not in done.out
        assert "\0" not in done.out
        assert "[red]" in done.out
        if command[1] != "list":
            assert "\\x1b[2J[red]é 😀[/red]\\x00\\u202e :smile:" in done.out
        if command[1] != "query":
            assert run(*command, "--json").code == 0


def test_a_run_can_be_looked_at_while_it_is_written(run: Command, mock: Domain) -> None:
    folder = RUNS / "x"
    with Run.start(folder, {"domain": "mock"}) as kept:
        kept.append(solved(mock))
        with (folder / TRAJECTORIES).open("ab") as file:
            file.write(b'{"format": 1, "dom')
        assert run("runs", "list", "--json").json["runs"][0]["episodes"] == 1
        assert run("runs", "show", "x", "--json").json["episodes"]["finished"] == 1
        assert run("view", "x").code == 0
    assert len(list(read_trajectories(folder))) == 1
