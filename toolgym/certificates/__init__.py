"""Certificates: what is checked of a task before anyone plays, trains on or publishes it.

A task goes through :data:`STAGES` in order and stops at the first that it fails; how many come how far is the funnel.
:func:`certify` is for whoever makes tasks, :func:`check` for whoever ships them: it computes every certificate anew.
"""

from toolgym.certificates.funnel import certified, certify
from toolgym.certificates.report import Failure, Report, Tally
from toolgym.certificates.seen import Seen
from toolgym.certificates.shipped import MAX_REFUSALS, check, check_pool, too_many_refusals
from toolgym.certificates.stages import STAGES, Context, Stage
from toolgym.entity import digest_of

__all__ = [
    "MAX_REFUSALS",
    "STAGES",
    "Context",
    "Failure",
    "Report",
    "Seen",
    "Stage",
    "Tally",
    "certified",
    "certify",
    "check",
    "check_pool",
    "digest_of",
    "too_many_refusals",
]
