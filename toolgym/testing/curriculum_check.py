"""Whether a curriculum keeps the protocol: for the tests of its author."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from toolgym.agents.oracle import oracle
from toolgym.agents.passive import NoOp
from toolgym.certificates.stages import user_of
from toolgym.concurrency.bridge import wait_for
from toolgym.curriculum import Budget, Curriculum, RefreshReport
from toolgym.domain import AgentFactory, Domain
from toolgym.errors import DataError
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Fault, Trajectory

DRAWS = 40
"""How many tasks are drawn where two curricula are compared."""
GROUPS = 3
"""How many tasks it is told trials of."""
SMALL = Budget(tasks=4, trials=2)
"""What it is refreshed with."""


def check_curriculum(
    make: Callable[[], Curriculum],
    domain: Domain,
    *,
    signal: bool = True,
    budget: Budget | None = SMALL,
) -> None:
    """Check that a curriculum keeps the protocol: by drawing, updating, saving, loading and refreshing it.

    What is checked: it draws as many tasks as it is asked for, the same ones with the same generator and state, and
    needs no refresh for that; an episode that was seen before changes nothing; groups with a void trial, or without
    signal, are not admitted; its state is JSON from which another one goes on alike, in the middle of a round too; its
    metrics are finite floats; and a refresh gives a report, and the same one from the same state.

    Args:
        make: Makes the curriculum, equal to all others that it makes, and without a folder that they would share.
        domain: Its domain; some of the tasks that it draws are played by the oracle and by an agent that does nothing.
        signal: Whether ``admit`` must turn down groups that ended alike in all trials; False for a curriculum that
            leaves that to the trainer, as ``fixed`` does.
        budget: What it is refreshed with; None for one that cannot be refreshed here, or not twice alike, as with a
            language model behind it.

    Raises:
        DataError: If ``make`` is no function.
        AssertionError: If it does not keep the protocol; it says what was expected and what was found.

    Example:
        >>> from toolgym import make_curriculum, make_domain
        >>> mock = make_domain("mock")
        >>> check_curriculum(lambda: make_curriculum("learnability", mock, "train"), mock)
    """
    if not callable(make):
        raise DataError(
            f"make must be a function that makes a curriculum, such as lambda: make_curriculum(…), got {make!r:.80}"
        )
    made = make()
    _expect(make() is not made, "make must make a new curriculum each time, it gave the same one twice")
    _expect(
        isinstance(made, Curriculum),
        f"{type(made).__name__} lacks a method of the protocol toolgym.curriculum.Curriculum: "
        + ", ".join(name for name in _METHODS if not callable(getattr(made, name, None))),
    )
    _check_draws(make)
    groups = _played(domain, made.sample(np.random.default_rng(0), DRAWS))
    _check_metrics(make, groups)
    _check_state(make, groups)  # before updates: what a state forgets would be taken for an update that counts twice
    _check_update(make(), groups)
    _check_admit(made, groups[0], signal)
    if budget is not None:
        _check_refresh(make, domain, groups, budget)


_METHODS = ("sample", "update", "admit", "refresh", "state_dict", "load_state_dict", "metrics")


def _expect(holds: bool, message: str) -> None:
    if not holds:
        raise AssertionError(message)


def _drawn(curriculum: Curriculum, seed: int = 0) -> list[str]:
    """The ids of tasks that it draws in calls of several sizes."""
    rng = np.random.default_rng(seed)
    return [task.id for size in (1, 3, DRAWS) for task in curriculum.sample(rng, size)]


def _check_draws(make: Callable[[], Curriculum]) -> None:
    curriculum = make()
    found = curriculum.sample(np.random.default_rng(0))
    _expect(len(found) == 1, f"sample(rng) must draw one task, it drew {len(found)}")
    for size in (1, 7):
        tasks = curriculum.sample(np.random.default_rng(0), size)
        _expect(len(tasks) == size, f"sample(rng, {size}) must draw {size} tasks, it drew {len(tasks)}")
        wrong = next((task for task in tasks if not isinstance(task, Task)), None)
        _expect(wrong is None, f"sample must draw tasks (toolgym.Task), it drew {wrong!r:.80}")
    _same("two curricula that were just made draw differently with equal generators", _drawn(make()), _drawn(make()))


def _check_update(curriculum: Curriculum, groups: Sequence[Sequence[Trajectory]]) -> None:
    for group in groups:
        curriculum.update(group)
    before = (_text(curriculum), curriculum.metrics(), _drawn_from_copy(curriculum))
    for group in (*groups, groups[0][:1]):
        curriculum.update(group)
    after = (_text(curriculum), curriculum.metrics(), _drawn_from_copy(curriculum))
    why = "update must be idempotent by episode id: an episode that was seen before changed the"
    for what, one, other in zip(("state", "metrics", "draws"), before, after, strict=True):
        _same(f"{why} {what}", one, other)


def _drawn_from_copy(curriculum: Curriculum) -> list[str]:
    """What it draws, by which its state is left as it was."""
    state = json.loads(_text(curriculum))
    found = _drawn(curriculum)
    curriculum.load_state_dict(state)
    return found


def _check_admit(curriculum: Curriculum, group: Sequence[Trajectory], signal: bool) -> None:
    fault = Fault("user", "a check of the curriculum")
    void = replace(group[0], fault=fault, grade=None)
    alike = [group[0], replace(group[0], trial=len(group))]
    for what, trials, expected in (
        ("a group with trials that succeeded and failed", group, True),
        ("a group with a void trial", [void, *group[1:]], False),
        ("a group whose trials are all void", [void], False),
        *([("a group whose trials all ended alike", alike, False)] if signal else []),
    ):
        answer = curriculum.admit(trials)
        _expect(answer is expected, f"admit must be {expected} for {what}, it is {answer!r}")


def _check_state(make: Callable[[], Curriculum], groups: Sequence[Sequence[Trajectory]]) -> None:
    one, other = make(), make()
    one.update(groups[0])
    one.sample(np.random.default_rng(1), 3)
    other.load_state_dict(json.loads(_text(one)))
    _same("the state of one that was loaded is another than that which was saved", _text(one), _text(other))
    _same("one that was loaded draws differently", _drawn(one), _drawn(other))
    for what, group in (*(("the same trials", group) for group in groups[1:]), ("trials that were seen", groups[0])):
        one.update(group)
        other.update(group)
        why = f"from {what}: does state_dict hold all that it learned, and which episodes it has seen?"
        _same(f"one that was loaded learns differently {why}", _text(one), _text(other))
        _same(f"one that was loaded has other metrics {why}", one.metrics(), other.metrics())
    _same("one that was loaded draws differently after the same trials", _drawn(one, 1), _drawn(other, 1))


def _check_metrics(make: Callable[[], Curriculum], groups: Sequence[Sequence[Trajectory]]) -> None:
    curriculum = make()
    for group in ((), *groups):
        if group:
            curriculum.update(group)
        for name, value in curriculum.metrics().items():
            _expect(isinstance(name, str), f"the names of metrics must be text, got {name!r}")
            fits = isinstance(value, float) and math.isfinite(value)
            _expect(fits, f"metrics must be finite floats, {name!r} is {value!r}")


def _check_refresh(
    make: Callable[[], Curriculum], domain: Domain, groups: Sequence[Sequence[Trajectory]], budget: Budget
) -> None:
    first = make()
    for group in groups:
        first.update(group)
    state = _text(first)
    found: list[tuple[Any, str, list[str]]] = []
    for _ in range(2):
        curriculum = make()
        curriculum.load_state_dict(json.loads(state))
        report = wait_for(curriculum.refresh(budget))
        _expect(
            isinstance(report, RefreshReport),
            f"refresh must return a toolgym.curriculum.RefreshReport, it returned {report!r:.80}",
        )
        try:
            json.dumps(report.as_dict(), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise AssertionError(f"the report of a refresh must be JSON: {error}") from error
        text = _text(curriculum)
        again = make()
        again.load_state_dict(json.loads(text))
        draws = _drawn(curriculum)
        _same("one that was loaded from the state after a refresh draws differently", draws, _drawn(again))
        for task in again.sample(np.random.default_rng(2), DRAWS):
            domain.worlds.get(task.world)
        found.append((report.as_dict(), text, draws))
    for what, one, other in zip(("another report", "another state", "other draws"), *found, strict=True):
        _same(f"two refreshes from one state gave {what}", one, other)


def _text(curriculum: Curriculum) -> str:
    """Its state as JSON, with sorted keys."""
    state = curriculum.state_dict()
    try:
        text = json.dumps(state, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise AssertionError(f"state_dict must be JSON: {error}") from error
    _expect(isinstance(state, dict), f"state_dict must return a dict, it returned {type(state).__name__}")
    return text


def _same(message: str, one: Any, other: Any) -> None:
    if one != other:
        start = 0
        if isinstance(one, str):  # a long state: where it begins to differ
            pairs = enumerate(zip(one, other, strict=False))
            start = next((max(place - 30, 0) for place, (a, b) in pairs if a != b), min(len(one), len(other)))
        first, second = (str(value)[start : start + 120] for value in (one, other))
        raise AssertionError(f"{message}: {first} and then {second}")


def _played(domain: Domain, tasks: Sequence[Task]) -> list[list[Trajectory]]:
    """A group of trials with both outcomes for each of a few tasks."""
    groups: list[list[Trajectory]] = []
    for task in {task.key: task for task in tasks}.values():
        won, lost = _trial(domain, task, oracle), _trial(domain, task, NoOp)
        if won.success is True and lost.success is False:
            groups.append([replace(lost, trial=0), replace(won, trial=1), replace(lost, trial=2)])
        if len(groups) == GROUPS:
            break
    _expect(
        bool(groups),
        "of the tasks that it draws the oracle solves none that an agent does not solve which does nothing; check the "
        "domain's tasks with toolgym.certificates.check",
    )
    return groups


def _trial(domain: Domain, task: Task, agent: AgentFactory) -> Trajectory:
    return play(domain, task, agent, user_of(task)).trajectory(seed=0)
