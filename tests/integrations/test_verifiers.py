"""verifiers runs our episodes, with its own program, interception and traces: as without it."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

pytest.importorskip("verifiers.v1", reason="needs the extra verifiers")

import verifiers.v1 as vf
from aiohttp import web
from integrations.bare import Bare, FailingUser, bare_episodes, oracle_episode

from toolgym_trainers.integrations.text_env import TextEnv
from toolgym_trainers.integrations.verifiers import ID, ToolgymEnv, ToolgymEnvConfig, load_environment

pytestmark = [
    pytest.mark.verifiers,
    pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning"),
]


def speaking(by_opening: Mapping[str, Sequence[str]]) -> web.Application:
    """A model behind OpenAI's chat API: by the user's opening it knows what to say, one text after the other."""

    async def answer(request: web.Request) -> web.StreamResponse:
        body = await request.json()
        users = [one for one in body["messages"] if one["role"] == "user"]
        texts = by_opening[_text(users[0]["content"])]
        said = sum(one["role"] == "assistant" for one in body["messages"]) - 1  # the greeting is not its own
        text = texts[min(said, len(texts) - 1)]
        usage = {"prompt_tokens": 5, "completion_tokens": 1, "total_tokens": 6}
        known = {"id": "x", "created": 0, "model": "scripted"}
        if not body.get("stream"):
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            return web.json_response({**known, "object": "chat.completion", "choices": [choice], "usage": usage})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for chunk in (
            {"choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]},
            {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            {"choices": [], "usage": usage},
        ):
            line = json.dumps({**known, "object": "chat.completion.chunk", **chunk})
            await response.write(f"data: {line}\n\n".encode())
        await response.write(b"data: [DONE]\n\n")
        await response.write_eof()
        return response

    app = web.Application()
    app.router.add_post("/v1/chat/completions", answer)
    return app


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


async def run_tasks(env: Any, tasks: Sequence[Any], model: web.Application) -> list[Any]:
    """The episodes of tasks, as an evaluation of verifiers runs them."""
    runner = web.AppRunner(model)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    client = vf.EvalClientConfig(base_url=f"http://127.0.0.1:{port}/v1", api_key_var="NO_SUCH_KEY")
    context = vf.ModelContext(model="scripted", client=client)
    try:
        async with env.serving():
            slots = [slot for task in tasks for slot in env.slots(task)]
            return await asyncio.gather(*(env.run_slot(slot, context) for slot in slots))
    finally:
        await runner.cleanup()


def opening(bare: Bare, seed: int, **options: Any) -> str:
    messages, _ = TextEnv("retail", split="dev", **options).reset(seed=seed, task=bare.task)
    return messages[-1]["content"]


def test_rewards_success_and_traces_are_those_of_the_bare_episodes() -> None:
    played = bare_episodes("retail", "dev", 6, seed=3)
    failed = next(bare for bare in played if bare.success is False)
    chosen = [next(bare for bare in played if bare.task is not failed.task), failed]  # a process for each turn: few
    by_opening = {opening(bare, 3): bare.texts for bare in chosen}
    assert len(by_opening) == len(chosen)
    env = load_environment("retail", split="dev", seed=3)
    rows = {row.data.id: row for row in itertools.islice(env.taskset, 6)}
    episodes = asyncio.run(run_tasks(env, [rows[bare.task.id] for bare in chosen], speaking(by_opening)))
    for bare, episode in zip(chosen, episodes, strict=True):
        (trace,) = episode.traces
        assert episode.ok, episode.errors or trace.errors
        assert trace.reward == pytest.approx(bare.reward)
        assert {name: reward.value for name, reward in trace.rewards.items()} == pytest.approx(bare.terms)
        assert trace.metrics["success"] == float(bool(bare.success))
        assert trace.num_turns == len(bare.texts)
        said = [one.content for one in trace.assistant_messages if one.content in bare.texts]
        assert said == bare.texts
        assert episode.task.key == f"{bare.task.key}:3"


class Unlucky(ToolgymEnv):
    def make_text_env(self) -> TextEnv:
        return TextEnv("mock", split="test", user=FailingUser)


def test_a_fault_is_an_error_of_the_episode_and_leaves_no_reward() -> None:
    env = Unlucky(ToolgymEnvConfig(taskset={"id": ID, "domain": "mock", "split": "test"}))
    (task,) = itertools.islice(env.taskset, 1)
    (episode,) = asyncio.run(run_tasks(env, [task], speaking({"Hello?": ["What is your name?"]})))
    assert episode.ok is False
    assert "the episode is void, for the user" in str(episode.last_error)
    assert [trace.rewards for trace in episode.traces] in ([], [{}])


def test_a_model_that_is_out_of_turns_gets_the_grade_of_a_failure() -> None:
    bare = oracle_episode("retail", "dev", seed=3)
    env = load_environment("retail", split="dev", seed=3, max_turns=2)
    (task,) = itertools.islice(env.taskset, 1)
    (episode,) = asyncio.run(run_tasks(env, [task], speaking({opening(bare, 3): bare.texts})))
    (trace,) = episode.traces
    assert trace.num_turns == 2
    assert trace.metrics["success"] == 0.0


def test_a_curriculum_makes_a_taskset_without_end_and_hears_of_groups() -> None:
    env = load_environment("retail", split="dev", curriculum="raft", group_size=2, env={"max_steps": 4})
    assert not env.taskset.bounded
    tasks = list(env.taskset.take(3))
    assert len({task.key for task in tasks}) == 3
    assert env.make_text_env()._on_end is env.taskset.curriculum


def test_verifiers_finds_the_taskset_by_its_id() -> None:
    assert type(vf.load_environment(ToolgymEnvConfig(taskset={"id": ID, "domain": "mock"}))) is ToolgymEnv
