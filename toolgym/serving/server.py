"""One HTTP server for what is served: the customer, the tools, or both."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from typing import TYPE_CHECKING, Any

from toolgym.errors import DataError, MissingExtraError
from toolgym.serving.access import Access, Guard

if TYPE_CHECKING:
    from toolgym.serving.chat_api import ChatAPI
    from toolgym.serving.mcp_server import EpisodeServer

GRACE = 3
"""Seconds that open connections have when the server is to end."""
KEPT_ALIVE = 75
"""Seconds that a connection stays open between requests: a client that thinks for long finds it still there."""
CHAT, MCP = "/v1", "/mcp"
"""Where the customer and the tools are."""


def app_of(access: Access, chat: ChatAPI | None = None, tools: EpisodeServer | None = None) -> Guard:
    """The ASGI application of a server.

    Args:
        access: Who may come in.
        chat: The customer, at ``/v1``.
        tools: The tools, at ``/mcp``.
    """
    from starlette.applications import Starlette
    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    from toolgym.serving.access import error_body

    async def refused(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        served = [*([f"{CHAT}/chat/completions", f"{CHAT}/models"] if chat else []), *([MCP] if tools else [])]
        message = f"{request.method} {request.url.path[:200]}: {error.detail}. Here are {', '.join(served)}."
        return JSONResponse(error_body(error.status_code, message), error.status_code)

    async def broken(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse(error_body(500, "the server failed; its log says how"), 500)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as stack:
            if tools is not None:
                await stack.enter_async_context(tools.manager.run())
            yield

    routes: list[Any] = list(chat.routes) if chat is not None else []
    if tools is not None:
        routes.append(Route(MCP, endpoint=tools))
    handlers: dict[Any, Any] = {HTTPException: refused, Exception: broken}
    return Guard(Starlette(routes=routes, exception_handlers=handlers, lifespan=lifespan), access)


def listen(access: Access, port: int) -> socket.socket:
    """A socket on a port of the access's host.

    Args:
        access: Where.
        port: Which; 0 is any that is free.

    Raises:
        DataError: If the host is none of this machine's, or the port is taken or not allowed.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            access.host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind, protocol)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind(address)
            listening.listen(1024)
        except BaseException:
            listening.close()
            raise
    except OSError as error:
        raise DataError(
            f"cannot serve on {access.host} port {port}: {error.strerror or error}; choose another --port or --host"
        ) from error
    return listening


def address_of(listening: socket.socket) -> str:
    """The address at which a client on this machine finds a server."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def make_server(app: Guard) -> Any:
    """The HTTP server of an application; its ``run(sockets=[…])`` serves until it is told to end.

    Raises:
        MissingExtraError: If the extra ``serve`` is not installed.
    """
    try:
        import uvicorn
    except ImportError as error:
        raise MissingExtraError("serving over HTTP", "serve") from error
    quiet: dict[str, Any] = {"log_level": "warning", "access_log": False, "lifespan": "on", "ws": "none"}
    config = uvicorn.Config(app, timeout_keep_alive=KEPT_ALIVE, timeout_graceful_shutdown=GRACE, **quiet)
    return uvicorn.Server(config)


def serve(app: Guard, listening: socket.socket, ready: Callable[[str], None] = lambda _: None) -> None:
    """Serve until the process is interrupted or told to end.

    Args:
        app: The application.
        listening: Its socket, which is closed in the end.
        ready: Called with the address just before the first request is answered.

    Raises:
        MissingExtraError: If the extra ``serve`` is not installed.
        KeyboardInterrupt: When it was interrupted and has ended.
    """
    with listening:
        server = make_server(app)
        ready(address_of(listening))
        server.run(sockets=[listening])
