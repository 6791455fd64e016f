"""How ``toolgym failures`` groups failures that are alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from toolgym.failures.llm.clusters import Cluster
    from toolgym.failures.report import FailureReport
    from toolgym.models import Throttle
    from toolgym.models.settings import ModelSettings

MOST_CLUSTERED = 5000
"""Failures that are grouped without ``--clusters``, at most: time and memory grow with their square."""


@dataclass(frozen=True)
class Clustering:
    """How failures are grouped.

    Args:
        wanted: Whether to group them; None for "if there are not too many and the extra is installed".
        name: Whether the analyst's model names the groups.
        model: The analyst's model; None without.
        embeddings: The model that embeds explanations; None to compare their words.
    """

    wanted: bool | None
    name: bool
    model: ModelSettings | None
    embeddings: ModelSettings | None

    @property
    def required(self) -> bool:
        """Whether to fail, rather than to leave it out, where failures cannot be grouped."""
        return bool(self.wanted) or self.name or self.embeddings is not None

    def check(self) -> None:
        """Check the options before a model explains anything, and costs.

        Raises:
            DataError: If two options contradict each other, or one lacks the analyst's model.
            MissingExtraError: If groups are asked for and the extra is not installed.
        """
        from toolgym.errors import DataError
        from toolgym.failures.llm.clusters import check_extra

        if self.name and self.model is None:
            raise DataError("--name-clusters asks the analyst's model; name it with --analyst-model")
        if self.wanted is False and self.required:
            raise DataError("--no-clusters leaves nothing to name or to embed; leave it out, or the other option")
        if self.required:
            check_extra()

    def of(self, reports: Sequence[FailureReport], throttle: Throttle) -> list[Cluster] | None:
        """The groups of these failures; None if they are not grouped."""
        from toolgym.concurrency.bridge import wait_for
        from toolgym.errors import MissingExtraError
        from toolgym.failures.llm.clusters import clusters, name_clusters
        from toolgym.models import ChatModel
        from toolgym.models.embeddings import Embeddings

        if self.wanted is False or (not self.required and len(reports) > MOST_CLUSTERED):
            return None
        try:
            groups = clusters(reports, embed=None if self.embeddings is None else Embeddings(self.embeddings, throttle))
        except MissingExtraError:
            if self.required:
                raise
            return None
        if groups and self.name and self.model is not None:
            return wait_for(name_clusters(ChatModel(self.model, throttle), groups))
        return groups
