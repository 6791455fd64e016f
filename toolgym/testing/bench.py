"""What an episode costs, against what tau2 does for one, and against the least that it could do.

Everything is measured in this process, on this thread, in CPU time; figures are medians. Ratios are within one run and
carry over between machines; microseconds do not.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import tempfile
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from statistics import median
from time import thread_time_ns
from typing import Any

from toolgym.actions import parse_action
from toolgym.database import Database, Schema, Session, Table, WorldStore
from toolgym.database.sources import Index, Resident, add_entry
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import TaskSetup, set_up
from toolgym.errors import DataError
from toolgym.messages import STOP, Message, ToolCall
from toolgym.rewards import build_reward
from toolgym.tasks import Task

LIVE, GROUP = 1024, 16
"""How many episodes are alive at once, and how many of them share a task."""


@dataclass(frozen=True)
class BenchCase:
    """One measured case.

    Args:
        median_us: Median CPU time, in microseconds.
        n: How many were measured.
    """

    median_us: float
    n: int


@dataclass
class BenchReport:
    """All cases of one run."""

    machine: str
    cases: dict[str, BenchCase] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The report as ``toolgym bench --json`` prints it."""
        cases = {name: {"median_us": case.median_us, "n": case.n} for name, case in self.cases.items()}
        return {"cases": cases, "ratios": self.ratios, "machine": self.machine}


