"""Generated worlds and tasks of the mock domain; ``python -m toolgym_mock.world`` writes the ones that ship with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from toolgym.certificates import Seen, certified, certify
from toolgym.database import Database, Rows, WorldStore
from toolgym.database.store import file_name
from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Task, write_tasks
from toolgym_mock import DOMAIN

SEEDS = {"train": 1, "validation": 2, "dev": 3, "test": 4}
"""The seed of each split's world and tasks."""
DRAWS = 100
"""How often a task is drawn before its kind is taken to have no new one."""

_FIRST: tuple[str, ...] = ("Ana", "Ben", "Chidi", "Dora", "Emil", "Farah", "Goro", "Hana", "Igor", "Jun")
_FIRST += ("Kofi", "Lena", "Marek", "Noor", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Tove")
_LAST: tuple[str, ...] = ("Abe", "Brandt", "Costa", "Diallo", "Evans", "Fischer", "Garcia", "Haddad")
_LAST += ("Ito", "Jansen", "Kaya", "Lopez", "Meyer", "Novak", "Okafor", "Patel")
_VERBS = ["Review", "Draft", "Plan", "Update", "Check", "Order", "Archive", "Test", "Print", "Translate"]
_THINGS = (
    "the budget",
    "the release notes",
    "the team offsite",
    "the onboarding guide",
    "the backup script",
    "the office plants",
    "the survey results",
    "the security training",
    "the travel policy",
    "the demo video",
)
_DETAILS = (
    "Due at the end of the month.",
    "Ask finance first.",
    "Keep it to one page.",
    "The client is waiting.",
)


def generate(rng: np.random.Generator, users: int = 6, tasks: int = 14) -> Rows:
    """A world of a team, its tasks, and an inbox.

    Args:
        rng: Everything random comes from it.
        users: How many users, from 1 to 20.
        tasks: How many tasks, from 1 to 100.
    """
    first = rng.permutation(_FIRST)[:users]
    titles = [f"{verb} {thing}" for verb in _VERBS for thing in _THINGS]
    chosen = rng.permutation(len(titles))[:tasks]
    people: dict[str, Any] = {
        f"user_{number}": {"user_id": f"user_{number}", "name": f"{name} {rng.choice(_LAST)}", "tasks": []}
        for number, name in enumerate(first, 1)
    }
    work: dict[str, Any] = {}
    for number, title in enumerate(chosen, 1):
        owner = f"user_{int(rng.integers(users)) + 1}"
        people[owner]["tasks"].append(f"task_{number}")
        work[f"task_{number}"] = {
            "task_id": f"task_{number}",
            "title": titles[int(title)],
            "description": str(rng.choice(_DETAILS)) if rng.random() < 0.5 else None,
            "status": "completed" if rng.random() < 0.3 else "pending",
        }
    inbox = {}
    for number, task_id in enumerate(rng.permutation(sorted(work))[:4], 1):
        inbox[f"notif_{number}"] = {
            "notification_id": f"notif_{number}",
            "message": f"Please finish '{work[str(task_id)]['title']}'.",
            "task_id": str(task_id),
        }
    return {"assistant": {"tasks": work, "users": people}, "user": {"notifications": inbox}}


class _Writer:
    """Writes tasks over one world, each kind in its own words.

    Args:
        domain: The mock domain, with the world in its store.
        rows: The world.
        rng: Everything random comes from it.
        world: The world's digest.
        split: The beginning of the tasks' ids.
    """

    def __init__(self, domain: Domain, rows: Rows, rng: np.random.Generator, world: str, split: str) -> None:
        self.domain = domain
        self.rng = rng
        self.spare = rng.spawn(1)[0]
        self.seen = Seen()
        self.world = world
        self.split = split
        self.people = rows["assistant"]["users"]
        self.work = rows["assistant"]["tasks"]
        self.inbox = rows["user"]["notifications"]
        self.count = len(self.work)
        self.number = 0

    def _pick(self, values: Any) -> Any:
        return values[int(self.rng.integers(len(values)))]

    def _pending(self) -> Any:
        return self._pick([task for task in self.work.values() if task["status"] == "pending"])

    def _person(self) -> Any:
        return self._pick(list(self.people.values()))

    def _title(self) -> str:
        return f"{self._pick(_VERBS)} {self._pick(_THINGS)} again"

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
                "id": f"{self.split}-{self.number:03d}",
                "user_scenario": {"instructions": text},
                "evaluation_criteria": criteria,
                "world": self.world,
                **more,
            }
        )

    def create(self) -> Task:
        person, title = self._person(), self._title()
        text = f"You want a new task on the list: '{title}', for {person['name']} ({person['user_id']})."
        return self._task(text, [_call("create_task", user_id=person["user_id"], title=title)])

    def create_with_description(self) -> Task:
        person, title, detail = self._person(), self._title(), self._pick(_DETAILS)
        text = f"Have a task '{title}' created for {person['user_id']}. Its description must read: {detail}"
        call = _call("create_task", user_id=person["user_id"], title=title, description=detail)
        return self._task(text, [call])

    def complete(self) -> Task:
        task = self._pending()
        text = f"You have done {task['task_id']} ('{task['title']}') and want it marked as completed."
        return self._task(text, [_call("update_task_status", task_id=task["task_id"], status="completed")])

    def complete_and_create(self) -> Task:
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

    def complete_and_dismiss(self) -> Task:
        notification = self._pick(list(self.inbox.values()))
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
            {"role": "tool", "id": "earlier", "content": _json(record)},
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
        owner = self._pick([user for user in self.people.values() if user["tasks"]])
        task = self.work[self._pick(owner["tasks"])]
        new = "pending" if task["status"] == "completed" else "completed"
        text = (
            f"You do not know who works on {task['task_id']}: ask for the name. Then have the task's status "
            f"set to {new}."
        )
        actions = [_call("get_users"), _call("update_task_status", task_id=task["task_id"], status=new)]
        return self._task(text, actions, facts=(owner["name"],))

    def complete_but_do_not_delete(self) -> Task:
        done, unwanted = self._pending(), self._pick(list(self.work.values()))
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

    def all(self, rounds: int) -> list[Task]:
        kinds: tuple[Callable[[], Task], ...] = (
            self.create,
            self.create_with_description,
            self.complete,
            self.complete_and_create,
            self.complete_and_dismiss,
            self.reopen_after_talk,
            self.answer_a_new_notification,
            self.tell_the_owner,
            self.complete_but_do_not_delete,
            self.complete_one_that_is_new_to_the_world,
        )
        return [self._new(kind) for _ in range(rounds) for kind in kinds]

    def _new(self, kind: Callable[[], Task]) -> Task:
        """A task of this kind with its certificate, drawn again as long as it is a duplicate of an earlier one.

        Only the first draw comes from the stream of all tasks: a task that is drawn again leaves those after it as
        they are.

        Raises:
            DataError: If the task does not hold up for another reason, or there seems to be no new one.
        """
        self.number += 1
        shared = self.rng
        try:
            for _ in range(DRAWS):
                task = kind()
                report = certify(self.domain, [task], seen=self.seen)
                if report.ok:
                    return certified(task, report.certificates[task.key])
                failure = report.failed[0]
                if failure.stage != "duplicate":
                    raise DataError(f"the task {task.id!r} fails the stage {failure.stage!r}: {failure.reason}")
                self.rng = self.spare
        finally:
            self.rng = shared
        raise DataError(f"{DRAWS} draws of the kind {kind.__name__!r} gave no new task; write fewer rounds")


def _call(name: str, **arguments: Any) -> dict[str, Any]:
    return {"name": name, "arguments": arguments}


def _json(record: dict[str, Any]) -> str:
    from toolgym.database.records import encode

    return encode(record)


def write(folder: Path, rounds: int = 2) -> None:
    """Write the worlds and the certified tasks of every split into a folder.

    Raises:
        DataError: If a kind does not have as many different tasks as there are rounds.
    """
    worlds = WorldStore(DOMAIN.schemas)
    domain = DOMAIN.with_data(worlds=worlds)
    for split, seed in SEEDS.items():
        rng = np.random.default_rng(seed)
        rows = generate(rng)
        world = Database.build(DOMAIN.schemas, rows)
        worlds.add(world)
        world.save(folder / "worlds" / file_name(world.world))
        write_tasks(folder / f"{split}.jsonl", _Writer(domain, rows, rng, world.world, split).all(rounds))


if __name__ == "__main__":
    write(Path(__file__).parent / "tasks")
