"""Which episodes have been counted, so that none is counted twice."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from toolgym.messages import canonical_arguments
from toolgym.trajectory import Trajectory

SIZE = 6
"""Bytes of a digest: two of a million episodes of one task have the same one once in 500 times."""


class Episodes:
    """The episodes that have been counted, as digests by task.

    An episode is told by its id, which is the task and the trial, by the seed of its run, and by what was said and
    called in it: runs of two policies have episodes of one id and seed.

    Example:
        >>> from toolgym import make_agent, make_domain, make_user
        >>> from toolgym.rollouts import play
        >>> mock = make_domain("mock")
        >>> trial = play(mock, mock.tasks["test"][0], make_agent("no-op"), make_user("minimal")).trajectory()
        >>> counted = Episodes()
        >>> counted.add(trial), counted.add(trial), len(counted)
        (True, False, 1)
    """

    def __init__(self) -> None:
        self._seen: dict[str, dict[str, None]] = {}

    def add(self, trajectory: Trajectory) -> bool:
        """Count an episode; False if it was counted before."""
        seen = self._seen.setdefault(trajectory.task_key, {})
        digest = _digest(trajectory)
        if digest in seen:
            return False
        seen[digest] = None
        return True

    def __len__(self) -> int:
        return sum(map(len, self._seen.values()))

    def copy(self) -> Episodes:
        """The same episodes, to be counted on apart from these."""
        other = Episodes()
        other._seen = {key: dict(seen) for key, seen in self._seen.items()}
        return other

    def state_dict(self) -> dict[str, Any]:
        """The digests of each task's episodes, one after the other, by task key."""
        return {key: "".join(seen) for key, seen in self._seen.items()}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Episodes:
        """Read what :meth:`state_dict` gave."""
        found, width = cls(), 2 * SIZE
        for key, text in state.items():
            found._seen[key] = {text[start : start + width]: None for start in range(0, len(text), width)}
        return found


def _digest(trajectory: Trajectory) -> str:
    found = hashlib.sha256(f"{trajectory.episode_id} {trajectory.seed}".encode())
    for message in trajectory.messages:
        calls = [(call.name, canonical_arguments(call.arguments)) for call in message.tool_calls or ()]
        found.update(f"\0{message.role}\0{message.content}\0{calls}".encode(errors="surrogatepass"))
    return found.hexdigest()[: 2 * SIZE]
