"""Views by name, and in files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from toolgym.domain import Domain
from toolgym.errors import DataError, UnknownNameError
from toolgym.rendering import LOOKALIKE
from toolgym.views.sight import Sight
from toolgym.views.spelling import InLetters, InSlots

ViewName: TypeAlias = Literal["compact", "native", "native-strip", "slots"]
FILE = "toolgym_view.json"
"""In which file of a policy's folder its view is written down."""


@dataclass(frozen=True)
class View:
    """What a policy sees of an episode; see :mod:`toolgym.views`.

    Args:
        name: ``"compact"``, ``"native"``, ``"native-strip"`` or ``"slots"``.
        words: The vocabulary of a view of slots; the others have none.

    Raises:
        UnknownNameError: If there is no such view.
        DataError: If a view of slots has no words, or another one has some.
    """

    name: str
    words: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if self.name not in VIEWS:
            raise UnknownNameError("view", self.name, VIEWS)
        if bool(self.words) != (self.name == "slots"):
            given = f"{len(self.words)} words" if self.words else "none"
            raise DataError(f"a view of slots needs words, and others have none; {self.name!r} was given {given}")

    def __str__(self) -> str:
        """What runs call it: its name, and what tells its words from others.

        Example:
            >>> str(View("compact")), str(View("slots", frozenset({"cancel", "order"})))
            ('compact', 'slots@21abd342f289')
        """
        if not self.words:
            return self.name
        return f"{self.name}@{hashlib.sha256(json.dumps(sorted(self.words)).encode()).hexdigest()[:12]}"

    @property
    def native(self) -> bool:
        """Whether everything is shown, in a model's own chat template."""
        return self.name.startswith("native")

    @classmethod
    def of(cls, given: str | Path | View) -> View:
        """A view from its name, or from the folder of the policy that it is the view of.

        Args:
            given: ``"compact"``, ``"native"``, ``"native-strip"``, a policy's folder, or a View, which is itself. One
                of slots has words, and so needs a folder.

        Raises:
            DataError: If it is neither, or needs words.

        Example:
            >>> View.of("compact")
            View(name='compact', words=frozenset())
        """
        if isinstance(given, View):
            return given
        if given in VIEWS:
            if given == "slots":
                raise DataError("the view 'slots' needs the words of a policy: give the policy's folder instead")
            return cls(str(given))
        folder = Path(given)
        if not folder.is_dir():
            raise DataError(
                f"{str(given)!r} is neither a view without words (compact, native, native-strip) nor the folder of a "
                f"policy, whose {FILE} says what it sees"
            )
        return cls.load(folder)

    def open(self, domain: Domain, tools: Sequence[Mapping[str, Any]]) -> Sight:
        """How one episode is seen.

        Args:
            domain: The domain.
            tools: The assistant's tools, in OpenAI's function format.

        Raises:
            DataError: If it is the native view, which shows everything as it is: there is nothing to open; or a view of
                slots that knows less than half of the tools: it is of a policy of another domain.
        """
        if self.native:
            raise DataError(f"the view {self.name!r} shows messages as they are: a model's chat template writes them")
        names = {str(tool["function"]["name"]) for tool in tools}
        unknown = sorted(names - self.words)
        if self.words and 2 * len(unknown) > len(names):
            raise DataError(
                f"this view of slots has no word for {len(unknown)} of the {len(names)} tools of the domain "
                f"{domain.name!r}, such as {unknown[0]!r}: a policy from scratch plays the domain that it learned in, "
                "and no other"
            )
        letters = "".join(kind.letter for kind in domain.rendering.kinds if not kind.readable)
        spelling = InSlots(self.words) if self.name == "slots" else InLetters(letters or LOOKALIKE)
        return Sight(domain.rendering, spelling, tools)

    def save(self, folder: Path) -> None:
        """Write it down in a policy's folder."""
        noted = {"name": self.name, **({"words": sorted(self.words)} if self.words else {})}
        (folder / FILE).write_text(f"{json.dumps(noted, indent=1)}\n", encoding="ascii")

    @classmethod
    def load(cls, folder: Path) -> View:
        """The view of the policy in a folder.

        Raises:
            DataError: If the folder names none, or the file cannot be read.
        """
        path = folder / FILE
        try:
            noted = json.loads(path.read_text(encoding="utf-8"))
            return cls(noted["name"], frozenset(noted.get("words", ())))
        except FileNotFoundError:
            raise DataError(f"{str(folder)!r} does not say what its policy sees: there is no {FILE}") from None
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            raise DataError(f"{str(path)!r} cannot be read: {error}; it should hold a view's name and words") from error


VIEWS: tuple[ViewName, ...] = ("compact", "native", "native-strip", "slots")
"""The names of the views."""
