"""Many jobs at once: results as they come, no more at once than allowed, nothing left behind."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.concurrency.gc_pause import NEW_OBJECTS
from toolgym.concurrency.parallel import in_parallel


@given(
    pauses=st.lists(st.integers(0, 5), max_size=30),
    concurrency=st.integers(1, 8),
)
def test_every_job_is_done_once_and_never_more_at_once_than_allowed(pauses: list[int], concurrency: int) -> None:
    alive = 0
    most = 0

    async def work(job: tuple[int, int]) -> int:
        nonlocal alive, most
        alive += 1
        most = max(most, alive)
        for _ in range(job[1]):
            await asyncio.sleep(0)
        alive -= 1
        return job[0]

    async def main() -> list[int]:
        return [number async for number in in_parallel(enumerate(pauses), work, concurrency)]

    assert sorted(asyncio.run(main())) == list(range(len(pauses)))
    assert most <= concurrency


def test_results_come_as_they_are_ready_and_not_in_the_order_of_the_jobs() -> None:
    async def main() -> list[int]:
        others_came = asyncio.Event()
        came: list[int] = []

        async def work(job: int) -> int:
            if job == 0:
                await others_came.wait()
            return job

        async with asyncio.timeout(30):  # in the order of the jobs, it would wait for ever
            async for number in in_parallel(range(4), work, 4):
                came.append(number)
                if len(came) == 3:
                    others_came.set()
        return came

    assert asyncio.run(main())[-1] == 0


def test_jobs_are_taken_only_when_there_is_room_for_their_results() -> None:
    taken: list[int] = []

    def jobs() -> Iterator[int]:
        for job in range(100):
            taken.append(job)
            yield job

    async def work(job: int) -> int:
        return job

    async def main() -> int:
        async with aclosing(in_parallel(jobs(), work, 3)) as results:
            async for _ in results:
                await asyncio.sleep(0.01)
                return len(taken)
        raise AssertionError("there were jobs")

    assert asyncio.run(main()) <= 7


def test_an_error_ends_everything_and_the_other_jobs_clean_up_first() -> None:
    ended: list[int] = []

    async def work(job: int) -> int:
        if job == 2:
            raise LookupError("job 2")
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            ended.append(job)
        return job

    async def main() -> None:
        async for _ in in_parallel(range(9), work, 3):
            pass

    with pytest.raises(LookupError, match="job 2"):
        asyncio.run(main())
    assert sorted(ended) == [0, 1]


def test_whoever_stops_listening_leaves_nothing_running() -> None:
    async def work(job: int) -> int:
        await asyncio.sleep(0 if job == 0 else 60)
        return job

    async def main() -> int:
        async with aclosing(in_parallel(range(50), work, 8)) as results:
            first = await anext(results)
        return first + len(asyncio.all_tasks()) - 1

    assert asyncio.run(main()) == 0


def test_at_least_one_job_must_be_allowed() -> None:
    async def main() -> None:
        async for _ in in_parallel([1], asyncio.sleep, 0):
            pass

    with pytest.raises(ValueError, match="at least 1, got 0"):
        asyncio.run(main())


def test_the_garbage_collector_is_as_it_was_afterwards() -> None:
    async def work(job: int) -> int:
        return gc.get_threshold()[0]

    async def main() -> list[int]:
        return [number async for number in in_parallel([1], work, 1)]

    before = gc.get_threshold()
    gc.set_threshold(701, 11, 12)
    try:
        assert asyncio.run(main()) == [NEW_OBJECTS]
        assert gc.get_threshold() == (701, 11, 12)
        gc.set_threshold(0, 10, 10)
        assert asyncio.run(main()) == [0]
    finally:
        gc.set_threshold(*before)
