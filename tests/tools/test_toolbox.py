"""Calls: how they are dispatched, what a failure leaves behind, and what flavours do differently."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel
from rules import RULES

from toolgym.database import Database, Layer, Record, Schema, Session, Table
from toolgym.errors import TaskError
from toolgym.messages import AgentID, ToolCall
from toolgym.tools import Effect, Flavour, Result, Toolbox, ToolError, Toolkit, tool


class Account(BaseModel):
    """Money on an account."""

    owner: str
    cents: int = 0


class Bank(Toolkit):
    """Tools that succeed, refuse, fail and break rules."""

    @tool(Effect.READ)
    def show(self, owner: str) -> Record:
        """Show an account."""
        account = self.db.get("accounts", owner)
        if account is None:
            raise ToolError(f"No account of {owner}")
        return account

    @tool(Effect.WRITE)
    def pay(self, owner: str, cents: int) -> Record:
        """Pay in."""
        account = self.db.edit("accounts", owner)
        account["cents"] += cents
        return account

    @tool(Effect.WRITE)
    def move(self, giver: str, taker: str, cents: int) -> str:
        """Take money, open and close an account, then see who gets it."""
        self.db.edit("accounts", giver)["cents"] -= cents
        self.db.put("accounts", "clearing", {"owner": "clearing", "cents": cents})
        self.db.delete("accounts", "bea")
        if self.db.get("accounts", taker) is None:
            raise ToolError(f"No account of {taker}")
        return "moved"

    @tool(Effect.READ)
    def peek(self, owner: str) -> str:
        """Look, and leave a mark: a bug of the domain."""
        self.db.edit("accounts", owner)["cents"] += 1
        return "peeked"

    @tool(Effect.GENERIC, mutates=True)
    def touch(self, owner: str) -> str:
        """Neither a READ nor a WRITE, and marked as changing the state."""
        self.db.edit("accounts", owner)["cents"] += 1
        return "touched"

    @tool(Effect.WRITE)
    def crash(self, owner: str) -> str:
        """Write, then fail in a way nobody foresaw: a bug of the domain."""
        self.db.edit("accounts", owner)["cents"] = -1
        raise KeyError(owner)

    def helper(self, owner: str, cents: int) -> bool:
        """Not a tool; tasks may call it."""
        self.db.edit("accounts", owner)["cents"] = cents
        if cents < 0:
            raise ValueError("no debts")
        return True


class Pocket(Toolkit):
    """The user's one tool."""

    @tool(Effect.READ)
    def count(self, coins: int = 3) -> int:
        """Count."""
        return coins


SCHEMAS: dict[AgentID, Schema] = {
    "assistant": Schema("BankDB", (Table("accounts", Account),)),
    "user": Schema("PocketDB", ()),
}
ROWS: Any = {"assistant": {"accounts": {name: {"owner": name, "cents": 10} for name in ("ann", "bea")}}}
BASE = Database.build(SCHEMAS, ROWS)


def box(flavour: Flavour, *, user: bool = True, sync: Callable[[Toolbox], None] | None = None) -> Toolbox:
    """A toolbox over a fresh session."""
    kits: dict[AgentID, type[Toolkit]] = {"assistant": Bank, "user": Pocket} if user else {"assistant": Bank}
    return Toolbox(Session(BASE, Layer()), kits, RULES[flavour], sync)


def call(toolbox: Toolbox, name: str, by: AgentID = "assistant", /, **arguments: Any) -> Result:
    """One call."""
    return toolbox.call(ToolCall(name, arguments, "id", by))


def cents(toolbox: Toolbox, owner: str) -> Any:
    """What is on an account now; None without one."""
    account = toolbox.session.get("assistant", "accounts", owner)
    return None if account is None else account["cents"]


FLAVOURS: list[Flavour] = ["toolgym", "tau2"]


@pytest.fixture(params=FLAVOURS)
def flavour(request: Any) -> Flavour:
    """Either flavour, for what both do alike."""
    chosen: Flavour = request.param
    return chosen


