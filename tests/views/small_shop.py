"""A rendering and tools in which everything occurs that a view must tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from toolgym.messages import Message, ToolCall
from toolgym.rendering import Described, EntityKind, Rendering
from toolgym.views.aliases import Tagger
from toolgym.views.sight import Sight
from toolgym.views.spelling import InLetters, InSlots, words_of

LAMPS = ("1111111111", "2222222222")
SPOKEN = {LAMPS[0]: "Lamp (red)", LAMPS[1]: "Lamp (blue, tall)"}


class ShopRenderer:
    """Describes two lamps, a product and a card as soon as anything is returned."""

    def __init__(self) -> None:
        self.described: dict[str, Described] = {}

    def render(self, tool: str, output: str, *, error: bool) -> str:
        """The output itself."""
        self.described = {
            **{item: Described("Lamp", spoken) for item, spoken in SPOKEN.items()},
            "3333333333": Described(name="Lamp"),
            "card_1": Described("Visa"),
        }
        return output


SHOP = Rendering(
    (
        EntityKind("O", "order", r"#W[0-9]+", arguments=frozenset({"order_id"})),
        EntityKind("M", "card", r"\bcard_[0-9]+\b", arguments=frozenset({"card"})),
        EntityKind("I", "item", r"(?<!\d)\d{10}(?!\d)", arguments=frozenset({"item_ids", "product_id"})),
        EntityKind("W", "product", words=("Lamp", "Tea Pot"), readable=True),
        EntityKind("N", "name", arguments=frozenset({"first_name"}), readable=True),
    ),
    ShopRenderer,
    by_name=frozenset({"product_id"}),
)

_TEXT = {"type": "string"}
_PARAMETERS: dict[str, Mapping[str, Any]] = {
    "buy": {"order_id": _TEXT, "card": _TEXT, "note": _TEXT},
    "swap": {"item_ids": {"type": "array"}, "tags": {"type": "array"}, "first_name": _TEXT},
    "count": {
        "number": {"type": "integer"},
        "sure": {"type": "boolean"},
        "more": {"type": "object"},
        "any": {"anyOf": [_TEXT, {"type": "integer"}]},
    },
    "product": {"product_id": _TEXT},
    "stop": {},
}
TOOLS: Sequence[Mapping[str, Any]] = [
    {"type": "function", "function": {"name": name, "parameters": {"type": "object", "properties": parameters}}}
    for name, parameters in _PARAMETERS.items()
]
ARGUMENTS = {name: tuple(parameters) for name, parameters in _PARAMETERS.items()}
WORDS = frozenset(words_of("I have a order the Lamp and is yes no / | - , . ? ! ( ) ok done please buy swap count\n"))
SAID = "Orders #W1 and #W22, items 1111111111 2222222222 4444444444, card_1 and product 3333333333."


def open_sight(name: str, rendering: Rendering = SHOP, *, told: bool = True) -> Sight:
    """How an episode in the shop is seen, after an output that names things."""
    tagger = Tagger(rendering.kinds)
    letters = "".join(kind.letter for kind in tagger.kinds if not kind.readable) or "X"
    sight = Sight(rendering, InSlots(WORDS) if name == "slots" else InLetters(letters), TOOLS)
    if told:
        sight.show(Message("user", "Hello, it is about #W1."))
        sight.show(Message("assistant", None, (ToolCall("buy", {"order_id": "#W1"}, "call_0"),)))
        sight.show(Message("tool", SAID, tool_call_id="call_0"))
    return sight


def meant(message: Message) -> tuple[str, list[tuple[str, dict[str, Any]]]]:
    """What a message says and calls; blanks around what is said mean nothing."""
    calls = [(call.name, dict(call.arguments)) for call in message.tool_calls]
    return (message.content or "").strip(), calls
