"""What ``reset`` may be told to play."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolgym.domain import Domain
from toolgym.errors import DataError
from toolgym.tasks import Task


def chosen_task(domain: Domain, options: Mapping[str, Any]) -> Task | None:
    """The task that reset's options name, if they do.

    Args:
        domain: Whose task it is.
        options: ``{"task_id": …}`` or ``{"task": Task or mapping}``.

    Raises:
        UnknownNameError: If no task has that id.
        DataError: If an option is unknown or the task does not validate.
    """
    options = {name: value for name, value in options.items() if value is not None}
    if unknown := set(options) - {"task", "task_id"}:
        raise DataError(f"unknown reset option {sorted(unknown)[0]!r}; allowed are 'task' and 'task_id'")
    if "task" in options:
        task = options["task"]
        if isinstance(task, Task):
            return task
        try:
            return Task.model_validate(task)
        except ValueError as error:
            raise DataError(f"options['task'] is not a task: {error}") from error
    return domain.tasks.find(str(options["task_id"])) if "task_id" in options else None


def chosen_tasks(domain: Domain, options: Mapping[str, Any], number: int) -> list[Task | None]:
    """The tasks that reset's options name for several episodes.

    Args:
        domain: Whose tasks they are.
        options: As for one episode, for all alike; or a list with one for each, in which None names none.
        number: How many episodes.

    Raises:
        UnknownNameError: If no task has one of the ids.
        DataError: If an option is unknown, a list has another length, or a task does not validate.
    """
    lists = {name: value for name, value in options.items() if isinstance(value, list | tuple)}
    for name, value in lists.items():
        if len(value) != number:
            raise DataError(f"options[{name!r}] names {len(value)} tasks for {number} sub-environments; give one each")
    if not lists:
        return [chosen_task(domain, options)] * number
    each = ({**options, **{name: value[place] for name, value in lists.items()}} for place in range(number))
    return [chosen_task(domain, {name: value for name, value in one.items() if value is not None}) for one in each]
