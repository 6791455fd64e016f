"""What a scripted user holds back while it makes calls of its own."""

from __future__ import annotations

from dataclasses import dataclass

from toolgym.language.speech_acts import Understood


@dataclass
class Held:
    """What the user will say to a message once it has made the calls that come before."""

    text: str
    heard: Understood
    reply: str
    since: int
    """At which message of the view its calls begin."""
    settles: bool
    """Whether the message settled a request."""
    calls: int = 0
