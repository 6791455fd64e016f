"""OpenRLHF as a trainer of the loop: it learns in a program of its own, and what it played goes to the curriculum."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from toolgym.curriculum import Curriculum
from toolgym.domain import AgentSpec, Domain
from toolgym.errors import DataError, ServiceError
from toolgym.files.strict_json import read_json
from toolgym.runs.files import replace_whole
from toolgym.trajectory import Trajectory
from toolgym_trainers.integrations.openrlhf.command import TRAIN, arguments_of, parsed
from toolgym_trainers.integrations.openrlhf.episodes import Episodes
from toolgym_trainers.integrations.openrlhf.kept import KeptEpisodes
from toolgym_trainers.integrations.openrlhf.options import OpenRLHFOptions, Places, flags_of
from toolgym_trainers.integrations.openrlhf.prompts import write_prompts, write_tasks_of
from toolgym_trainers.integrations.openrlhf.settings import BESIDE, AgentSettings, write_settings
from toolgym_trainers.loop.settings import TrainSettings
from toolgym_trainers.loop.trainer import Round
from toolgym_trainers.policies.codec import load_codec

POLL = 5.0
"""Seconds between looks at what was played."""
TAIL = 2000
"""Characters of the log that an error shows."""
AGENT = '''"""What OpenRLHF plays in this round; its settings are in agent.json beside it."""

from pathlib import Path

from toolgym_trainers.integrations.openrlhf.agent import AgentExecutor as _Executor


class AgentExecutor(_Executor):
    file = Path(__file__)
'''


class OpenRLHFTrainer:
    """GRPO by OpenRLHF 0.11.2, which runs on a cluster of Ray that it starts, or that ``RAY_ADDRESS`` names.

    A round's tasks are drawn before it from the curriculum, ``steps * tasks`` of them: OpenRLHF takes a step for as
    many groups with a signal as a step has, so fewer steps where some have none. What was played goes to the curriculum
    while it runs.
    """

    def usual(self, policy: str) -> Mapping[str, Any]:
        """Settings where nothing is said: a model that was never trained here sees what its own template writes."""
        usual: dict[str, Any] = {"bootstrap": None, "save_every": 20}
        return usual if _knows_its_view(policy) else {**usual, "view": "native", "turn_tokens": 1024}

    def check(self, settings: TrainSettings, folder: Path) -> Sequence[Sequence[str]]:
        """What would be run in the first round; nothing is written.

        Args:
            settings: The settings of the training.
            folder: Its folder.

        Raises:
            DataError: If an option does not fit, or OpenRLHF's own parser refuses a flag.
            MissingExtraError: If OpenRLHF is not installed.
        """
        options = options_of(settings)
        first = folder / "checkpoints" / "round-1-train"
        places = _places(first, folder / "policies" / "round-0")
        return [_command(settings, options, places, 1, resumed=False)]

    def train(self, round: Round) -> Mapping[str, Any]:  # noqa: A002  # what it is called everywhere here
        """Train, and write the policy to ``round.out``.

        Raises:
            DataError: If an option does not fit, OpenRLHF's own parser refuses a flag, or a prompt is too long.
            MissingExtraError: If OpenRLHF is not installed.
            ServiceError: If OpenRLHF fails; the message shows the end of its log.
        """
        return _Learning(round).run()


OPENRLHF = OpenRLHFTrainer()
"""What the entry point ``openrlhf`` names."""


def options_of(settings: TrainSettings) -> OpenRLHFOptions:
    """The options of the trainer from the settings of a training.

    Raises:
        DataError: If one does not fit, or a setting is of the embedded trainer alone.
    """
    from pydantic import ValidationError

    alone = [name for name in ("grpo", "lora") if name in settings.model_fields_set and getattr(settings, name)]
    if alone:
        raise DataError(
            f"{' and '.join(alone)} of the settings are of the trainer 'grpo'; tell openrlhf in trainer_options, such "
            "as learning_rate, kl or flags"
        )
    try:
        options = OpenRLHFOptions.model_validate(dict(settings.trainer_options))
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(["trainer_options", *map(str, first["loc"])])
        known = ", ".join(sorted(OpenRLHFOptions.model_fields))
        message = first["msg"].removeprefix("Value error, ")
        raise DataError(f"{field}: {message}, got {first['input']!r:.80}. There are: {known}") from error
    if settings.turn_tokens >= options.max_len:
        raise DataError(
            f"turn_tokens must be less than trainer_options.max_len, got {settings.turn_tokens} and {options.max_len}"
        )
    return options


class _Learning:
    """One round."""

    def __init__(self, given: Round) -> None:
        self.given = given
        self.options = options_of(given.settings)
        self.places = _places(given.folder, given.start)
        self.kept = KeptEpisodes(given.folder / "episodes", given.settings.group_size)
        self.episodes = 0
        self.steps = 0
        self._step: list[list[Trajectory]] = []

    def run(self) -> dict[str, Any]:
        given, asked = self.given, self.given.settings
        resumed = self.drawn()
        given.forget(0)
        command = _command(asked, self.options, self.places, given.number, resumed=resumed)
        _free_memory()
        with (given.folder / "openrlhf.log").open("ab") as log, subprocess.Popen(command, stdout=log, stderr=log) as on:
            try:
                while True:
                    ended = _ended(on)
                    self.learn_of_groups()
                    if ended:
                        break
            except BaseException:
                on.terminate()
                raise
        if on.returncode:
            raise ServiceError(
                f"OpenRLHF ended with {on.returncode} in round {given.number}; {str(given.folder / 'openrlhf.log')!r} "
                f"ends with:\n{_end_of(given.folder / 'openrlhf.log')}"
            )
        if self._step:
            self.note()
        self.take_over()
        return {"steps": self.steps, "episodes": self.episodes, "metrics": given.curriculum.metrics()}

    def drawn(self) -> bool:
        """Draw the round's tasks and write what OpenRLHF reads, unless that was done already; whether it was."""
        given, asked = self.given, self.given.settings
        done = given.folder / "drawn.json"
        if done.exists():
            given.restore(read_json(done)["curriculum"])
            return any(self.places.checkpoints.glob("*"))
        self._check_context()
        shutil.rmtree(given.folder, ignore_errors=True)
        rng = np.random.default_rng([asked.seed, given.number])
        tasks = [task for _ in range(asked.steps) for task in given.curriculum.sample(rng, asked.tasks)]
        pool = given.folder / "tasks"
        write_tasks_of(given.domain, tasks, pool)
        settings = AgentSettings(
            domain=given.domain.name,
            data=_data_of(given.domain),
            pool=pool.resolve(),
            policy=str(given.start.resolve()),
            user=_user_of(given),
            user_model=self.options.user_model,
            reward=asked.reward,
            turn_tokens=asked.turn_tokens,
            keep=(given.folder / "episodes").resolve(),
        )
        write_settings(given.folder / BESIDE, settings)
        self.places.agent.write_text(AGENT, encoding="utf-8")
        seed = int(np.random.SeedSequence([asked.seed, given.number]).generate_state(1)[0])
        write_prompts(self.places.prompts, Episodes(settings), tasks, seed=seed, max_len=self.options.max_len)
        replace_whole(done, json.dumps({"curriculum": given.curriculum.state_dict()}).encode())
        return False

    def _check_context(self) -> None:
        from transformers import AutoConfig

        most = AutoConfig.from_pretrained(self.given.start).get_text_config().max_position_embeddings
        if self.options.max_len > most:
            raise DataError(
                f"trainer_options.max_len must be at most the {most} tokens of the model, got {self.options.max_len}"
            )

    def learn_of_groups(self) -> None:
        """Tell the curriculum of the groups that were played, and note a step's figures when there are enough."""
        curriculum: Curriculum = self.given.curriculum
        for group in self.kept.groups():
            curriculum.update(group)
            self._step.append(group)
            if len(self._step) == self.given.settings.tasks:
                self.note()

    def note(self) -> None:
        """Note the figures of as many groups as a step has."""
        groups, self._step = self._step, []
        rows = [one for group in groups for one in group]
        self.episodes += len(rows)
        live = sum(0 < sum(one.success is True for one in group) < len(group) for group in groups)
        self.given.note(
            {
                "step": self.steps,
                "tasks": len({one.task_key for one in rows}),
                "episodes": len(rows),
                "success": sum(one.success is True for one in rows) / len(rows),
                "reward": sum(sum(one.rewards.get("assistant", {}).values()) for one in rows) / len(rows),
                "live": live / len(groups),
                "episodes_so_far": self.episodes,
            }
        )
        self.steps += 1

    def take_over(self) -> None:
        """Put what OpenRLHF saved where the loop looks for the policy."""
        made, out = self.places.out, self.given.out
        if not (made / "config.json").is_file() or not list(made.glob("*.safetensors")):
            raise ServiceError(f"OpenRLHF ended well and left no model in {str(made)!r}; see openrlhf.log beside it")
        load_codec(self.given.start).view.save(made)
        out.parent.mkdir(parents=True, exist_ok=True)
        made.rename(out)


