"""How fast a run may ask its models, and what it may spend on them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from toolgym.errors import BudgetError, DataError
from toolgym.models.retries import Retries

if TYPE_CHECKING:
    from aiolimiter import AsyncLimiter

_BURST = 600
"""Requests may come in bursts of a tenth of a second's worth: the ticks of a loop are too coarse for high rates."""


class Throttle:
    """The limits that all models of a run share.

    The rates hold for each endpoint and model apart, so roles that share a model share its rates; requests are let
    through in the order in which they come. They hold in each event loop and process by itself. The budget is one for
    all models.

    Requests are spread evenly over the minute. Tokens are estimated before a request, a minute's worth of them may be
    used at once, and a request that alone is above the limit waits for a whole minute's worth.

    No request is made once the budget is spent. What is in flight then is still paid for, so a run may spend as much
    more as the requests that it makes at once cost. Requests that failed count as far as their cost is known.

    Args:
        rpm: Requests a minute, above 0; None for no limit.
        tpm: Tokens a minute, read and generated, at least 1; None for no limit.
        budget_usd: US dollars, at least 0; None for no limit.
        earlier_usd: What a run that goes on had spent before, in US dollars, at least 0.

    Attributes:
        retries: The requests that were made again in the last minute, of this process.

    Raises:
        DataError: If a limit is out of its range.

    Example:
        >>> Throttle(rpm=500, budget_usd=20.0, earlier_usd=3.5).spent_usd
        3.5
    """

    def __init__(
        self,
        *,
        rpm: float | None = None,
        tpm: float | None = None,
        budget_usd: float | None = None,
        earlier_usd: float = 0.0,
    ) -> None:
        for name, value, fits, range_ in (
            ("rpm", rpm, rpm is None or 0 < rpm < float("inf"), "above 0"),
            ("tpm", tpm, tpm is None or 1 <= tpm < float("inf"), "at least 1"),
            ("budget_usd", budget_usd, budget_usd is None or 0 <= budget_usd < float("inf"), "at least 0"),
            ("earlier_usd", earlier_usd, 0 <= earlier_usd < float("inf"), "at least 0"),
        ):
            if not fits:
                raise DataError(f"{name} must be {range_}, got {value!r}")
        self.rpm = rpm
        self.tpm = tpm
        self.budget_usd = budget_usd
        self.retries = Retries()
        self._spent_usd = earlier_usd
        self._gates: dict[tuple[asyncio.AbstractEventLoop, str, str], _Gate] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_gates": {}}

    @property
    def spent_usd(self) -> float:
        """US dollars spent so far, as far as they are known, with what was spent earlier."""
        return self._spent_usd

    async def admit(self, endpoint: str, model: str, request: Mapping[str, Any]) -> None:
        """Wait until a request may be made.

        Args:
            endpoint: Where it goes.
            model: The model's name there.
            request: Its body, in chat format.

        Raises:
            BudgetError: If the budget is spent, before or after the wait.
        """
        self._check_budget()
        if self.rpm is not None or self.tpm is not None:
            await self._gate(endpoint, model).enter(request)
            self._check_budget()

    def pay(self, cost_usd: float) -> None:
        """Count what a request cost, in US dollars, at least 0."""
        self._spent_usd += cost_usd

    def _check_budget(self) -> None:
        if self.budget_usd is not None and self._spent_usd >= self.budget_usd:
            raise BudgetError(
                f"the budget of ${self.budget_usd:.6g} is spent (${self._spent_usd:.6g} so far); "
                "a larger one lets the run go on"
            )

    def _gate(self, endpoint: str, model: str) -> _Gate:
        loop = asyncio.get_running_loop()
        gate = self._gates.get((loop, endpoint, model))
        if gate is None:
            self._gates = {key: old for key, old in self._gates.items() if not key[0].is_closed()}
            gate = self._gates[loop, endpoint, model] = _Gate(self.rpm, self.tpm)
        return gate


class _Gate:
    """The rates of one model in one event loop."""

    def __init__(self, rpm: float | None, tpm: float | None) -> None:
        self.requests = _limiter(max(1.0, rpm / _BURST), rpm) if rpm is not None else None
        self.tokens = _limiter(tpm, tpm) if tpm is not None else None
        self.order = asyncio.Lock()

    async def enter(self, request: Mapping[str, Any]) -> None:
        async with self.order:  # the limiters let small amounts pass large ones, which would then never get through
            if self.tokens is not None:
                await self.tokens.acquire(min(_estimated_tokens(request), self.tokens.max_rate))
            if self.requests is not None:
                await self.requests.acquire()


def _limiter(burst: float, per_minute: float) -> AsyncLimiter:
    from aiolimiter import AsyncLimiter

    return AsyncLimiter(burst, burst * 60 / per_minute)


def _estimated_tokens(request: Mapping[str, Any]) -> float:
    """Four characters a token, and all that the model may generate, where a limit of that is given."""
    characters = len(json.dumps([request.get("messages"), request.get("tools")]))
    generated = request.get("max_completion_tokens") or request.get("max_tokens")
    return characters / 4 + (generated if isinstance(generated, int | float) and generated > 0 else 0)
