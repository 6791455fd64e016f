"""What a view shows of the assistant's messages is read back as the same messages."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_shop import ARGUMENTS, LAMPS, SHOP, SPOKEN, meant, open_sight

from toolgym.actions import parse_action
from toolgym.errors import DataError
from toolgym.messages import Message, ToolCall
from toolgym.rendering import EntityKind, Rendering
from toolgym.views import VIEWS
from toolgym.views.spelling import SLOTS_OF_A_KIND

STRANGE = [
    *("O1", "O2", "I1", "I12", "X1", "X99", "M1", "W1", "N1", "<O1>", "<X1>", "<line>", "<end>", "card_1", "card_9"),
    *("#W1", "#W22", "#W333", "#3", "#", "##", *LAMPS, *SPOKEN.values(), "Lamp", "Tea Pot", "3333333333", "4444444444"),
    *("/", "/x", "/buy", "/buy O1", "\\", "\\/", "|", " | ", "-", "--", ",", ", ", "{", "}", '{"a": 1}', "[]", "null"),
    *('"', "'", "`", "**", "\n", "\n\n", "\r", "\t", " ", "  ", "\0", "\ue000", "\ue0000\ue001", "\ue002", "é", "日本"),
    *("\u2028", "\u00a0", "yes", "no", "order", "the", "I have", "1", "12.50", "1e5", "true"),
]
PIECES = st.one_of(st.sampled_from(STRANGE), st.text(max_size=4))
TEXTS = st.lists(PIECES, max_size=6).map("".join) | st.lists(PIECES, max_size=6).map(" ".join)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=5,
)
VALUES = TEXTS | st.lists(TEXTS, max_size=3) | JSON
VIEW = st.sampled_from(VIEWS)


@st.composite
def calls(draw: st.DrawFn) -> ToolCall:
    """Calls of the shop's tools, some with arguments left out, and of tools that nobody has."""
    name = draw(st.sampled_from([*ARGUMENTS, "nothing", "O1", "/buy"]))
    known = ARGUMENTS.get(name, ("a", "order_id"))
    chosen = [one for one in known if draw(st.booleans())]
    return ToolCall(name, {one: draw(VALUES) for one in chosen}, "call_0")


@given(VIEW, calls())
def test_a_call_is_read_back_letter_by_letter(name: str, call: ToolCall) -> None:
    sight = open_sight(name)
    shown = sight.show(Message("assistant", None, (call,)))
    assert shown is not None
    read = sight.read(shown.text)
    assert meant(read) == ("", [(call.name, dict(call.arguments))])
    assert read.tool_calls[0].problem is None


def _spaced(text: str) -> str:
    return "".join(text.split())


@given(VIEW, TEXTS)
def test_what_is_said_is_read_back_up_to_blanks_that_a_view_of_slots_does_not_keep(name: str, text: str) -> None:
    message = parse_action(Message("assistant", text))
    if message.tool_calls or message.content is None:
        return  # it says nothing
    sight = open_sight(name)
    shown = sight.show(message)
    assert shown is not None
    read = sight.read(shown.text)
    assert not read.tool_calls
    if name == "compact":
        assert meant(read) == meant(message)
    else:
        assert _spaced(read.content or "") == _spaced(message.content)


@given(VIEW, TEXTS, st.lists(calls(), min_size=1, max_size=3))
def test_words_and_calls_in_one_message_are_told_apart(name: str, text: str, made: list[ToolCall]) -> None:
    message = parse_action(Message("assistant", text, tuple(made)))
    sight = open_sight(name)
    shown = sight.show(message)
    assert shown is not None
    read = sight.read(shown.text)
    assert meant(read)[1] == meant(message)[1]
    assert _spaced(read.content or "") == _spaced(message.content or "")


@given(VIEW, st.lists(TEXTS, min_size=1, max_size=8))
def test_what_others_say_never_changes_what_a_call_means(name: str, said: list[str]) -> None:
    sight = open_sight(name)
    call = ToolCall("buy", {"order_id": "#W22", "note": "O1"}, "call_0")
    shown = sight.show(Message("assistant", None, (call,)))
    assert shown is not None
    for number, text in enumerate(said):
        sight.show(Message("tool" if number % 2 else "user", text))
    assert meant(sight.read(shown.text)) == ("", [(call.name, dict(call.arguments))])


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (ToolCall("buy", {"order_id": "#W22", "card": "card_1"}, ""), "/buy O2 | Visa M1"),
        (ToolCall("buy", {"card": "card_1"}, ""), "/buy - | Visa M1"),
        (ToolCall("swap", {"item_ids": list(LAMPS)}, ""), "/swap Lamp I1, Lamp I2"),
        (ToolCall("product", {"product_id": "3333333333"}, ""), "/product Lamp"),
        (ToolCall("count", {"number": 3, "sure": True}, ""), "/count 3 | true"),
        (ToolCall("stop", {}, ""), "/stop"),
        (ToolCall("buy", {"note": "-"}, ""), '/buy {"note": "-"}'),
        (ToolCall("buy", {"note": "a|O1"}, ""), '/buy {"note": "a\\u007c\\u004f1"}'),
        (ToolCall("nothing", {"a": 1}, ""), '/nothing {"a": 1}'),
    ],
)
def test_a_call_reads_as_a_line(call: ToolCall, text: str) -> None:
    shown = open_sight("compact").show(Message("assistant", None, (call,)))
    assert shown is not None
    assert shown.text == text


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ("I take the Lamp (red) and the Lamp (blue, tall).", "I take the Lamp I1 and the Lamp I2."),
        ("Do you mean 1111111111?", "Do you mean #I1?"),
        ("Your order #W22 is O1.", "Your order O2 is X1."),
        ("This:\n/buy O1", "This:\n\\/buy X1"),
        ("\\/buy", "\\\\/buy"),
    ],
)
def test_speech_names_things_by_what_they_are_known_by(said: str, text: str) -> None:
    sight = open_sight("compact")
    shown = sight.show(Message("assistant", said))
    assert shown is not None
    assert shown.text == text
    assert sight.read(text).content == said


