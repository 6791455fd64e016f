"""What a user says beside its yes that takes nothing back: why it wants it, what stays, that it knows what follows."""

from __future__ import annotations

import re

_THING = r"(?<!but )(?<!however )(?:it|they|(?:the|my) (?:old|present|current) (?:one|ones))"
BESIDE = re.compile(
    # Why: "I really can't use it", "it never connected to my TV", "nobody here bakes"
    r"\b(?<!but )(?:i|we) (?:really |just |simply |actually |honestly )*(?:don't|do not|can't|cannot|won't|"
    r"no longer|never) "
    r"(?:really |even |actually )?(?:need|use|wear|want|live|work|like) (?:it|them|in \w+|at \w+|there|here)"
    r"(?: (?:any ?more|any longer|now|at all))?(?![\w' ])|"
    r"\b" + _THING + r"(?:'s| is| are| has| have| was| were| does| did| do| will)?"
    r"(?:n't| not| never)(?: really| even| been| quite)* "
    r"(?:work|fit(?! my budget)|connect|compatible|suit(?! my budget)|start|charg|function|pair|turn|arriv|useful|"
    r"usable|"
    r"hold|clos|comfortable|big enough|small enough|available|in stock)\w*[\w' ]{0,80}|"
    r"\b(?:nobody|no one|none of us)(?: \w+)? "
    r"(?!asked|said|told|wants?|wanted|mentioned|approved|needs? to)\w+s\b(?: \w+)?|"
    # What stays: "I don't need anything else from that order", "don't touch the other things", "the rest stays"
    r"\b(?:please )?(?:don't|do not) touch (?:the (?:other|rest)|anything else|any other)[\w' ]{0,60}|"
    r"\bthe (?:rest|others|other (?:items|things|ones|two|units)) (?:all )?(?:stays?|remains?|"
    r"can stay|should stay)(?: (?:as (?:it is|they are|is)|the same|put|there))?|"
    r"\bno other (?:changes?|items?|things?|requests?|questions?)(?: (?:please|thanks|needed|for now))?|"
    r"\b(?:i )?(?:don't|do not) (?:want|need) (?:an?(?:other| different)|any other|anything (?:else|different|other))"
    r"(?: (?:one|item|variant|color|colour|size|version))?[\w' ]{0,40}|"
    r"\b(?:i|we) (?:don't|do not|won't) (?:want|need|have) (?:anything|any(?:thing)? other|any more|more)"
    r"[\w' ]{0,60}|"
    # What follows: "that isn't too late, I hope", "and once that's done I'd like to change an address"
    r"\b(?:it|that|this)(?:'s| is| will be)?(?:n't| not) too (?:late|much|soon)[\w' ]{0,60}|"
    r"\b(?:and |then )?(?:once|when|after) (?:it|that|this)(?:'s| is) (?:done|finished|settled|sorted|complete)\b"
    r"(?=,? (?:i|we|can|could|then|please (?:also )?(?:look|check|tell)))"
)
"""Complaints, remarks and later wishes that stand beside an answer and change nothing of what was proposed."""
