"""The state of a training run on disk."""

from __future__ import annotations

import copy
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")

import killed_run
from killed_run import SETTINGS, run
from small_models import dialogues, small_model
from transformers import AutoModelForCausalLM

from toolgym.errors import DataError
from toolgym_trainers.checkpoint import latest_checkpoint, load_checkpoint, save_checkpoint
from toolgym_trainers.grpo import make_optimizer, update


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


def saved(root: Path, step: int = 0, model: Any = None, **changes: Any) -> Path:
    """A checkpoint of a model that has learned nothing yet."""
    model = model or small_model()
    given = {"optimizer": make_optimizer(model, SETTINGS), "generators": {}, "settings": SETTINGS}
    return save_checkpoint(root, model=model, step=step, **{**given, **changes})


def loaded(folder: Path, model: Any = None, **changes: Any) -> Any:
    """What a checkpoint says, loaded into a model of another seed."""
    model = model or small_model(1)
    given = {"optimizer": make_optimizer(model, SETTINGS), "generators": {}, "settings": SETTINGS}
    return load_checkpoint(folder, model=model, **{**given, **changes})


@pytest.mark.usefixtures("one_thread")
def test_a_run_that_was_killed_while_it_wrote_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    straight = run(tmp_path / "straight", 5)
    root = tmp_path / "killed"
    path = os.pathsep.join([str(Path(killed_run.__file__).parent), *sys.path])
    done = subprocess.run(
        [sys.executable, killed_run.__file__, root, "5", "3"], env={**os.environ, "PYTHONPATH": path}, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert (root / ".new-step-00000003" / "model").exists()
    latest = latest_checkpoint(root)
    assert latest is not None
    assert latest.name == "step-00000002"
    resumed = run(root, 5)
    assert torch.equal(weights(resumed), weights(straight))
    assert not torch.equal(weights(resumed), weights(small_model()))
    assert sorted(place.name for place in root.iterdir()) == ["step-00000004", "step-00000005"]


def test_the_optimizer_and_the_generators_go_on_where_they_were(tmp_path: Path) -> None:
    model = small_model()
    optimizer = make_optimizer(model, SETTINGS)
    generators = {
        "pcg": np.random.default_rng(3),
        "philox": np.random.Generator(np.random.Philox(3)),
        "torch": torch.Generator().manual_seed(3),
    }
    reference = copy.deepcopy(model)
    update(model, reference, optimizer, dialogues(model), SETTINGS, 0, generators["pcg"])
    folder = saved(tmp_path, 1, model, optimizer=optimizer, generators=generators, extra={"round": 2})
    other = small_model(1)
    others = {
        "pcg": np.random.default_rng(4),
        "philox": np.random.Generator(np.random.Philox(4)),
        "torch": torch.Generator(),
    }
    other_optimizer = make_optimizer(other, SETTINGS)
    restored = loaded(folder, other, optimizer=other_optimizer, generators=others)
    assert (restored.step, restored.extra) == (1, {"round": 2})
    for name in ("pcg", "philox"):
        assert others[name].random() == generators[name].random()
    assert torch.equal(torch.rand(3, generator=others["torch"]), torch.rand(3, generator=generators["torch"]))
    records = dialogues(model)
    for one, its in ((model, optimizer), (other, other_optimizer)):
        update(one, reference, its, records, SETTINGS, 1, np.random.default_rng(0))
    assert torch.equal(weights(model), weights(other))


def test_the_folder_of_the_model_is_an_ordinary_one(tmp_path: Path) -> None:
    model = small_model(3)
    folder = saved(tmp_path, model=model)
    assert (folder / "model" / "model.safetensors").exists()
    found = AutoModelForCausalLM.from_pretrained(folder / "model")
    tokens = torch.arange(8)[None]
    with torch.no_grad():
        assert torch.equal(found(input_ids=tokens).logits, model(input_ids=tokens).logits)


@pytest.mark.parametrize("changes", [{"tie_word_embeddings": True}, {"dtype": torch.bfloat16}])
def test_models_with_tied_or_short_weights_come_back_as_they_were(tmp_path: Path, changes: dict[str, Any]) -> None:
    dtype = changes.pop("dtype", torch.float32)
    model, other = (small_model(seed, **changes).to(dtype) for seed in (0, 1))
    loaded(saved(tmp_path, model=model), other)
    assert weights(other).dtype == dtype
    assert torch.equal(weights(model), weights(other))


@pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")  # peft 0.21 asks for it
def test_of_an_adapter_only_the_adapter_is_kept(tmp_path: Path) -> None:
    peft = pytest.importorskip("peft")
    config = peft.LoraConfig(r=4, target_modules=["q_proj"], init_lora_weights=False)
    model, other = (peft.get_peft_model(small_model(), copy.deepcopy(config)) for _ in range(2))
    assert not torch.equal(weights(model), weights(other))
    folder = saved(tmp_path, model=model)
    assert not (folder / "model" / "model.safetensors").exists()
    loaded(folder, other)
    assert torch.equal(weights(model), weights(other))


def test_other_settings_are_refused_by_name_and_nothing_is_replaced(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    model = small_model(1)
    before = weights(model).clone()
    other = SETTINGS.model_copy(update={"kl": 0.5, "loss": "sequence"})
    with pytest.raises(DataError, match=r"loss is 'token' there and 'sequence' here; kl is 0\.02 there and 0\.5 here"):
        loaded(folder, model, settings=other)
    assert torch.equal(weights(model), before)


def test_another_model_is_refused_by_the_weight_that_differs(tmp_path: Path) -> None:
    folder = saved(tmp_path)
    with pytest.raises(DataError, match=r"the shape of lm_head\.weight is \(16, 32\) there, and \(8, 32\) here"):
        loaded(folder, small_model(vocab_size=8))


def test_other_generators_are_refused_by_name(tmp_path: Path) -> None:
    folder = saved(tmp_path, generators={"shuffle": np.random.default_rng(0)})
    with pytest.raises(DataError, match=r"'shuffle' is numpy PCG64 in .*, and missing in this run"):
        loaded(folder)
    with pytest.raises(DataError, match=r"'shuffle' is numpy PCG64 in .*, and torch cpu in this run"):
        loaded(folder, generators={"shuffle": torch.Generator()})


def test_another_optimizer_is_refused(tmp_path: Path) -> None:
    model = small_model()
    with pytest.raises(DataError, match=r"this one of \[1\]"):
        loaded(saved(tmp_path), model, optimizer=torch.optim.AdamW([model.model.norm.weight]))


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"state\.json"):
        loaded(tmp_path)
    (tmp_path / "state.json").write_text(json.dumps({"format": 2}))
    with pytest.raises(DataError, match="is no state of a training run of format 1"):
        loaded(tmp_path)


def test_a_checkpoint_is_never_written_over(tmp_path: Path) -> None:
    saved(tmp_path, 3)
    with pytest.raises(DataError, match=r"there is a checkpoint .*step-00000003.* already"):
        saved(tmp_path, 3)


def test_what_is_no_json_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be written as JSON: set is not JSON-able; see its extra"):
        saved(tmp_path / "run", extra={"seen": {1}})
    assert not (tmp_path / "run").exists()


def test_the_last_few_are_kept_and_the_latest_is_found(tmp_path: Path) -> None:
    assert latest_checkpoint(tmp_path / "nothing") is None
    for step in (1, 2, 10):
        saved(tmp_path, step, keep=2)
    assert sorted(place.name for place in tmp_path.iterdir()) == ["step-00000002", "step-00000010"]
    assert latest_checkpoint(tmp_path) == tmp_path / "step-00000010"


@pytest.mark.parametrize(("step", "keep"), [(-1, 1), (0, 0)])
def test_steps_and_numbers_out_of_range_are_refused(tmp_path: Path, step: int, keep: int) -> None:
    with pytest.raises(ValueError, match=f"got {step} and {keep}"):
        saved(tmp_path, step, keep=keep)
