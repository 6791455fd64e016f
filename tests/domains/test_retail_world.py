"""Retail: the catalogue, generated worlds, and that they share nothing with other worlds or with tau2's."""

from __future__ import annotations

import copy
import hashlib
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations, permutations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toolgym.database import Database
from toolgym_retail import DOMAIN, entities
from toolgym_retail.catalog import CATALOG, ProductType
from toolgym_retail.entities import KINDS, Entity, digest_of, tau2_digests, write_tau2_digests
from toolgym_retail.world import generate

Tables = dict[str, dict[str, Any]]

_EVERYDAY = """
yes no ok okay sure fine good right left open none any all both one other same first last more less new old back please
a an the and or but not of off on in out up down over under to from for by at as with without
i it is be this that you we my your me want
"""
EVERYDAY = set(_EVERYDAY.split())
CAPITALS = {"HEPA", "IPS", "VA", "OLED", "LCD", "USB-A", "USB-C"}
CAPITALS |= {"W", "Hz", "GB", "TB", "MP"} | {"S", "M", "L", "XL", "XXL"}
"""Brand-like words, units and sizes."""


def word_in(part: str, whole: str) -> bool:
    """Whether a text stands in another as words of its own."""
    return re.search(rf"(?<!\w){re.escape(part)}(?!\w)", whole, re.IGNORECASE) is not None


def faults(catalog: Sequence[ProductType]) -> Iterator[str]:
    """What would make customers or their words ambiguous."""
    for one, other in permutations(catalog, 2):
        if one.name.lower() in other.name.lower():
            yield f"{other.name}: holds the name {one.name}"
    for kind in catalog:
        if not 3 <= len(kind.options) <= 4 or not all(2 <= len(values) <= 5 for values in kind.options.values()):
            yield f"{kind.name}: too few or too many options"
        values = [value for group in kind.options.values() for value in group]
        for one, other in permutations(values, 2):
            if word_in(one, other):
                yield f"{kind.name}: {one!r} is part of {other!r}"
        for value in values:
            if value.lower() in EVERYDAY:
                yield f"{kind.name}: {value!r} is an everyday word"
            if word_in(value, kind.name) or word_in(kind.name, value):
                yield f"{kind.name}: {value!r} is in its name"
            if re.search(r"\d", value) and not re.fullmatch(r"\d+(\.\d)?( [A-Za-z]+)+|size \d+", value):
                yield f"{kind.name}: {value!r} has no unit"
            if any(word != word.lower() and word not in CAPITALS for word in value.split()):
                yield f"{kind.name}: {value!r} is not in lower case"
        for axis in kind.options:
            if axis != axis.lower():
                yield f"{kind.name}: {axis!r} is not in lower case"


def complaints(rows: Any) -> Iterator[str]:
    """What does not fit together in a world."""
    tables: Tables = rows["assistant"]
    products, users, orders = tables["products"], tables["users"], tables["orders"]
    for product_id, product in products.items():
        kind = next(kind for kind in CATALOG if kind.name == product["name"])
        variants = product["variants"]
        seen = [tuple(variant["options"].items()) for variant in variants.values()]
        prices = [variant["price"] for variant in variants.values()]
        if product["product_id"] != product_id or any(key != v["item_id"] for key, v in variants.items()):
            yield f"{product['name']}: a wrong key"
        if any(list(v["options"]) != list(kind.options) for v in variants.values()) or len(set(seen)) < len(seen):
            yield f"{product['name']}: options"
        if any(value not in kind.options[axis] for options in seen for axis, value in options):
            yield f"{product['name']}: a value that the catalogue does not have"
        if not 6 <= len(variants) <= 20 or sum(v["available"] for v in variants.values()) < 4:
            yield f"{product['name']}: too few variants"
        if max(prices) / min(prices) > 1.25 / 0.75 or len(set(prices)) < len(prices):
            yield f"{product['name']}: prices"
        if not all(_is_money(price) and price > 0 for price in prices):
            yield f"{product['name']}: a price in less than cents"
    if sorted(order for user in users.values() for order in user["orders"]) != sorted(orders):
        yield "orders do not belong to one customer each"
    for user_id, user in users.items():
        if user["user_id"] != user_id or any(orders[order]["user_id"] != user_id for order in user["orders"]):
            yield f"{user_id}: a wrong key"
        methods = user["payment_methods"]
        sources = Counter(method["source"] for method in methods.values())
        if any(method["id"] != key or not key.startswith(method["source"]) for key, method in methods.items()):
            yield f"{user_id}: a wrong payment method"
        if not 1 <= len(methods) <= 3 or sources["paypal"] > 1 or max(sources.values()) > 2:
            yield f"{user_id}: too many payment methods"
        if not all(_is_money(m["balance"]) and 0 <= m["balance"] <= 300 for m in methods.values() if "balance" in m):
            yield f"{user_id}: a gift card"
    for order_id, order in orders.items():
        yield from _wrong_in(order, order_id, products, users[order["user_id"]])


