"""``toolgym serve`` refuses what cannot be served, before anything listens."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable

import pytest
from command_line import Done, told

from toolgym import make_domain, make_user
from toolgym.errors import DataError
from toolgym.serving import Customer
from toolgym.serving.episode import check_names
from toolgym.tools import Effect, Toolkit, tool

THERE = importlib.util.find_spec("uvicorn") is not None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mock"], "say what to serve: --mcp its tools, --serve-user its customer, or both"),
        (["mock", "--serve-user", "--stdio"], "--stdio is for --mcp alone"),
        (["mock", "--mcp", "--host", "0.0.0.0"], "serving on '0.0.0.0' lets others in: give a token"),
        (["mock", "--mcp", "--token", "short"], "at least 16 visible ASCII characters"),
        (["mock", "--mcp", "--task", "dev-1"], "No task named 'dev-1'"),
        (["mock", "--mcp", "--split", "tset"], "Did you mean 'test'"),
        (["mock", "--serve-user", "--user", "human"], "--user 'human' has a model or is a person"),
        (["mock", "--serve-user", "--user", "llm"], "--user 'llm' has a model or is a person"),
        (["retial", "--mcp"], "Did you mean 'retail'"),
    ],
)
def test_a_mistake_is_told_in_one_line(run: Callable[..., Done], arguments: list[str], message: str) -> None:
    assert message in told(run("serve", *arguments))


def test_the_token_may_come_from_the_environment(run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLGYM_TOKEN", "short")
    assert "a token must be at least 16" in told(run("serve", "mock", "--mcp"))


@pytest.mark.parametrize(
    ("flag", "module", "extra"), [("--mcp", "mcp_types", "mcp"), ("--serve-user", "starlette", "serve")]
)
def test_a_missing_extra_is_named(
    run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch, flag: str, module: str, extra: str
) -> None:
    for name in [name for name in sys.modules if name.startswith(("toolgym.serving.mcp", "toolgym.serving.chat"))]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    assert f"needs the extra {extra!r}: pip install 'toolgym[{extra}]'" in told(run("serve", "mock", flag))


@pytest.mark.mcp
@pytest.mark.skipif(not THERE, reason="needs the extra mcp: pip install 'toolgym[mcp]'")
@pytest.mark.parametrize(
    ("place", "told_"),
    [(["--host", "203.0.113.7", "--token", "a-token-of-this-test"], "cannot serve on 203.0.113.7 port 8300")],
)
def test_a_place_that_cannot_be_had_is_told_in_one_line(run: Callable[..., Done], place: list[str], told_: str) -> None:
    assert told_ in told(run("serve", "mock", "--serve-user", *place))


def test_a_user_that_needs_a_model_or_a_person_is_no_customer() -> None:
    mock = make_domain("mock")
    for user in (make_user("human"), make_user("llm", {"model": "x", "base_url": "http://localhost:1/v1"})):
        with pytest.raises(DataError, match="the same dialogue must get the same answer"):
            Customer(mock, user)


def test_a_domain_with_a_tool_of_the_name_of_one_of_ours_is_refused() -> None:
    class Talkative(Toolkit):
        """Talks."""

        @tool(Effect.GENERIC)
        def talk_to_user(self) -> str:
            """Talk."""
            return ""

    mock = make_domain("mock")
    check_names(mock)
    with pytest.raises(DataError, match="has a tool 'talk_to_user'"):
        check_names(mock.with_data(toolkits={"assistant": Talkative}))
