"""Who a customer is: what it is asked about that, and what it answers."""

from __future__ import annotations

import re

from toolgym.scripted.voice import Voice
from toolgym_retail.facts import Facts

# A yes or no about who the customer is, unless an order or a consent is spoken of too.
_WHO = re.compile(
    r"\b(?:am i (?:speaking|talking|chatting)|are you|you are|you're|"
    r"is this(?! (?:correct|right|ok|okay|fine|good|accurate|acceptable|agreeable|address|order|the|"
    r"what|all|everything|"
    r"how|your (?:new|default|shipping|delivery|address|order))\b)(?! ?\?))"
    r"[^?]{0,60}(?:@|\b\d{5}\b|right|correct|\?)",
    re.IGNORECASE,
)
_NOT_WHO = re.compile(
    r"#?W\d{7}|\bsure\b|\bok|\bready\b|\bagree|\bfine\b|\bhappy\b|\bproceed|\bgo ahead|\bupdat|"
    r"\bship|\baddress (?:to|will)\b|"
    r"\bnew address",
    re.IGNORECASE,
)
_MAIL = re.compile(r"\be-?mail|\bmail\b", re.IGNORECASE)
_TELLS_BY_MAIL = re.compile(
    r"\bconfirmation e-?mail|\b(?:get|receive|send you|sent you) an? e-?mail|"
    r"\be-?mail (?:about|confirm|with (?:instr|the))",
    re.IGNORECASE,
)
_ZIP = re.compile(r"\bzip|post(?:al)? ?code", re.IGNORECASE)
_NAME = re.compile(r"\bname", re.IGNORECASE)
_USER_ID = re.compile(r"\buser ?id", re.IGNORECASE)
_MAIL_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+\.[\w.]+\w")
_ZIP_CODE = re.compile(r"(?<![\d#W])\d{5}(?!\d)")


def is_me(text: str, facts: Facts) -> bool | None:
    """Whether it is this customer that the assistant believes to speak with; None if it does not ask."""
    if not _WHO.search(text) or _NOT_WHO.search(text):
        return None
    mails, zips = set(_MAIL_ADDRESS.findall(text.lower())), set(_ZIP_CODE.findall(text))
    named = facts.last_name.lower() in text.lower() or facts.first_name.lower() in text.lower()
    return bool(mails or zips or named) and mails <= {facts.email.lower()} and zips <= {facts.zip}


def identity(text: str, facts: Facts, voice: Voice) -> str:
    """What a customer says when it is asked who it is: what is asked, or else what it has at hand."""
    say = voice.say
    name = f"{facts.first_name} {facts.last_name}"
    mail, zipped, named = _MAIL.search(_TELLS_BY_MAIL.sub("", text)), _ZIP.search(text), _NAME.search(text)
    if facts.identifies_by == "email" and (mail or not (zipped or named)):
        return say("email", email=facts.email)
    if mail and not (zipped or named):
        return say("no_email")
    if _USER_ID.search(text) and not (mail or zipped or named):
        return say("no_user_id")
    if zipped and not (named or mail):
        return say("zip", zip=facts.zip)
    if named and not (zipped or mail):
        return say("name", name=name)
    return say("name_zip", name=name, zip=facts.zip)
