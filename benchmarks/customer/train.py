"""Fit the shop's classifier of messages to the labelled corpora: ``python -m benchmarks.customer.train``.

``--cross`` fits it to one set of messages and measures it on the other, alone, by the rules alone, and as both decide
together. The rules have been tuned on both sets since, so only what the classifier does alone is at first sight there.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import toolgym_retail.customer
from toolgym.language.classifier import Classifier, fit
from toolgym.language.layout import lines_of
from toolgym.language.speech_acts import understand, weighed
from toolgym_retail.customer.topics import TOPICS

CORPORA = Path(__file__).parents[2] / "tests" / "domains" / "retail_speech"
WEIGHTS = Path(toolgym_retail.customer.__file__).with_name("intents.npz")
CALLED = {"identify": "ask_identity", "ask_item": "ask_items", "ask_new": "ask_options", "anything_else": "ask_more"}
"""By label of the sets what the customer calls it, where that differs."""
SETS = ("messages.jsonl", "messages2.jsonl")
LAST = "messages3.jsonl"
"""A set that was measured once, at first sight, before it was learned from: ``--cross`` leaves it out."""
ALWAYS = ("utterances.jsonl", "more_messages.jsonl", "proposals.jsonl")
MOST = 60
"""Messages of a corpus beside the sets that are learned from, at most, of each label."""
RULES = replace(TOPICS, learned=None)


class Labelled(NamedTuple):
    """A message, and what it calls for."""

    text: str
    label: str


def corpus(name: str) -> list[Labelled]:
    """A labelled corpus; proposals have no label, being all the same."""
    found = []
    for line in (CORPORA / name).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        label = row.get("intent", "propose")
        found.append(Labelled(row["text"], CALLED.get(label, label)))
    return found


def some(rows: Sequence[Labelled]) -> list[Labelled]:
    """Of each label as many as :data:`MOST`, evenly drawn from a corpus."""
    found = []
    for label in sorted({row.label for row in rows}):
        held = [row for row in rows if row.label == label]
        found += held[:: max(1, -(-len(held) // MOST))]
    return found


def fitted(rows: Sequence[Labelled]) -> Classifier:
    """A classifier that has learned from messages."""
    return fit([lines_of(row.text) for row in rows], [row.label for row in rows])


def measure(classifier: Classifier, rows: Sequence[Labelled]) -> dict[str, float]:
    """The share that is understood by the classifier, by the rules, and by both."""
    right = dict.fromkeys(("classifier", "rules", "both"), 0)
    for text, label in rows:
        likely = classifier.weigh(lines_of(text))
        heard = understand(text, RULES)
        both = weighed(heard, likely, TOPICS)
        right["classifier"] += max(likely, key=likely.__getitem__) == label
        for name, one in (("rules", heard), ("both", both)):
            told = {"report": one.reported, "refuse": one.declined, "unavailable": one.unavailable or one.declined}
            right[name] += one.intent == label or (one.intent in ("ask_more", "ask_request") and told.get(label, False))
    return {name: count / len(rows) for name, count in right.items()}


def main(arguments: Sequence[str]) -> None:
    """Fit it and write its weights, or measure it across the sets."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.customer.train",
        description=f"Fit the shop's classifier of messages to the labelled corpora, and write {WEIGHTS.name}.",
    )
    parser.add_argument("--cross", action="store_true", help="fit to one set, measure on the other, and write nothing")
    cross: bool = parser.parse_args(arguments).cross
    always = [row for name in ALWAYS for row in some(corpus(name))]
    if cross:
        for train, test in (SETS, SETS[::-1]):
            shares = measure(fitted([*corpus(train), *always]), corpus(test))
            told = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
            sys.stdout.write(f"learned from {train}, {test}: {told}\n")
        return
    fitted([*(row for name in (*SETS, LAST) for row in corpus(name)), *always]).save(WEIGHTS)
    sys.stdout.write(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size:,} bytes\n")


if __name__ == "__main__":
    main(sys.argv[1:])
