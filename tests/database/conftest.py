"""The small world from each of its sources, and that no test changes it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from small_world import SOURCES, build, opened

from toolgym.database import Database


@pytest.fixture(scope="session")
def world_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small world in a file that no test may change."""
    path = tmp_path_factory.mktemp("small_world") / "world.duckdb"
    build().save(path)
    return path


@pytest.fixture(scope="session", params=SOURCES)
def source(request: pytest.FixtureRequest) -> str:
    """How a world is opened."""
    return str(request.param)


@pytest.fixture(scope="session")
def base(source: str, world_file: Path) -> Database:
    """The small world: resident, lazy, and lazy with a cache of one record."""
    return opened(world_file, source)


@pytest.fixture(autouse=True)
def _no_test_changes_the_small_world(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "base" in request.fixturenames:
        shared: Database = request.getfixturevalue("base")
        assert shared.checksum() == shared.world
