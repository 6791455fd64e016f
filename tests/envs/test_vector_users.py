"""Users of a vector environment: asked at once where they wait, in one loop, with what they say unchanged by it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toolgym.concurrency.bridge import wait_for
from toolgym.concurrency.lockstep import run_together
from toolgym.curricula import Fixed
from toolgym.domain import Agent, AgentSpec, Domain
from toolgym.envs import ToolVectorEnv
from toolgym.episode.deferred import Deferred, deferred
from toolgym.errors import BudgetError
from toolgym.evaluation.grade import Verdict
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym.users.minimal import MinimalUser

READ, ASK, DONE = '{"name": "get_users", "arguments": {}}', "Shall I?", "Done."
N = 6


class Inner:
    """What the users below are made of."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.inner = MinimalUser(domain, task, rng)
        self.rng = rng


class Asynchronous(Inner):
    """Answers after a few rounds of the loop, how many its dice say."""

    async def respond(self, view: Sequence[Message]) -> Message:
        loop = asyncio.get_running_loop()  # an error where there is none
        for _ in range(int(self.rng.integers(5))):
            answered = loop.create_future()
            loop.call_soon(answered.set_result, None)
            await answered
        return self.inner.respond(view)


class Promising(Inner):
    """Answers with a coroutine, without being one."""

    def respond(self, view: Sequence[Message]) -> Awaitable[Message]:
        return Asynchronous.respond(self, view)  # type: ignore[arg-type]  # it has what that needs


class Blocking(Inner):
    """Answers in a thread."""

    def respond(self, view: Sequence[Message]) -> Message:
        assert threading.current_thread() is not threading.main_thread()
        return self.inner.respond(view)


class BlockingAwaitable(Inner):
    """Does something in a thread, then answers with a coroutine."""

    def respond(self, view: Sequence[Message]) -> Awaitable[Message]:
        return Asynchronous.respond(self, view)  # type: ignore[arg-type]  # it has what that needs


class Wavering(Inner):
    """Answers at once or not, as its dice say."""

    def respond(self, view: Sequence[Message]) -> Message | Awaitable[Message]:
        return self.inner.respond(view) if self.rng.random() < 0.5 else Asynchronous.respond(self, view)  # type: ignore[arg-type]  # it has what that needs


