"""Who may import whom: the table of edges between the packages and top modules of toolgym."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import toolgym
import toolgym_trainers

PACKAGE = Path(toolgym.__file__).parent
TRAINERS = Path(toolgym_trainers.__file__).parent
PLUGINS = ("toolgym_mock", "toolgym_retail", "toolgym_trainers")

EDGES = {
    name: frozenset(allowed.split())
    for name, allowed in {
        # What each may import, from those that import nothing to the command line. An edge that is not here is an
        # error, and so is one that nobody uses any more.
        "compatibility": "",
        "concurrency": "",
        "errors": "",
        "language": "messages",
        "patterns": "",
        "worlds": "",
        "files": "errors",
        "rendering": "errors",
        "messages": "errors",
        "registry": "errors",
        "actions": "errors messages",
        "database": "errors files messages",
        "display": "messages",
        "tasks": "compatibility errors files messages patterns",
        "trajectory": "errors files messages patterns",
        "curriculum": "errors tasks trajectory",
        "generation": "database patterns tasks worlds",
        "limits": "actions messages",
        "models": "actions concurrency errors messages trajectory",
        "scripted": "domain errors language messages patterns tasks tools",
        "tools": "compatibility database errors messages",
        "domain": (
            "compatibility concurrency database errors generation messages patterns rendering tasks tools worlds"
        ),
        "views": "actions domain errors messages rendering",
        "evaluation": "database domain errors generation language messages tasks tools trajectory",
        "prompts": "database domain errors files messages tools",
        "judges": "errors evaluation messages models prompts trajectory",
        "rewards": "database errors evaluation language messages registry tasks trajectory",
        "runs": "database domain errors evaluation files patterns tools trajectory",
        "episode": (
            "actions concurrency database domain errors evaluation limits messages patterns rewards "
            "tasks tools trajectory"
        ),
        "agents": "domain episode errors messages models prompts tasks tools trajectory views",
        "compat": (
            "compatibility database domain episode errors evaluation limits messages models prompts registry "
            "tasks trajectory"
        ),
        "envs": (
            "actions concurrency curriculum display domain episode errors evaluation limits messages "
            "rewards runs tasks trajectory"
        ),
        "failures": (
            "concurrency database domain episode errors evaluation files generation language messages models "
            "patterns prompts tasks trajectory"
        ),
        "regrading": "concurrency database domain episode errors evaluation messages tasks trajectory",
        "users": "actions display domain episode errors messages models prompts scripted tasks tools trajectory",
        "proposal": "domain failures generation patterns tasks",
        "rollouts": (
            "concurrency domain episode errors evaluation limits models regrading rewards runs tasks trajectory"
        ),
        "certificates": (
            "agents database domain episode errors evaluation limits language messages proposal rollouts tasks tools "
            "trajectory users worlds"
        ),
        "generators": (
            "agents certificates concurrency database domain episode errors generation language messages models "
            "patterns prompts proposal rollouts scripted tasks trajectory users worlds"
        ),
        "curricula": (
            "certificates concurrency curriculum database domain episode errors evaluation failures "
            "files generation generators messages patterns proposal registry runs tasks trajectory"
        ),
        "registration": (
            "compat curricula curriculum domain envs errors evaluation failures files limits models "
            "prompts proposal registry rollouts runs scripted tasks trajectory views"
        ),
        "serving": ("concurrency database domain episode errors files limits messages tasks"),
        "testing": (
            "actions agents certificates concurrency curricula curriculum database domain envs episode "
            "errors generation language limits messages registry rewards rollouts tasks tools trajectory users "
            "worlds"
        ),
        "cli": (
            "certificates compat concurrency curricula curriculum display domain episode errors "
            "evaluation failures files generators limits messages models patterns prompts registration "
            "registry regrading rewards rollouts runs serving tasks testing tools trajectory users"
        ),
    }.items()
}
TRAINER_EDGES = {
    name: frozenset(allowed.split())
    for name, allowed in {
        # The same for toolgym_trainers: its own parts by their names, those of the core behind "toolgym.".
        "record": "toolgym.errors toolgym.files toolgym.trajectory",
        "groups": "record",
        "rollout_figures": "groups record toolgym.evaluation",
        "denormals": "",
        "grpo": "denormals groups record toolgym.errors",
        "checkpoint": "policies toolgym.errors toolgym.files",
        "policies": (
            "denormals record toolgym.actions toolgym.domain toolgym.episode toolgym.errors toolgym.messages "
            "toolgym.models toolgym.prompts toolgym.rendering toolgym.tasks toolgym.trajectory toolgym.views"
        ),
        "sft": "denormals policies toolgym.errors",
        "clock": "",
        "bootstrap": (
            "checkpoint clock policies sft toolgym.domain toolgym.errors toolgym.files toolgym.generators toolgym.runs "
            "toolgym.views"
        ),
        "sampling_bench": (
            "policies toolgym.domain toolgym.episode toolgym.errors toolgym.limits toolgym.registration "
            "toolgym.rewards toolgym.testing"
        ),
        "loop": (
            "bootstrap checkpoint clock grpo policies record rollout_figures toolgym.certificates toolgym.concurrency "
            "toolgym.curricula toolgym.curriculum toolgym.domain toolgym.episode toolgym.errors toolgym.evaluation "
            "toolgym.failures toolgym.files toolgym.limits toolgym.registration toolgym.registry toolgym.rewards "
            "toolgym.runs toolgym.tasks toolgym.trajectory toolgym.views"
        ),
        "integrations": (
            "loop policies record toolgym.curricula toolgym.curriculum toolgym.domain toolgym.envs "
            "toolgym.episode toolgym.errors toolgym.files toolgym.limits toolgym.messages toolgym.registration "
            "toolgym.rewards toolgym.runs toolgym.tasks toolgym.trajectory toolgym.views"
        ),
        "cli": "bootstrap loop policies reproduce toolgym.cli toolgym.errors toolgym.registration",
        "reproduce": (
            "bootstrap clock loop policies sft toolgym.certificates toolgym.concurrency toolgym.curricula "
            "toolgym.database toolgym.domain toolgym.errors toolgym.evaluation toolgym.generation toolgym.generators "
            "toolgym.proposal toolgym.registration toolgym.runs toolgym.tasks toolgym.trajectory"
        ),
    }.items()
}
FREE = ("__init__", "__main__")
"""The face of the package, which imports what it shows, and the door to the command line."""


def part_of(path: Path, package: Path = PACKAGE) -> str:
    """The package or top module that a file belongs to: its first folder, or its own name."""
    return path.relative_to(package).parts[0].removesuffix(".py")


def sources(package: Path = PACKAGE) -> list[Path]:
    """The files of the package, without the template that becomes another's package."""
    return [path for path in sorted(package.rglob("*.py")) if "domain_template" not in path.parts]


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module, or name of one, that a file imports, with its line.

    Imports in functions, those for the type checker, and those by a function that is given the name count too.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}:{node.lineno}: imports are absolute"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _called(node.func) in ("import_module", "__import__"):
            names = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from ((node.lineno, name) for name in names)