@pytest.mark.parametrize("name", VIEWS)
def test_a_call_that_did_not_parse_is_one_line_that_is_no_call_either(name: str) -> None:
    sight = open_sight(name)
    broken = ToolCall("", {}, "call_0", "assistant", "This looks like a call.", "stop\n/stop")
    shown = sight.show(Message("assistant", None, (broken,)))
    assert shown is not None
    read = sight.read(shown.text)
    assert [call.problem is None for call in read.tool_calls] == [False]
    assert read.content is None


def test_a_view_of_slots_keeps_the_blanks_of_ordinary_signs() -> None:
    said = '**Done!** ### Summary\n\n- Say "yes" (or `no`), e.g. #W1: it costs $3 - about 10%. Well-known.'
    sight = open_sight("slots")
    shown = sight.show(Message("assistant", said))
    assert shown is not None
    assert sight.read(shown.text).content == said.replace("$3 - about", "$3-about")


def test_more_names_than_a_view_of_slots_tells_apart_take_the_aliases_of_the_oldest() -> None:
    sight = open_sight("slots")
    for number in range(100, 100 + SLOTS_OF_A_KIND):
        sight.show(Message("user", f"#W{number}"))
    new, old = (ToolCall("buy", {"order_id": one}, "call_0") for one in (f"#W{99 + SLOTS_OF_A_KIND}", "#W1"))
    for call in (new, old):
        shown = sight.show(Message("assistant", None, (call,)))
        assert shown is not None
        assert meant(sight.read(shown.text)) == ("", [(call.name, dict(call.arguments))])
    assert len([alias for alias in sight.aliases if alias.startswith("O")]) == SLOTS_OF_A_KIND


FRAGMENTS = st.one_of(
    st.sampled_from(
        [*STRANGE, *ARGUMENTS, *(f"/{name} " for name in ARGUMENTS), "1e999", "NaN", "-Infinity", "[" * 99]
    ),
    st.sampled_from(
        ['{"note": ', '{"number": 1e999}', '{"a": NaN}', "{" * 50, '"}', "/ ", "/count ", "<", ">", "\ud800"]
    ),
    st.text(max_size=5),
)


@given(VIEW, st.lists(FRAGMENTS, max_size=12), st.sampled_from(["", " "]), st.booleans())
def test_whatever_a_policy_writes_is_a_message(name: str, parts: list[str], between: str, told: bool) -> None:
    sight = open_sight(name, SHOP if told else Rendering(), told=told)
    message = sight.read(between.join(parts))
    assert message.role == "assistant"
    assert message.tool_calls or (message.content or "").strip()
    for call in message.tool_calls:
        assert call.problem is None or call.problem.strip()
        parse_action(Message("assistant", message.content, (call,)))
    assert sight.show(message) is not None  # as the sampler does with what it has read


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("/fly O1", "There is no tool 'fly'; there are: buy, count, product, stop, swap."),
        ("/", "There is no tool ''; there are: buy, count, product, stop, swap."),
        ("/stop now", "'stop' takes 0 values, got 1."),
        ("/buy a | b | c | d", "'buy' takes 3 values, got 4."),
        ("/count 1e999", "The arguments are not JSON: Out of range float values are not JSON compliant"),
        ("", "empty"),
    ],
)
def test_a_line_that_is_no_call_of_a_tool_says_what_is_wrong(text: str, problem: str) -> None:
    [call] = open_sight("compact").read(text).tool_calls
    assert problem in (call.problem or "")


@pytest.mark.parametrize(
    ("text", "arguments"),
    [
        ("/buy O2", {"order_id": "#W22"}),
        ("  /  buy   the order O2|-|", {"order_id": "#W22", "note": ""}),
        ("/buy O2 please", {"order_id": "#W22 please"}),
        ("/buy O9", {"order_id": "O9"}),
        ("/swap I1 and I2", {"item_ids": list(LAMPS)}),
        ("/swap - | a, b", {"tags": ["a", "b"]}),
        ('/buy {"order_id": "O1"}', {"order_id": "#W1"}),
        ("/buy {x} | M1", {"order_id": "{x}", "card": "card_1"}),
    ],
)
def test_a_policy_may_write_a_call_in_other_ways(text: str, arguments: dict[str, Any]) -> None:
    [call] = open_sight("compact").read(text).tool_calls
    assert call.problem is None
    assert call.arguments == arguments


def test_a_kind_may_not_have_the_letter_of_lookalikes_or_of_another() -> None:
    with pytest.raises(DataError, match="text that looks like an alias"):
        Rendering((EntityKind("X", "thing"),))
    with pytest.raises(DataError, match="'a' have the same letter 'A'"):
        Rendering((EntityKind("A", "a"), EntityKind("A", "b")))
    with pytest.raises(DataError, match="give one of A to Z"):
        EntityKind("ä", "thing")
