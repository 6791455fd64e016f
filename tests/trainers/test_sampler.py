"""What a policy plays, and what is recorded of it."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from small_models import plain_logprobs
from small_policies import SETTINGS, SMALL, byte_policy, hears, mock_parts, tiny_policy

from toolgym import make_agent, make_domain, make_user
from toolgym.episode.conversation import Conversation
from toolgym.limits import Limits
from toolgym.messages import Message
from toolgym.rollouts import Rollout
from toolgym.views.spelling import SLOT
from toolgym_trainers.bootstrap import stream
from toolgym_trainers.policies.policy import Policy
from toolgym_trainers.policies.sampler import Sampler
from toolgym_trainers.policies.session import Job, Played
from toolgym_trainers.policies.tiny import make_tiny, vocabulary
from toolgym_trainers.policies.transcript import encode
from toolgym_trainers.record import RolloutRecord
from toolgym_trainers.sft import fine_tune

POLICIES = {"slots": tiny_policy, "compact": byte_policy}


def jobs(count: int, trials: int = 2) -> list[Job]:
    """Trials of the first tasks of the mock domain's test split."""
    tasks = make_domain("mock").tasks["test"]
    return [Job(task, trial) for task in tasks[:count] for trial in range(trials)]


def play(policy: Policy, count: int = 4, seed: int = 0, **settings: Any) -> list[Played]:
    """Episodes of random policies, whose messages seldom end by themselves."""
    return Sampler(policy, mock_parts(), **{"rows": 3, "most": 24, **settings}).play(jobs(count), seed=seed)


@cache
def schooled() -> Policy:
    """A policy that has seen a few demonstrations, so that it often writes what can be read."""
    policy = tiny_policy(torch.float64)
    demonstrations = (
        encode(policy.codec, make_domain("mock"), one.tools, one.view, one.slips)
        for one in stream(make_domain("mock"), SETTINGS, 0)
    )
    settings = SETTINGS.sft.model_copy(update={"demonstrations": 320, "batch": 8, "learning_rate": 1e-2})
    fine_tune(policy.model, demonstrations, settings)
    policy.model.eval()
    return policy


@cache
def dialogues(agent: str) -> list[Any]:
    """Episodes of an agent with the scripted user."""
    domain = make_domain("mock")
    players = (make_agent(agent), make_user("scripted"))
    return [Rollout(domain, task, *players).finish() for task in domain.tasks["train"][:8]]


TOOLS = [found.schema for found in dialogues("oracle")[0].tools("assistant")]
"""What the assistant has in the mock domain."""


def of_turns(values: Any, record: RolloutRecord) -> Any:
    """Of values for each token but the first, those of the policy's tokens."""
    return torch.cat([values[turn.start - 1 : turn.end - 1] for turn in record.turns])


@pytest.mark.parametrize("temperature", [1.0, 0.7, 1.6])
@pytest.mark.parametrize("view", POLICIES)
def test_recorded_log_probabilities_are_those_of_a_plain_pass_over_the_record(view: str, temperature: float) -> None:
    policy = POLICIES[view]()
    seen = 0
    for record, _ in play(policy, temperature=temperature):
        for name, heat in (("logprobs", 1.0), ("ratio_logprobs", temperature)):
            noted = torch.tensor([value for turn in record.turns for value in getattr(turn, name)])
            plain = of_turns(plain_logprobs(policy.model, record.tokens, heat), record)
            assert float((noted - plain).abs().max()) < 1e-4
        seen += record.made
        assert record.temperature == temperature
    assert seen > 200


@pytest.mark.parametrize("view", POLICIES)
def test_the_mask_covers_what_the_policy_made_and_nothing_else(view: str) -> None:
    policy = POLICIES[view]()
    format_ = policy.codec.format
    for record, _ in play(policy):
        end = 0
        for turn in record.turns:
            assert record.tokens[turn.start - len(format_.prompt) : turn.start] == format_.prompt
            assert format_.end not in record.tokens[turn.start : turn.end - 1]
            assert turn.end - turn.start <= 24
            made = [token for token in record.tokens[turn.start : turn.end] if token != format_.end]
            assert format_.decode(made) == turn.text
            end = turn.end
        assert end > 0
        # all else is what others said: the transcript of it alone
        others = [token for token, mine in zip(record.tokens, record.mask, strict=True) if not mine]
        assert len(others) + record.made == len(record.tokens)
        assert record.tokens[0] == format_.encode(policy.view.open(make_domain("mock"), []).show(hears("x")[0]))[0]  # type: ignore[arg-type]  # it is shown


