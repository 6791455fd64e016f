"""Demonstrations: certified tasks that were made on purpose, played well, for supervised fine-tuning.

The oracle plays them in dialogue: it asks what it has not been told, and proposes what it is about to do. In a share of
them the domain's novice plays instead, in a trial in which it slipped, was put right and still succeeded, so that the
data shows how one recovers. Where it has no such trial, the oracle plays, and another task is tried instead.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count as numbers
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from toolgym.certificates import MAX_REFUSALS, CertificateReport, DuplicateIndex
from toolgym.certificates.certifier import Certifier, Funnel
from toolgym.certificates.report import merged
from toolgym.database.store import file_name
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, UnknownNameError
from toolgym.generation import MAX_LEVEL, targets
from toolgym.generators.demonstration import Demonstration
from toolgym.generators.demonstrator import Demonstrator
from toolgym.generators.template import TemplateProposer, generator_of
from toolgym.patterns import current_name
from toolgym.proposal import Proposal, Proposer, TaskRequest
from toolgym.tasks import Task, write_tasks

ROUNDS = 12
"""How often tasks are proposed for those that did not come through, at most."""


@dataclass(frozen=True)
class Demonstrations:
    """What was made.

    Args:
        made: The demonstrations, in the order in which their tasks were proposed.
        asked: How many were asked for.
        proposed: How many tasks were proposed.
        report: What came of them in the certificate's stages; None if nothing was certified.
        recoveries: How many should show a recovery.
        left_out: How many certified tasks are not there, by why.
        notes: Why nothing could be made of a request, and how often.
    """

    made: tuple[Demonstration, ...]
    asked: int
    proposed: int
    report: CertificateReport | None
    recoveries: int
    left_out: Mapping[str, int]
    notes: Mapping[str, int]

    def as_dict(self) -> dict[str, Any]:
        """The figures as ``toolgym tasks synthesize --json`` prints them."""
        patterns: Counter[str] = Counter()
        recovered: Counter[str] = Counter()
        for one in self.made:
            provenance = one.task.provenance
            patterns[(provenance.pattern if provenance is not None else None) or "untargeted"] += 1
            recovered.update(one.recovered)
        whole = merged([] if self.report is None else [self.report]).as_dict()
        shown = sum(bool(one.recovered) for one in self.made)
        return {
            "asked": self.asked,
            "demonstrations": len(self.made),
            "proposed": self.proposed,
            "certified": self.report is not None,
            "stages": whole["stages"],
            "not_checked": whole["not_checked"],
            "patterns": dict(patterns),
            "recoveries": {
                "asked": self.recoveries,
                "made": shown,
                "fallbacks": self.recoveries - shown,
                "patterns": dict(recovered),
            },
            "left_out": dict(self.left_out),
            "notes": dict(self.notes),
            "worlds": len({one.task.world for one in self.made}),
        }


async def demonstrate(
    domain: Domain,
    count: int = 100,
    *,
    recoveries: float = 0.2,
    patterns: Sequence[str | None] | None = None,
    wordings: Sequence[str] = (),
    seed: int = 0,
    proposer: Proposer | None = None,
    certifier: Certifier | None = None,
    progress: Callable[[], None] | None = None,
) -> Demonstrations:
    """Make tasks, certify them, and have each played well; the same arguments give the same.

    Args:
        domain: The domain.
        count: How many, at least 1. Fewer are made if too many tasks fail.
        recoveries: The share of them that should show a recovery, in [0, 1].
        patterns: What the tasks stress, in turn; None for an untargeted task. By default every pattern for which the
            domain has a way, with an untargeted task after each.
        wordings: How the agents speak, in turn, names of :func:`wordings_of`; by default each dialogue chooses.
        seed: At least 0.
        proposer: By default the template proposer.
        certifier: By default the funnel.
        progress: Called after each demonstration.

    Raises:
        ValueError: If a number is out of range.
        DataError: If the domain has no task generator.
        UnknownNameError: If the domain has no way to stress a pattern, or no such wording.
    """
    if count < 1 or not 0 <= recoveries <= 1 or seed < 0:
        raise ValueError(
            f"count must be at least 1, recoveries in [0, 1] and seed at least 0, got {count}, {recoveries} and {seed}"
        )
    chosen = targets_in_turn(domain, patterns)
    demonstrator = Demonstrator(domain, wordings=wordings, seed=seed)
    rng = np.random.default_rng(seed)
    wanted = {int(place) for place in rng.permutation(count)[: round(recoveries * count)]}
    making = _Making(domain, count, wanted, demonstrator, progress)
    proposer, certifier = proposer or TemplateProposer(), certifier or Funnel()
    disjoint_from = untrained_worlds(domain)
    requests, seen = _requests(chosen, seed), DuplicateIndex()
    reports: list[CertificateReport] = []
    for _ in range(ROUNDS):
        if making.lacking < 1:
            break
        batch = list(islice(requests, making.lacking))
        proposals = [proposal async for proposal in proposer.propose(domain, batch, rng, disjoint_from=disjoint_from)]
        through = await certifier.certify(domain, proposals, seen=seen, disjoint_from=disjoint_from)
        reports.append(through.report)
        certified = {task.key: task for task in through.tasks}
        for proposal in proposals:
            making.take(proposal, certified)
            await asyncio.sleep(0)  # whoever shares the loop gets a turn
    return making.result(merged(reports))


def write_demonstrations(folder: Path, domain: Domain, made: Sequence[Demonstration]) -> None:
    """Write demonstrations as ``tasks.jsonl``, ``worlds/``, ``trajectories.jsonl`` and ``chat.jsonl``, all or nothing.

    Args:
        folder: Where; it must not exist.
        domain: Their domain.
        made: The demonstrations.

    Raises:
        DataError: If the folder exists, or cannot be written.
    """
    if folder.exists():
        raise DataError(f"{str(folder)!r} exists; choose another folder, or remove it")
    partial_folder = folder.with_name(f".{folder.name}.partial")
    try:
        shutil.rmtree(partial_folder, ignore_errors=True)
        partial_folder.mkdir(parents=True)
        write_tasks(partial_folder / "tasks.jsonl", [one.task for one in made])
        for world in sorted({one.task.world for one in made}):
            domain.worlds.get(world).save(partial_folder / "worlds" / file_name(world))
        trajectories = "".join(f"{one.trajectory.to_json()}\n" for one in made)
        (partial_folder / "trajectories.jsonl").write_text(trajectories, encoding="ascii")
        chat = "".join(f"{json.dumps(one.as_chat_line())}\n" for one in made)
        (partial_folder / "chat.jsonl").write_text(chat, encoding="ascii")
        partial_folder.rename(folder)
    except OSError as error:
        raise DataError(f"{str(folder)!r} cannot be written: {error}") from error
    finally:
        shutil.rmtree(partial_folder, ignore_errors=True)


class _Making:
    """Demonstrations as they come about.

    Args:
        domain: The domain.
        count: How many are wanted.
        slips: The places among them that should show a recovery.
        demonstrator: Plays the tasks.
        progress: Called after each.
    """

    def __init__(
        self,
        domain: Domain,
        count: int,
        slips: Collection[int],
        demonstrator: Demonstrator,
        progress: Callable[[], None] | None,
    ) -> None:
        self.domain = domain
        self.count = count
        self.slips = sorted(slips)
        self.demonstrator = demonstrator
        self.progress = progress
        self.made: list[Demonstration] = []
        self.proposed = 0
        self.recovered = 0
        self.refusals = 0
        self.left_out: Counter[str] = Counter()
        self.notes: Counter[str] = Counter()

    @property
    def lacking(self) -> int:
        """How many are still to be made."""
        return self.count - len(self.made)

    def take(self, proposal: Proposal, certified: Mapping[str, Task]) -> None:
        """Have the tasks of a proposal played, if all of them came through: they belong together."""
        self.proposed += len(proposal.tasks)
        if not proposal.tasks:
            self.notes[proposal.note] += 1
        tasks = [certified[task.key] for task in proposal.tasks if task.key in certified]
        if not tasks or len(tasks) < len(proposal.tasks):
            return
        refusals = sum(not set_up(self.domain, task).gold_writes for task in tasks)
        if len(tasks) > self.lacking:
            self.left_out["there were enough"] += len(tasks)
        elif refusals and (self.refusals + refusals) * 100 > MAX_REFUSALS * self.count:
            self.left_out[f"more than {MAX_REFUSALS} % would change nothing"] += len(tasks)
        else:
            whole: list[Demonstration] = []
            for place, task in enumerate(tasks, len(self.made)):
                shown = self.recovered + sum(bool(one.recovered) for one in whole)
                # a recovery that was not found where it should have been is looked for in what follows
                found = self.demonstrator.demonstrate(task, place, recovery=bisect_right(self.slips, place) > shown)
                if found is None:
                    self.left_out["the oracle did not solve it"] += len(tasks)
                    return
                whole.append(found)
            self.made += whole
            self.recovered += sum(bool(one.recovered) for one in whole)
            self.refusals += refusals
            for _ in whole:
                if self.progress is not None:
                    self.progress()

    def result(self, report: CertificateReport) -> Demonstrations:
        """Everything that was made."""
        counts = (self.count, self.proposed, report, len(self.slips), self.left_out, self.notes)
        return Demonstrations(tuple(self.made), *counts)


def targets_in_turn(domain: Domain, patterns: Sequence[str | None] | None) -> Sequence[str | None]:
    """What the tasks stress, in turn."""
    if patterns is not None and domain.generator is None:
        return patterns  # a proposer of its own may know what to do
    known = list(targets(generator_of(domain)))
    if patterns is None:
        return [target for name in known for target in (name, None)] or [None]
    patterns = [None if name is None else current_name(name) for name in patterns]
    for name in patterns:
        if name is not None and name not in known:
            raise UnknownNameError("way to stress the pattern", name, known, f"They are those of {domain.name!r}.")
    return patterns


def _requests(chosen: Sequence[str | None], seed: int) -> Iterator[TaskRequest]:
    """Requests without end: the targets in turn, harder from round to round."""
    for number in numbers():
        level = number // len(chosen) % (MAX_LEVEL + 1)
        yield TaskRequest(f"sft-{seed}-{number:05}", chosen[number % len(chosen)], level)


def untrained_worlds(domain: Domain) -> list[str]:
    """The worlds that nobody trains in."""
    worlds = {name: {task.world for task in domain.tasks[name]} for name in domain.tasks.splits()}
    return sorted({world for name in worlds if name != "train" for world in worlds[name]} - worlds.get("train", set()))
