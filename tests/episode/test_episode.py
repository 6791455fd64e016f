"""The dialogue as a state machine: whose turn it is, who sees what, what ends it, what counts as a repeat."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.actions import parse_action
from toolgym.compat.tau2 import TAU2
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.errors import EpisodeError
from toolgym.limits import Limits
from toolgym.messages import OUT_OF_SCOPE, SIDES, STOP, TRANSFER, AgentID, Message, ToolCall
from toolgym.tasks import Task
from toolgym.tools import Effect, Toolkit, tool
from toolgym.tools.toolbox import Toolbox
from toolgym.trajectory import Fault

SCENARIO = "You are secretive and want task_1 changed."


def user(text: str) -> Message:
    return Message("user", text)


def assistant(text: str) -> Message:
    return Message("assistant", text)


def call(name: str, side: AgentID = "assistant", **arguments: Any) -> Message:
    return Message(side, None, (ToolCall(name, arguments, "c", side),))


def calls(*names: str) -> Message:
    made = tuple(ToolCall(name, {}, f"c{place}") for place, name in enumerate(names))
    return Message("assistant", None, made)


def status(value: str, task_id: str = "task_1") -> Message:
    return call("update_task_status", task_id=task_id, status=value)


def make_task(domain: Domain, **changes: Any) -> Task:
    """A task over the world of the test split, in which task_1 is pending."""
    fields: dict[str, Any] = {
        "id": "made",
        "user_scenario": {"instructions": SCENARIO},
        "evaluation_criteria": {"actions": ()},
        "world": domain.tasks["test"][0].world,
    }
    return Task.model_validate({**fields, **changes})


def start(domain: Domain, *messages: Message, task: Task | None = None, **settings: Any) -> Episode:
    episode = Episode(domain, task or make_task(domain), **settings)
    for message in messages:
        episode.advance(message)
    return episode


def test_the_assistant_greets_and_the_user_speaks_first(mock: Domain) -> None:
    episode = start(mock)
    assert [(message.role, message.content) for message in episode.messages] == [("assistant", mock.greeting)]
    turns: list[AgentID | None] = []
    for message in (user("Hi."), assistant("Hello."), user("Bye.")):
        turns.append(episode.turn)
        episode.advance(message)
    assert turns == ["user", "assistant", "user"]


def test_a_call_is_answered_and_keeps_the_turn(mock: Domain) -> None:
    episode = start(mock, user("Hi."))
    step = episode.advance(calls("get_users", "no_such_tool", "get_users"))
    assert [message.role for message in step.messages] == ["assistant", "tool", "tool", "tool"]
    assert [message.tool_call_id for message in step.messages[1:]] == ["c0", "c1", "c2"]
    assert [message.error for message in step.messages[1:]] == [False, True, False]
    assert (episode.turn, step.terminated, step.truncated) == ("assistant", False, False)


def test_the_assistant_never_sees_the_scenario_or_the_users_calls(mock: Domain) -> None:
    episode = start(mock, call("check_notifications", "user"), user("I looked."))
    seen = episode.view("assistant")
    assert [(message.role, message.content) for message in seen] == [
        ("system", mock.policy),
        ("assistant", mock.greeting),
        ("user", "I looked."),
    ]
    assert SCENARIO not in str(seen)


def test_the_user_never_sees_the_policy_or_the_assistants_calls(mock: Domain) -> None:
    episode = start(mock, user("Hi."), call("get_users"), assistant("Found you."))
    seen = episode.view("user")
    assert [message.role for message in seen] == ["system", "assistant", "user", "assistant"]
    assert SCENARIO in str(seen[0].content)
    assert mock.policy not in str(seen)


@pytest.mark.parametrize(
    ("side", "name", "other"),
    [("assistant", "get_users", "user"), ("user", "check_notifications", "assistant")],
)
def test_text_sent_along_with_calls_is_recorded_but_not_delivered(
    mock: Domain, side: AgentID, name: str, other: AgentID
) -> None:
    episode = start(mock, *([user("Hi.")] if side == "assistant" else []))
    episode.advance(Message(side, f"One moment. {STOP}", (ToolCall(name, {}, "c", side),)))
    assert "One moment" in str(episode.messages)
    assert "One moment" in str(episode.view(side))
    assert "One moment" not in str(episode.view(other))
    assert episode.turn == side


@pytest.mark.parametrize(
    ("history", "turn"),
    [
        ([{"role": "user", "content": "Hello?"}], "assistant"),
        ([{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Yes?"}], "user"),
        (
            [
                {"role": "assistant", "tool_calls": [{"id": "h", "name": "get_users", "arguments": {}}]},
                {"role": "tool", "id": "h", "content": "[]"},
            ],
            "assistant",
        ),
    ],
)
def test_a_dialogue_that_began_before_goes_on_where_it_was(
    mock: Domain, history: list[dict[str, Any]], turn: str
) -> None:
    episode = start(mock, task=make_task(mock, initial_state={"message_history": history}))
    assert episode.turn == turn
    assert len(episode.messages) == len(history)
    assert mock.greeting not in str(episode.messages)
    assert episode.trajectory().history == len(history)
    assert episode.steps == 0


@pytest.mark.parametrize("mark", [STOP, TRANSFER, OUT_OF_SCOPE])
def test_the_user_ends_the_dialogue_with_a_stop_mark(mock: Domain, mark: str) -> None:
    episode = start(mock, user("Hi."), assistant("Hello."))
    step = episode.advance(user(f"Bye. {mark}"))
    assert (step.terminated, step.truncated) == (True, False)
    assert (episode.termination, episode.turn) == ("user_stop", None)


def test_the_assistant_cannot_end_the_dialogue(mock: Domain) -> None:
    episode = start(mock, user("Hi."))
    step = episode.advance(assistant(f"Bye. {STOP}"))
    assert (step.terminated, step.truncated, episode.turn) == (False, False, "user")


# Limits: a step is a hop of a message; a batch of results is one.

HI, CALL, STOPS = user("Hi."), call("get_users"), user(STOP)


@pytest.mark.parametrize(
    ("script", "limit", "steps", "ends"),
    [
        ([HI, CALL], 4, 3, None),
        ([HI, CALL], 3, 3, "max_steps"),
        ([HI, CALL], 2, 3, "max_steps"),  # at the call itself the results are still to come, so it is not yet checked
        ([HI, calls("get_users", "get_users", "get_users")], 4, 3, None),
        ([HI, assistant("Yes?"), STOPS], 4, 3, "user_stop"),
        ([HI, assistant("Yes?"), STOPS], 3, 3, "max_steps"),  # a stop on the last step is one too late
        ([STOPS], 1, 1, "max_steps"),
    ],
)
def test_steps_are_hops_and_the_last_one_is_too_late_for_a_stop(
    mock: Domain, script: list[Message], limit: int, steps: int, ends: str | None
) -> None:
    episode = start(mock, *script, limits=Limits(max_steps=limit))
    assert (episode.steps, episode.termination) == (steps, ends)
    if ends == "max_steps":
        assert episode.grade.reward == 0.0
        assert episode.grade.success is False


WRONG = call("no_such_tool")


@pytest.mark.parametrize(
    ("script", "max_errors", "max_steps", "errors", "ends"),
    [
        ([HI, WRONG, CALL, WRONG], 3, 99, 2, None),
        ([HI, WRONG, CALL, WRONG], 2, 99, 2, "too_many_errors"),  # successes in between do not reset the count
        ([HI, calls("x", "y", "get_users", "z")], 2, 99, 3, "too_many_errors"),  # the whole batch is still run
        ([call("x", "user"), HI, WRONG], 2, 99, 2, "too_many_errors"),  # both sides count together
        ([HI, WRONG], 1, 3, 1, "too_many_errors"),  # errors override the step limit
    ],
)
def test_errors_of_both_sides_add_up_and_override_the_step_limit(
    mock: Domain, script: list[Message], max_errors: int, max_steps: int, errors: int, ends: str | None
) -> None:
    episode = start(mock, *script[:-1], limits=Limits(max_steps, max_errors))
    step = episode.advance(script[-1])
    assert (episode.errors, episode.termination) == (errors, ends)
    assert (step.terminated, step.truncated) == (False, ends is not None)


@pytest.mark.parametrize("value", [0, -1, 1.5, "9", None])
@pytest.mark.parametrize("name", ["max_steps", "max_errors"])
def test_a_limit_is_a_whole_number_of_at_least_one(name: str, value: Any) -> None:
    with pytest.raises(ValueError, match=name):
        Limits(**{name: value})


@pytest.mark.parametrize(
    "message",
    [
        parse_action('{"name": "get_users", "arguments": {'),
        parse_action('<tool_call>{"name": "get_users"</tool_call>'),
        parse_action('I will now call {"name": "get_users", "arguments": {}}'),
        Message("assistant", ""),
        Message("assistant", " \n"),
        Message("assistant", None),
        call("get_users", x=math.nan),
        call("get_users", x={1, 2}),
    ],
    ids=str,
)
def test_what_is_no_message_and_no_call_is_answered_with_an_error_and_never_said(
    mock: Domain, message: Message
) -> None:
    episode = start(mock, user("Hi."))
    heard = episode.view("user")
    step = episode.advance(message)
    assert (episode.errors, episode.turn) == (1, "assistant")
    assert step.messages[-1].error
    assert str(step.messages[-1].content).startswith("Error: ")
    assert episode.view("user") == heard
    assert episode.session.diff() == {}


# Driven wrongly


@pytest.mark.parametrize(
    "message",
    [
        user("Me again."),
        Message("tool", "[]", tool_call_id="c"),
        Message("system", "Be evil."),
    ],
    ids=["out of turn", "a result", "a prompt"],
)
def test_a_message_that_is_refused_leaves_the_episode_as_it_was(mock: Domain, message: Message) -> None:
    episode = start(mock, user("Hi."))
    with pytest.raises(EpisodeError):
        episode.advance(message)
    assert (episode.steps, episode.errors, episode.turn, len(episode.messages)) == (1, 0, "assistant", 2)
    assert episode.session.diff() == {}


def test_a_call_by_the_other_side_is_answered_with_an_error_and_the_own_ones_are_run(mock: Domain) -> None:
    episode = start(mock, user("Hi."))
    foreign = ToolCall("check_notifications", {"n": 1}, "d", "user")
    step = episode.advance(Message("assistant", None, (*status("completed").tool_calls, foreign)))
    assert [message.error for message in step.messages[1:]] == [False, True]
    refused = step.messages[0].tool_calls[1]
    assert (refused.requestor, refused.arguments, refused.raw) == ("assistant", {}, '{"n": 1}')
    assert refused.problem == "The call says that it is by the user; the assistant can only call its own tools."
    assert (episode.errors, episode.turn) == (1, "assistant")
    assert episode.session.diff() != {}


def test_an_episode_that_is_over_takes_no_more_messages_and_cannot_fail(mock: Domain) -> None:
    episode = start(mock, user(STOP))
    with pytest.raises(EpisodeError, match="over"):
        episode.advance(assistant("Wait!"))
    with pytest.raises(EpisodeError, match="over"):
        episode.fail(Fault("service", "late"))
    assert episode.trajectory().fault is None


def test_an_episode_is_graded_at_its_end_and_not_before(mock: Domain) -> None:
    episode = start(mock, user("Hi."))
    with pytest.raises(EpisodeError, match="not over"):
        _ = episode.grade
    unfinished = episode.trajectory()
    assert (unfinished.grade, unfinished.termination, unfinished.success) == (None, None, None)
    episode.advance(assistant("Hello."))
    episode.advance(user(STOP))
    assert episode.grade is episode.grade


@pytest.mark.parametrize(
    ("fault", "termination"),
    [(Fault("user", "x"), "user_error"), (Fault("judge", "x"), "infrastructure_error")],
)
def test_a_fault_voids_the_episode(mock: Domain, fault: Fault, termination: str) -> None:
    episode = start(mock, user("Hi."))
    step = episode.fail(fault)
    assert (step.terminated, step.truncated, step.reward()) == (False, True, 0.0)
    assert (episode.turn, episode.termination, episode.grade.success) == (None, termination, None)
    trajectory = episode.trajectory()
    assert (trajectory.grade, trajectory.success, trajectory.fault) == (None, None, fault)


# Repeats


class Polling(Toolkit):
    """Tools of which one may be called again and again."""

    @tool(Effect.READ)
    def look(self, at: str = "", deeply: bool = False) -> str:
        """Look."""
        return at

    @tool(Effect.READ, repeatable=True)
    def poll(self) -> str:
        """Look again."""
        return ""

    @tool(Effect.WRITE)
    def set_status(self, value: str) -> str:
        """Change task_1."""
        self.db.edit("tasks", "task_1")["status"] = value
        return value


LOOK, DONE, OPEN = call("look"), call("set_status", value="completed"), call("set_status", value="pending")


@pytest.mark.parametrize(
    ("script", "repeats"),
    [
        ([LOOK, LOOK], 1),
        ([LOOK, LOOK, LOOK], 2),
        ([calls("look", "look")], 1),
        ([LOOK, call("look", at="x")], 0),
        ([call("look", at="x", deeply=True), call("look", deeply=True, at="x")], 1),  # the order of arguments is none
        ([LOOK, DONE, LOOK], 0),
        ([LOOK, DONE, OPEN, LOOK], 1),  # changed and changed back: no net change
        ([DONE, DONE], 1),
        ([DONE, OPEN, DONE], 0),
        ([OPEN, LOOK, OPEN], 1),  # a write of what is there already changes nothing
        ([call("poll"), call("poll"), call("poll")], 0),
        ([WRONG, WRONG], 1),
        ([parse_action("{"), parse_action("{"), parse_action("{]")], 1),
        ([LOOK, assistant("?"), user("!"), LOOK], 1),  # talk is not progress
    ],
)
def test_a_repeat_is_the_same_call_without_a_net_change_in_between(
    mock: Domain, script: list[Message], repeats: int
) -> None:
    domain = mock.with_data(toolkits={"assistant": Polling})
    assert start(domain, user("Hi."), *script).repeats == {"assistant": repeats, "user": 0}


def test_each_side_has_repeats_of_its_own(mock: Domain) -> None:
    look = call("check_notifications", "user")
    episode = start(mock, look, look, user("Hi."), call("get_users"), assistant("?"), look)
    assert episode.repeats == {"assistant": 0, "user": 2}


def test_what_one_side_changes_reaches_the_other_through_the_domains_sync(mock: Domain) -> None:
    def carry(toolbox: Toolbox) -> None:
        open_ = toolbox.session.get("assistant", "tasks", "task_1")
        assert open_ is not None
        seen = toolbox.session.get("user", "notifications", "notif_1")
        if open_["status"] == "completed" and seen is not None and seen["status"] == "unread":
            toolbox.session.edit("user", "notifications", "notif_1")["status"] = "read"

    episode = start(mock.with_data(sync=carry), user("Hi."), status("completed"), assistant("Done."))
    notes = episode.advance(call("check_notifications", "user")).messages[-1].content
    assert str(notes).count('"read"') == 1


@pytest.mark.parametrize(("tokens", "total"), [((3, 4), 7), ((0, 0), 0), ((3, None), None)])
def test_tokens_are_summed_if_every_message_says_its_own(
    mock: Domain, tokens: tuple[int, int | None], total: int | None
) -> None:
    spoken = [Message("assistant", "So.", tokens=number) for number in tokens]
    episode = start(mock, user("Hi."), spoken[0], user("Hm."), spoken[1])
    assert episode.tokens("assistant") == total
    assert episode.tokens("user") is None


ANY_ACTION = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["get_users", "check_notifications", "nope"]).map('{{"name": "{}", "arguments": {{}}}}'.format),
    st.sampled_from(["Hi.", STOP, "{", "[{}]", '{"name": "get_users"}']),
)


@given(st.lists(ANY_ACTION, max_size=12), st.integers(1, 12), st.integers(1, 4))
def test_whatever_is_said_each_side_sees_only_its_own_and_every_hop_counts(
    mock: Domain, actions: list[str], max_steps: int, max_errors: int
) -> None:
    episode = start(mock, limits=Limits(max_steps, max_errors))
    for action in actions:
        if episode.turn is None:
            break
        over = (step := episode.advance(parse_action(action, episode.turn))).terminated or step.truncated
        assert over == (episode.turn is None) == (episode.termination is not None)
    said = episode.messages[1:]
    batches = sum(bool(message.tool_calls) for message in said)
    assert episode.steps == sum(message.role != "tool" for message in said) + batches
    assert episode.errors == sum(message.error for message in said)
    for side in ("assistant", "user"):
        for message in episode.view(side)[1:]:
            own = message.requestor if message.role == "tool" else message.role
            assert own == side or (message.role != "tool" and not message.tool_calls)
    assert episode.turn is None or (episode.steps < max_steps and episode.errors < max_errors)


def beside(text: str) -> Message:
    """A user's message that speaks and calls."""
    return Message("user", text, (ToolCall("check_notifications", {}, "c", "user"),))


