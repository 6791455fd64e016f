"""Whether an episode succeeded, and what many episodes say together."""

from toolgym.evaluation.compliance import Compliance, Conduct, conduct
from toolgym.evaluation.grade import GradedTask, Judge, Verdict, grade
from toolgym.evaluation.metrics import (
    Comparison,
    Estimate,
    PassHat,
    TooManyVoidError,
    Void,
    compare,
    pass_hat_k,
    pass_hat_table,
)
from toolgym.evaluation.user_check import UserCheck, UserError

__all__ = [
    "Comparison",
    "Compliance",
    "Conduct",
    "Estimate",
    "GradedTask",
    "Judge",
    "PassHat",
    "TooManyVoidError",
    "UserCheck",
    "UserError",
    "Verdict",
    "Void",
    "compare",
    "conduct",
    "grade",
    "pass_hat_k",
    "pass_hat_table",
]
