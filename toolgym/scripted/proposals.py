"""What is about to be done, taken apart, so that every form of speaking can make its own text of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from toolgym.errors import DataError, UnknownNameError, refuse_unknown
from toolgym.scripted.wording_files import filled, read_table

_TEXTS = ("noun", "verb")
_LISTS = ("clauses", "outcomes", "notes")
_PAIRS = ("fields", "present")


@dataclass(frozen=True)
class Row:
    """One thing that is done something to.

    Args:
        name: What it is, such as ``"Mug"``.
        now: How it is, such as ``"blue, large"``.
        number: Its identifier.
        price: What it costs, in dollars; None if that is not known.
        then: How it will be; empty if it is not changed for something else.
        new_number: The identifier of what it becomes.
        new_price: What that costs.
    """

    name: str
    now: str
    number: str = ""
    price: float | None = None
    then: str = ""
    new_number: str = ""
    new_price: float | None = None


@dataclass(frozen=True)
class Proposal:
    """A write before it is made: truly and completely what will be written, in parts.

    Args:
        noun: What it is, such as ``"return"``.
        verb: What is done with each of the rows, such as ``"return"``; empty if there are none.
        subject: What it is done to, such as ``"order #W1"``.
        rows: The things that it is done with.
        clauses: What is done, each as an infinitive without full stop; together with the rows they are complete.
        outcomes: The same as what will be, each a sentence without full stop.
        fields: The same as labels and values.
        present: How it is now, as labels and values, beside what will be.
        notes: What follows from it, each a sentence without full stop.

    Example:
        >>> Proposal("loan", "lend", "shelf 3", (Row("Emma", "paperback"),), clauses=("lend it until 3 May",)).noun
        'loan'
    """

    noun: str
    verb: str
    subject: str
    rows: Sequence[Row] = ()
    clauses: Sequence[str] = ()
    outcomes: Sequence[str] = ()
    fields: Sequence[tuple[str, str]] = ()
    present: Sequence[tuple[str, str]] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class ProposalTexts:
    """The texts of a domain's proposals by kind of request, each with ``{slots}``.

    Args:
        kinds: By kind of request its texts.

    Example:
        ``toolgym_retail/proposals.toml`` holds those of the shop.
    """

    kinds: Mapping[str, Mapping[str, Any]]

    @classmethod
    @cache
    def read(cls, file: Path) -> ProposalTexts:
        """The texts of a file.

        Args:
            file: TOML with a table for each kind of request: ``noun`` and ``verb`` are texts; ``clauses``,
                ``outcomes`` and ``notes`` lists of texts; ``fields`` and ``present`` lists of label and value.

        Raises:
            DataError: If it is not TOML, or a kind has no noun or clauses, or a text is none.
            UnknownNameError: If a kind has something else.
        """
        kinds: dict[str, Any] = read_table(file)
        for kind, texts in kinds.items():
            _check(kind, texts)
        return cls(kinds)

    def proposal(self, kind: str, subject: str, rows: Sequence[Row] = (), /, **slots: str) -> Proposal:
        """The proposal of a kind, its slots filled; a text that has a slot with nothing to say is left out.

        Args:
            kind: The kind of request.
            subject: What it is done to; it fills ``{subject}``.
            rows: What it is done with.
            slots: What is filled in, empty where there is nothing to say.

        Raises:
            UnknownNameError: If the file has no such kind.
            DataError: If a text has a slot for which nothing is given.
        """
        if kind not in self.kinds:
            raise UnknownNameError("kind of request", kind, self.kinds, f"Give its texts in a table [{kind}].")
        texts = self.kinds[kind]
        given = {"subject": subject, **slots}

        def told(name: str) -> tuple[str, ...]:
            return tuple(text for one in texts.get(name, ()) if (text := _filled(kind, one, given)))

        def pairs(name: str) -> tuple[tuple[str, str], ...]:
            both = ((label, _filled(kind, value, given)) for label, value in texts.get(name, ()))
            return tuple((label, value) for label, value in both if value)

        return Proposal(
            texts["noun"],
            texts.get("verb", ""),
            subject,
            tuple(rows),
            told("clauses"),
            told("outcomes"),
            pairs("fields"),
            pairs("present"),
            told("notes"),
        )


def _filled(kind: str, text: str, slots: Mapping[str, str]) -> str:
    """The text with its slots filled; empty if one of them is."""
    marks = {slot: value or "\0" for slot, value in slots.items()}
    told = filled(kind, text, marks)
    return "" if "\0" in told else told


def _check(kind: str, texts: Any) -> None:
    if not isinstance(texts, dict) or not texts.get("noun") or not texts.get("clauses"):
        raise DataError(f"the proposal of {kind!r} has no noun or no clauses; give [{kind}] both")
    refuse_unknown(f"text of the proposal of {kind!r}", texts, (*_TEXTS, *_LISTS, *_PAIRS))
    for name, value in texts.items():
        fits = (
            isinstance(value, str)
            if name in _TEXTS
            else isinstance(value, list)
            and all(_is_pair(one) if name in _PAIRS else isinstance(one, str) for one in value)
        )
        if not fits:
            what = "a text" if name in _TEXTS else "a list of [label, value]" if name in _PAIRS else "a list of texts"
            raise DataError(f"{kind}.{name} is {value!r:.80}; give {what}")


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and all(isinstance(one, str) for one in value)
