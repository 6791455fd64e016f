"""What a round wants: how many tasks for each pattern, how hard, and which of them inform the policy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from small_generator import MADE_OF, failing, made, refreshed, trials

from toolgym.curricula import PoolCurriculum
from toolgym.curricula.allocation import apportion, next_level
from toolgym.domain import Domain
from toolgym.generators.template import TemplateProposer
from toolgym.proposal import TaskRequest
from toolgym.tasks import Task


def test_the_solver_keeps_tasks_that_inform_and_its_share_is_told() -> None:
    async def solver(domain: Domain, tasks: Sequence[Task], count: int) -> Mapping[str, Sequence[bool]]:
        assert count == 2
        outcomes = ([True, False], [True, True], [False, False])
        return {task.key: outcomes[place % 3] for place, task in enumerate(tasks)}

    curriculum = failing(solver=solver)
    report = refreshed(curriculum, 12)
    played = sum(report.stages["solver"].values())
    assert report.solver == f"{report.admitted} of {played} tasks with 0 < p < 1"
    assert report.admitted == report.stages["solver"]["passed"] < played
    assert report.validity == played / report.proposed


def _levels(curriculum: PoolCurriculum, monkeypatch: pytest.MonkeyPatch) -> dict[str | None, set[int]]:
    """The levels that the next refresh wants, by pattern."""
    found: dict[str | None, set[int]] = {}
    propose = TemplateProposer.propose

    def watched(
        self: TemplateProposer, domain: Domain, requests: Sequence[TaskRequest], *args: Any, **more: Any
    ) -> Any:
        for request in requests:
            found.setdefault(request.pattern, set()).add(request.level)
        return propose(self, domain, requests, *args, **more)

    monkeypatch.setattr(TemplateProposer, "propose", watched)
    refreshed(curriculum)
    monkeypatch.undo()
    return found


def test_a_pattern_whose_tasks_are_solved_gets_harder_ones_and_easier_ones_if_they_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    curriculum = failing()
    assert _levels(curriculum, monkeypatch) == {"wrong_record": {1}, "ended_early": {1}}
    for task in made(curriculum):
        assert task.provenance is not None
        curriculum.update(
            trials(curriculum.domain, task, "+++++-" if task.provenance.pattern == "wrong_record" else "--")
        )
    assert _levels(curriculum, monkeypatch) == {"wrong_record": {2}, "ended_early": {0}}
    curriculum.update(trials(curriculum.domain, MADE_OF["wrong_record"][0], "-", first=50))
    assert _levels(curriculum, monkeypatch) == {"wrong_record": {2}}


def test_what_the_solver_solves_counts_for_the_level_of_the_next_round(monkeypatch: pytest.MonkeyPatch) -> None:
    async def solver(domain: Domain, tasks: Sequence[Task], count: int) -> Mapping[str, Sequence[bool]]:
        return {task.key: [True] * 5 for task in tasks}

    curriculum = failing(solver=solver)
    refreshed(curriculum)
    assert made(curriculum) == []
    curriculum.update(trials(curriculum.domain, MADE_OF["wrong_record"][0], "-", first=50))
    assert _levels(curriculum, monkeypatch) == {"wrong_record": {2}}


def test_a_level_stays_within_its_bounds() -> None:
    assert (next_level(3, 10, 10), next_level(0, 10, 0)) == (3, 0)


@pytest.mark.parametrize("total", [1, 2, 3, 7, 40, 200])
def test_tasks_are_apportioned_in_full_and_every_pattern_gets_some(total: int) -> None:
    shares = {"wrong_record": 0.9, "ended_early": 0.09, "repeated_call": 0.01}
    chosen = apportion(total, shares)
    counts = {name: chosen.count(name) for name in shares}
    assert len(chosen) == total
    assert sorted(counts.values(), reverse=True) == list(counts.values())
    if total >= 3:
        assert min(counts.values()) >= max(1, int(total * 0.05))
    assert chosen[: min(total, 3)] == list(shares)[: min(total, 3)]
