"""Clients, the loops in which they live, and packages that may be missing."""

from __future__ import annotations

import asyncio
import gc
import resource
import subprocess
import sys
import warnings
import weakref

import pytest
from asking import HELLO
from server import Answer, Server, completion

from toolgym.concurrency.bridge import wait_for
from toolgym.errors import MissingExtraError
from toolgym.models import ChatModel, ModelSettings, Throttle


def model_at(server: Server) -> ChatModel:
    """A model behind a server, with limits that hold nobody back."""
    return ChatModel(ModelSettings(model="m", base_url=server.url, attempts=1), Throttle(rpm=1e6))


def test_one_loop_after_the_other_asks_the_same_model_and_leaves_nothing_open() -> None:
    with Server() as server:
        model = model_at(server)
        for _ in range(3):
            asyncio.run(model.start().complete(HELLO))
        gc.collect()  # a connection that was left open would warn here
        wait_for(model.start().complete(HELLO))
    assert len(server.requests) == 4


def test_requests_of_a_loop_share_connections() -> None:
    with Server() as server:
        model = model_at(server)

        async def talk() -> None:
            for _ in range(5):
                await model.start().complete(HELLO)

        asyncio.run(talk())
    assert server.connections == 1


def test_a_loop_that_was_closed_without_its_generators_is_forgotten() -> None:
    with Server() as server:
        model = model_at(server)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(model.start().complete(HELLO))
        loop.close()
        gone = weakref.ref(loop)
        del loop
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # of whoever closed the loop like this
            asyncio.run(model.start().complete(HELLO))
            gc.collect()
    assert len(server.requests) == 2
    assert gone() is None


def test_more_requests_are_in_flight_than_a_client_allows_by_itself() -> None:
    number = 1100
    if resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 3 * number:
        pytest.skip("this process may not open as many connections")
    with Server(Answer(completion(), gate=number)) as server:
        model = model_at(server)

        async def at_once() -> None:
            await asyncio.gather(*(model.start().complete(HELLO) for _ in range(number)))

        asyncio.run(at_once())
    assert server.most == number


SCRIPT = """
import os, sys
from toolgym.concurrency.bridge import wait_for
from toolgym.models import ChatModel, ModelSettings

model = ChatModel(ModelSettings(model="m", base_url=sys.argv[1]))
ask = lambda: wait_for(model.start().complete([{"role": "user", "content": "Hello!"}])).text
tell = lambda: os.write(1, f"{ask()}\\n".encode())  # in one piece: print may write text and line end apart
tell()
child = os.fork()
tell()
if child:
    print(os.waitpid(child, 0)[1])
"""


def test_a_forked_process_opens_connections_of_its_own() -> None:
    with Server() as server:
        flags = ["-W", "error", "-W", "ignore::DeprecationWarning"]  # from 3.12 on, of forking beside threads
        command = [sys.executable, *flags, "-c", SCRIPT, server.url]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout, done.stderr) == ("Hello.\nHello.\nHello.\n0\n", "")
    assert server.connections == 2


@pytest.mark.parametrize("package", ["openai", "tenacity", "aiolimiter"])
def test_a_missing_package_is_told_when_a_request_is_made(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    model = ChatModel(ModelSettings(model="m", base_url="http://localhost:1/v1"))
    with pytest.raises(MissingExtraError, match=r"a chat model needs the extra 'llm': pip install 'toolgym\[llm\]'"):
        asyncio.run(model.start().complete(HELLO))


def test_importing_the_models_imports_no_client() -> None:
    code = "import sys, toolgym.models; print([m for m in ('openai', 'tenacity', 'aiolimiter') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
