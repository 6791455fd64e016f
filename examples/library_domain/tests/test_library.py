"""What must hold of the library."""

import json
import re
from collections.abc import Sequence
from functools import partial

import numpy as np
import pytest

from toolgym import Domain, Message, Task, make_env
from toolgym.certificates import check_dataset
from toolgym.database import Database
from toolgym.failures import RulesAnalyst
from toolgym.rollouts import play
from toolgym.testing import check_domain
from toolgym_library import DOMAIN
from toolgym_library.facts import QUESTION, Facts
from toolgym_library.librarian import YES, Librarian
from toolgym_library.oracle import Novice, Oracle
from toolgym_library.records import EDITIONS, Book, Loan
from toolgym_library.titles import editions_in, titles_in
from toolgym_library.worlds import LIMIT, generate

MEMBER = DOMAIN.users["scripted"]
TASKS = [task for split in DOMAIN.tasks.splits() for task in DOMAIN.tasks[split]]


class Says:
    """An assistant that says given lines."""

    def __init__(self, domain: Domain, task: Task, rng: np.random.Generator, *, lines: Sequence[str]) -> None:
        self.lines = list(lines)

    def respond(self, view: Sequence[Message]) -> Message:
        return Message("assistant", self.lines.pop(0) if self.lines else "Goodbye.")


def replies(task: Task, *lines: str) -> list[str]:
    """What the member of a task answers to some lines, which may name what it wants."""
    wish = Facts.of(task).requests[0]
    other = next(edition for edition in EDITIONS if edition != wish.edition)
    names = {"book": wish.book, "title": wish.title, "edition": wish.edition, "other": other}
    episode = play(DOMAIN, task, partial(Says, lines=[line.format(**names) for line in lines]), MEMBER)
    return [message.content or "" for message in episode.messages if message.role == "user"][1:]


def of_kind(kind: str) -> Task:
    return next(task for task in TASKS if task.provenance is not None and task.provenance.kind == kind)


def test_the_domain_holds_together() -> None:
    check_domain(DOMAIN)


def test_every_task_passes_its_certificate() -> None:
    report = check_dataset(DOMAIN)
    assert report.ok, report.failed


def test_every_kind_is_among_the_tasks_of_every_split() -> None:
    kinds = set(DOMAIN.generator.kinds) if DOMAIN.generator else set()
    for split in DOMAIN.tasks.splits():
        assert kinds <= {task.provenance.kind for task in DOMAIN.tasks[split] if task.provenance}


@pytest.mark.parametrize("wording", Oracle.wordings)
def test_the_oracle_solves_every_task_in_every_wording(wording: str) -> None:
    for task in TASKS:
        assert play(DOMAIN, task, partial(Oracle, wording=wording), MEMBER).grade.success, task.id


def test_a_novice_fails_exactly_where_a_fault_lasted_and_the_analyst_finds_nearly_all() -> None:
    found = []
    for task in TASKS:
        for trial in range(4):
            episode = play(DOMAIN, task, Novice, MEMBER, trial=trial)
            lasting = {label.pattern for label in episode.injected if not label.recovered}
            assert episode.grade.success is not bool(lasting), (task.id, trial)
            if lasting:
                report = RulesAnalyst().explain_one(DOMAIN, task, episode.trajectory(trial=trial))
                found.append(lasting <= {finding.pattern for finding in report.findings})
    assert len(found) > 50
    assert sum(found) >= 0.95 * len(found), (sum(found), len(found))


def test_a_novice_without_rates_says_what_the_oracle_says() -> None:
    for task in TASKS[:12]:
        novice, oracle = (play(DOMAIN, task, agent, MEMBER) for agent in (partial(Novice, rates={}), Oracle))
        assert [one.content for one in novice.messages] == [one.content for one in oracle.messages]


def test_the_librarian_solves_most_from_what_it_hears() -> None:
    solved = [play(DOMAIN, task, Librarian, MEMBER).grade.success for task in TASKS]
    assert sum(map(bool, solved)) >= 0.9 * len(solved)


def test_no_task_asks_about_what_it_changes_and_none_exceeds_the_limit() -> None:
    rng = np.random.default_rng(7)
    rows = generate(rng, 40)
    world = DOMAIN.worlds.add(Database.build(DOMAIN.schemas, rows))
    assert DOMAIN.generator is not None
    drawn = [
        task
        for seed in range(20)
        for kind in DOMAIN.generator.kinds
        for task in DOMAIN.generator.explore(rows, world, np.random.default_rng(seed)).draw(kind, f"{kind}-{seed}")
    ]
    assert len(drawn) > 200
    for task in drawn:
        facts = Facts.of(task)
        asked = {one.title for one in facts.requests if one.kind == QUESTION}
        assert not asked & {one.title for one in facts.requests if one.kind != QUESTION}, task.id
        has = sum(loan["member_id"] == facts.member_id for loan in rows["assistant"]["loans"].values())
        calls = [action.name for action in task.evaluation_criteria.actions or ()]
        assert has + calls.count("borrow_book") <= LIMIT or "borrow_book" not in calls


