"""`toolgym tau2 import`: what is read from a checkout of tau2-bench, without running it, and what is refused."""

from __future__ import annotations

import hashlib
import inspect
import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from scripted_model import lines, model
from tau2_checkout import (
    AGENT,
    AGENTS,
    ASSISTANTS,
    FILES,
    GUIDELINES,
    TOLD,
    TOOLS,
    USER_TOOLS,
    USERS,
    WITH_TOOLS,
    write,
)

import toolgym_mock.tools
import toolgym_mock.user_tools
import toolgym_retail.tools
from toolgym import make_user
from toolgym.agents.llm import LLMAgent
from toolgym.cli import main
from toolgym.compat.tau2 import TAU2
from toolgym.compat.tau2.agentfile import read_agent
from toolgym.compat.tau2.checkout import read_checkout, read_commit
from toolgym.compat.tau2.toolfile import read_docstring, read_tools
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.prompts import OWN, Wording, wording_of
from toolgym.rollouts import play
from toolgym.tools import Toolkit


@pytest.fixture(autouse=True)
def _own_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TOOLGYM_HOME", str(tmp_path / "home"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A small checkout, made up, with the mock domain alone."""
    write(tmp_path / "tau2-bench", FILES)
    return tmp_path / "tau2-bench"


Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """``toolgym tau2 import`` in this process."""

    def command(*arguments: str | Path) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["toolgym", "tau2", "import", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        return int(ended.value.code or 0), *capsys.readouterr()

    return command


# What is read


def test_tools_are_read_in_order_and_nothing_is_run(checkout: Path) -> None:
    found = read_checkout(checkout)
    kits = found.wording.tools["mock"]
    names = ["create_task", "get_users", "update_task_status", "transfer_to_human_agents"]
    assert {side: list(kit) for side, kit in kits.items()} == {
        "assistant": names,
        "user": ["check_notifications", "dismiss_notification"],
    }
    assert "a_module_that_is_missing" not in sys.modules
    assert (found.wording.user, found.wording.user_with_tools) == ("Bé a user.\n", "Be a user with hands.\n")


def test_a_description_is_the_first_line_apart_from_the_rest(checkout: Path) -> None:
    kits = read_checkout(checkout).wording.tools["mock"]
    assert {name: text.description for name, text in [*kits["assistant"].items(), *kits["user"].items()]} == {
        "create_task": "Make a task\n\nfor a user.\n\nThink first.",
        "get_users": "All the users.",
        "update_task_status": "Change it.",
        "transfer_to_human_agents": "Hand over.",
        "check_notifications": "",
        "dismiss_notification": "Off with it.",
    }


def test_arguments_have_their_types_defaults_and_texts(checkout: Path) -> None:
    kit = read_checkout(checkout).wording.tools["mock"]["assistant"]
    assert kit["create_task"].parameters == {
        "properties": {
            "user_id": {"description": "Whose it is.", "title": "User Id", "type": "string"},
            "title": {"description": "What it is: a title.", "title": "Title", "type": "string"},
            "description": {"default": None, "title": "Description", "type": "string"},
        },
        "required": ["user_id", "title"],
        "title": "parameters",
        "type": "object",
    }
    summary = kit["transfer_to_human_agents"].parameters["properties"]["summary"]
    assert summary["description"] == "Why it is\nhanded over."
    assert (kit["create_task"].unread, kit["update_task_status"].unread) == ((), ("status",))


DOCSTRINGS = {
    "": ("", {}),
    "Find.": ("Find.", {}),
    "Find.\n\nArgs:\n    x: X.\n\nNote:\n    y: Y.": ("Find.", {"x": "X."}),
    "Find.\n\nArgs:\n  x(int, optional): X:\n    more.\n  y: Y.\nRaises:\n  z: Z.": (
        "Find.",
        {"x": "X:\nmore.", "y": "Y."},
    ),
    "Args:\n    x:\n        X.": ("", {"x": "X."}),
    "Args: none.": ("Args: none.", {}),
    "Find.\nArgs:\n\nReturns:\n    x: X.": ("Find.", {}),
}


@pytest.mark.parametrize(("text", "read"), DOCSTRINGS.items())
def test_docstrings_are_read_as_tau2_reads_them(text: str, read: tuple[str, dict[str, str]]) -> None:
    assert read_docstring(text) == read


ANNOTATIONS = {
    "str": {"type": "string"},
    "'int'": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "List[str]": {"items": {"type": "string"}, "type": "array"},
    "list": {"items": {}, "type": "array"},
    "Dict[str, List[int]]": {
        "additionalProperties": {"items": {"type": "integer"}, "type": "array"},
        "type": "object",
    },
    "Literal['a', 'b']": {"enum": ["a", "b"], "type": "string"},
    "typing.Optional[str]": {"anyOf": [{"type": "string"}, {"type": "null"}]},
    "Union[int, 'str']": {"anyOf": [{"type": "integer"}, {"type": "string"}]},
    "int | None": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
    "Any": {},
}
UNREAD = [
    "Flight",
    "List[Flight | dict]",
    "models.Flight",
    "'not an expression'",
    "Literal[A]",
    "Annotated[int, 1]",
    "f()",
]


def read_argument(argument: str) -> Any:
    docstring = '"""F.\n\n        Args:\n            x: X.\n        """'
    return read_tools(f"class T:\n    @is_tool(R)\n    def f(self, {argument}):\n        {docstring}\n")["f"]


@pytest.mark.parametrize(("annotation", "schema"), ANNOTATIONS.items(), ids=ANNOTATIONS)
def test_plain_annotations_are_types(annotation: str, schema: dict[str, Any]) -> None:
    read = read_argument(f"x: {annotation}")
    assert read.parameters["properties"]["x"] == {"description": "X.", "title": "X", **schema}
    assert (read.parameters["required"], read.unread) == (["x"], ())


@pytest.mark.parametrize(
    "argument", [*(f"x: {annotation}" for annotation in UNREAD), "x", "x: int = LIMIT", "*, x: int = -f()"]
)
def test_what_is_not_plain_is_left_to_our_own_tool(argument: str) -> None:
    read = read_argument(argument)
    assert read.parameters["properties"] == {"x": {"description": "X."}}
    assert read.unread == ("x",)
    assert ("required" in read.parameters) is ("=" not in argument)


@pytest.mark.parametrize("module", [toolgym_mock.tools, toolgym_mock.user_tools, toolgym_retail.tools])
def test_our_own_tool_files_read_so_give_the_schemas_that_running_them_gives(module: ModuleType) -> None:
    (kit,) = (kit for kit in vars(module).values() if isinstance(kit, type) and issubclass(kit, Toolkit) and kit.tools)
    tools = read_tools(inspect.getsource(module).replace("@tool(", "@is_tool("))
    schemas = Wording("", "", {"own": {"user": tools}}).schemas("own", "user", kit.tools.values())

    def words(schemas: Any) -> list[str]:
        return json.dumps(schemas).replace("\\n", " ").split()

    assert words(schemas) == words([tool.schema for tool in kit.tools.values()])


# Where it is looked for


def test_files_are_found_wherever_they_are_below_the_checkout(tmp_path: Path) -> None:
    moved = {GUIDELINES: "a/simulation_guidelines.md", WITH_TOOLS: "b/c/simulation_guidelines_tools.md"}
    moved |= {TOOLS: "lib/domains/mock/tools.py", USER_TOOLS: "lib/domains/mock/user_tools.py"}
    write(tmp_path / "other", {moved[name]: text for name, text in FILES.items()})
    found = read_checkout(tmp_path / "other")
    assert sorted(found.wording.files) == sorted(moved.values())
    assert list(found.wording.tools) == ["mock"]


def test_the_usual_place_goes_first_and_installed_copies_do_not_count(checkout: Path) -> None:
    write(checkout, {"build/lib/tau2/domains/mock/tools.py": "class T: ...", "old/simulation_guidelines.md": "Old."})
    for hidden in (".venv/lib", "env/site-packages"):
        write(checkout, {f"{hidden}/tau2/domains/airline/tools.py": ASSISTANTS})
    write(checkout, {"tests/tools.py": "class T: ..."})
    found = read_checkout(checkout)
    assert sorted(found.wording.files) == sorted(FILES)
    assert found.left_out == {}


def test_two_versions_of_the_guidelines_are_refused_and_two_copies_are_not(checkout: Path) -> None:
    (checkout / GUIDELINES).unlink()
    write(checkout, {f"{name}/simulation_guidelines.md": "Be." for name in "ab"})
    assert read_checkout(checkout).wording.user == "Be."
    write(checkout, {"b/simulation_guidelines.md": "Be not."})
    with pytest.raises(
        DataError, match=r"several versions .*: a/simulation_guidelines\.md, b/simulation_guidelines\.md"
    ):
        read_checkout(checkout)


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (
            GUIDELINES,
            "no file simulation_guidelines.md, in no folder of it; a checkout of tau2-bench has it in data/tau2",
        ),
        (WITH_TOOLS, "no file simulation_guidelines_tools.md"),
        (TOOLS, "no tools that can be used; they are looked for in every domains/<domain>/tools.py"),
    ],
)
def test_what_is_missing_is_named_with_its_usual_place(run: Command, checkout: Path, missing: str, told: str) -> None:
    (checkout / missing).unlink()
    code, out, err = run(checkout)
    assert (code, out) == (2, "")
    assert err.startswith(f"toolgym: {str(checkout)!r} has {told}")
    assert not (checkout.parent / "home").exists()