@pytest.mark.parametrize("view", POLICIES)
def test_a_message_that_was_cut_off_is_ended_by_others(view: str) -> None:
    policy = POLICIES[view]()
    cut = 0
    for record, _ in play(policy, most=8):
        for turn, following in zip(record.turns, record.turns[1:], strict=False):
            if record.tokens[turn.end - 1] == policy.codec.format.end:
                continue
            cut += 1
            assert turn.end - turn.start == 8
            closing = (policy.codec.format.end, *policy.codec.format.closing)
            assert record.tokens[turn.end : turn.end + len(closing)] == closing
            assert not any(record.mask[turn.end : following.start])
    assert cut > 5


def test_rewards_of_turns_sum_to_those_of_the_episode_and_of_the_trajectory() -> None:
    found = play(schooled(), count=10, temperature=0.7, rows=8)
    for record, trajectory in found:
        assert sum(turn.reward for turn in record.turns) == pytest.approx(record.reward)
        assert dict(record.reward_terms) == dict(trajectory.rewards["assistant"])
        assert record.success == trajectory.success
        assert (record.task_id, record.trial, record.termination) == (
            trajectory.task_id,
            trajectory.trial,
            trajectory.termination,
        )
    assert len({record.reward for record, _ in found}) > 2


def test_what_is_paid_at_a_step_belongs_to_the_turn_that_took_it() -> None:
    parts = mock_parts()
    for record, trajectory in play(schooled(), count=6, temperature=0.7, rows=8):
        talk = Conversation(parts, make_domain("mock").tasks.find(record.task_id), record.trial, record.seed)
        talk.reply()
        before = sum(step.reward() for step in talk.steps())
        paid = []
        said = [message for message in trajectory.messages if message.role == "assistant"][-len(record.turns) :]
        for message in said:
            talk.say(message)
            talk.reply()
            paid.append(sum(step.reward() for step in talk.steps()))
        if record.termination == "context_window_exceeded":
            continue
        paid[0] += before
        assert [turn.reward for turn in record.turns] == pytest.approx(paid)


def test_the_same_seed_gives_the_same_episodes_whatever_the_number_of_rows() -> None:
    policy = schooled()  # in 64 bits: sums do not tip the scales
    found = [play(policy, count=6, rows=rows, temperature=0.8, most=40) for rows in (1, 3, 12, 64)]
    kept = [
        [(record.tokens, record.turns and record.turns[-1].end, record.reward) for record, _ in one] for one in found
    ]
    assert kept[0] == kept[1] == kept[2] == kept[3]
    for one in found[1:]:
        for (record, _), (first, _) in zip(one, found[0], strict=True):
            for mine, theirs in zip(record.turns, first.turns, strict=True):
                assert mine.logprobs == pytest.approx(theirs.logprobs, abs=1e-5)
    assert [record.tokens for record, _ in play(policy, count=6, seed=1, temperature=0.8, most=40)] != [
        tokens for tokens, _, _ in kept[0]
    ]


def test_trials_of_a_task_differ_and_episodes_come_in_the_order_of_the_jobs() -> None:
    ended: list[tuple[str, int]] = []
    asked = jobs(4)
    sampler = Sampler(schooled(), mock_parts(), rows=3, most=24)
    found = sampler.play(asked, done=lambda one: ended.append((one.record.task_id, one.record.trial)))
    assert [(one.record.task_id, one.record.trial) for one in found] == [(job.task.id, job.trial) for job in asked]
    assert sorted(ended) == sorted((job.task.id, job.trial) for job in asked)
    assert found[0].record.tokens != found[1].record.tokens
    assert found[0].record.group == found[1].record.group != found[2].record.group


