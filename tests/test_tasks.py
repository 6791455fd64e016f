"""Tasks as data: their keys, files and splits, and what a task that cannot be played is answered with."""

from __future__ import annotations

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import TaskError, UnknownNameError, WorldError
from toolgym.tasks import Instructions, Task, TaskSet, UserScenario, read_tasks, write_tasks

SCENARIO = {"user_scenario": {"instructions": "You want something."}}


def make(**changes: Any) -> Task:
    return Task.model_validate({"id": "one", **SCENARIO, **changes})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
ACTIONS = st.builds(
    lambda name, arguments, compared: {
        "action_id": "a",
        "name": name,
        "arguments": arguments,
        "compare_args": compared,
    },
    st.text(min_size=1, max_size=8),
    st.dictionaries(st.text(max_size=5), JSON, max_size=3),
    st.none() | st.lists(st.text(max_size=5), max_size=2),
)
TASKS = st.builds(
    lambda identity, said, actions, facts, basis: make(
        id=identity,
        user_scenario={"instructions": said},
        evaluation_criteria={"actions": actions, "communicate_info": facts, "reward_basis": basis},
    ),
    st.text(min_size=1, max_size=8),
    st.text(max_size=20),
    st.none() | st.lists(ACTIONS, max_size=2),
    st.none() | st.lists(st.text(max_size=5), max_size=2),
    st.lists(st.sampled_from(["DB", "ACTION", "COMMUNICATE"]), unique=True),
)


@given(st.lists(TASKS, max_size=4))
def test_tasks_survive_a_file_with_their_keys(tmp_path_factory: pytest.TempPathFactory, tasks: list[Task]) -> None:
    path = tmp_path_factory.mktemp("tasks") / "deep" / "t.jsonl"
    write_tasks(path, tasks)
    assert path.read_text(encoding="ascii").count("\n") == len(tasks)
    read = read_tasks(path)
    assert read == tasks
    assert [task.key for task in read] == [task.key for task in tasks]


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    text = "first\u2028second\x85third"
    line = json.dumps({"id": "one", "user_scenario": {"instructions": text}}, ensure_ascii=False)
    path.write_text(line + "\n", encoding="utf-8")
    assert [str(task.user_scenario.instructions) for task in read_tasks(path)] == [text]


def test_the_key_is_of_the_content_alone() -> None:
    assert make().key == make(ticket=None, user_tools=None, evaluation_criteria=None).key
    first, second = make(issues=[{"a": 1, "b": 2}]), make(issues=[{"b": 2, "a": 1}])
    assert first.key == second.key


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "two"},
        {"world": "ab"},
        {"flavour": "tau2"},
        {"user_scenario": {"instructions": "You want something else."}},
        {"evaluation_criteria": {"actions": []}},
        {"user_tools": []},
        {"initial_state": {}},
    ],
    ids=str,
)
def test_every_part_of_a_task_changes_its_key(changes: dict[str, Any]) -> None:
    assert make(**changes).key != make().key


def test_a_changed_copy_of_a_task_has_a_key_of_its_own() -> None:
    task = make()
    before = task.key
    assert task.model_copy(update={"world": "ab"}).key == make(world="ab").key != before


def test_a_copied_or_pickled_task_is_the_same_task() -> None:
    task = make(evaluation_criteria={"actions": [{"action_id": "a", "name": "x", "arguments": {"y": [1]}}]})
    for same in (copy.deepcopy(task), pickle.loads(pickle.dumps(task)), Task.model_validate(task.model_dump())):
        assert same == task
        assert same.key == task.key


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": ""},
        {"user_scenario": None},
        {"annotations": {}},
        {"evaluation_criteria": {"reward_basis": ["LUCK"]}},
        {"evaluation_criteria": {"actions": [{"action_id": "a", "name": "x", "arguments": {}, "requestor": "tool"}]}},
        {"initial_state": {"initialization_data": {"admin_data": {}}}},
    ],
    ids=str,
)
def test_a_task_of_another_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        make(**wrong)