def _wrong_in(order: Any, order_id: str, products: dict[str, Any], user: Any) -> Iterator[str]:
    if order["order_id"] != order_id or not 1 <= len(order["items"]) <= 5:
        yield f"{order_id}: a wrong key or size"
    paid: dict[str, float] = {}
    for item in order["items"]:
        product = products.get(item["product_id"], {"name": "", "variants": {}})
        variant = product["variants"].get(item["item_id"], {"options": None, "price": 1})
        if (item["name"], item["options"]) != (product["name"], variant["options"]):
            yield f"{order_id}: an item that is not sold"
        if (
            not 0.9 < item["price"] / variant["price"] < 1.1
            or paid.setdefault(item["item_id"], item["price"]) != item["price"]
        ):
            yield f"{order_id}: a price"
    money = {"payment": 0, "refund": 0}
    for entry in order["payment_history"]:
        money[entry["transaction_type"]] += _cents(entry["amount"])
        if entry["payment_method_id"] not in user["payment_methods"]:
            yield f"{order_id}: paid by somebody else"
        if entry["amount"] <= 0 or not _is_money(entry["amount"]):
            yield f"{order_id}: an amount"
    total = sum(_cents(item["price"]) for item in order["items"])
    if money != {"payment": total, "refund": total if order["status"] == "cancelled" else 0}:
        yield f"{order_id}: money"
    if (order["cancel_reason"] is not None) != (order["status"] == "cancelled"):
        yield f"{order_id}: a reason"
    sent = [item_id for parcel in order["fulfillments"] for item_id in parcel["item_ids"]]
    units = [item["item_id"] for item in order["items"]] if order["status"] in ("processed", "delivered") else []
    if sorted(sent) != sorted(units):
        yield f"{order_id}: parcels"
    if any(not re.fullmatch(r"\d{12}", code) for parcel in order["fulfillments"] for code in parcel["tracking_id"]):
        yield f"{order_id}: a tracking id"


def _cents(amount: float) -> int:
    return round(100 * amount)


def _is_money(amount: float) -> bool:
    return isinstance(amount, float) and amount == _cents(amount) / 100


def in_tau2(found: Iterable[Entity]) -> set[Entity]:
    """Those entities that tau2's data has, by the digests that ship."""
    return {entity for entity in found if digest_of(entity) in tau2_digests()}


def near(one: Any, other: Any) -> bool:
    """Whether two units are of the same product and differ in one option."""
    same = one["product_id"] == other["product_id"]
    return same and sum(one["options"][axis] != other["options"][axis] for axis in one["options"]) == 1


def of_kind(kind: str, rows: Any) -> set[Entity]:
    """The entities of one kind in a world."""
    return {entity for entity in entities.entities(rows) if entity[0] == kind}


@pytest.fixture(scope="module")
def rows() -> Any:
    """A world of the usual size."""
    return generate(np.random.default_rng(1))


@pytest.fixture(scope="module")
def large() -> Any:
    """A world in which shares can be told."""
    return generate(np.random.default_rng(2), 700)


@pytest.fixture(scope="module")
def tau2_database(tau2_data: Path) -> Tables:
    """tau2's own records."""
    data: Tables = json.loads((tau2_data / "tau2/domains/retail/db.json").read_text(encoding="utf-8"))
    return data


