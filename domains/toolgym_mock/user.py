"""The scripted user of the mock domain: asks for what the gold calls do, and looks after its own notifications."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

from toolgym.domain import Domain
from toolgym.language.cue import cue
from toolgym.language.text import holds_token
from toolgym.language.topics import Topic, Topics
from toolgym.messages import ToolCall
from toolgym.scripted.agreement import Agreement, Judgements
from toolgym.scripted.facts import QUESTION
from toolgym.scripted.reader import Moment, RequestReader
from toolgym.scripted.user import ScriptedUser
from toolgym.scripted.voice import Phrases, Voice, ended
from toolgym.tasks import Task
from toolgym_mock.facts import FORBIDDEN, Facts, Request, facts_of

TOPICS = Topics(
    (
        Topic("ask_task", cue("(?:which|what) tasks?", "task (?:id|number)")),
        Topic("ask_person", cue("who(?:m)? (?:should|shall|will|is it for)", "assign", "which user", "user id")),
        Topic("ask_title", cue("titles?\\b", "be called")),
        Topic("ask_description", cue("descri")),
        Topic("ask_status", cue("(?:which|what) status")),
    ),
    things="ask_task",
    acts=cue("creat", "add", "mark", "complet", "reopen", "delet"),
    done=cue(
        r"(?:i|we)(?: have|'ve)?(?: now| just)? (?:created|added|marked|reopened|set)\b",
        r"(?:has|have|was|were)(?: been)? (?:created|added|marked|reopened)\b",
        r"^\W*(?:created|added|marked|reopened|updated)\b",
        r"(?:is|are) (?:now|marked)\b",
    ),
    planned=cue(
        r"(?:i|we)(?:'ll| will| would| can)\b",
        r"(?:going|about) to\b",
        r"(?:should|shall|do|may) i\b",
        r"(?:will|would|to) be\b",
        r"^\W*to confirm\b",
    ),
)
"""What an assistant of the team may ask for, and what it does."""
_DEEDS = {
    "create_task": re.compile(r"\bcreat|\badd(?:ed|ing)?\b|\bnew task", re.I),
    "update_task_status": re.compile(r"\bmark|\bset\b|\bstatus|\breopen|\bupdat|\bis now (?:pending|completed)", re.I),
    FORBIDDEN: re.compile(r"\bdelet|\bremov", re.I),
}
_QUOTED = re.compile(r"(?<!\w)['\"]([^'\"\n]{3,80})['\"](?!\w)")


def compare(text: str, wish: Request) -> Agreement:
    """Compare what the assistant says with a wish: what it names of the wish, and what in its place."""
    wanted = {
        "kind": "" if wish.kind == QUESTION else wish.kind,
        "task": wish.task_id,
        "person": wish.user_id,
        "status": wish.status,
        "title": wish.title,
        "description": wish.description,
    }
    named: dict[str, set[str]] = {
        "kind": {kind for kind, deed in _DEEDS.items() if deed.search(text)},
        "task": set(re.findall(r"\btask_\d+", text)),
        "person": set(re.findall(r"\buser_\d+", text)),
        "status": {status for status in ("pending", "completed") if holds_token(text, status)},
        "title": {wish.title} if wish.title.casefold() in text.casefold() else set(_QUOTED.findall(text)),
        "description": {wish.description} if wish.description.casefold() in text.casefold() else set(),
    }
    wrong = tuple(detail for detail, value in wanted.items() if value and named[detail] and value not in named[detail])
    return Agreement(wrong, frozenset(detail for detail, value in wanted.items() if value and value in named[detail]))


class TeamReader(RequestReader[Request]):
    """How a member of the team asks, answers and acts.

    Args:
        facts: What it wants, and does itself.
    """

    repeated = frozenset(topic.name for topic in TOPICS.table)
    topics = TOPICS
    judgements = Judgements(
        compare,
        weights={"task": 4, "title": 4, "description": 2, "kind": 2, "person": 1, "status": 1},
        deeds=_DEEDS,
        reports=TOPICS.reports,
    )

    def __init__(self, facts: Facts) -> None:
        self._left = list(facts.errands)

    def ask(self, wish: Request, voice: Voice, *, full: bool) -> str:
        """A request with all its particulars."""
        if wish.kind == QUESTION:
            return voice.question(wish)
        text = voice.bring_up(wish.kind, **wish.model_dump(include={"task_id", "status", "title", "user_id", "what"}))
        return ended(text + (f", with the description '{wish.description}'" if wish.description else ""))

    def answer(self, topic: str, wish: Request, voice: Voice, asked: int) -> str:
        """The value of the detail, if the request has it."""
        fields = {"ask_task": wish.task_id, "ask_person": wish.user_id, "ask_title": wish.title}
        fields |= {"ask_description": wish.description, "ask_status": wish.status}
        return voice.say("value", value=fields[topic]) if fields[topic] else ""

    def has(self, wish: Request, topic: str) -> bool:
        """Whether a request is about what is asked for."""
        return bool(wish.status if topic in ("ask_task", "ask_status") else wish.title)

    def act(self, now: Moment[Request]) -> ToolCall | None:
        """The next errand, once the requests before it are settled."""
        if not self._left or not all(one.closed for one in now.requests[: self._left[0].after]):
            return None
        errand = self._left.pop(0)
        return ToolCall(errand.name, errand.arguments)


def scripted(domain: Domain, task: Task, rng: np.random.Generator) -> ScriptedUser[Request]:
    """The user of a task; its first line depends on the task alone.

    Raises:
        TaskError: If the task has no gold calls to play from.
    """
    facts = facts_of(task)
    phrases = Phrases.read(Path(__file__).parent / "phrases.toml")
    opening = Voice(facts.manner, np.random.default_rng(int(task.key, 16)), phrases)
    return ScriptedUser(facts, TeamReader(facts), opening, Voice(facts.manner, rng, phrases))