def _places(folder: Path, start: Path) -> Places:
    folder, start = folder.resolve(), start.resolve()
    return Places(start, folder / "prompts.jsonl", folder / "agent.py", folder / "policy", folder / "openrlhf")


def _command(
    settings: TrainSettings, options: OpenRLHFOptions, places: Places, number: int, *, resumed: bool
) -> list[str]:
    """The command of a round, which OpenRLHF's own parser has read."""
    flags = flags_of(
        options,
        places,
        tasks=settings.tasks,
        group_size=settings.group_size,
        temperature=settings.temperature,
        turn_tokens=settings.turn_tokens,
        seed=int(np.random.SeedSequence([settings.seed, number]).generate_state(1)[0]) % 2**31,
        save_every=settings.save_every,
        resumed=resumed,
    )
    arguments = arguments_of(flags)
    parsed(TRAIN, arguments)
    return [options.python or sys.executable, "-m", TRAIN, *arguments]


def _knows_its_view(policy: str) -> bool:
    from toolgym.views.view import FILE
    from toolgym_trainers.policies.shipped import folder_of

    return (Path(folder_of(policy)) / FILE).is_file()


def _data_of(domain: Domain) -> Any:
    return "tau2" if domain.compat.name == "tau2" else "toolgym"


def _user_of(given: Round) -> str:
    return str(AgentSpec.of(given.user).name)


def _free_memory() -> None:
    """Give back what this process holds on a chip: OpenRLHF needs it."""
    import gc

    import torch

    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(POLL)
    except subprocess.TimeoutExpired:
        return False
    return True


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-TAIL:]
