"""A second set of solved dialogues broken on purpose, kept apart: no analyst was developed beside these.

They are made and labelled as those of ``mutators``, in other ways, and nothing in a trajectory tells which way it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import benchmarks.analyst.other_consent as consent
import benchmarks.analyst.other_ways as ways
import benchmarks.analyst.other_words as words
from benchmarks.analyst.broken_dialogue import Draft, Source
from benchmarks.analyst.making import Mutator, failed, made_in_turn
from toolgym.domain import Domain
from toolgym.messages import Message
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
    spoken = [_numbered(message, place) for place, message in enumerate(draft.spoken, 1)]
    return failed(source, pattern, draft, spoken)


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
    for name, trajectory in made_in_turn(domain, split, per_pattern, seed, OTHER_MUTATORS, broken_otherwise):
        yield name, replace(trajectory, agent=AGENT)


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
