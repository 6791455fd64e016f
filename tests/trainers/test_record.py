"""One finished episode, token in, token out."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from rollout_records import RECORD, TURN, records, void

from toolgym.errors import DataError
from toolgym_trainers.record import RolloutRecord, read_records, write_records


@given(records())
def test_a_record_comes_back_from_its_line_as_it_was(record: RolloutRecord) -> None:
    line = record.to_json()
    assert line.isascii()
    assert "\n" not in line
    assert RolloutRecord.from_json(line) == record


@given(records())
def test_the_mask_covers_the_turns_and_nothing_else(record: RolloutRecord) -> None:
    inside = {place for turn in record.turns for place in range(turn.start, turn.end)}
    assert record.mask == tuple(place in inside for place in range(len(record.tokens)))
    assert record.made == len(inside) == sum(record.mask)


def test_the_ratio_is_of_log_probabilities_at_the_temperature_of_sampling() -> None:
    assert TURN.ratio_logprobs == TURN.logprobs
    assert replace(TURN, sampled_logprobs=(-0.1, -0.2)).ratio_logprobs == (-0.1, -0.2)


def test_a_file_of_records_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "rollouts.jsonl"
    write_records(path, [RECORD, void()])
    assert read_records(path) == [RECORD, void()]
    with pytest.raises(FileExistsError):
        write_records(path, [])


Change = Callable[[dict[str, Any]], Any]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.update(tokens=[5, 6, 7, 8, "9"]), r"tokens\.4: .*got '9'"),
        (lambda data: data.update(tokens=[5, 6, 7, 8, 9.5]), r"tokens\.4: "),
        (lambda data: data.update(tokens=[5, 6, 7, 8, -1]), "tokens must be at least 0, got -1"),
        (lambda data: data.update(colour="red"), "colour: .*got 'red'"),
        (lambda data: data["turns"][0].update(colour="red"), r"turns\.0\.colour: "),
        (lambda data: data.pop("seed"), "seed: Field required"),
        (lambda data: data.update(seed=True), "seed: "),
        (lambda data: data.update(seed=-1), "seed must be finite and at least 0, got -1"),
        (lambda data: data.update(success="yes"), "success: "),
        (lambda data: data.update(status="lost"), "status: .*'lost'"),
        (lambda data: data.update(termination="bored"), "termination: .*'bored'"),
        (lambda data: data.update(fault="it broke"), "fault must be set if and only if status is 'void'"),
        (lambda data: data.update(status="void", fault="it broke"), "success must be None in a void episode"),
        (lambda data: data.update(reward=0.5), "reward_terms sum to 1.0, but reward is 0.5"),
        (lambda data: data["turns"][0].update(reward=0.5), "turns sum to 0.5, but reward is 1.0"),
        (lambda data: data["turns"][0].update(logprobs=[-1.0]), r"turns\.0: logprobs has 1 values for the 2 tokens"),
        (lambda data: data["turns"][0].update(end=9, logprobs=[-1.0] * 7), "one from 2 to 9 comes after 0"),
        (lambda data: data["turns"][0].update(start=0, logprobs=[-1.0] * 4), r"turns\.0: start and end must be"),
        (lambda data: data.update(turns=data["turns"] * 2), "one from 2 to 4 comes after 4"),
        (lambda data: data.update(temperature=0.5), "sampled_logprobs must be set"),
        (lambda data: data["turns"][0].update(sampled_logprobs=[-1.0, -1.0]), "sampled_logprobs must be set"),
        (lambda data: data.update(format=2), "no record of a rollout of format 1"),
    ],
)
def test_a_line_that_is_wrong_is_refused_with_its_field(change: Change, said: str, tmp_path: Path) -> None:
    data = json.loads(RECORD.to_json())
    change(data)
    path = tmp_path / "rollouts.jsonl"
    path.write_text(f"{RECORD.to_json()}\n{json.dumps(data)}\n", encoding="ascii")
    with pytest.raises(DataError, match=rf"line 2: .*{said}"):
        read_records(path)


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999"])
@pytest.mark.parametrize("field", ['"reward": 1.0', '"temperature": 1.0', "-1.5"])
def test_a_number_that_is_none_is_refused(field: str, text: str) -> None:
    line = RECORD.to_json()
    assert field in line
    with pytest.raises(DataError, match="this is no JSON"):
        RolloutRecord.from_json(line.replace(field, f"{field.rpartition(' ')[0]} {text}"))


def test_a_record_holds_no_number_that_its_line_could_not() -> None:
    with pytest.raises(DataError, match="logprobs holds nan"):
        replace(TURN, logprobs=(-1.0, float("nan")))
    with pytest.raises(DataError, match="logprobs holds -inf"):
        replace(TURN, logprobs=(-1.0, float("-inf")))
    with pytest.raises(DataError, match="reward must be finite"):
        replace(TURN, reward=float("inf"))
    with pytest.raises(DataError, match=r"sum to 1\.0, but reward is nan"):
        replace(RECORD, reward=float("nan"))
    with pytest.raises(DataError, match="temperature must be finite"):
        replace(RECORD, turns=(replace(TURN, sampled_logprobs=(-1.0, -1.0)),), temperature=float("inf"))


def test_what_needs_no_torch_imports_none() -> None:
    modules = "toolgym_trainers, toolgym_trainers.record, toolgym_trainers.rollout_figures"
    found = "[name for name in ('torch', 'transformers') if name in sys.modules]"
    subprocess.run([sys.executable, "-c", f"import sys, {modules}; assert not {found}"], check=True)
