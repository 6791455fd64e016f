"""The agents that a domain brings, by what they say and call in dialogues."""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolgym.agents.oracle import ORACLE
from toolgym.certificates.stages import user_of
from toolgym.database import Database
from toolgym.domain import AgentSpec
from toolgym.episode.machine import Episode
from toolgym.errors import TaskError
from toolgym.tasks import Task
from toolgym.testing.domain_check import mends
from toolgym.testing.domain_check import messages as say
from toolgym.testing.domain_check.subject import Subject, difference, explained, lines_of, texts_of, unsolved

ENOUGH = 16
"""In so many episodes a novice must have made a fault."""


def check_oracle(subject: Subject) -> Iterator[str]:
    """The oracles solve each task, in each trial, and in dialogue call nothing that nobody told them."""
    own = subject.domain.agents.get("oracle")
    if own is not None and not own.privileged:
        yield say.NOT_PRIVILEGED.format(role="agent", name="oracle")
    told: set[tuple[str, str, str]] = set()
    for split, task in subject.sample:
        kind = task.provenance.kind if task.provenance is not None else ""
        for name, problem in _check_task(subject, split, task):
            about = (name, kind, problem.split(task.id)[0])
            if about not in told:  # the first of each kind of task says enough
                told.add(about)
                yield problem


def _check_task(subject: Subject, split: str, task: Task) -> Iterator[tuple[str, str]]:
    """The problems of each oracle with a task, with its name."""
    own = subject.domain.agents.get("oracle")
    talks = own is not None and task.facts is not None
    for problem in _check_solves(subject, split, task, "oracle", ORACLE, talks=talks):
        yield "oracle", problem
    for name, spec in subject.talking_oracles.items():
        for problem in (
            _check_solves(subject, split, task, name, spec, talks=True) if subject.can_play(spec, task) else ()
        ):
            yield name, problem


def _check_solves(
    subject: Subject, split: str, task: Task, agent: str, spec: AgentSpec, *, talks: bool
) -> Iterator[str]:
    """The first trial in which an oracle fails a task, or knows what nobody told it."""
    name = agent if agent == "oracle" else f"oracle {agent!r}"
    for trial in range(subject.trials):
        try:
            own = agent == "oracle"
            episode = subject.oracle_plays(task, trial) if own else subject.plays(task, spec, trial=trial)
        except Exception as error:
            yield from _failure(subject, agent, task, error)
            return
        if (why := unsolved(episode)) is not None:
            subject.told.add(mends.ORACLE)
            if task.key not in subject.defective and not _told(subject, episode):
                yield _unsolved(subject, split, task, name, trial, episode, why)
            return
        if talks and (untold := _untold(episode, task)) is not None:
            tool, argument, value = untold
            yield say.ORACLE_KNOWS_UNTOLD.format(name=name, task=task.id, tool=tool, argument=argument, value=value)
            return


def _told(subject: Subject, episode: Episode) -> bool:
    """Whether an episode is void by a fault that was told of its user."""
    return episode.fault is not None and episode.fault.source == "user" and episode.fault.reason in subject.told


def _unsolved(subject: Subject, split: str, task: Task, name: str, trial: int, episode: Episode, why: str) -> str:
    made = [call.name for message in episode.view("assistant") for call in message.tool_calls]
    left = [action.name for action in task.gold if action.requestor == "assistant" and action.name not in made]
    said = [message.content for message in episode.messages if message.role == "assistant" and message.content]
    if episode.termination == "user_stop" and left and said and "?" in said[-1]:
        return say.USER_LEAVES.format(
            user="scripted", task=task.id, trial=trial, name=name, tool=left[0], said=said[-1][:120]
        )
    return say.ORACLE_FAILS.format(name=name, task=task.id, split=split, trial=trial, why=why)


def _failure(subject: Subject, agent: str, task: Task, error: Exception) -> Iterator[str]:
    """What an agent's episode ended with, unless it was told already: by the agent itself, or by a tool."""
    if explained(error) in subject.told or (isinstance(error, TaskError) and task.key in subject.defective):
        return
    subject.told.add(explained(error))
    notes = [note for note in getattr(error, "__notes__", ()) if note.startswith("while running the tool ")]
    about = {"agent": agent, "task": task.id, "error": explained(error)}
    yield say.TOOL_RAISES_IN_PLAY.format(note=notes[0], **about) if notes else say.AGENT_FAILS.format(**about)


def _untold(episode: Episode, task: Task) -> tuple[str, str, str] | None:
    """A key, or what finds a record, that the assistant names untold: the tool, the argument, the text."""
    keys = keys_of(episode.session.base)
    told = ""
    for message in episode.view("assistant"):
        for call in message.tool_calls if message.role == "assistant" else ():
            for argument, value in call.arguments.items():
                for text in texts_of(value):
                    if (text in keys or found_by(episode.session.base, text)) and not holds(told, text):
                        return call.name, argument, text
        told += f"\n{message.content or ''}"
    return None


