"""A message read once into its parts: what will be done, what is now, and what is merely named beside it.

JSON is laid out as labelled lines and a table as its cells; a heading gives its role to the lines below it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, NamedTuple, TypeAlias

from toolgym.language.layout import unwrapped
from toolgym.language.remembered import remembered
from toolgym.language.text import plain

Role: TypeAlias = Literal["do", "new", "now", "left", "note"]
"""Of a part of a message: what will be done, what something becomes, what it is now, what is left alone, a remark."""


class Part(NamedTuple):
    """A sentence, a labelled field or a cell of a table."""

    text: str
    """Without markdown."""
    label: str
    """What stands before its colon, or over and beside its cell, in lower case; empty if nothing does."""
    role: Role


# Said of what is left as it is.
_LEFT = re.compile(
    r"\b(?:everything else|nothing else|all (?:the )?other|all else|untouched|unaffected|unchanged|unmodified|excluded|"
    r"is (?:a third|another) one|stays?|staying|remains?|remaining|keep(?:s|ing)?|kept|"
    r"left (?:alone|as|out)|leav(?:e|es|ing)\b|none of|nothing about|no part|nothing to do with|apart from|except|"
    r"(?:other|different) totals?|as ordered|other orders?|as (?:they|it) (?:is|are|was|were)|same as before|"
    r"not(?: \w+){0,3}? (?:part|touch\w*|affect\w*|chang\w*|involv\w*|concern\w*|includ\w*|alter\w*|used?|"
    r"using|exchanged|returned|modified|charged|billed|moved|meant|listed|in the list))\b|"
    r"n't(?: \w+){0,3}? (?:part|touch|affect|chang|involv|concern|includ|alter|use|using|exchanged|returned|modified|"
    r"charged|billed|moved|meant|listed|in the list)",
    re.I,
)
# A rule, a condition, an alternative or a courtesy: it proposes nothing.
_NOTE = re.compile(
    r"^\W*(?:(?:but )?other\b|once (?:it|this|the|that|you|your|a|i)\b|there(?:'s| is|"
    r" are) (?:also )?an?\b(?!.*\b(?:will|differ|charg|refund|cost))|we (?:also )?(?:sell|have|carry|offer)\b)|"
    r"n't (?:at the moment|among|at present|right now|in stock|available|sold|offered)|would be \$|would (?:be|"
    r"cost)\b[^.]*\b(?:cheaper|dearer|less|more expensive)|"
    r"\b(?:only (?:be \w+ )?(?:one|once)|once (?:only|per|for)|(?:just|only)(?: \w+){0,4} (?:once|one time)|one time|"
    r"a single|no (?:more|further|second|cancel\w*|undo\w*|other)|unable|just so you know|"
    r"you (?:haven't|didn't|did not) (?:ask|mention)\w*|neither|in case|wonder\w*|considering|left aside|"
    r"not selected|exists?\b[^.]*\btoo|for (?:example|instance)|except|(?<!, )provided|not offered|nothing to|"
    r"(?:i'm|i am) aware|"
    r"per order|for each order|can(?:not|'t| not| no longer| only)|could(?: not|n't)|won't be able|(?:not|"
    r"isn't) (?:be )?possible|"
    r"irreversible|out of stock|sold out|(?:un|not |n't |also )available|n't in stock|"
    r"for comparison|"
    r"other (?:variants?|versions?|colou?rs?|sizes?|options?|\w+ of this (?:type|kind))|would also be|"
    r"you(?: also)?(?: have|'ve got|'ve)\b[^.;]{0,80}\b(?:on file|in your (?:profile|account)))\b|"
    r"^\W*(?:(?:and|but|so|also),? )?if(?:,|\b(?! (?:so|yes|that's|this is|everything|all)\b)"
    r"(?! you (?:do |can |could )?(?:agree|confirm|approve|say|give|accept|reply|answer|allow|okay|ok|permit|wish me|"
    r"want me(?! to (?:check|look|see|find|tell|show|explain)\b)|like me|tell me to)\b))|"
    r"\b(?:would|do) you (?:also )?(?:like|want|wish) to (?:also )?(?:add|include)\b",
    re.I,
)
# "I'll exchange it and keep the color" proposes something all the same; "I'll leave the lamp as it is" does not.
_COMMITS = re.compile(
    r"\b(?:i|we)(?:'ll| will| would|'d| can(?! only|'t|not)| am going to|'m going to|'re going to)\b"
    r"(?! (?:not|leave|keep|never|also|only|rather|then|be (?:un)?able|like|need|recommend|advise|suggest|"
    r"mention|offer|see|find|have|tell|confirm|help))",
    re.I,
)
# "I can modify the items of an order only once."
_ONCE = re.compile(r"\b(?:only|just|at most) (?:once|one time|a single time)\b", re.I)
# "The body becomes walnut, the finish stays matte."
_BREAK = re.compile(r"[,:(]| and ")
_BECOMES = re.compile(
    r"\b(?:becom\w*|will become|in place of|rather than|replac\w*|swap\w*|(?:be|is|gets?) (?:exchang|cancel|"
    r"redirect)\w*|chang\w* (?:from|to)|from\b.{0,200} to)\b|->",
    re.I,
)
_CONDITION = re.compile(
    r"\W*(?:if|should|in case|as long|otherwise|unless|once|after|apart|instead|since|"
    r"for (?!(?:your|the|this) |order ?#|#))\b",
    re.I,
)
# "You have the linen one." and "You'll get the corduroy one.", each a sentence of its own.
_NOW_SAID = re.compile(
    r"(?:(?:its|the|your)\b[^.,]{0,40} (?:is|are) (?:at this time|currently|at present|right now|now)|"
    r"(?:its|the|your)\b[^.,]{0,40} (?:presently|currently|at present|at the moment|now) (?:is|has|bears|goes|"
    r"reads)|right now|so far|"
    r"you (?:have|own|return)|you currently have|at present|currently)\b"
    r"(?!.*\b(?:want|wish|like|to|into|instead|for|becom\w*|get|exchang\w*|replac\w*|new|will|can|on file|"
    r"profile)\b)",
    re.I | re.S,
)
_NEW_SAID = re.compile(
    r"(?:and )?you(?:'ll| will)? (?:get|receive)\b"
    r"(?!.*\b(?:instead|rather|place|replac\w*|from|for (?:it|your|the)|old|current|refund\w*|email|back|"
    r"return\w*)\b)",
    re.I | re.S,
)
_LATER = re.compile(
    r"\b(?:(?:right |straight )?afterwards?|(?:right|straight) after|after (?:that|this)|next step|in "
    r"(?:another|a separate|"
    r"the next|a second) step|as (?:a|the) (?:next|second|separate) (?:step|thing)|once (?:that|this)(?:'s| is) "
    r"done)\b",
    re.I,
)
# What a line is the heading or label of.
_LEFT_LABEL = re.compile(
    r"\b(?:stays?|staying|keep\w*|kept|unchanged|untouched|unaffected|left|leave|remain\w*|rest|excluded|other|"
    r"not (?:be )?(?:\w+ )?(?:part|includ\w*|chang\w*|touch\w*|affect\w*|concern\w*|involved)|won't change|"
    r"will not change|no change|outside|same)\b",
    re.I,
)
_NOT_LABEL = re.compile(
    r"^(?:not|no|none)\b|\b(?:is|are|will|do|does|would|was) not\b|'s not\b|(?<!ca)n't\b|^left out|\(not\b"
)
_NOTE_LABEL = re.compile(
    r"\b(?:notes?|remarks?|next steps?|important|limits?|procedure|timing|please note|heads[- ]up|good to know|"
    r"information|comes? in\b|(?:these|following) (?:other )?(?:colou?rs|sizes|options|variants|versions|"
    r"choices)\b|choices|"
    r"reminders?|background|handling|alternatives?|similar|available|what happens|what to expect|to know|how i got|why|"
    r"when|what (?:i|we)(?:'ve| have)? (?:looked|checked|considered|compared)|"
    r"afterwards|after that|remember|warning|policy|availability|in stock|cannot|can't|"
    r"for (?:completeness|reference|comparison|the record|your information)|by the way|fyi)\b",
    re.I,
)
_NOW_LABEL = re.compile(
    r"^(?:the |your )?(?:now\b|current\w*|before(?! (?:i|we|you)\b)|old|existing|original(?!ly)|"
    r"present\w*|previous\w*|today$|"
    r"payment so far|what you(?:'ve| have)\b|from$|was$|out\b|"
    r"(?:items? )?(?:you (?:have|own|give|return|send)|going back$)|give$|"
    r"sent? back|out$|item out$|replaces|remove\w*)|"
    r"\b(?:current|old|now|before)$|"
    r"\b(?:stored with|on file|order now|now to|at present|at the moment|currently)\b",
    re.I,
)
_NEW_LABEL = re.compile(
    r"^(?:the |your )?(?:new\b|after\b|to$|then$|payment from now|what you(?:'ll| will) (?:get|receive)|"
    r"what it will be|desired|becomes?|it becomes|replacement|requested|desired|updated|changed to|"
    r"in$|(?:items? )?(?:you(?:'ll| will)? (?:get|receive)|coming(?: to you)?$)|"
    r"get$|receive|wanted|target|item in$|replaced by|"
    r"\w+ after the change|address to be saved)|\b(?:new|after)$",
    re.I,
)
_BULLET = re.compile(
    r"[ \t]*(?:[-*+\u2022>\u2013\u25a0-\u25ff\u2610-\u2612\u2713\u2714]|#{1,6}|\[\d{1,2}\]|\(?\d{1,2}[.)]|"
    r"\([A-Za-z]{1,3}\)|[A-Za-z][.)]|[Ss]tep \d{1,2}[:.)])[ \t]+"
)
_NUMBERED = re.compile(r"[ \t]*(?:\*\*)?(?:\(?\d{1,2}[.)]|\[\d{1,2}\]|[Ss]tep \d{1,2}[:.)])[ \t]")
# "Road bike (in stock)" is the heading of the bike, and no remark.
_IN_STOCK = re.compile(r"\((?:in stock|available)[^()]{0,20}\)|, (?:in stock|available)$")
_ROW = re.compile(r"[ \t]*\|")
_RULE = re.compile(r"[\s|:-]+")
_LABEL = re.compile(r"([^:?!.|]{1,48}):(?:\s+|$)(?=(.*))")
# "street = 12 Elm Road" is a field too.
_EQUALS = re.compile(r"^([A-Za-z][\w #/-]{0,40}?) ?=>? ?(?=\S)")
_CLAUSE = re.compile(r"(?<=;)\s+(?![^()]{0,99}\))|(?<=,) (?=(?:but|while|whereas)\b)")
_WH = re.compile(r"(?:by |to |in |for )?(?:which|what|how|when|where|who)\b", re.I)
_CUT = re.compile(r"(?<=[.!?])(?<!i\.e\.)(?<!e\.g\.)(?<!St\.)(?<!Apt\.)(?<!No\.)[\"')\]]*\s+")
# "Before I proceed: ..." names no field.
_BEFORE = re.compile(r"before (?:i|we|you)\b")
_NAME_WORDS = 3
"""Words of a label that names a field."""
_WILL = re.compile(r"\b(?:will|shall|would|i'd|i'll|we'll)\b", re.I)
# A deed that is told among the notes is one all the same.
_DOES = re.compile(
    r"\b(?:(?:will|is|are|shall)(?: \w+)? be|also|is also|are also) "
    r"(?:set|chang|updat|redirect|replac|cancel|return|exchang|charg|moved)\w*\b",
    re.I,
)


class Passage(str):
    """A text that remembers its parts: what is taken out of a message keeps the roles that it had there."""

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, parts: Sequence[Part]) -> Passage:
        """The passage of some parts of a message.

        Example:
            >>> Passage.of([Part("The lamp stays.", "", "left")])
            'The lamp stays.'
        """
        passage = cls("\n".join(part.text for part in parts))
        passage.parts = tuple(parts)
        return passage


def parts_of(text: str) -> tuple[Part, ...]:
    r"""The parts of a message, in order.

    Args:
        text: The message, with its markdown or wrapped in JSON.

    Example:
        >>> [(one.role, one.label) for one in parts_of("Current: red\nNew: blue\nThe lamp stays. Shall I?")]
        [('now', 'current'), ('new', 'new'), ('left', ''), ('do', '')]
    """
    return text.parts if isinstance(text, Passage) else _read(text)


@lru_cache(64)
def _read(text: str) -> tuple[Part, ...]:
    return tuple(_parts(unwrapped(text).splitlines()))


@dataclass
class _Section:
    """The heading that the lines below it belong to."""

    indent: int = -1
    label: str = ""
    role: Role = "do"
    listed: bool = False
    """Whether a list stands below it: what is no more in the list is no more of the section."""
    numbered: bool = False
    """Whether it is one of several that are numbered, each with a list of its own at the same depth."""


def _parts(lines: list[str]) -> Iterator[Part]:
    section, gap = _Section(), False
    header: list[str] | None = None
    following = _next_lines(lines)
    for number, line in enumerate(lines):
        if not line.strip():
            gap, header = True, None
            continue
        if _ROW.match(line):
            cells = [plain(cell).strip() for cell in line.strip().strip("|").split("|")]
            if _RULE.fullmatch(line):
                continue
            after = following[number]
            if header is None and after is not None and _RULE.fullmatch(lines[after]) and _ROW.match(lines[after]):
                header = cells
                continue
            yield from _cells(cells, header or [], section.role)
            continue
        header = None
        bullet = _BULLET.match(line)
        indent = len(line) - len(line.lstrip(" \t"))
        body = _EQUALS.sub(r"\1: ", plain(line[bullet.end() :] if bullet else line).strip())
        if not re.search(r"\w", body):
            continue
        outside = indent < section.indent or (gap and not bullet and indent <= section.indent)
        outside |= section.listed and bullet is None and indent <= section.indent
        outside |= section.numbered and _NUMBERED.match(line) is not None
        if outside or (bullet and indent <= section.indent and section.label and _is_bullet(section)):
            section = _Section()
        follows, gap = not gap, False
        section.listed |= bullet is not None
        after = following[number]
        if _is_heading(body, line, lines[after] if after is not None else "", indent):
            label = _CUT.split(body)[-1].rstrip(":?. ").lower()
            role = _label_role(label)
            if role == "do" and follows and section.role in ("now", "new", "left"):
                role = section.role
            numbered = _heads_list(line, lines[after] if after is not None else "", indent)
            section = _Section(indent + (1 if bullet and not numbered else 0), label, role, numbered=numbered)
            yield Part(body, label, role)
            continue
        yield from _sentences(body, section.role)


def _is_bullet(section: _Section) -> bool:
    return section.indent % 2 == 1


def _next_lines(lines: list[str]) -> list[int | None]:
    """For each line the number of the next that is not empty."""
    found: list[int | None] = [None] * len(lines)
    last: int | None = None
    for number in range(len(lines) - 1, -1, -1):
        found[number] = last
        if lines[number].strip():
            last = number
    return found


def _is_heading(body: str, line: str, after: str, indent: int) -> bool:
    """Whether a line is the heading of what stands below it."""
    if len(body) > 80:
        return False
    if body.endswith(":") or line.lstrip().startswith("#"):
        return True
    if body.endswith("?") and len(body) < 60 and after and _WH.match(body):
        return True
    bullet = _BULLET.match(after)
    below = len(after) - len(after.lstrip(" \t"))
    deeper = below > indent or (bullet is not None and _BULLET.match(line) is None)
    if body.isupper() and len(body) > 4 and deeper:
        return True
    deeper |= _heads_list(line, after, indent)
    return deeper and not re.search(r"[.!;,]$|: ", body)


def _heads_list(line: str, after: str, indent: int) -> bool:
    """Whether a numbered line stands over a list with other bullets at the same depth."""
    if not _NUMBERED.match(line) or _NUMBERED.match(after) or not _BULLET.match(after):
        return False
    return len(after) - len(after.lstrip(" \t")) == indent


def later(text: str) -> bool:
    """Whether a sentence is about a step that follows what is proposed.

    Example:
        >>> later("After that I'll look up the total."), later("I'd return the lamp.")
        (True, False)
    """
    return _LATER.search(text) is not None


@remembered(256)
def _label_role(label: str) -> Role:
    """What role a heading or label gives."""
    label = _IN_STOCK.sub("", label).strip()
    if _NOT_LABEL.search(label):
        return "left"
    if _NOW_LABEL.search(label):
        return "now"
    if _NEW_LABEL.search(label):
        return "new"
    if _LEFT_LABEL.search(label):
        return "left"
    return "note" if _NOTE_LABEL.search(label) else "do"


def _cells(cells: list[str], header: list[str], section: Role) -> Iterator[Part]:
    """A row of a table: its cells one by one where the columns are what is now and what is new, else as a line."""
    roles = [_label_role(name.lower()) for name in header]
    if {"now", "new"} & set(roles) and len(cells) <= len(header):
        first = cells[0].lower() if roles[0] == "do" else ""
        for cell, name, role in zip(cells, header, roles, strict=False):
            if re.search(r"\w", cell):
                label = f"{first} {name.lower()}".strip() if cell.lower() != first else name.lower()
                yield Part(f"{name}: {cell}" if role in ("now", "new") else cell, label, role)
    else:
        label = _label_role(cells[0].lower())
        if len(cells) == 2:
            yield Part(f"{cells[0]}: {cells[1]}", cells[0].lower(), label if label != "do" else section)
        else:
            line = ", ".join(cell for cell in cells if cell)
            left = any(_LEFT.search(cell) for cell in cells)
            yield Part(line, "", "left" if left and section == "do" else section)


def _sentences(body: str, section: Role) -> Iterator[Part]:
    """The sentences of a line, each with its role; what a label or a question says holds for what follows it."""
    asked: Role = "do"
    for sentence in filter(None, map(str.strip, _CUT.split(body))):
        found = _LABEL.match(sentence)
        label = found.group(1).strip().lower() if found else ""
        given = _label_role(label) if label else asked
        before: Role = "do"
        for piece in filter(None, map(str.strip, _CLAUSE.split(sentence))):
            role = _sentence_role(piece)
            if role == "do" and found and piece.startswith(found.group(1)):
                role = _sentence_role(piece[len(found.group(1)) + 1 :].strip())
            if given != "do":
                role = given
            elif (
                role == "note"
                and label
                and label.count(" ") < _NAME_WORDS
                and not _BEFORE.match(label)
                and not piece.startswith("(")
            ):
                role = section
            elif role == "do" and before == "note" and not _WILL.search(piece):
                role = before
            elif section != "do" and role != "left":
                role = "do" if section == "note" and role == "do" and _DOES.search(piece) else section
            before = role
            yield Part(piece, label, role)
        if sentence.endswith("?") and _WH.match(sentence):
            asked = _label_role(sentence.lower())


@remembered(256)
def _sentence_role(sentence: str) -> Role:
    if _NOW_SAID.match(sentence):
        return "now"
    if _NEW_SAID.match(sentence):
        return "new"
    if _COMMITS.search(sentence) and not _CONDITION.match(sentence) and not _ONCE.search(sentence):
        return "do"
    if _CONDITION.match(sentence) and _NOTE.search(sentence):
        return "note"
    if _LEFT.search(sentence):
        clauses = (clause for clause in _BREAK.split(sentence) if not _LEFT.search(clause))
        return "do" if any(_BECOMES.search(clause) or _DOES.search(clause) for clause in clauses) else "left"
    if _NOTE.search(sentence):
        return "note"
    return "do"
