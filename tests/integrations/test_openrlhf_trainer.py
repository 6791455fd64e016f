"""OpenRLHF as a trainer of the loop: its commands, and what goes to and from the curriculum."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("openrlhf", reason="needs openrlhf 0.11.2; see docs/use-with/openrlhf.md")
from command_line import Done

from toolgym import make_curriculum, make_domain, make_user
from toolgym.curriculum import Curriculum
from toolgym.errors import DataError, ServiceError
from toolgym_trainers.integrations.openrlhf.command import SFT, TRAIN, arguments_of, parsed
from toolgym_trainers.integrations.openrlhf.options import OpenRLHFOptions
from toolgym_trainers.integrations.openrlhf.trainer import OPENRLHF, options_of
from toolgym_trainers.loop import Round, Training, TrainSettings
from toolgym_trainers.policies.shipped import SHIPPED

pytestmark = [
    pytest.mark.openrlhf,
    pytest.mark.filterwarnings("ignore:.*past_key_values.*:FutureWarning"),
]
HERE = Path(__file__).parent
RECIPES = sorted((HERE.parents[1] / "docs" / "recipes").glob("*.toml"))
PLAYS = f"import runpy; runpy.run_path({str(HERE / 'openrlhf_program.py')!r}, run_name='__main__')"
SMALL = {"max_len": 1280, "gpus": 1}


def program(folder: Path, text: str) -> str:
    """A program that takes the place of the interpreter."""
    path = folder / "python"
    path.write_text(f"#!{sys.executable}\n{text}")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Plays the data set with OpenRLHF's own executor, and learns nothing."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(HERE.parents[1]), str(HERE.parents[1] / "domains")]))
    return program(tmp_path, PLAYS)


def settings(**changes: Any) -> TrainSettings:
    values = {"trainer": "openrlhf", "steps": 2, "tasks": 2, "group_size": 3, "rounds": 1, "trainer_options": SMALL}
    return TrainSettings.model_validate({**values, **changes})


def round_of(asked: TrainSettings, folder: Path, curriculum: Curriculum, noted: list[dict[str, Any]]) -> Round:
    def refused(*_: Any) -> None:
        raise AssertionError("nothing of this kind is done here")

    return Round(
        number=1,
        settings=asked,
        domain=make_domain("retail"),
        user=make_user("scripted", domain="retail"),
        start=SHIPPED["tiny"],
        out=folder / "policies" / "round-1",
        folder=folder / "checkpoints" / "round-1-train",
        curriculum=curriculum,
        note=noted.append,
        forget=lambda first: None,
        plays=refused,
        restore=curriculum.load_state_dict,
    )


def test_the_command_is_printed_and_checked_by_openrlhfs_own_parser(run: Callable[..., Done], tmp_path: Path) -> None:
    done = run("train", "retail", "--trainer", "openrlhf", "--policy", "tiny", "--dry-run")
    assert done.code == 0
    command = done.out.replace("\\\n", " ").split()
    assert command[1:3] == ["-m", TRAIN]
    asked = parsed(TRAIN, command[3:])
    assert asked.reward.remote_url == ["agent"]
    assert asked.algo.advantage.estimator == "group_norm"
    assert asked.algo.dynamic_filtering_range == [0.0, 1.0]
    assert (asked.algo.advantage.is_correction_level, asked.algo.advantage.is_correction_mode) == ("token", "mask")
    assert not asked.data.apply_chat_template
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda path: path.stem)
def test_every_flag_of_a_recipe_is_one_of_openrlhfs(run: Callable[..., Done], recipe: Path) -> None:
    done = run("train", "retail", "--settings", str(recipe), "--dry-run", "--json")
    assert done.code == 0, done.err
    (command,) = json.loads(done.out)["commands"]
    asked = parsed(TRAIN, command[3:])
    gpus = asked.actor.num_nodes * asked.actor.num_gpus_per_node
    assert gpus == asked.vllm.num_engines * asked.vllm.tensor_parallel_size  # what it asserts when it trains
    assert asked.train.batch_size % gpus == 0
    assert asked.rollout.max_new_tokens < asked.data.max_len <= asked.train.max_tokens_per_gpu


def test_there_are_the_two_recipes() -> None:
    assert [path.stem for path in RECIPES] == ["qwen3-30b-a3b-raft", "qwen3-4b-thinking-sentinel"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (
            {"algo.advantage.is_correction_enable": True},
            "unrecognized arguments: --algo.advantage.is_correction_en",
        ),
        ({"actor.adam.l": 1e-6}, "unrecognized arguments: --actor.adam.l"),  # no abbreviations
        ({"algo.advantage.estimator": "grpo"}, "invalid choice: 'grpo'"),
        ({"train.partial_rollout_enable": True}, "requires --train.async_enable"),
    ],
)
def test_a_flag_that_openrlhf_refuses_is_refused_before_anything_is_done(
    tmp_path: Path, flags: dict[str, Any], said: str
) -> None:
    asked = settings(trainer_options={**SMALL, "flags": flags})
    with pytest.raises(DataError, match=said):
        OPENRLHF.check(asked, tmp_path)


def test_the_parser_of_its_fine_tuning_is_read_likewise() -> None:
    asked = parsed(SFT, arguments_of({"data.dataset": "demonstrations.jsonl", "train.max_epochs": 1}))
    assert asked.data.dataset == "demonstrations.jsonl"
    with pytest.raises(DataError, match="unrecognized arguments: --pretrain"):
        parsed(SFT, ["--pretrain", "x"])


def test_options_that_do_not_fit_are_refused_by_name() -> None:
    for changes, said in (
        ({"trainer_options": {"gpu": 8}}, "trainer_options.gpu: .*There are: flags, gpus"),
        ({"trainer_options": {"max_len": 50}}, "turn_tokens must be less than trainer_options.max_len, got 160 and 50"),
        ({"trainer_options": {"tensor_parallel": 3}}, "tensor_parallel must divide the 8 GPUs"),
        ({"trainer_options": {"flags": {"data.max_len": 5}}}, "data.max_len follow from the settings"),
        ({"grpo": {"learning_rate": 1e-5}}, "grpo of the settings are of the trainer 'grpo'"),
        ({"lora": {"rank": 8}}, "lora of the settings are of the trainer 'grpo'"),
    ):
        with pytest.raises(DataError, match=said):
            options_of(settings(**changes))
    with pytest.raises(ValueError, match="'grpo' takes no trainer_options, got gpus"):
        settings(trainer="grpo", trainer_options={"gpus": 1})
    assert options_of(settings(trainer_options={})) == OpenRLHFOptions()


def test_a_dry_run_of_a_trainer_that_runs_no_program_is_refused(run: Callable[..., Done]) -> None:
    done = run("train", "retail", "--dry-run")
    assert done.code != 0
    assert "the trainer 'grpo' runs no program of its own" in done.err


def test_a_round_gives_the_curriculum_what_was_played_and_leaves_a_policy(tmp_path: Path, python: str) -> None:
    curriculum = make_curriculum("raft", "retail", "validation", folder=tmp_path / "curriculum")
    noted: list[dict[str, Any]] = []
    asked = settings(trainer_options={**SMALL, "python": python})
    given = round_of(asked, tmp_path, curriculum, noted)
    result = OPENRLHF.train(given)
    assert (result["steps"], result["episodes"]) == (2, 12)
    assert [one["step"] for one in noted] == [0, 1]
    assert all(0 <= one["live"] <= 1 for one in noted)
    rows = [json.loads(line) for line in (given.folder / "prompts.jsonl").read_text().splitlines()]
    labels = [json.loads(row["label"]) for row in rows]
    assert len(labels) == 4
    assert len({label["seed"] for label in labels}) == 4
    same = make_curriculum("raft", "retail", "validation", folder=tmp_path / "again")
    rng = np.random.default_rng([asked.seed, 1])
    drawn = [task.key for _ in range(2) for task in same.sample(rng, 2)]
    assert [label["task"] for label in labels] == drawn
    # The curriculum knows the 12 episodes: telling it of them again changes nothing.
    before = curriculum.state_dict()
    from toolgym_trainers.integrations.openrlhf.kept import KeptEpisodes

    groups = list(KeptEpisodes(given.folder / "episodes", 3).groups())
    assert len(groups) == 4
    for group in groups:
        curriculum.update(group)
        same.update(group)
    assert curriculum.state_dict() == before
    assert json.loads((given.out / "toolgym_view.json").read_text())["name"] == "slots"


def test_a_round_that_was_killed_goes_on_with_the_tasks_that_it_had_drawn(tmp_path: Path, python: str) -> None:
    curriculum = make_curriculum("raft", "retail", "validation", folder=tmp_path / "curriculum")
    broken = settings(trainer_options={**SMALL, "python": program(tmp_path, "import sys; sys.exit('no GPU is left')")})
    given = round_of(broken, tmp_path, curriculum, [])
    with pytest.raises(ServiceError, match=r"(?s)OpenRLHF ended with 1 in round 1; .*no GPU is left"):
        OPENRLHF.train(given)
    first = (given.folder / "prompts.jsonl").read_text()
    curriculum.sample(np.random.default_rng(99), 5)
    plays = program(tmp_path, PLAYS)
    again = settings(trainer_options={**SMALL, "python": plays})
    given = round_of(again, tmp_path, curriculum, [])
    OPENRLHF.train(given)
    assert (given.folder / "prompts.jsonl").read_text() == first
    assert (given.out / "config.json").is_file()


def test_a_model_whose_context_is_too_short_is_refused(tmp_path: Path) -> None:
    curriculum = make_curriculum("fixed", "retail", "validation")
    asked = settings(trainer_options={**SMALL, "max_len": 4096})
    with pytest.raises(DataError, match="max_len must be at most the 1280 tokens of the model, got 4096"):
        OPENRLHF.train(round_of(asked, tmp_path, curriculum, []))


@pytest.mark.parametrize("curriculum", ["raft", "sentinel"])
def test_between_rounds_failures_become_tasks_that_the_next_round_trains_on(
    tmp_path: Path, python: str, curriculum: str
) -> None:
    asked = settings(
        curriculum=curriculum,
        rounds=2,
        steps=2,
        tasks=4,
        group_size=4,
        made=6,
        solver_trials=0,
        mining_split=None,
        measuring={"tasks": 2, "trials": 2},
        trainer_options={**SMALL, "python": python},
    )
    training = Training(asked, tmp_path / "training")
    results = training.run()
    assert results["round-1-refresh"]["failures"] == 0
    assert results["round-2-refresh"]["failures"] > 0
    assert results["round-2-refresh"]["admitted"] > 0
    prompts = [
        (tmp_path / "training" / "checkpoints" / f"round-{number}-train" / "prompts.jsonl").read_text().splitlines()
        for number in (1, 2)
    ]
    own = {task.key for task in make_domain("retail").tasks["validation"]}
    keys = [{json.loads(json.loads(row)["label"])["task"] for row in rows} for rows in prompts]
    assert keys[0] <= own
    assert results["round-2-refresh"]["pool"] > results["round-1-refresh"]["pool"]
    if curriculum == "raft":  # sentinel gives each new task a twentieth of the draws at most, and 8 are few
        assert keys[1] - own
    command = (tmp_path / "training" / "checkpoints" / "round-2-train" / "agent.json").read_text()
    start = Path(json.loads(command)["policy"]).name
    assert start == ("round-0" if curriculum == "raft" else "round-1")
