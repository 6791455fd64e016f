"""Whether a server's error says that a request does not fit into the model's context.

There is no agreed word for it: some send a code, most a sentence, and each another one. A text is taken for it if it
names what is read (a context, prompt, input, dialogue or request, or its tokens) and says that it is too much, unless
it is about something else: a rate or a quota, the tokens that may be generated, an image, the name of a parameter.
"""

from __future__ import annotations

import re


def _any(*patterns: str) -> str:
    return f"(?:{'|'.join(patterns)})"


_ABOUT_ELSE = re.compile(
    _any(
        # rates and accounts
        r"rate.?limit",
        r"per (?:minute|min|hour|day|second|month)\b",
        r"\b(?:tpm|rpm|tpd|rpd)\b",
        r"quota|billing|credit|afford|too many requests|concurren|throttl|please wait",
        # what is not text
        r"(?<!\b0 )\b(?:image|audio|video|pixel|attachment)s?\b(?!.{0,12}\btext)",
        # names and types
        r"un(?:known|recogni[sz]ed|supported|expected) (?:\w+ ){0,3}(?:parameter|argument|field|name|key|property)",
        r"not (?:a )?(?:supported|valid|permitted|recogni[sz]ed)\b",
        r"input should (?:be|have)|extra inputs|cannot find field|api key",
        r"must be a (?:number|string|list|boolean|valid)|header (?:fields?|or cookie)|\bschema\b",
        r"(?:integer|decimal|number|float) (?:above|below)",
        # other parts of a request
        r"(?:tools?|functions?|stop|metadata|user|n|logit bias)\b\W[^.]{0,40}(?:array|string|name|description) too",
        r"\btool calls?\W.{0,20}\bid\b",
        r"(?<!\+ )\bmax (?:(?:new|completion|output) )?tokens must be (?:less|<|at most|between)",
        r"(?:key|id|name|user)\b\W{0,4}string too long|stop sequences?\b",
        r"tool ?(?:result|use|call)s? blocks?|(?:only(?: supports?)?|more than) one (?:\w+ )?(?:message|prompt)",
        # what came in the way
        r"deadline|timed? ?out|\bretries\b|\bqueue|safety|violations?\b|flagged|\bblocked\b",
    ),
    re.DOTALL,
)
_TO_GENERATE = re.compile(
    _any(
        r"max.{0,3}(?:new|completion|output|gen\w*|response).{0,3}tokens?",
        r"\bmax.{0,2}tokens?\b(?! limit| length)",
        r"(?:completion|output|generat\w+|response) tokens?",
        r"maximum tokens (?:you requested|value)",
    )
)
_TO_READ = re.compile(
    _any(
        r"\b(?:context|prompts?|inputs?|messages|conversation|dialogue|history)\b",
        r"context(?:window|length)",
        r"model (?:token|length) limit",
        r"tokens in (?:the |your )?request",
    )
)
_NO_ROOM = re.compile(r"max\w*.{0,3}tokens?.{0,40}(?:got|\()\s*-\s*\d")
"""What is left to generate is less than nothing."""

_CONTEXT = r"context.{0,3}(?:window|length|size|limit|budget|capacity)"
_READ = _any(
    r"\b(?:prompts?|inputs?|messages?|conversation|dialog(?:ue)?s?|chat|history|sequence|text|prefill|context)\b",
    r"\b(?:kv cache|n ctx|max model len|seq(?:uence)? ?len(?:gth)?)\b",
)
_TOO_MUCH = _any(
    r"exceed\w*|surpass\w*|overflow\w*|beyond|reduce|shorten|capped|can only",
    r"(?:over|above) (?:the|this|its|max\w*|limit|by)",
    r"too (?:long|large|big|many|much|high)",
    r"(?:longer|larger|greater|bigger|more|higher) (?:\w+ ){0,2}than",
    r"does(?:n't| not) fit|not fit",
    r"cannot (?:be )?(?:exceed|more|longer|larger)",
    r"must (?:be|have|not) (?:<|less|fewer|shorter|smaller|at most|exceed|under)",
    r"should (?:not exceed|be \[|be <|be less)",
    r"supports? (?:only |up to|at most)|only supports?|not support .{0,20}of this (?:size|length)",
)
_OF_A_SIZE = _any(
    _TOO_MUCH,
    r"too small|above|out of|ran out|run out|used up|exhausted|insufficient|truncat\w*|reached",
    r"full\b|only\b|max(?:imum)?\b",
    r"not (?:be )?(?:enough|sufficient)",
    r"(?:does|do|did|will|would|can)(?:n't| not|not) (?:\w+ )?(?:fit|accommodate|exceed)",
    r"limited to|limit(?: is| of|ed|:)|up to|at most|(?:no more|less|fewer) than",
)
"""Said of a context's size; it would not be enough of other things."""
_GAP = ".{0,100}?"

