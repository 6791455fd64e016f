"""What an episode pays: terms, their defaults, and presets by name."""

from toolgym.rewards.fidelity import EarlyStop, InventedFact
from toolgym.rewards.presets import DEFAULTS, FIDELITY, PRESETS, build_reward
from toolgym.rewards.terms import ActionMatch, EpisodeView, LengthPenalty, RepeatPenalty, RewardTerm, Success

__all__ = [
    "DEFAULTS",
    "FIDELITY",
    "PRESETS",
    "ActionMatch",
    "EarlyStop",
    "EpisodeView",
    "InventedFact",
    "LengthPenalty",
    "RepeatPenalty",
    "RewardTerm",
    "Success",
    "build_reward",
]