def test_a_path_that_is_no_folder_is_refused(run: Command, tmp_path: Path) -> None:
    code, _, err = run(tmp_path / "gone")
    assert (code, err) == (
        2,
        f"toolgym: {str(tmp_path / 'gone')!r} is no folder; it must be a checkout of tau2-bench\n",
    )


# What is left out

LEFT_OUT = {
    "src/tau2/domains/mock/tools.py": (ASSISTANTS.replace("title: str,", "name: str,"), "arguments.*: create_task$"),
    "src/tau2/domains/mock/user_tools.py": (USERS.replace("dismiss_", "delete_"), "delete_notification, dismiss_"),
    "src/tau2/domains/newer/tools.py": ("class T:\n  def (: ...", "cannot be read by this Python: .*line 2"),
    "src/tau2/domains/empty/tools.py": ("class T:\n  def f(self): ...", "no class with methods that are marked"),
    "src/tau2/domains/binary/tools.py": ("class T:\n  '\x00'", "cannot be read by this Python"),
}


@pytest.mark.parametrize(("file", "content"), LEFT_OUT.items(), ids=LEFT_OUT)
def test_a_domain_that_does_not_fit_is_left_out_with_the_reason(
    run: Command, checkout: Path, file: str, content: tuple[str, str]
) -> None:
    name = file.split("/")[-2]
    write(checkout, {file: content[0], "src/tau2/domains/another/tools.py": ASSISTANTS})
    found = read_checkout(checkout)
    assert set(found.wording.tools) == {"mock", "another"} - {name}
    assert file not in found.wording.files
    with pytest.raises(AssertionError, match=content[1]):
        raise AssertionError(found.left_out[name])
    code, out, _ = run(checkout)
    assert code == 0
    assert f"left out: {name}: " in out


