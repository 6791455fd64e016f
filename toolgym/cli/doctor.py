"""``toolgym doctor``: is everything in place?"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer
from rich.text import Text

from toolgym.cli.output import AsJson, print_json
from toolgym.cli.tables import TextTable, prose

_PACKAGES = ("toolgym", "gymnasium", "pettingzoo", "pydantic", "duckdb", "numpy", "scipy", "typer", "rich")
_EXTRAS = {"openai": "llm", "ray": "ray"}
LONGEST = 300
"""Characters of a reason that are shown."""


def doctor(as_json: AsJson = False) -> None:
    """Check the installation: versions, domains and their worlds, tau2's data; exit 1 if a check fails."""
    from toolgym.registry import DOMAINS

    checks: list[dict[str, Any]] = [_fact("python", platform.python_version)]
    checks += [_fact(name, partial(version, name)) for name in _PACKAGES]
    checks += [_extra(name, extra) for name, extra in _EXTRAS.items()]
    checks += [_fact(f"domain {name}", partial(_domain, name)) for name in DOMAINS.names()]
    if os.environ.get("TAU2_DATA_DIR"):
        found = _fact("TAU2_DATA_DIR", _tau2)
        checks += [found, *(_passed_over() if found["ok"] else ())]
    else:
        checks.append({"what": "TAU2_DATA_DIR", "ok": None, "found": "not set; needed only for --data tau2"})
    if as_json:
        print_json({"checks": checks})
    else:
        table = TextTable("", "check", prose("found"), keys=2)
        for check in checks:
            mark = {True: Text("ok", "green"), False: Text("no", "red"), None: Text("-")}[check["ok"]]
            table.add(mark, check["what"], check["found"])
        table.print()
    if any(check["ok"] is False for check in checks):
        raise typer.Exit(1)


def _fact(what: str, find: Callable[[], str]) -> dict[str, Any]:
    """One check; here, and here only, any failure is a finding and not an error."""
    try:
        return {"what": what, "ok": True, "found": find()}
    except PackageNotFoundError:
        return {"what": what, "ok": False, "found": "not installed"}
    except Exception as error:
        return {"what": what, "ok": False, "found": f"{type(error).__name__}: {error}"}


def _extra(name: str, extra: str) -> dict[str, Any]:
    """A package that only an extra needs: it may be missing."""
    found = _fact(name, partial(version, name))
    return found if found["ok"] else {**found, "ok": None, "found": f"not installed; comes with toolgym[{extra}]"}


def _domain(name: str) -> str:
    from toolgym.episode.setup import set_up
    from toolgym.registration import make_domain

    domain = make_domain(name)
    tasks = list(domain.tasks)
    worlds = {task.world for task in tasks}
    for digest in worlds:
        world = domain.worlds.get(digest)
        if world.checksum() != digest:
            raise ValueError(f"the world {digest[:16]} does not hold what its digest says")
    domain.worlds.check_shipped()
    for task in tasks:
        set_up(domain, task)
    return f"{len(tasks)} embedded tasks in {len(worlds)} worlds, {_tools(domain)} tools"


def _tools(domain: Any) -> int:
    return sum(len(kit.tools) for kit in domain.toolkits.values())


def _tau2() -> str:
    from toolgym.compat.tau2.data import data_dir
    from toolgym.registration import make_domain

    found = [f"{name} ({len(list(make_domain(name, 'tau2').tasks))} tasks)" for name in _tau2_domains()]
    return f"{data_dir()}: {', '.join(found) or 'none of the installed domains'}"


def _tau2_domains() -> list[str]:
    """The installed domains that tau2's data folder has."""
    from toolgym.compat.tau2.data import data_dir
    from toolgym.registry import DOMAINS

    folder = data_dir() / "tau2" / "domains"
    return [name for name in DOMAINS.names() if (folder / name).is_dir()]


def _passed_over() -> Iterator[dict[str, Any]]:
    """The files of tau2's data that are named as lists of tasks are, and were not taken for one: no failure."""
    from toolgym.compat.tau2.data import domain_folder, task_files

    for name in _tau2_domains():
        folder = domain_folder(name)
        for file, why in task_files(folder).passed_over.items():
            reason = " ".join(why.removeprefix(f"{str(folder / file)!r} ").split())
            short = reason if len(reason) <= LONGEST else f"{reason[: LONGEST - 1]}…"
            yield {"what": f"{name}/{file}", "ok": None, "found": f"passed over: {short}"}
