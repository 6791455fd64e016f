"""What a request for a go-ahead offers beside it, and what an answer says to that alone; English alone."""

from __future__ import annotations

import re

from toolgym.language.clauses import regular
from toolgym.language.text import sentences

_OR_GO = re.compile(
    r",? or (?=(?:shall|should|may|can|could) i (?:just |now |already |simply )*(?:go ahead|go on|proceed|continue|"
    r"submit|process)\b)",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:any|some)(?:thing)?\b[^.!?]{0,60}?\b(?:else|more|further|other)\b|\banything\b", re.IGNORECASE
)
_OR_ELSE = re.compile(
    r",? or (?:would|do|should) (?:you|i) (?:rather |prefer |like |want )+(?:me |to |an? |the )*([a-z]{5})",
    re.IGNORECASE,
)
_GOES = re.compile(
    r"\b(?:go (?:right |straight )?(?:ahead|on)|proceed|carry on|continue|do (?:it|that|so)|please do|submit|process)\b"
)
_NO_MORE = re.compile(
    r"(?:(?:no|nope|nah|nothing(?: else| more)?(?: to add)?|that's (?:all|it)|(?:just|only) (?:the|this|that) "
    r"[a-z]+(?: [a-z]+)?)(?: (?:thanks|thank you|for now))?[,.!]+ +)+"
)
_WANTS_MORE = re.compile(
    r"\W*y(?!ou)[a-z]+\b(?!,? (?:please )?(?:just )?(?:go|proceed|carry|continue|do|submit|process)\b)"
)
_KEPT = re.compile(
    r"\b(?:the|my) (?:other|rest of the) (?:stuff|things?|items?|ones?) (?:i'm|i am|i'll|we're|we'll) keep(?:ing)?\b"
)
_STAYS_WITH = re.compile(
    r"\b(?:and|but) no, (?:i'll (?:stay|stick) with (?:the |my )?(\w+)(?: one)?|(?:the |my )?(\w+)(?: one)? "
    r"(?:suits me|is (?:fine|good|perfect)))(?=[.!]|$)"
)


def begun(sentence: str) -> str:
    """A sentence from where it asks to go ahead, if it asks before whether there is more.

    Example:
        >>> begun("Anything else, or shall I proceed?")
        'shall I proceed?'
    """
    spot = _OR_GO.search(sentence)
    return sentence if spot is None or not _MORE.search(sentence[: spot.start()]) else sentence[spot.end() :]


def to_the_request(text: str, answer: str) -> str:
    """What an answer says to a request itself, without what it says to what the request offers beside it.

    "No" to whether there is more is no refusal, nor is "No exchange" to "or would you prefer an exchange?". Where a
    message asks whether there is more, or else to go ahead, only what says to go ahead is an answer to the request.

    Args:
        text: The message that asks.
        answer: The user's words.

    Example:
        >>> to_the_request("Anything else, or shall I proceed?", "No, please proceed.")
        'please proceed.'
        >>> to_the_request("Anything else, or shall I proceed?", "Yes.")
        ''
        >>> to_the_request("Shall I submit it, or would you prefer an exchange?", "No exchange. Submit the return.")
        '. submit the return.'
    """
    said = regular(answer)
    other = _OR_ELSE.search(text)
    if any(begun(one) != one for one in sentences(text)):
        if not _GOES.search(said) or _WANTS_MORE.match(said):
            return ""
        opening = _NO_MORE.match(said)
        return _KEPT.sub("~", said[opening.end() :] if opening else said)
    if other is not None and other[1].lower() not in text[: other.start()].lower():
        stem = re.escape(other[1].lower())
        said = re.sub(rf"^(?:oh |well )?no,? (?:(?:i'm|i am) not |i don't want (?:to |an? )?)?{stem}[a-z]*", "", said)
        if re.search(rf"(?<!not )(?<!no )(?<!n't )\b{stem}", said):
            return ""
    shown = text.lower()
    return _STAYS_WITH.sub(lambda found: "~" if (found[1] or found[2]) in shown else found[0], said)
