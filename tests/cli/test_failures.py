"""``toolgym failures``: what it counts, and what it says of what it cannot tell."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Done
from kept_runs import call, keep, missed, played, solved
from models.server import Server, completion
from tau2_folder import TASKS, make_folder

from toolgym import make_domain, registration
from toolgym.compat.tau2 import write_results
from toolgym.domain import Domain
from toolgym.failures.report import FailureReport, Finding, blank
from toolgym.messages import Message
from toolgym.models import ChatModel
from toolgym.patterns import KNOWN
from toolgym.runs import read_trajectories
from toolgym.trajectory import Fault, Grade, Trajectory

Command = Callable[..., Done]
RUN = Path("runs") / "x"


def void(row: Trajectory) -> Trajectory:
    return replace(row, grade=None, fault=Fault("user", "?"))


def foreign_results(path: Path) -> Path:
    """A results file of a domain that nobody has, as tau2 writes one, with a success and a failure."""
    scenario = {"persona": None, "instructions": "You want a boat."}
    simulation = {
        "id": "s",
        "task_id": "1",
        "start_time": "2025-01-01T00:00:00",
        "duration": 1.0,
        "termination_reason": "user_stop",
        "messages": [{"role": "assistant", "content": "Hi!"}, {"role": "user", "content": "Hi. ###STOP###"}],
    }
    data = {
        "info": {"environment_info": {"domain_name": "boats"}},
        "tasks": [{"id": "1", "user_scenario": scenario, "evaluation_criteria": {"reward_basis": ["DB"]}}],
        "simulations": [
            {**simulation, "trial": trial, "reward_info": {"reward": reward}} for trial, reward in ((0, 0.0), (1, 1.0))
        ],
    }
    path.write_text(json.dumps(data))
    return path


def test_json_has_the_documented_keys_and_counts_what_is_left_out(run: Command, mock: Domain) -> None:
    keep(RUN, solved(mock), missed(mock, trial=1), void(missed(mock, trial=2)), missed(mock, trial=3))
    done = run("failures", "x", "--json", "--no-clusters")
    assert (done.code, done.err.strip()) == (0, "")
    answer = done.json
    counts = (
        "failures",
        "successes",
        "void",
        "not_judged",
        "explained",
        "not_explained",
        "nothing_found",
        "user_alone",
    )
    assert {name: answer[name] for name in ("source", "domain", "data", "analyst", *counts)} == {
        "source": str(RUN),
        "domain": "mock",
        "data": "toolgym",
        "analyst": "rules",
        "failures": 2,
        "successes": 1,
        "void": 1,
        "not_judged": 0,
        "explained": 2,
        "not_explained": {},
        "nothing_found": 0,
        "user_alone": 0,
    }
    assert list(answer["patterns"]) == [*KNOWN, "none of them"]
    wrong = answer["patterns"]["wrong_record"]
    assert list(wrong) == ["family", "side", "failures", "share", "primary", "consequences", "harmless"]
    assert (wrong["family"], wrong["failures"], wrong["share"]["mean"]) == ("multi-record reasoning", 2, 1.0)
    assert answer["families"]["multi-record reasoning"]["failures"] == 2
    (task,) = answer["tasks"]
    assert (task["task_id"], task["failures"], task["trials"]) == ("test-008", 2, 3)
    assert task["patterns"]["wrong_record"] == 2
    example = next(one for one in answer["examples"] if one["pattern"] == "wrong_record")
    assert (example["task_id"], example["trial"], example["message"]) == ("test-008", 1, 2)
    assert "task_8" in example["expected"]
    assert "task_5" in example["got"]
    assert answer["clusters"] is answer["hit_rate"] is answer["against"] is answer["written"] is None
    assert answer["targets"] == {}


def test_it_says_how_many_failures_are_the_users_alone(run: Command, mock: Domain) -> None:
    task = next(task for task in mock.tasks["train"] if task.id == "train-005")
    update, _ = task.gold
    agree = Message("assistant", "I will set 'Plan the budget' to completed. Shall I?"), Message("user", "Yes, please.")
    lines = (*agree, call(update.name, **update.arguments), Message("assistant", "Please do your part now."))
    keep(RUN, played(mock, "train-005", *lines), missed(mock))
    answer = run("failures", "x", "--json", "--no-clusters").json
    assert answer["user_alone"] == 1
    assert answer["patterns"]["user_act_missing"]["primary"] == 1
    assert answer["patterns"]["user_act_missing"]["side"] == "user"
    example = next(one for one in answer["examples"] if one["pattern"] == "user_act_missing")
    assert (example["side"], example["task_id"]) == ("user", "train-005")
    shown = run("failures", "x", "--no-clusters")
    assert "failures that are the user's alone: 1 of 2" in shown.out
    assert "user simulator" in shown.out


def test_people_read_patterns_with_bars_tasks_and_examples(run: Command, mock: Domain) -> None:
    keep(RUN, solved(mock), missed(mock, trial=1))
    done = run("failures", str(RUN), "--no-clusters")
    assert done.code == 0
    line = next(line for line in done.out.splitlines() if "wrong_record" in line)
    assert "100.0 (2-100)" in line
    assert "████" in line
    assert "1 of 2" in done.out
    assert "expected  " in done.out
    assert "successes 1, void 0, not judged 0" in done.out


def test_examples_are_as_many_as_asked_for(run: Command, mock: Domain) -> None:
    keep(RUN, *(missed(mock, trial=trial) for trial in range(4)))
    for number in (0, 1, 3):
        answer = run("failures", "x", "--examples", str(number), "--no-clusters", "--json").json
        assert sum(one["pattern"] == "wrong_record" for one in answer["examples"]) == number


def test_failures_that_are_alike_are_grouped_where_that_is_possible(run: Command, mock: Domain) -> None:
    pytest.importorskip("sklearn")
    keep(RUN, *(missed(mock, trial=trial) for trial in range(4)))
    (group,) = run("failures", "x", "--json").json["clusters"]
    assert (group["size"], len(group["episodes"]), group["noise"]) == (4, 4, False)
    assert group["name"] in run("failures", "x", "--clusters").out


def test_the_reports_are_written_one_a_line(run: Command, mock: Domain) -> None:
    keep(RUN, solved(mock), missed(mock, trial=1), missed(mock, trial=2))
    assert run("failures", "x", "--out", "reports.jsonl", "--no-clusters", "--json").json["written"] == "reports.jsonl"
    reports = [FailureReport.from_json(line) for line in Path("reports.jsonl").read_text().splitlines()]
    assert [report.episode_id for report in reports] == [missed(mock, trial=trial).episode_id for trial in (1, 2)]
    assert all(report.shows("wrong_record") for report in reports)


def test_reports_replace_reports_and_nothing_else(run: Command, mock: Domain) -> None:
    keep(RUN, missed(mock))
    Path("notes.txt").write_bytes(b"\xff\xfe")
    for place in (RUN / "trajectories.jsonl", RUN / "manifest.json", Path("notes.txt")):
        before = place.read_bytes()
        done = run("failures", "x", "--out", str(place), "--no-clusters")
        assert (done.code, "holds something else than reports" in done.err) == (2, True)
        assert place.read_bytes() == before
    Path("empty.jsonl").touch()
    for place in ("new.jsonl", "new.jsonl", "empty.jsonl"):
        assert run("failures", "x", "--out", place, "--no-clusters").code == 0
        assert len(Path(place).read_text().splitlines()) == 1


def test_a_failure_that_cannot_be_looked_into_is_counted_and_the_others_are_explained(
    run: Command, mock: Domain
) -> None:
    whole = missed(mock, trial=1)
    odd = replace(whole, trial=2, messages=(Message("tool", "?", tool_call_id="c9"), *whole.messages))
    keep(RUN, whole, odd)
    answer = run("failures", "x", "--no-clusters", "--json").json
    assert (answer["failures"], answer["explained"]) == (2, 1)
    assert answer["not_explained"] == {"it cannot be looked into: message 0 is the result of no call": 1}


def test_failures_of_which_no_rule_tells_the_cause_count_in_every_share(run: Command, mock: Domain) -> None:
    cut = {"grade": Grade(0.0, False), "termination": "max_steps"}
    right = call("update_task_status", task_id="task_8", status="completed")
    told = Message("assistant", "Noor Jansen works on it; it is completed.")
    plain = played(mock, "test-008", right, told, trial=1, **cut)
    keep(RUN, missed(mock), plain, solved(mock, trial=2, **cut))
    answer = run("failures", "x", "--no-clusters", "--json").json
    assert (answer["failures"], answer["explained"], answer["nothing_found"]) == (3, 3, 2)
    assert answer["not_explained"] == {}
    assert answer["patterns"]["wrong_record"]["share"]["mean"] == pytest.approx(1 / 3)
    assert "no cause found in: 2" in run("failures", "x", "--no-clusters").out


def test_a_run_without_failures_is_no_error(run: Command, mock: Domain) -> None:
    keep(RUN, solved(mock))
    done = run("failures", "x", "--json")
    assert (done.code, done.json["failures"], done.json["tasks"]) == (0, 0, [])
    assert run("failures", "x").code == 0


def test_reports_are_not_written_where_there_is_no_folder(run: Command, mock: Domain) -> None:
    keep(RUN, missed(mock))
    for place in ("nowhere/reports.jsonl", "runs"):
        done = run("failures", "x", "--out", place)
        assert (done.code, f"--out {place!r} names no file" in done.err) == (2, True)


def test_a_file_of_a_domain_that_is_not_installed_is_counted_and_not_guessed_about(run: Command) -> None:
    path = foreign_results(Path("boats.json"))
    done = run("failures", str(path), "--json")
    assert done.code == 0
    answer = done.json
    assert (answer["domain"], answer["failures"], answer["successes"], answer["explained"]) == ("boats", 1, 1, 0)
    ((reason, number),) = answer["not_explained"].items()
    assert "the domain 'boats' is not installed" in reason
    assert "nor do its tasks in the file have gold calls" in reason
    assert number == 1
    assert answer["examples"] == answer["tasks"] == []
    text = run("failures", str(path))
    assert text.code == 0
    assert "not explained: 1: the domain 'boats' is not installed" in text.out


def test_a_results_file_of_tau2_is_explained_over_its_own_tasks(
    run: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TAU2_DATA_DIR", str(make_folder(tmp_path / "tau2", TASKS)))
    domain = make_domain("mock", "tau2")
    done = run("eval", "mock", "--data", "tau2", "--split", "base", "--agent", "no-op", "--trials", "1", "--name", "t")
    assert done.code == 0
    rows = list(read_trajectories(Path("runs") / "t-no-op"))
    write_results(Path("results.json"), domain, rows, max_steps=200, max_errors=10)
    answer = run("failures", "results.json", "--no-clusters", "--json").json
    assert (answer["domain"], answer["data"]) == ("mock", "tau2")
    assert answer["failures"] == answer["explained"] == sum(row.success is False for row in rows) > 0
    assert {one["task_id"] for one in answer["tasks"]} == {row.task_id for row in rows if row.success is False}


def test_targeted_tasks_of_a_pool_give_hit_rates_beside_those_of_untargeted_ones(run: Command) -> None:
    run("tasks", "synthesize", "mock", "--out", "pool", "--count", "6", "--recoveries", "0")
    run("eval", "mock", "--pool", "pool", "--agent", "no-op", "--trials", "2", "--name", "p")
    run("eval", "mock", "--agent", "no-op", "--trials", "1", "--name", "s")
    answer = run("failures", "p-no-op", "--against", "s-no-op", "--no-clusters", "--json").json
    assert answer["explained"] == answer["failures"] == 12
    assert list(answer["hit_rate"]) == ["share", "low", "high", "failures"]
    assert answer["hit_rate"]["failures"] == sum(row["failures"] for row in answer["targets"].values()) == 6
    aimed = answer["targets"]["ended_early"]
    assert list(aimed) == ["share", "low", "high", "failures", "untargeted", "ratio"]
    assert aimed["share"] == 1.0  # whoever does nothing ends early
    assert aimed["ratio"] == pytest.approx(1 / aimed["untargeted"]["mean"])
    assert answer["against"]["source"] == str(Path("runs") / "s-no-op")
    assert "hit-rate (95 %)" in run("failures", "p-no-op", "--against", "s-no-op", "--no-clusters").out


def test_a_run_over_a_pool_needs_the_pool(run: Command) -> None:
    run("tasks", "synthesize", "mock", "--out", "pool", "--count", "2", "--recoveries", "0")
    run("eval", "mock", "--pool", "pool", "--agent", "no-op", "--trials", "1", "--name", "p")
    assert run("regrade", "p-no-op").code == 0
    assert "ended by" in run("view", "p-no-op", "--limit", "1").out
    assert "2 of 2, 2 tasks" in run("runs", "show", "p-no-op").out
    shutil.rmtree("pool")
    for command in ("failures", "regrade"):
        done = run(command, "p-no-op")
        assert done.code == 2
        assert "is not there; put the folder back" in done.err
    assert "Not known" in run("view", "p-no-op", "--limit", "1").out


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--analyst", "llm"), "the analyst 'llm' needs a model; name it with --analyst-model\n"),
        (("--analyst", "rules", "--analyst-model", "m"), "has no model; leave --analyst-model out\n"),
        (("--analyst", "nobody"), "No analyst named 'nobody'"),
        (("--analyst-args", "{}"), "name it with --analyst-model"),
        (("--against", "y"), "No run named 'y'"),
    ],
)
def test_what_does_not_fit_is_a_mistake_of_the_user(
    run: Command, mock: Domain, options: tuple[str, ...], says: str
) -> None:
    keep(RUN, missed(mock))
    done = run("failures", "x", *options)
    assert done.code == 2
    assert says in done.err


def test_a_model_explains_in_its_own_words(run: Command, mock: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    class Told:
        async def explain(self, domain: Domain, failures: Any) -> list[FailureReport]:
            words = "It took task 5."
            finding = Finding("wrong_record", 2, "task_8", "task_5")
            return [blank(task, row, findings=(finding,), primary=0, explanation=words) for task, row in failures]

    asked: list[Any] = []

    def make(name: str, model: Any = None, *, throttle: Any = None) -> Told:
        asked.append((name, model.model))
        return Told()

    async def there(model: ChatModel) -> None:
        pass

    monkeypatch.setattr(registration, "make_analyst", make)
    monkeypatch.setattr(ChatModel, "probe", there)
    keep(RUN, missed(mock))
    done = run("failures", "x", "--analyst-model", "m", "--no-clusters")
    assert asked == [("llm", "m")]
    assert "It took task 5." in done.out


def test_groups_come_from_embeddings_and_get_names_from_the_analysts_model(
    run: Command, mock: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = ["It took the wrong task."] * 3 + ["It never asked whether it may."] * 3

    class Told:
        async def explain(self, domain: Domain, failures: Any) -> list[FailureReport]:
            finding = Finding("wrong_record", 2, "task_8", "task_5")
            return [
                blank(task, row, findings=(finding,), primary=0, explanation=words)
                for (task, row), words in zip(failures, said, strict=True)
            ]

    async def there(model: ChatModel) -> None:
        pass

    monkeypatch.setattr(registration, "make_analyst", lambda *args, **more: Told())
    monkeypatch.setattr(ChatModel, "probe", there)
    keep(RUN, *[missed(mock, trial=trial) for trial in range(6)])
    vectors = [[1.0, 0.0] if "wrong" in words else [0.0, 1.0] for words in said]
    data = [{"index": place, "embedding": vector} for place, vector in enumerate(vectors)]
    names = json.dumps({"names": ["takes another task", "does not ask"]})
    with Server({"data": data, "usage": {"prompt_tokens": 9}}) as embedder, Server(completion(names)) as namer:
        options = ("--analyst-model", model_of(namer.url), "--name-clusters")
        done = run("failures", "x", "--json", *options, "--embeddings-model", model_of(embedder.url))
    assert (done.code, done.err.strip()) == (0, "")
    found = [(one["name"], one["size"]) for one in done.json["clusters"]]
    assert found == [("takes another task", 3), ("does not ask", 3)]
    assert embedder.bodies[0]["input"] == said


def model_of(url: str) -> str:
    return json.dumps({"model": "m", "base_url": url, "attempts": 1})


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--name-clusters",), "--name-clusters asks the analyst's model; name it with --analyst-model"),
        (("--no-clusters", "--embeddings-model", "e"), "--no-clusters leaves nothing to name or to embed"),
        (("--embeddings-base-url", "http://localhost:1/v1"), "name it with --embeddings-model"),
    ],
)
def test_options_of_groups_that_do_not_fit_are_a_mistake_of_the_user(
    run: Command, mock: Domain, options: tuple[str, ...], says: str
) -> None:
    keep(RUN, missed(mock))
    done = run("failures", "x", *options)
    assert done.code == 2
    assert says in " ".join(done.err.split())