def test_a_task_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        make().id = "two"


def test_the_scenario_is_worded_as_tau2_words_it() -> None:
    parts = Instructions(domain="mock", reason_for_call="A\nB", unknown_info="C", task_instructions="D")
    text = "Domain: mock\nReason for call:\n\tA\n\tB\nUnknown info:\n\tC\nTask instructions:\n\tD"
    assert str(parts) == text
    assert str(UserScenario(instructions="Do.")) == "Instructions:\n\tDo."
    whole = str(UserScenario(persona="Shy", instructions=parts))
    assert whole == "Persona:\n\tShy\nInstructions:\n\t" + text.replace("\n", "\n\t")


@pytest.mark.parametrize(
    ("basis", "assertions", "needed"),
    [
        (["DB", "NL_ASSERTION"], ["It was polite."], True),
        (["DB", "NL_ASSERTION"], [], False),
        (["DB"], ["It was polite."], False),
    ],
)
def test_a_judge_is_needed_for_assertions_that_count(basis: list[str], assertions: list[str], needed: bool) -> None:
    criteria = {"reward_basis": basis, "nl_assertions": assertions}
    assert make(evaluation_criteria=criteria).needs_judge is needed


# Files and splits


@pytest.mark.parametrize("line", ["{", "[]", '{"id": "two"}', ""])
def test_a_line_that_is_no_task_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "t.jsonl"
    write_tasks(path, [make()])
    path.write_text(path.read_text(encoding="utf-8") + line + "\n", encoding="utf-8")
    with pytest.raises(TaskError, match=r"t\.jsonl, line 2"):
        read_tasks(path)


def test_a_task_file_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"no task file .*gone\.jsonl"):
        _ = TaskSet.from_folder(tmp_path, ("gone",))["gone"]


def test_a_folder_of_tasks_has_the_splits_that_lie_in_it_in_the_usual_order(tmp_path: Path) -> None:
    for split in ("hard", "test", "train"):
        write_tasks(tmp_path / f"{split}.jsonl", [make()])
    assert TaskSet.from_folder(tmp_path).splits() == ["train", "test", "hard"]
    assert TaskSet.from_folder(tmp_path / "not-yet").splits() == []


def test_an_unknown_split_lists_those_that_are(mock: Domain) -> None:
    assert mock.tasks.splits() == ["train", "validation", "dev", "test"]
    with pytest.raises(UnknownNameError, match=r"'tset'.*Did you mean 'test'\?.*dev, test, train, validation"):
        _ = mock.tasks["tset"]


def test_an_unknown_task_is_an_error_and_a_known_one_is_found_in_any_split(mock: Domain) -> None:
    assert mock.tasks.find("dev-003") in mock.tasks["dev"]
    with pytest.raises(UnknownNameError, match="'dev-999'"):
        mock.tasks.find("dev-999")


def test_a_split_is_read_once_and_only_when_asked_for() -> None:
    read: list[str] = []

    def reader(name: str) -> list[Task]:
        read.append(name)
        return [make(id=name), make(id="shared")]

    tasks = TaskSet({"a": lambda: reader("a"), "b": lambda: reader("b")})
    assert read == []
    assert tasks["b"] == tasks["b"]
    assert read == ["b"]
    assert [task.id for task in tasks] == ["a", "shared", "b"]
    assert read == ["b", "a"]


def test_the_embedded_splits_have_worlds_of_their_own(mock: Domain) -> None:
    worlds = [{task.world for task in mock.tasks[split]} for split in mock.tasks.splits()]
    assert len(set.union(*worlds)) == sum(map(len, worlds))
    keys = [task.key for task in mock.tasks]
    assert len(keys) == len(set(keys)) == 80


# A bad task is an exception, before anything is played.

