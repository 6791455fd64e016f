"""The users and the agents that a domain brings, by what they say and call in dialogues."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterator, Mapping

from toolgym.agents.oracle import oracle
from toolgym.agents.passive import AlwaysRefuse, AlwaysTransfer, NoOp
from toolgym.database import Database
from toolgym.domain import AgentFactory, AgentSpec
from toolgym.episode.machine import Episode
from toolgym.errors import TaskError
from toolgym.language.text import texts_in
from toolgym.tasks import Task
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.subject import Subject, difference, explained, lines_of, unsolved

PASSIVE: Mapping[str, AgentFactory] = {"no-op": NoOp, "always-refuse": AlwaysRefuse, "always-transfer": AlwaysTransfer}
"""Before whom a user must end."""
OPENINGS = 4
"""Trials whose first lines are compared."""
ENOUGH = 16
"""Episodes in which a novice must have made a fault."""


def check_users(subject: Subject) -> Iterator[str]:
    """A user begins alike in each trial, says only what it knows, has an answer to everything, and ends."""
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
            if task.facts is None and name == "scripted":
                continue
            for problem in _check_user(subject, spec, task):
                if (kind := problem.split(task.id)[0][:40]) not in told:  # the first of each kind says enough
                    told.add(kind)
                    yield problem


def _check_user(subject: Subject, user: AgentSpec, task: Task) -> Iterator[str]:
    try:
        openings = [subject.plays(task, NoOp, user, trial=trial) for trial in range(OPENINGS)]
    except TaskError:  # it does not play this task
        return
    if task.initial_state is None or not task.initial_state.message_history:
        first, *others = [_first_line(episode) for episode in openings]
        if varied := [line for line in others if line != first]:
            yield say.FIRST_LINE_VARIES.format(user=user.name, task=task.id, one=first, other=varied[0])
    passive = {name: openings[0] if name == "no-op" else subject.plays(task, PASSIVE[name], user) for name in PASSIVE}
    episodes = list(passive.values())
    for agent, episode in passive.items():
        if episode.fault is not None:
            yield say.USER_FAILS.format(user=user.name, task=task.id, fault=episode.fault.reason[:200], agent=agent)
        elif episode.termination != "user_stop":
            yield say.USER_NEVER_ENDS.format(user=user.name, task=task.id, agent=agent, steps=episode.steps)
    if user.name == "scripted":
        with contextlib.suppress(Exception):  # check_oracle tells what it raises
            episodes.append(subject.oracle_plays(task))
    again = subject.plays(task, NoOp, user)
    if differs := difference(lines_of(openings[0]), lines_of(again)):
        yield say.PLAYS_DIFFERENTLY.format(
            agent="no-op", user=user.name, task=task.id, one=differs[0], other=differs[1]
        )
    for episode in episodes:
        if (value := _invented(episode, task)) is not None:
            yield say.USER_INVENTS.format(user=user.name, task=task.id, value=value)
            return


def _first_line(episode: Episode) -> str:
    return next((str(message.content) for message in episode.messages if message.role == "user"), "")


def _invented(episode: Episode, task: Task) -> str | None:
    """A figure, an id or an address that the user says and cannot know."""
    known = _tokens(f"{task.user_scenario} {json.dumps(task.facts, default=str)}")
    for message in episode.view("user"):
        said = _tokens(message.content or "")
        if message.role == "user":
            for call in message.tool_calls:
                said |= _tokens(" ".join(texts_in(dict(call.arguments))))
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


def check_oracle(subject: Subject) -> Iterator[str]:
    """The oracle solves each task, in each trial, and in dialogue calls nothing that nobody told it."""
    own = subject.domain.agents.get("oracle")
    if own is not None and not own.privileged:
        yield say.NOT_PRIVILEGED.format(role="agent", name="oracle")
    for split, task in subject.sample:
        for trial in range(subject.trials):
            try:
                episode = subject.oracle_plays(task, trial)
            except Exception as error:
                yield say.AGENT_FAILS.format(agent="oracle", task=task.id, error=explained(error))
                break
            why = unsolved(episode)
            if why is not None:
                yield say.ORACLE_FAILS.format(task=task.id, split=split, trial=trial, why=why)
                break
            if own is not None and task.facts is not None and (untold := _untold(episode, task)) is not None:
                tool, argument, value = untold
                yield say.ORACLE_KNOWS_UNTOLD.format(task=task.id, tool=tool, argument=argument, value=value)
                break


def _untold(episode: Episode, task: Task) -> tuple[str, str, str] | None:
    """A key, or what finds a record, that the assistant names untold: the tool, the argument, the text."""
    keys = _keys(episode.session.base)
    told = ""
    for message in episode.view("assistant"):
        for call in message.tool_calls if message.role == "assistant" else ():
            for argument, value in call.arguments.items():
                for text in texts_in(value):
                    if (text in keys or _found_by(episode.session.base, text)) and not _holds(told, text):
                        return call.name, argument, text
        told += f"\n{message.content or ''}"
    return None


def _keys(base: Database) -> set[str]:
    return {
        key for side, schema in base.schemas.items() for table in schema.tables for key in base.keys(side, table.name)
    }


def _found_by(base: Database, text: str) -> bool:
    """Whether an index finds a record by a number or an address; by words, such as a status, anybody may look."""
    if not any(letter.isdigit() or letter == "@" for letter in text):
        return False
    return any(
        base.find(side, table.name, index, value)
        for side, schema in base.schemas.items()
        for table in schema.tables
        for index in table.indexes
        for value in {text, text.lower()}
    )


def _holds(text: str, key: str) -> bool:
    core = re.sub(r"^\W+|\W+$", "", key)
    return re.search(rf"(?<!\w){re.escape(core)}(?!\w)", text, re.IGNORECASE) is not None


def check_agents(subject: Subject) -> Iterator[str]:
    """The domain's agents play to the end, the same with the same seed; a novice's labels are of known patterns."""
    domain = subject.domain
    yield from _check_again(subject, "oracle", None)
    for name, spec in domain.agents.items():
        if name == "oracle" or spec.needs_model:
            continue
        if name == "novice" and not spec.privileged:
            yield say.NOT_PRIVILEGED.format(role="agent", name=name)
        yield from _check_again(subject, name, spec)
    if "novice" in domain.agents:
        yield from _check_labels(subject, domain.agents["novice"])


def _check_again(subject: Subject, name: str, agent: AgentFactory | None) -> Iterator[str]:
    """The first task on which it fails, or plays otherwise with the same seed."""
    for _, task in subject.sample:
        if name != "oracle" and task.facts is None and "scripted" in subject.domain.users:
            continue
        try:
            one = subject.oracle_plays(task) if agent is None else subject.plays(task, agent)
            other = subject.plays(task, oracle if agent is None else agent)
        except TaskError:  # it does not play this task
            continue
        except Exception as error:
            if agent is not None:  # the oracle's are told by check_oracle
                yield say.AGENT_FAILS.format(agent=name, task=task.id, error=explained(error))
            return
        if differs := difference(lines_of(one), lines_of(other)):
            user = "minimal" if task.facts is None else "scripted"
            yield say.PLAYS_DIFFERENTLY.format(agent=name, user=user, task=task.id, one=differs[0], other=differs[1])
            return
        if one.injected != other.injected:
            yield say.PLAYS_DIFFERENTLY.format(
                agent=name, user="scripted", task=task.id, one=one.injected, other=other.injected
            )
            return


def _check_labels(subject: Subject, novice: AgentSpec) -> Iterator[str]:
    count = faults = 0
    unknown = set()
    for _, task in subject.sample:
        if task.facts is None:
            continue
        for trial in range(subject.trials):
            try:
                episode = subject.plays(task, novice, trial=trial)
            except Exception as error:
                yield say.AGENT_FAILS.format(agent="novice", task=task.id, error=explained(error))
                return
            count += 1
            faults += bool(episode.injected)
            for label in episode.injected:
                if label.pattern not in subject.patterns and label.pattern not in unknown:
                    unknown.add(label.pattern)
                    yield say.LABEL_UNKNOWN.format(task=task.id, pattern=label.pattern, known=subject.known_patterns)
                if not 1 <= label.message <= episode.seen("assistant"):
                    yield say.LABEL_NOWHERE.format(task=task.id, message=label.message, count=episode.seen("assistant"))
                    return
    if count >= ENOUGH and not faults:
        yield say.NOVICE_FAULTLESS.format(count=count)
