"""The command ``toolgym``: one module a command.

Exit codes: 0 done, 1 a check did not hold, 2 a mistake that you can mend, 70 a bug of toolgym or of a plug-in, 130
interrupted.
"""

from __future__ import annotations

import sys
import traceback


def main() -> None:
    """Run the command line and exit."""
    from toolgym.errors import ToolGymError

    try:
        from toolgym.cli.app import app

        app()
    except ToolGymError as error:
        _tell(f"toolgym: {error}")
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        _tell(traceback.format_exc().rstrip())
        _tell("toolgym: this is a bug of toolgym or of a plug-in; please report it with the lines above")
        sys.exit(70)


def _tell(text: str) -> None:
    """Write to standard error what may hold anything."""
    from toolgym.render import printable

    sys.stderr.write(f"{printable(text)}\n")
