"""The MCP side of a served episode: its tools, its policy, and one episode for each session of a client."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

import anyio.to_thread
import mcp_types as types
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS

from toolgym import __version__
from toolgym.episode.conversation import ConversationParts
from toolgym.errors import EpisodeError, ToolGymError
from toolgym.serving.access import Receive, Scope, Send
from toolgym.serving.choice import EpisodeChoice
from toolgym.serving.episode import END, READ, TALK, ServedEpisode, check_names, served_tools
from toolgym.serving.sessions import Sessions

SESSION = "mcp-session-id"
"""The header in which a client names its session, which the server gave it."""
POLICY, CONVERSATION, GRADE, TRAJECTORY = (
    f"toolgym://{name}" for name in ("policy", "conversation", "grade", "trajectory")
)
RESOURCES = (
    types.Resource(uri=POLICY, name="policy", description="What the assistant must follow.", mime_type="text/plain"),
    types.Resource(
        uri=CONVERSATION, name="conversation", description="The conversation so far.", mime_type="application/json"
    ),
    types.Resource(uri=GRADE, name="grade", description="The grade, at the end.", mime_type="application/json"),
    types.Resource(
        uri=TRAJECTORY, name="trajectory", description="The whole episode, at the end.", mime_type="application/json"
    ),
)
HOW = (
    f"You are the assistant. Call {READ.name} first: the user has spoken already. What you say to the user goes "
    f"through {TALK.name}; all other tools are those of your work. When the conversation is over, call {END.name}."
)
ONE = "the one of this process"
"""The session over standard input and output."""


class EpisodeServer:
    """An MCP server over a domain, in which each session of a client has an episode of its own.

    Args:
        parts: What the episodes are made of.
        choice: What is played where a client does not say: over HTTP it may, in the query of the address.
        sessions: Keeps the episodes.

    Raises:
        DataError: If the domain has a tool with the name of one that a served episode has itself.
    """

    def __init__(self, parts: ConversationParts, choice: EpisodeChoice, sessions: Sessions[ServedEpisode]) -> None:
        check_names(parts.domain)
        self.parts = parts
        self.choice = choice
        self.sessions = sessions
        self.tools = [
            types.Tool(name=one.name, description=one.description, input_schema=dict(one.parameters))
            for one in served_tools(parts.domain)
        ]
        self.server: Server[Any] = Server(
            f"toolgym-{parts.domain.name}",
            version=__version__,
            instructions=f"{HOW}\n\n{parts.domain.policy}",
            on_list_tools=self._list_tools,
            on_call_tool=self._call_tool,
            on_list_resources=self._list_resources,
            on_read_resource=self._read_resource,
        )
        self.server.middleware.append(self._admit)
        self.manager = StreamableHTTPSessionManager(self.server, session_idle_timeout=sessions.idle)

    async def over_stdio(self) -> None:
        """Play one episode over standard input and output, until the client closes them."""
        async with stdio_server() as (read, write):
            await self.server.run(read, write, self.server.create_initialization_options())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer over streamable HTTP; what a session that its client ends holds is forgotten."""
        await self.manager.handle_request(scope, receive, send)
        if scope["method"] == "DELETE":
            self.sessions.end(dict(scope["headers"]).get(SESSION.encode(), b"").decode("latin-1"))

    def _choice(self, ctx: Any) -> EpisodeChoice:
        """What the client chose in the address."""
        return self.choice if ctx.request is None else self.choice.read(dict(ctx.request.query_params))

    def _make(self, ctx: Any) -> ServedEpisode:
        choice = self._choice(ctx)
        return ServedEpisode(self.parts, choice.find(self.parts.domain), choice.trial, choice.seed)

    async def _admit(self, ctx: Any, call_next: Any) -> Any:
        """Refuse protocols without sessions, and a choice that names nothing, before anything is played."""
        if ctx.request is not None and ctx.protocol_version not in HANDSHAKE_PROTOCOL_VERSIONS:
            raise MCPError(
                code=types.UNSUPPORTED_PROTOCOL_VERSION,
                message=f"the protocol {ctx.protocol_version} has no sessions over HTTP, and an episode needs one; "
                "begin with the initialize handshake of an earlier version",
                data={"supported": list(HANDSHAKE_PROTOCOL_VERSIONS), "requested": ctx.protocol_version},
            )
        if ctx.method == "initialize":
            try:
                await anyio.to_thread.run_sync(self._choice(ctx).find, self.parts.domain)
            except ToolGymError as error:
                raise MCPError(code=types.INVALID_PARAMS, message=str(error)) from error
        return await call_next(ctx)

    async def _episode(self, ctx: Any) -> ServedEpisode:
        session = ONE if ctx.request is None else ctx.request.headers.get(SESSION, "")
        try:
            return await anyio.to_thread.run_sync(self.sessions.get, session, partial(self._make, ctx))
        except ToolGymError as error:
            raise MCPError(code=types.INVALID_REQUEST, message=str(error)) from error

    async def _list_tools(self, ctx: Any, params: Any) -> types.ListToolsResult:
        return types.ListToolsResult(tools=self.tools)

    async def _list_resources(self, ctx: Any, params: Any) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=list(RESOURCES))

    async def _call_tool(self, ctx: Any, params: Any) -> types.CallToolResult:
        episode = await self._episode(ctx)
        answer = await anyio.to_thread.run_sync(episode.call, params.name, params.arguments or {})
        data: Mapping[str, Any] | None = answer.data
        return types.CallToolResult(
            content=[types.TextContent(type="text", text=answer.text)],
            structured_content=None if data is None else dict(data),
            is_error=answer.error,
        )

    async def _read_resource(self, ctx: Any, params: Any) -> types.ReadResourceResult:
        address = str(params.uri)
        if address == POLICY:
            return _text(address, self.parts.domain.policy, "text/plain")
        if address not in (CONVERSATION, GRADE, TRAJECTORY):
            known = ", ".join(one.uri for one in RESOURCES)
            raise MCPError(code=types.INVALID_PARAMS, message=f"No resource {address[:200]!r}. Known: {known}.")
        episode = await self._episode(ctx)
        try:
            if address == TRAJECTORY:
                return _text(address, await anyio.to_thread.run_sync(episode.trajectory), "application/json")
            value: Any = episode.conversation() if address == CONVERSATION else episode.grade()
        except EpisodeError as error:
            raise MCPError(code=types.INVALID_REQUEST, message=str(error)) from error
        return _text(address, json.dumps(value), "application/json")


def _text(address: str, text: str, kind: str) -> types.ReadResourceResult:
    content = types.TextResourceContents(uri=address, text=text, mime_type=kind)
    return types.ReadResourceResult(contents=[content])
