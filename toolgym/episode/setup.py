"""What all episodes of one task share, computed once: the start state, the prompts, the gold's outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from toolgym.database import Database, Layer, Record, Session
from toolgym.database.records import thaw
from toolgym.database.schema import SINGLE, Table
from toolgym.database.session import Key
from toolgym.domain import Domain
from toolgym.episode.replay import replay
from toolgym.errors import DataError, TaskError, ToolError
from toolgym.messages import SIDES, AgentID, Message, ToolCall, from_chat
from toolgym.tasks import Action, Task
from toolgym.tools import Tool, Toolbox


@dataclass(frozen=True)
class TaskSetup:
    """A task made ready to play.

    Args:
        domain: The domain.
        task: The task.
        base: Its world.
        start: The changes with which every episode starts.
        history: Messages exchanged before the episode.
        prompts: Each side's system message: the policy, and the scenario.
        tools: The tools offered to each side, in order.
        gold_diff: The net changes that the gold calls make from the start.
        gold_errors: How many gold calls failed; tau2 ignores them.
        gold_writes: The gold calls that changed the state.
    """

    domain: Domain
    task: Task
    base: Database
    start: Layer
    history: tuple[Message, ...]
    prompts: Mapping[AgentID, Message]
    tools: Mapping[AgentID, tuple[Tool, ...]]
    gold_diff: Mapping[Key, str | None]
    gold_errors: int
    gold_writes: tuple[Action, ...]

    def toolbox(self) -> Toolbox:
        """A fresh session in the start state, with both sides' tools over it."""
        return self.domain.toolbox(Session(self.base, self.start), self.tools)


def set_up(domain: Domain, task: Task) -> TaskSetup:
    """Make a task ready; the work is done once for each task and domain.

    Raises:
        TaskError: If the task's set-up fails: an unknown function or tool, data that does not fit, a history whose
            calls no longer answer what was recorded, or tools of another flavour.
        WorldError: If its world cannot be found.
    """
    ready: TaskSetup | None = domain.memo.get(task.key)
    if ready is None:
        ready = _prepare(domain, task)
        domain.memo.put(task.key, ready)
    return ready


def _prepare(domain: Domain, task: Task) -> TaskSetup:
    if task.flavour != domain.compat.name:
        raise TaskError(
            f"task {task.id!r} is for tools of the flavour {task.flavour!r}, the domain {domain.name!r} has "
            f"{domain.compat.name!r} tools here; load the domain with the data that the task belongs to"
        )
    base = domain.worlds.get(task.world)
    state = task.initial_state
    start = Layer()
    history: tuple[Message, ...] = ()
    if state is not None:
        session = Session(base, start)
        if state.initialization_data is not None:
            session = _merge(domain, task, session)
        toolbox = domain.toolbox(session)
        try:
            for call in state.initialization_actions or ():
                toolbox.run(call.env_type, call.func_name, call.arguments)
            history = tuple(_from_history(message) for message in state.message_history or ())
            replay(toolbox, history)
        except (DataError, ToolError, TypeError, ValueError, LookupError, AttributeError) as error:
            raise TaskError(f"the initial state of task {task.id!r} cannot be built: {error}") from error
        start = session.layer()
    if history and history[-1].role == "system":
        raise TaskError(f"the history of task {task.id!r} ends with a system message; it must end with a side's")
    _check_functions(domain, task)
    prompts: dict[AgentID, Message] = {
        "assistant": Message("system", domain.policy),
        "user": Message("system", str(task.user_scenario)),
    }
    gold = _play_gold(domain, task, Session(base, start))
    return TaskSetup(domain, task, base, start, history, prompts, _offered(domain, task), *gold)


def _play_gold(
    domain: Domain, task: Task, session: Session
) -> tuple[Mapping[Key, str | None], int, tuple[Action, ...]]:
    """The gold's net changes, failures and effective writes.

    As in tau2, nothing is synchronised and failures pass; but where gold is checked, the sides are synchronised as in
    an episode, and a gold call that fails is a mistake in the task.
    """
    toolbox = domain.toolbox(session)
    checked = domain.compat.checked_gold
    errors, writes = 0, []
    if checked:
        toolbox.synchronise()
    for action in task.gold:
        call = ToolCall(action.name, thaw(action.arguments), action.action_id, action.requestor)
        result = toolbox.call(call, sync=checked)
        if checked and result.error:
            raise TaskError(f"the gold call {action.action_id!r} of task {task.id!r} fails: {result.content}")
        errors += result.error
        if result.changed:
            writes.append(action)
    return session.diff(), errors, tuple(writes)


