"""A resources server behind NeMo Gym's documented interface; NeMo Gym itself is stood in for."""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Iterator
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from integrations.bare import FailingUser, bare_episodes, oracle_episode
from pydantic import BaseModel, ConfigDict, Field


class BaseResourcesServerConfig(BaseModel):
    """Stands in for NeMo Gym's class of that name."""


class GymnasiumServer(BaseModel):
    """Stands in for NeMo Gym's class of that name: its sessions, and what its ``/reset`` and ``/step`` do."""

    model_config = ConfigDict(arbitrary_types_allowed=True)
    config: Any
    session_state: dict[Any, Any] = Field(default_factory=dict)

    async def post_reset(self, row: dict[str, Any], session: str) -> dict[str, Any]:
        observation, info = await self.reset(row, session)  # type: ignore[attr-defined]  # the subclass has it
        return dict(json.loads(json.dumps({"observation": observation, "info": info})))

    async def post_step(self, output: list[Any], session: str) -> dict[str, Any]:
        response = SimpleNamespace(output=output)
        told = await self.step(response, {}, session)  # type: ignore[attr-defined]  # the subclass has it
        names = ("observation", "reward", "terminated", "truncated", "info")
        found = dict(json.loads(json.dumps(dict(zip(names, told, strict=True)))))
        if found["terminated"] or found["truncated"]:
            self.session_state.pop(session, None)
        return found


@pytest.fixture
def adapter(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The adapter over the stand-in."""
    for name in ("nemo_gym", "nemo_gym.base_resources_server", "resources_servers", "resources_servers.gymnasium"):
        monkeypatch.setitem(sys.modules, name, ModuleType(name))
    config = {"BaseResourcesServerConfig": BaseResourcesServerConfig}
    sys.modules["nemo_gym.base_resources_server"].__dict__.update(config)
    sys.modules["resources_servers.gymnasium"].__dict__.update({"GymnasiumServer": GymnasiumServer})
    monkeypatch.delitem(sys.modules, "toolgym_trainers.integrations.nemo_gym", raising=False)
    yield importlib.import_module("toolgym_trainers.integrations.nemo_gym")
    sys.modules.pop("toolgym_trainers.integrations.nemo_gym", None)


def message(text: str) -> Any:
    return SimpleNamespace(type="message", content=[SimpleNamespace(type="output_text", text=text)])


def server(adapter: ModuleType, domain: str, **options: Any) -> Any:
    return adapter.ToolgymServer(config=adapter.ToolgymServerConfig(domain=domain, options=options))


def test_sessions_have_the_rewards_and_success_of_the_bare_episodes(adapter: ModuleType) -> None:
    serving = server(adapter, "retail", split="dev")

    async def play(place: int, bare: Any) -> tuple[float, dict[str, Any]]:
        told = await serving.post_reset({"task": bare.task.model_dump_json(), "seed": 3}, str(place))
        assert "# Tools" in told["observation"]
        reward = 0.0
        for text in bare.texts:
            told = await serving.post_step([message(text)], str(place))
            reward += told["reward"]
        return reward, told

    async def all_at_once(episodes: list[Any]) -> list[tuple[float, dict[str, Any]]]:
        return await asyncio.gather(*(play(place, bare) for place, bare in enumerate(episodes)))

    episodes = bare_episodes("retail", "dev", 6, seed=3)
    for bare, (reward, told) in zip(episodes, asyncio.run(all_at_once(episodes)), strict=True):
        assert told["terminated"] or told["truncated"]
        assert (reward, told["info"]["success"], told["info"]["void"]) == (bare.reward, bare.success, False)
    assert serving.session_state == {}


def test_function_calls_that_the_models_server_parsed_are_run(adapter: ModuleType) -> None:
    bare = oracle_episode("mock", "train", seed=0)
    serving = server(adapter, "mock", split="train")
    call = json.loads(bare.texts[0].removeprefix("<tool_call>\n").removesuffix("\n</tool_call>"))

    async def play() -> float:
        await serving.post_reset({"task": bare.task.id, "seed": 0}, "a")
        thought = SimpleNamespace(type="reasoning", summary=[])
        parsed = SimpleNamespace(type="function_call", name=call["name"], arguments=json.dumps(call["arguments"]))
        told = [await serving.post_step([thought, parsed], "a")]
        told += [await serving.post_step([message(text)], "a") for text in bare.texts[1:]]
        return float(sum(one["reward"] for one in told))

    assert asyncio.run(play()) == bare.reward


def test_a_fault_is_void_and_a_session_without_an_episode_is_told(adapter: ModuleType) -> None:
    serving = server(adapter, "mock", split="test", user=FailingUser)

    async def play() -> dict[str, Any]:
        await serving.post_reset({"seed": 1}, "a")
        return dict(await serving.post_step([message("What is your name?")], "a"))

    told = asyncio.run(play())
    assert (told["reward"], told["truncated"], told["info"]["void"]) == (0.0, True, True)
    assert "success" not in told["info"]
    with pytest.raises(RuntimeError, match="'a' has no episode"):
        asyncio.run(serving.post_step([message("Hello?")], "a"))


def test_without_nemo_gym_one_line_says_where_it_is() -> None:
    with pytest.raises(ImportError, match=r"^NeMo Gym is not installed, .*$"):
        importlib.import_module("toolgym_trainers.integrations.nemo_gym")
