"""Mock's novice: the oracle in dialogue with a beginner's faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toolgym.scripted.novice import RATES, ScriptedNovice
from toolgym.scripted.oracle import Talk
from toolgym_mock.facts import Request
from toolgym_mock.oracle import TalkingOracle


class Novice(ScriptedNovice[Request], TalkingOracle):
    """Plays like the oracle of the team, and slips."""

    usual_rates = {
        pattern: RATES[pattern]
        for pattern in (
            *("wrong_record", "invalid_argument", "no_confirmation", "ended_early"),
            *("repeated_call", "fact_not_said", "needless_transfer"),
        )
    }

    @property
    def wrong_choices(self) -> Mapping[str, Callable[[Request], Request | None]]:
        """What it takes for a wish instead."""
        return {"wrong_record": self._other_record, "invalid_argument": self._invalid}

    def look_around(self, wish: Request, pattern: str) -> Talk:
        """Look at who there is, and their tasks."""
        yield from self.read_users()

    def against_policy(self, wish: Request) -> None:
        """No tool deletes a task."""

    def _other_record(self, wish: Request) -> Request | None:
        """Another task, rather one whose number begins alike; or another person."""
        if wish.user_id:
            other = self.pick([one for one in self.records if one != wish.user_id])
            return None if other is None else wish.model_copy(update={"user_id": other})
        tasks = [task for user in self.records.values() for task in user["tasks"] if task != wish.task_id]
        alike = [task for task in tasks if task.startswith(wish.task_id) or wish.task_id.startswith(task)]
        task = self.pick(alike or tasks)
        return None if task is None else wish.model_copy(update={"task_id": task})

    def _invalid(self, wish: Request) -> Request:
        """A task by its bare number, or a description in its own words."""
        if wish.task_id:
            return wish.model_copy(update={"task_id": wish.task_id.removeprefix("task_")})
        return wish.model_copy(update={"description": "As discussed." if wish.description else ""})
