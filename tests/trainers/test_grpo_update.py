"""One step of GRPO on a small random model: the loss, its gradient, what is learned and what is not."""

from __future__ import annotations

import copy
from dataclasses import replace
from math import exp, log
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

from small_models import VOCABULARY, chance, dialogues, near, play_bandit, recorded, small_model

from toolgym.errors import DataError
from toolgym_trainers.grpo import (
    GRPOSettings,
    advantages_of,
    logprobs_of,
    make_optimizer,
    score,
    update,
)
from toolgym_trainers.record import RolloutRecord

ONE_UPDATE = GRPOSettings(minibatches=1, max_gradient_norm=1e9, learning_rate=1e-3)


def one_update(model: Any, reference: Any, records: list[RolloutRecord], settings: GRPOSettings, step: int = 0) -> Any:
    """The figures of a step with an optimizer of its own."""
    return update(model, reference, make_optimizer(model, settings), records, settings, step, np.random.default_rng(0))


def plain_loss(model: Any, reference: Any, records: list[RolloutRecord], settings: GRPOSettings) -> dict[str, float]:
    """The loss and its parts, token by token in Python: one dialogue at a time, all logits, no padding, no tensors."""
    learned = advantages_of(records, settings)
    tokens_in_all = sum(record.made for record, _ in learned)
    sums = dict.fromkeys(("policy_loss", "kl", "entropy", "clip_share"), 0.0)
    for record, advantages in learned:
        with torch.no_grad():
            mine, theirs = (
                one(input_ids=torch.tensor([record.tokens])).logits[0].tolist() for one in (model, reference)
            )
        made = 0
        for turn in record.turns:
            for place, old in zip(range(turn.start, turn.end), turn.ratio_logprobs, strict=True):
                new, ref = (_log_softmax(one[place - 1], record.temperature) for one in (mine, theirs))
                advantage = float(advantages[made])
                ratio = exp(new[record.tokens[place]] - old)
                bounded = min(max(ratio, 1 - settings.clip_low), 1 + settings.clip_high)
                gap = ref[record.tokens[place]] - new[record.tokens[place]]
                weight = 1 / tokens_in_all if settings.loss == "token" else 1 / (len(learned) * record.made)
                clipped = ratio > 1 + settings.clip_high if advantage > 0 else ratio < 1 - settings.clip_low
                sums["policy_loss"] -= weight * min(ratio * advantage, bounded * advantage)
                sums["kl"] += weight * (exp(gap) - gap - 1)
                sums["entropy"] -= weight * sum(exp(one) * one for one in new)
                sums["clip_share"] += weight * clipped
                made += 1
    loss = sums["policy_loss"] + settings.kl * sums["kl"] - settings.entropy * sums["entropy"]
    return {**sums, "loss": loss}


def _log_softmax(logits: list[float], temperature: float) -> list[float]:
    total = log(sum(exp(one / temperature) for one in logits))
    return [one / temperature - total for one in logits]


@pytest.mark.parametrize("loss", ["token", "sequence"])
@pytest.mark.parametrize("credit", ["episode", "turn"])
@pytest.mark.parametrize("temperature", [1.0, 0.7])
@pytest.mark.parametrize("tokens_per_batch", [10_000, 40])
def test_the_loss_is_that_of_a_plain_loop(loss: Any, credit: Any, temperature: float, tokens_per_batch: int) -> None:
    model = small_model(initializer_range=0.2)
    played, reference = near(model, seed=1), near(model, seed=2)
    settings = ONE_UPDATE.model_copy(
        update={"loss": loss, "credit": credit, "kl": 0.3, "entropy": 0.2, "tokens_per_batch": tokens_per_batch}
    )
    records = dialogues(played, temperature=temperature)
    expected = plain_loss(model, reference, records, settings)
    figures = one_update(model, reference, records, settings)
    assert {name: getattr(figures, name) for name in expected} == pytest.approx(expected, abs=1e-6)
    assert 0 < expected["clip_share"] < 1
    assert expected["kl"] > 0.01


def test_recorded_log_probabilities_are_those_computed_again() -> None:
    model = small_model(initializer_range=0.3)
    records = [*dialogues(model), *dialogues(model, temperature=0.5)]
    found = logprobs_of(model, records, tokens_per_batch=60)
    for record, logprobs in zip(records, found, strict=True):
        expected = [one for turn in record.turns for one in turn.ratio_logprobs]
        assert logprobs.tolist() == pytest.approx(expected, abs=1e-4)


def test_logits_of_the_policys_tokens_alone_are_those_of_a_whole_pass() -> None:
    model = small_model()
    records = dialogues(model)
    with_head = score(model, records)
    model.get_output_embeddings = lambda: None  # as a model that names no head
    assert torch.equal(score(model, records).log_distribution, with_head.log_distribution)
    assert with_head.log_distribution.shape == (sum(record.made for record in records), VOCABULARY)


