"""Results written in tau2's own format, for its viewer, its re-grader and its submission checker."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
import tau2_folder
import tau2_format
from pydantic_core import from_json
from tau2_folder import COMPLETE, DB, USER_DB

from toolgym import make_domain
from toolgym.actions import parse_action
from toolgym.compat.tau2 import load_domain, write_results
from toolgym.compat.tau2.data import read_task
from toolgym.compat.tau2.results import check_results, tau2_word
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import DataError
from toolgym.evaluation.grade import Verdict
from toolgym.limits import Limits
from toolgym.messages import STOP, AgentID, Message, ToolCall, from_chat
from toolgym.trajectory import Fault, Termination, Trajectory

TASKS: list[dict[str, Any]] = [
    {**tau2_folder.TASKS[0], "id": "both"},
    tau2_folder.TASKS[1],
    {"id": "free", "user_scenario": {"instructions": "Say hello."}},
    {**tau2_folder.TASKS[2], "id": "history"},
    {
        **tau2_folder.TASKS[0],
        "id": "both judged",
        "evaluation_criteria": {
            "actions": [{"action_id": "a", "name": "update_task_status", "arguments": COMPLETE}],
            "nl_assertions": ["The user was thanked"],
            "reward_basis": ["DB", "NL_ASSERTION"],
        },
    },
]


@pytest.fixture(scope="module")
def domain(tmp_path_factory: pytest.TempPathFactory) -> Domain:
    """The mock domain over a small folder of tau2's format."""
    root = tmp_path_factory.mktemp("data")
    folder = root / "tau2" / "domains" / "mock"
    folder.mkdir(parents=True)
    for name, content in (("db", DB), ("user_db", USER_DB), ("tasks", TASKS)):
        (folder / f"{name}.json").write_text(json.dumps(content))
    (folder / "policy.md").write_text("Be kind.")
    return load_domain(make_domain("mock"), root)


def _call(name: str, identity: str, side: AgentID = "assistant", **arguments: Any) -> Message:
    return Message(side, None, (ToolCall(name, arguments, identity, side),))


def _play(domain: Domain, task_id: str, *messages: Message, limits: Limits | None = None) -> Episode:
    episode = Episode(domain, domain.tasks.find(task_id), limits=limits)
    for message in messages:
        episode.advance(message)
    return episode


def _good(domain: Domain, **facts: Any) -> Trajectory:
    """A successful episode with calls of both sides, one that fails, and two in one message."""
    two = Message(
        "assistant",
        "One moment.",
        (ToolCall("get_users", {}, "c1"), ToolCall("update_task_status", COMPLETE, "c2")),
    )
    episode = _play(
        domain,
        "both",
        Message("user", "Please complete task_1, é."),
        _call("update_task_status", "c0", task_id="task_9", status="completed"),
        two,
        Message("assistant", "task_1 is completed; please read your notification."),
        _call("dismiss_notification", "u0", "user", notification_id="notif_1"),
        Message("user", f"Thanks. {STOP}"),
    )
    return episode.trajectory(**{"agent": "oracle", "user": "minimal", "seed": 7, **facts})


def _write(path: Path, domain: Domain, *rows: Trajectory, **settings: Any) -> dict[str, Any]:
    write_results(path / "out" / "results.json", domain, rows, **settings)
    written: dict[str, Any] = json.loads((path / "out" / "results.json").read_text(encoding="utf-8"))
    return written


def test_a_results_file_has_the_fields_that_tau2_needs(domain: Domain, tmp_path: Path) -> None:
    written = _write(tmp_path, domain, _good(domain), max_steps=30, max_errors=5, agent_llm="gpt-x", user_llm="gpt-y")

    assert {"timestamp", "info", "tasks", "simulations"} <= written.keys()
    info = written["info"]
    assert info["git_commit"]
    assert (info["num_trials"], info["max_steps"], info["max_errors"], info["seed"]) == (1, 30, 5, 7)
    assert info["environment_info"] == {"domain_name": "mock", "policy": "Be kind.", "tool_defs": None}
    assert (info["agent_info"]["implementation"], info["agent_info"]["llm"]) == ("oracle", "gpt-x")
    assert (info["user_info"]["implementation"], info["user_info"]["llm"]) == ("minimal", "gpt-y")
    (simulation,) = written["simulations"]
    assert simulation["task_id"] == "both"
    assert simulation["termination_reason"] == "user_stop"
    assert (simulation["trial"], simulation["seed"], simulation["mode"]) == (0, 7, "half_duplex")
    for name in ("timestamp", "start_time", "end_time"):
        assert datetime.datetime.fromisoformat(simulation[name]).tzinfo is None
    start, end = (datetime.datetime.fromisoformat(simulation[name]) for name in ("start_time", "end_time"))
    assert simulation["duration"] == pytest.approx((end - start).total_seconds(), abs=1e-5)
    assert simulation["id"]


