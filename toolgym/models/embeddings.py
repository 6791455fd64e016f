"""Texts as vectors, from any OpenAI-compatible endpoint."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from toolgym.errors import BudgetError, ContextError, ServiceError
from toolgym.models.connections import Endpoint, address, check, connect, without_secrets
from toolgym.models.errors import RefusedError
from toolgym.models.exchange import exchange, written
from toolgym.models.failures import RequestError, reported
from toolgym.models.limits import Throttle
from toolgym.models.replies import used
from toolgym.models.retries import may_pass, retrying
from toolgym.models.secrets import shown
from toolgym.models.settings import ModelSettings
from toolgym.models.surrogates import whole_text

_PATH = "/embeddings"
_SAID = 300
_MAX_BYTES = 2**28

BATCH = 128
"""Texts of one request, at most."""


class Embeddings:
    """Turns texts into vectors with a model behind an OpenAI-compatible endpoint.

    Args:
        settings: Which model, where and how; of ``arguments``, ``dimensions`` goes here. Tool formats, seeds and
            streams mean nothing here.
        throttle: The limits of the run, shared with its other models; None for none.

    Example:
        >>> embed = Embeddings(ModelSettings(model="bge-m3", base_url="http://localhost:8000/v1"))
        >>> async def vectors():
        ...     return await embed(["It cancelled the wrong order."])
    """

    def __init__(self, settings: ModelSettings, throttle: Throttle | None = None) -> None:
        self.settings = settings
        self.throttle = throttle if throttle is not None else Throttle()

    def check(self) -> None:
        """Check that it can be asked, as far as that is known without a request.

        Raises:
            DataError: If there is no key where one is needed.
            MissingExtraError: If the extra ``llm`` is not installed.
        """
        check(self.settings)

    async def __call__(self, texts: Sequence[str]) -> list[list[float]]:
        """The vectors of texts, in order; one request after the other, each of up to :data:`BATCH` texts.

        Args:
            texts: Texts that are not empty.

        Raises:
            ContextError: If a text is too long for the model.
            RefusedError: If the service refuses what it would refuse again.
            ServiceError: If it fails as often as ``attempts`` says.
            BudgetError: If the budget is spent, or cannot be kept as the cost is not known.
            DataError: If there is no key where one is needed.
            MissingExtraError: If the extra ``llm`` is not installed.
        """
        vectors: list[list[float]] = []
        for start in range(0, len(texts), BATCH):
            vectors += await self._batch(texts[start : start + BATCH])
        return vectors

    async def _batch(self, texts: Sequence[str]) -> list[list[float]]:
        endpoint = await connect(self.settings)
        caller = retrying(self.settings.attempts)
        try:
            vectors: list[list[float]] = await caller(self._attempt, endpoint, [whole_text(text) for text in texts])
        except RequestError as failure:
            raise self._error(failure, endpoint.key, caller.statistics["attempt_number"]) from None
        return vectors

    async def _attempt(self, endpoint: Endpoint, texts: Sequence[str]) -> list[list[float]]:
        arguments = {name: value for name, value in self.settings.arguments.items() if not name.startswith("extra_")}
        body = {"model": self.settings.model, "input": list(texts), "encoding_format": "float", **arguments}
        body |= self.settings.arguments.get("extra_body", {})
        await self.throttle.admit(address(self.settings), self.settings.model, {"messages": texts})
        answer = await self._post(endpoint, body)
        usage = answer.get("usage")
        tokens = {"completion_tokens": 0, **usage} if isinstance(usage, dict) else None
        cost = used({"usage": tokens}, self.settings.price).cost_usd
        self.throttle.pay(cost or 0.0)
        if self.throttle.budget_usd is not None and cost is None:
            raise BudgetError(
                f"the budget of ${self.throttle.budget_usd:.6g} cannot be kept: what {self.settings.model} costs is "
                "not known; give a price, for a server that tells the tokens used"
            )
        return _vectors(answer, len(texts))

    async def _post(self, endpoint: Endpoint, body: dict[str, Any]) -> dict[str, Any]:
        return await exchange(
            endpoint,
            _PATH,
            written(body),
            self.settings.arguments.get("extra_headers", {}),
            self.settings.arguments.get("extra_query", {}),
            timeout_s=self.settings.timeout_s,
            max_bytes=_MAX_BYTES,
        )

    def _error(self, failure: RequestError, key: str, attempts: int) -> ContextError | ServiceError:
        who = f"{self.settings.model} at {shown(address(self.settings))}"
        status = f"status {failure.status}" if failure.status is not None else "no status"
        said = without_secrets(failure.said, self.settings, key)[:_SAID]
        if failure.kind == "context":
            return ContextError(f"a text does not fit into the context of {who} ({status}): {said}")
        if may_pass(failure):
            times = "once" if attempts == 1 else f"{attempts} times, the last time"
            return ServiceError(f"{who} failed {times} with {status}: {said}")
        return RefusedError(f"{who} refuses the request ({status}): {said}", failure.status)


def _vectors(answer: dict[str, Any], count: int) -> list[list[float]]:
    """The vectors in an answer, by their index.

    Raises:
        RequestError: If it is not one vector a text, or they differ in length.
    """
    data = answer.get("data")
    if not isinstance(data, list):
        if answer.get("error"):
            raise reported(answer)
        raise RequestError(f"the answer holds no embeddings: {answer!s:.200}")
    found: dict[int, list[float]] = {}
    for place, item in enumerate(data):
        vector = item.get("embedding") if isinstance(item, dict) else None
        if not isinstance(vector, list) or not all(type(number) in (int, float) for number in vector):
            raise RequestError(f"this is no embedding: {item!s:.200}", "refused")
        index = item.get("index", place)
        found[index if type(index) is int else place] = [float(number) for number in vector]
    if sorted(found) != list(range(count)) or len({len(vector) for vector in found.values()}) > 1:
        raise RequestError(f"the answer holds {len(data)} embeddings of {count} texts, or of several sizes", "refused")
    return [found[place] for place in range(count)]
