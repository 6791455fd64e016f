"""What the tools write: records that their tables' models read, and the same ones each time."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pydantic import ValidationError

from toolgym.database import Session
from toolgym.testing.domain_check import messages as say


def written_wrong(session: Session, again: Session, told: Mapping[str, str]) -> str | None:
    """What is wrong with the first such record that a call wrote.

    Args:
        session: The state after the call, with that before it as its beginning.
        again: The same of the same call, made once more.
        told: The side, the tool and the arguments of the call, for the message.
    """
    other = again.diff()
    for place, text in session.diff().items():
        side, name, key = place
        table = session.base.schemas[side].by_name.get(name)
        if table is None or text is None:  # the order of a list, or a record that was deleted
            continue
        about = {**told, "table": name, "key": key, "model": table.model.__name__}
        if other.get(place) != text:
            one, two = apart(text, other.get(place) or "")
            return say.WRITES_RANDOMLY.format(**about, one=one, other=two)
        fields = table.model.model_fields
        known = {*fields, *(field.alias for field in fields.values())}
        unknown = sorted(set(json.loads(text)) - known)
        if unknown and table.model.model_config.get("extra") != "allow":
            return say.WRITES_UNKNOWN_FIELD.format(**about, field=unknown[0], known=", ".join(fields))
        try:
            table.model.model_validate_json(text)
        except ValidationError as error:
            first = error.errors()[0]
            field, value = ".".join(map(str, first["loc"])), repr(first["input"])[:80]
            return say.WRITES_UNFIT.format(**about, field=field, value=value, why=first["msg"])
    return None


def apart(one: str, other: str) -> tuple[str, str]:
    """Two texts, each from shortly before the place where they differ."""
    equal = (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)
    start = max(0, next(equal, min(len(one), len(other))) - 40)
    return one[start:][:80], other[start:][:80]
