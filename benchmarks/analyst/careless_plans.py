"""How the careless clerk makes up its mind: what to do about a request, and how to get out of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.analyst.careless_reading import (
    ORDER,
    Record,
    address_in,
    alternative,
    around,
    clue_of,
    method_in,
    names_in,
    variant_for,
    without_clue,
)
from benchmarks.analyst.careless_speech import BRIEFLY, REPORTS, address_text, listed, method_text, unit_text
from benchmarks.analyst.careless_work import ITEMS, Desk, Job, Talk

TOOLS = {
    "cancel": "cancel_pending_order",
    "return": "return_delivered_order_items",
    "exchange": "exchange_delivered_order_items",
    "modify_items": "modify_pending_order_items",
    "modify_address": "modify_pending_order_address",
    "user_address": "modify_user_address",
    "modify_payment": "modify_pending_order_payment",
}


@dataclass(frozen=True)
class Plan:
    """What the clerk means to do: the call, and how it puts it."""

    tool: str
    given: dict[str, Any]
    details: str
    brief: str
    report: str


class Planner(Desk):
    """The part of the clerk that decides."""

    def plan(self, job: Job, order: Record) -> Talk:
        """What to do; the name of a detail that is missing; or None if nothing is to be done after all."""
        kind, given, parts = job.kind, dict[str, Any](), list[str]()
        number, items = str(order.get("order_id", "")), ""
        if kind in ("modify_address", "user_address"):
            address = next(filter(None, map(address_in, self.recall(job))), None)
            if address is None:
                return "address"
            parts = [address_text(address)]
            if self.wanders(0.3):
                address |= {"address2": "", "zip": self.typed(address["zip"])}  # from memory
            given = dict(address)
            if kind == "user_address":
                given["user_id"] = self.user.get("user_id", "")
                parts = [f"Change the default address of your profile to {parts[0]}."]
            else:
                parts = [f"Ship order {number} to {parts[0]} instead."]
        elif kind == "cancel":
            reason = self.reason(job)
            if reason in ("reason", ""):
                return reason or (yield from self.sorry(job, "It must be no longer needed, or ordered by mistake."))
            given = {"reason": reason}
            parts = [f"Cancel order {number} (reason: {reason}); the money goes back to where it came from."]
        elif kind in ITEMS:
            units = self.units(job, order)
            if not units:
                return "items"
            items = listed([unit_text(unit) for unit in units])
            given["item_ids"] = [unit["item_id"] for unit in units]
            if kind == "return":
                parts = [f"Return {items} from order {number}."]
            else:
                chosen = yield from self.choose(job, units)
                if not isinstance(chosen, list):
                    return chosen
                given["new_item_ids"] = [variant["item_id"] for variant in chosen]
                verb, into = ("Exchange", "for") if kind == "exchange" else ("Change", "to")
                parts = [
                    f"{verb} {unit_text(unit)} from order {number} {into} {unit_text(variant, unit['name'])}."
                    for unit, variant in zip(units, chosen, strict=True)
                ]
        if kind in (*ITEMS, "modify_payment"):
            method = self.method(job, order)
            if method == "payment":
                return method
            shown = method_text(method, self.user.get("payment_methods", {}))
            given["payment_method_id"] = method
            original = order["payment_history"][0]["payment_method_id"]
            if kind == "return" and not method.startswith("gift") and method != original and not self.wanders(0.6):
                return (yield from self.sorry(job, "A refund goes to the original payment method or a gift card."))
            parts.append(
                f"Change the payment of order {number} to {shown}."
                if kind == "modify_payment"
                else f"The {'refund' if kind == 'return' else 'difference'} goes to {shown}."
            )
        if number:
            given = {"order_id": number, **given}
        if (clue := clue_of(job.text)) and not ORDER.search(job.text):
            parts.append(f"That is {clue.replace('my order', 'your order')}.")
        slots = {"order": number, "items": items}
        brief, report = BRIEFLY[kind].format(**slots), REPORTS[kind].format(**slots)
        return Plan(TOOLS[kind], given, "Here's what I'll do: " + " ".join(parts), brief, report)

    def reason(self, job: Job) -> str:
        """The reason that it enters; "reason" if it asks, empty if it remembers that this one will not do."""
        for text in map(str.lower, self.recall(job)):
            if any(word in text for word in ("mistake", "accident", "wrong")):
                return "ordered by mistake"
            if any(word in text for word in ("n't need", "no longer", "plans changed")):
                return "no longer needed"
        if "reason" in job.asked or "because" in job.text or "since" in job.text:
            return "no longer needed" if job.pushed or self.wanders(0.8) else ""
        return "no longer needed" if self.wanders(0.6) else "reason"

    def units(self, job: Job, order: Record) -> list[Record]:
        """The units that it takes to be meant; empty if it had better ask."""
        names = [item["name"] for item in order["items"]]
        wanted = [name for name in job.left if name in names]
        heard = job.text
        if not wanted:
            for heard in self.recall(job):
                wanted = names_in(heard if self.wanders(0.4) else without_clue(heard), names)
                if wanted:
                    break
        if not wanted:
            return list(order["items"][:1]) if "items" in job.asked or self.wanders(0.4) else []
        job.left = []
        if len(wanted) > self.slots and self.wanders(0.5):
            wanted = wanted[: self.slots]  # the rest slips its mind
        elif len(wanted) > 1 and self.wanders(0.35):
            wanted, job.left = wanted[:1], wanted[1:]  # one thing after the other
        closely = not self.wanders(0.4)
        chosen = []
        for name in wanted:
            same = [item for item in order["items"] if item["name"] == name]
            if closely:  # the one that is described best
                same.sort(key=lambda item: -sum(f"{value}" in heard for value in item["options"].values()))
            chosen.append(same[0])
        return chosen

    def choose(self, job: Job, units: Sequence[Record]) -> Talk:
        """The variants that units are to become; "options" if it asks, None if something is sold out."""
        closely = not self.wanders(0.6)
        names = [unit["name"] for unit in units]
        chosen = []
        for unit in units:
            product = yield from self.open_product(unit["product_id"])
            found = None
            for text in self.recall(job):
                other = alternative(text)
                head = text.removesuffix(other) if closely else text
                part = around(without_clue(head), unit["name"], names) if closely else text
                found = variant_for(part, product, unit, closely=closely)
                if found is not None and other and closely and not found["available"]:
                    found = variant_for(other, product, unit, closely=True)
                if found is not None:
                    break
            if found is None:
                return "options"
            if not found["available"] and not self.wanders(0.6):
                return (yield from self.sorry(job, "", "sold_out", item=unit["name"]))
            chosen.append(found)
        return chosen

    def method(self, job: Job, order: Record) -> str:
        """The payment method that it uses; "payment" if it asks."""
        methods: Mapping[str, Record] = self.user.get("payment_methods", {})
        closely = not self.wanders(0.5)
        for text in self.recall(job):
            if name := method_in(text, methods, closely=closely):
                return name
        original = str(order["payment_history"][0]["payment_method_id"])
        if "payment" in job.asked:
            return original
        if self.wanders(0.5):
            return original if job.kind == "return" or not methods else next(iter(methods))
        return "payment"

    # Saying no

    def sorry(self, job: Job, why: str, line: str = "refuse", **slots: str) -> Talk:
        """Refuse in the middle of planning; the plan is void, whatever comes next is a new note."""
        if not (yield from self.refuse(job, why, line, **slots)):
            job.ended = False
        return None

    def refuse(self, job: Job, why: str, line: str = "refuse", **slots: str) -> Talk:
        """Say no: True if that is the end of it, False if it is to try all the same, or anew."""
        known = len(job.words)
        reply = yield from self.say(self.line(line, why=why, **slots))
        fresh = self.note(reply, job)
        if fresh:
            return True
        if len(job.words) > known and len(reply) > 90:  # it wants the same, differently
            return False
        if "?" in reply or "again" in reply.lower():
            if self.soft > 0.45 and self.wanders(0.9):
                job.pushed = True
                return False
            if self.tired > 20 and self.wanders(0.5):
                yield from self.hand_over(why)
                return True
            reply = yield from self.say(self.line("refuse_again", why=why))
            self.note(reply)
        return True

    def hand_over(self, why: str) -> Talk:
        """Let somebody else deal with it."""
        yield from self.call(("transfer_to_human_agents", {"summary": why}))
        self.note((yield from self.say(self.line("handed"))))
