"""What a query refuses: whatever is not one SELECT, and whatever is not the episode's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from small_world import LONE, NEW, build, changed, start

from toolgym.database import Database
from toolgym.errors import QueryError

_BASE = build()


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO items (name) VALUES ('x')",
        "UPDATE items SET amount = 1",
        "DELETE FROM items",
        'DELETE FROM "base assistant items" RETURNING *',
        "CREATE TABLE mine AS SELECT 1",
        "CREATE OR REPLACE TEMP VIEW items AS SELECT 1",
        "DROP VIEW items",
        "ALTER TABLE items RENAME TO mine",
        "COPY items TO 'out.csv'",
        "EXPORT DATABASE 'out'",
        "ATTACH ':memory:' AS mine",
        "USE memory",
        "SET threads = 8",
        "RESET lock_configuration",
        "PRAGMA database_list",
        "CALL pragma_version()",
        "LOAD httpfs",
        "INSTALL httpfs",
        "BEGIN",
        "CHECKPOINT",
        "VACUUM",
        "PREPARE p AS SELECT 1",
        "EXPLAIN SELECT 1",
        "DESCRIBE items",
        "SUMMARIZE items",
        "SHOW TABLES",
        "SELECT * FROM (DESCRIBE items)",
        "SELECT * FROM (SHOW ALL TABLES)",
        "SELECT name INTO mine FROM items",
        "SELECT 1; SELECT 2",
        "SELECT 1; DROP VIEW items",
        ";",
        "SELECT",
        "SELEC 1",
        "WITH gone AS (DELETE FROM items RETURNING *) SELECT * FROM gone",
        "",
    ],
)
def test_anything_but_one_select_is_refused(base: Database, sql: str) -> None:
    session = changed(base)
    with pytest.raises(QueryError):
        session.query(sql)
    assert session.query("SELECT count(*), sum(amount) FROM items") == [(4, 57)]
    assert start(base).query("SELECT count(*), sum(amount) FROM items") == [(4, 4)]


@pytest.mark.parametrize(
    "name",
    [
        '"base assistant items"',
        '"BASE Assistant ITEMS"',
        '"base user items"',
        '"changed items"',
        'main."base assistant items"',
        'memory."base assistant items"',
        'memory.main."base assistant items"',
        'MEMORY.MAIN."BASE USER ITEMS"',
        "memory.items",
        "main.items",
        "temp.items",
        "temp.main.items",
        'temp."changed items"',
        "alarms",
        "sqlite_master",
        "duckdb_tables",
        "information_schema.tables",
        "pg_catalog.pg_class",
        "duckdb_tables()",
        "query('SELECT 1')",
        "query_table('base assistant items')",
        "pragma_table_info('base assistant items')",
        "duckdb_views()",
        "histogram_values('base assistant items', key)",
    ],
)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM {}",
        "SELECT (SELECT count(*) FROM {})",
        "FROM {}",
        "SELECT 1 WHERE EXISTS (FROM {})",
        "WITH mine AS (SELECT * FROM {}) SELECT * FROM mine",
        "SELECT 1 UNION ALL SELECT 1 FROM {}",
        "SELECT 1 FROM items, LATERAL (FROM {})",
        "SELECT list_transform([1], lambda x: (SELECT count(*) FROM {}))",
    ],
)
def test_nothing_but_the_tables_of_the_side_can_be_read(sql: str, name: str) -> None:
    session = changed(_BASE)
    with pytest.raises(QueryError, match=r"no table|table function"):
        session.query(sql.format(name))


@pytest.mark.parametrize("name", ['"base assistant items"', '"Base User Items"', '"changed items"', "sqlite_master"])
@pytest.mark.parametrize(
    "sql",
    [
        "WITH {0} AS (SELECT * FROM {0}) SELECT * FROM {0}",
        "SELECT * FROM {0}, (WITH {0} AS (SELECT 1) SELECT * FROM {0})",
        "SELECT (WITH {0} AS (SELECT 1) SELECT 1) FROM {0}",
        "SELECT * FROM (WITH {0} AS MATERIALIZED (SELECT 1) FROM {0}) UNION ALL BY NAME FROM {0}",
    ],
)
def test_a_cte_of_its_name_does_not_open_a_table_behind_the_episode(sql: str, name: str) -> None:
    with pytest.raises(QueryError):
        changed(_BASE).query(sql.format(name))


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT json_serialize_plan({0}, optimize := true)",
        "SELECT JSON_Serialize_Plan({0})",
        'SELECT "JSON_SERIALIZE_PLAN"({0})',
        "SELECT system.main.json_serialize_plan({0})",
        "SELECT list_transform([{0}], lambda x: json_serialize_plan(x))",
        "SELECT name FROM items ORDER BY json_serialize_plan({0})",
        "SELECT count(*) FROM range(length(json_serialize_plan({0})))",
        "WITH plan AS (SELECT json_serialize_plan({0})) FROM plan",
        "SELECT * FROM json_execute_serialized_sql(json_serialize_sql({0}))",
    ],
)
def test_a_plan_is_not_made_of_a_table_behind_the_episode(sql: str) -> None:
    """The plan of a filter tells from the table's statistics whether any record could match."""
    with pytest.raises(QueryError, match="not allowed"):
        changed(_BASE).query(sql.format("""'SELECT 1 FROM "base user items" WHERE key = ''i3'' '"""))


