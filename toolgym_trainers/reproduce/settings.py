"""The one settings file of a reproduction: which arms are trained, on what they are measured, and what is claimed."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from toolgym.errors import DataError
from toolgym_trainers.bootstrap import BootstrapSettings
from toolgym_trainers.loop import Measuring, TrainSettings
from toolgym_trainers.policies.tiny import TinySettings
from toolgym_trainers.sft import SFTSettings

Metric: TypeAlias = Literal["pass_1", "pass_4", "repeats", "errors", "consent"]
SetName: TypeAlias = Literal["dev", "test", "patterns"]
SHIPPED = Path(__file__).parent / "settings_files"
"""Where the settings are that ship with the package."""
UNTRAINED = "sft"
"""The arm that is what all others start from."""
PATTERNS, TEST, DEV = "patterns", "test", "dev"
"""The sets that policies are measured on."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Start(_Part):
    """What the arms of a seed start from.

    Args:
        policy: ``"scratch"`` for a new one, or a folder or hub name; ``{seed}`` in
            it stands for the seed.
        bootstrap: How it learns from demonstrations first, with the seed for its own; None takes the policy as it is.
        size: Of one from scratch; None for the usual one.
    """

    policy: str
    bootstrap: BootstrapSettings | None = None
    size: TinySettings | None = None

    @model_validator(mode="after")
    def _learns_if_new(self) -> Start:
        if self.policy == "scratch" and self.bootstrap is None:
            raise ValueError('a policy from scratch knows nothing: give [sft.bootstrap], or another policy = "…"')
        return self

    @property
    def shared(self) -> bool:
        """Whether all seeds start from one checkpoint, so that how checkpoints differ is in no interval."""
        return self.bootstrap is None and "{seed}" not in self.policy


class PatternSet(_Part):
    """A set that no arm but ``unmined_patterns`` matches by construction: every pattern at every level, equally often.

    Args:
        seed: It is made with, at least 0.
        each: Tasks of each pattern at each level, at least 1.
        levels: How hard they are.
        tasks: How many of them are played, from the first; None for all.
        digest: What it must turn out to be; empty for whatever it turns out to be.
    """

    seed: int = Field(default=7001, ge=0)
    each: int = Field(default=4, ge=1)
    levels: tuple[int, ...] = (1, 2, 3)
    tasks: int | None = Field(default=None, ge=1)
    digest: str = ""


class Sets(_Part):
    """Which tasks are for what; no two of them may share an entity.

    Args:
        train: What a curriculum may train on beside what it makes.
        mining: What is mined for failures; it may be ``train``.
        dev: What settings are chosen on.
        test: What is read once.
        patterns: The set of all patterns, read once too.
    """

    train: str = "validation"
    mining: str = "validation"
    dev: str = "dev"
    test: str = "test"
    patterns: PatternSet = PatternSet()

    @model_validator(mode="after")
    def _apart(self) -> Sets:
        for read in (self.dev, self.test):
            if read in (self.train, self.mining):
                raise ValueError(f"the split {read!r} is both trained on or mined and measured on; name another")
        if self.dev == self.test:
            raise ValueError(f"dev and test are both {self.dev!r}: what settings are chosen on is no test")
        return self


class Played(_Part):
    """One set at one temperature.

    Args:
        on: The set.
        temperature: Of sampling, at least 0.
        trials: Of each task, at least 4, so that there is a Pass^4.
    """

    on: SetName
    temperature: float = Field(default=1.0, ge=0)
    trials: int = Field(default=4, ge=4)


class Evaluating(_Part):
    """How policies are measured.

    Args:
        played: Which sets at which temperatures, each once.
        tasks: How many tasks of dev and test, from the first; None for all.
        seed: Of the trials, the same for all arms.
        concurrency: Episodes at once.
    """

    played: tuple[Played, ...] = (Played(on="dev"), Played(on="test", trials=8))
    tasks: int | None = Field(default=None, ge=1)
    seed: int = Field(default=0, ge=0)
    concurrency: int = Field(default=64, ge=1)

    @model_validator(mode="after")
    def _each_once(self) -> Evaluating:
        names = [f"{one.on} at {one.temperature:g}" for one in self.played]
        if len(set(names)) < len(names) or "dev" not in {one.on for one in self.played}:
            raise ValueError(f"each set is played once at a temperature, and dev is among them; got {', '.join(names)}")
        return self

    def trials(self, on: str, temperature: float) -> int:
        """How often each task of a set is played at a temperature."""
        return next(one.trials for one in self.played if (one.on, one.temperature) == (on, temperature))


class Claim(_Part):
    """What is claimed of two arms, and the one figure by which it is judged.

    Args:
        name: A short name.
        text: The claim in a sentence.
        first: The arm of which something is claimed.
        second: The arm that it is compared with.
        metric: In what they differ.
        on: On which set.
        temperature: At which temperature of sampling.
        direction: Whether first minus second is claimed to be above 0 or below, or whether it is open which.
    """

    name: str
    text: str
    first: str
    second: str
    metric: Metric = "pass_4"
    on: SetName = "test"
    temperature: float = Field(default=1.0, ge=0)
    direction: Literal["above", "below", "open"] = "above"


