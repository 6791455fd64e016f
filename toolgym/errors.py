"""What can go wrong, as one tree.

::

    ToolGymError
    ├── RegistryError
    │   ├── UnknownNameError      a name that no installed package provides (also a LookupError)
    │   └── DuplicateNameError    two packages provide one name
    ├── MissingExtraError         a feature whose optional dependency is not installed (also an ImportError)
    ├── DataError                 a file or a value that cannot be used as it stands (also a ValueError)
    │   ├── TaskError             a task that names what does not exist or contradicts itself
    │   └── WorldError            a world file that is missing, broken or not the one named
    ├── QueryError                SQL other than one SELECT over the episode's tables (also a ValueError)
    ├── EpisodeError              an episode driven out of turn or after its end (also a RuntimeError)
    ├── ServiceError              raised by an agent, user or judge whose model or service fails: the episode is void
    ├── ContextError              a dialogue no longer fits into the context of the model that must answer it
    ├── BudgetError               the money that a run may spend is spent: the run stops, and can be continued
    └── ToolError                 a tool that refuses its call; the caller sees it as an observation

A bad tool call is an observation, a bad *task* is an exception, and a user simulator or a service that fails is a
:class:`~toolgym.trajectory.Fault`: three different things that never turn into each other.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ToolGymError(Exception):
    """The root of all errors that toolgym raises on purpose."""


class RegistryError(ToolGymError):
    """A plug-in cannot be found or told apart."""


class UnknownNameError(RegistryError, LookupError):
    """A name is not among those that exist.

    Args:
        kind: Singular noun for the message, such as ``"domain"``.
        name: The name that was asked for.
        known: The names that exist.
        hint: What to do about it, a sentence; left out when empty.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        names = sorted(known)
        near = difflib.get_close_matches(name, names, n=1)
        guess = f" Did you mean {near[0]!r}?" if near else ""
        shown = ", ".join(names[:20]) + (f", … ({len(names)} in all)" if len(names) > 20 else "")
        super().__init__(f"No {kind} named {name!r}.{guess} Known: {shown or 'none'}.{' ' + hint if hint else ''}")
        self.kind = kind
        self.name = name


def refuse_unknown(kind: str, given: Iterable[str], known: Iterable[str]) -> None:
    """Refuse options whose names are not known.

    Args:
        kind: Singular noun for the message, such as ``"setting of an environment"``.
        given: The names that were given.
        known: The names that there are.

    Raises:
        UnknownNameError: If one is not known; it says which was perhaps meant.

    Example:
        >>> refuse_unknown("setting", ["sede"], ["seed", "trial"])
        Traceback (most recent call last):
        toolgym.errors.UnknownNameError: No setting named 'sede'. Did you mean 'seed'? Known: seed, trial.
    """
    names = tuple(known)
    for name in given:
        if name not in names:
            raise UnknownNameError(kind, name, names)


class DuplicateNameError(RegistryError):
    """Two installed packages provide one name."""


class MissingExtraError(ToolGymError, ImportError):
    """A feature needs an optional dependency that is not installed.

    Args:
        feature: What was asked for.
        extra: The extra of toolgym that brings it.
    """

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra {extra!r}: pip install 'toolgym[{extra}]'")


class DataError(ToolGymError, ValueError):
    """A file or a value cannot be used as it stands."""


class TaskError(DataError):
    """A task names what does not exist, or contradicts itself."""


class WorldError(DataError):
    """A world is missing, broken, or not the one that was named."""


class QueryError(ToolGymError, ValueError):
    """SQL is not one SELECT over the tables of the episode."""


class EpisodeError(ToolGymError, RuntimeError):
    """An episode was driven out of turn, or after its end."""


class ServiceError(ToolGymError):
    """A model or service behind an agent, a user or a judge fails; the episode is void, not failed."""


class ContextError(ToolGymError):
    """A dialogue no longer fits into a model's context; trying again cannot help.

    The assistant's is the assistant's failure; the user's or the judge's is a fault.
    """


class BudgetError(ToolGymError):
    """The money that a run may spend is spent."""


class ToolError(ToolGymError):
    """A tool refuses its call; whoever called it reads the text as an observation."""