def test_nothing_in_the_catalogue_can_be_taken_for_something_else() -> None:
    assert list(faults(CATALOG)) == []
    assert 45 <= len(CATALOG) <= 55


def _type(name: str = "Vase", **options: tuple[str, ...]) -> ProductType:
    return ProductType(
        name, 20, {"color": ("red", "blue"), "height": ("8 inch", "9 inch"), "neck": ("wide", "slim")} | options
    )


@pytest.mark.parametrize(
    ("catalog", "fault"),
    [
        ([_type("Vase"), _type("Floor Vase")], "Floor Vase: holds the name Vase"),
        ([_type(neck=("one-sided",))], "Vase: too few or too many options"),
        ([_type(neck=("red", "wide"))], "Vase: 'red' is part of 'red'"),
        ([_type(neck=("dark red", "wide"))], "Vase: 'red' is part of 'dark red'"),
        ([_type(neck=("yes", "wide"))], "Vase: 'yes' is an everyday word"),
        ([_type(neck=("vase", "wide"))], "Vase: 'vase' is in its name"),
        ([_type(neck=("12", "wide"))], "Vase: '12' has no unit"),
        ([_type(neck=("12inch", "wide"))], "Vase: '12inch' has no unit"),
        ([_type(neck=("Wide", "slim"))], "Vase: 'Wide' is not in lower case"),
        ([_type(Rim=("gilt", "plain"))], "Vase: 'Rim' is not in lower case"),
    ],
)
def test_what_is_wrong_in_a_catalogue_is_noticed(catalog: list[ProductType], fault: str) -> None:
    assert fault in list(faults(catalog))


def test_the_catalogue_is_not_tau2s(tau2_database: Tables) -> None:
    theirs: dict[str, set[str]] = {}
    for product in tau2_database["products"].values():
        values = (value for variant in product["variants"].values() for value in variant["options"].values())
        theirs.setdefault(product["name"], set()).update(values)
    shared = [kind for kind in CATALOG if kind.name in theirs]

    assert len(shared) <= len(CATALOG) / 3
    for kind in shared:
        ours = {value for values in kind.options.values() for value in values}
        assert len(ours & theirs[kind.name]) <= 1, kind.name


def test_a_world_loads_and_holds_its_rows_as_they_are(rows: Any) -> None:
    base = Database.build(DOMAIN.schemas, rows)

    for table, records in rows["assistant"].items():
        assert list(base.keys("assistant", table)) == list(records)
        for key, record in records.items():
            assert json.loads(base.raw("assistant", table, key) or "") == record
            assert list(json.loads(base.raw("assistant", table, key) or "")) == list(record)
    for user in rows["assistant"]["users"].values():
        assert list(base.find("assistant", "users", "email", user["email"])) == [user["user_id"]]


def test_everything_in_a_world_fits_together(rows: Any, large: Any) -> None:
    assert list(complaints(rows)) == []
    assert list(complaints(large)) == []


def _delivered(tables: Tables) -> Any:
    return next(order for order in tables["orders"].values() if order["status"] == "delivered")


def _set_price(tables: Tables, price: float) -> None:
    next(iter(next(iter(tables["products"].values()))["variants"].values()))["price"] = price


def _pay_with(tables: Tables, method: str) -> None:
    _delivered(tables)["payment_history"][0]["payment_method_id"] = method


def _pay_more(tables: Tables) -> None:
    _delivered(tables)["payment_history"][0]["amount"] += 1


def _lose_an_order(tables: Tables) -> None:
    next(user for user in tables["users"].values() if user["orders"])["orders"].pop()


