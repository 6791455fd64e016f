"""The analyst that compares a trajectory with the gold, and needs no model."""

from toolgym.failures.rules.analyst import RulesAnalyst

__all__ = ["RulesAnalyst"]
