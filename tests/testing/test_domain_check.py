"""The check for those who write a domain: ours pass, a package with all there is does too, and mistakes are told."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from installed import install_project, python
from parcel import PACKAGE, PARCEL
from planted import PLANTED

from toolgym import make_domain
from toolgym.database import Rows
from toolgym.errors import DataError
from toolgym.testing import check_domain, domain_problems


@pytest.mark.parametrize("name", ["mock", "retail"])
def test_our_own_domains_pass(name: str) -> None:
    check_domain(make_domain(name), tasks=2)


def test_a_package_with_all_that_a_domain_can_have_passes() -> None:
    check_domain(PARCEL)


def test_a_package_passes_by_the_command_where_it_is_installed(tmp_path: Path) -> None:
    install_project(tmp_path, PACKAGE)
    done = python(tmp_path, "-m", "toolgym", "domain", "check", "parcel", "--tasks", "2", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {"domain": "parcel", "ok": True, "problems": []}


def test_a_misspelt_domain_is_told_by_the_command_before_anything_is_played(tmp_path: Path) -> None:
    done = python(tmp_path, "-m", "toolgym", "domain", "check", "moc")
    assert done.returncode != 0
    assert "Did you mean 'mock'?" in " ".join(done.stderr.split())


def test_what_is_no_domain_or_out_of_range_is_refused() -> None:
    with pytest.raises(DataError, match="takes a toolgym"):
        check_domain("mock")  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(DataError, match="tasks must be a whole number of at least 1, got 0"):
        check_domain(PARCEL, tasks=0)


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_told_with_its_mend(mistake: str) -> None:
    plant, message = PLANTED[mistake]
    found = list(domain_problems(plant()))
    assert [problem for problem in found if re.search(message, problem, re.DOTALL)], found


def test_the_error_lists_every_problem() -> None:
    with pytest.raises(AssertionError, match=r"the domain 'parcel' has 2 problems:\n- the policy .*\n- the greeting "):
        check_domain(PARCEL.with_data(policy="", greeting=""))


def test_what_the_check_itself_trips_over_is_told_and_the_rest_goes_on() -> None:
    def entities(rows: Rows) -> Iterator[Any]:
        raise LookupError("no such table")

    found = list(domain_problems(PARCEL.with_data(entities=entities, policy="")))
    assert [problem for problem in found if "LookupError: no such table" in problem and __file__ in problem]
    assert found[0].startswith("the policy is ''")
