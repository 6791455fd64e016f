"""Which version of a user it is: a digest of the code that decides what it says."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolgym.domain import AgentSpec, Domain

_CODE = (".py", ".toml", ".md")


def user_version(domain: Domain, user: AgentSpec, split: str) -> str | None:
    """A digest of all that decides how a user fares: toolgym's code, that of the domain and the user, and the tasks.

    Args:
        domain: The domain.
        user: The user.
        split: The tasks.

    Returns:
        None where the code of the user cannot be found, such as that of one which was typed in: nothing is known of it.

    Example:
        >>> from toolgym import make_domain, make_user
        >>> mock = make_domain("mock")
        >>> user_version(mock, make_user("minimal"), "test") == user_version(mock, make_user("minimal"), "test")
        True
    """
    makers = [user.make, *(spec.make for spec in (domain.agents.get("oracle"), domain.users.get("scripted")) if spec)]
    places: set[Path] = {Path(__file__).parent.parent}
    for maker in makers:
        while isinstance(maker, partial):
            maker = maker.func
        name = getattr(maker, "__module__", "")
        top, module = sys.modules.get(name.partition(".")[0]), sys.modules.get(name)
        file = getattr(top, "__file__", None) if getattr(top, "__path__", None) else getattr(module, "__file__", None)
        if file is None:
            return None
        places.add(Path(file).parent if Path(file).name == "__init__.py" else Path(file))
    digest = hashlib.sha256(domain.policy.encode())
    try:
        for place in sorted(places):
            for path in _files(place):
                digest.update(path.relative_to(place.parent).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    except OSError:
        return None
    for task in domain.tasks[split]:
        digest.update(task.key.encode() + task.world.encode())
    return digest.hexdigest()[:16]


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    else:
        yield from (path for path in sorted(place.rglob("*")) if path.suffix in _CODE and path.is_file())