_SAID = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        # a context, in any order
        f"{_CONTEXT}{_GAP}{_OF_A_SIZE}",
        f"{_OF_A_SIZE}{_GAP}(?:{_CONTEXT}|context overflow)",
        r"context(?: is| has been)? (?:full|exceed\w*|overflow\w*|exhausted|too)",
        r"(?:exceed\w*|overflow\w*|out of) (?:\w+ )?context",
        # what is read
        f"{_READ}{_GAP}{_TOO_MUCH}",
        rf"{_TOO_MUCH}\W{{0,3}}(?:\w+ ){{0,6}}{_READ}",
        rf"{_READ}{_GAP}(?:(?:length|size|tokens?).{{0,3}}limit|out of range)",
        f"room .{{0,20}}{_READ}",
        # its tokens
        rf"\btokens?\b{_GAP}{_TOO_MUCH}{_GAP}(?:limit|max\w*|length|window|model|\d|allowed|long)",
        rf"{_TOO_MUCH}{_GAP}\btokens?\b{_GAP}(?:limit|max\w*|length|window)",
        rf"{_TOO_MUCH}{_GAP}(?:model|max\w*).{{0,3}}tokens?",
        r"\btokens? limit\b|\b(?:max\w*|model) length exceed|more than max tokens",
        r"(?:tokens?|len|length|ids)\b.{0,20}\d{3,}.{0,40}>=? ?.{0,20}\d{3,}",
        r"\d{3,} tokens?\b.{0,60}\b(?:limit|max\w*|at most|only|up to|capacity|cap|supports?|n ctx\w*|context size)\b"
        r".{0,20}\d{3,}",
        r"tokens of context|tokens? > (?:n ctx|max)|expected max ?length",
        r"cannot fit .{0,20}tokens?",
        r"too many (?:\w+ ){0,2}tokens?|tokens? (?:count )?exceed",
        # a request as such
        r"(?:request|payload|body|entity|content).{0,20}(?:exceed\w*|too (?:large|long|big))(?!.{0,30}(?:time|second))",
        # by names
        r"max\w* (?:\w+ )?(?:prompt|input|context|sequence) (?:length|size|tokens?)",
        r"above max length|max prompt tokens",
        r"(?:输入|上下文|提示|消息|文本|内容|长度|prompt|token|tokens).{0,20}(?:超|过长|太长)",
        r"超.{0,12}(?:上下文|长度|token)|最[大长].{0,4}(?:上下文|输入)",
    )
)


def says_too_long(text: str) -> bool:
    """Whether an error's text says that the request does not fit into the model's context.

    Args:
        text: All that the server said, codes included.

    Example:
        >>> says_too_long("This model's maximum prompt length is 131072 but the request contains 537812 tokens.")
        True
        >>> says_too_long("Rate limit reached: 30000 tokens per min. Limit 30000, requested 40000.")
        False
    """
    said = re.sub(r"[_`'\"*\\]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)).lower()
    said = re.sub(r"(?<=\d),(?=\d{3})", "", re.sub(r"\s+", " ", said))
    if _ABOUT_ELSE.search(said):
        return False
    if _NO_ROOM.search(said):
        return True
    if _TO_GENERATE.search(said) and not _TO_READ.search(said):
        return False
    return any(pattern.search(said) for pattern in _SAID)
