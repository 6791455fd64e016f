"""Whose words models are given: where they are kept, when they are read, and what does not fit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from toolgym import make_domain
from toolgym.compat.tau2 import TAU2
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import Message, ToolCall
from toolgym.prompts import OWN, ToolText, Wording, as_chat, home, store, wording_of


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty data folder that does not exist yet."""
    monkeypatch.setenv("TOOLGYM_HOME", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture
def tau2s(mock: Domain) -> Domain:
    """The mock domain as if its tasks were tau2's."""
    return mock.with_data(compat=TAU2)


PARAMETERS = {"properties": {"x": {"title": "X", "type": "string"}}, "required": ["x"], "title": "parameters"}


def theirs(**changes: Any) -> Wording:
    tools: Any = {"mock": {"assistant": {"get_users": ToolText("Théy.", PARAMETERS, ("x",))}, "user": {}}}
    return Wording(**{"user": "Be.", "user_with_tools": "Do.", "tools": tools, "files": {"a.md": "00"}, **changes})


def test_what_is_stored_is_read_for_tau2s_tasks_of_the_domains_in_it(folder: Path, mock: Domain, tau2s: Domain) -> None:
    assert wording_of(tau2s) is OWN
    path = store(theirs(commit="0123456789abcdef"))
    assert path.parent == folder
    assert [file.name for file in folder.iterdir()] == [path.name]
    assert wording_of(tau2s) == theirs(commit="0123456789abcdef")
    assert wording_of(tau2s) is wording_of(tau2s)
    assert wording_of(mock) is wording_of(make_domain("retail").with_data(compat=TAU2)) is OWN


def test_what_is_stored_anew_is_read_anew(folder: Path, tau2s: Domain) -> None:
    for time, user in enumerate(("One.", "Two.", "Three.")):
        os.utime(store(theirs(user=user)), ns=(time, time))
        assert wording_of(tau2s).user == user
    (folder / "tau2_wording.json").unlink()
    assert wording_of(tau2s) is OWN


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 2}', '{"format": 1, "tools": {}}', "{" * 2000, "\x00"])
def test_a_broken_file_is_an_error_that_says_what_to_do(folder: Path, tau2s: Domain, text: str) -> None:
    folder.mkdir()
    (folder / "tau2_wording.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"tau2_wording\.json' cannot be used: .*run `toolgym tau2 import PATH` again"):
        wording_of(tau2s)


def test_the_data_folder_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOOLGYM_HOME", str(tmp_path / "own"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert home() == tmp_path / "own"
    monkeypatch.setenv("TOOLGYM_HOME", "")
    assert home() == tmp_path / "xdg" / "toolgym"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert home() == tmp_path / "home" / ".local" / "share" / "toolgym"


def test_a_name_tells_one_reading_from_another() -> None:
    assert OWN.name == "toolgym"
    assert theirs(commit="0123456789abcdef").name == "tau2@0123456789ab"
    names = {theirs().name, theirs(files={"a.md": "01"}).name, theirs(files={"b.md": "00"}).name}
    assert len(names) == 3
    assert all(name.startswith("tau2@") and len(name) == 17 for name in names)


def test_own_words_are_the_tools_own(mock: Domain) -> None:
    for side, kit in mock.toolkits.items():
        tools = list(kit.tools.values())
        assert OWN.schemas("mock", side, tools) == [tool.schema for tool in tools]


def test_imported_words_keep_their_order_and_are_for_what_is_offered_alone(mock: Domain) -> None:
    tools = mock.toolkits["assistant"].tools
    texts = {name: ToolText(name.upper(), {"properties": {}}) for name in reversed(list(tools))}
    wording = theirs(tools={"mock": {"assistant": texts}})
    offered = [tools["create_task"], tools["get_users"]]
    assert wording.schemas("mock", "assistant", offered) == [
        {"type": "function", "function": {"name": name, "description": name.upper(), "parameters": {"properties": {}}}}
        for name in ("get_users", "create_task")
    ]
    assert wording.schemas("mock", "user", []) == []
    with pytest.raises(DataError, match=r"no words for the user's tools check_notifications of 'mock', only for none"):
        wording.schemas("mock", "user", [mock.toolkits["user"].tools["check_notifications"]])


def test_a_type_that_could_not_be_read_is_our_own_tools(mock: Domain) -> None:
    tool = mock.toolkits["assistant"].tools["update_task_status"]
    parameters: Any = {
        "properties": {"task_id": {"title": "Task Id", "type": "string"}, "status": {"description": "THEIRS"}},
        "required": ["task_id", "status"],
        "title": "parameters",
        "type": "object",
    }
    wording = theirs(tools={"mock": {"assistant": {tool.name: ToolText("…", parameters, ("status",))}}})
    (schema,) = wording.schemas("mock", "assistant", [tool])
    assert schema["function"]["parameters"]["properties"]["status"] == {
        "description": "THEIRS",
        "enum": ["pending", "completed"],
        "title": "Status",
        "type": "string",
    }
    assert parameters["properties"]["status"] == {"description": "THEIRS"}
    assert "THEIRS" not in str(tool.schema)


def test_a_type_of_our_own_brings_no_words_of_our_own(mock: Domain) -> None:
    tool = mock.toolkits["assistant"].tools["transfer_to_human_agents"]
    text = ToolText("…", {"properties": {"summary": {}}, "required": ["summary"]}, ("summary",))
    (schema,) = theirs(tools={"mock": {"user": {tool.name: text}}}).schemas("mock", "user", [tool])
    assert schema["function"]["parameters"]["properties"] == {"summary": {"title": "Summary", "type": "string"}}


def test_a_chat_is_told_from_its_own_side() -> None:
    call = ToolCall("look", {}, "a", "user")
    view = [
        Message("system", "Earlier, this was agreed."),
        Message("assistant", "Hello!", reasoning="Never shown."),
        Message("user", None, (call,), reasoning="Where?"),
        Message("tool", "Here.", tool_call_id="a", requestor="user"),
        Message("user", "Found it."),
    ]
    told = as_chat(view, "user", reasoning=True)
    assert [message["role"] for message in told] == ["system", "user", "assistant", "tool", "assistant"]
    assert told[1] == {"role": "user", "content": "Hello!"}
    assert told[2]["reasoning_content"] == "Where?"
    assert [set(message) for message in told[3:]] == [{"role", "content", "tool_call_id"}, {"role", "content"}]
    assert "reasoning_content" not in as_chat(view, "user")[2]
