"""Whether a user says yes or no, whether it was asked for consent, and how it leaves; English alone.

The rule for a yes: a sentence that is not a question says so, and no sentence takes it back. A word of refusal or of
second thoughts takes it back ("not", "wait", "instead"), and so does a condition or an exception that follows the yes
("Yes, but the blue one", "Sure, if you can keep the address", "OK, except for the lamp"). "No problem", "Why not" and
"I don't mind" are a yes although they hold such a word. Words that just take note ("OK.", "Fine.", "Why not!") are a
yes only where the answer says nothing else: "Okay, take your time." is none. A question beside a yes does not take it
back ("Yes. Could you also look at my other order?"); a question alone is neither yes nor no. What the yes is good for
is for the caller to see: to a message that asks for nothing, "OK." agrees to nothing (:func:`asks`).
"""

from __future__ import annotations

import re

from toolgym.language.text import sentences
from toolgym.messages import STOP_MARKS

_IDIOM = re.compile(
    r"\b(?:no (?:problem|worries|objections?|issues?)|why not|(?:i )?(?:don't|do not|wouldn't) mind(?: at all)?|"
    r"not a problem|can't wait)\b",
    re.IGNORECASE,
)
_YES = re.compile(
    r"\b(?:yes|yep|yeah|yup|sure|absolutely|definitely|certainly|of course|by all means|confirm(?:ed)?|correct|"
    r"exactly|agreed?|approved?|perfect|go (?:right )?ahead|go-ahead|go for it|proceed|carry on|do (?:it|that|so)|"
    r"please do|be my guest|let's (?:(?:do|go with) (?:it|that|this)\b|go ahead|go$)|"
    r"(?:that|this|which)(?:'s| is| all)? (?:looks |sounds )?(?:right|fine|good|great|okay|ok)|"
    r"(?:looks|sounds) (?:right|good|great|fine|perfect|ok|okay|like a plan)|works for me|that works|"
    r"i'm (?:fine|happy|okay|ok|good) with (?:that|it|this))\b|"
    r"(?:^\W*|[,;] |\b(?:that|this|it)(?:'s| is| all)? |\b(?:sounds|looks) )(?:fine|good|okay|ok|alright) "
    r"(?:with|by|for) me\b",
    re.IGNORECASE,
)
_WEAK = re.compile(
    r"\W*(?:(?:ok|okay|k|alright|all right|right|fine|great|good|cool|"
    r"no (?:problem|issues?)|(?:i have )?no objections?|why not|"
    r"(?:i )?(?:don't|do not|wouldn't) mind(?: at all)?)\b\W*)+"
    r"(?:(?:then|thanks|thank you|please|by all means)\b\W*)*",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:no|nope|nah)\b|\bno(?=\W*$|[,.!;])|^\W*only if\b|"
    r"\b(?:not|never|wait|wrong|actually|rather|hold on|hang on|stop|instead|incorrect|"
    r"mistaken|disagree|no (?:way|rush|hurry)|think (?:about|over) it|change[ds]? my mind|reconsidered|"
    r"on second thoughts?|different(?:ly)?|new plan|"
    r"better idea|before you|(?:maybe|perhaps) later)\b|n't\b",
    re.IGNORECASE,
)
_NOTED = re.compile(r"\W*(?:ok|okay|alright|all right|fine)\b", re.IGNORECASE)
_YET = re.compile(r"\b(?:but|if|unless|except|although|though|as long as|provided|only|apart from)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:anything|something|any(?:where)?|what|any (?:other|further)\b.*|how) (?:else|more|further)\b|"
    r"\bany (?:other|further)\b|\bfurther matter\b|\bhow (?:can|may|could) i (?:help|assist)\b",
    re.IGNORECASE,
)
_LOOK = re.compile(
    r"\b(?:(?:shall|should|may|can|could|let|want|like) (?:i|me|us)(?: to)?) (?:just |first |quickly |now |go and )*"
    r"(?:check|look|see|find|verify|search|review|pull|open|read)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\W*(?:(?:and|so|thank you|got it|one more)\W+)*(?:which|what|where|how|who|why|when)\b", re.IGNORECASE
)
_CONSENT = re.compile(
    r"\bconfirm|\bproceed|\bgo ahead|\bshall i\b|\bshould i\b|\bmay i\b|\bdo you (?:agree|approve|want me)\b|"
    r"\bwould you like (?:me|us) to\b|\bwant me to\b|\byes\b|\bok(?:ay)? (?:to|with|if|for)\b|"
    r"\bis (?:that|this) (?:right|correct|ok|okay|fine|what you)|\ball right with you|\bsounds? (?:good|right)\b|"
    r"\bcorrect\?|\bright\?|\bagree",
    re.IGNORECASE,
)
_GIVES_UP = re.compile(
    r"\b(?:never ?mind|forget (?:it|about it)|gives? up|leav(?:e|ing) it|another (?:time|day)|"
    r"tr(?:y|ying) (?:it )?again|"
    r"call back|come back|waste of|had enough|going nowhere|getting us anywhere|(?:is|are)n't (?:helping|working)|"
    r"going (?:around )?in circles|i'm out(?! of)\b|stop here|don't think this is working|missing each other)",
    re.IGNORECASE,
)


