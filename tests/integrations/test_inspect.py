"""Inspect evaluates on our episodes, and a curriculum feeds its running task."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("inspect_ai", reason="needs the extra inspect")

import inspect_ai
from inspect_ai.model import ModelOutput, ModelUsage, get_model
from integrations.bare import Bare, FailingUser, bare_episodes, oracle_episode

from toolgym import make_curriculum, make_domain
from toolgym_trainers.integrations.inspect_ai import grade_episode, play_episode, samples_of, to_inspect
from toolgym_trainers.integrations.text_env import TextEnv

pytestmark = [
    pytest.mark.inspect,
    # Inspect leaves streams of anyio open when an evaluation is over, and calls tenacity by an old name.
    pytest.mark.filterwarnings(
        "ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning", "ignore::DeprecationWarning"
    ),
]


@pytest.fixture(autouse=True)
def _streams_left_open_are_collected_while_their_warnings_are_ignored() -> Iterator[None]:
    yield
    gc.collect()


def model_saying(by_opening: dict[str, list[str]]) -> Any:
    """Inspect's own stand-in for a model: by the user's opening it knows what to say, one text after the other."""

    def answer(chat: list[Any], tools: Any, choice: Any, config: Any) -> ModelOutput:
        opening = next(one.text for one in chat if one.role == "user")
        said = sum(one.role == "assistant" for one in chat) - 1  # the greeting is not its own
        texts = by_opening.get(opening, ["Good bye."])
        output = ModelOutput.from_content("mockllm/model", texts[min(said, len(texts) - 1)])
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)  # else it fetches a tokenizer
        return output

    return get_model("mockllm/model", custom_outputs=answer)


def evaluated(task: inspect_ai.Task, model: Any, folder: Path, **options: Any) -> Any:
    (log,) = inspect_ai.eval(task, model=model, log_dir=str(folder), display="none", **options)
    return log


def opening(bare: Bare, seed: int) -> str:
    messages, _ = TextEnv("retail", split="dev").reset(seed=seed, task=bare.task)
    return messages[-1]["content"]


def test_scores_are_the_rewards_and_success_of_the_bare_episodes(tmp_path: Path) -> None:
    played = bare_episodes("retail", "dev", 6, seed=3)
    chosen = [oracle if novice.success else novice for oracle, novice in zip(played[:6], played[6:], strict=True)]
    model = model_saying({opening(bare, 3): bare.texts for bare in chosen})
    samples = samples_of([bare.task for bare in chosen], seed=3)
    task = inspect_ai.Task(dataset=samples, solver=play_episode("retail", split="dev"), scorer=grade_episode())
    log = evaluated(task, model, tmp_path)
    assert log.status == "success", log.error
    by_id = {sample.id: sample.scores["grade_episode"].value for sample in log.samples}
    for bare in chosen:
        assert by_id[f"{bare.task.id}/0"]["reward"] == pytest.approx(bare.reward)
        assert by_id[f"{bare.task.id}/0"]["success"] == float(bool(bare.success))


def test_a_fault_is_an_error_of_the_sample_and_not_a_score(tmp_path: Path) -> None:
    samples = samples_of(make_domain("mock").tasks["test"][:1])
    solver = play_episode("mock", split="test", user=FailingUser)
    log = evaluated(
        inspect_ai.Task(dataset=samples, solver=solver, scorer=grade_episode()),
        model_saying({}),
        tmp_path,
        fail_on_error=False,
    )
    (sample,) = log.samples
    assert "the episode is void, for the user" in sample.error.message
    assert not sample.scores


def test_a_limit_of_inspects_scores_nothing_won(tmp_path: Path) -> None:
    bare = oracle_episode("retail", "dev", seed=3)
    task = inspect_ai.Task(
        dataset=samples_of([bare.task], seed=3),
        solver=play_episode("retail", split="dev"),
        scorer=grade_episode(),
        message_limit=6,
    )
    log = evaluated(task, model_saying({opening(bare, 3): bare.texts}), tmp_path)
    assert log.samples[0].scores["grade_episode"].value == {"success": 0.0, "reward": 0.0}


@pytest.mark.parametrize("user", [None, FailingUser])
def test_a_curriculum_feeds_a_running_task_and_hears_of_each_group(tmp_path: Path, user: Any) -> None:
    curriculum = make_curriculum("raft", "retail", "dev")
    heard: list[tuple[str, list[int]]] = []
    update = curriculum.update

    def spy(group: Any) -> None:
        heard.append((group[0].task_key, sorted(one.trial for one in group)))
        update(group)

    curriculum.update = spy  # type: ignore[method-assign]  # to hear what it hears
    source = to_inspect(curriculum, rounds=2, groups=2, group_size=2, seed=1)
    solver = play_episode("retail", split="dev", user=user, max_steps=4)
    task = inspect_ai.Task(dataset=source, solver=solver, scorer=grade_episode())
    log = evaluated(task, model_saying({}), tmp_path, fail_on_error=False)
    assert len(log.samples) == 8
    if user is None:
        assert len(heard) == 4
        assert {tuple(trials) for _, trials in heard} <= {(0, 1), (2, 3), (4, 5), (6, 7)}
    else:
        assert heard == []  # nothing is learned of void trials


def test_numbers_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        to_inspect(make_curriculum("fixed", "mock", "test"), rounds=0)
