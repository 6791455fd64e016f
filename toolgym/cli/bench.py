"""``toolgym bench``: what episodes cost: bare, in dialogue, many at once, in a vector environment, with a policy."""

from __future__ import annotations

import os
from typing import Annotated, Literal

import typer

from toolgym.cli.completion import domains
from toolgym.cli.output import AsJson, errors, print_json
from toolgym.cli.tables import TextTable, numeric


def bench(
    what: Annotated[
        Literal["episodes", "dialogues", "rollouts", "vector", "policy"],
        typer.Argument(metavar="WHAT", help="What to measure: episodes, dialogues, rollouts, vector or policy."),
    ] = "episodes",
    domain: Annotated[str, typer.Option(help="The domain.", autocompletion=domains)] = "retail",
    data: Annotated[
        str | None,
        typer.Option(
            help="Whose tasks, toolgym's or tau2's; default: toolgym for dialogues and policy, else tau2 if "
            "TAU2_DATA_DIR is set."
        ),
    ] = None,
    concurrency: Annotated[
        int | None, typer.Option(min=1, help="For rollouts: episodes played at once; default: 4096.")
    ] = None,
    policy: Annotated[str | None, typer.Option(help="For policy: its folder; default: tiny.")] = None,
    as_json: AsJson = False,
) -> None:
    """Measure what episodes cost on one core; ratios are within one run.

    episodes: bare, against a baseline that does for an episode what tau2 does: it loads and validates the whole
    database three times and hashes it twice; and against the cheapest one that tau2 could do honestly: one load, the
    calls, one hash. dialogues: the oracle talking with the scripted user, against the same episodes without these two.
    rollouts: thousands at once with a user that takes 50 ms to answer, against the same waiting and the same episodes
    apart. vector: a step of the vector environment against that of the bare episodes. policy: episodes that a policy
    plays, against the forward passes of the same run alone.
    """
    from toolgym.errors import DataError
    from toolgym.registration import make_domain

    if concurrency is not None and what != "rollouts":
        raise DataError(f"--concurrency {concurrency} is for 'toolgym bench rollouts'")
    if policy is not None and what != "policy":
        raise DataError(f"--policy {policy!r} is for 'toolgym bench policy'")
    talks = what in ("dialogues", "policy")  # tau2's tasks carry no facts to talk from
    ours = talks or not os.environ.get("TAU2_DATA_DIR")
    made = make_domain(domain, data or ("toolgym" if ours else "tau2"))
    with errors.status("measuring"):
        if what == "rollouts":
            from toolgym.testing.rollout_bench import measure_rollouts

            report = measure_rollouts(made, concurrency=concurrency or 4096)
        elif what == "dialogues":
            from toolgym.testing.dialogue_bench import measure_dialogues

            report = measure_dialogues(made)
        elif what == "vector":
            from toolgym.testing.vector_bench import measure_vector

            report = measure_vector(made)
        elif what == "policy":
            from toolgym.errors import MissingExtraError
            from toolgym.registry import BENCHMARKS

            try:
                measure_policy = BENCHMARKS.load("policy")
            except ModuleNotFoundError as error:
                raise MissingExtraError("toolgym bench policy", "train") from error
            report = measure_policy(made, policy or "tiny")
        else:
            from toolgym.testing.bench import measure

            report = measure(made)
    if as_json:
        print_json(report.as_dict())
        return
    table = TextTable("case", *numeric("µs", "n"), title=report.machine)
    for name, case in report.cases.items():
        table.add(name, f"{case.median_us:,.1f}", str(case.n))
    table.print()
    ratios = TextTable("ratio", *numeric("value"))
    for name, value in report.ratios.items():
        ratios.add(name, f"{value:,.2f}")
    ratios.print()
