"""The curricula over a pool that toolgym brings, each put together from a sampler and a refresher."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict, Unpack

from toolgym.certificates.certifier import Certifier, Solver
from toolgym.curricula.planners import Targeted, Untargeted
from toolgym.curricula.pool import Prior
from toolgym.curricula.pool_curriculum import PoolCurriculum, Signal
from toolgym.curricula.refreshers import NewTasks, NoTasks, Planner
from toolgym.curricula.samplers import ByLearnability, ByLearnablePattern, ByPattern, ByRound, Sampler, UniformOverMade
from toolgym.curricula.task_maker import TaskMaker
from toolgym.curriculum import CurriculumSpec
from toolgym.domain import Domain
from toolgym.failures.report import Analyst
from toolgym.generators.template import generator_of
from toolgym.proposal import Proposer
from toolgym.tasks import Task

Restart: TypeAlias = Literal["sft", "last"]


class PoolOptions(TypedDict, total=False):
    """What every curriculum over a pool takes; see :class:`~toolgym.curricula.pool_curriculum.PoolCurriculum`."""

    prior: Prior
    seed: int
    folder: str | Path | None
    signal: Signal


class GeneralOptions(PoolOptions, total=False):
    """What those that make tasks take too; see also :class:`~toolgym.curricula.task_maker.TaskMaker`."""

    proposer: str | Proposer | None
    certifier: Certifier | None
    solver: Solver | None
    disjoint_from: Collection[str] | None
    refresh_every: int | None
    refresh_tasks: int | None


class TargetedOptions(GeneralOptions, total=False):
    """What those that aim at patterns of failures take too; see also :class:`~toolgym.curricula.planners.Targeted`."""

    analyst: str | Analyst | None
    controller: bool
    use_proposer: bool
    like_failures: bool


def learnability(domain: Domain, tasks: str | Sequence[Task], **options: Unpack[PoolOptions]) -> PoolCurriculum:
    """Draws each task of a split by p(1 - p), where p is how likely it is solved now; it makes no tasks.

    Args:
        domain: The domain, over the data to be played.
        tasks: The split that it begins with, or tasks.
        options: ``prior``, ``seed`` (which changes nothing here), ``folder`` and ``signal``, as of
            :class:`~toolgym.curricula.pool_curriculum.PoolCurriculum`.

    Raises:
        DataError: If there are no tasks, or an option is of a wrong kind.
        UnknownNameError: If there is no such split or option.
        ValueError: If an option is out of range.

    Example:
        >>> from toolgym import make_domain
        >>> round(learnability(make_domain("mock"), "train").metrics()["learnability"], 6)
        1.0
    """
    LEARNABILITY.check(options)
    return PoolCurriculum("learnability", domain, tasks, ByLearnability(), NoTasks(), **options)


def general(domain: Domain, tasks: str | Sequence[Task], **options: Unpack[GeneralOptions]) -> PoolCurriculum:
    """Draws untargeted synthetic tasks, each with the same chance: what targeted ones are to be compared with.

    Each refresh adds to the pool, whatever failed; before the first one it draws the tasks of the split.

    Args:
        domain: The domain, over the data to be played.
        tasks: The split that it begins with, or tasks.
        options: ``proposer``, ``certifier``, ``solver`` and ``disjoint_from``, as of
            :class:`~toolgym.curricula.task_maker.TaskMaker`; ``prior``, ``seed``, ``folder``, ``signal``,
            ``refresh_every`` and ``refresh_tasks``, as of :class:`~toolgym.curricula.pool_curriculum.PoolCurriculum`.

    Raises:
        DataError: If there are no tasks, a part does not fit or needs a model, or tasks cannot be made for the domain
            and it is to refresh itself.
        UnknownNameError: If there is no such split or option, or no part of that name.
        ValueError: If an option is out of range.

    Example:
        >>> import numpy as np
        >>> from toolgym import make_domain
        >>> general(make_domain("mock"), "train").sample(np.random.default_rng(0))[0].id[:5]
        'train'
    """
    GENERAL.check(options)
    return _with_new_tasks("general", domain, tasks, UniformOverMade(), Untargeted(), **options)


def raft(
    domain: Domain,
    tasks: str | Sequence[Task],
    *,
    restart: Restart = "sft",
    recency: float = 0.0,
    base: float = 0.0,
    **options: Unpack[TargetedOptions],
) -> PoolCurriculum:
    """The curriculum in rounds: failures of a whole evaluation become tasks, and the policy is trained on all of them.

    A round is: play the split, refresh on the failures, train on the pool. It draws from the union of the targeted
    tasks of all rounds, each with the same chance; before the first refresh from the tasks of the split. In
    Proposer-off, tasks are weighted by pattern share.

    Args:
        domain: The domain, over the data to be played.
        tasks: The split that it begins with, or tasks.
        restart: What a trainer starts each round from: ``"sft"``, the policy as it was before the first round, or
            ``"last"``, what the last round left.
        recency: How much newer rounds are preferred, at least 0; see :class:`~toolgym.curricula.samplers.ByRound`.
        base: The share of the draws that stays with the tasks of the split, in [0, 1], so that what the failures do not
            ask for is not forgotten; not used in Proposer-off.
        options: ``analyst``, ``controller``, ``use_proposer`` and ``like_failures``, as of
            :class:`~toolgym.curricula.planners.Targeted`, and those of :func:`general`.

    Raises:
        DataError: If there are no tasks, or a part does not fit or needs a model.
        UnknownNameError: If there is no such split or option, or no part of that name.
        ValueError: If an option is out of range, or Controller and Proposer are both off.

    Example:
        >>> from toolgym import make_domain
        >>> raft(make_domain("mock"), "train", restart="last").restart
        'last'
    """
    RAFT.check(options)
    if restart not in ("sft", "last"):
        raise ValueError(f"restart must be 'sft' or 'last', got {restart!r}")
    rounds = ByRound(recency, base)  # also where it is not used: what does not fit is refused
    sampler = rounds if options.get("use_proposer", True) else ByPattern()
    return _targeted("raft", domain, tasks, sampler, restart=restart, **options)


def sentinel(
    domain: Domain, tasks: str | Sequence[Task], *, base: float = 0.25, **options: Unpack[TargetedOptions]
) -> PoolCurriculum:
    """The curriculum inside training: failures become tasks while the policy learns, and what is mastered fades.

    Targeted tasks are drawn by the share of their pattern among the recent failures, times their learnability. Some of
    the draws stay with the tasks of the split, by learnability; before the first refresh, all of them do.

    Args:
        domain: The domain, over the data to be played.
        tasks: The split that it begins with, or tasks.
        base: The share of the draws that stays with the tasks of the split, in [0, 1]; see
            :class:`~toolgym.curricula.samplers.ByLearnablePattern`.
        options: Those of :func:`raft` without ``restart`` and ``recency``.

    Raises:
        DataError: If there are no tasks, or a part does not fit or needs a model.
        UnknownNameError: If there is no such split or option, or no part of that name.
        ValueError: If an option is out of range, or Controller and Proposer are both off.

    Example:
        >>> from toolgym import make_domain
        >>> sentinel(make_domain("mock"), "train").metrics()["share/split"]
        1.0
    """
    SENTINEL.check(options)
    return _targeted("sentinel", domain, tasks, ByLearnablePattern(base), **options)


def _targeted(
    name: str,
    domain: Domain,
    tasks: str | Sequence[Task],
    sampler: Sampler,
    *,
    restart: Restart | None = None,
    analyst: str | Analyst | None = None,
    controller: bool = True,
    use_proposer: bool = True,
    like_failures: bool = False,
    **options: Unpack[GeneralOptions],
) -> PoolCurriculum:
    planner = Targeted(analyst, controller=controller, use_proposer=use_proposer, like_failures=like_failures)
    return _with_new_tasks(name, domain, tasks, sampler, planner, proposes=use_proposer, restart=restart, **options)


def _with_new_tasks(
    name: str,
    domain: Domain,
    tasks: str | Sequence[Task],
    sampler: Sampler,
    planner: Planner,
    *,
    proposes: bool = True,
    restart: Restart | None = None,
    proposer: str | Proposer | None = None,
    certifier: Certifier | None = None,
    solver: Solver | None = None,
    disjoint_from: Collection[str] | None = None,
    refresh_every: int | None = None,
    refresh_tasks: int | None = None,
    **options: Unpack[PoolOptions],
) -> PoolCurriculum:
    refresher = NewTasks(planner, TaskMaker(proposer, certifier, solver, disjoint_from))
    made = PoolCurriculum(
        name,
        domain,
        tasks,
        sampler,
        refresher,
        refresh_every=refresh_every,
        refresh_tasks=refresh_tasks,
        restart=restart,
        **options,
    )
    if refresh_every is not None and proposes and proposer in (None, "template"):
        generator_of(domain)  # better told now than in the middle of a training
    return made


RENAMED = {"apart": "disjoint_from", "proposing": "use_proposer"}
"""Options that were called otherwise, and what they are called now."""
_TARGETED = TargetedOptions.__optional_keys__
LEARNABILITY = CurriculumSpec("learnability", learnability, PoolOptions.__optional_keys__, RENAMED)
GENERAL = CurriculumSpec("general", general, GeneralOptions.__optional_keys__, RENAMED)
RAFT = CurriculumSpec("raft", raft, _TARGETED | {"restart", "recency", "base"}, RENAMED)
SENTINEL = CurriculumSpec("sentinel", sentinel, _TARGETED | {"base"}, RENAMED)
