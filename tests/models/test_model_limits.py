"""Requests and tokens a minute, and a run's budget."""

from __future__ import annotations

import asyncio
import pickle
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any

import pytest
from asking import HELLO, ask
from hypothesis import given
from hypothesis import strategies as st
from server import Answer, Server, completion, error

from toolgym import make_agent, make_domain, make_user
from toolgym.errors import BudgetError, DataError
from toolgym.models import ChatModel, ModelSettings, Throttle
from toolgym.rollouts import play
from toolgym.trajectory import Usage

HERE = "http://localhost:8000/v1"


class JumpingClock(asyncio.SelectorEventLoop):
    """A loop whose clock jumps to the next timer instead of waiting for it."""

    def __init__(self) -> None:
        super().__init__(selectors.SelectSelector())
        self.now = 0.0
        waiting = self._selector.select  # type: ignore[attr-defined]

        def jump(timeout: float | None = None) -> Any:
            self.now += max(timeout or 0.0, 1e-6)  # no clock stands still
            return waiting(0)

        self._selector.select = jump  # type: ignore[attr-defined]

    def time(self) -> float:
        return self.now


def timed(*requests: tuple[str, str, Mapping[str, Any]], **limits: float) -> list[float]:
    """When each of some requests, made at once, is let through."""
    throttle = Throttle(**limits)
    times: list[float] = []

    async def one(endpoint: str, model: str, body: Mapping[str, Any]) -> float:
        await throttle.admit(endpoint, model, body)
        return asyncio.get_running_loop().time()

    async def all_of_them() -> None:
        times.extend(await asyncio.gather(*(one(*request) for request in requests)))

    _run(all_of_them())
    return times


def _run(work: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=JumpingClock) as runner:
        runner.run(work)


def of_tokens(tokens: int) -> tuple[str, str, Mapping[str, Any]]:
    """A request of about so many tokens."""
    return HERE, "m", {"max_tokens": tokens}


def test_requests_are_spread_over_the_minute() -> None:
    assert timed(*[(HERE, "m", {})] * 5, rpm=60) == pytest.approx([0, 1, 2, 3, 4], abs=0.01)
    assert timed(*[(HERE, "m", {})] * 3, rpm=0.5) == pytest.approx([0, 120, 240], abs=0.01)


@given(st.floats(0.1, 100_000), st.integers(1, 300))
def test_no_more_requests_are_made_than_allowed(rpm: float, number: int) -> None:
    times = sorted(timed(*[(HERE, "m", {})] * number, rpm=rpm))
    burst = max(1.0, rpm / 600)
    for position, when in enumerate(times):
        assert position + 1 <= burst + when * rpm / 60 + 1e-6


def test_those_who_share_a_model_share_its_rate_and_others_do_not_wait() -> None:
    times = timed((HERE, "m", {}), (HERE, "m", {}), (HERE, "other", {}), ("http://elsewhere/v1", "m", {}), rpm=60)
    assert times == pytest.approx([0, 1, 0, 0], abs=0.01)


def test_a_minutes_worth_of_tokens_may_be_used_at_once() -> None:
    assert timed(*[of_tokens(480)] * 4, tpm=1000) == pytest.approx([0, 0, 30, 60], abs=5)


def test_tokens_are_estimated_from_the_dialogue_and_the_tools() -> None:
    long = {"messages": [{"role": "user", "content": "x" * 4000}], "tools": [{"name": "y" * 4000}]}
    assert timed((HERE, "m", long), (HERE, "m", long), tpm=2000)[1] == pytest.approx(60, abs=5)
    assert timed(*[(HERE, "m", {"max_completion_tokens": 1000, "messages": []})] * 2, tpm=1000)[1] > 55


def test_a_request_above_the_limit_waits_for_a_whole_minute_instead_of_for_ever() -> None:
    assert timed(of_tokens(10), of_tokens(10**9), of_tokens(10**9), tpm=100) == pytest.approx([0, 10, 70], abs=5)


def test_a_large_request_is_not_overtaken_by_later_small_ones() -> None:
    times = timed(of_tokens(900), of_tokens(900), *[of_tokens(10)] * 5, tpm=1000)
    assert min(times[2:]) >= times[1] > 40


def test_a_budget_that_is_spent_while_a_request_waits_holds_it_back() -> None:
    throttle = Throttle(rpm=60, budget_usd=1.0)

    async def wait_and_see() -> None:
        await throttle.admit(HERE, "m", {})
        waiting = asyncio.create_task(throttle.admit(HERE, "m", {}))
        await asyncio.sleep(0.5)
        throttle.pay(1.0)
        with pytest.raises(BudgetError):
            await waiting

    _run(wait_and_see())


def test_a_throttle_serves_one_loop_after_the_other() -> None:
    throttle = Throttle(rpm=60, tpm=1000)

    async def twice() -> None:
        await throttle.admit(HERE, "m", {})
        await throttle.admit(HERE, "m", {})

    for _ in range(3):
        _run(twice())


def test_every_request_that_is_made_has_been_let_through() -> None:
    class Counting(Throttle):
        asked = 0

        async def admit(self, endpoint: str, model: str, request: Mapping[str, Any]) -> None:
            self.asked += 1
            await super().admit(endpoint, model, request)

    throttle = Counting()
    assert ask(error(500, "no"), error(429, "no"), completion(), throttle=throttle).reply.text == "Hello."
    assert throttle.asked == 3


