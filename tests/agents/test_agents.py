"""Those who play the assistant: the oracle, the four that do nothing, and the replay of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest

from toolgym import make_agent, make_user
from toolgym.actions import parse_action
from toolgym.agents.replay import Replay
from toolgym.domain import Agent, AgentFactory, Domain
from toolgym.episode.machine import Episode
from toolgym.episode.turns import take_turn
from toolgym.errors import EpisodeError
from toolgym.limits import Limits
from toolgym.messages import Message, ToolCall
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.tools import Toolkit
from toolgym.trajectory import Trajectory

PASSIVE = ("no-op", "read-only", "always-transfer", "always-refuse")


def line(trajectory: Trajectory) -> str:
    """A trajectory as it is stored, without its timestamps."""
    return replace(trajectory, started=None, seconds=None).to_json()


def said(episode: Episode) -> list[str]:
    """What the assistant did, after the greeting and any history: the names of its calls, or its words."""
    start = len(episode.prepared.history) or 1
    mine = [message for message in episode.messages[start:] if message.role == "assistant"]
    return [message.tool_calls[0].name if message.tool_calls else str(message.content) for message in mine]


@pytest.mark.parametrize("split", ["train", "validation", "dev", "test"])
def test_the_oracle_solves_every_embedded_task(mock: Domain, split: str) -> None:
    for task in mock.tasks[split]:
        episode = play(mock, task, make_agent("oracle"), make_user("minimal"))
        assert episode.grade.success is True, (task.id, episode.grade)
        assert (episode.errors, episode.repeats["assistant"]) == (0, 0), task.id


@pytest.mark.parametrize("name", PASSIVE)
def test_an_agent_that_does_nothing_for_the_user_solves_no_embedded_task(mock: Domain, name: str) -> None:
    for task in mock.tasks:
        episode = play(mock, task, make_agent(name), make_user("minimal"))
        assert episode.grade.success is False, (task.id, episode.grade)
        assert not any(side == "assistant" for side, _, _ in episode.session.diff()), task.id


def test_the_oracle_leaves_tau2s_databases_as_the_gold_does(tau2_retail: Domain) -> None:
    for task in tau2_retail.tasks:
        episode = play(tau2_retail, task, make_agent("oracle"), make_user("minimal"))
        assert episode.grade.db_match is True, task.id
        assert episode.grade.success is (None if task.needs_judge else True), task.id


def test_the_oracle_says_the_facts_and_leaves_the_users_part_to_the_user(mock: Domain) -> None:
    told = play(mock, mock.tasks.find("test-008"), make_agent("oracle"), make_user("minimal"))
    assert said(told) == ["get_users", "update_task_status", "It is done. Noor Jansen"]
    shared = play(mock, mock.tasks.find("test-005"), make_agent("oracle"), make_user("minimal"))
    assert said(shared)[:2] == ["update_task_status", "Please do your part now and tell me when it is done."]
    assert [message.requestor for message in shared.messages if message.role == "tool"] == ["assistant", "user"]


def test_only_those_that_read_the_gold_say_that_they_are_privileged() -> None:
    privileged: dict[str, bool] = {}
    for name in ("oracle", *PASSIVE):
        made: Any = make_agent(name)
        privileged[name] = made.privileged
    assert privileged == dict.fromkeys(PASSIVE, False) | {"oracle": True, "read-only": True}


def test_the_read_only_agent_makes_the_golds_reads_alone(mock: Domain) -> None:
    episode = play(mock, mock.tasks.find("test-008"), make_agent("read-only"), make_user("minimal"))
    assert said(episode)[:2] == ["get_users", "I have looked into it."]


def test_the_transferring_agent_hands_over_once_and_only_where_there_is_a_tool_for_it(mock: Domain) -> None:
    words = "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON."
    task = mock.tasks["test"][0]
    episode = play(mock, task, make_agent("always-transfer"), make_user("minimal"))
    assert said(episode) == ["transfer_to_human_agents", words]
    bare = mock.with_data(toolkits={"assistant": Toolkit, "user": Toolkit})
    simple = Task.model_validate({"id": "simple", "user_scenario": {"instructions": "Hello."}, "world": task.world})
    assert said(play(bare, simple, make_agent("always-transfer"), make_user("minimal"))) == [words]


# Replay


class Erratic:
    """An agent that makes mistakes of every kind on the way to the gold."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.lines = [
            parse_action("{ this is no call"),
            Message("assistant", ""),
            Message("assistant", None, (ToolCall("no_such_tool", {"x": [1, None, "é"]}, "a"), ToolCall("get_users"))),
            Message("assistant", "On it.", (ToolCall("get_users", {"x": float("nan")}, "b"),), tokens=7),
            *(Message("assistant", None, (ToolCall(one.name, one.arguments, "g"),)) for one in task.gold),
            Message("assistant", "Done.", tokens=3),
        ]

    def respond(self, view: Sequence[Message]) -> Message:
        return self.lines.pop(0) if len(self.lines) > 1 else self.lines[0]


