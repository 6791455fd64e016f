"""``toolgym tasks synthesize``: certified tasks and good dialogues over them, as data for fine-tuning."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import Done

from toolgym import make_domain
from toolgym.generators.demonstration import HARMLESS
from toolgym.generators.practice import stream_demonstrations
from toolgym.patterns import PATTERNS
from toolgym.tasks import read_tasks
from toolgym.trajectory import Trajectory

Command = Callable[..., Done]
OUT = Path("sft")
KEYS = ["messages", "tools", "task_id", "task_key", "agent", "recovered", "slips"]


def chat_of(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "chat.jsonl").read_text().splitlines()]


def rows_of(folder: Path) -> list[Trajectory]:
    return [Trajectory.from_json(line) for line in (folder / "trajectories.jsonl").read_text().splitlines()]


def test_every_task_is_certified_and_every_trajectory_a_success_over_it(run: Command) -> None:
    done = run("tasks", "synthesize", "mock", "--out", "sft", "--count", "8", "--json")
    assert (done.code, done.err.strip()) == (0, "")
    answer = done.json
    tasks, rows = read_tasks(OUT / "tasks.jsonl"), rows_of(OUT)
    assert len(tasks) == len(rows) == len(chat_of(OUT)) == answer["demonstrations"] == 8
    assert [task.key for task in tasks] == [row.task_key for row in rows]
    assert len({task.id for task in tasks}) == 8
    assert all(task.certificate is not None and task.certificate.key == task.key for task in tasks)
    assert all(row.success for row in rows)
    targets = [task.provenance.pattern if task.provenance is not None else None for task in tasks]
    assert targets[1::2] == [None] * 4
    assert None not in targets[::2]
    assert sum(answer["patterns"].values()) == 8
    assert answer["patterns"]["untargeted"] == 4


def test_the_dialogues_are_read_with_one_type_for_every_line(run: Command) -> None:
    run("tasks", "synthesize", "mock", "--out", "sft", "--count", "6")
    lines = chat_of(OUT)
    for line in lines:
        assert list(line) == KEYS
        assert line["messages"][0]["role"] == "system"
        assert line["messages"][-1]["role"] == "assistant"  # the user's goodbye is nothing to answer
        for message in line["messages"]:
            for call in message.get("tool_calls", ()):
                assert isinstance(json.loads(call["function"]["arguments"]), dict)
        assert {tool["type"] for tool in json.loads(line["tools"])} == {"function"}
    columns = duckdb.sql(f"DESCRIBE SELECT * FROM read_json('{OUT}/chat.jsonl')").fetchall()
    kinds = {name: kind for name, kind, *_ in columns}
    assert list(kinds) == KEYS
    assert kinds["messages"].startswith("STRUCT(")
    assert "JSON" not in kinds["messages"]  # what messages of different types would be read as
    assert kinds["tools"] == kinds["task_id"] == kinds["agent"] == "VARCHAR"


def test_a_share_shows_how_one_recovers(run: Command) -> None:
    options = ("--count", "8", "--recoveries", "0.5", "--seed", "1")
    answer = run("tasks", "synthesize", "retail", "--out", "sft", *options, "--json").json
    slips = answer["recoveries"]
    assert (slips["asked"], slips["made"], slips["fallbacks"]) == (4, 4, 0)
    for line, row in zip(chat_of(OUT), rows_of(OUT), strict=True):
        assert row.success
        assert line["agent"] == row.agent == ("novice" if line["recovered"] else "oracle")
        assert set(line["recovered"]) == {slip.pattern for slip in row.injected}
        assert set(line["recovered"]) <= set(PATTERNS) - HARMLESS
        assert all(slip.recovered for slip in row.injected)
        assert bool(line["slips"]) == bool(line["recovered"])
        put_right = 0
        for place in line["slips"]:
            slip, answer = line["messages"][place : place + 2]
            assert slip["role"] == "assistant"
            if answer["role"] == "user" or answer["content"].startswith("Error: "):
                put_right += 1
            else:  # it looked at what it mistook for the right thing
                assert slip["tool_calls"][0]["function"]["name"].startswith("get_")
        assert put_right >= len(line["recovered"])


def test_where_there_is_no_novice_the_oracle_plays_and_is_counted(run: Command) -> None:
    options = ("--count", "4", "--recoveries", "0.5")
    done = run("tasks", "synthesize", "mock", "--out", "sft", *options, "--json")
    assert done.json["recoveries"] == {"asked": 2, "made": 0, "fallbacks": 2, "patterns": {}}
    done = run("tasks", "synthesize", "mock", "--out", "b", *options)
    assert "recoveries by the oracle, as the novice had no such trial: 2" in done.out


@pytest.mark.parametrize("domain", ["mock", "retail"])
def test_the_same_seed_writes_the_same_bytes(run: Command, domain: str) -> None:
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        run("tasks", "synthesize", domain, "--out", name, "--count", "4", "--seed", seed)
    texts = [
        [(Path(name) / file).read_bytes() for file in ("tasks.jsonl", "trajectories.jsonl", "chat.jsonl")]
        for name in ("a", "b", "c")
    ]
    assert texts[0] == texts[1]
    assert all(one != other for one, other in zip(texts[0], texts[2], strict=True))
    worlds = [sorted(path.name for path in (Path(name) / "worlds").iterdir()) for name in ("a", "b", "c")]
    assert worlds[0] == worlds[1] != worlds[2]


def test_the_folder_is_a_pool(run: Command) -> None:
    run("tasks", "synthesize", "retail", "--out", "sft", "--count", "3", "--recoveries", "0")
    played = run("eval", "retail", "--pool", "sft", "--trials", "1", "--json").json
    assert played["user"] == "scripted"
    assert played["agents"]["oracle"]["pass_hat"]["1"]["mean"] == 1.0
    shown = run("curriculum", "show", "sft", "--json").json
    assert (shown["curriculum"], shown["tasks"], shown["made"], shown["reports"]) == (None, 3, 3, [])


def test_tasks_stress_the_patterns_that_were_named_in_turn(run: Command) -> None:
    options = ("--count", "4", "--patterns", "ended_early,untargeted")
    answer = run("tasks", "synthesize", "mock", "--out", "sft", *options, "--json").json
    assert answer["patterns"] == {"ended_early": 2, "untargeted": 2}
    answer = run("tasks", "synthesize", "mock", "--out", "b", "--count", "2", "--patterns", "untargeted", "--json").json
    assert answer["patterns"] == {"untargeted": 2}


def test_the_oracle_speaks_as_it_is_told(run: Command) -> None:
    options = ("--count", "2", "--recoveries", "0", "--patterns", "untargeted")
    for name in ("terse", "formal"):
        assert run("tasks", "synthesize", "retail", "--out", name, *options, "--wordings", name).code == 0
    said = [
        [message["content"] for line in chat_of(Path(name)) for message in line["messages"][2:] if message["content"]]
        for name in ("terse", "formal")
    ]
    assert len(" ".join(said[0])) < len(" ".join(said[1]))


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--patterns", "ended_erly"), "Did you mean 'ended_early'?"),
        (("--patterns", "a,,b"), "separated by commas"),
        (("--wordings", "rude"), "No wording named 'rude'"),
        (("--out", "runs"), "'runs' exists"),
        (("--out", "link"), "'link' exists"),
        (("--out", "notes.txt/sft"), "takes no folder"),
    ],
)
def test_what_does_not_fit_is_a_mistake_of_the_user(run: Command, options: tuple[str, ...], says: str) -> None:
    Path("runs").mkdir()
    Path("notes.txt").touch()
    Path("link").symlink_to("nowhere")
    done = run("tasks", "synthesize", "mock", "--out", "sft", "--count", "2", *options)
    assert done.code == 2
    assert says in done.err
    assert not OUT.exists()


def test_nothing_is_left_of_a_folder_that_could_not_be_written(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("toolgym.generators.demonstrations.write_tasks", full)
    done = run("tasks", "synthesize", "mock", "--out", "sft", "--count", "2")
    assert (done.code, "the disk is full" in done.err) == (2, True)
    assert list(Path().iterdir()) == []


def test_without_certificates_it_writes_the_beginning_of_the_stream(run: Command) -> None:
    options = ("--count", "6", "--recoveries", "0.5", "--seed", "2", "--uncertified")
    answer = run("tasks", "synthesize", "retail", "--out", "sft", *options, "--json").json
    assert (answer["certified"], answer["stages"], answer["demonstrations"]) == (False, {}, 6)
    assert all(task.certificate is None for task in read_tasks(OUT / "tasks.jsonl"))
    stream = stream_demonstrations(make_domain("retail"), seed=2, recoveries=0.5)
    assert rows_of(OUT) == [one.trajectory for one in islice(stream, 6)]
    done = run("tasks", "synthesize", "retail", "--out", "other", *options)
    assert "6 demonstrations without certificates: to train on, not to measure by" in done.out
