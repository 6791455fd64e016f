"""Episodes by the labels of a data set: everything that the trials of a process share."""

from __future__ import annotations

from toolgym.curricula.over_pool import over_pool
from toolgym.episode.conversation import ConversationParts
from toolgym.errors import DataError
from toolgym.limits import Limits
from toolgym.registration import default_user, make_domain, make_user
from toolgym.rewards import build_reward
from toolgym.tasks import Task
from toolgym.views import View
from toolgym_trainers.integrations.openrlhf.label import Label
from toolgym_trainers.integrations.openrlhf.rollout import Rollout
from toolgym_trainers.integrations.openrlhf.settings import AgentSettings
from toolgym_trainers.policies.codec import load_codec
from toolgym_trainers.policies.text_session import TextSession

SCRIPTED = ("scripted", "minimal")
"""Users that open alike whenever task and seed are alike."""


class Episodes:
    """Makes the episodes of a data set.

    Args:
        settings: What is played.

    Raises:
        DataError: If there are no tasks, no tokenizer or no such file.
        UnknownNameError: If there is no such domain, split, user, view or reward.
    """

    def __init__(self, settings: AgentSettings) -> None:
        self.settings = settings
        own = make_domain(settings.domain, settings.data)
        self.domain = own if settings.pool is None else over_pool(own, settings.pool)
        self.split = settings.split or "pool"
        self.tasks = self.domain.tasks[self.split]
        if not self.tasks:
            raise DataError(f"the split {self.split!r} of the domain {settings.domain!r} has no tasks; name another")
        self._by_key = {task.key: task for task in self.tasks}
        self.user = settings.user or default_user(self.tasks)
        self.codec = load_codec(settings.policy, view=None if settings.view is None else View(settings.view))
        self.parts = ConversationParts(
            self.domain,
            make_user(self.user, settings.user_model, domain=self.domain),
            build_reward(settings.reward if isinstance(settings.reward, str) else dict(settings.reward)),
            limits=Limits.training(),
            split=self.split,
            user_name=self.user,
        )

    @property
    def opens_alike(self) -> bool:
        """Whether the user opens alike in all trials of a group."""
        return self.user in SCRIPTED

    def task(self, label: Label) -> Task:
        """The task of a label.

        Raises:
            DataError: If it is not among those that are played.
        """
        if label.task not in self._by_key:
            place = self.settings.pool or f"the split {self.split!r}"
            raise DataError(
                f"the task {label.id!r} of row {label.row} is not in {place}: data set and settings of the agent do "
                "not belong together; write both anew"
            )
        return self._by_key[label.task]

    def begin(self, label: Label) -> Rollout:
        """A new episode; its user has not opened yet.

        Raises:
            DataError: If its task is not among those that are played.
        """
        session = TextSession(self.codec, self.parts, self.task(label), seed=label.seed)
        return Rollout(session, self.settings.turn_tokens)

    def length(self, text: str) -> int:
        """How many tokens a text has."""
        return len(self.codec.tokenizer(text, add_special_tokens=False)["input_ids"])
