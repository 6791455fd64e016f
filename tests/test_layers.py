"""A file imports only from layers above it; the order is the design's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import toolgym

PACKAGE = Path(toolgym.__file__).parent
LAYERS = (
    "errors",
    "plain_files",
    "strict_json",
    "names",
    "patterns",
    "registry",
    "messages",
    "actions",
    "limits",
    "tasks",
    "trajectory",
    "curriculum",
    "streams",
    "database",
    "tools",
    "entity",
    "workshop",
    "domain",
    "replay",
    "prepared",
    "evaluation",
    "rewards",
    "episode",
    "loops",
    "garbage",
    "dialogue",
    "render",
    "terminal",
    "models",
    "prompts",
    "users",
    "agents",
    "judges",
    "runs",
    "envs",
    "rollouts",
    "failures",
    "certificates",
    "generators",
    "curricula",
    "compat",
    "testing",
    "registration",
    "cli",
    "__main__",
)
PLUGINS = ("toolgym_mock", "toolgym_retail", "toolgym_trainers")


def layer_of(path: Path) -> str:
    """The layer that a file belongs to: its first folder, or its own name."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """Every module that a file imports at run time; what stands under TYPE_CHECKING is for the type checker alone."""
    yield from _imports(ast.parse(path.read_text(encoding="utf-8")))


def _imports(node: ast.AST) -> Iterator[tuple[int, str]]:
    if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from ((node.lineno, alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: imports are absolute"
        if node.module == "toolgym":
            yield from ((node.lineno, f"toolgym.{alias.name}") for alias in node.names)
        elif node.module:
            yield node.lineno, node.module
    for child in ast.iter_child_nodes(node):
        yield from _imports(child)


def violations(path: Path, layer: str) -> list[str]:
    found = []
    for line, module in imports(path):
        if module.split(".")[0] in PLUGINS:
            found.append(f"{path.name}:{line} imports the plug-in {module}")
        parts = module.split(".")
        known = parts[0] == "toolgym" and len(parts) > 1 and parts[1] in LAYERS
        if known and LAYERS.index(parts[1]) > LAYERS.index(layer):
            found.append(f"{path.name}:{line} ({layer}) imports {module}, which is below it")
    return found


def test_every_file_of_the_package_belongs_to_a_layer() -> None:
    own = {layer_of(path) for path in PACKAGE.rglob("*.py")} - {"__init__"}
    assert own == set(LAYERS)


def test_a_file_imports_only_from_layers_above_it() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        if layer_of(path) != "__init__":
            found += violations(path, layer_of(path))
    assert found == []


def test_the_check_notices_an_import_from_below(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("def f():\n    from toolgym.envs import ToolEnv\n    import toolgym_mock\n")
    assert len(violations(bad, "tasks")) == 2
