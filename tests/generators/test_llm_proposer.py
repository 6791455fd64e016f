"""The proposer whose words are a model's: what it is told, what it may write, and what stays the template's."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from models.server import Answer, Request, Script, Server, completion, error

from toolgym import make_domain
from toolgym.certificates.stages import Context, check_facts
from toolgym.domain import Domain
from toolgym.errors import DataError, ServiceError, UnknownNameError
from toolgym.failures.report import FailureReport, Finding
from toolgym.generation import Injector
from toolgym.generators.llm import LLMProposer
from toolgym.generators.prose import Prose, complaints, secrets
from toolgym.generators.template import TemplateProposer
from toolgym.language.identify import language_of
from toolgym.models import ChatModel, ModelSettings
from toolgym.patterns import PATTERNS
from toolgym.prompts import own_text
from toolgym.proposal import Proposal, TaskRequest
from toolgym.registration import make_proposer
from toolgym.tasks import Provenance, Task
from toolgym.trajectory import Usage

PATTERN = "wrong_variant"
INJECTOR = Injector("near twins", PATTERN, "Two variants differ in one option.", "The blue one, I think.")
PARENT = FailureReport("e1", "t", "k", (Finding(PATTERN, 3, "the red one", "the blue one"),), 0)
REQUEST = TaskRequest("new-1", PATTERN, parents=(PARENT,))


class Injectors:
    """As much of a task generator as is asked here."""

    injectors = (INJECTOR,)


@pytest.fixture(scope="module")
def shop() -> Domain:
    return replace(make_domain("retail"), generator=Injectors())  # type: ignore[arg-type]  # as much of one as is asked


@pytest.fixture(scope="module")
def exchange(shop: Domain) -> Task:
    """A task in which an item is exchanged and a question is answered, so that there are ids and an answer to leak."""
    for task in shop.tasks["train"]:
        criteria = task.evaluation_criteria
        names = [action.name for action in task.gold]
        if "exchange_delivered_order_items" in names and criteria is not None and criteria.communicate_info:
            provenance = Provenance(generator="shop", difficulties=(INJECTOR.name,), pattern=PATTERN, parents=("e1",))
            return task.model_copy(update={"provenance": provenance})
    raise AssertionError("there is no such task")


class Template:
    """Proposes what it is given, and notes what it was asked."""

    def __init__(self, *proposals: Proposal) -> None:
        self.proposals = proposals
        self.asked: tuple[Any, ...] = ()
        self.taken = 0
        self.ended = False

    async def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        self.asked = (domain, requests, rng, disjoint_from)
        try:
            for proposal in self.proposals:
                self.taken += 1
                yield proposal
                await asyncio.sleep(0)
        finally:
            self.ended = True


def proposed(
    domain: Domain, proposals: Sequence[Proposal], *script: Script, **settings: Any
) -> tuple[list[Proposal], Server, Usage]:
    """What comes of proposals whose words a server writes."""

    async def collect(proposer: LLMProposer) -> list[Proposal]:
        requests = [proposal.request for proposal in proposals]
        return [found async for found in proposer.propose(domain, requests, np.random.default_rng(0))]

    with Server(*script) as server:
        model = ChatModel(ModelSettings(model="writer", base_url=server.url, attempts=1))
        proposer = LLMProposer(model, template=Template(*proposals), **settings)
        return asyncio.run(collect(proposer)), server, proposer.usage


def prose(task: Task) -> Prose:
    found = Prose.of(task)
    assert found is not None
    return found


def worded(task: Task, lead: str = "Well, you are not quite sure about it, but listen. ", tail: str = "") -> str:
    """An answer that keeps all that must be kept."""
    old = prose(task)
    return json.dumps(
        {"reason_for_call": lead + old.reason_for_call + tail, "task_instructions": old.task_instructions}
    )


def part(told: str, name: str) -> str:
    found = re.search(f"<{name}>\n(.*?)\n</{name}>", told, re.DOTALL)
    assert found is not None
    return found[1]


def test_the_words_are_the_models_and_all_else_is_the_templates(shop: Domain, exchange: Task) -> None:
    ((proposal,), _, usage) = proposed(shop, [Proposal(REQUEST, (exchange,), "a note")], completion(worded(exchange)))
    assert (proposal.request, proposal.note) == (REQUEST, "a note")
    (task,) = proposal.tasks
    assert prose(task).reason_for_call.startswith("Well, you are not quite sure")
    assert task.key != exchange.key
    assert task.provenance == exchange.provenance.model_copy(  # type: ignore[union-attr]
        update={"generator": "shop+llm:writer"}
    )
    assert prose(exchange).put_into(task).model_copy(update={"provenance": exchange.provenance}) == exchange
    assert check_facts(shop, task, Context(shop, ())) is None
    assert usage == Usage(1, 10, 5, None)


def test_the_model_is_told_the_mistake_its_parents_and_the_scenario_but_no_gold(shop: Domain, exchange: Task) -> None:
    _, server, _ = proposed(shop, [Proposal(REQUEST, (exchange,))], completion(worded(exchange)))
    (body,) = server.bodies
    system, user = body["messages"]
    assert system["content"] == own_text("proposer")
    told = user["content"]
    mistake = part(told, "mistake")
    assert all(text in mistake for text in (PATTERN, PATTERNS[PATTERN].meaning, INJECTOR.meaning, INJECTOR.example))
    assert json.loads(part(told, "seen_before")) == {"expected": "the red one", "got": "the blue one"}
    assert part(told, "scenario") == str(exchange.user_scenario)
    assert json.loads(part(told, "parts_to_write")) == prose(exchange)._asdict()
    kept = [json.loads(line) for line in part(told, "keep").split("\n")]
    needed = set(shop.needs(exchange, shop.worlds.get(exchange.world)))  # type: ignore[misc]
    assert {text for text in needed if text in prose(exchange).text} <= set(kept)
    scenario = str(exchange.user_scenario)
    hidden = [text for text in secrets(exchange) if text not in scenario]
    assert len(hidden) > 5
    assert not [text for text in hidden if text in told]


@pytest.mark.parametrize("named", [{"kind": INJECTOR.name, "difficulties": ()}, {"difficulties": ("a", INJECTOR.name)}])
def test_the_injector_is_told_wherever_the_task_names_it(shop: Domain, exchange: Task, named: dict[str, Any]) -> None:
    assert exchange.provenance is not None
    task = exchange.model_copy(update={"provenance": exchange.provenance.model_copy(update=named)})
    _, server, _ = proposed(shop, [Proposal(REQUEST, (task,))], completion(worded(task)))
    assert INJECTOR.meaning in part(server.bodies[0]["messages"][1]["content"], "mistake")


def test_an_untargeted_task_is_worded_anew_without_a_mistake_in_mind(shop: Domain, exchange: Task) -> None:
    plain = exchange.model_copy(update={"provenance": None})
    ((proposal,), server, _) = proposed(shop, [Proposal(TaskRequest("new-1"), (plain,))], completion(worded(plain)))
    assert proposal.tasks[0].provenance == Provenance(generator="+llm:writer")
    told = server.bodies[0]["messages"][1]["content"]
    assert part(told, "mistake").startswith("none in particular")
    assert "seen_before" not in told


def item_id(task: Task) -> str:
    return next(str(action.arguments["item_ids"][0]) for action in task.gold if "item_ids" in action.arguments)


def user_id(task: Task) -> str:
    return next(str(action.arguments["user_id"]) for action in task.gold if "user_id" in action.arguments)


def answer_of(task: Task) -> str:
    assert task.evaluation_criteria is not None
    return (task.evaluation_criteria.communicate_info or ("?",))[0]


def without_order(task: Task) -> str:
    return re.sub(r"#W\d+", "some order", worded(task))


BAD: dict[str, tuple[Callable[[Task], str], str]] = {
    "a needed text is missing": (without_order, "does not hold '#W"),
    "an item id": (lambda task: worded(task, tail=f" It is item {item_id(task)}."), "gives away"),
    "a user id": (lambda task: worded(task, tail=f" You are {user_id(task)}."), "gives away"),
    "a tool": (lambda task: worded(task, tail=" Use exchange_delivered_order_items."), "gives away 'exchange_del"),
    "the answer": (lambda task: worded(task, tail=f" Is it {answer_of(task)}?"), "gives away"),
    "an invented number": (lambda task: worded(task, tail=" Order #W1000001 is no matter."), "number '1000001'"),
    "another language": (
        lambda task: worded(task, tail=" Du möchtest das, und die Dinge sind nicht für dich, mit der du es ist." * 4),
        "another language than the scenario \\(German instead of English\\)",
    ),
    "a long story": (lambda task: worded(task, tail=" And so on." * 200), "characters"),
    "the end of the dialogue": (lambda task: worded(task, tail=" ###STOP###"), "the mark ###STOP###"),
    "the scenario as it was": (lambda task: worded(task, lead=""), "as it was"),
    "an empty part": (lambda task: json.dumps({"reason_for_call": " ", "task_instructions": "x"}), "a text that is"),
    "a key too many": (lambda task: json.dumps({**json.loads(worded(task)), "note": ""}), "must have the keys"),
    "prose": (lambda task: "You want a lamp.", "JSON object"),
}


@pytest.mark.parametrize(("bad", "complaint"), BAD.values(), ids=BAD)
def test_a_wording_that_cannot_be_used_is_asked_for_once_more_with_the_complaint(
    shop: Domain, exchange: Task, bad: Callable[[Task], str], complaint: str
) -> None:
    script = completion(bad(exchange)), completion(worded(exchange))
    ((proposal,), server, usage) = proposed(shop, [Proposal(REQUEST, (exchange,))], *script)
    assert len(proposal.tasks) == 1
    assert proposal.note == ""
    assert re.search(complaint, server.bodies[1]["messages"][3]["content"])
    assert usage.calls == 2


def test_a_wording_that_fails_twice_leaves_no_task_and_says_why(shop: Domain, exchange: Task) -> None:
    bad = completion(without_order(exchange))
    ((proposal,), server, _) = proposed(shop, [Proposal(REQUEST, (exchange,))], bad)
    assert proposal.tasks == ()
    assert re.match(f"the wording of '{exchange.id}' failed: of 2 answers .*does not hold '#W", proposal.note)
    assert len(server.requests) == 2


def test_tasks_that_belong_together_fail_together(shop: Domain, exchange: Task) -> None:
    twin = exchange.model_copy(update={"id": "twin"})
    script = completion(worded(exchange)), completion("no"), completion("no")
    ((proposal,), _, _) = proposed(shop, [Proposal(REQUEST, (exchange, twin))], *script)
    assert proposal.tasks == ()
    assert "'twin'" in proposal.note
    ((both,), _, _) = proposed(shop, [Proposal(REQUEST, (exchange, twin))], completion(worded(exchange)))
    assert [task.id for task in both.tasks] == [exchange.id, "twin"]


def test_what_the_template_could_not_make_is_passed_on_and_no_model_is_asked(shop: Domain) -> None:
    empty = Proposal(REQUEST, (), "the world has nothing")
    found, server, _ = proposed(shop, [empty], error(500, "no"))
    assert (found, server.requests) == ([empty], [])


def test_a_scenario_in_one_piece_is_not_worded(shop: Domain, exchange: Task) -> None:
    scenario = exchange.user_scenario.model_copy(update={"instructions": "You want a lamp."})
    whole = exchange.model_copy(update={"user_scenario": scenario})
    ((proposal,), _, _) = proposed(shop, [Proposal(REQUEST, (whole,))], error(500, "no"))
    assert (proposal.tasks, "not in parts" in proposal.note) == ((), True)


def test_proposals_come_in_order_however_many_are_worded_at_once(shop: Domain, exchange: Task) -> None:
    tasks = [exchange.model_copy(update={"id": f"new-{place}"}) for place in range(6)]
    proposals = [Proposal(TaskRequest(task.id, PATTERN), (task,)) for task in tasks]
    one, _, _ = proposed(shop, proposals, completion(worded(exchange)), concurrency=1)
    many, server, _ = proposed(shop, proposals, completion(worded(exchange)), concurrency=3)
    assert one == many
    assert [proposal.tasks[0].id for proposal in many] == [task.id for task in tasks]
    assert server.most <= 3
    with pytest.raises(ValueError, match="at least 1, got 0"):
        proposed(shop, proposals, completion(), concurrency=0)


def test_the_seeds_follow_from_the_tasks(shop: Domain, exchange: Task) -> None:
    other = exchange.model_copy(update={"id": "other"})
    proposals = [Proposal(REQUEST, (exchange,)), Proposal(REQUEST, (other,))]
    seeds = [
        sorted(body["seed"] for body in proposed(shop, proposals, completion(worded(exchange)))[1].bodies)
        for _ in range(2)
    ]
    assert seeds[0] == seeds[1]
    assert len(set(seeds[0])) == 2


def test_a_model_that_fails_fails_the_proposals_and_nothing_more_is_made(shop: Domain, exchange: Task) -> None:
    proposals = [Proposal(REQUEST, (exchange,))] * 8

    def answer(request: Request) -> Any:
        return error(500, "down")

    with pytest.raises(ServiceError, match="down"):
        proposed(shop, proposals, answer, concurrency=2)


def test_whoever_stops_early_ends_what_is_under_way(shop: Domain, exchange: Task) -> None:
    slow = Proposal(TaskRequest("new-2", PATTERN), (exchange,))
    template = Template(Proposal(REQUEST, (exchange,)), *[slow] * 8)

    def answer(request: Request) -> Any:
        quick = "<seen_before>" in request.body["messages"][1]["content"]
        return replace(Answer(completion(worded(exchange))), gate=2) if quick else Answer(silent=True)

    async def first(proposer: LLMProposer) -> tuple[Proposal, bool]:
        made = proposer.propose(shop, [], np.random.default_rng(0), disjoint_from=("w",))
        found = await anext(made)
        await made.aclose()  # type: ignore[attr-defined]
        return found, template.ended

    with Server(answer) as server:
        model = ChatModel(ModelSettings(model="writer", base_url=server.url, timeout_s=5, attempts=1))
        proposer = LLMProposer(model, template=template, concurrency=2)
        found, ended = asyncio.run(first(proposer))
    assert len(found.tasks) == 1
    assert (template.taken, ended, len(server.requests)) == (2, True, 2)
    assert proposer.usage.calls == 1  # what is cancelled is not counted
    assert template.asked[3] == ("w",)


def test_the_templates_own_words_are_right_in_all_but_being_new(shop: Domain) -> None:
    for task in shop.tasks["validation"]:
        old = prose(task)
        needs = tuple(shop.needs(task, shop.worlds.get(task.world)))  # type: ignore[misc]
        assert complaints(task, old, old, needs) == ["it is the scenario as it was"]
        assert language_of(old.text) == "English"


LANGUAGES = {
    "German": "Du möchtest die Lampe nicht, und das ist für dich wichtig.",
    "French": "Vous ne voulez pas de la lampe et une autre est dans votre commande.",
    "Spanish": "Quieres devolver la lámpara pero no el libro, y una parte con tu tarjeta.",
    "English": "You want to return the lamp, but not the book that you have.",
    "CYRILLIC": "Вы хотите вернуть лампу.",
    "CJK": "你想退回台灯。",
    None: "Lamp 12!",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_told_by_its_commonest_words_or_its_letters(language: str | None) -> None:
    assert language_of(LANGUAGES[language]) == language


def test_it_is_made_by_name() -> None:
    assert isinstance(make_proposer("llm", {"model": "m", "base_url": "http://127.0.0.1:1/v1"}), LLMProposer)
    assert isinstance(make_proposer("template"), TemplateProposer)
    with pytest.raises(DataError, match="the proposer 'llm' needs a model"):
        make_proposer("llm")
    with pytest.raises(DataError, match="the proposer 'template' has no model"):
        make_proposer("template", "m")
    with pytest.raises(UnknownNameError, match="No proposer named 'muse'"):
        make_proposer("muse")
