"""``toolgym tasks``: what there is to play."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from toolgym.cli.completion import agents
from toolgym.cli.output import AsJson, Data, DomainName, console, errors, print_json, rule, say
from toolgym.cli.synthesize import synthesize
from toolgym.cli.tables import TextTable, numeric, prose

if TYPE_CHECKING:
    from toolgym.certificates import CertificateReport

app = typer.Typer(help="Look at tasks, check them, and make new ones.", no_args_is_help=True)
app.command("synthesize")(synthesize)


@app.command("list")
def list_tasks(
    domain: DomainName,
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
    title = f"{domain} · {data} data"
    table = TextTable("split", "task", *numeric("gold calls"), prose("graded by"), "needs a judge", title=title, keys=2)
    for name in chosen:
        for task in tasks[name]:
            criteria = task.evaluation_criteria
            basis = " ".join(criteria.reward_basis) if criteria is not None else ""
            table.add(name, task.id, str(len(task.gold)), basis, "yes" if task.needs_judge else "")
    table.print()
    if not chosen:
        say(f"The domain {domain!r} has no embedded tasks yet; try --data tau2.")


@app.command("show")
def show_task(
    domain: DomainName,
    task_id: Annotated[str, typer.Argument(metavar="TASK_ID", help="The task's id, as `tasks list` shows it.")],
    data: Data = "toolgym",
    agent: Annotated[
        str, typer.Option(help="Whose dialogue is shown; an empty name shows none.", autocompletion=agents)
    ] = "oracle",
    seed: Annotated[int, typer.Option(min=0, help="The dialogue's seed.")] = 0,
    trial: Annotated[int, typer.Option(min=0, help="The number of the trial, from 0.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Show one task: what the user wants, how it starts, by what it is graded, and how an agent plays it."""
    from toolgym.display.render import write_message
    from toolgym.episode.setup import set_up
    from toolgym.registration import default_user, make_agent, make_domain, make_user
    from toolgym.rollouts import play

    made = make_domain(domain, data)
    task = made.tasks.find(task_id)
    if as_json:
        print_json({**task.model_dump(mode="json"), "key": task.key})
        return
    ready, user = set_up(made, task), default_user([task])
    episode = (
        play(made, task, make_agent(agent, domain=made), make_user(user, domain=made), seed=seed, trial=trial)
        if agent
        else None
    )
    rule(f"{domain} {task.id} ({task.key})")
    say(str(task.user_scenario))
    rule("gold calls")
    for action in task.gold:
        arguments = ", ".join(f"{name}={value!r}" for name, value in action.arguments.items())
        say(f"{action.requestor}: {action.name}({arguments})")
    rule("what they change")
    for (side, table, key), record in ready.gold_diff.items():
        say(f"{side}.{table}[{key}]: {record or 'deleted'}")
    criteria = task.evaluation_criteria
    if criteria is not None:
        rule("graded by")
        say(", ".join(criteria.reward_basis))
        for info in criteria.communicate_info or ():
            say(f"must be said: {info}")
        for text in criteria.nl_assertions or ():
            say(f"must hold (a judge): {text}")
        for assertion in criteria.env_assertions or ():
            say(f"must hold: {assertion.func_name}({assertion.arguments})")
    if ready.gold_errors:
        say(f"{ready.gold_errors} of the gold calls fail; as in tau2 they are passed over.")
    if episode is not None:
        rule(f"{agent} with the {user} user, seed {seed}, trial {trial}")
        for message in episode.messages:
            write_message(console, message)
        say({True: "success", False: "no success", None: "not judged"}[episode.grade.success])


@app.command("check")
def check_tasks(
    domain: DomainName,
    split: Annotated[str | None, typer.Option(help="Only this split, against all the others.")] = None,
    data: Data = "toolgym",
    pool: Annotated[Path | None, typer.Option(help="Check the tasks of this folder instead.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check the tasks of a domain, or of a pool: compute every certificate anew; exit 1 if something does not hold.

    A task stops at the first stage that it fails, so fewer and fewer come to the later ones. The worlds of a pool are
    read whole and compared with the digests that name them.
    """
    from toolgym.certificates import CertificateReport, Failure, StageTally, check_dataset, check_pool
    from toolgym.curricula.over_pool import POOL_SPLIT, over_pool
    from toolgym.errors import DataError, WorldError
    from toolgym.registration import make_domain

    made = make_domain(domain, data)
    if pool is None:
        total = len(made.tasks[split]) if split is not None else sum(1 for _ in made.tasks)
        run, title = partial(check_dataset, made, split), f"{domain} · {split or 'all splits'} · {data} data"
    else:
        if split is not None:
            raise DataError(f"--split {split} and --pool {str(pool)!r} exclude each other: a pool is no split")
        title = f"{domain} · {pool} · {data} data"
        try:
            over = over_pool(made, pool)
        except WorldError as error:
            lost = CertificateReport(0, {"worlds": StageTally(0, 1)}, (Failure(None, "worlds", str(error)),), {}, {})
            _print_report(lost, title, as_json)
            raise typer.Exit(1) from error
        total, run = len(over.tasks[POOL_SPLIT]), partial(check_pool, made, over, POOL_SPLIT)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_interactive) as progress:
        bar = progress.add_task(domain, total=total)
        report = run(progress=lambda: progress.advance(bar))
    _print_report(report, title, as_json)
    if not report.ok:
        raise typer.Exit(1)


def _print_report(report: CertificateReport, what: str, as_json: bool) -> None:
    if as_json:
        print_json(report.as_dict())
        return
    table = TextTable("stage", *numeric("passed", "failed"), title=f"{what} · {report.tasks} tasks")
    for name, tally in report.stages.items():
        table.add(name, str(tally.passed), str(tally.failed))
    table.print()
    for name, why in report.not_checked.items():
        say(f"{name}: not checked: {why}")
    for failure in report.failed:
        where = f"{failure.task}: " if failure.task is not None else ""
        say(f"{where}{failure.stage}: {failure.reason}", style="red")
