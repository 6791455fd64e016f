"""tau2's data folder: what is read from it, what is passed over, and what is refused with a reason."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolgym import make_domain
from toolgym.compat.tau2 import TAU2
from toolgym.compat.tau2.data import GREETING, data_dir, load_domain, read_task, task_files
from toolgym.compatibility import TOOLGYM
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import DataError, TaskError, UnknownNameError
from toolgym.messages import STOP, Message, ToolCall

DB = {
    "tasks": {"task_1": {"task_id": "task_1", "title": "Tidy up", "status": "pending", "colour": "red"}},
    "users": {"user_1": {"user_id": "user_1", "name": "Ann", "tasks": ["task_1"]}},
}
USER_DB = {"notifications": {"notif_1": {"notification_id": "notif_1", "message": "Tidy up!"}}}
TASK = {
    "id": "first",
    "user_scenario": {"instructions": "Have task_1 completed."},
    "evaluation_criteria": {
        "actions": [
            {"action_id": "0", "name": "update_task_status", "arguments": {"task_id": "task_1", "status": "completed"}}
        ]
    },
}


def _write(path: Path, content: Any) -> None:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data folder with a small mock domain."""
    folder = tmp_path / "tau2" / "domains" / "mock"
    folder.mkdir(parents=True)
    _write(folder / "db.json", DB)
    _write(folder / "user_db.json", USER_DB)
    _write(folder / "policy.md", "# Policy\n\nBe kind, é.\n")
    _write(folder / "tasks.json", [TASK, {**TASK, "id": "second"}])
    return tmp_path


@pytest.fixture
def folder(root: Path) -> Path:
    """The mock domain's part of that folder."""
    return root / "tau2" / "domains" / "mock"


def _load(root: Path) -> Domain:
    return load_domain(make_domain("mock"), root)


def test_a_domain_takes_policy_databases_and_tasks_from_the_folder(root: Path) -> None:
    loaded = _load(root)
    assert (loaded.name, loaded.compat) == ("mock", TAU2)
    assert loaded.policy == "# Policy\n\nBe kind, é.\n"
    assert loaded.greeting == GREETING == "Hi! How can I help you today?"
    tasks = loaded.tasks["base"]
    assert [task.id for task in tasks] == ["first", "second"]
    base = loaded.worlds.get(tasks[0].world)
    assert base.record("assistant", "tasks", "task_1") == {
        "task_id": "task_1",
        "title": "Tidy up",
        "description": None,
        "status": "pending",
    }
    assert base.count("user", "notifications") == 1


def test_what_was_loaded_can_be_played(root: Path) -> None:
    loaded = _load(root)
    episode = Episode(loaded, loaded.tasks["base"][0])
    assert episode.messages[0].content == GREETING
    episode.advance(Message("user", "Please complete task_1."))
    made = ToolCall("update_task_status", {"task_id": "task_1", "status": "completed"}, "c")
    episode.advance(Message("assistant", None, (made,)))
    episode.advance(Message("assistant", "Done."))
    episode.advance(Message("user", STOP))
    assert episode.grade.success


def test_loading_leaves_the_embedded_domain_as_it_was(root: Path) -> None:
    embedded = make_domain("mock")
    loaded = _load(root)
    assert embedded.compat is TOOLGYM
    assert embedded.memo is not loaded.memo
    assert {task.world for task in loaded.tasks}.isdisjoint(task.world for task in embedded.tasks)


# Keys that tau2 would ignore