def test_nothing_is_stored_if_every_domain_is_left_out(run: Command, checkout: Path) -> None:
    (checkout / TOOLS).write_text("class T: ...")
    code, _, err = run(checkout)
    assert code == 2
    assert "no tools that can be used" in err
    assert "mock: src/tau2/domains/mock/tools.py has no class" in err


# What the assistant is told


def test_the_instruction_and_the_system_prompt_of_the_assistant_are_read(run: Command, checkout: Path) -> None:
    write(checkout, {AGENT: AGENTS})
    found = read_checkout(checkout)
    assert found.wording.assistant == TOLD
    assert found.own_instruction == ""
    assert found.wording.files[AGENT] == hashlib.sha256(AGENTS.encode()).hexdigest()
    assert found.wording.instructions("Be {kind}, {policy}.") == TOLD.replace("{policy}", "Be {kind}, {policy}.")
    code, out, _ = run(checkout)
    assert code == 0
    assert f"instruction of the assistant: {AGENT}" in out
    assert "left out" not in out
    write(checkout, {f"{folder}/agent/llm_agent.py": AGENTS for folder in ("copy", ".venv/lib")})
    assert read_checkout(checkout) == found


BOTH = "AGENT_INSTRUCTION = 'A'\nSYSTEM_PROMPT = {}\n"
SHAPES = {
    "'{agent_instruction}|{domain_policy}'": "A|{policy}",
    "'''\\n{instruction}{{x}}{policy}\\n'''.strip()": "A{x}{policy}",
    "textwrap.dedent('  {agent_instruction}{policy}')": "A{policy}",
    "('{agent_instruction}' '{policy}')": "A{policy}",
    "'{agent_instruction}' + '{policy}'": "A{policy}",
    "f'{{agent_instruction}}{{policy}}{AGENT_INSTRUCTION}'": "A{policy}A",
}


