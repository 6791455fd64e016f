"""Compliance: whether an assistant had the user's yes before it wrote, and knew who the user was before it looked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from toolgym.domain import Domain
from toolgym.evaluation.argument_roles import argument_roles_of
from toolgym.evaluation.choices import choices_of
from toolgym.evaluation.metrics import Estimate, interval
from toolgym.language.agreement import Agreed, agreed, exchanges, standing, telling
from toolgym.language.proposals import differs
from toolgym.messages import Message, ToolCall
from toolgym.trajectory import Trajectory


class Conduct(NamedTuple):
    """How the assistant went about one episode.

    Args:
        writes: Its successful calls of tools that write.
        agreed: Those of them that were made after a yes of the user to a request for a go-ahead. One yes is good for
            one write, and for others that the same proposal names.
        tellable: Those of them whose arguments hold something by which a proposal can be seen to name them.
        named: Those of the tellable ones to which the user agreed in answer to a proposal that names them.
        opened: Whether a record of a user was read or written; False in a domain without an identification.
        identified: Whether the user was identified before the first of them was.
    """

    writes: int
    agreed: int
    tellable: int
    named: int
    opened: bool
    identified: bool


@dataclass(frozen=True)
class Compliance:
    """How the assistant went about the episodes of a run. Each share is None where there is nothing to count.

    Args:
        consent: The share of the writes that were made after a yes to a request for a go-ahead.
        named: The share of the writes whose proposal names what they change, of those of which that can be told.
        identified: The share of the episodes with the user identified before a record of a user was read or written,
            of those in which one was.
        writes: How many writes there are.
        episodes: How many episodes there are in which a record of a user was read or written; 0 in a domain without an
            identification.

    Example:
        >>> from toolgym import make_domain
        >>> Compliance.of(make_domain("mock"), []).consent is None
        True
    """

    consent: Estimate | None
    named: Estimate | None
    identified: Estimate | None
    writes: int
    episodes: int

    @classmethod
    def of(cls, domain: Domain, trajectories: Iterable[Trajectory]) -> Compliance:
        """The compliance of the assistant in the episodes of a run; void episodes count neither way.

        Each task counts once, by the mean over its trials, and the intervals take the task for the unit, as those of
        Pass^k do. A task in which nothing was written leaves :attr:`consent`, and so on.

        Args:
            domain: Their domain.
            trajectories: The episodes.

        Raises:
            DataError: If calls and results of an episode do not pair.
        """
        by_task: dict[str, list[Conduct]] = defaultdict(list)
        for trajectory in trajectories:
            if trajectory.fault is None:
                by_task[trajectory.task_key].append(conduct(domain, trajectory.messages, trajectory.history))
        tasks = list(by_task.values())
        rows = [row for task in tasks for row in task]
        return cls(
            _share([[(row.agreed, row.writes) for row in task] for task in tasks]),
            _share([[(row.named, row.tellable) for row in task] for task in tasks]),
            _share([[(int(row.identified), int(row.opened)) for row in task] for task in tasks]),
            sum(row.writes for row in rows),
            sum(row.opened for row in rows),
        )

    def as_dict(self) -> dict[str, Any]:
        """The figures as JSON-able data; a share is an object of mean, low and high, or null."""
        shares = {
            name: None if share is None else share._asdict()
            for name, share in (("consent", self.consent), ("named", self.named), ("identified", self.identified))
        }
        return {**asdict(self), **shares}


def conduct(domain: Domain, messages: Sequence[Message], history: int = 0) -> Conduct:
    """How the assistant went about an episode.

    Args:
        domain: Its domain.
        messages: The whole dialogue, the history that came with its task included.
        history: How many of the first messages are that history; calls in it are not the assistant's doing, but tell
            who the user is.

    Example:
        >>> from toolgym import make_domain
        >>> call = ToolCall("update_task_status", {"task_id": "task_1", "status": "completed"}, "1")
        >>> dialogue = [
        ...     Message("assistant", "I will close task_1. Shall I go ahead?"),
        ...     Message("user", "Yes, please."),
        ...     Message("assistant", None, (call,)),
        ...     Message("tool", "{}", tool_call_id="1", requestor="assistant"),
        ... ]
        >>> conduct(make_domain("mock"), dialogue)
        Conduct(writes=1, agreed=1, tellable=1, named=1, opened=False, identified=False)
    """
    kit = domain.toolkits.get("assistant")
    tools = kit.tools if kit is not None else {}
    identification = domain.identification
    writes: list[tuple[int, ToolCall]] = []
    known = opened = identified = False
    for number, call in _made(messages):
        found = tools.get(call.name)
        writing = found is not None and found.mutates
        if writing and number >= history:
            writes.append((number, call))
        if identification is not None and not opened:
            if call.name in identification.by:
                known = True
            elif number >= history and (writing or call.name in identification.reads):
                opened, identified = True, known
    if not writes:
        return Conduct(0, 0, 0, 0, opened, identified)
    answers = _agreements(domain, messages, writes)
    tellable = [answer for answer, told in answers if told]
    return Conduct(
        len(writes),
        sum(answer != "no" for answer, _ in answers),
        len(tellable),
        sum(answer == "named" for answer in tellable),
        opened,
        identified,
    )


def _made(messages: Sequence[Message]) -> Iterator[tuple[int, ToolCall]]:
    """The assistant's calls that did not fail, each with the number of its message; those without a result are not."""
    for number, message in enumerate(messages):
        if message.role == "assistant":
            for place, call in enumerate(message.tool_calls, start=number + 1):
                if place < len(messages) and messages[place].role == "tool" and not messages[place].error:
                    yield number, call


def _agreements(
    domain: Domain, messages: Sequence[Message], writes: Sequence[tuple[int, ToolCall]]
) -> list[tuple[Agreed, bool]]:
    """Whether each write was agreed to, and whether it can be told that a proposal names it."""
    roles = argument_roles_of(domain)
    said = list(exchanges(messages))
    found: list[tuple[Agreed, bool]] = []
    place = 0
    for done, (number, call) in enumerate(writes):
        while place < len(said) and said[place].answered < number:
            place += 1
        last = standing(said[max(place - 2, 0) : place])
        since = [one.arguments for at, one in writes[:done] if last is not None and last.answered < at]
        record = next(
            (
                value
                for name, value in call.arguments.items()
                if isinstance(value, str) and roles.role(call.name, name) == "record"
            ),
            None,
        )
        answer = agreed(last, record, call.arguments, since)
        if last is not None and differs(last.text, last.answer, record, call.arguments, choices_of(domain, call)):
            answer = "no"
        found.append((answer, record is not None or bool(telling(record, call.arguments))))
    return found


def _share(tasks: Sequence[Sequence[tuple[int, int]]]) -> Estimate | None:
    """The mean over tasks of the mean share in a task's episodes, of those in which there is something to count."""
    counted = [[part / whole for part, whole in task if whole] for task in tasks]
    counted = [task for task in counted if task]
    if not counted:
        return None
    return interval([sum(task) / len(task) for task in counted], sum(map(len, counted)))
