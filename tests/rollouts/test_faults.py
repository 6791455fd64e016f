"""What is not the agent's failure is told apart from it, kept, counted, and played or judged again on resume."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from evaluations import evaluate

from toolgym import make_agent, make_user
from toolgym.domain import Agent, AgentFactory, AgentSpec, Domain
from toolgym.errors import BudgetError, ContextError, DataError, ServiceError
from toolgym.evaluation import pass_hat_table
from toolgym.evaluation.grade import Judge, Verdict
from toolgym.messages import Message
from toolgym.rollouts import Settings
from toolgym.runs import Run, cost_of, read_trajectories
from toolgym.runs.files import TRAJECTORIES, VOIDED
from toolgym.tasks import Task
from toolgym.tools import Effect, Toolkit, tool
from toolgym.trajectory import Trajectory, Usage

SETTINGS = Settings("mock", "test", "oracle", trials=2)


def failing(inner: AgentFactory, error: Exception, when: Callable[[Task], bool] = lambda task: True) -> AgentFactory:
    """Agents that wait a moment and then fail with an error, on some tasks."""

    class Failing:
        privileged = False

        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            self.inner: Agent = inner(domain, task, rng)
            self.fails = when(task)
            self.usage = Usage(1, 100, 10, 0.25)

        async def respond(self, view: Sequence[Message]) -> Message:
            await asyncio.sleep(0)
            if self.fails:
                raise error
            answer = self.inner.respond(view)
            return answer if isinstance(answer, Message) else await answer

    return Failing


def played(
    domain: Domain,
    folder: Path,
    agent: AgentFactory | None = None,
    user: AgentFactory | None = None,
    judge: Judge | None = None,
    tasks: Sequence[Task] | None = None,
    settings: Settings = SETTINGS,
) -> list[Trajectory]:
    """The trajectories of a run after it was started or resumed."""
    begin = Run.resume if folder.exists() else Run.start
    with begin(folder, settings.as_dict()) as run:
        evaluate(
            run,
            settings,
            domain,
            tasks or domain.tasks["test"][:4],
            agent or make_agent("oracle"),
            user or make_user("minimal"),
            judge=judge,
        )
    return list(read_trajectories(folder))


def judged_task(domain: Domain) -> Task:
    criteria = {"reward_basis": ["NL_ASSERTION"], "nl_assertions": ["It was polite."]}
    fields = {"id": "nl", "user_scenario": {"instructions": "Hi."}, "evaluation_criteria": criteria}
    return Task.model_validate({**fields, "world": domain.tasks["test"][0].world})


@pytest.mark.parametrize(
    ("side", "error", "source", "termination"),
    [
        ("assistant", ServiceError("503"), "service", "infrastructure_error"),
        ("user", ServiceError("503"), "service", "infrastructure_error"),
        ("user", ContextError("too long"), "user", "user_context_window_exceeded"),
        ("user", RuntimeError("not today"), "user", "user_error"),
    ],
)
def test_a_fault_is_void_and_says_whose_it_is(
    mock: Domain, tmp_path: Path, side: str, error: Exception, source: str, termination: str
) -> None:
    makers = {"agent": make_agent("oracle"), "user": make_user("minimal")}
    name = "agent" if side == "assistant" else "user"
    first = mock.tasks["test"][0].id
    makers[name] = failing(makers[name], error, lambda task: task.id == first)
    rows = played(mock, tmp_path / "run", **makers)
    assert [row.success for row in rows] == [None, None, True, True, True, True, True, True]
    for row in rows[:2]:
        assert row.fault is not None
        assert (row.fault.source, row.termination, row.rewards) == (source, termination, {})
        assert str(error) in row.fault.reason
    table = pass_hat_table(rows, void="exclude")
    assert (table.tasks, table.void, table.not_counted, table.by_k[1].mean) == (3, 2, 1, 1.0)


def test_an_assistant_whose_context_is_full_has_failed(mock: Domain, tmp_path: Path) -> None:
    first = mock.tasks["test"][0].id
    agent = failing(make_agent("oracle"), ContextError("too long"), lambda task: task.id == first)
    rows = played(mock, tmp_path / "run", agent)
    assert [(row.success, row.termination, row.fault) for row in rows[:2]] == [
        (False, "context_window_exceeded", None)
    ] * 2
    assert pass_hat_table(rows).by_k[1].mean == 0.75


def test_void_episodes_are_played_again_on_resume_and_nothing_else_is(mock: Domain, tmp_path: Path) -> None:
    calm, steady = tmp_path / "calm", failing(make_user("minimal"), ServiceError(""), lambda task: False)
    played(mock, calm, user=steady)
    first = mock.tasks["test"][0].id
    bad = failing(make_user("minimal"), ServiceError("503"), lambda task: task.id == first)
    before = played(mock, tmp_path / "run", user=bad)
    made: list[str] = []

    def counted(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        made.append(task.id)
        return steady(domain, task, rng)

    rows = played(mock, tmp_path / "run", user=counted)
    assert made == [first, first]
    assert all(row.success for row in rows)
    assert (tmp_path / "run" / TRAJECTORIES).read_bytes() == (calm / TRAJECTORIES).read_bytes()
    voided = (tmp_path / "run" / VOIDED).read_text(encoding="ascii").splitlines()
    assert [Trajectory.from_json(line).fault for line in voided] == [row.fault for row in before[:2]]
    assert cost_of(tmp_path / "run") == 10 * 0.25


def test_a_judge_that_failed_judges_again_on_resume_and_nothing_is_played_again(mock: Domain, tmp_path: Path) -> None:
    asked: list[int] = []

    async def down(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        raise ServiceError("403")

    async def up(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        asked.append(len(messages))
        return [Verdict(True, "so it was")]

    def nobody(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        raise AssertionError("it should not be played again")

    task = judged_task(mock)
    before = played(mock, tmp_path / "run", make_agent("no-op"), judge=down, tasks=[task])
    assert [(row.success, row.fault.source if row.fault else None) for row in before] == [(None, "judge")] * 2
    again = played(mock, tmp_path / "run", nobody, judge=down, tasks=[task])
    assert [row.fault.attempt if row.fault else None for row in again] == [1, 1]
    rows = played(mock, tmp_path / "run", nobody, judge=up, tasks=[task])
    assert [row.success for row in rows] == [True, True]
    assert [row.messages for row in rows] == [row.messages for row in before]
    assert asked == [len(row.messages) for row in rows]
    fresh = played(mock, tmp_path / "fresh", make_agent("no-op"), judge=up, tasks=[task])
    assert [row.to_json() for row in map(bare, rows)] == [row.to_json() for row in map(bare, fresh)]


def bare(trajectory: Trajectory) -> Trajectory:
    return replace(trajectory, started=None, seconds=None)


def test_a_task_that_cannot_be_set_up_is_void_and_the_others_go_on(mock: Domain, tmp_path: Path) -> None:
    good = mock.tasks["test"][0]
    lost = good.model_copy(update={"id": "lost", "world": "0" * 64})
    lost.__dict__.pop("key", None)
    rows = played(mock, tmp_path / "run", tasks=[lost, good])
    assert [row.task_id for row in rows] == ["lost", "lost", good.id, good.id]
    assert [row.fault.source if row.fault else None for row in rows] == ["task", "task", None, None]


class Priced(tuple[Verdict, ...]):
    """Verdicts that cost something."""

    usage = Usage(1, 10, 1, 0.5)


def test_judging_again_adds_what_the_judge_costs_and_counts_the_dialogue_once(mock: Domain, tmp_path: Path) -> None:
    costly = failing(make_agent("no-op"), ServiceError(""), lambda task: False)

    async def down(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        error = ServiceError("unreadable")
        error.usage = Usage(3, 30, 3, 1.0)  # type: ignore[attr-defined]  # as the llm judge does
        raise error

    async def up(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        return Priced((Verdict(True, "so it was"),))

    task, folder = judged_task(mock), tmp_path / "run"
    played(mock, folder, costly, judge=down, tasks=[task])
    assert cost_of(folder) == 2 * (0.25 + 1.0)
    played(mock, folder, costly, judge=down, tasks=[task])
    assert cost_of(folder) == 2 * (0.25 + 2.0)
    rows = played(mock, folder, costly, judge=up, tasks=[task])
    assert cost_of(folder) == 2 * (0.25 + 2.0 + 0.5)
    assert [row.usage["judge"].cost_usd for row in rows] == [2.5, 2.5]
    assert not (folder / VOIDED).exists()


def test_every_void_attempt_is_kept_and_paid_for_however_alike_they_are(
    mock: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, folder = failing(make_user("minimal"), ServiceError("503")), tmp_path / "run"
    tasks = mock.tasks["test"][:1]
    for _ in range(4):
        played(mock, folder, user=bad, tasks=tasks)
    assert cost_of(folder) == 8 * 0.25
    replace_file = Path.replace

    def interrupted(self: Path, target: Path) -> Path:
        if target.name == TRAJECTORIES:
            raise OSError("interrupted")
        return replace_file(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", interrupted)
        with pytest.raises(DataError, match="cannot be put in order"):
            played(mock, folder, user=bad, tasks=tasks)
    assert cost_of(folder) == 10 * 0.25
    assert not list(folder.glob(".*.partial"))
    assert [row.success for row in played(mock, folder, tasks=tasks)] == [True, True]
    assert cost_of(folder) == 10 * 0.25
    voided = [Trajectory.from_json(line) for line in (folder / VOIDED).read_text(encoding="ascii").splitlines()]
    assert sorted((row.trial, row.fault.attempt if row.fault else -1) for row in voided) == [
        (trial, attempt) for trial in range(2) for attempt in range(5)
    ]


def test_a_failure_of_the_agent_counts_whether_or_not_there_is_a_judge(mock: Domain, tmp_path: Path) -> None:
    async def judge(wanted: Sequence[str], messages: Sequence[Message]) -> Sequence[Verdict]:
        return [Verdict(True, "so it was")]

    turns = iter(range(99))
    full = failing(make_agent("no-op"), ContextError("full"), lambda task: next(turns) == 0)
    rows = played(mock, tmp_path / "run", full, judge=judge, tasks=[judged_task(mock)])
    assert sorted(bool(row.success) for row in rows) == [False, True]
    table = pass_hat_table(rows)
    assert (table.tasks, table.not_judged, table.by_k[1].mean) == (1, 0, 0.5)


@pytest.mark.parametrize("answer", [[True], [("yes", "")], [Verdict("no", "")], [Verdict(0, "")], 5, None, "y"])  # type: ignore[arg-type]  # no verdicts
def test_what_is_no_verdict_voids_the_episode_and_is_never_success(mock: Domain, tmp_path: Path, answer: Any) -> None:
    rows = played(mock, tmp_path / "run", make_agent("no-op"), judge=lambda *_: answer, tasks=[judged_task(mock)])
    assert [(row.success, row.fault.source if row.fault else None) for row in rows] == [(None, "judge")] * 2


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()])
def test_an_agent_that_ends_the_process_ends_the_evaluation_and_hangs_nothing(
    mock: Domain, tmp_path: Path, error: BaseException
) -> None:
    class Ending:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            pass

        async def respond(self, view: Sequence[Message]) -> Message:
            raise error

    with pytest.raises(type(error)):
        played(mock, tmp_path / "run", Ending)
    assert len(played(mock, tmp_path / "run")) == 8


def test_an_agent_that_is_cancelled_by_itself_has_failed_and_the_run_knows(mock: Domain, tmp_path: Path) -> None:
    class Cancelled:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            pass

        async def respond(self, view: Sequence[Message]) -> Message:
            raise asyncio.CancelledError

    rows = played(mock, tmp_path / "run", user=Cancelled)
    assert {row.fault.source for row in rows if row.fault} == {"user"}
    with pytest.raises(RuntimeError, match="it was cancelled"):
        played(mock, tmp_path / "other", Cancelled)


def test_a_blocking_agent_whose_script_runs_out_does_not_hang(mock: Domain, tmp_path: Path) -> None:
    class Scripted:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            self.script = iter(())

        def respond(self, view: Sequence[Message]) -> Message:
            return Message("assistant", next(self.script))

    with pytest.raises(RuntimeError, match="StopIteration"):
        played(mock, tmp_path / "run", AgentSpec("scripted", Scripted, blocking=True))


@pytest.mark.parametrize("answer", [None, "Hello!"])
def test_an_assistant_that_answers_no_message_is_told(mock: Domain, tmp_path: Path, answer: Any) -> None:
    class Odd:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            pass

        def respond(self, view: Sequence[Message]) -> Message:
            return answer  # type: ignore[no-any-return]  # that is the point

    with pytest.raises(TypeError, match=r"the assistant answered (NoneType|str) instead of a Message"):
        played(mock, tmp_path / "run", Odd)


def test_a_task_that_cannot_be_graded_is_void_and_stops_nothing(
    mock: Domain, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assertion = {"env_type": "assistant", "func_name": "assert_nothing_known", "arguments": {}}
    fields = {"id": "odd", "user_scenario": {"instructions": "Hi."}, "world": mock.tasks["test"][0].world}
    criteria = {"reward_basis": ["ENV_ASSERTION"], "env_assertions": [assertion]}
    odd = Task.model_validate({**fields, "evaluation_criteria": criteria})
    with caplog.at_level(logging.CRITICAL):
        rows = played(mock, tmp_path / "run", make_agent("no-op"), tasks=[odd, judged_task(mock)])
    assert [row.fault.source if row.fault else None for row in rows] == ["task", "task", None, None]
    assert rows[0].fault is not None
    assert "no function 'assert_nothing_known'" in rows[0].fault.reason


def test_a_run_of_other_tasks_does_not_go_on(mock: Domain, tmp_path: Path) -> None:
    played(mock, tmp_path / "run", tasks=mock.tasks["test"][:3])
    with pytest.raises(DataError, match="holds 2 episodes that are not of these tasks"):
        played(mock, tmp_path / "run", tasks=mock.tasks["test"][:2])


def test_a_resumed_run_comes_to_its_end_even_if_what_was_void_stays_void(mock: Domain, tmp_path: Path) -> None:
    last = {task.id for task in mock.tasks["test"][::2]}
    settings = replace(SETTINGS, trials=4)
    bad = failing(make_user("minimal"), RuntimeError("no"), lambda task: task.id in last)
    for _ in range(2):
        rows = played(mock, tmp_path / "run", user=bad, tasks=mock.tasks["test"], settings=settings)
        assert [row.fault is not None for row in rows] == ([True] * 4 + [False] * 4) * 10


class Breaking(Toolkit):
    """A toolkit whose tool has a mistake in it."""

    @tool(Effect.READ)
    def get_users(self) -> str:
        """Look up everybody."""
        return str({}["nobody"])


def test_a_tool_that_breaks_is_the_fault_of_the_task_and_is_logged(
    mock: Domain, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    domain = mock.with_data(toolkits={**mock.toolkits, "assistant": Breaking})
    fields = {"id": "t", "user_scenario": {"instructions": "Hi."}, "world": mock.tasks["test"][0].world}
    with caplog.at_level(logging.ERROR, "toolgym"):
        rows = played(domain, tmp_path / "run", Reader, tasks=[Task.model_validate(fields)])
    assert [row.fault.source if row.fault else None for row in rows] == ["task", "task"]
    assert "KeyError" in (rows[0].fault.reason if rows[0].fault else "")
    assert len([record for record in caplog.records if record.exc_info]) == 2


class Reader:
    """An assistant that looks up everybody."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        pass

    def respond(self, view: Sequence[Message]) -> Message:
        from toolgym.actions import parse_action

        return parse_action({"name": "get_users", "arguments": {}})


