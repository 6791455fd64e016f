"""A server of OpenEnv plays our episodes for its clients: as without it, and each session by itself."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

pytest.importorskip("openenv", reason="needs the extra openenv")

import uvicorn
from fastapi.testclient import TestClient
from integrations.bare import Bare, FailingUser, bare_episodes, oracle_episode

from toolgym import make_curriculum, make_domain
from toolgym.errors import UnknownNameError
from toolgym_trainers.integrations.openenv import ToolAction, ToolClient, make_app
from toolgym_trainers.integrations.shared_curriculum import SharedCurriculum

pytestmark = pytest.mark.openenv


@contextmanager
def serving(*args: Any, **options: Any) -> Iterator[str]:
    """A server on a free port of this machine; gives its address."""
    config = uvicorn.Config(
        make_app(*args, **options), host="127.0.0.1", port=0, log_level="error", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


async def play(url: str, bare: Bare, seed: int) -> tuple[float, Any, Any]:
    async with ToolClient(base_url=url) as session:
        told = await session.reset(seed=seed, task=bare.task.model_dump_json())
        reward = 0.0
        for text in bare.texts:
            assert not told.done
            told = await session.step(ToolAction(text=text))
            reward += told.reward
        return reward, told, await session.state()


def test_sessions_at_once_have_the_rewards_and_success_of_the_bare_episodes() -> None:
    episodes = bare_episodes("retail", "dev", 8, seed=3)

    async def all_at_once(url: str) -> list[tuple[float, Any, Any]]:
        return await asyncio.gather(*(play(url, bare, seed=3) for bare in episodes))

    with serving("retail", split="dev") as url:
        played = asyncio.run(all_at_once(url))
    for bare, (reward, told, state) in zip(episodes, played, strict=True):
        assert told.done
        assert reward == bare.reward
        assert told.observation.info["success"] == bare.success
        assert told.observation.void is False
        assert state.step_count == len(bare.texts)
        assert (state.task_key, state.termination) == (bare.task.key, bare.termination)


def test_a_session_plays_one_episode_after_the_other_and_the_client_may_be_synchronous() -> None:
    bare = oracle_episode("mock", "test", seed=1)
    with serving("mock", split="test") as url, ToolClient(base_url=url).sync() as session:
        for _ in range(2):
            told = session.reset(seed=1, task=bare.task.id)
            assert told.observation.messages[0]["role"] == "system"
            rewards = [session.step(ToolAction(text=text)).reward for text in bare.texts]
            assert sum(rewards) == bare.reward
        with pytest.raises(RuntimeError, match="the episode is over"):
            session.step(ToolAction(text="Hello?"))


def test_a_fault_is_void_and_neither_success_nor_failure() -> None:
    shared = SharedCurriculum(make_curriculum("fixed", "mock", "test"))
    options = {"split": "test", "user": FailingUser, "curriculum": shared, "on_end": shared}
    with serving("mock", **options) as url, ToolClient(base_url=url).sync() as session:
        session.reset(seed=1)
        told = session.step(ToolAction(text="What is your name?"))
    assert (told.reward, told.done, told.observation.void) == (0.0, True, True)
    assert told.observation.info["fault"]["source"] == "user"
    assert "success" not in told.observation.info


def test_what_the_assistant_may_not_know_is_never_sent() -> None:
    task = make_domain("retail").tasks["dev"][0]
    with TestClient(make_app("retail", split="dev")) as client, client.websocket_connect("/ws") as session:
        session.send_json({"type": "reset", "data": {"seed": 1, "task": task.id}})
        sent = session.receive_text()
        session.send_json({"type": "state"})
        sent += session.receive_text()
    assert "evaluation_criteria" not in sent
    assert task.id not in sent
    assert str(task.user_scenario.instructions)[:60] not in sent


def test_a_plain_step_without_a_session_says_that_there_is_none() -> None:
    client = TestClient(make_app("mock", split="test"), raise_server_exceptions=True)
    assert client.post("/reset", json={"seed": 1}).status_code == 200
    with pytest.raises(Exception, match="/step has none"):
        client.post("/step", json={"action": {"text": "Hello."}})


def test_one_curriculum_serves_all_sessions() -> None:
    shared = SharedCurriculum(make_curriculum("raft", "retail", "dev"), group_size=2)

    async def leave(url: str) -> str:
        async with ToolClient(base_url=url) as session:
            told = await session.reset(seed=1)
            await session.step(ToolAction(text="Good bye."))
            return str(told.observation.info["task_key"])

    async def all_at_once(url: str) -> list[str]:
        return await asyncio.gather(*(leave(url) for _ in range(4)))

    with serving("retail", split="dev", curriculum=shared, on_end=shared, max_steps=2) as url:
        keys = asyncio.run(all_at_once(url))
    assert (len(set(keys)), shared.waiting) == (1, 0)


def test_a_wrong_option_is_told_before_anybody_connects() -> None:
    with pytest.raises(UnknownNameError, match="splitt"):
        make_app("mock", splitt="test")
