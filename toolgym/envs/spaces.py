"""Spaces of messages: one message as an action, several as an observation; and of plain text."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Generic, TypeVar

import gymnasium as gym
import numpy as np
from gymnasium.vector.utils.shared_memory import (
    create_shared_memory,
    read_from_shared_memory,
    write_to_shared_memory,
)

from toolgym.actions import parse_action
from toolgym.errors import DataError
from toolgym.messages import from_chat

_Element = TypeVar("_Element")
_WORDS = ("hello", "order", "please", "yes", "no", "thanks", "cancel", "Größe", "数", "🙂", "?", "#W1")
_LENGTH = 8
"""Bytes that hold the size of a message in shared memory."""


class _JsonSpace(gym.Space[_Element], Generic[_Element]):
    """A space whose elements are JSON: how they are compared, stored and passed between processes.

    Args:
        max_bytes: Bytes reserved for one element in the shared memory of an ``AsyncVectorEnv``; above 8.
        seed: Seed of :meth:`sample`.
    """

    def __init__(self, max_bytes: int = 1 << 20, seed: int | np.random.Generator | None = None) -> None:
        if max_bytes <= _LENGTH:
            raise ValueError(f"max_bytes must be above {_LENGTH}, got {max_bytes}")
        self.max_bytes = max_bytes
        super().__init__(None, None, seed)

    @property
    def is_np_flattenable(self) -> bool:
        """Text has no fixed size, so no."""
        return False

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.max_bytes == self.max_bytes

    def __hash__(self) -> int:
        return hash((type(self), self.max_bytes))

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def to_jsonable(self, sample_n: Iterable[_Element]) -> list[Any]:
        """Elements as JSON-able values."""
        return list(sample_n)

    def from_jsonable(self, sample_n: list[Any]) -> list[_Element]:
        """What :meth:`to_jsonable` gave, back."""
        return [self._restore(item) for item in sample_n]

    def _restore(self, value: Any) -> _Element:
        raise NotImplementedError  # the spaces below say how

    def _text(self) -> str:
        words = self.np_random.integers(len(_WORDS), size=int(self.np_random.integers(1, 8)))
        return " ".join(_WORDS[int(word)] for word in words)

    def _call(self) -> dict[str, Any]:
        word = _WORDS[int(self.np_random.integers(4))]
        return {"name": f"get_{word}", "arguments": {"id": int(self.np_random.integers(1000))}}


class MessageSpace(_JsonSpace["str | dict[str, Any]"]):
    """One message: any text, or a mapping in OpenAI chat format (or a bare call with name and arguments).

    Example:
        >>> MessageSpace().contains({"role": "assistant", "content": "Hello!"})
        True
        >>> MessageSpace().contains({"role": "assistant", "content": 5})
        False
    """

    def contains(self, x: Any) -> bool:
        """Whether ``x`` can be an action."""
        if isinstance(x, Mapping) and x.get("role", "assistant" if "name" in x else None) not in ("assistant", "user"):
            return False
        if isinstance(x, Mapping) and "role" not in x and not isinstance(x.get("arguments", {}), str | Mapping):
            return False
        try:
            parse_action(x)
        except DataError:
            return False
        return True

    def sample(self, mask: None = None, probability: None = None) -> str | dict[str, Any]:
        """A random text, call as text, or call as a mapping; masks are not supported."""
        _no_mask(self, mask, probability)
        kind = int(self.np_random.integers(3))
        if kind == 0:
            return self._text()
        call = self._call()
        return json.dumps(call) if kind == 1 else call

    def _restore(self, value: Any) -> Any:
        return value


class DialogueSpace(_JsonSpace[tuple[dict[str, Any], ...]]):
    """Messages in OpenAI chat format, oldest first: a tuple of mappings, possibly empty.

    Example:
        >>> DialogueSpace().contains(({"role": "user", "content": "Hello!"},))
        True
    """

    def contains(self, x: Any) -> bool:
        """Whether ``x`` can be an observation."""
        return isinstance(x, tuple) and all(isinstance(item, Mapping) and _is_chat(item) for item in x)

    def sample(self, mask: None = None, probability: None = None) -> tuple[dict[str, Any], ...]:
        """Up to three random messages; masks are not supported."""
        _no_mask(self, mask, probability)
        roles = ("user", "assistant", "system")
        number = int(self.np_random.integers(4))
        return tuple({"role": roles[int(self.np_random.integers(3))], "content": self._text()} for _ in range(number))

    def _restore(self, value: Any) -> tuple[dict[str, Any], ...]:
        return tuple(value)


class TextSpace(_JsonSpace[str]):
    """Any text, empty or not, of any length and in any script; Gymnasium's own ``Text`` has an alphabet.

    Example:
        >>> TextSpace().contains("Größe 数 🙂")
        True
    """

    def contains(self, x: Any) -> bool:
        """Whether ``x`` is text."""
        return isinstance(x, str)

    def sample(self, mask: None = None, probability: None = None) -> str:
        """A random text; masks are not supported."""
        _no_mask(self, mask, probability)
        return self._text()

    def _restore(self, value: Any) -> str:
        return str(value)


def _is_chat(x: Mapping[str, Any]) -> bool:
    try:
        from_chat(x)
    except DataError:
        return False
    return True


def _no_mask(space: object, mask: object, probability: object) -> None:
    if mask is not None or probability is not None:
        raise ValueError(f"{type(space).__name__}.sample supports neither mask nor probability")


@create_shared_memory.register(_JsonSpace)
def _create(space: _JsonSpace[Any], n: int = 1, ctx: Any = None) -> Any:
    import multiprocessing

    memory = (ctx or multiprocessing).RawArray("c", n * space.max_bytes)
    for index in range(n):
        _write(space, index, () if isinstance(space, DialogueSpace) else "", memory)
    return memory


@write_to_shared_memory.register(_JsonSpace)
def _write(space: _JsonSpace[Any], index: int, value: Any, shared_memory: Any) -> None:
    data = json.dumps(value).encode("ascii")
    if len(data) + _LENGTH > space.max_bytes:
        raise ValueError(
            f"a message of {len(data)} bytes does not fit into the {space.max_bytes} bytes that {space!r} reserves; "
            "make the AsyncVectorEnv with shared_memory=False"
        )
    view = memoryview(shared_memory).cast("B")
    start = index * space.max_bytes
    view[start : start + _LENGTH] = len(data).to_bytes(_LENGTH, "little")
    view[start + _LENGTH : start + _LENGTH + len(data)] = data


@read_from_shared_memory.register(_JsonSpace)
def _read(space: _JsonSpace[Any], shared_memory: Any, n: int = 1) -> Frames:
    return Frames(space, shared_memory, n)


class Frames(Sequence[Any]):
    """The latest message of each environment in shared memory, decoded when it is looked at.

    Gymnasium asks for this once and copies it after every step; the copy is a plain tuple of that step's messages.
    """

    def __init__(self, space: _JsonSpace[Any], shared_memory: Any, n: int) -> None:
        self._space = space
        self._view = memoryview(shared_memory).cast("B")
        self._n = n

    def __len__(self) -> int:
        return self._n

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return tuple(self)[index]
        if not -self._n <= index < self._n:
            raise IndexError(f"there are {self._n} environments, got the index {index}")
        start = (index % self._n) * self._space.max_bytes + _LENGTH
        size = int.from_bytes(self._view[start - _LENGTH : start], "little")
        return self._space.from_jsonable([json.loads(bytes(self._view[start : start + size]))])[0]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        raise TypeError("messages in shared memory change, so they cannot be hashed")

    def __deepcopy__(self, memo: dict[int, Any]) -> tuple[Any, ...]:
        return tuple(self)
