"""``toolgym view``: dialogues, grades, and what an episode changed beside the gold."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kept_runs import ODD, call, keep, missed, played, solved

from toolgym.cli import view
from toolgym.cli.output import console
from toolgym.domain import Domain
from toolgym.messages import Message, ToolCall
from toolgym.patterns import PATTERNS, Injection
from toolgym.runs import read_trajectories
from toolgym.runs.files import TRAJECTORIES
from toolgym.trajectory import Check, Fault, Trajectory, Usage

Command = Callable[..., Any]
RUN = Path("runs") / "x"


def many(mock: Domain) -> list[Trajectory]:
    """Six episodes of two tasks, each found by something else."""
    injected = (Injection("wrong_record", 4, False), Injection("repeated_call", 6, True))
    return [
        replace(solved(mock), injected=injected[1:]),
        replace(missed(mock, trial=1), injected=injected),
        replace(missed(mock, trial=2), grade=None, fault=Fault("user", "it hung"), termination="user_error"),
        replace(missed(mock, trial=3), grade=None, fault=Fault("judge", "?"), termination="infrastructure_error"),
        played(mock, "test-001", Message("assistant", "No.")),
        played(mock, "test-001", Message("assistant", "No."), trial=1),
    ]


def test_one_episode_is_shown_whole(run: Command, mock: Domain) -> None:
    row = replace(
        missed(mock),
        usage={"assistant": Usage(3, 1200, None, 0.25)},
        rewards={"assistant": {"success": 0.0, "repeat": -0.05}},
        injected=(Injection("wrong_record", 4, False),),
    )
    keep(RUN, row)
    done = run("view", "x")
    assert done.code == 0
    for part in (
        "test-008 · trial 0 · failure",
        row.episode_id,
        "agent hand, user hand, seed 0, 1.5 s",
        "  1 user: Hello.",
        '  2 assistant: update_task_status({"task_id": "task_5", "status": "completed"})',
        "  3 tool (assistant): {",
        "It ended by user_stop.",
        "DB: did not hold",
        "COMMUNICATE: did not hold",
        "gold call not made (does not count): assistant: get_users({})",
        "was not said: Noor Jansen",
        "reward of the assistant: -0.05 (success 0, repeat -0.05)",
        "injected after 4 messages that the assistant saw: wrong_record, and not put right",
        "assistant: 3 requests, 1,200 tokens read, n/a generated, cost $0.2500",
        'missing   assistant.tasks[task_8].status: "pending" → "completed"',
        'extra     assistant.tasks[task_5].status: "pending" → "completed"',
    ):
        assert part in done.out, part
    assert "\x1b" not in done.out


def test_failing_and_repeated_calls_are_marked(run: Command, mock: Domain) -> None:
    keep(RUN, solved(mock))
    shown = run("view", "x").out
    marked = [line.strip() for line in shown.splitlines() if "←" in line]
    assert marked == [
        "4 assistant: get_users({})  ← repeated",
        '6 assistant: update_task_status({"task_id": "task_999", "status": "completed"})  ← failed',
    ]
    assert 'as gold   assistant.tasks[task_8].status: "pending" → "completed"' in shown
    assert "missing" not in shown


def test_what_was_made_of_a_field_stands_beside_the_gold(run: Command, mock: Domain) -> None:
    other = played(
        mock,
        "test-001",
        call("create_task", user_id="user_1", title="Something else"),
        call("create_task", "c1", user_id="user_2", title="One more"),
        Message("assistant", "Done."),
    )
    keep(RUN, other)
    changed = [line for line in run("view", "x", "--full").out.splitlines() if "tasks[" in line]
    assert any(
        line.startswith("different") and '"Something else", gold: "Archive the demo video' in line for line in changed
    )
    assert any(line.startswith("extra") and "(nothing) → {" in line for line in changed)
    (episode,) = run("view", "x", "--json").json["episodes"]
    kinds = {change["kind"] for change in episode["changes"]}
    assert kinds == {"same", "different", "extra"}
    (title,) = (change for change in episode["changes"] if change["kind"] == "different")
    assert (title["field"], title["made"], "before" in title) == ("title", "Something else", False)


@pytest.mark.parametrize(
    ("options", "trials"),
    [
        ((), [0, 1, 2, 3, 0, 1]),
        (("--task", "test-008"), [0, 1, 2, 3]),
        (("--trial", "1"), [1, 1]),
        (("--success",), [0]),
        (("--failure",), [1, 0, 1]),
        (("--void",), [2, 3]),
        (("--fault", "judge"), [3]),
        (("--pattern", "repeated_call"), [0, 1]),
        (("--termination", "user_error"), [2]),
        (("--task", "test-001", "--trial", "1"), [1]),
        (("--void", "--success"), []),
    ],
    ids=str,
)
def test_episodes_are_found_by_what_is_asked_for(
    run: Command, mock: Domain, options: tuple[str, ...], trials: list[int]
) -> None:
    rows = many(mock)
    keep(RUN, *rows)
    answer = run("view", "x", *options, "--json").json
    assert [episode["trial"] for episode in answer["episodes"]] == trials
    assert answer["matches"] == len(trials)
    text = run("view", "x", *options).out
    if not trials:
        assert text == "No episode matches.\n"
    elif len(trials) > 3:
        assert sum(row.episode_id in text for row in rows) == len(trials)
        assert f"{len(trials)} episodes match" in text
        assert "Hello." not in text
    else:
        assert text.count(" 1 user: Hello.") == len(trials)


def test_one_episode_is_found_by_its_id(run: Command, mock: Domain) -> None:
    rows = many(mock)
    keep(RUN, *rows)
    for row in rows:
        (found,) = run("view", "x", "--episode", row.episode_id, "--json").json["episodes"]
        assert Trajectory.from_json(json.dumps(found["trajectory"])) == replace(row, started=None, seconds=None)
        assert (found["seconds"], found["task_id"]) == (1.5, row.task_id)


def test_many_are_listed_a_line_each_unless_a_limit_is_given(
    run: Command, mock: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(RUN, *many(mock))
    monkeypatch.setattr(console, "width", 200)
    lines = [line for line in run("view", "x").out.splitlines() if line.startswith("│")]
    assert len(lines) == 6
    for part in ("test-008", "│     0 │", "success", "user_stop", "4 (1 failed, 1 repeated)", "repeated_call"):
        assert part in lines[0]
    assert "void: user" in lines[2]
    shown = run("view", "x", "--limit", "4").out
    assert shown.count("1 user: Hello.") == 4
    assert "6 episodes match" in shown
    listed = run("view", "x", "--json").json["episodes"]
    assert [("trajectory" in row, row["calls"]) for row in listed][:2] == [(False, 4), (False, 1)]
    limited = run("view", "x", "--json", "--limit", "1").json
    assert (limited["matches"], len(limited["episodes"])) == (6, 1)
    assert limited["episodes"][0]["trajectory"]["task_id"] == "test-008"


@pytest.mark.parametrize(
    ("options", "known"),
    [
        (("--pattern", "wrong_reccord"), "'wrong_record'"),
        (("--termination", "user_stopp"), "'user_stop'"),
        (("--fault", "userr"), "judge, service, task, user"),
        (("--task", "test-009"), "'test-008'"),
        (("--episode", "nope"), "-0"),
    ],
)
def test_a_name_that_nothing_has_is_one_line_with_those_that_there_are(
    run: Command, mock: Domain, options: tuple[str, str], known: str
) -> None:
    keep(RUN, solved(mock))
    refused = run("view", "x", *options)
    assert (refused.code, refused.out) == (2, "")
    assert repr(options[1]) in refused.err
    assert known in refused.err
    if options[0] == "--pattern":
        assert all(name in refused.err for name in sorted(PATTERNS)[:15])  # a long list is cut


def test_a_void_episode_tells_whose_fault_it_is(run: Command, mock: Domain) -> None:
    keep(RUN, many(mock)[2])
    shown = run("view", "x").out
    assert "void: user" in shown
    assert "Void: user: it hung" in shown
    assert "extra     assistant.tasks[task_5]" in shown


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"domain": "gone"}, "No domain named 'gone'"),
        ({"task_id": "test-999"}, "'test-999'"),
        ({"task_key": "0" * 24}, "is not the one any more"),
        ({"data": "tau3"}, "'tau3'"),
        ({"fault": Fault("task", "TaskError: it is broken"), "grade": None, "messages": ()}, "cannot be run again"),
    ],
)
def test_without_the_domain_or_the_task_all_but_the_changes_is_shown(
    run: Command, mock: Domain, change: dict[str, Any], told: str
) -> None:
    keep(RUN, replace(missed(mock), **change))
    shown = run("view", "x").out
    assert "Not known: " in shown
    assert told in shown.replace("\n", " ")
    assert "It ended by user_stop." in shown
    (episode,) = run("view", "x", "--json").json["episodes"]
    assert episode["changes"] is None
    assert told in episode["changes_not_known"]


def test_a_judges_verdict_is_shown_with_its_reason(run: Command, mock: Domain) -> None:
    row = missed(mock)
    assert row.grade is not None
    checks = (Check("It was polite", False, "It swore."), Check("It was quick", None, "not judged"))
    keep(RUN, replace(row, grade=replace(row.grade, nl_assertions=checks)))
    shown = run("view", "x").out
    assert "does not hold, says the judge: It was polite (It swore.)" in shown
    assert "not judged: It was quick" in shown


def test_long_results_are_cut_unless_all_is_asked_for(run: Command, mock: Domain) -> None:
    messages = (
        Message("assistant", None, (ToolCall("get_users", {}, "1"),), reasoning="I wonder who they are"),
        Message("tool", json.dumps({"text": "x" * 3000, "end": "the end"}), tool_call_id="1"),
    )
    keep(RUN, replace(solved(mock), messages=messages))
    cut, whole = run("view", "x").out, run("view", "x", "--full").out
    assert "the end" not in cut
    assert "the end" in whole
    assert "I wonder" not in cut
    assert "assistant thinks: I wonder who they are" in whole


def test_what_came_with_the_task_is_set_apart(run: Command, mock: Domain) -> None:
    keep(RUN, replace(solved(mock), history=2))
    shown = run("view", "x").out
    assert shown.index("Hello.") < shown.index("so far it came with the task") < shown.index("get_users")


def test_a_run_that_is_put_in_order_meanwhile_shows_no_other_episode(
    run: Command, mock: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(RUN, solved(mock), missed(mock, trial=1))
    read = view._read

    def read_late(folder: Path, *rest: Any) -> Any:
        path = folder / TRAJECTORIES
        path.write_bytes(b"".join(reversed(path.read_bytes().splitlines(keepends=True))))
        return read(folder, *rest)

    monkeypatch.setattr(view, "_read", read_late)
    refused = run("view", "x", "--limit", "1")
    assert (refused.code, refused.out) == (2, "")
    assert "try again" in refused.err


def test_odd_texts_harm_no_output(run: Command, mock: Domain) -> None:
    row = missed(mock)
    assert row.grade is not None
    calls = (ToolCall(ODD, {ODD: ODD}, "1"), ToolCall("x", {}, "2", problem=ODD, raw=ODD))
    odd = replace(
        row,
        messages=(
            Message("user", ODD),
            Message("assistant", ODD, calls, reasoning=ODD),
            Message("tool", ODD, tool_call_id="1", error=True),
            Message("tool", ODD, tool_call_id="2"),
        ),
        grade=replace(row.grade, note=ODD, communicate=(Check(ODD, False, ODD),)),
        fault=Fault("user", ODD),
        agent=ODD,
    )
    keep(RUN, odd)
    for options in ((), ("--full",), ("--json",)):
        done = run("view", "x", *options)
        assert done.code == 0, done.err
        assert "\x1b" not in done.out
        assert "\0" not in done.out
    assert "[red]é 😀[/red]" in run("view", "x").out
    assert [row.agent for row in read_trajectories(RUN)] == [ODD]
