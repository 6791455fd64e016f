"""What is to be done for a task that fails a stage of its certificate."""

from __future__ import annotations

from toolgym.certificates.report import Failure
from toolgym.testing.domain_check.subject import Subject

_MENDS = {
    "schema": "mend the task's fields, or what its initial state calls",
    "replay": "correct the gold call, the index or the tool that it uses, or the world in which it is made",
    "substance": "give it gold calls that change something, or something that must be told",
    "passive": "ask for something that an agent which does nothing cannot do",
    "facts": "write into the scenario what the user must know, or let Domain(needs=...) ask for less",
    "duplicate": "leave one of them out",
    "oracle": "mend the oracle, or the user that it talks to",
}
_USER = "mend the user that fails"
_UNSTABLE = (
    "let the gold calls leave the same state each time: no clock, no counter, no order of a set, and a sync that "
    "writes only where the sides differ"
)


def mend_of(subject: Subject, failure: Failure) -> str | None:
    """What mends a task that fails a stage; None if another part of the check tells what is to blame.

    Args:
        subject: What is checked.
        failure: Why the task fails.
    """
    if "the episode is void (user)" in failure.reason:
        return None if "scripted" in subject.domain.users else _USER
    if failure.stage == "substance" and failure.reason.startswith("gold play does not score"):
        return _UNSTABLE
    if failure.stage == "oracle" and ORACLE in subject.told:
        return None
    return _MENDS[failure.stage]


ORACLE = "the oracle"
"""Among what was told, if the oracle fails tasks of the sample."""
