"""An episode with its user, for whoever makes the assistant's messages at a pace of its own.

Samplers, trainers and servers have a message when they have one: they say it, let the user answer, and read what is
new. Nothing here waits for another episode.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from toolgym.actions import Parsing, parse_action
from toolgym.concurrency.lockstep import run_together
from toolgym.domain import AgentFactory, AgentSpec, Domain
from toolgym.episode.deferred import Deferred, deferred
from toolgym.episode.machine import Episode
from toolgym.episode.seeding import rng_for
from toolgym.episode.turns import note_participants, take_turn, take_turn_async, take_verdict, take_verdict_async
from toolgym.errors import EpisodeError
from toolgym.evaluation.grade import Judge
from toolgym.limits import Limits
from toolgym.messages import Message
from toolgym.rewards import RewardTerm
from toolgym.tasks import Task
from toolgym.trajectory import Step, Termination, Trajectory

Action: TypeAlias = str | Mapping[str, Any] | Message
"""What an assistant says: text or a call as JSON text, a message in OpenAI chat format, or a Message."""


@dataclass(frozen=True)
class ConversationParts:
    """What the conversations of one run are made of.

    Args:
        domain: The domain, over the data to be played.
        user: Makes the user of each episode.
        terms: What an episode pays, as :func:`toolgym.rewards.build_reward` gives it; by default nothing.
        judge: Judges natural-language assertions; without one they are not judged.
        limits: When an episode is cut off, and how much one message may hold.
        parsing: How text is read: ``"toolgym"``, or ``"tau2"`` for tau2's rule.
        split: Where the tasks are from, for the trajectories' records.
        user_name: Who the user is, for the same.
    """

    domain: Domain
    user: AgentFactory
    terms: tuple[RewardTerm, ...] = ()
    judge: Judge | None = None
    limits: Limits | None = None
    parsing: Parsing = "toolgym"
    split: str = ""
    user_name: str = ""


class Conversation:
    """One episode of an assistant with its user, in which the caller is the assistant.

    The user has not opened yet: call :meth:`reply` (or :func:`reply_all` for many) once before the first
    :meth:`say`, and once after each.

    Args:
        parts: What it is made of.
        task: What is played.
        trial: Which trial of the task this is, from 0.
        seed: The run's seed, at least 0; with the task's key and the trial it gives the user its random stream.

    Raises:
        DataError: If the user is neither a spec, a class nor a function.
        TaskError: If the task cannot be set up, or the user cannot play it.
        WorldError: If its world cannot be found.

    Example:
        >>> from toolgym import make_domain, make_user
        >>> from toolgym.rewards import build_reward
        >>> mock = make_domain("mock")
        >>> parts = ConversationParts(mock, make_user("minimal"), build_reward("raft"))
        >>> talk = Conversation(parts, mock.tasks["test"][0])
        >>> talk.reply()
        >>> [message.role for message in talk.news()]
        ['system', 'assistant', 'user']
        >>> talk.say('{"name": "get_users", "arguments": {}}')
        >>> [message.role for message in talk.news()], talk.over
        (['tool'], False)
        >>> talk.give_up("context_window_exceeded")
        >>> talk.over, talk.success, talk.episode.rewards["assistant"]["success"]
        (True, False, 0.0)
    """

    def __init__(self, parts: ConversationParts, task: Task, trial: int = 0, seed: int = 0) -> None:
        self.parts = parts
        self.trial = trial
        self.seed = seed
        self.episode = Episode(
            parts.domain, task, limits=parts.limits, terms=parts.terms, judged=parts.judge is not None
        )
        self.user = AgentSpec.of(parts.user)(parts.domain, task, rng_for(seed, task.key, trial, "user"))
        self._steps: list[Step] = []
        self._shown = 0

    @property
    def task(self) -> Task:
        """What is played."""
        return self.episode.task

    @property
    def tools(self) -> list[dict[str, Any]]:
        """The assistant's tools in OpenAI's function format, frozen."""
        return [found.schema for found in self.episode.tools("assistant")]

    @property
    def over(self) -> bool:
        """Whether nobody has the turn any more."""
        return self.episode.turn is None

    @property
    def success(self) -> bool | None:
        """Whether it succeeded, when it is over; None before, where a judge is needed, and where a fault voids it."""
        return self.episode.grade.success if self.over and self.episode.fault is None else None

    def read(self, action: Action) -> Message:
        """An action as the assistant's message; nothing is said yet.

        Raises:
            EpisodeError: If the episode is over.
            DataError: If it is not a message.
        """
        self._check_running()
        return parse_action(action, "assistant", self.parts.parsing)

    def say(self, action: Action) -> None:
        """Say something or call tools; calls are run at once.

        Args:
            action: Text that looks like a call but does not parse is answered with an error, never said to the user.

        Raises:
            EpisodeError: If the episode is over.
            DataError: If it is not a message.
        """
        self.advance(self.read(action))

    def advance(self, message: Message) -> None:
        """Say a message as :meth:`read` gave it.

        Raises:
            EpisodeError: If the episode is over.
        """
        before = self.episode.seen("assistant")
        self._steps.append(self.episode.advance(message))
        self._shown = before + 1  # the caller knows what it has said

    def reply(self) -> None:
        """Let the user speak if it is its turn, and the judge if it is awaited.

        Raises:
            BudgetError: If there is no money left.
        """
        self._steps += take_turn(self.episode, "user", self.user)
        self._steps += take_verdict(self.episode, self.parts.judge)

    async def reply_deferred(self) -> None:
        """The same as :meth:`reply`, for :func:`reply_all`: it pauses before it needs an event loop."""
        self._steps += await take_turn_async(self.episode, "user", Deferred(self.user))
        if self.parts.judge is not None:
            self._steps += await take_verdict_async(self.episode, deferred(self.parts.judge))

    def give_up(self, termination: Termination = "context_window_exceeded") -> None:
        """End the episode because the assistant cannot go on; it is graded 0.

        Args:
            termination: Why; not a stop.

        Raises:
            EpisodeError: If the episode is over.
            ValueError: If the termination is a stop.
        """
        self._check_running()
        self._steps.append(self.episode.give_up(termination))

    def news(self, *, whole: bool = False) -> tuple[Message, ...]:
        """What the assistant may see and has not been shown: at first all, later what came since it last spoke.

        Args:
            whole: Whether all is shown again.
        """
        since, self._shown = 0 if whole else self._shown, self.episode.seen("assistant")
        return self.episode.view("assistant", since)

    def steps(self) -> list[Step]:
        """What has happened since this was last asked, with what it paid; in order."""
        steps, self._steps = self._steps, []
        return steps

    def trajectory(self, **facts: Any) -> Trajectory:
        """The episode as a trajectory; ``facts`` override what is known of it."""
        note_participants(self.episode, user=self.user)
        parts = self.parts
        known = {"user": parts.user_name, "trial": self.trial, "seed": self.seed, "split": parts.split}
        return self.episode.trajectory(**{**known, **facts})

    def _check_running(self) -> None:
        if self.over:
            raise EpisodeError(f"the conversation is over ({self.episode.termination}); make a new one")


def reply_all(conversations: Sequence[Conversation]) -> None:
    """Let the users speak whose turn it is, all at once; users that block or must be awaited wait together.

    Args:
        conversations: Any number, at any point of theirs.

    Raises:
        BudgetError: If there is no money left.
    """
    run_together([one.reply_deferred() for one in conversations if one.episode.turn == "user" or one.episode.pending])
