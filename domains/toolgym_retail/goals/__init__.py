"""What customers of a world may want: feasible requests and what solves them."""

from toolgym_retail.goals.explorer import Goal, GoalExplorer
from toolgym_retail.goals.gold import TOOLS, arguments, writes
from toolgym_retail.goals.recipes import RECIPES

__all__ = ["RECIPES", "TOOLS", "Goal", "GoalExplorer", "arguments", "writes"]
