"""``archcost``, and ``python -m archcost``: the command line, which Ctrl-C ends quietly while it is still loading."""

from __future__ import annotations

import sys

from archcost.exit_codes import INTERRUPTED


def main() -> None:
    """Load the command line and run it."""
    try:
        from archcost.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
