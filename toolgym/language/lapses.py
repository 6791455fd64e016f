"""What tells of a lapse in a dialogue: a claim, a refusal, a question for what could be read, a user out of its part.

English alone. An analyst asks these of a failure; whoever speaks in an episode does not.
"""

from __future__ import annotations

import re

from toolgym.language.cue import cue
from toolgym.language.deeds import tells_deed
from toolgym.language.tells import refuses
from toolgym.language.text import plain, sentences

_UNKNOWN = cue(
    r"(?:do not|don't|cannot|can't|couldn't|could not) (?:really |actually |currently )?"
    r"(?:know|have|remember|recall|find|see)\b",
    r"(?:no idea|no clue|unsure|forgot|forgotten|lost)\b",
    r"(?:isn't|is not|aren't|not) (?:at hand|handy|with me)",
    r"can(?:'t| ?not) (?:you|u) (?:look|check|find|see)\b",
    r"(?:could|can) you (?:not )?(?:look|check|find)\b",
)
_ID = re.compile(
    r"\b(?:order|item|product|reservation|booking|ticket|account|user|customer|payment|method|variant|confirmation|"
    r"tracking|membership)(?:'s)? (?:method )?(?:ids?|numbers?|codes?|references?)\b|"
    r"\b(?:ids?|numbers?|codes?) (?:of|for) (?:the|your|that|this|which) \w+|\bids?\b(?! (?:card|document)\b)|"
    r"\bwhich (?:order|reservation|booking)\b",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\?|\b(?:please|kindly) (?:provide|give|tell|share|send|enter|specify|let me know|confirm)\b|"
    r"\b(?:need|require|have to know|must know|provide me|let me know)\b",
    re.IGNORECASE,
)
_FIGURE_ASKED = re.compile(
    r"\bhow (?:much|many|long|old|far|large|big)\b|\b(?:when|what day|which day|what date|by what date)\b|"
    r"\b(?:amount|total|sum|price|prices|costs?|balance|number of|figure|"
    r"refund(?:ed)?|difference|savings?|pay|paid|tracking|"
    r"left on|worth|percentage|average)\b",
    re.IGNORECASE,
)
_WANTS_TOLD = re.compile(
    r"\?|\b(?:tell me|let me know|wonder(?:ing)?|like to know|want to know|need to know|find(?:ing)? out|"
    r"curious|learn|look(?:ing)? up|interested|can you (?:say|tell)|what|check)\b",
    re.IGNORECASE,
)
_DECIMAL = re.compile(r"(?<![\w.,#-])-?\$?\d[\d,]*\.\d+(?![\w]|\.\d)")
_WHOLE = re.compile(r"(?<![\w.,#/:-])\$?\d[\d,]*(?![\w/:-]|[.,]\d)")
_HAVE_DONE = re.compile(
    r"\b(?:i|we)(?:'ve| have) (?:now |just |already |successfully |also )*"
    r"(?!(?:found|look|check|read|understood|noted|located|seen|heard|verified|confirmed|review|retriev|identified|"
    r"listed|included|received|learn|met|kept|had|got|been|need|want|that|it|not|at|just)\w*\b)\w+(?:ed|en|t|wn|de|ne|d)\b",
    re.IGNORECASE,
)
_NUMBER_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty"),
)
_COUNTED = re.compile(rf"\b({'|'.join(_NUMBER_WORDS[2:])})\b", re.IGNORECASE)
_OF_THE_ASSISTANT = re.compile(
    r"\bhow (?:can|may|could) i (?:help|assist)(?: you)?\b|"
    r"\bi(?:'ve| have)? (?:now |just |successfully |already )*"
    r"(?:processed|cancell?ed|updated|exchanged|modified|submitted|refunded|arranged|initiated) your\b|"
    r"\b(?:i'll|i will|let me) (?:now |just |go ahead and )*"
    r"(?:process|cancel|update|exchange|modify|submit|refund|look up|initiate|pull up|transfer) (?:your|you)\b|"
    r"\b(?:would you like|do you want) me to (?:process|cancel|update|exchange|modify|submit|refund|return|"
    r"proceed|go)\b|"
    r"\byour (?:order|return|exchange|refund|request|cancell?ation|address) (?:\S+ ){0,2}?"
    r"(?:has|have) been (?:\w+ly )?(?:processed|cancell?ed|updated|exchanged|modified|submitted|refunded|initiated)\b|"
    r"\bis there anything else (?:that )?(?:i can|you need|you'd like|you would like)\b|"
    r"\bthank you for (?:contacting|calling|your patience)\b",
    re.IGNORECASE,
)
_HOLDS_ON = re.compile(
    r"\b(?:i'll|i will|i'm going to|i am going to|let me|i'm|i am) (?:now |just |then |go ahead and |proceed to )*"
    r"(?:process|processing|cancel|cancelling|canceling|return|returning|exchange|exchanging|modify|modifying|update|"
    r"updating|change|changing|submit|submitting|proceed|proceeding|do|doing|make|making|take|taking|check|checking|"
    r"look|looking|get|getting|start|starting|arrange|arranging|place|placing|put|putting|book|booking|create|creating|"
    r"complete|completing|finali[sz]e|finali[sz]ing|initiate|initiating)\b|"
    r"\b(?:one|a|just a) (?:moment|second|minute)\b|\bplease (?:hold|wait|bear)\b|\bhold on\b",
    re.IGNORECASE,
)
_ALSO: dict[str, tuple[str, ...]] = {
    "modify": ("chang", "updat", "switch", "swap", "edit", "alter"),
    "update": ("chang", "modif", "set", "mark", "edit"),
    "exchange": ("swap", "replac", "trade"),
    "return": ("send back", "take back", "taken back", "refund"),
    "create": ("add", "make", "set up", "open"),
    "cancel": ("call off", "stop"),
    "book": ("reserv",),
}
_IS_DONE = re.compile(
    r"^\W*(?:and |so |now )?(?:it|that|this|all|everything|they|these)(?:'s| is| are| has| have)"
    r"(?: now| all| been| already)* "
    r"(?:done|noted|booked|set up|created|made|added|placed|arranged|registered|recorded|complete|completed|in place|"
    r"taken care of|settled|finished|sorted)\b(?! (?:once|when|after|if|as soon))",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z0-9]+")