@pytest.mark.parametrize(("template", "told"), SHAPES.items())
def test_texts_are_read_in_whatever_form_they_are_written(template: str, told: str) -> None:
    assert read_agent(BOTH.replace("{}", template)) == told
    assert read_agent(f"_LLM_AGENT_INSTRUCTION = AGENT_INSTRUCTION = 'A'\nMY_SYSTEM_PROMPT = {template}") == told


UNUSABLE = {
    "": "a name like AGENT_INSTRUCTION, and has none",
    "AGENT_INSTRUCTION = 'A'": "a name like SYSTEM_PROMPT, and has none",
    "AGENT_INSTRUCTION = read()": "a name like AGENT_INSTRUCTION, and has none",
    "MY_AGENT_INSTRUCTION = 'A'\nAN_AGENT_INSTRUCTION = 'B'": "several: MY_AGENT_INSTRUCTION, AN_AGENT_INSTRUCTION",
    BOTH.replace("{}", "'{agent_instruction}'"): "one for the policy, and has ['instruction']",
    BOTH.replace("{}", "'{policy}'"): "one place for the instruction",
    BOTH.replace("{}", "'{instruction}{policy}{ticket}'"): "has a place 'ticket'",
    BOTH.replace("{}", "'{instruction}{policy!r}'"): "has a place 'policy'",
    BOTH.replace("{}", "'{instruction}{}{policy}'"): "has a place ''",
    BOTH.replace("{}", "'{instruction'"): "cannot be read as a template",
    BOTH.replace("{}", "'{instruction}{policy}{{policy}}'"): "marks the place of the policy",
    "def (": "cannot be read by this Python",
    "x = " + "(" * 5000: "cannot be read by this Python",
}


@pytest.mark.parametrize(("source", "why"), UNUSABLE.items(), ids=range(len(UNUSABLE)))
def test_an_instruction_that_is_not_found_is_left_out_with_the_reason(
    run: Command, checkout: Path, source: str, why: str
) -> None:
    write(checkout, {AGENT: source})
    found = read_checkout(checkout)
    assert why in found.own_instruction
    assert AGENT in found.own_instruction
    assert found.wording.assistant == OWN.assistant
    assert AGENT not in found.wording.files
    code, out, _ = run(checkout)
    assert code == 0
    assert "left out: the assistant's instruction: " in out
    assert json.loads(run(checkout, "--json")[1])["own_instruction"] == found.own_instruction


def test_a_checkout_without_the_file_or_with_two_versions_says_so(checkout: Path) -> None:
    assert "has no file agent/llm_agent.py" in read_checkout(checkout).own_instruction
    write(checkout, {"a/agent/llm_agent.py": AGENTS, "b/agent/llm_agent.py": AGENTS + "#"})
    assert "several versions of agent/llm_agent.py" in read_checkout(checkout).own_instruction


def test_runs_with_and_without_tau2s_instruction_have_words_of_different_names(checkout: Path) -> None:
    write(checkout, GIT["a branch"])
    assert read_checkout(checkout).wording.name == f"tau2@{COMMIT[:12]}"
    write(checkout, {AGENT: AGENTS})
    assert read_checkout(checkout).wording.name == f"tau2@{COMMIT[:12]}+agent"


def test_words_that_were_stored_without_an_instruction_are_still_read(
    run: Command, checkout: Path, mock: Domain
) -> None:
    assert run(checkout)[0] == 0
    (stored,) = (checkout.parent / "home").glob("*.json")
    data = json.loads(stored.read_text())
    del data["assistant"]
    stored.write_text(json.dumps(data))
    wording = wording_of(mock.with_data(compat=TAU2))
    assert (wording.assistant, wording.user) == (OWN.assistant, "Bé a user.\n")


# Which commit it is


