"""What a member of the team wants and does itself, from the gold calls of a task: mock's tasks carry no facts."""

from __future__ import annotations

import re
from collections.abc import Iterator

from toolgym.errors import TaskError
from toolgym.scripted import facts as core
from toolgym.scripted.facts import QUESTION
from toolgym.tasks import Task

FORBIDDEN = "forbidden"
"""The kind of a request that no tool of the assistant fulfils."""
_TASK_ID = re.compile(r"task_\d+")
_AT_FIRST = re.compile(r"\bAt first you say that it is for [^()\n]{1,80} \((user_\d+)\)")


class Request(core.Request):
    """One thing that the user wants: a call of the assistant's, an answer, or what it cannot have."""

    task_id: str = ""
    status: str = ""
    user_id: str = ""
    title: str = ""
    description: str = ""
    what: str = ""
    """What is forbidden, as a noun phrase."""


class Errand(core.Part):
    """A call of the user's own."""

    name: str
    arguments: dict[str, str]
    after: int
    """How many of the requests must be settled before."""


class Facts(core.Facts[Request]):
    """Everything that the user of one task knows."""

    errands: tuple[Errand, ...] = ()


def facts_of(task: Task) -> Facts:
    """The facts in a task's gold calls, and in what must have become of the notifications.

    Raises:
        TaskError: If it has no gold call of the assistant's, and nothing that must be said.
    """
    wishes, errands = list(_questions(task)), []
    for action in task.gold:
        if action.requestor == "user":
            errands.append(Errand(name=action.name, arguments=action.arguments, after=len(wishes)))
        elif action.name == "transfer_to_human_agents":
            known = {wish.task_id for wish in wishes}
            others = [name for name in _TASK_ID.findall(str(task.user_scenario)) if name not in known]
            what = f"{others[0]} deleted" if others else "my tasks deleted"
            wishes.append(Request(kind=FORBIDDEN, what=what, forbidden="Tasks cannot be deleted."))
        elif action.name in ("create_task", "update_task_status"):
            wish = Request(kind=action.name, **action.arguments)
            if action.name == "create_task" and (named := _AT_FIRST.search(str(task.user_scenario))):
                wish = wish.model_copy(update={"first": wish.model_copy(update={"user_id": named.group(1)})})
            wishes.append(wish)
    criteria = task.evaluation_criteria
    for wanted in (criteria.env_assertions or ()) if criteria is not None and not errands else ():
        if wanted.func_name == "assert_notification_status" and wanted.arguments["expected_status"] == "read":
            arguments = {"notification_id": wanted.arguments["notification_id"]}
            errands.append(Errand(name="dismiss_notification", arguments=arguments, after=len(wishes)))
    if not wishes:
        raise TaskError(
            f"task {task.id!r} has no gold calls that tell what its user wants; choose another user, such as "
            "user='minimal'"
        )
    return Facts(requests=tuple(wishes), errands=tuple(errands), detail="full", upfront=len(wishes))


def _questions(task: Task) -> Iterator[Request]:
    criteria = task.evaluation_criteria
    looked_up = any(action.name == "get_users" for action in task.gold)
    for answer in (criteria.communicate_info or ()) if criteria is not None and looked_up else ():
        names = _TASK_ID.findall(str(task.user_scenario))
        yield Request(kind=QUESTION, question=f"who works on {names[0]}" if names else "who works on it", answer=answer)
