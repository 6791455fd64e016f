"""The scripted customer: what it understands, what it confirms, and what it never does.

The utterances in ``retail_speech`` were written without knowledge of the customer's lexicon, in several styles:
terse, plain, verbose, markdown, formal, casual, non-native, and a model's.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym import make_domain
from toolgym.domain import Domain
from toolgym.errors import TaskError
from toolgym.language.consent import asks_for_consent, says_yes
from toolgym.language.speech_acts import ACTS
from toolgym.messages import STOP, TRANSFER, Message, is_stop
from toolgym.scripted.agreement import Agreement
from toolgym.scripted.speech import WORDINGS
from toolgym.tasks import Task
from toolgym_retail import speech
from toolgym_retail.customer import Customer
from toolgym_retail.customer.judgements import compare
from toolgym_retail.customer.topics import TOPICS, understand
from toolgym_retail.facts import Facts, OrderRef, Request

SPEECH = Path(__file__).parent / "retail_speech"
GREETING = Message("assistant", "Hello! What can I do for you today?")


@cache
def cards() -> dict[str, Task]:
    """One task for each situation in which the utterances are said."""
    found: dict[str, Task] = {}
    for name, card in json.loads((SPEECH / "cards.json").read_text(encoding="utf-8")).items():
        facts = {**card["facts"], "detail": "full"}
        found[name] = Task(id=name, user_scenario={"instructions": card["story"]}, facts=facts)  # type: ignore[arg-type]
    return found


@cache
def utterances() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (SPEECH / "utterances.jsonl").read_text(encoding="utf-8").splitlines()]


def customer(task: Task, seed: int = 0) -> Customer:
    return Customer(make_domain("retail"), task, np.random.default_rng(seed))


class Talk:
    """A talk with a customer, line by line."""

    def __init__(self, task: Task, seed: int = 0) -> None:
        self.customer = customer(task, seed)
        self.view: list[Message] = [Message("system", "…"), GREETING]
        self.opening = self._answer()

    def _answer(self) -> str:
        message = self.customer.respond(tuple(self.view))
        self.view.append(message)
        return message.content or ""

    def say(self, text: str) -> str:
        self.view.append(Message("assistant", text))
        return self._answer()


def test_the_set_has_300_utterances_of_every_intent_in_several_styles() -> None:
    intents = Counter(row["intent"] for row in utterances())
    assert len(utterances()) >= 300
    assert set(intents) == {*ACTS, *TOPICS.names}
    assert len({row["style"] for row in utterances()}) >= 5
    verdicts = Counter(row["verdict"] for row in utterances() if row["intent"] == "propose")
    assert min(verdicts["right"], verdicts["wrong"]) >= 100


def test_at_least_95_percent_of_the_intents_are_understood() -> None:
    missed = [row for row in utterances() if understand(row["text"]).intent != row["intent"]]
    assert len(missed) <= 0.05 * len(utterances()), [(row["intent"], row["text"][:60]) for row in missed]


@pytest.mark.parametrize("style", sorted({row["style"] for row in utterances()}))
def test_no_style_is_understood_much_worse_than_the_others(style: str) -> None:
    rows = [row for row in utterances() if row["style"] == style]
    missed = [row for row in rows if understand(row["text"]).intent != row["intent"]]
    assert len(missed) <= 0.1 * len(rows), [(row["intent"], row["text"][:60]) for row in missed]


def test_an_ok_that_only_takes_note_answers_no_question_for_consent() -> None:
    taken_note = [
        (one["text"], reply)
        for one in utterances()
        if understand(one["text"]).intent not in ("propose", "check", "ask_all")
        for seed in range(6)
        if says_yes(reply := Talk(cards()[one["card"]], seed).say(one["text"]))
    ]
    assert taken_note
    assert [one for one in taken_note if asks_for_consent(one[0])] == []


def proposals(verdict: str) -> list[tuple[dict[str, Any], str]]:
    """The proposals of a verdict, each with what the customer of its card answers."""
    rows = [row for row in utterances() if row["intent"] == "propose" and row["verdict"] == verdict]
    return [(row, Talk(cards()[row["card"]]).say(row["text"])) for row in rows]


def test_no_wrong_proposal_is_confirmed() -> None:
    answered = proposals("wrong")
    assert [(row["card"], row["text"], reply) for row, reply in answered if says_yes(reply)] == []


def test_right_proposals_are_confirmed() -> None:
    """Not all: whoever knows an order by a clue alone wants to hear the clue, and some are too winding to follow."""
    answered = proposals("right")
    lost = [(row["card"], row["text"][:90], reply) for row, reply in answered if not says_yes(reply)]
    assert len(lost) <= 0.1 * len(answered), lost


def test_a_customer_that_compares_nothing_would_confirm_wrong_proposals(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = Agreement((), frozenset({"kind", "order", "clue", "items", "options", "payment", "address"}))
    monkeypatch.setattr("toolgym_retail.customer.judgements.compare", lambda text, request, facts: everything)
    answered = proposals("wrong")
    assert sum(says_yes(reply) for _, reply in answered) > 0.8 * len(answered)


# What it says and when

RETURN = (
    "I will return the Hiking Boots and the Travel Mug of order #W4411207, refund to your PayPal. Shall I go ahead?"
)
WRONG = RETURN.replace("PayPal", "gift card")


def brief(card: str, **facts: Any) -> Task:
    """A card's task whose customer names no particulars of its own accord."""
    task = cards()[card]
    return task.model_copy(update={"facts": {**(task.facts or {}), "detail": "brief", **facts}})


