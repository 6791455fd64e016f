"""How the customers of retail sound: the dialogues of docs/dialogues.md, and the phrases that they are made of."""

from __future__ import annotations

import os
import re
import string
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolgym import make_agent, make_domain, make_user
from toolgym.display.render import transcript
from toolgym.domain import Domain
from toolgym.language.consent import says_yes
from toolgym.messages import STOP, TRANSFER, Message
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym_retail.customer.phrases import PHRASES

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "dialogues.md"

HEADING = re.compile(r"^## (?P<number>\d+)\. (?P<task>[\w-]+), (?P<agent>[\w-]+), trial (?P<trial>\d+)$", re.MULTILINE)
BLOCK = re.compile(r"^```text\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
WIDTH = 100
"""A tool's result is cut to so many characters on the page."""
MOST = 0.05
"""So much of all the customers' turns may hold one and the same sentence, names and numbers aside."""
TRIALS = 4

SLOTS: Mapping[str, set[str]] = {
    "name_zip": {"name", "zip"},
    "name": {"name"},
    "zip": {"zip"},
    "email": {"email"},
    "order": {"order"},
    "clue": {"clue"},
    "is_it_clue": {"clue"},
    "items": {"items"},
    "options": {"options"},
    "payment": {"payment"},
    "reason": {"excuse"},
    "address": {"address"},
}
"""What the customer fills in, by act; the acts that are not named fill in nothing."""
ASKED: Mapping[str, set[str]] = {
    "cancel": {"order", "reason"},
    "return": {"items", "order", "payment"},
    "exchange": {"items", "order", "options", "payment"},
    "modify_items": {"items", "order", "options", "payment"},
    "modify_address": {"order", "address"},
    "modify_payment": {"order", "payment"},
    "user_address": {"address"},
    "question": {"question"},
}
"""The same for how a request is brought up."""
FILLED = {
    "name": "Ann Lee",
    "zip": "10001",
    "email": "ann.lee@example.com",
    "order": "#W1234567",
    "clue": "the order with the Vase",
    "items": "the Lamp",
    "options": "the brass one",
    "payment": "my gift card",
    "excuse": "I no longer need it",
    "address": "1 Main Street, Austin, TX 78701",
}
AFFIRMS = {"yes", "right"}
"""The acts that say yes: to a proposal, and to a question such as whether that is the order."""
NOTES = {"hello", "heard", "hold", "thanks", "too_bad", "wait"}
"""The acts that take note of what was told: "OK." is a yes to a proposal, and they answer none."""
OBJECTS = ("no", "change_mind", "not_asked", "only_me")
"""The acts that object; what is said after them must not turn them into a yes."""


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


# The page


def played(domain: Domain, task: str, agent: str, trial: int) -> str:
    """The dialogue of a heading, as it is printed on the page."""
    episode = play(domain, domain.tasks.find(task), make_agent(agent), make_user("scripted"), trial=trial)
    return transcript(shortened(message) for message in episode.messages)


def shortened(message: Message) -> Message:
    """A message whose result, if it is a tool's, is one line of at most :data:`WIDTH` characters."""
    if message.role != "tool" or not message.content:
        return message
    text = re.sub(r"\s+", " ", message.content)
    return replace(message, content=text if len(text) <= WIDTH else text[: WIDTH - 1] + "…")


def sections(page: str) -> Iterator[tuple[re.Match[str], str]]:
    """The headings of the page, each with what stands below it."""
    found = list(HEADING.finditer(page))
    ends = [match.start() for match in found[1:]] + [len(page)]
    for match, end in zip(found, ends, strict=True):
        yield match, page[match.end() : end]


def dialogues() -> list[tuple[re.Match[str], str]]:
    return list(sections(PAGE.read_text(encoding="utf-8"))) if PAGE.exists() else []


def updated(domain: Domain, page: str) -> str:
    """The page with every dialogue as it is played today; the remarks stay."""
    parts, start = [], 0
    for heading, body in sections(page):
        block = BLOCK.search(body)
        assert block is not None, heading.group()
        text = played(domain, heading["task"], heading["agent"], int(heading["trial"]))
        parts += [page[start : heading.end()], body[: block.start("text")], text + "\n"]
        start = heading.end() + block.end("text")
    return "".join([*parts, page[start:]])


def test_every_dialogue_on_the_page_is_what_the_code_plays_today(retail: Domain) -> None:
    page = PAGE.read_text(encoding="utf-8")
    today = updated(retail, page)
    if os.environ.get("TOOLGYM_UPDATE_DIALOGUES") == "1":
        PAGE.write_text(today, encoding="utf-8")
        return
    changed = [
        heading.group()
        for (heading, body), (_, new) in zip(sections(page), sections(today), strict=True)
        if body != new
    ]
    assert changed == [], "set TOOLGYM_UPDATE_DIALOGUES=1 to write them anew, and read them"


def test_the_page_has_30_dialogues_with_remarks_and_every_kind_of_task(retail: Domain) -> None:
    found = dialogues()
    assert [int(heading["number"]) for heading, _ in found] == list(range(1, 31))
    assert Counter(heading["agent"] for heading, _ in found) == {"oracle": 24, "novice": 6}
    kinds = {kind(retail.tasks.find(heading["task"])) for heading, _ in found}
    assert kinds == {kind(task) for task in retail.tasks["test"]}
    for heading, body in found:
        block = BLOCK.search(body)
        assert block is not None
        assert body[: block.start()].strip(), f"{heading.group()}: nothing says what it is about"
        assert body[block.end() :].strip(), f"{heading.group()}: no remark"


def test_the_novices_on_the_page_make_faults(retail: Domain) -> None:
    for heading, _ in dialogues():
        if heading["agent"] == "novice":
            task = retail.tasks.find(heading["task"])
            trial = int(heading["trial"])
            assert play(retail, task, make_agent("novice"), make_user("scripted"), trial=trial).injected


def kind(task: Task) -> str:
    return task.provenance.kind if task.provenance is not None else ""


# How often the same is said


def entities(facts: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Everything in the facts of a task that a sentence is the same without, each with what stands for it."""
    for name in ("first_name", "last_name"):
        yield facts[name], "NAME"
    yield from ((facts["zip"], "ZIP"), (facts["email"], "EMAIL"))
    for method in facts.get("methods", ()):
        yield method["id"], "METHOD"
    for products in facts.get("orders", {}).values():
        yield from ((product, "PRODUCT") for product in products)
    for request in facts["requests"]:
        yield from _of_request(request)


def _of_request(request: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if request.get("address"):
        place = request["address"]
        unit = f", {place['address2']}" if place["address2"] else ""
        yield f"{place['address1']}{unit}, {place['city']}, {place['state']} {place['zip']}", "ADDRESS"
    for sign in (request.get("order") or {}).get("signs", ()):
        yield sign, "SIGN"
    for item in request.get("items", ()):
        yield item["product"], "PRODUCT"
        for values in item.get("axes", {}).values():
            yield from ((value, "VALUE") for value in values)
    for stage in ("first", "otherwise"):
        if request.get(stage):
            yield from _of_request(request[stage])


def skeletons(text: str, facts: Mapping[str, Any]) -> set[str]:
    """The sentences of a turn without the names and numbers in them."""
    for value, name in sorted(set(entities(facts)), key=lambda pair: -len(pair[0])):
        text = re.sub(rf"(?<![\w']){re.escape(value)}(?!\w)", name, text, flags=re.IGNORECASE)
    text = re.sub(r"#W\d+", "ORDER", text)
    text = re.sub(r"(?:Visa|Mastercard) ending in \d{4}|PayPal account|gift card(?: METHOD)?", "METHOD", text)
    text = re.sub(r"\d+(?:\.\d+)?", "NUMBER", text)
    text = re.sub(r"VALUE(?:, VALUE)+", "VALUE", text)
    parts = re.split(r"(?<=[.!?])\s+", text)
    return {bare for part in parts if (bare := re.sub(r"[.!?,:;]+$", "", part.lower()).strip())}


def shares(domain: Domain, tasks: Iterable[Task], trials: int) -> list[tuple[float, str]]:
    """In which part of all the customers' turns each sentence is said, the most frequent first."""
    turns, found = 0, Counter[str]()
    for task in tasks:
        assert task.facts is not None
        for trial in range(trials):
            episode = play(domain, task, make_agent("oracle"), make_user("scripted"), trial=trial)
            for message in episode.messages:
                if message.role == "user":
                    text = (message.content or "").replace(STOP, "").replace(TRANSFER, "").strip()
                    found.update(skeletons(text, task.facts))
                    turns += bool(text)
    return [(count / turns, sentence) for sentence, count in found.most_common()]


def test_no_sentence_is_said_in_more_than_5_percent_of_the_customers_turns(retail: Domain) -> None:
    ranked = shares(retail, retail.tasks["test"], TRIALS)
    print("\n".join(f"{share:.2%} {sentence}" for share, sentence in ranked[:10]))  # noqa: T201  # pytest -s shows it
    assert [(f"{share:.1%}", sentence) for share, sentence in ranked if share > MOST] == []


def test_names_and_numbers_do_not_make_two_sentences_of_one(retail: Domain) -> None:
    facts = {
        "first_name": "Ann",
        "last_name": "Lee",
        "zip": "10001",
        "email": "ann.lee@example.com",
        "methods": [{"id": "gift_card_1"}],
        "orders": {"#W1234567": ["Desk Lamp", "Vase"]},
        "requests": [{"items": [{"product": "Desk Lamp", "axes": {"color": ["brass", "red"], "size": ["S", "M"]}}]}],
    }
    assert skeletons("I'm Ann Lee, 10001.", facts) == {"i'm name name, zip"}
    assert skeletons("Swap the Desk Lamp for the brass, M one. Thanks!", facts) == {
        "swap the product for the value one",
        "thanks",
    }
    assert skeletons("It's #W7654321.", facts) == {"it's order"}
    assert skeletons("Use the gift card gift_card_1.", facts) == skeletons("Use the Visa ending in 1234!", facts)


# The phrases themselves


def said() -> list[tuple[str, str]]:
    """Every phrase of every act."""
    return [(act, phrase) for act, manners in PHRASES.say.items() for some in manners.values() for phrase in some]


def asked() -> list[tuple[str, str]]:
    return [(kind, phrase) for kind, phrases in PHRASES.ask.items() for phrase in phrases]


def fields(phrase: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(phrase) if field is not None}


def test_every_phrase_names_all_that_its_act_fills_in_and_nothing_else() -> None:
    assert [(act, phrase) for act, phrase in said() if fields(phrase) != SLOTS.get(act, set())] == []
    assert [(kind, phrase) for kind, phrase in asked() if fields(phrase) != ASKED[kind]] == []


def test_no_phrase_is_there_twice_or_badly_spaced_or_doubly_stopped() -> None:
    lists = [(act, some) for act, manners in PHRASES.say.items() for some in manners.values()]
    lists += list(PHRASES.ask.items())
    assert [act for act, some in lists if len(set(some)) < len(some)] == []
    bad = re.compile(r"^\s|\s$|\s{2}|\s[,.!?:;]|[.,:;]{2}|[!?][.,:;]")
    assert [phrase for _, phrase in said() + asked() if bad.search(phrase.replace("...", ""))] == []


def test_what_comes_before_a_request_lets_it_go_on_in_small_letters() -> None:
    leads = ("next", "still", "change_mind", "listen", "not_asked", "not_clear")
    assert [phrase for act, phrase in said() if act in leads and phrase.endswith((".", "!", "?"))] == []
    assert [phrase for _, phrase in asked() if re.match(r"(?!I\b)[A-Z]", phrase) or phrase.endswith((".", "?"))] == []


def test_an_answer_also_stands_after_the_no_of_a_correction() -> None:
    opens = re.compile(r"(?:sure|of course|happy to|no problem|yes|oh|hmm|here you go|got it)\b", re.IGNORECASE)
    assert [phrase for act, phrase in said() if act in SLOTS and opens.match(phrase)] == []


def test_every_yes_is_a_clear_consent() -> None:
    assert [phrase for act, phrase in said() if act == "yes" and not says_yes(phrase)] == []
    assert [phrase for act, phrase in said() if act == "yes" and "?" in phrase] == []


def test_nothing_else_that_a_customer_says_is_a_consent() -> None:
    phrases = [(act, phrase.format(**FILLED)) for act, phrase in said() if act not in AFFIRMS]
    assert [(act, phrase) for act, phrase in phrases if act not in NOTES and says_yes(phrase)] == []
    assert [(act, phrase) for act, phrase in phrases if says_yes(f"{phrase} My zip is 60601.")] == []


def test_an_objection_stays_one_whatever_detail_is_named_after_it() -> None:
    phrases = [phrase for act, phrase in said() if act in OBJECTS]
    assert [phrase for phrase in phrases if says_yes(f"{phrase} Please make it the right side one.")] == []
