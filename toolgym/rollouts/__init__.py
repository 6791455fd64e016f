"""Playing many episodes at once."""

from toolgym.rollouts.evaluation import Evaluation
from toolgym.rollouts.plan import RunPlan, check_players, opened, plan_run, tasks_held, trials_held
from toolgym.rollouts.play_run import play_run, play_run_async
from toolgym.rollouts.rollout import Rollout, RolloutSettings, RunSettings, play, play_async
from toolgym.rollouts.rollouts import rollouts
from toolgym.rollouts.settings import Settings

__all__ = [
    "Evaluation",
    "Rollout",
    "RolloutSettings",
    "RunPlan",
    "RunSettings",
    "Settings",
    "check_players",
    "opened",
    "plan_run",
    "play",
    "play_async",
    "play_run",
    "play_run_async",
    "rollouts",
    "tasks_held",
    "trials_held",
]
