"""One episode whose assistant is somewhere else and acts through tools alone."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from toolgym.database.records import thaw
from toolgym.domain import Domain
from toolgym.episode.conversation import Conversation, ConversationParts
from toolgym.errors import DataError, EpisodeError
from toolgym.messages import Message, ToolCall, to_chat
from toolgym.tasks import Task


@dataclass(frozen=True)
class OwnTool:
    """A tool that every served episode has beside those of its domain."""

    name: str
    description: str
    parameters: Mapping[str, Any]


_NOTHING = {"type": "object", "properties": {}}
TALK = OwnTool(
    "talk_to_user",
    "Say something to the user. Returns the user's answer. Nothing else that you write reaches the user.",
    {
        "type": "object",
        "properties": {"message": {"type": "string", "description": "What you say to the user."}},
        "required": ["message"],
    },
)
READ = OwnTool(
    "read_conversation",
    "The conversation so far: what you and the user said, your calls and their results. Call it first: the user has "
    "spoken already.",
    _NOTHING,
)
END = OwnTool(
    "end_episode",
    "How the episode was graded. If the user has not ended it yet, you end it, and it fails: the user ends what is "
    "done.",
    _NOTHING,
)
OWN_TOOLS = (TALK, READ, END)


class ToolAnswer(NamedTuple):
    """What a call of a served tool gives."""

    text: str
    """For a tool of the domain exactly what it returned."""
    error: bool = False
    data: Mapping[str, Any] | None = None
    """The same for programs, from the tools that are not the domain's."""


def check_names(domain: Domain) -> None:
    """Refuse a domain that has a tool with the name of one of ours.

    Raises:
        DataError: If it has.
    """
    for own in OWN_TOOLS:
        if own.name in domain.toolkits["assistant"].tools:
            raise DataError(
                f"the domain {domain.name!r} has a tool {own.name!r}, and a served episode has one of that name "
                "itself; rename the domain's"
            )


def served_tools(domain: Domain) -> list[OwnTool]:
    """Every tool that the assistant of a served episode has: the domain's as its schemas have them, then ours."""
    schemas: Sequence[Any] = [thaw(tool.schema["function"]) for tool in domain.toolkits["assistant"].tools.values()]
    return [*(OwnTool(one["name"], one["description"], one["parameters"]) for one in schemas), *OWN_TOOLS]


class ServedEpisode:
    """One episode, played by calls of its tools; safe to share between threads, which then wait for each other.

    Args:
        parts: What it is made of.
        task: What is played.
        trial: Which trial of the task this is, from 0.
        seed: The run's seed, at least 0.

    Raises:
        TaskError: If the task cannot be set up, or the user cannot play it.
        WorldError: If its world cannot be found.

    Example:
        >>> from toolgym import make_domain, make_user
        >>> mock = make_domain("mock")
        >>> episode = ServedEpisode(ConversationParts(mock, make_user("minimal")), mock.tasks["test"][0])
        >>> episode.call("talk_to_user", {"message": "It is done."}).data["over"]
        True
        >>> episode.call("end_episode", {}).data["success"]
        False
    """

    def __init__(self, parts: ConversationParts, task: Task, trial: int = 0, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._talk = Conversation(parts, task, trial, seed)
        self._talk.reply()
        self._talk.news()
        self._calls = 0

    @property
    def over(self) -> bool:
        """Whether nobody has the turn any more."""
        return self._talk.over

    def call(self, name: str, arguments: Mapping[str, Any]) -> ToolAnswer:
        """Call a tool of the domain, or one of :data:`OWN_TOOLS`.

        Args:
            name: The tool's; one that there is not is answered with an error, as in any episode.
            arguments: Its arguments.
        """
        with self._lock:
            if name == END.name:
                return self._end()
            if name == READ.name:
                return self._read()
            if self.over:
                return ToolAnswer(f"The episode is over ({self._state()}). Call {END.name} to see its grade.", True)
            return self._say(arguments) if name == TALK.name else self._run(name, arguments)

    def grade(self) -> dict[str, Any]:
        """How the episode was graded, as JSON has it.

        Raises:
            EpisodeError: If it is not over: nothing of its grade is told before.
        """
        episode = self._talk.episode
        if not self.over or episode.pending:
            raise EpisodeError("the episode is not over; it is graded when the user ends it")
        terms = episode.rewards["assistant"]
        told: dict[str, Any] = {"over": True, "termination": episode.termination, "steps": episode.steps}
        if episode.fault is not None:  # void: neither success nor failure
            return {**told, "fault": {"source": episode.fault.source, "reason": episode.fault.reason}}
        grade = episode.grade
        paid = {"reward": sum(terms.values()), "reward_terms": dict(terms)}
        return {**told, "success": grade.success, "components": dict(grade.components), **paid}

    def trajectory(self) -> str:
        """The whole episode as a line of JSON, as runs keep it.

        Raises:
            EpisodeError: If it is not over.
        """
        with self._lock:
            if not self.over:
                raise EpisodeError("the episode is not over; it can be read when the user ends it")
            return self._talk.trajectory(agent="served").to_json()

    def conversation(self) -> list[dict[str, Any]]:
        """What the assistant may see, the policy left out, in OpenAI chat format."""
        return [to_chat(message) for message in self._talk.episode.view("assistant", 1)]

    def _run(self, name: str, arguments: Mapping[str, Any]) -> ToolAnswer:
        call = ToolCall(name, arguments, f"call_{self._calls}")
        self._calls += 1
        heard = self._spoken(Message("assistant", None, (call,)))
        return ToolAnswer("\n\n".join(one.content or "" for one in heard), any(one.error for one in heard))

    def _say(self, arguments: Mapping[str, Any]) -> ToolAnswer:
        said = arguments.get("message")
        if set(arguments) != {"message"} or not isinstance(said, str):
            return ToolAnswer(f"{TALK.name} takes one argument, 'message', a text; got {sorted(arguments)[:8]}.", True)
        heard = self._spoken(self._talk.read({"role": "assistant", "content": said}))
        answer = "\n\n".join(one.content or "" for one in heard)
        if not self.over:
            return ToolAnswer(answer, any(one.error for one in heard), {"reply": answer, "over": False})
        closed = f"The episode is over ({self._state()}). Call {END.name} to see its grade."
        text = f"{answer}\n\n{closed}" if answer else closed
        return ToolAnswer(text, self._talk.episode.fault is not None, {"reply": answer, "over": True})

    def _spoken(self, message: Message) -> Sequence[Message]:
        """What the assistant hears when it has said or called something."""
        self._talk.advance(message)
        self._talk.reply()
        self._talk.steps()
        return self._talk.news()

    def _read(self) -> ToolAnswer:
        messages = self.conversation()
        lines = [f"{one['role']}: {one['content']}" for one in messages if one["content"]]
        return ToolAnswer("\n".join(lines), False, {"messages": messages, "over": self.over})

    def _end(self) -> ToolAnswer:
        if not self.over:
            self._talk.give_up("agent_error")
        grade = self.grade()
        return ToolAnswer(_grade_line(grade), False, grade)

    def _state(self) -> str:
        fault = self._talk.episode.fault
        return str(self._talk.episode.termination) if fault is None else f"void: the {fault.source} failed"


def _grade_line(grade: Mapping[str, Any]) -> str:
    if "fault" in grade:
        return f"The episode is void: {grade['fault']['source']}: {grade['fault']['reason']}"
    how = {True: "success", False: "no success", None: "not graded"}[grade["success"]]
    return f"{how}; it ended by {grade['termination']}; reward {grade['reward']:g}"
