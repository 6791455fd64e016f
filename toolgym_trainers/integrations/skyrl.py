"""SkyRL: episodes as environments of SkyRL-gym, one a rollout (written for and tested with skyrl-gym 0.4.0).

A row of the prompt dataset names the task, the environment plays it. SkyRL's generator owns the tokens: it appends what
the environment says in the model's own chat template. See docs/use-with/skyrl.md.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from toolgym.domain import Domain
from toolgym.errors import MissingExtraError
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory
from toolgym_trainers.integrations.text_env import ChatMessage, TextEnv, TextStep

try:
    import skyrl_gym
    from skyrl_gym.envs.base_text_env import BaseTextEnv, BaseTextEnvStepOutput
except ImportError as error:
    raise MissingExtraError("SkyRL-gym", "skyrl") from error

NAME = "toolgym"
"""The id under which :func:`register` makes the environment known."""


class SkyRLEnv(BaseTextEnv):  # type: ignore[misc]  # skyrl-gym has no types
    """One episode of an assistant with its user, as a text environment of SkyRL-gym.

    ``init`` returns the whole first prompt; what the dataset holds under ``prompt`` is only a copy of it, for filters
    by length. A step's observations are the messages that the assistant has not read. ``metadata`` is the info of
    :class:`~toolgym.envs.tool_env.ToolEnv`.

    An episode is over at ``max_turns`` too, and is graded 0 then. One that a fault voids ends with the reward 0 and
    ``metadata["fault"]``, and ``get_metrics`` has ``void`` 1: it is neither success nor failure. SkyRL's generator
    knows no such rollouts, so that it must be told to mask them: see :func:`mask_void`.

    Args:
        env_config: The options of ``options`` from SkyRL's settings; they go before those that were registered.
        extras: The columns of the row: ``task`` (JSON text or an id) and ``seed``; ``max_turns`` is set by SkyRL.
        options: Those of :class:`~toolgym_trainers.integrations.text_env.TextEnv`, ``domain`` among them.

    Raises:
        UnknownNameError: If there is no such domain, option or task.
        DataError: If the row's task does not validate.
    """

    def __init__(
        self, env_config: Mapping[str, Any] | None = None, extras: Mapping[str, Any] | None = None, **options: Any
    ) -> None:
        super().__init__()
        self.extras = dict(extras or {})
        self.max_turns = int(self.extras.get("max_turns") or 0)
        given = {**options, **dict(env_config or {})}
        self.text_env = TextEnv(given.pop("domain", "retail"), **given)
        self._metrics: dict[str, float] = {}

    def init(self, prompt: list[ChatMessage]) -> tuple[list[ChatMessage], dict[str, Any]]:
        """Start the row's episode.

        Args:
            prompt: Not used, but where the episode is over before the model could speak.

        Returns:
            The messages of the first prompt, and the info of ``ToolEnv.reset``.
        """
        seed = self.extras.get("seed")
        messages, info = self.text_env.reset(seed=None if seed is None else int(seed), task=self.extras.get("task"))
        self.turns = 0
        self._metrics = {}
        return messages or prompt, info

    def step(self, action: str) -> BaseTextEnvStepOutput:
        """Say what the model wrote, and let the user answer."""
        self.turns += 1
        told = self.text_env.step(action)
        reward = told.reward
        if not told.over and 0 < self.max_turns <= self.turns:
            told = self.text_env.give_up()
            reward += told.reward
        self._note(told, reward)
        return BaseTextEnvStepOutput(
            observations=told.messages, reward=reward, done=told.over, metadata=told.info, postprocessed_action=None
        )

    def get_metrics(self) -> dict[str, float]:
        """Figures of the episode: turns, reward by term, and at its end ``void`` and, if it counts, ``success``."""
        return dict(self._metrics)

    def _note(self, told: TextStep, reward: float) -> None:
        found = self._metrics
        found["turns"] = float(self.turns)
        found["reward"] = found.get("reward", 0.0) + reward
        for name, paid in told.info["reward_terms"].items():
            found[f"reward_{name}"] = found.get(f"reward_{name}", 0.0) + paid
        if told.over:
            found["void"] = float("fault" in told.info)
            if "success" in told.info:
                found["success"] = float(told.info["success"])


def register(
    name: str = NAME,
    *,
    domain: str | Domain = "retail",
    on_end: Callable[[Trajectory], None] | None = None,
    **options: Any,
) -> None:
    """Make the environment known to ``skyrl_gym.make``; call it in the process that generates rollouts.

    Args:
        name: The id, as in the column ``env_class`` of the dataset.
        domain: A domain's name, or a Domain.
        on_end: Is given the trajectory of every episode that ends, by several threads at once: such as
            :class:`~toolgym_trainers.integrations.shared_curriculum.SharedCurriculum`, which tells a curriculum.
        options: Those of :class:`~toolgym_trainers.integrations.text_env.TextEnv`.

    Raises:
        skyrl_gym.error.RegistrationError: If there is such an id.
    """
    # Not by kwargs of the spec, which are copied for every environment: a curriculum is one for all of them.
    skyrl_gym.register(name, entry_point=partial(SkyRLEnv, domain=domain, on_end=on_end, **options))


def dataset_rows(
    tasks: Iterable[Task], *, domain: str | Domain = "retail", seed: int = 0, name: str = NAME, **options: Any
) -> list[dict[str, Any]]:
    """The rows of a prompt dataset, one a task: ``Dataset.from_list(rows).to_parquet(…)`` writes what SkyRL reads.

    All rollouts of a row play the same task with the same seed, so that a group has one prompt.

    Args:
        tasks: What is to be trained on: those of a split, of a pool, or what a curriculum samples.
        domain: A domain's name, or a Domain.
        seed: Seeds the users, at least 0.
        name: The id under which the environment is registered.
        options: Those of :class:`~toolgym_trainers.integrations.text_env.TextEnv`.

    Returns:
        Rows with ``prompt``, ``env_class``, ``task`` (JSON), ``task_key`` and ``seed``.
    """
    env = TextEnv(domain, **options)
    rows = []
    for task in tasks:
        prompt, _ = env.reset(seed=seed, task=task)
        row = {"prompt": prompt, "env_class": name, "task": task.model_dump_json(), "task_key": task.key, "seed": seed}
        rows.append(row)
    return rows


def mask_void(output: Any) -> Any:
    """Take a void rollout out of the loss: what ``agent_loop`` of SkyRL's generator returned, with a mask of zeros.

    Source: ``TrajectoryOutput`` and ``StepWiseOutput`` of SkyRL's ``skyrl_gym_generator.py``, which is not part of
    skyrl-gym: tested against a stand-in of these two. The rollout keeps its place in its group with the reward 0.

    Args:
        output: One rollout, with ``env_metrics`` and ``loss_mask``, or with ``step_outputs`` that have them.

    Returns:
        The same object.

    Example:
        >>> from types import SimpleNamespace
        >>> mask_void(SimpleNamespace(env_metrics={"void": 1.0}, loss_mask=[1, 1, 0])).loss_mask
        [0, 0, 0]
    """
    steps = getattr(output, "step_outputs", None) or [output]
    if any(step.env_metrics.get("void") for step in steps):
        for step in steps:
            step.loss_mask = [0] * len(step.loss_mask)
    return output
