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
from toolgym.files.names import place_in
from toolgym.files.strict_json import parse

WORLDS = "worlds"
"""The folder of world files in that of a curriculum."""


LARGEST = 1 << 26
"""Bytes of a world as text, at most, where it is packed into a state; one of the retail domain's has 1 MB."""
TIMES = 200
"""How many times as long as it is packed a world may be; those of our domains are 4 to 8 times."""
SMALL = 1 << 18
"""Bytes of a text that may be as much longer as it likes."""
_BYTES_A_VALUE = 16
"""Bytes for each value of a text, at least: short values take far more memory than their characters."""


def pack(text: str) -> str:
    """A text as compressed ASCII.

    Example:
        >>> unpack(pack("the same"))
        'the same'
    """
    return base64.b64encode(zlib.compress(text.encode())).decode("ascii")


def unpack(text: str, largest: int = LARGEST, times: float = TIMES) -> str:
    """Read what :func:`pack` gave, within bounds: a short text can hold very much.

    Args:
        text: The packed text.
        largest: How many bytes it may hold.
        times: How many times as long as it is packed it may be, if it has more than :data:`SMALL` bytes.

    Raises:
        DataError: If it is not that, or holds more than it may.
    """
    try:
        reader = zlib.decompressobj()
        packed = base64.b64decode(text, validate=True)
        content = reader.decompress(packed, largest)
        if not reader.eof:
            what = f"it holds more than {largest >> 20} MB" if reader.unconsumed_tail else "it is cut off"
            raise ValueError(what)
        if len(content) > max(SMALL, times * len(packed)):
            raise ValueError(f"it is more than {times} times as long as it is packed")
        most = largest // _BYTES_A_VALUE
        if sum(map(content.count, (b",", b"[", b"{"))) > most:
            raise ValueError(f"it holds more than {most} values")
        return content.decode()
    except (binascii.Error, zlib.error, ValueError, TypeError) as error:
        raise DataError(f"a packed part of this state cannot be read: {error}") from error
    except MemoryError:
        raise DataError("a packed part of this state cannot be read: it needs more memory than there is") from None


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
    except MemoryError:
        raise DataError("a packed world of this state cannot be read: it needs more memory than there is") from None


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
        text = json.dumps(rows_of(domain.worlds.get(digest)))
        if len(text) > LARGEST:
            raise WorldError(
                f"the world {digest[:16]}… is too large to be kept in a state: {len(text) >> 20} MB, and "
                f"{LARGEST >> 20} MB are allowed; give the curriculum a `folder`"
            )
        found = pack(text)
        domain.memo.put(name, found)
    return found
