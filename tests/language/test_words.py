"""Phrases are found among the words of a text, one by one or many at once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from toolgym.language.cue import cue
from toolgym.language.text import sentences
from toolgym.language.words import Phrases, places_of, words_of

WORDS = st.sampled_from(["bus", "buses", "box", "boxes", "desk", "lamp", "lamps", "s", "set", "glass", "glasses", "of"])
TEXTS = st.lists(WORDS, max_size=12).map(" ".join)
NAMES = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


@given(NAMES, TEXTS)
def test_a_phrase_stands_where_it_would_be_found_word_by_word(name: str, text: str) -> None:
    assert places_of(name, words_of(text)) == places_of(name, list(words_of(text)))


@given(st.lists(NAMES, max_size=6, unique=True), TEXTS)
def test_no_phrase_stands_in_a_text_that_is_not_near(names: list[str], text: str) -> None:
    words = words_of(text)
    held = [name for name in names if places_of(name, words)]
    assert [name for name in Phrases(names).near(words) if name in held] == held


def test_a_sentence_that_is_read_again_points_to_the_same() -> None:
    lamp, vase = cue("lamps?"), cue("vases?")
    for _ in range(2):
        first, second = sentences("The LAMP is here. So are the vases.")
        assert [lamp.search(first), vase.search(first), lamp.search(second), vase.search(second)] == [
            True,
            False,
            False,
            True,
        ]
