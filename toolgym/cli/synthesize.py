"""``toolgym tasks synthesize``: certified tasks and how they are solved, for supervised fine-tuning."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, TypedDict

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from toolgym.cli.output import AsJson, DomainName, errors, print_json, say
from toolgym.cli.tables import TextTable, numeric

UNTARGETED = "untargeted"
"""What stands for tasks that stress no pattern."""


def synthesize(
    domain: DomainName,
    out: Annotated[Path, typer.Option(help="The folder to write; it must not exist yet.")],
    count: Annotated[int, typer.Option(min=1, help="How many tasks to make.")] = 100,
    recoveries: Annotated[
        float, typer.Option(min=0.0, max=1.0, help="The share of dialogues in which the agent slips and recovers.")
    ] = 0.2,
    patterns: Annotated[
        str | None,
        typer.Option(
            metavar="A,B",
            help="Failure patterns that tasks stress, in turn; 'untargeted' for none; default: all, half untargeted.",
        ),
    ] = None,
    wordings: Annotated[
        str, typer.Option(metavar="A,B", help="The agent's wordings, in turn; 'all': each dialogue draws one.")
    ] = "all",
    seed: Annotated[int, typer.Option(min=0, help="The seed; the same one makes the same tasks and dialogues.")] = 0,
    uncertified: Annotated[
        bool,
        typer.Option("--uncertified", help="Without certificates, several times as fast: to train on, not to measure."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Make certified tasks, have each solved in dialogue, and write them as data for supervised fine-tuning.

    The folder gets tasks.jsonl and worlds/ (a pool that `toolgym eval --pool` plays), trajectories.jsonl, and
    chat.jsonl, one dialogue a line in OpenAI chat format.
    """
    from toolgym.concurrency.bridge import wait_for
    from toolgym.errors import DataError
    from toolgym.generators.demonstrations import demonstrate, write_demonstrations
    from toolgym.generators.practice import practise
    from toolgym.registration import make_domain

    if out.exists() or out.is_symlink():
        raise DataError(f"{str(out)!r} exists; choose another folder, or remove it")
    above = next(folder for folder in out.absolute().parents if folder.exists())
    if not (above.is_dir() and os.access(above, os.W_OK)):  # seen before the work, not after it
        raise DataError(f"{str(out)!r} cannot be written: {str(above)!r} takes no folder; choose another one")
    made = make_domain(domain)
    chosen = None if patterns is None else [None if name == UNTARGETED else name for name in _names(patterns)]
    spoken = [] if wordings == "all" else _names(wordings)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive) as progress:
        bar = progress.add_task(domain, total=count)
        options: _Options = {"recoveries": recoveries, "patterns": chosen, "wordings": spoken, "seed": seed}
        options["progress"] = lambda: progress.advance(bar)
        found = practise(made, count, **options) if uncertified else wait_for(demonstrate(made, count, **options))
    if not found.made:
        raise DataError(f"no task came through: {_reasons(found.as_dict())}")
    write_demonstrations(out, made, found.made)
    answer = {"domain": domain, "seed": seed, **found.as_dict(), "folder": str(out)}
    if as_json:
        print_json(answer)
    else:
        _print(answer)


class _Options(TypedDict, total=False):
    recoveries: float
    patterns: Sequence[str | None] | None
    wordings: Sequence[str]
    seed: int
    progress: Callable[[], None]


def _names(text: str) -> list[str]:
    from toolgym.errors import DataError

    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise DataError(f"names are separated by commas, such as a,b, got {text!r}")
    return names


def _reasons(answer: Mapping[str, Any]) -> str:
    failed = {f"failed {name}": tally["failed"] for name, tally in answer["stages"].items() if tally["failed"]}
    counts = {**answer["notes"], **failed, **answer["left_out"]}
    return "; ".join(f"{number} times: {why}" for why, number in counts.items()) or "nothing was proposed"


def _print(answer: Mapping[str, Any]) -> None:
    if answer["certified"]:
        title = f"{answer['proposed']} proposed → {answer['demonstrations']} demonstrations"
        table = TextTable("stage", *numeric("passed", "failed"), title=title)
        for name, tally in answer["stages"].items():
            table.add(name, str(tally["passed"]), str(tally["failed"]))
        table.print()
    else:
        say(f"{answer['demonstrations']} demonstrations without certificates: to train on, not to measure by")
    say("tasks: " + ", ".join(f"{name} {number}" for name, number in answer["patterns"].items()))
    slips = answer["recoveries"]
    shown = ", ".join(f"{name} {number}" for name, number in slips["patterns"].items())
    say(f"recoveries: {slips['made']} of {slips['asked']} asked for{f' ({shown})' if shown else ''}")
    if slips["fallbacks"]:
        say(f"recoveries by the oracle, as the novice had no such trial: {slips['fallbacks']}", style="yellow")
    for why, number in (*answer["left_out"].items(), *answer["notes"].items()):
        say(f"{number} left out: {why}", style="yellow")
    if answer["demonstrations"] < answer["asked"]:
        say(f"{answer['asked']} were asked for: not enough came through", style="yellow")
    say(f"written: {answer['folder']}")
