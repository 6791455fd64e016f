"""``toolgym domain``: the beginning of a domain of your own, and whether it holds together."""

from __future__ import annotations

import importlib.util
import re
import shlex
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Annotated

import typer

from toolgym.cli.completion import domains
from toolgym.cli.output import AsJson, console, print_json
from toolgym.errors import DataError

app = typer.Typer(help="Begin a domain of your own, and check one.", no_args_is_help=True)

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SUFFIX = ".txt"  # of every template, so that no tool takes one for a module


@app.callback()
def _root() -> None:
    """Begin a domain of your own, and check one."""


@app.command("new")
def new(
    name: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits and _, such as library.")],
    path: Annotated[
        Path | None, typer.Option(help="The folder to write, which must not exist yet; default: toolgym-NAME.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write a package with a small whole domain that installs, plays and passes `tasks check`, to be made yours."""
    _check_name(name)
    distribution = f"toolgym-{name.replace('_', '-')}"
    folder = Path(distribution) if path is None else path
    written = _write(folder, {"name": name, "distribution": distribution, "module": f"toolgym_{name}"})
    if as_json:
        print_json({"domain": name, "folder": str(folder), "files": written})
        return
    lines = [
        f"Wrote the domain {name!r} into {str(folder)!r}:",
        *(f"  {file}" for file in written),
        "Next:",
        f"  pip install -e {_quoted(folder)}",
        f"  toolgym tasks check {name}",
        f"  toolgym eval {name} --agent oracle",
        "Then make it yours: its README.md says which file holds what.",
    ]
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


@app.command("check")
def check(
    name: Annotated[str, typer.Argument(help="The domain.", autocompletion=domains)],
    tasks: Annotated[int, typer.Option(min=1, help="Tasks of each split that are played.")] = 4,
    trials: Annotated[int, typer.Option(min=2, help="Trials of each task.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="From which everything random comes.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Check that a domain holds together: what is wrong with its tools, worlds, tasks and agents, and the mend."""
    from toolgym.registration import make_domain
    from toolgym.testing import domain_problems

    problems = list(domain_problems(make_domain(name), tasks=tasks, trials=trials, seed=seed))
    if as_json:
        print_json({"domain": name, "ok": not problems, "problems": problems})
    else:
        lines = [f"- {problem}" for problem in problems] or [f"The domain {name!r} holds together."]
        console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    if problems:
        raise typer.Exit(1)


def _check_name(name: str) -> None:
    from toolgym.registry import DOMAINS

    if not _NAME.fullmatch(name):
        raise DataError(
            f"{name!r:.80} cannot be a domain's name: it must begin with a lower-case letter and hold nothing but "
            "lower-case letters, digits and _, at most 40, such as 'library'"
        )
    if name in DOMAINS.names():
        raise DataError(f"there is a domain {name!r} already; take a name other than {', '.join(DOMAINS.names())}")
    if importlib.util.find_spec(f"toolgym_{name}") is not None:
        raise DataError(f"there is a package 'toolgym_{name}' already; take another name")


def _write(folder: Path, names: dict[str, str]) -> list[str]:
    """Write every template into a new folder; what was written, by its path in the folder."""
    if folder.exists() or folder.is_symlink():
        raise DataError(f"{str(folder)!r} is there already and is not overwritten; name another folder with --path")
    written = []
    try:
        for place, template in _templates(files("toolgym.cli") / "domain_template"):
            target = folder / place.replace("package/", f"{names['module']}/", 1)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(Template(template.read_text(encoding="utf-8")).substitute(names), encoding="utf-8")
            written.append(target.relative_to(folder).as_posix())
    except OSError as error:
        raise DataError(f"the folder {str(folder)!r} cannot be written: {error}") from error
    return written


def _templates(folder: Traversable, place: str = "") -> list[tuple[str, Traversable]]:
    """The templates under a folder, each with the path of what is written from it, in order."""
    found = []
    for entry in sorted(folder.iterdir(), key=lambda one: (one.is_dir(), one.name)):
        if entry.is_dir():
            found += _templates(entry, f"{place}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            found.append((f"{place}{entry.name.removesuffix(_SUFFIX)}", entry))
    return found


def _quoted(folder: Path) -> str:
    text = str(folder)
    return shlex.quote(text if folder.is_absolute() or text.startswith(".") else f"./{text}")
