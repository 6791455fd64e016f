"""One dialogue in tokens, as a policy sees and makes it. It only grows: nothing is written twice."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.messages import Message
from toolgym.views import Shown, Sight
from toolgym_trainers.policies.chat_format import ChatFormat
from toolgym_trainers.policies.native_format import Instructions, NativeFormat

if TYPE_CHECKING:
    from toolgym_trainers.policies.codec import Codec


class Transcript(ABC):
    """A dialogue that grows: what others say is added as tokens, and so is what the policy makes."""

    def __init__(self) -> None:
        self.tokens: list[int] = []
        self.starts: list[int] = [0]
        """Where the dialogue begins, and where it began anew: what stands before the last one is not read any more."""
        self.made: list[tuple[int, int]] = []
        """The ranges of tokens that the policy made, a message each; half open."""

    @property
    def aliases(self) -> Collection[str]:
        """The aliases that stand for something so far; none where there are no slots."""
        return ()

    def observe(self, messages: Sequence[Message], *, prompt: bool = True) -> list[int]:
        """Add what others said; the new tokens.

        Args:
            messages: What they said.
            prompt: Whether the policy is to speak next: what stands before its message is added too.
        """
        new = self._new(messages, prompt)
        self.tokens += new
        return new

    def add(self, tokens: Sequence[int]) -> Message:
        """Add what the policy made, and read it as a message; where it was cut off, its end is added by others."""
        self.made.append((len(self.tokens), len(self.tokens) + len(tokens)))
        self.tokens += tokens
        return self.read(tokens)

    @property
    def length(self) -> int:
        """How many tokens the policy reads and has written, from where the dialogue last began."""
        return len(self.tokens) - self.starts[-1]

    @property
    def anew(self) -> bool:
        """Whether what was observed last is the whole dialogue again, and the policy forgets what it read before."""
        return bool(self.made) and self.made[-1][0] < self.starts[-1]

    @abstractmethod
    def read(self, tokens: Sequence[int]) -> Message:
        """What the policy made, as a message; it is said now."""

    @abstractmethod
    def add_text(self, text: str) -> Message:
        """The same of a text, in which the sign that ends a message is there if the policy wrote it."""

    @abstractmethod
    def observe_text(self, messages: Sequence[Message]) -> str:
        """What :meth:`observe` adds, as a text whose tokens are those; signs of the template in it are none.

        A dialogue is either in text or in tokens.
        """

    @abstractmethod
    def _new(self, messages: Sequence[Message], prompt: bool) -> list[int]:
        """The tokens of what others said, from the end of the policy's last message on."""

    @abstractmethod
    def write(self, message: Message) -> list[int]:
        """A message of somebody else as the policy would have made it; it is said now, and its tokens are added."""


class ViewTranscript(Transcript):
    """A dialogue of which the policy sees what a view shows.

    A greeting is not shown; what else the assistant has said in others' words, where a task begins in the middle of a
    dialogue, is.

    Args:
        format_: How its messages are written.
        sight: What it sees.
    """

    def __init__(self, format_: ChatFormat, sight: Sight) -> None:
        super().__init__()
        self.format = format_
        self.sight = sight
        self._begun = False
        self._closing: list[int] = []
        """What is to stand behind the policy's last message."""
        self._closing_text = ""

    @property
    def aliases(self) -> Collection[str]:
        """The aliases that stand for something so far."""
        return self.sight.aliases

    def read(self, tokens: Sequence[int]) -> Message:
        """What the policy made, as a message; it is said now."""
        ended = tokens[-1:] == [self.format.end]
        self._closing = [*([] if ended else [self.format.end]), *self.format.closing]
        message = self.sight.read(self.format.decode(tokens))
        self.sight.show(message)
        return message

    def add_text(self, text: str) -> Message:
        """What the policy made, as a message; it is said now."""
        end, closing = self.format.ending
        self._closing_text = closing if text.endswith(end) else f"{end}{closing}"
        message = self.sight.read(text.replace(end, ""))
        self.sight.show(message)
        return message

    def observe_text(self, messages: Sequence[Message]) -> str:
        """What others said, and what stands before the policy's next message."""
        new = "".join(self.format.text(shown) for shown in self._shown(messages))
        return f"{self._closing_text}{new}{self.format.asking}"

    def write(self, message: Message) -> list[int]:
        """A message of somebody else as the policy would have made it."""
        shown = self.sight.show(message)
        made = self.format.encode_message(shown.text if shown is not None else "")
        self.made.append((len(self.tokens), len(self.tokens) + len(made)))
        self.tokens += made
        self._closing = list(self.format.closing)
        return made

    def _new(self, messages: Iterable[Message], prompt: bool) -> list[int]:
        new, self._closing = self._closing, []
        for shown in self._shown(messages):
            new += self.format.encode(shown)
        return [*new, *self.format.prompt] if prompt else new

    def _shown(self, messages: Iterable[Message]) -> Iterator[Shown]:
        for message in messages:
            self._begun = self._begun or message.role not in ("system", "assistant")
            shown = self.sight.show(message) if self._begun else None
            if shown is not None:
                yield shown