@pytest.mark.parametrize("line", ["Your card number?", "Who am I speaking with?", "May I see your library card?"])
def test_the_member_says_the_number_of_its_card(line: str) -> None:
    task = of_kind("borrow")
    assert Facts.of(task).member_id in replies(task, line)[0]


@pytest.mark.parametrize(
    "line",
    ["Which edition?", "Do you want the {edition} or the {other}?", "In which format?", "Which title would you like?"],
)
def test_the_member_says_which_book_it_means(line: str) -> None:
    task = of_kind("borrow")
    assert editions_in(replies(task, line)[0]) == {Facts.of(task).requests[0].edition}


RIGHT = {
    "borrow": ("I'll check out {book} for you. Shall I go ahead?", "Would you like me to lend you {book}?"),
    "give_back": ("Shall I check {book} back in?", "I will mark {book} as returned. Do you confirm?"),
    "renew": ("I can extend your loan of {book} by two weeks. Shall I?", "Renew {book} until 2026-03-28?"),
    "reserve": ("I can place a hold on {book}. Do you want that?", "{book} is lent. Shall I reserve it for you?"),
}
REPORTS = {
    "borrow": ("Done! {book} is checked out to you.", "I've lent you {book}. Anything else?"),
    "give_back": ("{book} has been returned. Anything else?", "I've checked {book} in. Anything else?"),
    "renew": ("Your loan has been extended. Anything else?", "I have renewed {book}. Anything else?"),
    "reserve": ("{book} is now reserved for you. Anything else?", "I've placed a hold on {book}. Anything else?"),
}


@pytest.mark.parametrize("kind", RIGHT)
def test_the_member_agrees_to_what_it_wants_and_takes_a_report_for_done(kind: str) -> None:
    for propose in RIGHT[kind]:
        for report in REPORTS[kind]:
            first, second = replies(of_kind(kind), propose, report)
            assert YES.search(first), (propose, first)
            assert "###STOP###" in second, (report, second)


@pytest.mark.parametrize("kind", RIGHT)
def test_the_member_agrees_to_nothing_else(kind: str) -> None:
    for task in (task for task in TASKS if task.provenance and task.provenance.kind == kind):
        book = Facts.of(task).requests[0].book
        other = "The Crooked Pilot" if "Crooked Pilot" not in book else "The Velvet Clock"
        wrong = [line.replace("{book}", "the {other} of {title}") for line in RIGHT[kind]]
        wrong += [line.replace("{book}", f"the {{edition}} of {other}") for line in RIGHT[kind]]
        wrong += [line for others, lines in RIGHT.items() if others != kind for line in lines]
        for line in wrong:
            said = replies(task, line)[0]
            assert not re.match(r"(?:yes|yep|sure|okay|correct|go ahead|please do)\b", said, re.I), (line, said)


@pytest.mark.parametrize(
    "line",
    [
        "Unfortunately {book} is currently on loan until 2026-03-20.",
        "I'm sorry, that copy is checked out at the moment.",
        "Somebody else has {book} until 2026-03-20.",
        "Sorry, {book} isn't available right now.",
    ],
)
def test_the_member_takes_the_alternative_when_told_that_the_book_is_lent(line: str) -> None:
    task = of_kind("lent_out")
    instead = Facts.of(task).requests[0].otherwise
    assert instead is not None
    assert titles_in(replies(task, line)[0]) == [instead.title]


def test_tools_write_what_the_tables_hold_and_tell_what_cannot_be_done() -> None:
    env = make_env(DOMAIN, split="test")
    task = of_kind("borrow")
    split = task.id.split("-")[0]
    env = make_env(DOMAIN, split=split)
    env.reset(seed=0, options={"task_id": task.id})

    def call(tool: str, /, **arguments: str) -> str:
        observation, *_ = env.step(json.dumps({"name": tool, "arguments": arguments}))
        return str(observation[-1]["content"])

    facts = Facts.of(task)
    member, wish = facts.member_id, facts.requests[0]
    lent = json.loads(call("borrow_book", member_id=member, book_id=wish.book_id))
    Loan.model_validate(lent | {"member_id": member})
    assert call("borrow_book", member_id=member, book_id=wish.book_id).startswith("Error")
    renewed = json.loads(call("renew_loan", loan_id=lent["loan_id"]))
    assert (lent["due"], renewed["due"], renewed["renewed"]) == ("2026-03-30", "2026-04-13", True)
    assert call("reserve_book", member_id=member, book_id=wish.book_id).endswith(f"is lent to {member} already")
    assert json.loads(call("give_back_book", loan_id=lent["loan_id"]))["given_back"]
    assert call("give_back_book", loan_id=lent["loan_id"]).startswith("Error: There is no")
    assert call("reserve_book", member_id=member, book_id=wish.book_id).endswith("it can be borrowed")
    found = json.loads(call("find_books", title=wish.title.upper()))
    assert {book["title"] for book in found} == {wish.title}
    Book.model_validate(found[0])
    assert wish.title in json.loads(call("find_titles_by_author", author=found[0]["author"]))
    assert call("find_books", title="The Unwritten").startswith("Error: There is no book")
