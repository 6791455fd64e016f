"""What a user that learns is charged for: what its scenario does not say, and leaving too soon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from toolgym.language.questions import ends_with_question
from toolgym.messages import STOP
from toolgym.rewards.terms import NOTHING, EpisodeView, Payment
from toolgym.trajectory import Step

_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_WORD = re.compile(r"\w+(?:(?<=\d)\.\d+)*%?")
_DECIMAL = re.compile(r"(\d+)\.(\d*?)0*")
_EVERYDAY = re.compile(r"\d{1,2}[ap]m|\d+(?:st|nd|rd|th|%)")
_EDGE = ".,:;!?()[]{}<>|*`\"'“”«»"


@dataclass(frozen=True)
class InventedFact:
    """Charges the user for each specific detail that it tells the assistant and cannot know.

    A *detail* is a word that holds a digit and has at least three characters (an id, an amount, a zip, a year), or an
    e-mail address. Small numbers and what people say by the way are none: ``2-3``, ``10:30``, ``3pm``, ``21st``,
    ``100%``. The user knows one that stands in its system prompt or in a message that it saw before, its own included,
    also as a part of a longer word there: the last digits of a known card are known. Case, punctuation, ``#``,
    currency signs, thousands separators and trailing zeros of decimals make no difference. So each detail is charged
    once, and what the user's own tools told it, or the assistant, it may say.

    Its limits: it sees neither invented names, wishes or reasons, nor small numbers and numbers in words, nor what
    stands in the arguments of calls; an invented number that is part of a known one passes. The sum of two known
    amounts is charged, and so is a number written otherwise than the user knows it (digits in fewer groups).

    Args:
        weight: Charged for each detail, at least 0.
        cap: Charged at most in an episode, at least 0.

    Example:
        >>> InventedFact().weight, InventedFact().cap
        (0.05, 0.2)
    """

    weight: float = 0.05
    cap: float = 0.2
    name: str = "invented"

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """What it charges for the step."""
        message = step.messages[0]
        if message.role != "user" or message.tool_calls:
            return NOTHING
        said = set(details(message.content or ""))
        if not said:
            return NOTHING
        seen = episode.view("user")[: -len(step.messages)]
        known = " ".join(word for one in seen for word in _words(one.content or ""))
        invented = sum(detail not in known for detail in said)
        left = max(0.0, self.cap + episode.rewards["user"].get(self.name, 0.0))
        return {"user": -min(self.weight * invented, left)} if invented else NOTHING

    def on_end(self, episode: EpisodeView) -> Payment:
        """It charges nothing at the end."""
        return NOTHING


@dataclass(frozen=True)
class EarlyStop:
    """Charges the user for saying that all is done in answer to a question, while work is left undone.

    It is charged when all of this holds:

    - the user itself ended the dialogue, with ``###STOP###``: the marks that say that it was transferred or that its
      scenario has no answer are reasons to go;
    - the last that it heard was a text of the assistant that ends with a question mark, and does not merely ask
      whether there is anything else;
    - some of the gold's changes are there, or none, and *nothing but* gold's changes: what is missing could still have
      been done.

    The last keeps the user from paying for the assistant: once that has written something wrong, the episode is lost
    and whoever leaves it is not charged. It charges the user that agrees and hangs up in one message, before the write.

    Its limits: an assistant that skips a change, and then asks a question, makes a user pay that believed it to be
    done. Not charged are a stop after a question that does not end with the mark ("Shall I? Please say yes."), a stop
    at "Anything else?" with wishes left (that wording is known in English alone), a stop while a record is half way
    to its gold state, one in a task whose gold changes nothing, and a user that leaves by one of the other marks.

    Args:
        weight: Charged once, at least 0.

    Example:
        >>> EarlyStop().cap
        0.2
    """

    weight: float = 0.2
    name: str = "early_stop"

    @property
    def cap(self) -> float:
        """Charged at most in an episode."""
        return self.weight

    def on_step(self, episode: EpisodeView, step: Step) -> Payment:
        """It pays nothing before the end."""
        return NOTHING

    def on_end(self, episode: EpisodeView) -> Payment:
        """What it pays or charges at the end."""
        if episode.termination != "user_stop" or STOP not in (episode.messages[-1].content or ""):
            return NOTHING
        heard = next((one.content for one in reversed(episode.messages) if one.role == "assistant"), None)
        if not ends_with_question(heard or ""):
            return NOTHING
        on_the_way = episode.session.diff().items() < episode.prepared.gold_diff.items()
        return {"user": -self.weight} if on_the_way else NOTHING


def details(text: str) -> Iterator[str]:
    """The specific details of a text, in the form in which they are compared, in order.

    Example:
        >>> list(details("Order #W123, the one for $1,319.50: on the 2nd, at 10:30, to Ana@Example.com."))
        ['w123', '1319.5', 'ana@example.com']
    """
    for word in _words(text):
        if "@" in word:
            specific = "." in word.partition("@")[2]
        else:
            specific = len(word) > 2 and any(map(str.isdigit, word)) and not _EVERYDAY.fullmatch(word)
        if specific:
            yield word


def _words(text: str) -> Iterator[str]:
    """The words of a text without what makes no difference."""
    for token in _THOUSANDS.sub("", text.casefold()).split():
        if "@" in token:
            yield token.strip(_EDGE)
            continue
        for word in _WORD.findall(token):
            decimal = _DECIMAL.fullmatch(word)
            yield f"{decimal[1]}.{decimal[2]}".rstrip(".") if decimal else word.strip("_")
