"""Random streams that depend on what is played, never on the order in which episodes finish."""

from __future__ import annotations

from typing import Literal, TypeAlias

import numpy as np

Role: TypeAlias = Literal["assistant", "user"]

_ROLES: dict[Role, int] = {"assistant": 1, "user": 2}


def rng_for(seed: int, task_key: str, trial: int, role: Role) -> np.random.Generator:
    """The generator of one side in one trial of one task.

    Args:
        seed: The run's seed, at least 0.
        task_key: The task's content hash, hexadecimal.
        trial: Which repetition of the task, from 0.
        role: Whose stream it is.

    Example:
        >>> a, b = rng_for(0, "af", 1, "user"), rng_for(0, "af", 1, "user")
        >>> a.random() == b.random()
        True
    """
    return np.random.default_rng([seed, int(task_key, 16), trial, _ROLES[role]])
