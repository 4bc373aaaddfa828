"""What the walk of a space gives: a sum of small tables for each metric, over the few axes that each depends on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archcost.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from archcost.sweeping.space import Space

    Entries = NDArray[np.int64] | NDArray[np.object_] | NDArray[np.bool_]


class TableTooLargeError(UsageError):
    """One figure depends on so many values of several axes together that their table would be too large."""


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """A table over some axes: an entry for each combination of their values, in the order of the axes.

    ``axes`` are places in the space's axes, ascending. The entries are int64, Python ints (dtype object) where int64
    could overflow, or bool.
    """

    axes: tuple[int, ...]
    entries: Entries


@dataclass(frozen=True, slots=True, eq=False)
class MetricSum:
    """A figure of every design: ``constant`` + Σ terms at the design's indices."""

    constant: int
    terms: tuple[Factor, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class SpaceTables:
    """The figures of all designs of a space.

    A design is valid where all factors of ``valid`` are true. Of designs that differ along axes alone that nothing
    reads, one has all factors of ``distinct`` true: that with index 0 along those axes. ``unknown`` has, of the figures
    that layers leave unknown, the number of such layers: where it is above 0, the figure is the known part of it.
    """

    space: Space
    metrics: Mapping[str, MetricSum]
    valid: tuple[Factor, ...] = ()
    distinct: tuple[Factor, ...] = ()
    unknown: Mapping[str, MetricSum] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class DesignChunk:
    """Some designs as rows: indices along each axis (n × axes), a figure of each metric, and which are invalid.

    ``errors`` is what is wrong with each, None for those where nothing is, or nothing is known; None where all are.
    """

    indices: NDArray[np.int32]
    figures: Mapping[str, NDArray[np.int64] | NDArray[np.object_]]
    invalid: NDArray[np.bool_]
    errors: NDArray[np.object_] | None = None
