"""tau2's results files read: the same trajectories that were written, and what is wrong with a file said plainly."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tau2_folder import COMPLETE, make_folder

from toolgym import make_domain
from toolgym.compat.tau2 import load_domain, write_results
from toolgym.compat.tau2.results_in import read_results
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import DataError, TaskError
from toolgym.evaluation.grade import Verdict
from toolgym.limits import Limits
from toolgym.messages import STOP, Message, ToolCall
from toolgym.trajectory import Fault, Trajectory, Usage

VOID = Fault("service", "tau2 recorded an infrastructure error")


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Domain:
    """The mock domain over a small folder of tau2's format."""
    return load_domain(make_domain("mock"), make_folder(tmp_path_factory.mktemp("data")))


def _play(domain: Domain, task_id: str, *messages: Message, limits: Limits | None = None, **facts: Any) -> Trajectory:
    verdicts: Sequence[Verdict] = facts.pop("verdicts", ())
    episode = Episode(domain, domain.tasks.find(task_id), limits=limits, judged=bool(verdicts))
    for message in messages:
        if episode.turn is not None:
            episode.advance(message)
    if verdicts:
        episode.settle(verdicts)
    row = episode.trajectory(**{"agent": "oracle", "user": "minimal", "seed": 7, **facts})
    return replace(row, started=1_700_000_000.5, seconds=2.5, usage={})


def _rows(domain: Domain) -> list[Trajectory]:
    """One of each kind: solved by both sides, failed, judged, not judged, cut off, void, begun before."""
    hi, stop = Message("user", "Hi, é 😀"), Message("user", f"Thanks. {STOP}")
    both = (ToolCall("get_users", {}, "c1"), ToolCall("update_task_status", COMPLETE, "c2"))
    dismiss = ToolCall("dismiss_notification", {"notification_id": "notif_1"}, "u", "user")
    wrong = Message("assistant", None, (ToolCall("update_task_status", {**COMPLETE, "task_id": "task_9"}, "c0"),))
    said = Message("assistant", "task_1 is completed.")
    solved = (hi, wrong, Message("assistant", "One moment.", both), said, Message("user", None, (dismiss,)), stop)
    void = _play(domain, "all", hi, trial=3)
    return [
        _play(domain, "all", *solved),
        _play(domain, "all", hi, said, stop, trial=1),
        _play(domain, "all", hi, said, hi, said, limits=Limits(max_steps=3), trial=2),
        replace(
            void,
            termination="infrastructure_error",
            grade=None,
            fault=Fault("service", "tau2 recorded an infrastructure error"),
        ),
        _play(domain, "judged", hi, said, stop, verdicts=[Verdict(False, "Too dry.")]),
        _play(domain, "judged", hi, said, stop, trial=1),
        _play(domain, "begun", Message("user", "Go on."), said, stop),
    ]


@pytest.fixture
def written(domain: Domain, tmp_path: Path) -> Path:
    path = tmp_path / "results.json"
    write_results(path, domain, _rows(domain), max_steps=30, agent_llm="gpt-x")
    return path


def test_what_was_written_reads_back_the_same(domain: Domain, written: Path) -> None:
    rows = _rows(domain)
    assert [row.success for row in rows] == [True, False, False, None, False, None, True]
    results = read_results(written).over(domain)
    assert results.domain == "mock"
    assert {task.key for task in results.tasks} == {task.key for task in domain.tasks}
    assert (results.info["max_steps"], results.info["agent_info"]["llm"]) == (30, "gpt-x")
    for row, back in zip(rows, results.trajectories, strict=True):
        if row.grade is not None and row.grade.reward is None:  # tau2 has no word for what was not judged
            row = replace(row, grade=None)
        assert back == row


