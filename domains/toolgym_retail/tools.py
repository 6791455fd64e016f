"""The assistant's tools of the retail domain.

The checks, their order and their texts are tau2's. Where its behaviour is a known bug, the ``tau2`` flavour keeps it
and ours does not; each such place says what differs.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from toolgym.database import Record
from toolgym.tools import Effect, ToolError, Toolkit, calculate, tool
from toolgym_retail.records import OrderPayment, Reason, UserAddress, name_zip


class RetailTools(Toolkit):
    """Tools over a shop's products, users and orders."""

    # Looking up

    def _order(self, order_id: str) -> Record:
        order = self.db.get("orders", order_id)
        if order is None:
            raise ToolError("Order not found")
        return order

    def _user(self, user_id: str) -> Record:
        user = self.db.get("users", user_id)
        if user is None:
            raise ToolError("User not found")
        return user

    def _product(self, product_id: str) -> Record:
        product = self.db.get("products", product_id)
        if product is None:
            raise ToolError("Product not found")
        return product

    def _variant(self, product_id: str, item_id: str) -> Record:
        variants = self._product(product_id)["variants"]
        if item_id not in variants:
            raise ToolError("Variant not found")
        variant: Record = variants[item_id]
        return variant

    def _payment_method(self, user_id: str, payment_method_id: str) -> Record:
        methods = self._user(user_id)["payment_methods"]
        if payment_method_id not in methods:
            raise ToolError("Payment method not found")
        method: Record = methods[payment_method_id]
        return method

    def _credit(self, user_id: str, payment_method_id: str, amount: float) -> None:
        """Put money on a gift card, or take it off; nothing happens to other methods, which settle elsewhere."""
        if self._payment_method(user_id, payment_method_id)["source"] == "gift_card":
            card = self.db.edit("users", user_id)["payment_methods"][payment_method_id]
            card["balance"] = round(card["balance"] + amount, 2)

    def _short(self, method: Record, amount: float) -> bool:
        return method["source"] == "gift_card" and bool(method["balance"] < amount)

    # Reading

    @tool(Effect.READ)
    def find_user_id_by_name_zip(self, first_name: str, last_name: str, zip: str) -> str:  # noqa: A002  # tau2's name
        """Find a user's id by name and zip code of the default address.

        Args:
            first_name: Such as 'Ada'; upper or lower case does not matter.
            last_name: Such as 'Lovelace'.
            zip: Such as '12345'.
        """
        unchecked: object = last_name  # tau2 checks no types, and looks at it only where the first name matches
        if not isinstance(unchecked, str) and first_name.lower() not in self.db.aggregate("users", _first_names):
            raise ToolError("User not found")
        key = name_zip(first_name, last_name, zip)
        found = self.db.find("users", "name_zip", key) if isinstance(zip, str) else []
        if not found:
            raise ToolError("User not found")
        return found[0]

    @tool(Effect.READ)
    def find_user_id_by_email(self, email: str) -> str:
        """Find a user's id by e-mail address.

        Args:
            email: Such as 'ada@example.com'; upper or lower case does not matter.
        """
        found = self.db.find("users", "email", email.lower())
        if not found:
            raise ToolError("User not found")
        return found[0]

    @tool(Effect.READ)
    def get_order_details(self, order_id: str) -> Record:
        """Show an order: its items, status, address and payments.

        Args:
            order_id: Such as '#W0000000'; the '#' belongs to it.
        """
        return self._order(order_id)

    @tool(Effect.READ)
    def get_product_details(self, product_id: str) -> Record:
        """Show a product with all its variants.

        Args:
            product_id: Such as '6086499569'; it is not an item id.
        """
        return self._product(product_id)

    @tool(Effect.READ)
    def get_item_details(self, item_id: str) -> Record:
        """Show one variant of a product: options, price and whether it is available.

        Args:
            item_id: Such as '6086499569'; it is not a product id.
        """
        hash(item_id)
        found = self.db.find("products", "item_id", item_id) if isinstance(item_id, str) else []
        if not found:
            raise ToolError("Item not found")
        return self._variant(found[0], item_id)

    @tool(Effect.READ)
    def get_user_details(self, user_id: str) -> Record:
        """Show a user: address, payment methods and the ids of all orders.

        Args:
            user_id: Such as 'ada_lovelace_0000'.
        """
        return self._user(user_id)

    @tool(Effect.READ)
    def list_all_product_types(self) -> str:
        """List the names of all products with their product ids."""
        listed: str = self.db.aggregate("products", _product_types)
        return listed

    # Neither

    @tool(Effect.GENERIC)
    def calculate(self, expression: str) -> str:
        """Compute an arithmetic expression.

        Args:
            expression: Digits, + - * / ( ) . and blanks, such as '2 * (3.50 + 1)'.
        """
        return calculate(expression)

    @tool(Effect.GENERIC)
    def transfer_to_human_agents(self, summary: str) -> str:
        """Hand the user over to a human agent, only if the request is beyond the tools.

        Args:
            summary: What the user wants and why it could not be done.
        """
        return "Transfer successful"

    # Pending orders

    @tool(Effect.WRITE)
    def cancel_pending_order(self, order_id: str, reason: Reason) -> Record:
        """Cancel a pending order and refund it. List what will happen and ask for a yes first.

        Args:
            order_id: Such as '#W0000000'; the '#' belongs to it.
            reason: Why the user cancels.
        """
        status, reasons = self._order(order_id)["status"], {"no longer needed", "ordered by mistake"}
        if status != "pending":
            raise ToolError("Non-pending order cannot be cancelled")
        if reason not in reasons:
            raise ToolError("Invalid reason")
        order = self._order(order_id)
        refunds = []
        for entry in self._to_refund(order["payment_history"]):
            refunds.append(_payment("refund", entry["amount"], entry["payment_method_id"]))
            self._credit(order["user_id"], entry["payment_method_id"], entry["amount"])
        order = self.db.edit("orders", order_id)
        order["status"] = "cancelled"
        order["cancel_reason"] = reason
        order["payment_history"].extend(refunds)
        return order

    def _to_refund(self, history: list[Record]) -> list[Record]:
        if self.flavour == "tau2":  # refunds every entry, those that are refunds themselves included
            return list(history)
        owed: dict[str, float] = {}
        for entry in history:
            sign = 1 if entry["transaction_type"] == "payment" else -1
            owed[entry["payment_method_id"]] = owed.get(entry["payment_method_id"], 0.0) + sign * entry["amount"]
        return [
            {"amount": round(amount, 2), "payment_method_id": method}
            for method, amount in owed.items()
            if round(amount, 2) > 0
        ]

    @tool(Effect.WRITE)
    def modify_pending_order_address(
        self,
        order_id: str,
        address1: str,
        address2: str,
        city: str,
        state: str,
        country: str,
        zip: str,  # noqa: A002  # tau2's name
    ) -> Record:
        """Change where a pending order is shipped. List what will happen and ask for a yes first.

        Args:
            order_id: Such as '#W0000000'; the '#' belongs to it.
            address1: Street and number.
            address2: Flat or suite; may be empty.
            city: Such as 'Springfield'.
            state: Such as 'CA'.
            country: Such as 'USA'.
            zip: Such as '12345'.
        """
        if "pending" not in self._order(order_id)["status"]:
            raise ToolError("Non-pending order cannot be modified")
        address = _address(address1, address2, city, country, state, zip)
        order = self.db.edit("orders", order_id)
        order["address"] = address
        return order

    @tool(Effect.WRITE)
    def modify_pending_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> Record:
        """Change items of a pending order to other variants of the same products; possible only once an order.

        List what will happen and ask for a yes first.

        Args:
            order_id: Such as '#W0000000'; the '#' belongs to it.
            item_ids: Items to change; an id stands as often as units are changed.
            new_item_ids: What each becomes, in the same order.
            payment_method_id: Pays the difference or gets it back, such as 'gift_card_0000000'.
        """
        order = self._order(order_id)
        if order["status"] != "pending":
            raise ToolError("Non-pending order cannot be modified")
        self._check_items(order, item_ids, "{} not found")
        if len(item_ids) != len(new_item_ids):
            raise ToolError("The number of items to be exchanged should match")
        difference, variants, units = 0.0, [], list(order["items"])
        for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
            if item_id == new_item_id:
                raise ToolError("The new item id should be different from the old item id")
            item = self._unit(units, item_id)
            variant = self._available(item["product_id"], new_item_id)
            variants.append(variant)
            difference += variant["price"] - item["price"]
        if self.flavour != "tau2":  # tau2 leaves the sum as floats add up
            difference = round(difference, 2)
        method = self._payment_method(order["user_id"], payment_method_id)
        if self._short(method, difference):
            raise ToolError("Insufficient gift card balance to pay for the new item")
        order = self.db.edit("orders", order_id)
        kind = "payment" if difference > 0 else "refund"
        if difference or self.flavour == "tau2":  # tau2 books a refund of 0 too
            order["payment_history"].append(_payment(kind, abs(difference), payment_method_id))
        self._credit(order["user_id"], payment_method_id, -difference)
        self._replace_items(order["items"], item_ids, new_item_ids, variants)
        order["status"] = "pending (item modified)"
        return order

    def _replace_items(
        self, items: list[Record], item_ids: list[str], new_item_ids: list[str], variants: list[Record]
    ) -> None:
        units = list(items)
        for item_id, new_item_id, variant in zip(item_ids, new_item_ids, variants, strict=True):
            item = self._unit(units, item_id)  # in tau2 an item already changed can be hit again,
            chosen = variants[-1] if self.flavour == "tau2" else variant  # and all get the last one's price
            item["item_id"] = new_item_id
            item["price"] = chosen["price"]
            item["options"] = dict(chosen["options"])

    @tool(Effect.WRITE)
    def modify_pending_order_payment(self, order_id: str, payment_method_id: str) -> Record:
        """Change how a pending order is paid. List what will happen and ask for a yes first.

        Args:
            order_id: Such as '#W0000000'; the '#' belongs to it.
            payment_method_id: The new payment method, such as 'gift_card_0000000'.
        """
        order = self._order(order_id)
        if "pending" not in order["status"]:
            raise ToolError("Non-pending order cannot be modified")
        method = self._payment_method(order["user_id"], payment_method_id)
        history = order["payment_history"]
        if len(history) != 1 or history[0]["transaction_type"] != "payment":
            raise ToolError("There should be exactly one payment for a pending order")
        old, amount = history[0]["payment_method_id"], history[0]["amount"]
        if old == payment_method_id:
            raise ToolError("The new payment method should be different from the current one")
        if self._short(method, amount):
            raise ToolError("Insufficient gift card balance to pay for the order")
        order = self.db.edit("orders", order_id)
        order["payment_history"].append(_payment("payment", amount, payment_method_id))
        order["payment_history"].append(_payment("refund", amount, old))
        self._credit(order["user_id"], payment_method_id, -amount)
        self._credit(order["user_id"], old, amount)
        return order

    @tool(Effect.WRITE)
    def modify_user_address(
        self,
        user_id: str,
        address1: str,
        address2: str,
        city: str,
        state: str,
        country: str,
        zip: str,  # noqa: A002  # tau2's name
    ) -> Record:
        """Change a user's default address; orders keep theirs. List what will happen and ask for a yes first.

        Args:
            user_id: Such as 'ada_lovelace_0000'.
            address1: Street and number.
            address2: Flat or suite; may be empty.
            city: Such as 'Springfield'.
            state: Such as 'CA'.
            country: Such as 'USA'.
            zip: Such as '12345'.
        """
        self._user(user_id)
        address = _address(address1, address2, city, country, state, zip)
        user = self.db.edit("users", user_id)
        user["address"] = address
        return user

    # Delivered orders

    @tool(Effect.WRITE)
    def exchange_delivered_order_items(
        self, order_id: str, item_ids: list[str], new_item_ids: list[str], payment_method_id: str
    ) -> Record:
        """Exchange items of a delivered order for other variants of the same products; possible only once an order.

        List what will happen and ask for a yes first.

        Args:
            order_id: Such as '#W0000000'; the '#' belongs to it.
            item_ids: Items to exchange; an id stands as often as units are exchanged.
            new_item_ids: What each is exchanged for, in the same order.
            payment_method_id: Pays the difference or gets it back, such as 'gift_card_0000000'.
        """
        order = self._order(order_id)
        if order["status"] != "delivered":
            raise ToolError("Non-delivered order cannot be exchanged")
        self._check_items(order, item_ids, "Number of {} not found.")
        if len(item_ids) != len(new_item_ids):
            raise ToolError("The number of items to be exchanged should match.")
        difference: float = 0
        units = list(order["items"])
        for item_id, new_item_id in zip(item_ids, new_item_ids, strict=True):
            if item_id == new_item_id and self.flavour != "tau2":  # tau2 exchanges an item for itself
                raise ToolError("The new item id should be different from the old item id")
            item = self._unit(units, item_id)
            difference += self._available(item["product_id"], new_item_id)["price"] - item["price"]
        difference = round(difference, 2)
        method = self._payment_method(order["user_id"], payment_method_id)
        if self._short(method, difference):
            raise ToolError("Insufficient gift card balance to pay for the price difference")
        pairs = sorted(zip(item_ids, new_item_ids, strict=True))
        order = self.db.edit("orders", order_id)
        order["status"] = "exchange requested"
        order["exchange_items"] = [old for old, _ in pairs]
        order["exchange_new_items"] = [new for _, new in pairs]
        if self.flavour == "tau2":  # sorts the new ones by themselves, and the pairs are lost
            order["exchange_new_items"] = sorted(new_item_ids)
        order["exchange_payment_method_id"] = payment_method_id
        order["exchange_price_difference"] = difference
        return order

    @tool(Effect.WRITE)
    def return_delivered_order_items(self, order_id: str, item_ids: list[str], payment_method_id: str) -> Record:
        """Return items of a delivered order; possible only once an order.

        List what will happen and ask for a yes first.

        Args:
            order_id: Such as '#W0000000'; the '#' belongs to it.
            item_ids: Items to return; an id stands as often as units are returned.
            payment_method_id: Gets the refund: the order's own payment method, or any gift card of the user.
        """
        order = self._order(order_id)
        if order["status"] != "delivered":
            raise ToolError("Non-delivered order cannot be returned")
        method = self._payment_method(order["user_id"], payment_method_id)
        history = order["payment_history"]
        first = [history[0]] if self.flavour == "tau2" else history[:1]  # tau2 raises where nothing was paid
        paid_with = [entry["payment_method_id"] for entry in first]
        if method["source"] != "gift_card" and payment_method_id not in paid_with:
            raise ToolError("Payment method should be the original payment method")
        self._check_items(order, item_ids, "Some item not found")
        order = self.db.edit("orders", order_id)
        order["status"] = "return requested"
        order["return_items"] = sorted(item_ids)
        order["return_payment_method_id"] = payment_method_id
        return order

    # Shared checks

    def _check_items(self, order: Record, item_ids: list[str], text: str) -> None:
        """Each id may stand at most as often as the order has such units."""
        if not item_ids and self.flavour != "tau2":  # tau2 accepts an empty list and still changes the status
            raise ToolError("No item is named")
        have = [item["item_id"] for item in order["items"]]
        for item_id in item_ids:
            if item_ids.count(item_id) > have.count(item_id):
                raise ToolError(text.format(item_id))

    def _unit(self, units: list[Record], item_id: str) -> Record:
        """The next unit of an item, taken away; tau2 takes the first one's price for each."""
        item = _first_item(units, item_id)
        if self.flavour != "tau2":
            units[:] = [other for other in units if other is not item]
        return item

    def _available(self, product_id: str, item_id: str) -> Record:
        variant = self._variant(product_id, item_id)
        if not variant["available"]:
            raise ToolError(f"New item {item_id} not found or available")
        return variant


def _first_item(items: Iterable[Record], item_id: str) -> Record:
    for item in items:
        if item["item_id"] == item_id:
            return item
    raise ToolError(f"Item {item_id} not found")


def _payment(kind: Any, amount: float, payment_method_id: str) -> Record:
    payment = OrderPayment(transaction_type=kind, amount=amount, payment_method_id=payment_method_id)
    return payment.model_dump()


def _address(address1: str, address2: str, city: str, country: str, state: str, zip_code: str) -> Record:
    return UserAddress(
        address1=address1, address2=address2, city=city, country=country, state=state, zip=zip_code
    ).model_dump()


def _first_names(users: Iterable[Record]) -> frozenset[str]:
    return frozenset(user["name"]["first_name"].lower() for user in users)


def _product_types(products: Iterable[Record]) -> str:
    return json.dumps({product["name"]: product["product_id"] for product in products}, sort_keys=True)
