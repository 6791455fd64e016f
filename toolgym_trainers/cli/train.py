"""``toolgym train``: a policy learns from its own failures, in rounds."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toolgym.cli.output import AsJson, DomainName, errors, print_json, remark
from toolgym.cli.plug_ins import Command
from toolgym.errors import DataError
from toolgym_trainers.cli.options import (
    Device,
    Lora,
    SeenView,
    Threads,
    check_policy,
    checked,
    chosen_device,
    from_file,
    is_small,
    merged,
    need_torch,
    set_threads,
)
from toolgym_trainers.policies.shipped import folder_of

if TYPE_CHECKING:
    from toolgym_trainers.loop import TrainSettings

TRAINED_IN_GROUPS = 96
"""Episodes of a step where nothing is said."""


def train(
    domain: DomainName,
    policy: Annotated[
        str,
        typer.Option(
            metavar="tiny|scratch|PATH|HUB",
            help="Who is trained: tiny comes with toolgym and plays retail; scratch begins with random weights and "
            "learns from demonstrations first; else a folder, or a model's name on the hub.",
        ),
    ] = "tiny",
    trainer: Annotated[str | None, typer.Option(help="What trains it; default: grpo, in this process.")] = None,
    curriculum: Annotated[str | None, typer.Option(help="Where tasks come from; default: raft.")] = None,
    rounds: Annotated[
        int | None, typer.Option(min=1, help="How often failures become tasks and are trained on; default: 1.")
    ] = None,
    steps: Annotated[int | None, typer.Option(min=1, help="Steps of learning in each round; default: 15.")] = None,
    restart: Annotated[
        Literal["sft", "last"] | None,
        typer.Option(
            help="What each round starts from: the policy as it was before the first, or the one that the last round "
            "left; default: as the curriculum says."
        ),
    ] = None,
    recency: Annotated[
        float | None, typer.Option(min=0, help="How much tasks of newer rounds are preferred; for raft; default: 0.")
    ] = None,
    reward: Annotated[
        str | None, typer.Option(help="What is paid: the name of a preset of weights; default: raft.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The seed; default: 0.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The training's folder; one that was interrupted is gone on with; default: trainings/…."),
    ] = None,
    settings: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Any of the settings, in TOML or JSON; options on the command line win."),
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Of a trainer that runs a program of its own, print the command and have that program's own parser "
            "check it; nothing is trained or written.",
        ),
    ] = False,
    view: SeenView = None,
    lora: Lora = None,
    threads: Threads = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Train a policy in rounds: it plays, its failures become tasks, and it learns from groups of trials of them.

    It is measured before the first round and after each. Everything is kept in a folder; the same command goes on with
    a training that was interrupted.
    """
    need_torch("train")
    given = {
        "trainer": trainer,
        "curriculum": curriculum,
        "rounds": rounds,
        "steps": steps,
        "restart": restart,
        "reward": reward,
        "seed": seed,
        "view": view,
    }
    said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    held = {} if settings is None else from_file(settings)
    if policy == "tiny" and "policy" in held:
        policy = str(held["policy"])
    check_policy(policy)
    set_threads(threads, small=is_small(policy))
    if lora is not None:
        said["lora"] = {"rank": lora}
    asked = _settings(domain, policy, chosen_device(device), held, said, recency)
    folder = out or _default_folder(asked)
    commands = _checked_commands(asked, folder)
    if not dry_run:
        _train(asked, folder, as_json=as_json)
    elif commands is None:
        raise DataError(f"the trainer {asked.trainer!r} runs no program of its own: leave --dry-run out")
    elif as_json:
        print_json({"commands": commands})
    else:
        for command in commands:
            typer.echo(shown(command))
        remark(f"checked by the parser of {asked.trainer} itself; nothing was trained")


TRAIN = Command(train, panel="Train")
"""What the entry point ``train`` names."""


