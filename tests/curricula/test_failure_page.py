"""docs/failure.md: a real failure, its pattern, and the three tasks that are made from it."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

from toolgym import make_agent, make_curriculum, make_domain, make_user
from toolgym.curricula import PoolCurriculum
from toolgym.curriculum import Budget
from toolgym.display.render import line
from toolgym.failures.rules.analyst import RulesAnalyst
from toolgym.rollouts import play
from toolgym.tasks import Instructions, Task
from toolgym_retail.facts import Facts

PAGE = Path(__file__).parents[2] / "docs" / "failure.md"
BLOCK = re.compile(r"^```text\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
TASK, TRIAL, WIDTH = "train-007", 1, 100


def blocks() -> list[str]:
    """The dialogue, what the analyst says of it, and the three tasks."""
    retail = make_domain("retail")
    clerk, customer = make_agent("clerk", domain=retail), make_user("scripted")
    task = retail.tasks.find(TASK)
    failure = play(retail, task, clerk, customer, trial=TRIAL).trajectory(trial=TRIAL)
    report = RulesAnalyst().explain_one(retail, task, failure)
    said = [f"{place:2} {line(message, WIDTH)}" for place, message in enumerate(failure.messages)]
    told = [
        f"{finding.pattern}, message {finding.message}{'' if finding.because is None else ' (a consequence)'}\n"
        f"expected  {finding.expected}\ngot       {finding.got}"
        for finding in report.findings
    ]
    sentinel = make_curriculum("sentinel", retail, "train")
    sentinel.update([failure])
    asyncio.run(sentinel.refresh(Budget(3)))
    assert isinstance(sentinel, PoolCurriculum)
    made = [entry.task for entry in sentinel.pool if not entry.of_split]
    return ["\n".join(said), "\n\n".join(told), *(shown(one) for one in made)]


def shown(task: Task) -> str:
    """A task: what it stresses, what the customer wants, its orders, and the gold write."""
    assert task.provenance is not None
    instructions = task.user_scenario.instructions
    assert isinstance(instructions, Instructions)
    provenance, facts = task.provenance, Facts.of(task)
    world = make_domain("retail").worlds.get(task.world)
    orders = []
    for order, names in facts.orders.items():
        record = world.record("assistant", "orders", order)
        assert record is not None
        orders.append(f"  {order} ({record['status']}): {', '.join(names)}")
    writes = [call for call in task.gold if not call.name.startswith(("get_", "find_"))]
    calls = [
        f"  {call.name}({', '.join(f'{name}={value!r}' for name, value in call.arguments.items())})" for call in writes
    ]
    return "\n".join(
        [
            f"{task.id}: {provenance.kind}, for {provenance.pattern}, from {', '.join(provenance.parents)}",
            instructions.reason_for_call,
            "Orders:",
            *orders,
            "Gold:",
            *calls,
        ]
    )


def test_the_page_shows_what_really_happens() -> None:
    text, fresh = PAGE.read_text(encoding="utf-8"), iter(found := blocks())
    assert len(BLOCK.findall(text)) == len(found) == 5
    new = BLOCK.sub(lambda block: f"```text\n{next(fresh)}\n```", text)
    if os.environ.get("TOOLGYM_UPDATE_DIALOGUES"):
        PAGE.write_text(new, encoding="utf-8")
    assert new == text
