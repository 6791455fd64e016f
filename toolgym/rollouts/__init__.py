"""Playing many episodes at once."""

from toolgym.rollouts.changes import Change, changes
from toolgym.rollouts.evaluate import Settings, evaluate, evaluate_async
from toolgym.rollouts.parallel import in_parallel
from toolgym.rollouts.regrade import Regraded, final_session, regrade, regrade_all, rejudge, task_of
from toolgym.rollouts.rollout import Rollout, play, play_async
from toolgym.rollouts.rollouts import rollouts

__all__ = [
    "Change",
    "Regraded",
    "Rollout",
    "Settings",
    "changes",
    "evaluate",
    "evaluate_async",
    "final_session",
    "in_parallel",
    "play",
    "play_async",
    "regrade",
    "regrade_all",
    "rejudge",
    "rollouts",
    "task_of",
]
