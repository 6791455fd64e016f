"""The clerk of retail: it serves customers by rules from its view alone, and slips by situation."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from toolgym import make_agent, make_domain, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.messages import Message, ToolCall
from toolgym.patterns import PATTERNS
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym_retail.clerk import CALM, RATES, Clerk
from toolgym_retail.clerk.parsing import wishes_in
from toolgym_retail.clerk.weaknesses import MENDS, REPEATS, Weaknesses
from toolgym_retail.facts import Facts, stages

USER = make_user("scripted")
CAREFUL = partial(Clerk, rates=dict.fromkeys(PATTERNS, 0.0))


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


@pytest.fixture(scope="module")
def slipped(retail: Domain) -> dict[str, list[Episode]]:
    """For each pattern, the episodes in which it happened when it is made in every hard spot."""
    found = {}
    tasks = retail.tasks["test"]
    for pattern in PATTERNS:
        agent = partial(Clerk, rates={pattern: 1.0}, calm=0.0)
        episodes = [play(retail, task, agent, USER) for task in tasks]
        assert {one.pattern for episode in episodes for one in episode.injected} == {pattern}
        found[pattern] = [episode for episode in episodes if episode.injected]
    return found


def line(episode: Episode) -> str:
    """A trajectory's JSON line without its times."""
    return dataclasses.replace(episode.trajectory(), started=None, seconds=None).to_json()


def calls(episode: Episode) -> Iterator[tuple[ToolCall, Message]]:
    """Every call of the assistant with its result."""
    results = {message.tool_call_id: message for message in episode.messages if message.role == "tool"}
    for message in episode.messages:
        for call in message.tool_calls:
            yield call, results[call.id]


def writes(episode: Episode) -> list[tuple[ToolCall, Message]]:
    return [pair for pair in calls(episode) if not pair[0].name.startswith(("get_", "find_", "transfer_"))]


def gold(episode: Episode) -> list[Mapping[str, Any]]:
    return [one.arguments for one in episode.task.gold if not one.name.startswith(("get_", "find_"))]


def spoken(episode: Episode) -> str:
    return " ".join(message.content or "" for message in episode.messages if message.role == "assistant")


# It knows no task


