"""Tasks drawn from a world: what members may want, and what makes it hard."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from toolgym import Task
from toolgym.database import Rows, Session
from toolgym.generation import ArgumentRole, ArgumentRoles, DecoyCall, Difficulty, Injector
from toolgym.generators import scenario
from toolgym.generators.doses import Method, beside_forbidden, dosed, harder, many_errands, with_facts
from toolgym.generators.drafts import Caller, Draft, Goal, speech
from toolgym.generators.explorer import GoalExplorer
from toolgym.generators.recipes import Recipe, after, change_of_mind, mixed, refuse, several, single, with_question
from toolgym.scripted.facts import question_text
from toolgym.worlds import Dice
from toolgym.worlds.identities import Entity
from toolgym_library.facts import QUESTION, Facts, Request
from toolgym_library.oracle import call
from toolgym_library.records import loan_id
from toolgym_library.worlds import LIMIT, generate


class MemberCaller(Caller[Request, Facts]):
    """One member after another, and what each may want."""

    def __init__(self, rows: Rows, dice: Dice) -> None:
        super().__init__(rows["assistant"]["members"], dice)
        self.books: Mapping[str, Any] = rows["assistant"]["books"]
        self.all_loans: Mapping[str, Any] = rows["assistant"]["loans"]
        self.asked = ""
        """The title that was asked about last: a twin must leave it alone, since it keeps the question."""

    @property
    def loans(self) -> list[Any]:
        """The member's loans."""
        return [one for one in self.all_loans.values() if one["member_id"] == self.user_id]

    @property
    def full(self) -> bool:
        """Whether the member has as many books as the rules allow."""
        return len(self.loans) >= LIMIT

    def is_in(self, book: Any) -> bool:
        """Whether a book is in and may leave the library."""
        return not book["reference"] and loan_id(book["book_id"]) not in self.all_loans

    def can_renew(self, loan: Any) -> bool:
        """Whether the rules let a loan be renewed."""
        return not loan["renewed"] and self.books[loan["book_id"]]["reserved_by"] is None

    def editions(self, book: Any) -> list[Any]:
        """The other editions of the title."""
        return [one for one in self.books.values() if one["title"] == book["title"] and one is not book]

    def about(self, kind: str, found: Sequence[Any], **more: Any) -> Request | None:
        """A request about one of some books or loans; None if there are none."""
        if not found:
            return None
        one = self.dice.pick(found)
        book = self.books[one["book_id"]]
        numbers = {name: one[name] for name in ("book_id", "loan_id") if name in one}
        return Request(kind=kind, title=book["title"], edition=book["edition"], **numbers, **more)

    def borrow(self) -> Request | None:
        """To borrow a book that is in."""
        return None if self.full else self.about("borrow", [one for one in self.books.values() if self.is_in(one)])

    def give_back(self) -> Request | None:
        """To give a book back."""
        return self.about("give_back", self.loans)

    def renew(self) -> Request | None:
        """To renew a loan for the first time."""
        return self.about("renew", [one for one in self.loans if self.can_renew(one)])

    def reserve(self) -> Request | None:
        """To reserve a book that somebody else has."""
        mine = {one["book_id"] for one in self.loans}
        lent = {one["book_id"] for one in self.all_loans.values()} - mine
        return self.about(
            "reserve",
            [one for key, one in self.books.items() if key in lent and one["reserved_by"] is None],
        )

    def any_write(self) -> Request | None:
        """To borrow, give back, renew or reserve."""
        return self.dice.pick((self.borrow, self.give_back, self.renew, self.reserve))()

    def lent_out(self) -> Request | None:
        """To borrow a book that somebody else has; if so, another edition, or to reserve it."""
        wish = None if self.full else self.reserve()
        if wish is None:
            return None
        editions = [one for one in self.editions(self.books[wish.book_id]) if self.is_in(one)]
        instead = self.about("borrow", editions) if self.dice.pick((True, False)) else None
        return wish.model_copy(update={"kind": "borrow", "otherwise": instead or wish})

    def refused_then(self) -> Request | None:
        """To renew what cannot be renewed; if so, to give it back."""
        wish = self.not_again()
        if wish is None:
            return None
        instead = wish.model_copy(update={"kind": "give_back", "forbidden": ""})
        return wish.model_copy(update={"otherwise": instead})

    def reference(self) -> Request | None:
        """To borrow a book that stays in the library."""
        found = [one for one in self.books.values() if one["reference"]]
        return self.about("borrow", found, forbidden="It is a reference book, and those stay in the library.")

    def too_many(self) -> Request | None:
        """To borrow one book more than the rules allow."""
        found = [one for one in self.books.values() if self.is_in(one)]
        return self.about(
            "borrow", found if self.full else (), forbidden=f"Nobody may have more than {LIMIT} books at once."
        )

    def not_again(self) -> Request | None:
        """To renew a loan that was renewed, or whose book somebody has reserved."""
        wish = self.about("renew", [one for one in self.loans if not self.can_renew(one)])
        if wish is None:
            return None
        renewed = self.all_loans[wish.loan_id]["renewed"]
        why = (
            "A loan can be renewed only once, and this one has been."
            if renewed
            else "Somebody else is waiting for the book."
        )
        return wish.model_copy(update={"forbidden": why})

    def forbidden(self) -> Request | None:
        """Something that the rules do not allow."""
        return self.dice.pick((self.reference, self.too_many if self.full else self.not_again, self.not_again))()

    def renew_then_give_back(self) -> Request | None:
        """First to renew a loan, then rather to give it back; or first one edition, then rather another."""
        if self.dice.pick((True, False)):
            final = self.borrow()
            editions = [] if final is None else self.editions(self.books[final.book_id])
            first = self.about("borrow", [one for one in editions if self.is_in(one)])
            if final is not None and first is not None:
                return after(first, final)
        first = self.renew()
        return None if first is None else after(first, first.model_copy(update={"kind": "give_back"}))

    def allowed_like(self, refused: Request) -> Request | None:
        """What the rules allow, of the same kind as something refused where the member can have it."""
        makers = {"renew": self.renew, "borrow": self.borrow}
        for maker in (makers[refused.kind], self.reserve):
            wish = maker()
            if wish is not None and wish.title not in (self.asked, refused.title):
                return wish
        return None

    def ask(self) -> Request | None:
        """When a loan is due, or where a book stands."""
        wish = self._question()
        self.asked = "" if wish is None else wish.title
        return wish

    def _question(self) -> Request | None:
        if self.dice.pick((True, False)):
            wish = self.about(QUESTION, self.loans)
            if wish is None:
                return None
            due = self.all_loans[wish.loan_id]["due"]
            return wish.model_copy(update={"question": f"when {wish.book} is due", "answer": due})
        wish = self.about(QUESTION, [one for one in self.books.values() if self.is_in(one)])
        if wish is None:
            return None
        shelf = self.books[wish.book_id]["shelf"]
        return wish.model_copy(update={"question": f"on which shelf {wish.book} is", "answer": shelf})

    def changes(self, request: Request) -> set[str]:
        """The title, so that no two requests speak of one; and the limit, where it matters who comes first."""
        if request.kind == QUESTION:
            return set()
        limit = {"the limit"} if self.full and request.kind in ("borrow", "give_back") else set()
        return {request.title} | limit

    def answers_move(self, requests: Sequence[Request]) -> bool:
        """Whether a title that is asked about is changed too: then the answer depends on when it is given."""
        changed = self.touched(*requests)
        return any(one.title in changed for one in requests if one.kind == QUESTION)

    def facts(self, draft: Draft[Request], like: Facts | None = None) -> Facts:
        """Who the member is, and what it wants."""
        return Facts(member_id=self.user_id, **speech(draft, like, self.dice))


