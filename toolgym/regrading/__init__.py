"""Grading runs again, and what changes by it."""

from toolgym.regrading.changes import GradeChange, changes
from toolgym.regrading.regrade import Regraded, final_session, regrade, regrade_all, rejudge, task_of

__all__ = ["GradeChange", "Regraded", "changes", "final_session", "regrade", "regrade_all", "rejudge", "task_of"]
