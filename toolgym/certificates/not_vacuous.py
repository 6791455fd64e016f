"""Whether a task pays for something: its gold scores 1, doing nothing scores 0, and nothing in it is given away."""

from __future__ import annotations

import re
from collections.abc import Iterable

from toolgym.database.records import thaw
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.episode.setup import TaskSetup, set_up
from toolgym.evaluation import grade
from toolgym.language.text import holds_token
from toolgym.limits import Limits
from toolgym.messages import STOP, AgentID, Message, ToolCall
from toolgym.tasks import Action, EvaluationCriteria, Task
from toolgym.tools import Effect
from toolgym.trajectory import Grade

_FIGURE = re.compile(r"\d+(?:\.\d+)?")


def check_substance(domain: Domain, task: Task) -> str | None:
    """Whether a task pays for something; why not, or None.

    The rule, where *gold play* makes the gold calls and says the texts that must be said, *doing nothing* makes no call
    and says nothing, and both are then graded as an episode that the user ended:

    1. The task has criteria, with at least one component in the basis.
    2. Gold play scores 1: each component of the basis can be satisfied. One that needs a judge cannot be checked here,
       so a task whose success needs one fails.
    3. A task whose gold changes nothing has DB in its basis, and criteria over which the grader compares databases,
       which are those with ``actions``, even an empty list, or ``env_assertions``: a forbidden write must cost
       something.
    4. Doing nothing scores 0: it fails at least one component. So a DB component with an empty gold diff does not carry
       a task, nor does one without content (COMMUNICATE with no texts, ACTION with no calls); beside a component that
       carries the task they are no harm, since DB still forbids any other change.
    5. No call of ACTION, where that is in the basis, was made before the assistant's first word: it can no longer be
       failed.
    6. A text of COMMUNICATE, where it is in the basis, is a whole token: not blank, without spaces at its ends, with a
       letter or digit in it. The grader does not find it in the policy, the greeting, the user's scenario or the
       messages of the history: it would be no evidence that anything was looked up.
    7. A text of COMMUNICATE, where it is in the basis, that the gold's look-ups return at first is still returned by
       one of those when the gold calls have run: when it is asked for may not decide what is right.
    """
    ready = set_up(domain, task)
    criteria = task.evaluation_criteria
    if criteria is None or not criteria.reward_basis:
        return "nothing is graded: the task has no criteria, or an empty basis"
    gold = _driven(domain, task, task.gold, criteria.communicate_info or ()).grade
    if gold.success is None:
        return f"its success cannot be told without a judge ({', '.join(gold.not_judged)})"
    if not gold.success:
        return f"gold play does not score 1: {_failed(gold)}"
    if not ready.gold_writes and "DB" not in criteria.reward_basis:
        return f"its gold changes nothing, and DB is not in its basis {list(criteria.reward_basis)}"
    if not ready.gold_writes and criteria.actions is None and criteria.env_assertions is None:
        return "its gold changes nothing, and databases are not compared: give it `actions`, if only an empty list"
    nothing = _driven(domain, task, (), ()).grade
    if nothing.success:
        return f"vacuous: doing nothing satisfies every component of its basis {list(criteria.reward_basis)}"
    if "ACTION" in criteria.reward_basis and (free := [check.what for check in nothing.actions if check.met]):
        return f"vacuous: the action {free[0]!r} was called before the assistant's first word"
    if "COMMUNICATE" not in criteria.reward_basis:
        return None
    return _check_texts(ready, criteria) or _check_lasting(ready, criteria.communicate_info or ())


def _check_lasting(ready: TaskSetup, texts: Iterable[str]) -> str | None:
    """Why a text does not last: the gold's own writes change what it was looked up in."""
    toolbox, reads, before = ready.toolbox(), list[ToolCall](), list[str]()
    for action in ready.task.gold:
        call = ToolCall(action.name, thaw(action.arguments), action.action_id, action.requestor)
        result = toolbox.call(call)
        tool = toolbox.tool(action.name)
        if tool is not None and tool.effect is Effect.READ and not result.error:
            reads.append(call)
            before.append(result.content)
    after = [toolbox.call(call).content for call in reads]
    for text in texts:
        found = [place for place, content in enumerate(before) if _tells(content, text)]
        if found and not any(_tells(after[place], text) for place in found):
            return (
                f"the text {text!r} that must be said is in what {reads[found[0]].name!r} returns, and no longer once "
                "the gold calls have run: what is right depends on when it is asked for"
            )
    return None


def _check_texts(ready: TaskSetup, criteria: EvaluationCriteria) -> str | None:
    for text in criteria.communicate_info or ():
        if text != text.strip() or not any(letter.isalnum() for letter in text):
            return (
                f"the text {text!r} that must be said is no whole token; it needs a letter or digit and no outer space"
            )
    places = {
        "the policy": ready.domain.policy,
        "the greeting": ready.domain.greeting,
        "the user's scenario": str(ready.task.user_scenario),
        "the history": "\n".join(message.content or "" for message in ready.history),
    }
    for place, content in places.items():
        found = grade(ready, ready.toolbox().session, (Message("assistant", content),), "user_stop").communicate
        if given := [check.what for check in found if check.met]:
            return f"the text {given[0]!r} that must be said occurs in {place}, so saying it shows nothing"
    return None


def _tells(content: str, text: str) -> bool:
    """Whether a tool's result holds a text; a figure may be written in another way, as 12.5 for 12.50."""
    if holds_token(content, text):
        return True
    return bool(_FIGURE.fullmatch(text)) and any(float(one) == float(text) for one in _FIGURE.findall(content))


def _driven(domain: Domain, task: Task, actions: Iterable[Action], texts: Iterable[str]) -> Episode:
    """An episode in which these calls are made and these texts said, and which the user then ends."""
    episode = Episode(domain, task, limits=Limits(max_steps=10 + 4 * len(task.gold)))
    for number, action in enumerate(actions):
        if episode.turn != action.requestor:
            other: AgentID = "user" if action.requestor == "assistant" else "assistant"
            episode.advance(Message(other, "Go on."))
        call = ToolCall(action.name, action.arguments, f"gold_{number}", action.requestor)
        episode.advance(Message(action.requestor, None, (call,)))
    said = "; ".join(texts)
    if said and episode.turn == "user":
        episode.advance(Message("user", "Go on."))
    if episode.turn == "assistant":
        episode.advance(Message("assistant", said or "Go on."))
    episode.advance(Message("user", STOP))
    return episode


def _failed(found: Grade) -> str:
    """The components that are not satisfied, each with the checks that are not met."""
    checks = {
        "ACTION": found.actions,
        "ENV_ASSERTION": found.env_assertions,
        "COMMUNICATE": found.communicate,
    }
    parts = []
    for name, value in found.components.items():
        if value == 0.0:
            unmet = [check.what for check in checks.get(name, ()) if not check.met]
            parts.append(f"{name} ({', '.join(map(repr, unmet))})" if unmet else name)
    return ", ".join(parts) or found.note
