"""Which task comes next."""

from toolgym.curricula.fixed import Fixed
from toolgym.curricula.general import General
from toolgym.curricula.learnability import Learnability
from toolgym.curricula.pool import Entry, Pool
from toolgym.curricula.raft import Raft
from toolgym.curricula.sentinel import Sentinel
from toolgym.curriculum import Budget, Curriculum, RefreshReport

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
