"""Products of matrices: linear layers, matmul in all its spellings, einsum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.torch.rules.base import BoundCall, Maker, Unmapped, rule

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


@rule("addmm", signature="input, mat1, mat2, beta=1, alpha=1")
def addmm(call: BoundCall, maker: Maker) -> int:
    """A linear layer whose weight is (in, out) and comes last, or else a product and a sum."""
    beta, alpha = call.get("beta"), call.get("alpha")
    if beta == alpha == 1 and maker.parameter(call.recorded("mat2")) is not None:
        out = maker.recorded(call.recorded("mat2")).shape[-1]
        bias = maker.recorded(call.recorded("input")).shape
        if bias == (out,) and maker.parameter(call.recorded("input")) is not None:
            return _layer(call, maker, "mat1", out, "mat2", "input", transposed=True)
    product = maker.step("matmul", [call.tensor("mat1"), call.tensor("mat2")])
    return _sum(call, maker, product)


@rule("baddbmm", "addbmm", signature="input, batch1, batch2, beta=1, alpha=1")
def baddbmm(call: BoundCall, maker: Maker) -> int:
    """A product of batches of matrices, and a sum."""
    product = maker.step("matmul", [call.tensor("batch1"), call.tensor("batch2")])
    if call.function == "addbmm":
        product = maker.step("sum", [product], {"dim": 0})
    return _sum(call, maker, product)


@rule("matmul", "bmm", "mm", "mv", "dot", "inner", signature="input, other")
def matmul(call: BoundCall, maker: Maker) -> int:
    """A product of matrices."""
    left, right = call.tensor("input"), call.tensor("other")
    if call.function == "inner" and len(maker.tensor(right).shape) > 1:
        raise Unmapped("inner products of matrices are no matmul")
    return maker.step("matmul", [left, right])


@rule("rmatmul", signature="input, other")
def rmatmul(call: BoundCall, maker: Maker) -> int:
    """A product of matrices, the other way round."""
    return maker.step("matmul", [call.tensor("other"), call.tensor("input")])


@rule("einsum", signature="equation, *operands")
def einsum(call: BoundCall, maker: Maker) -> int:
    """Einstein summation of one or two tensors."""
    return maker.step("einsum", call.tensors("operands"), {"equation": call.get("equation")})


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


def _sum(call: BoundCall, maker: Maker, product: int) -> int:
    """β · input + α · product."""
    beta, alpha = call.get("beta"), call.get("alpha")
    if alpha != 1:
        product = maker.step("mul", [product], {"other": alpha})
    if beta == 0:
        return product
    offset = call.tensor("input")
    if beta != 1:
        offset = maker.step("mul", [offset], {"other": beta})
    return maker.step("add", [offset, product])
