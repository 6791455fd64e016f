"""What worlds must not share to be entity-disjoint; ``python -m toolgym_retail.entities PATH`` notes tau2's."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from toolgym.database import Rows
from toolgym.worlds.identities import Entity, digest_of

KINDS = ("user", "order", "item", "product", "payment", "email", "name_zip", "address")
"""Every kind of entity."""

_TAU2 = Path(__file__).parent / "tau2_entities.bin"
_SIZE = 8
"""Bytes of a digest."""


def entities(rows: Rows) -> Iterator[Entity]:
    """Every entity of a world; those named in several records come several times."""
    tables = rows["assistant"]
    for product_id, product in tables["products"].items():
        yield "product", product_id
        for item_id in product["variants"]:
            yield "item", item_id
    for user_id, user in tables["users"].items():
        yield "user", user_id
        yield email(user["email"])
        yield name_zip(user["name"]["first_name"], user["name"]["last_name"], user["address"]["zip"])
        yield address(user["address"])
        for payment_id in user["payment_methods"]:
            yield "payment", payment_id
    for order_id, order in tables["orders"].items():
        yield "order", order_id
        yield address(order["address"])


def email(text: str) -> Entity:
    """An e-mail address; case does not matter."""
    return "email", text.lower()


def name_zip(first_name: str, last_name: str, zip_code: str) -> Entity:
    """A full name with a zip code, by which a customer is found; case does not matter."""
    return "name_zip", f"{first_name}|{last_name}|{zip_code}".lower()


def address(record: Mapping[str, str]) -> Entity:
    """A postal address; case does not matter."""
    return "address", "|".join(record[part] for part in ("address1", "address2", "city", "state", "zip")).lower()


@cache
def tau2_digests() -> frozenset[bytes]:
    """The digests of all entities of tau2's retail data, as they ship with this package."""
    data = _TAU2.read_bytes()
    return frozenset(data[start : start + _SIZE] for start in range(0, len(data), _SIZE))


def write_tau2_digests(database: Mapping[str, Any], path: Path = _TAU2) -> dict[str, int]:
    """Write the digests of tau2's entities to a file, sorted, and count the entities of each kind.

    Args:
        database: tau2's ``db.json``.
        path: The file; by default the one that ships.
    """
    found = set(entities({"assistant": database}))
    path.write_bytes(b"".join(sorted(digest_of(entity) for entity in found)))
    count = Counter(kind for kind, _ in found)
    return {kind: count[kind] for kind in KINDS}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m toolgym_retail.entities PATH_TO_DB_JSON")
    for kind, number in write_tau2_digests(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))).items():
        sys.stdout.write(f"{kind}: {number}\n")
