"""Numbers too small to matter are 0 while a policy computes, and only then."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch")

from toolgym_trainers.denormals import flushed


def half_of_a_tiny_number() -> float:
    return float(torch.tensor(1e-40) * 0.5)


def test_tiny_numbers_are_0_inside_and_as_before_afterwards() -> None:
    if not torch.set_flush_denormal(False):
        pytest.skip("this processor cannot take them as 0")
    with flushed():
        assert half_of_a_tiny_number() == 0
        with flushed():
            pass
        assert half_of_a_tiny_number() == 0
    assert half_of_a_tiny_number() > 0


def test_an_error_inside_leaves_everything_as_it_was() -> None:
    with pytest.raises(RuntimeError, match="broken"), flushed():
        raise RuntimeError("broken")
    assert half_of_a_tiny_number() > 0
