"""verifiers: our tasks as a taskset, and the environment that plays them (written for and tested with verifiers 0.4.0).

verifiers finds both under the taskset id ``toolgym-trainers``, as in ``vf-eval toolgym-trainers``. See
docs/use-with/verifiers.md.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from toolgym.curriculum import Curriculum
from toolgym.errors import MissingExtraError, ServiceError
from toolgym.registration import make_curriculum, make_domain
from toolgym.tasks import Task
from toolgym_trainers.integrations.shared_curriculum import SharedCurriculum
from toolgym_trainers.integrations.text_env import TextEnv, TextStep

try:
    import verifiers.v1 as vf
except ImportError as error:
    raise MissingExtraError("verifiers", "verifiers") from error

ID = "toolgym-trainers"
"""The id of the taskset: verifiers imports the package of that name."""

STORED = "toolgym_trajectory"
"""Under which key of a trace's ``info`` its trajectory is kept, as JSON."""


class ToolgymData(vf.TaskData):  # type: ignore[misc]  # verifiers' types are not read here
    """One task as verifiers keeps it; the model sees nothing of it but the system prompt."""

    task: dict[str, Any] = {}
    """The task as JSON."""
    task_key: str = ""
    seed: int = 0


class ToolgymTask(vf.Task[ToolgymData]):  # type: ignore[misc]  # as above
    """One task and the seed of its user."""

    @property
    def key(self) -> str:
        """The task's content hash and the seed, whatever the position in the taskset."""
        return f"{self.data.task_key}:{self.data.seed}"


class ToolgymTasksetConfig(vf.TasksetConfig):  # type: ignore[misc]  # as above
    """Which tasks are played, and how.

    Args:
        domain: A domain's name.
        split: Which tasks.
        data: ``"toolgym"`` or ``"tau2"``, as for ``make_env``.
        seed: Seeds the users, and the curriculum's draws; at least 0.
        tasks: How many of the split's tasks, from the first; None for all.
        curriculum: A curriculum's name: the taskset then never ends, and each task is drawn from it.
        pool: A folder that a refresh of the curriculum wrote.
        group_size: Trials of a task that the curriculum hears of at once, at least 1: prime-rl's group size.
        env: Options of :class:`~toolgym_trainers.integrations.text_env.TextEnv`: user, reward, view, max_steps, …
    """

    id: str = ID
    domain: str = "retail"
    split: str = "train"
    data: Literal["toolgym", "tau2"] = "toolgym"
    seed: int = 0
    tasks: int | None = None
    curriculum: str | None = None
    pool: str | None = None
    group_size: int = 1
    env: dict[str, Any] = {}


class ToolgymTaskset(vf.Taskset[ToolgymTask, ToolgymTasksetConfig]):  # type: ignore[misc]  # as above
    """The tasks of a split, or for ever those that a curriculum draws."""

    def __init__(self, config: ToolgymTasksetConfig) -> None:
        super().__init__(config)
        self.domain = make_domain(config.domain, config.data)
        self.curriculum: SharedCurriculum | None = None
        if config.curriculum is not None or config.pool is not None:
            self.curriculum = SharedCurriculum(self.make_curriculum(), config.group_size)
            self.INFINITE = True

    def make_curriculum(self) -> Curriculum:
        """The curriculum that the settings name; override it for one of your own."""
        config = self.config
        return make_curriculum(config.curriculum or "fixed", self.domain, config.split, pool=config.pool)

    def load(self) -> Iterator[ToolgymTask]:
        """The tasks, each with the seed of its user."""
        config = self.config
        if self.curriculum is None:
            for task in self.domain.tasks[config.split][: config.tasks]:
                yield self._row(task)
            return
        rng = np.random.default_rng(config.seed)
        while True:
            yield self._row(self.curriculum.sample(rng)[0])

    def _row(self, task: Task) -> ToolgymTask:
        return task_row(task, self.config.seed, self.config.task)


def task_row(task: Task, seed: int, config: Any = None) -> ToolgymTask:
    """A task as verifiers keeps it.

    Args:
        task: The task.
        seed: Seeds its user, at least 0.
        config: verifiers' own settings of a task; by default none.
    """
    row = ToolgymData(id=task.id, task=task.model_dump(mode="json"), task_key=task.key, seed=seed, prompt=None)
    return ToolgymTask(row, config)


