"""Playing many episodes at once."""

from toolgym.rollouts.changes import Change, changes
from toolgym.rollouts.evaluate import evaluate, evaluate_async
from toolgym.rollouts.parallel import in_parallel
from toolgym.rollouts.plan import Plan, check_players, opened, plan_run, tasks_held, trials_held
from toolgym.rollouts.regrade import Regraded, final_session, regrade, regrade_all, rejudge, task_of
from toolgym.rollouts.rollout import Rollout, play, play_async
from toolgym.rollouts.rollouts import rollouts
from toolgym.rollouts.settings import Settings

__all__ = [
    "Change",
    "Plan",
    "Regraded",
    "Rollout",
    "Settings",
    "changes",
    "check_players",
    "evaluate",
    "evaluate_async",
    "final_session",
    "in_parallel",
    "opened",
    "plan_run",
    "play",
    "play_async",
    "regrade",
    "regrade_all",
    "rejudge",
    "rollouts",
    "task_of",
    "tasks_held",
    "trials_held",
]
