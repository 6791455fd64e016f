"""In which language a text is, as far as its commonest words and its letters tell."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_COMMON = {
    "Dutch": "de het een en van je jij dat niet met voor wil als maar uw aan",
    "English": "the you to and of your want is that not with for when but it from",
    "French": "le la les vous et un une que ne pas avec pour votre est dans de",
    "German": "der die das du sie und ein eine nicht mit ist für wenn aber dein ihre möchtest",
    "Italian": "il lo che di e un una non con per tuo è ma vuoi della sei",
    "Portuguese": "o os você que e um uma não com para seu quer mas quando do da",
    "Spanish": "el los que y un una no con para tu quieres pero cuando del usted su",
}
_WORDS = {language: frozenset(words.split()) for language, words in _COMMON.items()}
_ENOUGH = 3


def language_of(text: str) -> str | None:
    """The language of a text; the script where its letters are not Latin; None if it cannot be told.

    Args:
        text: Any text; one of a few words is seldom told.

    Example:
        >>> language_of("You want to return the lamp, and the refund goes to your card.")
        'English'
        >>> language_of("Du möchtest die Lampe zurückgeben, und das Geld ist für dein Konto.")
        'German'
        >>> language_of("Вы хотите вернуть лампу.")
        'CYRILLIC'
    """
    letters = [character for character in text if character.isalpha()]
    if not letters:
        return None
    scripts = Counter(unicodedata.name(letter, "?").partition(" ")[0] for letter in letters)
    script, count = max(sorted(scripts.items()), key=lambda item: item[1])
    if script != "LATIN":
        return script if count > len(letters) / 2 else None
    words = Counter(re.findall(r"[^\W\d_]+", text.lower()))
    found = sorted((sum(words[word] for word in common), language) for language, common in _WORDS.items())
    (second, _), (most, language) = found[-2:]
    return language if most >= _ENOUGH and most > second else None
