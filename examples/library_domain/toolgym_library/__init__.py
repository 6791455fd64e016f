"""A library that lends books: a domain of one's own, as a package."""

from pathlib import Path

from toolgym import Domain
from toolgym.domain import AgentSpec
from toolgym_library.member import Member
from toolgym_library.records import SCHEMAS
from toolgym_library.tasks import TASKS, needs
from toolgym_library.tools import LibraryTools
from toolgym_library.worlds import WORLDS, entities

DOMAIN = Domain(
    name="library",
    policy=(Path(__file__).parent / "policy.md").read_text(encoding="utf-8"),
    schemas=SCHEMAS,
    toolkits={"assistant": LibraryTools},
    worlds=WORLDS,
    tasks=TASKS,
    greeting="Good morning, this is the library. How can I help?",
    users={"scripted": AgentSpec("scripted", Member, privileged=True)},
    needs=needs,
    entities=entities,
)

__all__ = ["DOMAIN"]