def test_at_temperature_0_the_likeliest_token_that_stands_for_something_is_taken() -> None:
    policy = tiny_policy()
    [one, other] = (play(policy, temperature=0.0, seed=seed) for seed in (0, 1))
    slots = set(policy.codec.slots.values())
    tokens = 0
    for record, _ in one:
        with torch.no_grad():
            logits = policy.model(input_ids=torch.tensor([record.tokens])).logits[0]
        for turn in record.turns:
            assert turn.sampled_logprobs is None
            for place in range(turn.start, turn.end):
                chosen = record.tokens[place]
                better = (logits[place - 1] > logits[place - 1, chosen] + 1e-5).nonzero()[:, 0].tolist()
                assert set(better) <= slots
                tokens += 1
    assert tokens > 100
    assert one[0].record.tokens[: one[0].record.turns[0].end] == other[0].record.tokens[: other[0].record.turns[0].end]


def test_slots_that_stand_for_nothing_are_never_written() -> None:
    policy = tiny_policy()
    names = {number: alias for alias, number in policy.codec.slots.items()}
    written = 0
    for record, trajectory in play(policy, count=6):
        sight = policy.view.open(make_domain("mock"), TOOLS)
        turns = iter(record.turns)
        left = sum(message.role == "assistant" for message in trajectory.messages)
        left -= trajectory.messages[0].role == "assistant"
        for message in trajectory.messages[trajectory.messages[0].role == "assistant" :]:
            left -= message.role == "assistant"
            if message.role == "assistant" and left < len(record.turns):  # not what a task begins with
                turn = next(turns)
                made = {names[token] for token in record.tokens[turn.start : turn.end] if token in names}
                assert made <= set(sight.aliases)
                assert all(sight.read(f"<{alias}>").content != f"<{alias}>" for alias in made)
                written += len(made)
            sight.show(message)
        assert len(sight.aliases) < len(names)
    assert written > 20
    assert all(SLOT.fullmatch(policy.tokenizer.convert_ids_to_tokens(number)) for number in names)


def test_log_probabilities_are_those_of_the_policy_that_may_write_every_slot() -> None:
    policy = tiny_policy()
    record = play(policy)[0].record
    with torch.no_grad():
        logits = policy.model(input_ids=torch.tensor([record.tokens])).logits[0].float()
    turn = record.turns[0]
    whole = torch.log_softmax(logits[turn.start - 1], -1)
    assert turn.logprobs[0] == pytest.approx(float(whole[record.tokens[turn.start]]), abs=1e-4)
    shut = [number for number in policy.codec.slots.values() if number not in record.tokens[: turn.start]]
    logits[turn.start - 1, shut] = -torch.inf
    masked = torch.log_softmax(logits[turn.start - 1], -1)
    assert abs(turn.logprobs[0] - float(masked[record.tokens[turn.start]])) > 0.1


def test_a_dialogue_that_outgrows_the_context_is_given_up_and_recorded_as_truncated() -> None:
    policy = tiny_policy()
    found = play(policy, context=160, rows=4)
    outgrown = [record for record, _ in found if record.termination == "context_window_exceeded"]
    assert outgrown
    for record in outgrown:
        assert (record.status, record.success, record.fault) == ("truncated", False, None)
        assert record.turns[-1].end <= 160
        assert len(record.tokens) + 24 > 160


def test_a_context_that_does_not_hold_the_first_words_ends_every_episode_before_the_policy_speaks() -> None:
    tasks = make_domain("mock").tasks["test"]
    many = [Job(tasks[0], trial) for trial in range(1200)]  # more than Python's stack is deep
    found = Sampler(tiny_policy(), mock_parts(), rows=1, most=24, context=28).play(many)
    assert {(record.status, record.turns) for record, _ in found} == {("truncated", ())}
    assert len(found) == 1200


def test_limits_of_the_episode_cut_it_off_too() -> None:
    sampler = Sampler(tiny_policy(), mock_parts(Limits(max_steps=7)), rows=4, most=8)
    ends = {(record.termination, record.status) for record, _ in sampler.play(jobs(3))}
    assert ("max_steps", "truncated") in ends


