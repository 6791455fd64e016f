"""The hand-made shop, in both flavours of its tools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from retail_world import Shop


@pytest.fixture
def own() -> Iterator[Shop]:
    """A shop with tools of our own flavour."""
    shop = Shop("toolgym")
    yield shop
    assert shop.base.checksum() == shop.base.world


@pytest.fixture
def tau2() -> Iterator[Shop]:
    """A shop with tools that do what tau2 does."""
    shop = Shop("tau2")
    yield shop
    assert shop.base.checksum() == shop.base.world


@pytest.fixture(params=["toolgym", "tau2"])
def shop(request: Any) -> Iterator[Shop]:
    """A shop in either flavour, for what both do alike."""
    shop = Shop(request.param)
    yield shop
    assert shop.base.checksum() == shop.base.world
