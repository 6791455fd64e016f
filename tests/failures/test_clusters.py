"""Clusters of failures: what is found, how it is named, and what is left over."""

from __future__ import annotations

import asyncio
import json
import math
import os
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest
from models.server import Request, Script, Server, completion, error

from toolgym.errors import BudgetError, MissingExtraError, ServiceError
from toolgym.failures.llm.clusters import NOISE, Cluster, Embed, clusters, name_clusters
from toolgym.failures.report import UNNAMED, FailureReport, Finding
from toolgym.models import ChatModel, ModelSettings, RefusedError, Throttle
from toolgym.models.embeddings import BATCH, Embeddings
from toolgym.prompts import own_text

ORDER = (
    "The assistant cancelled the wrong order; the customer meant the order with the vase.",
    "It cancelled another order than the customer asked for, #W1 and not the one with the vase.",
    "The wrong order was cancelled, since nobody looked for the vase.",
    "The first order was cancelled, though the customer wanted the order of the vase cancelled.",
)
COLOUR = (
    "The blue variant of the shirt was chosen, and the red colour was wanted.",
    "The exchanged shirt has the wrong colour: blue, not red.",
    "A shirt of another colour was taken, blue in place of red.",
)
REFUND = (
    "The refund amount was never told to the customer.",
    "The customer asked how large the refund amount is and was not told.",
    "It forgot to tell the amount of the refund, 12.50.",
)
ODD = ("Twenty searches in a row.", "Weather forecasts were quoted.")
MIXED = [text for row in zip(ORDER[:3], COLOUR, REFUND, strict=True) for text in row] + [ORDER[3], *ODD]


def report(text: str, pattern: str | None = "wrong_record", place: int = 0) -> FailureReport:
    findings = () if pattern is None else (Finding(pattern, 0, "", ""),)
    primary = None if pattern is None else 0
    return FailureReport(f"e{place}", "t", "k", findings, primary, explanation=text)


def reports(texts: Sequence[str], **parts: Any) -> list[FailureReport]:
    return [report(text, place=place, **parts) for place, text in enumerate(texts)]


def test_three_planted_groups_are_found_and_named_by_their_words() -> None:
    order, colour, refund, noise = clusters(reports(MIXED))
    assert order.members == (0, 3, 6, 9)
    assert (colour.members, refund.members) == ((1, 4, 7), (2, 5, 8))
    assert set(order.words) == {"cancelled", "order", "vase"}
    assert set(colour.words) <= {"shirt", "blue", "red", "colour"}
    assert {"refund", "told"} < set(refund.words)
    assert order.name == ", ".join(order.words)
    assert noise == Cluster(NOISE, (10, 11), (), ODD, {"wrong_record": 1.0}, noise=True)
    assert [group.size for group in (order, colour, refund, noise)] == [4, 3, 3, 2]
    assert set(colour.examples) == set(COLOUR)
    assert len(order.examples) == 3
    assert set(order.examples) < set(ORDER)


def test_numbers_and_ids_make_no_cluster() -> None:
    texts = [f"{text} Order #W123456, item 987654, 42.00." for text in (*ODD, "It rained.", "Nobody answered.")]
    (noise,) = clusters(reports(texts))
    assert noise.noise
    assert noise.size == 4


def test_the_same_reports_give_the_same_clusters_in_another_process() -> None:
    code = (
        "import json, sys; from toolgym.failures.llm.clusters import clusters; "
        "from toolgym.failures.report import FailureReport; "
        "given = [FailureReport(str(n), 't', 'k', explanation=text) for n, text in enumerate(json.load(sys.stdin))]; "
        "print([(c.name, c.members, c.examples) for c in clusters(given)])"
    )
    environment = {**os.environ, "PYTHONHASHSEED": "12345"}
    texts = json.dumps(MIXED)
    other = subprocess.run(
        [sys.executable, "-c", code], input=texts, capture_output=True, text=True, env=environment, check=True
    )
    own = [(group.name, group.members, group.examples) for group in clusters(reports(MIXED))]
    assert other.stdout.strip() == str(own)


def test_the_share_of_each_pattern_is_that_of_the_primary_causes() -> None:
    given = reports(MIXED)
    given[0] = report(MIXED[0], UNNAMED)
    given[3] = report(MIXED[3], None)
    given[6] = report(MIXED[6], "no_confirmation")
    assert clusters(given)[0].shares == {UNNAMED: 0.5, "no_confirmation": 0.25, "wrong_record": 0.25}


