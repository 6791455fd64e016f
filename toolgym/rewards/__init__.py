"""What an episode pays: terms, their defaults, and presets by name."""

from toolgym.rewards.conduct import Consent, Identify, WrongWrite
from toolgym.rewards.fidelity import EarlyStop, InventedFact
from toolgym.rewards.presets import CONDUCT, DEFAULTS, FIDELITY, PRESETS, build_reward
from toolgym.rewards.terms import ActionMatch, EpisodeView, LengthPenalty, RepeatPenalty, RewardTerm, Success

__all__ = [
    "CONDUCT",
    "DEFAULTS",
    "FIDELITY",
    "PRESETS",
    "ActionMatch",
    "Consent",
    "EarlyStop",
    "EpisodeView",
    "Identify",
    "InventedFact",
    "LengthPenalty",
    "RepeatPenalty",
    "RewardTerm",
    "Success",
    "WrongWrite",
    "build_reward",
]
