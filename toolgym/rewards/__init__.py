"""What an episode pays: terms, their defaults, and presets by name."""

from toolgym.rewards.presets import DEFAULTS, PRESETS, build_reward
from toolgym.rewards.terms import ActionMatch, LengthPenalty, RepeatPenalty, RewardTerm, Success

__all__ = [
    "DEFAULTS",
    "PRESETS",
    "ActionMatch",
    "LengthPenalty",
    "RepeatPenalty",
    "RewardTerm",
    "Success",
    "build_reward",
]
