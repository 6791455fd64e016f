"""The clerk: a retail assistant by rules, with weaknesses that depend on the situation."""

from toolgym_retail.clerk.clerk import Clerk
from toolgym_retail.clerk.weaknesses import CALM, RATES

__all__ = ["CALM", "RATES", "Clerk"]
