"""OpenRLHF's own executor plays our episodes: what it learns from is what was sampled, and pays what we pay."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openrlhf", reason="needs openrlhf 0.11.2; see docs/use-with/openrlhf.md")
import torch
from integrations.openrlhf_engine import SamplingParams, TinyEngine, WrittenEngine
from openrlhf.utils.agent import MultiTurnAgentExecutor

from toolgym.domain import Domain
from toolgym.episode.conversation import Conversation
from toolgym.errors import DataError, ServiceError
from toolgym.messages import Message
from toolgym.tasks import Task
from toolgym_trainers.integrations.openrlhf import agent
from toolgym_trainers.integrations.openrlhf.agent import AgentExecutor, AgentInstance
from toolgym_trainers.integrations.openrlhf.episodes import Episodes
from toolgym_trainers.integrations.openrlhf.kept import KeptEpisodes
from toolgym_trainers.integrations.openrlhf.label import Label
from toolgym_trainers.integrations.openrlhf.prompts import write_prompts
from toolgym_trainers.integrations.openrlhf.settings import VARIABLE, AgentSettings, load_settings, write_settings
from toolgym_trainers.policies.policy import Policy, load_policy

pytestmark = [
    pytest.mark.openrlhf,
    pytest.mark.filterwarnings("ignore:.*past_key_values.*:FutureWarning"),  # transformers, of the engine's own loop
]
MAX_LEN = 1280
SETTINGS = AgentSettings(split="validation", policy="tiny", turn_tokens=160)


@pytest.fixture(scope="module")
def policy() -> Policy:
    torch.set_num_threads(1)
    return load_policy("tiny")


@pytest.fixture
def executor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., AgentExecutor]:
    """Makes an executor as OpenRLHF does, over settings in a file."""

    def make(**changes: Any) -> AgentExecutor:
        agent.episodes_of.cache_clear()
        write_settings(tmp_path / "settings.json", SETTINGS.model_copy(update=changes))
        monkeypatch.setenv(VARIABLE, str(tmp_path / "settings.json"))
        return AgentExecutor()

    return make


def rows_of(episodes: Episodes, path: Path, count: int) -> list[dict[str, str]]:
    write_prompts(path, episodes, episodes.tasks[:count], max_len=MAX_LEN)
    return [json.loads(line) for line in path.read_text().splitlines()]


def play(
    executor: MultiTurnAgentExecutor,
    rows: Sequence[dict[str, str]],
    engine: TinyEngine,
    *,
    group: int = 1,
    max_len: int = MAX_LEN,
    params: SamplingParams | None = None,
) -> list[dict[str, Any]]:
    """A group of each row, with one object of sampling parameters for all of them, as OpenRLHF gives it."""
    params = params or SamplingParams()

    async def all_of_them() -> list[dict[str, Any]]:
        episodes = [
            executor.execute(row["prompt"], row["label"], params, max_len, engine.policy.tokenizer, engine, images=None)
            for row in rows
            for _ in range(group)
        ]
        return list(await asyncio.gather(*episodes))

    return asyncio.run(all_of_them())


def test_64_episodes_are_learned_from_as_they_were_sampled_and_pay_what_the_bare_episode_pays(
    executor: Callable[..., AgentExecutor], tmp_path: Path
) -> None:
    made = executor()
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 8)
    exact = load_policy("tiny", dtype=torch.float64)  # in 32 bits a cache alone moves what is unlikely by up to 2e-5
    found = play(made, rows, TinyEngine(exact), group=8)
    assert len(found) == 64
    worst = 0.0
    for one in found:
        row = rows.index({"prompt": one["prompt"], "label": one["label"]})
        tokens, ranges = one["observation_tokens"], one["action_ranges"]
        assert len(tokens) <= MAX_LEN
        # No prompt of a group is cut.
        assert ranges[0][0] == made.episodes.length(rows[row]["prompt"])
        # The bare episode, token in and token out: what lies between the messages is what it says.
        label = Label.from_json(one["label"])
        talk = Conversation(made.episodes.parts, made.episodes.task(label), seed=label.seed)
        transcript = made.episodes.codec.transcript(made.episodes.domain, talk.tools)
        talk.reply()
        transcript.observe(talk.news())
        paid = sum(step.reward() for step in talk.steps())
        for start, end in ranges:
            assert tokens[:start] == transcript.tokens
            message = transcript.add(tokens[start:end])
            talk.say(Message(message.role, message.content, message.tool_calls, tokens=end - start))
            talk.reply()
            paid += sum(step.reward() for step in talk.steps())
            if not talk.over:
                transcript.observe(talk.news())
        assert talk.over
        assert tokens == transcript.tokens
        assert ranges == transcript.made
        assert one["reward"] == pytest.approx(paid, abs=1e-9)
        assert float(one["scores"]) == float(talk.success is True)
        assert one["extra_logs"]["success"].item() == float(one["scores"])
        # Log-probabilities: none for what others said, and for what was sampled those that the model gives.
        recorded = torch.tensor(one["rollout_log_probs"], dtype=torch.float64)
        mask = torch.zeros(len(tokens), dtype=torch.bool)
        for start, end in ranges:
            mask[start:end] = True
        assert not recorded[~mask].any()
        with torch.no_grad():
            logits = exact.model(torch.tensor([tokens])).logits[0]
        again = torch.log_softmax(logits, -1)[:-1].gather(1, torch.tensor(tokens[1:])[:, None])[:, 0]
        worst = max(worst, float((again - recorded[1:])[mask[1:]].abs().max()))
    assert worst < 1e-5
    successes = [float(one["scores"]) for one in found]
    assert 0 < sum(successes) < 64
    lengths = [len(one["action_ranges"]) for one in found]
    assert max(lengths) > 5


def test_the_scores_are_success_alone_while_the_reward_is_shaped(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor()
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 6)
    found = play(made, rows, TinyEngine(policy), group=2)
    assert {float(one["scores"]) for one in found} <= {0.0, 1.0}
    assert any(one["reward"] not in (0.0, 1.0) for one in found)
    for one in found:
        logs = {name: value.item() for name, value in one["extra_logs"].items()}
        assert one["reward"] == pytest.approx(sum(value for name, value in logs.items() if name.startswith("reward_")))
        assert set(logs) == set(found[0]["extra_logs"])
        assert all(value.ndim == 0 and value.is_floating_point() for value in one["extra_logs"].values())


def test_a_group_shares_no_sampling_parameters(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor()
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 2)
    params = SamplingParams(max_tokens=160)
    before = deepcopy(params)
    play(made, rows, TinyEngine(policy), group=3, params=params)
    assert params == before
    # OpenRLHF's own, for comparison, leaves the budget of one episode to all others.
    plain = MultiTurnAgentExecutor(AgentInstance)
    play(plain, rows[:1], TinyEngine(policy, shows_end=True), params=params)
    assert params != before


def test_no_message_is_longer_than_it_may_be(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor(turn_tokens=3)
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 4)
    engine = TinyEngine(policy)
    found = play(made, rows, engine)
    assert {asked for _, asked in engine.calls} == {3}
    assert all(end - start <= 3 for one in found for start, end in one["action_ranges"])


def test_an_episode_whose_budget_runs_out_is_given_up_and_paid_with_nothing_dangling(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor(keep=tmp_path / "kept")
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 4)
    found = play(made, rows, TinyEngine(policy), max_len=240)
    assert all(len(one["observation_tokens"]) <= 240 for one in found)
    given_up = [one for one in found if one["extra_logs"]["given_up"].item()]
    assert given_up
    kept = [group[0] for group in KeptEpisodes(tmp_path / "kept", 1).groups()]
    assert sum(one.termination == "context_window_exceeded" for one in kept) == len(given_up)
    for one in given_up:
        assert one["truncated"]
        assert float(one["scores"]) == 0.0
        assert one["action_ranges"][-1][1] == len(one["observation_tokens"])


def test_a_message_is_ended_once_whether_or_not_the_engines_text_shows_its_end(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor()
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 3)
    silent = play(made, rows, TinyEngine(policy, seed=3))
    loud = play(made, rows, TinyEngine(policy, seed=3, shows_end=True))
    assert [one["observation_tokens"] for one in silent] == [one["observation_tokens"] for one in loud]
    end = policy.codec.format.end
    for one in silent:
        tokens = one["observation_tokens"]
        assert not any(first == second == end for first, second in pairwise(tokens))


def test_a_message_that_was_cut_is_ended_by_what_stands_behind_it(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor()
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 1)
    words = policy.codec.format.content("hello")
    end = policy.codec.format.end
    found = play(made, rows, WrittenEngine(policy, [list(words)] + [[*words, end]] * 200))
    (start, stop), *_ = found[0]["action_ranges"]
    assert found[0]["observation_tokens"][start:stop] == list(words)
    assert found[0]["observation_tokens"][stop] == end


def test_prompts_that_do_not_fit_are_refused_where_they_are_written_and_where_they_are_played(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor()
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 1)
    with pytest.raises(DataError, match="OpenRLHF would cut its beginning; raise max_len to at least"):
        write_prompts(tmp_path / "again.jsonl", made.episodes, made.episodes.tasks[:1], max_len=165)
    with pytest.raises(DataError, match=r"does not fit into --data\.max_len 165"):
        play(made, rows, TinyEngine(policy), max_len=165)


def test_a_prompt_that_is_not_how_the_episode_begins_is_refused(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor()
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 2)
    swapped = [{"prompt": f"{rows[0]['prompt']} ", "label": rows[0]["label"]}]
    with pytest.raises(DataError, match=r"row 0 .* is not how its episode begins"):
        play(made, swapped, TinyEngine(policy))


def test_a_label_of_another_data_set_is_refused(executor: Callable[..., AgentExecutor], policy: Policy) -> None:
    made = executor()
    label = Label("0" * 64, "nobody_1", "validation", seed=0, row=4)
    with pytest.raises(DataError, match=r"'nobody_1' of row 4 is not in the split 'validation'"):
        play(made, [{"prompt": "Hi", "label": label.to_json()}], TinyEngine(policy))
    with pytest.raises(DataError, match="is no label of a task"):
        play(made, [{"prompt": "Hi", "label": "7"}], TinyEngine(policy))


class FailingUser:
    """A user whose service fails in its first episodes."""

    failures = 0

    def __init__(self, domain: Domain, task: Task, rng: Any) -> None:
        pass

    def respond(self, view: Sequence[Message]) -> Message:
        if any(message.role == "user" for message in view) and FailingUser.failures:
            FailingUser.failures -= 1
            raise ServiceError("the model is overloaded")
        return Message("user", "Cancel my order.")


def test_an_episode_that_a_fault_ended_is_played_again_and_three_of_them_end_the_training(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor(keep=tmp_path / "kept")
    made.episodes.parts = made.episodes.parts.__class__(
        made.episodes.domain, FailingUser, made.episodes.parts.terms, limits=made.episodes.parts.limits
    )
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 1)
    FailingUser.failures = 2
    words = [*policy.codec.format.content("hello"), policy.codec.format.end]
    found = play(made, rows, WrittenEngine(policy, [words] * 400))
    assert found[0]["reward"] <= 0
    kept = [group[0] for group in KeptEpisodes(tmp_path / "kept", 1).groups()]
    assert [one.fault for one in kept] == [None]
    FailingUser.failures = 3
    with pytest.raises(ServiceError, match=r"void 3 times, at last because of .*overloaded"):
        play(made, rows, WrittenEngine(policy, [words] * 400))


def test_kept_episodes_come_as_whole_groups_whose_episodes_differ(
    executor: Callable[..., AgentExecutor], policy: Policy, tmp_path: Path
) -> None:
    made = executor(keep=tmp_path / "kept")
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 2)
    kept = KeptEpisodes(tmp_path / "kept", 4)
    assert list(kept.groups()) == []
    found = play(made, rows, TinyEngine(policy), group=4)
    groups = list(kept.groups())
    assert list(kept.groups()) == []
    assert [len(group) for group in groups] == [4, 4]
    for group in groups:
        assert len({one.task_key for one in group}) == 1
        assert len({one.episode_id for one in group}) == 4
    assert sum(one.success is True for group in groups for one in group) == sum(float(one["scores"]) for one in found)


def test_the_file_of_the_agent_is_loaded_as_openrlhf_does(
    tmp_path: Path, policy: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from importlib.util import module_from_spec, spec_from_file_location

    monkeypatch.delenv(VARIABLE, raising=False)
    file = tmp_path / "agent.py"
    shutil.copy(agent.__file__, file)
    write_settings(tmp_path / "agent.json", SETTINGS)
    spec = spec_from_file_location("agent_module", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    made = module.AgentExecutor()
    rows = rows_of(made.episodes, tmp_path / "prompts.jsonl", 1)
    assert play(made, rows, TinyEngine(policy))[0]["action_ranges"]


def test_settings_that_do_not_fit_are_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(DataError, match=r"set TOOLGYM_OPENRLHF to a JSON file"):
        load_settings(tmp_path / "agent.py")
    for content, said in (
        ('{"split": "dev", "turn_token": 5}', "turn_token: .*There are: .*turn_tokens"),
        ("{}", "give either a split or a pool"),
        ("no", "cannot be read"),
    ):
        (tmp_path / "agent.json").write_text(content)
        with pytest.raises(DataError, match=said):
            load_settings(tmp_path / "agent.py")


def test_the_wheels_package_tests_does_not_hide_ours() -> None:
    """OpenRLHF 0.11.2 installs a top-level package ``tests``: ours are no package, and import each other by name."""
    import integrations.openrlhf_engine as ours

    assert Path(ours.__file__).parent == Path(__file__).parent
    said = subprocess.run(
        [sys.executable, "-c", "import tests; print(tests.__file__)"],
        cwd=Path(sys.prefix),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "openrlhf" in said.stdout or "site-packages" in said.stdout or said.returncode
