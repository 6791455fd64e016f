"""Docstrings in Sphinx's notation, as Markdown for the site's API reference."""

import re
from typing import Any

import griffe

ROLE = re.compile(r":(?:class|meth|func|mod|data|attr|exc|obj):`~?([^`]+)`")
EXAMPLE = re.compile(r"^( *)Example:$", re.MULTILINE)
LITERAL = re.compile(r"^::\n\n|(?<=\w)::$", re.MULTILINE)


class Markdown(griffe.Extension):
    """Shows the roles of Sphinx as code, literal blocks without their colons, and ``Example:`` as a section."""

    def on_instance(self, *, obj: griffe.Object, **_: Any) -> None:
        """Rewrite the docstring of a module, class, function or attribute."""
        if obj.docstring:
            text = ROLE.sub(lambda role: f"`{role[1].rsplit('.', 1)[-1]}`", obj.docstring.value)
            text = EXAMPLE.sub(r"\1Examples:", text)
            obj.docstring.value = LITERAL.sub(lambda found: ":" if found[0] == "::" else "", text)
