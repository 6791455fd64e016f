"""The Proposer: tasks made on purpose, and certified before anyone plays them."""

from toolgym.generators.certifier import Certified, Certifier, Funnel, Solver, solver_of
from toolgym.generators.proposal import Demand, Proposal, Proposer
from toolgym.generators.template import TemplateProposer

__all__ = [
    "Certified",
    "Certifier",
    "Demand",
    "Funnel",
    "Proposal",
    "Proposer",
    "Solver",
    "TemplateProposer",
    "solver_of",
]