def _called(function: ast.expr) -> str:
    """The last name of what is called."""
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def edges(package: Path = PACKAGE) -> dict[tuple[str, str], str]:
    """The first import of each part by another, with where it stands.

    Whoever imports a name from the face of the package imports ``__init__``: it shows what it has from every layer.
    """
    parts = {part_of(path, package) for path in sources(package)}
    found: dict[tuple[str, str], str] = {}
    for path in sources(package):
        here = part_of(path, package)
        for line, module in imports(path):
            root, _, rest = module.partition(".")
            there = rest.partition(".")[0]
            if there not in parts:
                there = "__init__"
            if root == "toolgym" and there != here and rest != "__version__":
                found.setdefault((here, there), f"{path.relative_to(package)}:{line}")
    return found


def trainer_edges(package: Path = TRAINERS) -> dict[tuple[str, str], str]:
    """The first import by each part of ``toolgym_trainers`` of another, or of a part of the core, with its place."""
    found: dict[tuple[str, str], str] = {}
    for path in sources(package):
        here = part_of(path, package)
        for line, module in imports(path):
            root, _, rest = module.partition(".")
            part = rest.partition(".")[0]
            there = f"toolgym.{part}" if root == "toolgym" else part if root == "toolgym_trainers" else here
            if there != here and rest != "__version__":
                found.setdefault((here, there), f"{path.relative_to(package)}:{line}")
    return found


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The nodes that are left when those that lead nowhere are taken away again and again: none without a circle."""
    left = {name: set(others) for name, others in graph.items()}
    while ends := [name for name, others in left.items() if not others & left.keys()]:
        for name in ends:
            del left[name]
    return sorted(left)


def test_every_file_of_the_package_belongs_to_a_part_of_the_table() -> None:
    assert {part_of(path) for path in sources()} - set(FREE) == set(EDGES)


def test_a_part_imports_only_what_the_table_allows() -> None:
    strange = [
        f"{place}: {here} imports {there}"
        for (here, there), place in edges().items()
        if here not in FREE and there not in EDGES[here]
    ]
    assert strange == []


def test_every_edge_of_the_table_is_used() -> None:
    used = set(edges())
    assert [
        (here, there) for here, allowed in EDGES.items() for there in sorted(allowed) if (here, there) not in used
    ] == []


def test_the_table_has_no_circle() -> None:
    assert circle({name: set(allowed) for name, allowed in EDGES.items()}) == []


def test_no_files_import_each_other_in_a_circle() -> None:
    names = {".".join(("toolgym", *path.relative_to(PACKAGE).with_suffix("").parts)): path for path in sources()}
    faces = {name.removesuffix(".__init__"): name for name in names}

    def imported(path: Path) -> set[str]:
        wholes = [module if module in faces else module.rpartition(".")[0] for _, module in imports(path)]
        return {faces[module] for module in wholes if module in faces}

    graph = {name: imported(path) - {name} for name, path in names.items()}
    del graph["toolgym.__init__"]  # the face imports lazily whatever it shows
    assert circle(graph) == []


def test_the_trainers_import_what_their_table_allows_and_use_all_of_it() -> None:
    found = {edge: place for edge, place in trainer_edges().items() if edge[0] not in FREE}
    assert {part_of(path, TRAINERS) for path in sources(TRAINERS)} - set(FREE) == set(TRAINER_EDGES)
    allowed = {(here, there) for here, others in TRAINER_EDGES.items() for there in others}
    assert [
        f"{place}: {here} imports {there}" for (here, there), place in found.items() if (here, there) not in allowed
    ] == []
    assert sorted(allowed - set(found)) == []
    assert circle({name: set(others) for name, others in TRAINER_EDGES.items()}) == []


def test_the_core_never_imports_a_plug_in() -> None:
    found = [
        f"{path.name}:{line} imports {module}"
        for path in sources()
        for line, module in imports(path)
        if module.split(".")[0] in PLUGINS
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "edge"),
    [
        ("def f():\n    from toolgym.envs import ToolEnv\n", ("tasks", "envs")),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import toolgym.cli.app\n", ("tasks", "cli")),
        ("import importlib\nimportlib.import_module('toolgym.envs.tool_env')\n", ("tasks", "envs")),
        ("from importlib import import_module\nimport_module('toolgym.cli')\n", ("tasks", "cli")),
        ("__import__('toolgym.cli')\n", ("tasks", "cli")),
        ("from toolgym import evaluate\n", ("tasks", "__init__")),
        ("def f():\n    import toolgym\n", ("tasks", "__init__")),
    ],
)
def test_the_check_notices_an_import_wherever_and_however_it_is_made(
    tmp_path: Path, text: str, edge: tuple[str, str]
) -> None:
    for name in ("envs", "cli"):
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "tasks.py").write_text(text)
    assert set(edges(tmp_path)) == {edge}
    assert edge[1] not in EDGES[edge[0]]


def test_the_check_notices_a_circle() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == ["a", "b", "c", "d"]
    assert circle({"a": {"b"}, "b": set()}) == []
