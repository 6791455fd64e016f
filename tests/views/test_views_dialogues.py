"""Whole dialogues of the domains through each view."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Sequence
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_shop import meant

from toolgym import make_domain, make_user
from toolgym.actions import parse_action
from toolgym.agents.novice import novice
from toolgym.agents.oracle import oracle
from toolgym.domain import AgentSpec, Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import set_up
from toolgym.generators.demonstrator import wordings_of
from toolgym.messages import Message
from toolgym.rollouts import Rollout
from toolgym.tasks import Task
from toolgym.users.scripted import scripted_user
from toolgym.views import Sight, View
from toolgym.views.spelling import LINE, words_of

LIBRARY = Path(__file__).parents[2] / "examples" / "library_domain"
SHORT = ("compact", "slots")
FEW = ["yes", "no", "order", "the", "of", "is", "and", "to", "/", "|", "-", ",", ".", LINE]
"""Words of a view of slots that knows hardly any: everything else is a slot."""


@cache
def domain_of(name: str) -> Domain:
    """A domain by name, also that of the examples, which brings no rendering."""
    if name == "library":
        sys.path.insert(0, str(LIBRARY))
        from toolgym_library import DOMAIN

        return DOMAIN
    return make_domain(name)


def view_of(name: str, domain: Domain, *texts: str) -> View:
    """A view; one of slots knows the words of the texts."""
    if name == "compact":
        return View(name)
    tools = domain.toolkits["assistant"].tools
    return View(name, frozenset([*FEW, *tools, *(word for text in texts for word in words_of(text))]))


def without_blanks(said: tuple[str, Any]) -> tuple[str, Any]:
    """What is meant, without the blanks, not all of which a view of slots keeps where it knows few words."""
    return "".join(said[0].split()), said[1]


def tools_of(domain: Domain, task: Task) -> list[dict[str, Any]]:
    """The assistant's tools in a task."""
    return [tool.schema for tool in set_up(domain, task).tools["assistant"]]


def seen_by(domain: Domain, task: Task, player: AgentSpec, trial: int = 0) -> tuple[Message, ...]:
    """What the assistant saw and said in one dialogue with the scripted user."""
    return play_one(domain, task, player, trial).view("assistant")


def play_one(domain: Domain, task: Task, player: AgentSpec, trial: int = 0) -> Episode:
    """One dialogue with the scripted user, or the minimal one where the task says nothing."""
    user = make_user("minimal") if task.facts is None else AgentSpec.of(scripted_user)
    return Rollout(domain, task, player, user, trial=trial).finish()


class ThroughView:
    """An agent whose messages are shown in a view, read from what it shows, and only then said."""

    def __init__(
        self, domain: Domain, task: Task, rng: np.random.Generator, *, inner: AgentSpec, view: View, differ: list[str]
    ) -> None:
        self.inner = inner(domain, task, rng)
        self.sight = view.open(domain, tools_of(domain, task))
        self.shown = 0
        self.differ = differ

    def respond(self, view: Sequence[Message]) -> Message:
        """The inner agent's message, as the view gives it back."""
        for message in view[self.shown :]:
            self.sight.show(message)
        message = self.inner.respond(view)
        assert isinstance(message, Message)
        shown = self.sight.show(message)
        assert shown is not None
        read = self.sight.read(shown.text)
        if meant(read) != meant(message):
            self.differ.append(shown.text)
        self.shown = len(view) + 1
        return read


