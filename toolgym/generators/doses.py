"""What injectors share: requests made as hard as a dose says, and the ways of it that every domain has.

An injector's method draws a draft of a difficulty for the caller's present user, or gives None where that user has no
such call.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from toolgym.generation import Difficulty
from toolgym.generators.drafts import Caller, Draft
from toolgym.generators.recipes import C, Recipe
from toolgym.scripted.facts import R

DraftMaker: TypeAlias = Callable[[C, Difficulty], Draft[R] | None]
"""Draws a call that is hard in one way."""


def dosed(
    caller: Caller[R, Any], requests: Sequence[R], dose: Difficulty, name: str, *, steps: int | None = None
) -> Draft[R]:
    """The draft of some requests, with other writes added up to the steps of the dose, in the dose's detail.

    Args:
        caller: Draws the others.
        requests: What is hard.
        dose: How hard.
        name: What makes it hard, in a few words.
        steps: How many requests in all, if not the dose's.
    """
    found = list(requests)
    found += others(caller, found, (dose.steps if steps is None else steps) - len(found))
    return Draft(
        found,
        [name],
        upfront=1,
        detail="full" if dose.hints == 2 else "brief",
        manner="terse" if dose.hints == 0 else None,
    )


def others(caller: Caller[R, Any], found: Sequence[R], count: int) -> list[R]:
    """Up to ``count`` further writes that change nothing that the others do."""
    taken = caller.touched(*found)
    more: list[R] = []
    for _ in range(24):
        if len(more) >= count:
            break
        request = caller.any_write()
        if request is not None and not caller.touched(request) & taken:
            more.append(request)
            taken |= caller.touched(request)
    return more


def errands(caller: Caller[R, Any], count: int) -> list[R] | None:
    """Exactly ``count`` writes that change nothing in common, or None."""
    found = others(caller, (), count)
    return found if len(found) == count else None


def questions(caller: Caller[R, Any], count: int) -> list[R] | None:
    """Exactly ``count`` questions with different answers, or None."""
    found: dict[str, R] = {}
    for _ in range(12):
        question = caller.ask()
        if question is not None and not any(other.answer == question.answer for other in found.values()):
            found.setdefault(question.question, question)
        if len(found) == count:
            return list(found.values())
    return None


# Ways that every domain has


def harder(
    recipe: Recipe[C, R], name: str, change: Callable[[R], R] = lambda request: request, *, hurried: bool = False
) -> DraftMaker[C, R]:
    """A recipe's call in a dose.

    Args:
        recipe: Draws the call.
        name: What makes it hard.
        change: What becomes of each request.
        hurried: The user tells everything at once, terse or annoyed, whatever the dose.
    """

    def method(caller: C, dose: Difficulty) -> Draft[R] | None:
        draft = recipe(caller)
        if draft is None:
            return None
        found = dosed(caller, [change(request) for request in draft.requests], dose, name)
        if hurried:
            found.detail, found.manner = "full", caller.dice.pick(("annoyed", "terse"))
        return found

    return method


def many_errands(name: str, *, later: int = 0) -> DraftMaker[Caller[R, Any], R]:
    """At least three writes.

    Args:
        name: What makes it hard.
        later: How many of them are not named in the first line, 0 to 2.

    Raises:
        ValueError: If it is another number.
    """
    if not 0 <= later <= 2:
        raise ValueError(f"later={later!r} of at least three writes are to be named afterwards; give 0, 1 or 2")

    def method(caller: Caller[R, Any], dose: Difficulty) -> Draft[R] | None:
        found = errands(caller, 2 + min(dose.steps, 2))
        if found is None:
            return None
        draft = dosed(caller, found, dose, name)
        draft.upfront = len(found) - later
        return draft

    return method


def with_facts(asked: int, wanted: Callable[[Difficulty], int], name: str) -> DraftMaker[Caller[R, Any], R]:
    """Questions among writes.

    Args:
        asked: How many questions, at least 1.
        wanted: How many writes for a dose, at least 1.
        name: What makes it hard.

    Raises:
        ValueError: If ``asked`` is less, and when a call is drawn, if ``wanted`` gives less.
    """
    if asked < 1:
        raise ValueError(f"asked={asked!r} questions among writes; ask for at least 1")

    def method(caller: Caller[R, Any], dose: Difficulty) -> Draft[R] | None:
        if (count := wanted(dose)) < 1:
            raise ValueError(f"wanted gives {count} writes for {dose}; give at least 1")
        facts, writes = questions(caller, asked), errands(caller, count)
        if facts is None or writes is None:
            return None
        requests = [writes[0], *facts, *writes[1:]]
        if caller.answers_move(requests):
            return None
        draft = dosed(caller, requests, dose, name, steps=0)
        draft.upfront = min(2, len(draft.requests))
        return draft

    return method


def beside_forbidden(recipe: Recipe[C, R], fits: Callable[[R], bool], name: str) -> DraftMaker[C, R]:
    """A forbidden request first, and what is allowed after it.

    Args:
        recipe: Draws both, as :func:`~toolgym.generators.recipes.mixed` does.
        fits: Which forbidden requests.
        name: What makes it hard.
    """

    def method(caller: C, dose: Difficulty) -> Draft[R] | None:
        draft = recipe(caller)
        bad = next((request for request in draft.requests if request.forbidden), None) if draft is not None else None
        if draft is None or bad is None or not fits(bad):
            return None
        return dosed(caller, [bad, *(request for request in draft.requests if request is not bad)], dose, name)

    return method
