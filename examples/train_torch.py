"""A plain training loop: REINFORCE on `mock`, with groups of trials and a curriculum that makes tasks from failures.

    pip install '.[train]'  # in a clone
    python examples/train_torch.py

The policy is a small network that chooses among candidate actions; it needs no language model and learns in about a
minute on one core. What to change for a policy of yours:

- `candidates` and `features`: a language model writes its action itself, and `Policy.choose` becomes its generation.
  `observation` is a chat in OpenAI's format, `info["tools"]` are the tools.
- `gym.make("ToolMock-v0", …)`: another domain, reward, curriculum or group size.
- The advantages and the loss: any algorithm on groups, such as GRPO with its clipped ratio.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import gymnasium as gym
import torch

import toolgym  # noqa: F401  # registers the environments

GROUP = 8
"""Trials of one task: what each earns is compared with the mean of its group."""
GROUPS_PER_UPDATE = 4
WORDS = 96
"""Slots into which the words of a dialogue are hashed."""
KINDS = ("look", "pending", "completed", "create", "describe", "transfer", "done", "name")

Chat = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Candidate:
    """Something that can be done now.

    Args:
        kind: One of KINDS.
        action: What `env.step` gets.
        place: As which of several, from 0: the first task that was named, the second, …
    """

    kind: str
    action: str
    place: int = 0


def candidates(chat: Chat) -> list[Candidate]:
    """What can be done: calls with the ids and titles that were said, and a few sentences."""
    said = "\n".join(str(message["content"]) for message in chat[2:] if message["role"] in ("user", "assistant"))
    users, tasks = (list(dict.fromkeys(re.findall(pattern, said))) for pattern in (r"user_\d+", r"task_\d+"))
    found = [Candidate("look", call("get_users"))]
    for place, task in enumerate(tasks[:4]):
        for status in ("pending", "completed"):
            found += [Candidate(status, call("update_task_status", task_id=task, status=status), place)]
    description = re.search(r"must read: (.+)", said)
    for title in re.findall(r"'([^']+)'", said)[:2]:
        for place, user in enumerate(users[:2]):
            found.append(Candidate("create", call("create_task", user_id=user, title=title), place))
            if description is not None:
                asked = {"user_id": user, "title": title, "description": description[1]}
                found.append(Candidate("describe", call("create_task", **asked), place))
    found.append(Candidate("transfer", call("transfer_to_human_agents", summary="It is beyond my tools.")))
    found.append(Candidate("done", "It is done."))
    return found + [Candidate("name", f"It is done. {name}") for name in owners(chat, tasks)]


def call(name: str, **arguments: str) -> str:
    """A tool call as an action."""
    return json.dumps({"name": name, "arguments": arguments})


def owners(chat: Chat, tasks: Sequence[str]) -> list[str]:
    """Who has the first task that was named, if the list of users was looked at."""
    for message in chat:
        if message["role"] == "tool" and message["content"].startswith("[") and tasks:
            return [user["name"] for user in json.loads(message["content"]) if tasks[0] in user["tasks"]]
    return []


def features(chat: Chat, options: Sequence[Candidate], made: Sequence[Candidate]) -> torch.Tensor:
    """A row for each candidate: what was said, what was done so far, and what the candidate is."""
    heard = torch.zeros(WORDS)
    for message in chat[2:]:
        if message["role"] == "user":
            for word in re.findall(r"[a-z]+", re.sub(r"'[^']*'", "", str(message["content"])).lower()):
                heard[zlib.crc32(word.encode()) % WORDS] = 1.0
    done = torch.zeros(len(KINDS) + 1)
    for one in made:
        done[KINDS.index(one.kind)] = 1.0
    done[-1] = len(made) / 4
    rows = []
    for option in options:
        own = torch.zeros(len(KINDS) + 5)
        own[KINDS.index(option.kind)] = 1.0
        own[len(KINDS) + option.place] = 1.0
        own[-1] = float(option in made)
        rows.append(torch.cat([heard, done, own]))
    return torch.stack(rows)


class Policy:
    """Scores candidates; a softmax over the scores is the policy."""

    def __init__(self, hidden: int = 64) -> None:
        width = WORDS + 2 * len(KINDS) + 6
        self.layers = torch.nn.Sequential(torch.nn.Linear(width, hidden), torch.nn.Tanh(), torch.nn.Linear(hidden, 1))

    def choose(self, rows: torch.Tensor) -> tuple[int, torch.Tensor, torch.Tensor]:
        """Which candidate, the logarithm of its probability, and the entropy of the choice."""
        chances = torch.distributions.Categorical(logits=self.layers(rows).squeeze(-1))
        chosen = chances.sample()
        return int(chosen), chances.log_prob(chosen), chances.entropy()


@dataclass
class Trial:
    """What one episode came to."""

    reward: float
    success: bool
    log_probs: list[torch.Tensor]
    entropies: list[torch.Tensor]


def play(env: gym.Env[Any, Any], policy: Policy, options: dict[str, Any] | None = None) -> Trial:
    """One episode."""
    chat, info = env.reset(options=options)
    trial = Trial(0.0, False, [], [])
    made: list[Candidate] = []
    over = False
    while not over:
        choices = candidates(chat)
        chosen, log_prob, entropy = policy.choose(features(chat, choices, made))
        made.append(choices[chosen])
        chat, reward, terminated, truncated, info = env.step(choices[chosen].action)
        trial.reward += float(reward)
        trial.log_probs.append(log_prob)
        trial.entropies.append(entropy)
        over = terminated or truncated
    trial.success = bool(info.get("success"))  # a fault has none; with this user there is no fault
    return trial


def loss_of(group: Sequence[Trial]) -> torch.Tensor:
    """REINFORCE, each trial's reward compared with its group's: nothing is learned where all earned the same."""
    rewards = torch.tensor([trial.reward for trial in group])
    advantages = (rewards - rewards.mean()) / (rewards.std() + 1e-6)
    terms = [
        -advantage * torch.stack(trial.log_probs).sum() - 0.02 * torch.stack(trial.entropies).mean()
        for advantage, trial in zip(advantages, group, strict=True)
    ]
    return torch.stack(terms).mean()


def evaluate(policy: Policy, trials: int = 4) -> float:
    """The share of trials on the test split that succeed; its tasks and its world are not those of the training."""
    env = gym.make("ToolMock-v0", split="test", history=True, max_steps=16)
    tasks = env.unwrapped.domain.tasks["test"]  # type: ignore[attr-defined]  # a ToolEnv, under Gymnasium's wrappers
    with torch.no_grad():
        won = [play(env, policy, {"task_id": task.id}).success for task in tasks for _ in range(trials)]
    return sum(won) / len(won)


def main() -> None:
    """Train, and print how it goes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=int, default=400, help="groups of trials to play")
    parser.add_argument("--refresh-every", type=int, default=800, help="episodes between two refreshes")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    torch.manual_seed(asked.seed)
    torch.set_num_threads(1)

    env = gym.make(
        "ToolMock-v0",
        reward="raft",
        history=True,
        max_steps=16,
        group_size=GROUP,
        curriculum="sentinel",
        curriculum_args={"base": 0.5, "refresh_every": asked.refresh_every},
    )
    env.reset(seed=asked.seed)
    curriculum = env.unwrapped.curriculum  # type: ignore[attr-defined]  # a ToolEnv, under Gymnasium's wrappers
    policy = Policy()
    optimizer = torch.optim.Adam(policy.layers.parameters(), lr=5e-3)
    started = time.perf_counter()
    print(f"{'episodes':>8} {'train':>6} {'test':>6} {'refreshes':>9} {'pool':>5} {'seconds':>8}")
    solved: list[bool] = []
    for number in range(asked.groups + 1):
        if number % 50 == 0:
            train = f"{sum(solved) / len(solved):.0%}" if solved else "-"
            figures = curriculum.metrics()
            print(
                f"{number * GROUP:>8} {train:>6} {evaluate(policy):>6.0%} {figures['round']:>9.0f} "
                f"{figures['pool']:>5.0f} {time.perf_counter() - started:>8.1f}",
                flush=True,
            )
            solved = []
        group = [play(env, policy) for _ in range(GROUP)]
        solved += [trial.success for trial in group]
        (loss_of(group) / GROUPS_PER_UPDATE).backward()
        if number % GROUPS_PER_UPDATE == GROUPS_PER_UPDATE - 1:
            optimizer.step()
            optimizer.zero_grad()


if __name__ == "__main__":
    main()
