"""What a row of OpenRLHF's data set says of its task: the text that it hands to the agent as the label."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from toolgym.errors import DataError


@dataclass(frozen=True)
class Label:
    """Which task a row is of, and with which seed it is played; all trials of a group have the same.

    Args:
        task: The task's key.
        id: Its id in the domain, for people who read the data set.
        split: Where it is from: a split, or ``"pool"``.
        seed: The seed of the user, at least 0.
        row: Which row of the data set it is, from 0.

    Raises:
        DataError: If a value is of another kind or out of range.

    Example:
        >>> label = Label(task="abc", id="cancel_7", split="train", seed=3, row=0)
        >>> Label.from_json(label.to_json()) == label
        True
    """

    task: str
    id: str
    split: str
    seed: int
    row: int

    def __post_init__(self) -> None:
        for name in ("task", "id", "split"):
            if not isinstance(getattr(self, name), str):
                raise DataError(f"{name} of a label must be text, got {getattr(self, name)!r}")
        for name in ("seed", "row"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise DataError(f"{name} of a label must be a whole number of at least 0, got {value!r}")

    def to_json(self) -> str:
        """The label as a line of ASCII JSON."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Label:
        """Read what :meth:`to_json` wrote.

        Raises:
            DataError: If it is not that.
        """
        try:
            found: Any = json.loads(text)
            return cls(**found)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"{text!r:.80} is no label of a task: {error}; give --data.label_key label, and a data set that "
                "write_prompts wrote"
            ) from error
