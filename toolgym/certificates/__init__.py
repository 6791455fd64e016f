"""Certificates: what is checked of a task before anyone plays, trains on or publishes it.

A task goes through :data:`STAGES` in order and stops at the first that it fails; how many come how far is the funnel.
:func:`certify` is for whoever makes tasks, :func:`check_dataset` for whoever ships them: it computes every certificate
anew.
"""

from toolgym.certificates.certifier import Certified, Certifier, Funnel, Solver, solver_of
from toolgym.certificates.dataset_checks import MAX_REFUSALS, check_dataset, check_pool, too_many_refusals
from toolgym.certificates.duplicates import DuplicateIndex
from toolgym.certificates.funnel import certified, certify
from toolgym.certificates.report import CertificateReport, Failure, StageTally
from toolgym.certificates.stages import STAGES, Context, Stage
from toolgym.worlds.identities import digest_of

__all__ = [
    "MAX_REFUSALS",
    "STAGES",
    "CertificateReport",
    "Certified",
    "Certifier",
    "Context",
    "DuplicateIndex",
    "Failure",
    "Funnel",
    "Solver",
    "Stage",
    "StageTally",
    "certified",
    "certify",
    "check_dataset",
    "check_pool",
    "digest_of",
    "solver_of",
    "too_many_refusals",
]