ALLOWED = {
    "agent": {"implementation", "llm", "llm_args", "voice_settings"},
    "user": {"implementation", "llm", "llm_args", "global_simulation_guidelines", "voice_settings", "persona_config"},
    "results": {"timestamp", "info", "tasks", "simulations", "simulation_index"},
    "info": {
        "git_commit",
        "num_trials",
        "max_steps",
        "max_errors",
        "user_info",
        "agent_info",
        "environment_info",
        "seed",
    }
    | {
        "text_streaming_config",
        "speech_complexity",
        "audio_native_config",
        "retrieval_config",
        "retrieval_config_kwargs",
    },
    "simulation": {"id", "task_id", "timestamp", "start_time", "end_time", "duration", "termination_reason"}
    | {"agent_cost", "user_cost", "agent_usage", "reward_info", "messages", "ticks", "trial", "seed", "mode"}
    | {"speech_environment", "review", "user_only_review", "info", "auth_classification", "hallucination_retries_used"}
    | {"hallucination_check", "provider_session_id", "policy", "effect_timeline"},
    "reward": {"reward", "db_check", "env_assertions", "action_checks", "nl_assertions", "communicate_checks"}
    | {"reward_basis", "reward_breakdown", "info"},
    "task": {"id", "description", "user_scenario", "ticket", "initial_state", "evaluation_criteria", "issues"}
    | {"required_documents", "user_tools"},
}


def test_a_results_file_has_no_field_that_tau2_does_not_know(domain: Domain, tmp_path: Path) -> None:
    written = _write(tmp_path, domain, _good(domain))
    simulation = written["simulations"][0]
    for name, part in (
        ("results", written),
        ("info", written["info"]),
        ("agent", written["info"]["agent_info"]),
        ("user", written["info"]["user_info"]),
        ("simulation", simulation),
        ("reward", simulation["reward_info"]),
        ("task", written["tasks"][0]),
    ):
        assert part.keys() <= ALLOWED[name], name


def test_the_limits_are_those_of_tau2s_runner_unless_told(domain: Domain, tmp_path: Path) -> None:
    info = _write(tmp_path, domain, _good(domain, agent="", user=""))["info"]
    assert (info["max_steps"], info["max_errors"]) == (200, 10)
    assert info["agent_info"]["implementation"]
    assert (info["agent_info"]["llm"], info["user_info"]["llm"]) == (None, None)


def test_the_reward_stands_with_every_check(domain: Domain, tmp_path: Path) -> None:
    (simulation,) = _write(tmp_path, domain, _good(domain))["simulations"]
    reward = simulation["reward_info"]
    assert reward["reward"] == 1.0
    assert reward["db_check"] == {"db_match": True, "db_reward": 1.0}
    assert reward["reward_basis"] == ["DB", "ENV_ASSERTION", "ACTION", "COMMUNICATE"]
    assert reward["reward_breakdown"] == {"DB": 1.0, "ENV_ASSERTION": 1.0, "ACTION": 1.0, "COMMUNICATE": 1.0}
    (assertion,) = reward["env_assertions"]
    assert (assertion["met"], assertion["reward"]) == (True, 1.0)
    assert assertion["env_assertion"]["func_name"] == "assert_notification_status"
    first, second = reward["action_checks"]
    assert (first["action"]["action_id"], first["action_match"], first["action_reward"]) == ("a", True, 1.0)
    assert second["action"]["requestor"] == "user"
    (fact,) = reward["communicate_checks"]
    assert (fact["info"], fact["met"]) == ("task_1", True)


def test_a_failure_says_what_failed(domain: Domain, tmp_path: Path) -> None:
    done = Message("assistant", "Done.")
    episode = _play(domain, "both", Message("user", "Hi"), done, Message("user", STOP))
    reward = _write(tmp_path, domain, episode.trajectory())["simulations"][0]["reward_info"]
    assert reward["reward"] == 0.0
    assert reward["db_check"] == {"db_match": False, "db_reward": 0.0}
    assert set(reward["reward_breakdown"].values()) == {0.0}
    assert [check["action_reward"] for check in reward["action_checks"]] == [0.0, 0.0]


