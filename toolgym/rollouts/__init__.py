"""Playing many episodes, and keeping them."""

from toolgym.rollouts.evaluate import Settings, evaluate, play
from toolgym.rollouts.run import Run

__all__ = ["Run", "Settings", "evaluate", "play"]
