"""A service that fails for good."""

from __future__ import annotations

from toolgym.errors import ServiceError


class RefusedError(ServiceError):
    """A service refuses a request in a way that trying again cannot change: a wrong key, an unknown model, no money.

    Args:
        message: What was refused, by whom, and why.
        status: The HTTP status, where there was one. 400 and 422 may be about one dialogue; others are about all.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
