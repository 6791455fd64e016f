"""What models are told: the instructions of each part that a model plays, and dialogues as one side tells them."""

from toolgym.prompts.chat import as_chat
from toolgym.prompts.wording import OWN, POLICY, ToolText, Wording, home, own_text, store, wording_of

__all__ = ["OWN", "POLICY", "ToolText", "Wording", "as_chat", "home", "own_text", "store", "wording_of"]
