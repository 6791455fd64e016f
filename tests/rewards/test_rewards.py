"""What an episode pays: each term and its cap, presets, weights, terms of one's own."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym import make_agent, make_env, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import UnknownNameError
from toolgym.messages import STOP, Message, ToolCall
from toolgym.rewards import (
    DEFAULTS,
    PRESETS,
    ActionMatch,
    LengthPenalty,
    RepeatPenalty,
    RewardTerm,
    Success,
    build_reward,
)
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Fault, Step


def status(value: str, task_id: str = "task_1") -> dict[str, Any]:
    return {"name": "update_task_status", "arguments": {"task_id": task_id, "status": value}}


def create(title: str, **more: str) -> dict[str, Any]:
    return {"name": "create_task", "arguments": {"user_id": "user_1", "title": title, **more}}


DONE, READ, WRONG = status("completed"), {"name": "get_users", "arguments": {}}, status("completed", "task_999")
DISMISS: dict[str, Any] = {
    "name": "dismiss_notification",
    "arguments": {"notification_id": "notif_1"},
    "requestor": "user",
}


def make_task(domain: Domain, *gold: dict[str, Any], **criteria: Any) -> Task:
    """A task over the world of the test split, in which task_1 is pending."""
    actions = [{"action_id": str(place), **action} for place, action in enumerate(gold)]
    fields = {
        "id": "made",
        "user_scenario": {"instructions": "You want something."},
        "evaluation_criteria": {"actions": actions, "reward_basis": ["DB"], **criteria},
        "world": domain.tasks["test"][0].world,
    }
    return Task.model_validate(fields)


def spoken(*calls: dict[str, Any]) -> Message:
    made = tuple(ToolCall(call["name"], call["arguments"], f"c{place}") for place, call in enumerate(calls))
    return Message("assistant", None, made)


def pay(domain: Domain, task: Task, *calls: dict[str, Any], reward: Any = "raft", tokens: int | None = None) -> Episode:
    """A finished episode in which the assistant made these calls, one a message."""
    episode = Episode(domain, task, terms=build_reward(reward))
    episode.advance(Message("user", "Hi."))
    for call in calls:
        episode.advance(Message("assistant", None, spoken(call).tool_calls, tokens=0 if tokens is not None else None))
    episode.advance(Message("assistant", "Bye.", tokens=tokens))
    episode.advance(Message("user", STOP))
    return episode


def test_success_pays_both_sides(mock: Domain) -> None:
    episode = pay(mock, make_task(mock, DONE), DONE, reward={"success": 2.0})
    assert episode.rewards == {"assistant": {"success": 2.0}, "user": {"success": 2.0}}


def test_failure_pays_zero_and_what_is_not_judged_pays_nothing_at_all(mock: Domain) -> None:
    failed = pay(mock, make_task(mock, DONE), reward="sparse")
    assert failed.rewards["assistant"] == {"success": 0.0}
    task = make_task(mock, reward_basis=["NL_ASSERTION"], nl_assertions=["It was polite."])
    assert pay(mock, task, reward="sparse").rewards["assistant"] == {}


@pytest.mark.parametrize(
    ("gold", "made", "share"),
    [
        ([DONE], [DONE], 1.0),
        ([DONE], [READ], 0.0),
        ([DONE, create("a")], [create("a")], 0.5),
        ([DONE, create("a")], [create("a"), DONE], 1.0),
        ([create("a"), create("a")], [create("a")], 0.5),  # each once
        ([READ, DONE], [DONE], 1.0),  # reads are no writes
        ([DONE, DONE], [DONE], 1.0),  # and a write that changes nothing is not effective
        ([DONE], [status("pending"), DONE], 1.0),
        ([create("a", description="b"), create("a")], [create("a"), create("a", description="b")], 1.0),
    ],
)
def test_the_action_term_pays_the_share_of_effective_gold_writes_that_were_made(
    mock: Domain, gold: list[Any], made: list[Any], share: float
) -> None:
    episode = pay(mock, make_task(mock, *gold), *made, reward={"action": 0.3})
    assert episode.rewards["assistant"] == {"action": pytest.approx(0.3 * share)}


def test_a_call_that_fails_matches_no_gold_write(mock: Domain) -> None:
    lacking = {"name": "update_task_status", "arguments": {"task_id": "task_1"}}  # by tau2's rule it would match
    episode = pay(mock, make_task(mock, DONE), lacking, reward={"action": 0.3})
    assert episode.errors == 1
    assert episode.rewards["assistant"] == {"action": 0.0}


def test_a_write_of_the_users_own_is_matched_by_the_users_call_alone(mock: Domain) -> None:
    task = make_task(mock, DONE, {**DISMISS, "requestor": "user"})
    assert pay(mock, task, DONE, reward={"action": 0.3}).rewards["assistant"] == {"action": 0.15}
    episode = Episode(mock, task, terms=[ActionMatch()])
    episode.advance(Message("user", None, (ToolCall(DISMISS["name"], DISMISS["arguments"], "u", "user"),)))
    episode.advance(Message("user", STOP))
    assert episode.rewards == {"assistant": {"action": 0.15}, "user": {}}


def test_a_task_without_effective_writes_has_no_action_term(mock: Domain) -> None:
    for gold in ([], [READ], [status("pending")]):
        assert pay(mock, make_task(mock, *gold), reward={"action": 0.3}).rewards["assistant"] == {}


@pytest.mark.parametrize(("times", "charged"), [(1, None), (2, -0.05), (3, -0.1), (6, -0.25), (7, -0.25), (12, -0.25)])
def test_repeats_are_charged_up_to_the_cap(mock: Domain, times: int, charged: float | None) -> None:
    rewards = pay(mock, make_task(mock), *[READ] * times, reward={"repeat": 0.05}).rewards["assistant"]
    assert rewards == ({} if charged is None else {"repeat": pytest.approx(charged)})


def test_repeats_are_charged_when_they_happen_and_to_the_side_that_makes_them(mock: Domain) -> None:
    episode = Episode(mock, make_task(mock), terms=[RepeatPenalty(weight=0.1, cap=0.15)])
    look = Message("user", None, (ToolCall("check_notifications", {}, "u", "user"),))
    paid = [episode.advance(message).reward_terms for message in (look, look, Message("user", "Hi."))]
    assert paid == [{}, {"user": {"repeat": -0.1}}, {}]
    assert episode.advance(spoken(READ)).reward_terms == {}
    assert episode.advance(spoken(READ, READ)).reward_terms == {"assistant": {"repeat": pytest.approx(-0.15)}}
    assert episode.advance(spoken(READ)).reward() == 0.0


@pytest.mark.parametrize(
    ("tokens", "charged"),
    [(0, 0.0), (4000, 0.0), (4500, -0.05), (5000, -0.1), (6500, -0.25), (10**9, -0.25)],
)
def test_tokens_over_the_budget_are_charged_up_to_the_cap(mock: Domain, tokens: int, charged: float) -> None:
    rewards = pay(mock, make_task(mock), tokens=tokens, reward={"length": 0.1}).rewards["assistant"]
    assert rewards == {"length": pytest.approx(charged)}


def test_without_tokens_there_is_no_length_term(mock: Domain) -> None:
    assert pay(mock, make_task(mock), reward={"length": 0.1}).rewards["assistant"] == {}


# Presets, weights, terms


def test_the_presets_are_the_default_and_its_ablations() -> None:
    names = {preset: [term.name for term in build_reward(preset)] for preset in PRESETS}
    assert names == {
        "raft": ["success", "action", "repeat", "length"],
        "two_sided": ["success", "action", "repeat", "length", "invented", "early_stop"],
        "compliant": ["success", "action", "repeat", "length", "consent", "identify", "wrong_write"],
        "sparse": ["success"],
        "no_action_match": ["success", "repeat", "length"],
        "no_repeat_penalty": ["success", "action", "length"],
        "no_length_penalty": ["success", "action", "repeat"],
    }
    assert {term.name: term.weight for term in build_reward()} == dict(DEFAULTS)  # type: ignore[attr-defined]  # ours


def test_by_default_giving_up_early_never_pays() -> None:
    caps = [term.cap for term in build_reward("raft") if isinstance(term, RepeatPenalty | LengthPenalty)]
    assert len(caps) == 2
    assert sum(caps) < DEFAULTS["success"]


def test_weights_by_name_and_terms_of_ones_own_are_taken_as_given() -> None:
    weighted = build_reward({"success": 3, "repeat": 0})
    assert weighted == (Success(weight=3.0), RepeatPenalty(weight=0.0))
    own = (Success(), LengthPenalty(budget=10, cap=0.5))
    assert build_reward(own) == own
    assert build_reward([]) == build_reward({}) == ()


@pytest.mark.parametrize(
    ("reward", "error", "told"),
    [
        ("rafd", UnknownNameError, "Did you mean 'raft'"),
        ({"sucess": 1.0}, UnknownNameError, "Did you mean 'success'"),
        ({"success": -1.0}, ValueError, "at least 0, got -1.0"),
        ({"success": math.nan}, ValueError, "got nan"),
        ({"success": math.inf}, ValueError, "got inf"),
        ({"success": "1"}, ValueError, "got '1'"),
        ({"success": 0.5, "repeat": 0.1, "length": 0.1}, ValueError, "giving up early pays"),
        ({"success": 0.2, "repeat": 0.1}, ValueError, "giving up early pays"),
        ([Success(0.5), RepeatPenalty(cap=0.5)], ValueError, "giving up early pays"),
        ([Success(), RepeatPenalty(weight=-0.1)], ValueError, "at least 0"),
        ([Success(), Success()], ValueError, "share a name"),
    ],
)
def test_a_reward_that_cannot_be_meant_is_an_error(reward: Any, error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        build_reward(reward)


def test_penalties_without_weight_and_rewards_without_success_are_allowed() -> None:
    assert len(build_reward({"success": 0.1, "repeat": 0.0, "length": 0})) == 3
    assert len(build_reward({"repeat": 1.0})) == 1


class Chatter:
    """Pays each side a cent for each message, and at the end a tenth to the assistant."""

    name = "chatter"

    def on_step(self, episode: Episode, step: Step) -> dict[Any, float]:
        return {step.agent: 0.01}

    def on_end(self, episode: Episode) -> dict[Any, float]:
        return {"assistant": 0.1 if episode.grade.success else -0.1}


def test_a_term_of_ones_own_is_paid_by_step_and_at_the_end(mock: Domain) -> None:
    own: list[RewardTerm] = [Chatter()]
    episode = pay(mock, make_task(mock, DONE), reward=own)
    assert episode.rewards["user"] == {"chatter": pytest.approx(0.02)}
    assert episode.rewards["assistant"] == {"chatter": pytest.approx(0.01 - 0.1)}


def test_a_fault_pays_nothing_at_the_end(mock: Domain) -> None:
    episode = Episode(mock, make_task(mock), terms=[*build_reward("raft"), Chatter()])
    episode.advance(Message("user", "Hi."))
    assert episode.fail(Fault("service", "x")).reward_terms == {}
    assert episode.rewards == {"assistant": {}, "user": {"chatter": 0.01}}


def test_a_success_is_a_success_whatever_it_is_paid(mock: Domain) -> None:
    task = make_task(mock, DONE)
    costly = pay(mock, task, DONE, *[READ] * 9, reward={"repeat": 9.0}, tokens=10**6)
    assert sum(costly.rewards["assistant"].values()) < 0
    assert costly.grade.success is True
    rich = pay(mock, task, reward=[Chatter(), LengthPenalty(weight=0.0)])
    assert rich.grade.success is False


def test_the_default_pays_the_oracle_in_full(mock: Domain) -> None:
    for task in mock.tasks["test"]:
        episode = play(mock, task, make_agent("oracle"), make_user("minimal"), terms=build_reward())
        assert episode.rewards["assistant"] == {"success": 1.0, "action": 0.3}, task.id


ACTIONS = st.sampled_from([json.dumps(DONE), json.dumps(READ), json.dumps(create("x")), "Which one?", "Done.", "{"])


@given(st.lists(st.tuples(ACTIONS, st.integers(0, 3000)), max_size=14), st.sampled_from([*PRESETS]))
def test_the_reward_of_a_step_is_the_sum_of_its_terms_and_the_terms_add_up(
    mock: Domain, actions: list[tuple[str, int]], preset: str
) -> None:
    env = make_env(mock, split="test", reward=preset)
    env.reset(seed=0)
    totals: dict[str, float] = {}
    over = False
    for action, tokens in [*actions, *[("Done.", 0)] * 5]:
        if over:
            break
        message = {"role": "assistant", "content": action, "tokens": tokens} if action.endswith(".") else action
        _, reward, terminated, truncated, info = env.step(message)
        over = terminated or truncated
        assert reward == pytest.approx(sum(info["reward_terms"].values()))
        for name, amount in info["reward_terms"].items():
            totals[name] = totals.get(name, 0.0) + amount
    assert over
    assert set(totals) <= set(PRESETS[preset])
    assert env.trajectory().rewards.get("assistant", {}) == pytest.approx(totals)
    assert -0.5 <= sum(totals.values()) <= 1.3
