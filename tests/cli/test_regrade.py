"""``toolgym regrade``: recorded trajectories graded again, ours and tau2's."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command_line import Done
from kept_runs import keep, missed, solved
from tau2_folder import COMPLETE, TASKS, make_folder

from toolgym import make_domain
from toolgym.cli.regrade import Recorded, grade_again
from toolgym.compat.tau2 import read_results, write_results
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import BudgetError, ServiceError
from toolgym.evaluation.grade import Verdict
from toolgym.messages import STOP, Message, ToolCall
from toolgym.runs import read_manifest, read_trajectories
from toolgym.trajectory import Fault, Grade, Trajectory

Command = Callable[..., Any]
RUN = Path("runs") / "x"
SAME = {"equal": 0, "changed": 0, "new": 0, "not judged": 0, "void": 0}


def lying(row: Trajectory) -> Trajectory:
    """The trajectory with a grade that it does not deserve."""
    assert row.grade is not None
    return replace(row, grade=Grade(1.0, True, row.grade.basis, dict.fromkeys(row.grade.basis, 1.0)))


def test_a_run_that_was_graded_right_comes_out_the_same(run: Command) -> None:
    run("eval", "mock", "--trials", "2", "--agent", "no-op", "--name", "x")
    done = run("regrade", "x-no-op", "--json")
    assert (done.code, done.err.strip()) == (0, "")
    assert done.json == {
        "source": str(Path("runs") / "x-no-op"),
        "domain": "mock",
        "data": "toolgym",
        "trajectories": 40,
        "outcomes": SAME | {"equal": 40},
        "changed": [],
        "equal_with_other_components": 0,
        "run": None,
    }
    text = run("regrade", "x-no-op")
    assert "rewards: 40 equal, 0 changed, 0 not judged, 0 void" in text.out


def test_a_reward_that_changes_is_named_with_its_components_and_is_exit_code_one(run: Command, mock: Domain) -> None:
    wrong = lying(missed(mock, trial=1))
    void = replace(missed(mock, trial=2), grade=None, fault=Fault("user", "?"))
    bare = replace(missed(mock, trial=3), grade=None)
    row = missed(mock, trial=4)
    assert row.grade is not None
    inside = replace(row, grade=replace(row.grade, components={"DB": 0.0, "COMMUNICATE": 1.0}))
    keep(RUN, solved(mock), wrong, void, bare, inside)
    before = (RUN / "trajectories.jsonl").read_bytes()
    done = run("regrade", "x", "--json")
    assert done.code == 1
    assert done.json["outcomes"] == SAME | {"equal": 2, "changed": 1, "new": 1, "void": 1}
    assert done.json["changed"] == [
        {
            "episode": wrong.episode_id,
            "task_id": "test-008",
            "trial": 1,
            "before": 1.0,
            "after": 0.0,
            "components": {"DB": [1.0, 0.0], "COMMUNICATE": [1.0, 0.0]},
        }
    ]
    assert done.json["equal_with_other_components"] == 1
    text = run("regrade", str(RUN))
    assert text.code == 1
    assert "task test-008, trial 1: 1 → 0 (DB 1 → 0, COMMUNICATE 1 → 0)" in text.out
    assert "2 equal, 1 changed, 1 new, 0 not judged, 1 void" in text.out
    assert (RUN / "trajectories.jsonl").read_bytes() == before


def test_the_new_grades_are_written_as_a_run(run: Command, mock: Domain) -> None:
    void = replace(missed(mock, trial=1), grade=None, fault=Fault("user", "?"))
    rows = [lying(missed(mock)), void, solved(mock, trial=2)]
    keep(RUN, *rows, trials=3)
    done = run("regrade", "x", "--write", "y")
    assert done.code == 0
    folder = Path("runs") / "y"
    assert str(folder) in done.out
    assert [row.success for row in read_trajectories(folder)] == [False, None, True]
    assert [replace(row, grade=None) for row in read_trajectories(folder)] == [
        replace(row, grade=None) for row in read_trajectories(RUN)
    ]
    assert read_manifest(folder)["settings"] == read_manifest(RUN)["settings"]
    assert run("regrade", "y").code == 0
    refused = run("regrade", "x", "--write", "y")
    assert (refused.code, refused.out) == (2, "")
    assert "'runs/y' exists" in refused.err


def test_a_task_that_changed_is_an_error_unless_fresh_ones_will_do(run: Command, mock: Domain) -> None:
    keep(RUN, replace(solved(mock), task_key="0" * 24), missed(mock, trial=1))
    refused = run("regrade", "x", "--write", "y")
    assert (refused.code, refused.out) == (2, "")
    assert "'test-008'" in refused.err
    assert "--fresh-tasks" in refused.err
    assert not (Path("runs") / "y").exists()
    assert run("regrade", "x", "--fresh-tasks", "--write", "y").code == 0
    assert {row.task_key for row in read_trajectories(Path("runs") / "y")} == {mock.tasks.find("test-008").key}
    keep(Path("runs") / "z", replace(solved(mock), task_id="test-999"))
    assert "is gone" in run("regrade", "z", "--fresh-tasks").err


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"domain": "gone"}, "No domain named 'gone'"),
        (
            {"messages": (Message("assistant", None, (ToolCall("get_users", {}, "1"),)),)},
            "is not followed by its result",
        ),
    ],
)
def test_what_cannot_be_graded_is_one_line(run: Command, mock: Domain, change: dict[str, Any], told: str) -> None:
    keep(RUN, replace(solved(mock), **change))
    refused = run("regrade", "x")
    assert (refused.code, refused.out) == (2, "")
    (line,) = refused.err.strip().splitlines()
    assert told in line


def test_a_dialogue_that_was_cut_off_in_a_call_has_no_reward(run: Command, mock: Domain) -> None:
    unanswered = Message("assistant", None, (ToolCall("get_users", {}, "1"),))
    nothing = Grade(0.0, False, note="the episode ended by too_many_errors; nothing was checked")
    row = replace(solved(mock), messages=(unanswered,), termination="too_many_errors", grade=nothing)
    keep(RUN, row)
    assert run("regrade", "x", "--write", "y", "--json").json["outcomes"] == SAME | {"equal": 1}
    assert [found.grade for found in read_trajectories(Path("runs") / "y")] == [nothing]


def test_a_run_without_episodes_has_nothing_to_grade(run: Command) -> None:
    keep(RUN)
    assert "holds no episode" in run("regrade", "x").err


# tau2's results files


@pytest.fixture
def domain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Domain:
    """The mock domain over a small folder of tau2's format, which TAU2_DATA_DIR names."""
    monkeypatch.setenv("TAU2_DATA_DIR", str(make_folder(tmp_path / "data")))
    return make_domain("mock", "tau2")