@pytest.mark.parametrize("name", ["columns", "tables", "mine", '"based items"', "changed", "views"])
def test_a_cte_may_have_any_name_that_opens_nothing(name: str) -> None:
    assert changed(_BASE).query(f"WITH {name} AS (SELECT 1 AS one) SELECT one FROM {name}") == [(1,)]


def test_a_cte_works_as_ever(base: Database) -> None:
    session = changed(base)
    assert session.query("WITH dear AS (FROM items WHERE amount > 5) SELECT count(*) FROM DEAR") == [(2,)]
    assert session.query("WITH items AS (SELECT * FROM items WHERE amount = 7) SELECT name FROM items") == [("new",)]
    assert session.query("WITH items AS (SELECT 1 AS one) SELECT * FROM Items") == [(1,)]
    up = "WITH RECURSIVE up(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM up WHERE n < 4) SELECT max(n) FROM up"
    assert session.query(up) == [(4,)]
    assert session.query("SELECT count(*) FROM ITEMS JOIN Log ON true") == [(16,)]
    assert session.query("SELECT sum(range) FROM range(4)") == [(6,)]
    assert session.query("SELECT unnest([1, 2])") == [(1,), (2,)]
    assert session.query("SELECT j.value FROM items, json_each(tags) j WHERE _key = 'new'") == [('"red"',)]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM '{0}'",
        'SELECT * FROM "{0}"',
        "SELECT * FROM read_csv('{0}')",
        "SELECT * FROM read_text('{0}')",
        "SELECT * FROM read_blob(['{0}'])",
        "SELECT read_text('{0}')",
        "SELECT * FROM glob('{0}')",
        "SELECT * FROM parquet_scan('{0}')",
        'WITH "{0}" AS (SELECT 1) SELECT * FROM (WITH "{0}" AS (FROM "{0}") FROM "{0}")',
        'SELECT * FROM "{0}", (WITH "{0}" AS (SELECT 1) SELECT 1)',
        "SELECT json_serialize_plan('SELECT * FROM ''{0}''')",
        "COPY (SELECT 1) TO '{0}'",
        "ATTACH '{0}' AS mine",
    ],
)
def test_no_file_can_be_read_or_written(sql: str, tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("secret\n1\n")
    try:
        answer = start(_BASE).query(sql.format(path))
    except QueryError:
        answer = []
    assert "secret" not in str(answer)
    assert path.read_text() == "secret\n1\n"


def test_the_engine_is_shut_off_from_files_extensions_and_settings(base: Database) -> None:
    """The second wall, behind the check of the SQL."""
    shut = ["enable_external_access", "autoinstall_known_extensions", "autoload_known_extensions"]
    settings = ", ".join(f"current_setting('{name}')" for name in [*shut, "lock_configuration"])
    assert start(base).query(f"SELECT {settings}") == [(False, False, False, True)]


def test_no_variable_of_the_program_can_be_read(base: Database) -> None:
    """DuckDB looks unknown tables up among Python's variables, unless it is told not to."""
    secrets_here = {"secret": np.arange(3)}
    assert len(secrets_here["secret"]) == 3
    with pytest.raises(QueryError):
        start(base).query("SELECT * FROM secrets_here, (WITH secrets_here AS (SELECT 1) SELECT 1)")


def test_what_duckdb_refuses_is_a_query_error_and_the_next_query_works(base: Database) -> None:
    session = changed(base)
    deep = "NOT " * 3000 + "true"
    for sql in ("SELECT nothing FROM items", "SELECT error('no')", f"SELECT {deep}", "SELECT name::INT FROM items"):
        with pytest.raises(QueryError):
            session.query(sql)
        assert session.query("SELECT count(*) FROM items") == [(4,)]


def test_a_query_without_end_is_stopped_and_the_next_one_works(monkeypatch: pytest.MonkeyPatch) -> None:
    session = changed(_BASE)
    with monkeypatch.context() as patch:
        patch.setattr("toolgym.database.query.SECONDS", 0.2)
        with pytest.raises(QueryError, match=r"(?i)interrupt"):
            session.query("SELECT count(*) FROM range(10000000000) a, range(10000000000) b WHERE a.range + b.range = 7")
    assert session.query("SELECT count(*) FROM items") == [(4,)]


def test_a_query_over_what_duckdb_cannot_take_is_a_query_error(base: Database) -> None:
    session = start(base)
    session.put("assistant", "spare", LONE, NEW)
    with pytest.raises(QueryError):
        session.query("SELECT * FROM spare")
    assert session.query("SELECT count(*) FROM items") == [(4,)]
