"""Which way a change runs."""

from __future__ import annotations

import pytest

from toolgym.language.changes import runs_forward
from toolgym.language.words import places_of, words_of


@pytest.mark.parametrize(
    ("text", "forward"),
    [
        ("the red lamp becomes blue", True),
        ("the blue lamp instead of the red one", True),
        ("exchange the red lamp for the blue one", True),
        ("you send the red one and get the blue one", True),
        ("keep red instead of blue", False),
        ("the blue lamp becomes red", False),
    ],
)
def test_a_change_from_red_to_blue_is_told_from_one_from_blue_to_red(text: str, forward: bool) -> None:
    words = words_of(text)
    assert runs_forward(words, places_of("red", words), places_of("blue", words)) is forward
