"""A reproduction in a folder: what is prepared, trained and measured, and what may be read when."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from toolgym import __version__
from toolgym.domain import Domain
from toolgym.errors import DataError, UnknownNameError
from toolgym.registration import make_domain
from toolgym.registration.evaluate import evaluate
from toolgym.runs.files import replace_whole
from toolgym.trajectory import Trajectory
from toolgym_trainers.bootstrap import learn
from toolgym_trainers.clock import cpu_seconds
from toolgym_trainers.loop import Event, Stage, Training
from toolgym_trainers.policies.agent import policy_agent
from toolgym_trainers.policies.policy import load_policy
from toolgym_trainers.reproduce.outcomes import Outcomes, outcomes_of
from toolgym_trainers.reproduce.sets import ABOUT, check_apart, check_pool_apart, make_pattern_set, with_pattern_set
from toolgym_trainers.reproduce.settings import DEV, PATTERNS, TEST, UNTRAINED, ReproductionSettings, start_name
from toolgym_trainers.reproduce.units import Measured, Tell, Told, Unit

AGENT = "policy"
"""What the runs call who plays; a run's name ends with it."""
CHOICE = ("domain", "sft", "sets")
"""The settings that may not change once anything was made; an arm's are looked after by its own folder."""


class Reproduction:
    """A reproduction in a folder of its own; the same settings go on where it was.

    The folder holds ``settings.json``, ``sets/patterns`` (the set of all patterns), ``sft/seed-N`` (what the arms of a
    seed start from), ``arms/ARM/seed-N`` (a :class:`~toolgym_trainers.loop.Training` each), ``runs`` (every episode
    that was measured on), ``evaluations`` (of each run, which weights played it), ``outcomes`` (figures by task,
    computed from the runs), ``test-read.json`` once test was read, and the tables and plots.

    Args:
        settings: The settings.
        folder: Where.

    Raises:
        DataError: If the folder holds one of other settings, or test was read with other ones.
    """

    def __init__(self, settings: ReproductionSettings, folder: Path) -> None:
        self.settings = settings
        self.folder = folder
        self._check_folder()

    # What there is to do

    def units(self, arms: Sequence[str] = (), seeds: Sequence[int] = ()) -> list[Unit]:
        """The arms with their seeds, one seed after the other; each seed's first is what the others start from.

        Args:
            arms: Only these; empty for all.
            seeds: Only these; empty for all.

        Raises:
            UnknownNameError: If there is no such arm.
            DataError: If there is no such seed.
        """
        for arm in arms:
            if arm not in self.settings.arms:
                raise UnknownNameError("arm", arm, list(self.settings.arms))
        if strange := [seed for seed in seeds if seed not in self.settings.seeds]:
            raise DataError(f"there is no seed {strange[0]}; the settings have {list(self.settings.seeds)}")
        chosen = [arm for arm in self.settings.arms if not arms or arm in arms]
        return [
            Unit(arm, seed)
            for seed in self.settings.seeds
            if not seeds or seed in seeds
            for arm in sorted(chosen, key=lambda arm: arm != UNTRAINED)
            if arm != UNTRAINED or seed in self.started
        ]

    @property
    def started(self) -> tuple[int, ...]:
        """The seeds that have a checkpoint of their own to start from."""
        return self.settings.seeds[:1] if self.settings.sft.shared else self.settings.seeds

    def evaluations(self, unit: Unit) -> list[Measured]:
        """What a policy is measured on: dev, and when the settings are frozen everything."""
        return [
            Measured(unit.arm, unit.seed, one.on, one.temperature)
            for one in self.settings.evaluation.played
            if self.settings.frozen or one.on == DEV
        ]

    # Doing it

    def make_sets(self, tick: Callable[[int, int], None] | None = None) -> dict[str, Any]:
        """Make the set of all patterns if it is not there, and see that no two sets share an entity.

        Args:
            tick: Told how many of the tasks there are.

        Returns:
            ``patterns``, what that set is, and ``entities``, how many each set holds.

        Raises:
            DataError: If two sets share one, or the set cannot be made.
        """
        place = self.folder / "sets" / PATTERNS
        if not place.exists():
            make_pattern_set(make_domain(self.settings.domain), self.settings.sets.patterns, place, tick)
        held = check_apart(self.domain, self.settings.sets)
        about = json.loads((place / ABOUT).read_text(encoding="ascii"))
        return {"patterns": about, "entities": held}

    @cached_property
    def domain(self) -> Domain:
        """The domain with the set of all patterns as one more split."""
        plain = make_domain(self.settings.domain)
        return with_pattern_set(plain, self.folder / "sets" / PATTERNS, self.settings.sets.patterns)

    def prepare(self, seed: int, tell: Tell = lambda told: None) -> Path:
        """Make what the arms of a seed start from, if it is not there.

        Args:
            seed: The seed.
            tell: Told how far it is.

        Returns:
            The policy's folder.
        """
        asked = self.settings.sft
        name = start_name(self.settings, seed)
        folder, unit = self.folder / name, Unit(UNTRAINED, seed)
        finished = folder / "made.json"
        if finished.exists():
            return folder
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # of writing weights: whoever watches is told of what takes long
        start = cpu_seconds()
        source = asked.policy.format(seed=seed)
        if asked.bootstrap is None:
            load_policy(source).save(folder)
            made: dict[str, Any] = {"from": source, "cpu_seconds": round(cpu_seconds() - start, 1)}
        else:
            settings = asked.bootstrap.model_copy(update={"seed": seed})
            steps = settings.sft.steps
            found = learn(
                self.domain,
                source,
                settings,
                folder,
                size=asked.size,
                device=self.settings.device,
                seen=lambda one: tell(Told(unit, "bootstrap", (one.step + 1, steps))),
            )
            made = {"from": source, **found}
        made["weights"] = weights_of(folder)
        _write_json(finished, made)
        tell(Told(unit, "bootstrap", None))
        return folder

    def policy(self, unit: Unit) -> Path:
        """Where the policy is that a unit ends with."""
        if unit.arm == UNTRAINED:
            return self.folder / start_name(self.settings, unit.seed)
        rounds = self.settings.train_settings(unit.arm, unit.seed).rounds
        return self.training_folder(unit) / "policies" / f"round-{rounds}"

    def training_folder(self, unit: Unit) -> Path:
        """Where a unit is trained."""
        return self.folder / "arms" / unit.arm / f"seed-{unit.seed}"

    def train(self, unit: Unit, tell: Tell = lambda told: None) -> None:
        """Train an arm from the checkpoint of its seed, which must be there; what is done is not done again.

        Args:
            unit: The arm and the seed.
            tell: Told how far it is.

        Raises:
            DataError: If what it made shares an entity with dev, test or the set of all patterns.
        """
        if unit.arm == UNTRAINED:
            return

        def watch(event: Event) -> None:
            tell(Told(unit, event.stage.name, event.done))

        folder = self.training_folder(unit)
        training = _Arm(self.settings.train_settings(unit.arm, unit.seed), folder, watch, domain=self.domain)
        before = folder / "policies" / "round-0"
        if not before.exists():
            beside = before.with_name(".round-0.partial")
            shutil.rmtree(beside, ignore_errors=True)
            source = self.folder / start_name(self.settings, unit.seed)
            shutil.copytree(source, beside, ignore=shutil.ignore_patterns("checkpoints", "made.json"))
            beside.rename(before)
        training.run()
        check_pool_apart(self.domain, folder / "curriculum", self.settings.sets)

    def measure(self, asked: Measured, tell: Tell = lambda told: None) -> Path:
        """Measure a policy, if it was not; everything that it plays is kept as a run.

        Args:
            asked: What is measured on what.
            tell: Told how far it is.

        Returns:
            The run's folder.

        Raises:
            DataError: If anything but dev is to be read and the settings are not frozen, the policy is not there yet,
                or the run was played by other weights.
        """
        if asked.on != DEV:
            self.note_reading()
        unit = Unit(asked.arm, asked.seed)
        policy = self.policy(unit)
        if not (policy / "config.json").exists():
            raise DataError(f"{unit.name} is not trained yet: run it without --only-evaluate, or name other --arms")
        weights = weights_of(policy)
        run = self.run_of(asked)
        record = self.folder / "evaluations" / f"{asked.name}.json"
        if record.exists():
            kept = json.loads(record.read_text(encoding="ascii"))
            if kept["weights"] != weights:
                raise DataError(f"{str(run)!r} was played by other weights than {str(policy)!r} has; remove both")
            if kept["finished"]:
                return run
        about: dict[str, Any] = {**asked._asdict(), "weights": weights, "policy": str(policy.relative_to(self.folder))}
        about |= {"run": str(run.relative_to(self.folder)), "toolgym": __version__, "finished": False}
        _write_json(record, about)
        start = cpu_seconds()
        self._play(asked, policy, run.exists(), tell)
        self.outcomes(asked)
        _write_json(record, {**about, "finished": True, "cpu_seconds": round(cpu_seconds() - start, 1)})
        tell(Told(unit, self._part(asked), None))
        return run

    @staticmethod
    def _part(asked: Measured) -> str:
        return f"{asked.on} at T = {asked.temperature:g}"

    def _play(self, asked: Measured, policy: Path, resume: bool, tell: Tell) -> None:
        how = self.settings.evaluation
        trials = how.trials(asked.on, asked.temperature)
        plain = make_domain(self.settings.domain)
        tasks = [task.id for task in self.tasks(asked.on)]
        total, done = len(tasks) * trials, 0

        def tick(_: Trajectory) -> None:
            nonlocal done
            done += 1
            tell(Told(Unit(asked.arm, asked.seed), self._part(asked), (done, total)))

        pool = self.folder / "sets" / PATTERNS if asked.on == PATTERNS else None
        evaluate(
            plain,
            agent=policy_agent(
                load_policy(policy, device=self.settings.device), temperature=asked.temperature, name=AGENT
            ),
            user="scripted",
            split=None if pool is not None else self.split(asked.on),
            pool=pool,
            tasks=tasks,
            trials=trials,
            seed=how.seed,
            runs=self.folder / "runs",
            name=asked.name,
            resume=resume,
            concurrency=how.concurrency,
            progress=tick,
        )

    # What is there

    def split(self, on: str) -> str:
        """The split that a set is."""
        return {DEV: self.settings.sets.dev, TEST: self.settings.sets.test}.get(on, PATTERNS)

    def tasks(self, on: str) -> Sequence[Any]:
        """The tasks of a set that are played."""
        most = self.settings.sets.patterns.tasks if on == PATTERNS else self.settings.evaluation.tasks
        return self.domain.tasks[self.split(on)][:most]

    def run_of(self, asked: Measured) -> Path:
        """Where the run of an evaluation is."""
        return self.folder / "runs" / f"{asked.name}-{AGENT}"

    def outcomes(self, asked: Measured) -> Outcomes:
        """What an evaluation came to, computed from its run."""
        return outcomes_of(self.run_of(asked), self.domain, self.folder / "outcomes")

    def finished(self, arm: str, on: str, temperature: float) -> list[Measured]:
        """The evaluations of an arm that are there, in the order of the seeds."""
        return list(self._finished(arm, on, temperature))

    def _finished(self, arm: str, on: str, temperature: float) -> Iterator[Measured]:
        for seed in self.started if arm == UNTRAINED else self.settings.seeds:
            asked = Measured(arm, seed, on, temperature)
            record = self.folder / "evaluations" / f"{asked.name}.json"
            if record.exists() and json.loads(record.read_text(encoding="ascii"))["finished"]:
                yield asked

    # What may be read when

    @property
    def reading(self) -> dict[str, Any] | None:
        """When anything but dev was first read, and with which settings; None if it was not."""
        path = self.folder / "test-read.json"
        found: dict[str, Any] | None = json.loads(path.read_text(encoding="ascii")) if path.exists() else None
        return found

    def note_reading(self) -> None:
        """Note that test is read, the first time that it is.

        Raises:
            DataError: If the settings are not frozen.
        """
        if not self.settings.frozen:
            raise DataError(
                "test and the set of all patterns are read when the settings are final, and these are not: list what "
                "was tried on dev as tried = [...], and say frozen = true"
            )
        if self.reading is None:
            moment = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
            about = {"at": f"{moment}Z", "digest": self.settings.digest, "tried": list(self.settings.tried)}
            _write_json(self.folder / "test-read.json", {**about, "toolgym": __version__})

    def _check_folder(self) -> None:
        path = self.folder / "settings.json"
        own = self.settings.model_dump(mode="json")
        if self.folder.exists() and not path.exists() and any(self.folder.iterdir()):
            raise DataError(f"{str(self.folder)!r} holds something else than a reproduction; name another folder")
        if path.exists():
            kept = json.loads(path.read_text(encoding="ascii"))["settings"]
            changed = sorted(name for name in own if own[name] != kept.get(name))
            reading = self.reading
            if changed and reading is not None:
                raise DataError(
                    f"test was read at {reading['at']} with other settings ({', '.join(changed)} changed since): what "
                    "is chosen after test was read is chosen on test; give the settings that it was read with, or "
                    "another folder with a test set of its own"
                )
            if early := [name for name in changed if name in CHOICE]:
                raise DataError(
                    f"{str(self.folder)!r} was begun with other settings ({', '.join(early)}); name another folder"
                )
        _write_json(path, {"toolgym": __version__, "digest": self.settings.digest, "settings": own})


class _Arm(Training):
    """A training that measures nothing but its learning curve: what it ends with is measured like all other arms."""

    def stages(self) -> Iterator[Stage]:
        """All parts but measuring."""
        return (stage for stage in super().stages() if stage.kind != "measure")


def weights_of(policy: Path) -> str:
    """The digest of a policy's weights.

    Args:
        policy: Its folder.

    Raises:
        DataError: If it has none.
    """
    found = sorted(policy.glob("*.safetensors"))
    if not found:
        raise DataError(f"{str(policy)!r} holds no weights (*.safetensors)")
    whole = hashlib.sha256()
    for path in found:
        with path.open("rb") as file:
            whole.update(hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()[:16]


def _write_json(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_whole(path, f"{json.dumps(value, indent=1)}\n".encode("ascii"))
