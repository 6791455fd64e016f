"""The user of a task as a model: it answers a dialogue that somebody else leads, and remembers nothing.

Whoever asks sends the whole dialogue, as chat clients do. The user is played from its beginning, so the same dialogue
gets the same answer: in parallel, after a restart, on another machine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from toolgym.concurrency.bridge import wait_for
from toolgym.domain import AgentFactory, AgentSpec, Domain
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.errors import DataError, ServiceError
from toolgym.limits import Limits
from toolgym.messages import AgentID, Message, from_chat, is_stop
from toolgym.tasks import Task


@dataclass(frozen=True)
class Customer:
    """The users of a domain's tasks.

    Args:
        domain: The domain.
        user: Makes the user of an episode; one that answers alike whenever it is asked, so none with a model.
        limits: How long a dialogue and one message of it may be.

    Raises:
        DataError: If the user has a model, or waits for a person.

    Example:
        >>> from toolgym import make_domain, make_user
        >>> retail = make_domain("retail")
        >>> customer = Customer(retail, make_user("scripted"))
        >>> task = retail.tasks["dev"][0]
        >>> first = customer.answer(task, [{"role": "user", "content": "Hello! What can I do for you today?"}])
        >>> first == customer.answer(task, [])  # the greeting is the domain's own
        True
    """

    domain: Domain
    user: AgentFactory
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        spec = AgentSpec.of(self.user)
        if answers_alone(spec):
            return
        raise DataError(
            f"the user {spec.name!r} cannot be served: the same dialogue must get the same answer at once, and it has "
            "a model or is a person; serve scripted or minimal"
        )

    def answer(self, task: Task, messages: Sequence[Mapping[str, Any]], trial: int = 0, seed: int = 0) -> Message:
        """What the user says next.

        Args:
            task: What the user wants.
            messages: The dialogue in OpenAI chat format, seen from the user's side: what the assistant says has the
                role ``user``, what the user said the role ``assistant``, results of the user's own calls ``tool``.
                System messages are not read. One that does not begin with the assistant follows on the domain's
                greeting.
            trial: Which trial of the task this is, from 0.
            seed: With the task and the trial it gives the user its random stream.

        Returns:
            The user's message. If it holds one of :data:`~toolgym.messages.STOP_MARKS`, the user has ended the
            dialogue.

        Raises:
            DataError: If a message cannot be read, the dialogue is too long, it is not the user's turn, the user has
                ended it before, or what is given as the user's is not what the user said.
            TaskError: If the user cannot play the task.
            ServiceError: If the user fails.
        """
        heard = [_turned(one, place) for place, one in enumerate(messages)]
        said = [(place, one) for place, one in enumerate(heard) if one is not None]
        if len(said) > self.limits.max_steps:
            raise DataError(f"the dialogue has {len(said)} messages, and may have {self.limits.max_steps}")
        view, side = self._opening(task, said)
        user = AgentSpec.of(self.user)(self.domain, task, rng_for(seed, task.key, trial, "user"))
        waiting = 0  # results of the user's calls
        for place, message in said:
            if message.role != side:
                raise DataError(_out_of_turn(place, side))
            if excess := self.limits.excess(message):
                raise DataError(f"message {place}: {excess}")
            if side == "user":
                expected = self._respond(user, view)
                _compare(expected, message, place)
                if is_stop(expected.content or "") and not expected.tool_calls:
                    raise DataError(f"message {place}: the user ended the dialogue there; nothing can follow")
                side = "tool" if expected.tool_calls else "assistant"
                message = expected
                waiting = len(expected.tool_calls)
            elif side == "tool":
                waiting -= 1
                side = "tool" if waiting else "user"
            else:
                side = "user"
            view.append(message)
        if side != "user":
            raise DataError(_out_of_turn(len(messages), side))
        return self._respond(user, view)

    def _opening(self, task: Task, said: Sequence[tuple[int, Message]]) -> tuple[list[Message], str]:
        """What the user has seen when the dialogue begins, and whose turn it is."""
        episode = Episode(self.domain, task)
        view = list(episode.view("user"))
        if not episode.prepared.history and said and said[0][1].role == "assistant":
            return view[:1], "assistant"  # the greeting is theirs
        turn: AgentID | None = episode.turn
        return view, str(turn)

    def _respond(self, user: Any, view: Sequence[Message]) -> Message:
        try:
            answer = user.respond(tuple(view))
            message = wait_for(answer) if isinstance(answer, Awaitable) else answer
        except Exception as error:
            raise ServiceError(f"the user failed: {type(error).__name__}: {error}") from error
        if not isinstance(message, Message) or message.role != "user":
            raise ServiceError(f"the user answered what is no message of a user: {message!r:.80}")
        return message


def answers_alone(spec: AgentSpec) -> bool:
    """Whether a user needs neither a model nor a person to answer, who would sit at the server's terminal."""
    return not (spec.needs_model or spec.blocking or spec.name == "human")


def _turned(chat: Mapping[str, Any], place: int) -> Message | None:
    """A message with the sides as an episode has them; None for a system message."""
    role = chat.get("role")
    if role in ("system", "developer"):
        return None
    sides = {"user": "assistant", "assistant": "user", "tool": "tool"}
    if not isinstance(role, str) or role not in sides:
        allowed = "system, developer, user, assistant and tool"
        raise DataError(f"message {place} has the role {role!r:.80}; allowed are {allowed}")
    if role == "user" and chat.get("tool_calls"):
        raise DataError(f"message {place}: the assistant's tool calls are its own affair; send what it says, its text")
    try:
        message = from_chat({**chat, "role": sides[role]}, "user")
    except DataError as error:
        raise DataError(f"message {place}: {error}") from None
    if role == "user" and not (message.content or "").strip():
        raise DataError(f"message {place} of the role 'user' holds no text; the user answers to words alone")
    if role == "tool" and not isinstance(message.tool_call_id, str):
        raise DataError(f"message {place} of the role 'tool' has no tool_call_id")
    return message


def _compare(expected: Message, given: Message, place: int) -> None:
    """Refuse a dialogue in which the user did not say what it says there."""
    calls = [(call.name, dict(call.arguments)) for call in given.tool_calls]
    if (given.content or "").strip() != (expected.content or "").strip() or calls != [
        (call.name, dict(call.arguments)) for call in expected.tool_calls
    ]:
        raise DataError(
            f"message {place} is not what the user said there; send the dialogue as it was answered, whole, with the "
            "same task, trial and seed"
        )


def _out_of_turn(place: int, turn: str) -> str:
    who = {
        "user": "the user's (role 'assistant')",
        "assistant": "the assistant's (role 'user')",
        "tool": "a result's (role 'tool')",
    }[turn]
    return f"message {place} must be {who}: the two sides take turns"