def test_without_explanations_what_was_expected_and_done_counts() -> None:
    pairs = [("ask for a yes first", "changed the address at once")] * 3 + [("the red shirt", "the blue shirt")] * 3
    given = [
        FailureReport(f"e{place}", "t", "k", (Finding("no_confirmation", 0, expected, got),), 0)
        for place, (expected, got) in enumerate(pairs)
    ]
    assert [group.members for group in clusters(given)] == [(0, 1, 2), (3, 4, 5)]
    assert clusters(given)[1].examples == ("the red shirt; the blue shirt",)


def test_what_says_nothing_or_is_alone_is_noise() -> None:
    assert clusters([]) == []
    (noise,) = clusters(reports(["", "12 34", "the of"]))
    assert (noise.noise, noise.members, noise.examples) == (True, (0, 1, 2), ("12 34", "the of"))
    (few,) = clusters(reports(ORDER[:2]))
    assert (few.noise, few.size) == (True, 2)
    assert [group.members for group in clusters(reports(["", *[REFUND[0]] * 3]))] == [(1, 2, 3), (0,)]


def test_one_group_of_nearly_the_same_texts_is_a_cluster() -> None:
    group, noise = clusters(reports([*[f"The refund of order #W{n} was not told." for n in range(5)], *ODD]))
    assert (group.members, noise.members) == ((0, 1, 2, 3, 4), (5, 6))


def test_the_smallest_size_is_kept() -> None:
    assert [group.noise for group in clusters(reports(MIXED), min_size=4)][-1]
    assert all(group.size >= 4 for group in clusters(reports(MIXED), min_size=4) if not group.noise)
    with pytest.raises(ValueError, match="at least 2, got 1"):
        clusters([], min_size=1)


def test_of_many_failures_a_few_alike_are_no_cluster() -> None:
    few = [COLOUR[0]] * 3
    many = [ORDER[0]] * 50 + [REFUND[0]] * 47
    assert [group.size for group in clusters(reports(few + many[::8]))] == [7, 6, 3]
    assert [(group.size, group.noise) for group in clusters(reports(few + many))] == [
        (50, False),
        (47, False),
        (3, True),
    ]


def test_a_missing_extra_names_the_pip_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'toolgym\[curriculum\]'"):
        clusters(reports(MIXED))


# Embeddings


def spread(texts: Sequence[str]) -> list[list[float]]:
    """Texts that begin with the same letter are near each other."""
    angles = [ord(text[0]) * 0.5 + len(text) * 1e-3 for text in texts]
    return [[math.cos(angle), math.sin(angle)] for angle in angles]


ALIKE = ["ant one", "bee two!", "ant three!", "bee four", "ant five", "bee six"]


def embedded(*script: Script, texts: Sequence[str] = ALIKE, **settings: Any) -> tuple[list[Cluster], Server]:
    """Clusters by a server's embeddings."""
    throttle = settings.pop("throttle", None)
    with Server(*script) as server:
        given = ModelSettings(**{"model": "e", "base_url": server.url, "attempts": 1, **settings})
        return clusters(reports(texts), embed=Embeddings(given, throttle)), server


def vectors(request: Request) -> dict[str, Any]:
    data = [{"index": place, "embedding": vector} for place, vector in enumerate(spread(request.body["input"]))]
    return {"data": data[::-1], "usage": {"prompt_tokens": 1000, "total_tokens": 1000}}


def test_vectors_of_ones_own_decide_what_is_near() -> None:
    assert [group.members for group in clusters(reports(ALIKE), embed=spread)] == [(0, 2, 4), (1, 3, 5)]


def test_an_endpoint_gives_vectors_in_any_order() -> None:
    throttle = Throttle(budget_usd=1.0)
    price = {"input_usd": 0.5, "output_usd": 0.0}
    found, server = embedded(vectors, arguments={"dimensions": 2}, price=price, throttle=throttle)
    assert [group.members for group in found] == [(0, 2, 4), (1, 3, 5)]
    (request,) = server.requests
    assert request.path == "/v1/embeddings"
    assert request.body == {"model": "e", "input": ALIKE, "encoding_format": "float", "dimensions": 2}
    assert throttle.spent_usd == pytest.approx(0.0005)


