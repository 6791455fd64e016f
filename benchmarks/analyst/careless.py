"""A careless assistant: a clerk in a hurry, whose attention runs out. It acts on what it may see alone."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.analyst.careless_plans import TOOLS, Plan, Planner
from benchmarks.analyst.careless_reading import EMAIL, NAME, ORDER, ZIP, Record, names_in, reaction, total_of
from benchmarks.analyst.careless_work import PENDING, Job, Talk
from toolgym import make_domain, make_user
from toolgym.domain import Agent, Domain
from toolgym.messages import Message
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.trajectory import Trajectory

FAILURES = Path(__file__).parent / "frozen" / "careless.jsonl"
HELD_OUT = Path(__file__).parent / "frozen" / "careless_held_out.jsonl"
TRIALS = 2
KEPT = 50


class Careless(Planner):
    """Serves customers the way somebody does who would rather be elsewhere."""

    def __init__(self, rng: np.random.Generator) -> None:
        super().__init__(rng)
        self.later: list[Plan] = []
        self._talk = self.talk()

    def respond(self, view: Sequence[Message]) -> Message:
        """See Agent."""
        self.view = view
        return next(self._talk)

    def talk(self) -> Talk:
        """The whole conversation."""
        self.note(self.last())
        if not (self.jobs and ORDER.search(self.jobs[0].text) and self.wanders(0.35)):
            yield from self.identify()
        while True:
            if self.later and not self.wanders(0.8):
                plan = self.later.pop(0)
                yield from self.call((plan.tool, plan.given))
            job = next((job for job in self.jobs if not job.ended), None)
            if job is not None:
                job.ended = True
                yield from self.serve(job)
                continue
            text = self.line("more")
            if self.lead and self.glib > 0.6 and self.wanders(0.6):
                text = f"{self.line('puff')} {text}"
            reply = yield from self.say(text)
            if not self.note(reply) and all(job.ended for job in self.jobs):
                self.note((yield from self.say(self.line("told_already"))))

    def identify(self) -> Talk:
        """Find the customer's account."""
        heard, again = "", ""
        for _ in range(3):
            heard += " " + (yield from self.say(self.line(f"identity{again}")))
            again = "_again"
            mail, zipped, name = EMAIL.search(heard), ZIP.search(heard), NAME.search(heard)
            if mail:
                found = ("find_user_id_by_email", {"email": mail.group(0)})
            elif zipped and name:
                given = {"first_name": name.group(1), "last_name": name.group(2).strip(), "zip": zipped.group(0)}
                found = ("find_user_id_by_name_zip", given)
            else:
                continue
            (user_id,) = yield from self.call(found)
            if isinstance(user_id, str):
                yield from self.look_up(user_id)
                return

    def look_up(self, user_id: str) -> Talk:
        """Look at an account."""
        (user,) = yield from self.call(("get_user_details", {"user_id": user_id}))
        self.user = user if isinstance(user, Mapping) else {}

    # Serving

    def serve(self, job: Job) -> Talk:
        """Deal with one request, as it understands it."""
        if job.kind == "question":
            yield from self.tell(job)
            return
        for _ in range(7):
            order: Record = {}
            if job.kind == "user_address":
                if not self.user:
                    yield from self.identify()
            else:
                found = yield from self.find(job)
                if found is None:
                    yield from self.hand_over("The order cannot be found.")
                    return
                order = found
                if not self.user:
                    yield from self.look_up(order["user_id"])
                wanted = "pending" if job.kind in PENDING else "delivered"
                if order["status"] != wanted and not job.pushed and not self.wanders(0.5):
                    if (yield from self.refuse(job, f"The order is {order['status']}, not {wanted}.")):
                        return
                    continue
            plan = yield from self.plan(job, order)
            if isinstance(plan, str):
                job.asked.add(plan)
                self.note((yield from self.say(self.line(plan))), job, plan)
            elif plan is None:
                return
            elif (yield from self.agreed(job, plan)):
                yield from self.perform(job, plan, order)
                if not job.left:
                    return
            elif job not in self.jobs:
                return

    # Getting it done

    def agreed(self, job: Job, plan: Plan) -> Talk:
        """Whether to go on with a plan: the customer said yes, or so it seemed."""
        if len(job.text) > 60 and self.wanders(0.45):
            return True  # the customer has said what it wants, after all
        text = plan.brief if self.wanders(0.7) else plan.details
        for _ in range(3):
            reply = yield from self.say(f"{text} {self.line('go')}")
            heard = reaction(reply)
            if heard == "yes" or self.wanders(0.55 if heard == "no" else 0.3):
                return True
            fresh = self.note(reply, job)
            if heard == "no":
                if fresh and not self.wanders(0.4):
                    self.jobs.remove(job)
                return self.proud > 0.8 and job in self.jobs and self.wanders(0.6)  # it knows better
            text = plan.details
        return False

    def perform(self, job: Job, plan: Plan, order: Record) -> Talk:
        """Do it, or mean to do it presently; it is reported with the next thing said."""
        if self.wanders(0.12):
            self.later.append(plan)
            self.lead = plan.report
            return
        (result,) = yield from self.call((plan.tool, plan.given))
        if isinstance(result, tuple):
            yield from self.trouble(job, plan, order, result[0])
            return
        if "order_id" in result and not self.wanders(0.6):
            self.records[result["order_id"]] = result
        if not self.wanders(0.15):
            self.lead = plan.report
        if "address" in job.kind and self.glib > 0.5 and self.wanders(0.4):  # "while I am at it"
            street = {name: given for name, given in plan.given.items() if name not in ("order_id", "user_id")}
            if job.kind == "modify_address":
                also = {"user_id": self.user.get("user_id", ""), **street}
                yield from self.call((TOOLS["user_address"], also))
            elif self.user.get("orders"):
                also = {"order_id": self.screen or self.user["orders"][-1], **street}
                yield from self.call((TOOLS["modify_address"], also))

    def trouble(self, job: Job, plan: Plan, order: Record, error: str) -> Talk:
        """A tool said no: it does not look, tries something else, or gives up."""
        if self.wanders(0.5):
            self.lead = plan.report
            return
        detour: tuple[str, dict[str, Any]] | None = None
        paid = order["payment_history"][0]["payment_method_id"] if order else ""
        given = dict(plan.given)
        if "pending" in error and order["status"] == "delivered" and job.kind == "cancel":
            units = [item["item_id"] for item in order["items"]]
            given = {"order_id": order["order_id"], "item_ids": units, "payment_method_id": paid}
            detour = (TOOLS["return"], given)
        elif "delivered" in error and order["status"] == "pending":
            if job.kind == "return":
                detour = (TOOLS["cancel"], {"order_id": order["order_id"], "reason": "no longer needed"})
            else:
                detour = (TOOLS["modify_items"], given)
        elif "available" in error:
            for place, unit_id in enumerate(given["item_ids"]):
                unit = next(item for item in order["items"] if item["item_id"] == unit_id)
                product = yield from self.open_product(unit["product_id"])
                left = [name for name, one in product["variants"].items() if one["available"] and name != unit_id]
                if given["new_item_ids"][place] not in left and left:
                    new = list(given["new_item_ids"])
                    new[place] = left[0]
                    given["new_item_ids"] = new
            detour = (plan.tool, given)
        elif "payment method" in error.lower() or "balance" in error:
            others = [name for name in self.user.get("payment_methods", {}) if name != given["payment_method_id"]]
            name = paid if paid != given["payment_method_id"] else next(iter(others), paid)
            detour = (plan.tool, given | {"payment_method_id": name})
        if detour is not None and (self.soft > 0.6 or self.wanders(0.5)):
            (result,) = yield from self.call(detour)
            if not isinstance(result, tuple):
                self.lead = plan.report
                return
        if self.tired > 25 and self.wanders(0.5):
            yield from self.hand_over(error)
        else:
            yield from self.refuse(job, error.removeprefix("Error: ") + ".")

    def tell(self, job: Job) -> Talk:
        """Answer a question, from what is at hand."""
        text = job.text.lower()
        if "gift card" in text and "paid" not in text:
            cards = [one for one in self.user.get("payment_methods", {}).values() if one["source"] == "gift_card"]
            figure, what = (cards[0]["balance"] if cards else 0.0), "There is {} left on your gift card."
        else:
            stale = bool(self.screen) and self.wanders(0.45)  # what is on the screen will do
            order = self.records[self.screen] if stale else (yield from self.find(job))
            if order is None:
                yield from self.say("I can't see that from here, sorry.")
                return
            named = names_in(job.text, [item["name"] for item in order["items"]])
            if "tracking" in text:
                parcels = [number for parcel in order["fulfillments"] for number in parcel["tracking_id"]]
                self.note((yield from self.say(f"The tracking number is {(parcels or ['not there yet'])[0]}.")))
                return
            if "total" in text or not named:
                figure, what = total_of(order), "The order came to {} in total."
                if self.wanders(0.5):
                    figure = order["payment_history"][-1]["amount"]  # the last line of the account
            else:
                item = next(item for item in order["items"] if item["name"] == named[0])
                figure, what = item["price"], f"You paid {{}} for the {item['name']}."
                if self.wanders(0.5):  # from the catalogue
                    product = yield from self.open_product(item["product_id"])
                    figure = next((one["price"] for one in product["variants"].values()), figure)
        shown = f"about ${round(figure)}" if self.wanders(0.35) else f"${figure:.2f}"
        self.note((yield from self.say(what.format(shown))))


