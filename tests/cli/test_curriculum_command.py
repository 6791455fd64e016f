"""``toolgym curriculum``: what a refresh prints and keeps, and what it goes on from."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Done
from kept_runs import keep

from toolgym import make_agent, make_domain, make_user
from toolgym.certificates.certifier import Funnel
from toolgym.curricula import folder
from toolgym.curriculum import RefreshReport
from toolgym.domain import Domain
from toolgym.patterns import PATTERNS
from toolgym.rollouts import play
from toolgym.runs import read_manifest, read_trajectories
from toolgym.trajectory import Trajectory

Command = Callable[..., Done]
POOL = Path("pools") / "mock-sentinel"


def failed(domain: Domain, number: int = 6, split: str = "train") -> list[Trajectory]:
    """Trials of an agent that does nothing, over the first tasks of a split."""
    return [
        play(domain, task, make_agent("no-op"), make_user("minimal")).trajectory(split=split, seed=0, agent="no-op")
        for task in domain.tasks[split][:number]
    ]


@pytest.fixture
def kept(run: Command, mock: Domain) -> Path:
    """A run that failed, over the train split."""
    return keep(Path("runs") / "x", *failed(mock), split="train")


@pytest.mark.usefixtures("kept")
def test_a_refresh_prints_its_report_and_keeps_everything_in_the_folder(run: Command) -> None:
    done = run("curriculum", "refresh", "mock", "--from", "x", "--tasks", "8", "--json")
    assert (done.code, done.err.strip()) == (0, "")
    answer = done.json
    keys = list(RefreshReport(round=0).as_dict())
    assert list(answer) == [*keys, "curriculum", "folder"]
    assert (answer["round"], answer["failures"], answer["curriculum"], answer["folder"]) == (
        0,
        6,
        "sentinel",
        str(POOL),
    )
    assert answer["proposed"] >= answer["admitted"] > 0
    assert answer["patterns"]["ended_early"]["failures"] == 6
    assert next(iter(answer["stages"])) == "schema"
    assert answer["stages"]["schema"]["passed"] + answer["stages"]["schema"]["failed"] == answer["proposed"]
    assert answer["solver"] == "not measured"
    assert json.loads((POOL / "rounds" / "000" / "report.json").read_text()) == {name: answer[name] for name in keys}
    assert len((POOL / "rounds" / "000" / "failures.jsonl").read_text().splitlines()) == 6
    assert list((POOL / "worlds").glob("*.duckdb"))


@pytest.mark.usefixtures("kept")
def test_people_read_the_funnel_from_the_raw_proposals_on(run: Command) -> None:
    done = run("curriculum", "refresh", "mock", "--from", "x", "--tasks", "8")
    assert done.code == 0
    rows = [line for line in done.out.splitlines() if line.startswith("│ ")]
    assert rows[0].split()[1] == "proposed"
    assert rows[1].split()[1] == "schema"
    for name in ("validity", "hit-rate", "coverage", "zero-signal", "drift", f"written: {POOL}"):
        assert name in done.out


@pytest.mark.usefixtures("kept")
def test_a_second_refresh_goes_on_from_the_first_with_a_run_over_the_pool(run: Command) -> None:
    first = run("curriculum", "refresh", "mock", "--from", "x", "--tasks", "8", "--json").json
    played = run("eval", "mock", "--pool", str(POOL), "--agent", "no-op", "--trials", "2", "--name", "p", "--json").json
    assert (played["split"], played["pool"], played["user"]) == ("pool", str(POOL), "minimal")
    assert played["agents"]["no-op"]["tasks"] == first["admitted"]
    assert read_manifest(Path("runs") / "p-no-op")["settings"]["pool"] == str(POOL.resolve())
    second = run("curriculum", "refresh", "mock", "--from", "p-no-op", "--tasks", "8", "--json").json
    assert (second["round"], second["failures"]) == (1, 2 * first["admitted"])
    assert second["pool"] == first["pool"] + second["admitted"]
    assert second["hit_rate"] is not None
    assert second["zero_signal"] == 1.0
    shown = run("curriculum", "show", str(POOL), "--json").json
    assert [one["round"] for one in shown["reports"]] == [0, 1]
    assert (shown["tasks"], shown["made"]) == (second["pool"], first["admitted"] + second["admitted"])
    assert sum(row["trials"] for row in shown["patterns"].values()) == 2 * first["admitted"]
    assert "rounds" in run("curriculum", "show", str(POOL)).out


@pytest.mark.usefixtures("kept")
def test_what_was_learned_from_a_run_is_not_learned_twice(run: Command, mock: Domain) -> None:
    run("curriculum", "refresh", "mock", "--from", "x", "--tasks", "4")
    before = (POOL / "curriculum.json").read_bytes()
    done = run("curriculum", "refresh", "mock", "--from", "x", "--tasks", "4", "--json")
    assert (done.code, done.out) == (2, "")
    assert "nothing new to learn from: 6 of the 6 episodes of the run 'x' were counted before" in done.err
    assert (POOL / "curriculum.json").read_bytes() == before
    keep(Path("runs") / "y", *failed(mock, 7), split="train")
    done = run("curriculum", "refresh", "mock", "--from", "y", "--tasks", "4", "--json")
    assert (done.code, done.json["failures"]) == (0, 1)
    assert "6 of the 7 episodes of the run 'y' were counted before" in done.err
    done = run("curriculum", "refresh", "mock", "--from", "y", "--tasks", "4", "--no-controller", "--json")
    assert (done.code, done.err.strip()) == (0, "")


@pytest.mark.parametrize("options", [(), ("--curriculum", "raft"), ("--no-proposer",)])
def test_a_curriculum_that_learns_from_failures_needs_a_run(run: Command, options: tuple[str, ...]) -> None:
    done = run("curriculum", "refresh", "mock", "--tasks", "2", *options)
    assert (done.code, "give --from RUN" in done.err) == (2, True)
    assert not Path("pools").exists()


def test_what_looks_at_no_failures_needs_no_run_and_says_so(run: Command) -> None:
    for number, options in enumerate((("--curriculum", "general"), ("--no-controller",))):
        done = run("curriculum", "refresh", "mock", "--tasks", "2", "--pool", str(number), *options)
        assert (done.code, "failures: not looked at" in done.out) == (0, True)
        assert "failures analysed" not in done.out


def test_nothing_is_learned_from_test_tasks_and_the_message_does_not_lead_there(run: Command, mock: Domain) -> None:
    keep(Path("runs") / "y", *failed(mock, 1, "test"), split="test")
    done = run("curriculum", "refresh", "mock", "--from", "y")
    assert (done.code, "nothing must be learned from tasks of 'test'" in done.err) == (2, True)
    assert "--split" not in done.err


def test_an_error_begins_with_the_error_where_standard_error_is_no_terminal(run: Command) -> None:
    assert run("curriculum", "refresh", "mock", "--tasks", "2").err.startswith("toolgym: ")


def test_patterns_are_shown_by_family_and_what_was_synthesized_says_over_which_domain(run: Command) -> None:
    run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "12", "--pool", "a")
    shown = list(run("curriculum", "show", "a", "--json").json["patterns"])
    assert shown == [name for name in PATTERNS if name in shown]
    run("tasks", "synthesize", "mock", "--out", "sft", "--count", "2", "--recoveries", "0")
    assert "sft: tasks over mock, toolgym data" in run("curriculum", "show", "sft").out
    (Path("sft") / "trajectories.jsonl").unlink()
    assert run("curriculum", "show", "sft").out.startswith("sft: tasks\n")


def test_a_pool_that_is_not_there_is_told_with_what_may_be_meant(run: Command) -> None:
    run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2")
    for command in (("curriculum", "show", "mock-sentinel"), ("eval", "mock", "--pool", "pools/mock-sentinal")):
        done = run(*command)
        assert (done.code, "Did you mean 'pools/mock-sentinel'?" in done.err) == (2, True), done.err
    place = str(POOL / "curriculum.json")
    for command in (("show", place), ("refresh", "mock", "--no-controller", "--pool", place)):
        done = run("curriculum", *command)
        assert (done.code, f"name the folder that it is in, '{POOL}'" in done.err) == (2, True), done.err


def test_a_run_over_a_pool_is_not_continued_when_the_pool_has_grown(run: Command) -> None:
    refresh = ("curriculum", "refresh", "mock", "--no-controller", "--tasks", "4")
    play_pool = ("eval", "mock", "--pool", str(POOL), "--agent", "no-op", "--trials", "1", "--name", "p")
    run(*refresh)
    run(*play_pool)
    rows = list(read_trajectories(Path("runs") / "p-no-op"))
    assert {row.split for row in rows} == {"pool"}
    assert run(*play_pool, "--resume").code == 0
    run(*refresh)
    done = run(*play_pool, "--resume")
    assert done.code == 2
    assert "start a new run" in done.err
    assert list(read_trajectories(Path("runs") / "p-no-op")) == rows


def test_equal_refreshes_make_equal_pools(run: Command) -> None:
    for name in ("a", "b"):
        run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "6", "--seed", "3", "--pool", name)
    states = [json.loads((Path(name) / "curriculum.json").read_text())["state"] for name in ("a", "b")]
    assert states[0] == states[1]


@pytest.mark.usefixtures("kept")
def test_the_ablations_leave_one_half_out(run: Command) -> None:
    refresh = ("curriculum", "refresh", "mock", "--from", "x", "--tasks", "6", "--json")
    off = run(*refresh, "--no-controller", "--pool", "a").json
    assert (off["failures"], off["admitted"] > 0) == (0, True)
    off = run(*refresh, "--no-proposer", "--pool", "b").json
    assert (off["failures"], off["proposed"]) == (6, 0)


def test_a_solver_that_never_solves_leaves_nothing(run: Command) -> None:
    options = ("--no-controller", "--tasks", "4", "--solver", "no-op", "--solver-trials", "2")
    answer = run("curriculum", "refresh", "mock", *options, "--json").json
    assert answer["stages"]["solver"]["passed"] == answer["admitted"] == 0
    assert answer["stages"]["solver"]["failed"] > 0
    assert "0 of 2 trials" in answer["reasons"]["solver"][0]


def test_a_refresh_that_is_broken_off_leaves_the_pool_as_it_was(run: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    refresh = ("curriculum", "refresh", "mock", "--no-controller", "--tasks", "4")
    run(*refresh)
    before = {path: path.read_bytes() for path in sorted(POOL.rglob("*")) if path.is_file()}

    async def interrupted(*_: Any, **__: Any) -> Any:
        os.kill(os.getpid(), signal.SIGINT)
        await asyncio.sleep(60)

    monkeypatch.setattr(Funnel, "certify", interrupted)
    done = run(*refresh)
    assert done.code == 130
    assert "broken off; the pool" in done.err
    assert {path: path.read_bytes() for path in sorted(POOL.rglob("*")) if path.is_file()} == before


def test_an_interrupt_when_the_pool_is_written_does_not_say_that_it_is_as_it_was(
    run: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = folder.write_saved

    def interrupted(place: Path, saved: folder.Saved) -> None:
        write(place, saved)
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(folder, "write_saved", interrupted)
    done = run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2")
    assert (done.code, "was written already: this refresh counts" in done.err) == (130, True), done.err
    assert folder.read_saved(POOL).state["round"] == 1


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--from", "x", "--split", "test"), "this curriculum learns from its split 'test'"),
        (("--from", "y"), "No run named 'y'"),
        (("--curriculum", "fixed"), "the curriculum 'fixed' keeps no pool"),
        (("--curriculum", "nothing"), "No curriculum named 'nothing'"),
        (("--curriculum", "general", "--no-controller"), "the curriculum 'general' does not take --no-controller"),
        (("--no-controller", "--no-proposer"), "exclude each other"),
        (("--pool", "runs"), "is not the pool of a curriculum, and not empty"),
        (("--proposer", "llm"), "needs a model; name it with --proposer-model\n"),
        (
            ("--analyst", "rules", "--analyst-model", "m"),
            "the analyst 'rules' has no model; leave --analyst-model out",
        ),
        (("--solver", "llm"), "needs a model; name it with --solver-model\n"),
        (("--solver", "nobody"), "No agent named 'nobody'"),
    ],
)
def test_what_does_not_fit_is_a_mistake_of_the_user(run: Command, options: tuple[str, ...], says: str) -> None:
    done = run("curriculum", "refresh", "mock", *options)
    assert done.code == 2
    assert says in done.err
    assert not POOL.exists()


def test_a_run_over_another_domain_or_pool_is_refused(run: Command) -> None:
    keep(Path("runs") / "r", *failed(make_domain("retail"), 1), domain="retail", split="train")
    done = run("curriculum", "refresh", "mock", "--from", "r")
    assert (done.code, "is over 'retail'" in done.err) == (2, True)
    run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2", "--pool", "a")
    run("eval", "mock", "--pool", "a", "--agent", "no-op", "--trials", "1", "--name", "p")
    done = run("curriculum", "refresh", "mock", "--from", "p-no-op", "--pool", "b")
    assert (done.code, "played the pool" in done.err) == (2, True)


@pytest.mark.parametrize("split", ["test", "dev", "validation"])
def test_a_pool_does_not_learn_from_another_split_than_it_began_with(run: Command, mock: Domain, split: str) -> None:
    run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2", "--pool", "a")
    before = (Path("a") / "curriculum.json").read_bytes()
    keep(Path("runs") / "y", *failed(mock, 1, split), split=split)
    done = run("curriculum", "refresh", "mock", "--from", "y", "--split", split, "--pool", "a")
    assert (done.code, "began with the split 'train': name that split" in done.err) == (2, True)
    assert (Path("a") / "curriculum.json").read_bytes() == before


def test_a_pool_that_was_moved_learns_from_the_runs_over_it(run: Command) -> None:
    run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2", "--pool", "a")
    run("eval", "mock", "--pool", "a", "--agent", "no-op", "--trials", "1", "--name", "p")
    Path("a").rename("b")
    done = run("curriculum", "refresh", "mock", "--from", "p-no-op", "--pool", "b", "--tasks", "2", "--json")
    assert (done.code, done.json["round"], done.json["failures"]) == (0, 1, 2)


def test_a_run_over_tasks_that_the_pool_does_not_hold_is_refused(run: Command, mock: Domain) -> None:
    [row] = failed(mock, 1, "test")
    keep(Path("runs") / "y", replace(row, split="train"), split="train")
    done = run("curriculum", "refresh", "mock", "--from", "y")
    assert (done.code, "played the task 'test-001', which is not in the pool" in done.err) == (2, True)
    assert not POOL.exists()


@pytest.mark.usefixtures("kept")
def test_a_folder_that_cannot_be_written_is_a_mistake_of_the_user(run: Command) -> None:
    Path("file").write_text("in the way")
    for place, says in (("file", "is not the pool of a curriculum"), ("file/pool", "cannot be written")):
        done = run("curriculum", "refresh", "mock", "--from", "x", "--tasks", "2", "--pool", place)
        assert (done.code, says in done.err) == (2, True), done.err


@pytest.mark.usefixtures("kept")
def test_what_a_broken_off_first_refresh_wrote_is_no_obstacle(run: Command) -> None:
    for leftover in ("worlds", "rounds/000"):
        (POOL / leftover).mkdir(parents=True)
    assert run("curriculum", "refresh", "mock", "--from", "x", "--tasks", "2").code == 0
    assert run("curriculum", "show", str(POOL), "--json").json["made"] == 2


def test_a_pool_with_a_broken_file_is_a_mistake_of_the_user(run: Command) -> None:
    run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2", "--pool", "a")
    (Path("a") / "rounds" / "000" / "report.json").write_text("{")
    done = run("curriculum", "show", "a")
    assert (done.code, "is no report of a refresh" in done.err) == (2, True)
    content = json.loads((Path("a") / "curriculum.json").read_text())
    (Path("a") / "curriculum.json").write_text(json.dumps({**content, "state": []}))
    for command in (("show", "a"), ("refresh", "mock", "--pool", "a")):
        done = run("curriculum", *command)
        assert (done.code, "its state is no JSON object" in done.err) == (2, True)


def test_eval_plays_no_pool_whose_worlds_are_missing_or_another_domains(run: Command) -> None:
    run("tasks", "synthesize", "mock", "--out", "a", "--count", "2")
    done = run("eval", "retail", "--pool", "a", "--agent", "no-op", "--user", "minimal")
    assert (done.code, "holds the tables" in done.err) == (2, True), done.err
    [world] = (Path("a") / "worlds").iterdir()
    world.unlink()
    done = run("eval", "mock", "--pool", "a", "--agent", "no-op")
    assert (done.code, "there is no world" in done.err) == (2, True), done.err
    assert not Path("runs").exists()


def test_a_folder_with_another_curriculum_is_refused(run: Command) -> None:
    run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2", "--pool", "a")
    done = run("curriculum", "refresh", "mock", "--curriculum", "raft", "--pool", "a")
    assert (done.code, "holds the curriculum 'sentinel'" in done.err) == (2, True)
    assert (
        run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2", "--pool", "a", "--json").json[
            "curriculum"
        ]
        == "sentinel"
    )


def test_eval_plays_no_pool_that_is_none(run: Command, mock: Domain) -> None:
    Path("empty").mkdir()
    for options, says in (
        (("--pool", "gone"), "is not there"),
        (("--pool", "empty"), "is no pool"),
        (("--pool", "empty", "--split", "test"), "exclude each other"),
    ):
        done = run("eval", "mock", *options)
        assert (done.code, says in done.err) == (2, True), options
    assert run("curriculum", "show", "empty").code == 2
    keep(Path("runs") / "x", *failed(mock, 2), split="train")
    run("curriculum", "refresh", "mock", "--from", "x", "--no-proposer")
    done = run("eval", "mock", "--pool", str(POOL))
    assert (done.code, "no task was made" in done.err) == (2, True)
    done = run("eval", "retail", "--pool", str(POOL))
    assert (done.code, "is of the domain 'mock'" in done.err) == (2, True)


def test_a_pool_that_begins_with_another_split_than_train_says_what_that_costs(run: Command) -> None:
    done = run("curriculum", "refresh", "mock", "--no-controller", "--split", "dev", "--tasks", "2")
    assert "the pool holds the tasks of the split 'dev': who trains on it is no longer scored by that split" in done.err
    assert (
        "no longer scored"
        not in run("curriculum", "refresh", "mock", "--no-controller", "--tasks", "2", "--pool", "p").err
    )
