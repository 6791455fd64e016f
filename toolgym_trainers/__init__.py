"""Trainers of policies: small causal language models that learn from the episodes that they play.

The core, ``toolgym``, never imports this package. What is here imports torch only where it is used: the record of a
rollout (:mod:`toolgym_trainers.record`) and the figures of a batch of them (:mod:`toolgym_trainers.rollout_figures`)
can be read anywhere.
"""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["ToolgymEnv", "ToolgymTaskset"]
"""What verifiers looks for under the taskset id ``toolgym-trainers``; both need the extra ``verifiers``."""


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("toolgym_trainers.integrations.verifiers"), name)
    raise AttributeError(f"module 'toolgym_trainers' has no attribute {name!r}")
