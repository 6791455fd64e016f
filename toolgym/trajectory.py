"""What an episode leaves behind: steps, rewards, grade, fault, and the trajectory that holds them as one JSON line."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from toolgym.errors import DataError
from toolgym.files.strict_json import parse
from toolgym.messages import SIDES, AgentID, Message, Role, ToolCall
from toolgym.patterns import Injection, current_name

Termination: TypeAlias = Literal[
    "user_stop",
    "agent_stop",
    "max_steps",
    "timeout",
    "too_many_errors",
    "agent_error",
    "user_error",
    "infrastructure_error",
    "context_window_exceeded",
    "user_context_window_exceeded",
    "unexpected_error",
]
"""Why an episode ended, in tau2's words, and ``user_context_window_exceeded``, for which tau2 has none."""

Participant: TypeAlias = Literal["assistant", "user", "judge"]
"""Who may use a model."""

FORMAT = 1
"""The layout of a trajectory's JSON line."""


@dataclass(frozen=True)
class Fault:
    """Something other than the agent failed; the episode counts neither as success nor as failure.

    Args:
        source: Who failed: the user simulator, the judge, a service, or the task itself.
        reason: What happened.
        attempt: How often the episode was void before in its run.
    """

    source: Literal["user", "judge", "service", "task"]
    reason: str
    attempt: int = 0


@dataclass(frozen=True)
class Usage:
    """What one participant used over an episode, failed and repeated requests included; None where nobody knows.

    Args:
        calls: Requests to its model, at least 0.
        input_tokens: Tokens read, at least 0.
        output_tokens: Tokens generated, at least 0.
        cost_usd: Their price in US dollars, at least 0.
    """

    calls: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    cost_usd: float | None = None

    def __add__(self, other: Usage) -> Usage:
        """Both together; what one of them does not know, the sum does not know."""
        return Usage(
            *(
                None if mine is None or its is None else mine + its
                for mine, its in (
                    (self.calls, other.calls),
                    (self.input_tokens, other.input_tokens),
                    (self.output_tokens, other.output_tokens),
                    (self.cost_usd, other.cost_usd),
                )
            )  # type: ignore[arg-type]  # sums of ints are ints
        )


NO_USAGE = Usage(0, 0, 0, 0.0)
"""Nothing was used: where a sum starts."""


@dataclass(frozen=True)
class Check:
    """One checked thing of a grade.

    Args:
        what: The gold call, the assertion or the text that was looked for.
        met: Whether it held; None if nobody judged it.
        note: Why, where there is something to say.
    """

    what: str
    met: bool | None
    note: str = ""


@dataclass(frozen=True)
class Grade:
    """How an episode is graded, by tau2's rules.

    Args:
        reward: The product of the components in the basis, 0.0 or 1.0; None while a judge is needed and the other
            components do not settle it.
        success: Whether the reward is 1; None when it is None.
        basis: The components that count.
        components: Value of each component in the basis, in [0, 1]; None if it was not judged.
        db_match: Whether both databases are as the gold leaves them; None if it was not compared.
        actions: One check a gold call, whether or not ACTION counts.
        env_assertions: One check an assertion on the final state.
        communicate: One check a text that had to be said.
        nl_assertions: One check a natural-language assertion.
        note: Why nothing was checked, where that is so.
    """

    reward: float | None
    success: bool | None
    basis: tuple[str, ...] = ()
    components: Mapping[str, float | None] = field(default_factory=dict)
    db_match: bool | None = None
    actions: tuple[Check, ...] = ()
    env_assertions: tuple[Check, ...] = ()
    communicate: tuple[Check, ...] = ()
    nl_assertions: tuple[Check, ...] = ()
    note: str = ""

    @property
    def not_judged(self) -> tuple[str, ...]:
        """Components in the basis that nobody judged."""
        return tuple(name for name, value in self.components.items() if value is None)


@dataclass(frozen=True, slots=True)
class Step:
    """What one message of one side brought about.

    Args:
        agent: Who acted.
        messages: What was appended: the message, and the results of its calls.
        reward_terms: What each side was paid now, by term.
        terminated: The dialogue came to its end.
        truncated: A limit or a fault ended it.
        repeats: Calls of the message that only repeated an earlier one, nothing having changed in between.
    """

    agent: AgentID
    messages: tuple[Message, ...]
    reward_terms: Mapping[AgentID, Mapping[str, float]]
    terminated: bool
    truncated: bool
    repeats: int = 0

    def reward(self, agent: AgentID = "assistant") -> float:
        """The sum of what a side was paid now."""
        return sum(self.reward_terms.get(agent, {}).values())


RewardBreakdown: TypeAlias = Mapping[AgentID, Mapping[str, float]]
"""The total that each side was paid over an episode, by term."""


