"""What the prose of a scenario holds, and what is wrong with another wording of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from toolgym.language.identify import language_of
from toolgym.language.text import holds_token, texts_in
from toolgym.messages import STOP_MARKS
from toolgym.tasks import Instructions, Task

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_WORD_WITH_NUMBER = re.compile(r"(?<![^\s()\"'])[^\s()\"'\d]*\d[^\s()\"']*")
_IDENTIFIER = re.compile(r"[^\s\d_@#]*[\d_@#]\S*")


class Prose(NamedTuple):
    """The two parts of a scenario that are worded anew."""

    reason_for_call: str
    task_instructions: str

    @classmethod
    def of(cls, task: Task) -> Prose | None:
        """Those of a task; None if its scenario is not in parts."""
        parts = task.user_scenario.instructions
        return cls(parts.reason_for_call, parts.task_instructions) if isinstance(parts, Instructions) else None

    @property
    def text(self) -> str:
        """Both parts."""
        return f"{self.reason_for_call}\n{self.task_instructions}"

    @property
    def longest(self) -> int:
        """Characters that another wording of both parts may have."""
        return max(2 * len(self.text), len(self.text) + 400)

    def put_into(self, task: Task) -> Task:
        """The task with this prose in place of its own.

        Raises:
            TypeError: If the task's scenario is not in parts.
        """
        parts = task.user_scenario.instructions
        if not isinstance(parts, Instructions):
            raise TypeError(f"the scenario of task {task.id!r} is not in parts")
        scenario = task.user_scenario.model_copy(update={"instructions": parts.model_copy(update=self._asdict())})
        return task.model_copy(update={"user_scenario": scenario})


def kept(prose: Prose, needs: Collection[str]) -> tuple[str, ...]:
    """The texts of a prose that each other wording of it must hold: what is needed, and what has a number in it.

    Args:
        prose: The prose.
        needs: What the whole scenario must hold; what stands elsewhere in it is left out.

    Example:
        >>> kept(Prose("You want to cancel #W12 (2 lamps).", "Be short."), ["Ana", "#W12"])
        ('#W12', '2')
    """
    texts = [text for text in needs if holds_token(prose.text, text)]
    for word in _WORD_WITH_NUMBER.findall(prose.text):
        if (word := word.strip(".,;:!?")) and not any(holds_token(text, word) for text in texts):
            texts.append(word)
    return tuple(dict.fromkeys(texts))


def complaints(task: Task, old: Prose, new: Prose, needs: Sequence[str]) -> list[str]:
    """What is wrong with another wording of a task's prose, one clause per fault; empty if nothing is.

    It must hold what :func:`kept` names, in the language and about in the length of the old one; it must hold no number
    that the scenario does not have, and nothing by which the gold calls or the graded answers show that the scenario
    does not tell. That it asks for the same otherwise cannot be seen here.

    Args:
        task: The task.
        old: Its prose.
        new: The other wording.
        needs: What its scenario must hold.
    """
    scenario = str(task.user_scenario)
    found = [f"it does not hold {text!r}" for text in kept(old, needs) if not holds_token(new.text, text)]
    known = set(_NUMBER.findall(scenario))
    invented = [number for number in dict.fromkeys(_NUMBER.findall(new.text)) if number not in known]
    found += [f"it holds the number {number!r}, which the scenario does not have" for number in invented]
    leaked = [text for text in secrets(task) if not holds_token(scenario, text) and holds_token(new.text, text)]
    found += [f"it gives away {text!r}, which the user must not know" for text in dict.fromkeys(leaked)]
    found += [f"it holds the mark {mark}" for mark in STOP_MARKS if mark in new.text]
    if len(new.text) > old.longest:
        found.append(f"it has {len(new.text)} characters, and may have {old.longest}")
    before, after = language_of(old.text), language_of(new.text)
    if before is not None and after is not None and before != after:
        found.append(f"it is in another language than the scenario ({after} instead of {before})")
    if _normal(new.text) == _normal(old.text):
        found.append("it is the scenario as it was")
    return found


def secrets(task: Task) -> Iterator[str]:
    """What only the gold calls and the graded answers tell: tools, identifiers, answers."""
    for action in task.gold:
        yield action.name
        yield from (text for text in texts_in(action.arguments) if _IDENTIFIER.fullmatch(text))
    criteria = task.evaluation_criteria
    yield from (criteria.communicate_info or ()) if criteria is not None else ()


def _normal(text: str) -> str:
    return " ".join(text.casefold().split())
