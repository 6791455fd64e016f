"""``toolgym sft``: a policy learns from demonstrations."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from toolgym.cli.output import AsJson, DomainName, errors, fact, print_json, remark
from toolgym.cli.plug_ins import Command
from toolgym_trainers.cli.options import (
    Device,
    Lora,
    SeenView,
    Threads,
    check_policy,
    checked,
    chosen_device,
    is_small,
    need_torch,
    set_threads,
)

SHOWN_EVERY = 100
"""Steps between lines where there is no terminal."""


def sft(
    domain: DomainName,
    out: Annotated[
        Path,
        typer.Option(
            help="Where the policy goes: an ordinary Hugging Face folder. One that was begun is gone on with."
        ),
    ],
    policy: Annotated[
        str,
        typer.Option(
            metavar="scratch|tiny|PATH|HUB",
            help="Who learns: scratch begins with random weights; else a folder, or a model's name on the hub.",
        ),
    ] = "scratch",
    demonstrations: Annotated[
        int | None, typer.Option(min=1, help="How many are learned from; default: 40,000 from scratch, else 4,000.")
    ] = None,
    recoveries: Annotated[
        float, typer.Option(min=0, max=1, help="The share that shows how one recovers from a slip.")
    ] = 0.2,
    wordings: Annotated[
        list[str] | None,
        typer.Option("--wordings", help="How the assistant speaks; may be given several times; default: terse."),
    ] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="The highest, more than 0; default: 2e-3 from scratch, else 3e-4.")
    ] = None,
    batch: Annotated[
        int | None, typer.Option(min=1, help="Demonstrations of a step; default: 16 from scratch, else 4.")
    ] = None,
    optimizer: Annotated[
        Literal["adamw", "muon"] | None, typer.Option(help="Default: muon from scratch, else adamw.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="The seed of demonstrations and weights.")] = 0,
    view: SeenView = None,
    lora: Lora = None,
    threads: Threads = None,
    device: Device = None,
    as_json: AsJson = False,
) -> None:
    """Have a policy learn from demonstrations that are made as it goes: the oracle solves tasks of fresh worlds.

    The same command goes on with one that was interrupted.
    """
    need_torch("sft")
    check_policy(policy)
    from toolgym.registration import make_domain
    from toolgym_trainers.bootstrap import SFT_PRETRAINED, SFT_SCRATCH, BootstrapSettings, learn

    used = set_threads(threads, small=is_small(policy))
    usual = SFT_SCRATCH if policy == "scratch" else SFT_PRETRAINED
    said = {
        "demonstrations": demonstrations,
        "learning_rate": learning_rate,
        "batch": batch,
        "optimizer": optimizer,
    }
    given = {name: value for name, value in said.items() if value is not None}
    values: dict[str, Any] = {
        "sft": {**usual.model_dump(), **given},
        "recoveries": recoveries,
        "seed": seed,
        "save_every": 100 if policy == "scratch" else 20,  # some minutes of work, either way
        **({"wordings": tuple(wordings)} if wordings else {}),
        **({} if lora is None else {"lora": {"rank": lora}}),
    }
    settings = checked(BootstrapSettings, values)
    made = make_domain(domain)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    try:
        with Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive) as bars:
            bar = bars.add_task("steps", total=settings.sft.steps, note="")

            def seen(one: Any) -> None:
                rate = one.tokens / max(1e-9, one.seconds)
                note = (
                    f"loss {one.loss:.3f}, tokens right {100 * one.accuracy:.1f} %, {rate:,.0f} tokens per CPU-second"
                )
                bars.update(bar, completed=one.step + 1, note=note)
                if not errors.is_interactive and ((one.step + 1) % SHOWN_EVERY == 0 or one.step == 0):
                    remark(f"step {one.step + 1} of {settings.sft.steps}: {note}")

            found = learn(made, policy, settings, out, view=view, device=chosen_device(device), seen=seen)
    except KeyboardInterrupt:
        kept = (
            "what was learned up to the last checkpoint is kept"
            if (out / "checkpoints").exists()
            else "nothing is kept yet"
        )
        remark(f"interrupted; {kept} in {str(out)!r}. To go on: {_same()}")
        raise typer.Exit(130) from None
    answer = {"folder": str(out), "threads": used, **found}
    if as_json:
        print_json(answer)
        return
    hours = found["cpu_seconds"] / 3600
    fact(
        "learned",
        f"{found['demonstrations']:,} demonstrations, {found['tokens']:,} tokens in {found['steps']:,} steps",
        12,
    )
    fact("last steps", f"loss {found['loss']:.4f}, tokens right {100 * found['accuracy']:.2f} %", 12)
    if found["too_long"]:
        fact("left out", f"{found['too_long']:,} demonstrations that were too long", 12)
    fact("CPU-hours", f"{hours:.2f}", 12)
    fact("written", f"{out}", 12)
    fact("evaluate", f"toolgym eval {domain} --agent {out} --split dev", 12)


SFT = Command(sft, panel="Train")
"""What the entry point ``sft`` names."""


def _same() -> str:
    """The command as it was given."""
    return shlex.join(["toolgym", *sys.argv[1:]])
