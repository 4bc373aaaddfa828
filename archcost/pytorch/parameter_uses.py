"""Which call of a run uses each parameter first, and as what: a weight may be derived before it is used.

A transposed, scaled, cast or normalized weight is still that weight: what is made of parameters alone uses none. The
use is the call of a layer's own function (``conv2d``, ``embedding`` …), or of any that has something else to do with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.importers.torch.dependence import data_of
from archcost.importers.torch.recorded import Origin, Ref
from archcost.pytorch.kinds import kind_of_call

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.importers.torch.recorded import TorchCall, TorchValue
    from archcost.pytorch.kinds import Kind


class Use(NamedTuple):
    """The number of a call, and the kind of layer that it is; None of a function that is no layer's own."""

    call: int
    kind: Kind | None


def first_uses(calls: Sequence[TorchCall], values: Sequence[TorchValue]) -> dict[str, Use]:
    """The first use of each parameter that any call takes, by its path."""
    uses: dict[str, Use] = {}
    taken: dict[str, Use] = {}  # by calls that only derive something
    made_of: dict[int, tuple[str, ...]] = {
        value.number: (value.name,) if value.origin is Origin.PARAMETER else ()
        for value in values
        if value.origin is not Origin.RESULT and value.origin is not Origin.INPUT
    }
    for number, call in enumerate(calls):
        read = data_of(call)
        names = dict.fromkeys(name for value in read for name in made_of.get(value, ()))
        if not names:
            continue
        data = made_of.get(read[0], ()) if call.args and isinstance(call.args[0], Ref) else ()
        kind = _kind(call, values)
        is_layer = kind is not None and kind.is_torchs and len(names) > len(data)
        if not is_layer and all(value in made_of for value in read):
            made_of |= dict.fromkeys(call.outputs, tuple(names))
            for name in names:
                taken.setdefault(name, Use(number, None))
            continue
        for name in names:
            uses.setdefault(name, Use(number, None if name in data and call.function != "mul" else kind))
    return taken | uses


def _kind(call: TorchCall, values: Sequence[TorchValue]) -> Kind | None:
    def shown(argument: Any) -> Any:
        return values[argument.value] if isinstance(argument, Ref) else argument

    given: Mapping[str, Any] = {name: shown(argument) for name, argument in call.kwargs.items()}
    return kind_of_call(call.function, [shown(argument) for argument in call.args], given)
