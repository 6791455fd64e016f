"""Playing many episodes, keeping them, and going on after a crash."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import evaluate
from hypothesis import given, settings
from hypothesis import strategies as st

from toolgym import make_agent, make_user
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.evaluation.grade import Verdict
from toolgym.messages import Message, ToolCall
from toolgym.rollouts import Settings, play
from toolgym.runs import Run, read_manifest, read_trajectories
from toolgym.runs.files import MANIFEST, TRAJECTORIES
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

SETTINGS = Settings("mock", "test", "dice", trials=2, seed=3)


class Dice:
    """An agent that does what its random stream says."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.rng = rng

    def respond(self, view: Sequence[Message]) -> Message:
        number = int(self.rng.integers(10))
        if number < 4:
            return Message("assistant", f"{number}?")
        if number < 7:
            return Message("assistant", None, (ToolCall("create_task", {"user_id": "user_1", "title": str(number)}),))
        return Message("assistant", "Done.")


def bare(trajectory: Trajectory) -> str:
    """A trajectory as it is stored, without its timestamps."""
    return replace(trajectory, started=None, seconds=None).to_json()


def lines(folder: Path) -> list[str]:
    return [bare(trajectory) for trajectory in read_trajectories(folder)]


def tasks_of(domain: Domain) -> tuple[Task, ...]:
    return domain.tasks["test"][:6]


def complete(
    domain: Domain, folder: Path, asked: Settings = SETTINGS, *, resume: bool = False, concurrency: int = 4
) -> list[Trajectory]:
    """Play what a run lacks."""
    begin = Run.resume if resume else Run.start
    with begin(folder, asked.as_dict()) as run:
        evaluate(run, asked, domain, tasks_of(domain), Dice, make_user("minimal"), concurrency=concurrency)
        return list(run.trajectories())


