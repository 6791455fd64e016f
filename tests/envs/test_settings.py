"""The settings that environments and rollouts take as keyword arguments."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any, get_type_hints

import gymnasium as gym
import pytest

from toolgym import Domain, make_aec_env, make_agent, make_domain, make_env, make_user, make_vec_env
from toolgym.curricula import Fixed
from toolgym.envs import EnvOptions, EnvSettings, ToolEnv, ToolVectorEnv
from toolgym.envs.aec_env import ToolAECEnv
from toolgym.envs.settings import SETTINGS
from toolgym.errors import ToolGymError, UnknownNameError
from toolgym.limits import Limits
from toolgym.registration import envs
from toolgym.rollouts import Rollout, RolloutSettings, play, play_async, rollouts
from toolgym.rollouts.rollout import RUN_SETTINGS


@pytest.fixture(scope="module")
def mock() -> Domain:
    return make_domain("mock")


@pytest.mark.parametrize(
    "make",
    [
        lambda **given: make_env("mock", **given),
        lambda **given: make_vec_env("mock", 2, **given),
        lambda **given: make_aec_env("mock", **given),
        lambda **given: gym.make("ToolMock-v0", **given),
        lambda **given: gym.make_vec("ToolMock-v0", num_envs=2, **given),
        lambda **given: ToolEnv(
            make_domain("mock"), Fixed(make_domain("mock").tasks["test"]), make_user("minimal"), **given
        ),
        lambda **given: ToolVectorEnv(
            make_domain("mock"), Fixed(make_domain("mock").tasks["test"]), make_user("minimal"), **given
        ),
        lambda **given: ToolAECEnv(make_domain("mock"), Fixed(make_domain("mock").tasks["test"]), **given),
    ],
)
def test_a_misspelt_setting_of_an_environment_is_named_with_what_was_meant(make: Callable[..., Any]) -> None:
    with pytest.raises(UnknownNameError, match=r"named 'group_sizee'\. Did you mean 'group_size'\? Known: .*max_steps"):
        make(group_sizee=3)


def test_the_arguments_that_an_error_lists_are_those_that_there_are() -> None:
    own = {"make_env": ("domain", *envs._DRAWN, *envs._PLAYED), "make_aec_env": ("domain", *envs._DRAWN)}
    own["make_vec_env"] = ("num_envs", "autoreset_mode", *own["make_env"])
    for make in (make_env, make_vec_env, make_aec_env):
        taken = {name for name, one in inspect.signature(make).parameters.items() if one.kind is not one.VAR_KEYWORD}
        assert taken == set(own[make.__name__])


def test_the_keyword_arguments_are_the_fields_of_the_settings_in_order_and_of_the_same_types() -> None:
    options, fields = get_type_hints(EnvOptions), get_type_hints(EnvSettings)
    assert options.pop("limits") is Limits
    assert tuple(options) == SETTINGS
    assert options == {name: fields[name] for name in SETTINGS}
    assert set(RolloutSettings.__annotations__) == {*RUN_SETTINGS, "trial"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"group_size": 0}, "group_size must be at least 1, got 0"),
        ({"max_steps": 0}, "max_steps must be a whole number of at least 1, got 0"),
        ({"parsing": "tau3"}, "parsing must be 'toolgym' or 'tau2', got 'tau3'"),
    ],
)
def test_settings_out_of_range_are_refused_where_they_are_made(given: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        EnvSettings(**given)


@pytest.mark.parametrize("play_it", [Rollout, play, lambda *parts, **given: asyncio.run(play_async(*parts, **given))])
def test_a_misspelt_setting_of_a_rollout_is_named_with_what_was_meant(mock: Domain, play_it: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"rollout named 'trail'\. Did you mean 'trial'\?"):
        play_it(mock, mock.tasks["test"][0], make_agent("oracle"), make_user("minimal"), trail=1)


def test_a_misspelt_setting_of_many_rollouts_is_an_error_of_ours(mock: Domain) -> None:
    played = rollouts(mock, [], make_agent("oracle"), make_user("minimal"), seeed=1)
    with pytest.raises(ToolGymError, match=r"'seeed'\. Did you mean 'seed'\?"):
        asyncio.run(anext(played))


def test_an_environment_calls_its_user_by_the_name_of_its_spec(mock: Domain) -> None:
    for make in (make_env, make_vec_env):
        env = make("mock", user=replace(make_user("minimal"), name="impatient"))
        assert env.parts.user_name == "impatient"
        env.close()


def test_an_environment_finds_a_user_of_its_domain_by_name(mock: Domain) -> None:
    impatient = replace(make_user("minimal"), name="impatient")
    env = make_env(mock.with_data(users={**mock.users, "impatient": impatient}), user="impatient")
    env.reset(seed=0)
    assert env.trajectory().user == "impatient"


@pytest.mark.parametrize("make", [make_env, lambda name, **given: make_vec_env(name, 2, **given), make_aec_env])
def test_limits_stand_for_their_four_settings_and_one_given_beside_them_goes_before(make: Any) -> None:
    env = make("mock", limits=Limits.training(), max_errors=3)
    assert env.settings.limits == replace(Limits.training(), max_errors=3)
    env.close()


def test_limits_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"limits must be Limits, such as Limits\.training\(\), got 'training'"):
        make_env("mock", limits="training")  # type: ignore[arg-type]  # it is no Limits
