"""The embedded trainer: groups of trials are played in this process, and learned from by GRPO."""

from __future__ import annotations

import copy
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from toolgym.errors import ServiceError
from toolgym.evaluation.metrics import MOST_VOID
from toolgym_trainers.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from toolgym_trainers.grpo import make_optimizer, update
from toolgym_trainers.loop.playing import sampler_of
from toolgym_trainers.loop.trainer import Round
from toolgym_trainers.policies.policy import Policy, load_policy
from toolgym_trainers.policies.session import Job, Played
from toolgym_trainers.record import RolloutRecord
from toolgym_trainers.rollout_figures import RolloutFigures


class GRPOTrainer:
    """Group-relative policy optimisation in this process; see :func:`toolgym_trainers.grpo.update`."""

    def train(self, round: Round) -> Mapping[str, Any]:  # noqa: A002  # what it is called everywhere here
        """Train, and write the policy to ``round.out``.

        Raises:
            FloatingPointError: If a gradient is not finite.
            ServiceError: If more than 5 % of a step's episodes are void.
        """
        return _Learning(round).run()


GRPO = GRPOTrainer()
"""What the entry point ``grpo`` names."""


class _Learning:
    """One round of GRPO."""

    def __init__(self, given: Round) -> None:
        self.given = given
        self.asked = given.settings
        lora = given.settings.lora
        self.policy: Policy = load_policy(given.start, device=given.settings.device, trained=lora is None)
        if lora is not None:
            self.policy.adapt(lora, seed=given.settings.seed)
        self.policy.name = f"round-{given.number}"
        given.plays(self.policy)
        self.reference: Any = None
        if self.asked.grpo.kl > 0:  # the model whose adapter is switched off is the one that it began with
            self.reference = self.policy.model if lora else copy.deepcopy(self.policy.model).eval()
        self.optimizer = make_optimizer(self.policy.model, self.asked.grpo)
        self.rng = np.random.default_rng([self.asked.seed, given.number])
        self.episodes = 0

    def run(self) -> dict[str, Any]:
        """All steps that are not done yet."""
        given, asked = self.given, self.asked
        first = self.restored()
        given.forget(first)
        for step in range(first, asked.steps):
            figures = self.step(step)
            given.note(figures)
            if (step + 1) % asked.save_every == 0 or step + 1 == asked.steps:
                save_checkpoint(
                    given.folder,
                    model=self.policy.model,
                    optimizer=self.optimizer,
                    step=step + 1,
                    generators={"tasks": self.rng},
                    settings=asked,
                    extra={"episodes": self.episodes, "curriculum": given.curriculum.state_dict()},
                )
        self.policy.save(given.out)
        return {"steps": asked.steps, "episodes": self.episodes, "metrics": given.curriculum.metrics()}

    def restored(self) -> int:
        """The step to begin with."""
        if (latest := latest_checkpoint(self.given.folder)) is None:
            return 0
        restored = load_checkpoint(
            latest,
            model=self.policy.model,
            optimizer=self.optimizer,
            generators={"tasks": self.rng},
            settings=self.asked,
        )
        self.episodes = restored.extra["episodes"]
        self.given.restore(restored.extra["curriculum"])
        return restored.step

    def step(self, step: int) -> dict[str, Any]:
        """Play groups, tell the curriculum, and learn from those with a signal."""
        asked, curriculum = self.asked, self.given.curriculum
        start = time.process_time()
        tasks = curriculum.sample(self.rng, asked.tasks)
        drawn = time.process_time()
        sampler = sampler_of(self.given.domain, self.given.user, asked, self.policy)
        seed = int(np.random.SeedSequence([asked.seed, self.given.number, step]).generate_state(1)[0])
        jobs = [
            Job(task, place * asked.group_size + trial, f"{self.given.number}.{step}.{place}")
            for place, task in enumerate(tasks)
            for trial in range(asked.group_size)
        ]
        played = sampler.play(jobs, seed=seed)
        _refuse_voids(played)
        self.episodes += len(played)
        records = [one.record for one in played]
        admitted: dict[str, bool] = {}
        for place in range(len(tasks)):
            group = played[place * asked.group_size : (place + 1) * asked.group_size]
            trajectories = [one.trajectory for one in group]
            curriculum.update(trajectories)
            admitted[group[0].record.group] = curriculum.admit(trajectories)

        def admit(group: Sequence[RolloutRecord]) -> bool:
            return admitted[group[0].group]

        middle = time.process_time()
        learned = update(self.policy.model, self.reference, self.optimizer, records, asked.grpo, step, self.rng, admit)
        figures: dict[str, Any] = {
            "round": self.given.number,
            "step": step,
            "tasks": len({task.key for task in tasks}),
            **asdict(RolloutFigures.of(records, admit)),
            **{f"update_{name}": value for name, value in asdict(learned).items()},
            "refresh_cpu_seconds": round(drawn - start, 2),
            "rollout_cpu_seconds": round(middle - drawn, 2),
            "update_cpu_seconds": round(time.process_time() - middle, 2),
            "tokens_per_cpu_second": round((sampler.costs.read + sampler.costs.made) / max(1e-9, middle - drawn)),
            "episodes_so_far": self.episodes,
        }
        if asked.curve_every and (step + 1) % asked.curve_every == 0:
            figures["curve"] = self.curve()
        return figures

    def curve(self) -> float | None:
        """Pass^1 on the first tasks of the measured split."""
        tasks = self.given.domain.tasks[self.asked.measuring.split][: self.asked.curve_tasks]
        jobs = [Job(task, trial) for task in tasks for trial in range(2)]
        sampler = sampler_of(self.given.domain, self.given.user, self.asked, self.policy)
        return RolloutFigures.of([one.record for one in sampler.play(jobs, seed=1)]).success


def _refuse_voids(played: Sequence[Played]) -> None:
    """Stop where something other than the policy fails too often."""
    faults = [one.record.fault for one in played if one.record.status == "void"]
    if len(faults) > MOST_VOID * len(played):
        raise ServiceError(
            f"{len(faults)} of {len(played)} episodes of a step are void, and at most {MOST_VOID:.0%} may be; the "
            f"first: {faults[0]}"
        )
