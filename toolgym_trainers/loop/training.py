"""The loop: play, find what fails, make tasks of it, learn from them, measure, and again."""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import torch

from toolgym import __version__
from toolgym.certificates import Solver
from toolgym.curricula.refreshing import refresh
from toolgym.curriculum import Budget, Curriculum
from toolgym.domain import Domain
from toolgym.episode.conversation import ConversationParts
from toolgym.errors import DataError
from toolgym.limits import Limits
from toolgym.registration import make_curriculum, make_domain, make_user
from toolgym.registration.evaluate import evaluate
from toolgym.rewards import build_reward
from toolgym.runs import read_trajectories
from toolgym.runs.results import Results
from toolgym.runs.summary import summarise
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym_trainers.bootstrap import bootstrap, new_tiny
from toolgym_trainers.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from toolgym_trainers.grpo import make_optimizer, update
from toolgym_trainers.loop.settings import TrainSettings
from toolgym_trainers.policies.agent import SHIPPED, policy_agent
from toolgym_trainers.policies.policy import Policy, load_policy
from toolgym_trainers.policies.sampler import Job, Sampler
from toolgym_trainers.record import RolloutRecord
from toolgym_trainers.rollout_figures import RolloutFigures

Kind: TypeAlias = Literal["bootstrap", "measure", "mine", "refresh", "train"]


class Stage(NamedTuple):
    """One part of a training.

    Args:
        kind: What is done.
        round: In which round, from 1; 0 is before the first.
        temperature: At which temperature is measured.
    """

    kind: Kind
    round: int
    temperature: float | None = None

    @property
    def name(self) -> str:
        """Its name in files."""
        heat = "" if self.temperature is None else f"-t{self.temperature:g}"
        return f"round-{self.round}-{self.kind}{heat}"


class Event(NamedTuple):
    """Something that whoever watches is told.

    Args:
        stage: During which part.
        figures: What came of it, JSON-able; of a step of GRPO its figures, of a part its result.
        done: How much of the part is done, and of how much; None where that is not known.
    """

    stage: Stage
    figures: dict[str, Any]
    done: tuple[int, int] | None = None


Watch: TypeAlias = Callable[[Event], None]