class NativeTranscript(Transcript):
    """A dialogue of which the policy sees everything, in the words of its own chat template.

    Args:
        format_: How its messages are written.
        domain: The domain.
        tools: The assistant's tools, in OpenAI's function format.
        strip: Whether the dialogue begins anew without earlier thoughts whenever the user has spoken.
    """

    def __init__(
        self, format_: NativeFormat, domain: Domain, tools: Sequence[Mapping[str, Any]], *, strip: bool = False
    ) -> None:
        super().__init__()
        self.format = format_
        self._domain = domain
        self._tools = tools
        self._strip = strip
        self._said: list[Message] = []
        self._ended = False

    def read(self, tokens: Sequence[int]) -> Message:
        """What the policy made, as a message; it is said now."""
        self._ended = tokens[-1:] == [self.format.end]
        return self._read(self.format.decode(tokens))

    def add_text(self, text: str) -> Message:
        """What the policy made, as a message; it is said now."""
        self._ended = text.endswith(self.format.end_sign)
        return self._read(text.replace(self.format.end_sign, ""))

    def _read(self, text: str) -> Message:
        message = self.format.read(text, self._tools)
        self._said.append(message)
        return message

    def observe_text(self, messages: Sequence[Message]) -> str:
        """What others said, and what stands before the policy's next message."""
        text = self._text(messages)
        return text.removeprefix(self.format.end_sign) if self._ended else text

    def write(self, message: Message) -> list[int]:
        """A message of somebody else as the policy would have made it."""
        made = [*self.format.encode(self.format.written(message)), self.format.end]
        self.made.append((len(self.tokens), len(self.tokens) + len(made)))
        self.tokens += made
        self._said.append(message)
        self._ended = True
        return made

    def _new(self, messages: Sequence[Message], prompt: bool) -> list[int]:
        thought = any(one.reasoning for one in self._said if one.role == "assistant")
        if self._strip and thought and any(one.role == "user" for one in messages):
            self.starts.append(len(self.tokens))
            self._said, self._ended, messages = [], False, [*map(_without_thoughts, self._said), *messages]
        text = self._text(messages, prompt)
        behind = self.format.encode(text)
        return behind[1:] if self._ended else behind

    def _text(self, messages: Sequence[Message], prompt: bool = True) -> str:
        begun = bool(self._said)
        self._said += messages
        if begun:
            return self.format.after(self.format.chat(messages), prompt=prompt)
        system, *others = messages
        told = Instructions.of(self._domain, self._tools, str(system.content))
        return self.format.opening(told, others)


def _without_thoughts(message: Message) -> Message:
    return replace(message, reasoning=None) if message.reasoning else message


class Encoded(NamedTuple):
    """A dialogue in tokens.

    Args:
        tokens: All of them.
        mask: Which of them are to be learned: made by the assistant, and no slips.
    """

    tokens: list[int]
    mask: list[bool]


def encode(
    codec: Codec,
    domain: Domain,
    tools: Sequence[Mapping[str, Any]],
    view: Sequence[Message],
    slips: Collection[int] = (),
) -> Encoded:
    """A dialogue of somebody else as the policy would have seen and made it.

    Args:
        codec: How the policy reads and writes.
        domain: The domain.
        tools: The assistant's tools, in OpenAI's function format.
        view: What the assistant saw and said, from its instructions on.
        slips: Positions in the view of messages that are not to be learned.
    """
    transcript = codec.transcript(domain, tools)
    learned: list[bool] = []
    since = 0
    begun = False
    for place, message in enumerate(view):
        begun = begun or message.role not in ("system", "assistant")
        if message.role != "assistant" or not begun:
            continue
        transcript.observe(view[since:place])
        learned += [False] * (len(transcript.tokens) - len(learned))
        learned += [place not in slips] * len(transcript.write(message))
        since = place + 1
    transcript.observe(view[since:], prompt=False)
    learned += [False] * (len(transcript.tokens) - len(learned))
    if len(transcript.starts) > 1:
        raise DataError(
            "this dialogue holds thoughts, and begins anew without them: it is not one sequence to learn from"
        )
    return Encoded(transcript.tokens, learned)
