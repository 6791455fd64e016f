"""The loop: play, find what fails, make tasks of it, learn from them, measure, and again."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from toolgym import __version__
from toolgym.certificates import Solver
from toolgym.curriculum import Budget
from toolgym.domain import AgentSpec, Domain
from toolgym.errors import DataError
from toolgym.files.plain_files import open_to_append
from toolgym.registration import default_user, make_domain, make_user
from toolgym.runs.files import locked, replace_whole
from toolgym.tasks import Task
from toolgym.views import View
from toolgym_trainers.bootstrap import bootstrap, new_tiny
from toolgym_trainers.clock import cpu_seconds
from toolgym_trainers.loop.kept_curriculum import KeptCurriculum
from toolgym_trainers.loop.playing import groups_of_run, play_kept, reward_of, sampler_of
from toolgym_trainers.loop.settings import TrainSettings
from toolgym_trainers.loop.stages import Event, Stage, Watch
from toolgym_trainers.loop.trainer import TRAINERS, Round, Trainer
from toolgym_trainers.policies.agent import policy_agent
from toolgym_trainers.policies.policy import Policy, load_policy
from toolgym_trainers.policies.session import Job

NOTED_EVERY = 5.0
"""CPU-seconds between notes of how many were spent: what a killed run had used since then is not counted."""


class Training:
    """A training in a folder of its own; a run that was interrupted goes on where it was.

    The folder holds ``settings.json``, ``progress.json`` (which parts are finished, with their results),
    ``steps.jsonl`` (the figures of each step), ``runs/`` (everything that was measured or mined, as toolgym's runs),
    ``curriculum/`` (pools, patterns and funnels of all rounds), ``policies/`` (the policy before the first round and
    after each) and ``checkpoints/`` (what the trainer goes on from).

    Args:
        settings: The settings.
        folder: Where.
        watch: Told of what happens.
        domain: The domain, where it has more splits than the installed one of that name: what is made keeps apart from
            them too.

    Raises:
        DataError: If the folder holds a training of other settings, or another folder's files.
        UnknownNameError: If there is no such domain, curriculum, split, option, reward or trainer.
    """

    def __init__(
        self, settings: TrainSettings, folder: Path, watch: Watch | None = None, *, domain: Domain | None = None
    ) -> None:
        self.settings = settings
        self.folder = folder
        self._watch: Watch = watch or (lambda event: None)
        self.domain: Domain = domain or make_domain(settings.domain)
        played = self.domain.tasks[settings.split]
        self._user = make_user(default_user(played), domain=self.domain)
        self._trainer: Trainer = TRAINERS.load(settings.trainer)
        self._player: Policy | None = None
        self._round = 1
        reward_of(settings)
        own: dict[str, Any] = {"toolgym": __version__, "settings": settings.model_dump(mode="json")}
        self._check_folder(own["settings"])
        self._kept = KeptCurriculum(settings, self.domain, folder, self._solver())
        if not (folder / "settings.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            _write(folder / "settings.json", own)

    @property
    def results(self) -> dict[str, Any]:
        """What came of the parts that are finished, by name, in order."""
        return _read(self.folder / "progress.json")

    def watch(self, watch: Watch) -> None:
        """Have somebody else told of what happens from now on."""
        self._watch = watch

    def stages(self) -> Iterator[Stage]:
        """All parts, in order."""
        asked = self.settings
        if asked.bootstrap is not None:
            yield Stage("bootstrap", 0)
        if asked.measuring.references:
            yield Stage("reference", 0)
        for heat in asked.measuring.temperatures:
            yield Stage("measure", 0, heat)
        for number in range(1, asked.rounds + 1):
            if asked.mining_split is not None:
                yield Stage("mine", number)
            if asked.made and self._kept.makes_tasks:
                yield Stage("refresh", number)
            yield Stage("train", number)
            for heat in asked.measuring.temperatures:
                yield Stage("measure", number, heat)

    def run(self) -> dict[str, Any]:
        """Do everything that is not done yet.

        Returns:
            What came of each part.

        Raises:
            DataError: If another process trains in the folder.
            ServiceError: If more than 5 % of the episodes of a part are void.
            FloatingPointError: If a loss or a gradient is not finite.
        """
        with open_to_append(self.folder / ".lock") as file:
            if not locked(file):
                raise DataError(f"another process trains in {str(self.folder)!r}; wait until it has ended")
            for stage in self.stages():
                if stage.name not in self.results:
                    self._do(stage)
        return self.results

    def _do(self, stage: Stage) -> None:
        self._round = stage.round
        self._player = None
        spent = _Spent(self.folder / "spent.json", stage.name)
        tell = self._watch

        def watch(event: Event) -> None:
            spent.note()
            tell(event)

        self._watch = watch
        try:
            result = {
                "bootstrap": self._bootstrap,
                "reference": self._reference,
                "measure": self._measure,
                "mine": self._mine,
                "refresh": self._refresh,
                "train": self._train,
            }[stage.kind](stage)
        finally:
            self._watch = tell
            spent.note(last=True)
        result["cpu_seconds"] = round(spent.seconds, 1)
        _write(self.folder / "progress.json", {**self.results, stage.name: result})
        tell(Event(stage, result))

    # Parts

    def _bootstrap(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings.bootstrap
        assert asked is not None
        fresh = self.settings.policy == "scratch"
        policy = new_tiny(self.domain, asked, self.settings.size) if fresh else self._given()
        policy.model.to(self.settings.device)
        left_out = bootstrap(
            self.domain,
            policy,
            asked,
            self._policy_folder(0),
            seen=lambda one: self._watch(Event(stage, one._asdict(), (one.step + 1, asked.sft.steps))),
        )
        return {"demonstrations": asked.sft.demonstrations, "too_long": left_out}

    def _reference(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings.measuring
        found = {}
        for name in asked.references:
            found[name] = self._played(stage, name, asked.split, asked.trials, asked.tasks)
        return {"agents": found}

    def _measure(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings.measuring
        agent = self._agent(self._of_round(stage.round), stage.temperature or 0.0)
        return self._played(stage, agent, asked.split, asked.trials, asked.tasks)

    def _mine(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings
        assert asked.mining_split is not None
        policy = self._of_round(stage.round - 1)  # what it fails now, also where learning begins from the first again
        agent = self._agent(policy, asked.temperature)
        seed = int(np.random.SeedSequence([asked.seed, stage.round]).generate_state(1)[0])
        return self._played(stage, agent, asked.mining_split, asked.mining_trials, asked.mining_tasks, seed)

    def _agent(self, policy: Policy, temperature: float) -> AgentSpec:
        most = self.settings.turn_tokens
        return policy_agent(policy, temperature=temperature, name="policy", most=most)

    def _played(
        self, stage: Stage, agent: Any, split: str, trials: int, count: int | None, seed: int | None = None
    ) -> dict[str, Any]:
        """Play a split, and keep the run."""
        return play_kept(
            self.domain,
            agent,
            self._user,
            runs=self.folder / "runs",
            name=stage.name,
            split=split,
            count=count,
            trials=trials,
            seed=self.settings.seed if seed is None else seed,
            rows=self.settings.rows,
            tick=lambda done, total: self._watch(Event(stage, {}, (done, total))),
        )

    def _refresh(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings
        mined = self.folder / "runs" / f"{Stage('mine', stage.round).name}-policy"
        if mined.exists():
            for group in groups_of_run(mined):
                self._kept.curriculum.update(group)
        return self._kept.refresh(Budget(tasks=asked.made, trials=max(2, asked.solver_trials)), stage.name)

    def _train(self, stage: Stage) -> dict[str, Any]:
        asked = self.settings
        self._kept.rewind()
        start = self._policy_folder(self._start_of(stage.round))
        self._prepare(self._start_of(stage.round))

        def note(figures: dict[str, Any]) -> None:
            line = {"round": stage.round, **figures}
            with (self.folder / "steps.jsonl").open("a", encoding="ascii") as file:
                file.write(f"{json.dumps(line)}\n")
            self._watch(Event(stage, line, (figures["step"] + 1, asked.steps)))

        result = self._trainer.train(
            Round(
                number=stage.round,
                settings=asked,
                domain=self.domain,
                user=self._user,
                start=start,
                out=self._policy_folder(stage.round),
                folder=self.folder / "checkpoints" / stage.name,
                curriculum=self._kept.curriculum,
                note=note,
                forget=lambda first: self._forget_steps(stage, first),
                plays=self._set_player,
                restore=self._kept.restore,
            )
        )
        self._kept.keep(stage.name)
        return dict(result)

    # What the parts share

    def _policy_folder(self, number: int) -> Path:
        return self.folder / "policies" / f"round-{number}"

    def _start_of(self, number: int) -> int:
        """After which round the policy is with which a round begins."""
        return number - 1 if self._kept.restart == "last" else 0

    def _prepare(self, number: int) -> None:
        """See that the policy before the first round is in the folder."""
        folder = self._policy_folder(0)
        if number or folder.exists():
            return
        beside = folder.with_name(".new")
        shutil.rmtree(beside, ignore_errors=True)
        self._given(dtype="auto").save(beside)
        beside.rename(folder)

    def _given(self, dtype: Literal["auto"] | None = None) -> Policy:
        """The policy that the settings name, as it was given."""
        view = self.settings.view
        return load_policy(self.settings.policy, view=None if view is None else View(view), dtype=dtype)

    def _of_round(self, number: int) -> Policy:
        """The policy as a round left it, loaded anew; round 0 is before the first."""
        self._prepare(number)
        policy = load_policy(self._policy_folder(number), device=self.settings.device)
        policy.name = f"round-{number}"
        return policy

    def _set_player(self, policy: Policy) -> None:
        self._player = policy

    def _solver(self) -> Solver:
        """Plays new tasks with the policy as it is: that with which the round begins, or that which is learning."""

        async def solve(domain: Domain, tasks: Sequence[Task], trials: int) -> Mapping[str, Sequence[bool]]:
            if self._player is None:
                self._player = self._of_round(self._start_of(self._round))
            jobs = [Job(task, trial) for task in tasks for trial in range(trials)]
            sampler = sampler_of(domain, self._user, self.settings, self._player)
            outcomes: dict[str, list[bool]] = {task.key: [] for task in tasks}
            for one in sampler.play(jobs, seed=self.settings.seed):
                if one.record.success is not None:
                    outcomes[one.record.task_key].append(one.record.success)
            return outcomes

        return solve

    def _check_folder(self, settings: Mapping[str, Any]) -> None:
        """See that the folder is empty, or holds a training of these settings."""
        path = self.folder / "settings.json"
        if path.exists():
            kept = _read(path)["settings"]
            changed = [
                f"{name} is {kept.get(name)!r} there and {value!r} here"
                for name, value in settings.items()
                if kept.get(name) != value
            ]
            if changed:
                raise DataError(
                    f"{str(self.folder)!r} holds a training with other settings: {'; '.join(changed)}. Give the same "
                    "to go on with it, or name another folder"
                )
        elif self.folder.exists() and any(self.folder.iterdir()):
            raise DataError(f"{str(self.folder)!r} holds something else than a training; name another folder")

    def _forget_steps(self, stage: Stage, first: int) -> None:
        """Leave out the figures of steps that were made after the last checkpoint, and will be made again."""
        path = self.folder / "steps.jsonl"
        if not path.exists():
            return
        whole = [line for line in path.read_text(encoding="ascii").splitlines(keepends=True) if line.endswith("\n")]
        kept = [line for line in whole if (one := json.loads(line))["round"] != stage.round or one["step"] < first]
        replace_whole(path, "".join(kept).encode())


class _Spent:
    """CPU-seconds that a part has used, those of earlier processes included."""

    def __init__(self, path: Path, part: str) -> None:
        self._path, self._part = path, part
        self._before = float(_read(path).get(part, 0.0))
        self._start = self._noted = cpu_seconds()

    @property
    def seconds(self) -> float:
        return self._before + cpu_seconds() - self._start

    def note(self, *, last: bool = False) -> None:
        if last or cpu_seconds() - self._noted > NOTED_EVERY:
            self._noted = cpu_seconds()
            _write(self._path, {**_read(self._path), self._part: round(self.seconds, 2)})


def _read(path: Path) -> dict[str, Any]:
    """The object in a file; empty if there is none."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return found


def _write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a file whole or not at all."""
    replace_whole(path, f"{json.dumps(content, indent=1)}\n".encode())