@pytest.mark.parametrize(
    ("spoil", "noticed"),
    [
        (lambda tables: _set_price(tables, 100000.0), "prices"),
        (lambda tables: _set_price(tables, 10.001), "less than cents"),
        (lambda tables: _pay_with(tables, "paypal_0000000"), "somebody else"),
        (_pay_more, "money"),
        (_lose_an_order, "one customer each"),
        (lambda tables: _delivered(tables)["items"][0]["options"].popitem(), "not sold"),
        (lambda tables: _delivered(tables)["items"][0].update(item_id="0"), "not sold"),
        (lambda tables: _delivered(tables)["fulfillments"].clear(), "parcels"),
        (lambda tables: _delivered(tables).update(cancel_reason="no longer needed"), "a reason"),
        (lambda tables: _delivered(tables).update(status="cancelled"), "money"),
    ],
)
def test_what_does_not_fit_together_is_noticed(rows: Any, spoil: Callable[[Tables], Any], noticed: str) -> None:
    spoilt = copy.deepcopy(rows)
    spoil(spoilt["assistant"])

    assert any(noticed in complaint for complaint in complaints(spoilt))


def test_every_world_has_every_product_and_names_are_plain_words(rows: Any) -> None:
    names = [product["name"] for product in rows["assistant"]["products"].values()]
    assert sorted(names) == sorted(kind.name for kind in CATALOG)
    for user in rows["assistant"]["users"].values():
        first, last = user["name"]["first_name"], user["name"]["last_name"]
        assert re.fullmatch(r"[A-Z][A-Za-z]+", first)
        assert re.fullmatch(r"[A-Z][A-Za-z]+", last)
        assert first != last
        assert re.fullmatch(rf"{first}_{last}_\d{{4}}".lower(), user["user_id"])
        assert re.fullmatch(r"[a-z]+(\.[a-z]+)?\d{4}@example\.com", user["email"])


def test_ids_have_tau2s_shapes_and_differ(large: Any) -> None:
    shapes = {
        "user": r"[a-z]+_[a-z]+_\d{4}",
        "order": r"#W\d{7}",
        "item": r"\d{10}",
        "product": r"\d{10}",
        "payment": r"(credit_card|gift_card|paypal)_\d{7}",
    }
    for kind, shape in shapes.items():
        assert all(re.fullmatch(shape, text) for _, text in of_kind(kind, large)), kind
    tables = large["assistant"]
    assert len(of_kind("item", large)) == sum(len(product["variants"]) for product in tables["products"].values())
    assert len(of_kind("payment", large)) == sum(len(user["payment_methods"]) for user in tables["users"].values())
    assert len(of_kind("email", large)) == len(of_kind("name_zip", large)) == len(tables["users"])
    assert not {text for _, text in of_kind("item", large)} & {text for _, text in of_kind("product", large)}


def test_addresses_look_american(large: Any) -> None:
    tables = large["assistant"]
    holders = [*tables["users"].values(), *tables["orders"].values()]
    states: dict[str, set[str]] = {}
    zips: dict[tuple[str, str], set[str]] = {}
    for address in (holder["address"] for holder in holders):
        assert re.fullmatch(r"\d{2,4} [A-Z][a-z]+ [A-Z][a-z]+", address["address1"])
        assert re.fullmatch(r"((Suite|Apt|Unit) \d{3}|Apt \d{1,2}[A-F])?", address["address2"])
        assert re.fullmatch(r"\d{5}", address["zip"])
        assert address["country"] == "USA"
        states.setdefault(address["city"], set()).add(address["state"])
        zips.setdefault((address["city"], address["state"]), set()).add(address["zip"])

    assert len(states) >= 40
    assert all(len(found) == 1 for found in states.values())
    assert all(max(map(int, found)) - min(map(int, found)) < 100 for found in zips.values())
    assert all(100 <= int(code) <= 99950 for found in zips.values() for code in found)
    assert {zips[place].pop()[:3] for place in [("Boston", "MA"), ("Chicago", "IL")]} == {"021", "606"}
    assert len({holder["address"]["address1"].split()[1] for holder in holders}) >= 60


