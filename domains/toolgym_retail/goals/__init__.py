"""What customers of a world may want: feasible requests and what solves them."""

from toolgym_retail.goals.recipes import RECIPES, TOOLS, Explorer, Goal, arguments, writes

__all__ = ["RECIPES", "TOOLS", "Explorer", "Goal", "arguments", "writes"]
