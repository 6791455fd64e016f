"""A check of a user: its error is measured near its truth, kept, and told of this version of the user alone."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

import toolgym
from tests.users.checked_users import PLAIN, Knowing, knowing, over, plain_tasks
from toolgym import Trajectory, check_user, make_domain, make_user
from toolgym.errors import DataError, UnknownNameError
from toolgym.registration import user_version as versions
from toolgym.registration.check_user import known_error
from toolgym.runs import read_trajectories
from toolgym.scripted.forms import FORMS
from toolgym_retail.oracle import Oracle

FEW = plain_tasks(1)


def test_a_user_without_fault_has_no_error_in_any_form(tmp_path: Path) -> None:
    check = check_user(over(plain_tasks(4)), user=knowing(), runs=tmp_path)
    assert (check.error.failed, check.error.counted, check.void) == (0, 280, 0)
    assert list(check.by_form) == list(FORMS)
    assert set(check.by_kind) == set(PLAIN)


@pytest.mark.parametrize("wrong", [0.05, 0.15])
def test_injected_misunderstandings_are_measured_near_their_truth(wrong: float, tmp_path: Path) -> None:
    users: list[Knowing] = []
    check = check_user(over(plain_tasks(12)), user=knowing(wrong, users), runs=tmp_path)
    rate = check.error.rate
    assert rate is not None
    assert rate.low < wrong < rate.high
    assert rate.mean == pytest.approx(sum(user.wrong for user in users) / len(users))


def test_a_user_that_agrees_to_questions_alone_fails_where_none_is_put(tmp_path: Path) -> None:
    check = check_user(over(plain_tasks(2)), user="minimal", runs=tmp_path)
    failed = {form: error.failed for form, error in check.by_form.items()}
    asks = {form: "?" in Oracle.form_speech.lines["go_ahead"][FORMS[form].layout] for form in FORMS}
    assert failed == {form: 0 if asked else 14 for form, asked in asks.items()}
    assert check.error.rate is not None
    assert check.error.rate.mean == pytest.approx(sum(not asked for asked in asks.values()) / len(asks))


def test_a_check_that_is_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    def stop_after_nine(trajectory: Trajectory, seen: list[Trajectory] = []) -> None:  # noqa: B006 - one list for all calls
        seen.append(trajectory)
        if len(seen) == 9:
            raise KeyboardInterrupt

    domain, forms = over(FEW), ["table", "record"]
    with pytest.raises(KeyboardInterrupt):
        check_user(
            domain,
            user=knowing(0.5),
            forms=forms,
            runs=tmp_path,
            name="a",
            concurrency=1,
            progress=stop_after_nine,
        )
    played: list[Trajectory] = []
    again = check_user(
        domain, user=knowing(0.5), forms=forms, runs=tmp_path, name="a", resume=True, progress=played.append
    )
    whole = check_user(domain, user=knowing(0.5), forms=forms, runs=tmp_path, name="b")
    assert 0 < len(played) <= 2 * len(FEW) - 9
    assert again.as_dict() == whole.as_dict()
    assert len(list(read_trajectories(tmp_path / "a-oracle-table"))) == len(FEW)


def test_a_whole_check_is_known_for_this_version_of_the_user_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    domain, user = over(FEW[:2]), make_user("minimal")
    check = check_user(domain, user=user, runs=tmp_path)
    (known,) = known_error(domain, user, "test", {}, tmp_path)
    assert known["error"] == check.error.as_dict()
    assert known_error(domain, make_user("scripted", domain="retail"), "test", {}, tmp_path) == []
    assert known_error(over(FEW[:1]), user, "test", {}, tmp_path) == []
    monkeypatch.setattr(versions, "_CODE", (".py",))  # as if the files had another content
    assert known_error(domain, user, "test", {}, tmp_path) == []


def test_a_new_check_takes_the_place_of_the_old_one_and_a_part_of_one_is_not_kept(tmp_path: Path) -> None:
    domain, user = over(FEW[:2]), make_user("minimal")
    check_user(domain, user=user, forms=["table"], runs=tmp_path)
    check_user(domain, user=user, tasks=[FEW[0].id], runs=tmp_path)
    assert known_error(domain, user, "test", {}, tmp_path) == []
    for _ in range(2):
        check_user(domain, user=user, runs=tmp_path)
    check_user(domain, user=user, runs=tmp_path, asked_back="full")
    known = known_error(domain, user, "test", {}, tmp_path)
    assert [one["asked_back"] for one in known] == ["short", "full"]


def test_a_check_that_was_continued_is_not_remembered(tmp_path: Path) -> None:
    domain, user = over(FEW[:2]), make_user("minimal")
    check_user(domain, user=user, forms=["table"], runs=tmp_path, name="a")
    check_user(domain, user=user, runs=tmp_path, name="a", resume=True)
    assert known_error(domain, user, "test", {}, tmp_path) == []


def test_a_file_of_errors_that_is_none_is_refused_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "user-errors.json").write_text("{}")
    with pytest.raises(DataError, match=r"user-errors\.json.*must hold a list"):
        known_error(over(FEW), make_user("minimal"), "test", {}, tmp_path)


def test_the_wordings_of_an_oracle_can_be_checked_too(tmp_path: Path) -> None:
    check = check_user("retail", user="scripted", tasks=["test-001"], forms=["plain", "formal"], runs=tmp_path)
    assert check.error.failed == 0
    assert sorted(path.name.rpartition("-oracle-")[2] for path in tmp_path.iterdir()) == ["formal", "plain"]


@pytest.mark.parametrize(
    ("given", "kind", "message"),
    [
        ({"forms": ["tabel"]}, UnknownNameError, "'tabel'.*table"),
        ({"forms": "table"}, DataError, r"forms must be a list of names, such as \['table'\]"),
        ({"asked_back": "never"}, DataError, "asked_back must be one of 'short', 'full', got 'never'"),
        ({"tasks": ["no-such"]}, UnknownNameError, "no-such"),
        ({"user": "skripted"}, UnknownNameError, "skripted"),
        ({"resume": True}, DataError, "resume needs a name"),
    ],
)
def test_what_does_not_fit_is_told_before_a_folder_is_made(
    given: dict[str, object], kind: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=message):
        check_user("retail", runs=tmp_path / "runs", **given)  # type: ignore[arg-type]  # settings in a mapping
    assert not (tmp_path / "runs").exists()


def test_a_domain_whose_oracle_does_not_talk_cannot_check_users(tmp_path: Path) -> None:
    silent = make_domain("mock").with_data(agents={})
    with pytest.raises(DataError, match="the oracle of the domain 'mock' does not say in which forms"):
        check_user(silent, user="minimal", runs=tmp_path)


def test_a_check_is_json(tmp_path: Path) -> None:
    check = check_user(over(FEW[:2]), user=knowing(), forms=["line"], runs=tmp_path)
    told = json.loads(json.dumps(check.as_dict()))
    assert told["error"] == {"rate": 0.0, "low": 0.0, "high": told["error"]["high"], "failed": 0, "counted": 2}
    assert (told["domain"], told["user"], told["asked_back"]) == ("retail", "knowing", "short")


def test_toolgym_has_it_at_hand() -> None:
    assert "check_user" in toolgym.__all__
    assert isinstance(toolgym.__all__, Sequence)
