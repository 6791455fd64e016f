"""World files: written whole or not at all, opened as what they are, and read alike in threads and processes."""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
from small_world import (
    SCHEMAS,
    Entry,
    Item,
    build,
    contents,
    in_another_process,
    kind_of,
    opened,
    rows,
    start,
)

from toolgym.database import Database, Record, Schema, Table, WorldStore
from toolgym.database.sources import RecordSource
from toolgym.database.store import file_name
from toolgym.database.worldfile import FORMAT
from toolgym.errors import WorldError
from toolgym.messages import AgentID

METHODS = ["spawn"] if sys.platform == "win32" else ["fork", "spawn"]


def other() -> Database:
    """A world with other content."""
    return build({"assistant": {"items": {"other": {"name": "other"}}}})


def open_somehow(path: Path, schemas: Any, lazy: bool) -> list[Any]:
    """What a file holds, read to the end."""
    base = Database.open(path, schemas, lazy=lazy)
    return contents(base)


# Saving and opening


def test_a_world_saved_and_opened_is_the_same_world(source: str, tmp_path: Path) -> None:
    built = build()
    built.save(tmp_path / "new" / "folder" / "it's a world.duckdb")
    base = opened(tmp_path / "new" / "folder" / "it's a world.duckdb", source)

    assert base.world == base.checksum() == built.world
    assert contents(base) == contents(built)
    base.save(tmp_path / "again.duckdb")
    again = opened(tmp_path / "again.duckdb", source)
    assert again.world == again.checksum() == built.world
    assert list(again.find("assistant", "items", "tag", "red")) == ["i3", "i1", "ü 😀"]
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["again.duckdb"]


def test_a_world_without_records_can_be_saved(source: str, tmp_path: Path) -> None:
    build({}).save(tmp_path / "empty.duckdb")
    base = opened(tmp_path / "empty.duckdb", source)
    assert base.world == base.checksum() == build({}).world
    assert contents(base) == []


def test_a_world_file_is_a_plain_duckdb_file(tmp_path: Path) -> None:
    path = tmp_path / "world.duckdb"
    build().save(path)
    with duckdb.connect(str(path), read_only=True) as connection:
        facts = dict(connection.execute("SELECT name, value FROM main.world").fetchall())
        keys = connection.execute('SELECT key FROM "user".items ORDER BY position').fetchall()
        version = connection.execute("SELECT tags FROM duckdb_databases() WHERE NOT internal").fetchone()
    assert (facts["format"], facts["digest"]) == (FORMAT, build().world)
    assert keys == [("i3",)]
    assert version is not None
    assert "v1.4" in str(version[0])


@pytest.mark.parametrize("lazy", [False, True], ids=["resident", "lazy"])
class TestAFileThatIsNotThatWorld:
    """Each is a WorldError that names the file."""

    @pytest.fixture
    def path(self, tmp_path: Path, world_file: Path) -> Path:
        return Path(shutil.copyfile(world_file, tmp_path / "some world.duckdb"))

    def refused(self, path: Path, lazy: bool, *said: str, schemas: Any = SCHEMAS) -> None:
        with pytest.raises(WorldError) as caught:
            open_somehow(path, schemas, lazy)
        for words in (str(path), *said):
            assert words in str(caught.value)

    def test_a_missing_file(self, path: Path, lazy: bool) -> None:
        path.unlink()
        self.refused(path, lazy, "no world file")

    def test_a_folder(self, path: Path, lazy: bool) -> None:
        self.refused(path.parent, lazy, "no world file")

    @pytest.mark.parametrize("content", [b"", b"{}", b"DUCK" * 5000], ids=["empty", "short", "long"])
    def test_a_file_that_is_not_duckdb(self, path: Path, lazy: bool, content: bytes) -> None:
        path.write_bytes(content)
        self.refused(path, lazy, "DuckDB file")

    def test_a_duckdb_file_that_is_not_a_world(self, path: Path, lazy: bool) -> None:
        path.unlink()
        with duckdb.connect(str(path)) as connection:
            connection.execute("CREATE TABLE items (key VARCHAR)")
        self.refused(path, lazy, "is not a toolgym world")

    @pytest.mark.parametrize(
        ("sql", "said"),
        [
            ("UPDATE main.world SET value = '0' WHERE name = 'format'", "format '0'"),
            ("DELETE FROM main.world WHERE name = 'format'", "format None"),
            ("DELETE FROM main.world WHERE name = 'digest'", "digest"),
            ('DROP TABLE "user".alarms', "'alarms'"),
            ('CREATE TABLE "user".more (key VARCHAR)', "'more'"),
        ],
        ids=["old format", "no format", "no digest", "table missing", "table too many"],
    )
    def test_a_world_of_another_make(self, path: Path, lazy: bool, sql: str, said: str) -> None:
        with duckdb.connect(str(path)) as connection:
            connection.execute(sql)
        self.refused(path, lazy, said)

    @pytest.mark.parametrize(
        ("table", "said"),
        [
            (Table("apps", Entry, "list", "entry_id", {"kind": kind_of}), "'apps'"),
            (Table("alarms", Item, "list", "entry_id", {"kind": kind_of}), "other fields"),
            (Table("alarms", Entry, "list", "kind", {"kind": kind_of}), "other fields"),
            (Table("alarms", Entry, indexes={"kind": kind_of}), "other fields"),
            (Table("alarms", Entry, "list", "entry_id", {"loud": kind_of}), "other fields or indexes"),
        ],
        ids=["name", "fields", "key", "kind", "index"],
    )
    def test_a_world_of_other_tables(self, path: Path, lazy: bool, table: Table, said: str) -> None:
        one_side: dict[AgentID, Schema] = {"assistant": SCHEMAS["assistant"]}
        self.refused(path, lazy, "'alarms'", schemas=one_side)
        tables = (SCHEMAS["user"].by_name["items"], table)
        self.refused(path, lazy, said, schemas={**SCHEMAS, "user": Schema("PhoneDB", tables)})


