"""Who and what worlds hold, by which they are told apart."""

from __future__ import annotations

import hashlib
from typing import TypeAlias

Entity: TypeAlias = tuple[str, str]
"""Something that two worlds must not share: what kind it is, such as ``"user"`` or ``"address"``, and its text."""


def digest_of(entity: Entity) -> bytes:
    r"""The digest of an entity: the first 8 bytes of sha256 over its kind, a NUL and its text, in UTF-8.

    Every set of digests, shipped or computed, is made of these.

    Args:
        entity: Its kind and its text, as a domain's ``entities`` yields them; neither is normalised here.

    Example:
        >>> digest_of(("email", "ana@example.com")).hex()
        '373254ed911b8f57'
    """
    kind, text = entity
    return hashlib.sha256(f"{kind}\0{text}".encode()).digest()[:8]
