"""The titles that there are, and which titles and editions a text names."""

import re

from toolgym_library.records import EDITIONS

FIRST = (
    "Amber", "Broken", "Crooked", "Distant", "Drowned", "Empty", "Endless", "Faded", "Frozen", "Hidden", "Hollow",
    "Humble", "Lonely", "Midnight", "Painted", "Patient", "Restless", "Scarlet", "Silent", "Stolen", "Tender",
    "Unknown", "Velvet", "Wandering",
)  # fmt: skip
SECOND = (
    "Archive", "Baker", "Bridge", "Captain", "Clock", "Corridor", "Daughter", "Garden", "Harbour", "Island",
    "Lantern", "Letter", "Meadow", "Mirror", "Orchard", "Pilot", "River", "Shepherd", "Sister", "Stairway", "Summer",
    "Tailor", "Village", "Winter",
)  # fmt: skip

_TITLE = re.compile(rf"\b({'|'.join(FIRST)})\s+({'|'.join(SECOND)})\b", re.I)
_EDITIONS = {edition: re.compile(rf"\b{edition}s?\b", re.I) for edition in EDITIONS} | {
    "hardback": re.compile(r"\bhard(?:back|cover)s?\b", re.I),
    "paperback": re.compile(r"\b(?:paperback|softcover)s?\b", re.I),
    "large-print edition": re.compile(r"\blarge[- ]print\b", re.I),
    "audiobook": re.compile(r"\baudio[- ]?books?\b|\baudio (?:edition|version)\b", re.I),
}


def titles_in(text: str) -> list[str]:
    """The titles that a text names, in its order, each once."""
    found = (f"The {match[1].capitalize()} {match[2].capitalize()}" for match in _TITLE.finditer(text))
    return list(dict.fromkeys(found))


def editions_in(text: str) -> set[str]:
    """The editions that a text names."""
    return {edition for edition, pattern in _EDITIONS.items() if pattern.search(text)}
