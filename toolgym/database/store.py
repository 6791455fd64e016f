"""Worlds by digest: one place to ask, several places where they may be."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path

from toolgym.database.base import Database
from toolgym.database.schema import Schema
from toolgym.errors import WorldError
from toolgym.messages import AgentID


class WorldStore:
    """Resolves a world's digest to its database; a world is opened once a process.

    Args:
        schemas: The tables of each side.
        folders: Folders with world files, named ``<first 16 digits of the digest>.duckdb``.
        lazy: Open files lazily instead of loading them whole.
    """

    def __init__(
        self, schemas: Mapping[AgentID, Schema], folders: tuple[Path, ...] = (), *, lazy: bool = False
    ) -> None:
        self.schemas = schemas
        self.folders = folders
        self.lazy = lazy
        self._open: dict[str, Database] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def add(self, database: Database) -> str:
        """Make an open world known; returns its digest."""
        self._open[database.world] = database
        return database.world

    def get(self, digest: str) -> Database:
        """The world of this digest.

        Raises:
            WorldError: If no folder has it, or a file's content is another world's.
        """
        database = self._open.get(digest)
        if database is not None:
            return database
        with self._lock:
            if digest in self._open:
                return self._open[digest]
            for folder in self.folders:
                path = folder / file_name(digest)
                if path.is_file():
                    database = Database.open(path, self.schemas, lazy=self.lazy)
                    if database.world != digest:
                        raise WorldError(
                            f"{str(path)!r} holds the world {database.world}, its name says {digest[:16]}…"
                        )
                    self._open[digest] = database
                    return database
        places = ", ".join(str(folder) for folder in self.folders) or "none"
        raise WorldError(
            f"there is no world {digest[:16]}…; folders searched: {places}. Build it, or point at its folder."
        )


def file_name(digest: str) -> str:
    """The name of a world's file."""
    return f"{digest[:16]}.duckdb"
