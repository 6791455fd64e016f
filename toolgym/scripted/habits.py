"""Habits of a scripted user: how it speaks and haggles, on dials; what it wants and what is right stay the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Final, Literal, TypeAlias

import numpy as np

from toolgym.errors import DataError, UnknownNameError, refuse_unknown

DRAWN: Final = "drawn"
"""In the place of habits: each episode draws its own."""
_OPPOSED = (("forthcoming", "reticent"), ("terse", "wordy"))


@dataclass(frozen=True)
class Habits:
    """How a scripted user behaves beside what its task says; each dial goes from 0, not at all, to 1, as far as it can.

    Its requests, what it knows and what settles them stay the same, and so do gold calls and rewards.

    Args:
        forthcoming: The chance, in ``[0, 1]``, that it names every particular when it brings a request up, unasked.
        reticent: The chance that it keeps the particulars of a request until it is asked for them.
        pushback: The chance that it questions a right proposal once before it agrees, and that it insists once more
            when it is refused.
        tangents: The chance that a message speaks of something else for a sentence, or asks an idle question beside.
        impatience: The chance that a message urges, and that fewer wrong proposals are put up with: one, not two.
        typos: How many of the ordinary words have a slip of the keys, as a share of the most that there can be, which
            is one in three. What identifies has none: names, e-mails, numbers, addresses, options; nor has a yes or no.
        terse: The chance that a message is put in few words.
        wordy: The chance that a message is put in many.

    Raises:
        DataError: If a dial is not a number in ``[0, 1]``, or two that exclude each other sum to more than 1.

    Example:
        >>> Habits(typos=1, terse=0.5)
        Habits(typos=1.0, terse=0.5)
        >>> Habits(typos=2)
        Traceback (most recent call last):
        toolgym.errors.DataError: the habit typos must be a number from 0 to 1, got 2
    """

    forthcoming: float = 0.0
    reticent: float = 0.0
    pushback: float = 0.0
    tangents: float = 0.0
    impatience: float = 0.0
    typos: float = 0.0
    terse: float = 0.0
    wordy: float = 0.0

    def __post_init__(self) -> None:
        for dial in DIALS:
            value = getattr(self, dial)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
                raise DataError(f"the habit {dial} must be a number from 0 to 1, got {value!r}")
            object.__setattr__(self, dial, float(value))
        for one, other in _OPPOSED:
            if (both := getattr(self, one) + getattr(self, other)) > 1 + 1e-9:
                raise DataError(
                    f"the habits {one} and {other} exclude each other in a message, and their chances sum to {both:g}; "
                    "give at most 1 in all"
                )

    @property
    def dials(self) -> Mapping[str, float]:
        """The dials that are not at 0."""
        return {name: value for name, value in asdict(self).items() if value}

    def __str__(self) -> str:
        """The dials as ``--habits`` takes them; empty if all are at 0."""
        return ",".join(f"{name}={value!r}".removesuffix(".0") for name, value in self.dials.items())

    def __repr__(self) -> str:
        return f"Habits({', '.join(f'{name}={value!r}' for name, value in self.dials.items())})"

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Habits:
        """Habits at random: each dial stays at 0 in half of the draws, and is uniform in ``[0, 1]`` otherwise.

        Args:
            rng: Draws. Of two dials that exclude each other one stays at 0.

        Example:
            >>> Habits.draw(np.random.default_rng(0)) == Habits.draw(np.random.default_rng(0))
            True
        """
        present, values = rng.random(len(DIALS)) < 0.5, rng.random(len(DIALS))
        drawn = {dial: round(float(values[place]), 3) for place, dial in enumerate(DIALS) if present[place]}
        for pair in _OPPOSED:
            left_out = pair[int(rng.integers(2))]
            if all(dial in drawn for dial in pair):
                del drawn[left_out]
        return cls(**drawn)


DIALS: tuple[str, ...] = tuple(field.name for field in fields(Habits))
"""The names of the dials, in their order."""

PRESETS: Mapping[str, Habits] = {
    "plain": Habits(),
    "terse": Habits(terse=1, reticent=1),
    "wordy": Habits(wordy=1, forthcoming=1),
    "impatient": Habits(impatience=1, terse=0.5),
    "chatty": Habits(tangents=1, wordy=0.5, forthcoming=0.5),
    "careless": Habits(typos=1, reticent=0.5),
    "skeptical": Habits(pushback=1, wordy=0.25),
    "difficult": Habits(reticent=0.75, pushback=0.75, tangents=0.5, impatience=0.75, typos=0.5, terse=0.25, wordy=0.25),
}
"""Habits that have a name; the first are those of a user of whom nothing is said."""

HabitsLike: TypeAlias = str | Mapping[str, float] | Habits
"""Habits, or what :func:`habits_of` reads as such."""


def habits_of(given: HabitsLike) -> Habits | Literal["drawn"]:
    """Habits from what somebody chose.

    Args:
        given: A name of :data:`PRESETS`; ``"drawn"``; dials as text, such as ``"typos=1,terse=0.5"``, or as a mapping;
            or habits themselves.

    Raises:
        UnknownNameError: If there is no such name or dial.
        DataError: If it is none of these, or a dial is out of range.

    Example:
        >>> habits_of("careless"), habits_of("typos=1,terse=0.5"), habits_of("drawn")
        (Habits(reticent=0.5, typos=1.0), Habits(typos=1.0, terse=0.5), 'drawn')
    """
    if isinstance(given, Habits):
        return given
    if isinstance(given, Mapping):
        refuse_unknown("habit", given, DIALS)
        return Habits(**given)
    if not isinstance(given, str):
        raise DataError(
            f"habits must be one of {', '.join(map(repr, (*PRESETS, DRAWN)))}, Habits(…) or a mapping such as "
            f"{{'typos': 1}}, got {given!r:.80}"
        )
    if given == DRAWN:
        return DRAWN
    if "=" in given:
        return habits_of(_dials(given))
    if given not in PRESETS:
        raise UnknownNameError("habits", given, (*PRESETS, DRAWN), "Or give dials, such as 'typos=1,terse=0.5'.")
    return PRESETS[given]


def _dials(text: str) -> Mapping[str, float]:
    found: dict[str, float] = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        refuse_unknown("habit", [name], DIALS)
        if name in found:
            raise DataError(f"the habit {name} is given twice in {text!r}; give it once")
        try:
            found[name] = float(value)
        except ValueError:
            raise DataError(f"the habit {name} must be a number from 0 to 1, got {value!r}") from None
    return found