def test_a_run_in_which_everything_is_void_stops_and_says_why(mock: Domain, tmp_path: Path) -> None:
    bad = failing(make_user("minimal"), ServiceError("no such model"))
    with pytest.raises(ServiceError, match=r"20 episodes in a row are void; the last: service: .*no such model"):
        played(mock, tmp_path / "run", user=bad, tasks=mock.tasks["test"])
    kept = list(read_trajectories(tmp_path / "run"))
    assert 20 <= len(kept) < 40
    rows = played(mock, tmp_path / "run", tasks=mock.tasks["test"])
    assert [row.success for row in rows] == [True] * 40


def test_what_an_assistant_raises_stops_the_run_and_what_is_finished_is_kept(mock: Domain, tmp_path: Path) -> None:
    last = mock.tasks["test"][3].id
    agent = failing(make_agent("oracle"), ZeroDivisionError("a bug"), lambda task: task.id == last)
    with pytest.raises(ZeroDivisionError, match="a bug"):
        played(mock, tmp_path / "run", agent)
    assert len(list(read_trajectories(tmp_path / "run"))) >= 5
    assert len(played(mock, tmp_path / "run")) == 8


def test_when_the_money_is_spent_the_run_stops_and_counts_what_was_broken_off(mock: Domain, tmp_path: Path) -> None:
    last = mock.tasks["test"][3].id
    agent = failing(make_agent("oracle"), BudgetError("the budget of $1.00 is spent"), lambda task: task.id == last)
    with pytest.raises(BudgetError):
        played(mock, tmp_path / "run", agent)
    lines = (tmp_path / "run" / VOIDED).read_text(encoding="ascii").splitlines()
    broken_off = [Trajectory.from_json(line) for line in lines]
    assert {row.task_id for row in broken_off} >= {last}
    assert all(row.fault is not None and "broken off" in row.fault.reason for row in broken_off)
    finished = list(read_trajectories(tmp_path / "run"))
    assert cost_of(tmp_path / "run") == 0.25 * (len(broken_off) + len(finished))
    assert len(played(mock, tmp_path / "run")) == 8


def test_a_blocking_agent_does_not_hold_up_the_others(mock: Domain, tmp_path: Path) -> None:
    import threading

    settings = replace(SETTINGS, agent="slow")
    together = threading.Barrier(8, timeout=30)

    class Slow:
        def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
            self.inner: Any = make_agent("no-op")(domain, task, rng)
            self.waited = False

        def respond(self, view: Sequence[Message]) -> Message:
            if not self.waited:
                together.wait()
                self.waited = True
            answer = self.inner.respond(view)
            assert isinstance(answer, Message)
            return answer

    assert len(played(mock, tmp_path / "run", AgentSpec("slow", Slow, blocking=True), settings=settings)) == 8
