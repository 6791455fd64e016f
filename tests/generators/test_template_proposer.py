"""The template proposer: demands in, tasks out, in fresh worlds."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from toolgym.certificates.entities import entities_of
from toolgym.compat.tau2 import TAU2
from toolgym.database import WorldStore
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.failures.report import FailureReport
from toolgym.generators import TemplateProposer
from toolgym.patterns import PATTERNS
from toolgym.proposal import Proposal, TaskRequest
from toolgym.registration import make_domain


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def proposed(
    domain: Domain,
    demands: Sequence[TaskRequest],
    *,
    seed: int = 0,
    disjoint_from: Sequence[str] = (),
    tasks_per_world: int = 100,
) -> list[Proposal]:
    async def main() -> list[Proposal]:
        proposer = TemplateProposer(tasks_per_world)
        rng = np.random.default_rng(seed)
        return [proposal async for proposal in proposer.propose(domain, demands, rng, disjoint_from=disjoint_from)]

    return asyncio.run(main())


def test_each_demand_is_met_with_its_id_pattern_round_and_parents(retail: Domain) -> None:
    parent = FailureReport("episode-7", "t", "k")
    demands = [TaskRequest(f"new-{place}", name, 1, 3, (parent,)) for place, name in enumerate(PATTERNS)]
    proposals = proposed(retail, demands)
    assert [proposal.demand for proposal in proposals] == demands
    for proposal in proposals:
        task = proposal.tasks[0]
        assert task.id == proposal.demand.task_id
        assert task.provenance is not None
        assert task.provenance.pattern == proposal.demand.pattern
        assert task.provenance.round == 3
        assert task.provenance.parents == ("episode-7",)
        assert retail.worlds.get(task.world).world == task.world


def test_untargeted_tasks_are_of_all_kinds_in_turn_and_a_refusal_brings_its_twin(retail: Domain) -> None:
    assert retail.generator is not None
    kinds = list(retail.generator.kinds)
    proposals = proposed(retail, [TaskRequest(f"new-{place}") for place in range(len(kinds))])
    made = [proposal.tasks[0].provenance for proposal in proposals]
    assert [provenance.kind for provenance in made if provenance is not None] == kinds
    assert all(provenance.pattern is None for provenance in made if provenance is not None)
    refusal = proposals[kinds.index("refuse")]
    assert [task.id for task in refusal.tasks] == [refusal.demand.task_id, f"{refusal.demand.task_id}-twin"]


def test_the_same_generator_makes_the_same_tasks_and_another_one_others(retail: Domain) -> None:
    demands = [TaskRequest(f"new-{place}", "wrong_record") for place in range(3)]
    keys = [
        [task.key for proposal in proposed(retail, demands, seed=seed) for task in proposal.tasks] for seed in (1, 1, 2)
    ]
    assert keys[0] == keys[1]
    assert keys[0] != keys[2]


def test_injectors_of_a_pattern_take_turns(retail: Domain) -> None:
    proposals = proposed(retail, [TaskRequest(f"new-{place}", "ended_early") for place in range(4)])
    kinds = [task.provenance.kind for proposal in proposals for task in proposal.tasks if task.provenance]
    assert kinds == ["all_at_once", "one_by_one"] * 2


def test_new_worlds_share_nothing_with_those_that_must_stay_apart(retail: Domain) -> None:
    disjoint_from = sorted({task.world for task in retail.tasks["test"]})
    for seed in (1, 2):
        (proposal,) = proposed(retail, [TaskRequest("new", "ended_early")], seed=seed, disjoint_from=disjoint_from)
        own = entities_of(retail, proposal.tasks[0].world)
        assert all(not own.keys() & entities_of(retail, world).keys() for world in disjoint_from)


def test_a_world_is_left_after_so_many_tasks(mock: Domain) -> None:
    proposals = proposed(mock, [TaskRequest(f"new-{place}") for place in range(5)], tasks_per_world=2)
    worlds = [proposal.tasks[0].world for proposal in proposals]
    assert [worlds.index(world) for world in worlds] == [0, 0, 2, 2, 4]


def test_a_pattern_that_the_domain_cannot_stress_is_said_and_nothing_made_up(mock: Domain) -> None:
    (proposal,) = proposed(mock, [TaskRequest("new", "misattributed_item")])
    assert proposal.tasks == ()
    assert "misattributed_item" in proposal.note


def test_a_domain_without_a_task_generator_is_an_error_that_says_so(mock: Domain) -> None:
    bare = mock.with_data(worlds=WorldStore(mock.schemas), generator=None)
    with pytest.raises(DataError, match="'mock' has no task generator"):
        proposed(bare, [TaskRequest("new")])


def test_for_tools_that_are_not_toolgyms_no_task_is_made(mock: Domain) -> None:
    with pytest.raises(DataError, match="tasks are made for the tools of the flavour 'toolgym'"):
        proposed(mock.with_data(compat=TAU2), [TaskRequest("new", "wrong_record")])


def test_a_proposer_needs_room_for_a_task_in_each_world() -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        TemplateProposer(0)
