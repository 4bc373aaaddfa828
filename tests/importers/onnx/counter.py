"""A count of an ONNX model by onnx alone: its shape inference, and what the standard says of each product.

Params are the floating-point tensors that layers have, and those of more than one number that other nodes read.
"""

from __future__ import annotations

from math import prod
from typing import Any, NamedTuple

import onnx

_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16, onnx.TensorProto.DOUBLE)
_ARRANGED = ("Reshape", "Transpose", "Identity")
_LAYERS = ("Conv", "ConvTranspose", "Gemm", "BatchNormalization", "PRelu")


class Count(NamedTuple):
    """Params, MACs, and the shapes of the outputs."""

    params: int
    macs: int
    outputs: list[tuple[int, ...]]


def count(model: Any) -> Count:
    """All of a model whose shapes onnx can infer."""
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True).graph
    shapes = {
        value.name: tuple([dim.dim_value for dim in value.type.tensor_type.shape.dim])
        for value in [*inferred.value_info, *inferred.input, *inferred.output]
    }
    stored = {tensor.name: tuple(tensor.dims) for tensor in inferred.initializer}
    shapes |= stored
    made = {node.output[0] for node in inferred.node if node.op_type == "ConstantOfShape"}
    weights = {tensor.name for tensor in inferred.initializer if tensor.data_type in _FLOATS}
    read: set[str] = set()
    held: set[str] = set()  # by layers, whatever made them and however few they are
    macs = 0
    for node in inferred.node:
        statistics = set(node.input[3:5]) if node.op_type == "BatchNormalization" else set()
        read.update(set(node.input) - statistics)
        if node.op_type in _LAYERS:
            held.update(set(node.input[1:]) - statistics)
        first, second = (shapes.get(name, ()) for name in [*node.input, "", ""][:2])
        out = prod(shapes[node.output[0]]) if node.output[0] in shapes else 0
        if node.op_type == "Conv":
            macs += out * prod(second[1:])
        elif node.op_type == "ConvTranspose":
            macs += prod(first) * prod(second[1:])
        elif node.op_type == "MatMul":
            macs += out * first[-1]
        elif node.op_type == "Gemm":
            across = any(each.name == "transA" and each.i for each in node.attribute)
            macs += out * first[0 if across else 1]
    several = {name for name in weights & read if prod(shapes[name]) > 1}
    alike = {node.output[0]: node.input[0] for node in inferred.node if node.op_type in _ARRANGED}
    held = {alike.get(name, name) for name in held}
    params = [prod(shapes[name]) for name in several | ((weights | made) & held)]
    return Count(sum(params), macs, [shapes[value.name] for value in inferred.output])
