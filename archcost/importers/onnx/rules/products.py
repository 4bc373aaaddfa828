"""Products of matrices: a layer where the file stores one of them."""

from __future__ import annotations

from archcost.importers.einsum_pairs import einsum_of_many
from archcost.importers.onnx.rules.base import OnnxMaker, Unmapped, rule
from archcost.importers.onnx.rules.convolutions import with_bias
from archcost.importers.onnx.values import Stored

_MATRIX = 2  # dims
_PAIR = 2  # operands


@rule("MatMul")
def matmul(maker: OnnxMaker) -> int:
    """A @ B; with the sum of a stored vector behind it, a layer with a bias."""
    return multiplied(maker, 0, 1)


def multiplied(maker: OnnxMaker, first: int, second: int) -> int:
    """The product of the inputs at these places."""
    weight = maker.stored(second)
    if weight is None or len(weight.shape) != _MATRIX or isinstance(maker.given(first), Stored):
        return maker.step("matmul", [maker.value(first), maker.value(second)])
    tensors, width = {"weight": weight}, weight.shape[1]
    reader = maker.sole_reader()
    bias = _bias_of(maker, width)
    if bias is not None:
        tensors["bias"] = bias
    try:
        (found,) = maker.layer(
            "linear", [maker.value(first)], {"out_features": width, "bias": bias is not None}, tensors
        )
    except Unmapped:  # what another layer holds in another form is an operand here
        return maker.step("matmul", [maker.value(first), maker.value(second)])
    if bias is not None and reader is not None:
        maker.also.append((reader, found))
    return found


def _bias_of(maker: OnnxMaker, width: int) -> Stored | None:
    """The stored vector that the only reader of the product adds to it."""
    reader = maker.sole_reader()
    if reader is None or reader.op != "Add":
        return None
    own = maker.node.outputs[0]
    others = [name for name in reader.inputs if name != own]
    if len(others) != 1 or not maker.is_made(others[0]):
        return None
    bias = maker.named(others[0])
    return bias if isinstance(bias, Stored) and bias.shape == (width,) else None


@rule("Gemm")
def gemm(maker: OnnxMaker) -> int:
    """A' · B' + C. What α and β scale is folded into the weights."""
    value = maker.value(0)
    if maker.attribute("transA", 0):
        value = maker.step("transpose", [value], {"dim0": 0, "dim1": 1})
    weight, across = maker.stored(1), bool(maker.attribute("transB", 0))
    if weight is None:
        other = maker.value(1)
        if across:
            other = maker.step("transpose", [other], {"dim0": 0, "dim1": 1})
        return with_bias(maker, maker.step("matmul", [value, other]), 2)
    width = weight.shape[0 if across else 1]
    tensors = {"weight": weight}
    bias = maker.stored(2)
    if bias is not None and bias.elements == width:
        tensors["bias"] = bias
    (found,) = maker.layer("linear", [value], {"out_features": width, "bias": "bias" in tensors}, tensors)
    return found if "bias" in tensors else with_bias(maker, found, 2)


@rule("Einsum")
def einsum(maker: OnnxMaker) -> int:
    """A sum of products; of three operands and more two at a time, from the left."""
    values, equation = [maker.value(place) for place in maker.places], maker.attribute("equation")
    if len(values) > _PAIR:
        return einsum_of_many(maker, equation, values)
    return maker.step("einsum", values, {"equation": equation})
