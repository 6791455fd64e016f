"""The formulas by which tasks of a pool are weighted, each by itself, and parts put together by hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from toolgym import make_curriculum, make_domain
from toolgym.curricula import PoolCurriculum, kinds
from toolgym.curricula.pool import PRIOR, Entry, Pool, Prior
from toolgym.curricula.pool_view import PoolView
from toolgym.curricula.progress import Progress
from toolgym.curricula.refreshers import NoTasks, Refreshed
from toolgym.curricula.samplers import (
    ByLearnability,
    ByLearnablePattern,
    ByPattern,
    ByRound,
    Sampler,
    UniformOverMade,
    pattern_weights,
)
from toolgym.curriculum import Budget
from toolgym.errors import DataError, UnknownNameError
from toolgym.testing import check_curriculum

MOCK = make_domain("mock")
TASKS = MOCK.tasks["train"]
SAMPLERS: list[Sampler] = [UniformOverMade(), ByLearnability(), ByPattern(), ByRound(1.0), ByLearnablePattern()]


def progress(*made: tuple[int, tuple[str, ...]], shares: dict[str, float] | None = None) -> Progress:
    """Two tasks of the split, and some that were made: each with its round and its patterns."""
    entries = [Entry(task, of_split=True) for task in TASKS[:2]]
    entries += [
        Entry(task, round=number, patterns=names) for task, (number, names) in zip(TASKS[2:], made, strict=False)
    ]
    return Progress(Pool(entries), shares=shares or {})


@pytest.mark.parametrize("sampler", SAMPLERS, ids=lambda one: type(one).__name__)
def test_before_anything_was_made_the_tasks_of_the_split_are_drawn_alike(sampler: Sampler) -> None:
    weights = list(sampler.weights(progress(), PRIOR))
    assert len(set(weights)) == 1
    assert weights[0] > 0


def test_the_shares_of_patterns_are_spread_over_their_tasks_and_a_tenth_evenly() -> None:
    now = progress((0, ("ended_early",)), (0, ("ended_early",)), (0, ("wrong_record",)), shares={"ended_early": 1.0})
    assert pattern_weights(now).tolist() == pytest.approx([0, 0, 0.475, 0.475, 0.05])
    assert not pattern_weights(progress()).any()


def test_newer_rounds_weigh_more_by_recency_and_the_split_nothing() -> None:
    now = progress((0, ("ended_early",)), (2, ("ended_early",)))
    assert list(ByRound(2.0).weights(now, PRIOR)) == pytest.approx([0, 0, 1 / 9, 1])
    assert list(ByRound().weights(now, PRIOR)) == [0, 0, 1, 1]
    assert list(UniformOverMade().weights(now, PRIOR)) == [0, 0, 1, 1]


def test_a_share_of_the_draws_of_rounds_stays_with_the_split_each_task_alike() -> None:
    now = progress((0, ("ended_early",)), (1, ("wrong_record",)))
    assert list(ByRound(1.0, base=0.4).weights(now, PRIOR)) == pytest.approx([0.2, 0.2, 0.2, 0.4])
    assert list(ByRound(base=1.0).weights(now, PRIOR)) == pytest.approx([0.5, 0.5, 0, 0])
    assert list(ByRound(base=0.4).weights(progress(), PRIOR)) == [1, 1]


def test_a_share_of_the_draws_stays_with_the_split() -> None:
    now = progress((0, ("ended_early",)), shares={"ended_early": 1.0})
    assert list(ByLearnablePattern(0.25).weights(now, PRIOR)) == pytest.approx([0.125, 0.125, 0.75])
    assert list(ByLearnablePattern(0.0).weights(now, PRIOR)) == pytest.approx([0, 0, 1])


@pytest.mark.parametrize(
    ("make", "error"),
    [
        (lambda: ByRound(-1), ValueError),
        (lambda: ByRound("x"), DataError),  # type: ignore[arg-type]  # that it is told is the point
        (lambda: ByRound(base=-0.1), ValueError),
        (lambda: ByLearnablePattern(1.5), ValueError),
        (lambda: ByLearnablePattern(float("nan")), DataError),
    ],
)
def test_numbers_that_do_not_fit_are_refused(make: Callable[[], Sampler], error: type[Exception]) -> None:
    with pytest.raises(error, match=r"recency|base"):
        make()


class Shortest:
    """A sampler as somebody would write it: the tasks with the shortest instructions, alike."""

    def weights(self, progress: Progress, prior: Any) -> list[float]:
        lengths = [len(entry.task.model_dump_json()) for entry in progress.pool]
        return [1.0 / length for length in lengths]


class Marking:
    """A refresher as somebody would write it: it makes nothing, and counts the rounds."""

    keeps_failures = False
    makes_tasks = False

    async def refresh(self, now: PoolView, budget: Budget, tick: Any = None) -> Refreshed:
        found = await NoTasks().refresh(now, budget)
        return found._replace(report=replace(found.report, notes=(f"round {now.round} of {now.name}",)))


def test_a_curriculum_of_parts_of_ones_own_keeps_the_protocol() -> None:
    def mine() -> PoolCurriculum:
        return PoolCurriculum("shortest", MOCK, [*TASKS, *MOCK.tasks["dev"]], Shortest(), Marking())

    check_curriculum(mine, MOCK)
    chances = mine().probabilities()
    assert max(chances.values()) > min(chances.values())


def test_a_trainer_reads_what_to_start_a_round_from() -> None:
    assert make_curriculum("raft", MOCK, "train").restart == "sft"
    assert make_curriculum("raft", MOCK, "train", restart="last").restart == "last"
    assert make_curriculum("sentinel", MOCK, "train").restart is None


def test_options_are_given_by_keyword_or_in_args_and_not_twice() -> None:
    one, other = (
        make_curriculum("raft", MOCK, "train", seed=3),
        make_curriculum("raft", MOCK, "train", args={"seed": 3}),
    )
    assert isinstance(other, PoolCurriculum)
    assert one.seed == other.seed == 3
    assert one.sample(np.random.default_rng(0), 5) == other.sample(np.random.default_rng(0), 5)
    twice: Any = make_curriculum
    with pytest.raises(DataError, match="the option 'seed' is given both in args and by keyword"):
        twice("raft", MOCK, "train", seed=3, args={"seed": 3})


def test_a_sampler_that_weighs_other_tasks_than_there_are_is_refused() -> None:
    class TooFew:
        def weights(self, progress: Progress, prior: Prior = PRIOR) -> list[float]:
            return [1.0]

    mine = PoolCurriculum("mine", MOCK, "train", TooFew(), NoTasks())
    with pytest.raises(DataError, match="the sampler TooFew gave 1 weights for 20 tasks; give one for each"):
        mine.sample(np.random.default_rng(0))


@pytest.mark.parametrize(
    ("domain", "sampler", "refresher", "told"),
    [
        (
            "mock",
            ByLearnability(),
            NoTasks(),
            r"domain must be a Domain, such as make_domain\('mock'\) gives, got 'mock'",
        ),
        (MOCK, ByLearnability, NoTasks(), r"sampler must be an object with the method weights\(\), got <class"),
        (MOCK, "by-pattern", NoTasks(), r"sampler must be an object with the method weights\(\), got 'by-pattern'"),
        (MOCK, ByLearnability(), NoTasks, r"refresher must be an object with the method refresh\(\), got <class"),
        (MOCK, NoTasks(), ByLearnability(), r"sampler must be an object with the method weights\(\), got <toolgym"),
    ],
)
def test_parts_that_are_none_are_refused_where_a_curriculum_is_put_together(
    domain: Any, sampler: Any, refresher: Any, told: str
) -> None:
    with pytest.raises(DataError, match=told):
        PoolCurriculum("mine", domain, "train", sampler, refresher)


@pytest.mark.parametrize("make", [kinds.learnability, kinds.general, kinds.raft, kinds.sentinel])
def test_a_misspelt_option_is_named_with_what_was_meant_by_the_functions_too(make: Callable[..., Any]) -> None:
    with pytest.raises(
        UnknownNameError, match=f"option of the curriculum '{make.__name__}' named 'foldr'. Did you mean"
    ):
        make(MOCK, "train", foldr="x")
    with pytest.raises(DataError, match=r"the option 'apart' of the curriculum .* is now called 'disjoint_from'"):
        make(MOCK, "train", apart=())
