"""Episodes that OpenRLHF's processes played, kept so that a curriculum learns of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from toolgym.trajectory import Trajectory


def keep_episode(folder: Path, row: int, trajectory: Trajectory) -> None:
    """Keep an episode; each process has a file of its own.

    Args:
        folder: Where.
        row: Which row of the data set it is of.
        trajectory: The episode.
    """
    folder.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"row": row, "trajectory": trajectory.to_json()})
    with (folder / f"{os.uname().nodename}-{os.getpid()}.jsonl").open("a", encoding="ascii") as file:
        file.write(f"{line}\n")


class KeptEpisodes:
    """Reads kept episodes in groups, each once, while they come.

    Args:
        folder: Where they are kept.
        group_size: Trials of a group, at least 1.
    """

    def __init__(self, folder: Path, group_size: int) -> None:
        self._folder = folder
        self._size = group_size
        self._read: dict[Path, int] = {}
        self._waiting: dict[int, list[Trajectory]] = {}

    def groups(self) -> Iterator[list[Trajectory]]:
        """The groups that are whole and were not given yet, in the order in which they became so."""
        for path in sorted(self._folder.glob("*.jsonl")):
            with path.open("rb") as file:
                file.seek(self._read.get(path, 0))
                for line in file:
                    if not line.endswith(b"\n"):  # still being written
                        break
                    self._read[path] = self._read.get(path, 0) + len(line)
                    found = json.loads(line)
                    waiting = self._waiting.setdefault(int(found["row"]), [])
                    waiting.append(Trajectory.from_json(found["trajectory"]))
                    if len(waiting) == self._size:
                        yield self._waiting.pop(int(found["row"]))
