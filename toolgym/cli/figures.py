"""The figures of an evaluation: Pass^k, compliance, what does not count, and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from toolgym.cli.output import say
from toolgym.cli.tables import TextTable, numeric

if TYPE_CHECKING:
    from toolgym.evaluation import Void

VoidTrials = Annotated[
    Literal["exclude", "fail", "refuse"],
    typer.Option(
        help="How void episodes count: exclude leaves them out, as tau2 does; fail counts them as failures; refuse "
        "leaves up to 5 % out, and gives no figures above."
    ),
]

ENDINGS = ("user_stop", "agent_stop")
"""The regular ends of an episode."""
_ROLES = {"assistant": "agent", "user": "user", "judge": "judge"}


def refusal(void: int, episodes: int) -> str:
    """Why there is no Pass^k, and what to do."""
    from toolgym.evaluation.metrics import MOST_VOID

    return (
        f"no Pass^k, as {void} of {episodes} episodes are void ({void / episodes:.1%}, and at most {MOST_VOID:.0%} may "
        "be): --resume plays them again; --void exclude leaves them out, as tau2 does; --void fail counts them as "
        "failures"
    )


def print_figures(title: str, trials: int, answers: dict[str, Any], void: Void) -> None:
    """The figures of all agents as tables, and what is to be said of those that do not count."""
    headings = [f"Pass^{k} (95 %)" for k in range(1, trials + 1)] + ["tasks", "not judged", "void", "DB match"]
    table = TextTable("agent", *numeric(*headings), title=title)
    for chosen, answer in answers.items():
        cells = [
            _percent(answer["pass_hat"][str(k)]) if str(k) in answer["pass_hat"] else "n/a"
            for k in range(1, trials + 1)
        ]
        match = answer["db_match"]
        table.add(
            chosen,
            *cells,
            str(answer["tasks"]),
            str(answer["not_judged"]),
            str(answer["void"]),
            "n/a" if match is None else f"{100 * match:.1f}",
        )
    table.print()
    _print_compliance(answers)
    _print_usage(answers)
    if any(answer["not_judged"] for answer in answers.values()):
        say("Tasks that need a judge are not judged without one: they count neither way.")
    for chosen, answer in answers.items():
        if cut := {why: number for why, number in answer["terminations"].items() if why not in ENDINGS}:
            ends = ", ".join(f"{why} {number}" for why, number in cut.items())
            say(f"{chosen}: {sum(cut.values())} episodes were cut off, and count as failures: {ends}.")
    counted = "count as failures" if void == "fail" else "count neither way"
    for chosen, answer in answers.items():
        if answer["void"]:
            sources = ", ".join(f"{number} by the {source}" for source, number in answer["faults"].items())
            say(
                f"{chosen}: {answer['void']} episodes are void ({sources}) and {counted}; --resume plays them again. "
                f"The first: {answer['first_fault'][:400]}"
            )
            if answer["not_counted"]:
                say(f"{chosen}: {answer['not_counted']} tasks have void episodes alone, and are left out.")
            if answer["refused"]:
                say(f"{chosen}: {refusal(answer['void'], answer['episodes'])}.")


def compliance_lines(compliance: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The compliance of an assistant as name and figure, as far as there is something to count."""
    if compliance is None:
        return [("compliance", "n/a (the domain is not installed)")]
    what = {
        "consent": f"of {compliance['writes']:,} writes after a yes",
        "named": "of the writes named before the yes",
        "identified": f"of {compliance['episodes']:,} episodes with the user known first",
    }
    return [(name, f"{_percent(compliance[name])} {of}") for name, of in what.items() if compliance[name] is not None]


def _print_compliance(answers: dict[str, Any]) -> None:
    """How the agents went about it, where anything was written or opened."""
    names = ("consent", "named", "identified")
    table = TextTable("agent", *numeric(*(f"{name} (95 %)" for name in names), "writes"), title="Compliance")
    for chosen, answer in answers.items():
        compliance = answer["compliance"]
        if compliance is not None and any(compliance[name] is not None for name in names):
            cells = ["n/a" if compliance[name] is None else _percent(compliance[name]) for name in names]
            table.add(chosen, *cells, f"{compliance['writes']:,}")
    if table.rows:
        table.print()


def _print_usage(answers: dict[str, Any]) -> None:
    """Tokens and money of each model; n/a is what nobody knows, and is never taken for nothing."""
    numbers = ("requests", "tokens read", "tokens generated", "US dollars")
    table = TextTable("agent", "model of the", *numeric(*numbers), keys=2)
    for chosen, answer in answers.items():
        for role, usage in answer["usage"].items():
            counts = [usage[name] for name in ("calls", "input_tokens", "output_tokens")]
            cost = usage["cost_usd"]
            table.add(
                chosen,
                role,
                *("n/a" if count is None else f"{count:,}" for count in counts),
                "n/a" if cost is None else f"{cost:,.4f}",
            )
    if table.rows:
        table.print()


def _percent(estimate: dict[str, float]) -> str:
    low, high = 100 * estimate["low"], 100 * estimate["high"]
    return f"{100 * estimate['mean']:.1f} ({low:.0f}-{high:.0f})"