@pytest.mark.parametrize(
    ("card", "question", "answer"),
    [
        ("return", "What is your e-mail address?", "nadia.okoro4410@example.com"),
        ("return", "Which order is it?", "#W4411207"),
        ("return", "Which items would you like to return?", "Hiking Boots"),
        ("return", "Where should the refund go?", "PayPal"),
        ("exchange", "Which color would you like instead?", "white"),
        ("cancel", "May I ask why you want to cancel?", "need it"),
        ("move", "What is the new address?", "77 Quarry Road"),
        ("cancel", "Your full name and zip code, please?", "Nadia Okoro"),
    ],
)
def test_it_answers_what_it_is_asked_and_nothing_more(card: str, question: str, answer: str) -> None:
    talk = Talk(brief(card))
    reply = talk.say(question)
    assert answer.lower() in reply.lower()
    told = talk.opening.lower() + reply.lower()
    others = {"nadia.okoro4410@example.com", "#w4411207", "paypal", "77 quarry road", "#w4410388", "97214"}
    assert {other for other in others if other in told} <= {answer.lower(), "97214"}


def test_what_it_does_not_remember_it_does_not_invent() -> None:
    talk = Talk(brief("cancel"))
    reply = talk.say("What is your e-mail address?")
    assert "@" not in reply
    reply = Talk(brief("vague")).say("What is the order number?")
    assert "#W" not in reply
    assert "vase" in reply.lower()


def test_a_wrong_proposal_is_corrected_twice_and_the_third_ends_the_talk() -> None:
    talk = Talk(cards()["return"])
    first, second, third = talk.say(WRONG), talk.say(WRONG), talk.say(WRONG)
    for reply in (first, second):
        assert "PayPal" in reply
        assert not is_stop(reply)
    assert STOP in third


def test_after_a_correction_it_still_confirms_what_is_right() -> None:
    talk = Talk(cards()["return"])
    talk.say(WRONG)
    assert says_yes(talk.say(RETURN))
    assert STOP in talk.say("Done, the return is requested. Is there anything else?")


def test_it_does_not_leave_before_what_it_wants_was_reported() -> None:
    talk = Talk(cards()["return"])
    reply = talk.say("Is there anything else I can do for you?")
    assert not is_stop(reply)
    assert "boots" in reply.lower()


def test_requests_that_it_has_not_named_yet_follow_when_the_first_is_done() -> None:
    talk = Talk(brief("two", upfront=1))
    assert "boots" not in talk.opening.lower()
    talk.say("I will cancel order #W4410388, since it was ordered by mistake. OK?")
    reply = talk.say("Your order has been cancelled. Anything else?")
    assert "boots" in reply.lower()
    assert not is_stop(reply)


def test_a_number_that_it_does_not_know_proves_nothing() -> None:
    for number in ("#W4419950", "#W4410021"):
        reply = Talk(cards()["vague"]).say(f"Do you mean order {number}?")
        assert not says_yes(reply)
        assert "vase" in reply.lower()
    proposal = "I will return the Desk Lamp from order #W4419950, refund to your gift card. Shall I go ahead?"
    talk = Talk(cards()["vague"])
    assert not says_yes(talk.say(proposal))
    assert says_yes(talk.say("It is the one that came with the vase. " + proposal))


def test_it_changes_its_mind_when_the_first_wish_is_proposed() -> None:
    task = cards()["return"]
    facts = json.loads(json.dumps(task.facts))
    request = facts["requests"][0]
    first = {**request, "payment": facts["methods"][2]}
    facts["requests"] = [{**request, "first": first}]
    talk = Talk(task.model_copy(update={"facts": facts}))
    assert not says_yes(talk.say(RETURN))  # that is not what it wants yet
    reply = talk.say(WRONG)
    assert not says_yes(reply)
    assert "paypal" in reply.lower()
    assert says_yes(talk.say(RETURN))


