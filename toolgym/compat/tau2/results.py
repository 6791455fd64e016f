"""tau2's results file: our trajectories written so that its own viewer and re-grader read them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym.trajectory import Grade, Participant, Trajectory


def write_results(
    path: str | Path,
    domain: Domain,
    trajectories: Iterable[Trajectory],
    *,
    max_steps: int = 200,
    max_errors: int = 10,
    agent_llm: str | None = None,
    user_llm: str | None = None,
) -> None:
    """Write trajectories as one results file in tau2's ``json`` format.

    Args:
        path: The file; replaced whole if it exists.
        domain: The domain over tau2's data.
        trajectories: Finished episodes of its tasks. A void one is written as an infrastructure error.
        max_steps: The limit that they were played with.
        max_errors: Likewise.
        agent_llm: The model behind the agent, if one was.
        user_llm: The model behind the user, if one was.

    Raises:
        DataError: If there is no trajectory, or one is not of this domain and data.
    """
    rows = list(trajectories)
    if not rows:
        raise DataError("there is no trajectory to write")
    tasks: dict[str, Task] = {task.key: task for task in domain.tasks}
    for row in rows:
        if row.data != "tau2" or row.task_key not in tasks:
            raise DataError(
                f"the trajectory {row.episode_id} is of the task {row.task_id!r} of {row.domain!r} ({row.data} data), "
                f"which tau2's {domain.name!r} does not hold; only episodes of tau2's tasks can be written"
            )
    kinds = {name: found.effect.value for kit in domain.toolkits.values() for name, found in kit.tools.items()}
    used = list(dict.fromkeys(row.task_key for row in rows))
    document = {
        "timestamp": _time(rows[0].started),
        "info": _info(domain, rows, max_steps, max_errors, agent_llm, user_llm),
        "tasks": [tasks[key].to_tau2() for key in used],
        "simulations": [_simulation(row, tasks[row.task_key], kinds) for row in rows],
    }
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    partial.write_text(json.dumps(document, indent=2), encoding="utf-8")
    partial.replace(path)


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
    }


def _simulation(row: Trajectory, task: Task, kinds: Mapping[str, str]) -> dict[str, Any]:
    start, seconds = row.started or 0.0, row.seconds or 0.0
    return {
        "id": str(uuid5(NAMESPACE_URL, f"toolgym:{row.episode_id}:{row.seed}:{row.agent}:{row.user}")),
        "task_id": row.task_id,
        "timestamp": _time(start),
        "start_time": _time(start),
        "end_time": _time(start + seconds),
        "duration": seconds,
        "termination_reason": _termination(row),
        "agent_cost": _cost(row, "assistant"),
        "user_cost": _cost(row, "user"),
        "reward_info": _reward_info(row.grade, task, kinds),
        "messages": list(_messages(row.messages, start)),
        "trial": row.trial,
        "seed": row.seed,
        "mode": "half_duplex",
    }


def _termination(row: Trajectory) -> str | None:
    """Why an episode ended, in tau2's words."""
    if row.fault is not None:
        return "infrastructure_error"
    return "context_window_exceeded" if row.termination == "user_context_window_exceeded" else row.termination


def _cost(row: Trajectory, side: Participant) -> float | None:
    return row.usage[side].cost_usd if side in row.usage else None


def _reward_info(grade: Grade | None, task: Task, kinds: Mapping[str, str]) -> dict[str, Any] | None:
    """The grade as tau2 has it; None while a judge is needed, since tau2 has no word for that."""
    if grade is None or grade.reward is None:
        return None
    criteria = task.evaluation_criteria
    info: dict[str, Any] = {"reward": grade.reward}
    if not grade.basis or criteria is None:
        return {**info, "info": {"note": grade.note}}
    return {
        **info,
        "db_check": {"db_match": grade.db_match, "db_reward": float(bool(grade.db_match))},
        "env_assertions": [
            {
                "env_assertion": assertion.model_dump(mode="json"),
                "met": check.met,
                "reward": float(bool(check.met)),
            }
            for assertion, check in zip(criteria.env_assertions or (), grade.env_assertions, strict=False)
        ],
        "action_checks": [
            {
                "action": action.model_dump(mode="json"),
                "action_match": check.met,
                "action_reward": float(bool(check.met)),
                "tool_type": kinds.get(action.name),
            }
            for action, check in zip(criteria.actions or (), grade.actions, strict=False)
        ],
        "communicate_checks": [
            {"info": check.what, "met": check.met, "justification": check.note} for check in grade.communicate
        ],
        "nl_assertions": [
            {"nl_assertion": check.what, "met": check.met, "justification": check.note} for check in grade.nl_assertions
        ],
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
