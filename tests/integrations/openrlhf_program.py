"""Stands in for ``openrlhf.cli.train_ppo_ray`` where there is no GPU: it plays the whole data set with OpenRLHF's own
executor, learns nothing, and saves the policy with which it began.

``run(arguments)`` is called in a process of its own by a script that takes the place of the interpreter.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent))
from openrlhf_engine import SamplingParams, TinyEngine

from toolgym_trainers.integrations.openrlhf.command import TRAIN, parsed
from toolgym_trainers.policies.policy import load_policy


def run(arguments: list[str]) -> None:
    """Train nothing.

    Args:
        arguments: What the interpreter was called with.
    """
    assert arguments[:2] == ["-m", TRAIN]
    asked = parsed(TRAIN, arguments[2:])
    torch.set_num_threads(1)
    spec = spec_from_file_location("agent_module", asked.train.agent_func_path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    executor = module.AgentExecutor()
    policy = load_policy(asked.actor.model_name_or_path)
    engine = TinyEngine(policy, asked.train.seed)
    rows = [json.loads(line) for line in Path(asked.data.prompt_dataset).read_text().splitlines()]

    async def play() -> None:
        for row in rows:
            params = SamplingParams(max_tokens=asked.rollout.max_new_tokens, temperature=asked.rollout.temperature)
            group = [
                executor.execute(
                    row[asked.data.input_key],
                    row[asked.data.label_key],
                    params,
                    asked.data.max_len,
                    policy.tokenizer,
                    engine,
                    images=None,
                )
                for _ in range(asked.rollout.n_samples_per_prompt)
            ]
            await asyncio.gather(*group)

    asyncio.run(play())
    shutil.copytree(asked.actor.model_name_or_path, asked.ckpt.output_dir)
    (Path(asked.ckpt.output_dir) / "toolgym_view.json").unlink()


if __name__ == "__main__":
    run(sys.argv[1:])
