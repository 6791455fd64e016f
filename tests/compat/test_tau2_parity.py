"""What tau2 itself answered, played through our episodes; and that the comparison notices what differs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.compat.tau2.verify import VerifyReport, VerifyTally, normalise, read_fixture, verify
from toolgym.database import Layer, Session
from toolgym.domain import Domain
from toolgym.errors import DataError, ToolError

TALLIES = ("outputs", "errors", "digests", "rewards", "components")


@pytest.fixture(scope="module")
def recorded(fixtures: Path) -> dict[str, Any]:
    """What tau2 answered on the mock domain's tasks; copy it before changing it."""
    return read_fixture(fixtures / "mock.json")


@pytest.fixture
def fixture(recorded: dict[str, Any]) -> dict[str, Any]:
    """The same, to be corrupted."""
    return copy.deepcopy(recorded)


def _domain(name: str, request: pytest.FixtureRequest) -> Domain:
    domain: Domain = request.getfixturevalue(f"tau2_{name.split('_')[0]}")
    return domain


def _mismatches(report: VerifyReport) -> dict[str, int]:
    """Mismatches by tally, those without left out."""
    counts = {name: getattr(report, name).mismatched for name in TALLIES}
    return {name: count for name, count in counts.items() if count}


@pytest.mark.parametrize(
    ("name", "trajectories", "calls", "digests", "judged"),
    [
        ("mock", 76, 99, 192, 71),
        ("mock_random", 40, 726, 120, 38),
        ("retail", 726, 4129, 1748, 426),
        ("retail_random", 88, 1963, 416, 59),
    ],
)
def test_every_answer_of_tau2_is_ours(
    name: str,
    trajectories: int,
    calls: int,
    digests: int,
    judged: int,
    fixtures: Path,
    request: pytest.FixtureRequest,
) -> None:
    report = verify(_domain(name, request), read_fixture(fixtures / f"{name}.json"))
    assert report.first_mismatches == []
    assert (report.mismatched, _mismatches(report)) == (0, {})
    assert (report.trajectories, report.calls) == (trajectories, calls)
    assert report.outputs.matched + report.outputs.normalised == calls
    assert report.errors == VerifyTally(matched=calls)
    assert report.digests == VerifyTally(matched=digests)
    assert report.rewards == VerifyTally(matched=judged, not_checked=trajectories - judged)
    assert report.components.matched > trajectories


def test_ill_typed_arguments_fail_where_they_fail_in_tau2(fixtures: Path, tau2_retail: Domain) -> None:
    report = verify(tau2_retail, read_fixture(fixtures / "retail_types.json"), texts=False)
    assert report.first_mismatches == []
    assert _mismatches(report) == {}
    assert (report.trajectories, report.calls) == (10, 240)
    assert report.errors == VerifyTally(matched=240)
    assert report.outputs == VerifyTally(not_checked=240)
    assert report.digests == VerifyTally(matched=60)


def _first_call(fixture: dict[str, Any]) -> dict[str, Any]:
    call: dict[str, Any] = fixture["tasks"][0]["trajectories"][0]["calls"][0]
    return call


def _flip_an_output(fixture: dict[str, Any]) -> None:
    fixture["strings"].append(fixture["strings"][_first_call(fixture)["out"]] + " ")
    _first_call(fixture)["out"] = len(fixture["strings"]) - 1


def _flip_an_error(fixture: dict[str, Any]) -> None:
    _first_call(fixture)["error"] = not _first_call(fixture).get("error", False)


def _flip_a_digest(fixture: dict[str, Any]) -> None:
    fixture["tasks"][0]["trajectories"][0]["db_hash"] = "0" * 64


def _flip_the_users_digest(fixture: dict[str, Any]) -> None:
    fixture["tasks"][0]["trajectories"][0]["user_db_hash"] = None


def _flip_the_first_digest(fixture: dict[str, Any]) -> None:
    fixture["tasks"][0]["init_db_hash"] = "0" * 64


def _flip_the_golds_digest(fixture: dict[str, Any]) -> None:
    fixture["tasks"][0]["gold_user_db_hash"] = "0" * 64


def _flip_a_reward(fixture: dict[str, Any]) -> None:
    total = fixture["tasks"][0]["trajectories"][0]["eval"]["all"]
    total["reward"] = 1.0 - total["reward"]


def _make_a_reward_an_integer(fixture: dict[str, Any]) -> None:
    total = fixture["tasks"][0]["trajectories"][0]["eval"]["all"]
    total["reward"] = int(total["reward"])


def _flip_a_match_of_databases(fixture: dict[str, Any]) -> None:
    env = fixture["tasks"][0]["trajectories"][0]["eval"]["env"]
    env["db_match"] = not env["db_match"]