def simulate(
    domain: Domain, task_id: str, *messages: Message, judged: bool | None = None, trial: int = 0
) -> Trajectory:
    episode = Episode(domain, domain.tasks.find(task_id), judged=judged is not None)
    for message in (Message("user", "Hi."), *messages, Message("user", STOP)):
        episode.advance(message)
    if judged is not None:
        episode.settle([Verdict(judged, "So it is.")])
    return episode.trajectory(agent="llm_agent", user="user_simulator", seed=300, trial=trial)


def results(domain: Domain) -> Path:
    """A file with a success, a failure, a judged success, one that nobody judged, and a void simulation."""
    made = Message("assistant", None, (ToolCall("update_task_status", COMPLETE, "c"),))
    said = Message("assistant", "task_1 is completed.")
    path = Path("results.json")
    void = replace(simulate(domain, "all", said, trial=2), grade=None, fault=Fault("service", "?"))
    rows = [
        simulate(domain, "all", made, said),
        simulate(domain, "all", said, trial=1),
        void,
        simulate(domain, "judged", said, judged=True),
        simulate(domain, "judged", said, trial=1),
        simulate(domain, "begun", said),
    ]
    write_results(path, domain, rows, max_steps=30, agent_llm="gpt-x")
    return path


def test_a_results_file_of_tau2_gives_the_rewards_that_it_holds(run: Command, domain: Domain) -> None:
    path = results(domain)
    done = run("regrade", str(path), "--json")
    assert done.code == 0
    assert done.json["outcomes"] == SAME | {"equal": 4, "not judged": 1, "void": 1}
    assert (done.json["domain"], done.json["data"], done.json["source"]) == ("mock", "tau2", str(path))
    data = json.loads(path.read_text())
    data["simulations"][0]["reward_info"] |= {"reward": 1.0, "reward_breakdown": {"DB": 1.0}}
    path.write_text(json.dumps(data))
    wrong = run("regrade", str(path), "--json")
    assert wrong.code == 1
    assert [row["task_id"] for row in wrong.json["changed"]] == ["all"]


