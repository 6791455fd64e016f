"""Calls that a type checker must accept; see test_typing."""

import asyncio

import gymnasium as gym

from toolgym import (
    Domain,
    Limits,
    Task,
    evaluate,
    make_aec_env,
    make_agent,
    make_domain,
    make_env,
    make_user,
    make_vec_env,
)
from toolgym.envs import EnvSettings
from toolgym.messages import AgentID
from toolgym.rewards import EpisodeView, RewardTerm, Success
from toolgym.rollouts import play, play_async, rollouts
from toolgym.trajectory import Step


class Wage:
    """A reward term as somebody would write it."""

    name = "wage"

    def on_step(self, episode: EpisodeView, step: Step) -> dict[AgentID, float]:
        return {}

    def on_end(self, episode: EpisodeView) -> dict[AgentID, float]:
        return {"assistant": 1.0 if episode.grade.success else 0.0}


def environments() -> None:
    terms: list[RewardTerm] = [Success(), Wage()]
    make_env("mock", reward="raft", group_size=4, split="test", max_steps=50, render_mode="ansi")
    make_env("mock", reward=terms, parsing="tau2", history=True, debug=True)
    make_env("mock", reward={"success": 1.0}, user="minimal", curriculum="raft", curriculum_args={"seed": 1})
    make_vec_env("mock", 4, group_size=2, autoreset_mode="SameStep", max_errors=5)
    make_aec_env("mock", reward="two_sided", max_characters=1000, max_calls=3)
    gym.make("ToolMock-v0", reward="raft", group_size=4)
    assert EnvSettings(group_size=2).limits.max_steps == 200


def episodes(domain: Domain, task: Task) -> None:
    agent, user = make_agent("oracle"), make_user("minimal")
    play(make_domain("mock"), task, agent, user, seed=1, trial=2, limits=Limits(max_steps=5), terms=[Wage()])
    asyncio.run(play_async(domain, task, agent, user, judge=None))
    rollouts(domain, [(task, 0)], agent, user, seed=1, concurrency=2)
    evaluate("mock", agent="oracle", split="test", trials=4)
