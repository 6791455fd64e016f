"""A session against a model of plain dicts: whatever is done, both hold the same and tell the same changes."""

from __future__ import annotations

import copy
import hashlib
import itertools
import json
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from small_world import JSON, LONE, SCHEMAS, SOURCES, TABLES, build, plain, start, without_orders

from toolgym.database import Database, Record, Session
from toolgym.messages import SIDES, AgentID

Place: TypeAlias = tuple[AgentID, str]
State: TypeAlias = dict[Place, dict[str, Record]]

KEYS = st.sampled_from(["i3", "i1", "", "ü 😀", "l2", "l1", "l3", "new", "newer", LONE, "x\0"])
PLACES = st.sampled_from(TABLES)
TAGS = ["red", "blue", "😀", LONE]
KINDS = ["in", "out", "loud"]
VALUES = {"tag": ["red", "😀", LONE], "kind": ["in", "loud"], "name": ["lamp"]}
LISTS = tuple(place for place in TABLES if SCHEMAS[place[0]].by_name[place[1]].kind == "list")
RECORDS = st.fixed_dictionaries(
    {"tags": st.lists(st.sampled_from(TAGS), max_size=3)},
    optional={"name": st.sampled_from(["lamp", "desk"]), "kind": st.sampled_from(KINDS), "extra": JSON},
)


def set_field(record: Record, name: str, value: Any) -> None:
    """Set a field."""
    record[name] = copy.deepcopy(value)


def add_tag(record: Record, name: str, value: Any) -> None:
    """Change a list inside the record in place."""
    record.setdefault("tags", []).append(TAGS[len(name) % len(TAGS)])


def drop_field(record: Record, name: str, value: Any) -> None:
    """Remove a field."""
    record.pop(name, None)


CHANGES = st.sampled_from([set_field, add_tag, drop_field])
NAMES = st.sampled_from(["extra", "note", "name", "amount"])


def names_and_tags(records: Iterable[Record]) -> list[str]:
    """An aggregate that depends on every record and on their order."""
    return [json.dumps([record.get("name"), record.get("tags")]) for record in records]


def canonical(record: Record | None) -> str | None:
    """A record as the diff shows it."""
    return None if record is None else json.dumps(record, sort_keys=True, default=str)


def state_of(session: Session) -> State:
    """All that a session holds, as plain dicts."""
    return {
        (side, table): {key: plain(session.get(side, table, key)) for key in session.keys(side, table)}
        for side, table in TABLES
    }


def whole(state: State, side: AgentID) -> dict[str, Any]:
    """One side as tau2's JSON has it."""
    data: dict[str, Any] = {}
    for table in SCHEMAS[side].tables:
        records = state[side, table.name]
        if table.kind == "map":
            data[table.name] = records
        else:
            data[table.name] = list(records.values()) if table.kind == "list" else next(iter(records.values()), None)
    return data


def compare(session: Session, state: State, places: Iterable[Place]) -> None:
    """Everything that can be read of some tables is as in the model."""
    for side, table in places:
        model = state[side, table]
        assert session.keys(side, table) == list(model)
        assert session.count(side, table) == len(model)
        for key, record in model.items():
            assert json.dumps(session.get(side, table, key)) == json.dumps(record)
        assert json.dumps(list(session.records(side, table))) == json.dumps(list(model.values()))
        assert session.aggregate(side, table, names_and_tags) == names_and_tags(model.values())
        places_in_order = [session.position(side, table, key) for key in model]
        assert places_in_order == sorted(set(places_in_order))
        for index, listed in SCHEMAS[side].by_name[table].indexes.items():
            for value in VALUES[index]:
                expected = [key for key, record in model.items() if value in listed(record)]
                assert session.find(side, table, index, value) == expected


def compare_diff(session: Session, before: State, after: State) -> None:
    """The diff is the canonical difference of two states, and lists new keys where order is state."""
    records, orders = without_orders(session.diff())
    expected = {}
    for place in TABLES:
        for key in {**before[place], **after[place]}:
            then, now = canonical(before[place].get(key)), canonical(after[place].get(key))
            if then != now:
                expected[(*place, key)] = now
    assert records == expected
    for place in TABLES:
        new = [key for key in after[place] if key not in before[place]]
        moved = orders.get(place, [])
        assert moved == list(after[place])[len(after[place]) - len(moved) :]
        assert [key for key in moved if key in new] == (new if place in LISTS else [])
        assert place in LISTS or place not in orders