class Sealed:
    """A task of which nothing may be read."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the clerk read the task's {name}")


def test_the_clerk_reads_nothing_of_its_task(retail: Domain) -> None:
    for task in retail.tasks["dev"][:40]:
        for stand_in in (None, Sealed()):

            def blind(domain: Domain, task: Task, rng: np.random.Generator, given: Any = stand_in) -> Clerk:
                return Clerk(domain, given, rng)

            assert play(retail, task, blind, USER).messages == play(retail, task, Clerk, USER).messages


def test_every_identifier_of_a_write_was_said_or_returned_before(retail: Domain) -> None:
    for task in retail.tasks["dev"]:
        seen = ""
        for message in play(retail, task, CAREFUL, USER).messages:
            for call in message.tool_calls:
                for name, value in call.arguments.items():
                    known = [value] if isinstance(value, str) else value
                    if name.endswith(("_id", "_ids")):
                        assert all(one in seen for one in known), (task.id, call)
            seen += message.content or ""


def test_the_registry_has_the_clerk() -> None:
    assert make_agent("clerk", domain="retail").make is Clerk


@pytest.mark.parametrize("rates", [{"laziness": 0.1}, {"wrong_variant": 1.5}, {"wrong_variant": -0.1}])
def test_a_rate_of_no_pattern_or_no_chance_is_refused(rates: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="is not a chance"):
        Clerk(None, None, np.random.default_rng(0), rates=rates)


@pytest.mark.parametrize("calm", [-0.1, 1.1])
def test_a_calm_that_is_no_chance_is_refused(calm: float) -> None:
    with pytest.raises(ValueError, match="calm must be a chance"):
        Clerk(None, None, np.random.default_rng(0), calm=calm)


# What it hears


def test_it_hears_what_every_customer_asks_for_at_first(retail: Domain) -> None:
    wrong = {}
    for split in ("train", "validation", "dev", "test"):
        for task in retail.tasks[split]:
            facts = Facts.of(task)
            text = USER(retail, task, np.random.default_rng(0)).respond([]).content or ""
            asked = [(request.first or request).kind for request in facts.requests[: facts.upfront]]
            if [wish.kind for wish in wishes_in(text)] != asked:
                wrong[task.id] = text
    assert wrong == {}


@pytest.mark.parametrize(
    "text", ["Yes, please go ahead.", "My plans changed and I don't need it.", "My email address is a.b@example.com."]
)
def test_an_answer_is_no_request(text: str) -> None:
    assert wishes_in(text) == []


# Without slips


def test_a_careful_clerk_solves_nearly_all_tasks(retail: Domain) -> None:
    episodes = [play(retail, task, CAREFUL, USER) for task in retail.tasks["dev"]]
    assert sum(bool(episode.grade.success) for episode in episodes) >= 0.95 * len(episodes)
    assert all(episode.injected == () for episode in episodes)
    assert not any(result.error for episode in episodes for _, result in calls(episode))


def test_a_careful_clerk_makes_a_write_only_after_a_yes(retail: Domain) -> None:
    made = 0
    for task in retail.tasks["dev"]:
        messages = play(retail, task, CAREFUL, USER).messages
        for before, message in pairwise(messages):
            if any(not call.name.startswith(("get_", "find_")) for call in message.tool_calls):
                made += 1
                assert before.role == "user", task.id
    assert made > 60


# Its slips


def test_every_pattern_has_a_rate_and_the_rates_that_are_not_none_are_above_the_calm() -> None:
    assert set(RATES) == set(PATTERNS)
    assert all(CALM < rate < 1 for rate in RATES.values() if rate)


def test_every_pattern_happens_in_its_hard_spot(slipped: dict[str, list[Episode]]) -> None:
    assert {pattern for pattern, episodes in slipped.items() if len(episodes) >= 2} == set(PATTERNS)


def test_many_slips_of_a_choice_or_a_talk_cost_the_episode(slipped: dict[str, list[Episode]]) -> None:
    for pattern in ("wrong_variant", "ended_early", "fact_not_said", "forbidden_write"):
        failed = [episode for episode in slipped[pattern] if not episode.grade.success]
        assert len(failed) > 0.3 * len(slipped[pattern]), pattern


def several_units(episode: Episode) -> bool:
    return any(len(one.items) >= 2 for wish in Facts.of(episode.task).requests for one in stages(wish))


def seen_in(episode: Episode, pattern: str) -> bool:
    """Whether the pattern can be seen from outside, where nothing of it was put right."""
    made, right = writes(episode), gold(episode)
    if pattern == "needless_transfer":
        return any(call.name.startswith("transfer_") for call, _ in calls(episode))
    if pattern == "repeated_call":
        repeated = Counter((call.name, str(call.arguments)) for call, result in made if result.error)
        return max(repeated.values()) == REPEATS
    if pattern == "fact_not_said":
        return "all is in order" in spoken(episode)
    if pattern in ("ended_early", "said_not_done", "no_lookup"):
        return len(made) < len(right)
    if pattern == "refused_allowed":
        return not episode.grade.success and "I am not allowed to do this: " in spoken(episode)
    if pattern == "wrong_figure":
        return any(not one.met for one in episode.grade.communicate)
    if pattern == "no_confirmation":
        return bool(made)
    if pattern == "forbidden_write":
        return any(call.arguments.get("reason") == "no longer needed" for call, _ in made)
    if pattern == "invalid_argument":
        sources = ("credit_card", "gift_card", "paypal")
        return any(call.arguments.get("payment_method_id") in sources for call, _ in made)
    if pattern == "item_from_another_record":
        return any("not found" in (result.content or "").lower() for _, result in made)
    return any(call.arguments not in right for call, _ in made)


@pytest.mark.parametrize("pattern", sorted(PATTERNS))
def test_a_slip_is_borne_out_by_the_trajectory(slipped: dict[str, list[Episode]], pattern: str) -> None:
    lasting = [one for one in slipped[pattern] if not all(slip.recovered for slip in one.injected)]
    episodes = slipped[pattern] if pattern == "no_confirmation" else lasting
    assert episodes
    assert [one.task.id for one in episodes if not seen_in(one, pattern)] == []


SPOTS: dict[str, Callable[[Episode], bool]] = {
    "item_from_another_record": several_units,
    "misattributed_item": lambda episode: any(len(one.get("item_ids", ())) == 1 for one in gold(episode)),
    "ended_early": lambda episode: len(Facts.of(episode.task).requests) >= 2,
    "said_not_done": lambda episode: len(Facts.of(episode.task).requests) >= 2,
    "wrong_detail": lambda episode: len(Facts.of(episode.task).methods) >= 2,
    "spent_on_part": lambda episode: any(
        len(wish.items) >= 2 for one in Facts.of(episode.task).requests for wish in (one, one.first or one)
    ),
    "no_lookup": lambda episode: len(Facts.of(episode.task).orders) >= 2,
    "repeated_call": lambda episode: Facts.of(episode.task).requests[0].otherwise is not None,
    "fact_not_said": lambda episode: len(Facts.of(episode.task).requests) >= 2,
    "forbidden_write": lambda episode: any(one.forbidden for one in Facts.of(episode.task).requests),
    "needless_transfer": lambda episode: any(one.forbidden for one in Facts.of(episode.task).requests),
    "invalid_argument": lambda episode: len(Facts.of(episode.task).methods) >= 2,
    "wrong_record": lambda episode: len(Facts.of(episode.task).orders) >= 3,
}
"""What must hold of a task in which a slip is made, seen from the side that the clerk does not see."""


@pytest.mark.parametrize("pattern", sorted(SPOTS))
def test_a_slip_without_calm_ones_is_made_in_its_spot_alone(slipped: dict[str, list[Episode]], pattern: str) -> None:
    elsewhere = [one.task.id for one in slipped[pattern] if not SPOTS[pattern](one)]
    assert elsewhere == []


def test_a_clerk_slips_by_the_situation() -> None:
    weak = Weaknesses(np.random.default_rng(7))
    hard = sum(weak.slips("wrong_variant", hard=True) for _ in range(4000)) / 4000
    calm = sum(weak.slips("wrong_variant", hard=False) for _ in range(4000)) / 4000
    assert abs(hard - RATES["wrong_variant"]) < 0.04
    assert abs(calm - CALM) < 0.01


def test_a_pattern_without_a_rate_is_not_made_in_calm_places_either(retail: Domain) -> None:
    agent = partial(Clerk, rates={"fact_not_said": 0.5}, calm=1.0)
    happened = Counter(one.pattern for task in retail.tasks["dev"] for one in play(retail, task, agent, USER).injected)
    assert set(happened) == {"fact_not_said"}


def test_a_refused_slip_is_mended_now_and_then(retail: Domain) -> None:
    agent = partial(Clerk, rates={"invalid_argument": 1.0}, calm=1.0)
    episodes = [play(retail, task, agent, USER) for task in retail.tasks["test"]]
    slips = [one.recovered for episode in episodes for one in episode.injected]
    assert len(slips) > 100
    assert abs(sum(slips) / len(slips) - MENDS) < 0.1


def test_the_same_seed_gives_the_same_bytes_and_another_trial_others(retail: Domain) -> None:
    differs = 0
    for task in retail.tasks["dev"][:30]:
        one, other = (line(play(retail, task, make_agent("clerk", domain=retail), USER, seed=3)) for _ in range(2))
        assert one == other
        differs += one != line(play(retail, task, make_agent("clerk", domain=retail), USER, seed=3, trial=1))
    assert differs > 15


@pytest.mark.parametrize("fragment", ["12 Elm St, ", "I want to return the lamp. ", "A"])
def test_a_hundred_thousand_characters_are_heard_at_once(retail: Domain, fragment: str) -> None:
    clerk = Clerk(retail, retail.tasks["test"][0], np.random.default_rng(0))
    text = (fragment * (100_000 // len(fragment) + 1))[:100_000]
    start = time.process_time()
    asked = clerk.respond([Message("user", text)])
    clerk.respond([Message("user", text), asked, Message("user", text)])
    assert time.process_time() - start < 2.5  # some minutes if it grew with the square of the length


def test_one_request_over_and_over_is_one_request(retail: Domain) -> None:
    clerk = Clerk(retail, retail.tasks["test"][0], np.random.default_rng(0))
    assert clerk.hear("I want to return the Lamp. I want to return the Lamp. Also return order #W1234567.")
    assert clerk.hear("I want to return order #W7654321.")
    assert [wish.said for wish in clerk._wishes] == [
        ["I want to return order #W7654321."],
        ["I want to return the Lamp.", "I want to return the Lamp."],
        ["Also return order #W1234567."],
    ]
