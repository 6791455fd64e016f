"""The policies that come with the package, by name."""

from __future__ import annotations

from pathlib import Path

SHIPPED = {"tiny": Path(__file__).parent / "checkpoints" / "retail-tiny"}
"""``tiny``: from scratch, for the retail domain; what ``toolgym sft retail --out FOLDER`` made."""


def folder_of(source: str | Path) -> str | Path:
    """The folder of a policy that comes with the package; whatever else is named is given back as it is.

    Args:
        source: A name, a folder, or a name on the hub.

    Example:
        >>> folder_of("HuggingFaceTB/SmolLM2-135M-Instruct")
        'HuggingFaceTB/SmolLM2-135M-Instruct'
        >>> folder_of("tiny").name
        'retail-tiny'
    """
    return SHIPPED.get(str(source), source)
