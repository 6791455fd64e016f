"""Worlds by digest: one place to ask, several places where they may be."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from pathlib import Path

from toolgym.database.base import Database
from toolgym.database.content import check_file
from toolgym.database.schema import Schema
from toolgym.errors import WorldError
from toolgym.files.names import place_in
from toolgym.messages import AgentID


class WorldStore:
    """Resolves a world's digest to its database; a world is opened once per process.

    Args:
        schemas: The tables of each side.
        folders: Folders with world files, named ``<first 16 digits of the digest>.duckdb``, that anybody may have made:
            each is read whole and compared with its digest; see :meth:`Database.open`.
        lazy: Open files lazily instead of loading them whole.
        shipped: Folders that come with the installed package of the domain; what is in them is trusted.
    """

    def __init__(
        self,
        schemas: Mapping[AgentID, Schema],
        folders: tuple[Path, ...] = (),
        *,
        lazy: bool = False,
        shipped: tuple[Path, ...] = (),
    ) -> None:
        self.schemas = schemas
        self.folders = (*folders, *shipped)
        self.lazy = lazy
        self.shipped = shipped
        self._open: dict[str, Database] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, object]:
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, object]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()

    def beside(self, folder: Path) -> WorldStore:
        """Another store, that looks into a stranger's folder first; what is open here is not open there."""
        strange = tuple(place for place in self.folders if place not in self.shipped)
        return WorldStore(self.schemas, (folder, *strange), lazy=self.lazy, shipped=self.shipped)

    def check_shipped(self) -> int:
        """Read the worlds of the installed package whole, as a stranger's.

        Returns:
            How many there are.

        Raises:
            WorldError: If one is not the world that its name says, or was altered.
        """
        paths = [path for folder in self.shipped for path in sorted(folder.glob("*.duckdb"))]
        for path in paths:
            digest = check_file(path, self.schemas)
            if path.name != file_name(digest):
                raise WorldError(f"{str(path)!r} holds the world {digest[:16]}…; install the package again")
        return len(paths)

    def add(self, database: Database) -> str:
        """Add an open world; returns its digest."""
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
                path = place_in(folder, file_name(digest), "world")
                if path.is_file():
                    database = Database.open(path, self.schemas, lazy=self.lazy, trusted=folder in self.shipped)
                    if database.world != digest:
                        raise WorldError(
                            f"the world {str(path)!r} was altered, or has another's name: its content has the digest "
                            f"{database.world}, and what is asked for is {digest}; get the file again, or make its "
                            "tasks and the world anew"
                        )
                    self._open[digest] = database
                    return database
        places = ", ".join(str(folder) for folder in self.folders) or "none"
        raise WorldError(
            f"there is no world {digest[:16]}…; folders searched: {places}. Build it, or point at its folder."
        )


def file_name(digest: str) -> str:
    """The name of a world's file.

    Raises:
        WorldError: If the digest is none.
    """
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise WorldError(f"a world is named by its digest, 64 hexadecimal digits, and not {digest!r:.100}")
    return f"{digest[:16]}.duckdb"
