"""A whole evaluation over a server that does what servers do: nothing is lost, and each failure is whose it is."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from evaluations import evaluate
from server import Answer, Request, Server, completion, error, streamed

from toolgym import make_agent, make_user
from toolgym.domain import Domain
from toolgym.errors import BudgetError
from toolgym.models import Throttle
from toolgym.rollouts import Settings
from toolgym.runs import Run, cost_of, read_manifest, read_trajectories
from toolgym.trajectory import Trajectory

SETTINGS = Settings("mock", "test", "llm", trials=2, seed=5)
GOODBYE = completion("Goodbye.", cost=0.125)
BUSY = error(429, "slow down", headers={"retry-after": "0"})
DOWN = error(500, "oh no")
FULL = error(400, "This model's maximum context length is 9 tokens.", code="context_length_exceeded")
CUT_STREAM = streamed(completion("Good"), ends=False)

BEHAVIOURS: dict[str, tuple[Any, ...]] = {
    "good": (GOODBYE,),
    "busy": (BUSY, BUSY, GOODBYE),
    "down for a while": (DOWN, DOWN, GOODBYE),
    "cut": (Answer(GOODBYE, cut=True), GOODBYE),
    "no JSON": (Answer("<html>502</html>"), GOODBYE),
    "no choices": ({"choices": []}, GOODBYE),
    "a cut stream": (CUT_STREAM, GOODBYE),
    "full": (FULL,),
    "refused": (error(403, "not for you"),),
    "down": (DOWN,),
}
OUTCOMES = {"full": "context_window_exceeded", "refused": "void", "down": "void"}


class Moody:
    """A script whose behaviour is another one for each episode, told apart by the seeds of its requests."""

    def __init__(self) -> None:
        self.given: dict[int, str] = {}
        self._moods = cycle(BEHAVIOURS)
        self._tries: Counter[int] = Counter()

    def __call__(self, request: Request) -> Answer | Mapping[str, Any]:
        spoken = sum(message["role"] == "assistant" for message in request.body["messages"])
        episode = request.body["seed"] - spoken
        mood = self.given.setdefault(episode, next(self._moods) if episode not in self.given else "")
        answers: tuple[Any, ...] = BEHAVIOURS[mood]
        answer: Answer | Mapping[str, Any] = answers[min(self._tries[episode], len(answers) - 1)]
        self._tries[episode] += 1
        return answer


def played(domain: Domain, folder: Path, url: str, throttle: Throttle | None = None) -> list[Trajectory]:
    """A run, started or resumed, whose assistant is the model behind a server."""
    begin = Run.resume if folder.exists() else Run.start
    with begin(folder, SETTINGS.as_dict()) as run:
        agent = make_agent("llm", {"model": "m", "base_url": url, "attempts": 4}, throttle=throttle)
        evaluate(run, SETTINGS, domain, domain.tasks["test"], agent, make_user("minimal"))
    return list(read_trajectories(folder))


def said(row: Trajectory) -> list[str | None]:
    return [message.content for message in row.messages]


def test_each_failure_of_a_server_is_told_from_the_agents_and_nothing_is_lost(mock: Domain, tmp_path: Path) -> None:
    with Server(GOODBYE) as server:
        calm = {row.episode_id: row for row in played(mock, tmp_path / "calm", server.url)}
    moody = Moody()
    with Server(moody) as server:
        rows = played(mock, tmp_path / "run", server.url)
    assert len(rows) == 40
    assert Counter(moody.given.values()) == dict.fromkeys(BEHAVIOURS, 4)
    outcomes = Counter("void" if row.fault else row.termination for row in rows)
    assert outcomes == {"user_stop": 28, "context_window_exceeded": 4, "void": 8}
    faults = [row.fault for row in rows if row.fault is not None]
    assert {fault.source for fault in faults} == {"service"}
    assert sorted({"403" in fault.reason for fault in faults}) == [False, True]
    for row in rows:
        if row.termination == "user_stop":
            assert said(row) == said(calm[row.episode_id])
            assert row.grade == calm[row.episode_id].grade
        elif row.termination == "context_window_exceeded":
            assert row.success is False
    with Server(GOODBYE) as server:
        resumed = played(mock, tmp_path / "run", server.url)
        played_again = [row for row in resumed if row.episode_id in {old.episode_id for old in rows if old.fault}]
        assert len(server.requests) == sum(asked_of(row) for row in played_again)
    assert not any(row.fault for row in resumed)
    kept = [row for row in resumed if row.termination != "context_window_exceeded"]
    assert len(kept) == 36
    assert all(said(row) == said(calm[row.episode_id]) for row in kept)
    assert [row.episode_id for row in resumed] == list(calm)


def test_a_budget_stops_the_run_and_holds_for_what_was_spent_before(mock: Domain, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    with Server(GOODBYE) as server:
        with pytest.raises(BudgetError, match=r"budget of \$2"):
            played(mock, folder, server.url, Throttle(budget_usd=2.0))
        spent = cost_of(folder)
        assert 1.0 <= spent <= 2.0 + 16 * 0.125  # what was broken off may have cost what nobody knows
        asked = len(server.requests)
        assert spent <= asked * 0.125  # the answers to what was cancelled never came
    # A server of its own: the first one may still read what was cancelled.
    with Server(GOODBYE) as spared, pytest.raises(BudgetError, match=r"budget of \$2"):
        played(mock, folder, spared.url, Throttle(budget_usd=2.0, earlier_usd=2.0))
    assert spared.requests == []
    with Server(GOODBYE) as again:
        rows = played(mock, folder, again.url, Throttle(budget_usd=50.0, earlier_usd=spent))
    assert len(rows) == 40
    assert spent < cost_of(folder) <= spent + len(again.requests) * 0.125


def asked_of(row: Trajectory) -> int:
    """How many messages of an episode its assistant was asked for."""
    return sum(message.role == "assistant" for message in row.messages[max(row.history, 1) :])


def command(url: str, folder: Path, *options: str) -> list[str]:
    run = [sys.executable, "-m", "toolgym", "eval", "mock", "--trials", "1", "--runs", str(folder), "--name", "x"]
    return [*run, "--agent-model", "m", "--agent-base-url", url, *options]


def test_tokens_and_cost_of_agent_and_user_stand_apart_and_what_is_not_known_is_not_zero(tmp_path: Path) -> None:
    stop = completion("I am done. ###STOP###", tokens=(20, 7))
    opening = completion("Hi, I need help.", tokens=(20, 7))

    def user(request: Request) -> Mapping[str, Any]:
        return opening if sum(one["role"] == "assistant" for one in request.body["messages"]) == 0 else stop

    with Server(GOODBYE) as agent, Server(user) as customer:
        options = ["--user-model", "u", "--user-base-url", customer.url, "--json"]
        price = json.dumps({"model": "u", "price": {"input_usd": 1.0, "output_usd": 2.0}})
        free = subprocess.run(command(agent.url, tmp_path, *options), capture_output=True, text=True, check=True)
        priced = [price if option == "u" else option for option in options]
        told = subprocess.run(command(agent.url, tmp_path / "b", *priced), capture_output=True, text=True, check=True)
    figures = json.loads(free.stdout)["agents"]["llm"]["usage"]
    calls, users = len(agent.requests) // 2, len(customer.requests) // 2
    assert figures["agent"] == {
        "calls": calls,
        "input_tokens": 10 * calls,
        "output_tokens": 5 * calls,
        "cost_usd": 0.125 * calls,
    }
    assert figures["user"] == {
        "calls": users,
        "input_tokens": 20 * users,
        "output_tokens": 7 * users,
        "cost_usd": None,
    }
    user_figures = json.loads(told.stdout)["agents"]["llm"]["usage"]["user"]
    assert user_figures["cost_usd"] == pytest.approx(users * (20 * 1.0 + 7 * 2.0) / 1e6)


def test_a_server_whose_template_wants_the_user_first_gets_no_greeting(tmp_path: Path) -> None:
    with Server(GOODBYE) as server:
        run = command(server.url, tmp_path, "--no-greeting")
        subprocess.run(run, capture_output=True, text=True, check=True)
    firsts = [[message["role"] for message in body["messages"]][:2] for body in server.bodies]
    assert firsts == [["system", "user"]] * len(firsts)
    assert "Hello! What can I do for you today?" in server.bodies[0]["messages"][0]["content"]
    manifest = json.loads((tmp_path / "x-llm" / "manifest.json").read_text(encoding="utf-8"))
    assert '"greeting": false' in json.dumps(manifest)


def test_the_table_says_what_is_void_and_how_to_play_it_again(tmp_path: Path) -> None:
    answers = [GOODBYE] * 22 + [error(403, "[red]not for you[/red]")]
    with Server(*answers) as server:
        run = command(server.url, tmp_path, "--concurrency", "1")
        refused = subprocess.run(run, capture_output=True, text=True, check=False)
        again = [*run, "--resume", "--void"]
        counted = {
            how: subprocess.run([*again, how], capture_output=True, text=True, check=True).stdout
            for how in ("exclude", "fail")
        }
    assert (refused.returncode, refused.stderr) == (1, "")
    text = " ".join(refused.stdout.split())
    assert "2 episodes are void (2 by the service)" in text
    assert "--resume plays them again" in text
    assert "[red]not for you[/red]" in text
    assert "n/a" not in text.split("model of the")[1].split("llm")[0]
    assert "no Pass^k, as 2 of 20 episodes are void (10.0%" in text
    assert "--void exclude" in text
    assert "count neither way" in counted["exclude"]
    assert "2 tasks have void episodes alone, and are left out" in counted["exclude"]
    assert "count as failures" in counted["fail"]
    assert "left out" not in counted["fail"]


def test_a_run_goes_on_with_the_same_model_only_but_over_another_endpoint(tmp_path: Path) -> None:
    with Server(*[GOODBYE] * 5, error(403, "closed")) as server:
        assert subprocess.run(command(server.url, tmp_path), capture_output=True, check=False).returncode == 1
    path = tmp_path / "x-llm" / "trajectories.jsonl"
    before = path.read_bytes()
    other = {
        "model": "m",
        "timeout_s": 9,
        "attempts": 2,
        "api_key_env": "OTHER_KEY",
        "price": {"input_usd": 1, "output_usd": 1},
    }
    with Server(GOODBYE) as server:
        for changed, name in (
            (["--agent-args", '{"temperature": 0}'], "no models.agent.arguments.temperature, not 0"),
            (["--agent-model", "n"], "models.agent.model='m', not 'n'"),
            (["--agent-model", '{"model": "m", "tool_format": "qwen"}'], "no models.agent.tool_format, not 'qwen'"),
        ):
            refused = subprocess.run(
                command(server.url, tmp_path, *changed, "--resume"), capture_output=True, text=True, check=False
            )
            assert refused.returncode == 2
            assert f"was made with {name}" in refused.stderr
        assert not server.requests
        assert path.read_bytes() == before
        more = ["--agent-model", json.dumps(other), "--agent-args", '{"extra_headers": {"X-Team": "a"}}', "--resume"]
        subprocess.run(command(server.url, tmp_path, *more), capture_output=True, check=True)
    rows = list(read_trajectories(tmp_path / "x-llm"))
    assert (len(rows), [row.fault for row in rows if row.fault]) == (20, [])
    manifest = read_manifest(tmp_path / "x-llm")
    (entry,) = manifest["continued"]
    assert set(entry["changed"]) == {
        *(f"models.agent.{name}" for name in ("base_url", "timeout_s", "attempts", "api_key_env")),
        "models.agent.price.input_usd",
        "models.agent.price.output_usd",
        "models.agent.arguments.extra_headers.X-Team",
    }
    assert entry["changed"]["models.agent.timeout_s"] == [None, 9.0]
    assert manifest["settings"]["models"]["agent"]["base_url"] == entry["changed"]["models.agent.base_url"][1]
    assert datetime.fromisoformat(entry["at"]).tzinfo is not None


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--agent", "llm"], "the agent 'llm' needs a model"),
        (["--agent-base-url", "http://x"], "name it with --agent-model"),
        (["--no-greeting"], "name it with --agent-model"),
        (["--agent-model", "m", "--agent", "oracle"], "is for an agent with a model"),
        (["--agent-model", '{"model": "m", "speed": 9}'], "speed: Extra inputs are not permitted"),
        (["--agent-model", "{"], "is not JSON"),
        (["--agent-model", "nowhere.json"], "cannot be read"),
        (["--agent-model", "m", "--agent-args", "[1]"], "must be a JSON object"),
        (["--agent-model", "m", "--agent-args", '{"stream": true}'], "give it as the setting 'stream'"),
        (["--user-model", "u", "--user", "minimal"], "the user 'minimal' has no model"),
        (["--agent-model", "m", "--agent-base-url", "http://127.0.0.1:9/v1", "--rpm", "0"], "rpm must be above 0"),
        (["--workers", "2"], "is for --backend ray"),
        (["--backend", "ray", "--rpm", "60"], "say how many with --workers"),
        (["--agent-model", "m"], "OPENAI_API_KEY"),
    ],
)
def test_models_that_do_not_fit_are_told_before_anything_is_played(
    tmp_path: Path, options: list[str], told: str
) -> None:
    run = [sys.executable, "-m", "toolgym", "eval", "mock", "--runs", str(tmp_path / "runs"), *options]
    answered = subprocess.run(run, capture_output=True, text=True, check=False)
    assert answered.returncode == 2
    assert told in " ".join(answered.stderr.split())
    assert not (tmp_path / "runs").exists()


def test_equal_settings_over_an_equal_server_give_equal_bytes_at_any_concurrency(mock: Domain, tmp_path: Path) -> None:
    def answer(request: Request) -> Mapping[str, Any]:
        return completion(f"My number is {request.body['seed']}.")

    contents = set()
    with Server(answer) as server:
        for concurrency in (1, 7):
            folder = tmp_path / str(concurrency)
            with Run.start(folder, replace(SETTINGS, trials=1).as_dict()) as run:
                agent = make_agent("llm", {"model": "m", "base_url": server.url})
                evaluate(
                    run,
                    replace(SETTINGS, trials=1),
                    mock,
                    mock.tasks["test"],
                    agent,
                    make_user("minimal"),
                    concurrency=concurrency,
                )
            contents.add((folder / "trajectories.jsonl").read_bytes())
    assert len(contents) == 1


def test_the_values_of_headers_are_not_in_the_manifest_nor_are_they_its_identity(tmp_path: Path) -> None:
    def headers(value: str) -> list[str]:
        return ["--agent-args", json.dumps({"extra_headers": {"X-Token": value}})]

    with Server(GOODBYE) as server:
        subprocess.run(command(server.url, tmp_path, *headers("hush")), capture_output=True, check=True)
        again = command(server.url, tmp_path, *headers("hush"), "--resume")
        subprocess.run(again, capture_output=True, check=True)
        assert all(request.headers["x-token"] == "hush" for request in server.requests)
        loud = command(server.url, tmp_path, *headers("loud"), "--resume")
        subprocess.run(loud, capture_output=True, check=True)
    text = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "x-llm").glob("*.json*"))
    assert "hush" not in text
    assert "loud" not in text
    assert "models.agent.arguments.extra_headers.X-Token" in text