def test_many_texts_go_in_several_requests() -> None:
    found, server = embedded(vectors, texts=[f"{'ab'[place % 2]} word" for place in range(BATCH + 6)])
    assert [len(body["input"]) for body in server.bodies] == [BATCH, 6]
    assert [group.size for group in found] == [(BATCH + 6) // 2] * 2


ANSWERS = {
    "refused": (error(401, "no key"), RefusedError, "no key"),
    "down": (error(503, "busy"), ServiceError, "e at http://127.0.0.1:.* failed once with status 503: busy"),
    "no JSON": ("Hello", ServiceError, "not JSON"),
    "one too few": ({"data": [{"embedding": [1.0]}]}, ServiceError, "1 embeddings of 6 texts"),
    "no numbers": ({"data": [{"embedding": "AAAA"}] * 6}, ServiceError, "no embedding"),
    "several sizes": ({"data": [{"embedding": [1.0] * n} for n in range(1, 7)]}, ServiceError, "several sizes"),
    "an error with status 200": ({"error": {"message": "asleep"}}, ServiceError, "asleep"),
    "something else": ({"vectors": []}, ServiceError, "holds no embeddings"),
}


@pytest.mark.parametrize(("answer", "kind", "said"), ANSWERS.values(), ids=ANSWERS)
def test_an_endpoint_that_fails_is_a_service_error(answer: Any, kind: type[Exception], said: str) -> None:
    from models.server import Answer

    with pytest.raises(kind, match=said):
        embedded(Answer(answer) if isinstance(answer, str) else answer)


def test_a_budget_holds_for_embeddings_too() -> None:
    with pytest.raises(BudgetError, match="give a price"):
        embedded(vectors, throttle=Throttle(budget_usd=1.0))
    with pytest.raises(BudgetError, match="is spent"):
        embedded(vectors, throttle=Throttle(budget_usd=1.0, earlier_usd=1.0))


@pytest.mark.parametrize(
    "given",
    [
        lambda texts: [[1.0]],
        lambda texts: [[math.nan, 1.0]] * len(texts),
        lambda texts: [[1.0] * place for place in range(1, len(texts) + 1)],
    ],
)
def test_vectors_that_do_not_fit_are_refused(given: Embed) -> None:
    with pytest.raises(ServiceError, match="one vector of finite numbers a text"):
        clusters(reports(ALIKE), embed=given)


# Names by a model

GROUPS = clusters(reports(MIXED))
NAMES = {"names": ["cancels another order", "takes another colour", "refund not told"]}


def named(*script: Script, groups: Sequence[Cluster] = GROUPS) -> tuple[list[Cluster], Server]:
    with Server(*script) as server:
        model = ChatModel(ModelSettings(model="m", base_url=server.url, attempts=1))
        return asyncio.run(name_clusters(model, groups)), server


def test_a_model_names_the_clusters_and_not_the_noise() -> None:
    found, server = named(completion(json.dumps(NAMES)))
    assert [group.name for group in found] == [*NAMES["names"], NOISE]
    assert [group.members for group in found] == [group.members for group in GROUPS]
    system, user = server.bodies[0]["messages"]
    assert system["content"] == own_text("clusters")
    asked = [json.loads(line) for line in user["content"].split("\n")]
    assert [one["failures"] for one in asked] == [list(group.examples) for group in GROUPS[:3]]
    assert [one["words"] for one in asked] == [list(group.words) for group in GROUPS[:3]]


def test_no_model_is_asked_where_there_is_nothing_to_name() -> None:
    found, server = named(error(500, "no"), groups=GROUPS[3:])
    assert (found, server.requests) == (GROUPS[3:], [])


BAD = {
    "two names": {"names": ["a", "b"]},
    "the same twice": {"names": ["a", "b", "a"]},
    "an empty one": {"names": ["a", "b", " "]},
    "an essay": {"names": ["a", "b", "c" * 81]},
    "numbers": {"names": [1, 2, 3]},
    "noise": {"names": ["a", "b", NOISE]},
    "another key": {"titles": ["a", "b", "c"]},
}


@pytest.mark.parametrize("answer", BAD.values(), ids=BAD)
def test_names_that_cannot_be_used_are_asked_for_once_more_and_then_an_error(answer: Any) -> None:
    found, server = named(completion(json.dumps(answer)), completion(json.dumps(NAMES)))
    assert found[0].name == NAMES["names"][0]
    assert len(server.requests) == 2
    with pytest.raises(ServiceError, match="could not name 3 clusters: of 2 answers none can be used"):
        named(completion(json.dumps(answer)))


def test_settings_are_bound_with_partial() -> None:
    assert partial(clusters, min_size=4)(reports(MIXED)) == clusters(reports(MIXED), min_size=4)
