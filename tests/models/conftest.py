"""No test waits between requests, and none sees the keys and proxies of whoever runs it."""

from __future__ import annotations

import os

import pytest

from toolgym.models import retries

collect_ignore = ["tiny_qwen3.py"]  # run by another interpreter, which has torch


@pytest.fixture(autouse=True)
def _alone_and_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "FIRST_WAIT_S", 0.0)
    for name in list(os.environ):
        if name.startswith("OPENAI_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds between requests, noted instead of waited."""
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(retries, "sleep", note)
    return waited
