"""The rules that there are, by name."""

from __future__ import annotations

from toolgym.compat.tau2 import TAU2
from toolgym.compatibility import TOOLGYM, Compat

RULES: dict[str, Compat] = {rules.name: rules for rules in (TOOLGYM, TAU2)}
