"""Mock's oracle in dialogue: it tells what it is going to change, and leaves the user's notifications to the user."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolgym.messages import ToolCall
from toolgym.scripted.oracle import ScriptedOracle, Talk
from toolgym.scripted.speech import Speech
from toolgym.tasks import Task
from toolgym_mock.facts import Facts, Request, facts_of


class TalkingOracle(ScriptedOracle[Request]):
    """Solves a task of the team in dialogue with its scripted user."""

    facts: Facts
    hands_over = True
    speech = Speech.read(Path(__file__).parent / "speech.toml")

    def facts_of(self, task: Task) -> Facts:
        """What the user of a task knows and wants, by its gold calls."""
        return facts_of(task)

    def look_up(self, wish: Request) -> Talk:
        """Look at the users and their tasks, once."""
        if not self.records:
            users = yield from self.call("get_users")
            self.records = {user["user_id"]: user for user in users}
        return True

    def ask_details(self, wish: Request) -> Talk:
        """Ask for what the user has not said yet."""
        for field in ("task_id", "status", "title", "user_id"):
            if not self.said(getattr(wish, field)):
                yield from self.say(self.line(f"ask_{field}"))

    def details(self, wish: Request) -> Sequence[str]:
        """What it is about to do."""
        if wish.kind == "update_task_status":
            return [f"I will mark {wish.task_id} as {wish.status}"]
        described = [f"It gets the description '{wish.description}'"] if wish.description else []
        return [f"I will create the task '{wish.title}' for {wish.user_id}", *described]

    def deed(self, wish: Request) -> str:
        """What it has done."""
        if wish.kind == "update_task_status":
            return f"I have marked {wish.task_id} as {wish.status}."
        return f"I have created the task '{wish.title}' for {wish.user_id}."

    def write(self, wish: Request) -> ToolCall:
        """The call that fulfils a wish."""
        given = wish.model_dump(include={"task_id", "status", "user_id", "title", "description"}, exclude_defaults=True)
        return ToolCall(wish.kind, given)

    def user_part(self, wish: Request) -> str:
        """What only the user sees: it dismisses its notification once the last wish before that is fulfilled."""
        place = next((place for place, one in enumerate(self.facts.requests, 1) if one is wish), 0)
        return "dismiss the notification about it" if any(one.after == place for one in self.facts.errands) else ""