def test_a_damaged_file_is_a_world_error_or_does_no_harm(source: str, tmp_path: Path) -> None:
    """One byte wrong in each block in turn: some hold nothing that is read, of the rest none gives wrong records."""
    whole = tmp_path / "whole.duckdb"
    texts = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(3000)]
    base = build({"user": {"items": {f"k{n}": {"name": "".join(texts[n::60])} for n in range(60)}}})
    base.save(whole)
    data = bytearray(whole.read_bytes())
    refused = 0
    for place in range(12288 + 700, len(data), 16384):  # after the three headers, blocks of 16 KiB
        data[place] ^= 0xFF
        damaged = tmp_path / f"damaged at {place}.duckdb"
        damaged.write_bytes(data)
        data[place] ^= 0xFF
        try:
            assert opened(damaged, source).checksum() == base.world
        except WorldError as error:
            assert str(damaged) in str(error)  # noqa: PT017  # either outcome is right, but no other error
            refused += 1
    assert refused


class Breaking:
    """A source that fails in the middle of being written."""

    def __init__(self, whole: RecordSource) -> None:
        self.whole = whole

    def __getattr__(self, name: str) -> Any:
        return getattr(self.whole, name)

    def rows(self, side: str, table: str, *, live: bool = False) -> Iterator[tuple[str, str]]:
        if table == "log":
            raise RuntimeError("the disk is on fire")
        return self.whole.rows(side, table, live=live)


def test_a_save_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "world.duckdb"
    old = other()
    old.save(path)
    new = build()
    breaking: Any = Breaking(new.source)
    with pytest.raises(RuntimeError, match="on fire"):
        Database(breaking, SCHEMAS, new.world).save(path)

    assert Database.open(path, SCHEMAS).world == old.world
    assert [left.name for left in tmp_path.iterdir()] == ["world.duckdb"]


def test_a_save_that_cannot_take_its_place_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "world.duckdb"
    other().save(path)

    def refuse(self: Path, target: object) -> None:
        raise OSError("no")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        with pytest.raises(OSError, match="no"):
            build().save(path)

    assert Database.open(path, SCHEMAS).world == other().world
    assert [left.name for left in tmp_path.iterdir()] == ["world.duckdb"]


# Pickles, processes and threads


def names(records: Iterable[Record]) -> list[str]:
    """An aggregate."""
    return [record["name"] for record in records]


def test_a_pickled_world_is_the_same_world(source: str, world_file: Path) -> None:
    base = opened(world_file, source)
    for _ in ("unread", "read"):
        copied: Database = pickle.loads(pickle.dumps(base))
        assert copied.world == copied.checksum() == base.world
        assert contents(copied) == contents(base)
        assert list(copied.find("assistant", "items", "tag", "red")) == ["i3", "i1", "ü 😀"]
        assert copied.aggregate("assistant", "items", names) == base.aggregate("assistant", "items", names)
        assert copied.fragments("assistant", "items") == base.fragments("assistant", "items")
        assert start(copied).query("SELECT count(*) FROM items") == [(4,)]


def test_a_world_can_be_pickled_whatever_was_computed_over_it(source: str, world_file: Path) -> None:
    base = opened(world_file, source)
    assert base.aggregate("assistant", "items", lambda records: len(list(records))) == 4
    assert pickle.loads(pickle.dumps(base)).world == base.world


def _replace_by_another(path: Path) -> None:
    other().save(path)


def _replace_by_no_world(path: Path) -> None:
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE items (key VARCHAR)")


@pytest.mark.parametrize("change", [_replace_by_another, _replace_by_no_world, Path.unlink])
def test_a_lazy_world_whose_file_became_another_is_a_world_error(change: Any, tmp_path: Path) -> None:
    """A process that takes a world over opens its file anew."""
    path = tmp_path / "world.duckdb"
    build().save(path)
    pickled = pickle.dumps(Database.open(path, SCHEMAS, lazy=True))
    change(path)
    base = pickle.loads(pickled)
    for _ in range(2):
        with pytest.raises(WorldError) as caught:
            base.record("assistant", "items", "other")
        assert str(path) in str(caught.value)


