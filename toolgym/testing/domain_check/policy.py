"""The policy and the greeting, and the names that the policy and the docstrings speak of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.subject import Subject, texts_of

RECORDS = 20
"""So many records of each table are read for words that a policy may speak of."""
_WORDS = re.compile(r"[a-z]+(?:_[a-z]+)+")
_NAME = re.compile(rf"(?<![\w./@#-]){_WORDS.pattern}(?![\w/@-]|\.\w)")


def check_policy(subject: Subject) -> Iterator[str]:
    """The policy and the greeting say something, and tools that they and the docstrings name are there."""
    domain = subject.domain
    if not domain.policy.strip():
        yield say.POLICY_EMPTY.format(policy=domain.policy)
    if not domain.greeting.strip():
        yield say.GREETING_EMPTY.format(greeting=domain.greeting)
    if not subject.ours:
        return
    tools = [tool for kit in domain.toolkits.values() for tool in kit.tools.values()]
    names = [tool.name for tool in tools]
    known: set[str] | None = None
    texts = [("the policy", domain.policy)]
    texts += [(f"the docstring of the tool {tool.name!r}", tool.description) for tool in tools]
    for place, text in texts:
        for name in dict.fromkeys(_NAME.findall(text)):
            close = get_close_matches(name, names, n=1, cutoff=0.6)
            if not (close or f"`{name}" in text or f"{name}(" in text):
                continue  # a word with an underscore may be anything
            known = _known(subject) if known is None else known
            if name not in known:
                hint = f"did you mean {close[0]!r}?" if close else f"its tools are {', '.join(names)}:"
                yield say.NAMES_NO_TOOL.format(place=place, name=name, hint=hint)


def _known(subject: Subject) -> set[str]:
    """Every word with an underscore that a domain has: tools, arguments, fields, tables, values, patterns."""
    domain = subject.domain
    found = {domain.name, *domain.failure_patterns, *domain.agents, *domain.users}
    for kit in domain.toolkits.values():
        found |= set(dir(kit))
        for tool in kit.tools.values():
            try:
                found |= _words_of(tool.schema["function"]["parameters"])
            except Exception:  # check_tools tells it
                continue
    for schema in domain.schemas.values():
        for table in schema.tables:
            found |= {table.name, *table.indexes} | _words_of(table.model.model_json_schema())
    for world in dict.fromkeys(task.world for _, task in subject.sample):
        base = domain.worlds.get(world)
        for side, schema in base.schemas.items():
            for table in schema.tables:
                for key in list(base.keys(side, table.name))[:RECORDS]:
                    found |= _words_of([key, dict(base.record(side, table.name, key) or {})])
    return found


def _words_of(value: Any) -> set[str]:
    """The words with underscores among the names and the texts of plain data."""
    return {word for text in (*_names(value), *texts_of(value)) for word in _WORDS.findall(text)}


def _names(value: Any) -> Iterable[str]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield str(name)
            yield from _names(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _names(inner)