_SHARED = 2
"""Words that an answer shares with its question."""
_COURTEOUS = frozenset(
    (
        "please",
        "thank",
        "thanks",
        "tell",
        "know",
        "want",
        "like",
        "need",
        "could",
        "would",
        "that",
        "this",
        "your",
        "what",
    )
)
_STEM = 5
"""Letters by which a verb is known in any form."""
_SAME = 4
"""Letters by which two words count as forms of one: "needed" and "need"."""


def says_done(text: str) -> bool:
    """Whether a message says that something was done.

    Example:
        >>> says_done("Your order has been cancelled. Anything else?"), says_done("I'll cancel it now.")
        (True, False)
        >>> says_done("It is noted."), says_done("It is done once you confirm.")
        (True, False)
    """
    return any(tells_deed(one) or _IS_DONE.search(one) for one in sentences(text) if "?" not in one)


def says_it_did(text: str) -> bool:
    """Whether a message says that its speaker has done something, whatever that is, and not just looked or understood.

    Example:
        >>> says_it_did("I have lent you The Waves."), says_it_did("I've found your order.")
        (True, False)
    """
    return any(_HAVE_DONE.search(one) for one in sentences(text) if "?" not in one)


def says_it_will(text: str) -> bool:
    """Whether a message says that something is about to be done, and asks nothing.

    Example:
        >>> says_it_will("Thank you. I'll process the return now."), says_it_will("Shall I process the return?")
        (True, False)
    """
    return "?" not in text and not says_done(text) and _HOLDS_ON.search(plain(text)) is not None


def refusals(text: str) -> list[str]:
    """The sentences of a message that say that something will not be done.

    Example:
        >>> refusals("I'm sorry, I can't cancel that order. Shall I look for another?")
        ["I'm sorry, I can't cancel that order."]
    """
    return [one for one in sentences(text) if "?" not in one and refuses(one)]


def asks_for_id(text: str) -> bool:
    """Whether a message asks the user for a number or id, or which record is meant.

    Example:
        >>> asks_for_id("Could you give me the order number?"), asks_for_id("Shall I cancel order #W1?")
        (True, False)
    """
    return any(_ID.search(one) and _ASKING.search(one) for one in sentences(text))