def read_all(base: Database) -> tuple[Any, ...]:
    """A world's content and what a query and an index answer, in the process that runs this."""
    session = start(base)
    session.put("assistant", "items", "new", {"name": "new", "tags": ["red"]})
    session.commit()
    return (
        contents(base),
        [session.find("assistant", "items", "tag", tag) for tag in ("red", "blue")],
        session.query("SELECT name FROM items ORDER BY _position"),
        base.checksum(),
    )


@pytest.mark.parametrize("method", METHODS)
def test_another_process_reads_the_same(method: str, source: str, world_file: Path) -> None:
    """Also after this process has read, so that a fork inherits open connections."""
    base = opened(world_file, source)
    expected = read_all(base)
    assert in_another_process(method, read_all, base) == expected
    assert read_all(base) == expected


def test_threads_read_the_right_records(source: str, tmp_path: Path) -> None:
    data = {f"k{n}": {"name": f"n{n}", "tags": [f"t{n % 7}"]} for n in range(60)}
    build({"assistant": {"items": data}, "user": {"items": {"k1": {"name": "other"}}}}).save(tmp_path / "w.duckdb")
    base = opened(tmp_path / "w.duckdb", source)
    together = threading.Barrier(6)

    def read(number: int) -> int:
        together.wait(30)
        wrong = 0
        for key in [*list(data)[number * 10 :], *list(data)[: number * 10]]:
            record = base.record("assistant", "items", key)
            wrong += record is None or record["name"] != data[key]["name"]
            wrong += base.raw("user", "items", key) is not None and key != "k1"
        for tag in range(7):
            found = list(base.find("assistant", "items", "tag", f"t{tag}"))
            wrong += found != [key for key, item in data.items() if item["tags"] == [f"t{tag}"]]
        wrong += list(base.keys("assistant", "items")) != list(data)
        return wrong

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(read, range(6), timeout=60)) == [0] * 6


# The store


@pytest.fixture
def folders(tmp_path: Path, world_file: Path) -> tuple[Path, Path]:
    """Two folders with a world each."""
    places = (tmp_path / "one", tmp_path / "two")
    places[0].mkdir()
    shutil.copyfile(world_file, places[0] / file_name(build().world))
    other().save(places[1] / file_name(other().world))
    return places


@pytest.mark.parametrize("lazy", [False, True], ids=["resident", "lazy"])
def test_a_store_opens_each_world_once_from_whichever_folder_has_it(folders: tuple[Path, Path], lazy: bool) -> None:
    store = WorldStore(SCHEMAS, folders, lazy=lazy)
    for base in (build(), other()):
        found = store.get(base.world)
        assert found.world == base.world
        assert ("lazy" in repr(found)) == lazy
        with ThreadPoolExecutor(4) as pool:
            assert all(same is found for same in pool.map(store.get, [base.world] * 8))


def test_a_world_that_no_folder_has_is_an_error_that_names_the_folders(folders: tuple[Path, Path]) -> None:
    with pytest.raises(WorldError, match="0123456789abcdef") as caught:
        WorldStore(SCHEMAS, folders).get("0123456789abcdef" * 4)
    for folder in folders:
        assert str(folder) in str(caught.value)
    with pytest.raises(WorldError, match="none"):
        WorldStore(SCHEMAS).get(build().world)


def test_a_file_under_another_worlds_name_is_an_error(tmp_path: Path) -> None:
    wrong = tmp_path / file_name(build().world)
    other().save(wrong)
    store = WorldStore(SCHEMAS, (tmp_path,))
    for _ in range(2):
        with pytest.raises(WorldError, match=f"{wrong.name}.*{other().world}"):
            store.get(build().world)


def test_a_world_that_the_disk_does_not_take_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(WorldError, match="cannot be written"):
            build().save(tmp_path / "world.duckdb")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_a_world_added_to_a_store_is_found_under_its_digest() -> None:
    store = WorldStore(SCHEMAS)
    base = build()
    assert store.add(base) == base.world
    assert store.get(base.world) is base


@pytest.mark.parametrize("lazy", [False, True], ids=["resident", "lazy"])
@pytest.mark.parametrize("used", [False, True], ids=["unused", "used"])
def test_a_pickled_store_finds_the_same_worlds(folders: tuple[Path, Path], lazy: bool, used: bool) -> None:
    store = WorldStore(SCHEMAS, folders, lazy=lazy)
    added = build({"user": {"items": {"added": {"name": "added"}}}})
    store.add(added)
    if used:
        read_all(store.get(other().world))
    copied: WorldStore = pickle.loads(pickle.dumps(store))
    for base in (build(), other(), added):
        assert contents(copied.get(base.world)) == contents(base)


def world_in(store: WorldStore, digest: str) -> tuple[Any, ...]:
    """What another process reads through a store."""
    return read_all(store.get(digest))


@pytest.mark.parametrize("method", METHODS)
def test_a_store_works_in_another_process(method: str, folders: tuple[Path, Path]) -> None:
    store = WorldStore(SCHEMAS, folders, lazy=True)
    base = build(rows())
    assert in_another_process(method, world_in, store, base.world) == read_all(base)
