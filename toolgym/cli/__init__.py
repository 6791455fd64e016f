"""The command ``toolgym``: one module per command.

Exit codes: 0 done, 1 a check did not hold, 2 a mistake that you can mend, 70 a bug of toolgym or of a plug-in, 130
interrupted.
"""

from __future__ import annotations

import sys
import traceback


def main() -> None:
    """Run the command line and exit."""
    from typer import Abort, TyperException

    from toolgym.cli.output import encode_anything, remark, told
    from toolgym.errors import ToolGymError

    encode_anything()
    try:
        from toolgym.cli.app import app

        sys.exit(app(prog_name="toolgym", standalone_mode=False) or 0)
    except TyperException as error:
        if text := told(error):  # nothing if it is that no command was given: the help is printed then
            remark(f"toolgym: {text}")
        sys.exit(error.exit_code)
    except ToolGymError as error:
        remark(f"toolgym: {error}")
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(0)
    except (Abort, KeyboardInterrupt):
        sys.exit(130)
    except Exception:
        remark(traceback.format_exc().rstrip())
        remark("toolgym: this is a bug of toolgym or of a plug-in; please report it with the lines above")
        sys.exit(70)
