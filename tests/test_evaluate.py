"""``toolgym.evaluate`` from names and objects: what it refuses beforehand, and what a run says of itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolgym import Domain, evaluate, make_aec_env, make_curriculum, make_domain, make_env, make_user, make_vec_env
from toolgym.errors import DataError


@pytest.fixture(scope="module")
def mock() -> Domain:
    return make_domain("mock")


@pytest.mark.parametrize("make", [make_env, make_vec_env, make_aec_env, evaluate])
def test_a_domain_over_other_data_than_asked_for_is_refused(mock: Domain, make: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match=r"data='tau2' is for a domain that is given by name.*over 'toolgym' data"):
        make(mock, data="tau2")


@pytest.mark.parametrize("make", [make_env, make_vec_env, make_aec_env, evaluate])
def test_what_is_no_domain_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(DataError, match="the domain must be the name of one or a Domain, got 42"):
        make(42)
    with pytest.raises(DataError, match="the domain must be the name of one or a Domain, got 42"):
        make_curriculum("fixed", 42, "train")  # type: ignore[call-overload]  # what a type checker would tell


@pytest.mark.parametrize("side", ["agent", "user"])
def test_what_makes_no_agents_is_refused(tmp_path: Path, side: str) -> None:
    with pytest.raises(DataError, match=r"<object object at .* makes no agents or users; give an AgentSpec"):
        evaluate("mock", **{side: object()}, runs=tmp_path)  # type: ignore[arg-type]  # what a type checker would tell
    with pytest.raises(DataError, match=r"3 makes no agents or users"):
        make_env("mock", user=3)  # type: ignore[arg-type]  # what a type checker would tell
    assert list(tmp_path.iterdir()) == []
