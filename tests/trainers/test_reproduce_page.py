"""The page about the reproduction says what the settings and the committed figures say."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from toolgym_trainers.reproduce.pages import PARTS, filled
from toolgym_trainers.reproduce.settings import read_settings
from toolgym_trainers.reproduce.table import read_table

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "reproduction.md").read_text(encoding="utf-8")
FIGURES = ROOT / "benchmarks" / "reproduction" / "retail-tiny.json"


def test_the_page_names_every_arm_and_has_a_place_for_every_table() -> None:
    missing = [arm for arm in read_settings("retail-tiny").arms if f"`{arm}`" not in PAGE]
    assert missing == []
    assert [name for name in PARTS if f"<!-- {name} -->" not in PAGE or f"<!-- end {name} -->" not in PAGE] == []


def test_the_tables_of_the_page_are_those_of_the_committed_figures() -> None:
    if not FIGURES.exists():
        assert all(f"<!-- {name} -->\n<!-- end {name} -->" in PAGE for name in PARTS)
        return
    assert filled(PAGE, read_table(FIGURES)) == PAGE, (
        "write them: python -m toolgym_trainers.reproduce.pages benchmarks/reproduction/retail-tiny.json "
        "docs/reproduction.md"
    )
