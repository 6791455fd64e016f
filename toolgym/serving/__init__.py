"""Serving: a domain's tools over MCP, and its customer as a model behind an OpenAI-compatible endpoint.

Both need what the extras ``serve`` and ``mcp`` bring; nothing of it is imported before it is used.
"""

from toolgym.serving.access import Access
from toolgym.serving.choice import EpisodeChoice
from toolgym.serving.customer import Customer
from toolgym.serving.episode import ServedEpisode, ToolAnswer
from toolgym.serving.sessions import Sessions

__all__ = ["Access", "Customer", "EpisodeChoice", "ServedEpisode", "Sessions", "ToolAnswer"]
