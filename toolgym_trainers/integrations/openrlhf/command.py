"""The commands of OpenRLHF: what they are called with, and whether its own parser takes that."""

from __future__ import annotations

import argparse
import ast
import contextlib
import importlib.util
import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from toolgym.errors import DataError, MissingExtraError

TRAIN = "openrlhf.cli.train_ppo_ray"
SFT = "openrlhf.cli.train_sft"

Value: TypeAlias = str | int | float | bool | Sequence[str | int | float] | None
"""What a flag is given: True gives it alone, False and None leave it out, several values follow each other."""


def arguments_of(flags: Mapping[str, Value]) -> list[str]:
    """Flags as arguments.

    Args:
        flags: By their names without the dashes.

    Example:
        >>> arguments_of({"ds.zero_stage": 3, "train.colocate_all": True, "ref.offload": False,
        ...               "algo.dynamic_filtering_range": [0.0, 1.0]})
        ['--ds.zero_stage', '3', '--train.colocate_all', '--algo.dynamic_filtering_range', '0.0', '1.0']
    """
    found: list[str] = []
    for name, value in flags.items():
        if value is None or value is False:
            continue
        found.append(f"--{name}")
        if isinstance(value, str | int | float) and value is not True:
            found.append(str(value))
        elif not isinstance(value, bool | str | int | float):
            found += map(str, value)
    return found


def parsed(module: str, arguments: Sequence[str]) -> Any:
    """What OpenRLHF's own parser makes of arguments, its own checks of them included.

    Its command lines import vLLM, DeepSpeed and flash-attn as they begin, and define their parser behind that, where
    they are run as a program. That part of the installed file is run alone, up to where training would begin.

    Args:
        module: :data:`TRAIN` or :data:`SFT`.
        arguments: The arguments; each flag must be spelt in full.

    Returns:
        What OpenRLHF would train with, as it has it.

    Raises:
        DataError: If it refuses them; the message is its own.
        MissingExtraError: If OpenRLHF is not installed.
    """
    program = _program(_source(module))
    found: list[Any] = []
    names = {
        "__name__": "__main__",
        "argparse": _Argparse(list(arguments)),
        "os": __import__("os"),
        "datetime": datetime,
        "train": found.append,
    }
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            exec(compile(program, module, "exec"), names)  # it is the installed program
    except AssertionError as error:
        raise DataError(f"{module} refuses its arguments: {error or 'an assertion without words'}") from error
    return found[0]


def _source(module: str) -> Path:
    package, _, name = module.rpartition(".")
    found = importlib.util.find_spec(package.partition(".")[0])
    if found is None or not found.submodule_search_locations:
        raise MissingExtraError("training with OpenRLHF", "openrlhf")
    place = Path(found.submodule_search_locations[0], *package.split(".")[1:]) / f"{name}.py"
    if not place.is_file():
        raise DataError(f"the OpenRLHF that is installed has no {module}; install openrlhf==0.11.2")
    return place


def _program(source: Path) -> ast.Module:
    """What a file runs as a program."""
    tree = ast.parse(source.read_text(encoding="utf-8"))
    for one in tree.body:
        if isinstance(one, ast.If) and "__main__" in ast.unparse(one.test):
            return ast.Module(body=one.body, type_ignores=[])
    raise DataError(f"{str(source)!r} is no program; install openrlhf==0.11.2")


class _Argparse:
    """The module argparse, with a parser that reads given arguments."""

    def __init__(self, arguments: list[str]) -> None:
        class Parser(argparse.ArgumentParser):
            def __init__(self, *args: Any, **options: Any) -> None:
                super().__init__(*args, **{**options, "allow_abbrev": False})

            def parse_args(self, *args: Any, **options: Any) -> Any:
                return super().parse_args(arguments)

            def error(self, message: str) -> NoReturn:
                raise DataError(f"OpenRLHF refuses its arguments: {message}")

        self.ArgumentParser = Parser

    def __getattr__(self, name: str) -> Any:
        return getattr(argparse, name)
