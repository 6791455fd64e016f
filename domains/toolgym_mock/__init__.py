"""The mock domain: a team's tasks, and an inbox of the user's own. The smallest domain, for tests and first steps."""

from pathlib import Path

from toolgym.database import Schema, WorldStore
from toolgym.domain import AgentSpec, Domain
from toolgym.messages import AgentID
from toolgym.tasks import TaskSet
from toolgym_mock.novice import Novice
from toolgym_mock.oracle import TalkingOracle
from toolgym_mock.records import ASSISTANT, USER
from toolgym_mock.task_generator import MockTaskGenerator
from toolgym_mock.tools import MockTools
from toolgym_mock.user import scripted
from toolgym_mock.user_tools import MockUserTools

_HERE = Path(__file__).parent
_SCHEMAS: dict[AgentID, Schema] = {"assistant": ASSISTANT, "user": USER}

DOMAIN = Domain(
    name="mock",
    policy=(_HERE / "policy.md").read_text(encoding="utf-8"),
    schemas=_SCHEMAS,
    toolkits={"assistant": MockTools, "user": MockUserTools},
    worlds=WorldStore(_SCHEMAS, shipped=(_HERE / "tasks" / "worlds",)),
    tasks=TaskSet.from_folder(_HERE / "tasks"),
    agents={
        "talking-oracle": AgentSpec("talking-oracle", TalkingOracle, privileged=True, wordings=TalkingOracle.wordings),
        "novice": AgentSpec("novice", Novice, privileged=True, wordings=Novice.wordings),
    },
    users={"scripted": AgentSpec("scripted", scripted, privileged=True)},
    generator=MockTaskGenerator(),
)

__all__ = ["DOMAIN"]
