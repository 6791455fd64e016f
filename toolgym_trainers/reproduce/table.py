"""All figures of a reproduction, computed from its stored runs: one object, and the same as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolgym import __version__
from toolgym.errors import DataError
from toolgym.runs.files import replace_whole
from toolgym_trainers.reproduce.claims import judged
from toolgym_trainers.reproduce.outcomes import Outcomes, as_json, matrix
from toolgym_trainers.reproduce.over_seeds import OverSeeds, over_seeds
from toolgym_trainers.reproduce.pages import SHARES, page_of
from toolgym_trainers.reproduce.reproduction import Reproduction
from toolgym_trainers.reproduce.settings import DEV, PATTERNS, TEST, UNTRAINED, Metric
from toolgym_trainers.reproduce.units import Measured, Unit

METRICS: tuple[Metric, ...] = ("pass_1", "pass_4", "repeats", "errors", "consent")
"""The figures of each arm."""
REFERENCES = (UNTRAINED, "targeted", "general")
"""The arms that every other is compared with, beside what the claims name."""
BOOTSTRAP_SEED = 20
"""Of the draws of the bootstrap, the same for every figure."""


class Table:
    """The figures of a reproduction.

    Args:
        reproduction: The reproduction; its sets must be made.
    """

    def __init__(self, reproduction: Reproduction) -> None:
        self._all = reproduction
        self._read: dict[Measured, Outcomes] = {}
        self._keys = {on: [task.key for task in reproduction.tasks(on)] for on in (DEV, TEST, PATTERNS)}

    def compute(self) -> dict[str, Any]:
        """Everything, as JSON-able data, from the stored trajectories.

        Returns:
            ``settings`` (their digest, whether they are frozen, what was tried), ``read`` (when test was first read),
            ``sets``, ``arms`` (text, episodes and CPU-seconds of each), ``rows`` (figures by arm, set and
            temperature, each with its runs), ``differences``, ``claims``, ``comparisons`` (how many differences and
            claims there are), ``curves``, ``patterns`` (failures by pattern and round) and ``toolgym``.

        Raises:
            DataError: If a run lacks trials.
        """
        settings = self._all.settings
        rows, differences = self._rows(), self._differences()
        claims = self._claims()
        found = {
            "toolgym": __version__,
            "settings": {"digest": settings.digest, "frozen": settings.frozen, "tried": list(settings.tried)},
            "seeds": list(settings.seeds),
            "shared_start": settings.sft.shared,
            "read": self._all.reading,
            "sets": self._all.make_sets() | {"tasks": {on: len(keys) for on, keys in self._keys.items()}},
            "arms": {arm: self._arm(arm) for arm in settings.arms},
            "rows": rows,
            "differences": differences,
            "claims": claims,
            "comparisons": {"differences": len(differences), "claims": len(claims)},
            "smallest_effect": settings.smallest_effect,
            "curves": self._curves(),
            "patterns": self._patterns(),
        }
        whole: dict[str, Any] = as_json(found)
        return whole

    # Figures of arms

    def _outcomes(self, asked: Measured) -> Outcomes:
        if asked not in self._read:
            self._read[asked] = self._all.outcomes(asked)
        return self._read[asked]

    def _places(self) -> list[tuple[str, float]]:
        played = self._all.settings.evaluation.played
        return [(one.on, one.temperature) for on in (TEST, PATTERNS, DEV) for one in played if one.on == on]

    def _values(self, arm: str, on: str, heat: float, metric: Metric, seeds: Sequence[int]) -> np.ndarray:
        """A figure by seed and task; all seeds of what is not trained may share one run."""
        shared = arm == UNTRAINED and self._all.settings.sft.shared
        own = self._all.started if shared else seeds
        found = matrix([self._outcomes(Measured(arm, seed, on, heat)) for seed in own], metric, self._keys[on])
        return np.repeat(found, len(seeds), axis=0) if shared else found

    def _seeds(self, arm: str, on: str, heat: float) -> list[int]:
        """The seeds with which an arm was measured."""
        if arm == UNTRAINED and self._all.settings.sft.shared:
            return list(self._all.settings.seeds) if self._all.finished(arm, on, heat) else []
        return [one.seed for one in self._all.finished(arm, on, heat)]

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for on, heat in self._places():
            for arm in self._all.settings.arms:
                if not (done := self._all.finished(arm, on, heat)):
                    continue
                seeds = [one.seed for one in done]
                outcomes = [self._outcomes(one) for one in done]
                figures: dict[str, Any] = {}
                for metric in METRICS:
                    values = matrix(outcomes, metric, self._keys[on])
                    figures[metric] = _dict(_over(values, metric, 0.0))
                rows.append(
                    {
                        "arm": arm,
                        "on": on,
                        "temperature": heat,
                        "seeds": seeds,
                        "void": sum(one.void for one in outcomes),
                        **figures,
                        "pass_hat": _curve_of_k(outcomes, self._keys[on]),
                        "runs": [str(self._all.run_of(one).relative_to(self._all.folder)) for one in done],
                        "trajectories": [one.trajectories[:16] for one in outcomes],
                    }
                )
        return rows

    def _difference(self, first: str, second: str, on: str, heat: float, metric: Metric) -> OverSeeds | None:
        """First minus second, over the seeds that both have; None if there are none."""
        others = self._seeds(second, on, heat)
        seeds = [seed for seed in self._seeds(first, on, heat) if seed in others]
        if not seeds:
            return None
        mine = self._values(first, on, heat, metric, seeds)
        return _over(mine - self._values(second, on, heat, metric, seeds), metric, -1.0)

    def _differences(self) -> list[dict[str, Any]]:
        settings = self._all.settings
        pairs = [(claim.first, claim.second) for claim in settings.claims]
        pairs += [(arm, other) for other in REFERENCES for arm in settings.arms if other in settings.arms]
        chosen = [pair for pair in dict.fromkeys(pairs) if pair[0] != pair[1] and pair[0] != UNTRAINED]
        rows = []
        for on, heat in self._places():
            for first, second in chosen:
                figures: dict[str, Any] = {
                    metric: _dict(found)
                    for metric in METRICS
                    if (found := self._difference(first, second, on, heat, metric)) is not None
                }
                if figures:
                    rows.append({"first": first, "second": second, "on": on, "temperature": heat, **figures})
        return rows

    def _claims(self) -> list[dict[str, Any]]:
        settings = self._all.settings
        found: dict[str, OverSeeds | None] = {}
        runs: dict[str, list[str]] = {}
        for claim in settings.claims:
            found[claim.name] = self._difference(claim.first, claim.second, claim.on, claim.temperature, claim.metric)
            runs[claim.name] = [
                str(self._all.run_of(one).relative_to(self._all.folder))
                for arm in (claim.first, claim.second)
                for one in self._all.finished(arm, claim.on, claim.temperature)
            ]
        return judged(settings.claims, found, settings.smallest_effect, runs)

    # What arms cost, and how they went

    def _results(self, arm: str) -> dict[int, dict[str, Any]]:
        """What came of the parts of an arm's trainings, by seed."""
        found = {}
        for seed in self._all.settings.seeds:
            path = self._all.training_folder(Unit(arm, seed)) / "progress.json"
            if path.exists():
                found[seed] = json.loads(path.read_text(encoding="utf-8"))
        return found

    def _arm(self, arm: str) -> dict[str, Any]:
        text = self._all.settings.arms[arm].get("text", "")
        if arm == UNTRAINED:
            made = [self._all.folder / UNTRAINED / f"seed-{seed}" / "made.json" for seed in self._all.started]
            return {"text": text, "starts": [json.loads(one.read_text()) for one in made if one.exists()]}
        return {
            "text": text,
            "by_seed": {seed: self._spent(arm, seed, parts) for seed, parts in self._results(arm).items()},
        }

    def _spent(self, arm: str, seed: int, parts: Mapping[str, Any]) -> dict[str, Any]:
        """Episodes that the policy played while it was trained, by what for; without those by which it is measured."""
        asked = self._all.settings.train_settings(arm, seed)
        spent = {"training": 0, "mining": 0, "solver": 0}
        pool: list[int] = []
        for name, part in parts.items():
            if name.endswith("train"):
                spent["training"] += part["episodes"]
            elif name.endswith("mine"):
                spent["mining"] += part["episodes"] + part["void"]
            elif name.endswith("refresh"):
                solver = part["stages"].get("solver", {"passed": 0, "failed": 0})
                spent["solver"] += (solver["passed"] + solver["failed"]) * asked.solver_trials
                pool.append(part["admitted"])
        return {
            **spent,
            "total": sum(spent.values()),
            "admitted": pool,
            "cpu_seconds": round(sum(part.get("cpu_seconds", 0.0) for part in parts.values()), 1),
            "folder": str(self._all.training_folder(Unit(arm, seed)).relative_to(self._all.folder)),
        }

    def _curves(self) -> dict[str, dict[int, list[list[float]]]]:
        """Pass^1 on the same tasks of dev while an arm is trained, by training episodes so far."""
        curves: dict[str, dict[int, list[list[float]]]] = {}
        for arm in self._all.settings.trained:
            for seed in self._all.settings.seeds:
                path = self._all.training_folder(Unit(arm, seed)) / "steps.jsonl"
                if not path.exists():
                    continue
                points: list[list[float]] = self._start_of_curve(arm, seed)
                before, last = 0, (1, 0)
                for line in path.read_text(encoding="ascii").splitlines():
                    step = json.loads(line)
                    if step["round"] != last[0]:
                        before += last[1]
                    last = (step["round"], step["episodes_so_far"])
                    if step.get("curve") is not None:
                        points.append([before + step["episodes_so_far"], step["curve"]])
                curves.setdefault(arm, {})[seed] = points
        return curves

    def _start_of_curve(self, arm: str, seed: int) -> list[list[float]]:
        """Where a curve begins: what the arm starts from, on the same tasks; it is known once that was measured."""
        asked = self._all.settings.train_settings(arm, seed)
        own = self._all.settings.seeds[0] if self._all.settings.sft.shared else seed
        keys = self._keys[DEV][: asked.curve_tasks]
        for one in self._all.finished(UNTRAINED, DEV, asked.temperature):
            if one.seed == own and len(keys) == asked.curve_tasks:
                return [[0, float(self._outcomes(one).values("pass_1", keys).mean())]]
        return []

    def _patterns(self) -> dict[str, dict[int, list[dict[str, Any]]]]:
        """Of each round's failures, the shares of the patterns, and how far they drifted from the round before."""
        found: dict[str, dict[int, list[dict[str, Any]]]] = {}
        for arm in self._all.settings.trained:
            for seed, parts in self._results(arm).items():
                rounds = [
                    {
                        "round": int(name.split("-")[1]),
                        "failures": part["failures"],
                        "drift": part["drift"],
                        "shares": {
                            pattern: one["share"] for pattern, one in part["patterns"].items() if one["failures"]
                        },
                    }
                    for name, part in parts.items()
                    if name.endswith("refresh") and part["failures"]
                ]
                if rounds:
                    found.setdefault(arm, {})[seed] = rounds
        return found


