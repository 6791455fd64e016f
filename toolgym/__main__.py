"""``python -m toolgym``: the command line."""

from toolgym.cli import main

main()
