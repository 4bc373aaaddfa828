"""Ids that need not be written: those that the steps have anyway, ``relu``, ``relu_1`` and so on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.form import Worded
from archcost.spec.vocabulary import GROUPS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.importers.draft import DraftStep


def leave_out_default_ids(steps: Sequence[DraftStep], taken: Iterable[str] = ()) -> None:
    """Take the ids from the steps of one scope that have them by default; ``taken`` are the scope's inputs.

    Every step must have its id. One keeps it if a name that comes first is free before it, even if a later step has
    that as its id.
    """
    used = set(taken)
    counts: dict[str, int] = {}
    for step in steps:
        kind = step.kind or GROUPS["residual" if step.residual else "layers"]
        if isinstance(kind, Worded):  # what it is called by default depends on its value
            used.add(str(step.id))
            continue
        count = counts.get(kind, 0)
        name = f"{kind}_{count}" if count else kind
        while name in used:
            count += 1
            name = f"{kind}_{count}"
        used.add(str(step.id))
        if step.id == name:
            counts[kind] = count
            step.id = None
