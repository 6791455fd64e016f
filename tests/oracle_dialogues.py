"""What a policy would have to write to act like an oracle, and a server that writes it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.server import Request, completion

from toolgym import make_agent, make_user
from toolgym.domain import Domain
from toolgym.episode.machine import Episode
from toolgym.messages import Message
from toolgym.registration import default_user
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.views import Shown, View


def user_of(domain: Domain, task: Task) -> Any:
    """The user that plays a task."""
    return make_user(default_user([task]), domain=domain)


def by_oracle(domain: Domain, task: Task) -> Episode:
    """The task as the oracle plays it."""
    oracle = domain.agents.get("oracle") or make_agent("oracle", domain=domain)
    if "terse" in oracle.wordings:
        oracle = oracle.bind(wording="terse")  # as in the demonstrations of a bootstrap
    return play(domain, task, oracle, user_of(domain, task))


def tools_of(episode: Episode) -> list[dict[str, Any]]:
    """The assistant's tools in OpenAI's function format."""
    return [tool.schema for tool in episode.tools("assistant")]


def shown(view: View, domain: Domain, episode: Episode) -> list[Shown]:
    """What the assistant saw and said, from the user's opening on, as a view shows it."""
    sight = view.open(domain, tools_of(episode))
    return [one for message in after_greeting(episode.view("assistant")) if (one := sight.show(message)) is not None]


def after_greeting(messages: Sequence[Message]) -> list[Message]:
    """What a policy sees of a dialogue: all but its instructions and its greeting."""
    start = next(place for place, message in enumerate(messages) if message.role not in ("system", "assistant"))
    return list(messages[start:])


def answering(*texts: str) -> Callable[[Request], dict[str, Any]]:
    """A server's answer to a request: the text behind those that the assistant said in it, or the last."""

    def answer(request: Request) -> dict[str, Any]:
        said = sum(message["role"] == "assistant" for message in request.body["messages"])
        return completion(texts[min(said, len(texts) - 1)])

    return answer
