"""How broken dialogues are made: mutators take turns, and what they make is kept if it fails as it is meant to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np

from benchmarks.analyst.broken_dialogue import Draft, Source, shuffled
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.messages import Message
from toolgym.patterns import PATTERNS, Injection
from toolgym.trajectory import Trajectory

Mutator: TypeAlias = Callable[[Source, np.random.Generator], Iterator[Draft]]
"""Takes a solved dialogue and proposes broken ones."""
TRIALS = 4
"""Trials of each task that a mutator may start from; the customer words them differently."""
PASSES = ((True, 0), *((False, trial) for trial in range(TRIALS)))
"""First the tasks that the pattern does not have yet, then all of them, trial by trial."""
SPOILT = {
    "wrong_variant": "DB",
    "item_from_another_record": "DB",
    "wrong_record": "DB",
    "misattributed_item": "DB",
    "forbidden_write": "DB",
    "fact_not_said": "COMMUNICATE",
}
"""For patterns that spoil one component of the grade: which. The others must stay at 1."""


def failed(source: Source, pattern: str, draft: Draft, spoken: Sequence[Message]) -> Trajectory | None:
    """Play a broken dialogue; None if it does not fail, or not as it is meant to.

    Args:
        source: What was broken.
        pattern: What it is to show.
        draft: The broken dialogue.
        spoken: Its messages, with identifiers for their calls.
    """
    episode, seen = Episode(source.domain, source.task), 0
    for place, message in enumerate(spoken):
        if episode.turn != message.role:
            break
        if place == draft.at:
            seen = episode.seen("assistant")
        episode.advance(message)
    else:
        if episode.turn is not None:
            return None
    if episode.termination != draft.ends or episode.errors != draft.errors or not seen:
        return None
    grade = episode.grade
    wrong = {name for name, value in grade.components.items() if value != 1.0}
    if grade.success is not False or (pattern in SPOILT and wrong != {SPOILT[pattern]}):
        return None
    episode.injected = (Injection(pattern, seen, recovered=False),)
    return replace(episode.trajectory(), started=None, seconds=None)


def made_in_turn(
    domain: Domain,
    split: str,
    per_pattern: int,
    seed: int,
    mutators: Mapping[str, Sequence[Mutator]],
    play: Callable[[Source, str, Draft], Trajectory | None],
    passes: Sequence[tuple[bool, int]] = PASSES,
) -> Iterator[tuple[str, Trajectory]]:
    """Failed trajectories of every pattern, no two alike, each with the name of its mutator.

    Args:
        domain: Retail.
        split: Whose tasks.
        per_pattern: How many of each pattern, at least 1.
        seed: Everything random comes from it; equal seeds give equal trajectories.
        mutators: For each pattern those that take turns.
        play: Plays what they make; None for what does not fail as it is meant to.
        passes: In which trials a mutator goes through the tasks, and whether it passes over those that the pattern
            has already.

    Raises:
        ValueError: If there are too few for a pattern.
    """
    tasks = domain.tasks[split]
    solved: dict[tuple[int, int], Source | None] = {}

    def source(number: int, trial: int) -> Source | None:
        if (number, trial) not in solved:
            solved[number, trial] = Source.played(domain, tasks[number], seed, trial)
        return solved[number, trial]

    def by(pattern: str, mutator: Mutator, rng: np.random.Generator, used: set[int]) -> Iterator[Trajectory]:
        """Everything that one mutator makes, one trajectory a task and trial."""
        order = shuffled(rng, range(len(tasks)))
        for fresh, trial in passes:
            for number in order:
                found = None if fresh and number in used else source(number, trial)
                drafts = mutator(found, rng) if found is not None else iter(())
                made = (play(found, pattern, draft) for draft in drafts if found is not None)
                first = next((one for one in made if one is not None), None)
                if first is not None:
                    used.add(number)
                    yield first

    trials: dict[str, int] = {}
    for row, pattern in enumerate(PATTERNS):
        used: set[int] = set()
        texts: set[str] = set()
        turns = [
            (mutator.__name__, by(pattern, mutator, np.random.default_rng([seed, row, column]), used))
            for column, mutator in enumerate(mutators[pattern])
        ]
        while turns and len(texts) < per_pattern:
            name, turn = turns.pop(0)
            made = next(turn, None)
            if made is None:
                continue
            turns.append((name, turn))
            text = f"{made.task_key} {made.messages}"
            if text not in texts:
                texts.add(text)
                trial = trials[made.task_key] = trials.get(made.task_key, -1) + 1
                yield name, replace(made, user="scripted", split=split, seed=seed, trial=trial)
        if len(texts) < per_pattern:
            raise ValueError(f"only {len(texts)} of {per_pattern} trajectories could be made for {pattern!r}")
