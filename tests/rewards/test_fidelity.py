"""What a learning user is charged for: what its scenario does not say, and leaving too soon."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.episode.turns import take_turn
from toolgym.language.questions import ends_with_question
from toolgym.limits import Limits
from toolgym.messages import OUT_OF_SCOPE, STOP, TRANSFER, Message, ToolCall
from toolgym.rewards import DEFAULTS, FIDELITY, PRESETS, EarlyStop, InventedFact, Success, build_reward
from toolgym.rewards.fidelity import details
from toolgym.tasks import Task
from toolgym.trajectory import Fault

SCENARIO = (
    "You are Ana (ana_k7@Example.com, zip 78712, phone 512-555-0199). Your order #W2378156 cost $1,319.50. "
    "You want task_1 completed and a task 'x' made."
)
DONE = {"name": "update_task_status", "arguments": {"task_id": "task_1", "status": "completed"}}
MADE = {"name": "create_task", "arguments": {"user_id": "user_1", "title": "x"}}
WRONG = {"name": "create_task", "arguments": {"user_id": "user_2", "title": "y"}}
HIS = {"name": "dismiss_notification", "arguments": {"notification_id": "notif_1"}, "requestor": "user"}
INBOX = {"name": "check_notifications", "arguments": {}}


def start(domain: Domain, *gold: dict[str, Any], **settings: Any) -> Episode:
    """An episode of a task over the world of the test split, with both terms."""
    actions = [{"action_id": str(place), **action} for place, action in enumerate(gold)]
    task = Task.model_validate(
        {
            "id": "made",
            "user_scenario": {"instructions": SCENARIO},
            "evaluation_criteria": {"actions": actions, "reward_basis": ["DB"]},
            "world": domain.tasks["test"][0].world,
        }
    )
    return Episode(domain, task, **{"terms": [InventedFact(), EarlyStop()], **settings})


def say(episode: Episode, *said: str | dict[str, Any]) -> Episode:
    """Let whoever's turn it is say or call each of these."""
    for one in said:
        side = episode.turn
        assert side is not None
        if isinstance(one, str):
            episode.advance(Message(side, one))
        else:
            episode.advance(Message(side, None, (ToolCall(one["name"], one["arguments"], "c", side),)))
    return episode


# Invented facts


@pytest.mark.parametrize(
    "text",
    [
        "Hello!",
        "It is order W2378156.",
        "It is (#w2378156), please.",
        "**#W2378156**; my zip is 78712!",
        "Zip:78712/order:W2378156.",
        "I paid $1319.50.",
        "I paid 1,319.5 dollars.",
        "Write to ANA_K7@EXAMPLE.COM, please.",
        "Write to <ana_k7@example.com>.",
        "The number ends in 0199.",
        "Call (512) 555-0199.",
        "I have 2 of them, or 10, in a 2-3 day window, 24/7.",
        "The 1st, 22nd or 30th at 10:30, 3pm or 11 a.m.",
        "I am 100% sure, or at least 99%.",
        "My answer is yes, twice.",
        "₂ ½",
    ],
)
def test_what_the_scenario_says_and_what_people_say_by_the_way_is_free(mock: Domain, text: str) -> None:
    assert say(start(mock), text).rewards["user"] == {}


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("It is order #W2378157.", 1),
        ("My zip is 78713.", 1),
        ("I paid $1,319.51.", 1),
        ("Write to ana@example.com.", 1),
        ("It is 12345, no, 54321.", 2),
        ("12345! 12345? #12345; $12,345.00 (12345)", 1),
        ("In 1999 I ordered W2378156.", 1),
        ("It has 256GB.", 1),
        ("11111 22222 33333 44444", 4),
        ("11111 22222 33333 44444 55555 66666", 4),  # the cap
    ],
)
def test_a_detail_that_it_cannot_know_is_charged(mock: Domain, text: str, times: int) -> None:
    episode = say(start(mock), text)
    assert episode.rewards == {"assistant": {}, "user": {"invented": pytest.approx(-0.05 * times)}}


def test_each_detail_is_charged_once_and_all_of_them_to_the_cap(mock: Domain) -> None:
    episode, paid = start(mock, terms=[InventedFact(weight=0.05, cap=0.12)]), []
    for text in ("11111", "11111 and 22222", "No: 22222.", "33333, 44444", "55555", "W2378156"):
        paid.append(episode.advance(Message("user", text)).reward("user"))
        say(episode, "Yes?")
    assert paid == [pytest.approx(amount) for amount in (-0.05, -0.05, 0, -0.02, 0, 0)]
    assert episode.rewards["user"] == {"invented": pytest.approx(-0.12)}


def test_what_the_assistant_said_and_its_own_tools_showed_it_may_say(mock: Domain) -> None:
    episode = say(start(mock), "Hi.", "Is it #W1111111?", "Yes, W1111111.", "Anything else?")
    note = str(say(episode, INBOX).messages[-1].content)
    seen = next(details(note))
    assert say(episode, f"I was told of {seen}.").rewards["user"] == {}


def test_what_only_the_assistant_saw_the_user_cannot_know(mock: Domain) -> None:
    episode = say(start(mock), "Hi.", {"name": "get_users", "arguments": {}})
    seen = next(details(str(episode.messages[-1].content)))
    assert say(episode, "One moment.", f"Is it {seen}?").rewards["user"] == {"invented": -0.05}


def test_the_assistant_and_calls_are_free(mock: Domain) -> None:
    episode = say(start(mock), {"name": "dismiss_notification", "arguments": {"notification_id": "n12345"}})
    episode.advance(Message("user", "I dismiss 55555.", (ToolCall("check_notifications", {}, "c", "user"),)))
    assert say(episode, "Hi.", "Is it 77777?", DONE).rewards == {"assistant": {}, "user": {}}


