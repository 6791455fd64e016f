"""Whether a text holds a token: one rule, figures included."""

from __future__ import annotations

import pytest

from toolgym.language.text import holds_token


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
