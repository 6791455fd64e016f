"""Solved dialogues of retail broken on purpose, each to show one failure pattern: what an analyst is tested on.

A mutator takes a task that the oracle has solved and proposes broken dialogues; each is played through an episode of
the same task, so that results, end and grade are real, and is kept only if it fails as it is meant to. The label says
how many messages the assistant had seen, its prompt included, when it made the message with the fault: the call for
what it did, the text for what it said or did not say; for a call made again, the first that repeats another.
"""

from __future__ import annotations

from dataclasses import replace

import benchmarks.analyst.broken_records as records
import benchmarks.analyst.broken_selection as selection
import benchmarks.analyst.broken_talk as talk
from benchmarks.analyst.broken_dialogue import Draft, Source, numbered
from benchmarks.analyst.making import Mutator, failed, made_in_turn
from toolgym.domain import Domain
from toolgym.trajectory import Trajectory

MUTATORS: dict[str, tuple[Mutator, ...]] = {
    "wrong_variant": (
        selection.variant_confused_in_exchange,
        selection.variant_confused_in_change,
        selection.variant_proposed_wrongly,
        selection.variant_noticed_too_late,
        selection.variant_wanted_first,
        selection.variant_instead_of_sold_out,
    ),
    "item_from_another_record": (
        selection.item_from_my_other_order,
        selection.item_from_catalogue,
        selection.item_dropped_after_refusal,
        selection.items_guessed_twice,
    ),
    "invalid_argument": (
        selection.reason_in_own_words,
        selection.method_in_words,
        selection.lists_of_unequal_length,
        selection.item_for_itself,
        selection.order_number_without_sign,
        selection.name_for_address,
        selection.address_with_placeholder,
    ),
    "wrong_record": (
        records.another_order_cancelled,
        records.another_order_updated,
        records.another_order_proposed,
        records.profile_instead_of_order,
        records.order_instead_of_profile,
    ),
    "misattributed_item": (
        records.like_item_returned,
        records.like_item_changed,
        records.like_item_proposed,
        records.like_item_among_several,
        records.like_item_noticed_too_late,
    ),
    "no_confirmation": (
        talk.payment_guessed,
        talk.reason_guessed,
        talk.written_before_change_of_mind,
        talk.written_against_no,
        talk.customer_walks_out,
        talk.everything_returned,
        talk.yes_was_for_a_look,
    ),
    "ended_early": (
        talk.reported_without_call,
        talk.reported_without_proposal,
        talk.promised_for_later,
        talk.stopped_after_looking,
        talk.next_request_forgotten,
    ),
    "repeated_call": (
        talk.lookup_to_the_limit,
        talk.lookup_until_customer_leaves,
        talk.lookups_in_turn,
        talk.refused_write_to_the_limit,
        talk.same_write_to_the_limit,
        talk.sold_out_tried_again,
    ),
    "fact_not_said": (
        talk.wrong_figure,
        talk.rounded_figure,
        talk.figure_left_out,
        talk.question_passed_over,
        talk.claims_not_to_know,
    ),
    "forbidden_write": (
        records.reason_made_up,
        records.gives_in,
        records.changed_again_after_items,
        records.strangers_order_cancelled,
        records.strangers_order_redirected,
        records.strangers_profile_changed,
    ),
    "needless_transfer": (
        talk.transferred_at_once,
        talk.transferred_after_looking,
        talk.transferred_instead_of_write,
        talk.transferred_between_requests,
        talk.transferred_instead_of_refusal,
        talk.transferred_instead_of_answer,
    ),
}
"""What shows each pattern."""


def broken(source: Source, pattern: str, draft: Draft) -> Trajectory | None:
    """A broken dialogue as it is really played; None if it does not fail, or not as it is meant to.

    Args:
        source: What was broken.
        pattern: What it is to show.
        draft: The broken dialogue.
    """
    return failed(source, pattern, draft, numbered(draft.spoken))


def mutated(domain: Domain, split: str = "validation", per_pattern: int = 20, seed: int = 0) -> list[Trajectory]:
    """Failed trajectories of every pattern, each labelled with its own, spread over tasks and mutators.

    Args:
        domain: Retail.
        split: Whose tasks.
        per_pattern: How many of each pattern, at least 1.
        seed: Everything random comes from it; equal seeds give equal trajectories.

    Returns:
        The trajectories, pattern by pattern; the mutator's name stands in the field for the agent's, and no two have
        the same episode id.

    Raises:
        ValueError: If there are too few for a pattern.
    """
    made = made_in_turn(domain, split, per_pattern, seed, MUTATORS, broken)
    return [replace(trajectory, agent=name) for name, trajectory in made]
