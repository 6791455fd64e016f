"""What can be confused in a domain, and the wrong calls that a retail task makes likely."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from toolgym import make_agent, make_domain, make_user
from toolgym.database import Session
from toolgym.domain import Domain
from toolgym.episode.setup import set_up
from toolgym.evaluation.argument_roles import Schemas
from toolgym.rollouts import play
from toolgym.tasks import Task
from toolgym.tools import Effect
from toolgym_mock import argument_roles as team
from toolgym_retail import argument_roles as shop
from toolgym_retail.facts import Facts, stages


@pytest.fixture(scope="module")
def retail() -> Domain:
    return make_domain("retail")


def session(domain: Domain, task: Task) -> Session:
    return set_up(domain, task).toolbox().session


def writes(domain: Domain) -> Iterator[tuple[str, list[str]]]:
    for kit in domain.toolkits.values():
        for name, tool in kit.tools.items():
            if tool.effect is Effect.WRITE:
                yield name, list(tool.parameters.model_fields)


def test_every_write_names_exactly_one_record(retail: Domain, mock: Domain) -> None:
    for domain, module in ((retail, shop), (mock, team)):
        for name, arguments in writes(domain):
            assert [module.role(name, argument) for argument in arguments].count("record") == 1, name


def test_an_order_holds_its_items_and_belongs_to_its_customer(retail: Domain) -> None:
    state = session(retail, retail.tasks["train"][0])
    order = next(iter(state.records("assistant", "orders")))
    item = order["items"][0]
    assert shop.items(state, order["order_id"])[item["item_id"]] == item["product_id"]
    assert shop.kind_of(state, item["item_id"]) == item["product_id"]
    assert shop.owner(state, order["order_id"]) == order["user_id"]
    assert shop.owner(state, order["user_id"]) == order["user_id"]
    assert (shop.items(state, "#W0"), shop.kind_of(state, "0"), shop.owner(state, "nobody")) == ({}, None, None)


def test_a_task_belongs_to_the_user_who_has_it(mock: Domain) -> None:
    state = session(mock, mock.tasks["train"][0])
    user = next(user for user in state.records("assistant", "users") if user["tasks"])
    notification = next(iter(state.records("user", "notifications")))
    assert team.owner(state, user["tasks"][0]) == user["user_id"]
    assert team.owner(state, user["user_id"]) == user["user_id"]
    assert team.owner(state, notification["notification_id"]) == "user"
    assert team.owner(state, "task_99") is None
    assert (team.items(state, "task_1"), team.kind_of(state, "task_1")) == ({}, None)
    assert team.decoys(mock.tasks["train"][0]) == ()


def test_a_temptation_is_never_what_the_gold_does(retail: Domain) -> None:
    found: Counter[str] = Counter()
    for task in retail.tasks:
        gold = [(call.name, call.arguments) for call in task.gold]
        for one in shop.decoys(task):
            assert (one.name, dict(one.arguments)) not in gold
            found[one.pattern] += 1
    assert set(found) == {"no_confirmation", "forbidden_write"}


def test_what_was_wanted_first_or_is_forbidden_tempts(retail: Domain) -> None:
    for task in retail.tasks:
        wishes = [(request, wish) for request in Facts.of(task).requests for wish in stages(request)]
        hasty = sum(request.first is wish for request, wish in wishes)
        forbidden = sum(bool(wish.forbidden) for _, wish in wishes)
        patterns = Counter(one.pattern for one in shop.decoys(task))
        assert patterns["no_confirmation"] == hasty
        assert patterns["forbidden_write"] >= forbidden


def test_a_task_in_prose_alone_tempts_to_nothing_that_it_tells(retail: Domain) -> None:
    assert shop.decoys(retail.tasks["train"][0].model_copy(update={"facts": None})) == ()


def test_schemas_alone_tell_the_record_and_the_transfer(retail: Domain) -> None:
    plain = Schemas(retail)
    state = session(retail, retail.tasks["train"][0])
    order = next(iter(state.records("assistant", "orders")))["order_id"]
    assert plain.role("cancel_pending_order", "order_id") == "record"
    assert plain.role("cancel_pending_order", "reason") == "value"
    assert plain.role("no_such_tool", "order_id") == "value"
    assert list(plain.transfers) == ["transfer_to_human_agents"]
    assert plain.owner(state, order) == order
    assert plain.owner(state, "#W0") is None


def test_the_oracle_gives_way_to_no_temptation(retail: Domain) -> None:
    for task in retail.tasks["validation"]:
        episode = play(retail, task, make_agent("oracle"), make_user("scripted"))
        made = [(call.name, dict(call.arguments)) for call in episode.successful_calls]
        assert not [one for one in shop.decoys(task) if (one.name, dict(one.arguments)) in made]
