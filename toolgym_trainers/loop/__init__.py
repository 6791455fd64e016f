"""Training in rounds: a policy plays, its failures become tasks, and it learns from them; see :class:`Training`."""

from toolgym_trainers.loop.settings import Measuring, TrainSettings
from toolgym_trainers.loop.training import Event, Stage, Training

__all__ = ["Event", "Measuring", "Stage", "TrainSettings", "Training"]