def test_it_insists_once_on_what_is_refused_and_then_gives_in() -> None:
    talk = Talk(cards()["cancel"])
    refusal = "I'm sorry, but I can't cancel this order."
    assert not is_stop(talk.say(refusal))
    assert STOP in talk.say(refusal)


def test_it_takes_the_alternative_when_its_wish_is_sold_out() -> None:
    task = cards()["exchange"]
    facts = json.loads(json.dumps(task.facts))
    request = facts["requests"][0]
    brass = json.loads(json.dumps(request))
    brass["items"][0] |= {
        "new_item_id": "3104400999",
        "new_options": {**brass["items"][0]["options"], "color": "brass"},
    }
    facts["requests"] = [{**request, "otherwise": brass}]
    talk = Talk(task.model_copy(update={"facts": facts}))
    assert "brass" not in talk.opening
    assert "brass" in talk.say("Unfortunately, the white one is out of stock.")


BOTH = (
    "I'll cancel order #W4410388 as ordered by mistake, and return the Hiking Boots to your PayPal. Shall I go ahead?"
)
SHIP = "I'll ship order #W4410388 to {}. OK?"


@pytest.mark.parametrize(
    ("card", "text"),
    [
        (
            "return",
            "Unfortunately I can't return the Hiking Boots. I can return the Travel Mug to your PayPal. Shall I?",
        ),
        ("return", "I'll return the Hiking Boots, the Travel Mug and the Knit Sweater to your PayPal. OK?"),
        ("return", "I'll return two Hiking Boots and three Travel Mugs to your PayPal. OK?"),
        ("return", RETURN.replace("your PayPal", "your PayPal, minus a 20% restocking fee")),
        ("return", RETURN.replace("your PayPal", "you as store credit instead of PayPal")),
        ("return", RETURN.replace("Shall", "I'll also change your default address to 5 Oak Street. Shall")),
        ("move", "I'll change your default address and all pending orders to 77 Quarry Road, Boise, ID 83702. OK?"),
        ("cancel", "I'll cancel order #W4410388, reason: found cheaper elsewhere. OK?"),
        ("cancel", "Rather than cancelling #W4410388 I'd put it on hold for you. OK?"),
        ("ship_to", SHIP.format("418 Alder Street, Boise, ID 83702")),
        ("ship_to", SHIP.format("77 Quarry Rd, Apt 9, Boise, ID 83702")),
        ("ship_to", SHIP.format("77 Quarry Road, Nampa")),
        ("ship_to", SHIP.format("77 Quarry Road, Nampa, ID 83702")),
        ("exchange", "I'd take the lamp back and refund it to your gift card, so you can buy the white one. OK?"),
    ],
)
def test_what_goes_beyond_its_wish_is_objected_to(card: str, text: str) -> None:
    assert not says_yes(Talk(cards()[card]).say(text))


SHOP = {"Robot Vacuum": ("sensor", ("camera", "laser")), "Tower Fan": ("controls", ("touch panel", "remote"))}
SHOP |= {"Standing Desk": ("drive", ("electric", "hand crank")), "Soundbar": ("link", ("wireless", "cable"))}


def owner(product: str, *others: str) -> Task:
    """A customer who returns a product, described by one of its options, and also has others."""
    axis, values = SHOP[product]
    item = {"item_id": "6953341070", "product": product, "options": {axis: values[0]}, "axes": {axis: values}}
    facts = dict(cards()["return"].facts or {})
    (request,) = facts["requests"]
    order = {"id": "#W4411207", "known": True}
    return cards()["return"].model_copy(
        update={
            "facts": {
                **facts,
                "requests": [{**request, "items": [item], "order": order}],
                "orders": {"#W4411207": [product], "#W4410388": list(others)},
            }
        }
    )


RETURNED = "I will return the {} of order #W4411207, refund to your PayPal. Shall I go ahead?"


@pytest.mark.parametrize(
    ("product", "other"),
    [
        ("Tower Fan", "Curtain Panels"),
        ("Robot Vacuum", "Mirrorless Camera"),
        ("Standing Desk", "Electric Bike"),
        ("Soundbar", "Wireless Earbuds"),
    ],
)
def test_a_word_that_describes_what_it_wants_is_no_other_thing_that_it_has(product: str, other: str) -> None:
    value = SHOP[product][1][0]
    task = owner(product, other)
    assert says_yes(Talk(task).say(RETURNED.format(f"{product} ({value})")))
    for wrong in (f"{product} ({value}) and the {other}", f"{other}", f"{product} ({SHOP[product][1][1]})"):
        assert not says_yes(Talk(task).say(RETURNED.format(wrong))), wrong


