"""The Controller: failures explained, and the patterns in them."""

from toolgym.failures.rules import RulesAnalyst

__all__ = ["RulesAnalyst"]