def _flip_what_the_databases_paid(fixture: dict[str, Any]) -> None:
    paid = fixture["tasks"][0]["trajectories"][0]["eval"]["env"]["reward_breakdown"]
    paid["DB"] = 1.0 - paid["DB"]


def _flip_a_part_of_the_reward(fixture: dict[str, Any]) -> None:
    paid = fixture["tasks"][0]["trajectories"][0]["eval"]["all"]["reward_breakdown"]
    paid["COMMUNICATE"] = 1.0 - paid["COMMUNICATE"]


def _flip_what_the_actions_paid(fixture: dict[str, Any]) -> None:
    action = fixture["tasks"][0]["trajectories"][0]["eval"]["action"]
    action["reward"] = 1.0 - action["reward"]


def _flip_an_assertion(fixture: dict[str, Any]) -> None:
    fixture["tasks"][0]["trajectories"][0]["eval"]["env"]["env_assertions_met"] = [True]


def _flip_an_action(fixture: dict[str, Any]) -> None:
    action = fixture["tasks"][0]["trajectories"][0]["eval"]["action"]
    action["action_match"][0] = not action["action_match"][0]


def _flip_what_was_communicated(fixture: dict[str, Any]) -> None:
    communicate = fixture["tasks"][0]["trajectories"][0]["eval"]["communicate"]
    communicate["reward"] = 1.0 - communicate["reward"]


def _count_a_failing_gold_call(fixture: dict[str, Any]) -> None:
    fixture["tasks"][0]["gold_action_errors"] = ["0"]


@pytest.mark.parametrize(
    ("corrupt", "tally"),
    [
        (_flip_an_output, "outputs"),
        (_flip_an_error, "errors"),
        (_flip_a_digest, "digests"),
        (_flip_the_users_digest, "digests"),
        (_flip_the_first_digest, "digests"),
        (_flip_the_golds_digest, "digests"),
        (_flip_a_reward, "rewards"),
        (_make_a_reward_an_integer, "rewards"),
        (_flip_a_match_of_databases, "components"),
        (_flip_what_the_databases_paid, "components"),
        (_flip_an_assertion, "components"),
        (_flip_a_part_of_the_reward, "components"),
        (_flip_an_action, "components"),
        (_flip_what_the_actions_paid, "components"),
        (_flip_what_was_communicated, "components"),
        (_count_a_failing_gold_call, "components"),
    ],
)
def test_one_corrupted_answer_is_one_mismatch_of_its_kind(
    corrupt: Any, tally: str, fixture: dict[str, Any], recorded: dict[str, Any], tau2_mock: Domain
) -> None:
    intact = verify(tau2_mock, recorded)
    corrupt(fixture)

    report = verify(tau2_mock, fixture)

    assert _mismatches(report) == {tally: 1}
    assert report.mismatched == 1
    (noted,) = report.first_mismatches
    assert noted["task"] == fixture["tasks"][0]["task_id"]
    assert noted["ours"] != noted["tau2"] or type(noted["ours"]) is not type(noted["tau2"])
    for name in TALLIES:
        assert getattr(report, name).matched == getattr(intact, name).matched - (name == tally)


def test_a_corrupted_call_shows_in_all_that_follows_from_it(fixture: dict[str, Any], tau2_mock: Domain) -> None:
    _first_call(fixture)["arguments"]["title"] = "Another Meeting"
    report = verify(tau2_mock, fixture)
    assert {"outputs", "digests", "rewards", "components"} <= _mismatches(report).keys()


def test_a_description_of_the_first_mismatches_says_where_they_are(fixture: dict[str, Any], tau2_mock: Domain) -> None:
    fixture["strings"] = [text + "!" for text in fixture["strings"]]
    report = verify(tau2_mock, fixture)
    assert report.outputs.mismatched == 99
    assert len(report.first_mismatches) == 10
    assert report.first_mismatches[0].keys() == {"task", "trajectory", "call", "tool", "ours", "tau2"}


def test_texts_that_are_not_compared_are_counted_as_such(fixture: dict[str, Any], tau2_mock: Domain) -> None:
    _flip_an_output(fixture)
    report = verify(tau2_mock, fixture, texts=False)
    assert report.mismatched == 0
    assert report.outputs == VerifyTally(not_checked=99)


def test_a_fixture_of_an_unknown_task_is_refused(fixture: dict[str, Any], tau2_mock: Domain) -> None:
    fixture["tasks"][0]["task_id"] = "create_task_11"
    with pytest.raises(DataError, match=r"'create_task_11'.*Did you mean 'create_task_1'"):
        verify(tau2_mock, fixture)


