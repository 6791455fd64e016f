"""What all tests share: where tau2's data is, and that no test changes a world."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import Done
from hypothesis import HealthCheck, settings

from toolgym import make_domain
from toolgym.cli import main
from toolgym.domain import Domain

os.environ.pop("COLUMNS", None)  # which pytest-xdist sets; the command line asks for it when it is imported
SLOW = [HealthCheck.too_slow]
settings.register_profile("toolgym", deadline=None, suppress_health_check=SLOW)
settings.register_profile("ci", deadline=None, suppress_health_check=SLOW, derandomize=True, database=None)
settings.load_profile("ci" if os.environ.get("CI") else "toolgym")


@pytest.fixture(scope="session", autouse=True)
def _no_words_of_tau2_of_the_developers_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    os.environ["TOOLGYM_HOME"] = str(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def mock() -> Domain:
    """The mock domain over its embedded tasks."""
    return make_domain("mock")


@pytest.fixture(scope="session")
def tau2_data() -> Path:
    """tau2's data folder; the test is skipped without it."""
    place = os.environ.get("TAU2_DATA_DIR")
    if not place:
        pytest.skip("TAU2_DATA_DIR is not set: tau2's own data is needed")
    return Path(place)


@pytest.fixture(scope="session")
def fixtures(tau2_data: Path) -> Path:
    """The folder of what tau2 itself answered; the test is skipped without it."""
    place = os.environ.get("TOOLGYM_TAU2_FIXTURES")
    if not place:
        pytest.skip("TOOLGYM_TAU2_FIXTURES is not set: files of what tau2 answered are needed")
    return Path(place)


@pytest.fixture(scope="session")
def tau2_mock(tau2_data: Path) -> Domain:
    """The mock domain over tau2's data."""
    return make_domain("mock", "tau2")


@pytest.fixture(scope="session")
def tau2_retail(tau2_data: Path) -> Domain:
    """The retail domain over tau2's data."""
    return make_domain("retail", "tau2")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Callable[..., Done]:
    """The command line in this process, in an empty folder, on a wide terminal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def command(*arguments: str) -> Done:
        monkeypatch.setattr(sys, "argv", ["toolgym", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return Done(int(ended.value.code or 0), captured.out, captured.err)

    return command


@pytest.fixture(autouse=True)
def _no_test_changes_a_world(mock: Domain) -> Iterator[None]:
    yield
    for digest in {task.world for task in mock.tasks}:
        assert mock.worlds.get(digest).checksum() == digest
