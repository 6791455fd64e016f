"""Random streams depend on what is played, and on nothing else."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.episode import rng_for

KEYS = st.text("0123456789abcdef", min_size=1, max_size=24)
ROLES = st.sampled_from(["assistant", "user"])


def draws(*place: Any) -> list[int]:
    return [int(value) for value in rng_for(*place).integers(2**63, size=4)]


@given(st.integers(0, 2**64), KEYS, st.integers(0, 99), ROLES)
def test_a_stream_is_a_function_of_seed_task_trial_and_role(seed: int, key: str, trial: int, role: str) -> None:
    assert draws(seed, key, trial, role) == draws(seed, key, trial, role)


@given(st.integers(0, 2**64), KEYS, st.integers(0, 99), ROLES)
def test_seed_task_trial_and_role_each_change_the_stream(seed: int, key: str, trial: int, role: str) -> None:
    other = "user" if role == "assistant" else "assistant"
    places = [
        (seed, key, trial, role),
        (seed + 1, key, trial, role),
        (seed, f"1{key}", trial, role),
        (seed, key, trial + 1, role),
        (seed, key, trial, other),
    ]
    seen = {tuple(draws(*place)) for place in places}
    assert len(seen) == len(places)


def test_streams_do_not_depend_on_the_order_in_which_they_are_made_or_used() -> None:
    places = [(0, "aa", trial, "user") for trial in range(3)]
    alone = {place: draws(*place) for place in places}
    for order in permutations(places):
        made = {place: rng_for(*place) for place in order}  # type: ignore[arg-type]  # a role
        drawn: dict[Any, list[int]] = {place: [] for place in places}
        for _ in range(4):
            for place in order:
                drawn[place].append(int(made[place].integers(2**63)))
        assert drawn == alone


def test_the_global_generator_is_neither_read_nor_moved() -> None:
    before: Any = np.random.get_state()  # noqa: NPY002  # that it does not matter is the point
    first = draws(1, "ab", 0, "user")
    after: Any = np.random.get_state()  # noqa: NPY002
    assert np.array_equal(after[1], before[1])
    assert after[2] == before[2]
    np.random.seed(1)  # noqa: NPY002
    second = draws(1, "ab", 0, "user")
    np.random.set_state(before)  # noqa: NPY002
    assert second == first


@pytest.mark.parametrize("place", [(-1, "ab", 0, "user"), (0, "xyz", 0, "user"), (0, "ab", 0, "tool")])
def test_what_names_no_stream_is_an_error(place: Any) -> None:
    with pytest.raises((ValueError, KeyError)):
        rng_for(*place)
