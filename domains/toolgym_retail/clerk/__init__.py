"""The clerk: a retail assistant by rules, with weaknesses that depend on the situation."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Task
from toolgym_retail.clerk.clerk import Clerk
from toolgym_retail.clerk.weaknesses import CALM, RATES

__all__ = ["CALM", "RATES", "Clerk", "clerk"]


def clerk(
    domain: Domain,
    task: Task | None,
    rng: np.random.Generator,
    *,
    rates: Mapping[str, float] | None = None,
    calm: float | None = None,
) -> Clerk:
    """A clerk for one episode; it does not look at the task.

    Args:
        domain: The retail domain.
        task: Not used; every agent is made for a task.
        rng: Chooses its wording and draws its slips.
        rates: Chances of its slips in their hard spots by pattern, in ``[0, 1]``; those left out are 0. By default
            :data:`RATES`.
        calm: The chance of a slip elsewhere, in ``[0, 1]``, for each pattern at most its rate. By default :data:`CALM`.

    Raises:
        DataError: If the domain is not retail.
        ValueError: If a rate is of an unknown pattern, or a chance is out of range.

    Example:
        >>> from toolgym import make_domain
        >>> from toolgym.messages import Message
        >>> agent = clerk(make_domain("retail"), None, np.random.default_rng(1), rates={})
        >>> agent.respond([Message("user", "I'd like to return the Jeans.")]).role
        'assistant'
    """
    if domain.name != "retail":
        raise DataError(
            f"the clerk serves the domain 'retail' alone, got {domain.name!r}; choose another agent, such as 'oracle'"
        )
    return Clerk(rng, rates=rates, calm=calm)