def test_unknown_keys_are_passed_over_at_every_level(root: Path, folder: Path) -> None:
    scenario = {"persona": None, "mood": "grim"}
    structured = {"domain": "mock", "reason_for_call": "a", "task_instructions": "b", "more": 1}
    action = {**TASK["evaluation_criteria"]["actions"][0], "reviewed": True}  # type: ignore[index]  # as written above
    history = [{"role": "user", "content": "Hi", "turn_idx": 0, "odd": 1}]
    task = {
        "id": "odd",
        "annotations": {"by": "someone"},
        "description": {"purpose": "p", "author": "q"},
        "user_scenario": {**scenario, "instructions": structured},
        "evaluation_criteria": {
            "actions": [action],
            "env_assertions": [{"env_type": "user", "func_name": "f", "arguments": {"kept": {"x": 1}}, "odd": 1}],
            "weights": {},
        },
        "initial_state": {
            "message_history": history,
            "initialization_data": {"agent_data": {"tasks": {"task_1": {"kept": 1}}}, "odd": 1},
            "initialization_actions": [{"env_type": "user", "func_name": "f", "arguments": {}, "odd": 1}],
            "odd": 1,
        },
    }
    _write(folder / "tasks.json", [task])

    (read,) = _load(root).tasks["base"]

    assert str(read.user_scenario.instructions).startswith("Domain: mock\nReason for call:\n\ta")
    assert read.gold[0].name == "update_task_status"
    dumped = read.to_tau2()
    assert "annotations" not in dumped
    assert "odd" not in json.dumps({**dumped, "id": "", "initial_state": None})
    state = dumped["initial_state"]
    assert state["message_history"] == history  # messages and data are passed on whole
    assert state["initialization_data"]["agent_data"]["tasks"] == {"task_1": {"kept": 1}}
    assert state["initialization_actions"] == [{"env_type": "user", "func_name": "f", "arguments": {}}]
    assert dumped["evaluation_criteria"]["env_assertions"][0]["arguments"] == {"kept": {"x": 1}}


def test_defaults_are_tau2s() -> None:
    task = read_task({"id": "1", "user_scenario": {"instructions": "x"}, "evaluation_criteria": {}}, "world")
    assert task.evaluation_criteria is not None
    assert task.evaluation_criteria.reward_basis == ("DB", "COMMUNICATE")
    assert task.evaluation_criteria.actions is None
    assert (task.world, task.flavour) == ("world", "tau2")
    empty = read_task({"id": "1", "user_scenario": {"instructions": "x"}, "evaluation_criteria": {"actions": []}}, "w")
    assert empty.evaluation_criteria is not None
    assert empty.evaluation_criteria.actions == ()


def test_a_task_is_written_as_it_was_read(root: Path) -> None:
    (first, _) = _load(root).tasks["base"]
    written = first.to_tau2()
    assert written.keys().isdisjoint({"world", "flavour"})
    assert read_task(written, first.world) == first
    assert json.loads(json.dumps(written)) == written


# Splits


def test_the_splits_of_the_folder_are_listed_in_its_order(root: Path, folder: Path) -> None:
    _write(folder / "split_tasks.json", {"train": ["second", "gone"], "test": ["first"], "all": ["second", "first"]})
    tasks = _load(root).tasks
    assert tasks.splits() == ["train", "test", "all"]
    assert [task.id for task in tasks["train"]] == ["second"]
    assert [task.id for task in tasks["all"]] == ["first", "second"]  # the order of the tasks, not of the split
    with pytest.raises(UnknownNameError, match=r"No split named 'base'.*Known: all, test, train"):
        _ = tasks["base"]


def test_other_files_of_tasks_are_splits_of_their_own(root: Path, folder: Path) -> None:
    _write(folder / "tasks_small.json", [{**TASK, "id": "third"}])
    _write(folder / "tasks_voice.json", [{**TASK, "id": "fourth"}, {**TASK, "id": "fifth"}])
    _write(folder / "split_tasks_voice.json", {"loud": ["fifth"]})
    tasks = _load(root).tasks
    assert set(tasks.splits()) == {"base", "small", "loud"}
    assert [task.id for task in tasks["small"]] == ["third"]
    assert [task.id for task in tasks["loud"]] == ["fifth"]


# Files that are named like lists of tasks and are none


VOICE = {"base_seed": 42, "configs": {}}
NO_LISTS: dict[str, Any] = {
    "an object": VOICE,
    "a text": '"words"',
    "null": "null",
    "a number": "5",
    "no JSON": "{",
    "empty": "",
    "numbers": [1, 2],
    "another thing's list": [{"id": "a", "voice": "low"}],
    "a task and no task": [TASK, {"id": "b"}],
    "deep": "[" * 100_000,
}


