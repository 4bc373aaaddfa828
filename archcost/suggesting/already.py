"""What a model has already of the rewrites: a head that is tied, keys that are shared."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.suggesting.rewrite import Rewrite
    from archcost.suggesting.view import GraphView


class AlreadyThere(NamedTuple):
    """What a model has already of a rewrite, in words of the first place, and at how many places."""

    rewrite: type[Rewrite]
    text: str
    places: int

    @property
    def words(self) -> str:
        """The rewrite, where, and how often."""
        more = f", and {self.places - 1} more" if self.places > 1 else ""
        return f"{self.rewrite.title}: {self.text}{more}"


def already_there(view: GraphView, rewrites: Iterable[type[Rewrite]], nodes: Sequence[int]) -> list[AlreadyThere]:
    """What is there already of each rewrite, told once."""
    found = []
    for rewrite in rewrites:
        texts = [text for node in nodes if (text := rewrite.already(view, node))]
        if texts:
            found.append(AlreadyThere(rewrite, texts[0], len(texts)))
    return found
