"""Demonstrations as a stream: without certificates, in order, and with what must not be imitated named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from itertools import islice

import numpy as np
import pytest

from toolgym import make_domain
from toolgym.certificates import MAX_REFUSALS
from toolgym.certificates.entities import entities_of
from toolgym.database import Rows
from toolgym.episode.setup import set_up
from toolgym.errors import UnknownNameError
from toolgym.generators.demonstration import Demonstration
from toolgym.generators.practice import PER_WORLD, stream_demonstrations
from toolgym.worlds.identities import Entity

RETAIL = make_domain("retail")
MOCK = make_domain("mock")


@pytest.fixture(scope="module")
def recovering() -> list[Demonstration]:
    return list(islice(stream_demonstrations(RETAIL, seed=3, recoveries=0.5), 150))


def refused_calls(one: Demonstration) -> set[int]:
    """Where the assistant's calls are that were answered with an error."""
    errors = {message.tool_call_id for message in one.view if message.role == "tool" and message.error}
    return {
        place
        for place, message in enumerate(one.view)
        if message.role == "assistant" and any(call.id in errors for call in message.tool_calls)
    }


def test_every_demonstration_is_a_success_and_ends_with_the_assistant(recovering: list[Demonstration]) -> None:
    assert all(one.trajectory.success for one in recovering)
    assert {one.view[-1].role for one in recovering} == {"assistant"}
    assert {one.view[0].role for one in recovering} == {"system"}


def test_the_view_stands_where_the_chat_stands(recovering: list[Demonstration]) -> None:
    for one in recovering:
        assert [message.role for message in one.view] == [message["role"] for message in one.chat]


def test_a_call_that_was_answered_with_an_error_is_a_slip(recovering: list[Demonstration]) -> None:
    shown = [one for one in recovering if one.recovered]
    assert len(shown) > 40
    assert sum(len(refused_calls(one)) for one in shown) > 10
    for one in shown:
        assert one.slips
        assert refused_calls(one) <= one.slips
        assert {one.view[place].role for place in one.slips} == {"assistant"}


def test_an_oracle_has_neither_slips_nor_errors(recovering: list[Demonstration]) -> None:
    right = [one for one in recovering if one.trajectory.agent == "oracle"]
    assert len(right) > 40
    for one in right:
        assert not one.slips
        assert not refused_calls(one)


def test_a_proposal_that_the_user_put_right_is_a_slip(recovering: list[Demonstration]) -> None:
    proposals = 0
    for one in recovering:
        for injected in one.trajectory.injected:
            place = injected.message - 2  # the user's answer came after it
            if one.view[place + 1].role == "user":
                proposals += 1
                assert place in one.slips
    assert proposals > 10


def test_the_same_arguments_give_the_same_stream_and_another_seed_another() -> None:
    def keys(seed: int) -> list[str]:
        return [one.trajectory.to_json() for one in islice(stream_demonstrations(MOCK, seed=seed), 20)]

    assert keys(1) == keys(1)
    assert keys(1) != keys(2)


@pytest.mark.parametrize("start", [7, PER_WORLD - 2, PER_WORLD + 3])
def test_a_stream_goes_on_where_it_was_left(start: int) -> None:
    whole = [one.task.key for one in islice(stream_demonstrations(MOCK, seed=4), PER_WORLD + 8)]
    rest = [one.task.key for one in islice(stream_demonstrations(MOCK, seed=4, start=start), 5)]
    assert rest == whole[start : start + 5]


def test_the_kinds_of_untargeted_tasks_come_in_turn() -> None:
    some = list(islice(stream_demonstrations(RETAIL, patterns=[None], recoveries=0), 120))
    kinds = Counter(one.task.provenance.kind for one in some if one.task.provenance is not None)
    assert RETAIL.generator is not None
    refusals = {kind for kind in RETAIL.generator.kinds if "refuse" in kind}
    assert set(RETAIL.generator.kinds) - refusals <= set(kinds)


class Narrowed:
    """Retail's generator with kinds of our choice; it keeps what its worlds must not hold.

    Args:
        kinds: The kinds.
    """

    def __init__(self, *kinds: str) -> None:
        assert RETAIL.generator is not None
        self.kinds = kinds
        self.taken: list[Collection[Entity]] = []
        self.injectors = RETAIL.generator.injectors
        self.argument_roles = RETAIL.generator.argument_roles
        self.explore = RETAIL.generator.explore

    def world(self, rng: np.random.Generator, *, taken: Collection[Entity] = ()) -> Rows:
        assert RETAIL.generator is not None
        self.taken.append(taken)
        return RETAIL.generator.world(rng, taken=taken)


def test_refusals_are_few_at_every_point() -> None:
    domain = RETAIL.with_data(generator=Narrowed("refuse", "cancel"))
    refusals = 0
    for number, one in enumerate(islice(stream_demonstrations(domain, patterns=[None], recoveries=0), 60), 1):
        refusals += not set_up(domain, one.task).gold_writes
        assert refusals * 100 <= MAX_REFUSALS * (number + 1)  # a twin comes right after its refusal
    assert refusals > 5


def test_its_worlds_share_nothing_with_those_in_which_nobody_trains() -> None:
    generator = Narrowed("cancel")
    domain = RETAIL.with_data(generator=generator)
    shown = next(stream_demonstrations(domain, patterns=[None]))
    held_out = {task.world for split in ("validation", "dev", "test") for task in RETAIL.tasks[split]}
    others = {entity for world in held_out for entity in entities_of(RETAIL, world).values()}
    assert others
    assert others <= set(generator.taken[0])
    assert not others & set(entities_of(RETAIL, shown.task.world).values())


def test_a_wording_is_spoken_in_turn() -> None:
    terse = list(islice(stream_demonstrations(RETAIL, wordings=["terse"], recoveries=0), 4))
    other = list(islice(stream_demonstrations(RETAIL, wordings=["formal"], recoveries=0), 4))
    assert [one.chat for one in terse] != [one.chat for one in other]
    with pytest.raises(UnknownNameError, match="wording"):
        stream_demonstrations(RETAIL, wordings=["shouted"])


@pytest.mark.parametrize("wrong", [{"recoveries": 1.5}, {"seed": -1}, {"start": -1}])
def test_a_number_out_of_range_is_refused_at_once(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="must be"):
        stream_demonstrations(MOCK, **wrong)  # type: ignore[arg-type]  # it is out of range


def test_a_difference_in_price_is_left_out_where_that_is_asked_for() -> None:
    def told(**given: dict[str, bool]) -> list[bool]:
        stream = stream_demonstrations(RETAIL, patterns=[None], recoveries=0.3, **given)  # type: ignore[arg-type]  # options
        texts = (message.content or "" for one in islice(stream, 60) for message in one.view[1:])
        return ["The difference of $" in text for text in texts if "The difference" in text]

    assert any(told())
    assert told(options={"figures": False})
    assert not any(told(options={"figures": False}))
