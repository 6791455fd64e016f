"""Dice, people, places and fresh draws: what world generators share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from toolgym.worlds import Dice, Fresh, places
from toolgym.worlds.identities import digest_of
from toolgym.worlds.people import People, email


def dice(seed: int = 0) -> Dice:
    return Dice(np.random.default_rng(seed))


def test_one_seed_draws_the_same_people_and_another_seed_others() -> None:
    def drawn(seed: int) -> list[tuple[str, str, str]]:
        people = People(dice(seed))
        return [tuple(people.draw()) for _ in range(20)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)


def test_names_are_plain_letters_and_some_people_share_them() -> None:
    people = People(dice())
    drawn = [people.draw() for _ in range(300)]
    assert all(person.first.isascii() and person.first.isalpha() for person in drawn)
    assert all(person.first != person.last for person in drawn)
    assert max(Counter((person.first, person.last) for person in drawn).values()) > 1
    assert {person.city for person in drawn} <= set(places.CITIES)


def test_without_relatives_nobody_is_made_a_namesake() -> None:
    people = People(dice(), relatives=1.0, namesakes=1.0)
    assert len({(person.first, person.last) for person in (people.draw() for _ in range(20))}) == 1
    others = People(dice(), relatives=0.0)
    assert len({(person.first, person.last) for person in (others.draw() for _ in range(20))}) > 15


def test_an_email_address_is_made_of_the_name() -> None:
    for seed in range(20):
        text = email(dice(seed), "Ana", "Brandt")
        assert text.endswith("@example.com")
        assert "brandt" in text
        assert text == text.lower()


def test_an_address_is_in_its_city_and_zip_range() -> None:
    record = places.draw(dice(), "San Diego CA 92101-92139")
    assert (record["city"], record["state"]) == ("San Diego", "CA")
    assert 92101 <= int(record["zip"]) <= 92139


@pytest.mark.parametrize("taken", [[("book", "1"), ("book", "2")], []])
def test_what_is_taken_or_reserved_is_drawn_again(taken: Sequence[tuple[str, str]]) -> None:
    reserved = {digest_of(("book", text)) for text in ("1", "2")} if not taken else set()
    fresh, own = Fresh(taken, reserved), dice()
    assert fresh.id(lambda: str(own.number(1, 3)), "book") == "3"


def test_what_was_drawn_is_taken_from_then_on() -> None:
    fresh, own = Fresh(), dice()
    drawn = [fresh.id(lambda: str(own.number(1, 5)), "book") for _ in range(5)]
    assert sorted(drawn) == ["1", "2", "3", "4", "5"]


def test_an_id_is_alone_among_all_its_kinds() -> None:
    fresh, own = Fresh([("item", "1")]), dice()
    assert fresh.id(lambda: str(own.number(1, 2)), "product", "item") == "2"


def test_what_cannot_be_drawn_is_told() -> None:
    with pytest.raises(ValueError, match="there is nothing to pick from"):
        dice().pick([])
    with pytest.raises(ValueError, match="a number of 0 digits"):
        dice().digits(0)
    for weights in ({}, {"a": 0.0}, {"a": 2.0, "b": -1.0}):
        with pytest.raises(ValueError, match="give nothing to draw"):
            dice().weighted(weights)
