"""Supervised fine-tuning, and the bootstrap of a policy on a stream of demonstrations."""

from __future__ import annotations

import copy
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import killed_bootstrap
from small_models import small_model
from small_policies import SETTINGS, byte_policy, tiny_policy

from toolgym import make_domain
from toolgym.errors import DataError
from toolgym_trainers.bootstrap import BootstrapSettings, bootstrap, stream
from toolgym_trainers.policies.policy import load_policy
from toolgym_trainers.policies.transcript import Encoded, encode
from toolgym_trainers.sft import Optimizers, SFTFigures, SFTSettings, fine_tune, shuffled


def dialogues(count: int, seed: int = 0, longest: int = 30) -> list[Encoded]:
    """Random dialogues of different lengths, about half of whose tokens are to be learned."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        size = int(rng.integers(4, longest))
        mask = (rng.random(size) < 0.5).tolist()
        found.append(Encoded(rng.integers(0, 16, size).tolist(), [*mask[:-1], True]))
    return found


def plain_losses(model: Any, batch: Sequence[Encoded]) -> Any:
    """The negative log-probabilities of all tokens to be learned, one dialogue after the other, without padding."""
    losses = []
    for one in batch:
        logits = model(input_ids=torch.tensor([one.tokens])).logits[0, :-1]
        chosen = torch.log_softmax(logits, -1)[torch.arange(len(one.tokens) - 1), torch.tensor(one.tokens[1:])]
        losses.append(-chosen[torch.tensor(one.mask[1:])])
    return torch.cat(losses)


def settings(**changes: Any) -> SFTSettings:
    """Settings of a few steps at a rate that stays."""
    return SFTSettings(**{"demonstrations": 12, "batch": 4, "learning_rate": 1e-2, "warmup": 0, "hold": 1.0, **changes})


def learn(model: Any, known: Sequence[Encoded], **changes: Any) -> list[SFTFigures]:
    """The figures of learning from dialogues."""
    figures: list[SFTFigures] = []
    fine_tune(model, known, settings(**changes), seen=figures.append)
    return figures


def weights(model: Any) -> Any:
    """All weights in a row."""
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


@pytest.fixture
def one_thread() -> Any:
    """As many threads as in the run that is killed: sums depend on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_loss_and_accuracy_are_those_of_a_plain_reference() -> None:
    batch = dialogues(4)
    model = small_model(3, initializer_range=0.3)
    reference = copy.deepcopy(model)
    [figures] = learn(model, batch, demonstrations=4)
    losses = plain_losses(reference, batch)
    assert figures.loss == pytest.approx(float(losses.mean().detach()), abs=1e-6)
    assert figures.learned == len(losses) == sum(sum(one.mask[1:]) for one in batch)
    assert figures.tokens == sum(len(one.tokens) for one in batch)
    right = 0
    for one in batch:
        best = reference(input_ids=torch.tensor([one.tokens])).logits[0, :-1].argmax(-1)
        right += int((best == torch.tensor(one.tokens[1:]))[torch.tensor(one.mask[1:])].sum())
    assert figures.accuracy == pytest.approx(right / len(losses))


def test_steps_change_the_weights_as_a_plain_reference_does() -> None:
    batch = dialogues(12)
    model = small_model(3, initializer_range=0.3).double()
    reference = copy.deepcopy(model)
    figures = learn(model, batch)
    optimizer = torch.optim.AdamW(reference.parameters(), lr=1e-2, betas=(0.9, 0.98), weight_decay=0.0)
    for step, one in enumerate(figures):
        loss = plain_losses(reference, batch[4 * step : 4 * step + 4]).mean()
        assert one.loss == pytest.approx(float(loss.detach()), abs=1e-6)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(reference.parameters(), 1.0)
        optimizer.step()
    assert len(figures) == 3
    assert float((weights(model) - weights(reference)).abs().max()) < 1e-5


def test_padding_changes_nothing() -> None:
    short, long = dialogues(1, 5, 6)[0], dialogues(1, 6, 60)[0]
    near = Encoded(long.tokens[:-2], [*long.mask[:-3], True])  # padded up to the long one
    for batch in ([long, near], [short, long, near]):
        together, apart = small_model(3), small_model(3)
        [figures] = learn(together, batch, demonstrations=len(batch), batch=len(batch))
        losses = plain_losses(apart, batch)
        assert figures.loss == pytest.approx(float(losses.mean().detach()), abs=1e-6)
        losses.mean().backward()
        torch.nn.utils.clip_grad_norm_(apart.parameters(), 1.0)
        torch.optim.AdamW(apart.parameters(), lr=1e-2, betas=(0.9, 0.98), weight_decay=0.0).step()
        assert float((weights(together) - weights(apart)).abs().max()) < 1e-4


def test_what_is_not_to_be_learned_is_read_and_not_learned() -> None:
    one = Encoded([3, 4, 5, 6, 7], [False, True, False, False, True])
    other = Encoded([3, 4, 9, 9, 7], one.mask)  # differs where nothing is learned
    model = small_model(3)
    losses = [learn(copy.deepcopy(model), [each], demonstrations=1, batch=1)[0] for each in (one, other)]
    assert losses[0].learned == losses[1].learned == 2
    assert losses[0].loss != losses[1].loss  # what stands before is read
    first = plain_losses(model, [one])
    assert losses[0].loss == pytest.approx(float(first.mean().detach()), abs=1e-6)