@pytest.fixture(scope="module")
def finished(mock: Domain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("runs") / "deep" / "whole"
    complete(mock, folder)
    return folder


def test_a_run_holds_every_trial_of_every_task_in_order(mock: Domain, finished: Path) -> None:
    rows = list(read_trajectories(finished))
    assert [(row.task_id, row.trial) for row in rows] == [
        (task.id, trial) for task in tasks_of(mock) for trial in range(2)
    ]
    facts = {(row.agent, row.user, row.seed, row.split, row.data, row.domain) for row in rows}
    assert facts == {("dice", "minimal", 3, "test", "toolgym", "mock")}
    assert all(row.grade is not None and row.termination is not None for row in rows)


def test_trials_of_a_task_differ_and_equal_settings_give_equal_trajectories(
    mock: Domain, finished: Path, tmp_path: Path
) -> None:
    kept = lines(finished)
    assert [bare(row) for row in complete(mock, tmp_path / "again")] == kept
    assert lines(tmp_path / "again") == kept
    other = complete(mock, tmp_path / "seed", replace(SETTINGS, seed=4))
    assert [row.messages for row in other] != [row.messages for row in read_trajectories(finished)]
    by_trial = [[row.messages for row in read_trajectories(finished) if row.trial == trial] for trial in range(2)]
    assert by_trial[0] != by_trial[1]


def test_an_episode_does_not_depend_on_those_played_before_it(mock: Domain, finished: Path) -> None:
    kept = {row.episode_id: row.messages for row in read_trajectories(finished)}
    for task in reversed(tasks_of(mock)):
        for trial in (1, 0):
            episode = play(mock, task, Dice, make_user("minimal"), seed=3, trial=trial)
            assert tuple(episode.messages) == kept[f"{task.key}-{trial}"]


def test_the_manifest_names_settings_worlds_and_versions(mock: Domain, tmp_path: Path) -> None:
    worlds = [task.world for task in tasks_of(mock)]
    with Run.start(tmp_path / "run", SETTINGS.as_dict(), worlds):
        pass
    manifest = read_manifest(tmp_path / "run")
    assert manifest["settings"] == SETTINGS.as_dict()
    assert manifest["worlds"] == sorted(set(worlds))
    assert {"toolgym", "python"} <= manifest["versions"].keys()


def test_every_episode_is_on_disk_before_the_next_begins(mock: Domain, tmp_path: Path) -> None:
    seen = []
    with Run.start(tmp_path / "run", SETTINGS.as_dict()) as run:
        path = run.folder / TRAJECTORIES
        user = make_user("minimal")
        evaluate(run, SETTINGS, mock, tasks_of(mock), Dice, user, progress=lambda _: seen.append(path.read_text()))
    assert all(text.count("\n") >= number for number, text in enumerate(seen, 1))
    assert all(text.endswith("\n") for text in seen)


# Going on


@settings(max_examples=40)
@given(data=st.data())
def test_a_run_cut_off_at_any_byte_goes_on_to_the_same_lines(
    mock: Domain, finished: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("cut") / "run"
    shutil.copytree(finished, folder)
    path = folder / TRAJECTORIES
    whole = path.read_bytes()
    path.write_bytes(whole[: data.draw(st.integers(0, len(whole)), label="bytes left")])
    rows = complete(mock, folder, resume=True)
    assert lines(folder) == lines(finished)
    assert [bare(row) for row in rows] == lines(finished)


def test_a_run_without_its_trajectories_file_starts_over(mock: Domain, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    shutil.copy(finished / MANIFEST, folder)
    complete(mock, folder, resume=True)
    assert lines(folder) == lines(finished)


def test_what_is_finished_is_not_played_again(mock: Domain, finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    path = folder / TRAJECTORIES
    kept = path.read_text(encoding="ascii").splitlines(keepends=True)
    path.write_text("".join(kept[:5] + kept[6:]), encoding="ascii")
    made: list[str] = []

    class Counted(Dice):
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            super().__init__(domain, task, rng)
            made.append(task.id)

    with Run.resume(folder, SETTINGS.as_dict()) as run:
        evaluate(run, SETTINGS, mock, tasks_of(mock), Counted, make_user("minimal"))
        rows = list(run.trajectories())
    assert made == [tasks_of(mock)[2].id]
    assert [bare(row) for row in rows] == lines(finished)
    assert path.read_bytes() == (finished / TRAJECTORIES).read_bytes()


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"trials": 1}, "has 2 trials of each task, and 1 would throw some away"),
        ({"seed": 4}, "seed=3, not 4"),
        ({"agent": "oracle"}, "agent='dice', not 'oracle'"),
        ({"max_steps": 9}, "max_steps=200, not 9"),
    ],
)
def test_a_run_does_not_go_on_with_other_settings(
    mock: Domain, finished: Path, changes: dict[str, Any], told: str
) -> None:
    before = (finished / TRAJECTORIES).read_bytes()
    with pytest.raises(DataError, match=told):
        complete(mock, finished, replace(SETTINGS, **changes), resume=True)
    assert (finished / TRAJECTORIES).read_bytes() == before


def test_a_run_that_exists_is_not_started_again(mock: Domain, finished: Path) -> None:
    before = (finished / TRAJECTORIES).read_bytes()
    with pytest.raises(DataError, match="--resume"):
        complete(mock, finished)
    assert (finished / TRAJECTORIES).read_bytes() == before


def test_a_run_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="ascii")
    with pytest.raises(DataError, match="cannot be written"):
        Run.start(tmp_path / "file" / "run", SETTINGS.as_dict())


@pytest.mark.parametrize("manifest", [None, "", "{", "[]", "{}", '{"settings": 5}'])
def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, manifest: str | None) -> None:
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest, encoding="ascii")
    with pytest.raises(DataError):
        Run.resume(tmp_path, SETTINGS.as_dict())


@pytest.mark.parametrize("broken", [b"{}\n", b'{"format": 1\n', b"\xff\n", b"\n"])
def test_a_line_that_was_changed_is_an_error_and_not_repaired_by_guessing(
    finished: Path, tmp_path: Path, broken: bytes
) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    path = folder / TRAJECTORIES
    content = broken + path.read_bytes()
    path.write_bytes(content)
    with pytest.raises(DataError):
        Run.resume(folder, SETTINGS.as_dict())
    with pytest.raises(DataError):
        list(read_trajectories(folder))
    assert path.read_bytes() == content