class Training:
    """A training in a folder of its own; a run that was interrupted goes on where it was.

    The folder holds ``settings.json``, ``progress.json`` (which parts are finished, with their results),
    ``steps.jsonl`` (the figures of each step), ``runs/`` (everything that was measured or mined, as toolgym's runs),
    ``curriculum/`` (pools, patterns and funnels of all rounds), ``policies/`` (the policy before the first round and
    after each) and, while a round lasts, ``checkpoints/``.

    Args:
        settings: The settings.
        folder: Where.
        watch: Told of what happens.

    Raises:
        DataError: If the folder holds a training of other settings, or another folder's files.
    """

    def __init__(self, settings: TrainSettings, folder: Path, watch: Watch | None = None) -> None:
        self.settings = settings
        self.folder = folder
        self._watch: Watch = watch or (lambda event: None)
        self._check_folder()
        self.domain: Domain = make_domain(settings.domain)
        self._user = make_user("scripted")
        self._round = 1
        self._curriculum: Curriculum | None = None

    @property
    def results(self) -> dict[str, Any]:
        """What came of the parts that are finished, by name, in order."""
        path = self.folder / "progress.json"
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return found

    def stages(self) -> Iterator[Stage]:
        """All parts, in order."""
        asked = self.settings
        if asked.bootstrap is not None:
            yield Stage("bootstrap", 0)
        for heat in asked.measuring.temperatures:
            yield Stage("measure", 0, heat)
        for number in range(1, asked.rounds + 1):
            if asked.mining_split is not None:
                yield Stage("mine", number)
            if asked.made:
                yield Stage("refresh", number)
            yield Stage("train", number)
            for heat in asked.measuring.temperatures:
                yield Stage("measure", number, heat)

    def run(self) -> dict[str, Any]:
        """Do everything that is not done yet.

        Returns:
            What came of each part.

        Raises:
            DataError: If the folder cannot be written.
            ServiceError: If too many consecutive episodes are void.
        """
        for stage in self.stages():
            if stage.name in self.results:
                continue
            start = time.process_time()
            result = {
                "bootstrap": self._bootstrap,
                "measure": self._measure,
                "mine": self._mine,
                "refresh": self._refresh,
                "train": self._train,
            }[stage.kind](stage)
            result["cpu_seconds"] = round(time.process_time() - start, 1)
            self._finish(stage, result)
        return self.results

    # Parts

    def _bootstrap(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings.bootstrap
        assert asked is not None
        fresh = self.settings.policy == "scratch"
        policy = new_tiny(self.domain, asked) if fresh else load_policy(self._source())
        left_out = bootstrap(
            self.domain,
            policy,
            asked,
            self._policy_folder(0),
            seen=lambda one: self._watch(Event(stage, one._asdict(), (one.step + 1, asked.sft.steps))),
        )
        return {"demonstrations": asked.sft.demonstrations, "too_long": left_out}

    def _measure(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings.measuring
        return self._played(stage, asked.split, asked.trials, asked.tasks, stage.temperature or 0.0)

    def _mine(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings
        assert asked.mining_split is not None
        return self._played(stage, asked.mining_split, asked.mining_trials, None, asked.temperature)

    def _played(self, stage: Stage, split: str, trials: int, count: int | None, temperature: float) -> dict[str, Any]:
        """Play a split with the policy as it is, and keep the run."""
        policy = self._of_round(stage.round if stage.kind == "measure" else self._start_of(stage.round))
        tasks = [task.id for task in self.domain.tasks[split][:count]]
        total, done = len(tasks) * trials, 0

        def tick(_: Trajectory) -> None:
            nonlocal done
            done += 1
            self._watch(Event(stage, {}, (done, total)))

        results = evaluate(
            self.domain,
            agent=policy_agent(policy, temperature=temperature, name="policy"),
            user=self._user,
            split=split,
            tasks=tasks,
            trials=trials,
            seed=self.settings.seed,
            limits=Limits.training(),
            runs=self.folder / "runs",
            name=stage.name,
            resume=(self.folder / "runs" / f"{stage.name}-policy").exists(),
            concurrency=self.settings.rows,
            progress=tick,
        )
        return {"run": str(results.run), **_summary(results, self.domain)}

    def _refresh(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings
        curriculum = self._restored(stage)
        mined = self.folder / "runs" / f"{Stage('mine', stage.round).name}-policy"
        if mined.exists():
            for group in _groups(mined):
                curriculum.update(group)
        report = refresh(curriculum, Budget(tasks=asked.made, trials=max(2, asked.solver_trials)))
        self._keep_curriculum(stage)
        return report.as_dict()

    def _train(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings
        curriculum = self._restored(stage)
        policy = self._of_round(self._start_of(stage.round))
        reference = copy.deepcopy(policy.model).eval() if asked.grpo.kl > 0 else None
        optimizer = make_optimizer(policy.model, asked.grpo)
        rng = np.random.default_rng([asked.seed, stage.round])
        checkpoints = self.folder / "checkpoints" / stage.name
        first, used = 0, 0
        if (latest := latest_checkpoint(checkpoints)) is not None:
            restored = load_checkpoint(
                latest, model=policy.model, optimizer=optimizer, generators={"tasks": rng}, settings=asked
            )
            first, used = restored.step, restored.extra["episodes"]
            curriculum.load_state_dict(restored.extra["curriculum"])
        self._forget_steps(stage, first)
        for step in range(first, asked.steps):
            used += asked.tasks * asked.group_size
            figures = self._step(stage, step, policy, reference, optimizer, rng, curriculum)
            self._note_step({**figures, "episodes_so_far": used})
            self._watch(Event(stage, figures, (step + 1, asked.steps)))
            if (step + 1) % asked.save_every == 0 or step + 1 == asked.steps:
                save_checkpoint(
                    checkpoints,
                    model=policy.model,
                    optimizer=optimizer,
                    step=step + 1,
                    generators={"tasks": rng},
                    settings=asked,
                    extra={"episodes": used, "curriculum": curriculum.state_dict()},
                )
        policy.save(self._policy_folder(stage.round))
        self._keep_curriculum(stage)
        return {"steps": asked.steps, "episodes": used, "metrics": curriculum.metrics()}

    def _step(
        self,
        stage: Stage,
        step: int,
        policy: Policy,
        reference: Any,
        optimizer: torch.optim.Optimizer,
        rng: np.random.Generator,
        curriculum: Curriculum,
    ) -> dict[str, Any]:
        """Play groups, tell the curriculum, and learn from those with a signal."""
        asked = self.settings
        start = time.process_time()
        tasks = curriculum.sample(rng, asked.tasks)
        sampler = self._sampler(policy, asked.temperature)
        seed = int(np.random.SeedSequence([asked.seed, stage.round, step]).generate_state(1)[0])
        jobs = [
            Job(task, place * asked.group_size + trial, f"{stage.round}.{step}.{place}")
            for place, task in enumerate(tasks)
            for trial in range(asked.group_size)
        ]
        played = sampler.play(jobs, seed=seed)
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
        learned = update(policy.model, reference, optimizer, records, asked.grpo, step, rng, admit)
        figures: dict[str, Any] = {
            "round": stage.round,
            "step": step,
            **asdict(RolloutFigures.of(records, admit)),
            **{f"update_{name}": value for name, value in asdict(learned).items()},
            "rollout_cpu_seconds": round(middle - start, 2),
            "update_cpu_seconds": round(time.process_time() - middle, 2),
            "tokens_per_cpu_second": round((sampler.costs.read + sampler.costs.made) / max(1e-9, middle - start)),
        }
        if asked.curve_every and (step + 1) % asked.curve_every == 0:
            figures["curve"] = self._curve(policy)
        return figures

    def _curve(self, policy: Policy) -> float | None:
        """Pass^1 on the first tasks of the measured split."""
        tasks = self.domain.tasks[self.settings.measuring.split][: self.settings.curve_tasks]
        jobs = [Job(task, trial) for task in tasks for trial in range(2)]
        records = [one.record for one in self._sampler(policy, self.settings.temperature).play(jobs, seed=1)]
        return RolloutFigures.of(records).success

    # What the parts share

    def _sampler(self, policy: Policy, temperature: float) -> Sampler:
        parts = ConversationParts(
            self.domain,
            self._user,
            build_reward(self.settings.reward if isinstance(self.settings.reward, str) else dict(self.settings.reward)),
            limits=Limits.training(),
            split=self.settings.split,
            user_name="scripted",
        )
        return Sampler(policy, parts, rows=self.settings.rows, temperature=temperature)

    def _source(self) -> str | Path:
        return SHIPPED / "retail-tiny" if self.settings.policy == "tiny" else self.settings.policy

    def _policy_folder(self, number: int) -> Path:
        return self.folder / "policies" / f"round-{number}"

    def _start_of(self, number: int) -> int:
        """After which round the policy is with which a round begins."""
        return number - 1 if self.settings.restart == "last" else 0

    def _of_round(self, number: int) -> Policy:
        """The policy as a round left it, loaded anew; round 0 is before the first."""
        folder = self._policy_folder(number)
        if not folder.exists() and number == 0:
            load_policy(self._source()).save(folder)
        policy = load_policy(folder)
        policy.name = f"round-{number}"
        return policy

    def _restored(self, stage: Stage) -> Curriculum:
        """The curriculum as the part before left it."""
        if self._curriculum is not None:
            return self._curriculum
        asked = self.settings
        options = dict(asked.options)
        if asked.made:
            options |= {"folder": self.folder / "curriculum", "seed": asked.seed}
            if asked.solver_trials:
                self._round = stage.round
                options["solver"] = self._solver()
        curriculum = make_curriculum(asked.curriculum, self.domain, asked.split, **options)
        kept = self.folder / "curriculum-state.json"
        if kept.exists():
            curriculum.load_state_dict(json.loads(kept.read_text(encoding="utf-8")))
        self._curriculum = curriculum
        return curriculum

    def _solver(self) -> Solver:
        """Plays new tasks with the policy with which the round that is on begins."""

        async def solve(domain: Domain, tasks: Sequence[Task], trials: int) -> Mapping[str, Sequence[bool]]:
            policy = self._of_round(self._start_of(self._round))
            jobs = [Job(task, trial) for task in tasks for trial in range(trials)]
            played = self._sampler(policy, self.settings.temperature).play(jobs, seed=self.settings.seed)
            outcomes: dict[str, list[bool]] = {task.key: [] for task in tasks}
            for one in played:
                if one.record.success is not None:
                    outcomes[one.record.task_key].append(one.record.success)
            return outcomes

        return solve

    def _keep_curriculum(self, stage: Stage) -> None:
        assert self._curriculum is not None
        self._round = stage.round + (stage.kind == "train")
        _write(self.folder / "curriculum-state.json", json.dumps(self._curriculum.state_dict()))

    def _check_folder(self) -> None:
        path = self.folder / "settings.json"
        own: dict[str, Any] = {"toolgym": __version__, "settings": self.settings.model_dump(mode="json")}
        if path.exists():
            kept = json.loads(path.read_text(encoding="utf-8"))
            if kept["settings"] != own["settings"]:
                changed = sorted(name for name, value in own["settings"].items() if kept["settings"].get(name) != value)
                raise DataError(
                    f"{str(self.folder)!r} holds a training with other settings ({', '.join(changed)}); name another "
                    "folder, or give the same"
                )
            return
        if self.folder.exists() and any(self.folder.iterdir()):
            raise DataError(f"{str(self.folder)!r} holds something else than a training; name another folder")
        self.folder.mkdir(parents=True, exist_ok=True)
        _write(path, json.dumps(own, indent=1))

    def _finish(self, stage: Stage, result: dict[str, Any]) -> None:
        _write(self.folder / "progress.json", json.dumps({**self.results, stage.name: result}, indent=1))
        self._watch(Event(stage, result))

    def _note_step(self, figures: dict[str, Any]) -> None:
        with (self.folder / "steps.jsonl").open("a", encoding="ascii") as file:
            file.write(f"{json.dumps(figures)}\n")

    def _forget_steps(self, stage: Stage, first: int) -> None:
        """Leave out the figures of steps that were made after the last checkpoint, and will be made again."""
        path = self.folder / "steps.jsonl"
        if not path.exists():
            return
        lines = path.read_text(encoding="ascii").splitlines()
        kept = [line for line in lines if (one := json.loads(line))["round"] != stage.round or one["step"] < first]
        _write(path, "".join(f"{line}\n" for line in kept))


def _groups(run: Path) -> Iterator[Sequence[Trajectory]]:
    """The trajectories of a run, a group for each task."""
    groups: dict[str, list[Trajectory]] = {}
    for row in read_trajectories(run):
        groups.setdefault(row.task_key, []).append(row)
    yield from groups.values()


def _summary(results: Results, domain: Domain) -> dict[str, Any]:
    """What a run came to: Pass^k with its intervals, conduct, repeated and failed calls, and how episodes ended."""
    tools = domain.toolkits["assistant"].tools
    whole = summarise(results.run, lambda name: tools if name == domain.name else {})
    conduct = results.compliance
    return {
        "pass_hat": whole["pass_hat"],
        "tasks": whole["tasks_counted"],
        "episodes": whole["episodes"]["finished"],
        "void": whole["episodes"]["void"],
        "calls": whole["calls"],
        "terminations": whole["terminations"],
        "consent": None if conduct is None or conduct.consent is None else conduct.consent.mean,
        "identified": None if conduct is None or conduct.identified is None else conduct.identified.mean,
    }


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)
