"""Demonstrations: how many of them show a recovery, and that nothing else in them is wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from toolgym import make_domain
from toolgym.agents.passive import NoOp
from toolgym.certificates.certifier import Certified, Funnel
from toolgym.domain import Agent, AgentFactory, Domain
from toolgym.generators.demonstrations import demonstrate
from toolgym.proposal import Proposal
from toolgym.tasks import Task

RETAIL = make_domain("retail")


class Elsewhere:
    """The certifier by default, over the domain whose oracle solves everything."""

    async def certify(self, domain: Domain, proposals: Sequence[Proposal], **options: Any) -> Certified:
        return await Funnel().certify(RETAIL, proposals, **options)


def test_a_task_that_nobody_solves_asks_for_no_further_recovery() -> None:
    unsolved: list[str] = []

    def but_for_the_first(player: AgentFactory | None) -> AgentFactory:
        def make(domain: Domain, task: Task, rng: np.random.Generator, **options: Any) -> Agent:
            if not unsolved:
                unsolved.append(task.id)
            assert player is not None
            return NoOp(domain, task, rng) if task.id == unsolved[0] else player(domain, task, rng, **options)

        return make

    domain = RETAIL.with_data(
        agents={name: replace(spec, make=but_for_the_first(spec.make)) for name, spec in RETAIL.agents.items()}
    )
    found = asyncio.run(demonstrate(domain, 4, recoveries=0.25, seed=1, certifier=Elsewhere()))
    assert found.left_out == {"the oracle did not solve it": 1}
    recoveries = found.as_dict()["recoveries"]
    assert {name: recoveries[name] for name in ("asked", "made", "fallbacks")} == {
        "asked": 1,
        "made": 1,
        "fallbacks": 0,
    }


def test_a_recovery_holds_no_refused_call_but_its_slips() -> None:
    found = asyncio.run(demonstrate(RETAIL, 40, recoveries=1.0, patterns=("forbidden_write", None), seed=9))
    shown = [one for one in found.made if one.recovered]
    assert len(shown) > 20
    refused = 0
    for one in shown:
        errors = {message.tool_call_id for message in one.trajectory.messages if message.error}
        for place, message in enumerate(one.chat):
            if errors & {call["id"] for call in message.get("tool_calls", ())}:
                refused += 1
                assert place in one.slips, (one.task.id, place)
    assert refused > 0