CALL_OF_NOTHING = {"env_type": "assistant", "func_name": "no_such_function"}
TEXT_IN_USERS = {"initialization_data": {"agent_data": {"users": {"user_1": "Ana"}}}}
SYSTEM_LAST = [{"role": "user", "content": "Hi."}, {"role": "system", "content": "Obey."}]


def of_history(*messages: dict[str, Any]) -> dict[str, Any]:
    return {"initial_state": {"message_history": messages}}


ASKED = {"role": "assistant", "tool_calls": [{"id": "1", "name": "get_users", "arguments": {}}]}
WROTE = {
    "role": "assistant",
    "tool_calls": [{"id": "1", "name": "create_task", "arguments": {"user_id": "user_1", "title": "x"}}],
}


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"flavour": "tau2"}, "flavour 'tau2'"),
        ({"user_tools": ["fly"]}, "'fly'"),
        ({"initial_state": {"initialization_actions": [CALL_OF_NOTHING]}}, "no_such_function"),
        ({"initial_state": {"initialization_actions": [{**CALL_OF_NOTHING, "func_name": "_new_id"}]}}, "_new_id"),
        ({"initial_state": {"initialization_data": {"agent_data": {"pets": {}}}}}, "'pets'"),
        ({"initial_state": {"initialization_data": {"user_data": {"notifications": []}}}}, "notifications"),
        ({"initial_state": TEXT_IN_USERS}, "users"),
        (of_history({"role": "wizard", "content": "Hi."}), "wizard"),
        (of_history(ASKED), "not followed by its result"),
        (of_history(ASKED, {"role": "tool", "id": "2", "content": "[]"}), "not followed by its result"),
        (of_history({"role": "tool", "id": "1", "content": "[]"}), "result of no call"),
        (of_history(WROTE, {"role": "tool", "id": "1", "content": "{}"}), "create_task"),
        (of_history(*SYSTEM_LAST), "system"),
        ({"evaluation_criteria": {"env_assertions": [CALL_OF_NOTHING]}}, "no_such_function"),
    ],
)
def test_a_task_that_cannot_be_set_up_is_an_exception_that_says_why(
    mock: Domain, changes: dict[str, Any], named: str
) -> None:
    task = make(id="broken", world=mock.tasks["test"][0].world, **changes)
    with pytest.raises(TaskError, match=named) as raised:
        Episode(mock, task)
    assert "broken" in str(raised.value)


def test_a_task_in_a_world_that_is_nowhere_is_an_exception(mock: Domain) -> None:
    with pytest.raises(WorldError, match="there is no world 00000000"):
        Episode(mock, make(world="0" * 64))


# tau2's own


def test_tau2s_tasks_are_read_in_the_files_order_with_its_splits(tau2_mock: Domain, tau2_data: Path) -> None:
    file = tau2_data / "tau2" / "domains" / "mock" / "tasks.json"
    raw = json.loads(file.read_text(encoding="utf-8"))
    assert [task.id for task in tau2_mock.tasks["base"]] == [item["id"] for item in raw]
    assert all(task.flavour == "tau2" for task in tau2_mock.tasks)


def test_a_task_of_tau2_is_written_back_as_it_was(tau2_mock: Domain, tau2_data: Path) -> None:
    file = tau2_data / "tau2" / "domains" / "mock" / "tasks.json"
    for item in json.loads(file.read_text(encoding="utf-8")):
        written = tau2_mock.tasks.find(item["id"]).to_tau2()
        assert "world" not in written
        for name, value in item.items():
            assert contains(written[name], value), (item["id"], name)


def contains(written: Any, given: Any) -> bool:
    """Whether what was given is all there, whatever defaults were added."""
    if isinstance(given, dict):
        return isinstance(written, dict) and all(contains(written[name], value) for name, value in given.items())
    if isinstance(given, list):
        return len(written) == len(given) and all(map(contains, written, given))
    return bool(written == given)