@pytest.mark.parametrize("content", NO_LISTS.values(), ids=NO_LISTS)
def test_what_is_no_list_of_tasks_is_passed_over_and_named(root: Path, folder: Path, content: Any) -> None:
    _write(folder / "tasks_voice.json", content)
    loaded = _load(root)
    assert loaded.tasks.splits() == ["base"]
    assert [task.id for task in loaded.tasks] == ["first", "second"]
    assert loaded.tasks.find("second").id == "second"
    passed_over = task_files(folder).passed_over
    assert list(passed_over) == ["tasks_voice.json"]
    assert passed_over["tasks_voice.json"]


def test_a_file_that_cannot_be_read_is_passed_over(root: Path, folder: Path) -> None:
    (folder / "tasks_a.json").mkdir()
    (folder / "tasks_b.json").write_bytes(b"\xff\xfe[]")
    (folder / "tasks_c.json").symlink_to(folder / "gone")
    _write(folder / "tasks_d.json", [TASK])
    _write(folder / "split_tasks_d.json", ["first"])
    assert _load(root).tasks.splits() == ["base"]
    assert list(task_files(folder).passed_over) == [f"tasks_{name}.json" for name in "abcd"]


def test_other_lists_stay_when_one_is_passed_over(root: Path, folder: Path) -> None:
    _write(folder / "split_tasks.json", {"train": ["second"], "base": ["first", "second"]})
    _write(folder / "tasks_small.json", [{**TASK, "id": "third"}])
    _write(folder / "tasks_voice.json", VOICE)
    _write(folder / "tasks_old.json", [{**TASK, "id": "first", "ticket": "as it was"}])
    _write(folder / "split_tasks_old.json", {"base": ["first"], "old": ["first"]})
    tasks = _load(root).tasks
    assert set(tasks.splits()) == {"train", "base", "small", "old"}
    assert [task.ticket for task in tasks["base"]] == [None, None]
    assert tasks.find("first").ticket is None  # the list itself comes first
    assert task_files(folder).passed_over.keys() == {"tasks_voice.json", "tasks_old.json"}
    assert "base" in task_files(folder).passed_over["tasks_old.json"]


def test_without_any_list_of_tasks_the_error_says_what_was_passed_over(root: Path, folder: Path) -> None:
    (folder / "tasks.json").rename(folder / "tasks_1.json")
    _write(folder / "tasks_1.json", VOICE)
    with pytest.raises(DataError, match=r"holds no tasks; tasks_1\.json was passed over: .*got an object"):
        _load(root)


def test_a_list_itself_that_is_none_is_an_error_when_it_is_asked_for(root: Path, folder: Path) -> None:
    _write(folder / "tasks.json", VOICE)
    loaded = _load(root)
    assert loaded.tasks.splits() == ["base"]
    with pytest.raises(DataError, match=r"tasks\.json' must hold a list of tasks, got an object"):
        _ = loaded.tasks["base"]


# What is missing or broken


def test_the_folder_is_named_by_the_environment_or_by_hand(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TAU2_DATA_DIR", str(root))
    assert data_dir() == root
    monkeypatch.setenv("TAU2_DATA_DIR", str(root / "elsewhere"))
    assert data_dir(root) == root
    monkeypatch.delenv("TAU2_DATA_DIR")
    with pytest.raises(DataError, match="set TAU2_DATA_DIR"):
        data_dir()
    with pytest.raises(DataError, match="set TAU2_DATA_DIR"):
        make_domain("mock", "tau2")


def test_a_folder_that_is_not_tau2s_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match="has no folder tau2/domains"):
            data_dir(path)


def test_a_domain_that_the_folder_does_not_hold_is_refused_with_those_it_holds(root: Path) -> None:
    with pytest.raises((DataError, UnknownNameError), match=r"No tau2 domain named 'retail'.*Known: mock"):
        load_domain(make_domain("retail"), root)


@pytest.mark.parametrize("name", ["db.json", "user_db.json", "policy.md", "tasks.json"])
def test_a_missing_file_is_named(root: Path, folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DataError, match="tasks" if name == "tasks.json" else name.split(".")[0]):
        _load(root)


