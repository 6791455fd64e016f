"""One dialogue in tokens, as a policy sees and makes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from toolgym.domain import Domain
from toolgym.messages import Message
from toolgym_trainers.policies.policy import Policy


class Transcript:
    """A dialogue that grows: what others say is added as tokens, and so is what the policy makes.

    Args:
        policy: Whose dialogue it is.
        domain: The domain.
        tools: The assistant's tools, in OpenAI's function format.
    """

    def __init__(self, policy: Policy, domain: Domain, tools: Sequence[Mapping[str, Any]]) -> None:
        self.format = policy.format
        self.sight = policy.view.open(domain, tools)
        self.tokens: list[int] = []
        self.made: list[tuple[int, int]] = []
        """The ranges of tokens that the policy made, a message each; half open."""
        self._begun = False
        self._closing: list[int] = []
        """What is to stand behind the policy's last message."""

    def observe(self, messages: Iterable[Message]) -> list[int]:
        """Add what others said, and what stands before the policy's next message; the new tokens.

        A greeting is not shown; what else the assistant has said in others' words, where a task begins in the middle of
        a dialogue, is.
        """
        new, self._closing = self._closing, []
        for message in messages:
            self._begun = self._begun or message.role not in ("system", "assistant")
            shown = self.sight.show(message) if self._begun else None
            new += self.format.encode(shown) if shown is not None else []
        new += self.format.prompt
        self.tokens += new
        return new

    def add(self, tokens: list[int]) -> Message:
        """Add what the policy made, and read it as a message; where it was cut off, its end is added by others."""
        self.made.append((len(self.tokens), len(self.tokens) + len(tokens)))
        self.tokens += tokens
        self._closing = [*([] if tokens[-1:] == [self.format.end] else [self.format.end]), *self.format.closing]
        text = self.format.decode(tokens)
        message = self.sight.read(text)
        self.sight.show(message)
        return message


class Encoded(NamedTuple):
    """A dialogue in tokens.

    Args:
        tokens: All of them.
        mask: Which of them are to be learned: made by the assistant, and no slips.
    """

    tokens: list[int]
    mask: list[bool]


def encode(
    policy: Policy,
    domain: Domain,
    tools: Sequence[Mapping[str, Any]],
    view: Sequence[Message],
    slips: Collection[int] = (),
) -> Encoded:
    """A dialogue of somebody else as the policy would have seen and made it.

    Args:
        policy: The policy.
        domain: The domain.
        tools: The assistant's tools, in OpenAI's function format.
        view: What the assistant saw and said, from its instructions on.
        slips: Positions in the view of messages that are not to be learned.
    """
    format_, sight = policy.format, policy.view.open(domain, tools)
    tokens: list[int] = []
    mask: list[bool] = []
    begun = False
    for place, message in enumerate(view):
        if message.role == "system" or (message.role == "assistant" and not begun):
            continue  # its instructions and its greeting, which it does not see
        begun = True
        shown = sight.show(message)
        if shown is None:
            continue
        if message.role != "assistant":
            new = format_.encode(shown)
            tokens += new
            mask += [False] * len(new)
            continue
        made = [*format_.content(shown.text), format_.end]
        tokens += [*format_.prompt, *made, *format_.closing]
        mask += [False] * len(format_.prompt) + [place not in slips] * len(made) + [False] * len(format_.closing)
    return Encoded(tokens, mask)