def test_at_first_the_ratio_is_one_and_the_divergence_is_zero() -> None:
    model = small_model(initializer_range=0.3)
    records = dialogues(model)
    figures = one_update(model, copy.deepcopy(model), records, ONE_UPDATE)
    assert figures.kl == pytest.approx(0, abs=1e-9)
    assert figures.clip_share == 0
    assert figures.logprob_gap < 1e-4
    expected = torch.cat([advantages for _, advantages in advantages_of(records, ONE_UPDATE)]).mean()
    assert figures.policy_loss == pytest.approx(-float(expected), abs=1e-5)


def test_after_an_update_the_policy_has_left_its_reference() -> None:
    model = small_model(initializer_range=0.3)
    settings = ONE_UPDATE.model_copy(update={"minibatches": 3, "epochs": 2})
    figures = one_update(model, copy.deepcopy(model), dialogues(model), settings)
    assert figures.updates == 6
    assert figures.kl > 1e-6
    assert figures.logprob_gap < 1e-4  # measured before anything changed


def test_records_of_another_policy_show_in_the_gap() -> None:
    figures = one_update(small_model(0), None, dialogues(small_model(1)), ONE_UPDATE.model_copy(update={"kl": 0.0}))
    assert figures.logprob_gap > 1e-2
    assert figures.kl is None


@pytest.mark.parametrize("loss", ["token", "sequence"])
def test_a_gradient_accumulated_over_parts_is_that_of_the_whole(loss: Any) -> None:
    gradients = []
    for tokens_per_batch in (10_000, 30, 1):
        model = small_model(initializer_range=0.3)
        settings = ONE_UPDATE.model_copy(update={"tokens_per_batch": tokens_per_batch, "loss": loss, "entropy": 0.1})
        one_update(model, small_model(1), dialogues(model), settings)
        gradients.append([weight.grad for weight in model.parameters()])
    for other in gradients[1:]:
        for mine, theirs in zip(gradients[0], other, strict=True):
            assert torch.allclose(mine, theirs, atol=1e-6)
    assert max(float(one.abs().max()) for one in gradients[0]) > 1e-3


def test_padding_and_what_others_said_have_no_part_in_the_loss() -> None:
    model = small_model()
    records = dialogues(model)
    longer = [replace(record, tokens=(*record.tokens, 5, 6, 7)) for record in records]  # said behind the last turn
    short, long = (one_update(copy.deepcopy(model), model, given, ONE_UPDATE) for given in (records, longer))
    assert long.loss == pytest.approx(short.loss, abs=1e-6)
    assert long.gradient_norm == pytest.approx(short.gradient_norm, rel=1e-4)


def test_the_gradient_is_clipped_to_its_largest_norm() -> None:
    model = small_model(initializer_range=0.3)
    figures = one_update(
        model, copy.deepcopy(model), dialogues(model), ONE_UPDATE.model_copy(update={"max_gradient_norm": 0.01})
    )
    norm = torch.linalg.vector_norm(torch.stack([weight.grad.norm() for weight in model.parameters()]))
    assert figures.gradient_norm > 0.01
    assert float(norm) == pytest.approx(0.01, rel=1e-3)


def test_the_learning_rate_of_the_optimizer_is_that_of_the_step() -> None:
    model = small_model()
    settings = ONE_UPDATE.model_copy(update={"warmup_steps": 4})
    optimizer = make_optimizer(model, settings)
    for step in (2, 0, 9):
        figures = update(
            model, copy.deepcopy(model), optimizer, dialogues(model), settings, step, np.random.default_rng(0)
        )
        expected = min(1, (step + 1) / 4) * 1e-3
        assert figures.learning_rate == optimizer.param_groups[0]["lr"] == pytest.approx(expected)


def test_without_a_live_group_nothing_changes() -> None:
    model = small_model()
    before = copy.deepcopy(model.state_dict())
    records = [recorded(model, [3, 4, 5], [(2, 3, 1.0)], trial=trial) for trial in range(4)]
    figures = one_update(model, None, records, ONE_UPDATE.model_copy(update={"kl": 0.0}))
    assert (figures.groups, figures.live_groups, figures.updates, figures.loss) == (1, 0, 0, None)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())


def test_the_figures_count_what_was_learned_from() -> None:
    model = small_model()
    alike = [recorded(model, [3, 4, 5], [(2, 3, 1.0)], group="alike", trial=trial) for trial in range(4)]
    live = dialogues(model, groups=2)
    figures = one_update(model, copy.deepcopy(model), [*alike, *live], ONE_UPDATE)
    assert (figures.groups, figures.live_groups, figures.episodes) == (3, 2, 8)
    assert figures.tokens == sum(record.made for record in live)


