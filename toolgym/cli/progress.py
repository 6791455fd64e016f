"""How far a run is, while it is played."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from toolgym.cli.output import errors, remark
from toolgym.display.render import printable

if TYPE_CHECKING:
    from rich.progress import Task as Bar

    from toolgym.models import Throttle
    from toolgym.rollouts import RunPlan
    from toolgym.runs import Run
    from toolgym.trajectory import Trajectory


class Waiting(ProgressColumn):
    """Which requests to models were made again in the last minute, and whether one is being waited for."""

    def __init__(self, throttle: Throttle) -> None:
        super().__init__()
        self._throttle = throttle

    def render(self, task: Bar) -> Text:
        """The last retry of a request and how long it waits, as text."""
        recent = self._throttle.retries.recent
        if recent is None:
            return Text()
        text = f"{recent.number} {'retry' if recent.number == 1 else 'retries'}"
        if recent.wait_s:
            text += f", waiting {recent.wait_s:.0f} s"
        return Text(printable(f"{text}: {recent.why[:60]}"))


def show_play(run: Run, plan: RunPlan, play: Callable[..., None], title: str, throttle: Throttle) -> None:
    """Play what a run lacks, show how far it is, and say how to go on if it is broken off.

    Args:
        run: The run.
        plan: What it will hold.
        play: Plays; takes whom to tell of each trajectory as ``progress``.
        title: Its name on the command line.
        throttle: Knows which requests to its models are made again.

    Raises:
        typer.Exit: If it is interrupted.
        Exception: What playing raises.
    """
    total = len(run) + plan.lacking
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        Waiting(throttle),
    )
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive) as bars:
        bar = bars.add_task(plan.evaluation.agent.name, total=total, completed=len(run), note="")

        def tick(trajectory: Trajectory) -> None:
            void = f"{run.voids} void  " if run.voids else ""
            bars.update(bar, completed=len(run), note=void + (f"${run.cost_usd:.2f}" if run.cost_usd else ""))

        try:
            play(progress=tick)
        except (Exception, KeyboardInterrupt) as error:
            bars.stop()
            remark(
                f"{len(run)} of {total} episodes of {plan.evaluation.agent.name!r} are finished and kept in "
                f"{run.folder}; "
                f"to go on: the same command with --name {title} --resume"
            )
            if isinstance(error, KeyboardInterrupt):
                raise typer.Exit(130) from None
            raise