def test_a_detail_in_the_last_message_is_charged_too(mock: Domain) -> None:
    assert say(start(mock), f"Forget 99999. {STOP}").rewards["user"] == {"invented": -0.05}


@given(st.text())
def test_any_text_has_details_that_are_its_own(text: str) -> None:
    found = list(details(text))
    assert set(details(" ".join(found))) <= set(found)
    assert all(len(word) > 2 and not any(map(str.isspace, word)) for word in found)
    assert isinstance(ends_with_question(text), bool)


# Leaving too soon


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        ([DONE], ["Hi.", "Shall I complete it?", f"Yes, please. {STOP}"]),
        ([DONE], ["Hi.", "Shall I complete it? **", STOP]),
        ([DONE], [STOP]),  # the greeting asks what it can do
        ([DONE, MADE], ["Hi.", DONE, "Done. And the other one, shall I make it?", STOP]),
        ([DONE], ["Hi.", "Did you get a note about it?", INBOX, STOP]),
        ([HIS], ["Hi.", "Would you dismiss the note?", f"I have. {STOP}"]),
    ],
    ids=["yes and stop", "marks", "at once", "half way", "after a look", "its own part"],
)
def test_stopping_at_a_question_with_work_left_is_charged(mock: Domain, gold: Any, said: Any) -> None:
    episode = say(start(mock, *gold), *said)
    assert episode.rewards == {"assistant": {}, "user": {"early_stop": -0.2}}


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        ([DONE], ["Hi.", DONE, "Done. Are you happy?", f"Yes. {STOP}"]),  # the gold state
        ([DONE], ["Hi.", "I have completed it.", f"Thanks. {STOP}"]),  # it was told so
        ([DONE], ["Hi.", "It is done. Is there anything else I can help you with?", STOP]),
        ([DONE], ["Hi.", "It is done. What else can I do for you today?", STOP]),
        ([DONE], ["Hi.", WRONG, "Shall I complete the other one?", STOP]),  # the episode was lost already
        ([DONE], ["Hi.", DONE, WRONG, "Shall I go on?", STOP]),
        ([DONE], ["Hi.", "What is your birthday?", OUT_OF_SCOPE]),
        ([DONE], ["Hi.", "I hand you over, all right?", TRANSFER]),
        ([], ["Hi.", "Why do you call?", STOP]),
    ],
    ids=["done", "told", "anything else", "what else", "lost", "spoilt", "out of scope", "transfer", "nothing to do"],
)
def test_a_user_does_not_pay_for_the_assistant_or_for_a_good_reason(mock: Domain, gold: Any, said: Any) -> None:
    assert say(start(mock, *gold), *said).rewards == {"assistant": {}, "user": {}}


def test_a_limit_or_a_fault_is_not_a_stop(mock: Domain) -> None:
    limited = say(start(mock, DONE, limits=Limits(max_steps=3)), "Hi.", "Shall I?", STOP)
    assert (limited.termination, limited.rewards["user"]) == ("max_steps", {})
    voided = say(start(mock, DONE), "Hi.", "Shall I?")
    voided.fail(Fault("user", "x"))
    assert voided.rewards["user"] == {}


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Shall I?", True),
        ("Really?!", True),
        ("Shall I? 🙂\n", True),
        ("よろしいですか\uff1f", True),
        ("**Shall I go on (yes/no)?**", True),
        ("I looked for anything else. Which one is it?", True),
        ("Which other one?", True),
        ("Is there anything else?", False),
        ("Do you have any further questions?", False),
        ("Can I help you with something more today? :)", False),
        ("Shall I? Say yes.", False),
        ("Done.", False),
        ("", False),
        ("?", True),
    ],
)
def test_what_counts_as_a_question(text: str, asked: bool) -> None:
    assert ends_with_question(text) is asked


# Both together


def test_the_preset_for_both_sides_is_the_default_and_these() -> None:
    terms = build_reward("two_sided")
    assert [term.name for term in terms] == [*DEFAULTS, *FIDELITY]
    assert {term.name: term.weight for term in terms} == PRESETS["two_sided"]  # type: ignore[attr-defined]  # ours
    caps = sum(getattr(term, "cap", 0.0) for term in terms)
    assert caps == pytest.approx(0.9)
    assert caps < DEFAULTS["success"]


def test_an_early_stop_that_costs_more_than_success_pays_is_refused() -> None:
    with pytest.raises(ValueError, match="giving up early pays"):
        build_reward({"success": 1.0, "early_stop": 1.0})
    assert build_reward({"success": 1.0, "early_stop": 0.5}) == (Success(), EarlyStop(0.5))
    assert build_reward({"invented": 0.01}) == (InventedFact(0.01),)


@pytest.mark.parametrize("agent", ["oracle", "novice", "always-refuse"])
def test_a_scripted_customer_is_charged_for_nothing_whatever_the_assistant_does(agent: str) -> None:
    retail, said = make_domain("retail"), 0
    for task in retail.tasks["dev"][:30]:
        episode = Episode(retail, task, terms=build_reward("two_sided"))
        user = make_user("scripted")(retail, task, rng_for(0, task.key, 0, "user"))
        assistant = make_agent(agent)(retail, task, rng_for(0, task.key, 0, "assistant"))
        while episode.turn is not None:
            take_turn(episode, "user", user)
            take_turn(episode, "assistant", assistant)
        said += sum(1 for message in episode.messages if message.role == "user" for _ in details(message.content or ""))
        assert not set(episode.rewards["user"]) & set(FIDELITY), task.id
    assert said > 10
