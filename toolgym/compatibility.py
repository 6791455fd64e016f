"""What differs between toolgym's own tasks and those of another benchmark, as one object that a domain carries.

:data:`TOOLGYM` is how toolgym plays. Tasks that were made for other rules are played by these:
:data:`toolgym.compat.tau2.TAU2` are tau2-bench's, its known bugs included, since gold was made with them. Code asks
``domain.compat`` for what it needs to know, and not whose tasks they are. The name alone stands in files (a task's
``flavour``, the ``data`` of a run, a trajectory and a pool) and on the command line (``--data``), and
:func:`toolgym.make_domain` makes the domain of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

Flavour: TypeAlias = Literal["toolgym", "tau2"]
"""Whose rules, in a word: what a task and a toolkit are told, and what stands in files."""


def policy_md(folder: Path) -> str:
    """The text of ``policy.md`` in a folder, verbatim."""
    return (folder / "policy.md").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Compat:
    """By which rules a domain's tasks are played, graded and made.

    Args:
        name: Whose rules they are.
        strict_calls: Whether a call is validated against the tool's signature, undone if it fails, and answered with a
            ``ToolError`` alone; a refused one with the names that there are. Otherwise arguments are bound by name, the
            text of any exception is the answer, what it had written stays, and every tool of a side can be called.
        typed_results: Whether numbers and booleans keep their types in a tool's result; otherwise bare ones are text.
        separate_data: Whether initialisation data of one side leaves the other side's data alone; otherwise both sides'
            tools work on that side's data from then on.
        checked_gold: Whether gold is played as an episode is: a call that fails is a mistake in the task, and the sides
            are synchronised. Otherwise failures pass, and nothing is synchronised.
        graded_live: Whether the state in which an episode ends is graded where the sides are synchronised; otherwise
            one in which its state-changing calls were run again.
        whole_words: Whether a text of COMMUNICATE must have been said to the user, as whole words or numbers; otherwise
            it may stand anywhere in what the assistant wrote, whose commas are dropped.
        heard_beside_calls: Whether the assistant hears, with the user's next words, what the user said beside its
            calls; otherwise never.
        certifiable: Whether its tasks carry facts, and its splits and worlds are apart, as certificates want it.
        generated: Whether tasks can be made by these rules.
        imported_wording: Whether models read the words of an imported wording (``toolgym tau2 import``), if it has
            this domain.
        read_policy: How the policy is read from the domain's folder of tau2's data, if it is loaded over that.

    Example:
        >>> from toolgym import make_domain
        >>> make_domain("mock").compat.name
        'toolgym'
    """

    name: Flavour
    strict_calls: bool
    typed_results: bool
    separate_data: bool
    checked_gold: bool
    graded_live: bool
    whole_words: bool
    heard_beside_calls: bool
    certifiable: bool
    generated: bool
    imported_wording: bool
    read_policy: Callable[[Path], str] = policy_md


TOOLGYM = Compat(
    name="toolgym",
    strict_calls=True,
    typed_results=True,
    separate_data=True,
    checked_gold=True,
    graded_live=True,
    whole_words=True,
    heard_beside_calls=True,
    certifiable=True,
    generated=True,
    imported_wording=False,
)
"""toolgym's own rules."""