def _over(values: np.ndarray, metric: Metric, lowest: float) -> OverSeeds | None:
    """The mean over seeds and tasks, or None where no task has a value of each seed; shares have a range."""
    if not (~np.isnan(values).any(axis=0)).any():
        return None
    within = (lowest, 1.0) if metric in SHARES else None
    return over_seeds(values, np.random.default_rng(BOOTSTRAP_SEED), within=within)


def _dict(found: OverSeeds | None) -> dict[str, Any] | None:
    return None if found is None else found.as_dict()


def _curve_of_k(outcomes: Sequence[Any], keys: Sequence[str]) -> dict[str, float]:
    """Pass^k of every k that all tasks have the trials for, over seeds and tasks."""
    from toolgym.evaluation.metrics import pass_hat_k

    most = min(one.by_task[key].trials for one in outcomes for key in keys)
    tasks = [one.by_task[key] for one in outcomes for key in keys]
    return {
        str(k): float(np.mean([pass_hat_k(task.successes, task.trials, k) for task in tasks]))
        for k in range(1, most + 1)
    }


def write_table(reproduction: Reproduction) -> dict[str, Any]:
    """Compute all figures and write them as ``table.json`` and ``table.md``.

    Args:
        reproduction: The reproduction.

    Returns:
        The figures.

    Raises:
        DataError: If a run lacks trials.
    """
    table = Table(reproduction).compute()
    if not table["rows"]:
        raise DataError(f"{str(reproduction.folder)!r} holds no finished evaluation yet; run it without --only-table")
    replace_whole(reproduction.folder / "table.json", f"{json.dumps(table, indent=1)}\n".encode("ascii"))
    replace_whole(reproduction.folder / "table.md", page_of(table).encode("utf-8"))
    return table


def read_table(path: Path) -> dict[str, Any]:
    """A table that was written.

    Args:
        path: A ``table.json``.

    Raises:
        DataError: If there is none.
    """
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise DataError(f"{str(path)!r} is no table of a reproduction: {error}") from error
    return found
