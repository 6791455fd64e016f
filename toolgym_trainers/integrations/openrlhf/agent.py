"""The agent of OpenRLHF: give the path of this file to ``--train.agent_func_path``.

OpenRLHF makes both classes without arguments, in each process that samples. What they play stands in the JSON file that
the environment variable ``TOOLGYM_OPENRLHF`` names, or in ``agent.json`` beside this file or one that imports it; see
:class:`~toolgym_trainers.integrations.openrlhf.settings.AgentSettings`.
"""

from __future__ import annotations

import copy
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from toolgym.errors import DataError, MissingExtraError, ServiceError
from toolgym_trainers.integrations.openrlhf.episodes import Episodes
from toolgym_trainers.integrations.openrlhf.kept import keep_episode
from toolgym_trainers.integrations.openrlhf.label import Label
from toolgym_trainers.integrations.openrlhf.rollout import Rollout
from toolgym_trainers.integrations.openrlhf.settings import load_settings

try:
    import torch
    from openrlhf.utils.agent import AgentInstanceBase, MultiTurnAgentExecutor
except ImportError as error:
    raise MissingExtraError("training with OpenRLHF", "openrlhf") from error


@cache
def episodes_of(beside: Path) -> Episodes:
    """What the agent in a file plays; read once in a process.

    Args:
        beside: The file of the agent.
    """
    return Episodes(load_settings(beside))


class AgentInstance(AgentInstanceBase):  # type: ignore[misc]  # openrlhf has no types
    """One episode: OpenRLHF resets it with a row of the data set, and steps it with what the policy wrote."""

    file = Path(__file__)
    """Beside which the settings are."""

    def __init__(self) -> None:
        self.episodes = episodes_of(self.file)
        self.rollout: Rollout | None = None
        self.room: int | None = None
        """Tokens that the dialogue may have; None if nobody said so."""
        self.heard: tuple[int, list[int]] | None = None
        """How many tokens the dialogue had before the policy's last message, and the message as it was sampled."""

    async def reset(self, states: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Begin the episode that the row's label names; the observation is the row's prompt.

        Raises:
            DataError: If the row is of another data set, or its prompt is not how the episode begins.
        """
        label = Label.from_json(states["label"])
        self.rollout = self.episodes.begin(label)
        prompt = self.rollout.open()
        if self.episodes.opens_alike and prompt != states["observation"]:
            raise DataError(
                f"the prompt of row {label.row} (task {label.id!r}) is not how its episode begins: the data set was "
                "written with another tokenizer, view or version; write it anew, and do not give "
                "--data.apply_chat_template nor --data.input_template"
            )
        return {"observation": prompt}

    async def step(self, state_dict: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        """Say what the policy wrote, and hear what comes of it."""
        assert self.rollout is not None, "OpenRLHF resets an agent before it steps it"
        if self.heard is None:  # driven by another executor, which tells the text alone
            tokens = self.episodes.codec.tokenizer(state_dict["action_text"], add_special_tokens=False)["input_ids"]
            told = self.rollout.say(tokens)
        else:
            before, tokens = self.heard
            told = self.rollout.say(tokens, before=before, most=self.room)
        return {
            "rewards": torch.tensor(told.reward, dtype=torch.float64),  # whose item() is what was paid
            "scores": torch.tensor(told.success),
            "environment_feedback": told.feedback,
            "done": told.over,
            "extra_logs": {name: torch.tensor(value) for name, value in told.logs.items()},
        }


class AgentExecutor(MultiTurnAgentExecutor):  # type: ignore[misc]  # openrlhf has no types
    """Plays the episodes of a group, each with sampling parameters and a budget of its own."""

    file = Path(__file__)
    """Beside which the settings are."""

    def __init__(self) -> None:
        file = self.file

        class _Instance(AgentInstance):
            pass

        _Instance.file = file
        super().__init__(_Instance)
        self.episodes = episodes_of(file)
        self._trials: Counter[int] = Counter()

    async def execute(
        self,
        prompt: str,
        label: str,
        sampling_params: Any,
        max_length: int,
        hf_tokenizer: Any,
        llm_engine: Any,
        images: Any = None,
    ) -> dict[str, Any]:
        """Play one episode; one that something other than the policy ended is played again.

        Raises:
            DataError: If the row does not belong to the settings, or its prompt and one message have no room.
            ServiceError: If every attempt was void.
        """
        settings = self.episodes.settings
        fault = None
        for _ in range(settings.attempts):
            instance = self.agent_instance_cls()
            instance.room = max_length
            bound = copy.copy(self)
            bound.agent_instance_cls = lambda made=instance: made
            params = copy.deepcopy(sampling_params)
            params.max_tokens = settings.turn_tokens  # what OpenRLHF leaves room for behind the first prompt
            engine = _Engine(llm_engine, instance, settings.turn_tokens)
            found: dict[str, Any] = await MultiTurnAgentExecutor.execute(
                bound, prompt, label, params, max_length, hf_tokenizer, engine, images
            )
            rollout = instance.rollout
            if not rollout.void:
                found["truncated"] = bool(found["truncated"] or rollout.given_up)
                self._keep(rollout, Label.from_json(label))
                return found
            fault = rollout.session.talk.episode.fault
        raise ServiceError(
            f"the episode of {label} was void {settings.attempts} times, at last because of {fault}; put the service "
            "right, and go on with --ckpt.load_enable"
        )

    def _keep(self, rollout: Rollout, label: Label) -> None:
        trial, self._trials[label.row] = self._trials[label.row], self._trials[label.row] + 1
        if self.episodes.settings.keep is not None:
            keep_episode(self.episodes.settings.keep, label.row, rollout.trajectory(trial))


class _Engine:
    """OpenRLHF's engine with a bound on each message; it tells the agent the tokens that were sampled.

    The text that vLLM gives may lack the sign that ended the message, so the text does not say whether the policy wrote
    it.
    """

    def __init__(self, engine: Any, instance: AgentInstance, most: int) -> None:
        self._engine, self._instance, self._most = engine, instance, most
        self._begun = False

    async def generate(self, tokens: list[int], params: Any, multi_modal_data: Any = None) -> Any:
        room = self._instance.room
        assert room is not None
        self._check_whole(tokens)
        params.max_tokens = min(params.max_tokens, self._most)
        found = await self._engine.generate(tokens, params, multi_modal_data=multi_modal_data)
        made = found.outputs[0]
        made.token_ids = list(made.token_ids)
        self._instance.heard = len(tokens), made.token_ids
        return found

    def _check_whole(self, tokens: list[int]) -> None:
        """See that OpenRLHF has not cut the first prompt, which it does without a word in the result."""
        if self._begun:
            return
        self._begun = True
        instance = self._instance
        assert instance.rollout is not None
        whole = instance.episodes.length(instance.rollout.prompt)
        if len(tokens) != whole:
            name = instance.rollout.session.talk.task.id
            raise DataError(
                f"the prompt of {name!r} has {whole} tokens and came as {len(tokens)}: "
                f"with {self._most} for a message it does not fit into --data.max_len {instance.room}, or the model's "
                "tokenizer is not the agent's; raise --data.max_len, or lower turn_tokens"
            )
