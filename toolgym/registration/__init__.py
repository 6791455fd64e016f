"""The composition root: names become built objects, and the environments get their Gymnasium ids."""

from toolgym.registration.envs import make_aec_env, make_env, make_vec_env, register_envs
from toolgym.registration.models import with_wording
from toolgym.registration.parts import (
    DATA,
    agent_spec,
    default_user,
    make_agent,
    make_analyst,
    make_curriculum,
    make_domain,
    make_judge,
    make_proposer,
    make_user,
    user_spec,
)

__all__ = [
    "DATA",
    "agent_spec",
    "default_user",
    "make_aec_env",
    "make_agent",
    "make_analyst",
    "make_curriculum",
    "make_domain",
    "make_env",
    "make_judge",
    "make_proposer",
    "make_user",
    "make_vec_env",
    "register_envs",
    "user_spec",
    "with_wording",
]
