"""Where the layers of a path stand among the nodes of a model while it is unrolled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.paths import above, scopes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.errors import Mark
    from archcost.graph.model import Node
    from archcost.meter import Meter


class Places:
    """The spans of nodes of layers, blocks, branches and rounds by path: known from when somebody first asks."""

    __slots__ = ("_known", "_meter", "_seen")

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._known: dict[str, tuple[int, int]] = {}
        self._seen = 0

    def of(self, path: str, nodes: Sequence[Node], mark: Mark) -> tuple[int, int] | None:
        """The first node and the one behind the last; nodes that came since the last question are looked at first."""
        self._meter.spend(len(nodes) - self._seen, mark)
        for index in range(self._seen, len(nodes)):
            for part in scopes(nodes[index].path):
                start, _ = self._known.get(part, (index, 0))
                self._known[part] = (start, index + 1)
        self._seen = len(nodes)
        return self._known.get(path)

    def below(self, path: str, mark: Mark) -> list[str]:
        """The paths one level below another one, as far as they are known."""
        self._meter.spend(len(self._known), mark)
        return [known for known in self._known if above(known) == path]
