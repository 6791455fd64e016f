"""The failure patterns: what goes wrong again and again when an agent serves a customer through tools, by family.

Source:
    The families are those of error-driven curricula for tool use (item and argument selection, multi-order reasoning,
    execution control), with communication and policy added; docs/retail.md shows each in a dialogue.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pattern:
    """One failure pattern.

    Args:
        name: As labels and reports have it.
        family: What it belongs to.
        meaning: What it says of an agent, in a sentence.
    """

    name: str
    family: str
    meaning: str


PATTERNS: dict[str, Pattern] = {
    pattern.name: pattern
    for pattern in (
        Pattern(
            "wrong_variant",
            "item and argument selection",
            "It chose another variant, or another unit of the same record, than the one asked for.",
        ),
        Pattern(
            "item_from_another_order", "item and argument selection", "It named an item that the order does not hold."
        ),
        Pattern(
            "invalid_argument",
            "item and argument selection",
            "It called a tool with a value that cannot be right, or that nobody gave.",
        ),
        Pattern("wrong_record", "multi-order reasoning", "It changed another record than the one asked for."),
        Pattern(
            "misattributed_item", "multi-order reasoning", "It took a like item of another record for the one meant."
        ),
        Pattern("no_confirmation", "execution control", "It acted without a clear yes."),
        Pattern(
            "ended_early", "execution control", "It stopped, or said that it was done, before all steps were made."
        ),
        Pattern("repeated_call", "execution control", "It made the same call again without any progress."),
        Pattern("fact_not_said", "communication", "It did not tell what it was asked to tell."),
        Pattern("forbidden_write", "policy", "It did what the policy forbids."),
        Pattern("needless_transfer", "policy", "It handed over what it could have solved."),
    )
}
"""Every pattern by name."""


@dataclass(frozen=True)
class Injection:
    """A fault that an agent made on purpose, for those who learn to find faults.

    Args:
        pattern: The failure pattern, a name in :data:`PATTERNS`.
        message: How many messages its side had seen when it happened, at least 1.
        recovered: Whether the agent put it right afterwards, or it did no lasting harm.
    """

    pattern: str
    message: int
    recovered: bool
