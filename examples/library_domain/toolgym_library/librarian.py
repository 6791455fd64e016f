"""An agent without a model: it acts on what it sees in its view alone, and can do two of the four kinds of tasks."""

import json
import re
from collections.abc import Sequence

import numpy as np

from toolgym import Domain, Message, Task, ToolCall


class Librarian:
    """Asks for the card, then lends or renews the book that was named."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator) -> None:
        self.made = 0  # an agent may not look into the task: it would be an oracle

    def respond(self, view: Sequence[Message]) -> Message:
        """See toolgym.domain.Agent."""
        heard = "\n".join(message.content or "" for message in view if message.role == "user")
        card, title, last = re.search(r"\bL\d+\b", heard), re.search(r"'([^']+)'", heard), view[-1]
        if last.error or title is None:
            return Message("assistant", "I am sorry, that is not possible.")
        if card is None:
            return Message("assistant", "What is the number of your card?")
        if last.role != "tool":
            return self._call("find_book", title=title[1])
        found = json.loads(last.content or "null")
        if isinstance(found, dict) and "out" in found:
            if found["out"]:
                return self._call("renew_loan", book_id=found["book_id"])
            return self._call("lend_book", book_id=found["book_id"], card=card[0])
        return Message("assistant", f"It is done. Days left: {found}." if isinstance(found, int) else "It is done.")

    def _call(self, name: str, **arguments: str) -> Message:
        self.made += 1
        return Message("assistant", None, (ToolCall(name, arguments, f"call_{self.made}"),))
