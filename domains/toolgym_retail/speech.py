"""How the oracle speaks to a customer: the same things in five wordings."""

from __future__ import annotations

from typing import Literal, TypeAlias, get_args

from toolgym_retail.facts import Facts, ItemRef, Method, Request
from toolgym_retail.phrases import joined

Wording: TypeAlias = Literal["plain", "terse", "formal", "markdown", "model"]
"""A manner of speaking."""
WORDINGS: tuple[Wording, ...] = get_args(Wording)

_LINES: dict[str, dict[Wording, str]] = {
    "identity": {
        "plain": "Happy to help. Could you give me your e-mail address, or your full name and zip code?",
        "terse": "Your e-mail, or name and zip code?",
        "formal": "Before I can assist you, I kindly ask you to state the e-mail address of your account, or else your full name together with your zip code.",
        "markdown": "Thanks for reaching out! To find your account, please provide **one** of the following:\n\n- your e-mail address\n- your full name and zip code",
        "model": "Certainly! I'd be happy to help you with that. To get started, could you please provide your email address, or your first and last name along with your zip code, so that I can locate your account?",
    },
    "order": {
        "plain": "Which order is this about? If you have its number, please tell me.",
        "terse": "Which order? Number?",
        "formal": "Might I ask you for the number of the order in question?",
        "markdown": "Which **order** do you mean? Please tell me the order number, e.g. `#W0000000`.",
        "model": "Thank you! Could you please let me know which order this concerns? If you have the order number handy, that would be great.",
    },
    "items": {
        "plain": "Which items of the order do you mean?",
        "terse": "Which items?",
        "formal": "Kindly specify the items that you have in mind.",
        "markdown": "Which **items** of this order should I include?",
        "model": "Got it! Could you please tell me which item or items from this order you have in mind?",
    },
    "options": {
        "plain": "Which variant would you like instead?",
        "terse": "Which variant instead?",
        "formal": "Might I ask which variant you would prefer to receive instead?",
        "markdown": "Which **options** would you like for the new item?",
        "model": "Of course! Could you let me know which variant you would like instead, such as the color, the size or other options?",
    },
    "payment": {
        "plain": "Which payment method should be used for that?",
        "terse": "Which payment method?",
        "formal": "Kindly advise which payment method you wish to be used.",
        "markdown": "Which **payment method** would you like to use for this?",
        "model": "Thank you! One more detail: which payment method would you like me to use for this?",
    },
    "reason": {
        "plain": "May I ask why you want to cancel it?",
        "terse": "Reason for cancelling?",
        "formal": "For our records, may I ask the reason for the cancellation?",
        "markdown": "What is the **reason** for the cancellation?",
        "model": "I understand. Could you please share the reason why you would like to cancel this order?",
    },
    "address": {
        "plain": "What is the new address, with street, city, state and zip code?",
        "terse": "The new address, please?",
        "formal": "Kindly provide the complete new address, including street, city, state and zip code.",
        "markdown": "Please send me the new **address**:\n\n- street and number, apartment or suite\n- city and state\n- zip code",
        "model": "Sure thing! Could you please provide the full new address, including the street, city, state, and zip code?",
    },
    "go_ahead": {
        "plain": "Shall I go ahead? Please answer yes or no.",
        "terse": "OK to proceed?",
        "formal": "May I proceed accordingly? I await your explicit confirmation.",
        "markdown": "**Do you confirm this? (yes/no)**",
        "model": "Would you like me to proceed with this? Please reply \"yes\" to confirm.",
    },
    "summary": {
        "plain": "This is what I will do:",
        "terse": "",
        "formal": "With your permission, I shall do the following:",
        "markdown": "### Summary",
        "model": "Great, I have everything that I need! Here is what I'm going to do:",
    },
    "more": {
        "plain": "Is there anything else that I can do for you?",
        "terse": "Anything else?",
        "formal": "Is there any further matter in which I may assist you?",
        "markdown": "**Anything else** that I can help with?",
        "model": "Is there anything else I can help you with today?",
    },
    "refuse": {
        "plain": "I'm sorry, but I can't do that. {why}",
        "terse": "Sorry, that's not possible. {why}",
        "formal": "I regret to inform you that I am not permitted to do this. {why}",
        "markdown": "Unfortunately this is **not possible**.\n\n> {why}",
        "model": "I'm sorry for the inconvenience, but unfortunately I'm unable to do that under our policy. {why}",
    },
    "sold_out": {
        "plain": "I'm sorry, the {item} is out of stock in that variant: {values}.",
        "terse": "{item}, {values}: sold out.",
        "formal": "I regret that the {item} ({values}) is not available at present.",
        "markdown": "Unfortunately **{item}** ({values}) is currently **out of stock**.",
        "model": "I've checked that for you, and unfortunately the {item} with {values} is currently unavailable.",
    },
    "answer": {
        "plain": "You asked for {question}: {answer}.",
        "terse": "{answer}.",
        "formal": "As to {question}, I can inform you that it is {answer}.",
        "markdown": "**{question}**: {answer}",
        "model": "I've looked up {question} for you: it's {answer}.",
    },
    "transfer": {
        "plain": "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.",
        "terse": "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.",
        "formal": "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.",
        "markdown": "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.",
        "model": "YOU ARE BEING TRANSFERRED TO A HUMAN AGENT. PLEASE HOLD ON.",
    },
}  # fmt: skip


