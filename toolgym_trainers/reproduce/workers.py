"""Doing the units of a reproduction, here or in several processes of one thread each."""

from __future__ import annotations

import multiprocessing
import queue
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from toolgym.errors import ServiceError
from toolgym_trainers.reproduce.reproduction import Reproduction
from toolgym_trainers.reproduce.settings import UNTRAINED, ReproductionSettings
from toolgym_trainers.reproduce.units import Tell, Told, Unit

WAIT = 0.5
"""Seconds between looks at whether a process has ended."""


class UnitFailedError(ServiceError):
    """Some units failed; the others are done.

    Args:
        failed: What was raised, by unit.
    """

    def __init__(self, failed: dict[Unit, str]) -> None:
        first, why = next(iter(failed.items()))
        more = f" (and {len(failed) - 1} more)" if len(failed) > 1 else ""
        super().__init__(f"{first.name} failed{more}: {why}; the same command goes on with what is left")
        self.failed = failed


def do_unit(reproduction: Reproduction, unit: Unit, tell: Tell, *, train: bool = True) -> None:
    """Train a unit and measure what it ends with; what is done is not done again.

    Args:
        reproduction: The reproduction; what its seed starts from must be there.
        unit: Which.
        tell: Told how far it is.
        train: Whether it is trained; else it must be.
    """
    if train:
        reproduction.train(unit, tell)
    for asked in reproduction.evaluations(unit):
        reproduction.measure(asked, tell)


def do_all(
    reproduction: Reproduction, units: Sequence[Unit], tell: Tell, *, jobs: int = 1, only_evaluate: bool = False
) -> None:
    """Do units: first what their seeds start from, then the units themselves.

    Args:
        reproduction: The reproduction, with its sets made.
        units: Which, in the order in which they are begun.
        tell: Told how far they are.
        jobs: Processes at once, at least 1; with one, everything is done in this process.
        only_evaluate: Whether nothing is trained.

    Raises:
        UnitFailedError: If a unit failed in a process of its own; the others are done by then.
        ValueError: If ``jobs`` is below 1.
    """
    if jobs < 1:
        raise ValueError(f"jobs must be at least 1, got {jobs}")
    starts = [Unit(UNTRAINED, seed) for seed in dict.fromkeys(unit.seed for unit in units)]
    if reproduction.settings.sft.shared:
        starts = [Unit(UNTRAINED, seed) for seed in reproduction.started]
    if jobs == 1:
        for unit in starts:
            reproduction.prepare(unit.seed, tell)
        for unit in units:
            do_unit(reproduction, unit, tell, train=not only_evaluate)
        return
    _in_processes(reproduction, [(unit, "prepare") for unit in starts], tell, jobs)
    _in_processes(reproduction, [(unit, "evaluate" if only_evaluate else "all") for unit in units], tell, jobs)


def _in_processes(reproduction: Reproduction, work: Sequence[tuple[Unit, str]], tell: Tell, jobs: int) -> None:
    """Each in a process of its own, so many at once."""
    context = multiprocessing.get_context("spawn")  # a fork would copy the threads of torch and DuckDB half
    told: Any = context.Queue()
    left, failed = list(work), dict[Unit, str]()
    running: dict[Unit, Any] = {}
    settings = reproduction.settings.model_dump_json()
    try:
        while left or running:
            while left and len(running) < jobs:
                unit, what = left.pop(0)
                arguments = (settings, str(reproduction.folder), unit, what, told)
                running[unit] = context.Process(target=_process, args=arguments, daemon=True)
                running[unit].start()
            try:
                message = told.get(timeout=WAIT)
            except queue.Empty:
                for unit, process in list(running.items()):
                    if not process.is_alive():
                        del running[unit]
                        if process.exitcode and unit not in failed:
                            failed[unit] = f"its process ended with the exit code {process.exitcode}"
                continue
            if isinstance(message, Told):
                tell(message)
            else:
                unit, why = message
                failed[unit] = why
    finally:
        for process in running.values():
            process.terminate()
    if failed:
        raise UnitFailedError(failed)


def _process(settings: str, folder: str, unit: Unit, what: str, told: Any) -> None:
    """What a process does."""
    import torch

    torch.set_num_threads(1)
    try:
        reproduction = Reproduction(ReproductionSettings.model_validate_json(settings), Path(folder))
        if what == "prepare":
            reproduction.prepare(unit.seed, told.put)
        else:
            do_unit(reproduction, unit, told.put, train=what == "all")
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except Exception as error:
        traceback.print_exc()
        told.put((unit, f"{type(error).__name__}: {error}"))
