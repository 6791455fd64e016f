"""Plug-ins as users write them: a package with entry points, installed beside toolgym, used from another process."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from installed import install, python

from toolgym.errors import DuplicateNameError, RegistryError, UnknownNameError
from toolgym.registry import AGENTS, CURRICULA, DOMAINS, REWARDS, USERS, Registry

HEAVY = ("torch", "duckdb", "pydantic", "pettingzoo", "scipy", "typer", "rich")

CODE = '''
from pydantic import BaseModel

from toolgym.curricula import CurriculumSpec, Fixed
from toolgym.database import Database, Schema, Table, WorldStore
from toolgym.domain import Domain
from toolgym.messages import STOP, Message, ToolCall
from toolgym.tasks import Task, TaskSet
from toolgym.tools import Effect, Toolkit, ToolError, tool


class Lamp(BaseModel):
    lamp_id: str
    on: bool = False


class LampTools(Toolkit):
    """Lamps."""

    @tool(Effect.WRITE)
    def switch(self, lamp_id: str, on: bool) -> str:
        """Switch a lamp.

        Args:
            lamp_id: Which.
            on: Whether it shall burn.
        """
        if self.db.get("lamps", lamp_id) is None:
            raise ToolError(f"there is no lamp {lamp_id}")
        self.db.edit("lamps", lamp_id)["on"] = on
        return "switched"


SCHEMAS = {"assistant": Schema("LampDB", (Table("lamps", Lamp),))}
WORLDS = WorldStore(SCHEMAS)
WORLD = WORLDS.add(Database.build(SCHEMAS, {"assistant": {"lamps": {"hall": {"lamp_id": "hall"}}}}))
TASK = Task.model_validate({
    "id": "light",
    "user_scenario": {"instructions": "It is dark in the hall."},
    "evaluation_criteria": {
        "actions": [{"action_id": "0", "name": "switch", "arguments": {"lamp_id": "hall", "on": True}}]
    },
    "world": WORLD,
})
LAMPS = Domain(
    name="lamps",
    policy="Be bright.",
    schemas=SCHEMAS,
    toolkits={"assistant": LampTools},
    worlds=WORLDS,
    tasks=TaskSet({"train": lambda: [TASK], "test": lambda: [TASK]}),
)


class Terse:
    """A user that says one word."""

    def __init__(self, domain, task, rng):
        self.said = 0

    def respond(self, view):
        self.said += 1
        return Message("user", "Dark!" if self.said == 1 else STOP)


class Switcher:
    """An agent that switches the hall's lamp on."""

    def __init__(self, domain, task, rng):
        self.calls = [ToolCall("switch", {"lamp_id": "hall", "on": True}, "1")]

    def respond(self, view):
        if self.calls:
            return Message("assistant", None, (self.calls.pop(),))
        return Message("assistant", "There is light.")


class Politeness:
    """A reward term."""

    def __init__(self, weight=1.0):
        self.weight = weight
        self.name = "politeness"

    def on_step(self, episode, step):
        polite = any("please" in (message.content or "") for message in step.messages)
        return {step.agent: self.weight * polite}

    def on_end(self, episode):
        return {}


class Counting(Fixed):
    """A curriculum that counts."""

    groups = 0

    @classmethod
    def counting_from(cls, domain, split, *, first=0):
        made = cls.from_split(domain, split)
        made.groups = int(first)
        return made

    def update(self, group):
        self.groups += len(group)

    def metrics(self):
        return {"groups": float(self.groups)}


