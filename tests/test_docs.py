"""Every example of the README and the documentation runs as it stands, and prints what the page says."""

from __future__ import annotations

import os
import pydoc
import re
from pathlib import Path
from types import FunctionType

import pytest
from doc_pages import PAGES, ROOT, Block, agrees, examples, links, renewed, run_page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_examples_of_a_page_run_and_print_what_it_says(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run_page(page.read_text(encoding="utf-8"), tmp_path, slow=bool(os.environ.get("CI")))
    problems = [done.problem for done in ran if done.problem is not None]
    assert not problems, "\n\n".join([*problems, "python tests/refresh_docs.py writes what is printed into the pages."])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    missing = [link for link in links(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_backslash_shows_in_code_within_a_line(page: Path) -> None:
    r"""In a table GitHub takes ``\|`` in code for a bar, and the site shows the backslash: write it without a bar."""
    lines = page.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("|") and r"\|" in line] == []


def test_the_readme_has_one_command_that_installs_and_tests() -> None:
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    (command,) = [line for line in lines if re.search(r"pip install .*\[dev\]", line)]
    assert command.startswith("python3 -m venv .venv && ")
    assert command.endswith("&& pytest -n auto")


def _ran(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, slow: bool = False) -> list[str | None]:
    monkeypatch.chdir(tmp_path)
    return [done.problem for done in run_page(text, tmp_path, slow=slow)]


def test_an_output_that_is_not_what_is_printed_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = "```python\nprint(1)\n```\n\n```text\n2\n```\n\n```console\necho a\n```\n\n```text\na\n```\n"
    first, second = _ran(page, tmp_path, monkeypatch)
    assert first == "line 5: the page says\n2\n\nand this was printed\n1\n"
    assert second is None


def test_a_command_that_fails_is_a_problem_unless_the_page_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = _ran(
        "```console\nfalse\n```\n\n```console fails\nfalse\n```\n\n```console fails\ntrue\n```\n", tmp_path, monkeypatch
    )
    assert first is not None
    assert second is None
    assert third is not None


def test_only_a_block_right_below_an_example_is_its_output() -> None:
    page = "```python\nprint(1)\n```\n\nIn between:\n\n```text\n2\n```\n"
    assert [example.output for example in examples(page)] == [None]


def test_slow_blocks_wait_for_ci_and_manual_ones_for_a_person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = "```console slow\ntouch a\n```\n\n```console\ntouch b\n```\n\n```console manual\ntouch c\n```\n"
    assert _ran(page, tmp_path, monkeypatch) == [None]
    assert {path.name for path in tmp_path.iterdir()} == {"b"}
    assert _ran(page, tmp_path, monkeypatch, slow=True) == [None, None]
    assert {path.name for path in tmp_path.iterdir()} == {"a", "b"}


def _output(body: str, lang: str = "text") -> Block:
    return Block(lang, "", body, 0, 0, 1)


@pytest.mark.parametrize(
    ("said", "printed", "equal"),
    [
        ("a\n…\nz\n", "a\nb\nc\nz\n", True),
        ("a\n…\nz\n", "a\nz\n", True),
        ("a\n…\nz\n", "b\nz\n", False),
        ("a …\nz\n", "a long line\nz\n", True),
        ("a …\nz\n", "a\nb\nz\n", False),
        ("took 0.1 s\n", "took 0.25 s\n", True),
        ("took 0.1 s\n", "took 0.25 m\n", False),
        ("1 + 1\n", "1 * 1\n", False),
        ("python │ 3.11.7  │\n", "python │ 3.12.10 │\n", True),
    ],
)
def test_an_output_may_leave_out_what_a_mark_stands_for_and_nothing_else(said: str, printed: str, equal: bool) -> None:
    assert agrees(_output(said), printed) is equal


@pytest.mark.parametrize(
    ("said", "printed", "equal"),
    [
        ('{"a": 1, …}', '{\n  "a": 1,\n  "b": [2]\n}\n', True),
        ('{"a": 1}', '{\n  "a": 1\n}\n', True),
        ('{"a": 2, …}', '{"a": 1, "b": 2}', False),
        ('{"a b": 1}', '{"ab": 1}', False),
    ],
)
def test_json_is_compared_without_its_layout(said: str, printed: str, equal: bool) -> None:
    assert agrees(_output(said, "json"), printed) is equal


def test_a_renewed_output_keeps_the_cuts_and_what_passes() -> None:
    printed = "one\ntwo\nthree\ntook 0.3 s\nlast\n"
    assert renewed(_output("one\n…\ntook 0.2 s\nlast\n"), printed) == "one\n…\ntook 0.2 s\nlast\n"
    assert renewed(_output("old\n"), printed) == printed
    page = "…\n│ no-op │ 0.0 │\n…\n│ oracle │ 90 │\n"
    printed_now = "┏━━━┓\n│ clerk  │ 61 │\n│ no-op  │  0 │\n│ novice │ 70 │\n│ oracle │ 100 │\n"
    assert renewed(_output(page), printed_now) == "…\n│ no-op  │  0 │\n…\n│ oracle │ 100 │\n"
    with pytest.raises(ValueError, match="changed too much"):
        renewed(_output("…\nnothing like it\n"), printed)


def test_a_function_that_a_module_of_the_same_name_hides_is_named_in_the_api_reference() -> None:
    """The reference is read from the source, where ``toolgym.runs.query`` is the module and not the function."""
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "api").glob("*.md"))
    packages = [pydoc.locate(name) for name in re.findall(r"^::: (toolgym[a-z_0-9.]*)$", pages, re.MULTILINE)]
    public = [getattr(package, name) for package in packages for name in getattr(package, "__all__", ())]
    hidden = {f"{found.__module__}.{found.__name__}" for found in public if _has_the_name_of_its_module(found)}
    assert [name for name in sorted(hidden) if f"::: {name}\n" not in pages] == []


def _has_the_name_of_its_module(found: object) -> bool:
    return isinstance(found, FunctionType) and found.__module__.endswith(f".{found.__name__}")
