"""What a domain makes, as plain data: to be compared with what another process makes of it.

``python -m toolgym.testing.domain_check.traces NAME SEED`` prints it as the last line of its output.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

import numpy as np

from toolgym.agents.oracle import ORACLE
from toolgym.certificates.stages import user_of
from toolgym.database import Database, Rows, WorldStore
from toolgym.database.records import encode, thaw
from toolgym.domain import Domain
from toolgym.errors import ToolGymError
from toolgym.messages import ToolCall
from toolgym.testing.domain_check.probes import calls, places
from toolgym.testing.domain_check.subject import Subject, lines_of

TASKS = 2
"""So many tasks of each split are played, and of each kind are drawn."""


def traces(domain: Domain, seed: int) -> dict[str, list[str]]:
    """By what it is, texts that must not depend on the process: worlds, tasks, answers of tools, dialogues, draws.

    What raises is left out: the other parts of the check tell it.
    """
    subject = Subject(domain, TASKS, seed=seed)
    found: dict[str, list[str]] = {}
    for split in domain.tasks.splits():
        found[f"the worlds of the split {split!r}"] = [task.world for task in domain.tasks[split]]
        found[f"the tasks of the split {split!r}"] = [task.model_dump_json() for task in domain.tasks[split]]
    for side, kit in domain.toolkits.items():
        for tool in kit.tools.values():
            answers = found.setdefault(f"the answer of the {side}'s tool {tool.name!r}", [])
            with contextlib.suppress(Exception):
                properties = thaw(tool.schema["function"]["parameters"]["properties"])
                for toolbox, arguments in calls(subject, side, tool, properties, places(subject)):
                    answers.append(toolbox.call(ToolCall(tool.name, arguments, "probe", side)).content)
    for name, agent in {"oracle": ORACLE, **domain.agents}.items():
        for _, task in subject.sample:
            with contextlib.suppress(Exception):
                spec = ORACLE if name == "oracle" else agent
                user = user_of(task) if name == "oracle" else subject.user_for(task)
                if not spec.needs_model:
                    found[f"what the agent {name!r} plays in {task.id!r}"] = lines_of(subject.plays(task, spec, user))
    if domain.generator is not None:
        with contextlib.suppress(Exception):
            rows = domain.generator.world(np.random.default_rng([seed, 0]))
            found["the generator's world"] = [encode(rows)]
            found |= _drawn(domain, rows, seed)
    return found


def _drawn(domain: Domain, rows: Rows, seed: int) -> dict[str, list[str]]:
    """The first tasks of each kind of the generator's."""
    generator = domain.generator
    assert generator is not None
    world = WorldStore(domain.schemas).add(Database.build(domain.schemas, rows))
    found = {}
    for kind in generator.kinds:
        explorer = generator.explore(rows, world, np.random.default_rng([seed, 0]))
        drawn: list[Any] = [task for number in range(TASKS) for task in explorer.draw(kind, f"{kind}-{number}")]
        found[f"what the generator draws for the kind {kind!r}"] = [task.model_dump_json() for task in drawn]
    return found


def main(name: str, seed: str) -> None:
    """Print the traces of an installed domain."""
    from toolgym.registry import DOMAINS

    sys.stdout.write(f"\n{json.dumps(traces(DOMAINS.load(name), int(seed)))}\n")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except ToolGymError as error:
        sys.exit(str(error))
