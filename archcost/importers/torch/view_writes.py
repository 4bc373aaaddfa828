"""Writes into views: ``x[index] += y`` adds to a view of x, and x has changed. Here such a write gets its index back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.importers.torch.recorded import Opaque, Ref

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.importers.torch.recorded import Argument, Call

_SAME = "contiguous"  # gives its argument


def with_indices(calls: Sequence[Call]) -> list[Call]:
    """The calls, where a write of a changed view into its base says the index that made the view.

    Python then writes the view at its index once more: that call gives what it takes. A view that was made otherwise
    than by an index stays as it is recorded.
    """
    makers: dict[int, Call] = {}
    found: list[Call] = []
    for call in calls:
        if call.function == "setitem":
            call = _repeated(_indexed(call, makers), makers)  # noqa: PLW2901 - what the call is from here on
        found.append(call)
        makers.update(dict.fromkeys(call.outputs, call))
    return found


def _indexed(call: Call, makers: dict[int, Call]) -> Call:
    base, index, *values = call.args
    if not isinstance(index, Opaque) or not values or not isinstance(values[0], Ref):
        return call
    view: Argument = values[0]
    made = makers.get(view.value)
    while made is not None and made.in_place and made.function != "setitem" and isinstance(made.args[0], Ref):
        made = makers.get(made.args[0].value)
    if made is None or made.function != "getitem":
        return call
    return replace(call, args=(base, made.args[1], view))


def _repeated(call: Call, makers: dict[int, Call]) -> Call:
    base = call.args[0]
    before = makers.get(base.value) if isinstance(base, Ref) else None
    if before is None or before.function != "setitem" or before.args[1:] != call.args[1:]:
        return call
    return replace(call, function=_SAME, args=(base,))