def measure(domain: Domain, *, live: int = LIVE, large: int = 100) -> BenchReport:
    """Measure everything for a domain.

    Args:
        domain: A domain with tasks that have gold calls.
        live: Episodes alive at once, a multiple of 16.
        large: How many times larger the large world is, at least 2.
    """
    report = BenchReport(machine())
    tasks = playable(domain)[: max(live // GROUP, 1)]
    document = Document(set_up(domain, tasks[0]).base)
    report.cases["full_hash"] = timed(document.full_hash, 9)
    report.cases["tau2_episode"] = timed(document.tau2_episode, 5)
    report.cases["tau2_cheapest_episode"] = timed(partial(document.cheapest_episode, domain, tasks[0]), 5)
    resets, steps, episodes = play_live(domain, tasks, live)
    report.cases["reset"] = resets
    report.cases["step"] = steps
    report.cases["episode"] = episodes
    report.cases["tool_env_episode"] = play_tool_env(domain, tasks)
    report.cases["compare"] = compare_states(domain, tasks[0])
    report.ratios["session_kb"] = session_bytes(domain, tasks[0], live) / 1024
    with tempfile.TemporaryDirectory() as folder:
        big = enlarge(domain, tasks[0].world, large)
        report.cases[f"episode_{large}x_world"] = play_live(big, tasks, live)[2]
        path = Path(folder) / "large.duckdb"
        big.worlds.get(tasks[0].world).save(path)
        report.cases[f"episode_{large}x_world_lazy_cold"] = play_lazy(big, tasks, path)
    cases = report.cases
    report.ratios |= {
        "tau2_episode / episode": cases["tau2_episode"].median_us / cases["episode"].median_us,
        "tau2_episode / tool_env_episode": cases["tau2_episode"].median_us / cases["tool_env_episode"].median_us,
        "tau2_cheapest_episode / episode": cases["tau2_cheapest_episode"].median_us / cases["episode"].median_us,
        "tau2_cheapest_episode / tool_env_episode": cases["tau2_cheapest_episode"].median_us
        / cases["tool_env_episode"].median_us,
        "full_hash / compare": cases["full_hash"].median_us / cases["compare"].median_us,
        f"episode_{large}x_world / episode": cases[f"episode_{large}x_world"].median_us / cases["episode"].median_us,
    }
    return report


def machine() -> str:
    """The interpreter and the machine that the figures are from."""
    import duckdb

    return (
        f"Python {platform.python_version()}, DuckDB {duckdb.__version__}, {platform.machine()}, {os.cpu_count()} cores"
    )


def playable(domain: Domain) -> list[Task]:
    """Tasks of one world that start in it as it is and have gold calls, of the assistant alone."""
    found = [
        task
        for task in domain.tasks
        if task.gold and task.initial_state is None and all(action.requestor == "assistant" for action in task.gold)
    ]
    if not found:
        raise DataError(f"the domain {domain.name!r} has no such tasks over {domain.compat.name} data; try other data")
    return [task for task in found if task.world == found[0].world]


def timed(function: Callable[[], Any], rounds: int) -> BenchCase:
    """Median CPU time of a call, after one that does not count."""
    function()
    times = []
    for _ in range(rounds):
        start = thread_time_ns()
        function()
        times.append((thread_time_ns() - start) / 1000)
    return BenchCase(median(times), rounds)


class Document:
    """The baseline: the whole database as one JSON document, handled as tau2 handles it."""

    def __init__(self, base: Database) -> None:
        from pydantic import create_model

        schema: Schema = base.schemas["assistant"]
        fields: dict[str, Any] = {table.name: (_shape(table), ...) for table in schema.tables}
        self.model = create_model(schema.name, **fields)
        parts = {}
        for table in schema.tables:
            rows = {key: json.loads(text) for key, text in base.source.rows("assistant", table.name)}
            parts[table.name] = (
                rows if table.kind == "map" else list(rows.values()) if table.kind == "list" else rows[""]
            )
        self.text = json.dumps(parts)
        self.loaded = self.load()

    def load(self) -> Any:
        """The database from its text, validated."""
        return self.model.model_validate(json.loads(self.text))

    def full_hash(self, loaded: Any = None) -> str:
        """tau2's hash of the whole database, as it was loaded first or now."""
        text = json.dumps((loaded or self.loaded).model_dump(), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def tau2_episode(self) -> None:
        """What tau2 does with the database for one episode: three loads, which are alive together, and two hashes.

        The second and third are of the grading, while the episode still has the first: what stays alive is looked at
        by the garbage collector, which is a part of the cost.
        """
        alive = [self.load() for _ in range(3)]
        for _ in alive[1:]:
            self.full_hash()

    def cheapest_episode(self, domain: Domain, task: Task) -> None:
        """The least that an episode over such a document can do: one load, the gold calls, and one hash.

        It would need a gold state that is kept from before. The calls are made by our own tools.
        """
        loaded = self.load()
        toolbox = set_up(domain, task).toolbox()
        for action in task.gold:
            toolbox.call(ToolCall(action.name, action.arguments))
        self.full_hash(loaded)


def _shape(table: Table) -> Any:
    """The type of a table in the document."""
    model: Any = table.model
    if table.kind == "map":
        return dict[str, model]
    return list[model] if table.kind == "list" else model


def gold_texts(task: Task) -> list[str]:
    """The gold calls as a model would write them."""
    return [json.dumps({"name": action.name, "arguments": action.arguments}) for action in task.gold]


def play_live(domain: Domain, tasks: Sequence[Task], live: int) -> tuple[BenchCase, BenchCase, BenchCase]:
    """Reset, call and whole-episode cost with ``live`` episodes in flight, every one a call further in turn."""
    terms = build_reward("raft")
    chosen = [tasks[(place // GROUP) % len(tasks)] for place in range(live)]
    texts = [gold_texts(task) for task in chosen]
    for task in chosen:
        set_up(domain, task)
    hello, done, stop = Message("user", "Hello."), "It is done.", Message("user", STOP)
    totals, resets, steps = [0.0] * live, [], []
    episodes: list[Episode] = []
    for place, task in enumerate(chosen):
        start = thread_time_ns()
        episode = Episode(domain, task, terms=terms)
        reset = thread_time_ns()
        if episode.turn == "user":
            episode.advance(hello)
        totals[place] += thread_time_ns() - start
        resets.append((reset - start) / 1000)
        episodes.append(episode)
    for depth in range(max(map(len, texts))):
        for place, episode in enumerate(episodes):
            if depth < len(texts[place]):
                text = texts[place][depth]
                start = thread_time_ns()
                episode.advance(parse_action(text))
                spent = thread_time_ns() - start
                totals[place] += spent
                steps.append(spent / 1000)
    for place, episode in enumerate(episodes):
        start = thread_time_ns()
        episode.advance(parse_action(done))
        episode.advance(stop)
        assert episode.grade.db_match
        totals[place] += thread_time_ns() - start
    return (
        BenchCase(median(resets), live),
        BenchCase(median(steps), len(steps)),
        BenchCase(median(totals) / 1000, live),
    )


def play_tool_env(domain: Domain, tasks: Sequence[Task], rounds: int = 4) -> BenchCase:
    """Whole-episode cost through the Gymnasium environment, user included."""
    from toolgym.curricula import Fixed
    from toolgym.envs.tool_env import ToolEnv
    from toolgym.users.minimal import MinimalUser

    env = ToolEnv(domain, Fixed(tasks), MinimalUser)
    env.reset(seed=0, options={"task": tasks[0]})
    times = []
    for _ in range(rounds):
        for task in tasks:
            texts = gold_texts(task)
            start = thread_time_ns()
            env.reset(options={"task": task})
            for text in texts:
                env.step(text)
            *_, terminated, _, _ = env.step("It is done.")
            times.append((thread_time_ns() - start) / 1000)
            assert terminated
    return BenchCase(median(times), len(times))


def changed_session(ready: TaskSetup, records: int = 3) -> Session:
    """A session with this many changed records of the last table."""
    session = Session(ready.base, ready.start)
    table = ready.base.schemas["assistant"].tables[-1]
    keys = ready.base.keys("assistant", table.name)[:records]
    for key in keys:
        session.begin()
        record = session.edit("assistant", table.name, key)
        name = next(name for name, value in record.items() if isinstance(value, str))
        record[name] = record[name] + " changed"
        session.commit()
    return session


def compare_states(domain: Domain, task: Task, rounds: int = 2000) -> BenchCase:
    """Cost of comparing two states with three changed records each."""
    ready = set_up(domain, task)
    one, other = changed_session(ready), changed_session(ready).diff()
    times = []
    for _ in range(rounds):
        start = thread_time_ns()
        same = one.diff() == other
        times.append((thread_time_ns() - start) / 1000)
        assert same
    return BenchCase(median(times), rounds)


def session_bytes(domain: Domain, task: Task, live: int) -> float:
    """Memory of a session with three changed records, mean over ``live`` of them."""
    ready = set_up(domain, task)
    changed_session(ready)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = [changed_session(ready) for _ in range(live)]
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    return (after - before) / len(kept)


def enlarge(domain: Domain, world: str, times: int) -> Domain:
    """The domain over a resident world with ``times`` as many records, the original ones first."""
    base = domain.worlds.get(world)
    texts: dict[tuple[str, str], dict[str, str]] = {}
    entries: dict[tuple[str, str], dict[str, Index]] = {}
    for side, schema in base.schemas.items():
        for table in schema.tables:
            rows = dict(base.source.rows(side, table.name))
            index: dict[str, Index] = {name: {} for name in table.indexes}
            for name, value, key in base.source.index_entries(side, table.name):
                add_entry(index[name], value, key)
            texts[side, table.name], entries[side, table.name] = rows, index
            if table.kind == "single":
                continue
            original, listed = dict(rows), list(base.source.index_entries(side, table.name))
            for copy in range(1, times):
                rows |= {f"{key}~{copy}": f" {text}" for key, text in original.items()}
                for name, value, key in listed:
                    add_entry(index[name], f"{value}~{copy}", f"{key}~{copy}")
    worlds = WorldStore(base.schemas)
    worlds.add(Database(Resident(texts, entries), base.schemas, world))
    return domain.with_data(worlds=worlds)


def play_lazy(domain: Domain, tasks: Sequence[Task], path: Path) -> BenchCase:
    """Whole-episode cost over a lazy world that has read nothing yet; one episode a task."""
    worlds = WorldStore(domain.schemas)
    worlds.add(Database.open(path, domain.schemas, lazy=True, trusted=True))
    lazy = domain.with_data(worlds=worlds)
    times = []
    for task in tasks:
        ready = set_up(lazy, task)
        cold = Database.open(path, domain.schemas, lazy=True, trusted=True)
        lazy.memo.put(task.key, replace(ready, base=cold))
        texts = gold_texts(task)
        start = thread_time_ns()
        episode = Episode(lazy, task)
        if episode.turn == "user":
            episode.advance(Message("user", "Hello."))
        for text in texts:
            episode.advance(parse_action(text))
        episode.advance(parse_action("It is done."))
        episode.advance(Message("user", STOP))
        assert episode.grade.db_match
        times.append((thread_time_ns() - start) / 1000)
    return BenchCase(median(times), len(times))
