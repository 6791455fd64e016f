"""Asking a model, and what it used while it was asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from toolgym.errors import BudgetError, ContextError, ServiceError
from toolgym.messages import AgentID
from toolgym.models.connections import Endpoint, address, check, connect, without_secrets
from toolgym.models.errors import RefusedError
from toolgym.models.exchange import exchange, written
from toolgym.models.failures import RequestError, advice
from toolgym.models.forms import TRIES, adapted
from toolgym.models.history import Form, with_calls, without_calls
from toolgym.models.limits import Throttle
from toolgym.models.probe import WITHIN_S, look
from toolgym.models.replies import Reply, issued_ids, read_completion, thought_fields, unusable, used
from toolgym.models.retries import may_pass, retrying
from toolgym.models.secrets import shown
from toolgym.models.settings import ModelSettings
from toolgym.models.suspicion import Taken
from toolgym.models.tool_formats import read_calls
from toolgym.trajectory import NO_USAGE, Usage

if TYPE_CHECKING:
    from tenacity import AsyncRetrying

_SEEDS = 2**31
_SAID = 300
_APART = ("extra_headers", "extra_query", "extra_body")


@dataclass(frozen=True)
class ModelRequest:
    """What one request is about, before it is written in a form.

    Args:
        messages: The dialogue in chat format.
        tools: The tools in OpenAI's function format.
        seed: The request's; None for none.
        as_is: Whether messages and reply stay as they are.
    """

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]]
    seed: int | None
    as_is: bool = False


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
        self.form = Form(settings.reasoning, user_first=not settings.greeting)
        """How its server wants a dialogue to be written, as far as it is known."""
        self.thought_fields: set[str] = set()
        """The fields in which its server was seen to send thoughts."""

    def check(self) -> None:
        """Check that it can be asked, as far as that is known without a request.

        Raises:
            DataError: If there is no key where one is needed.
            MissingExtraError: If the extra ``llm`` is not installed.
        """
        check(self.settings)

    async def probe(self, within_s: float = WITHIN_S) -> None:
        """Check that its endpoint is there and knows it, before anything depends on it.

        The endpoint is asked which models it has. Where that does not tell, the model is asked for a first word, which
        may cost as much as a word does. Nothing is asked twice. An endpoint that was reached but does not answer in
        time, is busy, or is not ready yet is left alone: an episode waits for it.

        Args:
            within_s: Seconds that this takes at most, above 0.

        Raises:
            ServiceError: If nothing is there, or what is there is not such an endpoint.
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
        self._sent = 0  # bytes of the last request
        self._issued: set[str] = set()
        self._taken = Taken()

    async def complete(
        self,
        messages: Sequence[Mapping[str, Any]],
        tools: Sequence[Mapping[str, Any]] = (),
        *,
        as_is: bool = False,
    ) -> Reply:
        """Ask for the next message.

        The k-th call sends the seed ``(seed + k) mod 2**31``, k from 0, with all of its requests. What is sent is
        the dialogue in a form that strict servers take: see :mod:`toolgym.models.history`.

        Args:
            messages: The dialogue so far in chat format, the model's own messages being the assistant's, with its
                earlier thoughts as ``reasoning_content``.
            tools: The tools in OpenAI's function format. Without any, no text of the reply is taken for a call.
            as_is: Whether the messages are sent as they are, in whatever order, and all of the reply is its text:
                for a model that was trained on just these texts. It has no tools then.

        Returns:
            The reply; one that was cut (``length``) or filtered (``content_filter``) is a reply too. One that cannot
            be taken, as it is too long, has a call with a ``problem``.

        Raises:
            ContextError: If the dialogue does not fit into the model's context, or has used ``episode_tokens``.
            RefusedError: If the service refuses what it would refuse again, or does not tell what it used where there
                is a limit.
            ServiceError: If it fails as often as ``attempts`` says.
            BudgetError: If the budget is spent, or cannot be kept as the cost is not known.
            DataError: If there is no key where one is needed.
            MissingExtraError: If the extra ``llm`` is not installed.
        """
        settings = self.model.settings
        self._check_tokens()
        endpoint = await connect(settings)
        asked = ModelRequest(messages, tools, self._next_seed(), as_is)
        self._asked += 1
        caller = retrying(settings.attempts, lambda failure, wait_s: self._note(failure, wait_s, endpoint.key))
        try:
            reply = await self._answer(endpoint, asked, caller)
        except RequestError as failure:
            if failure.kind == "reply":
                told, wrote = (without_secrets(one, settings, endpoint.key) for one in (failure.said, failure.written))
                return Reply(None, (unusable(told, wrote, self.requestor),), finish="length")
            # The service's own error may repeat the key or hold it in its request, so it is not chained.
            raise self.error(failure, endpoint.key, caller.statistics["attempt_number"]) from None
        self._taken.note(messages, self._sent)
        if not tools or as_is or reply.calls or reply.text is None:
            return reply
        text, calls = read_calls(reply.text, tools, settings.tool_format, self.requestor)
        return replace(reply, text=text, calls=calls)

    async def once(self, endpoint: Endpoint, messages: Sequence[Mapping[str, Any]]) -> Reply:
        """Make one request, and no other.

        Raises:
            RequestError: If it comes to nothing.
            BudgetError: If the budget is spent, or cannot be kept as the cost is not known.
        """
        return await self._attempt(endpoint, ModelRequest(messages, (), self._next_seed()))

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
        said = without_secrets(failure.said, self.model.settings, key)
        if len(said) > _SAID:
            said = f"{said[:_SAID]}…"
        if hint:
            said = said.removesuffix(".") + without_secrets(hint, self.model.settings, key)
        if failure.kind == "context":
            return ContextError(f"the dialogue no longer fits into the context of {who} ({status}): {said}")
        if may_pass(failure):
            times = "once" if attempts == 1 else f"{attempts} times, the last time"
            return ServiceError(f"{who} failed {times} with {status}: {said}")
        if failure.kind == "passing":
            status += f", to be tried again in {failure.wait_s:.0f} seconds"
        return RefusedError(f"{who} refuses the request ({status}): {said}", failure.status)

    def _check_tokens(self) -> None:
        """Refuse another request where all of them may not use more tokens."""
        most, used = self.model.settings.episode_tokens, self.usage
        if most is None:
            return
        if used.input_tokens is None or used.output_tokens is None:
            raise RefusedError(
                f"episode_tokens is {most}, and {self.model.settings.model} does not tell how many tokens it used: "
                "leave it out, or ask a server that tells"
            )
        if (tokens := used.input_tokens + used.output_tokens) >= most:
            raise ContextError(f"the requests of this episode have used {tokens} tokens, and may use {most}")

    def _next_seed(self) -> int | None:
        return None if self.seed is None else (self.seed + self._asked) % _SEEDS

    def _size(self, asked: ModelRequest) -> int:
        return len(written(self._body(asked, self.model.form)))

    async def _answer(self, endpoint: Endpoint, asked: ModelRequest, caller: AsyncRetrying) -> Reply:
        """The answer to a request, which is made as often as it may be."""
        try:
            reply: Reply = await caller(self._attempt, endpoint, asked)
        except RequestError as failure:
            if not failure.suspect or not await self._was_too_long(endpoint, asked):
                raise
            if failure.status == 500:  # it may have recovered meanwhile
                try:
                    return await self._attempt(endpoint, asked)
                except RequestError as again:
                    if again.status != failure.status:
                        raise
            failure.kind = "context"
            raise
        return reply

    async def _was_too_long(self, endpoint: Endpoint, asked: ModelRequest) -> bool:
        """Whether a request was refused for its length, although the server does not say so.

        That is suspected once, of a request that is longer than all that were taken before in this conversation. It
        is so if the same is taken once it is short: what is new since then, each text cut.
        """
        shorter = replace(asked, messages=self._taken.shorter(asked.messages))
        if not self._taken.may_ask(self._size(asked), self._size(shorter)):
            return False
        self._taken.suspected = True
        try:
            await retrying(self.model.settings.attempts)(self._attempt, endpoint, shorter)
        except RequestError as failure:
            return failure.kind == "reply"
        return True

    async def _attempt(self, endpoint: Endpoint, asked: ModelRequest) -> Reply:
        """Make one request, and write it in another form if the server says that it minds the form."""
        fixed = self.model.settings.reasoning != "auto"
        form = known = self.model.form
        for _ in range(TRIES):
            body = self._body(asked, form)
            try:
                reply = await self._request(endpoint, body, as_is=asked.as_is)
            except RequestError as failure:
                other = adapted(form, failure, body, fixed_thoughts=fixed)
                if other is None or (asked.as_is and self._body(asked, other) == body):
                    raise
                form, last = other, failure
                continue
            if form != known:  # it helped, so it holds for later requests too
                self.model.form = form
            return reply
        raise last

    def _body(self, asked: ModelRequest, form: Form) -> dict[str, Any]:
        settings = self.model.settings
        body: dict[str, Any] = {"model": settings.model}
        if asked.as_is:
            body["messages"] = list(asked.messages)
        elif settings.tool_format == "native":
            names = [tool["function"]["name"] for tool in asked.tools]
            fields = self.model.thought_fields
            body["messages"] = with_calls(asked.messages, form, tools=names, thought_fields=fields, issued=self._issued)
            if asked.tools:
                body["tools"] = list(asked.tools)
        else:
            body["messages"] = without_calls(
                asked.messages,
                form,
                tools=asked.tools,
                thought_fields=self.model.thought_fields,
                tool_format=settings.tool_format,
            )
        if settings.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if settings.seeded and asked.seed is not None:
            body["seed"] = asked.seed
        body = {name: value for name, value in body.items() if name not in form.without}
        body |= {name: value for name, value in settings.arguments.items() if name not in _APART}
        body |= settings.arguments.get("extra_body", {})
        return body

    async def _request(self, endpoint: Endpoint, body: dict[str, Any], *, as_is: bool) -> Reply:
        settings, throttle = self.model.settings, self.model.throttle
        await throttle.admit(address(settings), settings.model, body)
        usage, payload = Usage(calls=1), written(body)
        self._sent = len(payload)
        try:
            completion = await exchange(
                endpoint,
                "/chat/completions",
                payload,
                settings.arguments.get("extra_headers", {}),
                settings.arguments.get("extra_query", {}),
                timeout_s=settings.timeout_s,
                max_bytes=settings.max_reply_bytes,
            )
            usage = used(completion, settings.price)
            reply = read_completion(completion, self.requestor, as_is=as_is)
        except RequestError as failure:
            self._count(Usage(1, 0, 0, 0.0) if failure.free else usage)
            raise
        self._count(usage)
        self._issued |= issued_ids(completion)
        self.model.thought_fields |= thought_fields(completion)
        if throttle.budget_usd is not None and usage.cost_usd is None:
            why = "does not tell the tokens used" if settings.price else "does not tell it; give a price"
            raise BudgetError(
                f"the budget of ${throttle.budget_usd:.6g} cannot be kept: what {settings.model} costs is not known, "
                f"as its server {why}"
            )
        return reply

    def _note(self, failure: RequestError, wait_s: float, key: str) -> None:
        status = "" if failure.status is None else f"{failure.status} "
        said = without_secrets(failure.said, self.model.settings, key)
        self.model.throttle.retries.note(f"{status}{said}"[:_SAID], wait_s)

    def _count(self, usage: Usage) -> None:
        self.usage += usage
        self.model.throttle.pay(usage.cost_usd or 0.0)
