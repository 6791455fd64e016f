"""The curriculum of a training on disk: its state after each part, and its folder in step with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from toolgym.certificates import Solver
from toolgym.curricula.factory import curriculum_of
from toolgym.curricula.folder import REPORT, ROUNDS, STATE, Saved, read_saved, write_saved
from toolgym.curricula.pool_curriculum import PoolCurriculum
from toolgym.curricula.refreshing import refresh
from toolgym.curriculum import Budget, Curriculum, CurriculumSpec
from toolgym.domain import Domain
from toolgym.files.strict_json import read_json
from toolgym.registry import CURRICULA
from toolgym.runs.files import replace_whole
from toolgym_trainers.loop.settings import TrainSettings

STATE_FILE = "curriculum-state.json"
FOLDER = "curriculum"


class KeptCurriculum:
    """The curriculum of a training, as the last finished part left it.

    Args:
        settings: The settings of the training.
        domain: The domain.
        folder: The training's folder.
        solver: Tries new tasks with the policy as it is.

    Raises:
        DataError: If an option does not fit.
        UnknownNameError: If there is no such curriculum, split or option.
    """

    def __init__(self, settings: TrainSettings, domain: Domain, folder: Path, solver: Solver) -> None:
        self._state = folder / STATE_FILE
        self._folder = folder / FOLDER
        self._domain = domain
        spec = CurriculumSpec.of(CURRICULA.load(settings.curriculum), settings.curriculum)
        self._options = spec.options
        known = spec.options or ()
        given: dict[str, Any] = {"folder": self._folder, "seed": settings.seed}
        given["like_failures"] = settings.options.get("like_failures", True)  # more than the labels must be like it
        if settings.solver_trials:
            given["solver"] = solver
        if settings.restart is not None:
            given["restart"] = settings.restart
        given = {name: value for name, value in given.items() if name in known}
        self.curriculum: Curriculum = curriculum_of(spec, domain, settings.split, **{**settings.options, **given})
        self.restart: str = settings.restart or getattr(self.curriculum, "restart", None) or "last"
        self._after = ""
        if self._state.exists():
            kept = read_json(self._state)
            self._after = kept["after"]
            self.curriculum.load_state_dict(kept["state"])

    @property
    def makes_tasks(self) -> bool:
        """Whether refreshes make tasks, as far as that is known."""
        if isinstance(self.curriculum, PoolCurriculum):
            return self.curriculum.refresher.makes_tasks
        return self._options is None or "folder" in self._options

    def refresh(self, budget: Budget, part: str) -> dict[str, Any]:
        """Make tasks; a refresh that was finished before its part was is not made again.

        Args:
            budget: How much it may make.
            part: The name of the part of the training.

        Returns:
            The report.
        """
        ahead = self._saved_round() > self._round()
        if ahead:
            self.curriculum.load_state_dict(read_saved(self._folder).state)
        if ahead or self._after == part:
            report = read_json(self._folder / ROUNDS / f"{self._round() - 1:03d}" / REPORT)
        else:
            report = refresh(self.curriculum, budget).as_dict()
        self.keep(part)
        return dict(report)

    def restore(self, state: dict[str, Any]) -> None:
        """Put the curriculum back to a state, and its folder with it."""
        self.curriculum.load_state_dict(state)
        self.rewind()

    def rewind(self) -> None:
        """Have the folder hold the curriculum's state: refreshes that came after it will be made again."""
        if (self._folder / STATE).exists() and self._saved_round() != self._round():
            state = self.curriculum.state_dict()
            names = state["curriculum"], state["domain"]
            write_saved(self._folder, Saved(*names, self._domain.compat.name, state))

    def keep(self, part: str) -> None:
        """Keep the state as it is after a part."""
        content = {"after": part, "state": self.curriculum.state_dict()}
        replace_whole(self._state, json.dumps(content).encode())
        self._after = part

    def _round(self) -> int:
        return self.curriculum.round if isinstance(self.curriculum, PoolCurriculum) else 0

    def _saved_round(self) -> int:
        """How many refreshes the folder knows of."""
        if not (self._folder / STATE).exists():
            return 0
        return int(read_saved(self._folder).state["round"])