@pytest.mark.parametrize(
    "street", ["77 Quarry Road, Boise, ID 83702", "77 Quarry Rd., Boise, ID 83702", "77 Quarry Rd"]
)
def test_an_address_may_be_abbreviated(street: str) -> None:
    assert says_yes(Talk(cards()["ship_to"]).say(SHIP.format(street)))


@pytest.mark.parametrize(
    ("report", "left"),
    [
        ("I've cancelled it. For the return, which card should the refund go to?", "PayPal"),
        ("I've cancelled #W4410388. However, I was unable to return the boots. Is there anything else?", "Boots"),
        ("I've cancelled order #W4410388. Anything else?", "Boots"),
    ],
)
def test_of_two_requests_only_the_one_that_is_reported_is_settled(report: str, left: str) -> None:
    talk = Talk(cards()["two"])
    assert says_yes(talk.say(BOTH))
    reply = talk.say(report)
    assert not is_stop(reply)
    assert left in reply


def test_what_is_announced_is_waited_for() -> None:
    talk = Talk(cards()["two"])
    talk.say(BOTH)
    assert not is_stop(talk.say("I have cancelled order #W4410388. Now I will take care of the rest."))
    assert is_stop(talk.say("The return of the Hiking Boots has been requested. Anything else?"))


def test_what_is_refused_beside_an_offer_is_brought_up_again() -> None:
    talk = Talk(cards()["two"])
    assert says_yes(
        talk.say("I can't cancel #W4410388. I can return the Hiking Boots to your PayPal. Shall I proceed?")
    )
    reply = talk.say("The return of the Hiking Boots is requested. Anything else?")
    assert not is_stop(reply)
    assert "#W4410388" in reply


@pytest.mark.parametrize(
    ("card", "text", "answer"),
    [
        ("return", "Should I refund the original payment method or one of your gift cards?", "PayPal"),
        ("exchange", "Do you want to use your gift card or a credit card for the price difference?", "gift card"),
        ("return", "I couldn't find an account with that information. Please check the spelling.", "okoro"),
        ("return", "I'm not going to transfer you to a human agent, I can help. What's your email?", "okoro"),
    ],
)
def test_such_questions_are_answered_and_cost_no_patience(card: str, text: str, answer: str) -> None:
    talk = Talk(cards()[card])
    for _ in range(4):
        assert answer.lower() in talk.say(text).lower()


@pytest.mark.parametrize(
    "text",
    [
        "Thank you. Your identity has been verified and your account details have been confirmed.",
        "I see order #W4410388 has been placed and is still pending.",
        "Please note that this action cannot be undone.",
        "Please confirm that you have listed all the items you want to change, as this can only be done once.",
    ],
)
def test_what_is_only_stated_is_neither_objected_to_nor_the_end(text: str) -> None:
    talk = Talk(cards()["cancel"])
    for _ in range(3):
        assert not is_stop(talk.say(text))
    assert says_yes(talk.say("I'll cancel order #W4410388, as it is no longer needed. OK?"))


def test_a_figure_about_something_else_answers_no_question() -> None:
    question = {"kind": "question", "question": "what I paid for the Travel Mug in order #W4411207", "answer": "29.40"}
    task = cards()["cancel"]
    facts = {**(task.facts or {}), "upfront": 2, "requests": [*(task.facts or {})["requests"], question]}
    talk = Talk(task.model_copy(update={"facts": facts}))
    talk.say("I'll cancel order #W4410388, as it is no longer needed. OK?")
    reply = talk.say("It's done. $45.10 will go back to your original payment method within 5 days.")
    assert not is_stop(reply)
    assert is_stop(talk.say("You paid $29.40 for the Travel Mug. Anything else?"))


def test_a_transfer_ends_the_talk() -> None:
    assert TRANSFER in Talk(cards()["return"]).say("YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.")


def test_whoever_only_keeps_it_waiting_loses_it() -> None:
    talk = Talk(cards()["return"])
    replies = [talk.say("One moment, please.") for _ in range(12)]
    assert any(is_stop(reply) for reply in replies)


