"""Records of rollouts for tests: made by hand, or drawn by hypothesis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import strategies as st

from toolgym_trainers.record import RolloutRecord, Turn

TURN = Turn(start=2, end=4, logprobs=(-0.5, -1.5), sampled_logprobs=None, reward=1.0, text="Done.", kind="speech")
RECORD = RolloutRecord(
    tokens=(5, 6, 7, 8, 9),
    turns=(TURN,),
    reward_terms={"success": 1.0},
    reward=1.0,
    success=True,
    group="g",
    task_key="abc",
    task_id="create_1",
    trial=0,
    seed=7,
    status="finished",
    termination="user_stop",
    fault=None,
    policy="tiny",
    view="plain",
    temperature=1.0,
    repeats=0,
    errors=0,
)


def rewarded(reward: float, group: str = "g", **changes: Any) -> RolloutRecord:
    """The record with another reward, all paid in its one turn."""
    given = {
        "turns": (replace(TURN, reward=reward),),
        "reward": reward,
        "reward_terms": {"success": reward},
        "success": reward > 0,
        "group": group,
    }
    return replace(RECORD, **{**given, **changes})


def void(group: str = "g") -> RolloutRecord:
    """A record of an episode that came to nothing."""
    return rewarded(0.0, group, success=None, status="void", termination="user_error", fault="the user's model failed")


def stepped(rewards: Sequence[float], group: str = "g") -> RolloutRecord:
    """A record with a turn of one token for each reward, the policy's tokens in every second place."""
    turns = tuple(
        Turn(2 * place + 1, 2 * place + 2, (-0.5,), None, reward, "…", "call") for place, reward in enumerate(rewards)
    )
    total = sum(rewards)
    return replace(
        RECORD,
        tokens=tuple(range(2 * len(rewards) + 1)),
        turns=turns,
        reward=total,
        reward_terms={"sum": total},
        group=group,
    )


@st.composite
def records(draw: st.DrawFn) -> RolloutRecord:
    """Any record that is in order."""
    temperature = draw(st.sampled_from([0.0, 0.3, 1.0, 1.5]))
    logprob = st.floats(-50, 0)
    turns = []
    end = 0
    for _ in range(draw(st.integers(0, 4))):
        start = end + draw(st.integers(0 if end else 1, 3))
        end = start + draw(st.integers(1, 4))
        length = end - start
        logprobs = st.lists(logprob, min_size=length, max_size=length).map(tuple)
        turns.append(
            Turn(
                start=start,
                end=end,
                logprobs=draw(logprobs),
                sampled_logprobs=None if temperature in (0, 1) else draw(logprobs),
                reward=draw(st.floats(-2, 2)),
                text=draw(st.text(max_size=10)),
                kind=draw(st.sampled_from(["call", "speech", "malformed"])),
            )
        )
    length = end + draw(st.integers(0, 3))
    reward = sum(turn.reward for turn in turns)
    status = draw(st.sampled_from(["finished", "truncated", "void"]))
    return RolloutRecord(
        tokens=tuple(draw(st.lists(st.integers(0, 200_000), min_size=length, max_size=length))),
        turns=tuple(turns),
        reward_terms={draw(st.text(max_size=8)): reward},
        reward=reward,
        success=None if status == "void" else draw(st.sampled_from([True, False, None])),
        group=draw(st.text(max_size=8)),
        task_key=draw(st.text(max_size=8)),
        task_id=draw(st.text(max_size=8)),
        trial=draw(st.integers(0, 100)),
        seed=draw(st.integers(0, 2**63)),
        status=status,
        termination=draw(st.sampled_from(["user_stop", "max_steps", None])),
        fault="it broke" if status == "void" else None,
        policy=draw(st.text(max_size=8)),
        view=draw(st.text(max_size=8)),
        temperature=temperature,
        repeats=draw(st.integers(0, 9)),
        errors=draw(st.integers(0, 9)),
    )
