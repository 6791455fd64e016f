"""Chat models behind any OpenAI-compatible endpoint."""

from toolgym.models.client import ChatModel, Conversation
from toolgym.models.errors import RefusedError
from toolgym.models.limits import Throttle
from toolgym.models.replies import Reply
from toolgym.models.settings import ModelSettings, Price

__all__ = ["ChatModel", "Conversation", "ModelSettings", "Price", "RefusedError", "Reply", "Throttle"]
