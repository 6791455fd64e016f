"""One registry over entry points: names to objects, imported only when used."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from toolgym.errors import DuplicateNameError, UnknownNameError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


class Registry:
    """The plug-ins of one entry point group.

    Nothing is scanned before the first look-up, and loading a name imports that plug-in alone.

    Args:
        kind: Singular noun for messages, such as ``"domain"``.
        group: Entry point group, such as ``"toolgym.domains"``.

    Example:
        >>> Registry("agent", "toolgym.agents").load("no-op").name
        'no-op'
    """

    def __init__(self, kind: str, group: str) -> None:
        self.kind = kind
        self.group = group
        self._found: dict[str, EntryPoint] | None = None

    def _entries(self) -> dict[str, EntryPoint]:
        if self._found is None:
            from importlib.metadata import entry_points  # 10 ms to import, so only when a name is looked up

            found: dict[str, EntryPoint] = {}
            for entry in entry_points(group=self.group):
                first = found.setdefault(entry.name, entry)
                if first.value != entry.value:
                    raise DuplicateNameError(
                        f"Two {self.kind} plug-ins are named {entry.name!r}: {first.value} and {entry.value}. "
                        "Uninstall one of them."
                    )
            self._found = found
        return self._found

    def names(self) -> list[str]:
        """Installed names, sorted; nothing is imported."""
        return sorted(self._entries())

    def load(self, name: str) -> Any:
        """Import and return the plug-in called ``name``.

        Raises:
            UnknownNameError: If no installed package provides ``name``.
            DuplicateNameError: If two packages provide one name.
            Exception: What the plug-in itself raises as it is imported, with a note that names it; never swallowed.
        """
        entry = self._entries().get(name)
        if entry is None:
            # A package installed after the first look-up, in a notebook say, is found on the second try.
            self._found = None
            entry = self._entries().get(name)
        if entry is None:
            hint = f"Packages add one through the entry point group {self.group!r}."
            raise UnknownNameError(self.kind, str(name), self._entries(), hint)
        try:
            return entry.load()
        except Exception as error:
            error.add_note(
                f"while loading the {self.kind} {name!r} from {entry.value} (Python {sys.version.split()[0]})"
            )
            raise


def needs_model(factory: object) -> bool:
    """Whether a judge, an analyst or a proposer is made with a model: its class says so with ``needs_model = True``.

    Example:
        >>> needs_model(JUDGES.load("llm")), needs_model(ANALYSTS.load("rules"))
        (True, False)
    """
    return bool(getattr(factory, "needs_model", False))


DOMAINS = Registry("domain", "toolgym.domains")
CURRICULA = Registry("curriculum", "toolgym.curricula")
USERS = Registry("user", "toolgym.users")
AGENTS = Registry("agent", "toolgym.agents")
JUDGES = Registry("judge", "toolgym.judges")
ANALYSTS = Registry("analyst", "toolgym.analysts")
PROPOSERS = Registry("proposer", "toolgym.proposers")
REWARDS = Registry("reward term", "toolgym.rewards")
COMMANDS = Registry("command", "toolgym.commands")
BENCHMARKS = Registry("benchmark", "toolgym.benchmarks")
