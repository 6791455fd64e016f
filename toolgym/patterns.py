"""The failure patterns: what goes wrong again and again when an agent serves a user through tools, by family.

:data:`PATTERNS` holds the assistant's in every domain, :data:`USER_PATTERNS` the user's, and
:data:`DUAL_CONTROL_PATTERNS` those of domains whose users have tools of their own. A domain may add more;
:attr:`toolgym.domain.Domain.failure_patterns` has all that hold in it.

Source:
    The families are those of error-driven curricula for tool use (item and argument selection, multi-record reasoning,
    execution control), with communication and policy added; docs/retail.md shows each in a dialogue. Faults of the
    user's side: Barres et al., tau2-Bench: Evaluating Conversational Agents in a Dual-Control Environment (2025).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["assistant", "user"]
"""Whose fault something is."""


@dataclass(frozen=True)
class Pattern:
    """One failure pattern.

    Args:
        name: As labels and reports have it; a Python identifier in lower case.
        family: What it belongs to.
        meaning: What it says of whose fault it is, in a sentence.
        side: Whose fault it is. Curricula aim at the assistant's alone.

    Raises:
        ValueError: If the name is not such an identifier, or the family or the meaning is empty.

    Example:
        >>> Pattern("seat_already_taken", "item and argument selection", "It booked a seat that was taken.").side
        'assistant'
    """

    name: str
    family: str
    meaning: str
    side: Side = "assistant"

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(
                f"a pattern's name is an identifier in lower case, such as 'wrong_record'; got {self.name!r}"
            )
        if not self.family.strip() or not self.meaning.strip():
            raise ValueError(f"the pattern {self.name!r} needs a family and a meaning: give each in words")


PATTERNS: dict[str, Pattern] = {
    pattern.name: pattern
    for pattern in (
        Pattern(
            "wrong_variant",
            "item and argument selection",
            "It chose another variant, or another unit of the same record, than the one asked for.",
        ),
        Pattern(
            "item_from_another_record", "item and argument selection", "It named an item that the record does not hold."
        ),
        Pattern(
            "invalid_argument",
            "item and argument selection",
            "It called a tool with a value that cannot be right, or that nobody gave.",
        ),
        Pattern(
            "wrong_detail",
            "item and argument selection",
            "It gave a valid value that was not the one meant: another payment method, reason or address.",
        ),
        Pattern("wrong_record", "multi-record reasoning", "It changed another record than the one asked for."),
        Pattern(
            "misattributed_item", "multi-record reasoning", "It took a like item of another record for the one meant."
        ),
        Pattern(
            "spent_on_part",
            "multi-record reasoning",
            "It used up what can be done once with a record on a part of what was wanted, so that the rest cannot be.",
        ),
        Pattern("no_confirmation", "execution control", "It acted without a clear yes."),
        Pattern("ended_early", "execution control", "It stopped before all steps were made."),
        Pattern("said_not_done", "execution control", "It said that something was done, and had not done it."),
        Pattern("no_lookup", "execution control", "It asked for what it could have looked up, and never looked it up."),
        Pattern("repeated_call", "execution control", "It made the same call again without any progress."),
        Pattern("fact_not_said", "communication", "It did not tell what it was asked to tell."),
        Pattern("wrong_figure", "communication", "It told another figure than the right one."),
        Pattern("forbidden_write", "policy", "It did what the policy forbids."),
        Pattern("refused_allowed", "policy", "It said no to what the policy allows."),
        Pattern("needless_transfer", "policy", "It handed over what it could have solved."),
    )
}
"""The assistant's patterns in every domain, by name."""

USER_PATTERNS: dict[str, Pattern] = {
    "user_deviated": Pattern(
        "user_deviated",
        "user simulator",
        "The user asked for something else than its task says, played the assistant, or left before it was done.",
        "user",
    )
}
"""The user's patterns in every domain, by name: failures of the simulation, and no fault of the assistant's."""

DUAL_CONTROL_PATTERNS: dict[str, Pattern] = {
    pattern.name: pattern
    for pattern in (
        Pattern("user_not_told", "communication", "It did not tell the user to do what the user alone can do."),
        Pattern("user_told_wrong", "communication", "It told the user to do something else than what was needed."),
        Pattern(
            "user_act_missing", "user simulator", "The user knew what it had to do itself, and did not do it.", "user"
        ),
        Pattern(
            "user_act_wrong", "user simulator", "The user did something itself that it was not told to do.", "user"
        ),
    )
}
"""The patterns that there are besides where users have tools of their own, by name."""

KNOWN: dict[str, Pattern] = {**PATTERNS, **USER_PATTERNS, **DUAL_CONTROL_PATTERNS}
"""All of toolgym's own, in the order in which tables show them."""

ALIASES: Mapping[str, str] = {"item_from_another_order": "item_from_another_record"}
"""Names that patterns had once, with those that they have now."""

SPLIT_FROM: Mapping[str, str] = {
    "wrong_detail": "invalid_argument",
    "spent_on_part": "ended_early",
    "said_not_done": "ended_early",
    "no_lookup": "ended_early",
    "refused_allowed": "ended_early",
    "wrong_figure": "fact_not_said",
}
"""Patterns that were once a part of another one, with that other one: labels from before say the latter."""


def current_name(name: str) -> str:
    """What a pattern is called now; any other name stays as it is.

    Args:
        name: A name as a saved pool, a label, a report or a run has it.

    Example:
        >>> current_name("item_from_another_order"), current_name("wrong_record")
        ('item_from_another_record', 'wrong_record')
    """
    return ALIASES.get(name, name)


def before_split(name: str) -> str:
    """What a failure was called before its pattern was split off from another; any other name stays as it is.

    With this, reports are compared with labels from before :data:`SPLIT_FROM`.

    Args:
        name: A name as reports have it now.

    Example:
        >>> before_split("wrong_detail"), before_split("wrong_record")
        ('invalid_argument', 'wrong_record')
    """
    return SPLIT_FROM.get(name, name)


def in_order(names: Iterable[str], patterns: Mapping[str, Pattern] | None = None) -> list[str]:
    """Names of patterns, each once, in the order in which tables show them.

    Args:
        names: Any names.
        patterns: The patterns of a domain, in order; by default toolgym's own. Names that are not among them come last,
            in alphabetical order.

    Example:
        >>> in_order(["seat_already_taken", "no_confirmation", "wrong_record"])
        ['wrong_record', 'no_confirmation', 'seat_already_taken']
    """
    first = list(KNOWN if patterns is None else patterns)
    wanted = set(names)
    return [name for name in first if name in wanted] + sorted(wanted.difference(first))


@dataclass(frozen=True)
class Injection:
    """A fault that an agent made on purpose, for those who learn to find faults.

    Args:
        pattern: The name of the failure pattern.
        message: How many messages its side had seen when it happened, at least 1.
        recovered: Whether the agent put it right afterwards, or it did no lasting harm.
    """

    pattern: str
    message: int
    recovered: bool
