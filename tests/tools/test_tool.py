"""@tool: what becomes a tool, the schema that a model sees, and how arguments are checked."""

from __future__ import annotations

import json
from datetime import date
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from toolgym.database import SideView
from toolgym.tools import Effect, Tool, ToolError, Toolkit, tool


class Place(BaseModel):
    """Where something is."""

    shelf: int
    room: str = "attic"


class Library(Toolkit):
    """A toolkit with one tool of every kind."""

    @tool(Effect.READ)
    def look(self, title: str, limit: int = 5, exact: bool | None = None) -> str:
        """Look a book up.

        It searches all shelves
        of the library.

        Args:
            title: The title, or its
                first words.
            limit: How many, from 1.

        Returns:
            What was found.

        Raises:
            ToolError: If there is none.
        """
        return f"{title} {limit} {exact}"

    def helper(self) -> bool:
        """Not a tool."""
        return True

    @tool(Effect.WRITE)
    def shelve(self, books: list[str], place: Place, mood: Literal["glad", "sad"], weight: float) -> None:
        """Put books away."""

    @tool(Effect.GENERIC)
    def bell(self) -> str:
        """Ring the bell."""
        return "ding"

    @tool(Effect.THINK)
    def think(self, thought: str) -> str:
        """Think."""
        return thought


class Annexe(Library):
    """A subclass with a tool of its own, one replaced and one hidden."""

    @tool(Effect.READ)
    def window(self) -> str:
        """Look outside."""
        return "rain"

    @tool(Effect.WRITE, mutates=False, repeatable=True)
    def bell(self) -> str:
        """Ring the other bell."""
        return "dong"

    def think(self, thought: str) -> str:
        """Not a tool any more."""
        return thought


LOOK = Library.tools["look"]
SHELVE = Library.tools["shelve"]
GOOD = {"books": ["Emma"], "place": {"shelf": 3}, "mood": "glad", "weight": 1.5}


def _refusal(found: Tool, arguments: dict[str, Any]) -> str:
    with pytest.raises(ToolError) as caught:
        found.validate(arguments)
    return str(caught.value)


def test_marked_methods_are_tools_in_the_order_of_their_definition() -> None:
    assert list(Library.tools) == ["look", "shelve", "bell", "think"]
    assert dict(Toolkit.tools) == {}


def test_a_subclass_lists_its_own_tools_first_and_what_it_overrides_once() -> None:
    assert list(Annexe.tools) == ["window", "bell", "look", "shelve"]
    assert Annexe.tools["bell"].description == "Ring the other bell."
    assert Annexe.tools["look"] is Library.tools["look"]
    assert list(Library.tools) == ["look", "shelve", "bell", "think"]


def test_a_marked_method_is_still_a_method() -> None:
    nothing: Any = None
    kit = Annexe(nothing)
    assert kit.look("Emma") == "Emma 5 None"
    assert kit.bell() == "dong"
    assert kit.think("hm") == "hm"


def test_only_a_write_is_run_again_for_grading_unless_the_mark_says_otherwise() -> None:
    assert {name: found.mutates for name, found in Library.tools.items()} == {
        "look": False,
        "shelve": True,
        "bell": False,
        "think": False,
    }
    assert not Annexe.tools["bell"].mutates
    assert Annexe.tools["bell"].effect is Effect.WRITE
    assert [name for name, found in Annexe.tools.items() if found.repeatable] == ["bell"]


def test_the_schema_says_name_description_and_arguments() -> None:
    schema = LOOK.schema
    assert schema["type"] == "function"
    assert schema["function"]["name"] == "look"
    assert schema["function"]["description"] == "Look a book up.\n\nIt searches all shelves\nof the library."
    parameters = schema["function"]["parameters"]
    assert parameters["type"] == "object"
    assert parameters["required"] == ["title"]
    assert list(parameters["properties"]) == ["title", "limit", "exact"]


def test_the_schema_holds_types_defaults_and_what_the_docstring_says_of_each_argument() -> None:
    properties = LOOK.schema["function"]["parameters"]["properties"]
    assert properties["title"]["type"] == "string"
    assert properties["title"]["description"] == "The title, or its first words."
    assert (properties["limit"]["type"], properties["limit"]["default"]) == ("integer", 5)
    assert properties["exact"]["anyOf"] == [{"type": "boolean"}, {"type": "null"}]
    assert properties["limit"]["description"] == "How many, from 1."
    assert "description" not in properties["exact"]


