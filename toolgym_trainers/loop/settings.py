"""The settings of a training in rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from toolgym_trainers.bootstrap import BootstrapSettings
from toolgym_trainers.grpo import GRPOSettings


class Measuring(BaseModel):
    """How a policy is measured before the first round and after each.

    Args:
        split: Which tasks; never those of the test split while settings are chosen.
        tasks: How many of them, from the first; None for all.
        trials: Of each task, at least 1.
        temperatures: Of sampling, one measurement each.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str = "dev"
    tasks: int | None = Field(default=None, ge=1)
    trials: int = Field(default=4, ge=1)
    temperatures: tuple[float, ...] = (1.0,)


class TrainSettings(BaseModel):
    """How a policy is trained in rounds: it plays, its failures become tasks, and it learns from groups of trials.

    Args:
        domain: The name of the domain.
        policy: ``"tiny"`` for the one that ships, or the folder or hub name of another.
        bootstrap: How it learns from demonstrations first; None begins with the policy as it is.
        curriculum: Where tasks come from, the name of a curriculum.
        options: Its options.
        split: The split that the curriculum begins with.
        rounds: How often failures are turned into tasks and trained on, at least 1.
        steps: Steps of GRPO in each round, at least 1.
        tasks: Groups in each step, at least 1.
        group_size: Trials in each group, at least 2.
        mining_split: The split whose failures are mined before each round; None mines what training itself plays.
        mining_trials: Trials of each of its tasks, at least 1.
        made: Tasks that are proposed in each round; 0 makes none.
        solver_trials: Trials of each new task by the policy, of which some must succeed and some fail, at least 2; 0
            admits tasks without.
        restart: What each round starts from: ``"sft"``, the policy as it was before the first, or ``"last"``.
        reward: A preset's name, or weights by term.
        grpo: How it learns from groups.
        temperature: Of sampling in training, above 0.
        rows: Episodes at once, at least 1.
        seed: At least 0.
        measuring: How it is measured.
        curve_every: Steps between measurements of the learning curve, on the first tasks of the measured split; 0
            measures none.
        curve_tasks: How many tasks that takes.
        save_every: Steps between checkpoints, at least 1.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    domain: str = "retail"
    policy: str = "tiny"
    bootstrap: BootstrapSettings | None = None
    curriculum: str = "raft"
    options: Mapping[str, Any] = Field(default_factory=dict)
    split: str = "validation"
    rounds: int = Field(default=2, ge=1)
    steps: int = Field(default=20, ge=1)
    tasks: int = Field(default=16, ge=1)
    group_size: int = Field(default=8, ge=2)
    mining_split: str | None = "validation"
    mining_trials: int = Field(default=4, ge=1)
    made: int = Field(default=400, ge=0)
    solver_trials: int = Field(default=4, ge=0)
    restart: Literal["sft", "last"] = "sft"
    reward: str | Mapping[str, float] = "raft"
    grpo: GRPOSettings = GRPOSettings(normalise=False, learning_rate=3e-4, kl=0.01)
    temperature: float = Field(default=1.0, gt=0)
    rows: int = Field(default=64, ge=1)
    seed: int = Field(default=0, ge=0)
    measuring: Measuring = Measuring()
    curve_every: int = Field(default=0, ge=0)
    curve_tasks: int = Field(default=40, ge=1)
    save_every: int = Field(default=5, ge=1)

    @model_validator(mode="after")
    def _fits_together(self) -> TrainSettings:
        if self.solver_trials == 1:
            raise ValueError("solver_trials must be 0, or at least 2: one trial tells nothing of a task")
        return self
