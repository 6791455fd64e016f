"""The options of ``toolgym eval``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from toolgym.cli.completion import agents, habits

Split = Annotated[str | None, typer.Option(help="The split to play; default: test.")]
PoolFolder = Annotated[
    Path | None, typer.Option(help="A pool's folder: play the tasks made for it instead of a split.")
]
Agents = Annotated[list[str] | None, typer.Option(help="An agent; may be given several times.", autocompletion=agents)]
TaskIds = Annotated[
    list[str] | None, typer.Option(metavar="ID", help="Play this task alone; may be given several times.")
]
AllTasks = Annotated[
    bool, typer.Option("--all-tasks", help="With --resume: play all tasks also where the run holds chosen ones.")
]
User = Annotated[str | None, typer.Option(help="The user; default: scripted if all tasks carry facts, else minimal.")]
Habits = Annotated[
    str | None,
    typer.Option(
        help="How the scripted user behaves: a name, such as careless; drawn, for each episode anew; or dials, such as "
        "typos=1,terse=0.5.",
        autocompletion=habits,
    ),
]
JudgeName = Annotated[str | None, typer.Option(help="Who judges natural-language assertions; default: nobody.")]
Trials = Annotated[
    int | None, typer.Option(min=1, help="Trials of each task; default: 4, or with --resume those of the run.")
]
Seed = Annotated[int, typer.Option(min=0, help="The run's seed.")]
MaxSteps = Annotated[int, typer.Option(min=1, help="Messages before an episode is cut off.")]
MaxErrors = Annotated[int, typer.Option(min=1, help="Failed calls before an episode is cut off.")]
MaxCharacters = Annotated[
    int, typer.Option(min=1, help="Characters of one message, arguments included; a longer one is an error.")
]
MaxCalls = Annotated[int, typer.Option(min=1, help="Calls in one message; more are an error.")]
RunsFolder = Annotated[Path, typer.Option(help="Folder of the runs.")]
Name = Annotated[str | None, typer.Option(help="Name of the run; default: time and domain.")]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Continue the run of this name: what is missing or void is played, more trials too."),
]
Concurrency = Annotated[int, typer.Option(min=1, help="Episodes played at once.")]
Backend = Annotated[
    Literal["local", "ray"], typer.Option(help="Where to play: in this process, or on the workers of a Ray cluster.")
]
Workers = Annotated[int | None, typer.Option(min=1, help="Workers of the cluster; default: one per core.")]
Tau2Results = Annotated[Path | None, typer.Option(help="Also write the trajectories in tau2's results format.")]
