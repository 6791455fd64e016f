"""Which task comes next."""

from toolgym.curricula.fixed import Fixed
from toolgym.curricula.protocol import Curriculum

__all__ = ["Curriculum", "Fixed"]
