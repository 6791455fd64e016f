"""Tasks and their parts, under tau2's field names, and sets of tasks by split.

A task says what the user wants and knows, in which state the episode starts, and by what it is graded. It carries the
digest of its world and the flavour of its tools, so a task alone says where and how it is played.
"""

from __future__ import annotations

import hashlib
import json
import textwrap
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property, partial
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator

from toolgym.compatibility import Flavour
from toolgym.errors import TaskError, UnknownNameError
from toolgym.files.strict_json import parse, read_bytes
from toolgym.messages import AgentID
from toolgym.patterns import current_name

RewardType: TypeAlias = Literal["DB", "ENV_ASSERTION", "NL_ASSERTION", "ACTION", "COMMUNICATE"]

_NOT_PLAYED = frozenset({"provenance", "certificate"})
"""Fields about a task, not of it: nobody in an episode knows them, and the key does not depend on them."""
_OWN_FIELDS = frozenset({"world", "flavour", "facts"}) | _NOT_PLAYED


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Description(_Part):
    """What a task is for; nobody in the episode sees it."""

    purpose: str | None = None
    relevant_policies: str | None = None
    notes: str | None = None


class Instructions(_Part):
    """What the user simulator is told, in parts."""

    domain: str
    reason_for_call: str
    known_info: str | None = None
    unknown_info: str | None = None
    task_instructions: str

    def __str__(self) -> str:
        parts = [
            ("Reason for call", self.reason_for_call),
            ("Known info", self.known_info),
            ("Unknown info", self.unknown_info),
            ("Task instructions", self.task_instructions),
        ]
        lines = [f"Domain: {self.domain}"]
        for title, body in parts:
            if body is not None:
                lines.append(f"{title}:\n{textwrap.indent(body, chr(9))}")
        return "\n".join(lines)


class UserScenario(_Part):
    """Who the user is and what the user wants."""

    persona: str | None = None
    instructions: Instructions | str

    def __str__(self) -> str:
        lines = [] if self.persona is None else [f"Persona:\n{textwrap.indent(self.persona, chr(9))}"]
        lines.append(f"Instructions:\n{textwrap.indent(str(self.instructions), chr(9))}")
        return "\n".join(lines)


class Action(_Part):
    """One gold call."""

    action_id: str
    requestor: AgentID = "assistant"
    name: str
    arguments: dict[str, Any]
    info: str | None = None
    compare_args: tuple[str, ...] | None = None
    """Arguments that a call must share to match; None: all that the call names; empty: the tool's name is enough."""


class FunctionCall(_Part):
    """A call of any function of a side's toolkit, to set up a state."""

    env_type: AgentID
    func_name: str
    arguments: dict[str, Any] = Field(default_factory=dict)


class EnvAssertion(FunctionCall):
    """A function that must answer ``assert_value`` in the final state."""

    assert_value: bool = True
    message: str | None = None


class InitializationData(_Part):
    """Records merged into the databases before the episode."""

    agent_data: dict[str, Any] | None = None
    user_data: dict[str, Any] | None = None


class InitialState(_Part):
    """The state in which the episode starts, beyond its world."""

    initialization_data: InitializationData | None = None
    initialization_actions: tuple[FunctionCall, ...] | None = None
    message_history: tuple[dict[str, Any], ...] | None = None
    """Messages that were exchanged before, as tau2 writes them; their calls are run again."""


class EvaluationCriteria(_Part):
    """By what an episode is graded; its success needs every component in ``reward_basis``."""

    actions: tuple[Action, ...] | None = None
    env_assertions: tuple[EnvAssertion, ...] | None = None
    communicate_info: tuple[str, ...] | None = None
    nl_assertions: tuple[str, ...] | None = None
    reward_basis: tuple[RewardType, ...] = ("DB", "COMMUNICATE")


class Provenance(_Part):
    """Where a task comes from."""

    generator: str
    """What made it, such as ``"retail.scenario"``."""
    kind: str = ""
    """The generator's own word for what is asked, such as ``"exchange"`` or ``"refuse"``."""
    difficulties: tuple[str, ...] = ()
    """What was made hard about it, in the generator's words."""
    pattern: str | None = None
    """The failure pattern that it stresses."""
    round: int | None = None
    """The round of a curriculum that made it, from 0."""
    parents: tuple[str, ...] = ()
    """Episode ids of the failures that it was made from."""

    @field_validator("pattern")
    @classmethod
    def _current(cls, pattern: str | None) -> str | None:
        """A file of an earlier version has the name that the pattern had then."""
        return None if pattern is None else current_name(pattern)


class Certificate(_Part):
    """What was checked of a task, and held."""

    key: str
    """Of the task as it was checked: the certificate of a task that was changed since is worth nothing."""
    stages: tuple[str, ...]
    """The stages that it passed, in order; see :mod:`toolgym.certificates`."""


