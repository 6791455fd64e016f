"""Training in rounds: a policy plays, its failures become tasks, and it learns from them; see :class:`Training`."""

from toolgym_trainers.loop.settings import Measuring, TrainSettings
from toolgym_trainers.loop.stages import Event, Stage
from toolgym_trainers.loop.trainer import TRAINERS, Round, Trainer
from toolgym_trainers.loop.training import Training

__all__ = ["TRAINERS", "Event", "Measuring", "Round", "Stage", "TrainSettings", "Trainer", "Training"]
