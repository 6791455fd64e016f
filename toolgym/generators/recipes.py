"""Recipes of calls: what is wanted, put together from a domain's single requests.

A recipe draws a draft for the caller's present user, or gives None where that user has no such call. A maker draws one
request, or None. All of them draw feasible requests; whether the gold calls really run is left to the tools.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

from toolgym.generators.drafts import Caller, Draft
from toolgym.scripted.facts import R

C = TypeVar("C", bound=Caller[Any, Any])
Maker: TypeAlias = Callable[[C], R | None]
"""Draws one request."""
Recipe: TypeAlias = Callable[[C], Draft[R] | None]
"""Draws a call."""


def one_of(*makers: Maker[C, R]) -> Maker[C, R]:
    """One of some makers, each as often as it stands there."""
    return lambda caller: caller.dice.pick(makers)(caller)


def single(make: Maker[C, R], *difficulties: str) -> Recipe[C, R]:
    """One request.

    Args:
        make: Draws it.
        difficulties: What makes it hard.
    """

    def recipe(caller: C) -> Draft[R] | None:
        request = make(caller)
        return None if request is None else Draft([request], list(difficulties))

    return recipe


def several(count: int) -> Recipe[Caller[R, Any], R]:
    """Several writes that change nothing in common, at most two of a kind.

    Args:
        count: How many, at least 1.

    Raises:
        ValueError: If it is less.
    """
    if count < 1:
        raise ValueError(f"a call of {count} requests cannot be drawn; ask for at least 1")

    def recipe(caller: Caller[R, Any]) -> Draft[R] | None:
        found: list[R] = []
        for _ in range(12):
            request = caller.any_write()
            if request is None or caller.touched(request) & caller.touched(*found):
                continue
            if [one.kind for one in found].count(request.kind) > 1:
                continue
            found.append(request)
            if len(found) == count:
                return Draft(found, [f"{count} requests"], caller.dice.number(1, count))
        return None

    return recipe


def with_question(fits: Callable[[R, R], bool] = lambda request, question: True) -> Recipe[Caller[R, Any], R]:
    """A write and a question whose answer it leaves as it is, in either order.

    Args:
        fits: Whether a write goes with a question, beside what :meth:`Caller.answers_move` says.
    """

    def recipe(caller: Caller[R, Any]) -> Draft[R] | None:
        request, question = caller.any_write(), caller.ask()
        if request is None or question is None or not fits(request, question):
            return None
        if caller.answers_move([request, question]):
            return None
        return _both(caller, request, question, "a fact to tell")

    return recipe


def change_of_mind(*makers: Maker[C, R]) -> Recipe[C, R]:
    """What is wanted in the end, with something else that was wanted first.

    Args:
        makers: Draw a request that has a first one; see :func:`after`.
    """
    return single(one_of(*makers), "change of mind")


def yes_to_another(*makers: Maker[C, R]) -> Recipe[C, R]:
    """Two writes, both named at first: the user says yes to the one, and changes its mind when the other is proposed.

    Args:
        makers: Draw a request that has a first one; see :func:`after`.
    """
    changing = one_of(*makers)

    def recipe(caller: C) -> Draft[R] | None:
        settled, other = caller.any_write(), changing(caller)
        if settled is None or other is None or caller.touched(settled) & caller.touched(other):
            return None
        return Draft([settled, other], ["change of mind", "2 requests"], upfront=2)

    return recipe


def after(first: R, final: R) -> R:
    """A request that the user comes to after it wanted another."""
    return final.model_copy(update={"first": first})


def refuse(forbidden: Maker[C, R], ask: Maker[C, R] | None = None) -> Recipe[C, R]:
    """Only to refuse, and to tell a fact: an agent that does nothing must not pass.

    Args:
        forbidden: Draws a request that the policy does not allow, with its ``forbidden``.
        ask: Draws the question; by default the caller's own. An agent that reads out whatever the tools return must
            not answer it: ask for what has to be worked out.
    """

    def recipe(caller: C) -> Draft[R] | None:
        request, question = forbidden(caller), caller.ask() if ask is None else ask(caller)
        if request is None or question is None:
            return None
        return Draft([request, question], ["forbidden"], caller.dice.number(1, 2))

    return recipe


def allowed_instead(*makers: Maker[C, R]) -> Recipe[C, R]:
    """What is asked for is forbidden, and something allowed is wanted once that was refused.

    Args:
        makers: Draw a request with its ``forbidden`` and its ``otherwise``.
    """
    return single(one_of(*makers), "forbidden at first")


def mixed(forbidden: Maker[C, R]) -> Recipe[C, R]:
    """One request that is forbidden and one that is not, in either order.

    Args:
        forbidden: As for :func:`refuse`.
    """

    def recipe(caller: C) -> Draft[R] | None:
        bad, good = forbidden(caller), caller.any_write()
        if bad is None or good is None or caller.touched(bad) & caller.touched(good):
            return None
        return _both(caller, bad, good, "forbidden", "2 requests")

    return recipe


def _both(caller: Caller[R, Any], one: R, other: R, *difficulties: str) -> Draft[R]:
    requests = [one, other] if caller.dice.chance(0.5) else [other, one]
    return Draft(requests, list(difficulties), caller.dice.number(1, 2))
