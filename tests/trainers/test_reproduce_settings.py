"""The settings of a reproduction: arms at equal episodes, and what may be read when."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from toolgym.errors import DataError

pytest.importorskip("torch")
pytest.importorskip("transformers")

from toolgym_trainers.reproduce.reproduction import Reproduction
from toolgym_trainers.reproduce.settings import ReproductionSettings, read_settings
from toolgym_trainers.reproduce.units import Measured

SETTINGS = read_settings("retail-tiny")


def changed(**changes: Any) -> ReproductionSettings:
    return ReproductionSettings.model_validate({**SETTINGS.model_dump(mode="json"), **changes})


def with_arm(name: str, **changes: Any) -> dict[str, Any]:
    arms: dict[str, Any] = {arm: dict(given) for arm, given in SETTINGS.arms.items()}
    arms[name] = {**arms.get(name, {}), **changes}
    return arms


@pytest.mark.parametrize("settings", [SETTINGS, SETTINGS.fast()], ids=["whole", "fast"])
def test_all_arms_train_on_equally_many_episodes(settings: ReproductionSettings) -> None:
    assert len({settings.training_episodes(arm) for arm in settings.trained}) == 1


def test_an_arm_that_trains_on_more_episodes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"equally many episodes.*'targeted': 3968"):
        changed(arms=with_arm("targeted", steps=31))


def test_every_ablation_differs_from_targeted_in_what_its_name_says() -> None:
    whole = SETTINGS.train_settings("targeted", 1).model_dump()
    differ = {
        arm: sorted(
            name for name, value in SETTINGS.train_settings(arm, 1).model_dump().items() if whole[name] != value
        )
        for arm in SETTINGS.trained
    }
    assert differ == {
        "general": ["curriculum", "mining_split"],
        "targeted": [],
        "unmined": ["curriculum", "mining_split", "options"],
        "unmined_patterns": ["curriculum", "mining_split", "options"],
        "no_repeat_penalty": ["reward"],
        "success_only": ["reward"],
        "no_action_check": ["reward"],
        "no_length_penalty": ["reward"],
        "controller_off": ["mining_split", "options"],
        "proposer_off": ["options"],
        "sentinel": ["curriculum", "made", "mining_split", "restart", "rounds", "steps"],
        "raft_2": ["made", "restart", "rounds", "steps"],
    }


def test_what_is_measured_on_is_never_trained_on() -> None:
    with pytest.raises(ValueError, match="both trained on or mined and measured on"):
        changed(sets={"mining": "dev"})
    with pytest.raises(ValueError, match="no test"):
        changed(sets={"test": "dev"})


def test_a_claim_about_an_arm_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="names the arm 'nobody'"):
        changed(claims=[{"name": "one", "text": "A claim.", "first": "nobody", "second": "sft"}])


def test_settings_cannot_be_frozen_before_what_was_tried_is_listed() -> None:
    with pytest.raises(ValueError, match="tried"):
        changed(frozen=True, tried=[])
    assert changed(frozen=True, tried=["targeted, kl 0.01: 31.0 / 18.2"]).frozen


def test_test_is_not_read_before_the_settings_are_frozen(tmp_path: Path) -> None:
    reproduction = Reproduction(SETTINGS, tmp_path / "out")
    assert {one.on for one in reproduction.evaluations(reproduction.units()[0])} == {"dev"}
    for on in ("test", "patterns"):
        with pytest.raises(DataError, match="frozen = true"):
            reproduction.measure(Measured("sft", 0, on, 1.0))
    assert reproduction.reading is None


def test_settings_that_test_was_read_with_cannot_be_changed(tmp_path: Path) -> None:
    frozen = {"frozen": True, "tried": ["everything as it is: 31.0 / 18.2"]}
    reproduction = Reproduction(changed(**frozen), tmp_path)
    reproduction.note_reading()
    assert reproduction.reading is not None
    assert reproduction.reading["digest"] == reproduction.settings.digest
    first = reproduction.reading
    Reproduction(changed(**frozen), tmp_path).note_reading()
    assert Reproduction(changed(**frozen), tmp_path).reading == first
    for other in ({"tried": ["another"]}, {"seeds": [0, 1, 2, 3]}, {"smallest_effect": 0.0}):
        with pytest.raises(DataError, match=f"{next(iter(other))} changed since"):
            Reproduction(changed(**{**frozen, **other}), tmp_path)


def test_what_arms_start_from_cannot_be_changed_once_it_was_begun(tmp_path: Path) -> None:
    Reproduction(SETTINGS, tmp_path)
    Reproduction(changed(smallest_effect=0.01), tmp_path)
    with pytest.raises(DataError, match="begun with other settings"):
        Reproduction(changed(sft={"policy": "my-tiny"}), tmp_path)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="something else"):
        Reproduction(SETTINGS, tmp_path)


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('[sft]\npolicy = "my-tiny"\n[evaluation]\ntrails = 8\n[arms.sft]\n')
    with pytest.raises(DataError, match=r"evaluation\.trails"):
        read_settings(path)
    with pytest.raises(DataError, match="retail-tiny"):
        read_settings("retail-huge")


def test_the_smoke_version_does_not_read_test() -> None:
    assert SETTINGS.fast().sets.test != SETTINGS.sets.test


def test_settings_come_back_from_what_is_kept_of_them(tmp_path: Path) -> None:
    Reproduction(SETTINGS, tmp_path)
    kept = json.loads((tmp_path / "settings.json").read_text())
    again = ReproductionSettings.model_validate(kept["settings"])
    assert again.digest == SETTINGS.digest == kept["digest"]
