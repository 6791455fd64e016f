"""The examples in the docstrings of the trainers: pytest reads them nowhere else, as some modules need torch."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import toolgym_trainers
from toolgym.errors import MissingExtraError

pytest.importorskip("torch")
pytest.importorskip("transformers")

MODULES = sorted(
    module.name for module in pkgutil.walk_packages(toolgym_trainers.__path__, prefix=f"{toolgym_trainers.__name__}.")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_run(name: str) -> None:
    try:
        module = importlib.import_module(name)
    except ImportError as error:  # the adapter of a library that is not installed
        if not isinstance(error, MissingExtraError) and not name.endswith("nemo_gym"):
            raise
        pytest.skip(str(error))
    assert doctest.testmod(module).failed == 0
