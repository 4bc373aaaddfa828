"""Nodes that no rule says, as layers of their own with the figures that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.errors import UsageError
from archcost.importers.onnx.rules import FREE
from archcost.importers.onnx.values import Stored
from archcost.importers.typing_steps import Unmapped

if TYPE_CHECKING:
    from archcost.importers.form import Shape
    from archcost.importers.onnx.graph import OnnxGraph, OnnxNode
    from archcost.importers.onnx.lowering import Lowering
    from archcost.importers.onnx.making import OnnxMaker
    from archcost.importers.onnx.values import GraphValue

_BY_DATA = frozenset({"NonZero", "NonMaxSuppression", "Unique", "Compress"})


def custom(lowering: Lowering, maker: OnnxMaker, graph: OnnxGraph, reason: str) -> list[GraphValue]:
    """A node that no rule says, in the shapes that the file says; its MACs are unknown but for known free ones.

    Outputs that nothing reads are left out: files that nobody ran shape inference on say shapes of outputs alone.
    """
    node = maker.node
    names = [name if name and lowering.is_read(name) else "" for name in node.outputs]
    names = names if any(names) else list(node.outputs)
    shapes: list[Shape] = []
    for name in filter(None, names):
        declared = lowering.inputs.resolved(graph.declared.get(name))
        sizes = [size for size in declared or () if size is not None]
        if declared is None or len(sizes) < len(declared):
            raise _without_shape(node, reason)
        shapes.append(tuple(sizes))
    if not shapes:
        raise UsageError(f"{node.title} gives nothing")
    dtypes = [graph.declared[name].dtype for name in filter(None, names)]
    read = [place for place in maker.places if isinstance(maker.given(place), (int, Stored))]
    try:
        inputs = list(dict.fromkeys([maker.value(place) for place in read]))
    except Unmapped as other:
        raise _without_shape(node, str(other)) from None
    inputs.sort(key=lambda value: lowering.values[value].dtype != dtypes[0])  # the first says the dtype of the outputs
    free = {"macs": 0} if node.op in FREE else {}
    output = tuple(shapes) if len(shapes) > 1 else shapes[0]
    try:
        found = iter(maker.steps("custom", inputs, {"name": _one_line(node.op), "output": output, **free}))
    except Unmapped as other:
        raise _without_shape(node, str(other)) from None
    lowering.remarks.customs.setdefault((node.op, reason), []).append(node.title)
    return [next(found) if name else 0 for name in names]


def _without_shape(node: OnnxNode, reason: str) -> UsageError:
    if node.op in _BY_DATA:
        return UsageError(
            f"how large the output of {node.title} is depends on data",
            "archcost costs a model whose shapes follow from its inputs: export the part before",
        )
    return UsageError(
        f"archcost cannot say {node.title} ({reason}), and the file does not say the shape of its output",
        "shapes are in a file that `onnx.shape_inference.infer_shapes` was run on",
    )


def _one_line(op: str) -> str:
    """The name of an operator as a spec can have it."""
    return "".join([mark for mark in op if mark.isalnum() or mark in "._-"]) or "unnamed"
