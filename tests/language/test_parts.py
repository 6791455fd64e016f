"""A message read into parts: what will be done, what is now, what is left alone."""

from __future__ import annotations

import pytest

from toolgym.language.parts import Passage, later, parts_of


def roles(text: str) -> list[str]:
    return [part.role for part in parts_of(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Current: red\nNew: blue", ["now", "new"]),
        ("The rug stays with you.", ["left"]),
        ("Your other orders aren't affected.", ["left"]),
        ("An exchange can be requested only once.", ["note"]),
        ("I'll exchange it and keep the color.", ["do"]),
        ("Not included:\n- Rug", ["left", "left"]),
    ],
)
def test_a_part_has_the_role_that_its_words_or_its_heading_give(text: str, expected: list[str]) -> None:
    assert roles(text) == expected


def test_the_columns_of_a_table_are_what_is_now_and_what_is_new() -> None:
    table = "| | Before | After |\n|---|---|---|\n| City | Tucson | Boston |"
    assert [(part.role, part.label) for part in parts_of(table)][1:] == [("now", "city before"), ("new", "city after")]


def test_json_is_read_as_what_it_holds() -> None:
    read = [(part.role, part.text) for part in parts_of('Here it is: {"old": {"city": "Tucson"}, "say": "Shall I?"}')]
    assert ("now", "city: Tucson") in read
    assert ("do", "Shall I?") in read


def test_a_passage_keeps_the_roles_that_its_parts_had_in_the_message() -> None:
    parts = parts_of("You keep:\n- the lamp\n\nShall I return the mug?")
    assert [part.role for part in parts_of(Passage.of(parts[1:]))] == ["left", "do"]


def test_a_deed_among_the_notes_is_one_all_the_same() -> None:
    assert roles("Notes:\n- Your profile's address will also be updated.")[-1] == "do"


def test_what_stands_below_a_list_is_no_more_of_its_section() -> None:
    assert roles("You keep:\n- the lamp\nRefund: $5 to PayPal") == ["left", "left", "do"]


def test_only_the_last_sentence_of_a_line_is_the_heading_of_what_follows() -> None:
    assert roles("Both are available. The change would be:\n- lamp: red -> blue")[-1] == "do"


def test_an_equals_sign_makes_a_field_too() -> None:
    assert [(part.label, part.role) for part in parts_of("old city = Boston\nnew city = Tucson")] == [
        ("old city", "now"),
        ("new city", "new"),
    ]


def test_a_step_that_follows_is_no_part_of_the_proposal() -> None:
    assert later("After that I'll look up the total.")
    assert not later("I'd return the lamp that arrived after the mug.")