def test_a_results_file_becomes_a_run(run: Command, domain: Domain) -> None:
    assert run("regrade", str(results(domain)), "--write", "x").code == 0
    settings = read_manifest(RUN)["settings"]
    assert {name: settings[name] for name in ("domain", "data", "agent", "user", "trials", "seed", "max_steps")} == {
        "domain": "mock",
        "data": "tau2",
        "agent": "llm_agent",
        "user": "user_simulator",
        "trials": 3,
        "seed": 300,
        "max_steps": 30,
    }
    assert settings["models"] == {"agent": {"model": "gpt-x", "arguments": {}}}
    assert [row.success for row in read_trajectories(RUN)] == [False, False, None, True, None, True]
    assert run("regrade", "x", "--json").json["outcomes"] == SAME | {"equal": 4, "not judged": 1, "void": 1}
    assert "as gold" not in run("view", "x", "--task", "begun").out
    (listed,) = run("runs", "list", "--json").json["runs"]
    assert listed["agent"] == "llm_agent (gpt-x)"


def test_the_files_own_tasks_count_unless_fresh_ones_are_asked_for(
    run: Command, domain: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = results(domain)
    easier = json.loads(json.dumps(TASKS))
    easier[0]["evaluation_criteria"] |= {"reward_basis": ["COMMUNICATE"]}
    monkeypatch.setenv("TAU2_DATA_DIR", str(make_folder(tmp_path / "changed", easier)))
    assert run("regrade", str(path)).code == 0
    fresh = run("regrade", str(path), "--fresh-tasks", "--json")
    assert fresh.code == 1
    assert [(row["task_id"], row["before"], row["after"]) for row in fresh.json["changed"]] == [("all", 0.0, 1.0)] * 2
    monkeypatch.setenv("TAU2_DATA_DIR", str(make_folder(tmp_path / "fewer", TASKS[1:])))
    assert run("regrade", str(path)).code == 0
    assert "'all'" in run("regrade", str(path), "--fresh-tasks").err


def test_a_results_file_that_cannot_be_used_is_one_line(
    run: Command, domain: Domain, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = results(domain)
    data = json.loads(path.read_text())
    twice = {**data, "simulations": [data["simulations"][0]] * 2}
    elsewhere = json.loads(json.dumps(data))
    elsewhere["info"]["environment_info"]["domain_name"] = "airline-relaxed"
    for content, told in (
        ("{", "not a results file"),
        (json.dumps({**data, "simulations": []}), "holds no simulation"),
        (json.dumps(twice), "twice"),
        (json.dumps(elsewhere), "No domain named 'airline-relaxed'"),
    ):
        path.write_text(content)
        refused = run("regrade", str(path), "--write", "x")
        assert (refused.code, refused.out) == (2, "")
        (line,) = refused.err.strip().splitlines()
        assert told in line
        assert not RUN.exists()
    monkeypatch.delenv("TAU2_DATA_DIR")
    path.write_text(json.dumps(data))
    assert "set TAU2_DATA_DIR" in run("regrade", str(path)).err


def _change(path: Path, change: Callable[[Any], object]) -> None:
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))


