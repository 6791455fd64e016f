"""What a member knows and wants."""

from collections.abc import Iterator

from toolgym.scripted import facts
from toolgym.scripted.facts import QUESTION


class Request(facts.Request):
    """One thing that a member wants; the numbers in it are for calls, not for saying."""

    title: str = ""
    edition: str = ""
    book_id: str = ""
    loan_id: str = ""

    @property
    def book(self) -> str:
        """The book in words."""
        return f"the {self.edition} of {self.title}"


class Facts(facts.Facts[Request]):
    """The member of a task."""

    member_id: str


__all__ = ["QUESTION", "Facts", "Request", "every"]


def every(request: Request) -> Iterator[Request]:
    """A request, what was wanted before it, and what is taken instead of it."""
    yield request
    for other in (request.first, request.otherwise):
        if isinstance(other, Request):
            yield other