def test_a_call_answers_with_the_record_and_says_that_the_state_changed(flavour: Flavour) -> None:
    toolbox = box(flavour)
    assert call(toolbox, "show", owner="ann") == ('{"owner": "ann", "cents": 10}', False, False)
    assert call(toolbox, "pay", owner="ann", cents=5) == ('{"owner": "ann", "cents": 15}', False, True)
    assert call(toolbox, "pay", owner="ann", cents=0) == ('{"owner": "ann", "cents": 15}', False, False)
    assert call(toolbox, "pay", owner="ann", cents=-5).changed
    assert toolbox.session.diff() == {}


def test_each_side_has_its_own_tools(flavour: Flavour) -> None:
    toolbox = box(flavour)
    four, three = ('"4"', '"3"') if flavour == "tau2" else ("4", "3")
    assert call(toolbox, "count", "user", coins=4) == (four, False, False)
    assert call(toolbox, "count", "user").content == three
    assert call(toolbox, "count", coins=4).content.startswith("Error: Tool 'count' not found.")
    assert call(toolbox, "show", "user", owner="ann").content.startswith("Error: Tool 'show' not found.")


def test_a_helper_is_not_a_tool(flavour: Flavour) -> None:
    toolbox = box(flavour)
    assert call(toolbox, "helper", owner="ann", cents=0).content.startswith("Error: Tool 'helper' not found.")
    assert toolbox.tool("helper") is None
    assert toolbox.tool("__init__") is None


def test_a_tool_is_looked_up_by_name_on_either_side() -> None:
    toolbox = box("toolgym")
    found = toolbox.tool("count")
    assert found is not None
    assert found is Pocket.tools["count"]
    assert toolbox.tool("show") is Bank.tools["show"]


def test_an_unknown_tool_is_refused_and_our_own_flavour_lists_those_that_are() -> None:
    refusal = "Error: Tool 'fly' not found."
    assert call(box("tau2"), "fly") == (refusal, True, False)
    mine = " Your tools: show, pay, move, peek, touch, crash."
    assert call(box("toolgym"), "fly") == (refusal + mine, True, False)
    assert call(box("toolgym"), "fly", "user").content == refusal + " Your tools: count."
    assert len(call(box("toolgym"), "x" * 100_000).content) < 500


def test_a_side_without_tools_can_call_none() -> None:
    assert call(box("tau2", user=False), "show", "user").content == "Error: User tools not available"
    answer = call(box("toolgym", user=False), "show", "user")
    assert answer.content == "Error: Tool 'show' not found. Your tools: none."


def test_a_call_with_a_problem_is_answered_with_it_and_not_run(flavour: Flavour) -> None:
    toolbox = box(flavour)
    broken = ToolCall("pay", {"owner": "ann", "cents": 5}, "id", problem="This is not JSON.", raw="{")
    assert toolbox.call(broken) == ("Error: This is not JSON.", True, False)
    assert cents(toolbox, "ann") == 10


def test_a_refusal_undoes_all_that_the_call_wrote() -> None:
    toolbox = box("toolgym")
    call(toolbox, "pay", owner="ann", cents=1)
    before = toolbox.session.diff()

    refused = call(toolbox, "move", giver="ann", taker="nobody", cents=5)

    assert refused == ("Error: No account of nobody", True, False)
    assert toolbox.session.diff() == before
    assert toolbox.session.keys("assistant", "accounts") == ["ann", "bea"]
    assert cents(toolbox, "ann") == 11
    assert call(toolbox, "pay", owner="bea", cents=1).changed  # and the session goes on


def test_a_refusal_keeps_in_tau2_what_the_call_had_written() -> None:
    toolbox = box("tau2")
    refused = call(toolbox, "move", giver="ann", taker="nobody", cents=5)
    assert refused == ("Error: No account of nobody", True, True)
    assert toolbox.session.keys("assistant", "accounts") == ["ann", "clearing"]
    assert (cents(toolbox, "ann"), cents(toolbox, "bea"), cents(toolbox, "clearing")) == (5, None, 5)


