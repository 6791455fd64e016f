"""The check for those who write a domain: ours pass, a package with all there is does too, and mistakes are told."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from installed import install_project, python
from mistaken_tools import Misspelt
from mistakes import PACKAGE, PARCEL, with_tools
from planted import PLANTED

from toolgym import make_domain
from toolgym.database import Rows
from toolgym.domain import Agent, Domain
from toolgym.errors import DataError
from toolgym.messages import STOP, Message
from toolgym.patterns import Injection
from toolgym.tasks import Task, TaskSet
from toolgym.testing import check_domain, domain_problems

LIBRARY = Path(__file__).parents[2] / "examples" / "library_domain"


@pytest.mark.parametrize("name", ["mock", "retail"])
def test_our_own_domains_pass(name: str) -> None:
    check_domain(make_domain(name), tasks=2)


def test_a_package_with_all_that_a_domain_can_have_passes() -> None:
    check_domain(PARCEL)


def test_a_package_passes_by_the_command_where_it_is_installed(tmp_path: Path) -> None:
    install_project(tmp_path, PACKAGE)
    done = python(tmp_path, "-m", "toolgym", "domain", "check", "parcel", "--tasks", "2", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout) == {"domain": "parcel", "ok": True, "problems": []}


def edited(folder: Path, file: str, old: str, new: str) -> None:
    """Change a file of an installed package."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.mark.parametrize("name", ["library", "desk"])
def test_the_example_and_what_domain_new_writes_pass(name: str, tmp_path: Path) -> None:
    project = LIBRARY
    if name == "desk":
        project = tmp_path / "project"
        assert python(tmp_path, "-m", "toolgym", "domain", "new", "desk", "--path", str(project)).returncode == 0
    site = tmp_path / "site"
    install_project(site, project)
    done = python(site, "-m", "toolgym", "domain", "check", name)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_order_of_a_set_is_told_of_an_installed_domain(tmp_path: Path) -> None:
    install_project(tmp_path, PACKAGE)
    as_set = 'list({" ".join((one["locker_id"], one["street"])) for one in self.db.records("lockers")})'
    edited(tmp_path, "toolgym_parcel/tools.py", 'list(self.db.records("lockers"))', as_set)
    edited(tmp_path, "toolgym_parcel/tools.py", "list_lockers(self) -> list[Record]", "list_lockers(self) -> list[str]")
    done = python(tmp_path, "-m", "toolgym", "domain", "check", "parcel", "--tasks", "1", "--json")
    (problem,) = json.loads(done.stdout)["problems"]
    assert re.search("for the answer of the assistant's tool 'list_lockers'; sort what comes from a set", problem)


def test_a_domain_that_another_process_cannot_build_is_told(tmp_path: Path) -> None:
    install_project(tmp_path, PACKAGE)
    fails = 'import os\n\nif "PYTHONHASHSEED" in os.environ:\n    raise LookupError("no such shelf")\n'
    edited(tmp_path, "toolgym_parcel/records.py", "from collections.abc", f"{fails}from collections.abc")
    script = tmp_path / "unhashed.py"
    script.write_text("import os\nos.environ.pop('PYTHONHASHSEED', None)\nimport toolgym.__main__\n", encoding="utf-8")
    done = python(tmp_path, str(script), "domain", "check", "parcel", "--tasks", "1", "--json")
    (problem,) = json.loads(done.stdout)["problems"]
    assert "could not be built and played in a new process: LookupError: no such shelf" in problem


def test_an_error_of_a_tool_is_told_once() -> None:
    found = list(domain_problems(with_tools(Misspelt)))
    assert len(found) == 1, found


def test_users_and_agents_of_tasks_without_facts_are_played() -> None:
    mock = make_domain("mock")
    assert all(task.facts is None for split in mock.tasks.splits() for task in mock.tasks[split])

    def deaf(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        user = mock.users["scripted"](domain, task, rng)  # it raises TaskError where it cannot play
        return Deaf(user)

    users = {"scripted": replace(mock.users["scripted"], make=deaf)}
    found = list(domain_problems(mock.with_data(users=users), tasks=2))
    assert [problem for problem in found if "the user 'scripted' says the same in the task" in problem], found
    assert [problem for problem in found if "before the oracle 'talking-oracle' made its gold call" in problem], found


def test_a_novice_of_tasks_without_facts_is_held_to_its_labels() -> None:
    mock = make_domain("mock")

    def boasting(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
        return Boasting(mock.agents["talking-oracle"](domain, task, rng))

    agents = {**mock.agents, "novice": replace(mock.agents["novice"], make=boasting)}
    found = list(domain_problems(mock.with_data(agents=agents), tasks=2))
    assert [problem for problem in found if "word for word that of the oracle 'talking-oracle'" in problem], found


class Deaf:
    """A user that hears nothing but its own greeting."""

    def __init__(self, inner: Agent) -> None:
        self.inner, self.said = inner, 0

    def respond(self, view: Sequence[Message]) -> Message:
        self.said += 1
        if self.said > 1:
            return Message("user", f"Goodbye. {STOP}")
        answer = self.inner.respond(view)
        assert isinstance(answer, Message)
        return answer


class Boasting:
    """An oracle that lists a fault."""

    def __init__(self, inner: Agent) -> None:
        self.inner = inner
        self.injected = [Injection("no_confirmation", 2, False)]

    def respond(self, view: Sequence[Message]) -> Message | Awaitable[Message]:
        return self.inner.respond(view)


def test_what_a_user_said_before_the_episode_is_not_taken_for_invented() -> None:
    mock = make_domain("mock")
    split, begun = next(
        (split, task)
        for split in mock.tasks.splits()
        for task in mock.tasks[split]
        if task.initial_state is not None and task.initial_state.message_history
    )
    only = mock.with_data(tasks=TaskSet({split: lambda: [begun]}))
    assert not [problem for problem in domain_problems(only) if "which stands neither in its scenario" in problem]


def test_a_misspelt_domain_is_told_by_the_command_before_anything_is_played(tmp_path: Path) -> None:
    done = python(tmp_path, "-m", "toolgym", "domain", "check", "moc")
    assert done.returncode != 0
    assert "Did you mean 'mock'?" in " ".join(done.stderr.split())


def test_what_is_no_domain_or_out_of_range_is_refused() -> None:
    with pytest.raises(DataError, match="takes a toolgym"):
        check_domain("mock")  # type: ignore[arg-type]  # the mistake that is tested
    with pytest.raises(DataError, match="tasks must be a whole number of at least 1, got 0"):
        check_domain(PARCEL, tasks=0)


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_planted_mistake_is_told_with_its_mend(mistake: str) -> None:
    plant, message = PLANTED[mistake]
    found = list(domain_problems(plant()))
    assert [problem for problem in found if re.search(message, problem, re.DOTALL)], found


def test_the_error_lists_every_problem() -> None:
    with pytest.raises(AssertionError, match=r"the domain 'parcel' has 2 problems:\n- the policy .*\n- the greeting "):
        check_domain(PARCEL.with_data(policy="", greeting=""))


def test_what_the_check_itself_trips_over_is_told_and_the_rest_goes_on() -> None:
    def entities(rows: Rows) -> Iterator[Any]:
        raise LookupError("no such table")

    found = list(domain_problems(PARCEL.with_data(entities=entities, policy="")))
    assert [problem for problem in found if "LookupError: no such table" in problem and __file__ in problem]
    assert found[0].startswith("the policy is ''")
