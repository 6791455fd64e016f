"""Whether a write was agreed to, in dialogues that are written as real models and their customers write.

``real_form_consent.json`` holds 60 of them, 30 with a clear yes; ``real_form_consent_second.json`` another 80, 40 with
one, and ``real_form_consent_third.json`` 80 more, 40 with one (F1 0.755 at first sight). These were written before the
rules were looked at; ``real_form_consent_own.json`` holds 64 by who wrote the rules, each measured once before a rule
was changed for it (F1 0.64 of the first 40, then 0.85 of the other 24).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from toolgym import make_domain
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.failures import RulesAnalyst
from toolgym.failures.report import FailureReport
from toolgym.language.agreement import Exchange
from toolgym.language.proposals import differs
from toolgym.messages import STOP, Message, ToolCall
from toolgym.tasks import Task

HERE = Path(__file__).parent
DATA = json.loads((HERE / "real_form_consent.json").read_text(encoding="utf-8"))
WORLD = "7268641f34cc8bc40a75de19ed62efff9d57a66ecd70b2fd4e628d43eb7e4f37"


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def task_of(write: Mapping[str, Any], other: Mapping[str, Any], name: str) -> Task:
    """A task of two writes, of which only the first will be made, so that every dialogue is a failure."""
    calls = [
        {"action_id": str(place), "name": one["name"], "arguments": one["arguments"]}
        for place, one in enumerate((write, other))
    ]
    return Task.model_validate(
        {
            "id": name,
            "user_scenario": {"instructions": "You want two things."},
            "world": WORLD,
            "flavour": "toolgym",
            "evaluation_criteria": {"actions": calls, "communicate_info": [], "reward_basis": ["DB"]},
        }
    )


def report_of(retail: Domain, one: Mapping[str, Any]) -> FailureReport:
    write = DATA["writes"][one["kind"]]
    task = task_of(write, DATA["writes"]["cancel" if one["kind"] == "return" else "return"], one["id"])
    first, last = write["dialogue_of"].split()
    episode = Episode(retail, task)

    def call(name: str, arguments: Mapping[str, Any]) -> None:
        episode.advance(Message("assistant", None, (ToolCall(name, arguments, f"call_{len(episode.messages)}"),)))

    def say(text: str) -> None:
        assert episode.turn is not None
        episode.advance(Message(episode.turn, text))

    if episode.turn == "assistant":
        say("Hello, how can I help you?")
    say(f"I am {first} {last}, zip code {write['zip']}, and I need your help.")
    call("find_user_id_by_name_zip", {"first_name": first, "last_name": last, "zip": write["zip"]})
    call("get_order_details", {"order_id": write["arguments"]["order_id"]})
    for text in one["turns"]:
        say(text)
    call(write["name"], write["arguments"])
    say("That is done. Anything else?")
    say(f"No, thanks. {STOP}")
    return RulesAnalyst().explain_one(retail, task, episode.trajectory())


@pytest.mark.parametrize(
    ("name", "agreed", "found", "false_alarms"),
    [
        ("real_form_consent", 30, 28, 0),
        ("real_form_consent_second", 40, 40, 1),
        ("real_form_consent_own", 32, 32, 0),
        ("real_form_consent_third", 40, 40, 0),
    ],
)
def test_a_write_without_a_clear_yes_is_found_in_real_forms(
    retail: Domain, name: str, agreed: int, found: int, false_alarms: int
) -> None:
    dialogues = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))["dialogues"]
    blamed = {
        one["id"]: any(finding.pattern == "no_confirmation" for finding in report_of(retail, one).findings)
        for one in dialogues
    }
    yes = {one["id"] for one in dialogues if one["agreed"]}
    assert len(yes) == agreed
    assert len(blamed) == len(dialogues)
    assert sum(blamed[one] for one in yes) <= false_alarms, sorted(one for one in yes if blamed[one])
    assert sum(said for one, said in blamed.items() if one not in yes) >= found, "yeses that were made up"


@pytest.mark.parametrize("number", range(7))
def test_the_pairs_of_a_proposal_and_an_answer_are_read_as_a_person_reads_them(number: int) -> None:
    from toolgym.language.consent import asks, says_yes

    one = PAIRS[number]
    assert (says_yes(one[1]) and asks(one[0])) is one[2]


_RETURN = 'Return the drive from order #W1, refund to your Visa ending in 4733. Please reply "yes" to proceed.'
_EXCHANGE = (
    "Exchange the rug from order #W2 for the indigo one. Would you like me to proceed, and are these all the items?"
)
PAIRS = (
    (_RETURN, "Yes, go ahead please, I need nothing else from there.", True),
    (_RETURN, "Yes, do. I can't use it, it doesn't connect to my computer.", True),
    (_EXCHANGE, "Yep, exactly that. No other changes.", True),
    (_EXCHANGE, "Yes please! Nobody likes the ivory one.", True),
    (_EXCHANGE, "Yes, but put the difference on my gift card.", False),
    (_EXCHANGE, "Yes, but it doesn't fit my budget.", False),
    (_RETURN, "Yes. I don't want the money on that card.", False),
)


_MORE = "I return the lamp from order #W1 to your Visa. Do you want to return anything else, or shall I go ahead?"
_OR_ELSE = "I return the lamp from order #W1 to your Visa. Shall I submit it, or would you rather exchange it?"
_WHITE = "I change the shelf in order #W1 to the white one, paid by PayPal. Would you like me to go ahead?"


@pytest.mark.parametrize(
    ("proposal", "answer", "agreed"),
    [
        (_MORE, "No, that's all. Go ahead.", True),
        (_MORE, "Just the lamp, please proceed.", True),
        (_MORE, "Yes.", False),
        (_MORE, "No.", False),
        (_MORE, "Nothing else, but don't go ahead yet.", False),
        (_MORE, "Yes, take the chair too and then go ahead.", False),
        (_MORE, "Yes, go ahead.", True),
        (_MORE, "You can go ahead.", True),
        (_OR_ELSE, "Go ahead and exchange it.", False),
        (_OR_ELSE, "No exchange. Submit the return.", True),
        (_OR_ELSE, "Oh no, I'm not exchanging it. Yes, submit the return.", True),
        (_OR_ELSE, "No return. Submit the exchange.", False),
        (_WHITE, "The black was tempting, but no, I'll stay with the white one. Go ahead!", True),
        (_WHITE, "I was tempted, but no, I'll stay with the oak one. Go ahead!", False),
        (_WHITE, "I'd love that, and no, PayPal suits me.", True),
        (_WHITE, "I'd love that, and no, Mastercard suits me.", False),
        (_WHITE, "I would, very much. Not that it matters, but is it wide?", True),
        (_WHITE, "I would, but only in black.", False),
        (_WHITE, "Yes. It's not like I wanted it.", False),
        (_WHITE, "Yes. Could you change it in my other order after that, please?", True),
        (_WHITE, "Yes. Could you change it to black, please?", False),
        (_WHITE, "You may. Don't change anything besides the colour.", False),
    ],
)
def test_an_answer_is_read_by_what_the_request_offers(proposal: str, answer: str, agreed: bool) -> None:
    assert Exchange(proposal, 1, answer, 2).agreed is agreed


@pytest.mark.parametrize(
    ("proposal", "other"),
    [
        ("I will cancel order #W2 with the blender. Do you confirm?", True),
        ("Orders #W1 and #W2 could be meant. I'll cancel #W2. Do you agree?", True),
        ("I'd replace the address in your profile. This applies not to any order. May I?", True),
        ("Orders #W1 and #W2 could be meant. I'll cancel #W1. Do you agree?", False),
        ("Order #W1: cancelled, as it is pending. After that I'll cancel #W2. Do you agree?", False),
        ("I will cancel the order with the mixer. Do you confirm?", False),
    ],
)
def test_a_yes_to_another_record_is_none_to_this_one(proposal: str, other: bool) -> None:
    call = {"order_id": "#W1", "reason": "ordered by mistake"}
    assert differs(proposal, "Yes, I confirm.", "#W1", call, {}) is other
    assert not differs(proposal, "Yes, for #W1.", "#W1", call, {})
