"""How the two sides are kept in step."""

from __future__ import annotations

from collections.abc import Iterator

from toolgym.database.records import thaw
from toolgym.errors import DataError, TaskError
from toolgym.messages import ToolCall
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.probes import begin, copied
from toolgym.testing.domain_check.subject import Subject
from toolgym.tools import Toolbox


def check_sync(subject: Subject) -> Iterator[str]:
    """What one side's data says is carried over once: a second time changes nothing more."""
    if subject.domain.sync is None or not subject.domain.compat.strict_calls:
        return
    for _, task in subject.sample:
        try:
            toolbox = begin(subject.domain, task)
        except (DataError, TaskError):  # check_tasks tells it
            continue
        toolbox.synchronise()
        found = _again(toolbox, f"when the task {task.id!r} begins")
        for action in task.gold:
            if found is not None:
                break
            try:
                toolbox.call(ToolCall(action.name, thaw(action.arguments), action.action_id, action.requestor))
            except Exception:  # of a tool, which check_effects tells
                break
            found = _again(toolbox, f"after the gold call {action.name!r} of the task {task.id!r}")
        if found is not None:
            subject.defective.update(other.key for _, other in subject.sample)
            yield found
            return


def _again(toolbox: Toolbox, when: str) -> str | None:
    """What another run changes, as a message."""
    other = copied(toolbox)
    other.synchronise()
    for side, table, key in other.session.diff():
        return say.SYNC_AGAIN.format(side=side, key=key, table=table, when=when)
    return None
