"""Who agreed to what: a clear yes and a clear no, a question that asks for one, and last words."""

from __future__ import annotations

import pytest

from toolgym.language.agreement import exchanges, names
from toolgym.language.consent import asks, asks_for_consent, content, gives_up, says_no, says_yes
from toolgym.messages import Message, ToolCall
from toolgym.scripted.speech import WORDINGS
from toolgym_retail.customer.phrases import PHRASES
from toolgym_retail.speech import SPEECH


def said(*acts: str) -> list[str]:
    """Everything that the retail customer may say in some acts, whatever its manner."""
    return [phrase for act in acts for phrases in PHRASES.say[act].values() for phrase in phrases]


def test_every_yes_of_the_retail_customer_is_a_clear_yes() -> None:
    assert [phrase for phrase in said("yes") if not says_yes(phrase)] == []


def test_hardly_anything_else_that_it_says_is_one() -> None:
    takes_note = {"hello", "heard", "hold", "thanks", "too_bad", "wait"}  # "OK.", which agrees to nothing by itself
    others = [phrase for phrase in said(*(PHRASES.say.keys() - {"yes", "right"} - takes_note)) if says_yes(phrase)]
    assert others == []
    assert [phrase for phrase in said(*takes_note) if says_yes(f"{phrase} My zip is 60601.")] == []


def test_what_it_says_no_with_is_a_no() -> None:
    missed = [phrase for phrase in said("no") if not says_no(phrase)]
    assert len(missed) < 0.2 * len(said("no")), missed
    assert not any(map(says_no, said("yes")))


def test_who_gives_up_is_told_from_who_is_content() -> None:
    assert all(map(gives_up, said("give_up")))
    assert not any(map(gives_up, said("bye")))
    assert sum(map(content, said("bye"))) > 0.8 * len(said("bye"))
    assert sum(map(content, said("give_up"))) < 0.2 * len(said("give_up"))


@pytest.mark.parametrize(
    ("text", "yes"),
    [
        ("Yes, please proceed. Can you also check my other order?", True),
        ("Yes, but use the other card instead.", False),
        ("Yes, that\u2019s right ###STOP###", True),
        ("I don't agree.", False),
        ("Is that right?", False),
        ("", False),
    ],
)
def test_a_yes_that_is_taken_back_in_the_same_breath_is_none(text: str, yes: bool) -> None:
    assert says_yes(text) is yes


def test_every_wording_asks_for_consent_in_its_own_way() -> None:
    for wording in WORDINGS:
        assert asks_for_consent(SPEECH.line(wording, "go_ahead"))
        assert not asks(SPEECH.line(wording, "more"))


@pytest.mark.parametrize(
    "text", ["Shall I check what can be done?", "Is there anything else I can help you with?", "It is cancelled."]
)
def test_a_question_about_looking_or_about_more_asks_for_no_consent(text: str) -> None:
    assert not asks(text)
    assert not asks_for_consent(text)


def test_a_name_is_found_whatever_its_case_and_not_inside_another() -> None:
    assert names("I will cancel order w123, ok?", ["#W123"])
    assert not names("I will cancel order #W1234.", ["#W123"])
    assert not names("anything", ["", "#"])


def test_an_exchange_is_what_was_said_since_the_user_spoke_last() -> None:
    messages = (
        Message("assistant", "Hello."),
        Message("user", "Hi."),
        Message("assistant", None, (ToolCall("look", {}, "1"),)),
        Message("tool", "{}", tool_call_id="1"),
        Message("assistant", "I cancel it. OK?"),
        Message("user", "Yes."),
    )
    found = list(exchanges(messages))
    assert [(one.text, one.message, one.answer, one.answered) for one in found] == [
        ("Hello.", 0, "Hi.", 1),
        ("I cancel it. OK?", 4, "Yes.", 5),
    ]
    assert [one.agreed for one in found] == [False, True]
