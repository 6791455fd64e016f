"""The data set of prompts that OpenRLHF reads: one row a task, as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from toolgym.curricula.folder import TASKS
from toolgym.curricula.worlds import save_worlds
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Task, write_tasks
from toolgym_trainers.integrations.openrlhf.episodes import Episodes
from toolgym_trainers.integrations.openrlhf.label import Label


def write_tasks_of(domain: Domain, tasks: Sequence[Task], folder: Path) -> None:
    """Write tasks with their worlds into a folder that other processes play as a pool.

    Args:
        domain: The domain, which knows their worlds.
        tasks: The tasks, such as what a curriculum's ``sample`` gave; one that is there several times is written once.
        folder: Where; such a folder is also what ``toolgym eval --pool`` plays.

    Raises:
        WorldError: If a world cannot be found.
    """
    once = list({task.key: task for task in tasks}.values())
    save_worlds(domain, {task.world for task in once}, folder)
    write_tasks(folder / TASKS, once)


def write_prompts(
    path: Path, episodes: Episodes, tasks: Sequence[Task] | None = None, *, seed: int = 0, max_len: int | None = None
) -> int:
    """Write a data set: in each row ``prompt`` is the very first prompt as text, and ``label`` says which task it is.

    Give OpenRLHF ``--data.input_key prompt --data.label_key label``, and neither ``--data.apply_chat_template`` nor
    ``--data.input_template``: the prompt is whole.

    Args:
        path: The file; its folder is made if it is not there.
        episodes: What the agent plays, from the same settings.
        tasks: The tasks of the rows, in order; by default each of the split or pool once.
        seed: Of the users, at least 0; each row has a seed of its own.
        max_len: OpenRLHF's ``--data.max_len``, into which each prompt and one message must fit; None for any length.

    Returns:
        How many tokens the longest prompt has.

    Raises:
        DataError: If a prompt is too long, or an episode is over before the policy speaks.

    Example:
        >>> from tempfile import TemporaryDirectory
        >>> from toolgym_trainers.integrations.openrlhf.settings import AgentSettings
        >>> episodes = Episodes(AgentSettings(split="dev", policy="tiny", turn_tokens=160))
        >>> with TemporaryDirectory() as folder:
        ...     longest = write_prompts(Path(folder) / "dev.jsonl", episodes, episodes.tasks[:2], max_len=1280)
        >>> longest < 1280 - 160
        True
    """
    rows = []
    longest = 0
    for row, task in enumerate(episodes.tasks if tasks is None else tasks):
        own = int(np.random.SeedSequence([seed, row]).generate_state(1)[0])
        label = Label(task.key, task.id, episodes.split, own, row)
        rollout = episodes.begin(label)
        prompt = rollout.open()
        if rollout.session.talk.over:
            raise DataError(f"the episode of {task.id!r} is over before the policy speaks; leave the task out")
        length = episodes.length(prompt)
        longest = max(longest, length)
        if max_len is not None and length + episodes.settings.turn_tokens > max_len:
            raise DataError(
                f"the prompt of {task.id!r} has {length} tokens: with {episodes.settings.turn_tokens} for a message it "
                f"does not fit into max_len {max_len}, and OpenRLHF would cut its beginning; raise max_len to at least "
                f"{length + episodes.settings.turn_tokens}, or lower turn_tokens"
            )
        rows.append(json.dumps({"prompt": prompt, "label": label.to_json()}))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{row}\n" for row in rows), encoding="ascii")
    return longest
