"""The oracle of retail: it knows the answer, and still gets there by talking."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
from retail_agents import Enumerator, Mute, Style

from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.language.consent import says_yes
from toolgym.language.text import texts_in
from toolgym.messages import Message
from toolgym.rollouts import play
from toolgym.scripted.speech import WORDINGS
from toolgym.tasks import Task
from toolgym.tools import Effect
from toolgym_retail.facts import Request
from toolgym_retail.oracle import Oracle

KINDS_OF_CLUE = ("order by clue",)


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def episodes(domain: Domain, wording: str, split: str = "test") -> Iterator[Episode]:
    for task in domain.tasks[split]:
        yield play(domain, task, partial(Oracle, wording=wording), make_user("scripted"))


def unfounded(messages: tuple[Message, ...]) -> list[tuple[str, str]]:
    """Arguments of calls that neither the customer said nor a tool returned before; a cancellation's reason aside.

    Of a sum each number counts, as JSON writes it.
    """
    known, found = "", []
    for message in messages:
        for call in message.tool_calls:
            for name, value in call.arguments.items():
                if name == "reason":
                    continue
                if name == "expression":
                    value = [str(float(number)) for number in str(value).split(" + ")]
                found += [(call.name, text) for text in texts_in(value) if text.lower() not in known]
        if message.role in ("user", "tool"):
            known += " " + (message.content or "").lower()
    return found


def unconfirmed(messages: tuple[Message, ...], writes: set[str]) -> list[str]:
    """Writes that did not follow a proposal that names what they change, and a clear yes to it."""
    found = []
    for place, message in enumerate(messages):
        for call in message.tool_calls:
            if call.name not in writes:
                continue
            answer, proposed = messages[place - 1], messages[place - 2].content or ""
            named = [
                text for name in ("order_id", "address1", "reason") for text in texts_in(call.arguments.get(name, ()))
            ]
            fine = answer.role == "user" and says_yes(answer.content or "") and all(text in proposed for text in named)
            if not fine:
                found.append(call.name)
    return found


@pytest.mark.parametrize("wording", WORDINGS)
def test_the_oracle_scores_100_in_every_wording(retail: Domain, wording: str) -> None:
    lost = [episode.task.id for episode in episodes(retail, wording) if not episode.grade.success]
    assert lost == []


@pytest.mark.parametrize("split", ["train", "validation", "dev"])
def test_the_oracle_solves_every_embedded_task(retail: Domain, split: str) -> None:
    played = [play(retail, task, make_agent("oracle"), make_user("scripted")) for task in retail.tasks[split]]
    assert [episode.task.id for episode in played if not episode.grade.success] == []


@pytest.mark.parametrize("wording", WORDINGS)
def test_every_identifier_was_said_by_the_customer_or_returned_by_a_tool_before(retail: Domain, wording: str) -> None:
    exceptions = {}
    for episode in episodes(retail, wording):
        if found := unfounded(tuple(episode.messages)):
            exceptions[episode.task.id] = found
    assert exceptions == {}


@pytest.mark.parametrize("wording", WORDINGS)
def test_every_write_is_proposed_and_confirmed_first(retail: Domain, wording: str) -> None:
    tools = retail.toolkits["assistant"].tools
    writes = {name for name, tool in tools.items() if tool.effect is Effect.WRITE}
    made, exceptions = 0, {}
    for episode in episodes(retail, wording):
        made += sum(call.name in writes for message in episode.messages for call in message.tool_calls)
        if found := unconfirmed(tuple(episode.messages), writes):
            exceptions[episode.task.id] = found
    assert made > 200
    assert exceptions == {}


def test_the_two_checks_notice_an_oracle_that_only_plays_the_gold(retail: Domain) -> None:
    from toolgym.agents.oracle import GoldPlayer

    writes = {name for name, tool in retail.toolkits["assistant"].tools.items() if tool.effect is Effect.WRITE}
    played = [play(retail, task, GoldPlayer, make_user("scripted")) for task in retail.tasks["test"][:20]]
    assert all(unfounded(tuple(episode.messages)) for episode in played)
    assert all(unconfirmed(tuple(episode.messages), writes) for episode in played if episode.prepared.gold_diff)


def test_with_a_mute_customer_the_oracle_scores_below_20(retail: Domain) -> None:
    solved = [bool(play(retail, task, make_agent("oracle"), Mute).grade.success) for task in retail.tasks["test"]]
    assert 100 * sum(solved) / len(solved) < 20


def vague(domain: Domain) -> list[Task]:
    """The tasks in which the customer knows an order by a clue alone, among several that it could be."""
    return [
        task for task in domain.tasks if task.provenance is not None and task.provenance.difficulties == KINDS_OF_CLUE
    ]


@pytest.mark.parametrize(
    "style", ["number", "item", "contents", "clue", "proposal", "full proposal", "long proposal", "listed proposal"]
)
def test_asking_about_one_candidate_after_the_other_solves_less_than_one_in_twenty_ambiguous_tasks(
    retail: Domain, style: Style
) -> None:
    tasks = vague(retail)
    assert len(tasks) >= 60
    solved = [play(retail, task, partial(Enumerator, style=style), make_user("scripted")) for task in tasks]
    assert sum(bool(episode.grade.success) for episode in solved) < 0.05 * len(tasks)


def test_the_same_seed_gives_the_same_dialogue_and_another_trial_other_words(retail: Domain) -> None:
    task = retail.tasks["test"][0]
    once, again, other = (
        play(retail, task, make_agent("oracle"), make_user("scripted"), seed=3, trial=trial) for trial in (1, 1, 2)
    )
    assert list(once.messages) == list(again.messages)
    assert list(once.messages) != list(other.messages)


def test_a_customers_first_line_is_the_same_in_every_trial(retail: Domain) -> None:
    for task in retail.tasks["test"][:40]:
        lines = {
            play(retail, task, make_agent("no-op"), make_user("scripted"), seed=trial, trial=trial).messages[1].content
            for trial in range(3)
        }
        assert len(lines) == 1


@pytest.mark.parametrize(
    ("text", "consent"),
    [
        ("Yes, please go ahead.", True),
        ("Right, do it.", True),
        ("No, that's not right. It's the Visa.", False),
        ("Actually, wait. I'd rather keep it.", False),
        ("Is that the one with the vase?", False),
        ("", False),
    ],
)
def test_only_a_clear_yes_is_consent(text: str, consent: bool) -> None:
    assert says_yes(text) is consent


def test_it_opens_no_order_after_the_one_that_a_clue_fits(retail: Domain) -> None:
    followed = 0
    for task in retail.tasks["dev"]:
        wishes = task.facts["requests"] if task.facts else []
        if len(wishes) != 1 or wishes[0].get("order", {}).get("known", True):
            continue
        episode = play(retail, task, partial(Oracle, wording="plain"), make_user("scripted"))
        calls = [call for message in episode.messages for call in message.tool_calls]
        opened = [call.arguments["order_id"] for call in calls if call.name == "get_order_details"]
        assert opened[-1] == wishes[0]["order"]["id"]
        assert len(set(opened)) == len(opened)
        followed += 1
    assert followed > 10


@pytest.mark.parametrize(
    ("question", "answer", "said"),
    [
        ("the total of order #W1234567", "133.91", "In total 133.91."),
        ("the tracking number of order #W1234567", "578547341926", "It has the number 578547341926."),
        ("how much money is left on my gift card", "50.00", "It holds 50.00."),
        ("what I paid for the Yoga Mat in order #W1234567", "21.10", "For the Yoga Mat 21.10."),
        ("whether the shop is open", "yes", "yes."),
    ],
)
def test_an_answer_in_few_words_says_what_its_figure_is(retail: Domain, question: str, answer: str, said: str) -> None:
    task = next(task for task in retail.tasks["dev"] if task.facts)
    oracle = Oracle(retail, task, np.random.default_rng(0), wording="terse")
    assert oracle.told(Request(kind="question", question=question, answer=answer), answer) == said
    plain = Oracle(retail, task, np.random.default_rng(0), wording="plain")
    assert answer in plain.told(Request(kind="question", question=question, answer=answer), answer) != said


@pytest.mark.parametrize(
    ("kind", "question"),
    [
        ("cancel", "Which order to cancel? Number?"),
        ("return", "Which order to return from? Number?"),
        ("question", "Which order to look up? Number?"),
    ],
)
def test_a_question_for_an_order_in_few_words_says_what_it_is_for(retail: Domain, kind: str, question: str) -> None:
    oracle = Oracle(retail, retail.tasks["dev"][0], np.random.default_rng(0), wording="terse")
    assert oracle.which_order(Request(kind=kind)) == question
    plain = Oracle(retail, retail.tasks["dev"][0], np.random.default_rng(0), wording="plain")
    assert "cancel" not in plain.which_order(Request(kind=kind))