def says_unknown(text: str) -> bool:
    """Whether a user says that it does not know or have what it was asked for.

    Example:
        >>> says_unknown("I don't have it at hand."), says_unknown("It is #W1.")
        (True, False)
    """
    return any(_UNKNOWN.search(one) for one in sentences(text))


def asks_for_figure(text: str) -> bool:
    """Whether a user asks how much or how many something is.

    Example:
        >>> asks_for_figure("What would the total refund be?"), asks_for_figure("I'd like to return the lamp.")
        (True, False)
    """
    return any(_FIGURE_ASKED.search(one) and _WANTS_TOLD.search(one) for one in sentences(text))


def answers(text: str, question: str) -> bool:
    """Whether a sentence speaks of what a question was about: it shares two words with it.

    Example:
        >>> answers("For the desk lamp you paid 20.00.", "Tell me what I paid for the lamp.")
        True
        >>> answers("The chair was 20.00.", "Tell me what I paid for the lamp.")
        False
    """
    return len(_telling(text) & _telling(question)) >= _SHARED


def _telling(text: str) -> set[str]:
    return {word[:_STEM] for word in _WORD.findall(text.lower()) if len(word) >= _SAME and word not in _COURTEOUS}


def figures_like(text: str, like: str) -> list[str]:
    """The figures in a text that are written like another one: with decimals, or whole.

    Args:
        text: Any text.
        like: A figure such as ``"74.00"`` or ``"10"``.

    Returns:
        Each as digits, without currency and separators, a date as it is written; none if ``like`` is neither. Numbers
        in words count as whole.

    Example:
        >>> figures_like("The lamp cost $1,074.50 in order #W12, and there are two.", "9.99")
        ['1074.50']
        >>> figures_like("There are two of them, and 10 others.", "12")
        ['10', '2']
        >>> figures_like("It's due on 2026-03-08, in week 10.", "2026-03-05")
        ['2026-03-08']
    """
    bare = like.strip().lstrip("$-").replace(",", "")
    if re.fullmatch(r"\d+(?:[-/]\d+){2}", bare):  # a date
        written = re.sub(r"\d+", lambda digits: rf"\d{{{len(digits.group())}}}", bare)
        return re.findall(rf"(?<![\w/-]){written}(?![\w/-])", text)
    if not re.fullmatch(r"\d+(?:\.\d+)?", bare):
        return []
    if "." in bare:
        found = [one.group() for one in _DECIMAL.finditer(text)]
    else:
        found = [one.group() for one in _WHOLE.finditer(text)]
        found += [str(_NUMBER_WORDS.index(one.group().lower())) for one in _COUNTED.finditer(text)]
    return [one.lstrip("-$").replace(",", "").lstrip("$") for one in found]


def plays_the_assistant(text: str) -> bool:
    """Whether a user speaks as the assistant would.

    Example:
        >>> plays_the_assistant("Your order has been cancelled. How can I help you further?")
        True
        >>> plays_the_assistant("Has my order been cancelled? I'd like to return the lamp.")
        False
    """
    return _OF_THE_ASSISTANT.search(plain(text)) is not None


def speaks_of_doing(text: str, verb: str) -> bool:
    """Whether a text holds a verb or another word for it, in any form.

    Example:
        >>> speaks_of_doing("I'm unable to change that.", "modify"), speaks_of_doing("I can't see it.", "modify")
        (True, False)
    """
    stems = (verb.rstrip("e")[:_STEM], *_ALSO.get(verb, ()))
    return any(re.search(rf"\b{re.escape(stem)}", text, re.IGNORECASE) for stem in stems)


def says_value(text: str, value: str) -> bool:
    """Whether one sentence holds all words of a value, in any form and order.

    Example:
        >>> says_value("I just don't need it any longer.", "no longer needed"), says_value("No need.", "by mistake")
        (True, False)
    """
    wanted = {word[:_SAME] for word in _WORD.findall(value.lower()) if len(word) > 2 or word.isdigit()}
    if not wanted:
        return False
    return any(wanted <= {word[:_SAME] for word in _WORD.findall(one.lower())} for one in sentences(text))
