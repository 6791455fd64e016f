"""The settings of a training in rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from toolgym_trainers.bootstrap import BootstrapSettings
from toolgym_trainers.grpo import GRPOSettings
from toolgym_trainers.policies.lora import LoraSettings
from toolgym_trainers.policies.tiny import TinySettings


class Measuring(BaseModel):
    """How a policy is measured before the first round and after each.

    Args:
        split: Which tasks; never those of the test split while settings are chosen.
        tasks: How many of them, from the first; None for all.
        trials: Of each task, at least 1.
        temperatures: Of sampling, one measurement each, all different.
        references: Agents that are measured once on the same tasks, to be seen beside the policy.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    split: str = "dev"
    tasks: int | None = Field(default=None, ge=1)
    trials: int = Field(default=4, ge=1)
    temperatures: tuple[Annotated[float, Field(ge=0)], ...] = Field(default=(1.0,), min_length=1)
    references: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _differ(self) -> Measuring:
        if len({f"{heat:g}" for heat in self.temperatures}) < len(self.temperatures):
            raise ValueError(f"temperatures must all be different, got {self.temperatures}")
        return self


class TrainSettings(BaseModel):
    """How a policy is trained in rounds: it plays, its failures become tasks, and it learns from groups of trials.

    Args:
        domain: The name of the domain.
        policy: ``"tiny"`` for the one that comes with the package, ``"scratch"`` for a new one with random weights, or
            the folder or hub name of another.
        bootstrap: How it learns from demonstrations first; None begins with the policy as it is, and is not for
            ``"scratch"``.
        size: The size of a policy from scratch; None for the usual one.
        view: What a model that was never trained here sees; None for a compact view.
        device: Where it runs, as torch calls it.
        trainer: Which trainer, an installed one.
        trainer_options: What else that trainer is told; the embedded one, ``"grpo"``, takes nothing here.
        curriculum: Where tasks come from, the name of a curriculum.
        options: Its options but those that the training gives: ``folder``, ``seed`` and ``solver``.
        split: The split that the curriculum begins with.
        rounds: How often failures are turned into tasks and trained on, at least 1.
        steps: Steps of GRPO in each round, at least 1.
        tasks: Groups in each step, at least 1.
        group_size: Trials in each group, at least 2.
        mining_split: The split whose failures are mined before each round; None mines what training itself plays.
        mining_trials: Trials of each of its tasks, at least 1.
        mining_tasks: How many of them, from the first; None for all.
        made: Tasks that are proposed in each round; 0 makes none.
        solver_trials: Trials of each new task by the policy, of which some must succeed and some fail, at least 2; 0
            admits tasks without.
        restart: What each round starts from: ``"sft"``, the policy as it was before the first, or ``"last"``, the one
            that the last round left; None as the curriculum says, and ``"last"`` where it says nothing.
        reward: A preset's name, or weights by term.
        grpo: How it learns from groups.
        lora: Which small matrices are trained from groups in place of the whole model; None trains all of it.
        temperature: Of sampling in training, above 0.
        turn_tokens: Tokens of one message, thoughts included, at least 1; one that has not ended by then is cut.
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
    size: TinySettings | None = None
    view: Literal["compact", "native", "native-strip"] | None = None
    device: str = "cpu"
    trainer: str = "grpo"
    trainer_options: Mapping[str, Any] = Field(default_factory=dict)
    curriculum: str = "raft"
    options: Mapping[str, Any] = Field(default_factory=dict)
    split: str = "validation"
    rounds: int = Field(default=2, ge=1)
    steps: int = Field(default=20, ge=1)
    tasks: int = Field(default=16, ge=1)
    group_size: int = Field(default=8, ge=2)
    mining_split: str | None = "validation"
    mining_trials: int = Field(default=4, ge=1)
    mining_tasks: int | None = Field(default=None, ge=1)
    made: int = Field(default=400, ge=0)
    solver_trials: int = Field(default=4, ge=0)
    restart: Literal["sft", "last"] | None = None
    reward: str | Mapping[str, float] = "raft"
    grpo: GRPOSettings = GRPOSettings.model_validate({"normalise": False, "learning_rate": 3e-4, "kl": 0.01})
    lora: LoraSettings | None = None
    temperature: float = Field(default=1.0, gt=0)
    turn_tokens: int = Field(default=160, ge=1)
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
        if self.policy == "scratch" and self.bootstrap is None:
            raise ValueError("a policy from scratch knows nothing: say in bootstrap how it learns from demonstrations")
        if self.policy == "scratch" and self.bootstrap is not None and self.bootstrap.lora is not None:
            raise ValueError("lora adds to a model that knows something; leave it out of bootstrap for scratch")
        if self.trainer == "grpo" and self.trainer_options:
            names = ", ".join(sorted(self.trainer_options))
            raise ValueError(f"the trainer 'grpo' takes no trainer_options, got {names}; its settings are called grpo")
        if self.policy == "scratch" and self.view is not None:
            raise ValueError("a policy from scratch sees slots; leave view out")
        if own := sorted({"folder", "seed", "solver"} & set(self.options)):
            raise ValueError(f"the training gives the curriculum its {' and '.join(own)}; leave it out of options")
        asked = self.options.get("restart")
        if asked is not None and self.restart not in (None, asked):
            raise ValueError(f"restart is {self.restart!r} in the settings and {asked!r} in options; say it once")
        return self