@dataclass(frozen=True)
class Trajectory:
    """One finished episode.

    Args:
        domain: The domain's name.
        task_id: The task's id in its domain.
        task_key: The task's content hash.
        messages: All messages of both sides, in order, system prompts left out.
        history: How many of the first messages came with the task.
        termination: Why it ended; None if it was cut off.
        grade: The grade; None for a voided episode.
        fault: Set if the episode is void.
        rewards: Totals by side and term.
        agent: The agent's name.
        user: The user's name.
        trial: Which repetition of the task, from 0.
        seed: The run's seed.
        split: The split from which the task came.
        data: Whose tasks: ``"toolgym"`` or ``"tau2"``.
        usage: What each participant used, where anything is known of it.
        injected: The faults that the assistant made on purpose, if it is an agent that does.
        started: Unix time of the start, in seconds; the only other field that differs between equal runs is seconds.
        seconds: Wall time taken.
    """

    domain: str
    task_id: str
    task_key: str
    messages: tuple[Message, ...]
    termination: Termination | None
    grade: Grade | None
    history: int = 0
    fault: Fault | None = None
    rewards: RewardBreakdown = field(default_factory=dict)
    agent: str = ""
    user: str = ""
    trial: int = 0
    seed: int | None = None
    split: str = ""
    data: str = "toolgym"
    usage: Mapping[Participant, Usage] = field(default_factory=dict)
    injected: tuple[Injection, ...] = ()
    started: float | None = None
    seconds: float | None = None

    @property
    def episode_id(self) -> str:
        """Which episode of a run this is: the task, and the trial of it."""
        return f"{self.task_key}-{self.trial}"

    @property
    def success(self) -> bool | None:
        """Whether the task was solved; None if void or not judged."""
        return None if self.grade is None or self.fault is not None else self.grade.success

    @property
    def cost_usd(self) -> float:
        """What its participants cost in US dollars, as far as that is known: a lower bound."""
        return sum(usage.cost_usd or 0.0 for usage in self.usage.values())

    def to_json(self) -> str:
        """The trajectory as one line of ASCII JSON, fields at their default left out.

        Raises:
            DataError: If a number in it is NaN or infinite, such as a reward: JSON has none.
        """
        try:
            return json.dumps({"format": FORMAT, **_plain(self)}, allow_nan=False)
        except ValueError as error:
            raise DataError(
                f"the trajectory of {self.task_id!r} cannot be written: {error}; see its rewards"
            ) from error

    @classmethod
    def from_json(cls, line: str) -> Trajectory:
        """Read what :meth:`to_json` wrote; the result is equal to what was written.

        Raises:
            DataError: If the line is not such a trajectory.
        """
        try:
            data = parse(line)
            if data.pop("format", None) != FORMAT:
                raise DataError(f"not a trajectory of format {FORMAT}")
            _check(data, _TRAJECTORY)
            if data.get("history", 0) < 0:
                raise ValueError(f"history must be at least 0, got {data['history']}")
            for terms in data.get("rewards", {}).values():
                _check_values(terms, _NUMBER)
            data["messages"] = tuple(_message(message) for message in data["messages"])
            if data.get("grade") is not None:
                data["grade"] = _grade(data["grade"])
            if data.get("fault") is not None:
                data["fault"] = Fault(**_check(data["fault"], _FAULT))
            data["usage"] = {name: Usage(**_check(usage, _USED)) for name, usage in data.get("usage", {}).items()}
            data["injected"] = tuple(_injection(one) for one in data.get("injected", ()))
            return cls(**data)
        except (TypeError, KeyError, AttributeError, ValueError, RecursionError) as error:
            raise DataError(f"this line is not a trajectory: {error or type(error).__name__}: {line[:120]}") from error