def test_the_same_seed_changes_the_weights_alike_and_another_does_not() -> None:
    found = []
    for seed in (0, 0, 1):
        model = small_model(initializer_range=0.3)
        settings = ONE_UPDATE.model_copy(update={"minibatches": 3})
        generator = np.random.default_rng(seed)
        update(model, copy.deepcopy(model), make_optimizer(model, settings), dialogues(model), settings, 0, generator)
        found.append(torch.cat([weight.detach().flatten() for weight in model.parameters()]))
    assert torch.equal(found[0], found[1])
    assert not torch.equal(found[0], found[2])


def test_dropout_is_off_while_learning_and_the_mode_comes_back() -> None:
    for training in (True, False):
        model = small_model(attention_dropout=0.5, initializer_range=0.3)
        records, reference = dialogues(model), copy.deepcopy(model)
        figures = one_update(model.train(training), reference.train(training), records, ONE_UPDATE)
        assert figures.logprob_gap < 1e-4
        assert figures.kl == pytest.approx(0, abs=1e-9)
        assert model.training == reference.training == training


def test_bfloat16_is_near_float32() -> None:
    found = []
    for bf16 in (False, True):
        model = small_model()
        found.append(
            one_update(model, copy.deepcopy(model), dialogues(model), ONE_UPDATE.model_copy(update={"bf16": bf16}))
        )
        assert next(model.parameters()).dtype == torch.float32
    assert found[1].loss == pytest.approx(found[0].loss, abs=0.02)
    assert 1e-6 < found[1].logprob_gap < 0.05


def test_an_episode_at_temperature_zero_is_refused() -> None:
    model = small_model()
    with pytest.raises(DataError, match="trial 0 of 'create_1' was played at temperature 0"):
        one_update(model, copy.deepcopy(model), dialogues(model, temperature=0.0), ONE_UPDATE)


def test_a_divergence_needs_a_reference() -> None:
    model = small_model()
    with pytest.raises(DataError, match=r"kl is 0\.01, but there is no reference"):
        one_update(model, None, dialogues(model), ONE_UPDATE)
    with pytest.raises(DataError, match="the model itself, which has no adapter"):
        one_update(model, model, dialogues(model), ONE_UPDATE)


def test_a_gradient_that_is_not_finite_stops_the_run_and_changes_nothing() -> None:
    model = small_model()
    records = dialogues(model)
    with torch.no_grad():
        model.model.norm.weight[0] = float("nan")
    before = copy.deepcopy(model.state_dict())
    with pytest.raises(FloatingPointError, match="the gradient of step 7 has the norm nan"):
        one_update(model, copy.deepcopy(model), records, ONE_UPDATE, step=7)
    assert all(torch.equal(before[name].nan_to_num(), value.nan_to_num()) for name, value in model.state_dict().items())


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # peft 0.21 asks for it
def test_an_adapter_is_trained_and_switched_off_for_the_reference() -> None:
    peft = pytest.importorskip("peft")
    base = small_model(initializer_range=0.3)
    config = peft.LoraConfig(r=4, target_modules=["q_proj", "v_proj"], init_lora_weights=False, lora_dropout=0.5)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = peft.get_peft_model(copy.deepcopy(base), config).eval()
    records = dialogues(model)
    before = {name: weight.detach().clone() for name, weight in model.named_parameters()}
    figures = one_update(model, model, records, ONE_UPDATE)
    for name, weight in model.named_parameters():
        assert ("lora" in name) == (not torch.equal(before[name], weight))
    assert figures.logprob_gap < 1e-4
    assert figures.kl > 1e-4
    again = peft.get_peft_model(copy.deepcopy(base), config).eval()
    again.load_state_dict({**again.state_dict(), **before}, strict=True)
    assert one_update(again, base, records, ONE_UPDATE).kl == pytest.approx(figures.kl, abs=1e-6)


LEARNING = GRPOSettings(minibatches=1, kl=0.02, learning_rate=3e-3)


def train_on_a_bandit(reward: Any, seed: int) -> list[float]:
    """How likely each move is after 30 steps."""
    model = small_model(seed)
    reference = copy.deepcopy(model)
    optimizer = make_optimizer(model, LEARNING)
    generator, moves = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
    for step in range(30):
        update(model, reference, optimizer, play_bandit(model, reward, moves), LEARNING, step, generator)
    return [chance(model, move) for move in range(VOCABULARY)]


@pytest.mark.parametrize("seed", [0, 1])
def test_an_easy_game_is_learned(seed: int) -> None:
    assert chance(small_model(seed), 7) < 0.15
    assert train_on_a_bandit(lambda move: float(move == 7), seed)[7] > 0.8


@pytest.mark.parametrize("seed", [0, 1])
def test_a_game_that_pays_at_random_is_not_learned(seed: int) -> None:
    coin = np.random.default_rng(seed)
    assert max(train_on_a_bandit(lambda move: float(coin.random() < 0.5), seed)) < 0.5
