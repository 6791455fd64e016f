"""Runs over pools: what a command says of a pool that a run names."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolgym.domain import Domain


def domain_played(name: str, data: str, settings: Any) -> Domain:
    """The domain over the tasks that a run played; a pool is named on standard error before it is read.

    Args:
        name: The domain.
        data: Whose tasks.
        settings: What the run's manifest holds of its settings.

    Raises:
        UnknownNameError: If the domain is not installed.
        DataError: If its data, or the pool, is not there.
    """
    from toolgym.cli.output import remark
    from toolgym.curricula.over_pool import over_run, pool_of_run
    from toolgym.registration import make_domain

    domain = make_domain(name, data)
    pool = pool_of_run(settings)
    if pool is not None and pool.is_dir():
        remark(f"The run names the pool {str(pool)!r}: its tasks and worlds are read.")
    return over_run(domain, settings)


def settings_of(folder: Path) -> Any:
    """The settings in a run's manifest.

    Raises:
        DataError: If the folder is not a run.
    """
    from toolgym.runs import read_manifest

    return read_manifest(folder).get("settings")
