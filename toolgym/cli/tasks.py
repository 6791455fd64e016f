"""``toolgym tasks``: what there is to play."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from toolgym.cli.output import AsJson, Data, console, errors, print_json
from toolgym.cli.pools import SPLIT, over_pool
from toolgym.cli.synthesize import synthesize

if TYPE_CHECKING:
    from toolgym.certificates import Report

app = typer.Typer(help="Look at tasks, check them, and make new ones.", no_args_is_help=True)
app.command("synthesize")(synthesize)
Domain = Annotated[str, typer.Argument(help="The domain, such as mock or retail.")]


@app.command("list")
def list_tasks(
    domain: Domain,
    split: Annotated[str | None, typer.Option(help="Only this split.")] = None,
    data: Data = "toolgym",
    as_json: AsJson = False,
) -> None:
    """List the tasks of a domain by split."""
    from toolgym.registration import make_domain

    tasks = make_domain(domain, data).tasks
    chosen = [split] if split is not None else tasks.splits()
    if as_json:
        print_json({name: [{"id": task.id, "key": task.key} for task in tasks[name]] for name in chosen})
        return
    table = Table(title=f"{domain} · {data} data")
    for heading in ("split", "task", "gold calls", "graded by", "needs a judge"):
        table.add_column(heading)
    for name in chosen:
        for task in tasks[name]:
            criteria = task.evaluation_criteria
            basis = " ".join(criteria.reward_basis) if criteria is not None else ""
            table.add_row(name, task.id, str(len(task.gold)), basis, "yes" if task.needs_judge else "")
    console.print(table)
    if not chosen:
        console.print(f"The domain {domain!r} has no embedded tasks yet; try --data tau2.")


@app.command("show")
def show_task(
    domain: Domain,
    task_id: Annotated[str, typer.Argument(help="The task's id.")],
    data: Data = "toolgym",
    agent: Annotated[str, typer.Option(help="Whose dialogue is shown; none with an empty name.")] = "oracle",
    seed: Annotated[int, typer.Option(min=0, help="The dialogue's seed.")] = 0,
    trial: Annotated[int, typer.Option(min=0, help="Which trial of the dialogue.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show one task: what the user wants, how it starts, by what it is graded, and how an agent plays it."""
    from toolgym.prepared import prepare
    from toolgym.registration import default_user, make_agent, make_domain, make_user
    from toolgym.render import write_message
    from toolgym.rollouts import play

    made = make_domain(domain, data)
    task = made.tasks.find(task_id)
    if as_json:
        print_json({**task.model_dump(mode="json"), "key": task.key})
        return
    ready = prepare(made, task)
    console.rule(f"{domain} {task.id} ({task.key})")
    console.print(str(task.user_scenario), markup=False)
    console.rule("gold calls")
    for action in task.gold:
        arguments = ", ".join(f"{name}={value!r}" for name, value in action.arguments.items())
        console.print(f"{action.requestor}: {action.name}({arguments})", markup=False)
    console.rule("what they change")
    for (side, table, key), record in ready.gold_diff.items():
        console.print(f"{side}.{table}[{key}]: {record or 'deleted'}", markup=False)
    criteria = task.evaluation_criteria
    if criteria is not None:
        console.rule("graded by")
        console.print(", ".join(criteria.reward_basis))
        for info in criteria.communicate_info or ():
            console.print(f"must be said: {info}", markup=False)
        for text in criteria.nl_assertions or ():
            console.print(f"must hold (a judge): {text}", markup=False)
        for assertion in criteria.env_assertions or ():
            console.print(f"must hold: {assertion.func_name}({assertion.arguments})", markup=False)
    if ready.gold_errors:
        console.print(f"{ready.gold_errors} of the gold calls fail; as in tau2 they are passed over.")
    if agent:
        user = default_user([task])
        episode = play(made, task, make_agent(agent), make_user(user), seed=seed, trial=trial)
        console.rule(f"{agent} with the {user} user, seed {seed}, trial {trial}")
        for message in episode.messages:
            write_message(console, message)
        console.print({True: "success", False: "no success", None: "not judged"}[episode.grade.success])


@app.command("check")
def check_tasks(
    domain: Domain,
    split: Annotated[str | None, typer.Option(help="Only this split, against all the others.")] = None,
    data: Data = "toolgym",
    pool: Annotated[Path | None, typer.Option(help="Check the tasks of this folder instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check the tasks of a domain, or of a pool: compute every certificate anew; exit 1 if something does not hold.

    A task stops at the first stage that it fails, so fewer and fewer come to the later ones. The worlds of a pool are
    read whole and compared with the digests that name them.
    """
    from toolgym.certificates import Failure, Report, Tally, check, check_pool
    from toolgym.errors import DataError, WorldError
    from toolgym.registration import make_domain

    made = make_domain(domain, data)
    if pool is None:
        total = len(made.tasks[split]) if split is not None else sum(1 for _ in made.tasks)
        run, title = partial(check, made, split), f"{domain} · {split or 'all splits'} · {data} data"
    else:
        if split is not None:
            raise DataError(f"--split {split} and --pool {str(pool)!r} exclude each other: a pool is no split")
        title = f"{domain} · {pool} · {data} data"
        try:
            over = over_pool(made, pool)
        except WorldError as error:
            lost = Report(0, {"worlds": Tally(0, 1)}, (Failure(None, "worlds", str(error)),), {}, {})
            _print_report(lost, title, as_json)
            raise typer.Exit(1) from error
        total, run = len(over.tasks[SPLIT]), partial(check_pool, made, over, SPLIT)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive) as progress:
        bar = progress.add_task(domain, total=total)
        report = run(progress=lambda: progress.advance(bar))
    _print_report(report, title, as_json)
    if not report.ok:
        raise typer.Exit(1)


def _print_report(report: Report, what: str, as_json: bool) -> None:
    if as_json:
        print_json(report.as_dict())
        return
    title = f"{what} · {report.tasks} tasks"
    table = Table(title=title, min_width=len(title))
    table.add_column("stage")
    for heading in ("passed", "failed"):
        table.add_column(heading, justify="right")
    for name, tally in report.stages.items():
        table.add_row(name, str(tally.passed), str(tally.failed))
    console.print(table)
    for name, why in report.not_checked.items():
        console.print(f"{name}: not checked: {why}", markup=False, highlight=False)
    for failure in report.failed:
        where = f"{failure.task}: " if failure.task is not None else ""
        console.print(f"{where}{failure.stage}: {failure.reason}", style="red", markup=False, highlight=False)
