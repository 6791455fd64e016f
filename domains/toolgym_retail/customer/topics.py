"""What an assistant of a shop may ask a customer for, and the words that point to it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from toolgym.language import speech_acts
from toolgym.language.classifier import Classifier
from toolgym.language.cue import cue
from toolgym.language.speech_acts import Understood
from toolgym.language.topics import Topic, Topics

MAIL = cue(r"e-?mail\b(?! (?:you|with|will|shortly|soon|confirmation|instruct))", r"mail\b", r"electronic mail")
IDENTITY = cue(
    r"e-?mails?\b",
    r"mail\b",
    r"zip\b",
    r"zip ?codes?\b",
    r"post(?:al)? ?code",
    r"(?:full |first |last |family |sur|user ?)names?\b",
    r"(?:your|ur) name",
    r"name (?:and|\+|&|,|plus|with|or|on)",
    r"the name\b",
    r"identi(?:ty|fy|fi)",
    r"authenticat",
    r"user ?id",
    r"who (?:you are|am i|i am|i'm|are you|is this|do i)",
    r"verif(?:y|ication)",
    r"(?:find|locate|look up|pull up|access|open) (?:you|ur|your|the) ?(?:up|account|profile|record|file)",
    r"account (?:holder|details|info)",
)
ORDER = cue(
    r"number\s*\?",
    r"order ?(?:number|num|no\b|nr|id\b|#(?!w\d)|ref|code)",
    r"(?:which|what|whose)(?: of (?:the|your|these|those|them))?(?: \w+){0,2} (?:orders?|purchases?)\b",
    r"(?:number|id|reference)\b[^?.!]{0,25}\b(?:order|purchase)",
    r"(?:order|purchase)\b[^?.!]{0,30}\b(?:number|mean|refer|talking|concern|about)",
    r"from which order",
    r"order (?:is|are|was|should|do|did|would|we|you|i|contains?|has|holds?)\b",
    r"#w\b",
)
ITEMS = cue(
    r"items?\b",
    r"products?\b",
    r"articles?\b",
    r"things?\b",
    r"stuff\b",
    r"pieces?\b",
    r"goods\b",
    r"which ones?\b",
    r"what(?: \w+){0,4} (?:go|going|gets?|sen[dt])\b[^?.!]{0,12}back",
    r"units?\b",
    r"\w+,? (?:\w+,? )?or both",
    r"what to (?:return|exchange|swap|change|modify|send)",
    r"what (?:are|is|exactly|do|would|will|did|shall)\b[^?.!]{0,30}\b(?:return|exchang|"
    r"send|swap|give back|going back|modif|chang)",
)
OPTIONS = cue(
    r"colou?rs?\b",
    r"sizes?\b",
    r"variants?\b",
    r"variations?\b",
    r"versions?\b",
    r"options?\b",
    r"materials?\b",
    r"capacit",
    r"models?\b",
    r"specifi?c?a?t?i?o?n?s?\b",
    r"configuration",
    r"features?\b",
    r"attributes?\b",
    r"characteristic",
    r"brightness",
    r"finish\b",
    r"kinds?\b",
    r"style\b",
    r"replac(?:e|ed|ement)\b",
    r"becom",
    r"should (?:it|they|that|the (?:new )?\w+(?: \w+)?) be(?: like| changed to| swapped)?\s*[?:]",
    r"(?:be|should be) like\b",
    r"to which\b(?! (?:order|address|card|payment|method|account))",
    r"in lieu",
    r"have in mind",
    r"chang(?:e|ed|ing) about (?:it|them|that|this|the (?!order|account))\b",
    r"new (?:item|one|product)",
    r"instead\b",
    r"(?:exchange|swap|change|switch|trade)\w* (?:it |them |this |that |your [^?.!]{0,30})?(?:for|to|into|with)\b",
)
PAYMENT = cue(
    r"pay(?!pal\b)",
    r"paid\b",
    r"paypal",
    r"refund",
    r"money\b",
    r"\$\$",
    r"cash\b",
    r"difference",
    r"credit",
    r"methods?\b",
    r"gift ?card",
    r"cards?\b",
    r"charge",
    r"reimburs",
    r"funds\b",
    r"amount",
    r"billing",
)
REASON = cue(
    r"reason",
    r"why\b",
    r"motiv",
    r"grounds?\b",
    r"how come",
    r"cause\b",
    r"what (?:made|makes|happened)",
    r"what's behind",
    r"no longer need\w*[^?.!]{0,30}\bor\b",
    r"mistake[^?.!]{0,30}\bor\b",
)
ADDRESS = cue(
    r"address",
    r"addr\b",
    r"street",
    r"city\b",
    r"destination",
    r"where\b[^?.!]{0,40}\b(?:ship|deliver|sen[dt]|mov|parcel|package|live|mail|arrive|desk|order)",
    r"(?:ship|deliver|send)\w*[^?.!]{0,30}\b(?:to where|where)",
)
WHO = cue(
    r"(?:verify|confirm|identify|authenticate|establish) (?:who|your (?:identity|account|profile|"
    r"details first)|the account|"
    r"you\b)",
    r"(?:locate|find|look up|pull up|access|open) (?:your|the) (?:customer )?(?:account|profile)\b",
    r"your identity\b",
)
"""What asks who the customer is, whatever else it names."""
_WHO_IT_IS = cue(
    r"who (?:you(?:'re| are)?\b|i(?:'m| am) (?:speaking|talking|chatting|dealing|writing)|am i|are you|this is|is this|"
    r"it is|it's|owns|(?:is )?(?:the )?(?:account )?(?:customer|caller|holder|owner)\b|"
    r"is (?:calling|contacting|writing|asking|there))",
    r"who's (?:the|calling|contacting|writing|asking|there|this|speaking)\b",
    r"(?:identification|identify (?:you|who|the (?:customer|account|owner))|your identity|authenticat(?:e|ion|ing))\b",
    r"verify(?:ing)? (?:you|your (?:account|identity|details|profile)|the account|who|(?:that )?(?:it's|it is) you)\b",
    r"(?:for|need|needed|the|your|a|through|account|customer|by|before|of) verification\b",
    r"e-?mail\b[^.?!]{0,60}\bor\b[^.?!]{0,40}\bnames?\b",
    r"your e-?mail address (?:on|in|linked|for|of|so|first|before)\b",
    r"e-?mail (?:address )?(?:on file|linked|associated|registered|used|you (?:use|used|signed|registered|ordered))\b",
)
_IS_KNOWN = cue(
    r"(?<!not )(?<!once )(?<!after )(?<!until )(?:you're|you are|is|are|was|were|been|i've|i have|successfully|able to|"
    r"already) (?:now |already |all |successfully |fully )*(?:verif|authenticat|identif)",
    r"for (?:verifying|confirming|identifying|the verification|your verification)",
    r"identity (?:is |has been |was )?(?:confirmed|verified|checked)",
    r"(?:already|checked)\b[^.?!]{0,8}:? your identity",
    r"(?:found|located) your (?:profile|account)",
    r"all set on",
    r"(?:verification|identification)[^.?!]{0,20}\b(?:done|complete|success)",
)
_NAME_AND_ZIP = cue(
    r"names?\b[^.?!]{0,60}\b(?:zip|post(?:al)? ?code)",
    r"(?:zip|post(?:al)? ?code)[^.?!]{0,30}\b(?:first|last|full|family|your|sur)? ?names?\b",
)
NEW_PLACE = cue(
    r"street", r"city\b", r"address\b", r"apartment", r"suite\b", r"ship", r"deliver", r"destination\b(?! of)"
)
SHIPS = cue(r"street", r"city\b", r"address\b", r"apartment", r"suite\b", r"ship", r"deliver")
WHICH_ITEM = cue(
    r"(?:which|what)(?: \w+){0,2} (?:items?|articles?|products?|things?|stuff|pieces?)\b",
    r"(?:specify|name|list|indicate|tell me)(?: \w+){0,3} (?:items?|articles?|products?|things?|pieces?)\b",
    r"which (?!(?:new |other )?(?:colou?r|size|variant|version|option|material|model|kind|style|card|method|order|"
    r"payment))\w+ (?:do|would|should|shall|were|did|are) (?:you|i|we)\b[^?.!]{0,30}\b"
    r"(?:chang|swap|replac|exchang|switch|trad)\w* (?:to|for|with|into|by) (?:the |an? )?\w+ ?\w",
)
WHICH_ORDER = cue(r"(?:which|what)(?: \w+){0,2} orders?\b", r"order (?:number|#|id)", r"number of\b")
_METHOD = (
    r"(?:gift[ _]?cards?(?:_\d+)?|paypal|visa|master ?card|credit ?card|debit ?card|card\b|original "
    r"(?:payment|method|form|card))"
)
EITHER_PAYMENT = re.compile(
    rf"\b{_METHOD}[^?.!]{{0,60}},? or \b[^?.!]{{0,40}}?\b{_METHOD}|\brefund there,? or\b|\bthat card,? or\b",
    re.IGNORECASE,
)
EITHER_ITEMS = re.compile(r"\b(?:both|all|everything)\b[^?]{0,60}\bor (?:only|just)\b", re.IGNORECASE)


def _chooses_payment(part: str) -> bool:
    return bool(EITHER_PAYMENT.search(part)) and not re.search(r"\byes\b|y/n", part, re.IGNORECASE)


def _chooses_items(part: str) -> bool:
    return bool(EITHER_ITEMS.search(part))


_WITHIN = re.compile(
    r"\b(?:in|from|of|to|on|with|into|about) (?:this|that|the|your|the same) (?:same )?"
    r"(?:order|return|exchange|parcel|modification)\b|\b(?:items?|changes?|articles?|"
    r"products?) (?:you|to|in|from|of|that)\b|#?W\d{7}|before (?:i|we)\b|\bat the same time\b",
    re.IGNORECASE,
)


def _who_is_needed(parts: Sequence[str]) -> bool:
    """Whether a message speaks of who the customer is as something that has yet to be told."""
    if _NAME_AND_ZIP.search(" ".join(parts)):
        return True
    return any(_WHO_IT_IS.search(part) and not _IS_KNOWN.search(part) for part in parts)


def _about_one_order(part: str) -> bool:
    """Whether 'anything else' means other items of the same order."""
    return bool(_WITHIN.search(part))


def _settle(part: str, found: set[str]) -> set[str]:
    """What a question is about, of what its words point to."""
    if WHO.search(part):
        return {"ask_identity"}
    if MAIL.search(part) and not re.search(r"\bstreet|\bcity|\bship|\bnew address", part, re.IGNORECASE):
        found.discard("ask_address")
    if "ask_address" in found and not MAIL.search(part) and not re.search(r"\bname\b", part, re.IGNORECASE):
        found.discard("ask_identity")
    if "ask_address" in found and "ask_payment" in found:
        found.discard("ask_payment" if SHIPS.search(part) else "ask_address")
    if "ask_address" in found and NEW_PLACE.search(part) and not WHICH_ITEM.search(part):
        found -= {"ask_items", "ask_options"}
    if WHICH_ITEM.search(part):
        found = {"ask_items"}
    elif "ask_order" in found and not {"ask_payment", "ask_items"} & found:
        found.discard("ask_options")
    elif "ask_order" in found and WHICH_ORDER.search(part):
        found -= {"ask_items", "ask_options", "ask_payment"}
    elif "ask_options" in found:
        found.discard("ask_items")
    if "ask_address" in found and re.search(r"\bwhere\b", part, re.IGNORECASE):
        found.discard("ask_options")
    if "ask_reason" in found:
        found -= {"ask_order", "ask_items", "ask_options"}
    if "ask_payment" in found:
        found -= {"ask_order", "ask_items"}
        if not re.search(r"\bcolou?r|\bsize|\bvariant|\bversion|\bmaterial", part, re.IGNORECASE):
            found.discard("ask_options")
    if "ask_items" in found:
        found.discard("ask_order")
    return found


@cache
def _classifier() -> Classifier:
    """What ``benchmarks/customer/train.py`` has learned from labelled messages."""
    return Classifier.load(Path(__file__).with_name("intents.npz"))


TOPICS = Topics(
    (
        Topic("ask_reason", REASON),
        Topic("ask_address", ADDRESS),
        Topic("ask_payment", PAYMENT, choice=_chooses_payment),
        Topic("ask_identity", IDENTITY),
        Topic("ask_options", OPTIONS),
        Topic("ask_order", ORDER),
        Topic("ask_items", ITEMS, choice=_chooses_items),
    ),
    order=("ask_identity", "ask_order", "ask_items", "ask_options", "ask_payment", "ask_reason", "ask_address"),
    identity="ask_identity",
    things="ask_items",
    variants="ask_options",
    records="ask_order",
    names_record=re.compile(r"W\d{7}"),
    speaks_of_records=re.compile(r"\border", re.IGNORECASE),
    several_records=re.compile(r"\borders\b", re.IGNORECASE),
    within_record=_about_one_order,
    settle=_settle,
    needs_identity=_who_is_needed,
    learned=_classifier,
)
"""Everything that an assistant of the shop may ask for."""


def understand(text: str) -> Understood:
    """What a message of the shop's assistant calls for.

    Example:
        >>> understand("Which payment method would you like for the refund?").intent
        'ask_payment'
    """
    return speech_acts.understand(text, TOPICS)
