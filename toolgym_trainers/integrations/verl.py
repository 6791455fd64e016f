"""verl: an agent loop that plays an episode, token in, token out.

Written against verl 0.9.1 (``verl.experimental.agent_loop``) and tested against a stand-in of that interface: verl's
trainer was not run, and its pin of transformers (< 5.11) excludes that of the extra ``train``. See
docs/use-with/verl.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from toolgym.domain import Domain
from toolgym.envs.options import chosen_task
from toolgym.episode.conversation import ConversationParts
from toolgym.errors import DataError, MissingExtraError
from toolgym.limits import Limits
from toolgym.registration import default_user, make_domain, make_user
from toolgym.rewards import RewardTerm, build_reward
from toolgym.tasks import Task
from toolgym.views import View
from toolgym_trainers.integrations.text_env import task_options
from toolgym_trainers.policies.codec import Codec
from toolgym_trainers.policies.session import Job, Session
from toolgym_trainers.policies.shipped import folder_of
from toolgym_trainers.record import RolloutRecord

try:
    from verl.experimental.agent_loop.agent_loop import AgentLoopBase, AgentLoopMetrics, AgentLoopOutput, register
except ImportError as error:
    raise MissingExtraError("verl", "verl") from error

NAME = "toolgym"
"""The agent loop's name, as in the column ``agent_name`` of the dataset."""


@register(NAME)
class ToolgymAgentLoop(AgentLoopBase):  # type: ignore[misc]  # verl's types are not read here
    """Plays the row's task; verl's server samples, and what it sampled stays as it was.

    The row names the task in ``extra_info``: ``task`` (JSON text or an id) and ``seed``. The first prompt is ours, what
    the dataset holds under ``prompt`` is not used.

    The mask covers the policy's tokens. An episode that a fault voids has a mask of zeros, the reward 0, and ``void`` 1
    in ``reward_extra_info``: nothing is learned from its tokens, though its group's mean counts it with the reward 0.

    Args:
        args: What verl gives every agent loop.
        domain: A domain's name, or a Domain.
        split: Whose default user plays, where none is named.
        view: What the policy sees: ``"native"``, ``"compact"``, a policy's folder, or ``"tiny"``.
        reward: What an episode pays, as :func:`toolgym.make_env` takes it.
        user: A user's name; by default the one that fits the split.
        most: Tokens of one message, at least 1.
        max_steps: Messages and batches of results before an episode is cut off, at least 1.
        kwargs: What verl gives every agent loop, by name.

    Raises:
        UnknownNameError: If there is no such domain, user, view or reward.
        DataError: If the model's chat template cannot be taken apart.
    """

    def __init__(
        self,
        *args: Any,
        domain: str | Domain = "retail",
        split: str = "train",
        view: str | Path | View = "native",
        reward: str | Mapping[str, float] | Sequence[RewardTerm] = "raft",
        user: Any = None,
        most: int = 1024,
        max_steps: int = Limits.max_steps,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if most < 1:
            raise ValueError(f"most must be at least 1, got {most}")
        made = make_domain(domain) if isinstance(domain, str) else domain
        player = default_user(made.tasks[split]) if user is None else user
        player = make_user(player, domain=made) if isinstance(player, str) else player
        self._codec = Codec(self.tokenizer, View.of(folder_of(view) if isinstance(view, str) else view))
        self._parts = ConversationParts(made, player, build_reward(reward), limits=Limits(max_steps))
        self._most = most
        self._context = int(self.rollout_config.prompt_length + self.rollout_config.response_length)
        self._longest = int(self.rollout_config.response_length)

    async def run(self, sampling_params: dict[str, Any], **kwargs: Any) -> AgentLoopOutput:
        """Play one episode.

        Args:
            sampling_params: verl's; ``max_tokens`` is set for each message.
            kwargs: The row.

        Returns:
            The episode's tokens, from the end of the first prompt on as the response.

        Raises:
            DataError: If the row names no task.
            UnknownNameError: If no task has that id.
        """
        task, seed = self._row(kwargs.get("extra_info") or {})
        session = Session(self._codec, self._parts, Job(task), seed=seed, most=self._most, context=self._context)
        request = uuid4().hex
        sure = True
        while True:
            await asyncio.to_thread(session.talk.reply)
            session.hear()
            if session.over:
                break
            told = await self.server_manager.generate(
                request_id=request,
                prompt_ids=list(session.transcript.tokens),
                sampling_params={**sampling_params, "max_tokens": self._most},
            )
            sure = sure and bool(told.log_probs)
            session.say(told.token_ids, told.log_probs or [0.0] * len(told.token_ids))
        return self._output(session.record(), sure)

    def _row(self, extra: Mapping[str, Any]) -> tuple[Task, int]:
        task = chosen_task(self._parts.domain, task_options(extra.get("task")))
        if task is None:
            raise DataError(
                f"the row names no task: extra_info needs 'task' (an id or JSON text) and 'seed', got {sorted(extra)}"
            )
        return task, int(extra.get("seed") or 0)

    def _output(self, record: RolloutRecord, sure: bool) -> AgentLoopOutput:
        void = record.status == "void"
        start, end = (record.turns[0].start, record.turns[-1].end) if record.turns else (len(record.tokens), 0)
        tokens = list(record.tokens[start:end]) or [self._codec.format.end]  # verl wants a token at least
        mask = [int(made and not void) for made in record.mask[start:end]] or [0]
        logprobs = [0.0] * len(tokens)
        for turn in record.turns:
            logprobs[turn.start - start : turn.end - start] = turn.logprobs
        told = {"success": float(bool(record.success)), "void": float(void)}
        told |= {f"reward_{name}": 0.0 if void else paid for name, paid in record.reward_terms.items()}
        return AgentLoopOutput(
            prompt_ids=list(record.tokens[:start]) or [self._codec.format.end],
            response_ids=tokens[: self._longest],
            response_mask=mask[: self._longest],
            response_logprobs=logprobs[: self._longest] if sure else None,
            reward_score=0.0 if void else record.reward,
            num_turns=2 * len(record.turns) + 1,
            metrics=AgentLoopMetrics(),
            extra_fields={
                "reward_extra_info": told,
                "turn_scores": [turn.reward for turn in record.turns],
                "tool_rewards": [],
            },
        )
