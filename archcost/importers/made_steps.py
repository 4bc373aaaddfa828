"""Steps as lowering makes them, before they have their place, and who holds which parameter."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from archcost.importers.typing_steps import Unmapped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.importers.form import Attribute, Size


@dataclass(slots=True)
class MadeStep:
    """A step of the call ``call``, or a source that stands before the first step that reads it.

    ``holds`` are the parameters of the layer, values of the recording, by the op's names of its tensors. ``name`` is
    the id that it has by torch's path; empty: that of its kind.
    """

    kind: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    attributes: dict[str, Attribute]
    call: int
    module: int
    scope: int
    macs: Size | None
    holds: dict[str, int] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)  # of what it holds
    source: bool = False
    name: str = ""
    note: str = ""
    unmapped: str = ""  # why no rule says the call

    @property
    def counts(self) -> bool:
        """Whether it stays where nobody reads it: it has params, or products that are known or may be there."""
        return bool(self.holds) or self.macs != 0


class Holders:
    """Which steps hold a parameter.

    Steps share tensors by the op's names for them: two steps that hold the same parameter must agree on all the names
    that both have.
    """

    def __init__(self) -> None:
        self._steps: dict[int, list[MadeStep]] = {}

    def __contains__(self, parameter: int) -> bool:
        return parameter in self._steps

    def check(self, holds: dict[str, int], shapes: dict[str, tuple[int, ...]]) -> None:
        """Raise Unmapped if a step with these tensors could not share with those that hold them already."""
        if len(set(holds.values())) < len(holds):
            raise Unmapped("two of its tensors are the same parameter")
        for parameter in holds.values():
            for other in self._steps.get(parameter, ()):
                common = holds.keys() & other.holds.keys()
                agree = all(holds[name] == other.holds[name] and shapes[name] == other.shapes[name] for name in common)
                if not agree or len(common) < len(set(holds.values()) & set(other.holds.values())):
                    raise Unmapped(f"its weights are those of another layer of kind {other.kind}, in another form")

    def add(self, step: MadeStep) -> None:
        """Enter a step for all that it holds."""
        for parameter in step.holds.values():
            self._steps.setdefault(parameter, []).append(step)


def shared_with(steps: Iterable[MadeStep]) -> list[int | None]:
    """For each of the steps in order, the earlier one whose weights it uses: the one that holds most of them."""
    seen: list[tuple[int, set[int]]] = []
    known: dict[int, list[int]] = {}  # by parameter, the places in ``seen``
    found: list[int | None] = []
    for index, step in enumerate(steps):
        mine = set(step.holds.values())
        earlier = sorted({place for parameter in mine for place in known.get(parameter, ())})
        best = max(earlier, key=lambda place: len(mine & seen[place][1]), default=None)
        found.append(None if best is None else seen[best][0])
        for parameter in mine:
            known.setdefault(parameter, []).append(len(seen))
        if mine:
            seen.append((index, mine))
    return found
