"""The worlds of generated tasks: kept with the curriculum that uses them, as files or within its state."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from toolgym.certificates.entities import rows_of
from toolgym.database import Database
from toolgym.database.store import file_name
from toolgym.domain import Domain
from toolgym.errors import DataError, WorldError
from toolgym.names import place_in
from toolgym.strict_json import parse

WORLDS = "worlds"
"""The folder of world files in that of a curriculum."""


LARGEST = 1 << 30
"""Bytes of a packed text, at most."""


def pack(text: str) -> str:
    """A text as compressed ASCII.

    Example:
        >>> unpack(pack("the same"))
        'the same'
    """
    return base64.b64encode(zlib.compress(text.encode())).decode("ascii")


def unpack(text: str) -> str:
    """Read what :func:`pack` gave.

    Raises:
        DataError: If it is not that.
    """
    try:
        reader = zlib.decompressobj()
        content = reader.decompress(base64.b64decode(text, validate=True), LARGEST)
        if not reader.eof:
            what = f"it holds more than {LARGEST >> 20} MB" if reader.unconsumed_tail else "it is cut off"
            raise ValueError(what)
        return content.decode()
    except (binascii.Error, zlib.error, ValueError, TypeError) as error:
        raise DataError(f"a packed part of this state cannot be read: {error}") from error


def pack_worlds(domain: Domain, digests: Iterable[str], folder: Path | None = None) -> dict[str, str | None]:
    """Worlds as JSON-able data; those that the domain brings itself are left out.

    Args:
        domain: The domain, with the worlds in its store.
        digests: The worlds.
        folder: Where the curriculum keeps its files; a world that is there is not packed.

    Returns:
        By digest: None for a world in the folder, else its rows as packed JSON.

    Raises:
        WorldError: If a world cannot be found.
    """
    found: dict[str, str | None] = {}
    for digest in digests:
        name = file_name(digest)
        if any((place / name).is_file() for place in domain.worlds.folders):
            continue
        here = folder is not None and (folder / WORLDS / name).is_file()
        found[digest] = None if here else _packed(domain, digest)
    return found


def save_worlds(domain: Domain, digests: Iterable[str], folder: Path) -> None:
    """Write worlds into a curriculum's folder, those that the domain brings itself and those that are there left out.

    Raises:
        WorldError: If a world cannot be found.
    """
    for digest, packed in pack_worlds(domain, digests, folder).items():
        if packed is not None:
            domain.worlds.get(digest).save(folder / WORLDS / file_name(digest))


def unpack_worlds(domain: Domain, worlds: Mapping[str, str | None], folder: Path | None = None) -> None:
    """Make worlds known to the domain's store.

    Args:
        domain: The domain.
        worlds: What :func:`pack_worlds` gave.
        folder: Where the curriculum keeps its files.

    Raises:
        WorldError: If a world is missing, or is not the one that is named.
    """
    for digest, packed in worlds.items():
        if _known(domain, digest):
            continue
        if packed is not None:
            database = Database.build(domain.schemas, _rows(packed))
        elif folder is not None:
            database = Database.open(place_in(folder / WORLDS, file_name(digest), "world"), domain.schemas)
        else:
            raise WorldError(
                f"the world {digest[:16]}… is a file in the folder of the curriculum that this state is from; give the "
                "curriculum that `folder`"
            )
        if database.world != digest:
            raise WorldError(f"the state names the world {digest[:16]}…, and what it holds is {database.world[:16]}…")
        domain.worlds.add(database)


def _rows(packed: str) -> Any:
    try:
        return parse(unpack(packed))
    except ValueError as error:
        raise DataError(f"a packed world of this state cannot be read: {error}") from error


def _known(domain: Domain, digest: str) -> bool:
    try:
        domain.worlds.get(digest)
    except WorldError:
        return False
    return True


def _packed(domain: Domain, digest: str) -> str:
    name = f"packed {digest}"
    found: str | None = domain.memo.get(name)
    if found is None:
        found = pack(json.dumps(rows_of(domain.worlds.get(digest))))
        domain.memo.put(name, found)
    return found
