"""The retail domain: customers of a shop cancel, modify, return and exchange what they ordered."""

from pathlib import Path

from toolgym.database import Schema, WorldStore
from toolgym.domain import AgentSpec, Domain
from toolgym.messages import AgentID
from toolgym.tasks import TaskSet
from toolgym.tools import Identification
from toolgym_retail.clerk import Clerk
from toolgym_retail.customer import Customer
from toolgym_retail.entities import entities as world_entities
from toolgym_retail.entities import tau2_digests
from toolgym_retail.novice import Novice
from toolgym_retail.oracle import Oracle
from toolgym_retail.records import ASSISTANT
from toolgym_retail.rendering import RENDERING
from toolgym_retail.scenario import needs
from toolgym_retail.task_generator import RetailTaskGenerator
from toolgym_retail.tools import RetailTools

_HERE = Path(__file__).parent
_SCHEMAS: dict[AgentID, Schema] = {"assistant": ASSISTANT}

DOMAIN = Domain(
    name="retail",
    policy=(_HERE / "policy.md").read_text(encoding="utf-8"),
    schemas=_SCHEMAS,
    toolkits={"assistant": RetailTools},
    worlds=WorldStore(_SCHEMAS, shipped=(_HERE / "tasks" / "worlds",)),
    tasks=TaskSet.from_folder(_HERE / "tasks"),
    agents={
        "oracle": AgentSpec("oracle", Oracle, privileged=True, wordings=Oracle.wordings, forms=Oracle.forms),
        "novice": AgentSpec("novice", Novice, privileged=True, wordings=Oracle.wordings),
        "clerk": AgentSpec("clerk", Clerk),
    },
    users={"scripted": AgentSpec("scripted", Customer, privileged=True)},
    needs=needs,
    entities=world_entities,
    reserved=tau2_digests,
    generator=RetailTaskGenerator(),
    identification=Identification(
        by=("find_user_id_by_email", "find_user_id_by_name_zip"), reads=("get_user_details", "get_order_details")
    ),
    rendering=RENDERING,
)

__all__ = ["DOMAIN"]
