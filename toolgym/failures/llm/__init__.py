"""The analyst that is a model, and the clusters of what it says."""

from toolgym.failures.llm.analyst import LLMAnalyst
from toolgym.failures.llm.clusters import Cluster, clusters, name_clusters

__all__ = ["Cluster", "LLMAnalyst", "clusters", "name_clusters"]