def _other_task(data: Any) -> None:
    data["tasks"][0]["evaluation_criteria"]["actions"][0]["arguments"]["task_id"] = "task_7"


def _other_checks(data: Any) -> None:
    data["simulations"][0]["reward_info"]["action_checks"].pop()


def _gold_elsewhere(data: Any) -> None:
    criteria = data["tasks"][0]["evaluation_criteria"]
    criteria["acceptable_outcomes"] = [{"id": "a", "actions": criteria["actions"]}]
    criteria["actions"] = None


def _no_gold_in_the_file(data: Any) -> None:
    data["tasks"][0]["evaluation_criteria"] |= {"actions": None, "env_assertions": None}


@pytest.mark.parametrize("change", [_other_task, _other_checks, _gold_elsewhere, _no_gold_in_the_file])
def test_where_the_recorded_checks_are_of_other_gold_the_gold_is_unknown(
    run: Command, domain: Domain, change: Callable[[Any], object]
) -> None:
    path = results(domain)
    _change(path, change)
    done = run("regrade", str(path), "--json")
    assert done.code == 1
    assert done.json["outcomes"] == SAME | {"equal": 2, "not judged": 1, "void": 1, "gold unknown": 2}
    assert list(done.json["gold_unknown"]) == ["all"]
    assert done.json["changed"] == []
    table = run("regrade", str(path))
    assert "2 gold unknown" in table.out
    assert "gold unknown: task all: " in table.out
    fresh = run("regrade", str(path), "--fresh-tasks", "--json")
    assert (fresh.code, "gold_unknown" in fresh.json) == (0, False)
    assert fresh.json["outcomes"] == SAME | {"equal": 4, "not judged": 1, "void": 1}
    explained = run("failures", str(path), "--json").json
    assert (explained["failures"], explained["explained"]) == (2, 0)
    assert not any(figures["failures"] for figures in explained["patterns"].values())
    assert [reason[:13] for reason in explained["not_explained"]] == ["gold unknown:"]


def test_what_has_unknown_gold_can_be_kept_and_viewed(run: Command, domain: Domain) -> None:
    path = results(domain)
    _change(path, _other_checks)
    assert run("regrade", str(path), "--write", "x").code == 0
    assert [row.success for row in read_trajectories(RUN)].count(None) == 4
    shown = run("view", "x", "--task", "all", "--trial", "0").out
    assert "gold unknown: the recorded action checks are of other gold calls" in shown
    assert run("runs", "show", "x").code == 0


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data["info"]["agent_info"].update(implementation="llm_agent_solo"),
        lambda data: data["info"]["agent_info"].update(implementation="SOLO-agent"),
        lambda data: data["info"]["user_info"].update(implementation="dummy_user"),
        lambda data: [
            one.update(messages=[message for message in one["messages"] if message["role"] != "user"])
            for one in data["simulations"]
        ],
    ],
)
def test_a_file_that_was_played_solo_is_refused(run: Command, domain: Domain, change: Callable[[Any], object]) -> None:
    path = results(domain)
    _change(path, change)
    for command in (("regrade", str(path)), ("regrade", str(path), "--write", "x"), ("failures", str(path))):
        refused = run(*command)
        assert (refused.code, refused.out) == (2, "")
        assert "was played solo" in refused.err
    assert not RUN.exists()
    assert len(read_results(path).trajectories) == 6  # to be looked at


