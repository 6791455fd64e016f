"""A run of any length, made of a few episodes that were played: for measuring what looks at runs."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from toolgym import make_agent, make_domain, make_user
from toolgym.rollouts import Settings, play
from toolgym.runs import Run
from toolgym.runs.files import MANIFEST, TIMINGS, TRAJECTORIES


def write_long_run(folder: Path, episodes: int, domain: str = "mock") -> Path:
    """Write a run of so many episodes: those of the test split, played once by the oracle, over and over as trials."""
    made = make_domain(domain)
    tasks = made.tasks["test"]
    settings = Settings(domain, "test", "oracle", trials=-(-episodes // len(tasks)))
    with Run.start(folder, settings.as_dict(), {task.world for task in tasks}):
        pass
    oracle, user = make_agent("oracle"), make_user("minimal" if domain == "mock" else "scripted")
    lines = [
        json.loads(play(made, task, oracle, user, seed=0, trial=0).trajectory(split="test", agent="oracle").to_json())
        for task in tasks
    ]
    with (folder / TRAJECTORIES).open("w") as file, (folder / TIMINGS).open("w") as timings:
        for number in range(episodes):
            trial, place = divmod(number, len(lines))
            line = {**lines[place], "trial": trial}
            file.write(json.dumps(line) + "\n")
            timing = {"episode": f"{line['task_key']}-{trial}", "started": 1.7e9 + number, "seconds": 1.5}
            timings.write(json.dumps(timing) + "\n")
    assert (folder / MANIFEST).exists()
    return folder


if __name__ == "__main__":
    write_long_run(Path(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
