"""A table of what may be raised in an episode, by whom, and what becomes of it: wherever it is played, the same."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import evaluate

from toolgym import make_agent, make_user
from toolgym.actions import parse_action
from toolgym.domain import AgentFactory, Domain
from toolgym.errors import (
    BudgetError,
    ContextError,
    DataError,
    MissingExtraError,
    ServiceError,
    TaskError,
    WorldError,
)
from toolgym.evaluation.grade import Judge, Verdict
from toolgym.messages import Message
from toolgym.regrading import regrade_all
from toolgym.rollouts import Rollout, Settings
from toolgym.runs import Run, read_trajectories
from toolgym.tasks import Task
from toolgym.tools import Effect, ToolError, Toolkit, tool
from toolgym.trajectory import Fault, Trajectory

SETTINGS = Settings("mock", "test", "raising", trials=1)


@dataclass
class Scene:
    """An episode in which one of those who take part raises."""

    domain: Domain
    task: Task
    agent: AgentFactory
    user: AgentFactory
    judge: Judge | None = None

    def rollout(self) -> Rollout:
        return Rollout(self.domain, self.task, self.agent, self.user, judge=self.judge)

    def kept(self, folder: Path) -> list[Trajectory]:
        """What a run over it alone keeps."""
        begin = Run.resume if folder.exists() else Run.start
        with begin(folder, SETTINGS.as_dict()) as run:
            evaluate(run, SETTINGS, self.domain, [self.task], self.agent, self.user, judge=self.judge)
        return list(read_trajectories(folder))


def raising(error: BaseException, *, long: bool = False) -> AgentFactory:
    """Agents that raise: at once, or, as users after a ``long`` answer, when they have opened."""

    class Raising:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            self.opens = long

        def respond(self, view: Sequence[Message]) -> Message:
            if self.opens:
                self.opens = False
                return Message("user", "Hi.")
            raise error

    return Raising


def refusing(error: Exception) -> AgentFactory:
    def make(domain: Domain, task: Task, rng: np.random.Generator) -> Any:
        raise error

    return make


class Chatty:
    """An assistant that writes more than all that there is besides."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        pass

    def respond(self, view: Sequence[Message]) -> Message:
        return Message("assistant", "Indeed. " * 2000)


class Reader(Chatty):
    """An assistant that looks up everybody."""

    def respond(self, view: Sequence[Message]) -> Message:
        return parse_action({"name": "get_users", "arguments": {}})


