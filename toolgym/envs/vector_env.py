"""Many episodes stepped together, their users asked at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from toolgym.concurrency.gc_pause import fewer_collections
from toolgym.curriculum import Curriculum
from toolgym.domain import AgentFactory, Domain
from toolgym.envs.batch import batch_infos
from toolgym.envs.episode_driver import EnvAction, EpisodeDriver, Observation, StepResult, parts_of
from toolgym.envs.options import chosen_tasks
from toolgym.envs.schedule import Schedule
from toolgym.envs.settings import EnvOptions, EnvSettings
from toolgym.envs.spaces import DialogueSpace, MessageSpace
from toolgym.episode.conversation import reply_all
from toolgym.episode.machine import Episode
from toolgym.errors import DataError
from toolgym.evaluation.grade import Judge
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

_ATTRIBUTES = ("episode", "tools", "trajectory", "render")
Stepped = tuple[tuple[Observation, ...], np.ndarray, np.ndarray, np.ndarray, dict[str, Any]]


class ToolVectorEnv(VectorEnv[tuple[Observation, ...], Any, np.ndarray]):
    """Many episodes of :class:`~toolgym.envs.tool_env.ToolEnv` in one process, stepped together.

    Actions, observations, rewards and infos are those of ``ToolEnv``, in Gymnasium's form for vector environments: a
    sequence of actions, a tuple of observations, arrays, and a dictionary of arrays with masks. Users that answer with
    an awaitable, and blocking ones, are waited for all at once.

    **Tasks.** One curriculum draws for all. ``group_size=g`` makes every g sub-environments in a row a group that plays
    the same tasks: who needs the next one first draws it, and the others get the same when they are there. Trials are
    numbered by task over the whole vector environment, and each gives its user a random stream of its own: a seed gives
    the same bytes for the same actions, however long the users take.

    **Groups.** ``info["group"]`` is the number of the group of trials to which an episode belongs, at its beginning and
    at its end. All ``group_size`` trials have it, and no other group of this environment. A task that was chosen
    through ``options`` is in none.

    **Faults.** A void episode is truncated, pays 0, and has ``fault`` and no ``success`` in its info (so
    ``infos["_fault"]`` masks it). When its sub-environment is reset, its task is played again as a new trial, up to
    three times; then the next task is drawn. No void trajectory reaches the curriculum.

    **Autoreset.** As in Gymnasium, ``metadata["autoreset_mode"]`` says which: NEXT_STEP (the step after the end resets,
    its action is ignored), SAME_STEP (the last step resets; ``final_obs`` and ``final_info`` hold the end), or DISABLED
    (``reset(options={"reset_mask": …})`` resets those that have ended).

    ``gym.make_vec("ToolRetail-v0", num_envs=16)`` and :func:`toolgym.make_vec_env` build it from names.

    Args:
        domain: The domain, over the data to be played.
        curriculum: Draws the tasks.
        user: Makes the user of each episode.
        num_envs: How many episodes, at least 1.
        autoreset_mode: One of Gymnasium's, or its value: ``"NextStep"``, ``"SameStep"``, ``"Disabled"``.
        owns_curriculum: Whether the environment updates the curriculum with every finished group; otherwise it only
            samples, and updating is up to the caller (see :meth:`trajectories`).
        judge: Judges natural-language assertions.
        split: Where the tasks are from, for the trajectories' records.
        user_name: Who the user is, for the same.
        options: The settings of :class:`~toolgym.envs.settings.EnvSettings`: reward, group_size (which divides
            ``num_envs``), max_steps, max_errors, max_characters, max_calls, history, parsing, debug, render_mode
            (``"ansi"``).

    Raises:
        UnknownNameError: If there is no such setting, or a reward's name is not installed.
        ValueError: If an argument is out of range.

    Example:
        >>> import gymnasium as gym, toolgym
        >>> envs = gym.make_vec("ToolMock-v0", num_envs=4, group_size=2)
        >>> observations, infos = envs.reset(seed=0)
        >>> infos["task_key"][0] == infos["task_key"][1], len(set(infos["task_key"]))
        (True, 2)
        >>> observations, rewards, terminated, truncated, infos = envs.step(["Shall I?", "Done.", "Done.", "Shall I?"])
        >>> terminated.tolist(), infos["_success"].tolist()
        ([False, True, True, False], [False, True, True, False])
    """

    metadata: dict[str, Any] = {"render_modes": ["ansi"], "render_fps": 4}

    def __init__(
        self,
        domain: Domain,
        curriculum: Curriculum,
        user: AgentFactory,
        num_envs: int = 1,
        *,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        owns_curriculum: bool = False,
        judge: Judge | None = None,
        split: str = "",
        user_name: str = "",
        **options: Unpack[EnvOptions],
    ) -> None:
        self.settings = EnvSettings.read(options, self.metadata["render_modes"])
        group_size = self.settings.group_size
        if num_envs < 1:
            raise ValueError(f"num_envs must be at least 1, got {num_envs}")
        if num_envs % group_size:
            raise ValueError(f"num_envs must be a multiple of group_size={group_size}, got {num_envs}")
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {**self.metadata, "autoreset_mode": self.autoreset_mode}
        self.render_mode = self.settings.render_mode
        self.num_envs = num_envs
        self.parts = parts_of(domain, user, self.settings, judge=judge, split=split, user_name=user_name)
        self.domain = domain
        self.curriculum = curriculum
        self.split = split
        self.single_action_space = MessageSpace()
        self.single_observation_space = DialogueSpace()
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._owns_curriculum = owns_curriculum
        self._schedule = Schedule(num_envs, group_size)
        self._run_seed = 0
        self._seats: list[EpisodeDriver] = []
        self._over = [False] * num_envs
        self._ended: dict[int, EpisodeDriver] = {}
        self._observations: list[Observation] = [()] * num_envs
        self._whole = False

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The assistant's tools in OpenAI's function format, frozen."""
        return [found.schema for found in self.domain.toolkits["assistant"].tools.values()]

    @property
    def episodes(self) -> tuple[Episode, ...]:
        """The episode of each sub-environment; none before the first reset."""
        return tuple(seat.episode for seat in self._seats)

    def trajectories(self, **facts: Any) -> dict[int, Trajectory]:
        """The episodes that ended in the last step, by sub-environment; ``facts`` override what is known of them."""
        return {place: seat.trajectory(**facts) for place, seat in self._ended.items()}

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[tuple[Observation, ...], dict[str, Any]]:
        """Start an episode in every sub-environment, or in some.

        Args:
            seed: Seeds the draw of tasks and all users; the same seed gives the same episodes.
            options: ``{"task_id": …}`` or ``{"task": Task or mapping}``, for all alike or as a list with one for each,
                play these tasks, and the curriculum is not asked. ``{"reset_mask": array of bool}`` resets some alone,
                as they would reset themselves; the others go on. Without a mask all groups begin a task.

        Raises:
            UnknownNameError: If no task has that id.
            DataError: If an option is unknown or cannot be followed, the seed is not one integer, or it comes with a
                mask.
            gymnasium.error.ResetNeeded: With a mask, before the first reset and after a step or reset that failed.
            BudgetError: If there is no money left; all must be reset then.
        """
        wanted = dict(options or {})
        mask = _read_mask(wanted.pop("reset_mask", None), self.num_envs)
        if seed is not None and not isinstance(seed, int | np.integer):
            raise DataError(f"one seed seeds all sub-environments: it must be an integer or None, got {seed!r:.80}")
        if mask is not None and seed is not None:
            raise DataError("a seed begins all episodes anew: leave out the seed, or options['reset_mask']")
        chosen = chosen_tasks(self.domain, wanted, self.num_envs)
        if mask is not None:
            self._check_whole()
        self._whole = False
        if mask is None:
            super().reset(seed=None if seed is None else int(seed))
            if seed is not None or not self._seats:
                self._run_seed = int(self.np_random.integers(2**63))
                self._schedule.trials.clear()
            self._schedule.clear()
            self._seats = []
        with fewer_collections():
            infos = self._begin({place: chosen[place] for place in range(self.num_envs) if mask is None or mask[place]})
        self._ended = {}
        self._whole = True
        return tuple(self._observations), batch_infos(infos, self.num_envs)

    def step(self, actions: Iterable[EnvAction]) -> Stepped:
        """Say something or call tools in every sub-environment, and let the users answer.

        Args:
            actions: One for each sub-environment. That of one which is being reset is ignored.

        Raises:
            gymnasium.error.ResetNeeded: Before the first reset, after a step or reset that failed, or with autoreset
                DISABLED, if an episode has ended and was not reset.
            DataError: If there is not one action for each, or one is not a message; nothing has changed then.
            BudgetError: If there is no money left; all must be reset then.
        """
        self._check_whole()
        messages = self._read(actions)
        self._whole = False
        with fewer_collections():
            stepped = self._step(messages)
        self._whole = True
        return stepped

    def render(self) -> tuple[str, ...] | None:
        """The dialogue of each sub-environment as text."""
        if self.render_mode is None:
            gym.logger.warn("render() was called, but the environment was made without a render_mode")
            return None
        return tuple(seat.render() for seat in self._seats) or ("",) * self.num_envs

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Look up an attribute in each sub-environment, or call a method.

        Args:
            name: ``"episode"``, ``"tools"``, ``"trajectory"`` or ``"render"``.
            args: For a method.
            kwargs: For a method.

        Raises:
            AttributeError: If there is no such attribute.
            gymnasium.error.ResetNeeded: Before the first reset.
        """
        if name not in _ATTRIBUTES:
            raise AttributeError(f"a sub-environment has no {name!r}; it has {', '.join(_ATTRIBUTES)}")
        if not self._seats:
            raise gym.error.ResetNeeded("Call reset() before call().")
        found = [getattr(seat, name) for seat in self._seats]
        return tuple(one(*args, **kwargs) if callable(one) else one for one in found)

    def _check_whole(self) -> None:
        if not self._whole:
            when = "after a step or reset that failed" if self._seats else "first"
            raise gym.error.ResetNeeded(f"Call reset() {when}, without a reset_mask.")

    def _read(self, actions: Iterable[EnvAction]) -> list[Message | None]:
        """The actions as messages; None where none is needed."""
        if isinstance(actions, str | Mapping | Message) or not isinstance(actions, Iterable):
            raise DataError(f"step takes a sequence of {self.num_envs} actions, got {type(actions).__name__}")
        given = list(actions)
        if len(given) != self.num_envs:
            raise DataError(f"step takes one action for each of {self.num_envs} sub-environments, got {len(given)}")
        if self.autoreset_mode is AutoresetMode.DISABLED and any(self._over):
            over = [place for place, one in enumerate(self._over) if one]
            raise gym.error.ResetNeeded(
                f"The episodes of the sub-environments {over} are over; reset them with options['reset_mask']."
            )
        messages: list[Message | None] = []
        for place, (seat, action) in enumerate(zip(self._seats, given, strict=True)):
            if self._over[place] or seat.over_unheard:
                messages.append(None)
                continue
            try:
                messages.append(seat.read(action))
            except DataError as error:
                raise DataError(f"the action of the sub-environment {place}: {error}") from error
        return messages

    def _step(self, messages: Sequence[Message | None]) -> Stepped:
        seats, observations = self._seats, self._observations
        for place, message in enumerate(messages):
            if self._over[place]:
                seats[place] = self._next(place, None, seats[place])
            elif message is not None:
                seats[place].advance(message)
        self._reply(seats)
        told: list[StepResult | None] = []
        infos: dict[int, dict[str, Any]] = {}
        self._ended = {}
        for place, seat in enumerate(seats):
            if self._over[place]:
                observations[place], infos[place] = self._opened(place, seat)
                told.append(None)
                continue
            one = seat.tell()
            observations[place], infos[place] = one.observation, one.info
            told.append(one)
            if one.over:
                self._ended[place] = seat
        for place, seat in self._ended.items():
            infos[place] |= self._group(place)
            self._finish(place, seat)
        if self.autoreset_mode is AutoresetMode.SAME_STEP:
            final = {place: {"final_obs": observations[place], "final_info": infos[place]} for place in self._ended}
            for place, info in self._begin(dict.fromkeys(self._ended)).items():
                infos[place] = {**final[place], **info}
        else:
            self._over = [place in self._ended for place in range(self.num_envs)]
        return (
            tuple(observations),
            np.array([0.0 if one is None else one.reward for one in told], dtype=np.float64),
            np.array([one is not None and one.terminated for one in told], dtype=np.bool_),
            np.array([one is not None and one.truncated for one in told], dtype=np.bool_),
            batch_infos(infos, self.num_envs),
        )

    def _begin(self, chosen: Mapping[int, Task | None]) -> dict[int, dict[str, Any]]:
        """Reset some sub-environments, to a chosen task or the next; the info of each."""
        last = dict(enumerate(self._seats))
        fresh = {place: self._next(place, task, last.get(place)) for place, task in chosen.items()}
        self._seats = list({**last, **fresh}.values())
        self._reply(list(fresh.values()))
        infos = {}
        for place, seat in fresh.items():
            self._over[place] = False
            self._observations[place], infos[place] = self._opened(place, seat)
        return infos

    def _opened(self, place: int, seat: EpisodeDriver) -> tuple[Observation, dict[str, Any]]:
        observation, info = seat.open()
        return observation, info | self._group(place)

    def _next(self, place: int, chosen: Task | None, last: EpisodeDriver | None) -> EpisodeDriver:
        """The next episode of a sub-environment, not yet opened by its user."""
        void = last.episode.task if last is not None and last.episode.fault is not None else None
        task, trial = self._schedule.next(place, self._draw, chosen, void)
        return EpisodeDriver(self.parts, self.settings, task, trial, self._run_seed)

    def _group(self, place: int) -> dict[str, int]:
        """What ``info`` says of the group, where there is one."""
        number = self._schedule.group(place)
        return {} if number is None else {"group": number}

    def _draw(self) -> Task:
        return self.curriculum.sample(self.np_random)[0]

    def _reply(self, seats: Sequence[EpisodeDriver]) -> None:
        """Let the users speak whose turn it is, all at once."""
        reply_all(seats)

    def _finish(self, place: int, seat: EpisodeDriver) -> None:
        """Count an episode that has ended; a whole group goes to the curriculum, if it is ours."""
        trajectory = seat.trajectory() if self._owns_curriculum else None
        if trials := self._schedule.finish(place, trajectory, void=seat.episode.fault is not None):
            self.curriculum.update(trials)


def _read_mask(mask: Any, number: int) -> np.ndarray | None:
    """``options["reset_mask"]``, if it is given.

    Raises:
        DataError: If it is not a mask of the sub-environments, or masks none.
    """
    if mask is None:
        return None
    if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_ or mask.shape != (number,) or not mask.any():
        raise DataError(
            f"options['reset_mask'] must be an array of {number} booleans, at least one of them True, got {mask!r:.200}"
        )
    return mask
