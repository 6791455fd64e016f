"""Asking a model, and what it used while it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from toolgym.errors import BudgetError, ContextError, ServiceError
from toolgym.messages import AgentID
from toolgym.models.connections import NO_KEY, Endpoint, address, check, connect, shown
from toolgym.models.errors import RefusedError
from toolgym.models.exchange import exchange
from toolgym.models.failures import RequestError, advice
from toolgym.models.limits import Throttle
from toolgym.models.probe import WITHIN_S, look
from toolgym.models.replies import Reply, read_completion, used
from toolgym.models.retries import may_pass, retrying
from toolgym.models.settings import ModelSettings
from toolgym.models.tool_formats import in_text, read_calls
from toolgym.trajectory import NO_USAGE, Usage

_SEEDS = 2**31
_SAID = 300
_APART = ("extra_headers", "extra_query", "extra_body")


class ChatModel:
    """A model behind an OpenAI-compatible endpoint; one serves any number of conversations at once.

    It can be pickled. Clients are opened when they are needed, one for each endpoint and event loop.

    Args:
        settings: Which model, where and how.
        throttle: The limits of the run, shared with its other models; None for none.

    Example:
        >>> model = ChatModel(ModelSettings(model="qwen", base_url="http://localhost:8000/v1"))
        >>> conversation = model.start(seed=7)
        >>> async def greet():
        ...     return await conversation.complete([{"role": "user", "content": "Hello!"}])
    """

    def __init__(self, settings: ModelSettings, throttle: Throttle | None = None) -> None:
        self.settings = settings
        self.throttle = throttle if throttle is not None else Throttle()

    def check(self) -> None:
        """See that it can be asked, as far as that can be told without asking it.

        Raises:
            DataError: If there is no key where one is needed.
            MissingExtraError: If the extra ``llm`` is not installed.
        """
        check(self.settings)

    async def probe(self, within_s: float = WITHIN_S) -> None:
        """See that its endpoint is there and knows it, before anything depends on it.

        The endpoint is asked which models it has. Where that does not tell, the model is asked for a first word, which
        may cost as much as a word does. Nothing is asked twice. An endpoint that was reached but does not answer in
        time, is busy, or is not ready yet is left alone: an episode waits for it.

        Args:
            within_s: Seconds that this takes at most, above 0.

        Raises:
            ServiceError: If nothing is there, or what is there is no such endpoint.
            RefusedError: If it does not know the model, and the names that it knows are then told; or refuses the key,
                or all requests that are like ours.
            BudgetError: If the budget is spent, or cannot be kept as the cost is not known.
            DataError: If there is no key where one is needed.
            MissingExtraError: If the extra ``llm`` is not installed.
        """
        endpoint, talk = await connect(self.settings), self.start()
        try:
            await look(self.settings, endpoint, talk, within_s)
        except RequestError as failure:
            raise talk.error(failure, endpoint.key, 1) from None

    def start(self, requestor: AgentID = "assistant", seed: int | None = None) -> Conversation:
        """Begin a conversation.

        Args:
            requestor: The side that the model plays: its calls are that side's.
            seed: From which the seeds of its requests follow, at least 0; None for none.
        """
        return Conversation(self, requestor, seed)


class Conversation:
    """The requests of one participant in one episode.

    Args:
        model: Who is asked.
        requestor: The side that the model plays.
        seed: From which the seeds of the requests follow; None for none.

    Attributes:
        usage: What was used so far, requests that failed and were repeated included. A request whose answer never came,
            or that does not tell, leaves tokens and cost unknown; one that was turned away used none. One that is
            cancelled is not counted: what was used before stays known.
    """

    def __init__(self, model: ChatModel, requestor: AgentID = "assistant", seed: int | None = None) -> None:
        self.model = model
        self.requestor: AgentID = requestor
        self.seed = seed
        self.usage: Usage = NO_USAGE
        self._asked = 0

    async def complete(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]] = ()) -> Reply:
        """Ask for the next message.

        The k-th call sends the seed ``(seed + k) mod 2**31``, k from 0, with all of its requests.

        Args:
            messages: The dialogue so far in chat format, the model's own messages being the assistant's. A message's
                ``reasoning_content`` is sent as it is.
            tools: The tools in OpenAI's function format. Without any, no text of the reply is taken for a call.

        Returns:
            The reply; one that was cut (``length``) or filtered (``content_filter``) is a reply too.

        Raises:
            ContextError: If the dialogue does not fit into the model's context.
            RefusedError: If the service refuses what it would refuse again.
            ServiceError: If it fails as often as ``attempts`` says.
            BudgetError: If the budget is spent, or cannot be kept as the cost is not known.
            DataError: If there is no key where one is needed.
            MissingExtraError: If the extra ``llm`` is not installed.
        """
        settings = self.model.settings
        endpoint = await connect(settings)
        body = self._request(messages, tools)
        self._asked += 1
        caller = retrying(settings.attempts)
        try:
            reply: Reply = await caller(self._attempt, endpoint, body)
        except RequestError as failure:
            # The service's own error may repeat the key or hold it in its request, so it is not chained.
            raise self.error(failure, endpoint.key, caller.statistics["attempt_number"]) from None
        if not tools or reply.calls or reply.text is None:
            return reply
        text, calls = read_calls(reply.text, tools, settings.tool_format, self.requestor)
        return replace(reply, text=text, calls=calls)

    def _request(self, messages: Sequence[Mapping[str, Any]], tools: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        settings = self.model.settings
        body: dict[str, Any] = {"model": settings.model}
        if settings.tool_format == "native":
            body["messages"] = list(messages)
            if tools:
                body["tools"] = list(tools)
        else:
            body["messages"] = in_text(messages, tools, settings.tool_format)
        if settings.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if settings.seeded and self.seed is not None:
            body["seed"] = (self.seed + self._asked) % _SEEDS
        body |= {name: value for name, value in settings.arguments.items() if name not in _APART}
        body |= settings.arguments.get("extra_body", {})
        return body

    async def once(self, endpoint: Endpoint, messages: Sequence[Mapping[str, Any]]) -> Reply:
        """Make one request, and no other.

        Raises:
            RequestError: If it comes to nothing.
            BudgetError: If the budget is spent, or cannot be kept as the cost is not known.
        """
        return await self._attempt(endpoint, self._request(messages, ()))

    async def _attempt(self, endpoint: Endpoint, body: dict[str, Any]) -> Reply:
        settings, throttle = self.model.settings, self.model.throttle
        await throttle.admit(address(settings), settings.model, body)
        usage = Usage(calls=1)
        try:
            with endpoint.client() as client:
                completion = await exchange(
                    client,
                    body,
                    settings.arguments.get("extra_headers", {}),
                    settings.arguments.get("extra_query", {}),
                    settings.timeout_s,
                )
            usage = used(completion, settings.price)
            reply = read_completion(completion, self.requestor)
        except RequestError as failure:
            self._count(Usage(1, 0, 0, 0.0) if failure.free else usage)
            raise
        self._count(usage)
        if throttle.budget_usd is not None and usage.cost_usd is None:
            why = "does not tell the tokens used" if settings.price else "does not tell it; give a price"
            raise BudgetError(
                f"the budget of ${throttle.budget_usd:.6g} cannot be kept: what {settings.model} costs is not known, "
                f"as its server {why}"
            )
        return reply

    def _count(self, usage: Usage) -> None:
        self.usage += usage
        self.model.throttle.pay(usage.cost_usd or 0.0)

    def error(self, failure: RequestError, key: str, attempts: int) -> ContextError | ServiceError:
        """What a caller is told of a failure.

        Args:
            failure: The last one.
            key: What must not be shown.
            attempts: How many requests were made.
        """
        who = f"{self.model.settings.model} at {shown(address(self.model.settings))}"
        status = f"status {failure.status}" if failure.status is not None else "no status"
        hint = failure.hint or advice(address(self.model.settings), failure)
        said = failure.said if key == NO_KEY else failure.said.replace(key, "***")
        if len(said) > _SAID:
            said = f"{said[:_SAID]}…"
        if hint:
            said = said.removesuffix(".") + hint
        if failure.kind == "context":
            return ContextError(f"the dialogue no longer fits into the context of {who} ({status}): {said}")
        if may_pass(failure):
            times = "once" if attempts == 1 else f"{attempts} times, the last time"
            return ServiceError(f"{who} failed {times} with {status}: {said}")
        if failure.kind == "passing":
            status += f", to be tried again in {failure.wait_s:.0f} seconds"
        return RefusedError(f"{who} refuses the request ({status}): {said}", failure.status)
