"""Ten thousand actions that no agent should write: nothing crashes, hangs, leaks or is half done."""

from __future__ import annotations

import importlib.util
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from toolgym import make_domain, make_env
from toolgym.actions import parse_action
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import set_up
from toolgym.errors import DataError
from toolgym.limits import Limits
from toolgym.messages import Message, ToolCall, to_chat
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

ACTIONS, EXAMPLES = 50, 52
"""Actions an example, and examples for each of the four tests of episodes: more than 10,000 actions in all."""

ENDLESS = Limits(max_steps=10**9, max_errors=10**9)
fuzz = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking fifty actions takes minutes
)


def _retail_world() -> ModuleType:
    path = Path(__file__).parent / "domains" / "retail_world.py"
    spec = importlib.util.spec_from_file_location("retail_world", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


SHOP = _retail_world()
DOMAINS: dict[str, Domain] = {"mock": make_domain("mock"), "retail": SHOP.build_domain("toolgym")}


class Made:
    """A value too large to print, under a name.

    Args:
        name: What to print.
        value: What it stands for.
    """

    def __init__(self, name: str, value: Any) -> None:
        self.name = name
        self.value = value

    def __repr__(self) -> str:
        return f"<{self.name}>"


def _expand(value: Any) -> Any:
    """What a value with Made parts stands for."""
    if isinstance(value, Made):
        return value.value
    if isinstance(value, dict):
        return {key: _expand(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item) for item in value]
    return value


def _nested(depth: int, kind: str) -> Made:
    value: Any = "x"
    for _ in range(depth):
        value = [value] if kind == "list" else {"a": value}
    return Made(f"{kind}s nested {depth} deep", value)


def _long(unit: str, times: int, end: str = "") -> Made:
    return Made(f"{unit[:20]!r} {times} times{end and ' and ' + end[:20]!r}", unit * times + end)


DEPTHS = (10, 90, 300, 480, 700, 950, 970, 975, 980, 985, 990)
NASTY: list[Any] = [None, True, 0, -1, 1.5, 1e308, float("nan"), float("-inf"), 2**64, -(2**70)]
NASTY += [Made("a huge integer", 10**4_000), _long("x", 20_000), Made("a wide list", ["x"] * 1_000)]
NASTY += ["", " ", "\x00", "\ud800", "é", "'; DROP TABLE users; --", "9**9**9", "__class__", "{0}", "%s", "null"]
NASTY += [
    "###STOP###",
    "<tool_call>",
    "\u202e",
    "user",
    "assistant",
    [],
    {},
    [[]],
    [None],
    {"a": {}},
    {"name": "x", "arguments": {}},
]
NASTY += [_nested(depth, kind) for depth in DEPTHS for kind in ("list", "dict")]
nasty = st.sampled_from(NASTY) | st.integers() | st.floats() | st.text(max_size=6)

TEXTS: list[Any] = [
    "",
    " ",
    "\n",
    "Hello!",
    "{",
    "}",
    "[",
    "[{",
    "{}",
    "[]",
    "[{}]",
    "null",
    "NaN",
    "9**9**9",
    "\ud800",
]
TEXTS += ["\x00", "```json\n{\n```", "<tool_call>", "</tool_call>", "<tool_call></tool_call>", "###STOP###"]
TEXTS += ['<tool_call>{"name": "get_users", "arguments": {}', '{"name": "x", "arguments": }', "get_users()"]
TEXTS += ["Hello (there)", '{"name": "get_users", "arguments": {}} and more', '{"name": 5, "arguments": {}}']
TEXTS += ['{"name": "get_users"}', '{"name": "get_users", "arguments": []}', '"name": "x", "arguments": {}']
TEXTS += ['{"name": "calculate", "arguments": {"expression": "9**9**9"}}', '{"name": "x", "arguments": {"a": NaN}}']
TEXTS += [_long("x", 200_000), _long("{", 2_000), _long('{"name":', 200), _long("[{", 2_000), _long("<tool_call>", 50)]
_OPEN = '{"name": "update_task_status", "arguments": {"task_id": '
for _depth in (*DEPTHS, 5_000, 100_000):
    TEXTS.append(Made(f"brackets {_depth} deep", "[" * _depth + "]" * _depth))
    TEXTS.append(Made(f"a call {_depth} deep", _OPEN + "[" * _depth + "]" * _depth + "}}"))
    TEXTS.append(Made(f"a call {_depth} objects deep", _OPEN + '{"a":' * _depth + "1" + "}" * _depth + "}}"))

ITEMS = [SHOP.RED, SHOP.BLUE, SHOP.GREEN, SHOP.GOLD, SHOP.SMALL, SHOP.LARGE, SHOP.OAK, SHOP.PINE]
EXPRESSIONS = ["9**9**9", "1+1", "1/0", "().__class__", "2**99999999", _long("(", 500), _long("-", 1_500, "1")]
LIKELY: dict[str, list[Any]] = {
    "status": ["completed", "pending"],
    "reason": ["no longer needed", "ordered by mistake"],
    "payment_method_id": [SHOP.CARD, SHOP.GIFT, SHOP.SMALL_GIFT, SHOP.PAYPAL],
    "expression": EXPRESSIONS,
    "item_id": ITEMS,
    "email": ["ben@example.com"],
    "title": ["A title"],
}


def _valid_calls(domain: Domain) -> st.SearchStrategy[dict[str, Any]]:
    """Calls of the tools of both sides, with arguments that are or could be right."""
    base = domain.worlds.get(next(iter(domain.tasks)).world)
    keys: dict[str, list[str]] = {}
    for side, schema in domain.schemas.items():
        for table in schema.tables:
            keys[f"{table.name.removesuffix('s')}_id"] = list(base.keys(side, table.name))
    some = [key for table in keys.values() for key in table[:3]]
    calls = []
    for kit in domain.toolkits.values():
        for found in kit.tools.values():
            arguments: dict[str, st.SearchStrategy[Any]] = {}
            for name, field in found.parameters.model_fields.items():
                if field.annotation == list[str]:
                    arguments[name] = st.lists(st.sampled_from(ITEMS), max_size=3)
                else:
                    arguments[name] = st.sampled_from(LIKELY.get(name) or keys.get(name) or some)
            made = {"name": st.just(found.name), "arguments": st.fixed_dictionaries(arguments)}
            calls.append(st.fixed_dictionaries(made))
    return st.one_of(calls)


@st.composite
def _spoiled(draw: st.DrawFn, calls: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """A call that was nearly right."""
    call = draw(calls)
    arguments: Any = dict(call["arguments"])
    names = [*arguments, *arguments, "bogus", "self", "requestor", "tool_name", "\ud800", ""]
    way = draw(st.integers(0, 5))
    if way == 0:
        arguments[draw(st.sampled_from(names))] = draw(nasty)
    elif way == 1:
        arguments.pop(draw(st.sampled_from(names)), None)
    elif way == 2:
        call["name"] = draw(st.sampled_from([call["name"] + "s", "", "__init__", "db", "\ud800", "x" * 500, "run"]))
    elif way == 3:
        arguments = {1: 2} if draw(st.booleans()) else {name: [value] for name, value in arguments.items()}
    elif way == 4:
        call[draw(st.sampled_from(["id", "requestor", "function", "extra", "type", "role"]))] = draw(nasty)
    else:
        arguments = draw(nasty)
    return {**call, "arguments": arguments}


def _as_text(value: Any) -> Any:
    """A value as JSON text, where it is JSON."""
    try:
        text = json.dumps(_expand(value))
    except (TypeError, ValueError, RecursionError):
        return "{"
    return _named(text)


def _named(text: str) -> Any:
    return text if len(text) < 1_000 else Made(f"{text[:60]}…", text)


def _as_openai(call: dict[str, Any]) -> dict[str, Any]:
    function = {"name": call["name"], "arguments": _as_text(call["arguments"])}
    return {"id": call.get("id", "c1"), "type": "function", "function": function}


def _as_message(call: dict[str, Any]) -> Message:
    return Message("user", "So be it.", (ToolCall(call["name"], _expand(call["arguments"]), requestor="user"),))


def _actions(domain: Domain) -> st.SearchStrategy[list[Any]]:
    """Actions as text, as bare calls, as chat messages and as messages."""
    calls = _valid_calls(domain)
    spoiled = _spoiled(calls)
    listed = st.lists(calls | spoiled | spoiled.map(_as_openai), max_size=3)
    cut = st.tuples(calls, st.integers(1, 200))
    action = st.one_of(
        calls,
        calls.map(_as_text),
        calls.map(_as_message),
        spoiled,
        spoiled.map(_as_text),
        cut.map(lambda pair: _named(str(_expand(_as_text(pair[0])))[: -pair[1]])),
        listed.map(_as_text),
        st.fixed_dictionaries({"tool_calls": listed}, optional={"content": st.text(max_size=5) | nasty}),
        st.fixed_dictionaries({}, optional={"role": nasty, "content": nasty, "tool_calls": nasty, "tokens": nasty}),
        st.sampled_from(TEXTS) | st.text(max_size=20),
    )
    return st.lists(action, min_size=ACTIONS, max_size=ACTIONS)


class Patient:
    """A user who never stops."""

    def __init__(self, domain: Domain, task: Task, rng: Any) -> None:
        pass

    def respond(self, view: Any) -> Message:
        """See Agent."""
        return Message("user", "Go on.")


def _check_outcome(episode: Episode, seen: Counter[str]) -> None:
    """The base is untouched, the state is what the successful calls bring about, and the dialogue can be stored."""
    base = episode.prepared.base
    assert base.checksum() == base.world
    fresh = set_up(episode.domain, episode.task).toolbox()
    for call in episode.successful_calls:
        assert not fresh.call(call).error
    assert fresh.session.diff() == episode.session.diff()
    again = Trajectory.from_json(episode.trajectory().to_json())
    assert again.messages == tuple(episode.messages)
    seen["successes"] += len(episode.successful_calls)
    seen["errors"] += episode.errors
    seen["changes"] += len(episode.session.diff())


def _play_both_sides(domain: Domain, actions: list[Any], seen: Counter[str]) -> None:
    """Every action is made by whoever's turn it is: an observation, or a mistake that changes nothing."""
    task = next(iter(domain.tasks))
    episode = Episode(domain, task, limits=ENDLESS)
    for action in map(_expand, actions):
        seen["actions"] += 1
        if episode.turn is None:  # the user said a stop mark
            _check_outcome(episode, seen)
            episode = Episode(domain, task, limits=ENDLESS)
        assert episode.turn is not None
        try:
            message = parse_action(action, episode.turn)
        except DataError:
            assert not isinstance(action, str)
            continue
        step = episode.advance(message)
        assert len(step.messages) == 1 + len(step.messages[0].tool_calls)
        assert all(isinstance(result.content, str) for result in step.messages[1:])
    _check_outcome(episode, seen)


def _play_environment(domain: Domain, actions: list[Any], seen: Counter[str]) -> None:
    """Only what is outside the action space may be refused, and what comes back is in the observation space."""
    split = domain.tasks.splits()[0]
    env = make_env(domain, split=split, user=Patient, max_steps=10**9, max_errors=10**9)
    env.reset(seed=0)
    for action in map(_expand, actions):
        seen["actions"] += 1
        try:
            observation, reward, terminated, truncated, info = env.step(action)
        except DataError:
            assert not env.action_space.contains(action)
            continue
        assert env.observation_space.contains(observation)
        assert isinstance(reward, float)
        assert (terminated, truncated) == (False, False)
        assert set(info) == {"task_key", "reward_terms"}
    assert env.episode is not None
    assert env.observation_space.contains(tuple(to_chat(message) for message in env.episode.view("assistant")))
    _check_outcome(env.episode, seen)


@pytest.mark.parametrize("play", [_play_both_sides, _play_environment])
@pytest.mark.parametrize("name", ["mock", "retail"])
def test_a_domain_survives_anything(name: str, play: Callable[[Domain, list[Any], Counter[str]], None]) -> None:
    domain = DOMAINS[name]
    seen: Counter[str] = Counter()

    @fuzz
    @given(actions=_actions(domain))
    def survives(actions: list[Any]) -> None:
        play(domain, actions, seen)

    survives()

    assert seen["actions"] >= EXAMPLES * ACTIONS
    assert seen["successes"] > EXAMPLES
    assert seen["errors"] > EXAMPLES
    assert seen["changes"] > EXAMPLES / 4


@pytest.mark.parametrize("kind", ["list", "dict"])
@pytest.mark.parametrize("form", ["text", "mapping", "message"])
def test_a_call_may_be_nested_to_any_depth(kind: str, form: str) -> None:
    env = make_env(DOMAINS["mock"], user=Patient, max_steps=10**9, max_errors=10**9, history=True)
    for depth in [*range(10, 800, 50), *range(800, 1_010), 5_000]:
        env.reset(seed=0)
        value = _nested(depth, kind).value
        opening, closing = ("[", "]") if kind == "list" else ('{"a":', "}")
        action: Any = _OPEN + opening * depth + "1" + closing * depth + "}}"
        if form != "text":
            action = {"name": "update_task_status", "arguments": {"task_id": value}}
        if form == "message":
            action = Message("assistant", None, (ToolCall("update_task_status", {"task_id": value}, "c"),))
        observation, *_ = env.step(action)
        assert str(observation[-1]["content"]).startswith("Error: "), depth
        stored = Trajectory.from_json(env.trajectory().to_json())
        assert env.episode is not None
        assert len(stored.messages) == len(env.episode.messages), depth
