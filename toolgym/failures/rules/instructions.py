"""Whether a user was told to do something itself, by the words of the assistant and of the user's own scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from toolgym.domain import Domain
from toolgym.failures.rules.consent import Consent
from toolgym.language.agreement import names
from toolgym.language.text import sentences
from toolgym.tasks import Task

_OF_ITSELF = re.compile(r"^\W*(?:(?:shall|should|may|can|let) (?:i|me)|i|i've|i'll|i'm|i'd|we|we've)\b", re.IGNORECASE)
_REQUEST = re.compile(
    r"\bplease\b|\b(?:can|could|would|will) you\b|\byou (?:can|could|should|must|may|need|have to|will have to|now)\b|"
    r"\btry\b|\bmake sure\b|\bgo ahead\b|\byourself\b|\bon your (?:side|end|phone|device)\b",
    re.IGNORECASE,
)
_YOUR_PART = re.compile(
    r"\byour (?:part|turn|bit)\b|\bup to you\b|\bon your (?:side|end)\b|\b(?:it|that|this|so|rest) yourself\b",
    re.IGNORECASE,
)
_COMMON = frozenset(
    [
        *("a", "all", "an", "and", "any", "are", "as", "at", "by", "can", "check", "do", "for", "from", "get", "given"),
        *("has", "have", "if", "in", "is", "it", "its", "list", "make", "of", "off", "on", "one", "or", "out", "run"),
        *("see", "set", "show", "some", "so", "that", "the", "them", "there", "this", "to", "toggle", "turn", "up"),
        *("use", "user", "users", "whether", "with", "you", "your"),
    ]
)
_STEM = 5


class UserInstructions:
    """What the user knew that it had to do itself.

    English alone: a sentence tells of an act if it holds two of the words in its tool's name and description, or one
    of them and one of its arguments; or if it asks the user to do its part, whatever that is.

    Args:
        domain: The domain, whose user has tools.
        task: The task, whose scenario may tell the user what to do.
        consent: What was said.
    """

    def __init__(self, domain: Domain, task: Task, consent: Consent) -> None:
        kit = domain.toolkits.get("user")
        self._tools = kit.tools if kit is not None else {}
        self._scenario = str(task.user_scenario)
        self._consent = consent

    def in_scenario(self, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether the user's own scenario tells it to make a call."""
        return any(self._speaks_of(one, name, arguments) for one in sentences(self._scenario))

    def told(self, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The number of the message in which the assistant first told the user to make a call; None if it never did."""
        for exchange in self._consent.exchanges:
            if self.tells(exchange.text, name, arguments):
                return exchange.message
        return None

    def told_before(self, message: int, name: str, arguments: Mapping[str, Any]) -> int | None:
        """The number of the last message before another one in which the assistant told the user to make a call."""
        for exchange in reversed(self._consent.exchanges):
            if exchange.message < message and self.tells(exchange.text, name, arguments):
                return exchange.message
        return None

    def tells(self, text: str, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a text of the assistant's asks the user to make a call.

        Example:
            >>> from toolgym import make_domain
            >>> mock = make_domain("mock")
            >>> told = UserInstructions(mock, mock.tasks["test"][0], Consent((), (), None))
            >>> call = "dismiss_notification", {"notification_id": "notif_2"}
            >>> told.tells("Please dismiss notif_2.", *call), told.tells("I dismissed notif_2.", *call)
            (True, False)
        """
        for one in sentences(text):
            if _OF_ITSELF.search(one):
                continue
            words = _stems(one)
            asked = _REQUEST.search(one) is not None or bool(words and words[0] in self._words(name))
            if _YOUR_PART.search(one) or (asked and self._speaks_of(one, name, arguments)):
                return True
        return False

    @staticmethod
    def names_value(text: str, value: Any) -> bool:
        """Whether a text names a value of a call."""
        return value is not None and names(text, [str(value)])

    def _speaks_of(self, sentence: str, name: str, arguments: Mapping[str, Any]) -> bool:
        """Whether a sentence speaks of what a call does."""
        there, wanted = set(_stems(sentence)), self._words(name)
        named = names(sentence, [str(value) for value in arguments.values() if isinstance(value, str | int)])
        found = there & set(wanted)
        return len(found) + named >= min(2, len(wanted) + bool(arguments)) and bool(found)

    def _words(self, name: str) -> list[str]:
        """The words that tell what a tool does."""
        tool = self._tools.get(name)
        first = next(iter(sentences(tool.description)), "") if tool is not None else ""
        return list(dict.fromkeys(_stems(f"{name.replace('_', ' ')} {first}")))


def _stems(text: str) -> list[str]:
    """The words of a text that mean something, cut to a few letters, so that "dismissed" is "dismiss"."""
    return [word[:_STEM] for word in re.findall(r"[a-z0-9]+", text.lower()) if word not in _COMMON]
