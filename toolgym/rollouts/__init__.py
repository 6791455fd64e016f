"""Playing many episodes at once."""

from toolgym.rollouts.evaluate import evaluate, evaluate_async
from toolgym.rollouts.plan import RunPlan, check_players, opened, plan_run, tasks_held, trials_held
from toolgym.rollouts.rollout import Rollout, RolloutSettings, RunSettings, play, play_async
from toolgym.rollouts.rollouts import rollouts
from toolgym.rollouts.settings import Settings

__all__ = [
    "Rollout",
    "RolloutSettings",
    "RunPlan",
    "RunSettings",
    "Settings",
    "check_players",
    "evaluate",
    "evaluate_async",
    "opened",
    "plan_run",
    "play",
    "play_async",
    "rollouts",
    "tasks_held",
    "trials_held",
]