RECIPES: dict[str, Recipe[MemberCaller, Request]] = {
    "borrow": single(MemberCaller.borrow),
    "give_back": single(MemberCaller.give_back),
    "renew": single(MemberCaller.renew),
    "reserve": single(MemberCaller.reserve),
    "two": several(2),
    "three": several(3),
    "ask_and_change": with_question(lambda wish, question: wish.title != question.title),
    "change_of_mind": change_of_mind(MemberCaller.renew_then_give_back),
    "lent_out": single(MemberCaller.lent_out),
    "refused_then": single(MemberCaller.refused_then),
    "mixed": mixed(MemberCaller.forbidden),
    "refuse": refuse(MemberCaller.forbidden),
}


def like_editions(caller: MemberCaller, difficulty: Difficulty) -> Draft[Request] | None:
    """A title of which other editions are in too."""
    wish = caller.borrow()
    if wish is None:
        return None
    rivals = [one for one in caller.editions(caller.books[wish.book_id]) if caller.is_in(one)]
    return dosed(caller, [wish], difficulty, "other editions") if rivals else None


def like_titles(caller: MemberCaller, difficulty: Difficulty) -> Draft[Request] | None:
    """A loan beside which the member has another one that is called alike."""
    wish = caller.dice.pick((caller.give_back, caller.renew))()
    if wish is None:
        return None
    titles = [caller.books[one["book_id"]]["title"] for one in caller.loans if one["loan_id"] != wish.loan_id]
    alike = [title for title in titles if title.split()[1] == wish.title.split()[1]]
    return dosed(caller, [wish], difficulty, "titles that are alike") if alike else None


