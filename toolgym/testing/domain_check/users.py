"""The users that a domain brings, by what they say and call in dialogues."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from toolgym.agents.oracle import ORACLE
from toolgym.agents.passive import AlwaysRefuse, AlwaysTransfer, NoOp
from toolgym.domain import AgentFactory, AgentSpec, Domain
from toolgym.episode.machine import Episode
from toolgym.errors import TaskError
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.subject import Subject, difference, lines_of, texts_of

PASSIVE: Mapping[str, AgentFactory] = {"no-op": NoOp, "always-refuse": AlwaysRefuse, "always-transfer": AlwaysTransfer}
"""Before whom a user must end."""
OPENINGS = 4
"""In how many trials the first lines are compared."""


def check_users(subject: Subject) -> Iterator[str]:
    """A user begins alike in each trial, says only what it knows, has an answer to everything, hears, and ends."""
    domain = subject.domain
    if "scripted" not in domain.users:
        facts = next((task for _, task in subject.sample if task.facts is not None), None)
        if facts is not None:
            yield say.NO_SCRIPTED_USER.format(task=facts.id)
    for name, spec in domain.users.items():
        if name == "scripted" and not spec.privileged:
            yield say.NOT_PRIVILEGED.format(role="user", name=name)
        if spec.needs_model:
            continue
        told = set()
        for _, task in subject.sample:
            if not subject.can_play(spec, task):
                continue
            for problem in _check_user(subject, spec, task):
                if (kind := problem.split(task.id)[0][:40]) not in told:  # the first of each kind says enough
                    told.add(kind)
                    yield problem


def _check_user(subject: Subject, user: AgentSpec, task: Task) -> Iterator[str]:
    try:
        openings = [subject.plays(task, NoOp, user, trial=trial) for trial in range(OPENINGS)]
    except TaskError:  # the task itself is wrong, which check_tasks tells
        return
    if task.initial_state is None or not task.initial_state.message_history:
        first, *others = [_first_line(episode) for episode in openings]
        if varied := [line for line in others if line != first]:
            yield say.FIRST_LINE_VARIES.format(user=user.name, task=task.id, one=first, other=varied[0])
    passive = {name: openings[0] if name == "no-op" else subject.plays(task, PASSIVE[name], user) for name in PASSIVE}
    episodes = list(passive.values())
    for agent, episode in passive.items():
        if episode.fault is not None:
            yield _failure(subject, user, task, agent, episode.fault.reason)
        elif episode.termination != "user_stop":
            yield say.USER_NEVER_ENDS.format(user=user.name, task=task.id, agent=agent, steps=episode.steps)
    if user.name == "scripted":
        oracles = [ORACLE] if task.facts is not None else []
        oracles += [spec for spec in subject.talking_oracles.values() if subject.can_play(spec, task)]
        for oracle in oracles:
            with contextlib.suppress(Exception):  # check_oracle tells what it raises
                episodes.append(subject.plays(task, oracle, user))
    again = subject.plays(task, NoOp, user)
    if differs := difference(lines_of(openings[0]), lines_of(again)):
        yield say.PLAYS_DIFFERENTLY.format(
            agent="no-op", user=user.name, task=task.id, one=differs[0], other=differs[1]
        )
    if user.name == "scripted" and not any(episode.fault is not None for episode in episodes):
        asked = subject.plays(task, _Inquirer, user)
        heard = {tuple(_said(episode)[1:]) for episode in (passive["no-op"], passive["always-refuse"], asked)}
        if asked.fault is not None:
            yield _failure(subject, user, task, "asking for everything", asked.fault.reason)
        elif len(heard) == 1:
            yield say.USER_DEAF.format(user=user.name, task=task.id, said=" / ".join(next(iter(heard)))[:200])
    for episode in episodes:
        if (value := _invented(episode, task)) is not None:
            yield say.USER_INVENTS.format(user=user.name, task=task.id, value=value)
            return


class _Inquirer:
    """Asks for everything that the assistant's tools take, and whether it shall be done."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        tools = domain.toolkits["assistant"].tools.values()
        names = dict.fromkeys(name for tool in tools for name in tool.schema["function"]["parameters"]["properties"])
        words = ", ".join(name.replace("_", " ") for name in names)
        self.lines = [
            f"What do you want? Could you tell me your name, your number, your address and the {words}, please?",
            "Is that right, and shall I do it now?",
        ]

    def respond(self, view: Sequence[Message]) -> Message:
        """One question and then the other, in turn."""
        self.lines.append(self.lines.pop(0))
        return Message("assistant", self.lines[-1])


def _failure(subject: Subject, user: AgentSpec, task: Task, agent: str, reason: str) -> str:
    """A fault of the user's: of facts that lack what other tasks' facts have, or of another kind."""
    subject.told.add(reason)
    missing = re.fullmatch(r"KeyError: '(\w+)'", reason)
    if missing is not None and task.facts is not None and missing[1] not in task.facts:
        for _, other in subject.sample:
            if missing[1] in (other.facts or {}):
                known = ", ".join(task.facts)
                return say.FACTS_LACK.format(
                    user=user.name, field=missing[1], task=task.id, known=known, other=other.id
                )
    return say.USER_FAILS.format(user=user.name, task=task.id, fault=reason[:200], agent=agent)


def _said(episode: Episode) -> list[str]:
    """What the user said and called."""
    return [line for line in lines_of(episode) if line.startswith("user: ")]


def _first_line(episode: Episode) -> str:
    return next((str(message.content) for message in episode.messages if message.role == "user"), "")


def _invented(episode: Episode, task: Task) -> str | None:
    """A figure, an id or an address that the user says and cannot know."""
    begun = task.initial_state.message_history if task.initial_state is not None else None
    said_before = " ".join(str(one.get("content")) for one in begun or () if one.get("role") == "user")
    known = _tokens(f"{task.user_scenario} {json.dumps(task.facts, default=str)} {said_before}")
    for message in episode.view("user"):
        said = _tokens(message.content or "")
        if message.role == "user":
            for call in message.tool_calls:
                said |= _tokens(" ".join(texts_of(dict(call.arguments))))
            for token in sorted(said):
                short = token.isdigit() and len(token) < 3  # it may count, or say what day it is
                if token not in known and not short and not any(token in other for other in known):
                    return token
        known |= said
    return None


def _tokens(text: str) -> set[str]:
    """Words with a digit or an at sign, and numbers without the zeros at their ends."""
    found = set()
    for word in re.findall(r"[\w@.+-]+", text.casefold()):
        word = word.strip(".-+")
        if "@" in word or any(letter.isdigit() for letter in word):
            plain = re.fullmatch(r"\d+\.\d*?(0+)", word)
            found.add(word[: -len(plain[1])].rstrip(".") if plain else word)
    return found
