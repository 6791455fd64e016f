"""A domain's shipped tasks: every certificate computed anew, and what must hold of whole splits."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from toolgym.certificates.duplicates import DuplicateIndex
from toolgym.certificates.funnel import certify
from toolgym.certificates.report import CertificateReport, Failure, StageTally, merged
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.errors import DataError
from toolgym.tasks import Certificate, Instructions, Task

MAX_REFUSALS = 15
"""Refusals in a set of tasks, in percent, at most."""


def check_dataset(
    domain: Domain, split: str | None = None, *, progress: Callable[[], None] | None = None
) -> CertificateReport:
    """Check the tasks that ship with a domain.

    Beside the stages of :func:`~toolgym.certificates.funnel.certify`, with the worlds of the other splits apart:

    - ``certificate``: a task that passed carries the certificate that was computed now. Not checked where no task of
      the domain carries one.
    - ``ids``: a task's id is no other task's, in whatever split.
    - ``worlds``: a split shares no world with another; counted in splits.
    - ``refusals``: at most 15 % of a split have a gold that changes nothing; counted in splits.
    - ``twins``: a task whose gold changes nothing has a near-twin in its split whose gold changes something: one of the
      same user, so that refusing whatever that user asks does not pay. Only scenarios in parts say who the user is.

    The last four are about what we ship: over tau2's data, whose splits overlap, they are not checked, and every task
    is checked once.

    Args:
        domain: The domain.
        split: Only the tasks of this split, still against all the others; by default all.
        progress: Called after each task.

    Raises:
        DataError: If the domain has no tasks.
        UnknownNameError: If there is no such split.
    """
    names = domain.tasks.splits()
    if not names:
        raise DataError(f"the domain {domain.name!r} has no embedded tasks; use data='tau2' and set TAU2_DATA_DIR")
    chosen = {name: domain.tasks[name] for name in ([split] if split is not None else names)}
    if not domain.compat.certifiable:
        tasks = list(domain.tasks) if split is None else list(chosen[split])
        report = certify(domain, tasks, progress=progress)
        why = f"{domain.compat.name}'s splits are not ours to arrange"
        not_ours = _not_checked(ids=why, worlds=why, refusals=why, twins=why)
        return merged([report, _compare(domain, tasks, report), not_ours])
    seen = DuplicateIndex()
    worlds = {name: {task.world for task in domain.tasks[name]} for name in names}
    reports = []
    for name, tasks_of in chosen.items():
        others = set[str]().union(*(worlds[other] for other in names if other != name))
        report = certify(domain, tasks_of, disjoint_from=sorted(others), seen=seen, progress=progress)
        reports += [report, _compare(domain, tasks_of, report)]
    reports += [_check_ids(domain, chosen), _check_worlds(worlds, chosen)]
    reports += [_check_refusals(domain, chosen), _check_twins(domain, chosen)]
    return merged(reports)


def check_pool(
    domain: Domain, pool: Domain, split: str, *, progress: Callable[[], None] | None = None
) -> CertificateReport:
    """Check tasks that were made, by whomever: those of a pool.

    Beside the stages of :func:`~toolgym.certificates.funnel.certify`, with the worlds of the domain's own splits apart:

    - ``certificate``: a certificate that a task carries is of this task, and not of another or of what it was before.
    - ``ids`` and ``refusals``: see :func:`check_dataset`.
    - ``worlds``: each world of the pool is there, and is what its digest says; none is one of the domain's other splits
      than ``train``. Counted in worlds.

    Args:
        domain: The domain with its own tasks.
        pool: The domain over the pool's tasks, and with its worlds.
        split: What the pool's tasks are called there.
        progress: Called after each task.
    """
    tasks = pool.tasks[split]
    ours = {name: {task.world for task in domain.tasks[name]} for name in domain.tasks.splits()}
    worlds = dict.fromkeys(task.world for task in tasks)
    failed = []
    for world in worlds:
        shared = [name for name, of_split in ours.items() if name != "train" and world in of_split]
        if shared and domain.compat.certifiable:
            failed.append(Failure(None, "worlds", f"{world[:16]} is a world of the split {shared[0]!r}"))
            continue
        try:
            pool.worlds.get(world)
        except DataError as error:
            failed.append(Failure(None, "worlds", str(error)))
    disjoint_from = sorted(set[str]().union(*ours.values()) - worlds.keys()) if domain.compat.certifiable else ()
    report = certify(pool, tasks, disjoint_from=disjoint_from, progress=progress)
    chosen = {split: tasks}
    return merged(
        [
            report,
            _check_keys(tasks),
            _check_ids(pool, chosen),
            _report("worlds", len(worlds) - len(failed), failed),
            _check_refusals(pool, chosen),
        ]
    )


def _check_keys(tasks: Sequence[Task]) -> CertificateReport:
    carrying = [task for task in tasks if task.certificate is not None]
    if not carrying:
        return _not_checked(certificate="no task carries a certificate")
    failed = [
        Failure(task.id, "certificate", f"its certificate is of the key {task.certificate.key}, it now has {task.key}")
        for task in carrying
        if task.certificate is not None and task.certificate.key != task.key
    ]
    return _report("certificate", len(carrying) - len(failed), failed)


def too_many_refusals(domain: Domain, tasks: Sequence[Task]) -> str | None:
    """Why a set of tasks holds too many refusals, or None.

    A refusal is a task whose gold makes no effective write. Tasks that cannot be prepared are taken for none.
    """
    refusals = [task.id for task in tasks if _refuses(domain, task)]
    if len(refusals) * 100 <= MAX_REFUSALS * len(tasks):
        return None
    return (
        f"in {len(refusals)} of {len(tasks)} tasks, such as {refusals[0]!r}, the gold changes nothing; at most "
        f"{MAX_REFUSALS} % may: add tasks whose right answer is to act, or leave some of these out"
    )


def _refuses(domain: Domain, task: Task) -> bool:
    try:
        return not set_up(domain, task).gold_writes
    except DataError:  # the stage `schema` or `replay` reports it
        return False


def _compare(domain: Domain, tasks: Sequence[Task], report: CertificateReport) -> CertificateReport:
    """Each task's certificate with the one that was computed."""
    if not any(task.certificate is not None for task in domain.tasks):
        return _not_checked(certificate=f"no task of the domain {domain.name!r} carries a certificate")
    passed, failed = 0, []
    for task in tasks:
        if task.key not in report.certificates:
            continue
        reason = _difference(task, report.certificates[task.key])
        if reason is None:
            passed += 1
        else:
            failed.append(Failure(task.id, "certificate", reason))
    return _report("certificate", passed, failed)


