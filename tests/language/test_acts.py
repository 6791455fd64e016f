"""What a message calls for, by the acts of its sentences, in any domain."""

from __future__ import annotations

import json

import pytest

from toolgym.language.cue import cue
from toolgym.language.deeds import tells_deed, tells_past
from toolgym.language.layout import lines_of, unwrapped
from toolgym.language.speech_acts import understand, without_reminder, without_warnings
from toolgym.language.topics import Topic, Topics
from toolgym_retail.customer.topics import TOPICS

LIBRARY = Topics(
    (
        Topic("ask_book", cue(r"books?\b", r"title")),
        Topic("ask_card", cue(r"library card", r"card number", r"your name")),
        Topic("ask_branch", cue(r"branch")),
    ),
    order=("ask_card", "ask_book", "ask_branch"),
    identity="ask_card",
    things="ask_book",
    acts=cue("lend", "lent", "reserv", "renew"),
)
PROPOSAL = "I would renew 'Emma' until 3 May at the Elm Street branch. Shall I go ahead?"
AFTERWARDS = [
    "Please note that this cannot be undone.",
    "Please let me know.",
    "Please reply yes or no.",
    "Take your time.",
    "Thank you for your patience!",
    "Let me know if you want something else.",
    "If you'd like a different branch, just tell me.",
    "Once you confirm, I'll renew it right away.",
    "A book can be renewed only once.",
    "You will get a message shortly.",
    "Please check the details carefully before you answer.",
    "I'm here if you need anything else.",
]


@pytest.mark.parametrize("after", AFTERWARDS)
def test_a_question_for_a_go_ahead_makes_a_proposal_whatever_follows(after: str) -> None:
    heard = understand(f"{PROPOSAL} {after}", LIBRARY)
    assert (heard.intent, heard.reported) == ("propose", False)


@pytest.mark.parametrize(
    "text",
    [
        "Your loan will be renewed.",
        'The status will change to "return requested".',
        "A loan can only be changed once.",
        "Once you confirm, your loan is renewed and updated.",
        "If that is cancelled, the fee is refunded.",
        "Say yes and it's done.",
        "It has not been cancelled.",
        "Here's the return I have in mind.",
        "You've changed your mind, I see.",
    ],
)
def test_future_condition_and_rule_are_no_deed(text: str) -> None:
    assert not tells_deed(text)


@pytest.mark.parametrize(
    "text",
    [
        "Your loan has been cancelled.",
        "Done, and you will get a message soon.",
        "I've updated your address; the next letter will go there.",
        "Okay, that's the reservation cancelled.",
    ],
)
def test_a_deed_is_told_whatever_is_announced_beside_it(text: str) -> None:
    assert tells_deed(text)


def test_what_is_may_be_a_plan_and_what_was_may_not() -> None:
    assert not tells_past("'Emma' is replaced by 'Persuasion'.")
    assert tells_past("'Emma' was replaced by 'Persuasion'.")


@pytest.mark.parametrize(
    "question",
    [
        "Are you sure you have named all the books, and would you like to proceed?",
        "Is there anything else to add to this list of items, or shall I go ahead?",
        "Have you listed everything, and do I have your yes?",
    ],
)
def test_a_reminder_beside_the_go_ahead_is_heard_with_it(question: str) -> None:
    heard = understand(f"I would renew 'Emma'. {question}", LIBRARY)
    assert (heard.intent, heard.all_named) == ("propose", True)


def test_a_reminder_claims_nothing_of_what_is_done() -> None:
    assert "all" not in without_reminder("I'd renew 'Emma'. Have you named all books?")
    assert "everything" not in without_reminder("Please confirm that you have told me everything and want to go on.")
    assert without_reminder("I'd renew all books. Shall I?") == "I'd renew all books. Shall I?"


@pytest.mark.parametrize(
    "text",
    [
        "Before I look at any book, I need to know who you are. Please give me either:\n- your library card, or\n"
        "- your name and birthday\n\nI'll then find the book, show you the branch and ask for your final yes.",
        "To proceed, could you please tell me your name? If you can't find the book, tell me the title.",
        "Please share your library card number. Once I have it, I will ask you to confirm the branch.",
    ],
)
def test_a_long_question_who_the_user_is_is_one_question(text: str) -> None:
    assert understand(text, LIBRARY).intent == "ask_card"


