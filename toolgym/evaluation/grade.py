"""Grading by tau2's rules: the product of the components in a task's reward basis."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol, TypeAlias

from toolgym.database import Session
from toolgym.database.session import Key
from toolgym.domain import Domain
from toolgym.errors import ServiceError, TaskError
from toolgym.language.text import holds_token
from toolgym.messages import Message, ToolCall
from toolgym.tasks import Action, EnvAssertion, EvaluationCriteria, Task
from toolgym.trajectory import Check, Grade, Termination


class GradedTask(Protocol):
    """What grading asks of a task that is set up; :class:`~toolgym.episode.setup.TaskSetup` is one."""

    @property
    def domain(self) -> Domain:
        """The domain that is played."""

    @property
    def task(self) -> Task:
        """The task that is played."""

    @property
    def gold_diff(self) -> Mapping[Key, str | None]:
        """The net changes that the gold calls make from the start."""


class Verdict(NamedTuple):
    """What a judge says of one assertion."""

    met: bool
    reason: str


Judge: TypeAlias = Callable[[Sequence[str], Sequence[Message]], Sequence[Verdict] | Awaitable[Sequence[Verdict]]]
"""Judges natural-language assertions over a dialogue: one verdict each, in order, or an awaitable of them. What it
returns may have an attribute ``usage`` (:class:`~toolgym.trajectory.Usage`)."""


def grade(
    prepared: GradedTask,
    session: Session,
    messages: Sequence[Message],
    termination: Termination | None,
    verdicts: Sequence[Verdict] | None = None,
) -> Grade:
    """Grade a finished episode.

    Args:
        prepared: The task.
        session: The state at the end.
        messages: The whole dialogue of both sides, the history that came with the task included.
        termination: Why it ended. Only a stop by the user or the assistant can be a success.
        verdicts: What a judge says of the natural-language assertions, one verdict each, in order; without them
            these are not judged, and never taken for passed.

    Returns:
        The grade. A component that is not in the basis is checked all the same, and does not count. A task that names
        neither gold calls nor assertions on the state leaves both out of the components: they hold of themselves.

    Raises:
        ServiceError: If there is not one verdict an assertion.
        TaskError: If an assertion names no function.

    Source:
        tau2-bench 1.0.1: the reward is the product of the basis; databases are compared as the gold calls leave them.
    """
    if termination not in ("user_stop", "agent_stop"):
        unjudged: dict[str, float | None] = (
            {"NL_ASSERTION": None} if prepared.task.needs_judge and verdicts is None else {}
        )
        note = f"the episode ended by {termination}; nothing was checked"
        return Grade(0.0, False, components=unjudged, note=note)
    criteria = prepared.task.evaluation_criteria
    if criteria is None:
        return Grade(1.0, True, note="the task has no criteria")
    actions = _check_actions(criteria.actions or (), messages)
    communicate = _check_communicate(criteria, messages, whole_words=prepared.domain.compat.whole_words)
    nothing_to_compare = criteria.actions is None and criteria.env_assertions is None
    if nothing_to_compare:
        db_match, assertions = True, _NO_CHECKS
    else:
        db_match = session.diff() == prepared.gold_diff
        assertions = _check_assertions(prepared, session, criteria.env_assertions or ())
    judged = _check_nl(criteria, verdicts)
    values: Mapping[str, float | None] = {
        "DB": float(db_match),
        "ENV_ASSERTION": _all(assertions),
        "NL_ASSERTION": _all(judged),
        "ACTION": _all(actions),
        "COMMUNICATE": _all(communicate),
    }
    left_out = ("DB", "ENV_ASSERTION") if nothing_to_compare else ()
    components: dict[str, float | None] = {name: values[name] for name in criteria.reward_basis if name not in left_out}
    reward = _product(components.values())
    return Grade(
        reward=reward,
        success=None if reward is None else reward == 1.0,
        basis=criteria.reward_basis,
        components=components,
        db_match=db_match,
        actions=actions,
        env_assertions=assertions,
        communicate=communicate,
        nl_assertions=judged,
    )


_NO_CHECKS: tuple[Check, ...] = ()


def matches(action: Action, call: ToolCall) -> bool:
    """Whether a call is the gold action, by tau2's rule.

    Names must be equal. Without ``compare_args`` the arguments that the *call* names are compared, so a call that
    leaves out an optional argument matches; with it, the named ones are; an empty one compares the name alone.
    """
    if call.name != action.name:
        return False
    gold = action.arguments
    given: Mapping[str, Any] = call.arguments
    if given == gold:
        return True
    names = given.keys() if action.compare_args is None else action.compare_args
    return {name: given[name] for name in names if name in given} == {
        name: gold[name] for name in names if name in gold
    }


def _check_actions(actions: Sequence[Action], messages: Sequence[Message]) -> tuple[Check, ...]:
    """Each gold action against the calls of both sides, failed ones included."""
    calls: dict[str, list[ToolCall]] = {}
    for message in messages:
        for call in message.tool_calls:
            if call.problem is None:
                calls.setdefault(call.name, []).append(call)
    return tuple(
        Check(action.action_id, any(matches(action, call) for call in calls.get(action.name, ()))) for action in actions
    )


def _check_communicate(
    criteria: EvaluationCriteria, messages: Sequence[Message], *, whole_words: bool
) -> tuple[Check, ...]:
    """Whether each text was said by the assistant, ignoring case and the commas between thousands.

    tau2 drops every comma of what was said and looks for the text anywhere, in messages sent along with calls too,
    which nobody reads. ``whole_words``, for our own tasks: only in what the user was told, and not as a part of a
    longer word or number.
    """
    wanted = criteria.communicate_info or ()
    if not wanted:
        return ()
    said = [
        message.content
        for message in messages
        if message.role == "assistant" and message.content and message.content.strip()
        if not (whole_words and message.tool_calls)
    ]
    if whole_words:
        return tuple(Check(info, any(holds_token(text, info) for text in said)) for info in wanted)
    texts = [text.lower().replace(",", "") for text in said]
    return tuple(Check(info, any(info.lower() in text for text in texts)) for info in wanted)


def _check_assertions(prepared: GradedTask, session: Session, assertions: Sequence[EnvAssertion]) -> tuple[Check, ...]:
    """Assertions on a fork of the state. One that raises, or answers neither yes nor no, is not met; its note says so.

    What it asks about may not be there, or its arguments may be none that it takes.
    """
    if not assertions:
        return ()
    toolbox = prepared.domain.toolbox(session.fork())
    checks = []
    for assertion in assertions:
        try:
            answer = toolbox.run(assertion.env_type, assertion.func_name, assertion.arguments)
        except TaskError:
            raise
        except Exception as error:
            checks.append(Check(assertion.func_name, False, f"it raised {type(error).__name__}: {error}"))
            continue
        if not isinstance(answer, bool):
            checks.append(Check(assertion.func_name, False, f"it answered {answer!r:.100}, neither True nor False"))
            continue
        checks.append(Check(assertion.func_name, answer == assertion.assert_value))
    return tuple(checks)


def _check_nl(criteria: EvaluationCriteria, verdicts: Sequence[Verdict] | None) -> tuple[Check, ...]:
    wanted = criteria.nl_assertions or ()
    if not wanted or "NL_ASSERTION" not in criteria.reward_basis:
        return ()
    if verdicts is None:
        return not_judged(wanted)
    given = checked_verdicts(verdicts, wanted)
    return tuple(Check(text, verdict.met, verdict.reason) for text, verdict in zip(wanted, given, strict=True))


def not_judged(assertions: Sequence[str]) -> tuple[Check, ...]:
    """The checks of assertions that nobody judged."""
    return tuple(Check(assertion, None, "not judged") for assertion in assertions)


def checked_verdicts(verdicts: object, wanted: Sequence[str]) -> tuple[Verdict, ...]:
    """What a judge gave, if it is one verdict an assertion.

    Raises:
        ServiceError: If it is anything else.
    """
    if not isinstance(verdicts, Sequence) or len(verdicts) != len(wanted):
        what = f"{len(verdicts)} verdicts" if isinstance(verdicts, Sequence) else type(verdicts).__name__
        raise ServiceError(f"the judge gave {what} on {len(wanted)} assertions")
    for verdict in verdicts:
        if not (isinstance(verdict, Verdict) and type(verdict.met) is bool and isinstance(verdict.reason, str)):
            raise ServiceError(f"the judge gave {str(verdict)[:120]!r} instead of a Verdict with met True or False")
    return tuple(verdicts)


def _all(checks: Sequence[Check]) -> float | None:
    """1.0 if all are met (or there are none), 0.0 if one is not, None if that is not known."""
    if any(check.met is False for check in checks):
        return 0.0
    return None if any(check.met is None for check in checks) else 1.0


def _product(values: Any) -> float | None:
    known = list(values)
    if 0.0 in known:
        return 0.0
    return None if None in known else 1.0
