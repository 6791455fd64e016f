"""What a task's scenario must tell, since nothing else would."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from toolgym.database import Database
from toolgym.database.records import thaw
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, TaskError
from toolgym.messages import ToolCall
from toolgym.tasks import Task
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.agents import found_by, holds, keys_of
from toolgym.testing.domain_check.subject import Subject, texts_of
from toolgym.tools import Effect, Toolbox

RECORDS = 50
"""So many records of a table tell whether an index tells them apart."""
UNIQUE = 0.9
"""An index tells records apart if so many of its texts, of all, find one record alone."""


def check_scenarios(subject: Subject) -> Iterator[str]:
    """What gold calls name is told by the scenario, or by the calls before, or stands in a record found from there.

    A record is named by its key, or by a text of an index that finds one record alone.
    """
    if not subject.domain.compat.strict_calls or not subject.ours:
        return
    told = set()
    for _, task in subject.sample:
        if task.key in subject.defective:
            continue
        for tool, argument, value in _untold(subject, task):
            if (tool, argument) not in told:
                told.add((tool, argument))
                yield say.SCENARIO_LACKS.format(tool=tool, task=task.id, argument=argument, value=value)


def _untold(subject: Subject, task: Task) -> Iterator[tuple[str, str, str]]:
    """What nothing tells that an assistant hears: the tool, the argument, the text."""
    domain = subject.domain
    try:
        ready = set_up(domain, task)
    except (DataError, TaskError):  # check_tasks tells it
        return
    toolbox, base = ready.toolbox(), ready.base
    keys = keys_of(base)
    heard = [str(task.user_scenario), domain.policy, domain.greeting, *(one.content or "" for one in ready.history)]
    for action in task.gold:
        for argument, value in action.arguments.items() if action.requestor == "assistant" else ():
            for text in texts_of(thaw(value)):
                if not (text in keys or _finds(base, text)) or holds("\n".join(heard), text):
                    continue
                if not holds(_reached(ready.toolbox(), base, "\n".join(heard)), text):
                    yield action.name, argument, text
        made = ToolCall(action.name, thaw(action.arguments), action.action_id, action.requestor)
        try:
            heard.append(toolbox.call(made).content)
        except Exception:  # of a tool, which check_effects tells
            return


def _finds(base: Database, text: str) -> bool:
    """Whether a text finds records and is somebody's own: a number or an address, or what finds one record alone.

    A date or a status may be said in other words, or looked for by anybody.
    """
    if re.fullmatch(r"\d{1,2}|\d{4}-\d\d(-\d\d)?.*|\d{1,2}:\d\d.*", text):
        return False
    return found_by(base, text) or _finds_one(base, text)


def _finds_one(base: Database, text: str) -> bool:
    """Whether a text finds one record, in an index that tells records apart."""
    for side, schema in base.schemas.items():
        for table in schema.tables:
            for index, function in table.indexes.items():
                found = {text, text.lower()}
                if not any(len(base.find(side, table.name, index, value)) == 1 for value in found):
                    continue
                records = [base.record(side, table.name, key) for key in list(base.keys(side, table.name))[:RECORDS]]
                values = [value for record in records if record is not None for value in function(record)]
                alone = sum(len(base.find(side, table.name, index, value)) == 1 for value in values)
                if alone >= UNIQUE * len(values):
                    return True
    return False


def _reached(toolbox: Toolbox, base: Database, heard: str) -> str:
    """What is heard and what anybody may list, with all records that either leads to.

    What is heard leads to the records that it names, by a key or a text of an index, and on to those that name them, as
    a tool may look for them. What anybody may list leads only to those that it names: it tells nothing of the user.
    """
    records = list(_records(base))
    told = _led_to(records, heard.casefold(), backwards=True)
    listed = ""
    for tool in toolbox.toolkits["assistant"].tools.values():
        if tool.effect is Effect.READ and not tool.schema["function"]["parameters"].get("required"):
            with contextlib.suppress(Exception):  # of a tool, which check_effects tells
                listed += "\n" + toolbox.call(ToolCall(tool.name, {}, "look")).content
    return f"{told}\n{_led_to(records, listed.casefold(), backwards=False)}"


class _Named(NamedTuple):
    """A record, by what leads to it."""

    names: frozenset[str]
    """Its key, and the texts of its indexes."""
    others: frozenset[str]
    """The keys of others that it names."""
    text: str


def _records(base: Database) -> Iterator[_Named]:
    keys = keys_of(base)
    for side, schema in base.schemas.items():
        for table in schema.tables:
            for key in base.keys(side, table.name):
                record = thaw(base.record(side, table.name, key) or {})
                indexed = {value for function in table.indexes.values() for value in function(record)}
                names = frozenset(_plain(name) for name in {key, *indexed}) - {""}
                others = frozenset(_plain(name) for name in texts_of(record) if name in keys) - {""}
                yield _Named(names, others, json.dumps(record, ensure_ascii=False, default=str).casefold())


def _led_to(records: Sequence[_Named], text: str, *, backwards: bool) -> str:
    """A text, and those of all records that it leads to."""
    left, words = list(records), _words(text)
    while True:
        found: list[_Named] = []
        others: list[_Named] = []
        for one in left:
            phrases = (name for name in one.names if not name.isalnum())
            reached = one.names & words or any(name in text for name in phrases)
            (found if reached or (backwards and one.others & words) else others).append(one)
        if not found:
            return text
        left = others
        more = "\n".join(one.text for one in found)
        words |= _words(more)
        text += f"\n{more}"


def _words(text: str) -> set[str]:
    return {_plain(word) for word in re.findall(r"[^\s\"',:;!?()\[\]{}]+", text)}


def _plain(word: str) -> str:
    return re.sub(r"^\W+|\W+$", "", word).casefold()
