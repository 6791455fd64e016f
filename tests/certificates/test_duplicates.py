"""What is a duplicate of what, and what telling it costs."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest
from certificate_tasks import call, chore, make_small, make_task, names, rows, world_of

from toolgym.certificates import DuplicateIndex, digest_of
from toolgym.certificates.entities import entities_of, rows_of
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.errors import DataError
from toolgym.tasks import Task

LONG = " ".join(f"word{number}" for number in range(100))


@pytest.fixture(scope="module")
def small() -> Domain:
    return make_small()


def twin(domain: Domain, one: Task, other: Task) -> str | None:
    """Why the second is a duplicate of the first."""
    seen = DuplicateIndex()
    assert seen.add(set_up(domain, one)) is None
    return seen.add(set_up(domain, other))


BOTH = (chore(1), chore(2))
READ = call("get_users")

SAME: dict[str, tuple[Task, Task]] = {
    "in other words": (make_task(chore()), make_task(chore(), text="Quite another text.")),
    "in another order": (make_task(*BOTH), make_task(*BOTH[::-1])),
    "with another look-up": (make_task(chore()), make_task(READ, chore())),
    "with a basis in another order": (make_task(chore()), make_task(chore(), basis=("COMMUNICATE", "DB"))),
}
OTHER: dict[str, tuple[Task, Task]] = {
    "other arguments": (make_task(chore(1)), make_task(chore(2), text="B")),
    "another world": (make_task(chore()), make_task(chore(), team="other")),
    "another basis": (make_task(chore()), make_task(chore(), basis=("DB",))),
    "other texts": (make_task(chore(), says=("Al",)), make_task(chore(), says=("Ann",), text="B")),
    "another start": (
        make_task(chore()),
        make_task(
            chore(),
            text="B",
            initial_state={
                "initialization_actions": [
                    {
                        "env_type": "assistant",
                        "func_name": "create_task",
                        "arguments": {"user_id": "user_1", "title": "X"},
                    }
                ]
            },
        ),
    ),
    "another look-up that counts": (
        make_task(chore(), basis=("DB", "ACTION")),
        make_task(READ, chore(), basis=("DB", "ACTION")),
    ),
    "another refusal": (make_task(), make_task(READ)),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_a_task_that_asks_for_the_same_is_a_duplicate(small: Domain, one: Task, other: Task) -> None:
    assert twin(small, one, other) == "the same start, calls, texts and grading as task 'made'"


@pytest.mark.parametrize(("one", "other"), OTHER.values(), ids=OTHER)
def test_a_task_that_asks_for_something_else_is_none(small: Domain, one: Task, other: Task) -> None:
    assert twin(small, one, other) is None


def scenario(text: str, known: str | None) -> dict[str, Any]:
    return {"domain": "mock", "reason_for_call": text, "known_info": known, "task_instructions": "Be brief."}


def test_a_scenario_with_almost_the_same_words_is_a_near_duplicate(small: Domain) -> None:
    near = LONG.replace("word50 ", "other ")
    found = twin(small, make_task(chore(1), text=LONG), make_task(chore(2), text=near.upper()))
    assert found == "its scenario overlaps with that of task 'made' by 0.92; below 0.9 is new"


def test_a_scenario_with_other_words_is_none(small: Domain) -> None:
    far = LONG.replace("word50 ", "other ").replace("word20 ", "another ")
    assert twin(small, make_task(chore(1), text=LONG), make_task(chore(2), text=far)) is None
    assert twin(small, make_task(chore(1), text=LONG), make_task(chore(2), text=f"{LONG} {far}")) is None
    assert twin(small, make_task(chore(1), text="Chore one."), make_task(chore(2), text="Chore two.")) is None


def test_the_same_words_of_another_user_or_for_another_kind_of_call_are_none(small: Domain) -> None:
    ann, al = scenario(LONG, "You are Ann."), scenario(LONG, "You are Al.")
    assert twin(small, make_task(chore(1), text=ann), make_task(chore(2), text=al)) is None
    assert twin(small, make_task(chore(1), text=ann), make_task(chore(2), text=ann)) is not None
    assert twin(small, make_task(chore(1), text=ann), make_task(*BOTH, text=ann)) is None


def test_two_hundred_tasks_of_one_kind_take_less_than_a_second(small: Domain) -> None:
    rng = np.random.default_rng(0)
    ready = []
    for number in range(200):
        text = " ".join(f"word{word}" for word in rng.integers(50, size=150))
        new = call("create_task", user_id="user_1", title=f"Chore {number}")
        ready.append(set_up(small, make_task(new, text=text, id=f"{number}")))
    seen, start = DuplicateIndex(), time.process_time()
    assert [seen.add(task) for task in ready] == [None] * 200
    assert time.process_time() - start < 1.0


# entities


def test_a_digest_is_eight_bytes_of_the_kind_and_the_text() -> None:
    assert digest_of(("email", "ana@example.com")).hex() == "373254ed911b8f57"
    assert len({digest_of(("a", "bc")), digest_of(("ab", "c")), digest_of(("a", "b"))}) == 3


def test_a_world_becomes_the_rows_that_it_was_made_from(small: Domain) -> None:
    world = small.worlds.get(world_of("ours"))
    again = rows_of(world)
    assert (
        list(names(again))
        == list(names(rows(("Ann Abel", "Al Arden"))))
        == list(entities_of(small, world.world).values())
    )
    assert type(world).build(world.schemas, again).world == world.world


def test_a_domain_without_entities_cannot_tell_worlds_apart() -> None:
    with pytest.raises(DataError, match="does not say who and what its worlds hold; give it `entities`"):
        entities_of(make_small(entities=None), world_of("ours"))