@pytest.mark.parametrize("content", [None, "{", "[]", "{}", '{"domain": "mock", "tasks": []}', '{"sequences": []}'])
def test_a_file_that_is_no_fixture_is_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "mock.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DataError, match=r"mock\.json"):
        read_fixture(path)


# What depends on the versions of Python and pydantic, and nothing else, is passed over

_PYDANTIC = "Error: 1 validation error for Task\ntitle\n  Input should be a valid string [type=string_type, "
_PYDANTIC += "input_value=5, input_type=int]\n    For further information visit https://errors.pydantic.dev/"
_UNEXPECTED = "Error: RetailTools.get_user_details() got an unexpected keyword argument 'user'"


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (_PYDANTIC + "2.12/v/string_type", _PYDANTIC + "2.14/v/string_type"),
        (_UNEXPECTED + ". Did you mean 'user_id'?", _UNEXPECTED),
    ],
)
def test_texts_that_differ_by_version_alone_are_counted_apart(ours: str, theirs: str) -> None:
    report = VerifyReport()
    report.compare(report.outputs, {}, ours, theirs)
    assert report.outputs == VerifyTally(normalised=1)
    assert report.mismatched == 0


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (_PYDANTIC + "2.14/v/string_type", _PYDANTIC + "2.14/v/int_type"),
        (_PYDANTIC + "2.14/v/string_type", _PYDANTIC.replace("input_value=5", "input_value=6") + "2.14/v/string_type"),
        (_UNEXPECTED + ". Did you mean 'user_id'?", _UNEXPECTED.replace("'user'", "'users'")),
        (_UNEXPECTED, _UNEXPECTED.removeprefix("Error: ")),
        (_PYDANTIC[7:] + "2.12/v/string_type", _PYDANTIC[7:] + "2.14/v/string_type"),
        ("Error: Order not found", "Error: Order not found."),
        ("Error: Order not found", "Error: order not found"),
        ("37.0", "37"),
        ('{"a": 1}', '{"a":1}'),
        ("", " "),
    ],
)
def test_texts_that_differ_otherwise_are_mismatches(ours: str, theirs: str) -> None:
    report = VerifyReport()
    report.compare(report.outputs, {}, ours, theirs)
    assert report.outputs == VerifyTally(mismatched=1)


@pytest.mark.parametrize(("ours", "theirs"), [(1, 1.0), (True, 1), (0, False), (None, ""), ([1], (1,)), (1.0, 0.0)])
def test_values_of_different_types_never_match(ours: Any, theirs: Any) -> None:
    report = VerifyReport()
    report.compare(report.rewards, {"what": "reward"}, ours, theirs)
    assert report.rewards == VerifyTally(mismatched=1)
    assert report.first_mismatches == [{"what": "reward", "ours": ours, "tau2": theirs}]


@given(text=st.text() | st.text().map(lambda text: f"Error: {text}"))
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    if "errors.pydantic.dev/" not in text and "unexpected keyword argument" not in text:
        assert normalise(text) == text


# Helper functions, in sequences over a fresh state

_TOOLS = ("create_task", "update_task_status", "dismiss_notification")
"""Where these raise ValueError in tau2, ours refuse with a type of their own."""


def test_helper_functions_answer_raise_and_change_what_tau2s_do(fixtures: Path, tau2_mock: Domain) -> None:
    sequences = json.loads((fixtures / "mock_helpers.json").read_text(encoding="utf-8"))["sequences"]
    base = tau2_mock.worlds.get(tau2_mock.tasks["base"][0].world)
    compared = 0
    for sequence in sequences:
        toolbox = tau2_mock.toolbox(Session(base, Layer()))
        for number, call in enumerate(sequence["calls"]):
            place = (sequence["name"], number, call["func_name"])
            if "exception" in call:
                kind, text = call["exception"]
                with pytest.raises(Exception) as caught:  # noqa: PT011  # the kind and the text are compared below
                    toolbox.run(call["env_type"], call["func_name"], call["arguments"])
                refused = isinstance(caught.value, ToolError) and call["func_name"] in _TOOLS
                assert ("ValueError" if refused else type(caught.value).__name__) == kind, place
                assert normalise(f"Error: {caught.value}") == normalise(f"Error: {text}"), place
            else:
                result = toolbox.run(call["env_type"], call["func_name"], call["arguments"])
                assert json.loads(json.dumps(result)) == call["result"], place
            digests = [toolbox.session.digest("assistant"), toolbox.session.digest("user")]
            assert digests == [call["db_hash"], call["user_db_hash"]], place
            compared += 1
    assert compared == 280