def _check_functions(domain: Domain, task: Task) -> None:
    """That the functions which the task's assertions name exist."""
    criteria = task.evaluation_criteria
    for assertion in (criteria.env_assertions or ()) if criteria is not None else ():
        kit = domain.toolkits.get(assertion.env_type)
        if assertion.func_name.startswith("_") or not callable(getattr(kit, assertion.func_name, None)):
            raise TaskError(
                f"the {assertion.env_type}'s toolkit of {domain.name!r} has no function {assertion.func_name!r}, "
                f"which the task {task.id!r} asserts"
            )


def _offered(domain: Domain, task: Task) -> dict[AgentID, tuple[Tool, ...]]:
    tools = {side: tuple(domain.toolkits[side].tools.values()) if side in domain.toolkits else () for side in SIDES}
    if task.user_tools is not None:
        known = {found.name for found in tools["user"]}
        for name in task.user_tools:
            if name not in known:
                raise TaskError(f"task {task.id!r} offers the user a tool {name!r}; the domain has {sorted(known)}")
        tools["user"] = tuple(found for found in tools["user"] if found.name in task.user_tools)
    return tools


def _from_history(message: dict[str, Any]) -> Message:
    role = message.get("role")
    return from_chat(message, "user" if role == "user" else "assistant")


def _merge(domain: Domain, task: Task, session: Session) -> Session:
    """Initialisation data merged into each side's records.

    Where the sides' data is not separate, data for one side points the other side's tools at that same database.
    """
    assert task.initial_state is not None
    data = task.initial_state.initialization_data
    assert data is not None
    sides: dict[AgentID, AgentID] = {"assistant": "assistant", "user": "user"}
    given: tuple[tuple[AgentID, dict[str, Any] | None], ...] = (
        ("assistant", data.agent_data),
        ("user", data.user_data),
    )
    session.begin()
    for side, values in given:
        if values is None:
            continue
        schema = domain.schemas.get(sides[side])
        if schema is None:
            raise TaskError(f"task {task.id!r} has data for the {side}, whose side has none in {domain.name!r}")
        for name, content in values.items():
            table = schema.by_name.get(name)
            if table is None:
                raise TaskError(f"task {task.id!r} has data for {name!r}; {schema.name} has {list(schema.by_name)}")
            try:
                _merge_table(session, sides[side], table, content)
            except (ValidationError, TypeError, KeyError, AttributeError) as error:
                raise TaskError(f"task {task.id!r}: its data for {schema.name}.{name} does not fit: {error}") from error
        if not domain.compat.separate_data and "user" in domain.schemas:
            other: AgentID = "user" if side == "assistant" else "assistant"
            sides[other] = sides[side]
    session.commit()
    layer = session.layer()
    return Session(session.base, Layer(layer.records, layer.added, sides))


def _merge_table(session: Session, side: AgentID, table: Table, content: Any) -> None:
    if table.kind == "single":
        _merge_record(session, side, table, SINGLE, content)
    elif table.kind == "map":
        for key, values in content.items():
            _merge_record(session, side, table, key, values)
    else:  # a list is replaced whole
        for key in session.keys(side, table.name):
            session.delete(side, table.name, key)
        for values in content:
            session.put(side, table.name, values[table.key], table.normalise(values))


def _merge_record(session: Session, side: AgentID, table: Table, key: str, values: Any) -> None:
    current = session.get(side, table.name, key)
    merged = values if current is None else _deep_merge(thaw(current), values)
    session.put(side, table.name, key, table.normalise(merged))


def _deep_merge(old: Record, new: Any) -> Any:
    """Mappings merged at every depth; anything else, lists included, replaced."""
    if not isinstance(new, dict):
        return new
    for key, value in new.items():
        inner = old.get(key)
        old[key] = _deep_merge(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return old
