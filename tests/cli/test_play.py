"""``toolgym play``: a person plays either side, with typed lines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from command_line import Done
from typer.testing import CliRunner

from toolgym.cli.app import app
from toolgym.domain import AgentSpec, Domain
from toolgym.errors import DataError
from toolgym.messages import STOP
from toolgym.tasks import TaskSet
from toolgym.users.minimal import MinimalUser

Play = Callable[..., Any]


@pytest.fixture
def play(monkeypatch: pytest.MonkeyPatch) -> Play:
    """The command with options, and the lines that are typed; then the input ends."""
    monkeypatch.setenv("COLUMNS", "200")

    def command(options: str, *typed: str) -> Any:
        lines = "".join(f"{line}\n" for line in typed)
        return CliRunner().invoke(app, ["play", *options.split()], input=lines, catch_exceptions=False)

    return command


def gold(domain: Domain, task_id: str) -> list[str]:
    """The gold calls of a task, as one types them."""
    return [
        f"{action.name}({', '.join(f'{name}={value!r}' for name, value in action.arguments.items())})"
        for action in domain.tasks.find(task_id).gold
    ]


def test_a_person_plays_the_assistant_with_the_gold_calls_to_success(play: Play, mock: Domain) -> None:
    done = play("mock --task test-003", *gold(mock, "test-003"), "It is done.")
    assert done.exit_code == 0
    for part in (
        "test-003",
        "You are the assistant",
        "'minimal'. It says yes to a question",
        "/policy",
        "update_task_status(task_id: str, status: 'pending' | 'completed')",
        "success",
        "It ended by user_stop.",
        "DB: held",
        "reward: 1.3 (success 1, action 0.3)",
    ):
        assert part in done.output
    assert "no success" not in done.output
    (row,) = (line for line in done.output.splitlines() if "assistant: update_task_status(" in line)
    assert [cell.strip() for cell in row.split("│")[2:4]] == ["yes", "yes"]
    assert done.output.count(STOP) == 1


def test_what_was_missed_and_what_was_too_much_is_shown_at_the_end(play: Play) -> None:
    calls = ("get_users()", "create_task(user_id='nobody', title='x')", "transfer_to_human_agents(summary='x')")
    done = play("mock --task test-008", *calls, "Sorry.")
    assert done.exit_code == 0
    for part in (
        "no success",
        "DB: did not hold",
        "COMMUNICATE: did not hold",
        "was not said: ",
        "reward: 0 (success ",
    ):
        assert part in done.output
    rows = [[cell.strip() for cell in line.split("│")[1:4]] for line in done.output.splitlines() if "│" in line]
    assert ["assistant: get_users()", "yes", "yes"] in rows
    assert ["assistant: create_task(user_id='nobody', title='x')", "no", "failed"] in rows
    assert ["assistant: transfer_to_human_agents(summary='x')", "no", "yes"] in rows
    assert ["yes", "no"] in [row[1:] for row in rows]


def test_a_person_plays_the_user_against_the_oracle(play: Play, mock: Domain) -> None:
    options = "mock --as user --task test-005"
    done = play(
        options, "Please reopen it.", "dismiss_notification(notification_id='notif_4')", "I have done that.", ""
    )
    assert done.exit_code == 0
    assert "You are the user" in done.output
    assert "The assistant is played by 'oracle'." in done.output
    assert "dismiss notif_4 yourself" in done.output
    assert mock.policy[:30] not in done.output
    assert "no success" not in done.output
    assert "reward: 1 (success 1)" in done.output
    assert "no success" in play(f"{options} --agent no-op", "Please reopen it.", "").output


def test_a_task_is_drawn_with_the_seed_from_the_split(play: Play, mock: Domain) -> None:
    def drawn(options: str) -> str:
        (title,) = (line for line in play(options, "/quit").output.splitlines() if "toolgym data" in line)
        return str(title).split(" · ")[1]

    ids = {task.id for task in mock.tasks["test"]}
    seeds = [drawn(f"mock --seed {seed}") for seed in range(6)]
    assert set(seeds) <= ids
    assert len(set(seeds)) > 1
    assert drawn("mock --seed 0") == seeds[0]
    assert drawn("mock --split dev").startswith("dev-")


def test_a_domain_without_a_split_test_is_played_from_its_first(
    play: Play, monkeypatch: pytest.MonkeyPatch, mock: Domain
) -> None:
    other = mock.with_data(tasks=TaskSet({"base": lambda: mock.tasks["dev"], "more": list}))
    monkeypatch.setattr("toolgym.registration.make_domain", lambda *_: other)
    assert "dev-" in play("mock", "/quit").output
    with pytest.raises(DataError, match=r"'more' .* has no tasks; choose one of base, more"):
        play("mock --split more")


@pytest.mark.parametrize("typed", [("/quit",), (), ("Hello?", "/quit"), ("Hello?",)])
@pytest.mark.parametrize("side", ["assistant", "user"])
def test_a_person_leaves_with_a_word_or_the_end_of_the_input(play: Play, side: str, typed: tuple[str, ...]) -> None:
    done = play(f"mock --as {side}", *typed)
    assert done.exit_code == 0
    assert done.output.endswith("You left the episode; it is not graded.\n")
    assert "reward" not in done.output


def test_the_default_user_is_the_scripted_one_where_the_task_carries_facts(
    play: Play, monkeypatch: pytest.MonkeyPatch, mock: Domain
) -> None:
    telling = mock.tasks.find("test-003").model_copy(update={"facts": {}})
    tasks = TaskSet({"test": lambda: [telling]})
    domain: Any = mock.with_data(tasks=tasks, users={"scripted": AgentSpec("scripted", MinimalUser)})
    monkeypatch.setattr("toolgym.registration.make_domain", lambda *_: domain)
    assert "The user is played by 'scripted'." in play("mock", "/quit").output
    assert "The user is played by 'minimal'." in play("mock --user minimal", "/quit").output


def test_tau2s_tasks_are_played_too(play: Play, tau2_retail: Domain) -> None:
    task = next(task for task in tau2_retail.tasks if not task.needs_judge and len(task.gold) > 2)
    done = play(f"retail --data tau2 --task {task.id}", *gold(tau2_retail, task.id), "It is done.")
    assert done.exit_code == 0
    assert "DB: held" in done.output


def test_the_other_side_may_be_a_model_and_ones_own_may_not(run: Callable[..., Done]) -> None:
    refused = run("play", "mock", "--agent-model", "m", "--agent-base-url", "http://127.0.0.1:9/v1")
    assert (refused.code, "the assistant is you" in refused.err) == (2, True)
    lacking = run("play", "mock", "--user", "llm")
    assert (lacking.code, "--user-model" in lacking.err) == (2, True)


def test_a_person_serves_a_customer_with_habits(play: Play) -> None:
    done = play("retail --task test-001 --habits impatience=1")
    plain = play("retail --task test-001")
    assert done.exit_code == plain.exit_code == 0
    assert done.output != plain.output
    with pytest.raises(DataError, match="--habits 'terse' would be the user's, but that is you"):
        play("retail --as user --habits terse")
