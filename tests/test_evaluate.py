"""``toolgym.evaluate`` from names and objects: what it refuses beforehand, and what a run says of itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolgym import Domain, evaluate, make_aec_env, make_curriculum, make_domain, make_env, make_user, make_vec_env
from toolgym.errors import DataError, UnknownNameError


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


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"trials": 0}, "trials must be a whole number of at least 1, got 0"),
        ({"trials": 1.5}, "trials must be a whole number of at least 1, got 1.5"),
        ({"seed": -1}, "seed must be a whole number of at least 0, got -1"),
        ({"seed": "1"}, "seed must be a whole number of at least 0, got '1'"),
        ({"concurrency": 0}, "concurrency must be at least 1, got 0"),
        ({"void": "exclud"}, "void must be one of 'exclude', 'fail', 'refuse', got 'exclud'"),
        ({"tasks": "test-001"}, "tasks must be a list of ids, such as ['test-001'], got the text 'test-001'"),
        ({"name": ""}, "the name '' of a run cannot be used"),
        ({"agent": ""}, "No agent named ''"),
        ({"user": ""}, "No user named ''"),
        ({"judge": ""}, "No judge named ''"),
        ({"agent_model": ""}, "the settings of the agent's model do not fit"),
    ],
)
def test_an_argument_that_does_not_fit_is_refused_before_anything_is_played(
    tmp_path: Path, given: dict[str, Any], told: str
) -> None:
    with pytest.raises((DataError, ValueError, UnknownNameError)) as caught:
        evaluate("mock", **{"trials": 1, "runs": tmp_path, **given})
    assert told in str(caught.value)
    assert list(tmp_path.iterdir()) == []