def test_a_reading_tool_that_writes_is_a_bug_of_the_domain() -> None:
    toolbox = box("toolgym")
    with pytest.raises(RuntimeError, match="the tool 'peek' has the effect READ but changed the state"):
        call(toolbox, "peek", owner="ann")
    assert toolbox.session.diff() == {}
    assert call(toolbox, "touch", owner="ann").changed  # what is marked as changing the state may


def test_a_reading_tool_may_write_in_tau2() -> None:
    toolbox = box("tau2")
    assert call(toolbox, "peek", owner="ann") == ("peeked", False, True)
    assert cents(toolbox, "ann") == 11


def test_an_unforeseen_exception_is_not_hidden_and_names_the_call() -> None:
    toolbox = box("toolgym")
    with pytest.raises(KeyError) as caught:
        call(toolbox, "crash", owner="ann")
    (note,) = caught.value.__notes__
    assert "'crash'" in note
    assert "'owner': 'ann'" in note
    assert toolbox.session.diff() == {}
    assert call(toolbox, "pay", owner="ann", cents=1).changed


def test_any_exception_is_an_answer_in_tau2() -> None:
    toolbox = box("tau2")
    assert call(toolbox, "crash", owner="ann") == ("Error: 'ann'", True, True)  # a KeyError's text is the key's repr
    assert cents(toolbox, "ann") == -1
    missing = "Error: Bank.pay() missing 2 required positional arguments: 'owner' and 'cents'"
    assert call(toolbox, "pay").content == missing
    one = "Error: Bank.pay() missing 1 required positional argument: 'cents'"
    assert call(toolbox, "pay", owner="ann").content == one
    three = "Error: Bank.move() missing 3 required positional arguments: 'giver', 'taker', and 'cents'"
    assert call(toolbox, "move").content == three
    unexpected = call(toolbox, "pay", bogus=1, owner="ann").content
    assert unexpected.startswith("Error: Bank.pay() got an unexpected keyword argument 'bogus'")
    assert call(toolbox, "pay", owner=["ann"], cents=1).content == "Error: unhashable type: 'list'"
    assert call(toolbox, "pay", owner="ann", cents="1").error


def test_our_own_flavour_checks_arguments_before_the_tool_runs() -> None:
    toolbox = box("toolgym")
    assert call(toolbox, "pay").content == "Error: Invalid arguments for pay: owner is missing; cents is missing"
    wrong = call(toolbox, "crash", owner=5)
    assert wrong == ("Error: Invalid arguments for crash: owner: Input should be a valid string (got 5)", True, False)


@pytest.mark.parametrize("name", ["pay", "fly", ""])
def test_arguments_that_tau2s_dispatcher_claims_clash_before_the_tool_is_looked_up(name: str) -> None:
    toolbox = box("tau2")
    dispatcher = "Environment.make_tool_call() got multiple values for"
    by_requestor = f"Error: tau2.environment.environment.{dispatcher} keyword argument 'requestor'"
    for arguments, text in (
        ({"requestor": "user"}, by_requestor),
        ({"tool_name": "x"}, f"Error: {dispatcher} argument 'tool_name'"),
        ({"self": 1}, f"Error: {dispatcher} argument 'self'"),
        ({"self": 1, "requestor": 1}, by_requestor),
        ({"owner": "ann", "tool_name": 1, "cents": 1}, f"Error: {dispatcher} argument 'tool_name'"),
    ):
        result = toolbox.call(ToolCall(name, arguments, "id"))
        assert result == (text, True, False)
        ours = box("toolgym").call(ToolCall(name, arguments, "id"))
        assert ours.error
        assert "make_tool_call" not in ours.content


