"""How a proposal is laid out: one function for each layout that real models use."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TypeAlias

from toolgym.scripted.proposals import Proposal, Row
from toolgym.scripted.voice import listed, sentence

Layout: TypeAlias = Callable[[Proposal, str, str], str]
"""Makes a text of a proposal, its beginning and its question."""


def arrows(proposal: Proposal, lead: str, ask: str) -> str:
    """Bold bullets with arrows, then what will be, in sentences."""
    rows = "\n".join(
        f"- **{row.name}** ({row.now})" + (f" → **{row.then}**{_dollars(row.new_price)}" if row.then else "")
        for row in proposal.rows
    )
    return _parts(lead, rows, _sentences(_beside_rows(proposal)), ask)


def details(proposal: Proposal, lead: str, ask: str) -> str:
    """A bold heading over starred details, old beside new, and a remark before the question."""
    lines = [f"*   **{label}:** {value}" for label, value in proposal.present]
    for row in proposal.rows:
        if row.then:
            lines.append(f"*   **Original Item:** {row.name} ({row.now}){_dash(row.price)}")
            lines.append(f"*   **New Item:** {row.name} ({row.then}){_dash(row.new_price)}")
        else:
            lines.append(f"*   **{row.name}** ({row.now}){_dash(row.price)}")
    lines += [f"*   **{label}:** {value}" for label, value in proposal.fields[1 if proposal.rows else 0 :]]
    heading = f"**{proposal.noun.capitalize()} details:**\n"
    return _parts(lead, heading + "\n".join(lines), _sentences(proposal.notes), ask)


def paragraph(proposal: Proposal, lead: str, ask: str) -> str:
    """One paragraph that says what the user wants, and the identifiers of the items."""
    ids = [f"{row.name} {row.number}" + (f" to become {row.new_number}" if row.then else "") for row in proposal.rows]
    told = f"{listed(proposal.clauses)}" + (f" (item ids: {', '.join(ids)})" if ids else "")
    return f"{lead} {told}. {ask}"


def numbered(proposal: Proposal, lead: str, ask: str) -> str:
    """Numbered items with nested lines, then what will be, what follows from it, and the question."""
    lines = []
    for number, row in enumerate(proposal.rows, 1):
        lines.append(f"{number}. {row.name}")
        lines.append(f"   - {'Current' if row.then else 'Options'}: {row.now}")
        if row.then:
            lines.append(f"   - New: {row.then} (item id: {row.new_number}{_comma(row.new_price)})")
    will = "\n".join(f"- {one}." for one in _beside_rows(proposal))
    return _parts(lead, "\n".join(lines), will, _sentences(proposal.notes), ask)


def labelled(proposal: Proposal, lead: str, ask: str) -> str:
    """Labelled bullets with every identifier, a note, and the question."""
    lines = [f"- {label}: {value}" for label, value in proposal.fields]
    for row in proposal.rows:
        lines.append(
            f"- Item to {proposal.verb}: {row.name} — item id {row.number} ({row.now}){_dash(row.price, ' — ')}"
        )
        if row.then:
            lines.append(f"- New item: {row.new_number} — {row.then}{_dash(row.new_price, ' — ')}")
    note = f"Note: {_sentences(proposal.notes)}" if proposal.notes else ""
    return _parts(lead, "\n".join(lines), note, ask)


def table(proposal: Proposal, lead: str, ask: str) -> str:
    """A table of the details, and one of the items."""
    lines = ["| Detail | Value |", "| --- | --- |", *(f"| {label} | {value} |" for label, value in proposal.fields)]
    rows: list[str] = []
    if any(row.then for row in proposal.rows):
        rows = ["| Item | Now | New | Price |", "| --- | --- | --- | --- |"]
        rows += [f"| {row.name} | {row.now} | {row.then} | {_money(row.new_price)} |" for row in proposal.rows]
    elif proposal.rows:
        rows = ["| Item | Options | Price |", "| --- | --- | --- |"]
        rows += [f"| {row.name} | {row.now} | {_money(row.price)} |" for row in proposal.rows]
    return _parts(lead, "\n".join(lines), "\n".join(rows), ask)


def line(proposal: Proposal, lead: str, ask: str) -> str:
    """One line with the question at its end."""
    return " ".join(filter(None, [lead, f"{sentence('; '.join(proposal.clauses))}.", ask]))


def record(proposal: Proposal, lead: str, ask: str) -> str:
    """A JSON object whose keys are the labels."""
    told: dict[str, object] = {_key(label): value for label, value in proposal.fields}
    if proposal.rows:
        told["items"] = [_row(row) for row in proposal.rows]
    return json.dumps({"summary": lead, **told, "confirmation": ask}, ensure_ascii=False)


def letter(proposal: Proposal, lead: str, ask: str) -> str:
    """Long sentences, the question, and then reminders."""
    will = _sentences([f"I would {clause}" for clause in proposal.clauses])
    return _parts(lead, will, ask, f"A few things to keep in mind: {_sentences(proposal.notes)}")


LAYOUTS: dict[str, Layout] = {
    one.__name__: one for one in (arrows, details, paragraph, numbered, labelled, table, line, record, letter)
}
"""Every layout by its name."""


def _beside_rows(proposal: Proposal) -> Sequence[str]:
    """What will be, without what the rows say: that is the first of the outcomes."""
    return proposal.outcomes[1:] if proposal.rows else proposal.outcomes


def _row(row: Row) -> dict[str, str]:
    told = {"name": row.name, "item_id": row.number, "options": row.now}
    return told | ({"new_options": row.then, "new_item_id": row.new_number} if row.then else {})


def _key(label: str) -> str:
    return label.lower().replace(" ", "_")


def _parts(*parts: str) -> str:
    return "\n\n".join(filter(None, parts))


def _sentences(texts: Sequence[str]) -> str:
    return " ".join(f"{text}." for text in texts)


def _money(price: float | None) -> str:
    return "" if price is None else f"${price:.2f}"


def _dollars(price: float | None) -> str:
    return "" if price is None else f" (${price:.2f})"


def _dash(price: float | None, dash: str = " - ") -> str:
    return "" if price is None else f"{dash}${price:.2f}"


def _comma(price: float | None) -> str:
    return "" if price is None else f", ${price:.2f}"
