"""Tasks through the stages: how far each comes, and a certificate for those that pass all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence

from toolgym.certificates.duplicates import DuplicateIndex
from toolgym.certificates.report import CertificateReport, Failure, StageTally
from toolgym.certificates.stages import STAGES, Context, Stage
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Certificate, Task


def certify(
    domain: Domain,
    tasks: Iterable[Task],
    *,
    disjoint_from: Collection[str] = (),
    seen: DuplicateIndex | None = None,
    stages: Sequence[Stage] = STAGES,
    forms: int | None = None,
    progress: Callable[[], None] | None = None,
) -> CertificateReport:
    """Put every task through the stages; it stops at the first that it fails.

    Args:
        domain: The domain, with the worlds of the tasks in its store.
        tasks: The tasks.
        disjoint_from: Digests of worlds with which the tasks' worlds must have no entity in common. If one of them
            cannot be found, nothing can be told apart from it, and every task fails there.
        seen: The tasks of which none may be a duplicate; the new ones are added.
        stages: What is checked, in order.
        forms: In how many of its forms, or of its wordings where the domain's oracle has no forms, the oracle must
            solve each task, at least 0; they are drawn by the task's key. By default all.
        progress: Called after each task.

    Returns:
        The report, with a certificate for each task that passed every stage.

    Raises:
        ValueError: If ``forms`` is negative.

    Example:
        >>> from toolgym import make_domain
        >>> mock = make_domain("mock")
        >>> report = certify(mock, mock.tasks["test"][:3])
        >>> report.ok, report.stages["oracle"].passed
        (True, 3)
    """
    context = Context(domain, disjoint_from, seen, forms)
    not_checked = {stage.name: why for stage in stages if (why := stage.skipped(domain)) is not None}
    used = [stage for stage in stages if stage.name not in not_checked]
    names = tuple(stage.name for stage in used)
    passed: Counter[str] = Counter()
    failed: list[Failure] = []
    certificates: dict[str, Certificate] = {}
    count = 0
    for task in tasks:
        count += 1
        for stage in used:
            reason = _reason(stage, domain, task, context)
            if reason is not None:
                failed.append(Failure(task.id, stage.name, reason))
                break
            passed[stage.name] += 1
        else:
            certificates[task.key] = Certificate(key=task.key, stages=names)
        if progress is not None:
            progress()
    lost = Counter(failure.stage for failure in failed)
    tallies = {name: StageTally(passed[name], lost[name]) for name in names}
    return CertificateReport(count, tallies, tuple(failed), certificates, not_checked)


def _reason(stage: Stage, domain: Domain, task: Task, context: Context) -> str | None:
    try:
        return stage.check(domain, task, context)
    except DataError as error:  # the task cannot be used, which is what a check is to find out
        return str(error)


def certified(task: Task, certificate: Certificate) -> Task:
    """The task with its certificate.

    Raises:
        DataError: If the certificate is another task's.

    Example:
        >>> from toolgym import make_domain
        >>> mock = make_domain("mock")
        >>> task = mock.tasks["test"][0]
        >>> certified(task, certify(mock, [task]).certificates[task.key]).certificate.stages[0]
        'schema'
    """
    if certificate.key != task.key:
        raise DataError(
            f"the certificate is of a task with the key {certificate.key}, task {task.id!r} has {task.key}; certify "
            "the task as it is now"
        )
    return task.model_copy(update={"certificate": certificate})