class ReproductionSettings(_Part):
    """Everything that decides what a reproduction comes to.

    Args:
        domain: The domain.
        device: Where policies run, as torch calls it.
        seeds: Of the trainings.
        frozen: Whether the settings are final; only then is anything but dev read.
        tried: Every configuration that was tried on dev, in a line each with its figures.
        smallest_effect: Below this, a difference of shares would not matter, in [0, 1].
        sft: What the arms start from.
        sets: Which tasks are for what.
        evaluation: How policies are measured.
        training: What all arms share, as in :class:`~toolgym_trainers.loop.TrainSettings`.
        arms: For each arm what is different, likewise, and ``text``, which says what it is for.
        claims: What is judged.

    Raises:
        ValueError: If arms do not train on equally many episodes, a claim names an arm that is not there or a set at a
            temperature that is not played, or the settings are frozen and nothing is listed as tried.
    """

    domain: str = "retail"
    device: str = "cpu"
    seeds: tuple[int, ...] = Field(default=(0, 1, 2), min_length=1)
    frozen: bool = False
    tried: tuple[str, ...] = ()
    smallest_effect: float = Field(default=0.02, ge=0, le=1)
    sft: Start
    sets: Sets = Sets()
    evaluation: Evaluating = Evaluating()
    training: Mapping[str, Any] = Field(default_factory=dict)
    arms: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    claims: tuple[Claim, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> ReproductionSettings:
        if UNTRAINED not in self.arms:
            raise ValueError(f"there must be an arm {UNTRAINED!r}, what the others start from")
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must differ, got {list(self.seeds)}")
        if self.frozen and not self.tried:
            raise ValueError(
                "frozen = true needs tried = [...]: every configuration that was tried on dev, with its figures"
            )
        counts = {name: self.training_episodes(name) for name in self.trained}
        if len(set(counts.values())) > 1:
            raise ValueError(f"arms must train on equally many episodes, and these are {counts}; mend rounds or steps")
        for claim in self.claims:
            if strange := {claim.first, claim.second} - set(self.arms):
                raise ValueError(f"the claim {claim.name!r} names the arm {min(strange)!r}, which is not there")
            played = {(one.on, one.temperature) for one in self.evaluation.played}
            if (claim.on, claim.temperature) not in played:
                raise ValueError(
                    f"the claim {claim.name!r} is about {claim.on} at temperature {claim.temperature:g}; played are "
                    f"{', '.join(f'{on} at {heat:g}' for on, heat in sorted(played))}"
                )
        return self

    @property
    def trained(self) -> tuple[str, ...]:
        """The arms that are trained."""
        return tuple(name for name in self.arms if name != UNTRAINED)

    def train_settings(self, arm: str, seed: int) -> TrainSettings:
        """How an arm is trained from the checkpoint of a seed.

        Args:
            arm: One of :attr:`trained`.
            seed: Of the training.
        """
        given = {"split": self.sets.train, "mining_split": self.sets.mining, **self.training, **self.arms[arm]}
        given.pop("text", None)
        if not given["mining_split"]:
            given["mining_split"] = None
        curve = Measuring(split=self.sets.dev)
        given |= {
            "domain": self.domain,
            "device": self.device,
            "policy": start_name(self, seed),
            "seed": seed,
            "measuring": curve,
        }
        return TrainSettings.model_validate(given)

    def training_episodes(self, arm: str) -> int:
        """On how many episodes an arm learns, in all its rounds."""
        asked = self.train_settings(arm, self.seeds[0])
        return asked.rounds * asked.steps * asked.tasks * asked.group_size

    @property
    def digest(self) -> str:
        """What the settings are, in a few letters."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def fast(self) -> ReproductionSettings:
        """The same with hardly any steps, tasks and trials: whether everything runs, in minutes.

        Nothing is to be learned from what it prints. Test is not read: the train split stands in for it.
        """
        found = self.model_dump(mode="json")
        small = {"steps": 2, "tasks": 2, "group_size": 2, "made": 8, "mining_trials": 1, "solver_trials": 2}
        small |= {"curve_every": 1, "curve_tasks": 4, "save_every": 1}
        found["training"] = {**found["training"], **small}
        for arm in found["arms"].values():
            rounds = arm.get("rounds", found["training"].get("rounds", 2))
            arm |= {name: value for name, value in small.items() if name in arm}
            arm |= {"rounds": min(2, rounds), "steps": 2 // min(2, rounds), "made": 8}
        found["seeds"] = found["seeds"][:2]
        found["frozen"], found["tried"] = True, ["nothing: a smoke test"]
        found["sets"]["patterns"] |= {"each": 1, "tasks": 4, "levels": found["sets"]["patterns"]["levels"][:1]}
        found["sets"]["patterns"]["digest"] = ""
        found["sets"]["test"] = "train"
        found["evaluation"] |= {"played": [{**one, "trials": 4} for one in found["evaluation"]["played"]], "tasks": 4}
        if found["sft"]["bootstrap"] is not None:
            found["sft"]["bootstrap"]["sft"] = SFTSettings(demonstrations=16, batch=4).model_dump(mode="json")
            found["sft"]["bootstrap"]["vocabulary"] = 60
        return ReproductionSettings.model_validate(found)


def start_name(settings: ReproductionSettings, seed: int) -> str:
    """What the checkpoint is called that a seed starts from."""
    return f"{UNTRAINED}/seed-{settings.seeds[0] if settings.sft.shared else seed}"


def read_settings(source: str | Path) -> ReproductionSettings:
    """The settings in a file.

    Args:
        source: A TOML file, or the name of one that ships, such as ``"retail-tiny"``.

    Raises:
        DataError: If there is no such file, or what it says does not fit.

    Example:
        >>> len(read_settings("retail-tiny").arms)
        13
    """
    path = Path(source)
    if not path.suffix and not path.exists():
        path = SHIPPED / f"{source}.toml"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        shipped = ", ".join(sorted(one.stem for one in SHIPPED.glob("*.toml")))
        raise DataError(f"there is no settings file {str(source)!r}; give a TOML file, or one of {shipped}") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(f"the settings {str(path)!r} cannot be read: {error}") from error
    try:
        return ReproductionSettings.model_validate(found)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "as a whole"
        raise DataError(f"the settings {str(path)!r} do not fit, {where}: {first['msg']}") from error