_Kinds: TypeAlias = frozenset[type]
_NONE = type(None)
_KINDS: tuple[tuple[type, ...], ...] = ((str,), (list,), (dict,), (int,), (bool,), (int, float))
_TEXT, _LIST, _OBJECT, _WHOLE, _TRUTH, _NUMBER = map(frozenset, _KINDS)
_TEXT_OR_NONE, _OBJECT_OR_NONE, _WHOLE_OR_NONE, _TRUTH_OR_NONE, _NUMBER_OR_NONE = (
    kinds | {_NONE} for kinds in (_TEXT, _OBJECT, _WHOLE, _TRUTH, _NUMBER)
)
_ROLES = get_args(Role)
_TRAJECTORY: Mapping[str, _Kinds] = {
    **dict.fromkeys(("domain", "task_id", "task_key", "agent", "user", "split", "data"), _TEXT),
    **dict.fromkeys(("messages", "injected"), _LIST),
    **dict.fromkeys(("grade", "fault"), _OBJECT_OR_NONE),
    **dict.fromkeys(("rewards", "usage"), _OBJECT),
    **dict.fromkeys(("history", "trial"), _WHOLE),
    **dict.fromkeys(("started", "seconds"), _NUMBER_OR_NONE),
    "termination": _TEXT_OR_NONE,
    "seed": _WHOLE_OR_NONE,
}
_MESSAGE: Mapping[str, _Kinds] = {
    **dict.fromkeys(("content", "tool_call_id", "reasoning"), _TEXT_OR_NONE),
    **dict.fromkeys(("role", "requestor"), _TEXT),
    "tool_calls": _LIST,
    "error": _TRUTH,
    "tokens": _WHOLE_OR_NONE,
    "extra": _OBJECT_OR_NONE,
}
_CALL: Mapping[str, _Kinds] = {
    **dict.fromkeys(("name", "id", "requestor"), _TEXT),
    **dict.fromkeys(("problem", "raw"), _TEXT_OR_NONE),
    "arguments": _OBJECT,
    "extra": _OBJECT_OR_NONE,
}
_FAULT: Mapping[str, _Kinds] = {"source": _TEXT, "reason": _TEXT, "attempt": _WHOLE}
_USED: Mapping[str, _Kinds] = {
    **dict.fromkeys(("calls", "input_tokens", "output_tokens"), _WHOLE_OR_NONE),
    "cost_usd": _NUMBER_OR_NONE,
}
_INJECTION: Mapping[str, _Kinds] = {"pattern": _TEXT, "message": _WHOLE, "recovered": _TRUTH}
_CHECK: Mapping[str, _Kinds] = {"what": _TEXT, "met": _TRUTH_OR_NONE, "note": _TEXT}
_GRADE: Mapping[str, _Kinds] = {
    **dict.fromkeys(("basis", "actions", "env_assertions", "communicate", "nl_assertions"), _LIST),
    **dict.fromkeys(("success", "db_match"), _TRUTH_OR_NONE),
    "reward": _NUMBER_OR_NONE,
    "components": _OBJECT,
    "note": _TEXT,
}


def _check(data: dict[str, Any], kinds: Mapping[str, _Kinds]) -> dict[str, Any]:
    """An object, once each of its values is of a kind that its name may have."""
    for name, value in data.items():
        if type(value) not in kinds[name]:
            raise TypeError(f"{name} is {value!r:.80}")
    return data


def _injection(data: dict[str, Any]) -> Injection:
    """A fault made on purpose; its pattern gets the name that it has now."""
    _check(data, _INJECTION)
    return Injection(**{**data, "pattern": current_name(data["pattern"])})


def _check_values(data: dict[str, Any], kinds: _Kinds) -> None:
    for name, value in data.items():
        if type(value) not in kinds:
            raise TypeError(f"{name} is {value!r:.80}")


def _plain(value: Any) -> dict[str, Any]:
    """A dataclass as plain data, defaults left out, recursively through tuples."""
    plain: dict[str, Any] = {}
    for item in dataclasses.fields(value):
        content = getattr(value, item.name)
        if item.default_factory is not dataclasses.MISSING:
            default: Any = item.default_factory()
        else:
            default = item.default
        if content is default or (content == default and type(content) is type(default)):
            continue
        if dataclasses.is_dataclass(content):
            plain[item.name] = _plain(content)
        elif isinstance(content, tuple):
            plain[item.name] = [_plain(one) if dataclasses.is_dataclass(one) else one for one in content]
        elif item.name == "usage":
            plain[item.name] = {name: _plain(usage) for name, usage in content.items()}
        else:
            plain[item.name] = content
    return plain


def _message(data: dict[str, Any]) -> Message:
    _check(data, _MESSAGE)
    if data["role"] not in _ROLES:
        raise ValueError(f"role must be one of {', '.join(_ROLES)}, got {data['role']!r:.80}")
    calls = data.pop("tool_calls", ())
    for one in (data, *calls):
        if "requestor" in one and one["requestor"] not in SIDES:
            raise ValueError(f"requestor must be one of {', '.join(SIDES)}, got {one['requestor']!r:.80}")
    if calls:
        data["tool_calls"] = tuple([ToolCall(**_check(call, _CALL)) for call in calls])
    return Message(**data)


def _grade(data: dict[str, Any]) -> Grade:
    _check(data, _GRADE)
    _check_values(data.get("components", {}), _NUMBER_OR_NONE)
    for name in ("actions", "env_assertions", "communicate", "nl_assertions"):
        data[name] = tuple(Check(**_check(check, _CHECK)) for check in data.get(name, ()))
    data["basis"] = tuple(data.get("basis", ()))
    return Grade(**data)
