"""Sums, means and extremes over dims, and softmax along one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, axes_of, place_of, rule

if TYPE_CHECKING:
    from archcost.importers.form import Attribute

_KINDS = {
    "ReduceSum": "sum",
    "ReduceMean": "mean",
    "ReduceMax": "max",
    "ReduceMin": "min",
    "ReduceLogSumExp": "logsumexp",
    "ReduceL2": "norm",
    "ReduceL1": "norm",
    "ReduceSumSquare": "sum",
}
_BY_DIM = 13  # the version from which softmax is along one dim


@rule(*_KINDS)
def reduced(maker: OnnxMaker) -> int:
    """Over the dims that are said, or over all."""
    op, rank, value = maker.node.op, maker.rank(0), maker.value(0)
    axes = axes_of(maker, 1)
    if not axes and maker.attribute("noop_with_empty_axes", 0):
        return value
    dims = tuple([place_of(axis, rank) for axis in axes]) if axes else tuple(range(rank))
    attributes: dict[str, Attribute] = {"dim": dims, "keepdim": bool(maker.attribute("keepdims", 1))}
    if op == "ReduceL1":
        attributes["ord"] = 1.0
    if op == "ReduceSumSquare":
        value = maker.step("pow", [value], {"exponent": 2})
    return maker.step(_KINDS[op], [value], attributes)


@rule("ArgMax", "ArgMin")
def extreme_place(maker: OnnxMaker) -> int:
    """Where the greatest or least of a dim is."""
    attributes: dict[str, Attribute] = {
        "dim": maker.attribute("axis", 0),
        "keepdim": bool(maker.attribute("keepdims", 1)),
    }
    return maker.step(maker.node.op.lower(), [maker.value(0)], attributes)


@rule("CumSum")
def cumulative(maker: OnnxMaker) -> int:
    """Sums up to each place."""
    (axis,) = maker.fixed(1)
    return maker.step("cumsum", [maker.value(0)], {"dim": axis})


@rule("Softmax", "LogSoftmax")
def softmax(maker: OnnxMaker) -> int:
    """Along a dim; in older versions over all dims from an axis on."""
    kind = "softmax" if maker.node.op == "Softmax" else "log_softmax"
    rank, value = maker.rank(0), maker.value(0)
    axis = place_of(maker.attribute("axis", -1 if maker.opset >= _BY_DIM else 1), rank)
    rest = maker.shape(0)[axis + 1 :]
    if maker.opset >= _BY_DIM or all(size == 1 for size in rest):
        return maker.step(kind, [value], {"dim": axis})
    if any(not isinstance(size, int) for size in rest):
        raise Unmapped("a size that it is over follows the batch")
    flat = maker.step(kind, [maker.step("flatten", [value], {"start_dim": axis})], {"dim": axis})
    sizes = tuple(maker.shape(0)[axis:])
    return maker.step("unflatten", [flat], {"dim": axis, "unflattened_size": sizes})