def _settings(
    domain: str, policy: str, device: str, held: dict[str, Any], said: dict[str, Any], recency: float | None
) -> TrainSettings:
    """The settings: what the command line says, then the file, then what is usual."""
    from toolgym_trainers.loop import TRAINERS, TrainSettings
    from toolgym_trainers.loop.trainer import Launcher

    curriculum = str(said.get("curriculum", held.get("curriculum", "raft")))
    trainer = TRAINERS.load(str(said.get("trainer", held.get("trainer", "grpo"))))
    usual = _usual(curriculum, policy)
    if isinstance(trainer, Launcher):
        usual |= trainer.usual(policy)
    values = merged(usual, held, ("bootstrap", "measuring", "grpo"))
    values = {**values, **said, "domain": domain, "policy": policy, "device": device}
    if "lora" in said and "bootstrap" in values and policy != "scratch":
        values["bootstrap"] = {**values["bootstrap"], "lora": said["lora"]}
    if recency is not None:
        values["options"] = {**values.get("options", {}), "recency": recency}
    return checked(TrainSettings, values)


def _usual(curriculum: str, policy: str) -> dict[str, Any]:
    """What is taken where nothing is said: with a small policy about six minutes of one core."""
    from toolgym_trainers.bootstrap import SFT_PRETRAINED, SFT_SCRATCH

    found: dict[str, Any] = {
        "curriculum": curriculum,
        "rounds": 1,
        "steps": 15,
        "tasks": 12,
        "group_size": 8,
        "made": 120,
        "solver_trials": 4,
        "mining_trials": 4,
        "save_every": 1,
        "measuring": {"split": "dev", "trials": 4, "references": ["oracle", "no-op"]},
    }
    if curriculum == "raft":
        found["options"] = {"base": 0.5}  # what no failure asks for is forgotten else
    else:
        found["mining_split"] = None
    if curriculum == "sentinel":  # makes its tasks while the policy learns, from what it fails then
        found |= {"made": 0, "options": {"refresh_every": 3 * TRAINED_IN_GROUPS, "refresh_tasks": 30}}
    if policy == "scratch":
        found["bootstrap"] = {"sft": SFT_SCRATCH.model_dump()}
    elif not (Path(folder_of(policy)) / "toolgym_view.json").is_file():
        found["bootstrap"] = {"sft": SFT_PRETRAINED.model_dump()}
    return found


def _checked_commands(asked: TrainSettings, folder: Path) -> list[list[str]] | None:
    """What the trainer would run, checked; None if it runs no program of its own."""
    from toolgym_trainers.loop import TRAINERS
    from toolgym_trainers.loop.trainer import Launcher

    trainer = TRAINERS.load(asked.trainer)
    return [list(one) for one in trainer.check(asked, folder)] if isinstance(trainer, Launcher) else None


def shown(command: Sequence[str]) -> str:
    r"""A command for people and shells, a flag a line.

    Args:
        command: Its words.

    Example:
        >>> print(shown(["python", "-m", "train", "--rate", "1", "2", "--fast"]))
        python -m train \
          --rate 1 2 \
          --fast
    """
    lines: list[list[str]] = [[]]
    for one in command:
        if one.startswith("--"):
            lines.append([])
        lines[-1].append(one)
    return " \\\n  ".join(shlex.join(line) for line in lines)


def _default_folder(asked: TrainSettings) -> Path:
    return Path("trainings") / f"{asked.domain}-{Path(asked.policy).name}-{asked.curriculum}-{asked.seed}"


def _train(asked: TrainSettings, folder: Path, *, as_json: bool) -> None:
    """Train, show how far it is, and tell what came of it."""
    from toolgym_trainers.cli.tables import print_training
    from toolgym_trainers.cli.watching import Lines, LiveView
    from toolgym_trainers.loop import Training
    from toolgym_trainers.loop.report import training_report

    training = Training(asked, folder)
    if training.results:
        remark(f"{str(folder)!r} holds {len(training.results)} finished parts of this training; it goes on from there")
    view = LiveView(training) if errors.is_interactive else Lines(training)
    training.watch(view.seen)
    try:
        with view:
            training.run()
    except KeyboardInterrupt:
        remark(
            f"interrupted; what is finished is kept in {str(folder)!r}. To go on: the same command"
            + ("" if folder == _default_folder(asked) else f" (with --out {folder})")
        )
        raise typer.Exit(130) from None
    report = training_report(folder)
    if as_json:
        print_json(report)
    else:
        print_training(report)
