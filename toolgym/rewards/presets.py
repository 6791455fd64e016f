"""Rewards by name, by weights, or by objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from toolgym.errors import UnknownNameError
from toolgym.registry import REWARDS
from toolgym.rewards.conduct import EARNED, TAKERS
from toolgym.rewards.terms import RewardTerm

DEFAULTS: Mapping[str, float] = MappingProxyType({"success": 1.0, "action": 0.3, "repeat": 0.05, "length": 0.1})
"""The weight of each term: success for solving the task, action for all gold writes matched, repeat for each repeated
call (at most 0.25 an episode), length for each 1,000 tokens over 4,000 (at most 0.25). The penalties together stay
below the weight of success, so that giving up early never pays."""

FIDELITY: Mapping[str, float] = MappingProxyType({"invented": 0.05, "early_stop": 0.2})
"""The weights of what a learning user is charged for besides: invented for each detail that it cannot know (at most 0.2
an episode), early_stop for leaving a question unanswered and the work undone."""

CONDUCT: Mapping[str, float] = MappingProxyType({"consent": 0.8, "identify": 0.8, "wrong_write": 0.1})
"""The weights of what an assistant loses by how it went about it: consent, the share of what success and action paid
that is taken back if no write had a yes; identify, the share if a record was opened before it was known whose it may
be; wrong_write, for each change that is not the gold's (at most 0.3 an episode)."""

PRESETS: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "raft": DEFAULTS,
        "two_sided": {**DEFAULTS, **FIDELITY},
        "compliant": {**DEFAULTS, **CONDUCT},
        "sparse": {"success": 1.0},
        "no_action_match": {name: weight for name, weight in DEFAULTS.items() if name != "action"},
        "no_repeat_penalty": {name: weight for name, weight in DEFAULTS.items() if name != "repeat"},
        "no_length_penalty": {name: weight for name, weight in DEFAULTS.items() if name != "length"},
    }
)
"""``raft`` is the default for training the assistant, ``two_sided`` for training the user too; ``compliant`` is raft
that takes back what was earned without a yes or without knowing the user, and charges for wrong writes; ``sparse`` is
success alone; the others leave one term out, for ablations."""


def build_reward(
    reward: str | Mapping[str, float] | Sequence[RewardTerm] = "raft",
) -> tuple[RewardTerm, ...]:
    """Turn what a user passes as ``reward=`` into terms.

    Args:
        reward: A preset's name; weights by name of a term (ours or an installed one); or the terms themselves.

    Raises:
        UnknownNameError: If there is no such preset or term.
        ValueError: If a weight is out of range, the penalties' caps together are not below the weight of success, or a
            term that takes back does not stand after those that pay.

    Example:
        >>> [term.name for term in build_reward("sparse")]
        ['success']
    """
    if isinstance(reward, str):
        if reward not in PRESETS:
            raise UnknownNameError("reward preset", reward, PRESETS, "Or pass weights by term, or terms.")
        reward = PRESETS[reward]
    if not isinstance(reward, Mapping):
        return _check(tuple(reward))
    terms: list[Any] = []
    for name, weight in reward.items():
        if not isinstance(weight, int | float) or not 0 <= weight < float("inf"):
            raise ValueError(f"the weight of the reward term {name!r} must be at least 0, got {weight!r}")
        terms.append(REWARDS.load(name)(weight=float(weight)))
    return _check(tuple(terms))


def _check(terms: tuple[Any, ...]) -> tuple[RewardTerm, ...]:
    names = [term.name for term in terms]
    if len(set(names)) < len(names):
        raise ValueError(f"two reward terms share a name: {names}; give each its own")
    for term in terms:
        weight = getattr(term, "weight", 0.0)
        if not 0 <= weight < float("inf"):
            raise ValueError(f"the weight of the reward term {term.name!r} must be at least 0, got {weight!r}")
    paying = [place for place, name in enumerate(names) if name in EARNED]
    for place, name in enumerate(names):
        if name in TAKERS and (not paying or place < paying[-1]):
            raise ValueError(
                f"the reward term {name!r} takes back what {' and '.join(EARNED)} pay, and must stand after them; the "
                f"terms are {names}"
            )
    caps = sum(term.cap for term in terms if hasattr(term, "cap") and getattr(term, "weight", 0) > 0)
    success = next((term.weight for term in terms if term.name == "success"), None)
    if success is not None and caps >= success > 0:
        raise ValueError(
            f"the penalties can take {caps:g}, not less than the {success:g} that success pays; "
            "then giving up early pays. Lower their caps or raise the weight of success."
        )
    return terms
