"""What customers of a world may want: feasible requests and what solves them."""

from toolgym_retail.goals.gold import TOOLS, arguments, writes
from toolgym_retail.goals.recipes import RECIPES, acts_instead
from toolgym_retail.goals.shopper import Shopper

__all__ = ["RECIPES", "TOOLS", "Shopper", "acts_instead", "arguments", "writes"]
