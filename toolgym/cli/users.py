"""``toolgym users``: how often a user fails by itself."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toolgym.cli.completion import users
from toolgym.cli.eval_options import Concurrency, Habits, Name, RunsFolder, Seed, Split, TaskIds
from toolgym.cli.figures import VoidTrials, refusal
from toolgym.cli.models import (
    BaseUrl,
    BudgetUsd,
    ModelArgs,
    RequestsPerMinute,
    TokensPerMinute,
    UserModel,
    model_settings,
)
from toolgym.cli.output import AsJson, Data, DomainName, print_json, say
from toolgym.cli.progress import show_play
from toolgym.cli.tables import TextTable, numeric

if TYPE_CHECKING:
    from toolgym.evaluation import UserCheck, UserError
    from toolgym.models import Throttle
    from toolgym.registration.check_user import CheckPlan

app = typer.Typer(help="Measure users.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    pass


@app.command("check")
def check(
    domain: DomainName,
    user: Annotated[
        str | None,
        typer.Option(help="The user; default: scripted if all tasks carry facts, else minimal.", autocompletion=users),
    ] = None,
    habits: Habits = None,
    split: Split = None,
    task: TaskIds = None,
    form: Annotated[
        list[str] | None,
        typer.Option(help="A form in which the oracle speaks; may be given several times. Default: all that it has."),
    ] = None,
    asked_back: Annotated[
        Literal["short", "full"],
        typer.Option(
            help="What the oracle says when the user asks back before a write: short puts the question again, "
            "full says all of it in other words."
        ),
    ] = "short",
    data: Data = "toolgym",
    seed: Seed = 0,
    runs: RunsFolder = Path("runs"),
    name: Name = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the check of this name: what is missing or void is played.")
    ] = False,
    concurrency: Concurrency = 16,
    void: VoidTrials = "refuse",
    user_model: UserModel = None,
    user_base_url: BaseUrl = None,
    user_args: ModelArgs = None,
    rpm: RequestsPerMinute = None,
    tpm: TokensPerMinute = None,
    budget_usd: BudgetUsd = None,
    as_json: AsJson = False,
) -> None:
    """How often a user fails by itself: its error rate with a 95 % interval, by form and by kind of task.

    The domain's oracle is the assistant. It decides rightly, and speaks in the forms of real models, so whatever fails
    is the user's fault. Exit 1 if too many dialogues are void for figures; see --void.
    """
    from toolgym.errors import DataError
    from toolgym.models import Throttle
    from toolgym.registration.check_user import plan_check
    from toolgym.registration.evaluate import domain_over

    if resume and name is None:
        raise DataError("--resume needs --name, the name of the check to continue")
    model = model_settings("user", user_model, user_base_url, user_args)
    throttle = Throttle(rpm=rpm, tpm=tpm, budget_usd=budget_usd)
    made, split = domain_over(domain, data, split)
    plan = plan_check(
        made,
        split,
        user=user,
        habits=habits,
        tasks=task or (),
        forms=form or (),
        asked_back=asked_back,
        seed=seed,
        user_model=model,
        throttle=throttle,
        runs=runs,
        name=name,
        resume=resume,
    )
    _play(plan, concurrency, throttle)
    found = plan.result(void)
    if as_json:
        print_json({**found.as_dict(), "runs": {form: str(one.plan.folder) for form, one in plan.planned.items()}})
    else:
        _print(found, plan)
    if found.refused:
        raise typer.Exit(1)


def _play(plan: CheckPlan, concurrency: int, throttle: Throttle) -> None:
    """Check that all can play, and play what the runs lack, one form after the other."""
    from toolgym.models.before import ask_models
    from toolgym.rollouts import check_players, opened, play_run

    throttle.pay(sum(one.plan.cost_usd for one in plan.planned.values()))
    first = plan.first
    check_players(plan.domain, first.played, plan.players, first.plan.evaluation.seed)
    if any(one.plan.lacking for one in plan.planned.values()):
        ask_models(plan.models, throttle)
    with opened({form: one.plan for form, one in plan.planned.items()}) as kept:
        for form, one in plan.planned.items():
            title = one.plan.folder.name.removesuffix(f"-{one.plan.evaluation.agent.name}")
            plays = partial(play_run, kept[form], one.plan.evaluation, only=one.only, concurrency=concurrency)
            show_play(kept[form], one.plan, plays, title, throttle)


def _print(found: UserCheck, plan: CheckPlan) -> None:
    settings = found.settings
    user = " ".join(filter(None, (settings["user"], settings.get("habits"))))
    title = f"{settings['domain']} · {settings['split']} · user {user} · asked back: {plan.asked_back}"
    for what, parts in (("form", found.by_form), ("kind of task", found.by_kind)):
        table = TextTable(what, *numeric("error in % (95 %)", "failed", "dialogues"), title=title)
        for name, error in parts.items():
            table.add(name or "n/a", _cell(error), f"{error.failed:,}", f"{error.counted:,}")
        if what == "form" or len(parts) > 1:
            table.add("all", _cell(found.error), f"{found.error.failed:,}", f"{found.error.counted:,}", style="bold")
        table.print()
        title = ""
    if found.refused:
        episodes = sum(map(len, found.trajectories.values()))
        say(refusal(found.void, episodes) if found.void else "No dialogue counts, so there is no figure.")
    elif found.void:
        say(f"{found.void} dialogues are void; --resume plays them again.")
    if not plan.user.comparable:
        say(f"The user {plan.user.name!r} does not play a customer: its error says how far it is from one.")
    say(
        f"{len(plan.planned)} runs: {plan.first.plan.folder} and so on"
        if len(plan.planned) > 1
        else f"{plan.first.plan.folder}"
    )


def _cell(error: UserError) -> str:
    if error.rate is None:
        return "n/a"
    rate, low, high = (100 * value for value in error.rate)
    return f"{rate:.1f} ({low:.1f}-{high:.1f})"


def print_known(known: list[dict[str, Any]]) -> None:
    """What is known of the error of the user with which agents were evaluated."""
    for one in known:
        error = one["error"]
        share = f"{100 * error['rate']:.1f} % ({100 * error['low']:.1f}-{100 * error['high']:.1f})"
        say(
            f"The user {one['user']!r} itself fails in {share} of its dialogues with an oracle in "
            f"{len(one['by_form'])} forms ({one['split']}, asked back: {one['asked_back']}), so these figures are "
            "lower than what the agents are worth."
        )
