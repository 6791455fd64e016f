"""What a process has used of the processor."""

from __future__ import annotations

import os


def cpu_seconds() -> float:
    """CPU-seconds of this process and of the children that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system
