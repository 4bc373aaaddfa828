"""Run ``archcost check`` with the words of the Action's inputs; ``python -I`` keeps the checkout off the import path.

``ARCHCOST_SPECS`` and ``ARCHCOST_ARGUMENTS`` are words between any white space, lines included. Quotes keep white space
in a word, as in a shell; nothing else is special, and no word is expanded here: globs are archcost's own.
"""

from __future__ import annotations

import os
import shlex
import string
import sys


def words(name: str) -> list[str]:
    """The words of a variable; a quote that is never closed ends the run with exit code 2."""
    lexer = shlex.shlex(os.environ.get(name, ""), posix=True)
    lexer.whitespace = string.whitespace
    lexer.whitespace_split = True
    lexer.commenters = lexer.escape = ""
    try:
        return list(lexer)
    except ValueError:
        print(f"::error title=archcost::a quote in {name} is not closed")
        sys.exit(2)


def main() -> None:
    """Specs come after ``--``, so that none of them is an option."""
    specs = words("ARCHCOST_SPECS")
    further = words("ARCHCOST_ARGUMENTS")
    sys.argv = ["archcost", "check", *sys.argv[1:], *further, *(["--", *specs] if specs else [])]
    from archcost.cli import main as archcost

    archcost()


if __name__ == "__main__":
    main()
