"""The scripted customer: what it understands, what it agrees to, and how it speaks."""

from toolgym_retail.customer.customer import Customer

__all__ = ["Customer"]
