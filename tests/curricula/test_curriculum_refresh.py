"""A refresh: failures explained, tasks wanted, made, certified and taken in; all of it or nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from small_generator import MADE_OF, GoldAnalyst, failing, made, refreshed, small_domain, trials

from toolgym import make_curriculum, make_domain
from toolgym.certificates import CertificateReport, DuplicateIndex
from toolgym.certificates.certifier import Certified, Funnel
from toolgym.curricula import PoolCurriculum, kinds
from toolgym.curriculum import Budget, RefreshReport
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, ServiceError
from toolgym.failures.report import FailureReport
from toolgym.generators.template import TemplateProposer
from toolgym.proposal import Proposal, TaskRequest
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

TASKS = make_domain("mock").tasks["train"]


def lines(tasks: Sequence[Task]) -> list[str]:
    return [task.model_dump_json() for task in tasks]


@pytest.mark.parametrize("kind", [kinds.general, kinds.raft, kinds.sentinel])
def test_the_same_state_and_seed_make_the_same_tasks_byte_for_byte(kind: Callable[..., PoolCurriculum]) -> None:
    found = []
    for _ in range(2):
        domain = small_domain()
        options: dict[str, Any] = {} if kind is kinds.general else {"analyst": GoldAnalyst()}
        first = kind(domain, "train", seed=5, **options)
        first.update(trials(domain, TASKS[0], "----"))
        report = refreshed(first)
        again = kind(small_domain(), "train", seed=5, **options)
        again.load_state_dict(json.loads(json.dumps(first.state_dict())))
        again.update(trials(domain, TASKS[2], "--"))
        second = refreshed(again)
        assert second.round == 1
        found.append((lines(made(again)), report, second, again.state_dict()))
    assert found[0] == found[1]
    assert len(found[0][0]) > 12
    other = kind(small_domain(), "train", seed=6, **options)
    other.update(trials(small_domain(), TASKS[0], "----"))
    refreshed(other)
    assert not set(lines(made(other))) & set(found[0][0])


@pytest.mark.parametrize("kind", [kinds.raft, kinds.sentinel])
def test_tasks_are_made_for_the_patterns_of_the_failures_and_say_where_they_come_from(
    kind: Callable[..., PoolCurriculum],
) -> None:
    curriculum = failing(kind)
    report = refreshed(curriculum, 10)
    assert (report.round, report.failures, report.proposed) == (0, 8, 10)
    assert {name: one["proposed"] for name, one in report.patterns.items()} == {"wrong_record": 5, "ended_early": 5}
    tasks = made(curriculum)
    assert report.admitted == len(tasks) > 5
    failed = {
        f"{MADE_OF[name][0].key}-{number}": name for name in ("wrong_record", "ended_early") for number in range(4)
    }
    for task in tasks:
        assert task.certificate is not None
        assert task.certificate.stages[-1] == "oracle"
        provenance = task.provenance
        assert provenance is not None
        assert provenance.round == 0
        assert len(provenance.parents) == 3
        assert {failed[parent] for parent in provenance.parents} == {provenance.pattern}
        assert task.id.startswith(f"{curriculum.name}-r0-0")
    assert len({task.id for task in tasks}) == len(tasks)


def test_a_report_tells_all_figures_of_a_round() -> None:
    curriculum = failing()
    first = refreshed(curriculum, 20)
    assert (first.drift, first.hit_rate, first.coverage, first.zero_signal) == (None, None, 1.0, 1.0)
    assert first.stages["schema"] == {"passed": 20, "failed": 0}
    assert first.validity == first.admitted / 20
    assert first.solver == "not measured"
    assert first.pool == len(TASKS) + first.admitted
    targeted = {name: [one for one in made(curriculum) if one.provenance and one.provenance.pattern == name]
                for name in ("wrong_record", "ended_early")}  # fmt: skip
    domain = curriculum.domain
    curriculum.update(trials(domain, targeted["wrong_record"][0], "+-+-"))
    curriculum.update(trials(domain, targeted["wrong_record"][1], "++++"))
    curriculum.update(trials(domain, targeted["ended_early"][0], "--"))
    curriculum.update(trials(domain, MADE_OF["needless_transfer"][0], "--"))
    second = refreshed(curriculum, 20)
    assert (second.round, second.failures) == (1, 6)
    assert second.zero_signal == 0.75
    assert second.coverage == pytest.approx(4 / 6)
    assert second.hit_rate is not None
    record, early = second.patterns["wrong_record"], second.patterns["ended_early"]
    assert (record["failures"], record["share"]) == (2, pytest.approx(2 / 6))
    assert (record["pass_1"], record["pass_4"]) == (0.75, 0.5)
    assert (early["pass_1"], early["pass_4"]) == (0.0, None)
    assert early["pool"] == first.patterns["ended_early"]["pool"] + early["admitted"]
    hit = record["hit_rate"]
    assert hit is not None
    assert hit["failures"] == 2
    assert hit["low"] <= hit["share"] <= hit["high"]
    assert second.drift is not None
    assert 0 < second.drift < 1
    assert second.patterns["needless_transfer"]["proposed"] == 0
    assert any("needless_transfer" in note and "no injector" in note for note in second.notes)
    assert json.loads(json.dumps(second.as_dict()))["patterns"]["wrong_record"]["pass_1"] == 0.75


@pytest.mark.parametrize("kind", [kinds.raft, kinds.sentinel])
def test_without_failures_nothing_is_proposed_and_the_notes_say_so(kind: Callable[..., PoolCurriculum]) -> None:
    curriculum = kind(small_domain(), "train", analyst=GoldAnalyst())
    report = refreshed(curriculum)
    assert (report.failures, report.proposed, report.coverage, report.validity) == (0, 0, None, None)
    assert "no failures" in report.notes[0]
    assert curriculum.round == 1


def test_learnability_makes_nothing_and_says_so() -> None:
    curriculum = make_curriculum("learnability", small_domain(), "train")
    curriculum.update(trials(small_domain(), TASKS[0], "--"))
    report = refreshed(curriculum)
    assert (report.proposed, report.pool, report.zero_signal) == (0, len(TASKS), 1.0)
    assert "makes no tasks" in report.notes[0]


def test_a_failure_is_analysed_once() -> None:
    analyst = GoldAnalyst()
    curriculum = failing(analyst=analyst)
    refreshed(curriculum)
    refreshed(curriculum)
    assert analyst.asked == 8


def test_controller_off_looks_at_no_failure_and_wants_all_patterns_alike() -> None:
    analyst = GoldAnalyst()
    curriculum = failing(analyst=analyst, controller=False)
    report = refreshed(curriculum, 12)
    assert analyst.asked == 0
    assert {name: one["proposed"] for name, one in report.patterns.items()} == {
        "wrong_record": 4,
        "invalid_argument": 4,
        "ended_early": 4,
    }
    assert all(task.provenance is not None and task.provenance.parents == () for task in made(curriculum))
    assert any(note.startswith("Controller-off") for note in report.notes)
    assert refreshed(kinds.raft(small_domain(), "train", controller=False)).proposed == 12


@pytest.mark.parametrize("kind", [kinds.raft, kinds.sentinel])
def test_proposer_off_draws_the_tasks_whose_failures_showed_the_patterns(kind: Callable[..., PoolCurriculum]) -> None:
    curriculum = failing(kind, use_proposer=False)
    report = refreshed(curriculum)
    assert (report.proposed, report.coverage, made(curriculum)) == (0, 1.0, [])
    assert any(note.startswith("Proposer-off") for note in report.notes)
    aimed = {MADE_OF[name][0].key for name in ("wrong_record", "ended_early")}
    assert {entry.task.key for entry in curriculum.pool if entry.patterns} == aimed
    chances = curriculum.probabilities()
    if kind is kinds.raft:
        assert set(chances) == aimed
    else:
        assert set(chances) == {task.key for task in TASKS}


class _Failing(TemplateProposer):
    """Breaks off after a few proposals."""

    async def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        async for proposal in super().propose(domain, requests[:3], rng, disjoint_from=disjoint_from):
            yield proposal
        raise ServiceError("the model is gone")


class _Silent:
    async def explain(
        self, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
    ) -> Sequence[FailureReport]:
        return []


@pytest.mark.parametrize(
    ("parts", "error"),
    [({"proposer": _Failing()}, ServiceError), ({"analyst": _Silent()}, DataError)],
    ids=["proposer", "analyst"],
)
def test_a_refresh_that_fails_leaves_the_curriculum_as_it_was(
    parts: dict[str, Any], error: type[Exception], tmp_path: Any
) -> None:
    curriculum = failing(folder=tmp_path, **parts)
    before, chances = curriculum.state_dict(), curriculum.probabilities()
    with pytest.raises(error):
        refreshed(curriculum)
    assert curriculum.state_dict() == before
    assert curriculum.probabilities() == chances
    assert list(tmp_path.iterdir()) == []


class _Patient(GoldAnalyst):
    """Lets the curriculum be updated while it thinks."""

    def __init__(self) -> None:
        super().__init__()
        self.thinking = asyncio.Event()
        self.answer = asyncio.Event()

    async def explain(
        self, domain: Domain, failures: Sequence[tuple[Task | None, Trajectory]]
    ) -> Sequence[FailureReport]:
        self.thinking.set()
        await self.answer.wait()
        return await super().explain(domain, failures)


def test_trials_that_come_in_while_it_is_refreshed_are_kept_for_the_next_round() -> None:
    async def main() -> tuple[PoolCurriculum, RefreshReport]:
        analyst = _Patient()
        curriculum = failing(analyst=analyst)
        refresh = asyncio.create_task(curriculum.refresh(Budget(tasks=4, trials=2)))
        await analyst.thinking.wait()
        with pytest.raises(RuntimeError, match="under way"):
            await curriculum.refresh(Budget())
        curriculum.update(trials(curriculum.domain, TASKS[5], "---"))
        analyst.answer.set()
        return curriculum, await refresh

    curriculum, report = asyncio.run(main())
    assert report.failures == 8
    assert curriculum.metrics()["failures"] == 3.0
    assert next(entry.trials for entry in curriculum.pool if entry.task == TASKS[5]) == 3


def test_a_refresh_that_is_cancelled_leaves_the_curriculum_as_it_was_and_can_be_repeated() -> None:
    async def main() -> tuple[bool, RefreshReport]:
        analyst = _Patient()
        curriculum = failing(analyst=analyst)
        before = curriculum.state_dict()
        refresh = asyncio.create_task(curriculum.refresh(Budget(tasks=4, trials=2)))
        await analyst.thinking.wait()
        refresh.cancel()
        with pytest.raises(asyncio.CancelledError):
            await refresh
        same = curriculum.state_dict() == before
        analyst.answer.set()
        return same, await curriculum.refresh(Budget(tasks=4, trials=2))

    same, report = asyncio.run(main())
    assert same
    assert (report.round, report.failures, report.admitted) == (0, 8, 4)


def test_no_state_is_loaded_while_it_is_refreshed() -> None:
    curriculum = failing()
    state = curriculum.state_dict()

    async def main() -> None:
        task = asyncio.create_task(curriculum.refresh(Budget(tasks=6, trials=2)))
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="a refresh of this curriculum is under way"):
            curriculum.load_state_dict(state)
        await task

    asyncio.run(main())
    assert curriculum.round == 1
    assert curriculum.metrics()["failures"] == 0


@pytest.mark.parametrize("kind", [kinds.raft, kinds.sentinel])
def test_a_proposer_that_is_switched_on_later_finds_what_was_drawn_before(kind: Callable[..., PoolCurriculum]) -> None:
    off = failing(kind, use_proposer=False)
    refreshed(off)
    on = kind(small_domain(), "train", analyst=GoldAnalyst())
    on.load_state_dict(off.state_dict())
    assert on.probabilities() == off.probabilities()
    on.update(trials(on.domain, TASKS[0], "--", first=10))
    assert refreshed(on).admitted > 0
    assert on.sample(np.random.default_rng(0), 3)


class Refusals:
    """A proposer of whose tasks some change nothing; each comes with a twin in which something is to be done."""

    def __init__(self, every: int) -> None:
        self.every = every

    async def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        plain = TemplateProposer().propose(domain, requests, rng, disjoint_from=disjoint_from)
        number = 0
        async for proposal in plain:
            number += 1
            if number % self.every:
                yield proposal
                continue
            [twin] = proposal.tasks
            update = {"actions": (), "communicate_info": ("no",), "reward_basis": ("DB", "COMMUNICATE")}
            criteria = twin.evaluation_criteria
            assert criteria is not None
            refusal = twin.model_copy(
                update={"id": f"{twin.id}-no", "evaluation_criteria": criteria.model_copy(update=update)}
            )
            yield Proposal(proposal.request, (Task.model_validate(refusal.model_dump()), twin))


class Everything:
    """A certifier that lets all tasks through."""

    async def certify(self, domain: Domain, proposals: Sequence[Proposal], **_: Any) -> Certified:
        return Certified(CertificateReport(0, {}, (), {}, {}), tuple(task for one in proposals for task in one.tasks))


@pytest.mark.parametrize(("every", "refusals"), [(3, 1), (12, 1)])
def test_at_most_fifteen_percent_of_what_is_made_for_a_pool_are_refusals(every: int, refusals: int) -> None:
    curriculum = kinds.general(small_domain(), "train", proposer=Refusals(every), certifier=Everything(), seed=1)
    report = refreshed(curriculum)
    tasks = made(curriculum)
    ids = {task.id for task in tasks}
    found = [task for task in tasks if not set_up(curriculum.domain, task).gold_writes]
    assert len(found) == refusals
    assert all(task.id.removesuffix("-no") in ids for task in found)
    assert report.admitted == len(tasks)
    left_out = [note for note in report.notes if "left out" in note]
    assert left_out == (
        []
        if every == 12
        else [
            "6 tasks that came through are left out: in more than 15 % of those made for the pool the gold would "
            "change nothing"
        ]
    )


def test_a_failure_on_a_task_that_is_not_known_counts_and_no_task_is_made_from_it() -> None:
    curriculum = failing()
    lost = curriculum.domain.tasks["dev"][0]
    strangers = [replace(one, task_key="0" * 64) for one in trials(curriculum.domain, lost, "--")]
    curriculum.update(strangers)
    report = refreshed(curriculum)
    assert report.failures == 10
    assert report.coverage == 0.8
    assert "of 2 failures no cause was found" in report.notes


def test_a_certifier_that_changes_a_task_is_refused() -> None:
    class Editing(Funnel):
        async def certify(self, domain: Domain, proposals: Sequence[Proposal], **more: Any) -> Certified:
            found = await super().certify(domain, proposals, **more)
            return replace(found, tasks=tuple(one.model_copy(update={"ticket": "x"}) for one in found.tasks))

    with pytest.raises(DataError, match="Editing gave back 'sentinel-r0-000', a task that was not proposed"):
        refreshed(failing(certifier=Editing()))


def test_at_most_two_thousand_failures_wait() -> None:
    curriculum = failing()
    for start in range(0, 2100, 700):
        curriculum.update(trials(curriculum.domain, TASKS[1], "-" * 700, first=start))
    assert curriculum.metrics()["failures"] == 2000.0


class _Again(TemplateProposer):
    """Proposes a task of the split, and everything twice."""

    async def propose(
        self,
        domain: Domain,
        requests: Sequence[TaskRequest],
        rng: np.random.Generator,
        *,
        disjoint_from: Collection[str] = (),
    ) -> AsyncIterator[Proposal]:
        old = TASKS[0].model_copy(update={"id": requests[0].task_id})
        yield Proposal(requests[0], (old,))
        async for proposal in super().propose(domain, requests[1:4], rng, disjoint_from=disjoint_from):
            yield proposal
            twin = proposal.tasks[0].model_copy(update={"id": f"{proposal.request.task_id}-again"})
            yield Proposal(proposal.request, (twin,))


def test_no_task_comes_into_the_pool_twice() -> None:
    curriculum = failing(proposer=_Again())
    report = refreshed(curriculum)
    assert report.stages["duplicate"] == {"passed": 3, "failed": 4}
    assert report.admitted == 3
    assert report.validity == pytest.approx(3 / 7)
    assert len(report.reasons["duplicate"]) == 1
    assert report.reasons["duplicate"][0].startswith("4 of 4: a duplicate")
    seen = DuplicateIndex()
    assert not any(seen.add(set_up(curriculum.domain, entry.task)) for entry in curriculum.pool)


def test_demands_that_cannot_be_met_are_in_the_notes() -> None:
    class Lazy(TemplateProposer):
        async def propose(
            self,
            domain: Domain,
            requests: Sequence[TaskRequest],
            rng: np.random.Generator,
            *,
            disjoint_from: Collection[str] = (),
        ) -> AsyncIterator[Proposal]:
            for request in requests:
                yield Proposal(request, (), "the shop is shut")

    report = refreshed(failing(proposer=Lazy()), 7)
    assert "7 of 7 demands not met: the shop is shut" in report.notes
    assert (report.proposed, report.stages, report.validity) == (0, {}, None)


def test_worlds_of_the_other_splits_stay_apart() -> None:
    asked: list[tuple[str, ...]] = []

    class Watching(Funnel):
        async def certify(self, domain: Domain, proposals: Sequence[Proposal], **more: Any) -> Any:
            asked.append(tuple(more["disjoint_from"]))
            return await super().certify(domain, proposals, **more)

    curriculum = failing(certifier=Watching())
    refreshed(curriculum)
    domain = curriculum.domain
    assert asked == [tuple(domain.tasks[split][0].world for split in ("validation", "dev", "test"))]
