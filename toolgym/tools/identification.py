"""What a domain says of identity: which tools find out who the user is, and which show a record of a user."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Identification:
    """The assistant's tools that find out who the user is, and those for which it must have been found out.

    A tool that writes is always one of the latter and need not be named. A domain without an identification lets
    everybody do everything, and whether the user was identified is then not counted.

    Args:
        by: The tools that identify: a call of one that succeeds tells who the user is. At least one.
        reads: The reading tools that show a record of a user.

    Raises:
        ValueError: If no tool identifies, or one that identifies is said to need it.

    Example:
        >>> Identification(by=("find_member",), reads=("get_loans",)).by
        ('find_member',)
    """

    by: Collection[str]
    reads: Collection[str] = ()

    def __post_init__(self) -> None:
        if isinstance(self.by, str) or not self.by:
            raise ValueError(f"by must be a list of at least one tool that tells who the user is, got {self.by!r}")
        if isinstance(self.reads, str):
            raise ValueError(f"reads must be a list of tools, such as [{self.reads!r}], got the text {self.reads!r}")
        if both := sorted(set(self.by) & set(self.reads)):
            raise ValueError(f"{both} identify the user and are said to need it; name each tool once")
