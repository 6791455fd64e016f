"""Episodes of the plain environment, whose texts, rewards and ends those of every library must equal."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import numpy as np

from toolgym import make_agent, make_domain, make_env
from toolgym.domain import Domain
from toolgym.messages import Message
from toolgym.tasks import Task


class Bare(NamedTuple):
    """An episode of the plain environment."""

    task: Task
    texts: list[str]
    """What the assistant said, each as a model would write it."""
    reward: float
    terms: dict[str, float]
    success: bool | None
    termination: str


def play_bare(domain: Domain, task: Task, agent: str, *, seed: int = 0, **options: Any) -> Bare:
    """Play one task with an agent, message by message."""
    env = make_env(domain, **options)
    _, info = env.reset(seed=seed, options={"task": task})
    speaker = make_agent(agent, domain=domain)(domain, task, np.random.default_rng(seed))
    texts: list[str] = []
    terms: dict[str, float] = {}
    reward = 0.0
    over = False
    while not over:
        assert env.episode is not None
        message = speaker.respond(env.episode.view("assistant"))
        assert isinstance(message, Message)
        texts.append(written(message))
        _, paid, terminated, truncated, info = env.step(message)
        reward += paid
        for name, amount in info["reward_terms"].items():
            terms[name] = terms.get(name, 0.0) + amount
        over = terminated or truncated
    return Bare(task, texts, reward, terms, info.get("success"), info["termination"])


def bare_episodes(name: str, split: str, number: int, *, seed: int = 0, **options: Any) -> list[Bare]:
    """The first tasks of a split, each by the oracle and by the novice, which fails some."""
    domain = make_domain(name)
    tasks = domain.tasks[split][:number]
    played = [play_bare(domain, task, agent, seed=seed, **options) for agent in ("oracle", "novice") for task in tasks]
    assert {one.success for one in played} == {True, False}  # else equal rewards would say little
    return played


def oracle_episode(name: str, split: str, *, seed: int = 0, **options: Any) -> Bare:
    """The first task of a split by the oracle."""
    domain = make_domain(name)
    return play_bare(domain, domain.tasks[split][0], "oracle", seed=seed, **options)


def written(message: Message) -> str:
    """A message as a model would write it."""
    calls = [
        f"<tool_call>\n{json.dumps({'name': call.name, 'arguments': dict(call.arguments)})}\n</tool_call>"
        for call in message.tool_calls
    ]
    return "\n".join([*([message.content] if message.content else []), *calls])


class FailingUser:
    """Opens, and raises when it is to answer."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.spoken = False

    def respond(self, view: object) -> Message:
        if self.spoken:
            raise RuntimeError("the line is dead")
        self.spoken = True
        return Message("user", "Hello?")
