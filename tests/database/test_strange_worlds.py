"""World files that a stranger made: refused or bounded, and nothing of them is run."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
from small_world import SCHEMAS

from toolgym.database import Database, WorldStore
from toolgym.database.store import file_name
from toolgym.errors import DataError, WorldError

TABLE = '"assistant"."items"'
PLAIN = f"CREATE TABLE {TABLE} (position INTEGER, key VARCHAR, record VARCHAR)"
Change = Callable[..., Path]


def _again(table: str, created: str) -> list[str]:
    """A table with its rows, made anew in another way."""
    return [
        f"CREATE TEMP TABLE kept AS SELECT * FROM {table}",
        f"DROP TABLE {table}",
        created,
        f"INSERT INTO {table} SELECT * FROM kept",
    ]


@pytest.fixture
def changed(world_file: Path, tmp_path: Path) -> Change:
    """A world file, changed by SQL."""

    def change(*statements: str, name: str = "strange.duckdb") -> Path:
        path = Path(shutil.copyfile(world_file, tmp_path / name))
        with duckdb.connect(path) as connection:
            for statement in statements:
                connection.execute(statement)
        return path

    return change


@pytest.mark.parametrize("lazy", [False, True], ids=["resident", "lazy"])
@pytest.mark.parametrize(
    ("statements", "said"),
    [
        (
            [
                f"DROP TABLE {TABLE}",
                f"CREATE VIEW {TABLE} AS SELECT 0 AS position, filename AS key, content AS record "
                "FROM read_text('/etc/hostname')",
            ],
            "the view 'items'",
        ),
        (
            [
                f"DROP TABLE {TABLE}",
                f"CREATE VIEW {TABLE} AS SELECT 0 AS position, '' AS key, '{{}}' AS record "
                "FROM range(1000000000) a, range(1000000000) b WHERE a.range + b.range = 7",
            ],
            "the view 'items'",
        ),
        (["CREATE VIEW main.more AS SELECT 1"], "the view 'more'"),
        (["CREATE MACRO main.double(a) AS a + a"], "the macro 'double'"),
        (["CREATE MACRO main.files() AS TABLE SELECT * FROM glob('/*')"], "the macro 'files'"),
        (["CREATE SEQUENCE main.numbers"], "the sequence 'numbers'"),
        (["CREATE TYPE main.mood AS ENUM ('good')"], "the type 'mood'"),
        (["CREATE INDEX by_upper ON main.index_entries (upper(value))"], "the index of an expression 'by_upper'"),
        (
            [
                f"DROP TABLE {TABLE}",
                f"CREATE TABLE {TABLE} (position INTEGER, key VARCHAR, record VARCHAR GENERATED ALWAYS AS (key))",
            ],
            "assistant.items.record",
        ),
        (
            [
                f"DROP TABLE {TABLE}",
                f"CREATE TABLE {TABLE} (position INTEGER, key VARCHAR, record VARCHAR DEFAULT upper('x'))",
            ],
            "assistant.items.record",
        ),
        (
            [
                f"DROP TABLE {TABLE}",
                f"CREATE TABLE {TABLE} (position INTEGER, key VARCHAR, record VARCHAR CHECK (true))",
            ],
            "constraint",
        ),
        ([f"DROP TABLE {TABLE}", f"CREATE TABLE {TABLE} (position INTEGER, key VARCHAR, record JSON)"], "record JSON"),
        ([f"ALTER TABLE {TABLE} ADD COLUMN more INTEGER"], "more INTEGER"),
        (["CREATE TABLE main.more (a INTEGER)"], "('main', 'more')"),
        (["CREATE SCHEMA other", "CREATE TABLE other.more (a INTEGER)"], "('other', 'more')"),
        (["CREATE SCHEMA other"], "the schema 'other'"),
        (
            _again(TABLE, PLAIN.replace("key VARCHAR", "key VARCHAR COLLATE NOCASE")),
            "a table with a collation 'assistant.items'",
        ),
        (
            _again(
                "main.index_entries",
                "CREATE TABLE main.index_entries (side VARCHAR, tab VARCHAR, name VARCHAR, "
                "value VARCHAR COLLATE NOCASE.NOACCENT, position INTEGER, key VARCHAR)",
            ),
            "a table with a collation 'main.index_entries'",
        ),
        (["INSERT INTO main.world VALUES ('more', 'x')"], "'more'"),
        (["INSERT INTO main.world SELECT * FROM main.world WHERE name = 'digest'"], "several rows"),
        (["INSERT INTO main.world VALUES (NULL, 'x')"], "several rows"),
        (["INSERT INTO main.world SELECT 'n' || range, 'x' FROM range(200)"], "several rows"),
    ],
)
def test_a_file_that_holds_anything_but_its_tables_is_refused(
    changed: Change, statements: list[str], said: str, lazy: bool
) -> None:
    path = changed(*statements)
    with pytest.raises(WorldError) as caught:
        Database.open(path, SCHEMAS, lazy=lazy)
    assert str(path) in str(caught.value)
    assert said in str(caught.value)


@pytest.mark.parametrize("lazy", [False, True], ids=["resident", "lazy"])
@pytest.mark.parametrize(
    "statement",
    [
        f"UPDATE {TABLE} SET record = replace(record, 'lamp', 'damp')",
        f"DELETE FROM {TABLE} WHERE position = 0",
        f"INSERT INTO {TABLE} SELECT 99, 'more', record FROM {TABLE} LIMIT 1",
        f"UPDATE {TABLE} SET key = key || 'x' WHERE position = 1",
        f"UPDATE {TABLE} SET position = position + 7",
        f"UPDATE {TABLE} SET record = repeat('[', 100000) WHERE position = 0",
        f"UPDATE {TABLE} SET record = NULL WHERE position = 0",
        f"UPDATE {TABLE} SET record = '{{\"name\": 1}}' WHERE position = 0",
        "UPDATE main.index_entries SET key = (SELECT max(key) FROM main.index_entries)",
        "DELETE FROM main.index_entries WHERE rowid = 0",
        "INSERT INTO main.index_entries SELECT * FROM main.index_entries LIMIT 1",
        "INSERT INTO main.index_entries VALUES ('other', 'items', 'name', 'x', 0, 'x')",
        "UPDATE main.world SET value = repeat('0', 64) WHERE name = 'digest'",
    ],
)
def test_an_altered_world_says_so(changed: Change, statement: str, lazy: bool) -> None:
    path = changed(statement)
    with pytest.raises(WorldError, match=r"altered|other tables"):
        Database.open(path, SCHEMAS, lazy=lazy)


def test_an_altered_world_that_gives_itself_a_new_digest_is_not_the_one_that_is_asked_for(
    changed: Change, world_file: Path, tmp_path: Path
) -> None:
    asked = Database.open(world_file, SCHEMAS).world
    altered = Database.open(changed(), SCHEMAS)
    rows = {
        side: {table.name: _plain(altered, side, table) for table in schema.tables} for side, schema in SCHEMAS.items()
    }
    rows["assistant"]["items"].popitem()
    other = Database.build(SCHEMAS, rows)
    other.save(tmp_path / file_name(asked))
    with pytest.raises(WorldError) as caught:
        WorldStore(SCHEMAS, (tmp_path,)).get(asked)
    for said in ("altered", asked, other.world, str(tmp_path / file_name(asked))):
        assert said in str(caught.value)


def _plain(base: Database, side: str, table: object) -> object:
    records = {key: dict(base.record(side, table.name, key) or {}) for key in base.keys(side, table.name)}  # type: ignore
    if table.kind == "map":  # type: ignore[attr-defined]
        return records
    return list(records.values()) if table.kind == "list" else next(iter(records.values()), None)  # type: ignore


@pytest.mark.parametrize("lazy", [False, True], ids=["resident", "lazy"])
@pytest.mark.parametrize(
    "rows",
    [
        "SELECT 0, 'k', repeat('x', 300000000)",
        "SELECT range, 'k' || range, repeat('x', 20000000) FROM range(3)",
        "SELECT 0, 'k', NULL FROM range(20000000)",
    ],
    ids=["one huge record", "large records", "very many rows"],
)
def test_a_huge_world_is_refused_within_bounds(
    changed: Change, rows: str, lazy: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("toolgym.database.content.MEMORY", 1 << 28)
    path = changed(f"DROP TABLE {TABLE}", PLAIN, f"INSERT INTO {TABLE} {rows}")
    began = time.monotonic()
    with pytest.raises(WorldError, match=str(path)):
        Database.open(path, SCHEMAS, lazy=lazy)
    assert time.monotonic() - began < 60


def test_the_reading_of_a_world_has_an_end(changed: Change, monkeypatch: pytest.MonkeyPatch) -> None:
    path = changed()
    monkeypatch.setattr("toolgym.database.content.SECONDS", 0.0)
    monkeypatch.setattr("toolgym.database.bounded.GRACE", 0.0)
    with pytest.raises(WorldError, match=r"takes more than|took more than"):
        Database.open(path, SCHEMAS)


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:20000]),
        lambda path: path.write_bytes(b"SQLite format 3\x00" + bytes(5000)),
        lambda path: path.write_bytes(path.read_bytes()[:12] + b"\xc8" + path.read_bytes()[13:]),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.unlink(), path.symlink_to(path)),
        lambda path: (path.unlink(), os.mkfifo(path)),
        lambda path: path.with_name(f"{path.name}.wal").write_bytes(b"x"),
    ],
    ids=["empty", "cut off", "SQLite", "newer", "folder", "loop of links", "pipe", "log beside it"],
)
def test_a_file_that_is_no_whole_world_is_named_and_what_to_do(changed: Change, make: Callable[[Path], object]) -> None:
    path = changed()
    make(path)
    with pytest.raises(WorldError) as caught:
        Database.open(path, SCHEMAS)
    assert str(path) in str(caught.value)
    assert any(word in str(caught.value) for word in ("get it again", "get the file again", "name its file", "folder"))


@pytest.mark.parametrize("digest", ["../../etc/passwd", "/etc/passwd", "", "x" * 64, "0" * 63 + "/", "0" * 16 + "\n"])
def test_a_digest_that_is_none_reaches_no_file(digest: str, tmp_path: Path) -> None:
    with pytest.raises(WorldError, match="64 hexadecimal digits"):
        WorldStore(SCHEMAS, (tmp_path,)).get(digest)


def test_a_link_that_leads_out_of_a_pool_is_refused(world_file: Path, tmp_path: Path) -> None:
    digest = Database.open(world_file, SCHEMAS).world
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool" / file_name(digest)).symlink_to(world_file)
    with pytest.raises(DataError, match="leads out of its folder"):
        WorldStore(SCHEMAS, (tmp_path / "pool",)).get(digest)


def test_the_worlds_of_an_installed_package_are_trusted_and_can_still_be_checked(
    changed: Change, world_file: Path, tmp_path: Path
) -> None:
    digest = Database.open(world_file, SCHEMAS).world
    changed(f"UPDATE {TABLE} SET record = replace(record, 'lamp', 'damp')", name=file_name(digest))
    store = WorldStore(SCHEMAS, shipped=(tmp_path,))
    assert store.get(digest).world == digest
    with pytest.raises(WorldError, match="altered"):
        store.check_shipped()
    with pytest.raises(WorldError, match="altered"):
        WorldStore(SCHEMAS, (tmp_path,)).get(digest)