COUNTING = CurriculumSpec("counting-spec", Counting.counting_from, options=("first",))
'''

ENTRY_POINTS = """
[toolgym.domains]
lamps = lamp_plugin:LAMPS
broken = lamp_plugin_broken:DOMAIN

[toolgym.users]
terse = lamp_plugin:Terse

[toolgym.agents]
switcher = lamp_plugin:Switcher

[toolgym.rewards]
politeness = lamp_plugin:Politeness

[toolgym.curricula]
counting = lamp_plugin:Counting.from_split
counting-from = lamp_plugin:Counting.counting_from
counting-spec = lamp_plugin:COUNTING
"""


def answer(folder: Path, code: str) -> Any:
    """What a program prints as JSON."""
    done = python(folder, "-c", f"import json\nimport toolgym\n{code}")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which the lamps' package is installed."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, "lamp-plugin", ENTRY_POINTS, lamp_plugin=CODE, lamp_plugin_broken="import lamp_that_is_missing\n")
    return folder


def test_an_environment_is_built_of_parts_that_another_package_brings(plugins: Path) -> None:
    played = answer(
        plugins,
        """
env = toolgym.make_env("lamps", user="terse", curriculum="counting", reward={"success": 1, "politeness": 0.5})
observation, info = env.reset(seed=0)
call = json.dumps({"name": "switch", "arguments": {"lamp_id": "hall", "on": True}})
steps = [env.step(action) for action in (call, "Anything else, please?")]
print(json.dumps({
    "opening": observation[-1]["content"],
    "tools": [one["function"]["name"] for one in info["tools"]],
    "result": steps[0][0][-1]["content"],
    "terms": steps[1][4]["reward_terms"],
    "reward": steps[1][1],
    "metrics": env.curriculum.metrics(),
}))
""",
    )
    assert played == {
        "opening": "Dark!",
        "tools": ["switch"],
        "result": "switched",
        "terms": {"success": 1.0, "politeness": 0.5},
        "reward": 1.5,
        "metrics": {"groups": 1.0},
    }


def test_the_command_line_evaluates_an_agent_that_another_package_brings(plugins: Path, tmp_path: Path) -> None:
    options = ("--agent", "switcher", "--user", "terse", "--trials", "2", "--runs", str(tmp_path), "--json")
    done = python(plugins, "-m", "toolgym", "eval", "lamps", *options)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["agents"]["switcher"]["pass_hat"]["2"]["mean"] == 1.0


def test_a_curriculum_of_another_package_takes_its_own_options_and_refuses_others_clearly(plugins: Path) -> None:
    told = answer(
        plugins,
        """
from toolgym.errors import UnknownNameError

def told(name, **options):
    try:
        return toolgym.make_curriculum(name, "lamps", "train", **options).metrics()["groups"]
    except (UnknownNameError, ValueError) as error:
        return str(error)

print(json.dumps([
    [told(name, first=3), told(name, args={"first": 4}), told(name, frist=3)]
    for name in ("counting-from", "counting-spec")
] + [told("counting-from", first="x"), told("counting", first=1)]))
""",
    )
    (plain, by_args, refused), (spec, spec_by_args, meant), inside, none = told
    assert (plain, by_args, spec, spec_by_args) == (3.0, 4.0, 3.0, 4.0)
    assert refused.startswith("the curriculum 'counting-from' does not take these options: ")
    assert "unexpected keyword argument 'frist'" in refused
    assert meant == "No option of the curriculum 'counting-spec' named 'frist'. Did you mean 'first'? Known: first."
    assert "invalid literal" in inside
    assert "does not take these options" in none


def test_names_are_listed_without_importing_the_plugin(plugins: Path) -> None:
    code = """
from toolgym.registry import AGENTS, CURRICULA, DOMAINS, REWARDS, USERS
import sys
names = {one.kind: one.names() for one in (DOMAINS, USERS, AGENTS, REWARDS, CURRICULA)}
print(json.dumps([names, [name for name in sys.modules if name.startswith("lamp")]]))
"""
    names, imported = answer(plugins, code)
    assert imported == []
    assert {"broken", "lamps", "mock", "retail"} <= set(names["domain"])
    assert "terse" in names["user"]
    assert "switcher" in names["agent"]
    assert "politeness" in names["reward term"]
    assert "counting" in names["curriculum"]
    assert names["domain"] == sorted(names["domain"])


def test_a_broken_plugin_raises_its_own_import_error_and_harms_no_other(plugins: Path) -> None:
    code = """
try:
    toolgym.make_domain("broken")
except ImportError as error:
    told = [type(error).__name__, error.name, error.__notes__]
print(json.dumps([told, toolgym.make_domain("lamps").name, toolgym.make_domain("mock").name]))
"""
    (kind, missing, notes), *others = answer(plugins, code)
    assert (kind, missing) == ("ModuleNotFoundError", "lamp_that_is_missing")
    assert any("'broken'" in note and "lamp_plugin_broken:DOMAIN" in note for note in notes)
    assert others == ["lamps", "mock"]


ODD_ENTRY_POINTS = """
[toolgym.agents]
late-name = odd_plugin:NOT_THERE
strange = odd_looking_up:AGENT
number = odd_plugin:NUMBER

[toolgym.domains]
domain-number = odd_plugin:NUMBER

[toolgym.curricula]
curriculum-number = odd_plugin:NUMBER

[toolgym.judges]
judge-number = odd_plugin:NUMBER
"""


def test_whatever_a_plugin_raises_as_it_is_imported_names_the_plugin(tmp_path: Path) -> None:
    looks_up = "import toolgym\ntoolgym.make_domain('not-installed')\n"
    install(tmp_path, "odd-plugin", ODD_ENTRY_POINTS, odd_plugin="NUMBER = 3\n", odd_looking_up=looks_up)
    code = """
def told(make, *arguments):
    try:
        make(*arguments)
    except Exception as error:
        return [type(error).__name__, str(error), *getattr(error, "__notes__", ())]

print(json.dumps([
    told(toolgym.make_agent, "late-name"),
    told(toolgym.make_agent, "strange"),
    told(toolgym.make_agent, "number"),
    told(toolgym.make_env, "domain-number"),
    told(toolgym.make_curriculum, "curriculum-number", "mock", "train"),
    told(toolgym.make_judge, "judge-number"),
]))
"""
    late, strange, *numbers = answer(tmp_path, code)
    assert late[0] == "AttributeError"
    assert "while loading the agent 'late-name' from odd_plugin:NOT_THERE" in late[2]
    assert "No domain named 'not-installed'" in strange[1]
    assert "while loading the agent 'strange' from odd_looking_up:AGENT" in strange[2]
    for (kind, message), part in zip(numbers, ("agent", "domain", "curriculum", "judge"), strict=True):
        assert kind == "DataError"
        assert message.startswith(f"the {part} '{part + '-' if part != 'agent' else ''}number' is 3; an entry point of")


def test_doctor_finds_the_broken_plugin_and_says_which(plugins: Path) -> None:
    done = python(plugins, "-m", "toolgym", "doctor", "--json")
    assert done.returncode == 1
    failed = [check for check in json.loads(done.stdout)["checks"] if check["ok"] is False]
    assert [check["what"] for check in failed] == ["domain broken"]
    assert "lamp_that_is_missing" in failed[0]["found"]


def test_a_package_that_is_installed_later_is_found_without_a_restart(tmp_path: Path) -> None:
    later = tmp_path / "later"
    install(later, "late-plugin", "[toolgym.agents]\nlate = json:loads\n")
    code = f"""
import sys
try:
    toolgym.make_agent("late")
except toolgym.errors.UnknownNameError as error:
    first = str(error)
sys.path.insert(0, {str(later)!r})
print(json.dumps([first, toolgym.make_agent("late").make is json.loads]))
"""
    first, found = answer(tmp_path, f"import toolgym.errors\n{code}")
    assert "No agent named 'late'" in first
    assert found is True


DUPLICATES = """
from toolgym.errors import DuplicateNameError
from toolgym.registry import AGENTS
try:
    print(json.dumps(AGENTS.load("twin").__name__))
except DuplicateNameError as error:
    print(json.dumps(str(error)))
"""


def test_two_packages_with_one_name_are_told_apart_by_an_error(tmp_path: Path) -> None:
    install(tmp_path, "twin-a", "[toolgym.agents]\ntwin = json:loads\n")
    install(tmp_path, "twin-b", "[toolgym.agents]\ntwin = json:dumps\n")
    message = answer(tmp_path, DUPLICATES)
    for part in ("agent", "'twin'", "json:loads", "json:dumps", "Uninstall"):
        assert part in message


def test_one_plugin_listed_twice_is_one_plugin(tmp_path: Path) -> None:
    install(tmp_path, "twin-a", "[toolgym.agents]\ntwin = json:loads\n")
    install(tmp_path, "twin-b", "[toolgym.agents]\ntwin = json:loads\n")
    assert answer(tmp_path, DUPLICATES) == "loads"


@pytest.mark.parametrize("registry", [DOMAINS, USERS, AGENTS, REWARDS, CURRICULA], ids=lambda registry: registry.kind)
def test_every_name_that_we_ship_loads_and_an_unknown_one_lists_them(registry: Registry) -> None:
    names = registry.names()
    assert names == sorted(names) != []
    assert all(registry.load(name) is not None for name in names)
    with pytest.raises(UnknownNameError) as raised:
        registry.load(f"{names[0]}x")
    for part in (registry.kind, f"'{names[0]}x'", f"Did you mean '{names[0]}'?", *names, repr(registry.group)):
        assert part in str(raised.value)
    assert isinstance(raised.value, LookupError)
    assert issubclass(DuplicateNameError, RegistryError)


def test_an_empty_registry_says_that_there_is_none() -> None:
    with pytest.raises(UnknownNameError, match="Known: none"):
        Registry("spell", "toolgym.no.such.group").load("abracadabra")


def test_importing_toolgym_imports_nothing_heavy(tmp_path: Path) -> None:
    code = f"import sys; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    assert answer(tmp_path, code) == []


def test_gymnasium_finds_our_ids_without_an_import_of_ours(tmp_path: Path) -> None:
    code = """
import gymnasium as gym
print(gym.make("toolgym:ToolMock-v0").reset(seed=0)[0][-1]["role"])
"""
    done = python(tmp_path, "-c", code)
    assert (done.returncode, done.stdout) == (0, "user\n"), done.stderr
