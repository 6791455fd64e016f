"""The forms in which real models speak: what they say with every line, and how they lay out a proposal."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from toolgym.scripted.layouts import LAYOUTS
from toolgym.scripted.proposals import Proposal
from toolgym.scripted.speech import Speech
from toolgym.scripted.voice import listed

FORM_LINES = Path(__file__).parent / "forms.toml"


@dataclass(frozen=True)
class Form:
    """One form of speaking.

    Args:
        name: What it is called.
        layout: How a proposal is laid out, a name in :data:`~toolgym.scripted.layouts.LAYOUTS`; its lines are under
            that name in the files of lines.
        envelope: The key under which each message stands in a JSON object; empty where it is plain text.

    Example:
        >>> FORMS["wrapped"].enclosed("Done. The order is cancelled.", "Anything else?")
        '{"message": "Done. The order is cancelled. Anything else?"}'
    """

    name: str
    layout: str
    envelope: str = ""

    def proposal(self, proposal: Proposal, speech: Speech) -> str:
        """What is about to be done, and the question for a go-ahead.

        Args:
            proposal: What is about to be done.
            speech: The lines.
        """
        slots = {"noun": proposal.noun, "subject": proposal.subject}
        lead, ask = (speech.line(self.layout, name, **slots) for name in ("lead", "go_ahead"))
        return LAYOUTS[self.layout](proposal, lead[:1].upper() + lead[1:], ask)

    def again(self, proposal: Proposal, speech: Speech) -> str:
        """The question for a go-ahead once more, without what it is about."""
        return speech.line(self.layout, "again", noun=proposal.noun)

    def restated(self, proposal: Proposal, speech: Speech) -> str:
        """All that is about to be done once more, in a sentence, and the question for a go-ahead."""
        return speech.line(self.layout, "restate", noun=proposal.noun, clauses=listed(proposal.clauses))

    def enclosed(self, lead: str, text: str) -> str:
        """A message as it is sent.

        Args:
            lead: With what it begins; may be empty.
            text: What it says; an object of JSON keeps its keys.
        """
        if not self.envelope:
            return f"{lead} {text}".strip()
        if text.startswith("{"):
            return json.dumps({**({"done": lead} if lead else {}), **json.loads(text)}, ensure_ascii=False)
        return json.dumps({self.envelope: f"{lead} {text}".strip()}, ensure_ascii=False)


def _forms() -> dict[str, Form]:
    forms = {name: Form(name, name) for name in LAYOUTS}
    forms["record"] = replace(forms["record"], envelope="text")
    forms["wrapped"] = Form("wrapped", "labelled", envelope="message")
    return forms


FORMS: dict[str, Form] = _forms()
"""The ten forms by name: a layout each, and labelled bullets wrapped in a JSON object."""

AskedBack = Literal["short", "full"]
"""What is said when the user asks back before a write: the question again, or all of it in other words."""


def form_speech(*files: Path) -> Speech:
    """The lines of every form, with those of a domain's files added.

    Args:
        files: TOML files with a table for each line, in which every layout has its text.

    Raises:
        DataError: If a file is not TOML, or a line lacks a layout.
        UnknownNameError: If a line has a layout that there is not.
    """
    return Speech.read(*files, core=FORM_LINES, wordings=tuple(LAYOUTS))