def test_an_episode_that_was_cut_off_has_a_reward_of_nothing_and_a_note(domain: Domain, tmp_path: Path) -> None:
    episode = _play(domain, "both", Message("user", "Hi"), Message("assistant", "Hi"), limits=Limits(max_steps=2))
    (simulation,) = _write(tmp_path, domain, episode.trajectory())["simulations"]
    assert simulation["termination_reason"] == "max_steps"
    assert simulation["reward_info"]["reward"] == 0.0
    assert "max_steps" in simulation["reward_info"]["info"]["note"]


def test_what_only_a_judge_can_say_has_no_reward(domain: Domain, tmp_path: Path) -> None:
    hello, stop = Message("assistant", "Hi"), Message("user", STOP)
    judged = _play(domain, "judged", Message("user", "Hi"), hello, stop).trajectory()
    free = _play(domain, "free", Message("user", "Hi"), hello, stop).trajectory()
    written = _write(tmp_path, domain, judged, free)
    assert [task["id"] for task in written["tasks"]] == ["judged", "free"]
    assert written["simulations"][0]["reward_info"] is None
    assert written["simulations"][1]["reward_info"]["reward"] == 1.0


def test_a_void_episode_is_an_infrastructure_error(domain: Domain, tmp_path: Path) -> None:
    for source in ("user", "service"):
        episode = _play(domain, "both", Message("user", "Hi"))
        episode.fail(Fault(source, "it timed out"))
        (simulation,) = _write(tmp_path, domain, episode.trajectory())["simulations"]
        assert simulation["termination_reason"] == "infrastructure_error"
        assert simulation["reward_info"] is None


def _read_back(simulation: dict[str, Any]) -> tuple[Message, ...]:
    return tuple(from_chat(message) for message in simulation["messages"])


def test_messages_read_back_are_those_that_were_written(domain: Domain, tmp_path: Path) -> None:
    good = _good(domain)
    stop = Message("user", STOP)
    going_on = _play(domain, "history", Message("user", "Go on."), Message("assistant", "Done."), stop).trajectory()
    written = _write(tmp_path, domain, good, going_on)
    for row, simulation in zip((good, going_on), written["simulations"], strict=True):
        assert _read_back(simulation) == row.messages
        assert [message["turn_idx"] for message in simulation["messages"]] == list(range(len(row.messages)))
    assert [message.role for message in good.messages].count("tool") == 4
    assert any(message.error for message in good.messages)


def test_messages_of_any_kind_read_back_the_same(domain: Domain, tmp_path: Path) -> None:
    odd: list[Message] = [
        Message("assistant", "Hi"),
        Message("user", "é\u2028\U0001f600 " + "x" * 1_000),
        Message("assistant", "", (ToolCall("a", {"n": [1, 2.5, None, {"é": True}]}, "x"),)),
        Message("tool", "", tool_call_id="x", error=True),
        Message("user", None, (ToolCall("b", {}, "y", "user"), ToolCall("b", {}, "z", "user"))),
        Message("tool", "null", tool_call_id="y", requestor="user"),
        Message("tool", '{"a": 1}', tool_call_id="z", requestor="user"),
    ]
    row = replace(_good(domain), messages=tuple(odd))
    (simulation,) = _write(tmp_path, domain, row)["simulations"]
    assert _read_back(simulation) == tuple(odd)


def test_every_call_is_followed_by_its_results_in_order_as_tau2_wants(domain: Domain, tmp_path: Path) -> None:
    (simulation,) = _write(tmp_path, domain, _good(domain))["simulations"]
    messages = simulation["messages"]
    for place, message in enumerate(messages):
        calls = message.get("tool_calls") or []
        results = messages[place + 1 : place + 1 + len(calls)]
        assert [result["id"] for result in results] == [call["id"] for call in calls]
        assert all(result["role"] == "tool" for result in results)
        if message["role"] != "tool":
            assert message["tool_calls"] is None or message["tool_calls"]  # an empty list would count as calls


def test_messages_sorted_by_their_timestamps_keep_their_order(domain: Domain, tmp_path: Path) -> None:
    (simulation,) = _write(tmp_path, domain, replace(_good(domain), started=1_700_000_000.9999))["simulations"]
    stamps = [message["timestamp"] for message in simulation["messages"]]
    assert stamps == sorted(stamps)
    assert len(set(stamps)) == len(stamps)