def test_files_of_a_fork_with_gold_of_their_own_say_so(run: Command, fixtures: Path) -> None:
    paths = sorted((fixtures.parent / "results").glob("airline_relaxed_*.json"))
    if not paths:
        pytest.skip("results files of a fork are needed beside the fixtures")
    for path in paths:
        assert read_results(path).gold_unknown.keys() == {"8"}
        refused = run("regrade", str(path))
        assert refused.code == 2
        assert "No domain named 'airline-relaxed'" in refused.err
        assert "gold unknown: task 8: " in refused.err
        explained = run("failures", str(path), "--json").json
        assert explained["explained"] == 0
        assert not any(figures["failures"] for figures in explained["patterns"].values())
        assert all("gold unknown" in reason for reason in explained["not_explained"])


def test_the_rewards_of_tau2s_own_file_are_ours(run: Command, fixtures: Path) -> None:
    path = fixtures.parent / "results" / "retail_scripted.json"
    if not path.is_file():
        pytest.skip("a results file of tau2 is needed beside the fixtures")
    for options in ((), ("--fresh-tasks",)):
        done = run("regrade", str(path), *options, "--json")
        assert (done.code, done.json["outcomes"]) == (0, SAME | {"equal": 24})


# A judge


def judged_run(domain: Domain) -> list[Trajectory]:
    said = Message("assistant", "You look well.")
    row = simulate(domain, "judged", said, trial=1)
    failed = replace(row, trial=2, grade=None, fault=Fault("judge", "?"), termination="infrastructure_error")
    void = replace(row, trial=3, grade=None, fault=Fault("user", "?"))
    cut = replace(row, trial=4, termination="max_steps", grade=Grade(0.0, False))
    return [simulate(domain, "judged", said, judged=False), row, failed, void, cut, simulate(domain, "begun", said)]


def recorded(domain: Domain, rows: Sequence[Trajectory]) -> Recorded:
    return Recorded("x", domain, rows, lambda row: domain.tasks.find(row.task_id), len(rows), {"domain": "mock"})


def test_a_judge_decides_anew_wherever_one_is_needed(domain: Domain, tmp_path: Path) -> None:
    asked = []

    def judge(assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        asked.append(tuple(assertions))
        return [Verdict(True, "Kind.")]

    compared = grade_again(recorded(domain, judged_run(domain)), tmp_path / "y", judge)
    assert asked == [("The user was complimented",)] * 3
    assert compared.outcomes == SAME | {"changed": 1, "new": 2, "void": 1, "equal": 2}
    assert [row.success for row in read_trajectories(tmp_path / "y")] == [True, True, True, None, False, True]


def test_a_judge_that_fails_makes_void_and_money_that_is_spent_leaves_no_run(domain: Domain, tmp_path: Path) -> None:
    def failing(assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        raise ServiceError("it is down")

    def spent(assertions: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        raise BudgetError("no money")

    rows = judged_run(domain)
    assert grade_again(recorded(domain, rows), None, failing).outcomes == SAME | {"void": 4, "equal": 2}
    with pytest.raises(BudgetError):
        grade_again(recorded(domain, rows), tmp_path / "y", spent)
    assert not (tmp_path / "y").exists()


def test_a_new_name_that_is_taken_is_refused_and_nothing_there_is_touched(run: Callable[..., Done]) -> None:
    assert run("eval", "mock", "--split", "dev", "--agent", "no-op", "--trials", "1", "--name", "x").code == 0
    notes = Path("runs/notes/mine.txt")
    notes.parent.mkdir()
    notes.write_text("mine", encoding="utf-8")
    wrong = dict.fromkeys(("notes", "x-no-op"), "exists; choose another name") | dict.fromkeys(
        (".", ""), "cannot be used"
    )
    for name, why in wrong.items():
        taken = run("regrade", "x-no-op", "--write", name)
        assert (taken.code, why in taken.err) == (2, True)
    assert notes.read_text(encoding="utf-8") == "mine"
    assert Path("runs/x-no-op/manifest.json").exists()