class Model(RuleBasedStateMachine):
    """Calls on a session and, alike, on plain dicts."""

    base: Database

    def __init__(self) -> None:
        super().__init__()
        self.session = start(self.base)
        self.state = state_of(self.session)
        self.settled = self.began = copy.deepcopy(self.state)
        self.touched: set[Place] = set()
        self.written: set[Place] = set()
        self.seen: list[tuple[object, Any]] = [(self.session.fingerprint, self.session.diff())]

    @initialize(writes=st.lists(st.tuples(PLACES, KEYS, st.none() | RECORDS), max_size=6), layered=st.booleans())
    def start_from_a_layer(self, writes: list[tuple[Place, str, Record | None]], layered: bool) -> None:
        for place, key, record in writes if layered else ():
            if record is not None:
                self.put(place, key, record)
            elif key in self.state[place]:
                self.delete(place, key)
        self.commit()
        self.fork()

    @rule(place=PLACES, key=KEYS, record=RECORDS)
    def put(self, place: Place, key: str, record: Record) -> None:
        self._touch(place)
        stored = self.session.put(*place, key, record)
        assert json.dumps(stored) == json.dumps(record)
        self.state[place][key] = copy.deepcopy(record)

    @rule(place=PLACES, key=KEYS, change=CHANGES, name=NAMES, value=JSON)
    def edit(self, place: Place, key: str, change: Callable[..., None], name: str, value: Any) -> None:
        self._touch(place)
        if key in self.state[place]:
            change(self.session.edit(*place, key), name, value)
            change(self.state[place][key], name, value)
        else:
            with pytest.raises(LookupError):
                self.session.edit(*place, key)

    @rule(place=PLACES, key=KEYS)
    def delete(self, place: Place, key: str) -> None:
        self._touch(place)
        if key in self.state[place]:
            self.session.delete(*place, key)
            del self.state[place][key]
        else:
            with pytest.raises(LookupError):
                self.session.delete(*place, key)

    @rule(place=PLACES, key=KEYS)
    def put_it_back(self, place: Place, key: str) -> None:
        """What returns a record to how it was, so that nets of nothing occur."""
        if key in self.began[place]:
            self.put(place, key, self.began[place][key])
        elif key in self.state[place]:
            self.delete(place, key)

    @rule()
    def commit(self) -> None:
        self._settle()
        before = self.session.diff()
        changed = self.session.commit()
        assert changed == (self.session.diff() != before)
        self.settled = copy.deepcopy(self.state)
        self.seen.append((self.session.fingerprint, self.session.diff()))
        compare_diff(self.session, self.began, self.settled)

    @rule()
    def rollback(self) -> None:
        self._settle()
        self.session.rollback()
        self.state = copy.deepcopy(self.settled)
        assert self.session.fingerprint == self.seen[-1][0]
        assert self.session.diff() == self.seen[-1][1]

    @precondition(lambda self: not self.session.dirty)
    @rule()
    def fork(self) -> None:
        """Go on from a fork; the session that it left must not see what follows."""
        self.session = self.session.fork()
        self.began = copy.deepcopy(self.state)
        assert self.session.diff() == {}
        self.seen = [(self.session.fingerprint, {})]

    @rule()
    def begin(self) -> None:
        if self.session.dirty:
            with pytest.raises(RuntimeError, match="already open"):
                self.session.begin()
        else:
            self.session.begin()

    @rule(side=st.sampled_from(SIDES))
    def digest(self, side: AgentID) -> None:
        text = json.dumps(whole(self.state, side), sort_keys=True, default=str)
        assert self.session.digest(side) == hashlib.sha256(text.encode()).hexdigest()

    def _touch(self, place: Place) -> None:
        self.touched = {place}
        self.written.add(place)

    def _settle(self) -> None:
        self.touched, self.written = self.written, set()

    @invariant()
    def reads_are_as_in_the_model(self) -> None:
        compare(self.session, self.state, self.touched)
        self.touched = set()

    def teardown(self) -> None:
        compare(self.session, self.state, TABLES)
        for fingerprint, diff in self.seen:
            for other_fingerprint, other_diff in self.seen:
                assert (fingerprint == other_fingerprint) == (diff == other_diff)
        for side in SIDES:
            self.digest(side)


def test_a_session_is_a_plain_dict_with_a_memory_of_its_start(base: Database, source: str) -> None:
    machine = type("Model", (Model,), {"base": base})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=150 if source == SOURCES[0] else 25, stateful_step_count=30, deadline=None),
    )


def _toggled(place: Place, keys: Iterable[str], session: Session) -> Session:
    """One call a key: a record that is there is deleted, one that is not is put."""
    for key in keys:
        session.begin()
        if session.get(*place, key) is None:
            session.put(*place, key, {"entry_id": key, "kind": "in"})
        else:
            session.delete(*place, key)
        session.commit()
    return session


def _up_to(length: int) -> list[tuple[str, ...]]:
    keys = ("l3", "l1", "new")  # the last of the list, one that comes back changed, and one that is new
    return [chosen for number in range(length + 1) for chosen in itertools.product(keys, repeat=number)]


@pytest.mark.parametrize("place", [("assistant", "log"), ("assistant", "spare")], ids=["list", "map"])
@pytest.mark.parametrize("before", _up_to(2), ids="-".join)
def test_two_episodes_differ_exactly_when_their_states_do(place: Place, before: tuple[str, ...]) -> None:
    """Every short sequence of calls on one table. Where order is state, order counts; a map's order does not."""
    base = build()
    layer = _toggled(place, before, start(base)).layer()
    diffs: dict[object, set[object]] = {}
    for calls in _up_to(4):
        session = _toggled(place, calls, Session(base, layer))
        diffs.setdefault(session.digest("assistant"), set()).add(frozenset(session.diff().items()))
        assert session.fingerprint == (frozenset(session.diff().items()) or None)
    assert [len(found) for found in diffs.values()] == [1] * len(diffs)
    assert len(set.union(*diffs.values())) == len(diffs)
