"""Which task comes next.

Those that make tasks are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from toolgym.curricula.fixed import Fixed
from toolgym.curriculum import Budget, Curriculum, CurriculumSpec, RefreshReport

if TYPE_CHECKING:
    from toolgym.curricula.contents import PoolContents, pool_contents
    from toolgym.curricula.kinds import general, learnability, raft, sentinel
    from toolgym.curricula.learning import Learned, learn_from
    from toolgym.curricula.over_pool import over_pool
    from toolgym.curricula.pool import Entry, Pool
    from toolgym.curricula.pool_curriculum import PoolCurriculum

_LAZY = {
    "Entry": "toolgym.curricula.pool",
    "Learned": "toolgym.curricula.learning",
    "Pool": "toolgym.curricula.pool",
    "PoolContents": "toolgym.curricula.contents",
    "PoolCurriculum": "toolgym.curricula.pool_curriculum",
    "general": "toolgym.curricula.kinds",
    "learn_from": "toolgym.curricula.learning",
    "learnability": "toolgym.curricula.kinds",
    "over_pool": "toolgym.curricula.over_pool",
    "pool_contents": "toolgym.curricula.contents",
    "raft": "toolgym.curricula.kinds",
    "sentinel": "toolgym.curricula.kinds",
}

__all__ = [
    "Budget",
    "Curriculum",
    "CurriculumSpec",
    "Entry",
    "Fixed",
    "Learned",
    "Pool",
    "PoolContents",
    "PoolCurriculum",
    "RefreshReport",
    "general",
    "learn_from",
    "learnability",
    "over_pool",
    "pool_contents",
    "raft",
    "sentinel",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        return getattr(import_module(_LAZY[name]), name)
    raise AttributeError(f"module 'toolgym.curricula' has no attribute {name!r}")