def scene(domain: Domain, place: str, error: BaseException) -> Scene:
    criteria = {"reward_basis": ["NL_ASSERTION"], "nl_assertions": ["It was polite."]}
    fields = {"id": "one", "user_scenario": {"instructions": "Hi."}, "evaluation_criteria": criteria}
    task = Task.model_validate({**fields, "world": domain.tasks["test"][0].world})
    calm = Scene(domain, task, make_agent("no-op"), make_user("minimal"))
    if place == "judge":

        def judge(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
            raise error

        return replace(calm, judge=judge)
    if place == "tool":

        class Broken(Toolkit):
            @tool(Effect.READ)
            def get_users(self) -> str:
                """Look up everybody."""
                raise error

        kits = {**domain.toolkits, "assistant": Broken}
        return replace(calm, domain=domain.with_data(toolkits=kits), agent=Reader)
    if place == "user, crowded out":
        return replace(calm, agent=Chatty, user=raising(error, long=True))
    if place.endswith("'s constructor"):
        assert isinstance(error, Exception)
        return replace(calm, **{place.split("'")[0]: refusing(error)})
    return replace(calm, **{"agent" if place == "assistant" else place: raising(error)})


BUG = ZeroDivisionError("a bug")
SERVICE, CONTEXT, BUDGET = ServiceError("503"), ContextError("full"), BudgetError("spent")
EXTRA = MissingExtraError("It", "llm")

ENDED = [
    # raised by, what, the source and reason of the fault, or None if it is the assistant's failure, the termination
    ("assistant", SERVICE, ("service", "the assistant's: 503"), "infrastructure_error"),
    ("assistant", CONTEXT, None, "context_window_exceeded"),
    ("user", SERVICE, ("service", "the user's: 503"), "infrastructure_error"),
    ("user", CONTEXT, ("user", "ContextError: full"), "user_context_window_exceeded"),
    ("user, crowded out", CONTEXT, None, "user_context_window_exceeded"),
    ("user", BUG, ("user", "ZeroDivisionError: a bug"), "user_error"),
    ("user", DataError("odd"), ("user", "DataError: odd"), "user_error"),
    ("judge", SERVICE, ("judge", "503"), "infrastructure_error"),
    ("judge", CONTEXT, ("judge", "ContextError: full"), "infrastructure_error"),
    ("judge", BUG, ("judge", "ZeroDivisionError: a bug"), "infrastructure_error"),
]
"""What ends an episode."""

RAISED = [
    *[(who, error) for who in ("assistant", "user", "judge") for error in (BUDGET, EXTRA)],
    ("assistant", BUG),
    ("assistant", DataError("odd")),
    *[(who, KeyboardInterrupt()) for who in ("assistant", "user", "judge")],
]
"""What goes on up to the caller, while the episode stays as it is."""

ASYNCHRONOUS = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


def finish(rollout: Rollout, asynchronous: bool) -> None:
    if asynchronous:
        asyncio.run(_finish(rollout))
    else:
        rollout.finish()


async def _finish(rollout: Rollout) -> None:
    await rollout.finish_async()


@ASYNCHRONOUS
@pytest.mark.parametrize(("place", "error", "fault", "termination"), ENDED)
def test_an_exception_ends_the_episode_by_the_fault_of_whoever_answers_for_it(
    mock: Domain, place: str, error: Exception, fault: Any, termination: str, asynchronous: bool
) -> None:
    rollout = scene(mock, place, error).rollout()
    finish(rollout, asynchronous)
    episode = rollout.episode
    assert (episode.fault, episode.termination) == (None if fault is None else Fault(*fault), termination)
    assert episode.grade.success is (False if fault is None else None)


@pytest.mark.parametrize(("place", "error", "fault", "termination"), ENDED)
def test_a_run_keeps_the_same_of_it(
    mock: Domain, tmp_path: Path, place: str, error: Exception, fault: Any, termination: str
) -> None:
    (row,) = scene(mock, place, error).kept(tmp_path / "run")
    assert (row.fault, row.termination) == (None if fault is None else Fault(*fault), termination)
    assert row.success is (False if fault is None else None)


@ASYNCHRONOUS
@pytest.mark.parametrize(("place", "error"), [pair for pair in RAISED if isinstance(pair[1], Exception)])
def test_a_mistake_of_the_callers_is_raised_and_the_episode_stands_where_it_was(
    mock: Domain, place: str, error: Exception, asynchronous: bool
) -> None:
    rollout = scene(mock, place, error).rollout()
    with pytest.raises(type(error)) as caught:
        finish(rollout, asynchronous)
    assert caught.value is error
    assert rollout.episode.fault is None
    assert bool(rollout.episode.pending) if place == "judge" else rollout.episode.turn == place


@pytest.mark.parametrize(("place", "error"), RAISED)
def test_a_run_stops_at_it_and_keeps_nothing(mock: Domain, tmp_path: Path, place: str, error: BaseException) -> None:
    with pytest.raises(type(error)):
        scene(mock, place, error).kept(tmp_path / "run")
    assert list(read_trajectories(tmp_path / "run")) == []


@ASYNCHRONOUS
def test_a_tool_that_raises_is_the_tasks_fault_on_record_and_is_raised(mock: Domain, asynchronous: bool) -> None:
    rollout = scene(mock, "tool", BUG).rollout()
    with pytest.raises(ZeroDivisionError):
        finish(rollout, asynchronous)
    assert rollout.episode.fault == Fault("task", "the tool 'get_users' raised ZeroDivisionError: a bug")
    assert rollout.episode.termination == "unexpected_error"


def test_a_run_goes_on_after_a_tool_that_raises_and_logs_it(
    mock: Domain, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "toolgym"):
        (row,) = scene(mock, "tool", BUG).kept(tmp_path / "run")
    assert row.fault == Fault("task", "the tool 'get_users' raised ZeroDivisionError: a bug")
    assert row.termination == "unexpected_error"
    assert [record.getMessage() for record in caplog.records] == [f"task 'one' of 'mock' is void: {row.fault.reason}"]


def test_a_tool_that_is_interrupted_stops_a_run(mock: Domain, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        scene(mock, "tool", KeyboardInterrupt()).kept(tmp_path / "run")


def test_a_tool_that_refuses_is_nobodys_fault(mock: Domain, tmp_path: Path) -> None:
    (row,) = scene(mock, "tool", ToolError("not today")).kept(tmp_path / "run")
    assert (row.fault, row.termination) == (None, "too_many_errors")


@pytest.mark.parametrize("place", ["agent's constructor", "user's constructor"])
@pytest.mark.parametrize("error", [TaskError("not mine"), WorldError("gone")])
def test_a_task_that_cannot_be_played_is_void_in_a_run_and_an_exception_elsewhere(
    mock: Domain, tmp_path: Path, place: str, error: Exception
) -> None:
    odd = scene(mock, place, error)
    with pytest.raises(type(error)):
        odd.rollout()
    (row,) = odd.kept(tmp_path / "run")
    assert row.fault == Fault("task", f"{type(error).__name__}: {error}")
    assert (row.termination, row.messages) == ("unexpected_error", ())


@pytest.mark.parametrize("error", [DataError("odd"), BUG, BUDGET, EXTRA])
def test_whatever_else_keeps_an_agent_from_being_made_stops_a_run(
    mock: Domain, tmp_path: Path, error: Exception
) -> None:
    with pytest.raises(type(error)):
        scene(mock, "agent's constructor", error).kept(tmp_path / "run")


@pytest.mark.parametrize(("place", "error", "fault", "termination"), [row for row in ENDED if row[0] == "judge"])
def test_a_judge_that_raises_when_it_judges_again_is_at_fault_in_the_same_words(
    mock: Domain, tmp_path: Path, place: str, error: Exception, fault: Any, termination: str
) -> None:
    (before,) = scene(mock, "judge", ServiceError("down")).kept(tmp_path / "run")
    (again,) = scene(mock, "judge", error).kept(tmp_path / "run")
    assert again.fault == Fault(*fault, attempt=1)
    assert (again.messages, again.termination) == (before.messages, termination)


@pytest.mark.parametrize("error", [BUDGET, EXTRA])
def test_a_judge_without_money_or_its_extra_is_no_fault_when_it_judges_again(
    mock: Domain, tmp_path: Path, error: Exception
) -> None:
    odd = scene(mock, "judge", error)
    kept = scene(mock, "judge", ServiceError("down")).kept(tmp_path / "run")

    async def again() -> None:
        async for _ in regrade_all(odd.domain, [(odd.task, kept[0])], judge=odd.judge):
            pass

    with pytest.raises(type(error)):
        asyncio.run(again())
