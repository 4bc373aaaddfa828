"""How much work the walk of a space may take in all, whatever the spec and the axes are.

The meter of a walk is that of a design: each group of designs begins with what was spent before it. So all groups
together are counted here, and the entries of tables. A step takes from 0.1 to 1 µs.
"""

from __future__ import annotations

from archcost.errors import UsageError

MOST_WORK = 200_000_000  # steps, of about a minute
PER_GROUP = 5_000  # steps of a group beside its own: names and types are restricted to it, and joined again
PER_ENTRY = 5  # steps of an entry that Python works out
AT_ONCE = 20  # entries that an operator on whole arrays works out in a step


class _Effort:
    """Adds up the work of the walk under way."""

    def __init__(self) -> None:
        self.spent = 0

    def begin(self) -> None:
        """A walk begins: nothing is spent."""
        self.spent = 0

    def spend(self, work: int) -> None:
        """Count steps of work; raises UsageError where the whole walk takes too much."""
        self.spent += work
        if self.spent > MOST_WORK:
            raise UsageError(
                f"a walk of all designs takes more than {MOST_WORK:,} steps of work: they part into many groups, "
                "or differ in many values",
                "vary less at once, give fewer values, or sweep parts of the space by themselves",
            )


EFFORT = _Effort()  # as tables are, it is of one walk