def keys_of(base: Database) -> set[str]:
    """The keys of all records of a world."""
    return {
        key for side, schema in base.schemas.items() for table in schema.tables for key in base.keys(side, table.name)
    }


def found_by(base: Database, text: str) -> bool:
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


def holds(text: str, key: str) -> bool:
    """Whether a text names a key as a word of its own, whatever the case."""
    core = re.sub(r"^\W+|\W+$", "", key)
    return re.search(rf"(?<!\w){re.escape(core)}(?!\w)", text, re.IGNORECASE) is not None


def check_agents(subject: Subject) -> Iterator[str]:
    """The domain's agents play to the end, the same with the same seed; a novice's labels are of what it did."""
    yield from _check_again(subject, "oracle", ORACLE)
    for name, spec in subject.domain.agents.items():
        if name == "oracle" or spec.needs_model:
            continue
        if name == "novice" and not spec.privileged:
            yield say.NOT_PRIVILEGED.format(role="agent", name=name)
        yield from _check_again(subject, name, spec)
    if "novice" in subject.domain.agents:
        yield from _check_labels(subject, subject.domain.agents["novice"])


def _check_again(subject: Subject, name: str, agent: AgentSpec) -> Iterator[str]:
    """The first task on which it fails, or plays otherwise with the same seed."""
    for _, task in subject.sample:
        user = user_of(task) if name == "oracle" else subject.user_for(task)
        if task.key in subject.defective:
            continue
        if name != "oracle" and not (subject.can_play(agent, task) and _in_dialogue(subject, task)):
            continue
        try:
            one, other = (subject.plays(task, agent, user) for _ in range(2))
        except TaskError:  # the task itself is wrong, which check_tasks tells
            continue
        except Exception as error:
            yield from _failure(subject, name, task, error)
            return
        if differs := difference(lines_of(one), lines_of(other)):
            who = getattr(user, "name", "scripted" if task.facts is not None else "minimal")
            yield say.PLAYS_DIFFERENTLY.format(agent=name, user=who, task=task.id, one=differs[0], other=differs[1])
            return
        if one.injected != other.injected:
            yield say.PLAYS_DIFFERENTLY.format(
                agent=name, user="scripted", task=task.id, one=one.injected, other=other.injected
            )
            return


def _in_dialogue(subject: Subject, task: Task) -> bool:
    """Whether agents that talk can play a task: with the scripted user, or where the domain has none."""
    scripted = subject.domain.users.get("scripted")
    return scripted is None or (not scripted.needs_model and subject.can_play(scripted, task))


def _check_labels(subject: Subject, novice: AgentSpec) -> Iterator[str]:
    count = faults = 0
    told = set()
    if novice.needs_model or "scripted" not in subject.domain.users:
        return
    for _, task in subject.sample:
        if not (subject.can_play(novice, task) and _in_dialogue(subject, task)):
            continue
        for trial in range(subject.trials):
            try:
                episode = subject.plays(task, novice, trial=trial)
            except Exception as error:
                yield from _failure(subject, "novice", task, error)
                return
            count += 1
            faults += bool(episode.injected)
            for label in episode.injected:
                if label.pattern not in told and label.pattern not in subject.patterns:
                    told.add(label.pattern)
                    yield say.LABEL_UNKNOWN.format(task=task.id, pattern=label.pattern, known=subject.known_patterns)
                elif label.pattern not in told and subject.domain.failure_patterns[label.pattern].side == "user":
                    told.add(label.pattern)
                    yield say.LABEL_OF_USER.format(task=task.id, pattern=label.pattern)
                if not 1 <= label.message <= episode.seen("assistant"):
                    yield say.LABEL_NOWHERE.format(task=task.id, message=label.message, count=episode.seen("assistant"))
                    return
            if episode.injected and (name := _same_as(subject, episode, task, trial)) is not None:
                pattern = episode.injected[0].pattern
                yield say.LABEL_WITHOUT_FAULT.format(task=task.id, pattern=pattern, trial=trial, name=name)
                return
    if count >= ENOUGH and not faults:
        yield say.NOVICE_FAULTLESS.format(count=count)


def _same_as(subject: Subject, episode: Episode, task: Task, trial: int) -> str | None:
    """The oracle whose dialogue is the same to the word, if it solves the task."""
    others = {"oracle": ORACLE, **subject.talking_oracles}
    for name, spec in others.items():
        if not subject.can_play(spec, task):
            continue
        other = subject.plays(task, spec, subject.user_for(task), trial=trial)
        if lines_of(other) == lines_of(episode) and unsolved(other) is None:
            return name if name == "oracle" else f"oracle {name!r}"
    return None
