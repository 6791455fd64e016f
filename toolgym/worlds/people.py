"""People with names as mixed as an American town's, some of them namesakes or relatives of others."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from toolgym.worlds.dice import Dice
from toolgym.worlds.places import CITIES

if TYPE_CHECKING:
    from faker import Faker

_LOCALES = {
    "en_US": 0.49,
    "es_MX": 0.13,
    "en_IN": 0.08,
    "zh_CN": 0.06,
    "vi_VN": 0.04,
    "en_IE": 0.03,
    "it_IT": 0.03,
    "pt_BR": 0.03,
    "ja_JP": 0.03,
    "yo_NG": 0.02,
    "de_DE": 0.02,
    "fr_FR": 0.02,
    "sv_SE": 0.02,
}
"""Where last names are from, and how often; all that faker 37 has."""
_FIRST = {"en_US": 1.0, "vi_VN": 1.0, "en_IE": 0.7, "it_IT": 0.6, "de_DE": 0.9, "fr_FR": 0.6, "sv_SE": 0.7}
"""How often the first name is an American one nevertheless; faker has no Vietnamese ones."""
_ROMANIZED = ("zh_CN", "ja_JP")


class Person(NamedTuple):
    """A name and a city, one of :data:`~toolgym.worlds.places.CITIES`."""

    first: str
    last: str
    city: str


class People:
    """Draws people, and remembers them: later ones may be a namesake or a relative of an earlier one.

    It needs faker, whose names other versions may draw otherwise.

    Args:
        dice: Everything random comes from it.
        relatives: The probability that somebody shares the last name of an earlier person.
        namesakes: The probability that such a person shares the first name too.
    """

    def __init__(self, dice: Dice, *, relatives: float = 0.12, namesakes: float = 0.3) -> None:
        from faker import Faker

        self._dice = dice
        self._relatives, self._namesakes = relatives, namesakes
        self._known: list[Person] = []
        self._fakers = {locale: Faker(locale, providers=["faker.providers.person"]) for locale in _LOCALES}
        for faker in self._fakers.values():
            faker.seed_instance(dice.number(0, 2**62))

    def draw(self) -> Person:
        """The next person."""
        person = self._person()
        self._known.append(person)
        return person

    def _person(self) -> Person:
        city = self._dice.pick(CITIES)
        if self._known and self._dice.chance(self._relatives):
            other = self._dice.pick(self._known)
            if self._dice.chance(self._namesakes):
                return Person(other.first, other.last, city)
            first = self._first(other.last, "en_US")
            return Person(first, other.last, other.city if self._dice.chance(0.5) else city)
        locale = self._dice.weighted(_LOCALES)
        last = self._plain(locale, "last")
        first = self._first(last, "en_US" if self._dice.chance(_FIRST.get(locale, 0.35)) else locale)
        return Person(first, last, city)

    def _first(self, last: str, locale: str) -> str:
        """A first name for a last name."""
        while (first := self._plain(locale, "first")) == last:
            pass
        return first

    def _plain(self, locale: str, part: str) -> str:
        """One word of plain letters that is neither an initial nor endless; others are drawn again."""
        faker: Faker = self._fakers[locale]
        draw: Callable[[], str] = getattr(faker, f"{part}_romanized_name" if locale in _ROMANIZED else f"{part}_name")
        while True:
            letters = unicodedata.normalize("NFKD", draw())
            name = "".join(letter for letter in letters if not unicodedata.combining(letter))
            if name.isascii() and name.isalpha() and 2 <= len(name) <= 11:
                return name


def email(dice: Dice, first: str, last: str) -> str:
    """An e-mail address at example.com, made of a name and four digits, in small letters.

    Args:
        dice: Everything random comes from it.
        first: The first name.
        last: The last name.
    """
    shapes = {f"{first}.{last}": 0.8, f"{first}{last}": 0.06, f"{first[0]}.{last}": 0.07, f"{last}.{first}": 0.07}
    return f"{dice.weighted(shapes)}{dice.digits(4)}@example.com".lower()
