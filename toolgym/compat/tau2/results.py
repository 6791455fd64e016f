"""tau2's results file: our trajectories written so that its own viewer and re-grader read them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from toolgym.compat.tau2.rules import TAU2
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.models.surrogates import whole_json
from toolgym.tasks import Task
from toolgym.trajectory import Grade, Participant, Termination, Trajectory


class Written(NamedTuple):
    """What a results file cannot say of the episodes in it."""

    not_judged: int
    """How many of them nobody judged: they have no reward, and tau2's metrics count them as failures."""
    replaced: int
    """In how many of them halves of surrogate pairs were replaced by U+FFFD: tau2 could not read the file."""


def write_results(
    path: str | Path,
    domain: Domain,
    trajectories: Iterable[Trajectory],
    *,
    max_steps: int = 200,
    max_errors: int = 10,
    agent_llm: str | None = None,
    user_llm: str | None = None,
) -> Written:
    """Write trajectories as one results file in tau2's ``json`` format.

    Args:
        path: The file; replaced whole if it exists.
        domain: The domain over tau2's data.
        trajectories: Finished episodes of its tasks. A void one is written as an infrastructure error.
        max_steps: The limit that they were played with.
        max_errors: Likewise.
        agent_llm: The model behind the agent, if one was.
        user_llm: The model behind the user, if one was.

    Returns:
        How many of them nobody judged, and how many hold text that had to be changed.

    Raises:
        DataError: If there is no trajectory, one is not over, or one is not of this domain and data.
    """
    rows = list(trajectories)
    if not rows:
        raise DataError("there is no trajectory to write")
    tasks = _by_key(domain)
    for row in rows:
        if row.data != TAU2.name or row.task_key not in tasks:
            raise _not_tau2s(domain, f"the trajectory {row.episode_id} is of the task {row.task_id!r}", row.data)
        if row.termination is None:
            raise DataError(f"the episode {row.episode_id} is not over, and tau2's format has no word for that")
    kinds = {name: found.effect.value for kit in domain.toolkits.values() for name, found in kit.tools.items()}
    used = list(dict.fromkeys(row.task_key for row in rows))
    simulations = [_simulation(row, tasks[row.task_key], kinds) for row in rows]
    whole = [whole_json(one) for one in simulations]
    document = {
        "timestamp": _time(rows[0].started),
        "info": whole_json(_info(domain, rows, max_steps, max_errors, agent_llm, user_llm)),
        "tasks": [whole_json(tasks[key].to_tau2()) for key in used],
        "simulations": whole,
    }
    try:
        _write(Path(path), json.dumps(document, indent=2))
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be written: {error}") from error
    return Written(
        sum(row.fault is None and (row.grade is None or row.grade.reward is None) for row in rows),
        sum(json.dumps(one) != json.dumps(sent) for one, sent in zip(simulations, whole, strict=True)),
    )


def check_results(path: str | Path, domain: Domain, tasks: Sequence[Task]) -> None:
    """That a results file can be written of episodes of these tasks; nothing that is there is changed.

    Args:
        path: The file.
        domain: The domain.
        tasks: What will be played.

    Raises:
        DataError: If the place is none that can be written to, or there are no tasks, or others than tau2's.
    """
    path = Path(path)
    made: list[Path] = []
    try:
        if path.is_dir():
            raise DataError(f"{str(path)!r} is a folder; the results of tau2 are one file, so name a file")
        made += [folder for folder in path.absolute().parents if not folder.exists()]
        _write(path.with_name(f".{path.name}.{os.getpid()}.try"), "").unlink()
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be written: {error}") from error
    finally:
        for folder in made:
            with suppress(OSError):  # it was not made after all
                folder.rmdir()
    if not tasks:
        raise DataError("there is no task to play, so no results of tau2 to write")
    known = _by_key(domain)
    for task in tasks:
        if domain.compat.name != TAU2.name or task.key not in known:
            raise _not_tau2s(domain, f"the task is {task.id!r}", domain.compat.name)


def tau2_word(termination: Termination) -> str:
    """Why an episode ended, in a word that tau2 knows."""
    return _NEAREST.get(termination, termination)


_NEAREST: Mapping[str, str] = {"user_context_window_exceeded": "context_window_exceeded"}
"""For each termination that tau2 does not know, the nearest that it does."""


def _by_key(domain: Domain) -> dict[str, Task]:
    return {task.key: task for task in domain.tasks}


def _not_tau2s(domain: Domain, what: str, data: str) -> DataError:
    return DataError(
        f"{what} ({data} data), which tau2's {domain.name!r} does not hold; "
        "only episodes of tau2's tasks can be written"
    )


