"""``toolgym eval``: Pass^k of agents on a split."""

from __future__ import annotations

import time
from functools import partial
from itertools import product
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from toolgym.cli.output import AsJson, Data, console, errors, print_json


def evaluate(
    domain: Annotated[str, typer.Argument(help="The domain, such as mock or retail.")],
    split: Annotated[str, typer.Option(help="Which tasks.")] = "test",
    agent: Annotated[list[str] | None, typer.Option(help="An agent; may be given several times.")] = None,
    data: Data = "toolgym",
    user: Annotated[
        str | None, typer.Option(help="The user; default: scripted if all tasks carry facts, else minimal.")
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trials of each task.")] = 4,
    seed: Annotated[int, typer.Option(min=0, help="The run's seed.")] = 0,
    max_steps: Annotated[int, typer.Option(min=1, help="Messages before an episode is cut off.")] = 200,
    max_errors: Annotated[int, typer.Option(min=1, help="Failed calls before it is cut off.")] = 10,
    runs: Annotated[Path, typer.Option(help="Folder of the runs.")] = Path("runs"),
    name: Annotated[str | None, typer.Option(help="Name of the run; default: time and domain.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run of this name.")] = False,
    tau2_results: Annotated[
        Path | None, typer.Option(help="Also write the trajectories in tau2's results format.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate agents: success of every task over several trials, as Pass^1 to Pass^k with 95 % intervals."""
    from toolgym.errors import DataError
    from toolgym.evaluation import pass_hat_table
    from toolgym.registration import default_user, make_agent, make_domain, make_user
    from toolgym.rollouts import Run, Settings
    from toolgym.rollouts import evaluate as evaluate_run
    from toolgym.streams import stream

    if resume and name is None:
        raise DataError("--resume needs --name, the name of the run to continue")
    made = make_domain(domain, data)
    if not made.tasks.splits():
        raise DataError(f"the domain {domain!r} has no embedded tasks yet; use --data tau2 and set TAU2_DATA_DIR")
    tasks = made.tasks[split]
    user = default_user(tasks) if user is None else user
    customer = make_user(user)
    agents = {chosen: make_agent(chosen) for chosen in agent or ["oracle"]}
    if tau2_results is not None and (len(agents) > 1 or data != "tau2"):
        raise DataError("--tau2-results needs --data tau2 and one --agent: a results file holds one agent's run")
    for task, player in product(tasks, (customer, *agents.values())):
        if getattr(player, "privileged", False):  # it reads the task, and may refuse it: better now than half-way
            player(made, task, stream(seed, task.key, 0, "user"))
    title = name or _fresh_name(runs, domain)
    if resume and not any((runs / f"{title}-{chosen}").exists() for chosen in agents):
        raise DataError(f"there is no run {title!r} in {str(runs)!r} to continue")
    answers: dict[str, Any] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=errors, transient=True) as progress:
        for chosen, factory in agents.items():
            settings = Settings(domain, split, chosen, data, user, trials, seed, max_steps, max_errors)
            folder = runs / f"{title}-{chosen}"
            bar = progress.add_task(chosen, total=len(tasks) * trials)
            if resume and folder.exists():
                kept = Run.resume(folder, settings.as_dict())
            else:
                kept = Run.start(folder, settings.as_dict(), (task.world for task in tasks))
            with kept as run:
                rows = evaluate_run(
                    run,
                    settings,
                    made,
                    tasks,
                    factory,
                    customer,
                    progress=partial(progress.advance, bar),
                )
            table = pass_hat_table(rows, allow_unequal=True)
            matched = [row.grade.db_match for row in rows if row.grade is not None and row.grade.db_match is not None]
            answers[chosen] = {
                "pass_hat": {str(k): estimate._asdict() for k, estimate in table.by_k.items()},
                "tasks": table.tasks,
                "trials": trials,
                "not_judged": table.not_judged,
                "void": table.void,
                "db_match": sum(map(bool, matched)) / len(matched) if matched else None,
                "run": str(folder),
            }
            if tau2_results is not None:
                from toolgym.compat.tau2 import write_results

                write_results(tau2_results, made, rows, max_steps=max_steps, max_errors=max_errors)
    if as_json:
        print_json({"domain": domain, "split": split, "data": data, "user": user, "agents": answers})
    else:
        _print(domain, split, data, user, trials, answers, getattr(customer, "comparable", True))
        if tau2_results is not None:
            console.print(f"tau2 results: {tau2_results}")


def _fresh_name(runs: Path, domain: str) -> str:
    """The time and the domain, numbered if there is such a run already."""
    title = f"{time.strftime('%Y%m%d-%H%M%S')}-{domain}"
    number, fresh = 1, title
    while any(runs.glob(f"{fresh}-*")):
        number, fresh = number + 1, f"{title}-{number + 1}"
    return fresh


def _print(
    domain: str, split: str, data: str, user: str, trials: int, answers: dict[str, Any], comparable: bool
) -> None:
    table = Table(title=f"{domain} · {split} · {data} data · user {user} · {trials} trials")
    table.add_column("agent", no_wrap=True)
    for k in range(1, trials + 1):
        table.add_column(f"Pass^{k} (95 %)", justify="right", no_wrap=True)
    for heading in ("tasks", "not judged", "void", "DB match"):
        table.add_column(heading, justify="right")
    for chosen, answer in answers.items():
        cells = [
            _percent(answer["pass_hat"][str(k)]) if str(k) in answer["pass_hat"] else "n/a"
            for k in range(1, trials + 1)
        ]
        match = answer["db_match"]
        table.add_row(
            chosen,
            *cells,
            str(answer["tasks"]),
            str(answer["not_judged"]),
            str(answer["void"]),
            "n/a" if match is None else f"{100 * match:.1f}",
        )
    console.print(table)
    if any(answer["not_judged"] for answer in answers.values()):
        console.print("Tasks that need a judge are not judged without one: they count neither way.")
    if not comparable:
        console.print(f"The user {user!r} does not play a customer: these figures compare with no other user's.")
    for chosen, answer in answers.items():
        console.print(f"{chosen}: {answer['run']}", soft_wrap=True)


def _percent(estimate: dict[str, float]) -> str:
    low, high = 100 * estimate["low"], 100 * estimate["high"]
    return f"{100 * estimate['mean']:.1f} ({low:.0f}-{high:.0f})"