def test_slips_are_read_and_not_learned() -> None:
    domain = make_domain("retail")
    policy = byte_policy()
    shown = [one for one in islice(stream(domain, BootstrapSettings(recoveries=1.0), 0), 12) if one.slips]
    assert len(shown) > 3
    for one in shown:
        whole = encode(policy.codec, domain, one.tools, one.view)
        kept = encode(policy.codec, domain, one.tools, one.view, one.slips)
        assert kept.tokens == whole.tokens
        lost = [place for place, (mine, all_) in enumerate(zip(kept.mask, whole.mask, strict=True)) if mine != all_]
        assert all(whole.mask[place] for place in lost)
        texts = shown_texts(policy, domain, one)
        slipped = "".join(texts[place].text for place in sorted(one.slips))
        assert policy.codec.format.decode([kept.tokens[place] for place in lost]) == slipped
        assert any(kept.mask)


def shown_texts(policy: Any, domain: Any, one: Any) -> list[Any]:
    """What the policy is shown of a demonstration, by message."""
    sight = policy.view.open(domain, one.tools)
    begun = False
    found = []
    for message in one.view:
        begun = begun or message.role == "user"
        found.append(sight.show(message) if begun else None)
    return found


def test_the_assistants_tokens_and_their_ends_are_learned_and_nothing_else() -> None:
    domain, policy = make_domain("mock"), byte_policy()
    for one in islice(stream(domain, BootstrapSettings(recoveries=0.0), 0), 5):
        found = encode(policy.codec, domain, one.tools, one.view)
        made = [token for token, mine in zip(found.tokens, found.mask, strict=True) if mine]
        texts = [text for text in shown_texts(policy, domain, one) if text is not None and text.role == "assistant"]
        format_ = policy.codec.format
        assert made == [token for text in texts for token in (*format_.content(text.text), format_.end)]


@pytest.mark.parametrize("optimizer", ["adamw", "muon"])
def test_an_easy_dialogue_is_learned_by_heart(optimizer: Any) -> None:
    if optimizer == "muon" and not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    one = Encoded([3, 4, 5, 6, 7, 8, 9, 1], [False, False, *[True] * 6])
    figures = learn(small_model(), [one] * 60, demonstrations=60, batch=1, optimizer=optimizer)
    assert figures[-1].loss < 0.05 < 1 < figures[0].loss
    assert figures[-1].accuracy == 1


def test_too_few_demonstrations_and_a_loss_that_is_not_finite_are_refused() -> None:
    with pytest.raises(DataError, match="ended at step 1 of 3"):
        learn(small_model(), dialogues(4))
    broken = small_model()
    with torch.no_grad():
        broken.lm_head.weight.fill_(float("nan"))
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        learn(broken, dialogues(4), demonstrations=4)


def test_all_demonstrations_come_before_any_comes_again() -> None:
    known = dialogues(5)
    first = list(islice(shuffled(known, np.random.default_rng(0)), 10))
    for half in (first[:5], first[5:]):
        assert sorted(one.tokens for one in half) == sorted(one.tokens for one in known)


def test_an_optimizer_in_two_parts_goes_on_where_it_was() -> None:
    if not hasattr(torch.optim, "Muon"):
        pytest.skip("this torch has no Muon")
    batch, asked = dialogues(24), settings(demonstrations=24, optimizer="muon")
    straight = small_model(3)
    fine_tune(straight, batch, asked)
    model = small_model(3)
    optimizers = Optimizers(model, asked)
    with pytest.raises(DataError, match="ended at step 3 of 6"):
        fine_tune(model, batch[:12], asked, optimizers=optimizers)
    other = copy.deepcopy(model)
    again = Optimizers(other, asked)
    again.load_state_dict(copy.deepcopy(optimizers.state_dict()))
    fine_tune(other, batch[12:], asked, optimizers=again, start=3)
    assert torch.equal(weights(other), weights(straight))


@pytest.mark.usefixtures("one_thread")
def test_a_bootstrap_that_was_killed_at_any_step_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    straight = killed_bootstrap.run(tmp_path / "straight")
    steps = np.random.default_rng(14).permutation(SETTINGS.sft.steps)[:2].tolist()
    path = os.pathsep.join([str(Path(killed_bootstrap.__file__).parent), *sys.path])
    for step in steps:
        folder = tmp_path / f"killed-{step}"
        done = subprocess.run(
            [sys.executable, killed_bootstrap.__file__, folder, str(step)],
            env={**os.environ, "PYTHONPATH": path},
            check=False,
        )
        assert done.returncode == -signal.SIGKILL
        assert not (folder / "model.safetensors").exists()
        resumed = killed_bootstrap.run(folder)
        assert torch.equal(weights(resumed.model), weights(straight.model)), step
    assert not torch.equal(weights(straight.model), weights(tiny_policy().model))
    loaded = load_policy(tmp_path / "straight")
    assert torch.equal(weights(loaded.model), weights(straight.model))
    assert loaded.view == straight.view


def test_a_bootstrap_of_a_domain_without_a_rendering_learns_and_leaves_long_dialogues_out(tmp_path: Path) -> None:
    domain = make_domain("mock")
    assert domain.rendering.kinds == ()
    losses: list[float] = []
    changed = SETTINGS.sft.model_copy(update={"demonstrations": 120, "batch": 8, "longest": 200})
    asked = SETTINGS.model_copy(update={"sft": changed})
    policy = tiny_policy()
    left_out = bootstrap(domain, policy, asked, tmp_path, seen=lambda figures: losses.append(figures.loss))
    assert left_out > 0
    assert len(losses) == 15
    assert losses[-1] < losses[0] - 1
    assert bootstrap(domain, tiny_policy(), asked, tmp_path, seen=lambda figures: losses.append(0)) == left_out
    assert len(losses) == 15  # there was nothing left to do
    with pytest.raises(DataError, match="of a run with other settings: seed is 0 there and 1 here"):
        bootstrap(domain, tiny_policy(), asked.model_copy(update={"seed": 1}), tmp_path)