def test_orders_come_in_every_state_and_size(large: Any) -> None:
    tables = large["assistant"]
    orders = list(tables["orders"].values())
    statuses = Counter(order["status"] for order in orders)
    for status, expected in {"pending": 0.42, "delivered": 0.40, "processed": 0.09, "cancelled": 0.09}.items():
        assert abs(statuses[status] / len(orders) - expected) < 0.04, status
    assert sum(statuses.values()) == sum(
        statuses[status] for status in ("pending", "delivered", "processed", "cancelled")
    )
    assert {len(order["items"]) for order in orders} == {1, 2, 3, 4, 5}
    assert {len(order["fulfillments"]) for order in orders} == {0, 1, 2}
    assert {order["cancel_reason"] for order in orders} == {None, "no longer needed", "ordered by mistake"}
    counts = Counter(len(user["orders"]) for user in tables["users"].values())
    assert set(counts) == {0, 1, 2, 3, 4, 5, 6}
    assert 0.02 < counts[0] / len(tables["users"]) < 0.08
    assert 2.4 < len(orders) / len(tables["users"]) < 3.0


def test_shares_are_as_intended(large: Any) -> None:
    tables = large["assistant"]
    variants = {key: v for product in tables["products"].values() for key, v in product["variants"].items()}
    orders = list(tables["orders"].values())
    units = [item for order in orders for item in order["items"]]
    cards = [m["balance"] for u in tables["users"].values() for m in u["payment_methods"].values() if "balance" in m]
    sources = {tuple(sorted(m["source"] for m in u["payment_methods"].values())) for u in tables["users"].values()}

    assert 0.72 < np.mean([variant["available"] for variant in variants.values()]) < 0.82
    assert 0.06 < np.mean([item["price"] != variants[item["item_id"]]["price"] for item in units]) < 0.14
    assert 0.15 < np.mean([o["address"] != tables["users"][o["user_id"]]["address"] for o in orders]) < 0.25
    assert (
        0.05 < np.mean([len({entry["payment_method_id"] for entry in o["payment_history"]}) > 1 for o in orders]) < 0.12
    )
    assert np.mean([balance < 150 for balance in cards]) > 0.7
    assert max(cards) > 200
    assert {
        ("credit_card", "credit_card"),
        ("gift_card", "gift_card"),
        ("credit_card", "gift_card", "paypal"),
    } <= sources


def test_orders_of_a_customer_are_easily_confused(large: Any) -> None:
    tables = large["assistant"]
    orders = tables["orders"]
    several = [user for user in tables["users"].values() if len(user["orders"]) > 1]
    alike = [
        any(
            near(one, other)
            for first, second in combinations(user["orders"], 2)
            for one in orders[first]["items"]
            for other in orders[second]["items"]
        )
        for user in several
    ]
    products = [len({item["product_id"] for item in o["items"]}) for o in orders.values()]
    items = [len({item["item_id"] for item in o["items"]}) for o in orders.values()]
    sizes = [len(o["items"]) for o in orders.values()]

    assert np.mean(alike) > 0.5
    assert 0.12 < np.mean(np.array(products) < np.array(items)) < 0.3
    assert 0.02 < np.mean(np.array(items) < np.array(sizes)) < 0.12


def test_some_customers_share_a_last_name_or_a_full_name(rows: Any) -> None:
    people = [user["name"] for user in rows["assistant"]["users"].values()]
    families = Counter(name["last_name"] for name in people)
    full = Counter((name["first_name"], name["last_name"]) for name in people)
    first = Counter(name["first_name"] for name in people)

    assert sum(count for count in families.values() if count > 1) > 20
    assert max(full.values()) > 1
    assert sum(count for count in first.values() if count > 1) > 20
    assert len(families) > 100


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    one, same, other = (generate(np.random.default_rng(seed), 30) for seed in (5, 5, 6))

    assert json.dumps(one) == json.dumps(same)
    assert not set(entities.entities(one)) & set(entities.entities(other))


def test_no_process_gives_another_world_nor_is_a_global_generator_used() -> None:
    code = (
        "import hashlib, json, random, numpy as np; from toolgym_retail.world import generate; random.seed(7);"
        "print(hashlib.sha256(json.dumps(generate(np.random.default_rng(3), 40)).encode()).hexdigest())"
    )
    state = random.getstate()
    here = hashlib.sha256(json.dumps(generate(np.random.default_rng(3), 40)).encode()).hexdigest()
    assert random.getstate() == state
    for salt in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=os.environ | {"PYTHONHASHSEED": salt},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == here


