"""A classifier of messages learns from labelled ones, and gives the same for the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from toolgym.language.classifier import SIZE, Classifier, fit, places
from toolgym.language.layout import lines_of
from toolgym.language.speech_acts import Understood, understand, weighed
from toolgym.language.topics import Topics

FRUIT = ["I'd like an apple.", "An apple, please!", "Do you have apples? One apple will do.", "One red apple."]
TOOLS = ["I'd like a hammer.", "A hammer, please!", "Do you have hammers? One hammer will do.", "One red hammer."]


def learned() -> Classifier:
    return fit([lines_of(text) for text in FRUIT + TOOLS], ["fruit"] * len(FRUIT) + ["tool"] * len(TOOLS))


def label(classifier: Classifier, text: str) -> str:
    likely = classifier.weigh(lines_of(text))
    return max(likely, key=likely.__getitem__)


def test_it_tells_messages_apart_that_it_has_not_seen() -> None:
    classifier = learned()
    assert label(classifier, "Is there an apple left?") == "fruit"
    assert label(classifier, "Is there a hammer left?") == "tool"


def test_the_likelihoods_add_up_to_one() -> None:
    likely = learned().weigh(lines_of("A pear and a hammer."))
    assert np.isclose(sum(np.exp(value) for value in likely.values()), 1)


def test_it_is_the_same_for_the_same_messages_and_after_it_was_saved(tmp_path: Path) -> None:
    classifier = learned()
    classifier.save(tmp_path / "weights.npz")
    kept = Classifier.load(tmp_path / "weights.npz")
    assert kept.labels == classifier.labels
    for text in (*FRUIT, *TOOLS):
        likely = classifier.weigh(lines_of(text))
        assert likely == learned().weigh(lines_of(text))
        assert label(kept, text) == label(classifier, text)
        assert abs(np.exp(kept.weigh(lines_of(text))["fruit"]) - np.exp(likely["fruit"])) < 0.02
    assert classifier.weigh([]) == learned().weigh([])


def test_of_a_long_message_the_start_and_the_end_are_read() -> None:
    lines = lines_of("\n".join(f"line {number}" for number in range(1000)))
    assert places(lines).tolist() == places([*lines[:100], *lines[-100:]]).tolist()
    assert (places(lines_of("word " * 50_000)) < 6 * SIZE).all()


def test_numbers_are_alike_but_for_their_length() -> None:
    assert places(lines_of("order 1234567")).tolist() == places(lines_of("order 7654321")).tolist()


def test_it_decides_only_where_it_is_surer_than_the_rules() -> None:
    topics = Topics(())
    heard = Understood("inform")
    assert weighed(heard, {"inform": -1.0, "refuse": -1.5}, topics) is heard
    found = weighed(heard, {"inform": -3.0, "refuse": -0.1}, topics)
    assert (found.intent, found.declined) == ("refuse", True)


def test_a_go_ahead_that_the_rules_find_weighs_more() -> None:
    topics = Topics(())
    heard = Understood("propose")
    assert weighed(heard, {"propose": -1.6, "inform": -0.2}, topics) is heard
    assert weighed(heard, {"propose": -4.0, "inform": -0.1}, topics).intent == "inform"


def test_a_domain_without_a_classifier_is_understood_by_rules_alone() -> None:
    assert understand("I'll send it back. Shall I go ahead?", Topics(())).intent == "propose"
