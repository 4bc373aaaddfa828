"""Nodes that compute nothing of the inputs' numbers: shapes and constants, and tensors of the file in another shape."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcost.dtypes import WHOLE_DTYPES
from archcost.importers.form import Batched, FormTensor, shape_at
from archcost.importers.onnx.known import evaluated
from archcost.importers.onnx.making import OnnxMaker
from archcost.importers.onnx.numbers import NotKnownError, Numbers
from archcost.importers.onnx.rules import RULES
from archcost.importers.onnx.tensors import MAX_READ, StoredTensor
from archcost.importers.onnx.values import Known, Stored
from archcost.importers.typing_steps import Unmapped

if TYPE_CHECKING:
    from archcost.importers.onnx.graph import OnnxNode
    from archcost.importers.onnx.lowering import Lowering


def evaluate(lowering: Lowering, node: OnnxNode) -> bool:
    """Whether a node computes with known numbers alone; what it gives is known then."""
    if node.op in ("Shape", "Size"):
        lowering.names[node.outputs[0]] = _measured(lowering, node)
        return True
    value = node.attributes.get("value")
    if node.op == "Constant" and isinstance(value, StoredTensor):
        stored = value._replace(name=node.outputs[0])
        lowering.names[node.outputs[0]] = lowering.source(stored, computed=not lowering.counts_constants)
        return True
    given = [lowering.known(lowering.named(name)) if name else None for name in node.inputs]
    if any(name and each is None for name, each in zip(node.inputs, given, strict=True)):
        return False
    try:
        found = [evaluated(node, [_at(each, place) for each in given]) for place in range(len(lowering.batches))]
    except NotKnownError:
        return False
    lowering.meter.spend(sum([len(each.data) for each in found[0]]), None)
    if any([each.shape for each in other] != [each.shape for each in found[0]] for other in found):
        return False
    for place, name in enumerate(node.outputs[: len(found[0])]):
        first = found[0][place]
        if prod(first.shape) > 1 and first.dtype not in WHOLE_DTYPES and node.op == "ConstantOfShape":
            lowering.names[name] = lowering.source(StoredTensor(name, first.shape, first.dtype, None), computed=True)
        else:
            lowering.names[name] = Known(first.shape, tuple([each[place].data for each in found]), first.dtype)
    return True


def _measured(lowering: Lowering, node: OnnxNode) -> Known:
    """The shape of a value, or a stretch of it, or its number of elements."""
    shape = lowering.shape(lowering.named(node.inputs[0]))
    sizes = [shape_at(shape, batch) for batch in lowering.batches]
    if node.op == "Size":
        return Known((), tuple([(prod(each),) for each in sizes]), "int64")
    start, end = node.attributes.get("start", 0), node.attributes.get("end")
    cut = tuple([each[start:end] for each in sizes])
    return Known((len(cut[0]),), cut, "int64")


def arrange(lowering: Lowering, node: OnnxNode) -> bool:
    """Whether a node only rearranges a tensor of the file: then its result is that tensor still."""
    if node.op == "ConstantOfShape":
        return _filled(lowering, node)
    given = lowering.names.get(node.inputs[0]) if node.inputs else None
    if not isinstance(given, Stored):
        return False
    if node.op in ("Identity", "Dropout"):
        found: Stored | None = given
    elif node.op == "DequantizeLinear":
        found = given._replace(dtype=lowering.dtype)
        lowering.remarks.quantized = True
    elif node.op in ("Cast", "CastLike"):
        found = None if given.dtype in WHOLE_DTYPES else given
    elif node.op in ("Transpose", "Reshape", "Unsqueeze", "Squeeze", "Flatten"):
        found = _rearranged(lowering, node, given)
    else:
        found = None
    if found is not None:
        lowering.names[node.outputs[0]] = found
    return found is not None


def _rearranged(lowering: Lowering, node: OnnxNode, given: Stored) -> Stored | None:
    """A stored tensor in another shape, by archcost's own op; None if its rule does not say it."""
    rule = RULES[node.op]
    maker = OnnxMaker(lowering, node)
    before = len(lowering.values)
    lowering.values.append(FormTensor(given.shape, given.dtype))
    named, lowering.names[node.inputs[0]] = lowering.names[node.inputs[0]], before
    try:
        found = rule(maker)
        shape = lowering.values[found].shape if isinstance(found, int) else ()
    except (Unmapped, ArithmeticError, LookupError, TypeError, ValueError):
        return None
    finally:
        lowering.names[node.inputs[0]] = named
    whole = tuple([size for size in shape if not isinstance(size, Batched)])
    del lowering.values[before:]
    return given._replace(shape=whole) if len(whole) == len(shape) and prod(whole) == given.elements else None


def _filled(lowering: Lowering, node: OnnxNode) -> bool:
    """A tensor that is one number everywhere, and too large to be looked at: a weight to the layer that has it."""
    known = lowering.known(lowering.named(node.inputs[0]))
    if known is None or any(data != known.data[0] for data in known.data):
        return False
    shape = tuple(map(int, known.data[0]))
    value = node.attributes.get("value")
    dtype = value.dtype if isinstance(value, StoredTensor) else "float32"
    if prod(shape) <= MAX_READ and dtype in WHOLE_DTYPES:
        return False
    lowering.names[node.outputs[0]] = lowering.source(StoredTensor(node.outputs[0], shape, dtype, None), computed=True)
    return True


def _at(known: Known | None, place: int) -> Numbers | None:
    return None if known is None else Numbers(known.shape, known.data[place], known.dtype)
