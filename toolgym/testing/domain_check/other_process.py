"""Whether a domain is the same in another process, where sets of texts have another order."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from itertools import zip_longest

from toolgym.registry import DOMAINS
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.subject import Subject
from toolgym.testing.domain_check.written import apart

HASH_SEEDS = ("1", "2")
"""The values of PYTHONHASHSEED in the two processes that are compared."""


def check_order(subject: Subject) -> Iterator[str]:
    """Worlds, tasks, answers and dialogues do not depend on the order of a set, which each process has another way.

    Two processes build the domain by its name, so only one that is installed is checked.
    """
    domain = subject.domain
    if not subject.ours or domain.name not in DOMAINS.names() or DOMAINS.load(domain.name) is not domain:
        return
    path = os.pathsep.join(filter(None, sys.path))
    command = [sys.executable, "-m", "toolgym.testing.domain_check.traces", domain.name, str(subject.seed)]
    running = [
        subprocess.Popen(
            command,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for seed in HASH_SEEDS
    ]
    ended = [(process, *process.communicate()) for process in running]
    for process, _, errors in ended:
        if process.returncode:
            error = _end_of(errors) or f"exit status {process.returncode}"
            if error not in subject.told:
                yield say.PROCESS_FAILS.format(error=error[:300])
            return
    made = [json.loads(output.splitlines()[-1]) for _, output, _ in ended]
    for what, texts in made[0].items():
        for one, other in zip_longest(texts, made[1].get(what, []), fillvalue=""):
            if one != other:
                before, after = apart(one, other)
                yield say.ORDER_VARIES.format(what=what, one=before, other=after)
                return


def _end_of(errors: str) -> str:
    """What stands below the traceback: the exception and its notes, in one line."""
    lines: list[str] = []
    for line in reversed(errors.strip().splitlines()):
        if line.startswith(" "):
            break
        lines.insert(0, line)
    return " ".join(lines)
