"""JSON of files that anybody may have written."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from toolgym.errors import DataError
from toolgym.failures.report import FailureReport
from toolgym.files.strict_json import parse, read_bytes, read_json
from toolgym.runs import read_manifest
from toolgym.tasks import read_tasks
from toolgym.trajectory import Trajectory

HOSTILE = {
    "deep list": "[" * 100_000,
    "deep object": '{"a":' * 100_000,
    "closed": "[" * 100_000 + "]" * 100_000,
    "NaN": '{"a": NaN}',
    "Infinity": '{"a": -Infinity}',
    "too large": '{"a": 1e999}',
    "digits": '{"a": ' + "1" * 5000 + "}",
    "twice": '{"a": 1, "a": 2}',
    "mark": '\ufeff{"a": 1}',
    "empty": "",
    "two": "{} {}",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_json_for_everybody_is_refused_alike(text: str, tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ValueError):  # noqa: PT011  # of whatever kind
        parse(text)
    for read in (read_json, lambda path: read_manifest(path.parent), read_tasks):
        if read is read_tasks and not text:
            continue
        with pytest.raises(DataError, match=str(path)):
            read(path)
    for from_json in (Trajectory.from_json, FailureReport.from_json):
        with pytest.raises(DataError):
            from_json(text)


def test_what_is_no_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_bytes(b'{"a": "\xff"}')
    for read in (read_json, read_tasks):
        with pytest.raises(DataError, match=str(path)):
            read(path)


def test_a_file_that_is_too_large_or_no_file_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "manifest.json"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(DataError, match="more than 16 MB"):
        read_manifest(tmp_path)
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(DataError, match="no regular file"):
        read_bytes(path)
    path.unlink()
    path.symlink_to(path)
    with pytest.raises(DataError, match=str(path)):
        read_bytes(path)


def test_a_name_that_is_twice_is_found_at_once() -> None:
    names = [f'"a{number}":0' for number in range(200_000)]
    began = time.monotonic()
    with pytest.raises(ValueError, match="'a199999' is twice in one object"):
        parse("{" + ",".join([*names, names[-1]]) + "}")
    assert time.monotonic() - began < 20


def test_what_is_nested_deeper_than_can_be_printed_is_refused() -> None:
    for opened, closed in (("[", "]"), ('{"a": ', "}"), ("[{}, [1], ", "]")):
        parse(opened * 150 + "1" + closed * 150)
        with pytest.raises(ValueError, match="nested too deep"):
            parse(opened * 201 + "1" + closed * 201)
    assert len(parse("[" + "[[{}]]," * 10_000 + '"' + "[" * 500 + '"]')) == 10_001
