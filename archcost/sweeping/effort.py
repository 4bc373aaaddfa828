"""How much work the walk of a space may take in all, whatever the spec and the axes are.

The meter of a walk is that of a design: each group of designs begins with what was spent before it. So all groups
together are counted here, the entries of tables, and the memory that these take. A step takes from 0.1 to 1 µs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.sweeping.alongs import Along

MOST_WORK = 200_000_000  # steps, of about a minute
MOST_HELD = 4 << 30  # bytes of tables
PER_GROUP = 5_000  # steps of a group beside its own: names and types are restricted to it, and joined again
PER_ENTRY = 20  # steps of an entry that Python works out, by an operator or a function
PER_EVALUATION = 150  # steps of an entry for which a whole expression is evaluated
AT_ONCE = 20  # entries that an operator on whole arrays works out in a step


class _Effort:
    """Adds up the work of the walk under way."""

    def __init__(self) -> None:
        self.spent = 0
        self.held = 0
        self.told: UsageError | None = None  # the first error, of which those after it are no more than consequences
        self.names: Sequence[str] = ()

    def begin(self) -> None:
        """A walk begins: nothing is spent."""
        self.spent = self.held = 0
        self.told = None

    def name_axes(self, names: Sequence[str]) -> None:
        """What the axes are called that are walked from here on."""
        self.names = names

    def spend(self, work: int, axes: Sequence[Along] = ()) -> None:
        """Count steps of work, for combinations of values along some axes; raises UsageError beyond the most."""
        self.spent += work
        if self.spent > MOST_WORK:
            self.told = self.told or _error(f"more than {MOST_WORK:,} steps of work", axes, self.names)
            raise self.told

    def hold(self, size: int, axes: Sequence[Along]) -> None:
        """Count bytes of a table over some axes, which is kept as long as the walk; raises as :meth:`spend`."""
        self.held += size
        if self.held > MOST_HELD:
            raise _error(f"more than {MOST_HELD >> 30} GiB of memory", axes, self.names)

    def forget(self) -> None:
        """The tables that were kept are not any more."""
        self.held = 0


EFFORT = _Effort()  # as tables are, it is of one walk


def _error(what: str, axes: Sequence[Along], axis_names: Sequence[str]) -> UsageError:
    """The error that a walk takes too much of something, for combinations of values along some axes."""
    too_much = f"a walk of all designs takes {what}"
    if not axes:
        return UsageError(
            f"{too_much}: they part into many groups, or differ in many values",
            "vary less at once, give fewer values, or sweep parts of the space by themselves",
        )
    names = " and ".join([axis_names[along.axis] for along in axes])
    sizes = " × ".join([f"{len(along):,}" for along in axes])
    longest = axis_names[max(axes, key=len).axis]
    return UsageError(
        f"{too_much}: a value is worked out for each of the {sizes} values of {names}",
        f"give fewer values of {longest}, or sweep parts of its values by themselves",
    )
