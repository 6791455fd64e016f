"""Commands over files that a stranger made."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from kept_runs import keep, missed, solved

from toolgym.database.store import file_name
from toolgym.domain import Domain
from toolgym.runs import summary
from toolgym.runs.files import MANIFEST, TIMINGS, TRAJECTORIES
from toolgym.tasks import write_tasks

Command = Callable[..., Any]
RUNS = Path("runs")
ENDLESS = "SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range + b.range = 7"


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "a/b", "..", ".x", "x" * 200, "a\x1b[2J"])
def test_the_name_of_a_run_stays_in_the_folder_of_the_runs(run: Command, name: str) -> None:
    done = run("eval", "mock", "--trials", "1", "--name", name)
    assert done.code == 2
    assert "letters, digits" in done.err
    assert "\x1b" not in done.err
    assert not RUNS.exists()


@pytest.mark.parametrize("manifest", ["[" * 100_000, '{"a":' * 100_000, '{"settings": NaN}', '{"a": 1, "a": 2}', ""])
def test_a_broken_manifest_is_an_error_for_its_run_alone(run: Command, mock: Domain, manifest: str) -> None:
    keep(RUNS / "good", solved(mock))
    (keep(RUNS / "bad", solved(mock)) / MANIFEST).write_text(manifest)
    listed = {row["run"]: row for row in run("runs", "list", "--json").json["runs"]}
    assert "problem" in listed["bad"]
    assert listed["good"]["pass_hat_1"] == 1.0
    for command in (["runs", "show", "bad"], ["view", "bad"], ["regrade", "bad"], ["runs", "query", "bad", "SELECT 1"]):
        done = run(*command)
        assert done.code == 2, done.err
        assert "bad" in done.err


def test_a_manifest_of_a_hundred_megabytes_is_refused_at_once(run: Command, mock: Domain) -> None:
    with (keep(RUNS / "bad", solved(mock)) / MANIFEST).open("wb") as file:
        file.write(b"[" * 100_000_000)
    began = time.monotonic()
    done = run("runs", "list")
    assert (done.code, "more than 16 MB" in done.out) == (0, True)
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"reward": 1.0', '"reward": NaN'),
        ('"reward": 1.0', '"reward": Infinity'),
        ('"agent": "hand"', '"agent": "hand", "agent": "other"'),
        ('"agent": "hand"', '"agent": "h\u00e4nd"'),
        ('"arguments": {', '"arguments": {"x": ' + "[" * 5000 + "]" * 5000 + ", "),
        ('"arguments": {', '"arguments": {"x": ' + "1" * 5000 + ", "),
        ('"format": 1', '"format": 2'),
    ],
)
def test_a_line_is_read_or_refused_alike_by_all_commands(run: Command, mock: Domain, old: str, new: str) -> None:
    lines = (keep(RUNS / "x", missed(mock), solved(mock, trial=1)) / TRAJECTORIES).read_text().split("\n")
    assert old in lines[1]
    lines[1] = lines[1].replace(old, new, 1)
    (RUNS / "x" / TRAJECTORIES).write_text("\n".join(lines), encoding="utf-8")
    commands = [["runs", "show", "x"], ["view", "x"], ["regrade", "x"], ["failures", "x"]]
    commands.append(["runs", "query", "x", "SELECT count(*) FROM episodes"])
    for command in commands:
        done = run(*command)
        assert done.code == 2, (command, done)
        assert "line 2" in done.err
    assert "line 2" in run("runs", "list", "--json").json["runs"][0]["problem"]


def test_a_query_has_bounds_that_can_be_set(run: Command, mock: Domain) -> None:
    keep(RUNS / "x", solved(mock))
    done = run("runs", "query", "x", ENDLESS, "--seconds", "1")
    assert (done.code, "took more than 1 s" in done.err) == (2, True)
    done = run("runs", "query", "x", "SELECT list(range) FROM range(100000000000)", "--memory", "256")
    assert (done.code, "memory" in done.err) == (2, True)
    nested = "(SELECT " * 40 + "1" + ")" * 40
    assert "nested more than 12 deep" in run("runs", "query", "x", f"SELECT {nested}").err


def test_an_interrupt_ends_a_query_at_once(mock: Domain, tmp_path: Path) -> None:
    keep(tmp_path / "runs" / "x", solved(mock))
    command = [sys.executable, "-m", "toolgym", "runs", "query", "x", ENDLESS, "--runs", str(tmp_path / "runs")]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    time.sleep(6)
    os.kill(process.pid, signal.SIGINT)
    began = time.monotonic()
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, b"")
    assert b"Traceback" not in err
    assert time.monotonic() - began < 10


def test_values_of_every_type_are_printed(run: Command, mock: Domain) -> None:
    keep(RUNS / "x", solved(mock))
    sql = (
        "SELECT timestamptz '2020-01-01 00:00:00+02' AS moment, interval 3 days AS took, 1.50::DECIMAL(9, 2) AS price, "
        "'a'::BLOB AS bytes, '00000000-0000-0000-0000-000000000001'::UUID AS id, MAP {'a': 1} AS map, "
        "{'b': [timestamptz '2020-01-01 00:00:00+00']} AS struct, 'nan'::DOUBLE AS number"
    )
    (row,) = run("runs", "query", "x", sql, "--json").json["rows"]
    assert row == {
        "moment": "2019-12-31T22:00:00+00:00",
        "took": "3 days, 0:00:00",
        "price": 1.5,
        "bytes": "a",
        "id": "00000000-0000-0000-0000-000000000001",
        "map": {"a": 1},
        "struct": {"b": ["2020-01-01T00:00:00+00:00"]},
        "number": None,
    }
    assert "1.50" in run("runs", "query", "x", sql, "--csv").out
    assert "nan" in run("runs", "query", "x", sql).out


# pools


def pool(mock: Domain, folder: Path) -> Path:
    """Tasks of the train split, as a stranger would give them, with their worlds."""
    tasks = mock.tasks["train"][:3]
    write_tasks(folder / "tasks.jsonl", tasks)
    (folder / "worlds").mkdir()
    for world in {task.world for task in tasks}:
        mock.worlds.get(world).save(folder / "worlds" / file_name(world))
    return folder


def test_a_pool_is_checked(run: Command, mock: Domain) -> None:
    done = run("tasks", "check", "mock", "--pool", str(pool(mock, Path("pool"))), "--json")
    assert (done.code, done.json["failed"]) == (0, [])
    assert done.json["stages"]["worlds"] == {"passed": 1, "failed": 0}


def test_a_pool_with_an_altered_world_does_not_hold(run: Command, mock: Domain) -> None:
    folder = pool(mock, Path("pool"))
    (world,) = (folder / "worlds").iterdir()
    with duckdb.connect(world) as connection:
        connection.execute("UPDATE assistant.users SET record = replace(record, 'a', 'o')")
    done = run("tasks", "check", "mock", "--pool", str(folder))
    assert done.code == 1
    assert "altered" in done.out
    refused = run("eval", "mock", "--pool", str(folder), "--trials", "1")
    assert (refused.code, "altered" in refused.err) == (2, True)


def test_a_pool_with_another_tasks_certificate_or_a_broken_line_does_not_hold(run: Command, mock: Domain) -> None:
    folder = pool(mock, Path("pool"))
    first = (folder / "tasks.jsonl").read_text().split("\n")[0]
    changed = json.loads(first)
    changed["id"] = "changed"
    changed["ticket"] = "another"
    (folder / "tasks.jsonl").write_text(json.dumps(changed) + "\n")
    assert "its certificate is of the key" in run("tasks", "check", "mock", "--pool", str(folder)).out
    for line in ("[" * 100_000, '{"id": NaN}', "{}"):
        (folder / "tasks.jsonl").write_text(f"{first}\n{line}\n")
        done = run("tasks", "check", "mock", "--pool", str(folder))
        assert (done.code, "line 2" in done.err) == (2, True)


def test_a_world_of_a_pool_that_is_a_view_over_a_file_is_refused(run: Command, mock: Domain, tmp_path: Path) -> None:
    folder = pool(mock, Path("pool"))
    (world,) = (folder / "worlds").iterdir()
    secret = tmp_path / "secret.txt"
    secret.write_text("the secret")
    with duckdb.connect(world) as connection:
        connection.execute("DROP TABLE assistant.users")
        connection.execute(
            "CREATE VIEW assistant.users AS SELECT 0 AS position, 'k' AS key, content AS record "
            f"FROM read_text('{secret}')"
        )
    shutil.rmtree(RUNS, ignore_errors=True)
    done = run("eval", "mock", "--pool", str(folder), "--trials", "1")
    assert done.code == 2
    assert "holds the view 'users'" in done.err
    assert not RUNS.exists()


# values that are no values of a run


def changed(name: str, file: str, **facts: Any) -> None:
    """Change what the only line of a file of a run holds."""
    path = RUNS / name / file
    path.write_text(json.dumps({**json.loads(path.read_text().split("\n")[0]), **facts}) + "\n")


@pytest.mark.parametrize(
    ("file", "facts"),
    [
        (TIMINGS, {"started": 1e300}),
        (TIMINGS, {"started": 1e14}),
        (TIMINGS, {"started": -9e12}),
        (TIMINGS, {"started": "NaN"}),
        (TIMINGS, {"seconds": 1e300}),
        (TIMINGS, {"seconds": -1}),
        (TRAJECTORIES, {"history": 2**63 - 1}),
    ],
)
def test_a_number_out_of_range_is_an_error_for_its_run_alone(
    run: Command, mock: Domain, file: str, facts: dict[str, Any]
) -> None:
    keep(RUNS / "good", solved(mock))
    keep(RUNS / "bad", solved(mock))
    changed("bad", file, **facts)
    listed = {row["run"]: row for row in run("runs", "list", "--json").json["runs"]}
    assert listed["good"]["pass_hat_1"] == 1.0
    assert f"{file}, line 1: " in listed["bad"]["problem"]
    for command in (["runs", "show", "bad"], ["view", "bad"], ["runs", "query", "bad", "SELECT * FROM episodes"]):
        done = run(*command)
        assert (done.code, f"{file}, line 1: " in done.err) == (2, True), (command, done)


def test_the_line_of_which_no_table_can_be_filled_is_named(run: Command, mock: Domain) -> None:
    folder = keep(RUNS / "bad", *(solved(mock, trial=trial) for trial in range(9)))
    lines = (folder / TRAJECTORIES).read_text().split("\n")
    lines[6] = json.dumps({**json.loads(lines[6]), "history": 2**63 - 1})
    (folder / TRAJECTORIES).write_text("\n".join(lines))
    assert f"{TRAJECTORIES}, line 7: it cannot be put into tables" in run("runs", "show", "bad").err


def test_arguments_that_are_no_object_are_an_error_and_no_bug(run: Command, mock: Domain) -> None:
    path = keep(RUNS / "bad", solved(mock)) / TRAJECTORIES
    old = '"arguments": {"task_id": "task_999", "status": "completed"}'
    path.write_text(path.read_text().replace(old, '"arguments": [1]'))
    assert "[1]" in path.read_text()
    for command in (["runs", "show", "bad"], ["view", "bad"], ["regrade", "bad"], ["failures", "bad"]):
        done = run(*command)
        assert (done.code, "line 1" in done.err) == (2, True), (command, done)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may enter every folder")
def test_a_run_that_may_not_be_entered_is_an_error_for_itself_alone(run: Command, mock: Domain) -> None:
    keep(RUNS / "good", solved(mock))
    folder = keep(RUNS / "bad", solved(mock))
    folder.chmod(0)
    try:
        listed = {row["run"]: row for row in run("runs", "list", "--json").json["runs"]}
        assert (listed["good"]["pass_hat_1"], "Permission" in listed["bad"]["problem"]) == (1.0, True)
        done = run("runs", "show", "bad")
        assert (done.code, "Permission" in done.err) == (2, True)
    finally:
        folder.chmod(0o700)


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), MemoryError()])
def test_whatever_is_wrong_in_a_run_the_others_are_listed(
    run: Command, mock: Domain, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    for name in ("good", "bad"):
        keep(RUNS / name, solved(mock))
    of = summary.outline

    def outline(folder: Path) -> dict[str, Any]:
        if folder.name == "bad":
            raise error
        return of(folder)

    monkeypatch.setattr(summary, "outline", outline)
    listed = {row["run"]: row for row in run("runs", "list", "--json").json["runs"]}
    assert (listed["good"]["pass_hat_1"], bool(listed["bad"]["problem"])) == (1.0, True)


LOOKS = (["runs", "show", "x"], ["view", "x"], ["regrade", "x"], ["failures", "x"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("pool", value) for value in ("x" * 300, "\0", 5, {"a": 1})),
        *(("tasks", value) for value in (5, True, 1.5, [1], {"a": {"b": 1}})),
        *(("models", value) for value in (5, "x", {"agent": 5})),
        *((name, 5) for name in ("domain", "data", "split", "agent", "user", "wording")),
        *((name, "x") for name in ("trials", "seed", "max_steps")),
    ],
)
def test_a_setting_of_another_kind_is_told_by_its_name(run: Command, mock: Domain, name: str, value: Any) -> None:
    path = keep(RUNS / "x", solved(mock)) / MANIFEST
    manifest = json.loads(path.read_text())
    manifest["settings"][name] = value
    path.write_text(json.dumps(manifest))
    for command in LOOKS:
        done = run(*command)
        assert (done.code, f"settings.{name} must be" in done.err, str(path) in done.err) == (2, True, True), done


@pytest.mark.parametrize(
    ("name", "value"),
    [*(("worlds", value) for value in (5, None, [1], [None])), ("settings", 5), ("versions", [1])],
)
def test_a_part_of_a_manifest_of_another_kind_is_told_by_its_name(
    run: Command, mock: Domain, name: str, value: Any
) -> None:
    path = keep(RUNS / "x", solved(mock)) / MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), name: value}))
    for command in LOOKS:
        done = run(*command)
        assert (done.code, f"{name} must be" in done.err) == (2, True), done


def test_what_is_nested_deep_is_refused_or_printed(run: Command, mock: Domain) -> None:
    folder = keep(RUNS / "x", solved(mock))
    path = folder / TRAJECTORIES
    deep = '{"a": [1, ' * 450 + "1" + "]}" * 450
    path.write_text(path.read_text().replace('"task_id": "task_999"', f'"task_id": {deep}'))
    for command in (*LOOKS[1:], ["view", "x", "--json"]):
        done = run(*command)
        assert (done.code, "nested too deep" in done.err) == (2, True), (command, done)
    for command in (["runs", "query", "x", "select * from calls"], ["runs", "show", "x", "--json"]):
        assert run(*command).code in (0, 2)
        assert run(*command, "--json").code in (0, 2)


def test_a_pool_that_is_read_because_a_run_names_it_is_told(run: Command, mock: Domain, tmp_path: Path) -> None:
    place = pool(mock, tmp_path / "elsewhere")
    (tmp_path / "runs").mkdir(exist_ok=True)
    keep(RUNS / "x", solved(mock), pool=str(place))
    for command in LOOKS[1:]:
        assert f"The run names the pool {str(place)!r}" in run(*command).err
