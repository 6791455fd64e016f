"""``toolgym play``: a person plays one side of a task."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any

import typer

from toolgym.cli.completion import agents
from toolgym.cli.eval_options import Habits
from toolgym.cli.models import AgentModel, BaseUrl, ModelArgs, NoGreeting, UserModel, model_settings
from toolgym.cli.output import Data, DomainName, console, rule, say
from toolgym.cli.tables import TextTable, prose
from toolgym.messages import AgentID

if TYPE_CHECKING:
    from toolgym.domain import Domain
    from toolgym.episode.machine import Episode
    from toolgym.tasks import Task


def play(
    domain: DomainName,
    side: Annotated[AgentID, typer.Option("--as", help="The side that you play.")] = "assistant",
    task: Annotated[str | None, typer.Option(help="A task's id; default: one drawn at random from the split.")] = None,
    split: Annotated[
        str | None, typer.Option(help="The split to draw a task from; default: test, or else the first.")
    ] = None,
    data: Data = "toolgym",
    seed: Annotated[int, typer.Option(min=0, help="The seed of the draw and of the other side.")] = 0,
    user: Annotated[
        str | None,
        typer.Option(help="Who plays the user; default: scripted if the task carries facts, else minimal."),
    ] = None,
    habits: Habits = None,
    agent: Annotated[
        str | None,
        typer.Option(autocompletion=agents, help="Who plays the assistant, with --as user; default: oracle."),
    ] = None,
    user_model: UserModel = None,
    user_base_url: BaseUrl = None,
    user_args: ModelArgs = None,
    agent_model: AgentModel = None,
    agent_base_url: BaseUrl = None,
    agent_args: ModelArgs = None,
    no_greeting: NoGreeting = False,
) -> None:
    """Play a task yourself: as the assistant who serves a user, or as the user."""
    from toolgym.episode.machine import Episode
    from toolgym.episode.seeding import rng_for
    from toolgym.episode.turns import take_turn
    from toolgym.errors import DataError
    from toolgym.models.before import ask_models
    from toolgym.registration import default_user, make_agent, make_domain, make_user
    from toolgym.rewards import build_reward
    from toolgym.users.human import HumanUser

    if side == "user" and user is not None:
        raise DataError(f"--user {user!r} would play the user, but that is you; leave it out, or play --as assistant")
    if side == "user" and habits is not None:
        raise DataError(f"--habits {habits!r} would be the user's, but that is you; leave it out")
    if side == "assistant" and agent is not None:
        raise DataError(f"--agent {agent!r} would play the assistant, but that is you; leave it out, or play --as user")
    models = {
        "user": model_settings("user", user_model, user_base_url, user_args),
        "assistant": model_settings("agent", agent_model, agent_base_url, agent_args, greeting=not no_greeting),
    }
    if models[side] is not None:
        raise DataError(f"the {side} is you: a model is for the other side")
    made = make_domain(domain, data)
    chosen = _choose(made, task, split, seed)
    other: AgentID = "user" if side == "assistant" else "assistant"
    model = models[other]
    if other == "user":
        name = user or ("llm" if model is not None else default_user([chosen]))
        factory = make_user(name, model, domain=made, habits=habits)
    else:
        name = agent or ("llm" if model is not None else "oracle")
        factory = make_agent(name, model, domain=made)
    ask_models({"agent" if other == "assistant" else other: model})
    opponent = factory(made, chosen, rng_for(seed, chosen.key, 0, other))
    person = HumanUser(made, chosen, rng_for(seed, chosen.key, 0, side), side=side, console=console)
    episode = Episode(made, chosen, terms=build_reward())
    if sys.stdin.isatty():
        with suppress(ImportError):
            import readline  # noqa: F401  # the arrow keys, and what was typed before
    rule(f"{domain} · {chosen.id} · {data} data")
    say(f"The {other} is played by {name!r}. {factory.hint}".rstrip())
    try:
        while episode.turn is not None:
            if episode.turn == side:
                episode.advance(person.respond(episode.view(side)))
            else:
                take_turn(episode, other, opponent)
    except EOFError:
        say("\nYou left the episode; it is not graded.")
        return
    person.show(episode.view(side))
    _report(episode, side)


def _choose(domain: Domain, task_id: str | None, split: str | None, seed: int) -> Task:
    """The task that was asked for, or one drawn."""
    import numpy as np

    from toolgym.errors import DataError

    splits = domain.tasks.splits()
    if not splits:
        raise DataError(f"the domain {domain.name!r} has no embedded tasks yet; use --data tau2 and set TAU2_DATA_DIR")
    if task_id is not None:
        return domain.tasks.find(task_id)
    drawn_from = split or ("test" if "test" in splits else splits[0])
    tasks = domain.tasks[drawn_from]
    if not tasks:
        raise DataError(f"the split {drawn_from!r} of {domain.name!r} has no tasks; choose one of {', '.join(splits)}")
    return tasks[int(np.random.default_rng(seed).integers(len(tasks)))]


def _report(episode: Episode, side: AgentID) -> None:
    """How it went: success, its components, the reward by terms, and the gold calls next to those that were made."""
    grade = episode.grade
    rule({True: "success", False: "no success", None: "not graded"}[grade.success])
    say(f"It ended by {episode.termination}. {grade.note}".rstrip())
    for name, value in grade.components.items():
        say(f"{name}: {'not judged' if value is None else 'held' if value == 1.0 else 'did not hold'}")
    for what, checks in (("was not said", grade.communicate), ("does not hold", grade.env_assertions)):
        for check in checks:
            if not check.met:
                say(f"  {what}: {check.what} {check.note}".rstrip())
    terms = episode.rewards[side]
    parts = ", ".join(f"{name} {amount:g}" for name, amount in terms.items()) or "nothing was paid"
    say(f"reward: {sum(terms.values()):g} ({parts})")
    _compared(episode).print()


def _compared(episode: Episode) -> TextTable:
    """Every gold call and whether it was made, then the other calls that were made."""
    from toolgym.evaluation.grade import matches

    succeeded = {id(call) for call in episode.successful_calls}
    made = [call for message in episode.messages[len(episode.prepared.history) :] for call in message.tool_calls]
    in_gold: set[int] = set()
    table = TextTable(prose("call"), "gold", "made")
    for action in episode.task.gold:
        same = [call for call in made if call.requestor == action.requestor and matches(action, call)]
        in_gold.update(map(id, same))
        worked = any(id(call) in succeeded for call in same)
        table.add(
            _call(action.requestor, action.name, action.arguments),
            "yes",
            "yes" if worked else "failed" if same else "no",
        )
    for call in made:
        if id(call) not in in_gold:
            worked = id(call) in succeeded
            table.add(_call(call.requestor, call.name, call.arguments), "no", "yes" if worked else "failed")
    return table


def _call(side: AgentID, name: str, arguments: Mapping[str, Any]) -> str:
    return f"{side}: {name}({', '.join(f'{key}={value!r}' for key, value in arguments.items())})"