_CONTENT = re.compile(
    r"\b(?:thanks|thank you|thx|great|perfect|wonderful|appreciate|"
    r"(?:that|this)(?:'s| is| was| will be|'ll be) (?:all|it|everything)|all (?:set|done|good)|nothing (?:else|more)|"
    r"no(?:thing)? further|i'm (?:good|done)|we're (?:done|finished)|that (?:covers|does) (?:it|everything)|"
    r"have a (?:nice|good|great))\b",
    re.IGNORECASE,
)


def says_yes(text: str) -> bool:
    """Whether an answer is a clear yes: a sentence says so, and none takes it back.

    Example:
        >>> says_yes("Yes, please go ahead. Could you also look at another order?"), says_yes("Why not!")
        (True, True)
        >>> says_yes("Yes, but not the blue one."), says_yes("My e-mail is ada@example.com.")
        (False, False)
    """
    spoken = _spoken(text)
    statements = [one for one in sentences(spoken) if not one.endswith("?")]
    agreed = any(map(_YES.search, statements)) or (_WEAK.fullmatch(spoken) is not None and "?" not in spoken)
    return agreed and not any(map(_takes_back, statements))


def says_no(text: str) -> bool:
    """Whether an answer is a clear no: its first sentence refuses, or says yes to something else.

    Example:
        >>> says_no("No, that's not right. It is the blue one."), says_no("Which one would that be?")
        (True, False)
        >>> says_no("No problem, go ahead."), says_no("Yes, but the blue one.")
        (False, True)
    """
    first = next(iter(sentences(_spoken(text))), "")
    return not first.endswith("?") and _takes_back(first)


def _spoken(text: str) -> str:
    for mark in STOP_MARKS:
        text = text.replace(mark, " ")
    return text.replace("\u2019", "'")


def _takes_back(sentence: str) -> bool:
    rest = _IDIOM.sub("", sentence)
    if _NO.search(rest):
        return True
    agreed = _YES.search(sentence) or _NOTED.match(sentence)
    return agreed is not None and _YET.search(sentence, agreed.end()) is not None


def asks(text: str) -> bool:
    """Whether a message asks for consent, or at least for an answer other than what else there is to do.

    Example:
        >>> asks("I will cancel order #1. Shall I go ahead?"), asks("It is cancelled. Anything else?")
        (True, False)
    """
    return any("?" in one or _CONSENT.search(one) for one in _of_deeds(text))


def asks_for_consent(text: str) -> bool:
    """Whether a message asks for a yes to something that it is going to do."""
    return any(_CONSENT.search(one) and not _OPEN.match(one) for one in _of_deeds(text))


def _of_deeds(text: str) -> list[str]:
    """The sentences of a message that do not just ask what else there is, or whether to have a look."""
    return [one for one in sentences(text) if not _MORE.search(one) and not _LOOK.search(one)]


def gives_up(text: str) -> bool:
    """Whether a user leaves without having got what it wanted, by its own words."""
    return bool(_GIVES_UP.search(text.replace("\u2019", "'")))


def content(text: str) -> bool:
    """Whether a user's last words are those of somebody who has what it wanted, or who says nothing."""
    for mark in STOP_MARKS:
        text = text.replace(mark, " ")
    return not text.strip() or _CONTENT.search(text.replace("\u2019", "'")) is not None
