"""Linear layers, on weights of their own or on given ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.torch.rules.base import BoundCall, Maker, Unmapped, rule
from archcost.importers.torch.rules.products import plus_matmul

if TYPE_CHECKING:
    from archcost.importers.form import Size

_MATRIX = 2


@rule("linear", signature="input, weight, bias=None")
def linear(call: BoundCall, maker: Maker) -> int:
    """A linear layer; on the values of its weight where that is no parameter of its own."""
    weight = maker.recorded(call.recorded("weight")).shape
    if len(weight) != _MATRIX:
        raise Unmapped(f"its weight has {len(weight)} dims")
    return _layer(call, maker, "input", weight[0], "weight", "bias")


@rule("addmm", signature="input, first, second, beta=1, alpha=1")
def addmm(call: BoundCall, maker: Maker) -> int:
    """A linear layer whose weight is (in, out) and comes last, or else a product and a sum."""
    bias, weight = call.recorded("input"), call.recorded("second")
    out = maker.recorded(weight).shape[-1]
    plain = call.get("beta") == call.get("alpha") == 1 and maker.recorded(bias).shape == (out,)
    if plain and maker.parameter(weight) is not None and maker.parameter(bias) is not None:
        return _layer(call, maker, "first", out, "second", "input", transposed=True)
    return plus_matmul(call, maker)


def _layer(
    call: BoundCall, maker: Maker, source: str, out: Size, matrix: str, bias: str, *, transposed: bool = False
) -> int:
    value = call.tensor(source)
    weight = maker.parameter(call.recorded(matrix))
    offset = maker.parameter(call.recorded(bias)) if call.has_tensor(bias) else None
    if weight is None:
        return _functional(call, maker, value, matrix, bias, transposed=transposed)
    holds = {"weight": weight} | ({} if offset is None else {"bias": offset})
    attributes = {"out_features": out, "bias": offset is not None}
    try:
        (result,) = maker.layer("linear", [value], attributes, holds)
    except Unmapped:
        return _functional(call, maker, value, matrix, bias, transposed=transposed)
    if offset is None and call.has_tensor(bias):
        result = maker.step("add", [result, call.tensor(bias)])
    return result


def _functional(call: BoundCall, maker: Maker, value: int, matrix: str, bias: str, *, transposed: bool) -> int:
    weight = call.tensor(matrix)
    if transposed:
        weight = maker.step("transpose", [weight], {"dim0": 0, "dim1": 1})
    return maker.step("functional_linear", [value, weight, *([call.tensor(bias)] if call.has_tensor(bias) else [])])