def test_the_sides_are_synchronised_after_every_success_and_no_failure(flavour: Flavour) -> None:
    synced: list[Any] = []

    def note(toolbox: Toolbox) -> None:
        synced.append(cents(toolbox, "ann"))

    toolbox = box(flavour, sync=note)
    call(toolbox, "pay", owner="ann", cents=1)
    call(toolbox, "show", owner="ann")
    call(toolbox, "show", owner="nobody")
    toolbox.call(ToolCall("pay", {"owner": "ann", "cents": 1}), sync=False)
    assert synced == [11, 11]
    toolbox.run("assistant", "helper", {"owner": "ann", "cents": 7})
    toolbox.synchronise()
    assert synced == [11, 11, 7, 7]


def _refuse_after_writing(toolbox: Toolbox) -> None:
    toolbox.session.edit("assistant", "accounts", "bea")["cents"] = 0
    raise ToolError("the sides do not fit")


def test_a_synchronisation_that_refuses_undoes_the_call_but_not_in_tau2() -> None:
    own, tau2 = box("toolgym", sync=_refuse_after_writing), box("tau2", sync=_refuse_after_writing)
    assert call(own, "pay", owner="ann", cents=1) == ("Error: the sides do not fit", True, False)
    assert (cents(own, "ann"), cents(own, "bea")) == (10, 10)
    assert call(tau2, "pay", owner="ann", cents=1) == ("Error: the sides do not fit", True, True)
    assert (cents(tau2, "ann"), cents(tau2, "bea")) == (11, 0)


def test_what_a_synchronisation_writes_is_part_of_the_state(flavour: Flavour) -> None:
    def mirror(toolbox: Toolbox) -> None:
        toolbox.session.edit("assistant", "accounts", "bea")["cents"] = cents(toolbox, "ann")

    toolbox = box(flavour, sync=mirror)
    call(toolbox, "pay", owner="ann", cents=1)
    assert cents(toolbox, "bea") == 11


def test_a_reading_tool_is_not_blamed_for_what_the_synchronisation_writes() -> None:
    def mirror(toolbox: Toolbox) -> None:
        toolbox.session.edit("assistant", "accounts", "bea")["cents"] = 99

    toolbox = box("toolgym", sync=mirror)
    assert not call(toolbox, "show", owner="ann").error
    assert cents(toolbox, "bea") == 99


def test_a_task_may_run_any_function_of_a_toolkit(flavour: Flavour) -> None:
    toolbox = box(flavour)
    assert toolbox.run("assistant", "helper", {"owner": "ann", "cents": 3}) is True
    assert toolbox.run("assistant", "pay", {"owner": "ann", "cents": 4})["cents"] == 7
    assert toolbox.run("user", "count", {}) == 3
    assert cents(toolbox, "ann") == 7


def test_a_function_that_raises_keeps_what_it_wrote(flavour: Flavour) -> None:
    toolbox = box(flavour)
    with pytest.raises(ValueError, match="no debts"):
        toolbox.run("assistant", "helper", {"owner": "ann", "cents": -3})
    assert cents(toolbox, "ann") == -3
    assert call(toolbox, "pay", owner="ann", cents=1).changed


@pytest.mark.parametrize(
    ("side", "function"),
    [("assistant", "helpr"), ("user", "helper"), ("assistant", "__init__"), ("assistant", "db"), ("assistant", "")],
)
def test_a_function_that_is_not_there_is_a_mistake_of_the_task(side: AgentID, function: str, flavour: Flavour) -> None:
    with pytest.raises(TaskError, match=f"the {side}'s toolkit has no function '{function}'"):
        box(flavour).run(side, function, {})


def test_a_side_without_a_toolkit_has_no_functions() -> None:
    with pytest.raises(TaskError, match="the user's toolkit has no function 'count'"):
        box("tau2", user=False).run("user", "count", {})


def test_calls_leave_the_base_as_it_was(flavour: Flavour) -> None:
    toolbox = box(flavour)
    call(toolbox, "pay", owner="ann", cents=1)
    call(toolbox, "move", giver="ann", taker="bea", cents=1)
    call(toolbox, "move", giver="ann", taker="nobody", cents=1)
    assert BASE.checksum() == BASE.world
    assert cents(box(flavour), "ann") == 10