def two_numbers(caller: MemberCaller, difficulty: Difficulty) -> Draft[Request] | None:
    """Something that is done by the number of a book, beside something that is done by the number of a loan."""
    by_book = caller.dice.pick((caller.borrow, caller.reserve))()
    by_loan = caller.dice.pick((caller.give_back, caller.renew))()
    if by_book is None or by_loan is None or caller.changes(by_book) & caller.changes(by_loan):
        return None
    return dosed(caller, [by_book, by_loan], difficulty, "two kinds of numbers")


INJECTORS: dict[Injector, Method[MemberCaller, Request]] = {
    Injector(
        "like_editions",
        "wrong_variant",
        "The title is in in several editions, and one is meant.",
        "I'd like the paperback of The Silent Harbour. (The hardback is in too.)",
    ): like_editions,
    Injector(
        "like_titles",
        "wrong_record",
        "The member has borrowed two books whose titles begin alike, and one is meant.",
        "Please renew The Silent Harbour. (There is The Silent Garden too.)",
    ): like_titles,
    Injector(
        "two_numbers",
        "invalid_argument",
        "One thing is done by the number of a book, another by the number of a loan.",
        "Lend me the paperback of The Velvet Clock, and renew The Silent Harbour.",
    ): two_numbers,
    Injector(
        "second_thoughts",
        "no_confirmation",
        "What is wanted changes when the action is proposed.",
        "Please renew The Silent Harbour. ... No, rather take it back.",
    ): harder(change_of_mind(MemberCaller.renew_then_give_back), "second thoughts", hurried=True),
    Injector(
        "many_errands",
        "ended_early",
        "Three things are asked for in the first message.",
        "I'm returning The Silent Harbour, need The Velvet Clock for longer, and want to borrow The Humble Baker.",
    ): many_errands("many errands at once"),
    Injector(
        "somebody_has_it",
        "repeated_call",
        "The book is lent to somebody; what is taken instead is told only then.",
        "The paperback of The Silent Harbour. ... Lent out? Then the audiobook.",
    ): harder(single(MemberCaller.lent_out), "somebody has it"),
    Injector(
        "fact_among_errands",
        "fact_not_said",
        "A question stands among things to be done.",
        "Take back The Velvet Clock, and tell me when The Silent Harbour is due.",
    ): with_facts(1, lambda difficulty: difficulty.steps, "a fact among errands"),
    Injector(
        "against_the_rules",
        "forbidden_write",
        "Something that the rules forbid is asked for beside something that can be done.",
        "Lend me The Hidden Archive. (It is a reference book.) And take back The Velvet Clock.",
    ): beside_forbidden(mixed(MemberCaller.forbidden), lambda wish: bool(wish.forbidden), "against the rules"),
    Injector(
        "second_best",
        "needless_transfer",
        "A loan cannot be renewed; told so, the member gives the book back.",
        "I need The Silent Harbour for longer. ... Somebody has reserved it? Then take it back.",
    ): harder(single(MemberCaller.refused_then), "second best"),
}


