"""``archcost``, and ``python -m archcost``: the command line, which Ctrl-C ends quietly while it is still loading."""

from __future__ import annotations

import sys

_INTERRUPTED = 130  # as of the command line itself


def main() -> None:
    """Load the command line and run it."""
    try:
        from archcost.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