def _difference(task: Task, computed: Certificate) -> str | None:
    shipped = task.certificate
    if shipped is None:
        return "it carries no certificate; others of its domain do"
    if shipped.key != task.key:
        return f"its certificate is of the key {shipped.key}, it now has {task.key}: it was changed since"
    if shipped.stages != computed.stages:
        return f"its certificate lists the stages {list(shipped.stages)}; it passes {list(computed.stages)}"
    return None


def _check_ids(domain: Domain, chosen: Mapping[str, Sequence[Task]]) -> CertificateReport:
    counts = Counter(task.id for name in domain.tasks.splits() for task in domain.tasks[name])
    tasks = [task for name in chosen for task in chosen[name]]
    failed = [
        Failure(name, "ids", f"the id is {counts[name]} tasks'; results refer to tasks by id")
        for name in dict.fromkeys(task.id for task in tasks)
        if counts[name] > 1
    ]
    return _report("ids", sum(counts[task.id] == 1 for task in tasks), failed)


def _check_worlds(worlds: Mapping[str, set[str]], chosen: Iterable[str]) -> CertificateReport:
    failed, passed = [], 0
    for name in chosen:
        shared = [
            f"{min(worlds[name] & worlds[o])[:16]} with {o!r}" for o in worlds if o != name and worlds[name] & worlds[o]
        ]
        if shared:
            failed.append(Failure(None, "worlds", f"the split {name!r} shares the world {', '.join(shared)}"))
        passed += not shared
    return _report("worlds", passed, failed)


def _check_refusals(domain: Domain, chosen: Mapping[str, Sequence[Task]]) -> CertificateReport:
    reasons = {name: too_many_refusals(domain, tasks) for name, tasks in chosen.items()}
    failed = [Failure(None, "refusals", f"split {name!r}: {reason}") for name, reason in reasons.items() if reason]
    return _report("refusals", len(reasons) - len(failed), failed)


def _check_twins(domain: Domain, chosen: Mapping[str, Sequence[Task]]) -> CertificateReport:
    failed, passed = [], 0
    for name, tasks in chosen.items():
        acting = {_user_of(task) for task in tasks if not _refuses(domain, task)}
        for task in tasks:
            user = _user_of(task)
            if user is None or not _refuses(domain, task):
                continue
            if user in acting:
                passed += 1
            else:
                why = f"its gold changes nothing, and no task of its user in the split {name!r} has one that does"
                failed.append(Failure(task.id, "twins", why))
    return _report("twins", passed, failed)


def _user_of(task: Task) -> str | None:
    """Who the user is, as the scenario has it; None if it does not tell apart what the user knows."""
    instructions = task.user_scenario.instructions
    return instructions.known_info if isinstance(instructions, Instructions) else None


def _report(stage: str, passed: int, failed: Sequence[Failure]) -> CertificateReport:
    """What came of one stage, to be merged with the rest."""
    return CertificateReport(0, {stage: StageTally(passed, len(failed))}, tuple(failed), {}, {})


def _not_checked(**why: str) -> CertificateReport:
    return CertificateReport(0, {}, (), {}, why)
