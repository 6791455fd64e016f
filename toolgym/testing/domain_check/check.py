"""All checks of a domain, in order."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import TypeAlias

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.agents import check_agents, check_oracle, check_users
from toolgym.testing.domain_check.generation import check_generator, check_roles
from toolgym.testing.domain_check.subject import Subject, explained
from toolgym.testing.domain_check.tools import check_effects, check_policy, check_tools
from toolgym.testing.domain_check.worlds import check_splits, check_tasks, check_worlds

PartCheck: TypeAlias = Callable[[Subject], Iterator[str]]
"""Finds the problems of one part of a domain."""

PARTS: tuple[tuple[str, PartCheck], ...] = (
    ("policy", check_policy),
    ("tools", check_tools),
    ("worlds", check_worlds),
    ("splits", check_splits),
    ("effects", check_effects),
    ("tasks", check_tasks),
    ("users", check_users),
    ("oracle", check_oracle),
    ("agents", check_agents),
    ("argument roles", check_roles),
    ("generator", check_generator),
)
"""What is checked, in order; a domain that lacks a part is not checked by it."""
SHOWN = 20
"""How many problems an error lists."""


def domain_problems(domain: Domain, *, tasks: int = 4, trials: int = 2, seed: int = 0) -> Iterator[str]:
    """What is wrong with a domain, one problem at a time; see :func:`check_domain`.

    Args:
        domain: The domain.
        tasks: How many tasks of each split are played, at least 1.
        trials: In how many trials each, at least 2.
        seed: From which everything random comes, at least 0.

    Yields:
        A text for each problem: what was found, and how it is mended.

    Raises:
        DataError: If it is no domain, or a number is out of range.
    """
    if not isinstance(domain, Domain):
        raise DataError(f"check_domain takes a toolgym.Domain, such as make_domain('mock'), and not {domain!r:.80}")
    for name, value, least in (("tasks", tasks, 1), ("trials", trials, 2), ("seed", seed, 0)):
        if value < least:
            raise DataError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return _problems(Subject(domain, tasks, trials, seed))


def _problems(subject: Subject) -> Iterator[str]:
    for name, part in PARTS:
        try:
            yield from part(subject)
        except Exception as error:  # of the domain's own code: it is told as what it is, and the other parts go on
            last = traceback.extract_tb(error.__traceback__)[-1]
            yield say.CRASHED.format(part=name, error=explained(error), place=f"{last.filename}:{last.lineno}")


def check_domain(domain: Domain, *, tasks: int = 4, trials: int = 2, seed: int = 0) -> None:
    """Check that a domain holds together: by reading, setting up, playing and making some of its tasks.

    What is checked: the policy and the tools' schemas say something, and tools do what they are marked with; worlds
    are what their digests say, and no two splits share one or what it holds; ids are unique, gold calls succeed, and no
    task is solved by doing nothing. A user begins alike in each trial, says only what it knows, and ends; the oracle
    solves each task without an id that nobody told it; a novice labels its faults with known patterns; argument roles
    and decoys fit the tools; kinds and injectors give tasks that pass the certificates. And whoever plays or draws does
    so alike with the same seed. What a domain does not have is not checked.

    ``toolgym tasks check`` checks every task of a domain, and this a handful of each kind, but all that plays them.

    Args:
        domain: The domain.
        tasks: How many tasks of each split are played, at least 1.
        trials: In how many trials each, at least 2.
        seed: From which everything random comes, at least 0.

    Raises:
        DataError: If it is no domain, or a number is out of range.
        AssertionError: If it does not hold together; it lists what was found, and how each is mended.

    Example:
        >>> from toolgym import make_domain
        >>> check_domain(make_domain("mock"), tasks=1)
    """
    found = list(domain_problems(domain, tasks=tasks, trials=trials, seed=seed))
    if found:
        more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
        head = f"the domain {domain.name!r} has {len(found)} problem{'s' if len(found) > 1 else ''}:"
        raise AssertionError("\n- ".join([head, *found[:SHOWN], *more]))
