"""Packages as pip would leave them in a folder, and Python with that folder on its path; nothing is downloaded."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path


def install(folder: Path, name: str, entry_points: str, **modules: str) -> None:
    """Put a distribution into a folder, as pip would leave it."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
    for module, code in modules.items():
        (folder / f"{module}.py").write_text(code, encoding="utf-8")


def install_project(folder: Path, project: Path) -> None:
    """Put a project with a pyproject.toml into a folder: its packages and its entry points."""
    told = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8"))
    lines = []
    for group, names in told["project"].get("entry-points", {}).items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in names.items())]
    install(folder, told["project"]["name"], "\n".join(lines))
    for package in told["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]:
        shutil.copytree(project / package, folder / Path(package).name, ignore=shutil.ignore_patterns("__pycache__"))


def python(folder: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Python with the folder's distributions installed; warnings are errors there too."""
    environment = {**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-W", "error", *arguments]
    place = folder if cwd is None else cwd
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=place, check=False)
