"""What world generators share: dice, people, places, and draws that no other world holds."""

from toolgym.worlds.dice import Dice
from toolgym.worlds.fresh import Fresh

__all__ = ["Dice", "Fresh"]
