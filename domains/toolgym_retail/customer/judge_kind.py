"""Whether the action that an assistant speaks of is the one that a customer wants."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from toolgym_retail.customer.variants import wrong_options
from toolgym_retail.customer.wish_text import WishText
from toolgym_retail.facts import RequestKind

# The words of exchanging are kept apart from those of changing anything at all: a return may be worded as a change to
# an order, but not as an exchange.
_ACTIONS = {
    "cancel": re.compile(r"(?<!noise )(?<!noise-)\bcancel|\bcall(?:ing)? off\b|\bcall \w+ off\b", re.I),
    "return": re.compile(
        # "returned to your card" speaks of the money.
        r"\breturn(?!(?:ed|s)? to (?:your|the) (?:card|visa|paypal|gift|original))|"
        # "send the lamp back" is a return; "back to you", "back there" and "back on" are not.
        r"\b(?:send(?:ing)?|sent|goe?s?|going|tak(?:e|ing))\b[^.]{0,40}\bback\b"
        r"(?! to (?:your|the (?:card|visa|original|account)|you\b)| there| on )|"
        # "Boots and mug back, refund to PayPal."
        r"\w back, (?=[^.\n]{0,20}(?:\brefund|\bmoney|\$))",
        re.I,
    ),
    "exchange": re.compile(r"\b(?:exchang|swap|replac|trad(?:e|ing)\b|modif|chang|switch|convert)", re.I),
    "change": re.compile(
        r"\b(?:exchang|swap|replac|trad(?:e|ing)\b|modif|chang|switch|updat|convert|adjust|edit|mov(?:e|ing)\b|"
        r"redirect|"
        r"ship|set\b|put\b|bill|charg|pa(?:y|id)\b|becom|make\b|use\b|send\b|deliver|go(?:es)? to\b)|->",
        re.I,
    ),
}
_SWAP = re.compile(r"\bexchang|\bswap|\breplac|\btrad(?:e|ing)\b", re.I)
# An exchange may be told as "return the old one and trade it for ...".
_TRADE = re.compile(r"\bexchang|\bswap|\breplac|\btrad", re.I)
# Money that goes back is no item that goes back: "the refund will be sent back to your card".
_MONEY_BACK = re.compile(
    r"(?:\b(?:money|refund|amount|funds|cash|balance|difference|credit|sum|price|payment)\b|\$ ?\d[\d.,]*)"
    r"(?:[^.;\n]|\.(?=\d)){0,60}?\b(?:back|returned)\b(?:[^.;\n]|\.(?=\d))*",
    re.I,
)
_BACK = re.compile(r"back|returned", re.I)
# "It cannot be cancelled afterwards" warns, and cancels nothing.
_NO_CANCEL = re.compile(
    r"\b(?:not|never|cannot|can't|neither|nor|or)\b[^.\n]{0,40}cancel\w*|"
    r"\bcancel\w*[^.;,\n]{0,30}(?:\bnot|n't|\bcannot|\bno longer|\bimpossible)\b",
    re.I,
)
# "This is a return and not an exchange", "no replacement will be sent".
_NO_DEED = re.compile(
    r"\b(?:not|no|nor|neither|never|without|instead of|rather than) (?:(?:an?|the|any|be|being|for) )?(?:\w+ )?"
    r"(?:exchang|replac|swap|return|cancel|refund|modif)\w*",
    re.I,
)
_A_REFUND = re.compile(r"\brefund", re.I)
_PROFILE = re.compile(
    r"\b(?:profile|default|account|primary|home)\b[^.;]{0,30}\baddress|"
    r"\baddress (?:on|in|of) (?:your|the) (?:profile|account)|\baddress book",
    re.I,
)


_EXCHANGED = re.compile(r"\bexchang", re.I)
_MODIFIED = re.compile(r"\b(?:modif|chang(?:e|ed|ing)\b|switch|swap|replac|updat)", re.I)
_WHERE: dict[str, re.Pattern[str]] = {
    "modify_address": re.compile(
        r"\border(?! id: none)|\bship|\bdeliver|\bparcel|\bpackage|#?w\d|\bgoe?s? to\b|\bredirect", re.I
    ),
    "user_address": re.compile(
        r"\bdefault|\bprofile|\baccount|\baddress (?:book|on file)|\bhome address|\buser address", re.I
    ),
}
"""Words without which it is not told whose address is changed: an order's or the customer's."""
_MODIFICATION = re.compile(r"\bmodif|\bchange of items?\b", re.I)
_RETURNED = re.compile(r"\breturn", re.I)
_GIVEN = re.compile(r"\b(?:exchang|swap|replac|trad(?:e|ing)\b|switch|instead|get\b|receive|place of)", re.I)
_SENT_BACK = re.compile(r"\b(?:exchang|swap|replac|trad(?:e|ing)\b|return|send|sent)|\bback\b", re.I)


class _Contradiction(NamedTuple):
    """Words that speak of something else than what is wanted."""

    kinds: tuple[RequestKind, ...]
    """The kinds of requests that they contradict."""
    says: re.Pattern[str]
    unless: tuple[re.Pattern[str], ...] = ()
    """Words beside them that take the contradiction back."""
    by_line: bool = False
    """Whether those must stand in the same line."""

    def stands_in(self, text: str) -> bool:
        texts = text.splitlines() if self.by_line else [text]
        return any(self.says.search(one) and not any(less.search(one) for less in self.unless) for one in texts)


_CONTRADICTIONS = (
    # "Rather than cancelling it I would put it on hold", or only a part of it is cancelled.
    _Contradiction(
        ("cancel",),
        re.compile(
            r"\b(?:rather than|instead of|without|not) cancel|\bpartial|\bcancel\w* (?:only|just)\b|"
            r"\bcancell?ation of (?:one|a single|just|only)\b|\bcancel\w* (?:one|a single) (?:item|product)\b|"
            r"\bput (?:it|the order|this) on hold|\btak(?:e|ing) [^.;]{0,60}\bout\b|\bremov(?:e|ing)\b|"
            r"\bship\w* as planned|\bstill ships?\b|\bthe rest (?:stays|ships|is)",
            re.I,
        ),
    ),
    # "... and change your default address to ...", beside what is wanted.
    _Contradiction(
        ("cancel", "return", "exchange", "modify_items", "modify_payment", "question"),
        re.compile(
            r"\b(?:chang|updat|set|switch|mov)\w* (?:(?:your|the|its|also) )*(?:\w+ "
            r"){0,2}address(?:es)?\b[^.;\n]{0,20}\bto\b",
            re.I,
        ),
    ),
    # What has arrived is not changed before it ships; what has not is not exchanged by sending it back.
    _Contradiction(
        ("modify_items",),
        re.compile(
            r"\bafter (?:the )?delivery\b|\bdelivered (?:order|item)s?\b|\b(?:has|have|was|were) (?:already |"
            r"been )*delivered\b|"
            r"\bsend(?:ing|s)? [^.;\n]{0,40}\bback\b|\breturn (?:label|request|shipment)|\bstatus: delivered",
            re.I,
        ),
    ),
    _Contradiction(
        ("exchange",),
        re.compile(
            r"\bitems? modified\b|\b(?:still |is |status:? )pending\b|\bpending order|\bbefore (?:it|they|the "
            r"(?:order|parcel)) (?:is |are )?(?:ship|sent)|"
            r"\bmodification (?:of|to) (?:the |your |a |an )?(?:\w+ )?(?:order|items?)\b",
            re.I,
        ),
    ),
    # "I take it back for a refund", where it is to be exchanged.
    _Contradiction(
        ("exchange", "modify_items"),
        re.compile(r"\bfor a (?:full )?refund|\brefund you for\b", re.I),
    ),
    # "It's cheaper by $5.00, and I'll refund that" speaks of the difference.
    _Contradiction(
        ("exchange", "modify_items"),
        re.compile(r"\brefund (?:it|them|that)\b", re.I),
        unless=(
            re.compile(
                r"\b(?:cheaper|lower|less|differen\w+|go(?:es|ing) down)\b(?:[^.\n]|\.\d)*\n?"
                r"(?:[^.\n]|\.\d)*\brefund (?:it|that)\b",
                re.I,
            ),
        ),
    ),
    # What has not arrived cannot be sent back.
    _Contradiction(("modify_items",), re.compile(r"\bonce you(?:'ve| have) (?:sent|shipped|returned)\b", re.I)),
    # The address of the profile instead of the order's; "your profile address stays as it is" is none.
    _Contradiction(
        ("modify_address",),
        _PROFILE,
        unless=(
            re.compile(
                r"(?:profile|default|account|primary|home)[^.;]{0,40}"
                r"(?:stay|remain|not (?:be )?(?:\w+ )?(?:chang|updat|touch|affect|alter|part|includ|involv|"
                r"concern)|n't|unchanged|same(?! time)|untouched|keep|as (?:it )?is|alone)|"
                r"(?:not|n't|without|leav\w+|keep\w*|no change)[^.;]{0,45}(?:profile|default|account|primary)|"
                r"(?:profile|default|account)[^.;]{0,30} is an?(?:other)?\b",
                re.I,
            ),
        ),
        by_line=True,
    ),
    # "Your default address and all pending orders": more than the profile.
    _Contradiction(
        ("user_address",),
        re.compile(
            r"\b(?:and|plus|also|as well as) (?:for |of |on )?(?:all )?(?:your |the )?(?:\w+ )?"
            r"(?:pending |open )orders?\b|"
            r"\balso (?:ship|send|change|redirect|cancel|return|affect|appl)\w*\b",
            re.I,
        ),
    ),
    # The address of an order instead of the profile's; "this does not affect your pending orders" is none.
    _Contradiction(
        ("user_address",),
        re.compile(r"\b(?:shipping|delivery) address\b|\border\b", re.I),
        unless=(
            _PROFILE,
            re.compile(r"\b(?:no|not|n't|none|without|any|existing|pending|future|your) (?:\w+ ){0,3}orders?\b", re.I),
        ),
    ),
)


def wrong_kind(reading: WishText) -> bool:
    """Whether another action is spoken of than the one wanted; what is not done, or done once only, is no action."""
    kind = reading.request.kind
    wanted = kind if kind in ("cancel", "return") else "change"
    if _ACTIONS[wanted].search(_NO_DEED.sub(" ", _without_money(reading.body))):
        reading.shown.add("kind")
    meant = reading.meant
    body = _NO_DEED.sub(" ", _without_money(meant.body))
    found = {action for action, pattern in _ACTIONS.items() if pattern.search(body)}
    if wanted == "change":
        if kind in _WHERE and not _WHERE[kind].search(reading.body):
            reading.doubtful.add("kind")
        if kind == "user_address" and _PROFILE.search(reading.body):
            reading.shown.add("profile")
        return _changes_something_else(meant, found) if found else _contradicts(kind, body)
    if _contradicts(kind, _without_money(meant.body)):
        return True
    if wanted in found and found <= {wanted, "change", "exchange"} and not _SWAP.search(body):
        return False
    return bool(found - {wanted, "change"})


@lru_cache(8)  # the same text is compared with one wish after the other
def _without_money(text: str) -> str:
    """A text without the money that goes back."""
    return _MONEY_BACK.sub(" ", text) if _BACK.search(text) else text


def _changes_something_else(reading: WishText, found: set[str]) -> bool:
    """Whether what is meant to be changed is cancelled or returned, or another address is changed."""
    kind, body = reading.request.kind, reading.body
    if "cancel" in found and _ACTIONS["cancel"].search(_NO_CANCEL.sub(" ", body)):
        return True
    if kind == "modify_items" and "return" in found:
        return True
    if kind != "question" and "return" in found and not _TRADE.search(body):
        # "You send the red one back and get the blue one" is an exchange, if the blue one is what is wanted.
        wrong_options(reading)
        if kind != "exchange" or "options" not in reading.shown or _A_REFUND.search(body):
            return True
    if kind in ("exchange", "modify_items") and _other_word(kind, body):
        reading.doubtful.add("kind")
    return _contradicts(kind, body)


def _other_word(kind: RequestKind, text: str) -> bool:
    """Whether a deed is called by the word for orders that have arrived where this has not, or the reverse."""
    if kind == "exchange" and _RETURNED.search(text) and not _GIVEN.search(text):
        return True
    if kind == "exchange":
        return bool(_MODIFICATION.search(text)) and not _SENT_BACK.search(text)
    return bool(_EXCHANGED.search(text)) and not _MODIFIED.search(text)


def _contradicts(kind: RequestKind, text: str) -> bool:
    return any(kind in one.kinds and one.stands_in(text) for one in _CONTRADICTIONS)