@pytest.mark.parametrize("name", ["db.json", "user_db.json", "tasks.json", "split_tasks.json"])
@pytest.mark.parametrize("content", ["", "{", "[1,", "nonsense", '{"tasks": {"a": }}'])
def test_a_file_that_is_not_json_is_named(root: Path, folder: Path, name: str, content: str) -> None:
    _write(folder / name, content)
    with pytest.raises(DataError, match=rf"{name}.* is not JSON"):
        _ = list(_load(root).tasks)


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b'{"tasks": "\xe9"}'])
def test_a_file_that_is_not_utf8_is_named(root: Path, folder: Path, content: bytes) -> None:
    (folder / "db.json").write_bytes(content)
    with pytest.raises(DataError, match=r"db\.json"):
        _load(root)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("db.json", []),
        ("db.json", 5),
        ("db.json", {"chores": {}}),
        ("db.json", {"tasks": {"task_1": {"title": "no id"}}}),
        ("db.json", {"tasks": {"task_1": "Tidy up"}}),
        ("db.json", {"tasks": ["task_1"]}),
        ("user_db.json", {"notifications": {"n": {"notification_id": "n", "message": "m", "colour": "red"}}}),
        ("tasks.json", {"first": TASK}),
        ("tasks.json", [{"id": "no scenario"}]),
        ("tasks.json", ["first"]),
        ("tasks.json", 5),
        ("split_tasks.json", ["first"]),
        ("split_tasks.json", {"train": 5}),
        ("split_tasks.json", {"train": "first"}),
        ("split_tasks.json", {"train": [["first"]]}),
    ],
)
def test_json_of_another_shape_is_refused(root: Path, folder: Path, name: str, content: Any) -> None:
    _write(folder / name, content)
    with pytest.raises(DataError):
        _ = list(_load(root).tasks)


def test_a_database_may_be_toml_and_a_broken_one_is_named(root: Path, folder: Path) -> None:
    (folder / "user_db.json").unlink()
    _write(folder / "user_db.toml", '[notifications.notif_1]\nnotification_id = "notif_1"\nmessage = "Tidy up!"\n')
    loaded = _load(root)
    found = loaded.worlds.get(loaded.tasks["base"][0].world).record("user", "notifications", "notif_1")
    assert found is not None
    assert found["message"] == "Tidy up!"
    _write(folder / "user_db.toml", "[notifications")
    with pytest.raises(DataError, match=r"user_db\.toml"):
        _load(root)


def test_a_task_that_does_not_validate_is_named(root: Path, folder: Path) -> None:
    _write(folder / "tasks.json", [TASK, {**TASK, "id": "bad", "evaluation_criteria": {"reward_basis": ["LUCK"]}}])
    with pytest.raises(TaskError, match="tau2 task 'bad'"):
        _ = _load(root).tasks["base"]


# tau2's own data


def test_tau2s_splits_are_there(tau2_mock: Domain, tau2_retail: Domain) -> None:
    assert tau2_mock.tasks.splits() == ["base"]
    assert len(tau2_mock.tasks["base"]) == 10
    assert len(tau2_retail.tasks["train"]) == 74


def test_tau2s_retail_world_has_its_size_and_digest(tau2_retail: Domain, fixtures: Path) -> None:
    base = tau2_retail.worlds.get(tau2_retail.tasks["train"][0].world)
    assert [base.count("assistant", table) for table in ("products", "users", "orders")] == [50, 500, 1000]
    episode = Episode(tau2_retail, tau2_retail.tasks["train"][0])
    recorded = json.loads((fixtures / "retail.json").read_text(encoding="utf-8"))
    assert episode.session.digest("assistant") == recorded["pristine_db_hash"]
    assert episode.session.digest("user") is None


def test_tau2s_tasks_are_written_as_they_stand(tau2_data: Path, tau2_retail: Domain) -> None:
    listed = json.loads((tau2_data / "tau2" / "domains" / "retail" / "tasks.json").read_text(encoding="utf-8"))
    raw = {task["id"]: task for task in listed}
    for task in tau2_retail.tasks["train"]:
        written = task.to_tau2()
        for name in written.keys() & raw[task.id].keys() - {"evaluation_criteria"}:
            assert written[name] == raw[task.id][name]
        wanted = raw[task.id]["evaluation_criteria"]
        assert [action["arguments"] for action in written["evaluation_criteria"]["actions"]] == [
            action["arguments"] for action in wanted["actions"]
        ]
        assert written["evaluation_criteria"]["reward_basis"] == wanted["reward_basis"]