COMMIT = "2f6dbd0a6e1c9d00000000000000000000000000"
GIT: dict[str, dict[str, str]] = {
    "a branch": {".git/HEAD": "ref: refs/heads/main\n", ".git/refs/heads/main": f"{COMMIT}\n"},
    "a packed branch": {
        ".git/HEAD": "ref: refs/heads/main\n",
        ".git/packed-refs": f"# pack-refs with: peeled\n00 refs/heads/other\n{COMMIT} refs/heads/main\n^ab\n",
    },
    "no branch": {".git/HEAD": f"{COMMIT}\n"},
    "a worktree": {
        ".git": "gitdir: ../repo/.git/worktrees/w\n",
        "../repo/.git/worktrees/w/HEAD": "ref: refs/heads/w\n",
        "../repo/.git/worktrees/w/commondir": "../..\n",
        "../repo/.git/refs/heads/w": f"{COMMIT}\n",
    },
}


@pytest.mark.parametrize("files", GIT.values(), ids=GIT)
def test_the_commit_is_read_from_git(checkout: Path, files: dict[str, str]) -> None:
    write(checkout, files)
    wording = read_checkout(checkout).wording
    assert (wording.commit, wording.name) == (COMMIT, f"tau2@{COMMIT[:12]}")


@pytest.mark.parametrize(
    "files", [{}, {".git/HEAD": ""}, {".git/HEAD": "ref: refs/heads/new\n"}, {".git": "gitdir: ../gone"}]
)
def test_a_commit_that_git_does_not_tell_is_not_known(checkout: Path, files: dict[str, str]) -> None:
    write(checkout, files)
    assert read_commit(checkout) is None
    assert read_checkout(checkout).wording.name.startswith("tau2@")


# The command


def test_the_command_says_what_it_found_where_and_stores_it(run: Command, checkout: Path, mock: Domain) -> None:
    write(checkout, GIT["a branch"])
    code, out, _ = run(checkout)
    assert code == 0
    for name in FILES:
        assert name in out
        assert f"sha256 {hashlib.sha256((checkout / name).read_bytes()).hexdigest()}" in out
    for what in ("guidelines of users without tools", "4 tools of mock's assistant", "2 tools of mock's user"):
        assert what in out
    assert f"Stored as tau2@{COMMIT[:12]} in {checkout.parent / 'home'}" in " ".join(out.split())
    assert wording_of(mock.with_data(compat=TAU2)) == read_checkout(checkout).wording


def test_the_command_speaks_json(run: Command, checkout: Path) -> None:
    write(checkout, {"src/tau2/domains/empty/tools.py": ""})
    code, out, _ = run(checkout, "--json")
    told = json.loads(out)
    assert (code, told["commit"], list(told["left_out"])) == (0, None, ["empty"])
    assert {source["path"]: source["sha256"] for source in told["sources"]} == read_checkout(checkout).wording.files
    assert Path(told["stored"]).is_file()


def test_what_was_imported_is_what_an_agent_is_told_on_tau2s_tasks(
    run: Command, checkout: Path, tau2_mock: Domain
) -> None:
    assert run(checkout)[0] == 0
    assistant = model(lines("Hello.", "Bye."))
    play(tau2_mock, tau2_mock.tasks["base"][0], partial(LLMAgent, model=assistant), make_user("minimal"))
    assert assistant.requests[0].messages[0] == {"role": "system", "content": OWN.instructions(tau2_mock.policy)}
    tools = {tool["function"]["name"]: tool["function"] for tool in assistant.requests[0].tools}
    assert tools["get_users"] == {
        "name": "get_users",
        "description": "All the users.",
        "parameters": {"properties": {}, "title": "parameters", "type": "object"},
    }
    assert tools["update_task_status"]["parameters"]["properties"]["status"] == {
        "description": "To what.",
        "enum": ["pending", "completed"],
        "title": "Status",
        "type": "string",
    }


def test_the_imported_instruction_is_for_tau2s_tasks_alone(
    run: Command, checkout: Path, tau2_mock: Domain, mock: Domain
) -> None:
    write(checkout, {AGENT: AGENTS})
    assert run(checkout)[0] == 0
    theirs = TOLD.replace("{policy}", tau2_mock.policy)
    for domain, told in ((tau2_mock, theirs), (mock, OWN.instructions(mock.policy))):
        assistant = model(lines("Hello.", "Bye."))
        task = next(iter(domain.tasks))
        play(domain, task, partial(LLMAgent, model=assistant), make_user("minimal"))
        assert assistant.requests[0].messages[0] == {"role": "system", "content": told}


def test_without_an_import_tau2s_tasks_are_played_in_our_own_words(tau2_mock: Domain) -> None:
    assert wording_of(tau2_mock) is OWN