def careless(domain: Domain, task: Task, rng: np.random.Generator) -> Agent:
    """The careless assistant; it looks at neither the domain nor the task."""
    return Careless(rng)


def attempts(split: str = "dev", seed: int = 0) -> list[Trajectory]:
    """Its episodes with all tasks of a split, without what depends on the clock."""
    retail, customer = make_domain("retail"), make_user("scripted")
    kept = []
    for task in retail.tasks[split]:
        for trial in range(TRIALS):
            episode = play(retail, task, careless, customer, seed=seed, trial=trial)
            facts: dict[str, Any] = {"agent": "careless", "user": "scripted"}
            facts |= {"trial": trial, "seed": seed, "split": split}
            kept.append(replace(episode.trajectory(**facts), started=None, seconds=None))
    return kept


def write_failures(path: Path, split: str = "dev", seed: int = 0, draw: int = 0) -> None:
    """Draw failures from all of its attempts, and write them in the order in which they were made.

    The defaults give FAILURES; `write_failures(HELD_OUT, "validation", seed=1, draw=7)` gives HELD_OUT.

    Args:
        path: The file that is written, one trajectory a line.
        split: The split whose tasks are played.
        seed: The seed of the episodes.
        draw: The seed of the draw from the failures.
    """
    failures = [one for one in attempts(split, seed) if one.success is False]
    drawn = sorted(np.random.default_rng(draw).choice(len(failures), KEPT, replace=False))
    path.write_text("".join(failures[place].to_json() + "\n" for place in drawn), encoding="ascii")


if __name__ == "__main__":  # python careless.py [PATH [SPLIT SEED DRAW]]
    where, of, played, drawn_by = [*sys.argv[1:], *(str(FAILURES), "dev", "0", "0")[len(sys.argv) - 1 :]]
    write_failures(Path(where), of, seed=int(played), draw=int(drawn_by))