def line(wording: Wording, name: str, **slots: str) -> str:
    """One of the oracle's lines, its slots filled."""
    return _LINES[name][wording].format(**slots)


def proposal(wording: Wording, request: Request, facts: Facts, cost: float | None) -> str:
    """What is about to be done, in every detail, and the question for a go-ahead.

    Args:
        wording: How.
        request: What is proposed.
        facts: To tell the customer's own payment methods apart.
        cost: What the new items cost more (below 0: less), in dollars; None if nothing is changed for something else.
    """
    parts = details(request, facts, cost)
    listed = "\n".join(f"- {part}" for part in parts) if wording == "markdown" else " ".join(f"{part}." for part in parts)
    lead, ask = line(wording, "summary"), line(wording, "go_ahead")
    if wording == "markdown":
        return f"{lead}\n\n{listed}\n\n{ask}"
    return f"{lead} {listed} {ask}".strip()


def details(request: Request, facts: Facts, cost: float | None) -> list[str]:
    """What is about to be done, sentence by sentence."""
    kind, order = request.kind, request.order
    number = f"order {order.id}" if order is not None else "your profile"
    parts = []
    if kind == "cancel":
        parts.append(f"Cancel {number} (reason: {request.reason}); the money goes back to where it came from")
    elif kind == "return":
        parts.append(f"Return {joined([unit(item) for item in request.items])} from {number}")
    elif kind in ("exchange", "modify_items"):
        verb = "Exchange" if kind == "exchange" else "Change"
        for item in request.items:
            parts.append(f"{verb} {unit(item)} from {number} {'for' if kind == 'exchange' else 'to'} the {item.product} ({_values(item.new_options)})")
    elif kind == "modify_address":
        parts.append(f"Ship {number} to {request.address} instead")
    elif kind == "user_address":
        parts.append(f"Change the default address of your profile to {request.address}")
    elif kind == "modify_payment" and request.payment is not None:
        parts.append(f"Change the payment of {number} to {method(request.payment, facts)}")
    if order is not None and not order.known:
        parts.append(f"That is {order.clue}")
    if kind == "return" and request.payment is not None:
        parts.append(f"The refund goes to {method(request.payment, facts)}")
    if kind in ("exchange", "modify_items") and request.payment is not None:
        settle = f"The difference of ${abs(cost or 0.0):.2f} "
        parts.append(settle + ("is paid with" if (cost or 0.0) > 0 else "goes to") + f" {method(request.payment, facts)}")
    return parts


def report(wording: Wording, request: Request, facts: Facts) -> str:
    """What was done."""
    kind = request.kind
    number = f"order {request.order.id}" if request.order is not None else "your profile"
    told = {
        "cancel": f"I have cancelled {number}.",
        "return": f"The return of {joined([unit(item) for item in request.items])} from {number} has been requested.",
        "exchange": f"The exchange of {joined([unit(item) for item in request.items])} from {number} has been requested.",
        "modify_items": f"The items of {number} have been changed.",
        "modify_address": f"The shipping address of {number} has been changed.",
        "user_address": "The default address of your profile has been changed.",
        "modify_payment": f"The payment method of {number} has been changed.",
    }[kind]
    leads = {"plain": "Done.", "terse": "Done.", "formal": "It is my pleasure to confirm:", "markdown": "**Done!**", "model": "All set!"}
    return told if wording == "terse" else f"{leads[wording]} {told}"


def unit(item: ItemRef) -> str:
    """A unit with all its options."""
    return f"the {item.product} ({_values(item.options)})"


def method(used: Method, facts: Facts) -> str:
    """A payment method as a shop calls it."""
    if used.source == "paypal":
        return "your PayPal account"
    twins = [other for other in facts.methods if other.source == used.source]
    if used.source == "gift_card":
        return "your gift card" + (f" {used.id}" if len(twins) > 1 else "")
    return f"your {used.brand.title()} ending in {used.last_four}"


def _values(options: dict[str, str] | None) -> str:
    return ", ".join((options or {}).values())
