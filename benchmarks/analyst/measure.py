"""The figures of docs/curricula.md, how well the rules find patterns and hit-rates: see README.md beside it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from benchmarks.analyst.careless import careless
from benchmarks.analyst.frozen_sets import BROKEN, FOLDER, READ, freeze_tasks, measured
from benchmarks.analyst.mutators import mutated
from benchmarks.analyst.other_mutators import mutated_otherwise
from benchmarks.analyst.scores import Scores, scores
from benchmarks.analyst.targeted import failures, proposed
from benchmarks.analyst.third_mutators import mutated_again
from toolgym import make_agent, make_curriculum, make_domain, make_user
from toolgym.curriculum import Budget
from toolgym.domain import AgentFactory
from toolgym.failures import RulesAnalyst
from toolgym.failures.report import FailureReport
from toolgym.failures.statistics.distribution import hit_rate
from toolgym.patterns import PATTERNS
from toolgym.proposal import TaskRequest
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym_retail.clerk import Clerk

ALWAYS = {"repeated_call", "no_confirmation"}
"""Faults of the novice that count whether or not they did harm."""
ANALYST = RulesAnalyst()
RETAIL = make_domain("retail")
TASKS = {task.key: task for task in RETAIL.tasks}


def say(text: str = "") -> None:
    sys.stdout.write(f"{text}\n")


def explained(trajectory: Trajectory) -> FailureReport:
    """The report of a trajectory from its line, without labels."""
    bare = Trajectory.from_json(replace(trajectory, injected=(), agent="").to_json())
    return ANALYST.explain_one(RETAIL, TASKS[trajectory.task_key], bare)


def novice(number: int = 300) -> Scores:
    """Failures of the novice, against the faults that it made."""
    pairs = []
    for trial in range(9):
        for task in (*RETAIL.tasks["dev"], *RETAIL.tasks["validation"], *RETAIL.tasks["train"]):
            episode = play(RETAIL, task, make_agent("novice"), make_user("scripted"), seed=2, trial=trial)
            if episode.grade.success is False and len(pairs) < number:
                trajectory = episode.trajectory(trial=trial)
                there = {one.pattern for one in trajectory.injected if not one.recovered or one.pattern in ALWAYS}
                findings = explained(trajectory).findings
                said = {one.pattern for one in findings if (one.harm and one.because is None) or one.pattern in ALWAYS}
                pairs.append((there, said))
    return scores(pairs)


def broken(trajectories: Iterable[Trajectory]) -> Scores:
    """Broken dialogues: the primary cause against the label."""
    return scores([({one.injected[0].pattern}, {explained(one).pattern or ""}) for one in trajectories])


def fresh() -> Iterator[list[Trajectory]]:
    """The sets of broken dialogues made anew, as the frozen ones were."""
    yield mutated(RETAIL, "validation", 20, 0)
    yield mutated_otherwise(RETAIL)
    yield mutated_again(RETAIL)


def freeze() -> None:
    """Write the sets of broken dialogues anew, and the tasks of all sets."""
    for name, made in zip(BROKEN, fresh(), strict=True):
        (FOLDER / f"{name}.jsonl").write_text("".join(f"{one.to_json()}\n" for one in made), "utf-8")
    freeze_tasks(RETAIL.tasks)


def hits(agent: AgentFactory, targeted: Mapping[str, Sequence[Task]], general: Sequence[Task]) -> None:
    usual = failures(RETAIL, general, agent)
    say("| Pattern | Targeted: share (95 %) | of | General: share (95 %) | of | Ratio |")
    say("| --- | ---: | ---: | ---: | ---: | ---: |")
    for name, tasks in targeted.items():
        found = failures(RETAIL, tasks, agent)
        rate = hit_rate(found)
        aimed = hit_rate([replace(report, target=name) for report in usual])
        assert rate is not None
        assert aimed is not None
        ratio = f"{rate.share / aimed.share:.1f}" if aimed.share else "-"
        one, other = (f"{100 * r.share:.0f} % ({100 * r.low:.0f}-{100 * r.high:.0f})" for r in (rate, aimed))
        say(f"| `{name}` | {one} | {len(found)} | {other} | {len(usual)} | {ratio} |")


def drift() -> None:
    """Two rounds of a clerk whose weaknesses change between them."""
    sentinel = make_curriculum("sentinel", RETAIL, "train")
    user = make_user("scripted")
    for number, weak in enumerate((("wrong_variant", "misattributed_item"), ("fact_not_said", "ended_early"))):
        agent = partial(Clerk, rates={**dict.fromkeys(PATTERNS, 0.0), **dict.fromkeys(weak, 0.8)})
        tasks = {task.key: task for task in sentinel.sample(np.random.default_rng(number), 160)}
        for task in tasks.values():
            episodes = [play(RETAIL, task, agent, user, seed=number, trial=trial) for trial in range(4)]
            sentinel.update([one.trajectory(trial=trial, seed=number) for trial, one in enumerate(episodes)])
        report = asyncio.run(sentinel.refresh(Budget(60)))
        say(f"round {number}: drift {report.drift}")
        for name, figures in report.patterns.items():
            say(f"  {name}: share {figures['share']}, in the pool {figures['pool']}")


def show(title: str, result: Scores) -> None:
    say(f"\n{title}: {result.failures} failures, macro F1 {result.macro_f1:.3f}\n")
    say("| Pattern | Right | Missed | Invented | F1 |\n| --- | ---: | ---: | ---: | ---: |")
    for name, one in result.patterns.items():
        say(f"| `{name}` | {one.true_positives} | {one.false_negatives} | {one.false_positives} | {one.f1:.2f} |")
    say()
    for row in result.table:
        say("| " + " | ".join(row) + " |")


def main() -> None:
    """Print everything."""
    show("novice", novice())
    for name in (*BROKEN, *READ):
        found = measured(name, ANALYST.explain_one, RETAIL)
        show(f"{name}, primary (agrees in {100 * found.agreement:.0f} %)", found.primary)
        if name in READ:
            show(f"{name}, causes", found.causes)
    if "--fresh" in sys.argv:
        for name, made in zip(BROKEN, fresh(), strict=True):
            show(f"{name}, made anew", broken(made))
    drift()
    general = proposed(RETAIL, [TaskRequest(f"general-{place}") for place in range(400)], seed=33)
    targeted = {
        name: proposed(RETAIL, [TaskRequest(f"{name}-{place}", name) for place in range(40)], seed=33)
        for name in PATTERNS
    }
    for title, agent in (("clerk", make_agent("clerk", domain="retail")), ("careless", careless)):
        say(f"\nhit-rates, {title}\n")
        hits(agent, targeted, general)


if __name__ == "__main__":
    if "--freeze" in sys.argv:
        freeze()
    else:
        main()
