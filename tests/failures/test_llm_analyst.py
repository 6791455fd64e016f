"""The analyst that is a model: what it is told, how its answers are read, and what clusters add."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from models.server import Request, Script, Server, completion, error

from toolgym.domain import Domain
from toolgym.errors import BudgetError, ContextError, DataError, MissingExtraError, ServiceError, UnknownNameError
from toolgym.failures.llm.analyst import DIALOGUE, SHORT_DIALOGUE, LLMAnalyst
from toolgym.failures.llm.clusters import Cluster, Clusterer
from toolgym.failures.report import UNNAMED, FailureReport, Finding
from toolgym.messages import Message, ToolCall
from toolgym.models import ChatModel, ModelSettings, RefusedError, Throttle
from toolgym.patterns import PATTERNS
from toolgym.prompts import own_text
from toolgym.registration import make_analyst
from toolgym.tasks import Task
from toolgym.trajectory import Check, Fault, Grade, Trajectory, Usage

SAID = (
    Message("assistant", "Hello!", reasoning="SECRET"),
    Message("user", "Close the report, please."),
    Message("assistant", None, (ToolCall("update_task_status", {"task_id": "task_9"}, "a"),)),
    Message("tool", "Error: No such task.", tool_call_id="a", error=True),
    Message("assistant", "It is closed."),
    Message("user", "###STOP###"),
)
GRADE = Grade(
    0.0,
    False,
    ("DB", "COMMUNICATE"),
    {"DB": 0.0, "COMMUNICATE": 0.0},
    False,
    actions=(Check("create_1", False),),
    communicate=(Check("task_2", False),),
)
WRONG = {"pattern": "wrong_record", "message": 2, "expected": "close task_1", "got": "tried to close task_9"}
ANSWER = f"The assistant took another task for the one\nthat was meant.\n{json.dumps(WRONG)}"


def nothing(reports: Sequence[FailureReport]) -> Sequence[Cluster]:
    return ()


def failure(task: Task, *, messages: Sequence[Message] = SAID, trial: int = 0, **parts: Any) -> Trajectory:
    given = {"termination": "user_stop", "grade": GRADE, **parts}
    return Trajectory("mock", task.id, task.key, tuple(messages), trial=trial, **given)


def explained(
    domain: Domain,
    *script: Script,
    failures: Sequence[tuple[Task | None, Trajectory]] | None = None,
    clusters: Clusterer | None = nothing,
    concurrency: int = 1,
) -> tuple[Sequence[FailureReport], Server, Usage]:
    """What an analyst says whose model answers so, the server that it asked, and what that used."""
    task = domain.tasks["test"][0]
    with Server(*script) as server:
        model = ChatModel(ModelSettings(model="m", base_url=server.url, attempts=1))
        analyst = LLMAnalyst(model, concurrency=concurrency, clusters=clusters)
        reports = asyncio.run(analyst.explain(domain, failures or [(task, failure(task))]))
        return reports, server, analyst.usage


def part(told: str, name: str) -> list[str]:
    found = re.search(f"<{name}>\n(.*?)\n</{name}>", told, re.DOTALL)
    assert found is not None
    return found[1].split("\n")


def numbered(server: Server) -> str:
    """What the model was told of the failure."""
    return str(server.bodies[-1]["messages"][1]["content"])


def test_it_is_told_the_request_the_dialogue_the_right_calls_and_what_failed(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    _, server, _ = explained(mock, completion(ANSWER))
    system, user = server.bodies[0]["messages"]
    assert system["content"].startswith(own_text("analyst"))
    assert mock.policy in system["content"]
    assert all(f"{name}: {pattern.meaning}" in system["content"] for name, pattern in PATTERNS.items())
    told = user["content"]
    assert part(told, "request") == str(task.user_scenario).split("\n")
    assert [json.loads(line) for line in part(told, "dialogue")] == [
        {"message": 0, "role": "assistant", "content": "Hello!"},
        {"message": 1, "role": "user", "content": "Close the report, please."},
        {
            "message": 2,
            "role": "assistant",
            "calls": [{"tool": "update_task_status", "arguments": {"task_id": "task_9"}}],
        },
        {"message": 3, "role": "tool", "to": "assistant", "error": "Error: No such task."},
        {"message": 4, "role": "assistant", "content": "It is closed."},
        {"message": 5, "role": "user", "content": "###STOP###"},
    ]
    gold = [json.loads(line) for line in part(told, "right_calls")]
    assert [(call["tool"], call["arguments"]) for call in gold] == [(act.name, act.arguments) for act in task.gold]
    failed = ["the records are not as the right calls leave them", 'the user was not told: "task_2"']
    assert part(told, "failed_checks") == failed
    assert "SECRET" not in told


def test_the_answer_becomes_the_explanation_and_the_finding(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    (report,), server, usage = explained(mock, completion(ANSWER))
    assert report == FailureReport(
        f"{task.key}-0",
        task.id,
        task.key,
        (Finding("wrong_record", 2, "close task_1", "tried to close task_9"),),
        primary=0,
        target=None,
        explanation="The assistant took another task for the one that was meant.",
    )
    assert (len(server.requests), usage) == (1, Usage(1, 10, 5, None))


def test_a_pattern_may_be_missing_and_the_json_may_stand_in_a_fence(mock: Domain) -> None:
    answer = f"It dawdled.\n```json\n{json.dumps(WRONG | {'pattern': None}, indent=1)}\n```"
    (report,), _, _ = explained(mock, completion(answer))
    assert (report.pattern, report.explanation, report.note) == (UNNAMED, "It dawdled.", "")


def test_the_instructions_show_an_answer_that_is_read(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    trajectory = failure(task, messages=SAID * 2)
    example = own_text("analyst").split("An example:\n\n")[1]
    (report,), _, _ = explained(mock, completion(example), failures=[(task, trajectory)])
    assert (report.pattern, report.note) == ("wrong_record", "")


def test_a_failure_whose_task_is_not_known_any_more_is_explained_from_its_dialogue(mock: Domain) -> None:
    trajectory = failure(mock.tasks["test"][0])
    (report,), server, _ = explained(mock, completion(ANSWER), failures=[(None, trajectory)])
    assert report.pattern == "wrong_record"
    assert part(numbered(server), "request") == part(numbered(server), "right_calls") == ["not known any more"]


def test_a_failure_by_a_limit_says_by_which(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    cut = failure(task, termination="max_steps", grade=Grade(0.0, False, note="nothing was checked"))
    _, server, _ = explained(mock, completion(ANSWER), failures=[(task, cut)])
    assert part(numbered(server), "failed_checks") == ["nothing was checked", "the dialogue ended by max_steps"]


UNREADABLE = {
    "no object": ("It went wrong.", "does not end with a JSON object"),
    "nothing": ("", "does not end with a JSON object"),
    "text behind the object": (f"{ANSWER}\nI hope that this helps.", "does not end with a JSON object"),
    "no explanation": (json.dumps(WRONG), "no explanation"),
    "an essay": (f"{'So. ' * 300}{json.dumps(WRONG)}", "at most 1000 characters"),
    "an unknown pattern": (f"It.\n{json.dumps(WRONG | {'pattern': 'bad_luck'})}", "one of wrong_variant.*'bad_luck'"),
    "a list of patterns": (f"It.\n{json.dumps(WRONG | {'pattern': ['wrong_record']})}", "one of wrong_variant"),
    "no such message": (f"It.\n{json.dumps(WRONG | {'message': 6})}", "0 to 5, got '6'"),
    "a message that is no number": (f"It.\n{json.dumps(WRONG | {'message': True})}", "0 to 5, got 'True'"),
    "nothing expected": (f"It.\n{json.dumps(WRONG | {'expected': ' '})}", "'expected' must be a text"),
    "a key too few": (f"It.\n{json.dumps({**WRONG, 'got': 0, 'gut': 1})}", "must have the keys pattern, message"),
    "NaN": ('It.\n{"pattern": null, "message": NaN, "expected": "a", "got": "b"}', "does not end with a JSON object"),
}


@pytest.mark.parametrize(("answer", "reason"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_answer_that_cannot_be_read_is_asked_for_once_more_with_the_reason(
    mock: Domain, answer: str, reason: str
) -> None:
    (report,), server, usage = explained(mock, completion(answer), completion(ANSWER))
    assert (report.pattern, report.note) == ("wrong_record", "")
    first, second = (body["messages"] for body in server.bodies)
    assert second[:2] == first
    assert second[2] == {"role": "assistant", "content": answer or "(nothing)"}
    assert re.search(reason, second[3]["content"])
    assert usage.calls == 2


def test_an_answer_that_cannot_be_read_twice_leaves_a_note_and_no_finding(mock: Domain) -> None:
    task = mock.tasks["test"][0]

    def answer(request: Request) -> dict[str, Any]:
        return completion("I cannot tell." if '"No."' in request.body["messages"][1]["content"] else ANSWER)

    bad = failure(task, messages=[*SAID, Message("user", "No.")], trial=1)
    failures = [(task, failure(task)), (task, bad), (task, failure(task, trial=2))]
    reports, server, _ = explained(mock, answer, failures=failures)
    assert [report.pattern for report in reports] == ["wrong_record", None, "wrong_record"]
    assert reports[1].findings == ()
    assert reports[1].explanation == ""
    assert re.match("not explained: of 2 answers none can be used .*'I cannot tell.'", reports[1].note)
    assert len(server.requests) == 4


def test_what_was_cut_off_is_said_to_be(mock: Domain) -> None:
    _, server, _ = explained(mock, completion("It went", finish="length"), completion(ANSWER))
    assert "cut off at the limit of tokens" in server.bodies[1]["messages"][3]["content"]


@pytest.mark.parametrize(("answer", "kind"), [(error(500, "down"), ServiceError), (error(401, "who?"), RefusedError)])
def test_a_model_that_fails_fails_the_analysis(mock: Domain, answer: Any, kind: type[Exception]) -> None:
    task = mock.tasks["test"][0]
    failures = [(task, failure(task, trial=trial)) for trial in range(4)]
    with pytest.raises(kind, match=r"down|who\?"):
        explained(mock, completion(ANSWER), answer, failures=failures, concurrency=2)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (error(400, "not such words"), "refuses the request"),
        (error(400, "too long", code="context_length_exceeded"), "no longer fits into the context"),
    ],
)
def test_a_dialogue_that_the_service_does_not_take_leaves_a_note_and_the_others_are_explained(
    mock: Domain, answer: Any, says: str
) -> None:
    task = mock.tasks["test"][0]

    def script(request: Request) -> Any:
        return answer if "number 1" in request.body["messages"][1]["content"] else completion(ANSWER)

    failures = [
        (task, failure(task, messages=[*SAID, Message("user", f"number {number}")], trial=number))
        for number in range(3)
    ]
    reports, _, _ = explained(mock, script, failures=failures)
    assert [report.pattern for report in reports] == ["wrong_record", None, "wrong_record"]
    assert says in reports[1].note
    with pytest.raises((RefusedError, ContextError)):
        explained(mock, answer, failures=failures)


def test_what_was_explained_before_the_budget_was_spent_is_kept(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    failures = [(task, failure(task, trial=trial)) for trial in range(5)]
    with Server(completion(ANSWER, cost=0.01)) as server:
        settings = ModelSettings(model="m", base_url=server.url, attempts=1)
        analyst = LLMAnalyst(ChatModel(settings, Throttle(budget_usd=0.015)), concurrency=1, clusters=nothing)
        reports = asyncio.run(analyst.explain(mock, failures))
        assert len(server.requests) == 2
        with pytest.raises(BudgetError, match="is spent"):
            asyncio.run(analyst.explain(mock, failures))
    assert [report.pattern for report in reports] == ["wrong_record"] * 2 + [None] * 3
    assert all("the budget of $0.015 is spent" in report.note for report in reports[2:])


def test_a_budget_that_cannot_be_kept_stops_the_asking(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    failures = [(task, failure(task, trial=trial)) for trial in range(5)]
    with Server(completion(ANSWER)) as server:
        settings = ModelSettings(model="m", base_url=server.url, attempts=1)
        analyst = LLMAnalyst(ChatModel(settings, Throttle(budget_usd=1.0)), concurrency=1, clusters=nothing)
        with pytest.raises(BudgetError, match="cannot be kept"):
            asyncio.run(analyst.explain(mock, failures))
        assert len(server.requests) == 1


def test_a_long_dialogue_is_shortened_and_keeps_its_ends(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    long = [Message("assistant", f"{number}. " + "blah " * 60) for number in range(400)]
    _, server, _ = explained(mock, completion(ANSWER), failures=[(task, failure(task, messages=long))])
    lines = [json.loads(line) for line in part(numbered(server), "dialogue")]
    numbers = [line["message"] for line in lines if "message" in line]
    (gap,) = (line["left_out"] for line in lines if "left_out" in line)
    assert (numbers[0], numbers[-1]) == (0, 399)
    first, last = (int(number) for number in re.findall(r"\d+", gap))
    assert numbers == [*range(first), *range(last + 1, 400)]
    assert DIALOGUE / 2 < len("".join(part(numbered(server), "dialogue"))) <= DIALOGUE + 100


def test_a_long_result_is_cut_before_messages_are_left_out(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    long = [*SAID, Message("tool", "x" * 2 * DIALOGUE, tool_call_id="a")]
    _, server, _ = explained(mock, completion(ANSWER), failures=[(task, failure(task, messages=long))])
    lines = [json.loads(line) for line in part(numbered(server), "dialogue")]
    assert [line["message"] for line in lines] == list(range(7))
    assert re.fullmatch(r"x{4000}… \(60000 characters more\)", lines[-1]["content"])


def test_a_dialogue_that_the_models_context_cannot_hold_is_told_shorter_once(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    failures = [(task, failure(task, messages=[*SAID, *[Message("user", "x" * 1000)] * 20]))]
    full = error(400, "too long", code="context_length_exceeded")
    (report,), server, _ = explained(mock, full, completion(ANSWER), failures=failures)
    assert report.pattern == "wrong_record"
    whole, short = (len(str(body["messages"][1]["content"])) for body in server.bodies)
    assert whole - short > DIALOGUE / 2 - SHORT_DIALOGUE
    with pytest.raises(ContextError):
        explained(mock, full, failures=failures)


def test_what_is_no_failure_is_refused(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    for parts, why in (
        ({"grade": Grade(1.0, True)}, "succeeded"),
        ({"grade": None, "fault": Fault("user", "?")}, "is void"),
        ({"grade": Grade(None, None)}, "has no grade"),
    ):
        with pytest.raises(DataError, match=rf"-0' of task '{task.id}' {why}"):
            explained(mock, completion(ANSWER), failures=[(task, failure(task, **parts))])


def test_several_failures_are_asked_about_at_once_and_reported_in_order(mock: Domain) -> None:
    task = mock.tasks["test"][0]

    def answer(request: Request) -> Any:
        number = request.body["messages"][1]["content"].split("number ")[1][0]
        return {**completion(f"Number {number}.\n{json.dumps(WRONG)}")}

    failures = [
        (task, failure(task, messages=[*SAID, Message("user", f"number {number}")], trial=number))
        for number in range(7)
    ]
    reports, server, _ = explained(mock, answer, failures=failures, concurrency=3)
    assert [report.explanation for report in reports] == [f"Number {number}." for number in range(7)]
    assert server.most <= 3
    with pytest.raises(ValueError, match="at least 1, got 0"):
        explained(mock, completion(ANSWER), concurrency=0)


def told(pattern: str | None, explanation: str) -> dict[str, Any]:
    return completion(f"{explanation}\n{json.dumps(WRONG | {'pattern': pattern})}")


LATE = [
    "The refund amount was never told to the customer.",
    "The customer asked for the refund amount and was not told it.",
    "The assistant forgot the refund amount that the customer wanted told.",
]
OTHER = [
    "A blue shirt was chosen instead of the red variant.",
    "The variant of the shirt is blue, not red.",
    "It exchanged the shirt for the blue variant, red was wanted.",
]


def clustered(mock: Domain, patterns: Sequence[str | None], clusters: Clusterer | None) -> Sequence[FailureReport]:
    task = mock.tasks["test"][0]
    failures = [(task, failure(task, trial=trial)) for trial in range(len(patterns))]
    script = [told(pattern, text) for pattern, text in zip(patterns, LATE + OTHER, strict=True)]
    return explained(mock, *script, failures=failures, clusters=clusters)[0]


def test_a_failure_without_a_pattern_gets_that_of_two_thirds_of_its_cluster_and_says_so(mock: Domain) -> None:
    said, variant = "fact_not_said", "wrong_variant"
    reports = clustered(mock, [said, None, said, variant, "ended_early", None], None)
    assert [report.pattern for report in reports] == [said, said, said, variant, "ended_early", UNNAMED]
    assert re.fullmatch(
        r"the model named no pattern; 2 of the 3 failures of the cluster '.*refund.*' are of 'fact_not_said'",
        reports[1].note,
    )
    assert [report.note for place, report in enumerate(reports) if place != 1] == [""] * 5


@pytest.mark.parametrize(
    ("size", "share", "noise"),
    [(2, 0.9, False), (6, 0.9, True), (6, 0.66, False)],
    ids=["a cluster of two", "what is in no cluster", "less than two thirds"],
)
def test_a_cluster_that_is_small_mixed_or_none_gives_no_pattern(
    mock: Domain, size: int, share: float, noise: bool
) -> None:
    group = Cluster("a", tuple(range(size)), (), (), {"fact_not_said": share, UNNAMED: 1 - share}, noise)
    patterns = ["fact_not_said", None, "fact_not_said", None, None, None]
    reports = clustered(mock, patterns, lambda reports: [group])
    assert [report.pattern for report in reports] == [pattern or UNNAMED for pattern in patterns]


def test_nothing_is_clustered_where_the_model_named_every_pattern(mock: Domain) -> None:
    def never(reports: Sequence[FailureReport]) -> Sequence[Cluster]:
        raise AssertionError("it was called")

    assert explained(mock, completion(ANSWER), clusters=never)[0][0].pattern == "wrong_record"


def test_a_missing_extra_is_told_before_any_model_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    model = ChatModel(ModelSettings(model="m", base_url="http://127.0.0.1:1/v1"))
    with pytest.raises(MissingExtraError, match=r"pip install 'toolgym\[curriculum\]'"):
        LLMAnalyst(model)
    assert LLMAnalyst(model, clusters=nothing).usage.calls == 0


def test_it_is_made_by_name(mock: Domain) -> None:
    task = mock.tasks["test"][0]
    with Server(completion(ANSWER)) as server:
        analyst = make_analyst("llm", {"model": "m", "base_url": server.url})
        (report,) = asyncio.run(analyst.explain(mock, [(task, failure(task))]))
    assert report.pattern == "wrong_record"
    with pytest.raises(DataError, match="the analyst 'llm' needs a model"):
        make_analyst("llm")
    with pytest.raises(UnknownNameError, match=r"No analyst named 'guess'.*llm, rules"):
        make_analyst("guess")
