"""What a domain says of identity, and what it cannot say."""

from __future__ import annotations

import pytest

from toolgym import make_domain
from toolgym.errors import UnknownNameError
from toolgym.tools import Identification


def test_a_domain_cannot_name_a_tool_that_its_assistant_does_not_have() -> None:
    with pytest.raises(UnknownNameError, match=r"find_member.*The identification of the domain 'mock' names it"):
        make_domain("mock").with_data(identification=Identification(by=("find_member",)))


def test_no_tool_identifies_and_needs_it() -> None:
    with pytest.raises(ValueError, match=r"\['find'\] identify the user and are said to need it"):
        Identification(by=("find",), reads=("find", "look"))


@pytest.mark.parametrize("by", [(), "find"])
def test_something_must_identify(by: str | tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="by must be a list of at least one tool"):
        Identification(by=by)


def test_what_reads_is_a_list() -> None:
    with pytest.raises(ValueError, match="reads must be a list of tools, such as"):
        Identification(by=("find",), reads="look")
