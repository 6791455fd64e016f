"""``toolgym domain new``: what it writes installs, plays, passes all checks, and is typed and tidy."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done
from installed import install_project, python

ROOT = Path(__file__).parents[2]
Command = Callable[..., Done]
FILES = {
    "README.md",
    "pyproject.toml",
    "tests/test_domain.py",
    *(f"toolgym_pet_clinic/{name}.py" for name in ("__init__", "records", "tasks", "tools", "worlds")),
    "toolgym_pet_clinic/policy.md",
    "toolgym_pet_clinic/py.typed",
}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that was just written."""
    folder = tmp_path_factory.mktemp("work")
    done = python(folder, "-m", "toolgym", "domain", "new", "pet_clinic")
    assert done.returncode == 0, done.stderr
    return folder / "toolgym-pet-clinic"


@pytest.fixture(scope="module")
def site(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which it is installed."""
    folder = tmp_path_factory.mktemp("site")
    install_project(folder, project)
    return folder


def test_it_says_what_it_wrote_and_what_to_do_next(run: Command, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    done = run("domain", "new", "pet_clinic", "--path", str(folder))
    assert done.code == 0
    lines = [line.strip() for line in done.out.splitlines()]
    assert {*lines} >= FILES
    following = lines[lines.index("Next:") + 1 :]
    assert following[:3] == [
        f"pip install -e '{folder}'",
        "toolgym tasks check pet_clinic",
        "toolgym eval pet_clinic --agent oracle",
    ]
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == FILES
    assert not [path for path in folder.rglob("*") if path.is_file() and "$" in path.read_text(encoding="utf-8")]


def test_what_it_wrote_is_also_told_as_json(run: Command, tmp_path: Path) -> None:
    done = run("domain", "new", "pet_clinic", "--path", str(tmp_path / "one"), "--json")
    assert done.json == {"domain": "pet_clinic", "folder": str(tmp_path / "one"), "files": done.json["files"]}
    assert set(done.json["files"]) == FILES


def test_what_it_wrote_passes_tasks_check(site: Path, tmp_path: Path) -> None:
    done = python(site, "-m", "toolgym", "tasks", "check", "pet_clinic", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert report["failed"] == []
    assert report["tasks"] == 12
    assert {"substance", "passive", "disjoint", "oracle", "worlds"} <= set(report["stages"])


def test_it_is_played_and_the_oracle_solves_all_of_it(site: Path, tmp_path: Path) -> None:
    agents = ("--agent", "oracle", "--agent", "no-op", "--agent", "read-only", "--agent", "always-transfer")
    done = python(site, "-m", "toolgym", "eval", "pet_clinic", *agents, "--runs", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    scores = {name: agent["pass_hat"]["4"]["mean"] for name, agent in json.loads(done.stdout)["agents"].items()}
    assert scores == {"oracle": 1.0, "no-op": 0.0, "read-only": 0.0, "always-transfer": 0.0}


def test_doctor_finds_nothing_wrong_with_it(site: Path) -> None:
    done = python(site, "-m", "toolgym", "doctor", "--json")
    checks = json.loads(done.stdout)["checks"]
    (own,) = [check for check in checks if check["what"] == "domain pet_clinic"]
    assert own["ok"] is True


def test_its_own_tests_pass(project: Path, site: Path) -> None:
    done = python(site, "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=project)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("tool", [("ruff", "check"), ("ruff", "format", "--check"), ("mypy", "--strict")])
def test_it_is_typed_and_tidy_by_our_own_rules(
    project: Path, site: Path, tool: tuple[str, ...], tmp_path: Path
) -> None:
    if shutil.which(tool[0], path=str(Path(sys.executable).parent)) is None:
        pytest.skip(f"{tool[0]} is not installed beside Python: the extra dev brings it")
    options = ["--cache-dir", str(tmp_path)]
    if tool[0] == "ruff":
        options += ["--config", str(ROOT / "pyproject.toml")]
    places = ["toolgym_pet_clinic", "tests"]
    done = subprocess.run(
        [sys.executable, "-m", *tool, *options, *places], cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_installs_no_package_of_another_name(project: Path) -> None:
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    assert 'pet_clinic = "toolgym_pet_clinic:DOMAIN"' in text
    assert 'name = "toolgym-pet-clinic"' in text
    assert 'packages = ["toolgym_pet_clinic"]' in text


def test_nothing_is_overwritten(run: Command, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    done = run("domain", "new", "pet_clinic", "--path", str(folder))
    assert done.code == 2
    assert "is there already and is not overwritten; name another folder with --path" in done.err
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["", "Pets", "pet-clinic", "pet clinic", "1pet", "_pet", "../pets", "pets/..", "pets\n", "é", "a" * 41]
)
def test_a_name_that_cannot_be_a_modules_is_refused(run: Command, tmp_path: Path, name: str) -> None:
    done = run("domain", "new", name, "--path", str(tmp_path / "one"))
    assert done.code == 2
    assert "cannot be a domain's name: it must begin with a lower-case letter" in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "told"), [("mock", "there is a domain 'mock' already"), ("retail", "'retail' already")]
)
def test_a_name_that_is_taken_is_refused(run: Command, tmp_path: Path, name: str, told: str) -> None:
    done = run("domain", "new", name, "--path", str(tmp_path / "one"))
    assert done.code == 2
    assert f"there is a domain {name!r} already" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_installed_without_being_a_domain_is_not_shadowed(tmp_path: Path) -> None:
    (tmp_path / "toolgym_pets").mkdir()
    (tmp_path / "toolgym_pets" / "__init__.py").touch()
    done = python(tmp_path, "-m", "toolgym", "domain", "new", "pets", "--path", "one")
    assert done.returncode == 2
    assert "there is a package 'toolgym_pets' already" in done.stderr


def test_a_folder_that_cannot_be_written_is_a_mistake_that_is_told(run: Command, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = run("domain", "new", "pets", "--path", str(tmp_path / "file" / "one"))
    assert done.code == 2
    assert "cannot be written" in done.err