def test_tasks_are_written_whole_and_each_once(domain: Domain, tmp_path: Path) -> None:
    rows = [_good(domain), _good(domain, trial=1), _good(domain, trial=2)]
    written = _write(tmp_path, domain, *rows)
    (task,) = written["tasks"]
    assert read_task(task, rows[0].task_key).gold == domain.tasks.find("both").gold
    assert task["user_scenario"] == TASKS[0]["user_scenario"]
    assert written["info"]["num_trials"] == 3
    assert [simulation["trial"] for simulation in written["simulations"]] == [0, 1, 2]
    identities = [simulation["id"] for simulation in written["simulations"]]
    assert len(set(identities)) == 3


def test_writing_replaces_the_file_and_leaves_nothing_else(domain: Domain, tmp_path: Path) -> None:
    _write(tmp_path, domain, _good(domain), _good(domain, trial=1))
    assert len(_write(tmp_path, domain, _good(domain))["simulations"]) == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["results.json"]


def test_what_is_not_tau2s_cannot_be_written(domain: Domain, mock: Domain, tmp_path: Path) -> None:
    own = Episode(mock, mock.tasks["test"][0]).trajectory()
    with pytest.raises(DataError, match="only episodes of tau2's tasks"):
        write_results(tmp_path / "r.json", domain, [own])
    with pytest.raises(DataError, match="only episodes of tau2's tasks"):
        write_results(tmp_path / "r.json", domain, [replace(_good(domain), task_key="0" * 24)])
    with pytest.raises(DataError, match="no trajectory"):
        write_results(tmp_path / "r.json", domain, [])
    assert list(tmp_path.iterdir()) == []


# What tau2's own models take


def _format_rows(domain: Domain) -> dict[str, Trajectory]:
    """Episodes that ended in every way, by what is odd about them."""
    hi, said, stop = Message("user", "Hi"), Message("assistant", "Done."), Message("user", STOP)
    wrong = _call("update_task_status", "c0", task_id="task_9", status="completed")
    wordy = Message("assistant", "Let me see.", (ToolCall("get_users", {}, "c1"), ToolCall("get_users", {}, "c2")))
    broken = parse_action('{"name": "get_users", "arguments": {')
    odd = parse_action('{"name": "functions.get_users", "arguments": {}}')
    void = _play(domain, "both", hi, wrong)
    void.fail(Fault("service", "it timed out"))
    unheard = _play(domain, "both", hi)
    unheard.fail(Fault("user", "it fell silent"))
    long = _play(domain, "judged", hi, said, hi)
    long.give_up("context_window_exceeded")
    judged = Episode(domain, domain.tasks.find("judged"), judged=True)
    for message in (hi, said, stop):
        judged.advance(message)
    judged.settle([Verdict(False, "Too dry.")])
    limits = Limits(max_steps=3)
    return {
        "good": _good(domain),
        "failed": _play(domain, "both", hi, said, stop).trajectory(),
        "not judged": _play(domain, "judged", hi, said, stop).trajectory(),
        "not judged, and failed": _play(domain, "both judged", hi, said, stop).trajectory(),
        "judged": judged.trajectory(),
        "no criteria": _play(domain, "free", hi, said, stop).trajectory(),
        "history": _play(domain, "history", Message("user", "Go on."), said, stop).trajectory(),
        "max_steps": _play(domain, "both judged", hi, wordy, limits=limits).trajectory(),
        "too_many_errors": _play(domain, "both", hi, wrong, limits=Limits(max_errors=1)).trajectory(),
        "context_window_exceeded": long.trajectory(),
        "void": void.trajectory(),
        "void by the user": unheard.trajectory(),
        "text beside calls": _play(domain, "both", hi, wordy, said, stop).trajectory(),
        "unreadable calls": _play(domain, "both", hi, broken, odd, said, stop).trajectory(),
    }


def test_tau2s_own_models_take_whatever_is_written(domain: Domain, tmp_path: Path) -> None:
    rows = _format_rows(domain)
    for trial, (name, row) in enumerate(rows.items()):
        written = _write(tmp_path, domain, replace(row, trial=trial))
        found = tau2_format.Results.model_validate_json(json.dumps(written)).simulations[0]
        assert found.termination_reason == (row.termination if row.fault is None else "infrastructure_error"), name
    numbered = [replace(row, trial=trial) for trial, row in enumerate(rows.values())]
    whole = tau2_format.Results.model_validate_json(json.dumps(_write(tmp_path, domain, *numbered)))
    assert len(whole.simulations) == len(rows)


