"""Evaluation: every task of a split, several trials each, one agent, one user."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from toolgym.dialogue import take_turn
from toolgym.domain import AgentFactory, Domain
from toolgym.episode import Episode, Limits
from toolgym.errors import DataError
from toolgym.evaluation.grade import Judge
from toolgym.rewards import RewardTerm
from toolgym.rollouts.run import Run
from toolgym.streams import stream
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory


@dataclass(frozen=True)
class Settings:
    """What an evaluation is; equal settings give equal trajectories, timestamps aside.

    Args:
        domain: The domain's name.
        data: Whose tasks.
        split: Which of them.
        agent: The agent's name.
        user: The user's name.
        trials: Trials of each task, at least 1.
        seed: The run's seed, at least 0.
        max_steps: See :class:`~toolgym.episode.Limits`.
        max_errors: See there.
    """

    domain: str
    split: str
    agent: str
    data: str = "toolgym"
    user: str = "minimal"
    trials: int = 4
    seed: int = 0
    max_steps: int = 200
    max_errors: int = 10

    def __post_init__(self) -> None:
        if self.trials < 1:
            raise DataError(f"trials must be at least 1, got {self.trials}")
        if self.seed < 0:
            raise DataError(f"seed must be at least 0, got {self.seed}")

    def as_dict(self) -> dict[str, str | int]:
        """The settings as JSON-able data."""
        return asdict(self)


def play(
    domain: Domain,
    task: Task,
    agent: AgentFactory,
    user: AgentFactory,
    *,
    seed: int = 0,
    trial: int = 0,
    limits: Limits | None = None,
    terms: Sequence[RewardTerm] = (),
    judge: Judge | None = None,
) -> Episode:
    """Play one episode to its end.

    Args:
        domain: The domain.
        task: The task.
        agent: Makes the assistant.
        user: Makes the user.
        seed: The run's seed.
        trial: Which repetition of the task this is.
        limits: When it is cut off.
        terms: What it pays.
        judge: Judges natural-language assertions.

    Returns:
        The finished episode.

    Example:
        >>> from toolgym import make_agent, make_domain, make_user
        >>> mock = make_domain("mock")
        >>> play(mock, mock.tasks["test"][0], make_agent("oracle"), make_user("minimal")).grade.success
        True
    """
    episode = Episode(domain, task, limits=limits, terms=terms, judge=judge)
    assistant = agent(domain, task, stream(seed, task.key, trial, "assistant"))
    customer = user(domain, task, stream(seed, task.key, trial, "user"))
    while episode.turn is not None:
        take_turn(episode, "assistant", assistant)
        take_turn(episode, "user", customer)
    episode.injected = tuple(getattr(assistant, "injected", ()))
    return episode


def evaluate(
    run: Run,
    settings: Settings,
    domain: Domain,
    tasks: Sequence[Task],
    agent: AgentFactory,
    user: AgentFactory,
    *,
    judge: Judge | None = None,
    progress: Callable[[], None] | None = None,
) -> list[Trajectory]:
    """Play what a run still lacks and keep it.

    Args:
        run: Where the trajectories go; what it holds already is not played again.
        settings: What is evaluated.
        domain: The domain that the settings name.
        tasks: The tasks of the split.
        agent: Makes the assistant.
        user: Makes the user.
        judge: Judges natural-language assertions.
        progress: Called after each episode.

    Returns:
        All trajectories of the run, task by task and trial by trial.
    """
    limits = Limits(settings.max_steps, settings.max_errors)
    trajectories = []
    for task in tasks:
        for trial in range(settings.trials):
            kept = run.finished.get(f"{task.key}-{trial}")
            if kept is None:
                episode = play(domain, task, agent, user, seed=settings.seed, trial=trial, limits=limits, judge=judge)
                kept = episode.trajectory(
                    agent=settings.agent,
                    user=settings.user,
                    trial=trial,
                    seed=settings.seed,
                    split=settings.split,
                )
                run.append(kept)
            trajectories.append(kept)
            if progress is not None:
                progress()
    return trajectories