@pytest.mark.parametrize(
    "end",
    [
        "Is there anything else?",
        "How would you like to proceed?",
        "What would you like to do?",
        "Let me know what you prefer.",
    ],
)
def test_a_refusal_with_a_courteous_end_is_a_refusal(end: str) -> None:
    heard = understand(f"I'm sorry, but I can't renew 'Emma' because it is reserved. {end}", LIBRARY)
    assert heard.declined
    assert heard.intent in ("refuse", "ask_more")


@pytest.mark.parametrize(
    "text",
    [
        "The loan of 'Emma' isn't one for which an exception is made.",
        "A longer loan is out of the question, because the book is reserved.",
        "I have to say no to a longer loan, I'm afraid.",
        "| Loan of Emma | Longer |\n|---|---|\n| Emma | No |",
        "The rules don't allow it. Would you like another book?",
        "Your wish was rejected, as it doesn't match the rules.",
        "Please choose another book or way: there's no loan that I could make longer.",
    ],
)
def test_a_refusal_is_heard_in_many_words(text: str) -> None:
    assert understand(text, LIBRARY).declined


@pytest.mark.parametrize(
    "text",
    [
        "I can't look at your loans until you have told me who you are.",
        "Nothing can be changed without your yes.",
        "The loan can't be renewed again afterwards.",
    ],
)
def test_what_cannot_be_yet_or_again_is_no_refusal(text: str) -> None:
    assert not understand(text, LIBRARY).declined


def test_which_of_two_is_a_question_for_the_thing() -> None:
    assert understand("Do you mean 'Emma' or 'Persuasion'?", LIBRARY).intent == "ask_book"
    assert understand("Is it the Elm Street branch, or the one in Oak Lane?", LIBRARY).intent == "ask_branch"


def test_an_offer_to_tell_more_is_no_request_for_a_go_ahead() -> None:
    assert understand("I'd renew nothing yet. Shall I show you the new books?", LIBRARY).intent != "propose"


def test_a_request_to_check_what_was_proposed_asks_for_nothing() -> None:
    assert understand(f"{PROPOSAL} Please check in particular your name and the title.", LIBRARY).intent == "propose"


def test_what_stays_and_what_will_not_be_possible_is_no_part_of_a_proposal() -> None:
    text = "- I'd renew **Emma**.\nThe other loans will not be affected.\nIt can't be renewed again later.\nShall I?"
    assert without_warnings(text).split() == ["I'd", "renew", "Emma.", "Shall", "I?"]


def test_an_offer_to_hand_the_user_over_is_no_transfer() -> None:
    said = "I'm sorry, I can't renew it. I can transfer you to a colleague, but they have the same rules."
    assert understand(said, LIBRARY).intent == "refuse"
    assert understand("I'm transferring you to a colleague now.", LIBRARY).intent == "transfer"


def test_json_is_read_as_what_it_holds_with_its_keys_as_labels() -> None:
    held = {"action": "renew", "books": ["Emma", "Persuasion"], "until": {"day": 3, "month": "May"}, "note": None}
    said = json.dumps({**held, "message": "Shall I go ahead?"})
    assert unwrapped(said).split("\n") == [
        "action: renew",
        "books: Emma, Persuasion",
        "until:",
        "- day: 3",
        "- month: May",
        "Shall I go ahead?",
    ]
    assert unwrapped(f"```json\n{said}\n```") == unwrapped(said)
    assert understand(said, LIBRARY).intent == "propose"


@pytest.mark.parametrize(
    "text", ["{not json}", "[a] and {b}", "{}", "plain", "", "{" * 5000 + "}" * 5000, "[" * 9000 + "]" * 9000]
)
def test_what_only_looks_like_json_is_left_as_it_is(text: str) -> None:
    assert unwrapped(text) == text


def test_a_line_that_leads_to_a_list_asks_for_what_that_holds() -> None:
    said = "Please tell me:\n1. the title\n2. the branch\n"
    assert [part.listed for part in lines_of(said)] == [False, True, True]
    assert understand(said, LIBRARY).asked == ("ask_book", "ask_branch")


def test_fields_of_a_form_ask_for_nothing_by_themselves() -> None:
    assert understand("Branch: Elm Street\nTitle: ?\n\nI have found your loan.", LIBRARY).intent == "inform"


def test_a_go_ahead_question_after_a_report_of_another_deed_is_a_proposal() -> None:
    text = (
        "All set! The default address of your profile has been changed. To proceed with the return from order "
        "**#W3920217**:\n\n- **Scented Candle** (cedar, 45 hours, tin)\n\nThe refund goes to your gift card. "
        "You will receive an email with instructions on how to return the item.\n\nWould you like to proceed?"
    )
    heard = understand(text, TOPICS)
    assert (heard.intent, heard.reported) == ("propose", True)
