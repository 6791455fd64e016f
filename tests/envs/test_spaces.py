"""Spaces of messages: what they hold, and how their elements travel."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import numpy as np
import pytest
from gymnasium.vector.utils import (
    batch_space,
    concatenate,
    create_empty_array,
    create_shared_memory,
    iterate,
    read_from_shared_memory,
    write_to_shared_memory,
)
from hypothesis import given
from hypothesis import strategies as st

from toolgym.actions import parse_action
from toolgym.envs import DialogueSpace, MessageSpace
from toolgym.envs.spaces import TextSpace
from toolgym.messages import Message, ToolCall

SPACES = (MessageSpace, DialogueSpace, TextSpace)
write: Any = write_to_shared_memory  # Gymnasium types the values as arrays alone
CALL = {"id": "1", "type": "function", "function": {"name": "get_users", "arguments": "{}"}}
TEXT = st.text(max_size=20)
CHAT = st.fixed_dictionaries({"role": st.sampled_from(["user", "assistant", "system"]), "content": st.none() | TEXT})


@pytest.mark.parametrize("space", SPACES)
@given(seed=st.integers(0, 2**32))
def test_a_space_holds_its_samples_and_a_seed_repeats_them(space: type[Any], seed: int) -> None:
    one, same = space(seed=seed), space()
    same.seed(seed)
    samples = [one.sample() for _ in range(5)]
    assert samples == [same.sample() for _ in range(5)]
    assert all(sample in one for sample in samples)
    assert one.from_jsonable(json.loads(json.dumps(one.to_jsonable(samples)))) == samples


@given(st.integers(0, 2**32))
def test_every_sampled_action_can_be_read(seed: int) -> None:
    message = parse_action(MessageSpace(seed=seed).sample())
    assert message.role == "assistant"
    assert all(call.problem is None for call in message.tool_calls)


@pytest.mark.parametrize(
    "action",
    [
        "",
        "Hello.",
        '{"name": "get_users", "arguments": {}}',
        Message("assistant", "Hello."),
        Message("assistant", None, (ToolCall("get_users"),)),
        {"role": "assistant", "content": "Hello."},
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "assistant", "tool_calls": None, "content": "Hello."},
        {"name": "get_users", "arguments": {}},
        {"name": "get_users"},
        {"name": "get_users", "arguments": "{}"},
    ],
    ids=str,
)
def test_text_calls_and_messages_are_actions(action: Any) -> None:
    assert action in MessageSpace()
    assert parse_action(action).role == "assistant"


@pytest.mark.parametrize(
    "thing",
    [
        None,
        5,
        b"Hello.",
        ["Hello."],
        {},
        {"content": "Hello."},
        {"role": "wizard", "content": "Hello."},
        {"role": "assistant", "content": 5},
        {"role": "assistant", "tool_calls": 5},
        {"role": "assistant", "tool_calls": "get_users"},
        {"role": "assistant", "tool_calls": ["get_users"]},
        {"role": "assistant", "tool_calls": [{"arguments": {}}]},
        {"name": 5, "arguments": {}},
        {"name": "get_users", "arguments": [1]},
    ],
    ids=str,
)
def test_anything_else_is_no_action(thing: Any) -> None:
    assert thing not in MessageSpace()


@pytest.mark.parametrize(
    ("thing", "held"),
    [
        ((), True),
        (({"role": "user", "content": "Hello."},), True),
        (({"role": "tool", "content": "[]", "tool_call_id": "1"},), True),
        ([{"role": "user", "content": "Hello."}], False),
        ({"role": "user", "content": "Hello."}, False),
        (("Hello.",), False),
        (({"role": "user", "content": "Hello."}, {"role": "wizard"}), False),
        ("Hello.", False),
    ],
    ids=str,
)
def test_an_observation_is_a_tuple_of_chat_messages(thing: Any, held: bool) -> None:
    assert (thing in DialogueSpace()) is held


def test_spaces_are_equal_by_kind_and_size_and_never_by_seed() -> None:
    assert MessageSpace(seed=1) == MessageSpace(seed=2)
    assert MessageSpace() != DialogueSpace()
    assert MessageSpace(max_bytes=100) != MessageSpace()
    assert len({MessageSpace(), MessageSpace(seed=1), DialogueSpace(), DialogueSpace(max_bytes=100)}) == 3
    assert repr(MessageSpace()) == "MessageSpace()"


@pytest.mark.parametrize("space", SPACES)
def test_a_space_pickles_and_copies_with_the_state_of_its_generator(space: type[Any]) -> None:
    one = space(max_bytes=500, seed=3)
    one.sample()
    for same in (pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
        assert same == one
        assert same.max_bytes == 500
        state = same.np_random.bit_generator.state
        assert state == one.np_random.bit_generator.state


@pytest.mark.parametrize("size", [8, 0, -1])
def test_a_space_without_room_is_an_error(size: int) -> None:
    with pytest.raises(ValueError, match=f"above 8, got {size}"):
        MessageSpace(max_bytes=size)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("option", ["mask", "probability"])
def test_sampling_with_a_mask_is_refused(space: type[Any], option: str) -> None:
    with pytest.raises(ValueError, match="neither mask nor probability"):
        space().sample(**{option: np.ones(1)})


def test_a_space_has_no_array_form() -> None:
    assert not MessageSpace().is_np_flattenable
    assert MessageSpace().shape is None
    assert MessageSpace().dtype is None


# As Gymnasium's vector environments use them


def test_a_batch_of_spaces_samples_and_splits() -> None:
    batch = batch_space(DialogueSpace(seed=1), 3)
    sample = batch.sample()
    assert sample in batch
    assert len(list(iterate(batch, sample))) == 3


def test_observations_are_put_side_by_side() -> None:
    space = DialogueSpace(seed=1)
    items = [space.sample() for _ in range(3)]
    empty: Any = create_empty_array(space, 3)
    assert list(concatenate(space, items, empty)) == items


@given(st.lists(st.lists(CHAT, max_size=3).map(tuple), min_size=1, max_size=3))
def test_what_is_written_to_shared_memory_is_read_back(dialogues: list[tuple[dict[str, Any], ...]]) -> None:
    space = DialogueSpace(max_bytes=4096)
    memory: Any = create_shared_memory(space, n=len(dialogues))
    for place, dialogue in enumerate(dialogues):
        write(space, place, dialogue, memory)
    assert tuple(read_from_shared_memory(space, memory, n=len(dialogues))) == tuple(dialogues)


def test_fresh_shared_memory_holds_nothing() -> None:
    memory: Any = create_shared_memory(DialogueSpace(max_bytes=64), n=2)
    assert tuple(read_from_shared_memory(DialogueSpace(max_bytes=64), memory, n=2)) == ((), ())


def test_what_was_read_once_shows_what_is_written_later() -> None:
    space = DialogueSpace(max_bytes=256)  # AsyncVectorEnv reads once, when it is made, and copies at every step
    memory: Any = create_shared_memory(space, n=2)
    seen = read_from_shared_memory(space, memory, n=2)
    write(space, 1, ({"role": "user", "content": "Hello."},), memory)
    assert tuple(copy.deepcopy(seen)) == ((), ({"role": "user", "content": "Hello."},))


def test_a_message_that_does_not_fit_is_an_error_that_says_what_to_do() -> None:
    space = DialogueSpace(max_bytes=64)
    memory: Any = create_shared_memory(space, n=2)
    kept = ({"role": "user", "content": "Hi."},)
    write(space, 1, kept, memory)
    with pytest.raises(ValueError, match="shared_memory=False"):
        write(space, 0, ({"role": "user", "content": "x" * 64},), memory)
    assert tuple(read_from_shared_memory(space, memory, n=2))[1] == kept