def replayed(domain: Domain, task: Task, recorded: Trajectory, **settings: Any) -> Trajectory:
    agent = partial(Replay, trajectory=recorded)
    user = partial(Replay, trajectory=recorded, side="user")
    return play(domain, task, agent, user, **settings).trajectory()


@pytest.mark.parametrize(
    "agent",
    [make_agent("oracle"), make_agent("always-transfer"), Erratic],
    ids=["oracle", "always-transfer", "erratic"],
)
@pytest.mark.parametrize("limits", [None, Limits(max_steps=5), Limits(max_errors=2)], ids=str)
def test_a_replay_gives_the_recorded_trajectory_byte_for_byte(
    mock: Domain, agent: AgentFactory, limits: Limits | None
) -> None:
    for task in mock.tasks["test"]:
        recorded = play(mock, task, agent, make_user("minimal"), limits=limits).trajectory()
        stored = Trajectory.from_json(recorded.to_json())
        assert line(replayed(mock, task, stored, limits=limits)) == line(recorded), task.id


def test_a_replay_of_tau2s_tasks_gives_the_same_bytes(tau2_mock: Domain) -> None:
    for task in tau2_mock.tasks:
        recorded = play(tau2_mock, task, make_agent("oracle"), make_user("minimal")).trajectory()
        assert line(replayed(tau2_mock, task, recorded)) == line(recorded), task.id


def test_a_recording_that_is_used_up_is_an_error(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    recorded = play(mock, task, make_agent("oracle"), make_user("minimal")).trajectory()
    agent = Replay(mock, task, np.random.default_rng(0), trajectory=replace(recorded, messages=recorded.messages[:4]))
    assert agent.respond(()) == recorded.messages[2]
    with pytest.raises(EpisodeError, match="no more messages of the assistant"):
        agent.respond(())


# Taking turns


class Fails:
    """An agent that cannot speak."""

    def respond(self, view: Sequence[Message]) -> Message:
        raise TimeoutError("no answer")


def test_an_assistant_that_fails_is_an_exception_and_a_user_that_fails_a_fault(mock: Domain) -> None:
    failing: Agent = Fails()
    episode = Episode(mock, mock.tasks["test"][0])
    assert take_turn(episode, "assistant", failing) == []
    episode.advance(Message("user", "Hi."))
    with pytest.raises(TimeoutError, match="no answer"):
        take_turn(episode, "assistant", failing)
    assert (episode.turn, episode.fault) == ("assistant", None)
    episode.advance(Message("assistant", "Yes?"))
    (step,) = take_turn(episode, "user", failing)
    assert step.truncated
    assert episode.fault is not None
    assert (episode.fault.source, episode.fault.reason) == ("user", "TimeoutError: no answer")


def test_an_agent_speaks_until_the_other_sides_turn(mock: Domain) -> None:
    task = mock.tasks.find("test-008")
    episode = Episode(mock, task)
    episode.advance(Message("user", "Hi."))
    steps = take_turn(episode, "assistant", make_agent("oracle")(mock, task, np.random.default_rng(0)))
    assert [len(step.messages) for step in steps] == [2, 2, 1]
    assert episode.turn == "user"
