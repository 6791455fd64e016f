"""What a domain says of how its tools' outputs read in few words, and of what in them is a name.

A policy with a small context does not read JSON: a :class:`Rendering` gives each output as short text. Its
:class:`EntityKind` s say which pieces of text name something (an order, an item, a city), so that a view
(:mod:`toolgym.views`) can give them short aliases and put them back.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from toolgym.errors import DataError


@dataclass(frozen=True)
class EntityKind:
    """One kind of thing that has names in what is said and returned.

    Args:
        letter: What its aliases begin with, one capital letter; ``O`` gives ``O1``, ``O2`` and so on.
        what: What it is, such as ``"order"``.
        pattern: A regular expression for its names in running text; empty if they cannot be told by their form.
        words: Its names, where all are known beforehand, such as a catalogue's.
        listed: Names of which several in a row, with commas between them, are one name, such as a variant's options.
        arguments: The arguments of tools that hold one, or a list of them.
        readable: Whether its names mean something to who reads English. A view for a pretrained model leaves them as
            they are; one for a model from scratch gives them aliases too.
    """

    letter: str
    what: str
    pattern: str = ""
    words: tuple[str, ...] = ()
    listed: tuple[str, ...] = ()
    arguments: frozenset[str] = frozenset()
    readable: bool = False

    def __post_init__(self) -> None:
        if not re.fullmatch("[A-Z]", self.letter):
            raise DataError(f"the kind {self.what!r} has the letter {self.letter!r}; give one of A to Z")


@dataclass(frozen=True)
class Described:
    """How somebody may refer to a thing that was returned.

    Args:
        key: What stands before its alias where it was returned, and by which it is found there.
        spoken: How an assistant names it to the user, instead of by its identifier; empty: by that.
        name: A name that stands for it in calls, where :attr:`Rendering.by_name` has the argument; empty if none.
    """

    key: str = ""
    spoken: str = ""
    name: str = ""


class Renderer(Protocol):
    """Renders what one episode's tools return, in the order in which they return it."""

    @property
    def described(self) -> Mapping[str, Described]:
        """How the things in what was rendered so far may be referred to, by identifier."""

    def render(self, tool: str, output: str, *, error: bool) -> str:
        """An output as text, in lines.

        Args:
            tool: The tool that returned it; empty if it is not known.
            output: What it returned, as the assistant sees it.
            error: Whether the call failed.
        """


class AsTheyAre:
    """Leaves outputs as they are: the renderer of a domain that brings none."""

    described: Mapping[str, Described] = {}

    def render(self, tool: str, output: str, *, error: bool) -> str:
        """The output itself."""
        return output


@dataclass(frozen=True)
class Rendering:
    """How a domain's tools' outputs read in few words.

    Args:
        kinds: What has names, each with a letter of its own. Where two fit a piece of text, the first one counts.
        renderer: Makes the renderer of an episode.
        by_name: Arguments whose identifiers are written by the name of the thing (:attr:`Described.name`).
        labelled: Arguments that are texts, such as a sum, each with the letter of a kind: a name of that kind stands
            behind what it is known by there, and names of other kinds are left out when a call is read.
        heard: Puts what the user says in the manner of the outputs, where the same thing could be named in another.
        speakers: Options of the domain's oracle and novice with which they make demonstrations for a policy that sees
            no more than this: what it could not work out, they leave unsaid.

    Raises:
        DataError: If two kinds have the same letter.

    Example:
        >>> order = EntityKind("O", "order", r"#W[0-9]+")
        >>> Rendering((order,)).renderer().render("get_order", "#W1 pending", error=False)
        '#W1 pending'
    """

    kinds: tuple[EntityKind, ...] = ()
    renderer: Callable[[], Renderer] = AsTheyAre
    by_name: frozenset[str] = field(default_factory=frozenset)
    labelled: Mapping[str, str] = field(default_factory=dict)
    heard: Callable[[str], str] = str
    speakers: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seen: dict[str, EntityKind] = {}
        for kind in self.kinds:
            if kind.letter == LOOKALIKE or (other := seen.setdefault(kind.letter, kind)) is not kind:
                what = "text that looks like an alias" if kind.letter == LOOKALIKE else repr(other.what)
                raise DataError(f"{kind.what!r} and {what} have the same letter {kind.letter!r}; give each its own")


LOOKALIKE = "X"
"""The letter of text that looks like an alias, and of words that nobody knows: no kind may have it."""


def any_of(words: Iterable[str]) -> str:
    """A regular expression for one of some words, the longest that fits.

    Example:
        >>> any_of(["on", "one"])
        'one|on'
    """
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
