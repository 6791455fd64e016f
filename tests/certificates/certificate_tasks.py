"""A small domain with everything that certificates look at, and tasks over it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from toolgym import make_domain
from toolgym.agents.oracle import GoldPlayer
from toolgym.certificates import CertificateReport, digest_of
from toolgym.database import Database, Rows, WorldStore
from toolgym.domain import AgentSpec, Domain
from toolgym.tasks import Task, TaskSet
from toolgym.users.minimal import MinimalUser
from toolgym.worlds.identities import Entity

TEAMS = {
    "ours": ("Ann Abel", "Al Arden"),
    "other": ("Bea Brown", "Bo Blake"),
    "overlapping": ("Cid Cole", "Ann Abel"),
    "reserved": ("Dot Drake", "Dan Doyle"),
}


def rows(names: Sequence[str]) -> Rows:
    """A world of these people; the first of them has two tasks."""
    people = {f"user_{n}": {"user_id": f"user_{n}", "name": name, "tasks": []} for n, name in enumerate(names, 1)}
    work = {f"task_{n}": {"task_id": f"task_{n}", "title": f"Chore {n}", "status": "pending"} for n in (1, 2)}
    people["user_1"]["tasks"] = list(work)
    note = {"notification_id": "notif_1", "message": "Do it!", "task_id": "task_1"}
    return {"assistant": {"tasks": work, "users": people}, "user": {"notifications": {"notif_1": note}}}


def names(world: Rows) -> Iterator[Entity]:
    """The entities of a world: the names of its people."""
    for person in world["assistant"]["users"].values():
        yield "name", person["name"]


def needs(task: Task, database: Database) -> Iterable[str]:
    """What a task's facts say that its scenario must hold."""
    found: Sequence[str] = (task.facts or {}).get("needs", ())
    return found


def make_small(splits: Mapping[str, Sequence[Task]] | None = None, **changes: Any) -> Domain:
    """The mock domain over the worlds of the teams, with a customer, an oracle, needs, entities and reserved ones."""
    mock = make_domain("mock")
    worlds = WorldStore(mock.schemas)
    for team in TEAMS.values():
        worlds.add(Database.build(mock.schemas, rows(team)))
    parts: dict[str, Any] = {
        "worlds": worlds,
        "tasks": TaskSet({name: partial(tuple, tasks) for name, tasks in (splits or {}).items()}),
        "users": {"scripted": AgentSpec("scripted", MinimalUser, privileged=True)},
        "agents": {"oracle": AgentSpec("oracle", GoldPlayer, privileged=True)},
        "needs": needs,
        "entities": names,
        "reserved": lambda: {digest_of(("name", "Dot Drake"))},
    }
    return replace(mock, **parts | changes)


def world_of(team: str) -> str:
    """The digest of a team's world."""
    return Database.build(make_domain("mock").schemas, rows(TEAMS[team])).world


def call(name: str, requestor: str = "assistant", /, **arguments: Any) -> dict[str, Any]:
    """A gold call."""
    return {"name": name, "requestor": requestor, "arguments": arguments}


def chore(number: int = 1) -> dict[str, Any]:
    """The gold call that completes a chore."""
    return call("update_task_status", task_id=f"task_{number}", status="completed")


def make_task(*calls: dict[str, Any], team: str = "ours", text: Any = "Have your chore done.", **more: Any) -> Task:
    """A task with these gold calls; ``basis`` and ``says`` are of its criteria, everything else is its own."""
    numbered = [{"action_id": f"{number}", **action} for number, action in enumerate(calls)]
    criteria = {
        "actions": numbered,
        "communicate_info": more.pop("says", ()),
        "reward_basis": more.pop("basis", ("DB", "COMMUNICATE")),
        "env_assertions": more.pop("assertions", None),
    }
    data = {
        "id": "made",
        "user_scenario": {"instructions": text},
        "evaluation_criteria": criteria,
        "world": world_of(team),
        **more,
    }
    return Task.model_validate(data)


def failures(report: CertificateReport) -> list[tuple[str | None, str]]:
    """What failed and where."""
    return [(failure.task, failure.stage) for failure in report.failed]
