"""The ``custom`` op: its figures are what the spec declares, and unknown if it declares none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.dims import decided
from archcost.ops.axes import require
from archcost.ops.base import OTHER, WEIGHTS, Check, Inputs, Op, Outputs, Product
from archcost.ops.fields import integer, shapes, text
from archcost.ops.reach import ALL

if TYPE_CHECKING:
    from archcost.dims import Dim, Shape
    from archcost.ops.fields import AttributeField
    from archcost.ops.reach import Reading

_DECLARED = {
    "params": integer(default=0, minimum=0, symbol="declared", doc="the number of learnable elements"),
    "macs": integer(default=None, minimum=0, symbol="declared MACs", doc="multiply-accumulates; null: unknown"),
    "flops": integer(
        default=None, minimum=0, symbol="declared FLOPs", doc="2 × MACs + all other arithmetic; null: unknown"
    ),
    "buffers": integer(default=0, minimum=0, doc="the number of elements that are saved but not learnt"),
}


class Custom(
    Op,
    kind="custom",
    family="Custom",
    min_inputs=0,
    max_inputs=None,
    input_names=("input", "…"),
    fields=_DECLARED,
    roles={"declared": OTHER},
):
    """A layer that archcost has no op for, with the figures that you declare; MACs and FLOPs left out are unknown.

    It takes any number of inputs. `output` is its shape with the batch, or a list of shapes for several outputs. Their
    dtype is that of the first input. `macs` and `flops` are those of the whole batch, so write them as expressions of
    `batch` and the params. Unknown is never treated as zero: totals become lower bounds, and a budget on them cannot be
    met. Every output position is assumed to depend on all of every input.
    """

    declared = True
    torch_name = "NotWritten"

    name: str = text(doc="the layer's name in messages and exported code")
    output: tuple[Shape, ...] = shapes()

    declared_params: Dim
    declared_macs: Dim | None
    declared_flops: Dim | None
    declared_buffers: Dim

    def __init__(self, **attributes: Any) -> None:
        """As every op; what has the name of a method is kept with ``declared_`` in front."""
        super().__init__(**attributes)
        values = self.__dict__
        for name in _DECLARED:
            values[f"declared_{name}"] = values.pop(name)

    def attribute(self, name: str) -> Any:
        return self.__dict__[f"declared_{name}" if name in _DECLARED else name]

    def field_of(self, name: str) -> AttributeField:
        return self.fields[name.removeprefix("declared_")]

    def validate(self, check: Check) -> None:
        require(len(self.output) > 0, "output is empty: it needs at least one shape")
        if self.declared_macs is not None and self.declared_flops is not None:
            check(
                self.declared_flops >= 2 * self.declared_macs,
                "flops is {}, less than 2 for each of {} MACs",
                self.declared_flops,
                self.declared_macs,
                help="FLOPs include the MACs: flops = 2 × MACs + all other arithmetic",
            )

    def infer(self, inputs: Inputs, check: Check) -> Outputs:
        return self.output

    def unknown(self) -> tuple[str, ...]:
        declared = {"macs": self.declared_macs, "flops": self.declared_flops}
        return tuple([name for name, value in declared.items() if value is None])

    def weights(self, inputs: Inputs) -> dict[str, Shape]:
        return _numbers("declared", self.declared_params)

    def buffers(self, inputs: Inputs) -> dict[str, Shape]:
        return _numbers("kept", self.declared_buffers)

    def macs(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 0 if self.declared_macs is None else self.declared_macs

    def products(self, inputs: Inputs, outputs: Outputs) -> tuple[Product, ...]:
        """As if all were one product: of the inputs and the params, or of the inputs and one another without any."""
        every = tuple(range(len(inputs)))
        return ((self.macs(inputs, outputs), every, (WEIGHTS,) if self.weights(inputs) else every),)

    def flops(self, inputs: Inputs, outputs: Outputs) -> Dim:
        return 0 if self.declared_flops is None else self.declared_flops - 2 * self.macs(inputs, outputs)

    def reach(self, inputs: Inputs, outputs: Outputs, number: int) -> tuple[Reading, ...]:
        return tuple([(ALL,) * len(shape) for shape in inputs])


def _numbers(name: str, count: Dim) -> dict[str, Shape]:
    """One tensor with this number of elements; no tensor for 0, but for a symbol, whose formula is wanted."""
    is_none = count == 0
    if type(is_none) is bool and type(count) is not int:
        is_none = False
    return {} if decided(is_none) else {name: (count,)}
