"""OpenEnv: episodes behind a server, and the client of it (written for and tested with openenv-core 0.3.0).

See docs/use-with/openenv.md.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from pydantic import Field

from toolgym.domain import Domain
from toolgym.errors import EpisodeError, MissingExtraError
from toolgym.registration import make_domain
from toolgym_trainers.integrations.text_env import ChatMessage, TextEnv

try:
    from openenv.core.client_types import StepResult
    from openenv.core.env_client import EnvClient
    from openenv.core.env_server.http_server import create_app
    from openenv.core.env_server.interfaces import Environment
    from openenv.core.env_server.types import Action, EnvironmentMetadata, Observation, State
except ImportError as error:
    raise MissingExtraError("OpenEnv", "openenv") from error


class ToolAction(Action):  # type: ignore[misc]  # OpenEnv's types are not read here
    """What the assistant writes: ``text``, for the user or a call."""

    text: str = Field(description="Text for the user, or <tool_call>{…}</tool_call>")


class ToolObservation(Observation):  # type: ignore[misc]  # as above
    """What the assistant reads next, and how the episode stands.

    OpenEnv sends no ``metadata`` to clients, so that ``info`` is a field of its own: that of
    :class:`~toolgym.envs.tool_env.ToolEnv`, without the tools' schemas, which the first message holds.
    """

    messages: list[ChatMessage] = Field(default_factory=list)
    void: bool = False
    """Whether a fault voids the episode: mask it, it is neither success nor failure."""
    info: dict[str, Any] = Field(default_factory=dict)


class ToolState(State):  # type: ignore[misc]  # as above
    """Where an episode stands; nothing of the task's gold is in it."""

    task_key: str | None = None
    termination: str | None = None


class ToolEnvironment(Environment):  # type: ignore[misc]  # as above
    """One session: an assistant that serves a user, episode after episode.

    Args:
        domain: A domain's name, or a Domain.
        options: Those of :class:`~toolgym_trainers.integrations.text_env.TextEnv`.

    Raises:
        UnknownNameError: If there is no such domain, option or view.
    """

    SUPPORTS_CONCURRENT_SESSIONS = True

    def __init__(self, domain: str | Domain = "retail", **options: Any) -> None:
        super().__init__()
        self._text_env = TextEnv(domain, **options)
        self._state = ToolState(episode_id=None, step_count=0)

    def reset(
        self, seed: int | None = None, episode_id: str | None = None, *, task: Any = None, **unknown: Any
    ) -> ToolObservation:
        """Start an episode.

        Args:
            seed: Seeds the draw of tasks and the user, as for ``ToolEnv.reset``.
            episode_id: What the state calls the episode; by default the task's key.
            task: What is played: an id, or a task as a mapping or JSON text; by default what is drawn.
            unknown: Refused: OpenEnv hands on whatever a client sends.

        Raises:
            EpisodeError: If something unknown was sent.
            UnknownNameError: If no task has that id.
            DataError: If the task does not validate.
        """
        if unknown:
            raise EpisodeError(f"reset takes seed, episode_id and task, got {', '.join(sorted(unknown))} too")
        messages, info = self._text_env.reset(seed=seed, task=task)
        self._state = ToolState(
            episode_id=episode_id or info["task_key"],
            step_count=0,
            task_key=info["task_key"],
            termination=info.get("termination"),
        )
        told = {name: value for name, value in info.items() if name != "tools"}
        return ToolObservation(messages=messages, void="fault" in info, info=told, reward=None, done=False)

    def step(self, action: ToolAction, timeout_s: float | None = None, **_: Any) -> ToolObservation:
        """Say what the model wrote, and let the user answer.

        Args:
            action: What it wrote.
            timeout_s: Not used: an episode ends by its own limits.

        Raises:
            EpisodeError: Before the first reset, and after the end of an episode: also where ``/step`` is posted, since
                OpenEnv makes a new environment for each plain request, and only a session of ``/ws`` has a state.
        """
        episode = self._text_env.env.episode
        if episode is None:
            raise EpisodeError("there is no episode: reset first, in the same session of /ws; POST /step has none")
        if self._state.termination is not None and self._state.step_count:
            raise EpisodeError(f"the episode is over ({self._state.termination}); reset first")
        told = self._text_env.step(action.text)
        self._state.step_count += 1
        self._state.termination = told.info.get("termination")
        return ToolObservation(
            messages=told.messages, void="fault" in told.info, info=told.info, reward=told.reward, done=told.over
        )

    @property
    def state(self) -> ToolState:
        """Where the episode stands."""
        return self._state

    def get_metadata(self) -> EnvironmentMetadata:
        """What the server says of itself."""
        name = self._text_env.env.domain.name
        return EnvironmentMetadata(name=f"toolgym-{name}", description=f"An assistant of {name} serves a user.")


def make_app(domain: str | Domain = "retail", *, sessions: int = 64, **options: Any) -> Any:
    """The server, a FastAPI application: ``uvicorn.run(make_app("retail"), port=8000)``.

    Each connection of ``/ws`` is a session with an environment, and a curriculum by name, of its own. A curriculum for
    all of them is given as ``curriculum=shared, on_end=shared``, with a
    :class:`~toolgym_trainers.integrations.shared_curriculum.SharedCurriculum`.

    Args:
        domain: A domain's name, or a Domain.
        sessions: How many may be open at once, at least 1.
        options: Those of :class:`~toolgym_trainers.integrations.text_env.TextEnv`.

    Raises:
        UnknownNameError: If there is no such domain, option or view.
    """
    domain = make_domain(domain) if isinstance(domain, str) else domain
    factory: Callable[[], ToolEnvironment] = partial(ToolEnvironment, domain, **options)
    factory()  # so that a wrong option is told now, and not to the first client
    return create_app(factory, ToolAction, ToolObservation, env_name="toolgym", max_concurrent_envs=sessions)


class ToolClient(EnvClient):  # type: ignore[misc]  # as above
    """A session with such a server, as OpenEnv's clients are: ``async with ToolClient(base_url=…)``, or ``.sync()``.

    ``reset`` takes ``seed``, ``task`` and ``episode_id``; ``step`` takes a :class:`ToolAction`.
    """

    def _step_payload(self, action: ToolAction) -> dict[str, Any]:
        return {"text": action.text}

    def _parse_result(self, payload: dict[str, Any]) -> Any:
        told = {"reward": payload.get("reward"), "done": bool(payload.get("done"))}
        return StepResult(observation=ToolObservation(**payload.get("observation", {}), **told), **told)

    def _parse_state(self, payload: dict[str, Any]) -> ToolState:
        return ToolState(**payload)
