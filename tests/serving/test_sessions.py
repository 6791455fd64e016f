"""What a server keeps for its clients is bounded."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from toolgym.errors import ServiceError
from toolgym.serving import Sessions


def test_a_session_is_forgotten_when_nobody_used_it_for_long() -> None:
    now = 0.0
    sessions: Sessions[list[int]] = Sessions(3, idle=10.0, clock=lambda: now)
    first, second = sessions.get("a", list), sessions.get("b", list)
    now = 9.0
    assert sessions.get("a", list) is first
    now = 11.0
    assert len(sessions) == 1
    assert sessions.get("a", list) is first
    assert sessions.get("b", list) is not second


def test_one_too_many_is_refused_and_none_is_thrown_out() -> None:
    sessions: Sessions[list[int]] = Sessions(2, idle=10.0, clock=lambda: 0.0)
    kept = [sessions.get(name, list) for name in "ab"]
    with pytest.raises(ServiceError, match="has 2 sessions already"):
        sessions.get("c", list)
    assert [sessions.get(name, list) for name in "ab"] == kept
    sessions.end("a")
    sessions.end("never there")
    assert sessions.get("c", list) == []


def test_what_cannot_be_made_takes_no_place() -> None:
    sessions: Sessions[object] = Sessions(1, idle=10.0)

    def fails() -> object:
        raise ValueError("no")

    for _ in range(3):
        with pytest.raises(ValueError, match="no"):
            sessions.get("a", fails)
    assert len(sessions) == 0
    assert sessions.get("b", object)


def test_many_threads_get_one_value_for_each_session() -> None:
    sessions: Sessions[object] = Sessions(50, idle=10.0)
    together = threading.Barrier(8)

    def ask(_: int) -> list[object]:
        together.wait()
        return [sessions.get(str(name), object) for name in range(50)]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(8)))
    assert all(answer == answers[0] for answer in answers)
    assert len(set(map(id, answers[0]))) == 50


@pytest.mark.parametrize(("most", "idle"), [(0, 1.0), (1, 0.0), (1, float("nan"))])
def test_numbers_out_of_range_are_refused(most: int, idle: float) -> None:
    with pytest.raises(ValueError, match="can be kept"):
        Sessions(most, idle)