def mixed(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    kinds: tuple[Callable[..., Agent], ...] = (
        MinimalUser,
        Asynchronous,
        AgentSpec("blocking", Blocking, blocking=True),
        Wavering,
    )
    return kinds[int(rng.integers(len(kinds)))](domain, task, rng)


def played(domain: Domain, user: Any, mode: str, steps: Sequence[Sequence[str]] = ()) -> list[str]:
    """All that is returned and all that ended, as text."""
    envs = ToolVectorEnv(domain, Fixed(domain.tasks["test"]), user, N, group_size=2, autoreset_mode=mode)
    told: list[Any] = [envs.reset(seed=11)[0]]
    for actions in steps or [[(READ, ASK, DONE)[(turn + place) % 3] for place in range(N)] for turn in range(9)]:
        observations, rewards, *_ = envs.step(actions)
        told.append((observations, rewards.tolist()))
        told += [replace(one, started=None, seconds=None).to_json() for one in envs.trajectories().values()]
    return list(map(str, told))


@pytest.mark.parametrize(
    "user",
    [
        Asynchronous,
        Promising,
        AgentSpec("blocking", Blocking, blocking=True),
        AgentSpec("blocking awaitable", BlockingAwaitable, blocking=True),
        Wavering,
        mixed,
    ],
)
@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_the_same_seed_gives_the_same_bytes_however_the_users_answer(mock: Domain, user: Any, mode: str) -> None:
    assert played(mock, user, mode) == played(mock, MinimalUser, mode)


@pytest.mark.parametrize("blocking", [False, True])
def test_all_users_are_asked_before_any_has_to_answer(mock: Domain, blocking: bool) -> None:
    met = threading.Barrier(N, timeout=30)
    asked: list[int] = []

    class Meeting(Inner):
        def respond(self, view: Sequence[Message]) -> Any:
            if blocking:
                met.wait()
                return self.inner.respond(view)
            return self.meet(view)

        async def meet(self, view: Sequence[Message]) -> Message:
            asked.append(1)
            while len(asked) % N:
                await asyncio.sleep(0)
            return self.inner.respond(view)

    tasks = [task for task in mock.tasks["test"] if all(action.requestor == "assistant" for action in task.gold)]
    envs = ToolVectorEnv(mock, Fixed(tasks), AgentSpec("meeting", Meeting, blocking=blocking), N)
    envs.reset(seed=0)
    for _ in range(3):
        envs.step([ASK] * N)
    assert [episode.turn for episode in envs.episodes] == ["assistant"] * N


@pytest.mark.parametrize(
    ("user", "mode", "most"),
    [
        (MinimalUser, "SameStep", 0),
        (Asynchronous, "NextStep", 1),
        (mixed, "NextStep", 1),
        (Asynchronous, "SameStep", 2),
    ],
)
def test_a_step_waits_once_at_most_and_never_for_users_that_answer_at_once(
    mock: Domain, monkeypatch: pytest.MonkeyPatch, user: Any, mode: str, most: int
) -> None:
    """In the mode SAME_STEP, new episodes are opened after the old ones have ended: that is another wait."""
    waits: list[int] = []

    def counted(awaitable: Any) -> Any:
        waits[-1] += 1
        return wait_for(awaitable)

    monkeypatch.setattr("toolgym.concurrency.lockstep.wait_for", counted)
    envs = ToolVectorEnv(mock, Fixed(mock.tasks["test"]), user, N, autoreset_mode=mode)
    waits.append(0)
    envs.reset(seed=0)
    for turn in range(9):
        waits.append(0)
        envs.step([(READ, ASK, DONE)[(turn + place) % 3] for place in range(N)])
    assert max(waits) == most


def test_a_step_within_a_running_loop_waits_all_the_same(mock: Domain) -> None:
    async def stepped() -> list[str]:
        return played(mock, Asynchronous, "NextStep")

    assert asyncio.run(stepped()) == played(mock, MinimalUser, "NextStep")


def test_a_judge_is_waited_for_like_a_user(mock: Domain, monkeypatch: pytest.MonkeyPatch) -> None:
    criteria = {"reward_basis": ["NL_ASSERTION"], "nl_assertions": ["It was polite."]}
    world = mock.tasks["test"][0].world
    task = {"id": "nl", "user_scenario": {"instructions": "Hi."}, "evaluation_criteria": criteria, "world": world}
    asked: list[int] = []

    async def judge(assertions: Sequence[str], messages: Sequence[Message]) -> list[Verdict]:
        asked.append(1)
        while len(asked) < N:
            await asyncio.sleep(0)
        return [Verdict(True, "it was") for _ in assertions]

    def at_once(assertions: Sequence[str], messages: Sequence[Message]) -> list[Verdict]:
        return [Verdict(False, "it was not") for _ in assertions]

    async def failing(assertions: Sequence[str], messages: Sequence[Message]) -> list[Verdict]:
        raise ConnectionError("no judge")

    for judged, success in ((judge, True), (at_once, False), (failing, None)):
        envs = ToolVectorEnv(mock, Fixed(mock.tasks["test"]), MinimalUser, N, judge=judged, reward="sparse")
        envs.reset(options={"task": task})
        _, rewards, _, truncated, infos = envs.step([DONE] * N)
        assert rewards.tolist() == [float(success or 0)] * N
        assert truncated.all() == (success is None)
        if success is None:
            assert infos["fault"]["source"].tolist() == ["judge"] * N
        else:
            assert infos["success"].tolist() == [success] * N


class Broken(Inner):
    """Opens, then fails in some way."""

    error: type[Exception] = ConnectionError

    async def respond(self, view: Sequence[Message]) -> Message:
        if len(view) > 2:
            await asyncio.sleep(0)
            raise self.error("the line is dead")
        return self.inner.respond(view)


class Poor(Broken):
    error = BudgetError


def alternately(*kinds: Callable[..., Agent]) -> Callable[..., Agent]:
    made: list[int] = []

    def make(*parts: Any) -> Agent:
        made.append(1)
        return kinds[(len(made) - 1) % len(kinds)](*parts)

    return make


def test_a_user_that_fails_while_it_is_waited_for_voids_its_episode_alone(mock: Domain) -> None:
    tasks = [task for task in mock.tasks["test"] if task.initial_state is None][:1]
    envs = ToolVectorEnv(mock, Fixed(tasks), alternately(Broken, Asynchronous), 4)
    envs.reset(seed=0)
    _, rewards, _, truncated, infos = envs.step([ASK] * 4)
    assert truncated.tolist() == infos["_fault"].tolist() == [True, False, True, False]
    assert rewards.tolist() == [0.0] * 4
    assert infos["fault"]["reason"][0] == "ConnectionError: the line is dead"


def test_an_end_of_the_money_lets_the_others_finish_their_turn(mock: Domain) -> None:
    tasks = [task for task in mock.tasks["test"] if task.initial_state is None][:1]
    envs = ToolVectorEnv(mock, Fixed(tasks), alternately(Poor, Asynchronous, MinimalUser), 6)
    envs.reset(seed=0)
    with pytest.raises(BudgetError):
        envs.step([ASK] * 6)
    assert [episode.turn for episode in envs.episodes] == ["user", "assistant", "assistant"] * 2


# How coroutines are run together


async def _work(log: list[str], name: str, waits: int, error: Exception | None) -> None:
    log.append(f"{name} begins")
    answer = Deferred(_Echo(waits)).respond([Message("user", name)])
    message = answer if isinstance(answer, Message) else await answer
    log.append(f"{message.content} ends")
    if error is not None:
        raise error


class _Echo:
    def __init__(self, waits: int) -> None:
        self.waits = waits

    def respond(self, view: Sequence[Message]) -> Any:
        return self.answer(view) if self.waits else view[-1]

    async def answer(self, view: Sequence[Message]) -> Message:
        for _ in range(self.waits):
            await asyncio.sleep(0)
        return view[-1]


@given(st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=8))
@settings(max_examples=50)
def test_all_coroutines_end_and_the_first_error_in_their_order_is_raised(jobs: list[tuple[int, bool]]) -> None:
    log: list[str] = []
    errors = [ValueError(str(place)) if fails else None for place, (_, fails) in enumerate(jobs)]
    work = [_work(log, str(place), waits, errors[place]) for place, (waits, _) in enumerate(jobs)]
    raised = None
    try:
        run_together(work)
    except ValueError as error:
        raised = error
    assert raised is next((error for error in errors if error is not None), None)
    assert sorted(log) == sorted([f"{place} {what}" for place in range(len(jobs)) for what in ("begins", "ends")])
    begun = [entry.split()[0] for entry in log if entry.endswith("begins")]
    assert begun == [str(place) for place in range(len(jobs))]


def test_what_an_interrupt_leaves_behind_is_closed(recwarn: pytest.WarningsRecorder) -> None:
    async def interrupted() -> None:
        raise KeyboardInterrupt

    work: list[Coroutine[Any, Any, None]] = [_work([], "0", 1, None), interrupted(), _work([], "2", 1, None)]
    with pytest.raises(KeyboardInterrupt):
        run_together(work)
    del work
    assert not recwarn.list  # no coroutine was left that nobody awaited


def test_a_judge_that_answers_at_once_needs_no_loop() -> None:
    verdicts = [Verdict(True, "")]
    assert deferred(lambda assertions, messages: verdicts)(["It was polite."], []) is verdicts
    assert partial(run_together, [])() is None
