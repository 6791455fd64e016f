"""Mock's novice: the oracle in dialogue with a beginner's faults."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from toolgym.scripted.novice import RATES, ScriptedNovice
from toolgym_mock.facts import Request
from toolgym_mock.oracle import TalkingOracle

_FAULTS = ("wrong_record", "invalid_argument", "no_confirmation", "ended_early", "repeated_call", "fact_not_said")


class Novice(ScriptedNovice[Request], TalkingOracle):
    """Plays like the oracle of the team, and slips."""

    usual_rates = {pattern: RATES[pattern] for pattern in (*_FAULTS, "needless_transfer")}

    @property
    def wrong_choices(self) -> Mapping[str, Callable[[Request], Request | None]]:
        """What it takes for a wish instead."""
        return {"wrong_record": self._other_record, "invalid_argument": self._invalid}

    def _other_record(self, wish: Request) -> Request | None:
        """Another person; or another task, rather one whose number begins alike."""
        tasks = [task for user in self.records.values() for task in user["tasks"]]
        field, known = ("user_id", [*self.records]) if wish.user_id else ("task_id", tasks)
        right = getattr(wish, field)
        others = [one for one in known if one != right]
        alike = [one for one in others if one.startswith(right) or right.startswith(one)]
        other = self.pick(alike or others)
        return None if other is None else wish.model_copy(update={field: other})

    def _invalid(self, wish: Request) -> Request:
        """A task by its bare number, or a description in its own words."""
        if wish.task_id:
            return wish.model_copy(update={"task_id": wish.task_id.removeprefix("task_")})
        return wish.model_copy(update={"description": "As discussed." if wish.description else ""})