def test_the_domain_is_imported_without_faker() -> None:
    code = "import sys, toolgym_retail, toolgym_retail.world; print('faker' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_world_has_nothing_that_is_taken(rows: Any) -> None:
    taken = list(entities.entities(rows))
    again = generate(np.random.default_rng(1), taken=taken)

    assert not set(taken) & set(entities.entities(again))
    assert list(complaints(again)) == []
    assert len(again["assistant"]["users"]) == 200


def test_a_world_without_customers_is_a_shop_all_the_same() -> None:
    tables = generate(np.random.default_rng(1), 0)["assistant"]

    assert (len(tables["products"]), tables["users"], tables["orders"]) == (len(CATALOG), {}, {})


def test_entities_ignore_case_where_a_lookup_does(rows: Any) -> None:
    shouted = copy.deepcopy(rows)
    for user in shouted["assistant"]["users"].values():
        user["email"] = user["email"].upper()
        user["name"] = {part: text.upper() for part, text in user["name"].items()}
        user["address"] = {part: text.upper() for part, text in user["address"].items()}

    assert set(entities.entities(shouted)) == set(entities.entities(rows))


@pytest.mark.parametrize("kind", KINDS)
def test_no_entity_of_a_world_is_tau2s_by_its_digest(rows: Any, large: Any, kind: str) -> None:
    found = of_kind(kind, rows) | of_kind(kind, large)

    assert found
    assert not in_tau2(found)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_tau2s_by_its_digest_is_drawn_again(rows: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    planted = sorted(of_kind(kind, rows))[:5]
    digests = tau2_digests() | {digest_of(entity) for entity in planted}
    monkeypatch.setattr(entities, "tau2_digests", lambda: digests)

    again = generate(np.random.default_rng(1))

    assert not set(planted) & set(entities.entities(again))


@pytest.mark.parametrize("kind", KINDS)
def test_a_tau2_record_in_a_world_is_noticed(rows: Any, tau2_database: Tables, kind: str) -> None:
    planted = {"assistant": {table: dict(records) for table, records in rows["assistant"].items()}}
    for table, records in tau2_database.items():
        key = next(iter(records))
        planted["assistant"][table][key] = records[key]

    assert in_tau2(of_kind(kind, planted))


def test_the_shipped_digests_are_small_sorted_and_distinct() -> None:
    data = (Path(entities.__file__).parent / "tau2_entities.bin").read_bytes()
    digests = [data[start : start + 8] for start in range(0, len(data), 8)]

    assert len(data) < 100_000
    assert digests == sorted(set(digests))
    assert frozenset(digests) == tau2_digests()


def test_the_shipped_digests_are_those_of_tau2s_data(tau2_database: Tables, tmp_path: Path) -> None:
    counts = write_tau2_digests(tau2_database, tmp_path / "digests")

    assert (tmp_path / "digests").read_bytes() == (Path(entities.__file__).parent / "tau2_entities.bin").read_bytes()
    assert list(counts) == list(KINDS)
    assert sum(counts.values()) == len(tau2_digests())
    assert (counts["user"], counts["order"], counts["product"]) == (500, 1000, 50)


def test_no_record_of_a_world_is_tau2s(large: Any, tau2_database: Tables) -> None:
    ours: Tables = large["assistant"]

    def told(tables: Tables) -> Iterator[set[str]]:
        yield from (set(tables[table]) for table in ("products", "users", "orders"))
        yield {key for product in tables["products"].values() for key in product["variants"]}
        yield {key for user in tables["users"].values() for key in user["payment_methods"]}
        yield {user["email"].lower() for user in tables["users"].values()}
        yield {json.dumps([user["name"], user["address"]["zip"]]).lower() for user in tables["users"].values()}
        holders = [*tables["users"].values(), *tables["orders"].values()]
        yield {json.dumps(holder["address"], sort_keys=True).lower() for holder in holders}

    for one, other in zip(told(ours), told(tau2_database), strict=True):
        assert one
        assert other
        assert not one & other
