"""What a training came to: the policy before and after each round, and which differences are more than noise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolgym.errors import DataError
from toolgym.evaluation.metrics import compare
from toolgym.runs import read_trajectories
from toolgym_trainers.loop.settings import TrainSettings
from toolgym_trainers.loop.stages import Stage

LARGEST_K = 4
"""The largest k of which Pass^k is told."""


def training_report(folder: Path) -> dict[str, Any]:
    """The figures of a training, as far as it has come, from what its folder holds.

    Args:
        folder: The folder of a :class:`~toolgym_trainers.loop.Training`.

    Returns:
        JSON-able: ``measured``, one object for each round and temperature (round 0 is before the first), with
        ``pass_hat``, ``consent``, ``calls``, ``patterns`` (failures that show each), ``failures`` and ``episodes``;
        ``references``, the same for agents that were measured beside; ``comparisons`` with round 0 at the same
        temperature, paired by task, for each k, with ``within_noise``, which is true where the 95 % interval of the
        difference includes 0; ``rounds``, what each played and made; ``cpu_seconds`` by part; and ``policies``.

    Raises:
        DataError: If the folder holds no training.
    """
    path = folder / "settings.json"
    if not path.exists():
        raise DataError(f"{str(folder)!r} holds no training: it has no settings.json; name the folder of one")
    settings = TrainSettings.model_validate(json.loads(path.read_text(encoding="utf-8"))["settings"])
    progress_path = folder / "progress.json"
    progress = json.loads(progress_path.read_text(encoding="utf-8")) if progress_path.exists() else {}
    measured = [
        {"round": number, "temperature": heat, **progress[name]}
        for number in range(settings.rounds + 1)
        for heat in settings.measuring.temperatures
        if (name := Stage("measure", number, heat).name) in progress
    ]
    return {
        "folder": str(folder),
        "curriculum": settings.curriculum,
        "split": settings.measuring.split,
        "measured": measured,
        "references": progress.get(Stage("reference", 0).name, {}).get("agents", {}),
        "comparisons": _comparisons(measured),
        "rounds": [_round(progress, number, settings.solver_trials) for number in range(1, settings.rounds + 1)],
        "cpu_seconds": {name: result["cpu_seconds"] for name, result in progress.items()},
        "policies": [str(one) for one in sorted((folder / "policies").glob("round-*"))],
    }


def _comparisons(measured: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each round against the policy before the first, at the same temperature."""
    found = []
    before = {one["temperature"]: one for one in measured if one["round"] == 0}
    for one in measured:
        first = before.get(one["temperature"])
        if one["round"] == 0 or first is None:
            continue
        runs = [list(read_trajectories(Path(each["run"]))) for each in (first, one)]
        for k in range(1, min(LARGEST_K, len(first["pass_hat"]), len(one["pass_hat"])) + 1):
            difference = compare(*runs, k=k)
            found.append(
                {
                    "round": one["round"],
                    "temperature": one["temperature"],
                    "k": k,
                    "difference": difference.difference,
                    "low": difference.low,
                    "high": difference.high,
                    "p_value": difference.p_value,
                    "tasks": difference.tasks,
                    "within_noise": difference.low <= 0 <= difference.high,
                }
            )
    return found


def _round(progress: Mapping[str, Any], number: int, trials: int) -> dict[str, Any]:
    """What a round played and made."""
    mined, refreshed, trained = (progress.get(Stage(kind, number).name, {}) for kind in ("mine", "refresh", "train"))
    return {
        "round": number,
        "mined_episodes": mined.get("episodes", 0),
        "mined_failures": mined.get("failures", 0),
        "proposed": refreshed.get("proposed", 0),
        "admitted": refreshed.get("admitted", 0),
        "solver_episodes": trials * sum(refreshed.get("stages", {}).get("solver", {}).values()),
        "shapes": refreshed.get("shapes"),
        "notes": refreshed.get("notes", []),
        "steps": trained.get("steps", 0),
        "episodes": trained.get("episodes", 0),
    }
