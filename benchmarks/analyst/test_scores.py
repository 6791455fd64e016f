"""Precision, recall and F1 by pattern, and the confusion matrix."""

from __future__ import annotations

from benchmarks.analyst.scores import NONE, Score, scores
from toolgym.patterns import PATTERNS


def test_everything_right_is_one_and_nothing_said_is_nothing_wrong() -> None:
    assert scores([({name}, {name}) for name in PATTERNS]).macro_f1 == 1.0
    assert scores([]).macro_f1 == 1.0
    assert (Score().precision, Score().recall, Score().f1) == (1.0, 1.0, 1.0)


def test_scores_are_those_of_the_definition() -> None:
    result = scores(
        [
            ({"wrong_variant"}, {"wrong_variant"}),
            ({"wrong_variant"}, {"wrong_record"}),
            ({"wrong_record"}, {"wrong_record"}),
            ({"ended_early", "wrong_record"}, {"wrong_record"}),
        ]
    )
    variant, record, early = (result.patterns[name] for name in ("wrong_variant", "wrong_record", "ended_early"))
    assert (variant.precision, variant.recall) == (1.0, 0.5)
    assert (record.precision, record.recall) == (2 / 3, 1.0)
    assert (early.precision, early.recall, early.f1) == (1.0, 0.0, 0.0)
    assert result.macro_f1 == (2 / 3 + 0.8 + 0.0) / 3
    assert result.failures == 4
    assert list(result.patterns) == ["wrong_variant", "wrong_record", "ended_early"]


def test_the_confusion_matrix_sets_what_is_there_against_what_was_said() -> None:
    result = scores([({"wrong_variant"}, {"wrong_record"}), ({"ended_early"}, ()), ((), {"ended_early"})])
    assert result.confusion == {
        ("wrong_variant", "wrong_record"): 1,
        ("ended_early", NONE): 1,
        (NONE, "ended_early"): 1,
    }
    assert result.table == (
        ("truth", "wrong_variant", "wrong_record", "ended_early", NONE),
        ("wrong_variant", "0", "1", "0", "0"),
        ("ended_early", "0", "0", "0", "1"),
        (NONE, "0", "0", "1", "0"),
    )


def test_a_finding_without_a_name_says_nothing() -> None:
    result = scores([({"ended_early"}, {""}), ({""}, {"ended_early"})])
    assert set(result.patterns) == {"ended_early"}
    assert result.patterns["ended_early"] == Score(true_positives=0, false_negatives=1, false_positives=1)


def test_the_order_of_the_failures_does_not_matter() -> None:
    pairs = [({"wrong_variant"}, {"wrong_record"}), ({"ended_early"}, {"ended_early"}), ({"wrong_record"}, ())]
    assert scores(pairs) == scores(pairs[::-1])
