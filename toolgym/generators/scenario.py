"""Tasks from goals: gold calls, the scenario in prose for a user simulator that reads, and what is graded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from toolgym.generators.drafts import F, Goal
from toolgym.scripted.facts import QUESTION, Facts, Manner, R, settled
from toolgym.tasks import Provenance, Task

PERSONAS: Mapping[Manner, str] = {
    "plain": "You are polite and to the point.",
    "friendly": "You are friendly and patient.",
    "terse": "You answer in as few words as possible.",
    "chatty": "You like to chat, but you stick to the facts that you know.",
    "annoyed": "You are annoyed and want this over with.",
}
"""What a scenario says of each manner."""


def make_task(
    goal: Goal[F],
    task_id: str,
    *,
    domain: str,
    world: str,
    generator: str,
    calls: Iterable[Mapping[str, Any]],
    instructions: Mapping[str, str],
) -> Task:
    """The task of a goal, graded by the state at the end and by what the user was told.

    Args:
        goal: What the user wants.
        task_id: The task's id.
        domain: The domain's name.
        world: The world's digest.
        generator: The provenance's generator, such as ``"toolgym_retail.scenario"``.
        calls: The gold calls in order, each with ``name`` and ``arguments``.
        instructions: The scenario: ``reason_for_call``, ``known_info``, ``unknown_info`` and ``task_instructions``.
    """
    facts = goal.facts
    hard = ", ".join(goal.difficulties) or "nothing special"
    return Task.model_validate(
        {
            "id": task_id,
            "description": {"purpose": f"{goal.kind.replace('_', ' ')}: {hard}"},
            "user_scenario": {
                "persona": PERSONAS[facts.manner],
                "instructions": {"domain": domain, **instructions},
            },
            "evaluation_criteria": {
                "actions": [{"action_id": str(place), **call} for place, call in enumerate(calls)],
                "communicate_info": [request.answer for request in facts.requests if request.kind == QUESTION],
                "reward_basis": ("DB", "COMMUNICATE"),
            },
            "world": world,
            "facts": facts.model_dump(mode="json", exclude_defaults=True),
            "provenance": Provenance(generator=generator, kind=goal.kind, difficulties=goal.difficulties),
        }
    )


def reason_for_call(
    facts: Facts[R], wish: Callable[[R], str], turn: Callable[[R], str] = lambda request: "you change your mind"
) -> str:
    """What the user wants, in prose.

    Args:
        facts: What it wants.
        wish: One request as the end of 'You want …'.
        turn: What becomes of a user that wanted something else first, when that is proposed.
    """
    parts = []
    for place, request in enumerate(facts.requests):
        lead = "You want" if place == 0 else "You also want" if place == 1 else "Finally, you want"
        parts.append(f"{lead} {wish(request.first or request)}.")
        if request.first is not None:
            parts.append(
                f"When the assistant proposes to do exactly that, {turn(request)}: then you want {wish(request)}."
            )
        if request.otherwise is not None:
            when = "that is refused" if request.forbidden else "that cannot be had"
            silent = "" if request.says_otherwise else ", but do not mention it before you are told so"
            parts.append(f"If {when}, you want {wish(request.otherwise)} instead{silent}.")
        elif request.forbidden:
            parts.append("If that is refused, insist once and then accept it.")
    return " ".join(parts)


def task_instructions(facts: Facts[R], particulars: str) -> str:
    """How the user behaves, in prose.

    Args:
        facts: How it speaks and what it wants.
        particulars: What a brief user does not tell unasked, such as ``"order numbers or payment methods"``.
    """
    count = len(facts.requests)
    parts = []
    if count > 1:
        named = {1: "only the first request", count: "all your requests"}.get(
            facts.upfront, f"the first {facts.upfront} requests"
        )
        rest = ", the others one by one afterwards." if facts.upfront < count else "."
        parts.append(f"Name {named} in your first message{rest}")
    if facts.detail == "brief":
        parts.append(f"Do not give particulars such as {particulars} before you are asked for them.")
    parts.append("Confirm only what is exactly what you want, and correct what is not; after two corrections give up.")
    return " ".join(parts)


def writes(facts: Facts[R], call: Callable[[R], Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The calls that fulfil what is asked for, in the order of the requests; a question or what is forbidden has none.

    Args:
        facts: What is asked for.
        call: The call that fulfils a request, with ``name`` and ``arguments``.
    """
    final = [settled(request) for request in facts.requests]
    return [call(request) for request in final if request.kind != QUESTION and not request.forbidden]
