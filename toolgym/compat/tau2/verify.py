"""Comparing our answers with what tau2 itself answered: a fixture file is played through our episodes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from toolgym.database import Session
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, UnknownNameError
from toolgym.limits import Limits
from toolgym.messages import STOP, AgentID, Message, ToolCall
from toolgym.tasks import Task
from toolgym.trajectory import Grade

PASS_THE_TURN = "-"
"""Said where a recorded call is by the other side than the one whose turn it is; no task looks for it."""

_UNLIMITED = Limits(max_steps=10**9, max_errors=10**9, max_characters=10**9, max_calls=10**9)
_VERSION_URL = re.compile(r"https://errors\.pydantic\.dev/[\d.]+/v/")
_SUGGESTION = re.compile(r"(unexpected keyword argument '[^']*')\. Did you mean '[^']*'\?")


@dataclass
class VerifyTally:
    """How many things of one kind agreed."""

    matched: int = 0
    normalised: int = 0
    mismatched: int = 0
    not_checked: int = 0

    def add(self, other: VerifyTally) -> None:
        """Add another tally to this one."""
        self.matched += other.matched
        self.normalised += other.normalised
        self.mismatched += other.mismatched
        self.not_checked += other.not_checked


@dataclass
class VerifyReport:
    """What came of comparing a fixture file.

    Args:
        trajectories: How many were played.
        calls: How many calls they hold.
        outputs: Result texts; *normalised* ones differ only in what depends on Python's or pydantic's version.
        errors: Error flags.
        digests: Hashes of both databases: at the start, after the gold, and after each trajectory.
        rewards: One a trajectory: the final reward with its breakdown, where no judge is needed.
        components: Each evaluator's own result: databases and assertions, actions, communicated facts.
        first_mismatches: Descriptions of the first few.
    """

    trajectories: int = 0
    calls: int = 0
    outputs: VerifyTally = field(default_factory=VerifyTally)
    errors: VerifyTally = field(default_factory=VerifyTally)
    digests: VerifyTally = field(default_factory=VerifyTally)
    rewards: VerifyTally = field(default_factory=VerifyTally)
    components: VerifyTally = field(default_factory=VerifyTally)
    first_mismatches: list[dict[str, Any]] = field(default_factory=list)
    keep: int = 10

    @property
    def mismatched(self) -> int:
        """Everything that differed."""
        return sum(
            tally.mismatched for tally in (self.outputs, self.errors, self.digests, self.rewards, self.components)
        )

    def compare(self, tally: VerifyTally, place: Mapping[str, Any], ours: Any, theirs: Any) -> None:
        """Count one comparison, and note it if it fails."""
        if ours == theirs and type(ours) is type(theirs):
            tally.matched += 1
        elif isinstance(ours, str) and isinstance(theirs, str) and normalise(ours) == normalise(theirs):
            tally.normalised += 1
        else:
            tally.mismatched += 1
            if len(self.first_mismatches) < self.keep:
                self.first_mismatches.append({**place, "ours": ours, "tau2": theirs})


def normalise(text: str) -> str:
    """An error text without what depends on the versions of Python and pydantic."""
    if not text.startswith("Error: "):
        return text
    return _SUGGESTION.sub(r"\1", _VERSION_URL.sub("https://errors.pydantic.dev/v/", text))


def read_fixture(path: Path) -> dict[str, Any]:
    """Read a fixture file.

    Raises:
        DataError: If it is missing, or is not a fixture of trajectories.
    """
    if not path.is_file():
        raise DataError(f"{str(path)!r} is a folder" if path.is_dir() else f"there is no file {str(path)!r}")
    try:
        fixture = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error}") from error
    except RecursionError as error:
        raise DataError(f"{str(path)!r} is nested too deeply") from error
    except ValueError as error:
        raise DataError(f"{str(path)!r} is not JSON: {error}") from error
    wanted = {"domain", "strings", "tasks"}
    if not isinstance(fixture, dict) or not wanted <= fixture.keys():
        raise DataError(f"{str(path)!r} is not a fixture of trajectories: it needs {sorted(wanted)}")
    try:
        _Fixture.model_validate(fixture, strict=True)
    except ValidationError as error:
        raise DataError(f"{str(path)!r} is not a fixture of trajectories: {error}") from error
    return fixture


class _Call(BaseModel):
    name: str
    arguments: dict[str, Any]
    requestor: AgentID = "assistant"
    out: int = Field(ge=0)


class _Recorded(BaseModel):
    name: str
    calls: list[_Call]
    final_text: str | None = None


class _Task(BaseModel):
    task_id: str
    trajectories: list[_Recorded]


class _Fixture(BaseModel):
    """What is asked for in any case; there may be more."""

    domain: str
    strings: list[str]
    tasks: list[_Task]

    @model_validator(mode="after")
    def _outputs_are_there(self) -> Self:
        calls = [call for task in self.tasks for played in task.trajectories for call in played.calls]
        if beyond := [call for call in calls if call.out >= len(self.strings)]:
            raise ValueError(f"the output {beyond[0].out} is not among its {len(self.strings)} strings")
        return self


def verify(domain: Domain, fixture: Mapping[str, Any], *, texts: bool = True) -> VerifyReport:
    """Play every trajectory of a fixture and compare.

    Args:
        domain: The domain over tau2's data.
        fixture: See :func:`read_fixture`.
        texts: Whether result texts are compared; otherwise they are counted as not checked.

    Raises:
        DataError: If the fixture names a task that the data does not hold.
    """
    report = VerifyReport()
    strings: Sequence[str] = fixture["strings"]
    for recorded in fixture["tasks"]:
        try:
            task = domain.tasks.find(recorded["task_id"])
        except UnknownNameError as error:
            raise DataError(str(error)) from error
        _verify_task(domain, task, recorded, report)
        for trajectory in recorded["trajectories"]:
            place = {"task": task.id, "trajectory": trajectory["name"]}
            _verify_trajectory(domain, task, trajectory, strings, report, place, texts)
    return report


def _verify_task(domain: Domain, task: Task, recorded: Mapping[str, Any], report: VerifyReport) -> None:
    """Hashes before the first call and after the gold calls."""
    place = {"task": task.id}
    ready = set_up(domain, task)
    start = Session(ready.base, ready.start)
    _compare_digests(report, place, start, recorded, "init_db_hash", "init_user_db_hash")
    toolbox = domain.toolbox(start.fork())
    for action in task.gold:
        toolbox.call(ToolCall(action.name, action.arguments, action.action_id, action.requestor), sync=False)
    _compare_digests(report, place, toolbox.session, recorded, "gold_db_hash", "gold_user_db_hash")
    if "gold_action_errors" in recorded:
        what = {**place, "what": "failing gold actions"}
        theirs = recorded["gold_action_errors"]
        number = len(theirs) if isinstance(theirs, list) else theirs
        report.compare(report.components, what, ready.gold_errors, number)


def _compare_digests(
    report: VerifyReport, place: Mapping[str, Any], session: Session, recorded: Mapping[str, Any], *names: str
) -> None:
    sides: tuple[AgentID, AgentID] = ("assistant", "user")
    for side, name in zip(sides, names, strict=True):
        if name in recorded:
            report.compare(report.digests, {**place, "what": name}, session.digest(side), recorded[name])


def _verify_trajectory(
    domain: Domain,
    task: Task,
    recorded: Mapping[str, Any],
    strings: Sequence[str],
    report: VerifyReport,
    place: Mapping[str, Any],
    texts: bool,
) -> None:
    episode = Episode(domain, task, limits=_UNLIMITED)
    if not set_up(domain, task).history:
        _say(episode, "user", "Hello.")
    report.trajectories += 1
    for position, call in enumerate(recorded["calls"]):
        side: AgentID = call.get("requestor", "assistant")
        _pass_turn(episode, side)
        made = ToolCall(call["name"], call["arguments"], f"call_{position}", side)
        result = episode.advance(Message(side, None, (made,))).messages[-1]
        here = {**place, "call": position, "tool": call["name"]}
        report.calls += 1
        report.compare(report.errors, here, result.error, bool(call.get("error", False)))
        if texts:
            report.compare(report.outputs, here, result.content, strings[call["out"]])
        else:
            report.outputs.not_checked += 1
    _compare_digests(report, place, episode.session, recorded, "db_hash", "user_db_hash")
    _pass_turn(episode, "assistant")
    episode.advance(Message("assistant", recorded.get("final_text") or PASS_THE_TURN))
    episode.advance(Message("user", STOP))
    if "eval" in recorded and recorded["eval"] is not None:
        _compare_grade(report, place, episode.grade, recorded["eval"])
    else:
        report.rewards.not_checked += 1


def _say(episode: Episode, side: AgentID, text: str) -> None:
    if episode.turn == side:
        episode.advance(Message(side, text))


def _pass_turn(episode: Episode, side: AgentID) -> None:
    if episode.turn is not None and episode.turn != side:
        episode.advance(Message(episode.turn, PASS_THE_TURN))


def _compare_grade(report: VerifyReport, place: Mapping[str, Any], ours: Grade, theirs: Mapping[str, Any]) -> None:
    """Every evaluator that tau2 ran, and the final reward unless it needs a judge."""

    def check(what: str, mine: Any, recorded: Any) -> None:
        report.compare(report.components, {**place, "what": what}, mine, recorded)

    env = theirs.get("env")
    if env is not None:
        check("db_match", ours.db_match, env["db_match"])
        met = [item.met for item in ours.env_assertions]
        check("env_assertions", met, env.get("env_assertions_met") or [])
        breakdown = env.get("reward_breakdown") or {}
        mine = {"DB": float(bool(ours.db_match)), "ENV_ASSERTION": float(all(met))}
        check("env reward", {name: mine[name] for name in breakdown}, breakdown)
    if theirs.get("action") is not None:
        check("action_match", [item.met for item in ours.actions], theirs["action"].get("action_match") or [])
        check("action reward", float(all(item.met for item in ours.actions)), theirs["action"]["reward"])
    if theirs.get("communicate") is not None:
        met = [item.met for item in ours.communicate]
        check("communicate_met", met, theirs["communicate"].get("communicate_met") or [])
        check("communicate reward", float(all(met)), theirs["communicate"]["reward"])
    total = theirs.get("all")
    if total is None:
        report.rewards.not_checked += 1
        return
    report.compare(report.rewards, {**place, "what": "reward"}, ours.reward, total["reward"])
    if total.get("reward_breakdown") is not None:
        check("reward breakdown", dict(ours.components), total["reward_breakdown"])
