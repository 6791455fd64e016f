"""The domain library: members borrow, give back, renew and reserve books, and ask about them."""

from collections.abc import Iterator
from pathlib import Path

from toolgym.database import Database, WorldStore
from toolgym.domain import AgentSpec, Domain
from toolgym.tasks import Task, TaskSet
from toolgym_library.facts import Facts, every
from toolgym_library.generator import LibraryTaskGenerator
from toolgym_library.oracle import Novice, Oracle
from toolgym_library.records import SCHEMAS
from toolgym_library.tools import LibraryTools
from toolgym_library.user import member
from toolgym_library.worlds import entities

HERE = Path(__file__).parent


def needs(task: Task, database: Database) -> Iterator[str]:
    """The number of the card, and every book that is spoken of."""
    facts = Facts.of(task)
    yield facts.member_id
    for request in facts.requests:
        for one in every(request):
            yield one.book


DOMAIN = Domain(
    name="library",
    policy=(HERE / "policy.md").read_text(encoding="utf-8"),
    schemas=SCHEMAS,
    toolkits={"assistant": LibraryTools},
    worlds=WorldStore(SCHEMAS, shipped=(HERE / "tasks" / "worlds",)),
    tasks=TaskSet.from_folder(HERE / "tasks"),
    greeting="Hello, this is the library. What can I do for you?",
    agents={
        "oracle": AgentSpec("oracle", Oracle, privileged=True, wordings=Oracle.wordings),
        "novice": AgentSpec("novice", Novice, privileged=True, wordings=Novice.wordings),
    },
    users={"scripted": AgentSpec("scripted", member, privileged=True)},
    needs=needs,
    entities=entities,
    generator=LibraryTaskGenerator(),
)

__all__ = ["DOMAIN"]
