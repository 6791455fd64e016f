"""The stages of a certificate, in order, each a function that says why a task fails it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from toolgym.agents.oracle import oracle
from toolgym.agents.passive import AlwaysRefuse, AlwaysTransfer, NoOp, ReadOnly
from toolgym.certificates.duplicates import DuplicateIndex
from toolgym.certificates.entities import entities_of
from toolgym.certificates.not_vacuous import check_substance
from toolgym.domain import AgentFactory, Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import set_up
from toolgym.errors import TaskError
from toolgym.language.text import holds_token
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.users.minimal import MinimalUser
from toolgym.users.scripted import scripted_user

PASSIVE: Mapping[str, AgentFactory] = {
    "no-op": NoOp,
    "read-only": ReadOnly,
    "always-transfer": AlwaysTransfer,
    "always-refuse": AlwaysRefuse,
}
"""The agents that no task may pay, by name."""


class Context:
    """What the tasks of one check share.

    Args:
        domain: Their domain.
        disjoint_from: Digests of worlds with which theirs must have no entity in common.
        seen: The tasks that went before, to which theirs are added; by default none.
        forms: In how many of its forms the oracle plays each task, at least 0; None for all.

    Raises:
        ValueError: If ``forms`` is negative.
    """

    def __init__(
        self,
        domain: Domain,
        disjoint_from: Collection[str] = (),
        seen: DuplicateIndex | None = None,
        forms: int | None = None,
    ) -> None:
        if forms is not None and forms < 0:
            raise ValueError(f"forms={forms!r} of the oracle cannot be played; give 0 or more, or None for all")
        self.domain = domain
        self.forms = forms
        self.disjoint_from = tuple(disjoint_from)
        self.seen = DuplicateIndex() if seen is None else seen
        self._shared: dict[str, str | None] = {}

    def shared(self, world: str) -> str | None:
        """What a world has in common with reserved entities or the worlds apart, or None; computed once per world."""
        if world not in self._shared:
            self._shared[world] = self._compare(world)
        return self._shared[world]

    def _compare(self, world: str) -> str | None:
        own = entities_of(self.domain, world)
        for place, others in (("is reserved", self._reserved), ("is in a world that must stay apart", self._others)):
            if common := own.keys() & others:
                kind, text = min(own[digest] for digest in common)
                more = f" (the first of {len(common)})" if len(common) > 1 else ""
                return f"its world {world[:16]} holds the {kind} {text!r}, which {place}{more}"
        return None

    @cached_property
    def _reserved(self) -> frozenset[bytes]:
        return frozenset(self.domain.reserved() if self.domain.reserved is not None else ())

    @cached_property
    def _others(self) -> frozenset[bytes]:
        return frozenset(digest for world in self.disjoint_from for digest in entities_of(self.domain, world))


TaskCheck: TypeAlias = Callable[[Domain, Task, Context], str | None]
"""Why a task fails, or None. A DataError that it raises is a reason as well: a task that cannot be used fails."""


def _always(domain: Domain) -> str | None:
    return None


@dataclass(frozen=True)
class Stage:
    """One stage.

    Args:
        name: Its name in certificates and reports.
        check: Why a task fails it, or None.
        skipped: Why the tasks of a domain are not checked by it, or None if they are. A stage that is skipped is in no
            certificate.
    """

    name: str
    check: TaskCheck
    skipped: Callable[[Domain], str | None] = _always


def check_schema(domain: Domain, task: Task, context: Context) -> str | None:
    """The task is the same when written and read again, its world is there, it can be set up, its actions have ids."""
    try:
        text = json.dumps(task.model_dump(mode="json", exclude_defaults=True, warnings=False))
        written = task.model_dump(mode="json", warnings=False)
        again = Task.model_validate_json(text)
    except (ValidationError, PydanticSerializationError, TypeError, ValueError) as error:
        return f"it cannot be written as JSON and read again: {error}"
    if again.model_dump(mode="json") != written or again.key != task.key:
        return "it is another task when written as JSON and read again"
    try:
        set_up(domain, task)
    except TaskError:
        set_up(domain, _without_gold(task))  # a gold that fails is for the next stage; anything else is raised again
    repeated = [name for name, count in Counter(action.action_id for action in task.gold).items() if count > 1]
    if repeated:
        return f"it has the action id {repeated[0]!r} more than once; results refer to actions by id"
    return None


def _without_gold(task: Task) -> Task:
    criteria = task.evaluation_criteria
    bare = None if criteria is None else criteria.model_copy(update={"actions": ()})
    return task.model_copy(update={"evaluation_criteria": bare})


def check_replay(domain: Domain, task: Task, context: Context) -> str | None:
    """Every gold call succeeds."""
    errors = set_up(domain, task).gold_errors
    return f"{errors} of its {len(task.gold)} gold calls fail" if errors else None


def _substance(domain: Domain, task: Task, context: Context) -> str | None:
    return check_substance(domain, task)


def check_passive(domain: Domain, task: Task, context: Context) -> str | None:
    """The agents that do nothing for the user all fail, with the scripted user where the task has facts."""
    for name, agent in PASSIVE.items():
        success, why = _outcome(play(domain, task, agent, user_of(task)))
        if success is not False:
            return f"the agent {name!r} solves it" if success else f"the agent {name!r} could not be graded: {why}"
    return None


def check_facts(domain: Domain, task: Task, context: Context) -> str | None:
    """The scenario holds every text that the domain says it needs, whatever the case and the spaces.

    A text is not found as a part of a longer word or number.
    """
    assert domain.needs is not None
    scenario = _normal(str(task.user_scenario))
    needed = [_normal(text) for text in domain.needs(task, domain.worlds.get(task.world))]
    if not all(needed):
        return "it needs a text that is empty: the user could not know what it is asked for"
    missing = [text for text in needed if not holds_token(scenario, text)]
    return f"its scenario does not hold {', '.join(map(repr, missing))}" if missing else None


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())


def check_disjoint(domain: Domain, task: Task, context: Context) -> str | None:
    """Its world holds nothing that is reserved, and nothing that a world holds which must stay apart."""
    return context.shared(task.world)


def check_duplicate(domain: Domain, task: Task, context: Context) -> str | None:
    """It is not a duplicate of an earlier task; see :class:`~toolgym.certificates.duplicates.DuplicateIndex`."""
    twin = context.seen.add(set_up(domain, task))
    return f"a duplicate: {twin}" if twin is not None else None


def check_oracle(domain: Domain, task: Task, context: Context) -> str | None:
    """The oracle solves it in dialogue; without facts, the gold calls are played to the minimal user.

    It is played once as it speaks by itself, and then in the forms of :func:`forms_of`: a task that only some manners
    of speaking can solve would blame an agent for its manner.
    """
    success, why = _outcome(play(domain, task, oracle, user_of(task)))
    if not success:
        return f"the oracle does not solve it: {why}"
    for form in forms_of(domain, task, context.forms):
        success, why = _outcome(play(domain, task, domain.agents["oracle"].bind(wording=form), user_of(task)))
        if not success:
            return f"the oracle does not solve it in the form {form!r}: {why}"
    return None


def forms_of(domain: Domain, task: Task, count: int | None = None) -> tuple[str, ...]:
    """In what forms a check has the oracle speak: those of real models, or its wordings where it has no forms.

    Args:
        domain: The domain; without an oracle of its own there are none.
        task: The task; without facts there are none, since gold calls are played.
        count: How many, at least 0, drawn by the task's key; None for all.

    Example:
        >>> from toolgym import make_domain
        >>> retail = make_domain("retail")
        >>> task = retail.tasks["dev"][0]
        >>> len(forms_of(retail, task)), forms_of(retail, task, 2) == forms_of(retail, task, 2)
        (10, True)
    """
    own = domain.agents.get("oracle")
    if own is None or task.facts is None:
        return ()
    every = own.forms or own.wordings
    if count is None or count >= len(every):
        return every
    drawn = np.random.default_rng(int(task.key, 16)).permutation(len(every))[:count]
    return tuple(every[place] for place in sorted(drawn))


def user_of(task: Task) -> AgentFactory:
    """Who plays the user of a task in a check: the scripted user if the task carries facts, else the minimal one."""
    return MinimalUser if task.facts is None else scripted_user


def _outcome(episode: Episode) -> tuple[bool | None, str]:
    """Whether an episode succeeded, None if nobody can tell; and why it did not."""
    result = episode.grade
    if episode.fault is not None:
        return None, f"the episode is void ({episode.fault.source}): {episode.fault.reason}"
    if result.success is None:
        return None, f"{', '.join(result.not_judged)} needs a judge"
    failed = [name for name, value in result.components.items() if value == 0.0]
    return result.success, result.note or f"{', '.join(failed)} failed"


def _no_needs(domain: Domain) -> str | None:
    if not domain.compat.certifiable:
        return f"{domain.compat.name}'s tasks carry no facts"
    return None if domain.needs is not None else f"the domain {domain.name!r} does not say what a scenario needs"


def _not_apart(domain: Domain) -> str | None:
    if not domain.compat.certifiable:
        return f"{domain.compat.name}'s own worlds are what ours must be apart from"
    if domain.entities is None:
        return f"the domain {domain.name!r} does not say who and what its worlds hold"
    return None


STAGES: tuple[Stage, ...] = (
    Stage("schema", check_schema),
    Stage("replay", check_replay),
    Stage("substance", _substance),
    Stage("passive", check_passive),
    Stage("facts", check_facts, _no_needs),
    Stage("disjoint", check_disjoint, _not_apart),
    Stage("duplicate", check_duplicate),
    Stage("oracle", check_oracle),
)
"""The stages that need no model, in order. A proposer adds its own behind them."""
