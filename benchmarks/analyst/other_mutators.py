"""A second set of solved dialogues broken on purpose, kept apart: no analyst was developed beside these.

They are made and labelled as those of ``mutators``, in other ways, and nothing in a trajectory tells which way it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

import benchmarks.analyst.other_consent as consent
import benchmarks.analyst.other_ways as ways
import benchmarks.analyst.other_words as words
from benchmarks.analyst.broken_dialogue import Draft, Source, shuffled
from benchmarks.analyst.mutators import SPOILT, Mutator
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.messages import Message
from toolgym.patterns import PATTERNS, Injection
from toolgym.trajectory import Trajectory

OTHER_MUTATORS: dict[str, tuple[Mutator, ...]] = {
    "wrong_variant": (
        ways.rest_not_kept,
        ways.nearest_read_and_taken,
        ways.neighbour_sent_back,
        ways.corrected_in_words_only,
    ),
    "item_from_another_record": (
        ways.old_and_new_swapped,
        ways.right_item_wrong_order,
        ways.id_with_digits_swapped,
    ),
    "invalid_argument": (
        ways.payment_id_made_up,
        ways.country_in_full,
        ways.flat_put_with_the_street,
        ways.argument_left_out,
        ways.list_as_text,
    ),
    "wrong_record": (
        ways.two_orders_in_one_message,
        ways.address_everywhere,
        ways.another_first_then_right,
        ways.first_order_in_that_state,
    ),
    "misattributed_item": (
        ways.first_match_taken,
        ways.like_item_then_right_one,
        ways.last_record_read,
    ),
    "no_confirmation": (
        consent.a_maybe_is_enough,
        consent.question_taken_for_yes,
        consent.asks_after_the_write,
        consent.counter_question_ignored,
    ),
    "ended_early": (
        words.call_typed_as_text,
        words.computed_instead,
        words.sends_a_link,
        words.left_to_the_customer,
        words.last_one_another_time,
    ),
    "repeated_call": (
        words.identified_anew,
        words.computed_to_the_limit,
        words.twice_in_one_message,
    ),
    "fact_not_said": (
        words.says_where_to_look,
        words.told_beside_a_call,
        words.parts_without_the_sum,
        words.another_thing_told,
    ),
    "forbidden_write": (
        consent.coaches_the_reason,
        consent.exception_made_up,
        consent.second_customer_served,
    ),
    "needless_transfer": (
        words.transferred_without_number,
        words.transferred_at_sold_out,
        words.transferred_at_second_thoughts,
        words.transferred_beside_a_lookup,
        words.offered_and_transferred,
    ),
}
"""What shows each pattern."""

TRIALS = 4
"""How often each task may be solved, in other words each time."""
AGENT = "x"
"""What stands for the agent's name."""


def _numbered(message: Message, place: int) -> Message:
    """A message whose calls have ids, each its own."""
    calls = tuple(replace(call, id=f"call_{place}_{number}") for number, call in enumerate(message.tool_calls))
    return replace(message, tool_calls=calls)


def broken_otherwise(source: Source, pattern: str, draft: Draft) -> Trajectory | None:
    """A broken dialogue as it is really played; None if it does not fail, or not as it is meant to.

    Args:
        source: What was broken.
        pattern: What it is to show.
        draft: The broken dialogue.
    """
    episode, seen = Episode(source.domain, source.task), 0
    for place, message in enumerate(draft.spoken):
        if episode.turn != message.role:
            break
        if place == draft.at:
            seen = episode.seen("assistant")
        episode.advance(_numbered(message, place + 1))
    else:
        if episode.turn is not None:
            return None
    if episode.termination != draft.ends or episode.errors != draft.errors or not seen:
        return None
    grade = episode.grade
    wrong = {name for name, value in grade.components.items() if value != 1.0}
    if grade.success is not False or (pattern in SPOILT and wrong != {SPOILT[pattern]}):
        return None
    episode.injected = (Injection(pattern, seen, recovered=False),)
    return replace(episode.trajectory(), started=None, seconds=None)


def made_otherwise(
    domain: Domain, split: str = "dev", per_pattern: int = 12, seed: int = 5
) -> Iterator[tuple[str, Trajectory]]:
    """Failed trajectories of every pattern, each with the name of its mutator.

    The mutators of a pattern take turns, and each goes first to tasks that the pattern does not have yet.

    Args:
        domain: Retail.
        split: Whose tasks.
        per_pattern: How many of each pattern, at least 1.
        seed: Everything random comes from it; equal seeds give equal trajectories.

    Raises:
        ValueError: If there are too few for a pattern.
    """
    tasks = domain.tasks[split]
    solved: dict[tuple[int, int], Source | None] = {}

    def source(number: int, trial: int) -> Source | None:
        if (number, trial) not in solved:
            solved[number, trial] = Source.played(domain, tasks[number], seed, trial)
        return solved[number, trial]

    def by(pattern: str, mutator: Mutator, rng: np.random.Generator, used: set[int]) -> Iterator[Trajectory]:
        """One trajectory a task and trial."""
        order = shuffled(rng, range(len(tasks)))
        for fresh, trial in ((True, 0), *((False, trial) for trial in range(TRIALS))):
            for number in order:
                found = None if fresh and number in used else source(number, trial)
                drafts = mutator(found, rng) if found is not None else iter(())
                made = (broken_otherwise(found, pattern, draft) for draft in drafts if found is not None)
                first = next((one for one in made if one is not None), None)
                if first is not None:
                    used.add(number)
                    yield first

    trials: dict[str, int] = {}
    for row, pattern in enumerate(PATTERNS):
        used: set[int] = set()
        texts: set[str] = set()
        turns = [
            (mutator.__name__, by(pattern, mutator, np.random.default_rng([seed, row, column]), used))
            for column, mutator in enumerate(OTHER_MUTATORS[pattern])
        ]
        while turns and len(texts) < per_pattern:
            name, turn = turns.pop(0)
            made = next(turn, None)
            if made is None:
                continue
            turns.append((name, turn))
            text = f"{made.task_key} {made.messages}"
            if text not in texts:
                texts.add(text)
                trial = trials[made.task_key] = trials.get(made.task_key, -1) + 1
                yield name, replace(made, agent=AGENT, user="scripted", split=split, seed=seed, trial=trial)
        if len(texts) < per_pattern:
            raise ValueError(f"only {len(texts)} of {per_pattern} trajectories could be made for {pattern!r}")


def mutated_otherwise(domain: Domain, split: str = "dev", per_pattern: int = 12, seed: int = 5) -> list[Trajectory]:
    """Failed trajectories of every pattern, each labelled with its own; see :func:`made_otherwise`.

    Args:
        domain: Retail.
        split: Whose tasks.
        per_pattern: How many of each pattern, at least 1.
        seed: Everything random comes from it; equal seeds give equal trajectories.

    Returns:
        The trajectories, pattern by pattern.

    Raises:
        ValueError: If there are too few for a pattern.
    """
    return [trajectory for _, trajectory in made_otherwise(domain, split, per_pattern, seed)]
