"""What ``import toolgym`` brings."""

from __future__ import annotations

import importlib
import re
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import toolgym

API = Path(__file__).parent.parent / "docs" / "api"
_DIRECTIVE = re.compile(r"^::: (?P<name>[\w.]+)$(?:\n    options:(?P<options>(?:\n      .*)*))?", re.MULTILINE)


def test_the_names_that_toolgym_exports_are_these() -> None:
    assert " ".join(toolgym.__all__) == (
        "Agent Budget Curriculum Domain Effect Episode Fault Grade Limits Message Run Step Task ToolAECEnv ToolCall "
        "ToolEnv ToolError ToolVectorEnv Toolkit Trajectory __version__ check_user compare evaluate make_aec_env "
        "make_agent make_analyst make_curriculum make_domain make_env make_judge make_proposer make_user make_vec_env "
        "pass_hat_k play read_trajectories refresh tool"
    )


def test_dir_shows_what_is_exported_and_nothing_else() -> None:
    assert dir(toolgym) == sorted(toolgym.__all__)


def test_every_exported_name_is_what_its_module_has_under_that_name() -> None:
    for name in toolgym.__all__:
        found = getattr(toolgym, name)
        if name != "__version__":
            assert getattr(sys.modules[found.__module__], name) is found, name


def test_a_name_that_is_not_exported_is_an_error_that_names_it() -> None:
    with pytest.raises(AttributeError, match="module 'toolgym' has no attribute 'maek_env'"):
        getattr(toolgym, "maek_env")  # noqa: B009  # a type checker knows that it is not there


def documented() -> Iterator[Any]:
    """The objects that the pages of the API reference show."""
    for page in API.glob("*.md"):
        for found in _DIRECTIVE.finditer(page.read_text(encoding="utf-8")):
            module, name = found["name"], ""
            while module not in sys.modules:
                try:
                    importlib.import_module(module)
                except ModuleNotFoundError:
                    module, _, name = module.rpartition(".")
            if name:
                yield getattr(sys.modules[module], name)
                continue
            members = re.search(r"members: \[(.*)\]", found["options"] or "")
            yield from _members(sys.modules[module], members[1].split(", ") if members else None)


def _members(module: types.ModuleType, names: list[str] | None) -> Iterator[Any]:
    for name in names or getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")]):
        found = getattr(module, name)
        if names or hasattr(module, "__all__") or getattr(found, "__module__", "") == module.__name__:
            yield found


def test_every_exported_name_is_in_the_api_reference() -> None:
    shown = [id(one) for one in documented()]
    assert [name for name in toolgym.__all__ if name != "__version__" and id(getattr(toolgym, name)) not in shown] == []