def players(domain: Domain) -> dict[str, AgentSpec]:
    """The oracle in each wording, and the novice."""
    found = {"oracle": AgentSpec.of(oracle), "novice": AgentSpec.of(novice)}
    own = domain.agents.get("oracle")
    for wording in wordings_of(domain):
        assert own is not None
        found[wording] = own.bind(wording=wording)
    for form in own.forms if own is not None else ():
        found[f"form {form}"] = own.bind(wording=form)
    return found


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize(
    ("where", "split", "count"), [("retail", "dev", 30), ("mock", "test", 40), ("library", "test", 12)]
)
def test_everything_that_oracle_and_novice_say_reads_back_as_the_same_message(
    where: str, split: str, count: int, name: str
) -> None:
    domain = domain_of(where)
    known = players(domain)
    view = view_of(name, domain)
    messages, strange = 0, []
    for place, task in enumerate(islice(domain.tasks[split], count)):
        for player in list(known)[place % 3 :: 3]:
            sight = view.open(domain, tools_of(domain, task))
            for message in seen_by(domain, task, known[player], place % 2):
                shown = sight.show(message)
                if shown is None or message.role != "assistant":
                    continue
                messages += 1
                read, said = meant(sight.read(shown.text)), meant(parse_action(message))
                exact = name == "compact" or (where == "retail" and not player.startswith("form"))
                if (read if exact else without_blanks(read)) != (said if exact else without_blanks(said)):
                    strange.append(f"{player}: {shown.text}")
    assert strange == []
    assert messages > 3 * count


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize(
    ("where", "split", "count"), [("retail", "dev", 110), ("mock", "test", 100), ("library", "test", 20)]
)
def test_the_oracle_through_a_view_solves_every_task_that_it_solves_without(
    where: str, split: str, count: int, name: str
) -> None:
    domain = domain_of(where)
    differ: list[str] = []
    inner = AgentSpec.of(oracle)
    through = AgentSpec("through", partial(ThroughView, inner=inner, view=view_of(name, domain), differ=differ))
    solved = 0
    for task in islice(domain.tasks[split], count):
        if play_one(domain, task, inner).grade.success:
            solved += 1
            assert play_one(domain, task, through).grade.success, task.id
    assert solved > 0.9 * min(count, len(domain.tasks[split]))
    assert differ == []


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("where", ["retail", "mock"])
def test_the_same_messages_give_the_same_texts_and_aliases_whatever_the_task(where: str, name: str) -> None:
    domain = domain_of(where)
    one, other = domain.tasks["train"][:2]
    view = view_of(name, domain)
    seen = seen_by(domain, one, AgentSpec.of(oracle))
    # Of the other task only the tools are there, and they are the same: nothing else of a task comes near a sight.
    sights = [view.open(domain, tools_of(domain, task)) for task in (one, one, other)]
    shown = [[sight.show(message) for message in seen] for sight in sights]
    assert shown[0] == shown[1] == shown[2]
    assert list(sights[0].aliases) == list(sights[2].aliases)


def reachable(start: object) -> list[object]:
    """Every object that can be reached from one, but through modules, classes and the globals of functions."""
    found: dict[int, object] = {}
    left = [start]
    while left:
        one = left.pop()
        if id(one) in found or isinstance(one, types.ModuleType | type):
            continue
        found[id(one)] = one
        if isinstance(one, types.FunctionType):
            left += [cell.cell_contents for cell in one.__closure__ or ()]
        else:
            left += gc.get_referents(one)
    return list(found.values())


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize("where", ["retail", "mock"])
def test_nothing_of_a_task_or_its_world_can_be_reached_from_a_sight(where: str, name: str) -> None:
    domain = domain_of(where)
    task = domain.tasks["train"][0]
    sight = view_of(name, domain).open(domain, tools_of(domain, task))
    for message in seen_by(domain, task, AgentSpec.of(oracle)):
        sight.show(message)
    kinds = {f"{type(one).__module__}.{type(one).__qualname__}" for one in reachable(sight)}
    own = {kind for kind in kinds if kind.startswith("toolgym")}
    assert own
    assert {kind.rpartition(".")[0] for kind in own} <= {
        "toolgym.database.records",  # only the frozen mappings of the tools' schemas, see below
        *("toolgym.rendering", "toolgym.views.aliases", "toolgym.views.sight", "toolgym.views.spelling"),
        "toolgym_retail.rendering",
    }
    assert {kind for kind in own if ".database." in kind} <= {
        f"toolgym.database.records.Frozen{kind}" for kind in ("Dict", "List")
    }
    assert any(isinstance(one, Sight) for one in reachable([sight]))


def test_the_search_for_what_can_be_reached_finds_a_task() -> None:
    domain = domain_of("mock")
    task = domain.tasks["train"][0]
    assert any(one is task for one in reachable([{"deep": partial(print, (task,))}]))


def test_a_domain_without_a_rendering_is_seen_with_its_outputs_as_they_are() -> None:
    domain = domain_of("library")
    task = domain.tasks["test"][0]
    view = seen_by(domain, task, AgentSpec.of(oracle))
    sight = view_of("compact", domain).open(domain, tools_of(domain, task))
    shown = [sight.show(message) for message in view]
    outputs = [message for message in view if message.role == "tool"]
    assert [one.text for one in shown if one is not None and one.role == "tool"] == [one.content for one in outputs]
    assert shown[0] is None
    assert any(one is not None and one.text.startswith("/") for one in shown)


def test_instructions_are_not_shown_and_a_call_is_a_short_line() -> None:
    domain = domain_of("retail")
    task = domain.tasks["dev"][0]
    view = seen_by(domain, task, AgentSpec.of(oracle))
    sight = view_of("compact", domain).open(domain, tools_of(domain, task))
    shown = [one for message in view if (one := sight.show(message)) is not None]
    assert all(one.role != "system" for one in shown)
    assert sum(len(one.text) for one in shown) < 0.5 * sum(len(message.content or "") for message in view)
    assert "{" not in "".join(one.text for one in shown)
