"""The Proposer: tasks made on purpose, to be certified before anyone plays them."""

from toolgym.generators.template import TemplateProposer

__all__ = ["TemplateProposer"]
