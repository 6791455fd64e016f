"""A real server: vLLM with a tiny Qwen3 answers as agent and as user through ``toolgym eval``.

The model is random, so what it says is forced by regular expressions where it matters: this shows the plumbing, and
says nothing of any model.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from vllm_server import PYTHON, environment, vllm_server

from toolgym.concurrency.bridge import wait_for
from toolgym.domain import Domain
from toolgym.errors import ContextError
from toolgym.models import ChatModel, ModelSettings
from toolgym.runs import read_trajectories

pytestmark = pytest.mark.vllm
CALL = '<tool_call>\n{"name": "get_users", "arguments": {}}\n</tool_call>'


@pytest.fixture(scope="module")
def endpoint(mock: Domain, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a vLLM that serves a tiny model called ``tiny``."""
    quiet = environment()
    folder = tmp_path_factory.mktemp("tiny")
    text = mock.policy + json.dumps([found.schema for found in mock.toolkits["assistant"].tools.values()]) * 3
    script = Path(__file__).with_name("tiny_qwen3.py")
    subprocess.run([PYTHON, str(script), str(folder)], input=text, text=True, check=True, env=quiet)
    flags = ("--max-model-len", "8192", "--enable-auto-tool-choice", "--tool-call-parser", "hermes")
    with vllm_server(folder, "tiny", folder / "server.log", *flags) as url:
        yield url


def evaluate(folder: Path, url: str, name: str, *options: str) -> dict[str, object]:
    """The figures of ``toolgym eval`` with the model as agent and as user."""
    user = {"max_tokens": 24, "extra_body": {"structured_outputs": {"regex": "[a-z]{3,8} [a-z]{3,8}[.]"}}}
    command = [sys.executable, "-m", "toolgym", "eval", "mock", "--trials", "2", "--max-steps", "9", "--json"]
    command += ["--runs", str(folder), "--name", name, "--agent-model", "tiny", "--agent-base-url", url]
    command += ["--user-model", "tiny", "--user-base-url", url, "--user-args", json.dumps(user), *options]
    answered = subprocess.run(command, capture_output=True, text=True, check=False)
    assert answered.returncode == 0, answered.stderr[-3000:]
    figures: dict[str, object] = json.loads(answered.stdout)["agents"]["llm"]
    return figures


def test_a_model_behind_vllm_speaks_as_agent_and_as_user(endpoint: str, tmp_path: Path) -> None:
    arguments = {"max_tokens": 24, "extra_body": {"structured_outputs": {"regex": "[a-z]{3,8} [a-z]{3,8}[?]"}}}
    figures = evaluate(tmp_path, endpoint, "talk", "--agent-args", json.dumps(arguments))
    rows = list(read_trajectories(tmp_path / "talk-llm"))
    assert len(rows) == 40
    assert figures["void"] == 0
    for row in rows:
        spoken = row.messages[max(row.history, 1) :]
        assert all(one.role != other.role for one, other in pairwise(spoken))
        endings = {"assistant": "?", "user": "."}
        assert all(re.fullmatch(r"[a-z]+ [a-z]+[.?]", message.content or "") for message in spoken)
        assert all((message.content or "").endswith(endings[message.role]) for message in spoken)
        assert all(message.tokens for message in spoken)
        for side in ("assistant", "user"):
            used = row.usage[side]  # type: ignore[index]  # names of participants
            assert (used.calls, used.cost_usd) == (sum(message.role == side for message in spoken), None)
    assert {row.termination for row in rows} == {"max_steps"}
    said = {message.content for row in rows for message in row.messages if message.role == "assistant"}
    assert len(said) > 20  # every request has a seed of its own


def test_tool_calls_that_the_server_reads_are_run(endpoint: str, tmp_path: Path) -> None:
    arguments = {"max_tokens": 64, "extra_body": {"structured_outputs": {"regex": re.escape(CALL)}}}
    evaluate(tmp_path, endpoint, "calls", "--agent-args", json.dumps(arguments))
    for row in read_trajectories(tmp_path / "calls-llm"):
        played = row.messages[max(row.history, 1) :]
        calls = [call for message in played for call in message.tool_calls]
        assert {(call.name, call.problem) for call in calls} == {("get_users", None)}
        assert not any(message.error for message in played)


def test_the_same_seed_gives_the_same_run_from_a_server_that_honours_seeds(endpoint: str, tmp_path: Path) -> None:
    arguments = {"max_tokens": 24, "extra_body": {"structured_outputs": {"regex": "[a-z]{3,8} [a-z]{3,8}[?]"}}}
    options = ("--agent-args", json.dumps(arguments), "--concurrency", "1", "--split", "dev")
    for name in ("one", "two"):
        evaluate(tmp_path, endpoint, name, *options)
    one, two = ([row.messages for row in read_trajectories(tmp_path / f"{name}-llm")] for name in ("one", "two"))
    assert one == two


def test_a_dialogue_that_no_longer_fits_is_told_from_a_service_that_fails(endpoint: str) -> None:
    model = ChatModel(ModelSettings(model="tiny", base_url=endpoint, arguments={"max_tokens": 4}))
    talk = model.start()
    with pytest.raises(ContextError):
        wait_for(talk.complete([{"role": "user", "content": "long " * 9000}]))
    assert wait_for(talk.complete([{"role": "user", "content": "short"}])).tokens
    assert talk.usage.calls == 2
