"""Synchronous code that waits for asynchronous agents, and asynchronous code that waits for blocking ones."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from toolgym.concurrency.bridge import in_thread, wait_for


async def answer(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def failing() -> None:
    raise LookupError("nowhere")


def test_synchronous_code_gets_what_a_coroutine_returns() -> None:
    assert wait_for(answer(42)) == 42


def test_what_a_coroutine_raises_is_raised() -> None:
    with pytest.raises(LookupError, match="nowhere"):
        wait_for(failing())


def test_it_works_where_a_loop_is_running_already() -> None:
    async def notebook() -> int:
        return wait_for(answer(7))

    assert asyncio.run(notebook()) == 7


def test_waiting_inside_the_own_loop_is_an_error_and_not_a_deadlock() -> None:
    async def inside() -> None:
        coroutine = answer(1)
        try:
            wait_for(coroutine)
        finally:
            coroutine.close()

    with pytest.raises(RuntimeError, match="wait for itself"):
        wait_for(inside())


def test_all_waiters_share_one_loop() -> None:
    async def loop() -> int:
        return id(asyncio.get_running_loop())

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(wait_for(loop()))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {wait_for(loop())}


def test_blocking_functions_wait_beside_each_other() -> None:
    together = threading.Barrier(40, timeout=30)

    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(in_thread(together.wait) for _ in range(40)))

    assert sorted(wait_for(all_of_them())) == list(range(40))


INTERRUPTED = """
import asyncio
from toolgym.concurrency.bridge import wait_for
async def long():
    print("begun", flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        await asyncio.sleep(0.01)
        print("cleaned up", flush=True)
try:
    wait_for(long())
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_an_interrupt_cancels_what_is_waited_for_and_lets_it_clean_up() -> None:
    process = subprocess.Popen([sys.executable, "-c", INTERRUPTED], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=30)[0] == "cleaned up\ninterrupted\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # multi-threaded fork is what is tested
def test_a_forked_child_has_a_loop_of_its_own() -> None:
    assert wait_for(answer(1)) == 1
    child = os.fork()
    if child == 0:
        os._exit(wait_for(answer(5)))
    for _ in range(1000):
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            break
        time.sleep(0.02)
    assert ended
    assert os.waitstatus_to_exitcode(status) == 5
