"""What must hold of the library."""

import json

import pytest

from toolgym import make_agent, make_env, make_user
from toolgym.certificates import check_dataset
from toolgym.rollouts import play
from toolgym_library import DOMAIN
from toolgym_library.librarian import Librarian


def test_every_task_can_be_solved_and_pays_nobody_for_doing_nothing() -> None:
    report = check_dataset(DOMAIN)
    assert report.ok, report.failed


@pytest.mark.parametrize("split", DOMAIN.tasks.splits())
def test_the_oracle_solves_all_the_librarian_some_and_no_op_none(split: str) -> None:
    solved = {
        name: sum(bool(play(DOMAIN, task, agent, make_user("scripted")).grade.success) for task in DOMAIN.tasks[split])
        for name, agent in (("oracle", make_agent("oracle")), ("librarian", Librarian), ("no-op", make_agent("no-op")))
    }
    assert solved["oracle"] == len(DOMAIN.tasks[split]) == 12
    assert 0 == solved["no-op"] < solved["librarian"] < 12


def test_what_the_tools_return_keeps_its_type_and_what_they_refuse_is_told() -> None:
    env = make_env(DOMAIN, split="test")
    env.reset(seed=0, options={"task_id": "test-002"})

    def call(tool: str, /, **arguments: str) -> str:
        observation, *_ = env.step(json.dumps({"name": tool, "arguments": arguments}))
        return str(observation[-1]["content"])

    first = json.loads(call("get_loans", card="L3000"))[0]
    assert call("renew_loan", book_id=first["book_id"]) == str(first["days_left"] + 14)
    assert call("renew_loan", book_id=first["book_id"]).startswith("Error: The loan of")
    assert call("return_book", book_id=first["book_id"]) == "true"
    assert call("lend_book", book_id="nowhere", card="L3000") == "Error: There is no 'nowhere' in books"
