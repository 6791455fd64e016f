"""The records of the retail domain: products with variants, users with payment methods, and orders."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from toolgym.database import Record, Schema, Table


class Variant(BaseModel):
    """One item that can be bought: a product in one combination of options."""

    item_id: str
    options: dict[str, str]
    available: bool
    price: float


class Product(BaseModel):
    """A type of product with its variants by item id."""

    name: str
    product_id: str
    variants: dict[str, Variant]


class UserName(BaseModel):
    """A user's name."""

    first_name: str
    last_name: str


class UserAddress(BaseModel):
    """A postal address."""

    address1: str
    address2: str
    city: str
    country: str
    state: str
    zip: str


class CreditCard(BaseModel):
    """A credit card."""

    source: Literal["credit_card"]
    id: str
    brand: str
    last_four: str


class GiftCard(BaseModel):
    """A gift card with the money on it."""

    source: Literal["gift_card"]
    id: str
    balance: float


class Paypal(BaseModel):
    """A PayPal account."""

    source: Literal["paypal"]
    id: str


class User(BaseModel):
    """A customer."""

    user_id: str
    name: UserName
    address: UserAddress
    email: str
    payment_methods: dict[str, Annotated[CreditCard | GiftCard | Paypal, Field(discriminator="source")]]
    orders: list[str]


class OrderItem(BaseModel):
    """One unit in an order, with the price that was paid."""

    name: str
    product_id: str
    item_id: str
    price: float
    options: dict[str, str]


class OrderFullfilment(BaseModel):
    """A parcel."""

    tracking_id: list[str]
    item_ids: list[str]


class OrderPayment(BaseModel):
    """Money that moved."""

    transaction_type: Literal["payment", "refund"]
    amount: float
    payment_method_id: str


Status = Literal[
    "processed",
    "pending",
    "pending (item modified)",
    "delivered",
    "cancelled",
    "exchange requested",
    "return requested",
]
Reason = Literal["no longer needed", "ordered by mistake"]


class Order(BaseModel):
    """An order of a user."""

    order_id: str
    user_id: str
    address: UserAddress
    items: list[OrderItem]
    status: Status
    fulfillments: list[OrderFullfilment]
    payment_history: list[OrderPayment]
    cancel_reason: Reason | None = None
    exchange_items: list[str] | None = None
    exchange_new_items: list[str] | None = None
    exchange_payment_method_id: str | None = None
    exchange_price_difference: float | None = None
    return_items: list[str] | None = None
    return_payment_method_id: str | None = None


def name_zip(first_name: str, last_name: str, zip_code: str) -> str:
    """The text under which a user is found by name, ignoring case, and zip code."""
    return json.dumps([first_name.lower(), last_name.lower(), zip_code])


def _by_email(user: Record) -> Iterator[str]:
    yield user["email"].lower()


def _by_name_zip(user: Record) -> Iterator[str]:
    yield name_zip(user["name"]["first_name"], user["name"]["last_name"], user["address"]["zip"])


def _by_item(product: Record) -> Iterator[str]:
    yield from product["variants"]


ASSISTANT = Schema(
    "RetailDB",
    (
        Table("products", Product, indexes={"item_id": _by_item}),
        Table("users", User, indexes={"email": _by_email, "name_zip": _by_name_zip}),
        Table("orders", Order),
    ),
)


def total_of(order: Mapping[str, Any]) -> str:
    """What an order came to, in dollars."""
    return f"{sum(item['price'] for item in order['items']):.2f}"
