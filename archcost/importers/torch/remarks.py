"""What is told the user of calls that no op of archcost can say: one sentence for each kind of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.importers.made_steps import MadeStep
    from archcost.importers.torch.recorded import Recording


def unmapped(recording: Recording, steps: Iterable[MadeStep]) -> list[str]:
    """A sentence for each function that is a custom layer among the steps, and why, with the first place."""
    places: dict[tuple[str, str], list[str]] = {}
    for step in steps:
        if step.unmapped:
            call = recording.calls[step.call]
            path = recording.modules[call.module].path or "the model itself"
            place = f"{path} ({call.place})" if call.place else path
            places.setdefault((call.function, step.unmapped), []).append(place)
    found = []
    for (function, reason), where in places.items():
        found.append(f"{function} is a custom layer in {listed(where[:1], len(where))}: {reason}")
    return found
