"""Calls that a type checker must refuse, each with the code of its error; see test_typing."""

from toolgym import Domain, Task, evaluate, make_aec_env, make_agent, make_env, make_user, make_vec_env
from toolgym.envs import EnvSettings
from toolgym.rollouts import Rollout, play, play_async, rollouts


def environments() -> None:
    make_env("mock", rewardd="raft")  # error: call-arg
    make_env("mock", group_sizee=3)  # error: call-arg
    make_env("mock", group_size="3")  # error: arg-type
    make_env("mock", parsing="tau3")  # error: arg-type
    make_env("mock", autoreset_mode="SameStep")  # error: call-arg
    make_env("mock", num_envs=2)  # error: call-arg
    make_vec_env("mock", 2, foo=1)  # error: call-arg
    make_vec_env("mock", num_envs="2")  # error: arg-type
    make_aec_env("mock", foo=1)  # error: call-arg
    make_aec_env("mock", user="minimal")  # error: call-arg
    EnvSettings(max_step=3)  # error: call-arg
    EnvSettings().group_size = 3  # error: misc


def episodes(domain: Domain, task: Task) -> None:
    agent, user = make_agent("oracle"), make_user("minimal")
    play(domain, task, agent, user, trail=1)  # error: call-arg
    play(domain, task, agent, user, limits=3)  # error: arg-type
    play(domain, task, agent, "minimal")  # error: arg-type
    _ = play_async(domain, task, agent, user, sede=1)  # error: call-arg
    rollouts(domain, [(task, 0)], agent, user, seeed=1)  # error: call-arg
    rollouts(domain, [(task, 0)], agent, user, trial=1)  # error: call-arg
    Rollout(domain, task, agent, user, judges=None)  # error: call-arg
    make_agent("oracle", modle="m")  # error: call-arg
    evaluate("mock", agent="oracle", trails=4)  # error: call-arg
    evaluate("mock", agent="oracle", void="ignored")  # error: arg-type