def test_what_models_cost_adds_up_over_all_of_them_and_earlier_runs() -> None:
    throttle = Throttle(budget_usd=10.0, earlier_usd=2.0)
    ask(completion(cost=0.5), throttle=throttle)
    ask(completion(tokens=(10, 5)), throttle=throttle, price={"input_usd": 10_000.0, "output_usd": 20_000.0})
    assert throttle.spent_usd == pytest.approx(2.7)


def test_no_request_is_made_once_the_budget_is_spent() -> None:
    throttle = Throttle(budget_usd=1.0)
    assert ask(completion(cost=1.25), throttle=throttle).reply.text == "Hello."
    asked = ask(completion(), throttle=throttle)
    assert isinstance(asked.outcome, BudgetError)
    assert str(asked.outcome) == "the budget of $1 is spent ($1.25 so far); a larger one lets the run go on"
    assert asked.requests == []
    assert asked.usage == Usage(0, 0, 0, 0.0)


def test_a_budget_of_nothing_allows_no_request() -> None:
    assert ask(completion(), throttle=Throttle(budget_usd=0.0)).requests == []


def test_a_repeated_request_needs_a_budget_too() -> None:
    useless = {"choices": [], "usage": {"cost": 2.0}}
    asked = ask(useless, completion(), throttle=Throttle(budget_usd=1.0))
    assert isinstance(asked.outcome, BudgetError)
    assert len(asked.requests) == 1


def test_what_is_in_flight_when_the_budget_ends_is_still_paid() -> None:
    with Server(Answer(completion(cost=1.0), gate=3)) as server:
        throttle = Throttle(budget_usd=1.0)
        model = ChatModel(ModelSettings(model="m", base_url=server.url), throttle)

        async def three() -> None:
            await asyncio.gather(*(model.start().complete(HELLO) for _ in range(3)))

        asyncio.run(three())
        assert throttle.spent_usd == 3.0
        with pytest.raises(BudgetError):
            asyncio.run(model.start().complete(HELLO))


@pytest.mark.parametrize(
    ("answer", "price", "why"),
    [
        (completion(), None, "as its server does not tell it; give a price"),
        (completion(tokens=None), {"input_usd": 1.0, "output_usd": 1.0}, "as its server does not tell the tokens used"),
    ],
)
def test_a_budget_that_cannot_be_kept_is_an_error_and_not_nothing(answer: Any, price: Any, why: str) -> None:
    asked = ask(answer, throttle=Throttle(budget_usd=5.0), price=price, model="shop-7b")
    assert isinstance(asked.outcome, BudgetError)
    assert str(asked.outcome) == f"the budget of $5 cannot be kept: what shop-7b costs is not known, {why}"
    assert asked.usage.cost_usd is None


def test_without_a_budget_an_unknown_cost_is_no_error() -> None:
    throttle = Throttle(rpm=1000)
    assert ask(completion(), throttle=throttle).reply.text == "Hello."
    assert throttle.spent_usd == 0.0


def test_a_throttle_can_be_pickled_after_use() -> None:
    throttle = Throttle(rpm=1000, budget_usd=5.0)
    ask(completion(cost=1.0), throttle=throttle)
    copy = pickle.loads(pickle.dumps(throttle))
    assert (copy.rpm, copy.budget_usd, copy.spent_usd) == (1000, 5.0, 1.0)


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ({"rpm": 0}, "rpm must be above 0, got 0"),
        ({"rpm": float("nan")}, "rpm must be above 0, got nan"),
        ({"tpm": 0.5}, "tpm must be at least 1, got 0.5"),
        ({"budget_usd": -1}, "budget_usd must be at least 0, got -1"),
        ({"earlier_usd": float("inf")}, "earlier_usd must be at least 0, got inf"),
    ],
)
def test_a_limit_out_of_its_range_is_refused(limits: dict[str, float], text: str) -> None:
    with pytest.raises(DataError, match=f"^{text}$"):
        Throttle(**limits)


def test_an_episode_may_use_no_more_tokens_than_it_was_given_in_all_its_requests_together() -> None:
    mock = make_domain("mock")
    with Server(*[completion("And what else?", tokens=(400, 100))] * 5) as server:
        settings = {"model": "m", "base_url": server.url, "episode_tokens": 1200}
        agent = make_agent("llm", settings, throttle=Throttle())
        episode = play(mock, mock.tasks["test"][0], agent, make_user("scripted"))
    assert (episode.termination, episode.grade.success) == ("context_window_exceeded", False)
    assert len(server.bodies) == 3  # after the third it has used 1,500


def test_a_limit_of_tokens_that_cannot_be_kept_is_told_and_not_passed_over() -> None:
    mock = make_domain("mock")
    with Server(*[completion("And what else?", tokens=None)] * 5) as server:
        agent = make_agent("llm", {"model": "m", "base_url": server.url, "episode_tokens": 9}, throttle=Throttle())
        episode = play(mock, mock.tasks["test"][0], agent, make_user("scripted"))
    assert "episode_tokens is 9, and m does not tell how many tokens it used" in str(episode.fault)
