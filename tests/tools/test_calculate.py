"""The calculator: Python's arithmetic and error texts, and nothing that takes long."""

from __future__ import annotations

import time
import warnings

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from toolgym.tools import ToolError, calculate

ALPHABET = "0123456789+-*/(). "


def _answer(expression: str) -> str:
    try:
        return calculate(expression)
    except ToolError as error:
        return f"Error: {error}"


def _python(expression: str) -> str:
    """What the reference does: Python evaluates the expression."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return str(round(float(eval(expression, {"__builtins__": {}}, {})), 2))
        except Exception as error:
            return f"Error: {error}"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("100", "100.0"),
        ("1 + 1", "2.0"),
        ("2**3", "8.0"),
        ("7 // 2", "3.0"),
        ("7 / 2", "3.5"),
        ("-7 // 2", "-4.0"),
        ("2 * (3.5 + 1)", "9.0"),
        ("-0.001", "-0.0"),
        ("10**30", "1e+30"),
        ("2.675", "2.67"),
        ("0.1 + 0.2", "0.3"),
        ("2 ** -1", "0.5"),
        ("--1", "1.0"),
        ("+.5", "0.5"),
        ("5.", "5.0"),
        ("  1 ", "1.0"),
        ("54.04 + 41.64 - 14.0", "81.68"),
        ("(2 ** 10) ** 2", "1048576.0"),
        ("2 ** 3 ** 2", "512.0"),
        ("-2 ** 2", "-4.0"),
    ],
)
def test_arithmetic_is_pythons_rounded_to_two_places(expression: str, text: str) -> None:
    assert calculate(expression) == text


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("1 + x", "Invalid characters in expression"),
        ("1,5", "Invalid characters in expression"),
        ("1e5", "Invalid characters in expression"),
        ("5 % 3", "Invalid characters in expression"),
        ("1\n", "Invalid characters in expression"),
        ("\t1", "Invalid characters in expression"),
        ("٣", "Invalid characters in expression"),
        ("1_000", "Invalid characters in expression"),
        ("__import__('os')", "Invalid characters in expression"),
        ("1 / 0", "division by zero"),
        ("1 +", "invalid syntax (<string>, line 1)"),
        ("1 2", "invalid syntax (<string>, line 1)"),
        ("", "invalid syntax (<string>, line 0)"),
        ("   ", "invalid syntax (<string>, line 0)"),
        ("(1", "'(' was never closed (<string>, line 1)"),
        ("2(3)", "'int' object is not callable"),
        ("2.5(3)", "'float' object is not callable"),
        ("()", "float() argument must be a string or a real number, not 'tuple'"),
        ("(-8) ** 0.5", "float() argument must be a string or a real number, not 'complex'"),
        (
            "007",
            "leading zeros in decimal integer literals are not permitted; "
            "use an 0o prefix for octal integers (<string>, line 1)",
        ),
        ("10**400", "int too large to convert to float"),
    ],
)
def test_what_cannot_be_computed_is_refused_in_pythons_words(expression: str, text: str) -> None:
    with pytest.raises(ToolError) as caught:
        calculate(expression)
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "expression",
    [
        "9**9**9",
        "-9**9**9",
        "(9**9)**(9**9)",
        "9**(9**(9**9))",
        "9.5**9**9**9",
        "2**99999999",
        "99999999**99999999",
        "9" * 1_000_000,
        "1+" * 1_000_000 + "1",
        "9*" * 999 + "9",
        "*".join(["9**6000"] * 200),
        "(" * 5_000 + "1" + ")" * 5_000,
        "(" * 900 + "1" + ")" * 900,
        "()*9**99",
    ],
    ids=lambda expression: expression[:20],
)
def test_no_expression_takes_long(expression: str) -> None:
    began = time.thread_time()
    answer = _answer(expression)
    assert time.thread_time() - began < 1.0
    assert answer.startswith("Error: ")
    assert len(answer) < 200


@pytest.mark.parametrize("expression", ["-" * 1_999 + "1", "1" + "+1" * 999, "1**" * 600 + "1", "1" + "(1)" * 600])
def test_a_long_chain_is_computed_or_refused_at_once(expression: str) -> None:
    began = time.thread_time()
    _answer(expression)
    assert time.thread_time() - began < 1.0


def _deep_down(frames: int, expression: str) -> str:
    return _answer(expression) if frames == 0 else _deep_down(frames - 1, expression)


def test_the_answer_does_not_depend_on_where_the_call_comes_from() -> None:
    bill = "+".join(["2.5"] * 400)
    assert _answer(bill) == "1000.0"
    assert _deep_down(600, bill) == "1000.0"


def test_an_expression_too_long_is_told_the_longest() -> None:
    assert calculate("1" + " " * 1_997 + "+1") == "2.0"
    with pytest.raises(ToolError, match="longer than 2000 characters"):
        calculate("1" + " " * 1_998 + "+1")


@pytest.mark.parametrize("depth", [10, 100, 150])
def test_parentheses_nest_as_deep_as_anyone_writes_them(depth: int) -> None:
    assert calculate("(" * depth + "1" + ")" * depth) == "1.0"


def test_a_list_is_not_an_expression() -> None:
    wrong: object = ["1", "+", "1"]
    with pytest.raises(ToolError, match="must be a string"):
        calculate(wrong)  # type: ignore[arg-type]  # tau2's tools do not check their arguments


@settings(max_examples=400)
@given(expression=st.text(alphabet=ALPHABET, max_size=12))
def test_it_answers_as_python_does(expression: str) -> None:
    assume("**" not in expression.replace(" ", ""))  # powers have a test of their own, with bounded operands
    assume("(*" not in expression.replace(" ", ""))  # an unpacked argument of a number: refused in other words
    assert _answer(expression) == _python(expression)


_NUMBER = st.integers(0, 999).map(str) | st.decimals(0, 999, places=2).map(str)
_EXPRESSION = st.recursive(
    _NUMBER,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", " + ", " * "]), inner).map("".join),
        st.tuples(_NUMBER, st.just("**"), st.integers(-9, 9).map(str)).map("".join),
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"-{text}"),
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(expression=_EXPRESSION)
def test_well_formed_expressions_are_computed_as_python_does(expression: str) -> None:
    assert _answer(expression) == _python(expression)


@given(expression=st.text(max_size=30))
def test_any_text_is_a_number_or_a_refusal(expression: str) -> None:
    assume("**" not in expression)
    answer = _answer(expression)
    assert answer != "Error: "
    if not answer.startswith("Error: "):
        float(answer)
