"""A space of designs: a spec, and named axes with the values that its params take along them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.settings import Settings
    from archcost.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Target:
    """What an axis sets: a param, or with a ``place`` an element of a list that is one, ``depths[0]``."""

    param: str
    place: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.param + "".join(f"[{index}]" for index in self.place)


@dataclass(frozen=True, slots=True)
class Axis:
    """One free choice: at each index a value for every target; more than one target where params vary together."""

    targets: tuple[Target, ...]
    values: tuple[tuple[Any, ...], ...]

    @property
    def name(self) -> str:
        """The names of what it sets."""
        return ",".join(map(str, self.targets))

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Space:
    """A spec under settings, and the axes along which designs differ; a design is an index along each."""

    spec: Spec
    settings: Settings
    axes: tuple[Axis, ...]

    @property
    def lengths(self) -> tuple[int, ...]:
        """The number of values along each axis."""
        return tuple(map(len, self.axes))

    @property
    def size(self) -> int:
        """Π lengths: the number of settings, before what is invalid or the same."""
        return prod(self.lengths)

    def values_of(self, indices: Sequence[int]) -> dict[Target, Any]:
        """What one design sets, by target."""
        return {
            target: value
            for axis, index in zip(self.axes, indices, strict=True)
            for target, value in zip(axis.targets, axis.values[index], strict=True)
        }