class ToolgymEnvConfig(vf.EnvConfig):  # type: ignore[misc]  # as above
    """The one seat is the assistant's: a chat without tools of the harness, in a subprocess of this machine.

    The program that talks to the model runs none of its code, so that a sandbox would hold nothing.
    """

    assistant: vf.AgentConfig = vf.AgentConfig(harness={"id": "null"}, runtime={"type": "subprocess"})


class ToolgymEnv(vf.Env[ToolgymEnvConfig]):  # type: ignore[misc]  # as above
    """An assistant serves a user, who is ours; verifiers' trace of the assistant holds the tokens.

    The trace gets the reward by term, so that ``trace.reward`` is the episode's, and the metrics ``success`` and
    ``turns``; its ``info`` keeps the trajectory. An episode that a fault voids raises: it is an error of the episode
    (``episode.ok`` is False), which verifiers can retry, and which is neither counted nor trained on. Where the model's
    run ends before the dialogue (a limit of turns or tokens), the episode is graded 0.
    """

    def make_text_env(self) -> TextEnv:
        """An environment for one episode; override it for a user or a judge of your own."""
        config = self.taskset.config
        return TextEnv(
            self.taskset.domain, split=config.split, **{"on_end": self.taskset.curriculum, **dict(config.env)}
        )

    async def run(self, task: ToolgymTask, agents: Any) -> None:
        """Play one episode.

        Raises:
            ServiceError: If a fault voids it.
        """
        env = self.make_text_env()
        messages, _ = await asyncio.to_thread(env.reset, seed=task.data.seed, task=task.data.task)
        if messages and messages[0]["role"] == "system":
            system, *messages = messages
            if task.data.system_prompt is None:
                task = task.with_system_prompt(system["content"])
        terms: dict[str, float] = {}
        async with agents.assistant.interaction(task) as talk:
            while True:
                segment = await talk.turn([dict(one) for one in messages]) if messages else None
                if segment is not None and segment.terminated:
                    told = env.give_up()
                else:
                    told = await asyncio.to_thread(env.step, segment.last_reply if segment is not None else "")
                _add(terms, told)
                if told.over:
                    break
                messages = told.messages
            talk.trace.info[STORED] = env.trajectory(agent=str(talk.trace.agent.name or "policy")).to_json()
            if "fault" in told.info:
                raise ServiceError(f"the episode is void, for the {told.info['fault']['source']}: {_reason(told)}")
            for name, paid in terms.items():
                talk.trace.record_reward(name, paid)
            if "success" in told.info:
                talk.trace.record_metric("success", float(told.info["success"]))
            talk.trace.record_metric("turns", float(talk.trace.num_turns))


def load_environment(
    domain: str = "retail", *, split: str = "train", max_turns: int | None = None, env: Any = None, **settings: Any
) -> ToolgymEnv:
    """The environment over a taskset of ours, as ``vf.load_environment`` makes it from the settings of a run.

    Args:
        domain: A domain's name.
        split: Which tasks.
        max_turns: Messages of the assistant at most; None for no limit but ``max_steps``.
        env: Options of :class:`~toolgym_trainers.integrations.text_env.TextEnv`, by name.
        settings: The others of :class:`ToolgymTasksetConfig`.

    Raises:
        UnknownNameError: If there is no such domain or curriculum.
        pydantic.ValidationError: If there is no such setting.
    """
    taskset = ToolgymTasksetConfig(domain=domain, split=split, env=dict(env or {}), **settings)
    assistant = vf.AgentConfig(harness={"id": "null"}, runtime={"type": "subprocess"}, max_turns=max_turns)
    made = vf.load_environment(ToolgymEnvConfig(taskset=taskset, assistant=assistant))
    assert isinstance(made, ToolgymEnv)
    return made


def _add(terms: dict[str, float], told: TextStep) -> None:
    for name, paid in told.info["reward_terms"].items():
        terms[name] = terms.get(name, 0.0) + paid


def _reason(told: TextStep) -> str:
    return json.dumps(told.info["fault"]["reason"], ensure_ascii=False)


__all__ = [
    "ID",
    "STORED",
    "ToolgymData",
    "ToolgymEnv",
    "ToolgymEnvConfig",
    "ToolgymTask",
    "ToolgymTaskset",
    "ToolgymTasksetConfig",
    "load_environment",
    "task_row",
]