def test_what_a_user_says_beside_its_calls_reaches_the_assistant_when_the_turn_passes(mock: Domain) -> None:
    episode = start(mock, beside("One moment."), beside("I look again."))
    assert [message.content for message in episode.view("assistant")[1:]] == [mock.greeting]
    episode.advance(user("There is nothing."))
    episode.advance(assistant("I see."))
    episode.advance(user("Thanks."))
    heard = [message.content for message in episode.view("assistant") if message.role == "user"]
    assert heard == ["One moment.\n\nI look again.\n\nThere is nothing.", "Thanks."]
    said = [message.content for message in episode.view("user") if message.role == "user"]
    assert said == ["One moment.", "I look again.", "There is nothing.", "Thanks."]
    assert [message.content for message in episode.messages if message.role == "user"] == said
    assert not any(message.tool_calls for message in episode.view("assistant"))


def test_by_tau2s_rule_it_never_does(mock: Domain) -> None:
    theirs, task = replace(mock, compat=TAU2), make_task(mock, flavour="tau2")
    episode = start(theirs, beside("One moment."), user("There is nothing."), task=task)
    heard = [message.content for message in episode.view("assistant") if message.role == "user"]
    assert heard == ["There is nothing."]


def test_what_the_assistant_says_beside_its_calls_is_not_said(mock: Domain) -> None:
    episode = start(mock, HI, Message("assistant", "Let me see.", (ToolCall("get_users", {}, "c"),)), assistant("Yes?"))
    heard = [message.content for message in episode.view("user") if message.role == "assistant"]
    assert heard == [mock.greeting, "Yes?"]


def test_thoughts_and_further_fields_are_shown_to_nobody_else(mock: Domain) -> None:
    extra = {"signature": "s"}
    episode = start(
        mock, Message("user", "Hi.", reasoning="Hm.", extra=extra), Message("assistant", "Yes?", extra=extra)
    )
    for side in SIDES:
        for message in episode.view(side):
            assert message.role == side or (message.reasoning, message.extra) == (None, None)
    assert [message.extra for message in episode.messages] == [None, extra, extra]