@pytest.mark.parametrize("section", ["Args", "Returns", "Raises", "Source", "Example"])
def test_the_sections_of_a_docstring_are_not_part_of_the_description(section: str) -> None:
    def act(self: Any) -> str:
        return "done"

    act.__doc__ = f"Act.\n\n    At once: now.\n\n    {section}:\n        Something: else.\n    "
    kit: type[Toolkit] = type("Kit", (Toolkit,), {"act": tool(Effect.READ)(act)})
    assert kit.tools["act"].description == "Act.\n\nAt once: now."


def test_the_schema_describes_lists_choices_and_models() -> None:
    parameters = SHELVE.schema["function"]["parameters"]
    properties = parameters["properties"]
    assert (properties["books"]["type"], properties["books"]["items"]) == ("array", {"type": "string"})
    assert properties["mood"]["enum"] == ["glad", "sad"]
    assert properties["weight"]["type"] == "number"
    reference = properties["place"]["$ref"].rsplit("/", 1)[1]
    assert parameters["$defs"][reference]["required"] == ["shelf"]
    assert parameters["required"] == ["books", "place", "mood", "weight"]


def test_the_schema_forbids_no_further_properties_as_tau2s_does_not() -> None:
    assert "additionalProperties" not in LOOK.schema["function"]["parameters"]


def test_a_tool_without_arguments_has_an_empty_schema() -> None:
    parameters = Library.tools["bell"].schema["function"]["parameters"]
    assert parameters["properties"] == {}
    assert not parameters.get("required")


def test_schemas_are_json_and_built_once_for_all_toolkits_of_a_class() -> None:
    nothing: Any = None
    first, second = Library(nothing), Annexe(nothing)
    for found in first.tools.values():
        assert json.loads(json.dumps(found.schema)) == found.schema
    assert first.tools["look"].schema is second.tools["look"].schema
    assert first.tools["look"].parameters is second.tools["look"].parameters


def test_valid_arguments_come_back_with_defaults_filled_in() -> None:
    assert LOOK.validate({"title": "Emma"}) == {"title": "Emma", "limit": 5, "exact": None}
    checked = SHELVE.validate({**GOOD, "weight": 2})
    assert checked == {"books": ["Emma"], "place": Place(shelf=3), "mood": "glad", "weight": 2.0}


def test_a_refusal_lists_every_problem_in_one_line() -> None:
    assert _refusal(LOOK, {"limit": None, "author": 1}) == (
        "Invalid arguments for look: title is missing; limit: Input should be a valid integer (got None); "
        "author is not an argument of this tool"
    )


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        ({}, ["title is missing"]),
        ({"title": 5}, ["title: Input should be a valid string (got 5)"]),
        ({"title": "a", "limit": "7"}, ["limit: Input should be a valid integer (got '7')"]),
        ({"title": "a", "limit": 7.5}, ["limit: ", "(got 7.5)"]),
        ({"title": "a", "limit": True}, ["limit: Input should be a valid integer (got True)"]),
        ({"title": "a", "author": "b"}, ["author is not an argument of this tool"]),
        ({"limit": None, "auther": 1}, ["title is missing", "limit: ", "(got None)", "auther is not an argument"]),
        ({"title": ["x"] * 50}, ["(got a list of 50)"]),
        ({"title": {"a": {}}}, ["(got a dict of 1)"]),
        ({"title": 10**5000}, ["(got a very large integer)"]),
        ({"title": "a", "limit": "y" * 70}, ["(got '" + "y" * 60 + "'…)"]),
    ],
)
def test_a_refusal_names_the_argument_the_problem_and_the_value(arguments: dict[str, Any], parts: list[str]) -> None:
    text = _refusal(LOOK, arguments)
    assert text.startswith("Invalid arguments for look: ")
    for part in parts:
        assert part in text


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"mood": "angry"}, ["mood: ", "'glad' or 'sad'", "(got 'angry')"]),
        ({"weight": float("nan")}, ["weight: Input should be a finite number (got nan)"]),
        ({"weight": float("inf")}, ["weight: Input should be a finite number (got inf)"]),
        ({"books": "Emma"}, ["books: Input should be a valid list (got 'Emma')"]),
        ({"books": ["Emma", 5]}, ["books.1: Input should be a valid string (got 5)"]),
        ({"place": {"shelf": "top"}}, ["place.shelf: Input should be a valid integer", "(got 'top')"]),
        ({"place": {}}, ["place.shelf is missing"]),
    ],
)
def test_a_refusal_points_into_lists_and_models(changes: dict[str, Any], parts: list[str]) -> None:
    text = _refusal(SHELVE, {**GOOD, **changes})
    for part in parts:
        assert part in text


