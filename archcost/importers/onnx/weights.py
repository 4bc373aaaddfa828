"""The tensors of a file that take part, and those that do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import WHOLE_DTYPES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from archcost.importers.made_steps import MadeStep
    from archcost.importers.onnx.graph import OnnxFile, OnnxGraph
    from archcost.importers.onnx.lowering import Lowering
    from archcost.importers.onnx.tensors import StoredTensor


def is_weight(tensor: StoredTensor) -> bool:
    """Whether a stored tensor may have been trained: more than one number, with fractions."""
    return tensor.elements > 1 and tensor.dtype not in WHOLE_DTYPES


_NAMES_WEIGHTS = "pytorch"  # the producer that never stores a weight in a node


def constants_are_weights(file: OnnxFile) -> bool:
    """Whether tensors that nodes hold are weights, as in files that store none elsewhere."""
    stored = any(map(is_weight, file.graph.tensors.values()))
    return not stored and not file.producer.startswith(_NAMES_WEIGHTS)


def taking_part(lowering: Lowering, steps: Iterable[MadeStep]) -> dict[int, int]:
    """The tensors that layers have, or that are read as parameters, with their elements."""
    held = {source for step in steps for source in step.holds.values()}
    return {source: lowering.sources[source].elements for source in held}


def unused(lowering: Lowering, graph: OnnxGraph, part: dict[int, int]) -> dict[str, int]:
    """The weights that a file stores and that nothing needed reads: names and elements."""
    names = {lowering.sources[source].name for source in part} | lowering.read
    return {
        tensor.name: tensor.elements
        for tensor in graph.tensors.values()
        if is_weight(tensor) and tensor.name not in names
    }
