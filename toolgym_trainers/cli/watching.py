"""How far a training is: one live view for people, lines for logs."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Group, RenderableType
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from toolgym.cli.output import errors, remark

if TYPE_CHECKING:
    from toolgym_trainers.loop import Event, Stage, Training

KINDS = {
    "bootstrap": "learn from demonstrations",
    "reference": "play the references",
    "measure": "measure",
    "mine": "look for failures",
    "refresh": "make tasks",
    "train": "learn from trials",
}


def title_of(stage: Stage) -> str:
    """A part in words."""
    place = "before" if stage.round == 0 else f"round {stage.round}"
    heat = "" if stage.temperature is None else f" (T = {stage.temperature:g})"
    return f"{place}: {KINDS[stage.kind]}{heat}"


def step_line(figures: Mapping[str, Any]) -> str:
    """The figures of a step in a line."""
    if "accuracy" in figures:
        return f"loss {figures['loss']:.3f}, tokens right {100 * figures['accuracy']:.1f} %"
    parts = {
        "success": _share(figures.get("success")),
        "live groups": _share(figures.get("live")),
        "reward": _number(figures.get("reward"), 2),
        "repeats": _number(figures.get("repeats"), 2),
        "KL": _number(figures.get("update_kl"), 4),
        "tokens per CPU-second": _number(figures.get("tokens_per_cpu_second"), 0),
    }
    return ", ".join(f"{name} {value}" for name, value in parts.items() if value is not None)


def result_line(stage: Stage, figures: Mapping[str, Any]) -> str:
    """What came of a part in a line."""
    if "pass_hat" in figures:
        shown = [f"Pass^{k} {_estimate(one)}" for k, one in figures["pass_hat"].items() if k in ("1", "4")]
        return ", ".join(shown)
    if stage.kind == "refresh":
        came = f"{figures['admitted']} of {figures['proposed']} proposed tasks admitted"
        return f"{came}, from {figures['failures']} failures"
    if stage.kind == "reference":
        agents = figures["agents"].items()
        return ", ".join(f"{name} Pass^1 {_estimate(one['pass_hat']['1'])}" for name, one in agents)
    if stage.kind == "train":
        return f"{figures['steps']} steps, {figures['episodes']:,} episodes"
    return f"{figures['demonstrations']:,} demonstrations"


class Lines:
    """Tells in lines on standard error when a part is finished, and of each step of GRPO."""

    def __init__(self, training: Training) -> None:
        self._every = 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def seen(self, event: Event) -> None:
        """Tell of an event."""
        if event.done is None:
            spent = event.figures["cpu_seconds"]
            remark(f"{title_of(event.stage)}: {result_line(event.stage, event.figures)} ({spent:,.0f} CPU-seconds)")
        elif event.figures:
            done, total = event.done
            if event.stage.kind == "train" or done % 100 == 0 or done == total:
                remark(f"{title_of(event.stage)}: step {done} of {total}: {step_line(event.figures)}")


class LiveView:
    """One view of all parts: which is on and how far, the last step, and Pass^k by round."""

    def __init__(self, training: Training) -> None:
        self._stages = list(training.stages())
        self._results: dict[str, Any] = dict(training.results)
        self._columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*self._columns, console=errors)
        self._bar: Any = None
        self._on: Stage | None = None
        self._step = ""
        self._live = Live(console=errors, get_renderable=self._shown, refresh_per_second=4, transient=True)

    def __enter__(self) -> Self:
        self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.__exit__(kind, error, trace)

    def seen(self, event: Event) -> None:
        """Show an event."""
        if event.done is None:
            self._results[event.stage.name] = event.figures
            if self._bar is not None:
                self._bars.remove_task(self._bar)
            self._bar, self._on, self._step = None, None, ""
            return
        done, total = event.done
        if self._on != event.stage:
            self._on = event.stage
            self._bar = self._bars.add_task(title_of(event.stage), total=total)
        self._bars.update(self._bar, completed=done, total=total)
        if event.figures:
            self._step = step_line(event.figures)

    def _shown(self) -> RenderableType:
        parts: list[RenderableType] = [
            Text(f"{title_of(stage)}: {result_line(stage, self._results[stage.name])}", style="dim")
            for stage in self._stages
            if stage.name in self._results
        ]
        if self._on is None:
            waiting = [stage for stage in self._stages if stage.name not in self._results]
            parts.append(Text(f"{title_of(waiting[0])} …" if waiting else "done"))
        else:
            parts.append(self._bars)
        if self._step:
            parts.append(Text(f"last step: {self._step}"))
        parts.append(self._table())
        return Group(*parts)

    def _table(self) -> RenderableType:
        """Pass^k by round, as far as it was measured."""
        rows = [(stage, self._results[stage.name]) for stage in self._stages if stage.name in self._results]
        measured = [(stage, result["pass_hat"]) for stage, result in rows if stage.kind == "measure"]
        if not measured:
            return Text()
        ks = [k for k in measured[0][1] if int(k) <= 4]
        table = Table(*("", *(f"Pass^{k} (95 %)" for k in ks)))
        for stage, found in measured:
            table.add_row(title_of(stage).replace(": measure", ""), *(_estimate(found[k]) for k in ks))
        return table


def _share(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.0f} %"


def _number(value: float | None, digits: int) -> str | None:
    return None if value is None else f"{value:,.{digits}f}"


def _estimate(found: Mapping[str, float]) -> str:
    return f"{100 * found['mean']:.1f} ({100 * found['low']:.0f}-{100 * found['high']:.0f})"
