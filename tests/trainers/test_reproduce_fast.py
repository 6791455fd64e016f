"""A whole reproduction in small: trained, broken off, gone on with, measured, and recomputed from what was played."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from toolgym.errors import DataError

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch

from toolgym_trainers.reproduce.outcomes import outcomes_of
from toolgym_trainers.reproduce.pages import PARTS, filled, page_of
from toolgym_trainers.reproduce.plots import draw
from toolgym_trainers.reproduce.reproduction import Reproduction
from toolgym_trainers.reproduce.settings import ReproductionSettings, read_settings
from toolgym_trainers.reproduce.table import read_table, write_table
from toolgym_trainers.reproduce.units import Told
from toolgym_trainers.reproduce.workers import do_all

pytestmark = pytest.mark.skipif(not os.environ.get("CI"), reason="takes minutes: set CI to run it")
ARMS = ("sft", "targeted", "sentinel")


class BrokenOffError(Exception):
    """What stands for an interrupt."""


def small() -> ReproductionSettings:
    """The smoke version, with a policy of almost no size, three arms and one temperature."""
    found = read_settings("retail-tiny").fast().model_dump(mode="json")
    found["arms"] = {name: found["arms"][name] for name in ARMS}
    found["claims"] = [
        {**claim, "temperature": 1.0}
        for claim in found["claims"]
        if {claim["first"], claim["second"]} <= set(ARMS) and claim["temperature"] == 1.0
    ]
    found["evaluation"]["played"] = [one for one in found["evaluation"]["played"] if one["temperature"] == 1.0]
    found["sft"]["size"] = {"width": 32, "layers": 1, "heads": 2, "key_heads": 1, "inner": 32, "induction": False}
    return ReproductionSettings.model_validate(found)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Reproduction, dict[str, Any], list[str]]:
    """A reproduction that was broken off once, its table, and what it told of."""
    folder = tmp_path_factory.mktemp("reproduction") / "out"
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    told: list[str] = []

    def tell(one: Told) -> None:
        if one.done is None:
            told.append(f"{one.unit.name}: {one.part}")
        if told.count("targeted seed 0: round-1-refresh") == 1 and "broken off" not in told:
            told.append("broken off")
            raise BrokenOffError

    try:
        reproduction = Reproduction(small(), folder)
        reproduction.make_sets()
        with pytest.raises(BrokenOffError):
            do_all(reproduction, reproduction.units(), tell)
        again = Reproduction(small(), folder)
        do_all(again, again.units(), tell)
        return again, write_table(again), told
    finally:
        torch.set_num_threads(threads)


def test_what_was_done_before_it_was_broken_off_is_not_done_again(
    done: tuple[Reproduction, dict[str, Any], list[str]],
) -> None:
    told = [one for one in done[2] if one != "broken off"]
    assert len(told) == len(set(told))
    assert sum("round-1-train" in one for one in told) == 4  # two arms, two seeds


def test_arms_start_from_the_checkpoint_of_their_seed_and_train_on_as_many_episodes(
    done: tuple[Reproduction, dict[str, Any], list[str]],
) -> None:
    reproduction, table, _ = done
    starts = {}
    for seed in reproduction.settings.seeds:
        begun = reproduction.folder / "sft" / f"seed-{seed}" / "model.safetensors"
        starts[seed] = begun.read_bytes()
        for arm in ("targeted", "sentinel"):
            own = reproduction.folder / "arms" / arm / f"seed-{seed}" / "policies" / "round-0" / "model.safetensors"
            assert own.read_bytes() == starts[seed]
    assert starts[0] != starts[1]
    spent = [one for arm in ("targeted", "sentinel") for one in table["arms"][arm]["by_seed"].values()]
    assert {one["training"] for one in spent} == {reproduction.settings.training_episodes("targeted")}
    assert all(one["total"] == one["training"] + one["mining"] + one["solver"] for one in spent)
    assert {one["mining"] for one in table["arms"]["targeted"]["by_seed"].values()} == {110}


def test_every_figure_names_the_runs_it_is_computed_from(
    done: tuple[Reproduction, dict[str, Any], list[str]],
) -> None:
    reproduction, table, _ = done
    assert {(row["arm"], row["on"]) for row in table["rows"]} == {
        (arm, on) for arm in ARMS for on in ("dev", "test", "patterns")
    }
    for row in table["rows"]:
        assert len(row["runs"]) == len(row["seeds"]) == 2
        for run in row["runs"]:
            manifest = json.loads((reproduction.folder / run / "manifest.json").read_text())
            assert manifest["settings"]["trials"] == 4
    assert table["read"]["digest"] == table["settings"]["digest"]
    assert table["comparisons"]["claims"] == len(table["claims"]) > 0


def test_the_table_is_recomputed_from_the_stored_trajectories(
    done: tuple[Reproduction, dict[str, Any], list[str]], tmp_path: Path
) -> None:
    reproduction, table, _ = done
    shutil.rmtree(reproduction.folder / "outcomes")
    again = write_table(Reproduction(reproduction.settings, reproduction.folder))
    assert again == table == read_table(reproduction.folder / "table.json")
    (asked,) = [one for one in reproduction.finished("sft", "dev", 1.0) if one.seed == 0]
    run = tmp_path / "run"
    shutil.copytree(reproduction.run_of(asked), run)
    kept = outcomes_of(run, reproduction.domain, tmp_path)
    path = run / "trajectories.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert sum(one.successes for one in kept.by_task.values()) < len(rows)
    for row in rows:
        row["grade"] |= {"success": True, "reward": 1.0}
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    found = outcomes_of(run, reproduction.domain, tmp_path)
    assert found.trajectories != kept.trajectories
    assert sum(one.successes for one in found.by_task.values()) == len(rows)


def test_a_run_by_other_weights_is_refused(
    done: tuple[Reproduction, dict[str, Any], list[str]], tmp_path: Path
) -> None:
    reproduction, _, _ = done
    folder = tmp_path / "out"
    shutil.copytree(reproduction.folder, folder)
    copied = Reproduction(reproduction.settings, folder)
    unit = next(unit for unit in copied.units() if unit.arm == "targeted")
    shutil.copy(copied.folder / "sft" / "seed-1" / "model.safetensors", copied.policy(unit) / "model.safetensors")
    with pytest.raises(DataError, match="other weights"):
        copied.measure(copied.evaluations(unit)[0])


def test_a_reproduction_can_be_moved_and_gone_on_with(
    done: tuple[Reproduction, dict[str, Any], list[str]], tmp_path: Path
) -> None:
    reproduction, table, _ = done
    shutil.copytree(reproduction.folder, tmp_path / "elsewhere")
    moved = Reproduction(reproduction.settings, tmp_path / "elsewhere")
    told: list[Told] = []
    do_all(moved, moved.units(), told.append)
    assert told == []
    assert write_table(moved)["rows"] == table["rows"]


def test_tables_fill_the_marked_places_of_a_page(done: tuple[Reproduction, dict[str, Any], list[str]]) -> None:
    table = done[1]
    page = "# Title\n\n" + "\n\n".join(f"<!-- {name} -->\nold\n<!-- end {name} -->" for name in PARTS)
    written = filled(page, table)
    assert "old" not in written
    assert filled(written, table) == written
    for arm in ARMS:
        assert f"`{arm}`" in page_of(table)
    with pytest.raises(DataError, match="marks no place"):
        filled("# Title", table)


def test_plots_are_drawn_alike_each_time(done: tuple[Reproduction, dict[str, Any], list[str]], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    first, second = draw(done[1], tmp_path / "a"), draw(done[1], tmp_path / "b")
    assert {path.name for path in first} >= {"pass_hat-test.svg", "pass_hat-patterns.svg", "curves.svg"}
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    assert b"<svg" in first[0].read_bytes()
