"""The HTTP side of a served user: OpenAI's chat completions, with a task in the place of a model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator
from typing import Any, Literal
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from toolgym.errors import DataError, ServiceError, UnknownNameError
from toolgym.files.strict_json import parse
from toolgym.messages import Message, to_chat
from toolgym.serving.access import error_body
from toolgym.serving.choice import EpisodeChoice
from toolgym.serving.customer import Customer
from toolgym.tasks import Task


class _StreamOptions(BaseModel):
    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class ChatRequest(BaseModel):
    """What is read of a request; whatever else clients send, such as a temperature, changes nothing."""

    model_config = ConfigDict(extra="ignore")

    model: str = Field(max_length=1000)
    messages: list[dict[str, Any]]
    stream: bool | None = False
    stream_options: _StreamOptions | None = None
    n: Literal[1] | None = None
    seed: int | None = None
    metadata: dict[str, Any] | None = None


NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
"""The usage of every answer: a scripted user has no tokens."""


class ChatAPI:
    """Answers chat completions as the users of a domain.

    Args:
        customer: Who answers.
        choice: What is played where a request does not say.
    """

    def __init__(self, customer: Customer, choice: EpisodeChoice) -> None:
        self.customer = customer
        self.choice = choice
        self._models: list[dict[str, Any]] | None = None

    @property
    def routes(self) -> list[Route]:
        """Where it answers."""
        return [
            Route("/v1/chat/completions", self.complete, methods=["POST"]),
            Route("/v1/models", self.list_models, methods=["GET"]),
            Route("/v1/models/{name:path}", self.show_model, methods=["GET"]),
        ]

    async def complete(self, request: Request) -> Response:
        """``POST /v1/chat/completions``."""
        try:
            asked = _read(await request.body())
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            return failure(400, f"{place or 'the body'}: {first['msg']}", param=place or None)
        except ValueError as error:
            return failure(400, f"the body is not the JSON of a chat completion: {error}")
        try:
            task, choice = self.chosen(asked)
        except DataError as error:
            return failure(400, str(error))
        except UnknownNameError as error:
            return failure(404, str(error), code="model_not_found", param="model")
        try:
            arguments = (task, asked.messages, choice.trial, choice.seed)
            answer = await run_in_threadpool(self.customer.answer, *arguments)
        except DataError as error:
            return failure(400, str(error), param="messages")
        except ServiceError as error:
            return failure(500, str(error))
        identity = "chatcmpl-" + hashlib.sha256(await request.body()).hexdigest()[:24]
        head = {"id": identity, "created": 0, "model": asked.model}
        if asked.stream:
            with_usage = asked.stream_options is not None and asked.stream_options.include_usage
            return StreamingResponse(_chunks(head, answer, with_usage=with_usage), media_type="text/event-stream")
        choices = [{"index": 0, "message": _chat(answer), "logprobs": None, "finish_reason": _reason(answer)}]
        return JSONResponse({**head, "object": "chat.completion", "choices": choices, "usage": NO_TOKENS})

    def chosen(self, asked: ChatRequest) -> tuple[Task, EpisodeChoice]:
        """The task and the choice that a request names.

        The model's name is ``DOMAIN``, ``DOMAIN/SPLIT`` or ``DOMAIN/SPLIT/TASK``, with ``?trial=…&seed=…`` behind it
        if need be. What it does not say is said by the request's ``metadata``, then by its ``seed``, then by the
        server's own choice.

        Raises:
            UnknownNameError: If there is no such domain, split or task.
            DataError: If a trial or seed is no whole number of its range.
        """
        values: dict[str, str] = {} if asked.seed is None else {"seed": str(asked.seed)}
        for name, value in (asked.metadata or {}).items():
            if name in ("task", "split", "trial", "seed"):  # others are the client's own
                values[name] = str(value)
        name, _, query = asked.model.partition("?")
        parts = name.split("/", 2)
        domain = self.customer.domain
        if parts[0] != domain.name:
            hint = f"A model is named {domain.name}, {domain.name}/SPLIT or {domain.name}/SPLIT/TASK."
            raise UnknownNameError("model", asked.model[:200], [domain.name], hint)
        values.update(zip(("split", "task"), parts[1:], strict=False))
        values.update(parse_qsl(query, keep_blank_values=True))
        choice = self.choice.read(values)
        return choice.find(domain), choice

    async def list_models(self, request: Request) -> Response:
        """``GET /v1/models``: every task of every split."""
        if self._models is None:
            self._models = await run_in_threadpool(self._listed)
        return JSONResponse({"object": "list", "data": self._models})

    async def show_model(self, request: Request) -> Response:
        """``GET /v1/models/NAME``: whether there is such a task."""
        name = request.path_params["name"]
        query = f"?{request.url.query}" if request.url.query else ""
        try:
            self.chosen(ChatRequest(model=f"{name}{query}"[:1000], messages=[]))
        except (DataError, UnknownNameError) as error:
            return failure(404, str(error), code="model_not_found", param="model")
        return JSONResponse(_model(name))

    def _listed(self) -> list[dict[str, Any]]:
        domain = self.customer.domain
        return [
            _model(f"{domain.name}/{split}/{task.id}")
            for split in domain.tasks.splits()
            for task in domain.tasks[split]
        ]


def failure(status: int, message: str, *, code: str | None = None, param: str | None = None) -> JSONResponse:
    """An error in OpenAI's format."""
    return JSONResponse(error_body(status, message, code, param), status_code=status)


def _read(body: bytes) -> ChatRequest:
    value = parse(body)
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise ValueError("it holds half of a surrogate pair") from None
    return ChatRequest.model_validate(value)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "toolgym"}


def _reason(answer: Message) -> str:
    return "tool_calls" if answer.tool_calls else "stop"


def _chat(answer: Message) -> dict[str, Any]:
    """The user's message as a model's; it holds nothing that the user does not say."""
    chat = to_chat(answer)
    return {**{name: chat[name] for name in ("content", "tool_calls") if name in chat}, "role": "assistant"}


async def _chunks(head: dict[str, Any], answer: Message, *, with_usage: bool) -> AsyncIterator[str]:
    """The answer as server-sent events: the role, the text in words, the end."""
    chat = _chat(answer)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    words = (chat["content"] or "").split(" ")
    texts = [*(f"{word} " for word in words[:-1]), words[-1]]
    deltas += [{"content": text} for text in texts if text]
    if calls := chat.get("tool_calls"):
        deltas.append({"tool_calls": [{"index": place, **call} for place, call in enumerate(calls)]})
    common = {**head, "object": "chat.completion.chunk"}
    for delta in deltas:
        yield _event({**common, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    yield _event({**common, "choices": [{"index": 0, "delta": {}, "finish_reason": _reason(answer)}]})
    if with_usage:
        yield _event({**common, "choices": [], "usage": NO_TOKENS})
    yield "data: [DONE]\n\n"


def _event(value: dict[str, Any]) -> str:
    return f"data: {json.dumps(value)}\n\n"
