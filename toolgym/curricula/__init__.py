"""Which task comes next.

Those that make tasks are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolgym.curricula.fixed import Fixed
from toolgym.curriculum import Budget, Curriculum, RefreshReport

if TYPE_CHECKING:
    from toolgym.curricula.general import General
    from toolgym.curricula.learnability import Learnability
    from toolgym.curricula.pool import Entry, Pool
    from toolgym.curricula.raft import Raft
    from toolgym.curricula.sentinel import Sentinel

_LAZY = {
    "Entry": "toolgym.curricula.pool",
    "General": "toolgym.curricula.general",
    "Learnability": "toolgym.curricula.learnability",
    "Pool": "toolgym.curricula.pool",
    "Raft": "toolgym.curricula.raft",
    "Sentinel": "toolgym.curricula.sentinel",
}

__all__ = [
    "Budget",
    "Curriculum",
    "Entry",
    "Fixed",
    "General",
    "Learnability",
    "Pool",
    "Raft",
    "RefreshReport",
    "Sentinel",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolgym.curricula' has no attribute {name!r}")
