"""What is told the user of calls that no op of archcost can say: one sentence for each kind of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from archcost.importers.torch.recorded import Call


class Unmappable:
    """Collects calls that became ``custom``, by function and reason."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, str], list[str]] = {}

    def add(self, call: Call, path: str, reason: str) -> None:
        """Note a call in the module at a path."""
        place = f"{path or 'the model itself'}{f' ({call.place})' if call.place else ''}"
        self._places.setdefault((call.function, reason), []).append(place)

    def sentences(self) -> list[str]:
        """One sentence for each function and reason, with the first place."""
        found = []
        for (function, reason), places in self._places.items():
            more = f" and {len(places) - 1} more" if len(places) > 1 else ""
            found.append(f"{function} is a custom layer in {places[0]}{more}: {reason}")
        return found
