"""GRPO: a policy learns from how its own trials of a task compare with each other."""

from toolgym_trainers.grpo.advantages import advantages_of, group_advantages, turn_advantages
from toolgym_trainers.grpo.losses import clipped_objective, entropy, is_clipped, k3, token_weights
from toolgym_trainers.grpo.scoring import Scores, batches, logprobs_of, score
from toolgym_trainers.grpo.settings import GRPOSettings, learning_rate
from toolgym_trainers.grpo.update import UpdateFigures, make_optimizer, update

__all__ = [
    "GRPOSettings",
    "Scores",
    "UpdateFigures",
    "advantages_of",
    "batches",
    "clipped_objective",
    "entropy",
    "group_advantages",
    "is_clipped",
    "k3",
    "learning_rate",
    "logprobs_of",
    "make_optimizer",
    "score",
    "token_weights",
    "turn_advantages",
    "update",
]
