"""Whether a text holds a token, by one rule, figures included; and what is read of a long message."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.language.text import AT_MOST, abridged, holds_token


@pytest.mark.parametrize(
    ("text", "token", "held"),
    [
        ("You approve the plan", "pro", False),
        ("It costs 1,250.00.", "1250.00", True),
        ("It costs 1250.00.", "1,250.00", True),
        ("It costs 11,250.00.", "1250.00", False),
        ("v1.10001", "1.1000", False),
        ("v1.10001", "10001", False),
        ("It costs $.50", "50", False),
        ("Order #W123, please", "#W123", True),
        ("Order #W1234", "#W123", False),
        ("3, 4 and 5.", "5", True),
        ("an  Elm\nStreet", "elm street", True),
        ("anything", "", True),
        ("two T-Shirts", "T-Shirt", False),
        ("two T-Shirts", "T-Shirts", True),
        ("a T-Shirt, please", "t-shirt", True),
    ],
)
def test_a_token_is_held_whole_or_not_at_all(text: str, token: str, held: bool) -> None:
    assert holds_token(text, token) is held


@given(st.text(alphabet="ab1 \n", max_size=400), st.integers(min_value=2, max_value=150))
def test_of_a_long_message_both_ends_are_read_and_no_more_than_the_limit(text: str, limit: int) -> None:
    short = abridged(text, limit)
    if len(text) <= limit:
        assert short == text
    else:
        head, tail = short.rsplit("\n", 1) if "\n" not in text else ("", "")
        assert len(short) <= limit + 1
        assert text.startswith(head)
        assert text.endswith(tail)


@given(st.lists(st.text(alphabet="ab1", min_size=1, max_size=12), min_size=12), st.integers(min_value=60, max_value=90))
def test_a_long_message_is_cut_between_two_words(words: list[str], limit: int) -> None:
    assert set(abridged(" ".join(words), limit).split()) <= set(words)


def test_a_message_without_spaces_is_cut_where_it_must_be() -> None:
    assert abridged("x" * (AT_MOST + 1)) == "x" * (AT_MOST // 2) + "\n" + "x" * (AT_MOST // 2)
