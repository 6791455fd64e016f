"""Keeping what an environment plays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium as gym
from gymnasium.utils import RecordConstructorArgs

from toolgym.envs.episode_driver import Observation
from toolgym.envs.tool_env import tool_env
from toolgym.episode.machine import Episode
from toolgym.limits import Limits
from toolgym.runs import MANIFEST, Run


class RecordRun(gym.Wrapper[Observation, Any, Observation, Any], RecordConstructorArgs):
    """Appends every finished episode to a run, which ``toolgym runs`` and ``toolgym view`` show.

    The run is made when the first episode is finished, or continued if there is one with the same settings. It numbers
    the trials of each task itself, from 0, so an environment that was seeded anew or a run that is continued goes on
    counting. A void episode is kept too; the next trial of its task takes its place and its number. An episode that was
    broken off by a reset is not kept. One environment writes a run: in a vector environment, give each its own folder.

    Put it outside the other wrappers, so that it sees them end an episode.

    Args:
        env: A ``ToolEnv``, wrapped or not.
        folder: Where the run is, or will be.
        agent: Who plays, for the records.

    Raises:
        TypeError: If the environment is no ``ToolEnv``.

    Example:
        >>> import gymnasium as gym, tempfile, toolgym
        >>> from toolgym.runs import read_trajectories
        >>> with tempfile.TemporaryDirectory() as place:
        ...     env = RecordRun(gym.make("ToolMock-v0"), Path(place) / "first", agent="mine")
        ...     for _ in range(2):
        ...         observation, info = env.reset(seed=0)
        ...         observation, reward, *_ = env.step("Done.")
        ...     env.close()
        ...     [(kept.agent, kept.trial) for kept in read_trajectories(env.folder)]
        [('mine', 0), ('mine', 1)]
    """

    def __init__(self, env: gym.Env[Observation, Any], folder: str | Path, *, agent: str = "") -> None:
        RecordConstructorArgs.__init__(self, folder=str(folder), agent=agent)
        gym.Wrapper.__init__(self, env)
        self.folder = Path(folder)
        self.agent = agent
        self._inner = tool_env(env)
        self._run: Run | None = None
        self._kept: Episode | None = None
        self._trials: dict[str, int] = {}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """See ``ToolEnv``.

        Raises:
            DataError: If the run cannot be written.
        """
        self._keep()
        return self.env.reset(seed=seed, options=options)

    def step(self, action: Any) -> tuple[Observation, Any, bool, bool, dict[str, Any]]:
        """See ``ToolEnv``.

        Raises:
            DataError: If the run cannot be written, or is there with other settings.
        """
        stepped = self.env.step(action)
        self._keep()
        return stepped

    def close(self) -> None:
        """Put the run in order, let go of it, and close the environment.

        Raises:
            DataError: If the run cannot be written.
        """
        try:
            self._keep()
            if self._run is not None:
                self._run.finish(())
        finally:
            if self._run is not None:
                self._run.close()
                self._run = None
            super().close()

    def _keep(self) -> None:
        """Append the episode, if it is finished and was not appended before."""
        episode = self._inner.episode
        if episode is None or episode is self._kept or episode.turn is not None or episode.pending:
            return
        if self._run is None:
            self._run = self._opened()
        trajectory = self._inner.trajectory(agent=self.agent)
        key = trajectory.task_key
        trial = self._trials.get(key, 0)
        while f"{key}-{trial}" in self._run:
            trial += 1
        self._run.append(replace(trajectory, trial=trial))
        self._kept, self._trials[key] = episode, trial

    def _opened(self) -> Run:
        env = self._inner
        settings = {
            "domain": env.domain.name,
            "data": env.domain.compat.name,
            "split": env.split,
            "agent": self.agent,
            "user": env.parts.user_name,
            "max_steps": env.settings.limits.max_steps,
            "max_errors": env.settings.limits.max_errors,
        }
        for name in ("max_characters", "max_calls"):  # newer than the runs that lack them: told where they differ
            if (limit := getattr(env.settings.limits, name)) != getattr(Limits, name):
                settings[name] = limit
        if (self.folder / MANIFEST).exists():
            return Run.resume(self.folder, settings)
        tasks = env.domain.tasks[env.split] if env.split in env.domain.tasks.splits() else ()
        return Run.start(self.folder, settings, (task.world for task in tasks))
