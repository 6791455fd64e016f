"""What is claimed of arms, judged by a rule that is written down before anything is read.

The rule. A claim is one figure of two arms on one set at one temperature: first minus second, paired by seed and task.

- *holds*: every interval (crossed, bootstrap, over seeds) lies on the claimed side of 0, and so does the p-value of the
  crossed one below 0.05 after Holm's correction for the number of claims.
- *fails*: the difference is, by every interval, less than the smallest effect that matters (or on the other side).
- *within noise*: neither. It is not shown that there is no difference.

With one seed, nothing is known of how trainings differ, and a claim can at most be within noise. A claim that is open
which arm is better *differs* where a directed one would hold one way or the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from toolgym_trainers.reproduce.over_seeds import OverSeeds, holm
from toolgym_trainers.reproduce.settings import Claim

Verdict: TypeAlias = Literal["holds", "fails", "within noise", "differs", "not measured"]
LEVEL = 0.05
"""The chance of any false verdict that is allowed."""


def judge(found: OverSeeds, corrected: float, claim: Claim, smallest: float) -> Verdict:
    """The verdict on a claim, by the rule of this module.

    Args:
        found: First minus second.
        corrected: The p-value, corrected for the number of claims.
        claim: The claim.
        smallest: The smallest effect that matters, at least 0.

    Example:
        >>> import numpy as np
        >>> from toolgym_trainers.reproduce.over_seeds import over_seeds
        >>> claim = Claim(name="more", text="More is better.", first="more", second="less")
        >>> rng = np.random.default_rng(0)
        >>> for gain in (0.2, 0.0):
        ...     found = over_seeds(gain + rng.normal(0, 0.05, (3, 100)), rng)
        ...     print(judge(found, found.p_value, claim, 0.02))
        holds
        fails
    """
    if len(found.by_seed) < 2:
        return "within noise"
    low, high = found.lowest, found.highest
    if claim.direction == "below":
        low, high = -high, -low
    sure = corrected < LEVEL
    if claim.direction == "open":
        return "differs" if sure and (low > 0 or high < 0) else "within noise"
    if sure and low > 0:
        return "holds"
    return "fails" if high < smallest else "within noise"


def judged(
    claims: Sequence[Claim], found: Mapping[str, OverSeeds | None], smallest: float, runs: Mapping[str, Sequence[str]]
) -> list[dict[str, Any]]:
    """All claims with their verdicts, JSON-able; Holm's correction is over all that there are, measured or not.

    Args:
        claims: The claims.
        found: First minus second by the claim's name; None where it is not measured.
        smallest: The smallest effect that matters.
        runs: By the claim's name, the runs that it is computed from.
    """
    known = [name for name, one in found.items() if one is not None]
    p_values = [one.p_value if one is not None else 1.0 for one in (found[claim.name] for claim in claims)]
    corrected = dict(zip([claim.name for claim in claims], holm(p_values), strict=True))
    rows = []
    for claim in claims:
        one = found[claim.name]
        verdict: Verdict = "not measured"
        if one is not None:
            verdict = judge(one, corrected[claim.name], claim, smallest)
        rows.append(
            {
                **claim.model_dump(mode="json"),
                "verdict": verdict,
                "difference": None if one is None else one.as_dict(),
                "p_corrected": corrected[claim.name] if claim.name in known else None,
                "runs": list(runs.get(claim.name, ())),
            }
        )
    return rows
