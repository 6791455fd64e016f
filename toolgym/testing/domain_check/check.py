"""All checks of a domain, in order."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from typing import TypeAlias

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.agents import check_agents, check_oracle
from toolgym.testing.domain_check.generation import check_generator, check_roles
from toolgym.testing.domain_check.other_process import check_order
from toolgym.testing.domain_check.policy import check_policy
from toolgym.testing.domain_check.scenario import check_scenarios
from toolgym.testing.domain_check.subject import Subject, explained
from toolgym.testing.domain_check.sync import check_sync
from toolgym.testing.domain_check.tools import check_effects, check_tools
from toolgym.testing.domain_check.users import check_users
from toolgym.testing.domain_check.worlds import check_splits, check_tasks, check_worlds

Part: TypeAlias = Callable[[Subject], Iterator[str]]

PARTS: tuple[tuple[str, Part], ...] = (
    ("policy", check_policy),
    ("tools", check_tools),
    ("worlds", check_worlds),
    ("splits", check_splits),
    ("effects", check_effects),
    ("sync", check_sync),
    ("tasks", check_tasks),
    ("scenarios", check_scenarios),
    ("users", check_users),
    ("oracle", check_oracle),
    ("agents", check_agents),
    ("argument roles", check_roles),
    ("generator", check_generator),
    ("order", check_order),
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
            if explained(error) in subject.told:  # it was told already, and where it comes from
                continue
            subject.told.add(explained(error))
            last = traceback.extract_tb(error.__traceback__)[-1]
            yield say.CRASHED.format(part=name, error=explained(error), place=f"{last.filename}:{last.lineno}")


def check_domain(domain: Domain, *, tasks: int = 4, trials: int = 2, seed: int = 0) -> None:
    """Check that a domain holds together: by reading, setting up, playing and making some of its tasks.

    What is checked: the policy and the tools' schemas say something and name tools that there are; tools do what they
    are marked with, and write records that the tables' models read; worlds are what their digests say, their records
    name others that are there, and no two splits share one or what it holds; ids are unique, gold calls succeed by what
    the scenario tells, and no task is solved by doing nothing; a sync changes nothing the second time. A user begins
    alike in each trial, hears, says only what it knows, and ends; an oracle solves each task without an id that nobody
    told it; a novice labels with known patterns what it did; argument roles and decoys fit the tools; kinds and
    injectors give tasks that pass the certificates. And whoever plays or draws does so alike with the same seed, in two
    other processes too if the domain is installed. What a domain does not have is not checked.

    Users and agents play every task of the sample that they can, with facts or without; who cannot play one raises
    :class:`~toolgym.errors.TaskError` when it is made.

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
