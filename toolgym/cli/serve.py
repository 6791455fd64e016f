"""``toolgym serve``: a domain for other people's programs: its tools over MCP, its customer as a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from toolgym.cli.completion import users
from toolgym.cli.eval_options import Habits
from toolgym.cli.output import Data, DomainName, say

if TYPE_CHECKING:
    from toolgym.domain import AgentSpec, Domain
    from toolgym.serving.access import Access
    from toolgym.serving.chat_api import ChatAPI
    from toolgym.serving.choice import EpisodeChoice
    from toolgym.serving.mcp_server import EpisodeServer


def serve(
    domain: DomainName,
    mcp: Annotated[
        bool, typer.Option("--mcp", help="Serve its tools over MCP: one episode for each session of a client.")
    ] = False,
    serve_user: Annotated[
        bool, typer.Option("--serve-user", help="Serve its customer as a model, over OpenAI's chat completions.")
    ] = False,
    stdio: Annotated[
        bool, typer.Option("--stdio", help="With --mcp: over standard input and output, one episode for one client.")
    ] = False,
    host: Annotated[str, typer.Option(help="The address to serve on; beyond this machine with a token.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 is any that is free.")] = 8300,
    token: Annotated[
        str | None,
        typer.Option(
            envvar="TOOLGYM_TOKEN", help="What clients must send; other users see what the command line says."
        ),
    ] = None,
    task: Annotated[
        str | None, typer.Option(help="A task's id; default: one drawn from the split by the seed.")
    ] = None,
    split: Annotated[
        str | None, typer.Option(help="The split to draw a task from; default: test, or else the first.")
    ] = None,
    trial: Annotated[int, typer.Option(min=0, help="Which trial of the task.")] = 0,
    seed: Annotated[int, typer.Option(min=0, help="The seed of the draw and of the user.")] = 0,
    data: Data = "toolgym",
    user: Annotated[
        str | None,
        typer.Option(
            autocompletion=users, help="Who plays the user; default: scripted if the task carries facts, else minimal."
        ),
    ] = None,
    habits: Habits = None,
    reward: Annotated[str, typer.Option(help="With --mcp: what is paid, a preset's name.")] = "raft",
    max_sessions: Annotated[int, typer.Option(min=1, help="With --mcp: sessions at once.")] = 1000,
    idle_minutes: Annotated[
        float, typer.Option(min=0.1, help="With --mcp: a session that nobody used for so long is forgotten.")
    ] = 30.0,
) -> None:
    """Serve a domain to other programs: its tools over MCP, its customer as a model, or both.

    Clients choose the task, the trial and the seed; what they leave open is what the options say.
    """
    from toolgym.errors import DataError, MissingExtraError
    from toolgym.registration import make_domain
    from toolgym.serving.access import Access
    from toolgym.serving.choice import EpisodeChoice

    if not mcp and not serve_user:
        raise DataError("say what to serve: --mcp its tools, --serve-user its customer, or both")
    if stdio and (serve_user or not mcp):
        raise DataError("--stdio is for --mcp alone; the customer is served over HTTP")
    access = Access(host, token)
    made = make_domain(domain, data)
    choice = EpisodeChoice(task, split, trial, seed)
    found = choice.find(made)
    player = _player(made, user, habits, [found] if task else list(made.tasks[choice.split_of(made, found)]))
    try:
        tools = _tools(made, player, choice, reward, max_sessions, idle_minutes * 60) if mcp else None
        chat = _chat(made, player, choice) if serve_user else None
    except ModuleNotFoundError as error:
        extra = "mcp" if mcp else "serve"
        raise MissingExtraError(f"toolgym serve {'--mcp' if mcp else '--serve-user'} ({error.name})", extra) from error
    if stdio:
        assert tools is not None
        _run_stdio(tools)
    else:
        _run_http(access, port, chat, tools)


def _player(domain: Domain, user: str | None, habits: str | None, tasks: list[object]) -> AgentSpec:
    """Who plays the users; not one that needs a model or a person."""
    from toolgym.errors import DataError
    from toolgym.registration import default_user, make_user, user_spec
    from toolgym.serving.customer import answers_alone

    name = user or default_user(tasks)  # type: ignore[arg-type]  # tasks; typer looks at this module's names
    spec = user_spec(name, domain)
    if not answers_alone(spec):
        raise DataError(
            f"--user {name!r} has a model or is a person; users that can be served are scripted and minimal"
        )
    return make_user(name, domain=domain, habits=habits)


def _tools(
    domain: Domain, user: AgentSpec, choice: EpisodeChoice, reward: str, most: int, idle: float
) -> EpisodeServer:
    from toolgym.episode.conversation import ConversationParts
    from toolgym.rewards import build_reward
    from toolgym.serving.mcp_server import EpisodeServer
    from toolgym.serving.sessions import Sessions

    parts = ConversationParts(domain, user, build_reward(reward), split=choice.split or "", user_name=user.name)
    return EpisodeServer(parts, choice, Sessions(most, idle))


def _chat(domain: Domain, user: AgentSpec, choice: EpisodeChoice) -> ChatAPI:
    from toolgym.serving.chat_api import ChatAPI
    from toolgym.serving.customer import Customer

    return ChatAPI(Customer(domain, user), choice)


def _run_stdio(tools: EpisodeServer) -> None:
    import anyio

    anyio.run(tools.over_stdio)


def _run_http(access: Access, port: int, chat: ChatAPI | None, tools: EpisodeServer | None) -> None:
    from toolgym.serving.server import CHAT, MCP, app_of, listen
    from toolgym.serving.server import serve as serve_until_told

    def ready(address: str) -> None:
        if chat is not None:
            say(f"the customer: {address}{CHAT}")
        if tools is not None:
            say(f"the tools: {address}{MCP}")
        say("Ctrl-C ends it.")

    serve_until_told(app_of(access, chat, tools), listen(access, port), ready)
