"""Names that become parts of paths."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.errors import DataError
from toolgym.files.names import LONGEST, check_name, place_in

BAD = [
    "",
    ".",
    "..",
    "../x",
    "a/b",
    "a\\b",
    "/etc",
    "~",
    ".hidden",
    "a\0b",
    "a\nb",
    "C:",
    "é",
    " a",
    "a ",
    "x" * 129,
    "\x1b",
]


@pytest.mark.parametrize("name", BAD)
def test_a_name_that_could_lead_elsewhere_is_refused_with_what_is_allowed(name: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="letters, digits"):
        check_name(name, "run")
    with pytest.raises(DataError):
        place_in(tmp_path, name, "run")


@given(st.text())
def test_what_is_taken_stays_in_its_folder(name: str) -> None:
    try:
        path = place_in(Path("runs"), name, "run")
    except DataError:
        return
    assert path.parent == Path("runs")
    assert path.name == name
    assert len(name) <= LONGEST


def test_a_link_may_lead_to_a_thing_in_the_same_folder_alone(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    folder.mkdir()
    (folder / "a").mkdir()
    (folder / "same").symlink_to(folder / "a")
    assert place_in(folder, "same", "run") == folder / "same"
    for name, target in (("out", tmp_path), ("up", Path("..")), ("loop", folder / "loop"), ("root", Path("/"))):
        (folder / name).symlink_to(target)
        with pytest.raises(DataError, match="out of its folder"):
            place_in(folder, name, "run")
