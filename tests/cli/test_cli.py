"""The command line: what it prints for people and for programs, and how it exits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
from command_line import Done
from tau2_folder import make_folder

import toolgym
from toolgym.cli.output import print_json
from toolgym.domain import AgentSpec, Domain
from toolgym.runs import read_manifest, read_trajectories
from toolgym.tasks import Task, TaskSet
from toolgym.users.minimal import MinimalUser

Command = Callable[..., Done]


# eval

EVAL = ("eval", "mock", "--trials", "2")


def test_eval_prints_one_json_object_in_the_documented_form(run: Command, mock: Domain) -> None:
    done = run(*EVAL, "--agent", "oracle", "--agent", "no-op", "--json")
    assert done.code == 0
    answer = done.json
    assert {name: answer[name] for name in ("domain", "split", "data", "user")} == {
        "domain": "mock",
        "split": "test",
        "data": "toolgym",
        "user": "minimal",
    }
    assert list(answer["agents"]) == ["oracle", "no-op"]
    for name, mean in (("oracle", 1.0), ("no-op", 0.0)):
        figures = answer["agents"][name]
        assert {"pass_hat", "tasks", "trials", "not_judged", "void", "run"} <= figures.keys()
        assert list(figures["pass_hat"]) == ["1", "2"]
        for estimate in figures["pass_hat"].values():
            assert list(estimate) == ["mean", "low", "high"]
            assert estimate["mean"] == mean
            assert 0.0 <= estimate["low"] < estimate["high"] <= 1.0
        assert (figures["tasks"], figures["trials"], figures["not_judged"], figures["void"]) == (20, 2, 0, 0)
        folder = Path(figures["run"])
        assert folder.parent == Path("runs")
        assert folder.name.endswith(f"-mock-{name}")
        assert read_manifest(folder)["settings"]["agent"] == name
        assert read_manifest(folder)["worlds"] == sorted({task.world for task in mock.tasks["test"]})
        assert len(list(read_trajectories(folder))) == 40


def test_eval_prints_a_table_with_intervals_and_says_where_the_run_is(run: Command) -> None:
    done = run(*EVAL, "--name", "mine", "--runs", "elsewhere")
    assert done.code == 0
    for part in ("Pass^1", "Pass^2", "95", "oracle", "100.0", "no other", str(Path("elsewhere") / "mine-oracle")):
        assert part in done.out
    assert (Path("elsewhere") / "mine-oracle").is_dir()


def test_the_default_user_of_eval_is_scripted_where_all_tasks_carry_facts(
    run: Command, monkeypatch: pytest.MonkeyPatch, mock: Domain
) -> None:
    bare = mock.tasks["test"][:2]
    telling = [task.model_copy(update={"facts": {}}) for task in bare]
    tasks = TaskSet({"told": lambda: telling, "mixed": lambda: [telling[0], bare[1]]})
    made = mock.with_data(tasks=tasks, users={"scripted": AgentSpec("scripted", MinimalUser)})
    for place in ("toolgym.registration", "toolgym.registration.parts"):
        monkeypatch.setattr(f"{place}.make_domain", lambda *_: made)
    for split, user in (("told", "scripted"), ("mixed", "minimal")):
        answer = run(*EVAL, "--split", split, "--json").json
        folder = Path(answer["agents"]["oracle"]["run"])
        assert answer["user"] == read_manifest(folder)["settings"]["user"] == user
        assert {row.user for row in read_trajectories(folder)} == {user}
        table = run(*EVAL, "--split", split).out
        assert f"user {user}" in table
        assert ("compare with no other" in table) is (user == "minimal")


def test_two_evaluations_in_one_second_are_two_runs(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.strftime", lambda *_: "20260101-000000")
    folders = [run("eval", "mock", "--trials", "1", "--json").json["agents"]["oracle"]["run"] for _ in range(2)]
    assert len(set(folders)) == 2


def test_eval_goes_on_with_a_run_only_when_told_to_and_only_with_its_settings(run: Command) -> None:
    first = run(*EVAL, "--name", "mine", "--json")
    path = Path("runs") / "mine-oracle" / "trajectories.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for arguments, told in (
        (("--name", "mine"), "--resume"),
        (("--name", "mine", "--resume", "--seed", "1"), "seed=0, not 1"),
        (("--resume",), "--name"),
    ):
        refused = run(*EVAL, *arguments)
        assert (refused.code, refused.out) == (2, "")
        assert told in refused.err
        assert len(refused.err.strip().splitlines()) == 1
    again = run(*EVAL, "--name", "mine", "--resume", "--json")
    assert again.json == first.json
    assert path.read_bytes().count(b"\n") == 40


def test_eval_does_not_judge_what_needs_a_judge(run: Command, tau2_retail: Domain) -> None:
    split = tau2_retail.tasks.splits()[0]
    tasks = tau2_retail.tasks[split]
    options = ("--split", split, "--trials", "1", "--agent", "oracle", "--agent", "no-op")
    agents = run("eval", "retail", "--data", "tau2", *options, "--json").json["agents"]
    for figures in agents.values():
        assert figures["not_judged"] == sum(task.needs_judge for task in tasks)
        assert figures["tasks"] + figures["not_judged"] == len(tasks)
    assert agents["oracle"]["pass_hat"]["1"]["mean"] == 1.0
    assert "not judged without one" in run("eval", "retail", "--data", "tau2", *options, "--name", "table").out


def test_eval_writes_tau2s_results_for_one_agent_on_tau2s_data(run: Command, tau2_mock: Domain) -> None:
    options = ("--split", "base", "--trials", "2", "--tau2-results", "results.json")
    assert run("eval", "mock", "--data", "tau2", *options).code == 0
    written = json.loads(Path("results.json").read_text(encoding="utf-8"))
    assert len(written["simulations"]) == 2 * len(tau2_mock.tasks["base"])
    for wrong in (("--agent", "oracle", "--agent", "no-op", "--data", "tau2"), ()):
        refused = run("eval", "mock", *options, *wrong, "--split", "base" if wrong else "test")
        assert refused.code == 2
        assert "--tau2-results needs" in refused.err


def test_eval_says_how_many_episodes_were_cut_off_and_why(run: Command) -> None:
    out = run("eval", "mock", "--agent", "no-op", "--trials", "1", "--max-steps", "2").out
    assert "no-op: 20 episodes were cut off, and count as failures: max_steps 20." in out
    answer = run("eval", "mock", "--agent", "oracle", "--trials", "1", "--json").json["agents"]["oracle"]
    assert answer["terminations"] == {"user_stop": 20}


def test_eval_tells_how_many_results_tau2_will_count_as_failures(run: Command, tau2_retail: Domain) -> None:
    needing = sum(task.needs_judge for task in tau2_retail.tasks["train"])
    options = ("--data", "tau2", "--split", "train", "--trials", "1", "--tau2-results", "results.json")
    for told, name in ((), "table"), (("--json",), "json"):
        done = run("eval", "retail", *options, "--name", name, *told)
        assert done.code == 0
        (line,) = [line for line in done.err.splitlines() if "tau2's own metrics count them as failures" in line]
        assert line.startswith(f"{needing} episodes in results.json were not judged")
    assert "metrics" not in run("eval", "mock", *options[:2], *options[4:], "--split", "base").err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--tau2-results", "."), "is a folder"),
        (("--tau2-results", "file/results.json"), "cannot be written"),
        (("--tau2-results", "results.json", "--split", "empty"), "no task"),
    ],
)
def test_eval_says_that_results_cannot_be_written_before_it_plays(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str], told: str
) -> None:
    root = make_folder(tmp_path / "data")
    (root / "tau2" / "domains" / "mock" / "split_tasks.json").write_text('{"base": ["all"], "empty": []}')
    monkeypatch.setenv("TAU2_DATA_DIR", str(root))
    Path("file").write_text("")
    refused = run("eval", "mock", "--data", "tau2", "--split", "base", "--trials", "1", *arguments)
    assert refused.code == 2
    assert told in refused.err
    assert not Path("runs").exists()


def test_a_file_that_is_no_list_of_tasks_takes_nothing_down(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_folder(tmp_path / "data")
    monkeypatch.setenv("TAU2_DATA_DIR", str(root))
    folder = root / "tau2" / "domains" / "mock"
    (folder / "tasks_voice.json").write_text('{"base_seed": 42, "configs": {}}')
    Path("fixture.json").write_text(
        '{"domain": "mock", "strings": [], "tasks": [{"task_id": "all", "trajectories": []}]}'
    )
    options = ("--data", "tau2", "--split", "base", "--trials", "1", "--tau2-results", "results.json")
    for command, code in (
        (("eval", "mock", *options, "--agent", "no-op"), 0),
        (("tasks", "list", "mock", "--data", "tau2"), 0),
        (("tasks", "show", "mock", "all", "--data", "tau2"), 0),
        (("tasks", "check", "mock", "--data", "tau2"), 1),  # of the small folder's tasks, of which two have no gold
        (("regrade", "results.json"), 0),
        (("failures", "results.json"), 0),
        (("tau2", "verify", "fixture.json"), 0),
        (("doctor",), 0),
    ):
        done = run(*command)
        assert done.code == code, (command, done.err)
        assert "must hold a list" not in done.err
    assert "mock/tasks_voice.json" in done.out
    assert "must hold a list of tasks, got an object" in done.out
    env = gym.make("ToolMock-v0", data="tau2", split="base")
    assert env.reset(options={"task_id": "all"})[0]


# Mistakes

MISTAKES = [
    (("eval", "mokc"), "'mokc'", "'mock'"),
    (("eval", "mock", "--split", "tset"), "'tset'", "'test'"),
    (("eval", "mock", "--agent", "orcale"), "'orcale'", "'oracle'"),
    (("eval", "mock", "--agent", "oracle", "--agent", "noop"), "'noop'", "'no-op'"),
    (("eval", "mock", "--user", "minimol"), "'minimol'", "'minimal'"),
    (("eval", "mock", "--data", "tau3"), "'tau3'", "tau2"),
    (("play", "mokc"), "'mokc'", "'mock'"),
    (("play", "mock", "--split", "tset"), "'tset'", "'test'"),
    (("play", "mock", "--task", "test-999"), "'test-999'", "Did you mean 'test-0"),
    (("play", "mock", "--user", "minimol"), "'minimol'", "'minimal'"),
    (("play", "mock", "--as", "user", "--agent", "orcale"), "'orcale'", "'oracle'"),
    (("play", "mock", "--as", "user", "--user", "minimal"), "'minimal'", "--as assistant"),
    (("play", "mock", "--agent", "oracle"), "'oracle'", "--as user"),
    (("tasks", "list", "mokc"), "'mokc'", "'mock'"),
    (("tasks", "list", "mock", "--split", "tset"), "'tset'", "'test'"),
    (("tasks", "show", "mock", "test-999"), "'test-999'", "Did you mean 'test-0"),
    (("tasks", "show", "mokc", "test-001"), "'mokc'", "'mock'"),
    (("bench", "--domain", "mokc", "--data", "toolgym"), "'mokc'", "'mock'"),
    (("bench", "dialogues", "--domain", "mock"), "'mock'", "'retail'"),
    (("tau2", "verify", "gone.json"), "'gone.json'", "no file"),
]


@pytest.mark.parametrize(("arguments", "named", "hint"), MISTAKES, ids=lambda value: str(value))
def test_a_name_that_does_not_exist_is_one_line_and_exit_code_two(
    run: Command, arguments: tuple[str, ...], named: str, hint: str
) -> None:
    done = run(*arguments)
    assert (done.code, done.out) == (2, "")
    (line,) = done.err.strip("\n").split("\n")
    assert line.startswith("toolgym: ")
    assert named in line
    assert hint in line
    assert not Path("runs").exists()


@pytest.mark.parametrize(
    "arguments", [("--trials", "0"), ("--seed", "-1"), ("--max-steps", "0"), ("--max-errors", "x"), ("--colour", "red")]
)
def test_an_option_outside_its_range_is_exit_code_two(run: Command, arguments: tuple[str, str]) -> None:
    done = run("eval", "mock", *arguments)
    assert done.code == 2
    assert arguments[0] in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize(
    "command",
    [
        ("regrade",),
        ("failures",),
        ("view",),
        ("runs", "show"),
        ("runs", "query", "select 1"),
    ],
)
def test_a_file_that_is_not_there_is_told_as_such(run: Command, command: Sequence[str]) -> None:
    Path("there.json").write_text("{}")
    Path("folder").mkdir()
    first, last = (command[:2], command[2:]) if command[:2] == ("runs", "query") else (command, ())
    for name in ("nope.json", "here/nope", "../nope"):
        refused = run(*first, name, *last)
        assert (refused.code, refused.out) == (2, "")
        assert f"no such file or folder: {name!r}" in refused.err
    assert "No run named 'nope'" in run(*first, "nope", *last).err
    assert "'folder' is a folder, but no run" in run(*first, "folder", *last).err
    told = run(*first, "there.json", *last).err
    assert "is a file, and a run is a folder" in told or "is not a results file" in told


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("[1]", "it needs"),
        ('{"domain": "mock", "strings": [], "tasks": [{}]}', "task_id"),
        ('{"domain": "mock", "strings": [], "tasks": [{"task_id": "a", "trajectories": [{"name": "x"}]}]}', "calls"),
        (
            '{"domain": "mock", "strings": ["a"], "tasks": [{"task_id": "a", "trajectories": [{"name": "x", "calls": '
            '[{"name": "f", "arguments": {}, "out": 1}]}]}]}',
            "the output 1 is not among its 1 strings",
        ),
        ("[" * 100_000, "nested too deeply"),
        ("", "not JSON"),
    ],
)
def test_a_fixture_that_is_none_is_told_as_such(run: Command, content: str, told: str) -> None:
    Path("fixture.json").write_text(content)
    refused = run("tau2", "verify", "fixture.json")
    assert (refused.code, refused.out) == (2, "")
    assert told in refused.err


@pytest.mark.parametrize(("value", "told"), [("", "set TAU2_DATA_DIR"), ("nowhere", "'nowhere' has no folder")])
def test_missing_tau2_data_is_one_line_and_exit_code_two(
    run: Command, monkeypatch: pytest.MonkeyPatch, value: str, told: str
) -> None:
    monkeypatch.setenv("TAU2_DATA_DIR", value)
    done = run("tasks", "list", "mock", "--data", "tau2")
    assert done.code == 2
    (line,) = done.err.strip("\n").split("\n")
    assert told in line


@pytest.mark.parametrize(
    "start",
    [[sys.executable, "-W", "error", "-m", "toolgym"], [str(Path(sysconfig.get_path("scripts")) / "toolgym")]],
    ids=["module", "script"],
)
def test_the_command_is_a_program_with_exit_codes(start: list[str], tmp_path: Path) -> None:
    def program(*arguments: str) -> Done:
        done = subprocess.run([*start, *arguments], capture_output=True, text=True, cwd=tmp_path, check=False)
        return Done(done.returncode, done.stdout, done.stderr)

    assert program("--version") == (0, f"{toolgym.__version__}\n", "")
    wrong = program("eval", "mock", "--agent", "orcale")
    assert (wrong.code, wrong.out, wrong.err.count("\n")) == (2, "", 1)
    played = program(*EVAL, "--json")
    assert (played.code, played.err.strip()) == (0, "")
    assert played.json["agents"]["oracle"]["pass_hat"]["2"]["mean"] == 1.0


def test_playing_whom_nobody_plays_is_exit_code_two(run: Command) -> None:
    done = run("play", "mock", "--as", "referee")
    assert done.code == 2
    assert "--as" in done.err


def test_without_a_command_it_says_what_there_is(run: Command) -> None:
    done = run()
    for name in ("eval", "play", "runs", "view", "regrade", "tasks", "tau2", "bench", "doctor"):
        assert name in done.out + done.err


# tasks


def test_tasks_list_names_every_task_by_split(run: Command, mock: Domain) -> None:
    listed = run("tasks", "list", "mock", "--json").json
    assert listed == {
        split: [{"id": task.id, "key": task.key} for task in mock.tasks[split]] for split in mock.tasks.splits()
    }
    assert list(run("tasks", "list", "mock", "--split", "dev", "--json").json) == ["dev"]
    table = run("tasks", "list", "mock", "--split", "dev").out
    for task in mock.tasks["dev"]:
        assert task.id in table
    assert "test-001" not in table


def test_tasks_list_says_where_a_domain_has_none(run: Command, monkeypatch: pytest.MonkeyPatch, mock: Domain) -> None:
    for place in ("toolgym.registration", "toolgym.registration.parts"):
        monkeypatch.setattr(f"{place}.make_domain", lambda *_: mock.with_data(tasks=TaskSet({})))
    assert "no embedded tasks" in run("tasks", "list", "mock").out
    for command in ("eval", "play"):
        refused = run(command, "mock")
        assert refused.code == 2
        assert "no embedded tasks" in refused.err


@pytest.mark.parametrize("number", ["001", "005", "006", "007", "008", "009", "010"])
def test_tasks_show_prints_what_is_wanted_and_by_what_it_is_graded(run: Command, mock: Domain, number: str) -> None:
    task = mock.tasks.find(f"test-{number}")
    shown = run("tasks", "show", "mock", task.id).out
    criteria = task.evaluation_criteria
    assert criteria is not None
    facts = [*(criteria.communicate_info or ()), *(one.func_name for one in criteria.env_assertions or ())]
    wanted = str(task.user_scenario.instructions)[:60]
    for part in (task.key, wanted, *(action.name for action in task.gold), *criteria.reward_basis, *facts):
        assert part in shown
    data = run("tasks", "show", "mock", task.id, "--json").json
    assert data.pop("key") == task.key
    assert Task.model_validate(data) == task


def test_tasks_show_prints_tau2s_tasks_too(run: Command, tau2_retail: Domain) -> None:
    judged = next(task for task in tau2_retail.tasks if task.needs_judge)
    failing = next(task for task in tau2_retail.tasks if task.id in ("35", "37", "38", "39", "46", "47", "54", "55"))
    assert "(a judge)" in run("tasks", "show", "retail", judged.id, "--data", "tau2").out
    assert "of the gold calls fail" in run("tasks", "show", "retail", failing.id, "--data", "tau2").out


# doctor


def test_doctor_finds_everything_in_place(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TAU2_DATA_DIR", raising=False)
    done = run("doctor", "--json")
    assert done.code == 0
    checks = {check["what"]: check for check in done.json["checks"]}
    assert checks["toolgym"] == {"what": "toolgym", "ok": True, "found": toolgym.__version__}
    assert "80 embedded tasks in 4 worlds" in checks["domain mock"]["found"]
    assert checks["TAU2_DATA_DIR"]["ok"] is None
    table = run("doctor")
    assert table.code == 0
    assert "domain mock" in table.out


def test_doctor_exits_with_one_where_a_check_fails(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAU2_DATA_DIR", "nowhere")
    done = run("doctor", "--json")
    assert done.code == 1
    assert [check["what"] for check in done.json["checks"] if check["ok"] is False] == ["TAU2_DATA_DIR"]


def test_doctor_looks_at_tau2s_data(run: Command, tau2_mock: Domain) -> None:
    checks = {check["what"]: check for check in run("doctor", "--json").json["checks"]}
    assert f"mock ({len(list(tau2_mock.tasks))} tasks)" in checks["TAU2_DATA_DIR"]["found"]


# tau2 verify

KINDS = ("outputs", "errors", "digests", "rewards", "components")


def corrupted(fixture: Any, kind: str) -> Any:
    """The fixture with one thing of a kind changed, and how many comparisons that touches."""
    trajectory = fixture["tasks"][0]["trajectories"][0]
    if kind == "outputs":
        fixture["strings"].append("Something else.")
        trajectory["calls"][0]["out"] = len(fixture["strings"]) - 1
    elif kind == "errors":
        trajectory["calls"][0]["error"] = not trajectory["calls"][0].get("error", False)
    elif kind == "digests":
        trajectory["db_hash"] = "0" * 64
    elif kind == "rewards":
        trajectory["eval"]["all"]["reward"] = 1.0 - trajectory["eval"]["all"]["reward"]
    else:
        trajectory["eval"]["env"]["db_match"] = not trajectory["eval"]["env"]["db_match"]
    return fixture


def test_verify_matches_what_tau2_answered(run: Command, fixtures: Path) -> None:
    done = run("tau2", "verify", str(fixtures / "mock.json"), "--json")
    assert done.code == 0
    report = done.json
    assert {*KINDS, "trajectories", "calls", "first_mismatches"} == report.keys()
    assert (report["trajectories"], report["first_mismatches"]) == (76, [])
    for kind in KINDS:
        assert list(report[kind]) == ["matched", "normalised", "mismatched", "not_checked"]
        assert report[kind]["matched"] > 0
        assert report[kind]["mismatched"] == 0
    assert report["outputs"]["matched"] + report["outputs"]["normalised"] == report["calls"]
    assert run("tau2", "verify", str(fixtures / "mock.json")).code == 0


@pytest.mark.parametrize("kind", KINDS)
def test_verify_exits_with_one_where_an_answer_differs(run: Command, fixtures: Path, kind: str) -> None:
    fixture = json.loads((fixtures / "mock.json").read_text(encoding="utf-8"))
    Path("copy.json").write_text(json.dumps(corrupted(fixture, kind)), encoding="utf-8")
    done = run("tau2", "verify", "copy.json", "--json")
    assert done.code == 1
    assert {name: done.json[name]["mismatched"] for name in KINDS} == dict.fromkeys(KINDS, 0) | {kind: 1}
    assert len(done.json["first_mismatches"]) == 1
    table = run("tau2", "verify", "copy.json")
    assert table.code == 1
    assert fixture["tasks"][0]["task_id"] in table.out
    assert run("tau2", "verify", "copy.json", "--no-texts").code == (0 if kind == "outputs" else 1)


@pytest.mark.parametrize("content", ["{", "[]", "{}", '{"domain": "mock", "strings": []}'])
def test_verify_exits_with_two_where_the_file_is_no_fixture(run: Command, content: str) -> None:
    Path("copy.json").write_text(content, encoding="utf-8")
    done = run("tau2", "verify", "copy.json")
    assert done.code == 2
    (line,) = done.err.strip("\n").split("\n")
    assert "copy.json" in line


def test_verify_exits_with_two_where_the_data_has_no_such_task(run: Command, tau2_mock: Domain) -> None:
    assert os.environ["TAU2_DATA_DIR"]
    fixture = {"domain": tau2_mock.name, "strings": [], "tasks": [{"task_id": "nope", "trajectories": []}]}
    Path("copy.json").write_text(json.dumps(fixture), encoding="utf-8")
    done = run("tau2", "verify", "copy.json")
    assert done.code == 2
    assert "'nope'" in done.err


def test_eval_tells_of_a_name_that_is_taken_before_any_agent_plays(run: Command) -> None:
    options = ("--split", "dev", "--trials", "1", "--name", "x")
    assert run("eval", "mock", "--agent", "no-op", *options).code == 0
    taken = run("eval", "mock", "--agent", "oracle", "--agent", "no-op", *options)
    assert taken.code == 2
    assert "x-no-op' exists" in taken.err
    assert not Path("runs/x-oracle").exists()


def test_what_is_no_number_is_null_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"a": float("nan"), "b": [float("inf"), 1.5], "c": {"d": -float("inf")}})
    assert json.loads(capsys.readouterr().out) == {"a": None, "b": [None, 1.5], "c": {"d": None}}
