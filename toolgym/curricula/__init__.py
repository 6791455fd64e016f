"""Which task comes next."""

from toolgym.curricula.fixed import Fixed
from toolgym.curriculum import Curriculum

__all__ = ["Curriculum", "Fixed"]
