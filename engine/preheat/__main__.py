"""The ``preheat`` command, also as ``python -m preheat``."""

from __future__ import annotations

import sys

COMPLETE = "__complete"


def main() -> None:
    """Run the command. What a shell asks for while someone types comes without typer, in a tenth of a second."""
    if sys.argv[1:2] == [COMPLETE]:
        from preheat.cli.shell_words import print_words

        print_words(sys.argv[2:])
    else:
        from preheat.cli.main import main as run

        run()


if __name__ == "__main__":
    main()
