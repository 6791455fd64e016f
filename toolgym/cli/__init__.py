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
        sys.stderr.write(f"toolgym: {error}\n")
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception:
        traceback.print_exc()
        sys.stderr.write("toolgym: this is a bug of toolgym or of a plug-in; please report it with the lines above\n")
        sys.exit(70)