def make_task(goal: Goal[Facts], task_id: str, *, world: str) -> Task:
    """The task of a goal."""

    def wish(request: Request) -> str:
        if request.kind == QUESTION:
            return f"to be told {question_text(request)}"
        verb = {"borrow": "borrow", "give_back": "give back", "renew": "renew", "reserve": "reserve"}[request.kind]
        return f"to {verb} {request.book}"

    found = goal.facts
    look_up = {"name": "get_member", "arguments": {"member_id": found.member_id}}
    return scenario.make_task(
        goal,
        task_id,
        domain="library",
        world=world,
        generator="toolgym_library",
        calls=[look_up, *scenario.writes(found, partial(call, member_id=found.member_id))],
        instructions={
            "reason_for_call": scenario.reason_for_call(found, wish),
            "known_info": f"The number of your library card is {found.member_id}.",
            "unknown_info": "You do not know the numbers of books and loans.",
            "task_instructions": scenario.task_instructions(found, "titles and editions"),
        },
    )


class LibraryRoles:
    """A loan is a record that a write changes; the books of a title are variants, its editions."""

    transfers = ("transfer_to_human_agents",)

    def role(self, tool: str, argument: str) -> ArgumentRole:
        """What an argument of a write names."""
        if argument == "loan_id":
            return "record"
        return "variant" if argument == "book_id" else "value"

    def items(self, session: Session, record: str) -> Mapping[str, str]:
        """What a record holds."""
        return {}

    def kind_of(self, session: Session, item: str) -> str | None:
        """The title of a book."""
        book = session.get("assistant", "books", item)
        return None if book is None else str(book["title"])

    def owner(self, session: Session, record: str) -> str | None:
        """Whose loan it is."""
        loan = session.get("assistant", "loans", record)
        return None if loan is None else str(loan["member_id"])

    def decoys(self, task: Task) -> Sequence[DecoyCall]:
        """What the rules forbid, and what was wanted before a change of mind."""
        facts = Facts.of(task)
        found = [("forbidden_write", one) for one in facts.requests if one.forbidden]
        found += [("no_confirmation", one.first) for one in facts.requests if one.first is not None]
        return [DecoyCall(pattern, **call(one, facts.member_id)) for pattern, one in found]


class LibraryTaskGenerator:
    """Worlds of libraries, and what their members want."""

    kinds: Sequence[str] = tuple(RECIPES)
    injectors: Sequence[Injector] = tuple(INJECTORS)
    argument_roles: ArgumentRoles = LibraryRoles()

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        """A library with 60 members."""
        return generate(rng, 60, taken)

    def explore(self, rows: Rows, world: str, rng: np.random.Generator) -> GoalExplorer[MemberCaller, Facts]:
        """What the members of a library may want."""
        return GoalExplorer(
            MemberCaller(rows, Dice(rng)),
            recipes=RECIPES,
            injectors=INJECTORS,
            twins={"refuse": MemberCaller.allowed_like},
            make_task=partial(make_task, world=world),
        )


__all__ = ["INJECTORS", "RECIPES", "LibraryTaskGenerator", "MemberCaller"]
