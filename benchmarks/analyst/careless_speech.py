"""What the careless clerk says, and how it puts an action to the customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

LINES: dict[str, tuple[str, ...]] = {
    "identity": (
        "Sure! Your email address please, or your full name and zip code?",
        "Happy to help. What's your email, or else your name and zip code?",
    ),
    "identity_again": (
        "Hm, I can't find you. Could you give me your full name and zip code, or your email address?",
        "That didn't come up. Your email, or your name and zip code once more, please?",
    ),
    "order": ("Which order is it? Do you have the order number?", "What's the order number, please?"),
    "items": ("Which items in the order do you mean?", "Which items exactly?"),
    "options": ("Which variant would you like instead?", "Which options should the new one have?"),
    "payment": ("Which payment method should I use for this?", "And which payment method, please?"),
    "reason": ("May I ask why you want to cancel it?", "What's the reason for the cancellation?"),
    "address": ("What is the new address, with street, city, state and zip code?", "And the full new address, please?"),
    "go": ("Shall I go ahead?", "Okay for me to go ahead?", "Should I go ahead with that?"),
    "more": ("Is there anything else I can do for you?", "Anything else?", "What else can I do for you?"),
    "refuse": ("I'm sorry, but I can't do that. {why}", "Sorry, that's not possible. {why}"),
    "refuse_again": ("I understand, but there is really nothing I can do here. {why}", "Still no, sorry. {why}"),
    "try": ("Okay, let me see what I can do for you, one moment.", "All right, I'll try to make it work, hang on."),
    "sold_out": ("I'm sorry, the {item} is out of stock in that variant.", "That {item} is sold out, I'm afraid."),
    "lost": ("I can't find that order, sorry. Could you tell me which order it is?",),
    "handed": ("YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.",),
    "puff": (
        "You'll have the money back by tomorrow.",
        "I'd have picked the same, by the way, people love that one.",
        "I've also put a little discount on your next order.",
        "Our courier will be with you first thing in the morning.",
    ),
    "told_already": ("That has been taken care of already.", "That's all sorted on my side."),
}


def unit_text(item: Mapping[str, Any], name: str = "") -> str:
    """A unit or variant with its options."""
    return f"the {name or item['name']} ({', '.join(item['options'].values())})"


def listed(words: Sequence[str]) -> str:
    """Words in a sentence."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1] if words else "it"


def method_text(name: str, methods: Mapping[str, Mapping[str, Any]]) -> str:
    """A payment method, as the customer would call it."""
    method = methods.get(name, {"source": "other"})
    if method["source"] == "paypal":
        return "your PayPal account"
    if method["source"] == "gift_card":
        cards = [other for other in methods.values() if other["source"] == "gift_card"]
        return "your gift card" + (f" {name}" if len(cards) > 1 else "")
    if method["source"] == "credit_card":
        return f"your {method['brand'].title()} ending in {method['last_four']}"
    return "your usual payment method"


def address_text(address: Mapping[str, str]) -> str:
    """An address in one line."""
    street = f"{address['address1']}, {address['address2']}" if address["address2"] else address["address1"]
    return f"{street}, {address['city']}, {address['state']} {address['zip']}"


REPORTS = {
    "cancel": "Done. I have cancelled order {order}.",
    "return": "Done. The return of {items} from order {order} has been requested.",
    "exchange": "Done. The exchange of {items} from order {order} has been requested.",
    "modify_items": "Done. The items of order {order} have been changed.",
    "modify_address": "Done. The shipping address of order {order} has been changed.",
    "user_address": "Done. The default address of your profile has been changed.",
    "modify_payment": "Done. The payment method of order {order} has been changed.",
}
BRIEFLY = {
    "cancel": "So, I'll cancel order {order}.",
    "return": "So, I'll return {items} from order {order}.",
    "exchange": "So, I'll exchange {items} from order {order} as you said.",
    "modify_items": "So, I'll change {items} in order {order} as you said.",
    "modify_address": "So, I'll change where order {order} is shipped.",
    "user_address": "So, I'll change the default address of your profile.",
    "modify_payment": "So, I'll change the payment of order {order}.",
}