class Task(_Part):
    """One problem, with what the user wants and by what the assistant is graded."""

    id: str = Field(min_length=1)
    """Unique in its domain and stable over releases; results refer to it."""
    description: Description | None = None
    user_scenario: UserScenario
    ticket: str | None = None
    initial_state: InitialState | None = None
    evaluation_criteria: EvaluationCriteria | None = None
    issues: tuple[dict[str, Any], ...] | None = None
    required_documents: tuple[str, ...] | None = None
    user_tools: tuple[str, ...] | None = None
    """Tools offered to the user; None: all of the domain's, empty: none."""
    world: str = ""
    """Content digest of the world in which the task plays."""
    flavour: Flavour = "toolgym"
    """How its tools behave."""
    facts: dict[str, Any] | None = None
    """What the scripted user knows and wants, in the domain's own terms; None: prose alone."""
    provenance: Provenance | None = None
    certificate: Certificate | None = None

    @cached_property
    def key(self) -> str:
        """A hash of the task, its world's digest and the flavour of its tools: the same text, the same episode.

        Provenance and certificate are left out.
        """
        played = self.model_dump(exclude_defaults=True, exclude=set(_NOT_PLAYED))
        text = json.dumps(played, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()[:24]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """See pydantic; the copy computes its own key."""
        copy = super().model_copy(update=update, deep=deep)
        copy.__dict__.pop("key", None)
        return copy

    @property
    def gold(self) -> tuple[Action, ...]:
        """Its gold calls, in order; empty when there are none."""
        criteria = self.evaluation_criteria
        return (criteria.actions or ()) if criteria is not None else ()

    @property
    def needs_judge(self) -> bool:
        """Whether success cannot be told without a judge of natural-language assertions."""
        criteria = self.evaluation_criteria
        return criteria is not None and "NL_ASSERTION" in criteria.reward_basis and bool(criteria.nl_assertions)

    def to_tau2(self) -> dict[str, Any]:
        """The task as tau2's JSON has it, without what is our own."""
        return self.model_dump(mode="json", exclude=set(_OWN_FIELDS))


SPLITS = ("train", "validation", "dev", "test")
"""The splits in the order in which they are listed."""


class TaskSet:
    """The tasks of one domain by split, read when first asked for.

    Args:
        splits: For each split, in the order in which they are listed, how to read its tasks.
    """

    def __init__(self, splits: Mapping[str, Callable[[], Iterable[Task]]]) -> None:
        self._splits = dict(splits)
        self._read: dict[str, tuple[Task, ...]] = {}
        self._by_id: dict[str, Task] | None = None
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[Any, ...]:
        return TaskSet, (self._splits,)  # what was read is read again where it is needed

    @classmethod
    def from_folder(cls, folder: Path, order: Iterable[str] | None = None) -> TaskSet:
        """Tasks from files ``<split>.jsonl``, one task a line.

        Args:
            folder: Where they lie; it may be missing as long as no task is written.
            order: The splits. By default those that the folder has: :data:`SPLITS` first, others by name.
        """
        if order is None:
            found = sorted(file.stem for file in folder.glob("*.jsonl"))
            order = sorted(found, key=lambda split: SPLITS.index(split) if split in SPLITS else len(SPLITS))
        return cls({split: partial(read_tasks, folder / f"{split}.jsonl") for split in order})

    def splits(self) -> list[str]:
        """Names of the splits."""
        return list(self._splits)

    def __getitem__(self, split: str) -> tuple[Task, ...]:
        """The tasks of a split, in a fixed order.

        Raises:
            UnknownNameError: If there is no such split; it lists those that are.
        """
        if split not in self._splits:
            raise UnknownNameError("split", split, self._splits)
        with self._lock:
            if split not in self._read:
                self._read[split] = tuple(self._splits[split]())
            return self._read[split]

    def __iter__(self) -> Iterator[Task]:
        """Every task once, in the order of the splits."""
        seen = set()
        for split in self._splits:
            for task in self[split]:
                if task.key not in seen:
                    seen.add(task.key)
                    yield task

    def find(self, task_id: str) -> Task:
        """The task with this id, in whatever split.

        Raises:
            UnknownNameError: If there is none.
        """
        if self._by_id is None:
            found: dict[str, Task] = {}
            for task in self:
                found.setdefault(task.id, task)
            self._by_id = found
        if task_id not in self._by_id:
            raise UnknownNameError("task", task_id, self._by_id)
        return self._by_id[task_id]


LARGEST_FILE = 1 << 30
"""Bytes of a file of tasks, at most."""


def read_tasks(path: Path) -> list[Task]:
    """Read a file with one task a line.

    Raises:
        TaskError: If the file is missing or a line is not a task; it names the line.
    """
    if not path.is_file():
        raise TaskError(f"there is no task file {str(path)!r}")
    tasks: list[Task] = []
    content = read_bytes(path, LARGEST_FILE)
    for number, line in enumerate(content.removesuffix(b"\n").split(b"\n") if content else (), 1):
        try:
            tasks.append(Task.model_validate(parse(line)))
        except (ValueError, RecursionError) as error:  # pydantic's is a ValueError
            raise TaskError(f"{path}, line {number}: {error}") from error
    return tasks


def write_tasks(path: Path, tasks: Iterable[Task]) -> None:
    """Write one task a line, ASCII-escaped, defaults left out."""
    lines = [json.dumps(task.model_dump(mode="json", exclude_defaults=True)) + "\n" for task in tasks]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(lines), encoding="utf-8")
