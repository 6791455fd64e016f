"""Rules of play: each can be had alone, and toolgym's and tau2's differ in all of them."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rules import RULES
from tau2_folder import make_folder

from toolgym import Episode, make_domain
from toolgym.certificates import certify
from toolgym.compat.tau2 import TAU2, load_domain
from toolgym.compatibility import TOOLGYM, Compat
from toolgym.database import Session
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.errors import DataError, TaskError
from toolgym.generators import TemplateProposer
from toolgym.messages import STOP, Message, ToolCall
from toolgym.prompts import Wording
from toolgym.prompts.wording import store, wording_of
from toolgym.proposal import TaskRequest
from toolgym.tasks import Task
from toolgym.tools import Effect, Toolbox, Toolkit, tool


def by(domain: Domain, **rules: Any) -> Domain:
    """A domain with other rules than its own."""
    return domain.with_data(compat=replace(domain.compat, **rules))


def task_of(domain: Domain, *gold: dict[str, Any], state: Any = None, **criteria: Any) -> Task:
    actions = [{"action_id": str(number), **call} for number, call in enumerate(gold)]
    return Task.model_validate(
        {
            "id": "made",
            "user_scenario": {"instructions": "Ask for it."},
            "initial_state": state,
            "evaluation_criteria": {"actions": actions, **criteria},
            "world": domain.tasks["test"][0].world,
        }
    )


class Counting(Toolkit):
    """Tools that answer with a number, or write and then fail."""

    @tool(Effect.READ)
    def count(self, limit: int = 5) -> int:
        """Count.

        Args:
            limit: How far.
        """
        return limit

    @tool(Effect.WRITE)
    def half(self) -> str:
        """Begin a change, and break."""
        self.db.edit("tasks", "task_1")["title"] = "half"
        raise ZeroDivisionError("it broke")


def test_toolgyms_rules_and_tau2s_differ_in_everything_but_how_a_policy_is_read() -> None:
    same = [one.name for one in fields(Compat) if getattr(TOOLGYM, one.name) == getattr(TAU2, one.name)]
    assert same == ["read_policy"]
    assert list(RULES) == ["toolgym", "tau2"]


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_rules_are_equal_after_being_sent_to_another_process(rules: Compat) -> None:
    assert pickle.loads(pickle.dumps(rules)) == rules


def test_a_task_is_played_by_the_rules_that_it_names(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    with pytest.raises(TaskError, match="flavour 'toolgym', the domain 'mock' has 'tau2' tools"):
        Episode(by(mock, name="tau2"), task)
    assert set_up(by(mock, name="tau2"), task.model_copy(update={"flavour": "tau2"})).task.id == task.id


def test_what_is_kept_of_an_episode_says_by_whose_rules_it_was_played(mock: Domain) -> None:
    task = task_of(mock).model_copy(update={"flavour": "tau2"})
    assert Episode(by(mock, name="tau2"), task).trajectory().data == "tau2"


def test_a_loose_call_is_bound_by_name_answers_any_exception_and_keeps_what_it_wrote(mock: Domain) -> None:
    def call(name: str, **arguments: Any) -> tuple[str, str]:
        loose = by(mock, strict_calls=False).with_data(toolkits={"assistant": Counting})
        base = mock.worlds.get(mock.tasks["test"][0].world)
        toolbox = loose.toolbox(Session(base, set_up(mock, task_of(mock)).start))
        answer = toolbox.call(ToolCall(name, arguments, "c", "assistant")).content
        return answer, toolbox.toolkits["assistant"].db.get("tasks", "task_1")["title"]

    assert call("count", limit="many")[0] == "many"
    assert call("half") == ("Error: it broke", "half")
    assert call("count")[0] == "5"


def test_untyped_results_are_text_in_strict_calls_too(mock: Domain) -> None:
    def answer(rules: Compat) -> str:
        ready = set_up(mock, task_of(mock))
        toolbox = Toolbox(Session(ready.base, ready.start), {"assistant": Counting}, rules)
        return toolbox.call(ToolCall("count", {}, "c", "assistant")).content

    assert (answer(TOOLGYM), answer(replace(TOOLGYM, typed_results=False))) == ("5", '"5"')


def test_data_that_is_not_separate_is_one_database_for_both_sides(mock: Domain) -> None:
    state = {"initialization_data": {"agent_data": {"tasks": {}}}}

    def sides(domain: Domain) -> Any:
        return set_up(domain, task_of(domain, state=state)).start.sides

    assert sides(by(mock, separate_data=False)) == {"assistant": "assistant", "user": "assistant"}
    assert sides(mock) == {"assistant": "assistant", "user": "user"}


def test_gold_that_is_not_checked_may_fail(mock: Domain) -> None:
    flies = task_of(mock, {"name": "fly", "arguments": {}})
    assert set_up(by(mock, checked_gold=False), flies).gold_errors == 1
    with pytest.raises(TaskError, match="the gold call '0' of task 'made' fails"):
        set_up(mock, flies)


def test_what_is_not_graded_live_is_the_state_after_the_writes_were_run_again(mock: Domain) -> None:
    done = {"name": "update_task_status", "arguments": {"task_id": "task_1", "status": "completed"}}

    def notes_it(toolbox: Toolbox) -> None:
        """Completes a task when it has rung, and at no other time."""
        if rung:
            toolbox.toolkits["assistant"].db.edit("tasks", "task_1")["status"] = "completed"
            rung.clear()

    rung: list[bool] = []

    def success(domain: Domain) -> bool | None:
        episode = Episode(domain.with_data(sync=notes_it), task_of(domain, done, reward_basis=["DB"]))
        episode.advance(Message("user", "Hi."))
        rung.append(True)
        episode.advance(Message("assistant", "Yes?"))
        episode.advance(Message("user", STOP))
        return episode.grade.success

    assert (success(mock), success(by(mock, graded_live=False))) == (True, False)


def test_parts_of_words_count_as_said_if_whole_words_are_not_asked_for(mock: Domain) -> None:
    def success(domain: Domain) -> bool | None:
        episode = Episode(domain, task_of(domain, communicate_info=["10"], reward_basis=["COMMUNICATE"]))
        for message in (Message("user", "Hi."), Message("assistant", "It costs 2103."), Message("user", STOP)):
            episode.advance(message)
        return episode.grade.success

    assert (success(mock), success(by(mock, whole_words=False))) == (False, True)


def test_what_users_say_beside_their_calls_is_heard_or_not(mock: Domain) -> None:
    def heard(domain: Domain) -> list[str | None]:
        episode = Episode(domain, task_of(domain))
        look = ToolCall("check_notifications", {}, "c", "user")
        episode.advance(Message("user", "One moment.", (look,)))
        episode.advance(Message("user", "There is nothing."))
        return [message.content for message in episode.view("assistant") if message.role == "user"]

    assert heard(mock) == ["One moment.\n\nThere is nothing."]
    assert heard(by(mock, heard_beside_calls=False)) == ["There is nothing."]


def test_certificates_leave_out_what_tasks_made_elsewhere_cannot_hold(mock: Domain) -> None:
    left_out = certify(by(mock, certifiable=False, name="toolgym"), mock.tasks["test"][:1]).not_checked
    assert left_out["facts"] == "toolgym's tasks carry no facts"
    ours = certify(mock, mock.tasks["test"][:1]).not_checked
    assert ours["facts"] == "the domain 'mock' does not say what a scenario needs"


def test_no_tasks_are_generated_where_rules_do_not_allow_it(mock: Domain) -> None:
    with pytest.raises(DataError, match="tasks are made for the tools of the flavour 'toolgym'"):
        list_of(TemplateProposer().propose, by(mock, generated=False))


def list_of(propose: Callable[..., Any], domain: Domain) -> list[Any]:
    import asyncio

    async def all_of() -> list[Any]:
        wanted = [TaskRequest("new", "wrong_record")]
        return [made async for made in propose(domain, wanted, np.random.default_rng(0), disjoint_from=())]

    return asyncio.run(all_of())


def test_imported_words_are_read_where_the_rules_say_so(
    mock: Domain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLGYM_HOME", str(tmp_path))
    store(Wording("THEIRS", "THEIRS", {"mock": {"assistant": {}, "user": {}}}, files={"a.md": "00"}))
    assert wording_of(by(mock, imported_wording=True)).user == "THEIRS"
    assert wording_of(mock).user != "THEIRS"


def test_a_domain_says_how_its_policy_is_read_from_tau2s_folder(tmp_path: Path) -> None:
    make_folder(tmp_path)
    mock = by(make_domain("mock"), read_policy=lambda folder: f"Of {folder.name}: be kind.")
    loaded = load_domain(mock, tmp_path)
    assert loaded.policy == "Of mock: be kind."
    assert replace(loaded.compat, read_policy=TAU2.read_policy) == TAU2
