"""Success, compliance and mean reward of honest and other agents: ``python -m benchmarks.conduct.measure``."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.conduct.agents import AGENTS
from toolgym import make_domain, make_user
from toolgym.domain import AgentSpec, Domain
from toolgym.evaluation import Compliance, pass_hat_table
from toolgym.rewards import build_reward
from toolgym.rollouts import play
from toolgym.tasks import Task

PRESETS = ("raft", "compliant", "sparse")


@dataclass(frozen=True)
class Row:
    """What one agent came to.

    Args:
        success: The share of the tasks that it solved, in [0, 1].
        compliance: How it went about it.
        rewards: Its mean reward under each preset.
    """

    success: float
    compliance: Compliance
    rewards: Mapping[str, float]


def measured(
    agent: AgentSpec, tasks: Sequence[Task], domain: Domain, seed: int = 0, presets: Sequence[str] = PRESETS
) -> Row:
    """Play each task once under each preset.

    Args:
        agent: Who plays.
        tasks: The tasks.
        domain: Their domain.
        seed: At least 0; the same under each preset, so that the same is played.
        presets: The rewards.
    """
    user = make_user("scripted", domain=domain)
    rewards, played = {}, []
    for preset in presets:
        terms = build_reward(preset)
        episodes = [play(domain, task, agent, user, seed=seed, terms=terms) for task in tasks]
        rewards[preset] = sum(sum(one.rewards["assistant"].values()) for one in episodes) / len(episodes)
        played = [one.trajectory() for one in episodes]
    return Row(pass_hat_table(played).by_k[1].mean, Compliance.of(domain, played), rewards)


def main(names: Sequence[str]) -> None:
    """Print the table over the test split of retail, for the agents that are named, or all."""
    domain = make_domain("retail")
    _write(f"| Agent | Success | Consent | Identified | {' | '.join(f'`{preset}`' for preset in PRESETS)} |")
    _write(f"| --- | {' | '.join(['---:'] * (3 + len(PRESETS)))} |")
    for name in names or AGENTS:
        row = measured(AGENTS[name], domain.tasks["test"], domain)
        shares = (row.compliance.consent, row.compliance.identified)
        cells = [f"{100 * row.success:.1f}"]
        cells += ["n/a" if share is None else f"{100 * share.mean:.1f}" for share in shares]
        cells += [f"{row.rewards[preset]:.3f}" for preset in PRESETS]
        _write(f"| {name} | {' | '.join(cells)} |")


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
