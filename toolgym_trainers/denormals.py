"""Numbers so small that a processor computes with them many times slower."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

TINY = 1e-40
"""Below the smallest normal number of 32 bits."""


@contextmanager
def flushed() -> Iterator[None]:
    """Have torch take numbers below 1.2e-38 as 0 in this thread, and everything else as before when it ends.

    The sharper attention becomes, the more of its weights and their gradients are that small: after 45,000
    demonstrations a small policy learned half as fast as it does so, to losses that agree in every digit. On a
    processor that cannot do it, nothing happens.

    Example:
        >>> with flushed():
        ...     inside = float(torch.tensor(1e-40) * 0.5)
        >>> inside in (0.0, 5e-41) and float(torch.tensor(1e-40) * 0.5) > 0
        True
    """
    before = float(torch.tensor(TINY) * 0.5) == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(before)