def test_tau2s_own_file_is_such_a_file(fixtures: Path) -> None:
    path = fixtures.parent / "results" / "retail_scripted.json"
    if not path.is_file():
        pytest.skip("a results file of tau2 is needed beside the fixtures")
    data = json.loads(path.read_text(encoding="utf-8"))
    for task in data["tasks"]:
        tau2_format.Task.model_validate_json(json.dumps(task))
    for simulation in data["simulations"]:
        tau2_format.RewardInfo.model_validate_json(json.dumps(simulation["reward_info"]))


def test_what_nobody_judged_has_no_verdict_and_no_part_in_the_reward(domain: Domain, tmp_path: Path) -> None:
    rows = _format_rows(domain)
    (failed,) = _write(tmp_path, domain, rows["not judged, and failed"])["simulations"]
    assert failed["reward_info"]["reward"] == 0.0
    assert failed["reward_info"]["nl_assertions"] is None
    assert failed["reward_info"]["reward_breakdown"] == {"DB": 0.0}
    assert failed["reward_info"]["reward_basis"] == ["DB", "NL_ASSERTION"]
    (judged,) = _write(tmp_path, domain, rows["judged"])["simulations"]
    assert [check["met"] for check in judged["reward_info"]["nl_assertions"]] == [False]
    (cut,) = _write(tmp_path, domain, rows["max_steps"])["simulations"]
    assert (cut["reward_info"]["reward"], cut["reward_info"]["reward_basis"]) == (0.0, None)


def test_writing_says_how_many_nobody_judged(domain: Domain, tmp_path: Path) -> None:
    rows = _format_rows(domain)
    path = tmp_path / "r.json"
    some = [rows["not judged"], rows["void"], rows["not judged, and failed"]]
    assert write_results(path, domain, some).not_judged == 1
    assert write_results(path, domain, [rows["good"], rows["max_steps"]]) == (0, 0)


def test_halves_of_surrogate_pairs_are_replaced_and_the_episodes_that_hold_them_counted(
    domain: Domain, tmp_path: Path
) -> None:
    good = _format_rows(domain)["good"]
    half, pair = "cut \ud83d", "\ud83d\ude00"
    call = ToolCall("get_users", {"title": half, half: [pair]}, "c1")
    messages = (*good.messages[:1], replace(good.messages[1], content=half), Message("assistant", None, (call,)))
    path = tmp_path / "r.json"
    odd = replace(good, messages=messages)
    paired = replace(good, messages=(replace(good.messages[0], content=pair),))
    assert write_results(path, domain, [odd, good, paired]) == (0, 1)
    data = from_json(path.read_bytes())
    said = data["simulations"][0]["messages"]
    assert said[1]["content"] == "cut \ufffd"
    assert said[2]["tool_calls"][0]["arguments"] == {"title": "cut \ufffd", "cut \ufffd": ["\U0001f600"]}
    assert data["simulations"][2]["messages"][0]["content"] == "\U0001f600"


def test_every_termination_has_a_word_of_tau2s() -> None:
    assert {tau2_word(word) for word in get_args(Termination)} <= set(get_args(tau2_format.TerminationReason))


def test_an_episode_that_is_not_over_cannot_be_written(domain: Domain, tmp_path: Path) -> None:
    going_on = _play(domain, "both", Message("user", "Hi")).trajectory()
    with pytest.raises(DataError, match="is not over"):
        write_results(tmp_path / "r.json", domain, [going_on])


def test_what_cannot_be_written_is_told_before_anything_is_played(domain: Domain, mock: Domain, tmp_path: Path) -> None:
    tasks = list(domain.tasks)
    check_results(tmp_path / "new" / "deep" / "r.json", domain, tasks)
    assert not (tmp_path / "new").exists()
    (tmp_path / "file").write_text("")
    for path, told in (
        (tmp_path, "is a folder"),
        (tmp_path / "file" / "r.json", "cannot be written"),
        (tmp_path / "new" / ("x" * 300) / "r.json", "cannot be written: .*too long"),
        (tmp_path / "new" / f"{'x' * 255}", "cannot be written: .*too long"),
        (Path("/proc/nowhere/r.json"), "cannot be written"),
    ):
        with pytest.raises(DataError, match=told):
            check_results(path, domain, tasks)
        with pytest.raises(DataError, match="cannot be written"):
            write_results(path, domain, [_good(domain)])
    assert {entry.name for entry in tmp_path.iterdir()} <= {"file", "new"}
    with pytest.raises(DataError, match="only episodes of tau2's tasks"):
        check_results(tmp_path / "r.json", domain, mock.tasks["test"])
    with pytest.raises(DataError, match="no task"):
        check_results(tmp_path / "r.json", domain, [])
