"""Failures grouped by how they were explained."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from toolgym.concurrency.bridge import wait_for
from toolgym.errors import MissingExtraError, ServiceError
from toolgym.failures.report import UNNAMED, FailureReport
from toolgym.models.answers import AnswerError, ask, text_and_object
from toolgym.prompts import own_text

if TYPE_CHECKING:
    from toolgym.models import ChatModel

Vectors: TypeAlias = Sequence[Sequence[float]]
Embed: TypeAlias = Callable[[Sequence[str]], Vectors | Awaitable[Vectors]]
"""Turns texts into vectors, one each, such as :class:`~toolgym.models.embeddings.Embeddings`."""

NOISE = "noise"
"""The name of the cluster of what belongs to none."""
MIN_SIZE = 3
"""Failures of the smallest cluster."""

ONE_IN = 25
"""Smallest cluster, as 1/N of all failures; smaller ones fragment (350 synthetic explanations of 3 kinds gave 68
clusters, not 6)."""

_WORDS = 3
_EXAMPLES = 3
_ALIKE = 0.5
_TOKEN = r"(?u)\b[^\W\d_]{2,}\b"
_PARTICIPANTS = frozenset({"agent", "assistant", "customer", "user"})
_LONGEST_NAME = 80


@dataclass(frozen=True)
class Cluster:
    """Failures that were explained alike.

    Args:
        name: Its most telling words, or what a model calls it; :data:`NOISE` for what belongs to no cluster.
        members: The places of its failures among the reports, in order.
        words: The words that are frequent in it and not in the others, the most telling first.
        examples: The texts of a few of its failures: those in its middle.
        shares: The share of its failures whose primary cause is of each pattern, in [0, 1], the largest first;
            :data:`~toolgym.failures.report.UNNAMED` for those without a pattern.
        noise: Whether it holds what belongs to no cluster.
    """

    name: str
    members: tuple[int, ...]
    words: tuple[str, ...]
    examples: tuple[str, ...]
    shares: Mapping[str, float]
    noise: bool = False

    @property
    def size(self) -> int:
        """How many failures it has."""
        return len(self.members)


Clusterer: TypeAlias = Callable[[Sequence[FailureReport]], Sequence[Cluster]]
"""Groups reports; :func:`clusters` is one, also with ``embed`` and ``min_size`` bound by ``functools.partial``."""


def check_extra() -> None:
    """See that clustering is possible here.

    Raises:
        MissingExtraError: If the extra ``curriculum`` is not installed.
    """
    try:
        import_module("sklearn")
    except ImportError as error:
        raise MissingExtraError("clustering of failures", "curriculum") from error


def text_of(report: FailureReport) -> str:
    """What a report is clustered by: its explanation, or what its findings expected and got; may be empty.

    Example:
        >>> from toolgym.failures.report import Finding
        >>> text_of(FailureReport("e", "t", "k", (Finding("wrong_record", 3, "the vase's order", "the latest order"),)))
        "the vase's order; the latest order"
    """
    if report.explanation:
        return report.explanation
    return "; ".join(part for finding in report.causes for part in (finding.expected, finding.got) if part)


def clusters(
    reports: Sequence[FailureReport], *, embed: Embed | None = None, min_size: int = MIN_SIZE
) -> list[Cluster]:
    """Group failures by their explanations, with HDBSCAN; the same reports give the same clusters.

    A report without an explanation goes by what its findings expected and got. Numbers, ids, and who takes part in the
    dialogue are no words here.
    HDBSCAN tells groups apart, so it finds none where there is one alone; texts that are nearly the same word by word
    are then a cluster all the same. Memory grows with the square of the number of reports: 10,000 take 2 GB.

    Args:
        reports: The reports, in the order of which places speak.
        embed: Gives the vectors of texts whose nearness counts; by default texts are near that share telling words
            (TF-IDF). Clusters are named by words either way.
        min_size: Failures of the smallest cluster, at least 2; where there are many, it is one in :data:`ONE_IN`.

    Returns:
        The clusters, the largest first; then, if there is any, what belongs to none as one cluster.

    Raises:
        ValueError: If min_size is below 2.
        MissingExtraError: If the extra ``curriculum`` is not installed.
        ServiceError: If the service behind ``embed`` fails.

    Source:
        Campello, Moulavi and Sander, "Density-based clustering based on hierarchical density estimates" (2013), as in
        scikit-learn.

    Example:
        >>> told = ["The refund was not told."] * 3 + ["It cancelled another order."] * 3
        >>> reports = [FailureReport(f"e{place}", "t", "k", explanation=text) for place, text in enumerate(told)]
        >>> [(cluster.name, cluster.members) for cluster in clusters(reports)]
        [('refund, told', (0, 1, 2)), ('cancelled, order', (3, 4, 5))]
    """
    if min_size < 2:
        raise ValueError(f"min_size must be at least 2, got {min_size}")
    check_extra()
    texts = [text_of(report) for report in reports]
    places, words, weights = _weighed(texts)
    labels = np.full(len(texts), -1)
    if len(places) >= min_size:
        vectors = weights if embed is None else _embedded([texts[place] for place in places], embed)
        distances = _distances(vectors)
        labels[places] = _labelled(distances, max(min_size, len(places) // ONE_IN))
    else:
        distances = np.zeros((len(places), len(places)))
    row = {place: number for number, place in enumerate(places)}
    found = []
    for label in sorted({int(label) for label in labels if label >= 0}):
        members = tuple(int(place) for place in np.flatnonzero(labels == label))
        rows = [row[place] for place in members]
        telling = _telling(rows, words, weights)
        middle = sorted(rows, key=lambda number: (round(float(distances[number, rows].sum()), 6), number))
        examples = tuple(dict.fromkeys(texts[places[number]] for number in middle))[:_EXAMPLES]
        found.append(Cluster(", ".join(telling) or examples[0], members, telling, examples, _shares(reports, members)))
    found.sort(key=lambda cluster: (-cluster.size, cluster.members))
    if left := tuple(int(place) for place in np.flatnonzero(labels < 0)):
        examples = tuple(dict.fromkeys(texts[place] for place in left if texts[place]))[:_EXAMPLES]
        found.append(Cluster(NOISE, left, (), examples, _shares(reports, left), noise=True))
    return found


async def name_clusters(model: ChatModel, clusters: Sequence[Cluster]) -> list[Cluster]:
    """The same clusters with names that a model gives them; noise keeps its own.

    Args:
        model: The model; it is shown each cluster's words and examples, all clusters at once.
        clusters: What :func:`clusters` found.

    Raises:
        ServiceError: If the model fails, or answers twice what cannot be used.
        ContextError: If the clusters do not fit into its context.
        BudgetError: If the budget is spent.
    """
    groups = [cluster for cluster in clusters if not cluster.noise]
    if not groups:
        return list(clusters)
    told = [
        json.dumps({"group": number, "words": cluster.words, "failures": cluster.examples}, ensure_ascii=False)
        for number, cluster in enumerate(groups, 1)
    ]
    chat = [{"role": "system", "content": own_text("clusters")}, {"role": "user", "content": "\n".join(told)}]
    try:
        names = iter(await ask(model.start(seed=0), chat, lambda answer: _names(answer, len(groups))))
    except AnswerError as error:
        raise ServiceError(f"the model could not name {len(groups)} clusters: {error}") from error
    return [cluster if cluster.noise else replace(cluster, name=next(names)) for cluster in clusters]


def _names(answer: str, count: int) -> list[str]:
    names = text_and_object(answer, ("names",))[1]["names"]
    if not isinstance(names, list) or len(names) != count or not all(isinstance(name, str) for name in names):
        raise AnswerError(f"'names' must be a list of {count} texts")
    named = [name.strip() for name in names]
    if not all(0 < len(name) <= _LONGEST_NAME for name in named):
        raise AnswerError(f"each name must have 1 to {_LONGEST_NAME} characters")
    if len(set(named)) < count or NOISE in named:
        raise AnswerError(f"the names must differ from each other, and from {NOISE!r}")
    return named


def _weighed(texts: Sequence[str]) -> tuple[list[int], list[str], NDArray[np.float64]]:
    """The places of the texts that hold words, all words, and their TF-IDF weights, one row a text, of length 1."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    passed_over = sorted(ENGLISH_STOP_WORDS | _PARTICIPANTS)
    vectorizer = TfidfVectorizer(stop_words=passed_over, token_pattern=_TOKEN, sublinear_tf=True)
    analyse = vectorizer.build_analyzer()
    places = [place for place, text in enumerate(texts) if analyse(text)]
    if not places:
        return [], [], np.zeros((0, 0))
    weights: NDArray[np.float64] = vectorizer.fit_transform([texts[place] for place in places]).toarray()
    return places, [str(word) for word in vectorizer.get_feature_names_out()], weights