def test_the_fields_of_a_model_are_checked_as_strictly_as_the_arguments() -> None:
    assert "place.shelf" in _refusal(SHELVE, {**GOOD, "place": {"shelf": "3"}})
    assert "place.shelf" in _refusal(SHELVE, {**GOOD, "place": {"shelf": 3.0}})


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(["title", "limit", "exact", "books", "place", "mood", "weight"]) | st.text(max_size=4)


@given(arguments=st.dictionaries(_NAMES, _JSON, max_size=6))
def test_whatever_is_given_is_either_fitted_to_the_signature_or_refused(arguments: dict[str, Any]) -> None:
    for found, names in ((LOOK, ["title", "limit", "exact"]), (SHELVE, ["books", "place", "mood", "weight"])):
        try:
            checked = found.validate(arguments)
        except ToolError:
            assert _refusal(found, arguments).startswith(f"Invalid arguments for {found.name}: ")
            continue
        assert list(checked) == names
        assert set(arguments) <= set(names)


@given(title=st.text(), limit=st.integers(), exact=st.none() | st.booleans())
def test_arguments_of_the_right_types_are_passed_on_unchanged(title: str, limit: int, exact: bool | None) -> None:
    arguments = {"title": title, "limit": limit, "exact": exact}
    assert LOOK.validate(arguments) == arguments


@pytest.mark.parametrize(
    "arguments",
    [
        {"title": "x" * 100_000, "limit": "x" * 100_000},
        {"title": ["x" * 100_000], "limit": {"x" * 100_000: 1}},
        {str(n) * 100: 1 for n in range(1000)},
        {"y" * 100_000: 1, "title": "a"},
    ],
    ids=["texts", "containers", "many names", "a long name"],
)
def test_a_refusal_stays_short_whatever_was_given(arguments: dict[str, Any]) -> None:
    assert len(_refusal(LOOK, arguments)) < 4_000


def test_a_toolkit_is_made_over_one_side_in_one_flavour() -> None:
    view: SideView = object.__new__(SideView)
    kit = Library(view, "tau2")
    assert (kit.db, kit.flavour) == (view, "tau2")
    assert Library(view).flavour == "toolgym"


class Desk(Toolkit):
    """A toolkit whose arguments JSON has no form of its own for."""

    @tool(Effect.READ)
    def free(self, arrival: date, nights: tuple[int, int] = (1, 2), rooms: int = 1) -> str:
        """Look up free rooms.

        Args:
            arrival: The first day.
            nights: From how many nights to how many.
            rooms: How many rooms.
        """
        return f"{arrival:%d %B}, {nights}, {rooms}"


def test_a_date_is_a_text_and_a_tuple_a_list_as_the_schema_says() -> None:
    free = Desk.tools["free"]
    assert free.schema["function"]["parameters"]["properties"]["arrival"]["format"] == "date"
    assert free.validate({"arrival": "2026-12-03", "nights": [2, 4]})["arrival"] == date(2026, 12, 3)
    with pytest.raises(ToolError, match=r"arrival: Input should be a valid date .*\(got 'Thursday'\)"):
        free.validate({"arrival": "Thursday"})
    with pytest.raises(ToolError, match=r"rooms: Input should be a valid integer \(got '2'\)"):
        free.validate({"arrival": "2026-12-03", "rooms": "2"})
    with pytest.raises(ToolError, match="arrival: Input should be a valid date"):
        free.validate({"arrival": {date(2026, 12, 3)}})
