"""Which call of a run uses each parameter first, and as what: a weight may be derived before it is used.

A transposed, scaled, cast or normalized weight is still that weight: what is made of parameters alone uses none. The
use is the call of a layer's own function (``conv2d``, ``embedding`` …), or of any that has something else to do with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.importers.form import size_at
from archcost.importers.torch.dependence import data_of
from archcost.importers.torch.recorded import Origin, Ref
from archcost.pytorch.kinds import Kind, kind_of_call
from archcost.pytorch.written_layers import PRODUCTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.dims import Shape
    from archcost.importers.torch.recorded import TorchCall, TorchValue

_MATRIX = 2


class ParameterUse(NamedTuple):
    """The number of a call, and the kind of layer that it is; None of a function that is no layer's own.

    ``shape`` is that of a whole linear weight where a product takes it the other way around. ``derived``: it takes
    what is made of the parameter.
    """

    call: int
    kind: Kind | None
    shape: Shape | None = None
    derived: bool = False


def first_uses(calls: Sequence[TorchCall], values: Sequence[TorchValue]) -> dict[str, ParameterUse]:
    """The first use of each parameter that any call takes, by its path."""
    uses: dict[str, ParameterUse] = {}
    taken: dict[str, ParameterUse] = {}  # by calls that only derive something
    made_of: dict[int, tuple[str, ...]] = {
        value.number: (value.name,) if value.origin is Origin.PARAMETER else ()
        for value in values
        if value.origin is not Origin.RESULT and value.origin is not Origin.INPUT
    }
    shapes = {value.name: _shape(value) for value in values if value.origin is Origin.PARAMETER}
    for number, call in enumerate(calls):
        read = data_of(call)
        names = dict.fromkeys(name for value in read for name in made_of.get(value, ()))
        if not names:
            continue
        data = made_of.get(read[0], ()) if call.args and isinstance(call.args[0], Ref) else ()
        kind, weight = _kind(call, values)
        rows = call.args[PRODUCTS[call.function] - 1] if weight >= 0 else None
        of_weights = isinstance(rows, Ref) and bool(made_of.get(rows.value))  # a product of weights is derived of both
        is_layer = kind is not None and kind.is_torchs and len(names) > len(data) and not of_weights
        if not is_layer and all(value in made_of for value in read):
            made_of |= dict.fromkeys(call.outputs, tuple(names))
            for name in names:
                taken.setdefault(name, ParameterUse(number, None))
            continue
        for name in names:
            if name in data and call.function not in ("mul", "addmm"):
                uses.setdefault(name, taken.get(name, ParameterUse(number, None)))
            else:
                turned = made_of.get(weight, ()) == (name,) and sorted(_shape(values[weight])) == sorted(shapes[name])
                shape = tuple(reversed(_shape(values[weight]))) if turned else None
                uses.setdefault(name, ParameterUse(number, kind, shape, name in taken))
    return taken | uses


def _kind(call: TorchCall, values: Sequence[TorchValue]) -> tuple[Kind | None, int]:
    """The kind of layer that a call is, and the weight of a linear one that is a product of two; else -1."""
    right = call.args[PRODUCTS[call.function]] if call.function in PRODUCTS and not call.kwargs else None
    if isinstance(right, Ref) and len(values[right.value].shape) == _MATRIX:
        rows = call.args[PRODUCTS[call.function] - 1]
        return Kind("Linear", is_torchs=True, settings={}, input=_shape(values[rows.value])), right.value

    def shown(argument: Any) -> Any:
        return values[argument.value] if isinstance(argument, Ref) else argument

    given = {name: shown(argument) for name, argument in call.kwargs.items()}
    return kind_of_call(call.function, [shown(argument) for argument in call.args], given), -1


def _shape(value: TorchValue) -> Shape:
    """The shape of a value of one run."""
    return tuple([size_at(size, 1) for size in value.shape])