def test_what_was_done_without_asking_and_wrongly_is_objected_to() -> None:
    reply = Talk(cards()["cancel"]).say("I have cancelled order #W4410021 for you.")
    assert not is_stop(reply)
    assert not says_yes(reply)
    assert "#W4410388" in reply


@pytest.mark.parametrize("card", sorted(cards()))
def test_the_opening_depends_on_the_task_alone(card: str) -> None:
    assert len({Talk(cards()[card], seed).opening for seed in range(5)}) == 1


def test_later_wording_varies_with_the_seed() -> None:
    replies = {Talk(cards()["return"], seed).say(RETURN) for seed in range(20)}
    assert len(replies) > 5


@given(st.text(max_size=300))
def test_whatever_it_hears_it_answers_something(text: str) -> None:
    talk = Talk(cards()["vague"])
    for _ in range(3):
        reply = talk.say(text)
        assert reply.strip()
        assert not says_yes(reply) or "vase" in text.lower()
        if is_stop(reply):
            break


@given(st.lists(st.sampled_from([row["text"] for row in utterances()]), min_size=1, max_size=8))
def test_any_sequence_of_utterances_gives_the_same_answers_for_the_same_seed(texts: list[str]) -> None:
    one, other = Talk(cards()["two"], 1), Talk(cards()["two"], 1)
    for text in texts:
        reply = one.say(text)
        assert reply == other.say(text)
        if is_stop(reply):
            break


def test_a_task_without_facts_is_refused_with_what_to_do() -> None:
    bare = cards()["return"].model_copy(update={"facts": None})
    with pytest.raises(TaskError, match="user='minimal'"):
        customer(bare)


@pytest.mark.parametrize(("name", "value"), [("mood", "sad"), ("requests", []), ("upfront", 0), ("manner", "shy")])
def test_facts_that_do_not_fit_are_refused(name: str, value: object) -> None:
    bad = cards()["return"].model_copy(update={"facts": {**(cards()["return"].facts or {}), name: value}})
    with pytest.raises(TaskError, match=name):
        customer(bad)


# Every wrong proposal that the oracle's words can make


def altered(domain: Domain, task: Task, request: Request) -> Iterator[tuple[str, Request]]:
    """A request with one detail off: every other variant, order, payment method, reason and address."""
    world, facts = domain.worlds.get(task.world), Facts.of(task)
    for method in facts.methods:
        if request.payment is not None and method.id != request.payment.id:
            yield "payment", request.model_copy(update={"payment": method})
    for order_id in facts.orders:
        if request.order is not None and request.order.known and order_id != request.order.id:
            yield "order", request.model_copy(update={"order": OrderRef(id=order_id)})
    for item in request.items:
        if item.new_item_id is None or request.order is None:
            continue
        order = world.record("assistant", "orders", request.order.id) or {}
        product_id = next(unit["product_id"] for unit in order["items"] if unit["item_id"] == item.item_id)
        for variant in (world.record("assistant", "products", product_id) or {})["variants"].values():
            if variant["item_id"] not in (item.item_id, item.new_item_id):
                new = item.model_copy(
                    update={"new_item_id": variant["item_id"], "new_options": dict(variant["options"])}
                )
                items = tuple(new if one is item else one for one in request.items)
                yield "options", request.model_copy(update={"items": items})
    if request.reason is not None:
        other = {"no longer needed": "ordered by mistake", "ordered by mistake": "no longer needed"}[request.reason]
        yield "reason", request.model_copy(update={"reason": other})
    if request.address is not None:
        for part, value in (("address1", "12 Elsewhere Road"), ("city", "Nowhere"), ("zip", "00501"), ("state", "ZZ")):
            place = request.address.model_copy(update={part: value})
            yield "address", request.model_copy(update={"address": place})


@pytest.mark.parametrize("wording", WORDINGS)
def test_a_proposal_with_any_one_detail_off_is_contradicted_and_the_right_one_is_not(wording: str) -> None:
    domain = make_domain("retail")
    passed, refused, tried = [], [], Counter[str]()
    for task in domain.tasks["dev"]:
        facts = Facts.of(task)
        for request in facts.requests:
            if request.kind == "question":
                continue
            if compare(
                speech.SPEECH.proposal(wording, speech.details(request, facts.methods, 1.0)), request, facts
            ).wrong:
                refused.append((task.id, request.kind))
            for detail, wrong in altered(domain, task, request):
                tried[detail] += 1
                text = speech.SPEECH.proposal(wording, speech.details(wrong, facts.methods, 1.0))
                if not compare(text, request, facts).wrong:
                    passed.append((task.id, detail, text))
    assert min(tried.values()) >= 20
    assert refused == []
    assert passed == []