def test_no_jobs_give_no_episodes() -> None:
    assert Sampler(tiny_policy(), mock_parts()).play([]) == []


@pytest.mark.parametrize(
    "settings",
    [
        {"rows": 0},
        {"most": 0},
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"context": 9999},
        {"context": 160},
    ],
)
def test_numbers_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="rows and most must be at least 1"):
        Sampler(tiny_policy(), mock_parts(), **settings)


def test_costs_are_counted() -> None:
    sampler = Sampler(tiny_policy(), mock_parts(), rows=4, most=12)
    found = sampler.play(jobs(4))
    costs = sampler.costs
    assert costs.made == sum(one.record.made for one in found)
    # what stands behind the last message of an episode is never read
    assert costs.read <= sum(len(one.record.tokens) - one.record.made for one in found)
    assert costs.passes >= costs.made / 4
    assert min(costs.forward, costs.choosing, sampler.seconds) > 0


@pytest.mark.parametrize("view", POLICIES)
@pytest.mark.parametrize("agent", ["oracle", "novice"])
def test_a_dialogue_that_grows_has_the_tokens_of_the_same_dialogue_written_at_once(view: str, agent: str) -> None:
    domain = make_domain("mock")
    seen = [played.view("assistant") for played in dialogues(agent)]
    words = vocabulary(domain, (message.content or "" for one in seen for message in one[1:]), least=1)
    policy = make_tiny(domain, words, SMALL) if view == "slots" else byte_policy()
    for messages in seen:
        whole = encode(policy.codec, domain, TOOLS, messages)
        grown, waiting = policy.codec.transcript(domain, TOOLS), []
        sight = policy.view.open(domain, TOOLS)  # shows what the other one shows
        for message in messages[1 if messages[1].role == "user" else 2 :]:
            shown = sight.show(message)
            assert shown is not None
            if message.role != "assistant":
                waiting.append(message)
                continue
            grown.observe(waiting)
            waiting = []
            read = grown.add([*policy.codec.format.content(shown.text), policy.codec.format.end])
            assert [call.name for call in read.tool_calls] == [call.name for call in message.tool_calls]
            assert "".join((read.content or "").split()) == "".join((message.content or "").split())
        mask = [False] * len(grown.tokens)
        for start, end in grown.made:
            mask[start:end] = [True] * (end - start)
        assert grown.tokens == whole.tokens[: len(mask)]
        assert mask == whole.mask[: len(mask)]
        assert not any(whole.mask[len(mask) :])


def test_what_is_sampled_has_the_tokens_of_its_dialogue_where_it_is_written_as_a_view_writes_it() -> None:
    policy, domain = schooled(), make_domain("mock")
    compared = 0
    for record, trajectory in play(policy, count=20, rows=16, most=60, temperature=0.3):
        system = Message("system", "")
        whole = encode(policy.codec, domain, TOOLS, [system, *trajectory.messages])
        mine, theirs = record.tokens, tuple(whole.tokens)
        turns = [turn for turn in record.turns if mine[: turn.end] == theirs[: turn.end]]
        for turn in turns:
            begun = record.turns[0].start  # what a task begins with is nobody's
            assert record.mask[begun : turn.end] == tuple(whole.mask[begun : turn.end])
        compared += len(turns)
    assert compared > 20


@pytest.mark.parametrize("view", POLICIES)
def test_a_task_that_begins_in_the_middle_of_a_dialogue_shows_the_policy_what_was_said_for_it(view: str) -> None:
    policy, domain = POLICIES[view](), make_domain("mock")
    [task] = [task for task in domain.tasks["test"][:6] if task.initial_state and task.initial_state.message_history]
    [(record, trajectory)] = Sampler(policy, mock_parts(), most=24).play([Job(task)])
    before = len([message for message in trajectory.messages if message.role == "assistant"]) - len(record.turns)
    assert before > 0
    whole = encode(policy.codec, domain, TOOLS, [Message("system", ""), *trajectory.messages])
    start = record.turns[0].start
    assert record.tokens[:start] == tuple(whole.tokens[:start])
    assert not any(record.mask[:start])
