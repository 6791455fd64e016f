"""What a message proposes, apart from what it leaves as it is, and whether a write is something else; English alone."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from toolgym.language.parts import parts_of
from toolgym.language.text import holds_token

_IDS = re.compile(r"(?<![\w$#.])(?:[a-z]+(?:_[a-z]+)*_\d+|\d{8,12})(?!\w)")
_NUMBERED = re.compile(r"(\d+) ([A-Za-z]{3,})\b.*")
_NUMBER_AFTER = re.compile(r"([A-Za-z]{3,}) (\d+)")
_BARRED = re.compile(
    r"\b(?:can't|cannot|can not|can be|could be|once|again|second time|same page|you'd like|you want)\b"
)
"""What is said of the proposal's own record: what cannot be done with it afterwards."""
_BESIDES = re.compile(
    r"^(?!.*\b(?:i'll|i will|i'd|i would)\b).*(?:\balternative|\balso (?:have|in stock|available)|\bin stock too|"
    r"\bcosts? \$[\d.]+|\bwould cost\b)",
    re.IGNORECASE,
)
"""A sentence of what could be had in place of what is proposed."""
_ABOUT_NO = re.compile(r"\bnot (?:to|for|on|in) any (?!other\b)([a-z]{3,20})\b", re.IGNORECASE)
_ANNOUNCES = re.compile(
    r"\b(?:i'll|i will|i'd (?!like to (?:be|know|ask|make sure|understand|help))|i would|i'm (?:going|about) to|"
    r"i am (?:going|about) to|"
    r"(?:i'm|i am) (?!sorry\b)\w+ing (?:it|this|that|the|your)\b|(?:will|would|shall|to) be|"
    r"let me (?:set|put|submit|make|change|cancel)|"
    r"here(?:'s| is| are)|summar\w+|recap|overview|propos\w+|so you(?:'d| would| want)|details)\b|->|\u2192",
    re.IGNORECASE,
)


def proposed(text: str) -> str:
    r"""What a message says is to be done, line by line: without what stays as it is, and without notes.

    Example:
        >>> proposed("I will cancel #W1. Order #W2 stays as it is. Shall I go ahead?")
        'I will cancel #W1.\nShall I go ahead?'
    """
    parts = [part.text for part in parts_of(text) if part.role not in ("left", "note")]
    return "\n".join(one for one in parts if not (_BESIDES.search(one) and len(_IDS.findall(one)) == 1))


def leaves(text: str, record: str) -> bool:
    """Whether a message speaks of a record only to say that it stays as it is.

    Example:
        >>> leaves("I will cancel #W1. Order #W2 stays as it is. Shall I go ahead?", "#W2")
        True
    """
    parts = parts_of(text)
    name = record.lstrip("#")
    if not any(
        part.role == "left" and holds_token(part.text, name) and not _BARRED.search(part.text) for part in parts
    ):
        return False
    alike = re.compile(r"\b" + re.sub(r"\d+", r"\\d+", re.escape(name)) + r"\b")
    named = [part.text for part in parts if part.role not in ("left", "note") and alike.search(part.text)]
    return not named or not holds_token(named[-1], name)


def announces(text: str) -> bool:
    """Whether a message says what is going to be done, and does not only ask about what there is.

    Example:
        >>> announces("So I'll send the blue one. Is it that?"), announces("Is this address still current?")
        (True, False)
    """
    return _ANNOUNCES.search(proposed(text).replace("\u2019", "'")) is not None


def differs(
    text: str, answer: str, record: str | None, arguments: Mapping[str, Any], choices: Mapping[str, Collection[Any]]
) -> bool:
    """Whether a write is something else than a message proposes: another item, method, reason or number of a house.

    What the message does not name differs in nothing.

    Args:
        text: The message.
        answer: What the user said to it; what it names is no difference.
        record: The record that the write names, if it names one.
        arguments: What it is called with.
        choices: By argument the values that its tool allows, if they are counted.

    Example:
        >>> call = {"order_id": "#W1", "payment_method_id": "gift_card_1"}
        >>> differs("Refund for #W1 to paypal_2. Shall I?", "Yes.", "#W1", call, {})
        True
        >>> differs("Refund for #W1 to your gift card. Shall I?", "Yes.", "#W1", call, {})
        False
    """
    core = proposed(text)
    left = [part.text for part in parts_of(text) if part.role == "left" and not _BARRED.search(part.text)]
    mine = {value for name, value in arguments.items() for value in _texts(value) if value != record}
    found = set(_IDS.findall(core))
    for number in (True, False):
        named = {one for one in found if one.isdigit() is number}
        own = {one for one in mine if _IDS.fullmatch(one) and one.isdigit() is number}
        if named - own and any(one not in named and not holds_token(answer, one) for one in own):
            return True
        for one in own - named:
            if any(holds_token(part, one) for part in left) and not holds_token(answer, one):
                return True
    if record is not None and _of_another(text, core, answer, record, arguments):
        return True
    lower = core.lower()
    for name, allowed in choices.items():
        value = arguments.get(name)
        others = [one for one in allowed if isinstance(one, str) and " " in one and one != value and one in lower]
        if isinstance(value, str) and others and value not in lower and value not in answer.lower():
            return True
    return any(_other_number(one, core) for one in mine)


def _of_another(text: str, core: str, answer: str, record: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a message proposes a deed with another record, and the answer does not name this one."""
    if holds_token(answer, record.lstrip("#")):
        return False
    return _elsewhere(text, core, record) or _barred(text, core, record, arguments)


def _elsewhere(text: str, core: str, record: str) -> bool:
    """Whether what is going to be done names records like this one, and this one at most beside them, as a choice."""
    name = record.lstrip("#")
    if not re.search(r"\d", name):
        return False
    like = re.compile(r"(?<!\w)" + re.sub(r"\d+", r"\\d+", re.escape(name)) + r"(?!\w)")
    lines = [set(like.findall(one)) for one in core.splitlines()]
    named = set().union(*lines)
    if name not in named:
        return bool(named) and not holds_token(text, name)
    done = [found for one, found in zip(core.splitlines(), lines, strict=True) if found and _ANNOUNCES.search(one)]
    beside = all(len(found) > 1 for found in lines if name in found)
    return beside and bool(done) and not any(name in found for found in done)


def _barred(text: str, core: str, record: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a message says that it is about no record of such a kind: "This applies to no order"."""
    if holds_token(core, record.lstrip("#")):
        return False
    kinds = {found[1].lower() for found in _ABOUT_NO.finditer(text)}
    return any(name.startswith(f"{kind}_") for kind in kinds for name in arguments)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)


def _other_number(value: str, text: str) -> bool:
    """Whether a text holds a house's or a flat's number with the same word and other digits, and not the value."""
    first, after = _NUMBERED.fullmatch(value), _NUMBER_AFTER.fullmatch(value)
    if first is not None:
        right, pattern = first.group(1), rf"\b(\d+) {first.group(2)}\b"
    elif after is not None:
        right, pattern = after.group(2), rf"\b{after.group(1)} (\d+)\b"
    else:
        return False
    found = re.findall(pattern, text, re.IGNORECASE)
    return bool(found) and right not in found
