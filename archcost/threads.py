"""How many threads a measurement may have: torch falls over numbers that no machine has."""

from __future__ import annotations

from archcost.errors import UsageError

MOST_THREADS = 1024


def check_threads(threads: int) -> None:
    """Raise UsageError for what is no number of threads; 0 leaves the choice to torch."""
    if type(threads) is not int or not 0 <= threads <= MOST_THREADS:
        raise UsageError(f"threads is a whole number from 0 to {MOST_THREADS:,}, got {threads}", "0 is torch's choice")
