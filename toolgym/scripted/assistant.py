"""An assistant by a script: its dialogue is one generator, which goes on when its last message was answered."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Generator, Sequence
from typing import Any, TypeAlias

from toolgym.language.text import holds_token
from toolgym.messages import Message, ToolCall
from toolgym.patterns import Injection
from toolgym.scripted.speech import Speech

Talk: TypeAlias = Generator[Message, None, Any]
"""Messages of the assistant; it goes on when the view holds what came of the last one."""


class ScriptedAssistant(ABC):
    """Says and calls what :meth:`talk` yields.

    Args:
        wording: How it speaks, one of :data:`~toolgym.scripted.speech.WORDINGS`.

    Example:
        >>> class Greeter(ScriptedAssistant):
        ...     def talk(self):
        ...         name = yield from self.say("Who is there?")
        ...         while True:
        ...             yield from self.say(f"Hello {name}! {self.line('more')}")
        >>> greeter = Greeter("terse")
        >>> greeter.respond([Message("user", "Hi.")]).content
        'Who is there?'
        >>> greeter.respond([Message("user", "Ada")]).content
        'Hello Ada! Anything else?'
    """

    speech: Speech = Speech.read()
    """Its lines; a domain that has more reads them from a file of its own."""

    def __init__(self, wording: str) -> None:
        self.wording = wording
        self.injected: list[Injection] = []
        """The faults that it made on purpose so far, where it is one that does."""
        self.slipped: list[int] = []
        """Where in its view the messages are that it would not have sent but for such faults, in order."""
        self._view: Sequence[Message] = ()
        self._lead = ""
        self._calls = 0
        self._talk = self.talk()

    @abstractmethod
    def talk(self) -> Talk:
        """Everything that it says and does; it never ends."""

    def respond(self, view: Sequence[Message]) -> Message:
        """Its next message."""
        self._view = view
        return next(self._talk)

    def say(self, text: str) -> Talk:
        """Say something; what comes back is the user's answer."""
        lead, self._lead = self._lead, ""
        yield Message("assistant", self.composed(lead, text))
        return self._view[-1].content or ""

    def composed(self, lead: str, text: str) -> str:
        """A message from what it is to begin with, which may be empty, and what it says."""
        return f"{lead} {text}".strip() if lead else text

    def lead(self, text: str) -> None:
        """Have the next thing that it says begin with a text, after what it is to begin with already."""
        self._lead = f"{self._lead} {text}".strip()

    def line(self, name: str, /, **slots: str) -> str:
        """One of its lines in its wording."""
        return self.speech.line(self.wording, name, **slots)

    def call(self, name: str, /, **given: Any) -> Talk:
        """Call a tool; what comes back is its result: JSON that was read, or a text. An error is a text that says so.

        Args:
            name: The tool.
            given: Its arguments.
        """
        self._calls += 1
        yield Message("assistant", None, (ToolCall(name, given, f"call_{self._calls}"),))
        text = self._view[-1].content or ""
        if self.was_refused or not text.startswith(("{", "[")):
            return text
        try:
            return json.loads(text)
        except ValueError:
            return text

    def note(self, pattern: str, *, recovered: bool) -> None:
        """Put a fault that has just been made on purpose on the list.

        Args:
            pattern: The name of its failure pattern.
            recovered: Whether it does no lasting harm.
        """
        self.injected.append(Injection(pattern, len(self._view), recovered))

    def slipping(self, talk: Talk) -> Talk:
        """Say what a talk says, as messages of a fault: nobody should learn to send them.

        Args:
            talk: What is said by mistake; what it comes to is handed on.
        """
        while True:
            try:
                message = next(talk)
            except StopIteration as end:
                return end.value
            self.slipped.append(len(self._view))
            yield message

    @property
    def was_refused(self) -> bool:
        """Whether its last call failed."""
        return self._view[-1].error

    def said(self, text: str, since: int = 0) -> bool:
        """Whether the user has said something.

        Args:
            text: What, by the rule of :func:`~toolgym.language.text.holds_token`; a full stop at its end does not
                matter.
            since: From which message of the view on, from 0.
        """
        wanted = text.rstrip(".")
        return any(
            message.role == "user" and holds_token(message.content or "", wanted) for message in self._view[since:]
        )
