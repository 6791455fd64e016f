"""Whether a sentence says that something was done: a deed, and no plan, rule or condition."""

from __future__ import annotations

import re

from toolgym.language import statement_cues as tell
from toolgym.language.cue import Cue, cue
from toolgym.language.request_cues import PROMISE

# A clause with one of these tells what will, can or should be, what depends on something, or what is not.
_NOT_DONE = cue(
    r"(?:will|would|shall|should|can|could|may|might|must|cannot)\b(?! (?:now )?see\b)",
    r"\w+'(?:ll|d)\b",
    r"(?:won|can|wouldn|couldn|shouldn|isn|aren|wasn|weren|hasn|haven|hadn|didn|doesn|don)'?t\b",
    r"(?:not|never|no longer|nor|nothing|no|none|neither|only|yet|cannot)\b",
    r"to (?:be|have|get|go|\w+ly)\b",
    r"to (?:cancel|return|refund|exchange|swap|replace|modify|change|update|switch|process|submit|complete|proceed|"
    r"place|confirm|finali[sz]e)\b",
    r"(?:going|about|ready|need|want|like|wish|able|eligible|required|used|happy|here) to\b",
    r"(?:if|once|when|until|unless|before|after|upon|as soon as|whether|in case|should you|please|"
    r"let me|let's|in order to)\b",
    r"(?:(?:any|each|every|all|an?) )(?:\w+ ){0,3}(?:orders?|items?|exchange|return|cancell?ation|"
    r"refund|card|payment)s?\b",
    r"(?:here|there|what|how|where)'s\b",
    r"(?:here|there) (?:is|are)\b",
    r"(?:becomes?|turns?|changes|gets?|being|proposed|planned|prepared)\b",
    r"made sure",
    r"(?:so|thus) far\b",
    r"you(?:'ve| have)\b",
    r"you(?:'re| are| were)? (?:ask|request|want|bought|order|receiv|told|mention|paid|agree|confirm)\w*",
    r"(?:wanted|requested by|asked|hoping|wish|like|placed by|placed in error|ordered)\b",
    r"(?:charged|paid|billed) (?:in full|with|by|to|via|using)\b",
)
# "I've found the items for the exchange in your order": nothing but looked up, unless a deed follows.
_LOOKED_UP = re.compile(
    r"\W*(?:\w+, )?(?:i|we)(?:'ve| have)? (?:(?:just|now|also|already) )*(?:found|located|identified|looked|checked|"
    r"pulled|"
    r"reviewed)\b(?!.*\b(?:done|cancell?ed|returned|refunded|exchanged|swapped|replaced|modified|changed|updated|switched|"
    r"submitted|processed|placed|requested|made|set|moved)\b)",
    re.I | re.S,
)
_CONDITION = cue(r"(?:if|once|when|whenever|after|before|unless|until|as soon as|should)\b")
_PAST = cue(
    r"(?:has|have|had|was|were|did)\b",
    r"\w+'(?:ve|s been)\b",
    r"(?:i|we) (?:just |already |now )*\w+ed\b",
    r"(?:done|all set|success\w*|already|completed)\b",
)
_NO = re.compile(r": ?(?:no|false|not yet|none)\W{0,3}\Z", re.IGNORECASE)
"""A field that says of a deed that it was not done."""
_CUT = re.compile(r"[,;:()\u2014]+\s|\s-+\s|\s->\s|\b(?:and|but|so|which|that)\b")


def tells_deed(sentence: str, done: Cue | None = None) -> bool:
    """Whether a sentence says that something was done.

    Args:
        sentence: One sentence; a question is for the caller to leave out.
        done: How else a domain says that something was done.

    Example:
        >>> tells_deed("Your order has been cancelled."), tells_deed("The order will be cancelled.")
        (True, False)
        >>> tells_deed("Done, you will get an email."), tells_deed("It can only be changed once.")
        (True, False)
        >>> tells_deed("I've found the items for the exchange in your order.")
        False
    """
    if not _says(sentence, done) or _NO.search(sentence) or PROMISE.search(sentence) or _LOOKED_UP.match(sentence):
        return False
    if _CONDITION.match(sentence) and not tells_past(sentence):
        return False
    if not _NOT_DONE.search(sentence):
        return True
    clauses = [clause for clause in _CUT.split(sentence) if clause and clause.strip()]
    return any(_says(clause, done) and not _NOT_DONE.search(clause) for clause in clauses)


def tells_past(sentence: str) -> bool:
    """Whether a sentence that says that something was done says so in the past or perfect, as no plan can.

    Example:
        >>> tells_past("I have cancelled your order."), tells_past("The lamp is replaced by the white one.")
        (True, False)
    """
    return _PAST.search(sentence)


def _says(text: str, done: Cue | None) -> bool:
    return tell.DONE.search(text) or (done is not None and done.search(text))