def _embedded(texts: Sequence[str], embed: Embed) -> NDArray[np.float64]:
    """Vectors of length 1."""
    answer = embed(texts)
    found = wait_for(answer) if isinstance(answer, Awaitable) else answer
    try:
        vectors = np.asarray(found, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ServiceError(f"embed must give one vector of finite numbers a text, all of one size: {error}") from error
    if vectors.ndim != 2 or len(vectors) != len(texts) or not np.isfinite(vectors).all():
        raise ServiceError(f"embed must give one vector of finite numbers a text, got the shape {vectors.shape}")
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: NDArray[np.float64] = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return scaled


def _distances(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Cosine distances, rounded: the order in which a processor adds must not decide between equal ones."""
    distances: NDArray[np.float64] = np.clip(np.round(1.0 - vectors @ vectors.T, 6), 0.0, 2.0)
    np.fill_diagonal(distances, 0.0)
    return distances


def _labelled(distances: NDArray[np.float64], smallest: int) -> NDArray[np.int64]:
    """The cluster of each text; -1 for none."""
    from scipy.sparse.csgraph import connected_components
    from sklearn.cluster import HDBSCAN

    tree = HDBSCAN(min_cluster_size=smallest, min_samples=1, metric="precomputed", copy=True)
    labels = tree.fit_predict(distances)
    if (labels >= 0).any():  # HDBSCAN puts what has nothing in common with anything into some cluster
        together = (distances < 1.0) & (labels == labels[:, None]) & (labels >= 0)
    else:
        together = distances <= _ALIKE
    parts = connected_components(together, directed=False)[1].tolist()
    sizes = Counter(parts)
    return np.array([part if sizes[part] >= smallest else -1 for part in parts], dtype=np.int64)


def _telling(rows: Sequence[int], words: Sequence[str], weights: NDArray[np.float64]) -> tuple[str, ...]:
    """The words whose weight in these texts is most above that in the others."""
    inside = np.zeros(len(weights), dtype=bool)
    inside[list(rows)] = True
    others: Any = weights[~inside].mean(axis=0) if not inside.all() else 0.0
    above = np.round(weights[inside].mean(axis=0) - others, 6)
    order = sorted((number for number in range(len(words)) if above[number] > 0), key=lambda n: (-above[n], words[n]))
    return tuple(words[number] for number in order[:_WORDS])


def _shares(reports: Sequence[FailureReport], members: Sequence[int]) -> Mapping[str, float]:
    counts = Counter(reports[place].pattern or UNNAMED for place in members)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return {pattern: count / len(members) for pattern, count in ordered}
