"""What an author of a domain's phrases and lines is told where they do not fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from toolgym.errors import DataError, UnknownNameError
from toolgym.scripted.speech import Speech
from toolgym.scripted.voice import Phrases, Voice


def file_of(folder: Path, text: str) -> Path:
    file = folder / "texts.toml"
    file.write_text(text, encoding="utf-8")
    return file


def voice(folder: Path, text: str) -> Voice:
    return Voice("plain", np.random.default_rng(0), Phrases.read(file_of(folder, text)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[say.greet\n", r"texts.toml is not TOML"),
        ('[say]\ngreet = ["Hi"]\n', r"the act .greet. has no wordings; give say.greet.any"),
        ('[say.greet]\nfriendly = ["Hi!"]\n', r"the act .greet. has no wordings; give say.greet.any"),
        ("[say.greet]\nany = []\n", r"say.greet.any is \[\]; give a list of at least one text"),
        ('[ask]\nborrow = "Lend me {title}"\n', r"ask.borrow is 'Lend me {title}'; give a list"),
    ],
)
def test_phrases_that_cannot_be_said_are_told_when_they_are_read(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(DataError, match=told):
        Phrases.read(file_of(tmp_path, text))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[say.greet]\nplain = ["Hi"]\nfrendly = ["Hi!"]\n', "Did you mean 'friendly'"),
        ('[asks]\nborrow = ["Lend me {title}"]\n', "Did you mean 'ask'"),
    ],
)
def test_a_table_of_phrases_that_nobody_reads_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UnknownNameError, match=told):
        Phrases.read(file_of(tmp_path, text))


def test_an_act_or_a_kind_without_phrases_is_told(tmp_path: Path) -> None:
    mine = voice(tmp_path, '[ask]\nborrow = ["Lend me {title}"]\n')
    with pytest.raises(UnknownNameError, match=r"No act named 'thank'. Did you mean 'thanks'"):
        mine.say("thank")
    with pytest.raises(UnknownNameError, match=r"No kind of request named 'return'.*Known: borrow"):
        mine.bring_up("return", title="Emma")


def test_a_slot_that_nobody_fills_is_told_with_those_that_there_are(tmp_path: Path) -> None:
    mine = voice(tmp_path, '[ask]\nborrow = ["Lend me {titel}"]\n')
    with pytest.raises(DataError, match=r"the slots of 'borrow' cannot be filled .*'titel'.*there is \{title\}"):
        mine.bring_up("borrow", title="Emma")


def test_a_line_or_wording_that_there_is_not_is_told(tmp_path: Path) -> None:
    speech = Speech.read(file_of(tmp_path, '[due]\nany = "It is due on {day}."\n'))
    with pytest.raises(UnknownNameError, match=r"No line named 'dew'. Did you mean 'due'"):
        speech.line("plain", "dew")
    with pytest.raises(UnknownNameError, match=r"No wording named 'tense'. Did you mean 'terse'"):
        speech.line("tense", "due", day="Monday")
    with pytest.raises(DataError, match=r"the slots of 'due' .*'day'.*there is none"):
        speech.line("plain", "due")


@pytest.mark.parametrize("text", ['due = "soon"\n', '[due]\nplain = "soon"\n', '[due]\nany = ["soon"]\n', "[due\n"])
def test_a_line_that_cannot_be_said_is_told_when_it_is_read(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        Speech.read(file_of(tmp_path, text))


def test_a_wording_that_nobody_speaks_in_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match=r"Did you mean 'any'"):
        Speech.read(file_of(tmp_path, '[due]\nany = "soon"\nanny = "soon"\n'))