def _write(path: Path, text: str) -> Path:
    """Write a file whole, or leave what is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        return partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _info(
    domain: Domain,
    rows: Sequence[Trajectory],
    max_steps: int,
    max_errors: int,
    agent_llm: str | None,
    user_llm: str | None,
) -> dict[str, Any]:
    return {
        "git_commit": "unknown",
        "num_trials": max(row.trial for row in rows) + 1,
        "max_steps": max_steps,
        "max_errors": max_errors,
        "user_info": {"implementation": rows[0].user or "unknown", "llm": user_llm, "llm_args": None},
        "agent_info": {"implementation": rows[0].agent or "unknown", "llm": agent_llm, "llm_args": None},
        "environment_info": {"domain_name": domain.name, "policy": domain.policy, "tool_defs": None},
        "seed": rows[0].seed,
        "text_streaming_config": {"chunk_by": "words", "chunk_size": 1},  # nothing was streamed; tau2 wants to be told
    }


def _simulation(row: Trajectory, task: Task, kinds: Mapping[str, str]) -> dict[str, Any]:
    assert row.termination is not None
    start, seconds = row.started or 0.0, row.seconds or 0.0
    return {
        "id": str(uuid5(NAMESPACE_URL, f"toolgym:{row.episode_id}:{row.seed}:{row.agent}:{row.user}")),
        "task_id": row.task_id,
        "timestamp": _time(start),
        "start_time": _time(start),
        "end_time": _time(start + seconds),
        "duration": seconds,
        "termination_reason": "infrastructure_error" if row.fault is not None else tau2_word(row.termination),
        "agent_cost": _cost(row, "assistant"),
        "user_cost": _cost(row, "user"),
        "reward_info": _reward_info(row.grade, task, kinds),
        "messages": list(_messages(row.messages, start)),
        "trial": row.trial,
        "seed": row.seed,
        "mode": "half_duplex",
    }


def _cost(row: Trajectory, side: Participant) -> float | None:
    return row.usage[side].cost_usd if side in row.usage else None


def _reward_info(grade: Grade | None, task: Task, kinds: Mapping[str, str]) -> dict[str, Any] | None:
    """The grade as tau2 has it; None while a judge is needed, since tau2 has no word for that.

    Where other components settle the reward without the judge, its part is left out: tau2 knows no verdict that is
    neither true nor false.
    """
    if grade is None or grade.reward is None:
        return None
    criteria = task.evaluation_criteria
    if not grade.basis or criteria is None:
        return {"reward": grade.reward, "reward_basis": None, "info": {"note": grade.note}}
    judged = "NL_ASSERTION" in grade.basis and "NL_ASSERTION" not in grade.not_judged
    return {
        "reward": grade.reward,
        "db_check": {"db_match": bool(grade.db_match), "db_reward": float(bool(grade.db_match))},
        "env_assertions": None
        if criteria.env_assertions is None
        else [
            {
                "env_assertion": assertion.model_dump(mode="json"),
                "met": bool(check.met),
                "reward": float(check.met is True),
            }
            for assertion, check in zip(criteria.env_assertions, grade.env_assertions, strict=False)
        ],
        "action_checks": [
            {
                "action": action.model_dump(mode="json"),
                "action_match": bool(check.met),
                "action_reward": float(bool(check.met)),
                "tool_type": kinds.get(action.name),
            }
            for action, check in zip(criteria.actions or (), grade.actions, strict=False)
        ],
        "communicate_checks": [
            {"info": check.what, "met": bool(check.met), "justification": check.note} for check in grade.communicate
        ],
        "nl_assertions": [
            {"nl_assertion": check.what, "met": bool(check.met), "justification": check.note}
            for check in grade.nl_assertions
        ]
        if judged
        else None,
        "reward_basis": list(grade.basis),
        "reward_breakdown": {name: value for name, value in grade.components.items() if value is not None},
    }


def _messages(messages: Sequence[Message], start: float) -> Iterable[Mapping[str, Any]]:
    for place, message in enumerate(messages):
        common = {"role": message.role, "content": message.content, "turn_idx": place}
        common["timestamp"] = _time(start + place * 1e-3)  # tau2 sorts by this text
        if message.role == "tool":
            yield {
                **common,
                "id": message.tool_call_id or "",
                "requestor": message.requestor,
                "error": message.error,
            }
            continue
        calls = [
            {"id": call.id, "name": call.name, "arguments": dict(call.arguments), "requestor": call.requestor}
            for call in message.tool_calls
        ]
        yield {**common, "tool_calls": calls or None}


def _time(seconds: float | None) -> str:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=seconds or 0.0)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")
