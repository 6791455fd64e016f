"""Generated worlds of the mock domain: a team with its tasks, and an inbox."""

from __future__ import annotations

from typing import Any

import numpy as np

from toolgym.database import Rows

_FIRST: tuple[str, ...] = ("Ana", "Ben", "Chidi", "Dora", "Emil", "Farah", "Goro", "Hana", "Igor", "Jun")
_FIRST += ("Kofi", "Lena", "Marek", "Noor", "Omar", "Priya", "Quinn", "Rosa", "Sven", "Tove")
_LAST: tuple[str, ...] = ("Abe", "Brandt", "Costa", "Diallo", "Evans", "Fischer", "Garcia", "Haddad")
_LAST += ("Ito", "Jansen", "Kaya", "Lopez", "Meyer", "Novak", "Okafor", "Patel")
VERBS = ["Review", "Draft", "Plan", "Update", "Check", "Order", "Archive", "Test", "Print", "Translate"]
THINGS = (
    "the budget",
    "the release notes",
    "the team offsite",
    "the onboarding guide",
    "the backup script",
    "the office plants",
    "the survey results",
    "the security training",
    "the travel policy",
    "the demo video",
)
DETAILS = (
    "Due at the end of the month.",
    "Ask finance first.",
    "Keep it to one page.",
    "The client is waiting.",
)


def generate(rng: np.random.Generator, users: int = 6, tasks: int = 14) -> Rows:
    """A world of a team, its tasks, and an inbox.

    Args:
        rng: Everything random comes from it.
        users: How many users, from 1 to 20.
        tasks: How many tasks, from 1 to 100.
    """
    first = rng.permutation(_FIRST)[:users]
    titles = [f"{verb} {thing}" for verb in VERBS for thing in THINGS]
    chosen = rng.permutation(len(titles))[:tasks]
    people: dict[str, Any] = {
        f"user_{number}": {"user_id": f"user_{number}", "name": f"{name} {rng.choice(_LAST)}", "tasks": []}
        for number, name in enumerate(first, 1)
    }
    work: dict[str, Any] = {}
    for number, title in enumerate(chosen, 1):
        owner = f"user_{int(rng.integers(users)) + 1}"
        people[owner]["tasks"].append(f"task_{number}")
        work[f"task_{number}"] = {
            "task_id": f"task_{number}",
            "title": titles[int(title)],
            "description": str(rng.choice(DETAILS)) if rng.random() < 0.5 else None,
            "status": "completed" if rng.random() < 0.3 else "pending",
        }
    inbox = {}
    for number, task_id in enumerate(rng.permutation(sorted(work))[:4], 1):
        inbox[f"notif_{number}"] = {
            "notification_id": f"notif_{number}",
            "message": f"Please finish '{work[str(task_id)]['title']}'.",
            "task_id": str(task_id),
        }
    return {"assistant": {"tasks": work, "users": people}, "user": {"notifications": inbox}}
