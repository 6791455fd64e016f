"""Pass^k, its intervals over tasks, and the comparison of two runs."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toolgym.evaluation import TooManyVoidError, Void, compare, pass_hat_k, pass_hat_table
from toolgym.evaluation.metrics import Estimate, interval
from toolgym.trajectory import Fault, Grade, Trajectory

OUTCOMES = st.lists(st.booleans(), min_size=1, max_size=8)
RUNS = st.integers(1, 4).flatmap(
    lambda trials: st.lists(st.lists(st.booleans(), min_size=trials, max_size=trials), min_size=1, max_size=12)
)


def played(key: str, success: bool | None, *, judged: bool = True, void: bool = False) -> Trajectory:
    """One trial; not judged means that an assertion was left open, whatever the rest says."""
    components = {"DB": float(success is not False), **({} if judged else {"NL_ASSERTION": None})}
    grade = Grade(None if success is None else float(success), success, tuple(components), components)
    fault = Fault("user", "gone") if void else None
    return Trajectory("mock", key, key, (), "user_stop", None if void else grade, fault=fault)


def run(*tasks: Sequence[bool]) -> list[Trajectory]:
    """A run with these outcomes, one sequence a task."""
    return [played(f"{place:x}", outcome) for place, outcomes in enumerate(tasks) for outcome in outcomes]


def width(estimate: Estimate) -> float:
    return estimate.high - estimate.low


@given(OUTCOMES, st.data())
def test_pass_hat_k_is_the_share_of_draws_of_k_trials_that_all_succeed(
    outcomes: list[bool], data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(outcomes)))
    draws = list(combinations(outcomes, k))
    assert pass_hat_k(sum(outcomes), len(outcomes), k) == pytest.approx(sum(map(all, draws)) / len(draws))


@pytest.mark.parametrize(
    ("successes", "trials", "k", "wrong"),
    [(-1, 4, 1, "successes"), (5, 4, 1, "successes"), (2, 4, 0, "k must"), (2, 4, 5, "k must"), (0, 0, 1, "k must")],
)
def test_a_number_outside_its_range_is_an_error(successes: int, trials: int, k: int, wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        pass_hat_k(successes, trials, k)


@given(RUNS)
def test_a_table_holds_the_mean_over_tasks_for_every_k(tasks: list[list[bool]]) -> None:
    table = pass_hat_table(run(*tasks))
    trials = len(tasks[0])
    assert table.tasks == len(tasks)
    assert table.trials == {trials: len(tasks)}
    assert list(table.by_k) == list(range(1, trials + 1))
    for k, estimate in table.by_k.items():
        mean = sum(comb(sum(outcomes), k) / comb(trials, k) for outcomes in tasks) / len(tasks)
        assert estimate.mean == pytest.approx(mean)
    means = [estimate.mean for estimate in table.by_k.values()]
    assert means == sorted(means, reverse=True)


# Intervals


@given(st.lists(st.integers(0, 24).map(lambda hits: hits / 24), min_size=1, max_size=30), st.integers(1, 8))
def test_an_interval_lies_in_zero_to_one_holds_the_mean_and_is_not_empty(values: list[float], trials: int) -> None:
    estimate = interval(values, trials * len(values))
    assert 0.0 <= estimate.low <= estimate.mean + 1e-12
    assert estimate.mean - 1e-12 <= estimate.high <= 1.0
    assert estimate.low < estimate.high


@given(st.integers(1, 200))
def test_where_all_tasks_agree_the_interval_is_the_exact_binomial_one_over_tasks(tasks: int) -> None:
    bound = 0.025 ** (1 / tasks)
    assert interval([1.0] * tasks, 4 * tasks) == pytest.approx((1.0, bound, 1.0))
    assert interval([0.0] * tasks, 4 * tasks) == pytest.approx((0.0, 0.0, 1 - bound))


@given(RUNS, st.integers(2, 4))
def test_more_tasks_alike_make_the_interval_narrower(tasks: list[list[bool]], times: int) -> None:
    few = pass_hat_table(run(*tasks)).by_k[1]
    many = pass_hat_table(run(*tasks * times)).by_k[1]
    assert many.mean == pytest.approx(few.mean)
    assert width(many) < width(few)


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(2, 16))
def test_more_trials_that_only_repeat_each_other_are_no_more_evidence(outcomes: list[bool], times: int) -> None:
    once = pass_hat_table(run(*([outcome] for outcome in outcomes))).by_k[1]
    often = pass_hat_table(run(*([outcome] * times for outcome in outcomes))).by_k[1]
    assert often.mean == once.mean
    assert width(often) >= width(once) - 1e-9


@pytest.mark.parametrize("value", [1 / 6, 1 / 3, 0.1, 0.7])
@pytest.mark.parametrize("tasks", [3, 10, 20])
def test_equal_values_are_equal_evidence_however_their_mean_is_rounded(value: float, tasks: int) -> None:
    few, many = interval([value] * tasks, tasks), interval([value] * tasks, 100 * tasks)
    assert width(many) >= width(few) - 1e-9


@pytest.mark.parametrize("chance", [0.05, 0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("tasks", [2, 3, 4, 6, 10, 20])
def test_the_interval_covers_the_truth_as_often_as_it_claims_when_trials_of_a_task_agree(
    tasks: int, chance: float
) -> None:
    covered = 0.0
    for solved in range(tasks + 1):
        estimate = interval([1.0] * solved + [0.0] * (tasks - solved), 4 * tasks)
        if estimate.low <= chance <= estimate.high:
            covered += comb(tasks, solved) * chance**solved * (1 - chance) ** (tasks - solved)
    assert covered >= 0.95


def test_an_interval_over_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one task"):
        interval([], 0)


# What counts


def void(key: str, number: int = 1) -> list[Trajectory]:
    """Void trials of one task."""
    return [played(key, True, void=True) for _ in range(number)]


def test_void_trials_are_counted_and_left_out() -> None:
    rows = [*run([True, True], [True, False]), *void("0")]
    table = pass_hat_table(rows, void="exclude")
    assert (table.void, table.tasks, table.trials, table.not_counted) == (1, 2, {2: 2}, 0)
    assert table.by_k[1].mean == 0.75


def test_void_trials_are_failures_where_that_is_asked_for() -> None:
    rows = [*run([True, True], [True, True]), *void("0"), *void("1"), *void("lost", 3)]
    table = pass_hat_table(rows, void="fail")
    assert (table.void, table.tasks, table.trials, table.not_counted) == (5, 3, {3: 3}, 0)
    assert table.by_k[1].mean == pytest.approx(4 / 9)
    assert table.by_k[3].mean == 0.0


def test_by_default_there_is_no_figure_where_more_than_one_in_twenty_trials_is_void() -> None:
    counted = run(*[[True] * 2] * 19)
    few, many = [*counted, *void("0", 2)], [*counted, *void("0", 3)]
    assert pass_hat_table(few) == pass_hat_table(few, void="exclude")
    with pytest.raises(TooManyVoidError, match=r"3 of 41 trials are void \(7\.3%\).*void=\"exclude\".*void=\"fail\""):
        pass_hat_table(many)
    for how in ("exclude", "fail"):
        assert pass_hat_table(many, void=how, allow_unequal=True).void == 3
    with pytest.raises(ValueError, match="'exclude', 'fail', 'refuse', got 'ignore'"):
        pass_hat_table(few, void="ignore")  # type: ignore[arg-type]


def test_a_task_without_a_counted_trial_is_never_left_out_silently() -> None:
    rows = [*run(*[[True] * 4] * 25), *void("lost", 4)]
    with pytest.raises(ValueError, match=r"1 tasks with 0, 25 tasks with 4"):
        pass_hat_table(rows)
    for table in (pass_hat_table(rows, allow_unequal=True), pass_hat_table(rows, void="exclude")):
        assert (table.tasks, table.not_counted, table.void) == (25, 1, 4)
        assert list(table.by_k) == [1, 2, 3, 4]
    assert pass_hat_table(rows, void="fail").by_k[1].mean == pytest.approx(25 / 26)


@given(RUNS, st.data())
def test_every_trial_is_counted_or_told(tasks: list[list[bool]], data: st.DataObject) -> None:
    lost = data.draw(st.lists(st.integers(0, len(tasks)), max_size=20))
    rows = [*run(*tasks), *(row for place in lost for row in void(f"{place:x}"))]
    excluded = pass_hat_table(rows, void="exclude", allow_unequal=True)
    failed = pass_hat_table(rows, void="fail", allow_unequal=True)
    assert excluded.void == failed.void == len(lost)
    assert sum(number * some for number, some in excluded.trials.items()) + excluded.void == len(rows)
    assert sum(number * some for number, some in failed.trials.items()) == len(rows)
    assert excluded.tasks + excluded.not_counted == failed.tasks == len({row.task_key for row in rows})
    assert failed.by_k[1].mean <= excluded.by_k[1].mean + 1e-12


def test_a_task_with_a_trial_that_nobody_judged_is_left_out_whole() -> None:
    rows = [*run([True, False]), played("nl", None, judged=False), played("nl", False, judged=False)]
    for order in (rows, rows[::-1]):
        table = pass_hat_table(order)
        assert (table.not_judged, table.tasks, table.by_k[1].mean) == (1, 1, 0.5)


@pytest.mark.parametrize(
    ("rows", "void", "not_judged"),
    [([], 0, 0), ([played("a", True, void=True)], 1, 0), ([played("a", None, judged=False)], 0, 1)],
    ids=["nothing", "void", "not judged"],
)
def test_a_run_in_which_nothing_counts_has_no_figures(rows: list[Trajectory], void: int, not_judged: int) -> None:
    table = pass_hat_table(rows, void="exclude")
    assert (table.by_k, table.tasks, table.trials) == ({}, 0, {})
    assert (table.void, table.not_judged) == (void, not_judged)


def test_tasks_with_different_numbers_of_trials_are_refused_unless_allowed() -> None:
    rows = run([True, True, False], [True, False])
    with pytest.raises(ValueError, match=r"1 tasks with 2, 1 tasks with 3"):
        pass_hat_table(rows)
    table = pass_hat_table(rows, allow_unequal=True)
    assert list(table.by_k) == [1, 2]
    assert table.trials == {2: 1, 3: 1}
    assert table.by_k[1].mean == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert table.by_k[2].mean == pytest.approx((1 / 3 + 0) / 2)


def test_a_k_beyond_the_trials_is_an_error_and_a_smaller_one_is_not() -> None:
    rows = run([True, True, False])
    with pytest.raises(ValueError, match="k=4 needs 4 counted trials"):
        pass_hat_table(rows, max_k=4)
    assert list(pass_hat_table(rows, max_k=2).by_k) == [1, 2]


# Two runs

PAIRED = st.lists(st.tuples(st.lists(st.booleans(), min_size=2, max_size=2), st.booleans()), min_size=2, max_size=10)


@given(PAIRED)
def test_a_run_compared_with_itself_does_not_differ(tasks: list[tuple[list[bool], bool]]) -> None:
    rows = run(*(outcomes for outcomes, _ in tasks))
    comparison = compare(rows, rows[::-1])
    assert (comparison.difference, comparison.p_value, comparison.tasks) == (0.0, 1.0, len(tasks))
    assert comparison.low <= 0.0 <= comparison.high


@given(PAIRED, st.sampled_from([1, 2]))
def test_a_comparison_turns_its_sign_when_turned_round(tasks: list[tuple[list[bool], bool]], k: int) -> None:
    first = run(*(outcomes for outcomes, _ in tasks))
    second = run(*([other, outcomes[0]] for outcomes, other in tasks))
    there, back = compare(first, second, k=k), compare(second, first, k=k)
    table_a, table_b = pass_hat_table(first).by_k[k], pass_hat_table(second).by_k[k]
    assert there.difference == pytest.approx(table_b.mean - table_a.mean)
    assert (back.difference, back.low, back.high) == pytest.approx((-there.difference, -there.high, -there.low))
    assert there.p_value == pytest.approx(back.p_value)
    assert -1.0 <= there.low <= there.difference <= there.high <= 1.0
    assert 0.0 < there.p_value <= 1.0


def test_a_difference_on_many_tasks_is_seen_and_one_on_few_is_not() -> None:
    worse, better = [[False]] * 10, [[True]] * 10
    clear = compare(run(*worse, [True]), run(*better, [True]))
    assert clear.difference == pytest.approx(10 / 11)
    assert clear.low > 0.5
    assert clear.p_value < 0.01
    slight = compare(run([False], [True], [True]), run([True], [True], [False]))
    assert slight.difference == 0.0
    assert slight.p_value > 0.5


@pytest.mark.parametrize("tasks", [1, 2, 5])
def test_a_difference_that_is_the_same_on_every_task_is_still_uncertain(tasks: int) -> None:
    comparison = compare(run(*[[False]] * tasks), run(*[[True]] * tasks))
    assert comparison.difference == 1.0
    assert comparison.low < comparison.high


def test_runs_over_different_tasks_are_not_compared() -> None:
    with pytest.raises(ValueError, match="1 tasks are in one of them only"):
        compare(run([True]), run([True], [True]))
    with pytest.raises(ValueError, match="no task to compare"):
        compare([], [])
    with pytest.raises(ValueError, match="run more trials"):
        compare(run([True]), run([True]), k=2)


def test_a_comparison_leaves_out_void_trials() -> None:
    first = [*run([True]), *void("0")]
    assert compare(first, run([True]), void="exclude").difference == 0.0


@pytest.mark.parametrize(
    ("how", "found"), [("exclude", (1, 1, -1.0)), ("fail", (2, 0, -0.75))], ids=["exclude", "fail"]
)
def test_a_comparison_counts_void_trials_as_it_is_told(how: Void, found: tuple[int, int, float]) -> None:
    first = run([True, True], [True, False])
    second = [*run([False, False]), *void("1", 2)]
    comparison = compare(first, second, void=how)
    assert (comparison.tasks, comparison.not_counted, comparison.difference) == found
    with pytest.raises(TooManyVoidError, match="2 of 4 trials of the second run"):
        compare(first, second)


def test_a_task_that_a_judge_would_have_to_settle_is_left_out_of_a_comparison_too() -> None:
    failed = played("nl", False, judged=False)  # the database settles it, though an assertion is open
    solved = played("nl", None, judged=False)
    comparison = compare([*run([True]), failed, solved], [*run([False]), solved, solved])
    assert (comparison.tasks, comparison.difference) == (1, -1.0)
