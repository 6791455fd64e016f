"""tau2's results file, read: its simulations as our trajectories."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

from toolgym.compat.tau2.data import read_task
from toolgym.compat.tau2.rules import TAU2
from toolgym.domain import Domain
from toolgym.errors import DataError, TaskError
from toolgym.evaluation.grade import not_judged
from toolgym.messages import Message, from_chat
from toolgym.tasks import EvaluationCriteria, Task
from toolgym.trajectory import Check, Fault, Grade, Participant, Termination, Trajectory, Usage


@dataclass(frozen=True)
class ResultsFile:
    """What a results file holds.

    Args:
        domain: The domain's name.
        tasks: The tasks that were played, as the file has them.
        trajectories: The simulations, in the file's order.
        info: What else the file says of the run, as it stands there: models, limits, seed, policy.
        gold_unknown: Tasks that were graded by other gold than they have in the file, and how that shows, by id.
    """

    domain: str
    tasks: tuple[Task, ...]
    trajectories: tuple[Trajectory, ...]
    info: Mapping[str, Any]
    gold_unknown: Mapping[str, str] = field(default_factory=dict)

    @property
    def solo(self) -> str:
        """How it shows that the assistant played alone, without a user; empty if it did not."""
        agent, user = (_player(self.info, f"{side}_info") for side in ("agent", "user"))
        if "solo" in re.split(r"[\W_]+", agent.lower()):
            return f"its agent is {agent!r}"
        if re.sub(r"[\W_]+", "", user.lower()) == "dummyuser":
            return f"its user is {user!r}"
        ended = [row for row in self.trajectories if row.termination in ("user_stop", "agent_stop")]
        if ended and not any(message.role == "user" for row in ended for message in row.messages):
            return "no user says a word in it"
        return ""

    def over(self, domain: Domain) -> ResultsFile:
        """The same with tasks that play in a domain's world: only then have they the keys that they have there.

        Args:
            domain: The domain over tau2's data. Where its task differs from the file's in nothing but its issues,
                which tau2 writes in another form, it is taken instead.

        Raises:
            DataError: If the domain has no tasks, so that its world is not known.
        """
        known = list(domain.tasks)
        if not known:
            raise DataError(f"tau2's {domain.name!r} has no tasks here, so that its database is not known")
        alike = {_without_issues(task).key: task for task in reversed(known)}
        placed = {}
        for task in self.tasks:
            here = task.model_copy(update={"world": known[0].world})
            placed[task.key] = alike.get(_without_issues(here).key, here)
        rows = tuple(replace(row, task_key=placed[row.task_key].key) for row in self.trajectories)
        return replace(self, tasks=tuple(placed.values()), trajectories=rows)


def _without_issues(task: Task) -> Task:
    return task.model_copy(update={"issues": None})


def read_gradable(path: str | Path) -> ResultsFile:
    """Read a results file whose simulations are to be graded again, or explained.

    Raises:
        DataError: If it is not such a file, it holds no simulation, or the assistant played alone in it, which is
            another game with other rules.
    """
    results = read_results(path)
    if not results.trajectories:
        raise DataError(f"{str(path)!r} holds no simulation")
    if results.solo:
        raise DataError(
            f"{str(path)!r} was played solo, by an assistant without a user ({results.solo}): it was graded by rules "
            "that are not those of a dialogue, and is not graded again here"
        )
    return results


def read_results(path: str | Path) -> ResultsFile:
    """Read a results file in tau2's ``json`` format; keys that it does not need are passed over.

    A void simulation, which tau2 calls an infrastructure error, has a fault. Cost is what the file says of it; tokens
    are known where it tells them for every message.

    Raises:
        DataError: If it is not such a file; the message names the simulation and the key.
    """
    path = Path(path)
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise DataError(f"{str(path)!r} is not a results file of tau2: {error}") from error
    where = str(path)
    if not isinstance(data, dict) or not data.keys() & {"info", "simulations"}:
        raise DataError(f"{where!r} is not a results file of tau2: it has no info, tasks and simulations")
    info = _part(data, "info", dict, where)
    name = _part(_part(info, "environment_info", dict, f"{where}, info"), "domain_name", str, f"{where}, info")
    tasks: dict[str, Task] = {}
    gold_unknown: dict[str, str] = {}
    for number, item in enumerate(_part(data, "tasks", list, where)):
        try:
            task = read_task(item, world="")
        except TaskError as error:
            raise DataError(f"{where}, task {number}: {error}") from error
        tasks[task.id] = task
        if key := _gold_elsewhere(item):
            gold_unknown[task.id] = f"its gold calls are in {key!r}, which tau2 does not know"
    trials: dict[str, int] = {}
    rows = []
    if "simulations" not in data and data.get("simulation_index"):
        raise DataError(f"{where!r} is in tau2's 'dir' format, which is not read; let tau2 write it as one 'json' file")
    for number, item in enumerate(_part(data, "simulations", list, where)):
        place = f"{where}, simulation {number}"
        if not isinstance(item, dict):
            raise DataError(f"{place} must be an object, got {type(item).__name__}")
        identity = _part(item, "task_id", str, place)
        if identity not in tasks:
            raise DataError(f"{place}: 'task_id' is {identity!r}, and the file has no such task")
        following = trials.get(identity, 0)
        row = _trajectory(item, tasks[identity], name, info, following, place)
        if row.grade is not None and (why := _other_gold(item["reward_info"], tasks[identity])):
            gold_unknown.setdefault(identity, why)
        trials[identity] = max(following, row.trial + 1)
        rows.append(row)
    return ResultsFile(name, tuple(tasks.values()), tuple(rows), info, gold_unknown)


def _gold_elsewhere(task: Any) -> str:
    """The key, unknown to tau2, under which the criteria of a task hold gold calls; mostly there is none."""
    criteria = task.get("evaluation_criteria") if isinstance(task, dict) else None
    for key, value in (criteria or {}).items():
        parts = value if isinstance(value, list) else [value]
        if key not in EvaluationCriteria.model_fields and any(
            isinstance(one, dict) and "actions" in one for one in parts
        ):
            return str(key)
    return ""


def _other_gold(info: Mapping[str, Any], task: Task) -> str:
    """How a ``reward_info`` shows that it is of other gold calls than the task has in the file."""
    checked = [check["action"] for check in info.get("action_checks") or ()]
    recorded = [(one.get("requestor", "assistant"), one.get("name"), one.get("arguments")) for one in checked]
    gold = [(action.requestor, action.name, action.arguments) for action in task.gold]
    if recorded and recorded != gold:
        return "the recorded action checks are of other gold calls than the task has in the file"
    criteria = task.evaluation_criteria
    nothing = criteria is not None and criteria.actions is None and criteria.env_assertions is None
    if nothing and (info.get("db_check") or {}).get("db_match") is False:
        return "its databases were compared, and the task in the file has no gold calls"
    return ""


def _trajectory(
    data: Mapping[str, Any], task: Task, domain: str, info: Mapping[str, Any], trial: int, place: str
) -> Trajectory:
    termination = _part(data, "termination_reason", str, place)
    if termination not in get_args(Termination):
        raise DataError(f"{place}: 'termination_reason' is {termination!r}; allowed are {get_args(Termination)}")
    void = termination == "infrastructure_error"
    state = task.initial_state
    history = len(state.message_history or ()) if state is not None else 0
    raw = _part(data, "messages", list, place)
    messages = tuple(_read_messages(raw, place))
    given = _part(data, "trial", int, place, optional=True)
    return Trajectory(
        domain=domain,
        task_id=task.id,
        task_key=task.key,
        messages=messages,
        termination=termination,
        grade=None if void else _grade(_part(data, "reward_info", dict, place, optional=True), task, place),
        history=min(history, len(messages)),
        fault=Fault("service", "tau2 recorded an infrastructure error") if void else None,
        agent=_player(info, "agent_info"),
        user=_player(info, "user_info"),
        trial=trial if given is None else given,
        seed=_part(data, "seed", int, place, optional=True),
        data=TAU2.name,
        usage=_usage(data, raw[max(history, 1) :], place),
        started=_seconds(_part(data, "start_time", str, place, optional=True), place),
        seconds=_part(data, "duration", (int, float), place, optional=True),
    )


def _part(data: Mapping[str, Any], key: str, kind: Any, place: str, *, optional: bool = False) -> Any:
    """A value of a file, None if it is optional and not there.

    Raises:
        DataError: If it is missing, or of another type.
    """
    value = data.get(key)
    if value is None and optional:
        return None
    if value is None:
        raise DataError(f"{place} has no {key!r}")
    if not isinstance(value, kind):
        wanted = " or ".join(one.__name__ for one in (kind if isinstance(kind, tuple) else (kind,)))
        raise DataError(f"{place}: {key!r} must be {wanted}, got {type(value).__name__}: {str(value)[:80]}")
    return value


def _read_messages(raw: Sequence[Any], place: str) -> Iterator[Message]:
    awaited: list[str] = []
    for number, item in enumerate(raw):
        if not isinstance(item, dict):
            raise DataError(f"{place}, message {number} must be an object, got {type(item).__name__}")
        for part in item["tool_messages"] if isinstance(item.get("tool_messages"), list) else (item,):
            try:
                message = from_chat(part)
            except (DataError, AttributeError) as error:
                raise DataError(f"{place}, message {number}: {error}") from error
            if message.role != "tool":
                awaited = [call.id for call in message.tool_calls]
                used = part.get("usage")
                tokens = used.get("completion_tokens") if isinstance(used, dict) else None
                yield replace(message, tokens=tokens if isinstance(tokens, int) else None)
            else:  # tau2 lets ids be empty
                answered = awaited.pop(0) if awaited else None
                yield message if message.tool_call_id else replace(message, tool_call_id=answered)


def _grade(data: Mapping[str, Any] | None, task: Task, place: str) -> Grade | None:
    if data is None:
        return None
    place = f"{place}, reward_info"
    reward = float(_part(data, "reward", (int, float), place))
    checked = _part(data, "db_check", dict, place, optional=True)
    known = _part(data, "reward_breakdown", dict, place, optional=True)
    named = tuple(_part(data, "reward_basis", list, place, optional=True) or ())
    if not all(isinstance(name, str) for name in named):
        raise DataError(f"{place}: 'reward_basis' must be names of components, got {str(list(named))[:80]}")
    basis = named if known is not None else ()
    judged = _checks(data, "nl_assertions", ("nl_assertion",), "met", place)
    components: dict[str, float | None] = dict(known or {})
    criteria = task.evaluation_criteria if task.needs_judge else None
    if (
        criteria is not None and "NL_ASSERTION" in basis and "NL_ASSERTION" not in components
    ):  # so we write what is unjudged
        components["NL_ASSERTION"] = None
        judged = judged or not_judged(criteria.nl_assertions or ())
    info = data.get("info")
    note = info.get("note") if isinstance(info, dict) else None
    return Grade(
        reward=reward,
        success=abs(reward - 1.0) <= 1e-6,
        basis=basis,
        components={name: components[name] for name in dict.fromkeys((*basis, *components)) if name in components},
        db_match=_part(checked, "db_match", bool, f"{place}, db_check") if checked is not None else None,
        actions=_checks(data, "action_checks", ("action", "action_id"), "action_match", place),
        env_assertions=_checks(data, "env_assertions", ("env_assertion", "func_name"), "met", place),
        communicate=_checks(data, "communicate_checks", ("info",), "met", place),
        nl_assertions=judged,
        note=note if isinstance(note, str) else "",
    )


def _checks(data: Mapping[str, Any], key: str, what: Sequence[str], met: str, place: str) -> tuple[Check, ...]:
    checks = []
    for number, item in enumerate(_part(data, key, list, place, optional=True) or ()):
        here = f"{place}, {key} {number}"
        if not isinstance(item, dict):
            raise DataError(f"{here} must be an object, got {type(item).__name__}")
        named = item
        for name in what[:-1]:
            named = _part(named, name, dict, here)
        note = item.get("justification")
        text = _part(named, what[-1], str, here)
        checks.append(Check(text, _part(item, met, bool, here, optional=True), note if isinstance(note, str) else ""))
    return tuple(checks)


def _usage(data: Mapping[str, Any], raw: Sequence[Any], place: str) -> dict[Participant, Usage]:
    """What each side used: its cost, and its tokens if every one of its messages after the opening tells them."""
    found: dict[Participant, Usage] = {}
    sides: tuple[tuple[Participant, str], ...] = (("assistant", "agent_cost"), ("user", "user_cost"))
    for side, key in sides:
        cost = _part(data, key, (int, float), place, optional=True)
        used = [item.get("usage") for item in raw if item.get("role") == side]
        read, generated = (_tokens(used, name) for name in ("prompt_tokens", "completion_tokens"))
        usage = Usage(None if generated is None else len(used), read, generated, cost)
        if usage != Usage():
            found[side] = usage
    return found


def _tokens(used: Sequence[Any], name: str) -> int | None:
    counts = [one.get(name) if isinstance(one, dict) else None for one in used]
    whole = [count for count in counts if isinstance(count, int)]
    return sum(whole) if whole and len(whole) == len(counts) else None


def _player(info: Mapping[str, Any], key: str) -> str:
    """Who played a side, as the file names it."""
    player = info.get(key)
    name = player.get("implementation") if isinstance(player, dict) else None
    return name if isinstance(name, str) else ""


def _seconds(text: str | None, place: str) -> float | None:
    """Unix time of a time that tau2 wrote, which has no zone and is taken for UTC."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise DataError(f"{place}: 'start_time' is not a time: {error}") from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
