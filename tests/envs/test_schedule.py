"""Which task comes next in each of many sub-environments: invariants of groups, replays and trials."""

from __future__ import annotations

from collections import Counter
from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from toolgym.domain import Domain
from toolgym.envs.schedule import REPLAYS, Schedule
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


def ended(task: Task, trial: int) -> Trajectory:
    return Trajectory("mock", task.id, task.key, (), "user_stop", None, trial=trial)


EVENTS = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["ends", "ends", "ends", "void", "broken off", "told"])), max_size=80
)


@given(size=st.sampled_from([1, 2, 3]), events=EVENTS)
def test_whatever_happens_groups_share_their_tasks_and_are_told_whole(
    mock: Domain, size: int, events: list[tuple[int, str]]
) -> None:
    tasks = [mock.tasks["test"][0].model_copy(update={"id": str(number)}) for number in range(200)]
    numbers = count()
    schedule, number = Schedule(6, size), 6

    def draw() -> Task:
        return tasks[next(numbers)]

    playing = [(*schedule.next(place, draw), True) for place in range(number)]
    began = {(task.key, trial): place for place, (task, trial, _) in enumerate(playing)}
    seen: list[list[str]] = [[task.id] for task, *_ in playing]
    finished: list[list[str]] = [[] for _ in range(number)]
    told: dict[str, list[int]] = {}
    valid: set[str] = set()
    voids = [0] * number
    keys = Counter(task.key for task, *_ in playing)
    for place, event in events:
        task, trial, drawn = playing[place]
        void = event == "void"
        if event in ("ends", "void"):
            trials = schedule.finish(place, None if void else ended(task, trial), void=void)
            if trials:
                assert {one.task_id for one in trials} == {task.id}
                assert task.id not in told
                told[task.id] = [one.trial for one in trials]
                places = [began[one.task_key, one.trial] for one in trials]
                assert places == sorted(places)
        voids[place] = voids[place] + 1 if void else 0
        if drawn and (event == "ends" or voids[place] > REPLAYS):
            finished[place].append(task.id)
            valid |= {task.id} if event == "ends" else set()
        chosen = tasks[-1] if event == "told" else None
        after, next_trial = schedule.next(place, draw, chosen, task if void else None)
        if void and voids[place] <= REPLAYS:
            assert after is task
        else:
            voids[place] = 0
            drawn = chosen is None
            if drawn and seen[place][-1] != after.id:
                seen[place].append(after.id)
            if drawn and event == "broken off" and playing[place][2]:
                assert (after is task) is (size > 1)
        assert next_trial == keys[after.key]
        keys[after.key] += 1
        began[after.key, next_trial] = place
        playing[place] = (after, next_trial, drawn)
    for start in range(0, number, size):
        group = seen[start : start + size]
        longest = max(group, key=len)
        assert all(one == longest[: len(one)] for one in group)
        common = set.intersection(*(set(finished[place]) for place in range(start, start + size)))
        assert {name for name in told if name in longest} == common & valid
    assert all(len(set(trials)) == len(trials) <= size for trials in told.values())
    assert schedule.trials == dict(keys)


def test_a_cleared_schedule_begins_a_task_in_every_group_and_counts_trials_on(mock: Domain) -> None:
    tasks = iter(mock.tasks["test"])
    schedule = Schedule(2, 2)
    first = [schedule.next(place, lambda: next(tasks)) for place in (0, 1)]
    schedule.finish(0, None, void=False)
    schedule.next(0, lambda: next(tasks))
    schedule.clear()
    again = [schedule.next(place, lambda: first[0][0]) for place in (0, 1)]
    assert [trial for _, trial in first + again] == [0, 1, 2, 3]
