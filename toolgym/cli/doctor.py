"""``toolgym doctor``: is everything in place?"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from toolgym.cli.output import AsJson, console, print_json

_PACKAGES = ("toolgym", "gymnasium", "pettingzoo", "pydantic", "duckdb", "numpy", "scipy", "typer", "rich")
_EXTRAS = {"openai": "llm", "ray": "ray"}


def doctor(as_json: AsJson = False) -> None:
    """Check the installation: versions, domains and their worlds, tau2's data; exit 1 if a check fails."""
    from toolgym.registry import DOMAINS

    checks: list[dict[str, Any]] = [_fact("python", platform.python_version)]
    checks += [_fact(name, partial(version, name)) for name in _PACKAGES]
    checks += [_extra(name, extra) for name, extra in _EXTRAS.items()]
    checks += [_fact(f"domain {name}", partial(_domain, name)) for name in DOMAINS.names()]
    if os.environ.get("TAU2_DATA_DIR"):
        checks.append(_fact("TAU2_DATA_DIR", _tau2))
    else:
        checks.append({"what": "TAU2_DATA_DIR", "ok": None, "found": "not set; needed only for --data tau2"})
    if as_json:
        print_json({"checks": checks})
    else:
        table = Table()
        for heading in ("", "check", "found"):
            table.add_column(heading)
        for check in checks:
            mark = {True: Text("ok", "green"), False: Text("no", "red"), None: Text("-")}[check["ok"]]
            table.add_row(mark, check["what"], check["found"])
        console.print(table)
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
    """A package that only an extra needs: missing is no failure."""
    found = _fact(name, partial(version, name))
    return found if found["ok"] else {**found, "ok": None, "found": f"not installed; comes with toolgym[{extra}]"}


def _domain(name: str) -> str:
    from toolgym.prepared import prepare
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
        prepare(domain, task)
    return f"{len(tasks)} embedded tasks in {len(worlds)} worlds, {_tools(domain)} tools"


def _tools(domain: Any) -> int:
    return sum(len(kit.tools) for kit in domain.toolkits.values())


def _tau2() -> str:
    from toolgym.compat.tau2.data import data_dir
    from toolgym.registration import make_domain
    from toolgym.registry import DOMAINS

    folder = data_dir()
    found = [
        f"{name} ({len(list(make_domain(name, 'tau2').tasks))} tasks)"
        for name in DOMAINS.names()
        if (folder / "tau2" / "domains" / name).is_dir()
    ]
    return f"{folder}: {', '.join(found) or 'none of the installed domains'}"
