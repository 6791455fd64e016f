"""What members want: four kinds in turn, one for each member, with gold calls, and facts for the scripted member.

Success is that the database ends as the gold calls leave it, and that what was asked has been told.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from toolgym import Task
from toolgym.database import Database
from toolgym.tasks import TaskSet
from toolgym_library.worlds import DIGESTS, ROWS, SPLITS

Call = dict[str, Any]


def tasks_of(split: str) -> list[Task]:
    """The tasks of a split."""
    tables: Any = ROWS[split]["assistant"]
    shelf = [book for book in tables["books"].values() if book["book_id"] not in tables["loans"]]
    found = []
    for number, member in enumerate(tables["members"].values()):
        own = [loan for loan in tables["loans"].values() if loan["card"] == member["card"]]
        books = [tables["books"][loan["book_id"]] for loan in own]
        write = (borrow, renew, bring_and_borrow, ask_and_renew)[number % 4]
        wish, calls, said = write(member["card"], own, books, shelf[number % len(shelf)])
        found.append(task(f"{split}-{number + 1:03d}", split, member, wish, calls, said))
    return found


def borrow(card: str, loans: list[Call], books: list[Call], new: Call) -> tuple[str, list[Call], list[str]]:
    """A book from the shelf."""
    return f"I would like to borrow '{new['title']}'.", [find(new), lend(new, card)], []


def renew(card: str, loans: list[Call], books: list[Call], new: Call) -> tuple[str, list[Call], list[str]]:
    """A loan is renewed."""
    return f"Could you renew '{books[0]['title']}' for me?", [listed(card), again(books[0])], []


def bring_and_borrow(card: str, loans: list[Call], books: list[Call], new: Call) -> tuple[str, list[Call], list[str]]:
    """A book comes back and another one goes out."""
    wish = f"I bring back '{books[1]['title']}' and would like to borrow '{new['title']}'."
    return wish, [listed(card), back(books[1]), find(new), lend(new, card)], []


def ask_and_renew(card: str, loans: list[Call], books: list[Call], new: Call) -> tuple[str, list[Call], list[str]]:
    """A figure must be told, and another loan is renewed."""
    wish = f"Renew '{books[0]['title']}', please, and tell me how many days I may keep it then."
    return wish, [listed(card), again(books[0])], [str(loans[0]["days_left"] + 14)]


def task(task_id: str, split: str, member: Call, wish: str, calls: list[Call], said: list[str]) -> Task:
    """A task: who the user is, the gold calls, what must be said."""
    actions = [{"action_id": str(number), **call} for number, call in enumerate(calls)]
    return Task.model_validate(
        {
            "id": task_id,
            "user_scenario": {
                "instructions": {
                    "domain": "library",
                    "reason_for_call": wish,
                    "known_info": f"You are {member['name']}. The number of your card is {member['card']}.",
                    "task_instructions": "Tell the number of your card when you are asked. Agree to what you wanted.",
                }
            },
            "evaluation_criteria": {
                "actions": actions,
                "communicate_info": said,
                "reward_basis": ["DB", "COMMUNICATE"],
            },
            "world": DIGESTS[split],
            "facts": {"name": member["name"], "card": member["card"], "wish": wish},
        }
    )


def needs(task: Task, database: Database) -> Iterator[str]:
    """What the scenario must hold, since no tool would tell it: the card that the gold calls name."""
    for action in task.gold:
        if "card" in action.arguments:
            yield action.arguments["card"]


def find(book: Call) -> Call:
    """Find a book."""
    return {"name": "find_book", "arguments": {"title": book["title"]}}


def listed(card: str) -> Call:
    """List loans."""
    return {"name": "get_loans", "arguments": {"card": card}}


def lend(book: Call, card: str) -> Call:
    """Lend a book."""
    return {"name": "lend_book", "arguments": {"book_id": book["book_id"], "card": card}}


def back(book: Call) -> Call:
    """Take a book back."""
    return {"name": "return_book", "arguments": {"book_id": book["book_id"]}}


def again(book: Call) -> Call:
    """Renew a loan."""
    return {"name": "renew_loan", "arguments": {"book_id": book["book_id"]}}


TASKS = TaskSet({split: partial(tasks_of, split) for split in SPLITS})
