"""Commands that other packages bring, under the entry point group ``toolgym.commands``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import typer
from typer.core import TyperGroup

from toolgym.errors import DataError, DuplicateNameError
from toolgym.registry import COMMANDS


class Command(NamedTuple):
    """A command of ``toolgym`` that a package brings.

    The module that holds it is imported for ``toolgym --help`` too: what takes long to import belongs into the body of
    the function.

    Args:
        run: A function as typer takes it, or a ``typer.Typer`` with commands of its own.
        panel: The heading under which ``toolgym --help`` shows it.

    Example:
        >>> def greet(name: str) -> None:
        ...     "Greet somebody."
        >>> Command(greet).panel
        'Commands of other packages'
    """

    run: Callable[..., Any] | typer.Typer
    panel: str = "Commands of other packages"


class Commands(TyperGroup):
    """The commands of toolgym, and those that are installed with other packages.

    Nothing of other packages is looked up for a command of toolgym's own.
    """

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A command by its name; None if there is none."""
        if cmd_name not in self.commands and cmd_name in COMMANDS.names():
            self.commands[cmd_name] = _built(cmd_name)
        return self.commands.get(cmd_name)

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, toolgym's own first.

        Raises:
            DuplicateNameError: If another package brings a command that toolgym has.
        """
        own = list(self.commands)
        for name in COMMANDS.names():
            if name in own and name not in _MADE:
                raise DuplicateNameError(
                    f"A package brings the command {name!r}, which toolgym has itself. Uninstall that package, or have "
                    "it rename its command."
                )
            self.get_command(ctx, name)
        return list(self.commands)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is meant; where there is none, what is suggested may be another package's."""
        if args and args[0] not in self.commands:
            self.list_commands(ctx)
        return super().resolve_command(ctx, args)


_MADE: set[str] = set()
"""Names of the commands that were made from entry points."""


def _built(name: str) -> Any:
    """A command from its entry point."""
    found = COMMANDS.load(name)
    if not isinstance(found, Command):
        raise DataError(
            f"the entry point {name!r} of 'toolgym.commands' must be a toolgym.cli.plug_ins.Command, got {found!r:.80}"
        )
    app = typer.Typer(add_completion=False, rich_markup_mode="markdown", pretty_exceptions_enable=False)
    if isinstance(found.run, typer.Typer):
        app.add_typer(found.run, name=name, rich_help_panel=found.panel)
    else:
        app.command(name, rich_help_panel=found.panel)(found.run)
    _MADE.add(name)
    return typer.main.get_group(app).commands[name]