def test_cost_is_kept_and_tokens_are_known_where_all_messages_tell_them(domain: Domain, tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    row = replace(_rows(domain)[1], usage={"assistant": Usage(2, 30, 20, 0.5), "user": Usage(output_tokens=3)})
    write_results(path, domain, [row])
    data = json.loads(path.read_text())
    (simulation,) = data["simulations"]
    assert (simulation["agent_cost"], simulation["user_cost"]) == (0.5, None)
    for message in simulation["messages"][1:]:
        message["usage"] = {"prompt_tokens": 100, "completion_tokens": 7}
    simulation["messages"][1]["usage"] = None
    path.write_text(json.dumps(data))
    (back,) = read_results(path).trajectories
    assert back.usage == {"assistant": Usage(1, 100, 7, 0.5)}
    assert [message.tokens for message in back.messages] == [None, None, 7, 7]


def test_unknown_keys_are_passed_over_and_optional_ones_may_be_missing(domain: Domain, written: Path) -> None:
    data = json.loads(written.read_text())
    expected = read_results(written)
    for part in (data, data["info"], data["tasks"][0], *data["simulations"], *data["simulations"][0]["messages"]):
        part["annotations"] = {"whatever": [1]}
    for simulation in data["simulations"]:
        for name in ("timestamp", "end_time", "id", "mode", "agent_cost", "user_cost"):
            del simulation[name]
    data["simulations"][0]["ticks"] = None
    written.write_text(json.dumps(data))
    assert read_results(written) == replace(expected, info=data["info"])
    for simulation in data["simulations"]:
        for name in ("trial", "seed", "start_time", "duration", "reward_info"):
            del simulation[name]
    written.write_text(json.dumps(data))
    bare = read_results(written).trajectories
    assert [(row.task_id, row.trial) for row in bare] == [
        ("all", 0),
        ("all", 1),
        ("all", 2),
        ("all", 3),
        ("judged", 0),
        ("judged", 1),
        ("begun", 0),
    ]
    assert all((row.seed, row.started, row.seconds, row.grade) == (None, None, None, None) for row in bare)


def test_ids_may_be_empty_and_results_come_as_one_message(domain: Domain, written: Path) -> None:
    data = json.loads(written.read_text())
    messages = data["simulations"][0]["messages"]
    place = next(number for number, message in enumerate(messages) if len(message.get("tool_calls") or ()) == 2)
    for call in messages[place]["tool_calls"]:
        call["id"] = ""
    results = [{**message, "id": ""} for message in messages[place + 1 : place + 3]]
    messages[place + 1 : place + 3] = [{"role": "tool", "tool_messages": results}]
    written.write_text(json.dumps(data))
    row = read_results(written).trajectories[0]
    assert [message.tool_call_id for message in row.messages[place + 1 : place + 3]] == ["call_0", "call_1"]
    assert [call.id for call in row.messages[place].tool_calls] == ["call_0", "call_1"]


def test_a_task_that_differs_in_its_issues_alone_is_the_domains_own(domain: Domain, written: Path) -> None:
    data = json.loads(written.read_text())
    data["tasks"][0]["issues"][0]["resolution"] = None
    data["tasks"][1]["user_scenario"]["instructions"] = "Something else."
    written.write_text(json.dumps(data))
    own = {task.id: task for task in domain.tasks}
    tasks = {task.id: task for task in read_results(written).over(domain).tasks}
    assert tasks["all"] == own["all"]
    assert tasks["judged"].key != own["judged"].key
    assert tasks["judged"].world == own["judged"].world


# What is wrong with a file


def _broken(written: Path, where: Sequence[Any], value: Any = ...) -> None:
    data = json.loads(written.read_text())
    part = data
    for name in where[:-1]:
        part = part[name]
    if value is ...:
        del part[where[-1]]
    else:
        part[where[-1]] = copy.deepcopy(value)
    written.write_text(json.dumps(data))


@pytest.mark.parametrize(
    ("where", "value", "told"),
    [
        (("info",), ..., "has no 'info'"),
        (("info", "environment_info"), ..., "info has no 'environment_info'"),
        (("info", "environment_info", "domain_name"), 3, "'domain_name' must be str, got int"),
        (("tasks",), ..., "has no 'tasks'"),
        (("tasks", 1, "user_scenario"), ..., "task 1: "),
        (("simulations",), ..., "has no 'simulations'"),
        (("simulations",), {}, "'simulations' must be list"),
        (("simulations", 2), 7, "simulation 2 must be an object"),
        (("simulations", 2, "task_id"), ..., "simulation 2 has no 'task_id'"),
        (("simulations", 2, "task_id"), "nope", "simulation 2: 'task_id' is 'nope'"),
        (("simulations", 1, "messages"), ..., "simulation 1 has no 'messages'"),
        (("simulations", 1, "messages"), None, "simulation 1 has no 'messages'"),
        (("simulations", 1, "messages", 2), "Hi", "simulation 1, message 2 must be an object"),
        (("simulations", 1, "messages", 2, "role"), "agent", "simulation 1, message 2: .* 'agent'"),
        (("simulations", 0, "messages", 2, "tool_calls"), [{}], "simulation 0, message 2: a tool call"),
        (("simulations", 1, "termination_reason"), ..., "simulation 1 has no 'termination_reason'"),
        (("simulations", 1, "termination_reason"), "boredom", "simulation 1: .* 'boredom'; allowed are .*user_stop"),
        (("simulations", 1, "reward_info", "reward"), ..., "simulation 1, reward_info has no 'reward'"),
        (("simulations", 1, "reward_info", "db_check"), {}, "simulation 1, reward_info, db_check has no 'db_match'"),
        (("simulations", 1, "reward_info", "action_checks", 1, "action"), ..., "action_checks 1 has no 'action'"),
        (
            ("simulations", 1, "reward_info", "communicate_checks", 0, "met"),
            "yes",
            "communicate_checks 0: 'met' must be",
        ),
        (("simulations", 1, "trial"), "one", "simulation 1: 'trial' must be int"),
        (("simulations", 1, "start_time"), "noon", "simulation 1: 'start_time' is not a time"),
    ],
)
def test_what_is_missing_or_wrong_is_named_with_its_place(
    written: Path, where: Sequence[Any], value: Any, told: str
) -> None:
    _broken(written, where, value)
    with pytest.raises(DataError, match=told) as refused:
        read_results(written)
    assert str(written) in str(refused.value)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", "[" * 100_000, '{"strings": []}'])
def test_what_is_no_results_file_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "file.json"
    path.write_text(content)
    with pytest.raises(DataError, match="is not a results file"):
        read_results(path)
    with pytest.raises(DataError, match="is not a results file"):
        read_results(tmp_path / "nowhere.json")


def test_the_format_of_a_folder_is_named(written: Path) -> None:
    data = json.loads(written.read_text())
    del data["simulations"]
    written.write_text(json.dumps({**data, "simulation_index": [{"id": "x"}]}))
    with pytest.raises(DataError, match="'dir' format"):
        read_results(written)


def test_a_domain_without_tasks_has_no_world(domain: Domain, written: Path) -> None:
    from toolgym.tasks import TaskSet

    with pytest.raises(DataError, match="has no tasks"):
        read_results(written).over(domain.with_data(tasks=TaskSet({})))


@pytest.mark.parametrize("basis", [[["DB"]], [{"DB": 1}], [None], [1]])
def test_a_basis_that_is_no_list_of_names_is_told(written: Path, basis: Any) -> None:
    _broken(written, ("simulations", 0, "reward_info", "reward_basis"), basis)
    with pytest.raises(DataError, match=r"'reward_basis' must be names of components"):
        read_results(written)


@pytest.mark.parametrize(
    ("where", "value", "named"),
    [
        (("ticket",), 5, "ticket"),
        (("evaluation_criteria", "actions"), [{"action_id": "a"}], "evaluation_criteria.actions.0.name"),
        (("evaluation_criteria", "actions"), 7, "evaluation_criteria.actions"),
        (("id",), ..., "id"),
        (("initial_state",), "new", "initial_state"),
    ],
)
def test_a_task_that_is_none_is_told_on_one_line_with_its_field(
    written: Path, where: Sequence[Any], value: Any, named: str
) -> None:
    _broken(written, ("tasks", 0, *where), value)
    with pytest.raises((DataError, TaskError)) as caught:
        read_results(written)
    said = str(caught.value)
    assert f"{named}: " in said
    assert "\n" not in said
    assert "errors.pydantic.dev" not in said
