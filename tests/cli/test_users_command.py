"""``toolgym users check``, and what ``toolgym eval`` tells of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import Done, told

from toolgym import make_domain, make_user
from toolgym.evaluation import Estimate, UserError
from toolgym.registration.user_version import user_version
from toolgym.runs.user_errors import remember

Command = Callable[..., Done]

PLAIN = [
    next(task.id for task in make_domain("retail").tasks["test"] if task.provenance and task.provenance.kind == kind)
    for kind in ("cancel", "return")
]
TASKS = ("--task", PLAIN[0], "--task", PLAIN[1])
CHECK = ("users", "check", "retail", "--user", "minimal", *TASKS)


def remembered(version: str | None) -> None:
    """Put the error of a user on the list of what is known, for a version of it."""
    remember(
        Path("runs"),
        {
            "domain": "mock",
            "data": "toolgym",
            "split": "test",
            "user": "minimal",
            "models": {},
            "version": version,
            "asked_back": "short",
            "by_form": {"plain": {}},
            "error": UserError(Estimate(0.125, 0.1, 0.15), 25, 200).as_dict(),
        },
    )


def test_a_check_prints_the_error_by_form_and_by_kind_of_task(run: Command) -> None:
    done = run(*CHECK, "--form", "table", "--form", "wrapped", "--name", "a")
    assert done.code == 0
    rows = [line.replace("│", " ").split() for line in done.out.splitlines() if line.startswith("│")]
    figures = {row[0]: (row[1], row[-2:]) for row in rows}
    assert figures["table"] == ("0.0", ["0", "2"])
    assert figures["wrapped"] == ("100.0", ["2", "2"])
    assert figures["all"] == ("50.0", ["2", "4"])
    assert {"cancel", "return"} <= figures.keys()
    assert "does not play a customer" in done.out
    assert sorted(path.name for path in Path("runs").iterdir()) == ["a-oracle-table", "a-oracle-wrapped"]


def test_a_check_is_one_json_object_and_goes_on(run: Command) -> None:
    first = run(*CHECK, "--form", "table", "--name", "a", "--json").json
    again = run(*CHECK, "--form", "table", "--form", "record", "--name", "a", "--resume", "--json").json
    assert again["by_form"]["table"] == first["by_form"]["table"]
    assert again["error"]["failed"] == 2
    assert again["runs"]["record"] == "runs/a-oracle-record"
    assert "exists; choose another name" in told(run(*CHECK, "--form", "table", "--name", "a"))


def test_a_wrong_form_is_told_with_what_was_meant(run: Command) -> None:
    assert "'lettre'" in (line := told(run(*CHECK, "--form", "lettre")))
    assert "letter" in line
    assert "--resume needs --name" in told(run(*CHECK, "--resume"))


def test_eval_tells_the_error_that_is_known_of_its_user(run: Command) -> None:
    mock = make_domain("mock")
    remembered(user_version(mock, make_user("minimal"), "test"))
    asked = ("eval", "mock", "--trials", "1", "--agent", "no-op", "--name")
    assert "The user 'minimal' itself fails in 12.5 % (10.0-15.0) of its dialogues" in run(*asked, "a").out
    assert run(*asked, "b", "--json").json["user_error"]["short"]["rate"] == 0.125


@pytest.mark.parametrize("version", ["0123456789abcdef", None])
def test_eval_tells_no_error_of_another_version_of_its_user(run: Command, version: str | None) -> None:
    remembered(version)
    asked = ("eval", "mock", "--trials", "1", "--agent", "no-op", "--name")
    assert "itself fails" not in run(*asked, "a").out
    assert "user_error" not in run(*asked, "b", "--json").json


def test_habits_are_chosen_on_the_command_line_and_printed(run: Command) -> None:
    one = ("--task", "test-001", "--user", "scripted", "--habits", "terse")
    assert "user scripted reticent=1,terse=1" in run("users", "check", "retail", *one, "--form", "table").out
    found = run("eval", "retail", *one, "--trials", "1", "--name", "a")
    assert "user scripted reticent=1,terse=1" in found.out
    again = run("eval", "retail", *one[:-1], "reticent=1,terse=1", "--trials", "1", "--name", "a", "--resume", "--json")
    assert again.json["habits"] == "reticent=1,terse=1"
    assert "Did you mean 'terse'?" in told(run("eval", "retail", *one[:-1], "tersee"))
    assert "the user 'minimal' has no habits" in told(run("eval", "mock", "--user", "minimal", "--habits", "terse"))
