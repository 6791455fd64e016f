"""Environments from names, and their Gymnasium ids."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import gymnasium as gym

from toolgym.errors import DataError, refuse_unknown
from toolgym.registration.habits import with_habits
from toolgym.registration.parts import default_user, domain_with, make_curriculum, make_judge, make_user

if TYPE_CHECKING:
    from pathlib import Path

    from gymnasium.vector import AutoresetMode

    from toolgym.curriculum import Curriculum
    from toolgym.domain import AgentFactory, Domain
    from toolgym.envs.aec_env import ToolAECEnv
    from toolgym.envs.settings import EnvOptions
    from toolgym.envs.tool_env import ToolEnv
    from toolgym.envs.vector_env import ToolVectorEnv
    from toolgym.evaluation.grade import Judge
    from toolgym.scripted.habits import HabitsLike

_OWN_IDS = {"ToolMock-v0": "mock", "ToolRetail-v0": "retail"}
_DRAWN = ("data", "split", "curriculum", "curriculum_args", "pool")
_PLAYED = ("user", "user_model", "habits", "judge", "judge_model")


def register_envs() -> None:
    """Register our Gymnasium ids; ``import toolgym`` does it.

    An environment of somebody else's domain is made with :func:`make_env`.
    """
    for name, domain in _OWN_IDS.items():
        if name not in gym.registry:
            gym.register(
                name,
                entry_point="toolgym.registration:make_env",
                vector_entry_point="toolgym.registration:make_vec_env",
                kwargs={"domain": domain},
            )


def make_env(
    domain: str | Domain,
    *,
    data: str = "toolgym",
    split: str = "train",
    user: str | AgentFactory | None = None,
    user_model: str | Mapping[str, Any] | None = None,
    habits: HabitsLike | None = None,
    curriculum: str | Curriculum | None = None,
    curriculum_args: Mapping[str, Any] | None = None,
    pool: str | Path | None = None,
    judge: str | Judge | None = None,
    judge_model: str | Mapping[str, Any] | None = None,
    **settings: Unpack[EnvOptions],
) -> ToolEnv:
    """Build an environment from names; what ``gym.make`` calls.

    Args:
        domain: A domain's name, or a Domain.
        data: ``"toolgym"`` for the embedded tasks, ``"tau2"`` for those in ``TAU2_DATA_DIR``; a Domain has its own.
        split: Which tasks.
        user: A user's name, or what makes one; by default ``"llm"`` with a ``user_model``, else the
            :func:`default_user` of the split.
        user_model: The model behind a user that has one: its name, or the settings of
            :class:`~toolgym.models.ModelSettings` as a mapping.
        habits: How the scripted user behaves; see :func:`~toolgym.registration.make_user`. ``"drawn"``: each episode
            draws its own by its seed. In an environment's spec, which is JSON, it is text or a mapping.
        curriculum: A curriculum's name: the environment then owns it and updates it with every finished group. Or a
            curriculum of yours: the environment then only samples, and updating is up to you. None: the one that
            ``pool`` holds, if it is given, else ``"fixed"``.
        curriculum_args: Options of a curriculum that is given by name; see :func:`make_curriculum`.
        pool: A folder that a refresh of this curriculum wrote: it goes on from there. In an environment's spec, which
            is JSON, it is text.
        judge: Judges natural-language assertions: a judge's name, or a judge; by default ``"llm"`` with a
            ``judge_model``, else nobody.
        judge_model: The model behind a judge that has one.
        settings: Those of :class:`~toolgym.envs.settings.EnvSettings`: reward, group_size, max_steps, max_errors,
            max_characters, max_calls, history, parsing, debug, render_mode.

    Raises:
        UnknownNameError: If there is no such argument or split, or a name is not installed.
        DataError: If the data is missing, or a model is missing or does not fit.

    Example:
        >>> make_env("mock", split="test").domain.name
        'mock'
    """
    from toolgym.envs.tool_env import ToolEnv

    _check("argument of make_env", settings, ("domain", *_DRAWN, *_PLAYED))
    drawn = (curriculum, curriculum_args, pool)
    parts = _env_parts(domain, data, split, (user, user_model, habits), drawn, judge, judge_model)
    return ToolEnv(**parts, **settings)


def make_vec_env(
    domain: str | Domain,
    num_envs: int = 1,
    *,
    autoreset_mode: AutoresetMode | str = "NextStep",
    data: str = "toolgym",
    split: str = "train",
    user: str | AgentFactory | None = None,
    user_model: str | Mapping[str, Any] | None = None,
    habits: HabitsLike | None = None,
    curriculum: str | Curriculum | None = None,
    curriculum_args: Mapping[str, Any] | None = None,
    pool: str | Path | None = None,
    judge: str | Judge | None = None,
    judge_model: str | Mapping[str, Any] | None = None,
    **settings: Unpack[EnvOptions],
) -> ToolVectorEnv:
    """Build a vector environment from names; what ``gym.make_vec`` calls.

    Args:
        domain: A domain's name, or a Domain.
        num_envs: How many episodes are stepped together, at least 1.
        autoreset_mode: One of Gymnasium's, or its value: ``"NextStep"``, ``"SameStep"``, ``"Disabled"``.
        data: ``"toolgym"`` for the embedded tasks, ``"tau2"`` for those in ``TAU2_DATA_DIR``; a Domain has its own.
        split: Which tasks.
        user: A user's name, or what makes one; None as for :func:`make_env`.
        user_model: The model behind a user that has one.
        habits: How the scripted user behaves, as for :func:`make_env`.
        curriculum: A curriculum's name, or a curriculum of yours; one draws for all. None: that of the pool, else
            ``"fixed"``.
        curriculum_args: Options of a curriculum that is given by name.
        pool: A folder that a refresh of it wrote.
        judge: A judge's name, or a judge; None as for :func:`make_env`.
        judge_model: The model behind a judge that has one.
        settings: Those of :class:`~toolgym.envs.settings.EnvSettings`: reward, group_size, max_steps, max_errors,
            max_characters, max_calls, history, parsing, debug, render_mode.

    Raises:
        UnknownNameError: If there is no such argument or split, or a name is not installed.
        DataError: If the data is missing, or a model is missing or does not fit.

    Example:
        >>> make_vec_env("mock", 4, group_size=2)
        ToolVectorEnv(num_envs=4)
    """
    from toolgym.envs.vector_env import ToolVectorEnv

    _check("argument of make_vec_env", settings, ("domain", "num_envs", "autoreset_mode", *_DRAWN, *_PLAYED))
    drawn = (curriculum, curriculum_args, pool)
    parts = _env_parts(domain, data, split, (user, user_model, habits), drawn, judge, judge_model)
    return ToolVectorEnv(**parts, num_envs=num_envs, autoreset_mode=autoreset_mode, **settings)


def make_aec_env(
    domain: str | Domain,
    *,
    data: str = "toolgym",
    split: str = "train",
    curriculum: str | Curriculum | None = None,
    curriculum_args: Mapping[str, Any] | None = None,
    pool: str | Path | None = None,
    **settings: Unpack[EnvOptions],
) -> ToolAECEnv:
    """Build the PettingZoo environment, in which the caller plays both sides, from names.

    Args:
        domain: A domain's name, or a Domain.
        data: ``"toolgym"`` for the embedded tasks, ``"tau2"`` for those in ``TAU2_DATA_DIR``; a Domain has its own.
        split: Which tasks.
        curriculum: A curriculum's name: the environment then owns and updates it. Or a curriculum of yours: the
            environment then only samples. None: that of the pool, else ``"fixed"``.
        curriculum_args: Options of a curriculum that is given by name.
        pool: A folder that a refresh of it wrote.
        settings: Those of :class:`~toolgym.envs.settings.EnvSettings`: reward, group_size, max_steps, max_errors,
            max_characters, max_calls, history, parsing, debug, render_mode.

    Raises:
        UnknownNameError: If there is no such argument or split, or a name is not installed.
        DataError: If the data is missing.

    Example:
        >>> make_aec_env("mock", split="test").possible_agents
        ['assistant', 'user']
    """
    from toolgym.envs.aec_env import ToolAECEnv

    _check("argument of make_aec_env", settings, ("domain", *_DRAWN))
    made = domain_with(domain, data)
    drawn_by, owned = _drawn_by(made, split, curriculum, curriculum_args, pool)
    return ToolAECEnv(made, drawn_by, owns_curriculum=owned, split=split, **settings)


class _Parts(TypedDict):
    """What the environments with a user simulator are made of, in addition to their settings."""

    domain: Domain
    curriculum: Curriculum
    owns_curriculum: bool
    user: AgentFactory
    user_name: str
    judge: Judge | None
    split: str


def _check(kind: str, settings: EnvOptions, own: tuple[str, ...]) -> None:
    from toolgym.envs.settings import SETTINGS

    refuse_unknown(kind, settings, (*own, "limits", *SETTINGS))


def _env_parts(
    domain: str | Domain,
    data: str,
    split: str,
    played: tuple[str | AgentFactory | None, str | Mapping[str, Any] | None, HabitsLike | None],
    drawn: tuple[str | Curriculum | None, Mapping[str, Any] | None, str | Path | None],
    judge: str | Judge | None,
    judge_model: str | Mapping[str, Any] | None,
) -> _Parts:
    """What the environments with a user simulator are made of, built from names."""
    from toolgym.domain import AgentSpec

    made = domain_with(domain, data)
    user, user_model, habits = played
    if user is None and user_model is not None:
        user = "llm"
    elif user is None:
        user = default_user(made.tasks[split] if split in made.tasks.splits() else ())
    if user_model is not None and not isinstance(user, str):
        raise DataError("user_model is for a user that is given by name; yours brings its own")
    if judge is None and judge_model is not None:
        judge = "llm"
    if judge_model is not None and not isinstance(judge, str):
        raise DataError("judge_model is for a judge that is given by name; yours brings its own")
    drawn_by, owned = _drawn_by(made, split, *drawn)
    player = make_user(user, user_model, domain=made) if isinstance(user, str) else AgentSpec.of(user)
    player = with_habits(player, habits)
    return {
        "domain": made,
        "curriculum": drawn_by,
        "owns_curriculum": owned,
        "user": player,
        "user_name": player.name,
        "judge": make_judge(judge, judge_model) if isinstance(judge, str) else judge,
        "split": split,
    }


def _drawn_by(
    domain: Domain,
    split: str,
    curriculum: str | Curriculum | None,
    args: Mapping[str, Any] | None,
    pool: str | Path | None,
) -> tuple[Curriculum, bool]:
    """The curriculum of an environment, and whether it owns it."""
    from toolgym.curriculum import Curriculum

    if args is not None and not isinstance(args, Mapping):
        raise DataError(f'curriculum_args must be a mapping such as {{"seed": 1}}, got {args!r:.80}')
    if curriculum is None:
        from toolgym.curricula.folder import read_saved

        curriculum = "fixed" if pool is None else read_saved(pool).curriculum
    if isinstance(curriculum, str):
        return make_curriculum(curriculum, domain, split, pool=pool, args=args), True
    if isinstance(curriculum, type) or not isinstance(curriculum, Curriculum):
        raise DataError(f"curriculum must be the name of one, a Curriculum, or None, got {curriculum!r:.80}")
    if args or pool is not None:
        raise DataError("curriculum_args and pool are for a curriculum that is given by name; yours is built already")
    return curriculum, False
