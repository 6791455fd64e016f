"""The Controller: failures explained, and the patterns in them."""

from toolgym.failures.report import UNNAMED, Analyst, FailureReport, Finding
from toolgym.failures.rules.analyst import RulesAnalyst

__all__ = ["UNNAMED", "Analyst", "FailureReport", "Finding", "RulesAnalyst"]