def test_a_run_that_is_closed_takes_nothing_more(finished: Path, tmp_path: Path) -> None:
    with Run.start(tmp_path / "run", SETTINGS.as_dict()) as run:
        pass
    with pytest.raises(ValueError, match="closed"):
        run.append(next(read_trajectories(finished)))


@pytest.mark.parametrize(("changes", "told"), [({"trials": 0}, "trials"), ({"seed": -1}, "seed")])
def test_settings_outside_their_range_are_an_error(changes: dict[str, int], told: str) -> None:
    with pytest.raises(DataError, match=told):
        replace(SETTINGS, **changes)  # type: ignore[arg-type]  # numbers, as the fields are


# What play and evaluate pass on


def test_the_limits_and_the_judge_reach_the_episodes(mock: Domain, tmp_path: Path) -> None:
    short = replace(SETTINGS, max_steps=2, trials=1)
    with Run.start(tmp_path / "short", short.as_dict()) as run:
        evaluate(run, short, mock, tasks_of(mock), make_agent("no-op"), make_user("minimal"))
        rows = list(run.trajectories())
    assert {row.termination for row in rows} == {"max_steps"}
    criteria = {"reward_basis": ["NL_ASSERTION"], "nl_assertions": ["It was polite."]}
    fields = {"id": "nl", "user_scenario": {"instructions": "Hi."}, "evaluation_criteria": criteria}
    task = Task.model_validate({**fields, "world": tasks_of(mock)[0].world})
    for judge, success in ((None, None), (lambda *_: [Verdict(True, "so it was")], True)):
        with Run.start(tmp_path / f"judged {success}", SETTINGS.as_dict()) as run:
            agent, user = make_agent("no-op"), make_user("minimal")
            evaluate(run, SETTINGS, mock, [task], agent, user, judge=judge)
            rows = list(run.trajectories())
        assert {row.success for row in rows} == {success}


def test_a_user_that_fails_voids_its_trial_and_the_run_goes_on(mock: Domain, tmp_path: Path) -> None:
    class Moody:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            self.fails = task.id == tasks_of(mock)[0].id
            self.inner = make_user("minimal")(domain, task, rng)

        def respond(self, view: Sequence[Message]) -> Message:
            if self.fails:
                raise RuntimeError("not today")
            answer = self.inner.respond(view)
            assert isinstance(answer, Message)
            return answer

    with Run.start(tmp_path / "run", SETTINGS.as_dict()) as run:
        evaluate(run, SETTINGS, mock, tasks_of(mock), make_agent("oracle"), Moody)
    rows = list(read_trajectories(tmp_path / "run"))
    assert [row.fault is not None for row in rows] == [True] * 2 + [False] * 10
    assert [row.success for row in rows] == [None] * 2 + [True] * 10
    assert "not today" in json.dumps(rows[0].to_json())


def test_domain_and_task_can_be_sent_to_another_process(mock: Domain) -> None:
    task = mock.tasks["test"][7]
    here = play(mock, task, Dice, make_user("minimal"), seed=5)
    assert [found.schema for found in here.tools("assistant")]  # as an environment asks at every reset
    domain, sent = pickle.loads(pickle.dumps((mock, task)))
    there = play(domain, sent, Dice, make_user("minimal"), seed=5)
    assert bare(there.trajectory()) == bare(here.trajectory())


def test_names_in_the_place_of_a_domain_and_a_task_are_told(mock: Domain) -> None:
    task = mock.tasks["dev"][0]
    for domain, played in (("mock", task), (mock, "dev-001")):
        with pytest.raises(DataError, match=r"played in a Domain, with a Task of it.*toolgym.make_domain\(name\)"):
            play(domain, played, make_agent("oracle"), make_user("minimal"))  # type: ignore[arg-type]  # that is the test
