"""The forms of real models in which the shop's oracle can speak: true, complete, and understood by whoever reads."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pytest

from tests.users.checked_users import RETAIL, knowing, plain_tasks
from toolgym import Task, play
from toolgym.messages import STOP, Message
from toolgym.scripted.forms import FORMS
from toolgym_retail.customer.phrases import method_text
from toolgym_retail.facts import Facts, settled
from toolgym_retail.oracle import Oracle
from toolgym_retail.speech import method

ORACLE = RETAIL.agents["oracle"]
TASKS = plain_tasks(3)


class AsksBack:
    """Agrees at the third time only; what it hears is kept."""

    heard: list[str]

    def __init__(self, domain: object, task: Task, rng: np.random.Generator) -> None:
        self._knowing = knowing()(RETAIL, task, rng)
        self._said = 0
        self.heard = []

    def respond(self, view: Sequence[Message]) -> Message:
        """Its next message."""
        self._said += 1
        if self._said in (2, 3):
            return Message("user", "What would that be?" if self._said == 2 else "No, that is wrong.")
        if self._said == 5:
            return Message("user", f"Bye. {STOP}")
        answer = Message("user", "Yes, please go ahead.") if self._said == 4 else self._knowing.respond(view)
        assert isinstance(answer, Message)
        return answer


def said(task: Task, form: str, user: object = None, asked_back: str = "short") -> list[str]:
    """What the oracle says in a form, without its greeting."""
    episode = play(RETAIL, task, ORACLE.bind(wording=form, asked_back=asked_back), user or knowing())  # type: ignore[arg-type]  # a spec bound to a form makes what a factory makes
    assert episode.grade is not None
    assert episode.grade.success, task.id
    return [one.content for one in episode.messages if one.role == "assistant" and one.content][1:]


@pytest.mark.parametrize("form", FORMS)
def test_a_proposal_says_all_that_is_written(form: str) -> None:
    for task in TASKS:
        facts = Facts.of(task)
        wish = settled(facts.requests[0])
        proposal = said(task, form)[0]
        wanted = [wish.order.id] if wish.order is not None else ["default address"]
        for item in wish.items if wish.kind in ("return", "exchange", "modify_items") else ():
            wanted += [item.product, ", ".join(item.options.values())]
            wanted += [", ".join(item.new_options.values())] if item.new_options else []
        wanted += [str(wish.address), wish.address.country] if wish.address is not None else []
        wanted += [wish.reason] if wish.kind == "cancel" and wish.reason else []
        wanted += [method(wish.payment, facts.methods)] if wish.payment is not None else []
        assert [text for text in wanted if text not in proposal] == [], (task.id, proposal)


@pytest.mark.parametrize("form", ["record", "wrapped"])
def test_forms_of_json_are_json_in_every_message(form: str) -> None:
    for task in TASKS[::3]:
        for text in said(task, form):
            assert isinstance(json.loads(text), dict), text


@pytest.mark.parametrize("form", FORMS)
def test_asked_back_it_puts_the_question_again_and_after_a_no_it_proposes_as_before(form: str) -> None:
    for task in TASKS[::3]:
        first, again, third, _ = said(task, form, AsksBack)
        assert len(again) < len(first)
        assert third == first


@pytest.mark.parametrize("form", FORMS)
def test_it_can_say_all_of_it_in_other_words_when_asked_back(form: str) -> None:
    for task in TASKS[::3]:
        wish = Facts.of(task).requests[0]
        first, again, third, _ = said(task, form, AsksBack, "full")
        named = wish.order.id if wish.order is not None else "default address"
        assert named in again
        assert again != first == third


def test_every_form_says_something_of_its_own() -> None:
    proposals = {form: said(TASKS[0], form)[0] for form in FORMS}
    assert len(set(proposals.values())) == len(FORMS) == 10
    assert tuple(FORMS) == Oracle.forms


def test_who_asks_back_at_a_first_wish_has_not_changed_its_mind() -> None:
    task, facts = next(
        (task, facts)
        for task in RETAIL.tasks["test"]
        if (facts := Facts.of(task)).requests[0].first is not None
        and facts.requests[0].kind == facts.requests[0].first.kind == "return"
        and len(facts.requests[0].items) < len(facts.requests[0].first.items)
    )
    first, later = facts.requests[0].first, facts.requests[0]
    assert first is not None
    assert first.order is not None
    assert first.payment is not None
    both, one = ([item.product for item in wish.items] for wish in (first, later))
    told = [facts.email, facts.first_name, facts.last_name, facts.zip, first.order.id, *both]
    lines = [f"{', '.join(told)}, {method_text(first.payment, facts)}.", "That's all for this order."]
    lines += [f"Sorry, just the {one[0]} after all.", f"Bye. {STOP}"]

    class Hesitates:
        def __init__(self, domain: object, task: Task, rng: np.random.Generator) -> None:
            self._lines = iter(lines)

        def respond(self, view: Sequence[Message]) -> Message:
            return Message("user", next(self._lines))

    episode = play(RETAIL, task, ORACLE.bind(wording="arrows"), Hesitates)
    proposal, again, changed = [m.content or "" for m in episode.messages if m.role == "assistant" and m.content][1:4]
    assert again == "Would you like me to proceed with the return?"
    assert both[1] in proposal
    assert both[1] not in changed
    assert one[0] in changed
