"""The rules by which tau2-bench plays and grades."""

from __future__ import annotations

from toolgym.compatibility import Compat

TAU2 = Compat(
    name="tau2",
    strict_calls=False,
    typed_results=False,
    separate_data=False,
    checked_gold=False,
    graded_live=False,
    whole_words=False,
    heard_beside_calls=False,
    certifiable=False,
    generated=False,
    imported_wording=True,
)
"""tau2's rules, its known bugs included: the gold state is made by them, so they are part of what is graded."""
