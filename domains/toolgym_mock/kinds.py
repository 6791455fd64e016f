"""The kinds of tasks of the mock domain, each in its own words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from toolgym.database import Rows
from toolgym.database.records import encode
from toolgym.errors import refuse_unknown
from toolgym.tasks import Task
from toolgym.worlds import Dice
from toolgym_mock.world import DETAILS, THINGS, VERBS

KINDS = (
    "create",
    "create_with_description",
    "complete",
    "complete_and_create",
    "complete_and_dismiss",
    "reopen_after_talk",
    "answer_a_new_notification",
    "tell_the_owner",
    "complete_but_do_not_delete",
    "complete_one_that_is_new_to_the_world",
    "create_for_the_right_person",
)
"""The methods of :class:`Writer` that write a task."""


class Writer:
    """Writes tasks over one world.

    Args:
        rows: The world.
        rng: Everything random comes from it.
        world: The world's digest.
    """

    def __init__(self, rows: Rows, rng: np.random.Generator, world: str) -> None:
        self.dice = Dice(rng)
        self.world = world
        self.task_id = ""
        """The id of the task that is written next."""
        self.people = rows["assistant"]["users"]
        self.work = rows["assistant"]["tasks"]
        self.inbox = rows["user"]["notifications"]
        self.count = len(self.work)

    def write(self, kind: str, task_id: str) -> Task:
        """A task of a kind.

        Args:
            kind: One of :data:`KINDS`.
            task_id: The id that it gets.

        Raises:
            UnknownNameError: If there is no such kind.
        """
        refuse_unknown("kind of task", [kind], KINDS)
        self.task_id = task_id
        task: Task = getattr(self, kind)()
        return task

    def _pending(self) -> Any:
        return self.dice.pick([task for task in self.work.values() if task["status"] == "pending"])

    def _person(self) -> Any:
        return self.dice.pick(list(self.people.values()))

    def _title(self) -> str:
        return f"{self.dice.pick(VERBS)} {self.dice.pick(THINGS)} again"

    def _task(self, text: str, actions: list[dict[str, Any]], **more: Any) -> Task:
        numbered = [{"action_id": f"{place}", "arguments": {}, **action} for place, action in enumerate(actions)]
        criteria = {
            "actions": numbered,
            "communicate_info": more.pop("facts", ()),
            "env_assertions": more.pop("assertions", None),
            "reward_basis": more.pop("basis", ("DB", "COMMUNICATE")),
        }
        return Task.model_validate(
            {
                "id": self.task_id,
                "user_scenario": {"instructions": text},
                "evaluation_criteria": criteria,
                "world": self.world,
                **more,
            }
        )

    def create(self) -> Task:
        """A new task for somebody."""
        person, title = self._person(), self._title()
        text = f"You want a new task on the list: '{title}', for {person['name']} ({person['user_id']})."
        return self._task(text, [_call("create_task", user_id=person["user_id"], title=title)])

    def create_for_the_right_person(self) -> Task:
        """A new task for somebody, after another was named: whoever acts without saying so first acts wrongly."""
        person, title = self._person(), self._title()
        everybody = list(self.people.values())
        other = everybody[(everybody.index(person) + 1) % len(everybody)]
        text = (
            f"You want a new task on the list: '{title}'. At first you say that it is for {other['name']} "
            f"({other['user_id']}). When the assistant says that it will create it, you see your mistake: it is for "
            f"{person['name']} ({person['user_id']})."
        )
        return self._task(text, [_call("create_task", user_id=person["user_id"], title=title)])

    def create_with_description(self) -> Task:
        """A new task whose description is given word for word."""
        person, title, detail = self._person(), self._title(), self.dice.pick(DETAILS)
        text = f"Have a task '{title}' created for {person['user_id']}. Its description must read: {detail}"
        call = _call("create_task", user_id=person["user_id"], title=title, description=detail)
        return self._task(text, [call])

    def complete(self, among: Sequence[Any] = ()) -> Task:
        """A task is finished.

        Args:
            among: Which may be it; by default any pending one.
        """
        task = self.dice.pick(among) if among else self._pending()
        text = f"You have done {task['task_id']} ('{task['title']}') and want it marked as completed."
        return self._task(text, [_call("update_task_status", task_id=task["task_id"], status="completed")])

    def complete_and_create(self) -> Task:
        """A task is finished and has a sequel."""
        task, person, title = self._pending(), self._person(), self._title()
        text = (
            f"{task['task_id']} is finished and should be marked so. It has a sequel: '{title}', "
            f"which {person['user_id']} will do; ask for both."
        )
        actions = [
            _call("update_task_status", task_id=task["task_id"], status="completed"),
            _call("create_task", user_id=person["user_id"], title=title),
        ]
        return self._task(text, actions)

    def complete_several(self, count: int) -> Task:
        """Several tasks are finished; one of them has a sequel."""
        pending = [task for task in self.work.values() if task["status"] == "pending"]
        finished = self.dice.shuffled(pending)[: max(count, 2)]
        person, title = self._person(), self._title()
        names = [f"{task['task_id']} ('{task['title']}')" for task in finished]
        text = (
            f"You have done {', '.join(names[:-1])} and {names[-1]} and want all of them marked as completed. Then "
            f"{person['user_id']} should get a new task: '{title}'."
        )
        actions = [_call("update_task_status", task_id=task["task_id"], status="completed") for task in finished]
        return self._task(text, [*actions, _call("create_task", user_id=person["user_id"], title=title)])

    def complete_and_dismiss(self) -> Task:
        """A status changes, and the user dismisses a notification."""
        notification = self.dice.pick(list(self.inbox.values()))
        task = self.work[notification["task_id"]]
        status = "completed" if task["status"] == "pending" else "pending"
        identity = notification["notification_id"]
        text = (
            f"Look at your notifications. The one about '{task['title']}' concerns {task['task_id']}: have its "
            f"status set to {status}. When the assistant has done so, dismiss {identity} yourself."
        )
        actions = [
            _call("update_task_status", task_id=task["task_id"], status=status),
            {**_call("dismiss_notification", notification_id=identity), "requestor": "user"},
        ]
        assertion = {
            "env_type": "user",
            "func_name": "assert_notification_status",
            "arguments": {"notification_id": identity, "expected_status": "read"},
        }
        basis = ("DB", "ENV_ASSERTION")
        return self._task(text, actions, assertions=[assertion], basis=basis)

    def reopen_after_talk(self) -> Task:
        """A dialogue that began before: its call is run again when the episode starts."""
        person, title = self._person(), self._title()
        new = f"task_{self.count + 1}"
        record = {"task_id": new, "title": title, "description": None, "status": "pending"}
        history = [
            {"role": "user", "content": f"Please note '{title}' for {person['user_id']}."},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "earlier",
                        "name": "create_task",
                        "arguments": {"user_id": person["user_id"], "title": title},
                    }
                ],
            },
            {"role": "tool", "id": "earlier", "content": encode(record)},
            {"role": "assistant", "content": f"'{title}' is on the list as {new}."},
        ]
        text = f"You just had '{title}' put on the list. As it happens it is done already: have it completed."
        call = _call("update_task_status", task_id=new, status="completed")
        return self._task(text, [call], initial_state={"message_history": history})

    def answer_a_new_notification(self) -> Task:
        """A notification that arrives before the episode."""
        task = self._pending()
        start = {
            "env_type": "user",
            "func_name": "add_notification",
            "arguments": {
                "notification_id": "notif_9",
                "message": f"Is '{task['title']}' done?",
                "task_id": task["task_id"],
            },
        }
        text = (
            "Your newest notification asks whether a task is done. It is: have that task "
            f"({task['task_id']}) completed, then dismiss notif_9."
        )
        actions = [
            _call("update_task_status", task_id=task["task_id"], status="completed"),
            {**_call("dismiss_notification", notification_id="notif_9"), "requestor": "user"},
        ]
        return self._task(text, actions, initial_state={"initialization_actions": [start]})

    def tell_the_owner(self) -> Task:
        """A name is asked for before a status changes."""
        owner = self.dice.pick([user for user in self.people.values() if user["tasks"]])
        task = self.work[self.dice.pick(owner["tasks"])]
        new = "pending" if task["status"] == "completed" else "completed"
        text = (
            f"You do not know who works on {task['task_id']}: ask for the name. Then have the task's status "
            f"set to {new}."
        )
        actions = [_call("get_users"), _call("update_task_status", task_id=task["task_id"], status=new)]
        return self._task(text, actions, facts=(owner["name"],))

    def complete_but_do_not_delete(self) -> Task:
        """One task is finished; another should be deleted, which nobody can."""
        done, unwanted = self._pending(), self.dice.pick(list(self.work.values()))
        text = (
            f"{done['task_id']} is finished; have it marked. Also you want {unwanted['task_id']} "
            f"('{unwanted['title']}') deleted for good, and insist on that."
        )
        actions = [
            _call("update_task_status", task_id=done["task_id"], status="completed"),
            {
                **_call("transfer_to_human_agents", summary="The user wants a task deleted."),
                "compare_args": (),
            },
        ]
        return self._task(text, actions, basis=("DB", "ACTION"))

    def complete_one_that_is_new_to_the_world(self) -> Task:
        """Data laid over the world before the episode."""
        person, title = self._person(), self._title()
        new = f"task_{self.count + 1}"
        data = {
            "tasks": {new: {"task_id": new, "title": title, "status": "pending"}},
            "users": {person["user_id"]: {"tasks": [*person["tasks"], new]}},
        }
        text = f"Since this morning '{title}' is on the list as {new}. You have done it; have it completed."
        call = _call("update_task_status", task_id=new, status="completed")
        return self._task(text, [call], initial_state={"initialization_data": {"agent_data": data}})


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}
