"""An ONNX file → the common form, and whether a file is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import FLOAT_DTYPES
from archcost.errors import UsageError
from archcost.importers.form import Form, FormStep, FormTensor, Input, Truth
from archcost.importers.made_steps import shared_with
from archcost.importers.onnx.functions import without_calls
from archcost.importers.onnx.graph import file_of
from archcost.importers.onnx.inputs import inputs_of
from archcost.importers.onnx.lowering import BATCHES, Lowering
from archcost.importers.onnx.recognition import no_onnx
from archcost.importers.onnx.schema import DecodeError, parsed
from archcost.importers.onnx.weights import taking_part, unused
from archcost.importers.step_names import StepNames

if TYPE_CHECKING:
    from collections.abc import Mapping

    from archcost.importers.made_steps import MadeStep
    from archcost.importers.onnx.graph import OnnxFile, OnnxGraph
    from archcost.importers.onnx.inputs import GraphInputs
    from archcost.settings import InputShape


def read_model(data: bytes, path: str, name: str, given: Mapping[str, InputShape]) -> Form:
    """The model in the bytes of a file; raises UsageError for what is no ONNX model, and for what no spec can say."""
    try:
        file = without_calls(file_of(parsed(data)))
    except DecodeError:
        raise no_onnx(path) from None
    inputs = inputs_of(file.graph, given)
    lowering, inputs, remarks = _lowered(file, inputs)
    versions = ", ".join(filter(None, [file.producer, f"opset {file.opset}"]))
    said = f", input {inputs}" if inputs.inputs else ""
    return _form(lowering, file.graph, name, f"{path} ({versions}){said}", remarks)


def _lowered(file: OnnxFile, inputs: GraphInputs) -> tuple[Lowering, GraphInputs, list[str]]:
    """The graph in steps; at a batch of 1 alone where it does not say more of it at any batch."""
    dtype = _dtype(file.graph)
    if not inputs.batched:
        sizes = dict.fromkeys([each.tensor.shape[0] for each in inputs.inputs if each.tensor.shape])
        said = [_FIXED.format(size) for size in list(sizes)[:1]]
        return Lowering(file, inputs, dtype), inputs, said
    one = inputs.at_one()
    try:
        found = Lowering(file, inputs, dtype)
    except UsageError:
        return Lowering(file, one, dtype), one, [_ONE]
    if found.remarks.customs:
        fixed = Lowering(file, one, dtype)
        if len(fixed.remarks.customs) < len(found.remarks.customs):
            return fixed, one, [_ONE]
    return found, inputs, []


_FIXED = "The file has a fixed batch of {}: it is part of the shapes, and --batch changes nothing."
_ONE = "The graph computes with a batch of 1 alone, whatever its inputs say: the batch is part of the shapes."


def _dtype(graph: OnnxGraph) -> str:
    """The dtype that most of the stored numbers have; that of an input where nothing is stored."""
    counts: dict[str, int] = {}
    for tensor in graph.tensors.values():
        if tensor.dtype in FLOAT_DTYPES:
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + tensor.elements
    if counts:
        return max(counts, key=lambda dtype: counts[dtype])
    return next((each.dtype for each in graph.inputs.values() if each.dtype in FLOAT_DTYPES), "float32")


def _form(lowering: Lowering, graph: OnnxGraph, name: str, source: str, remarks: list[str]) -> Form:
    """The steps that an output needs, with their values and ids."""
    steps = _alive(lowering)
    if not steps:
        raise UsageError(f"{name} computes nothing: its outputs are its inputs")
    numbers = {value: place for place, value in enumerate(range(len(lowering.inputs.inputs)))}
    for step in steps:
        for value in step.outputs:
            numbers[value] = len(numbers)
    given = lowering.inputs.inputs
    names = StepNames(lowering.scopes.made, steps, [each.title for each in given])
    made = []
    for step, shares, (scope, own) in zip(steps, shared_with(steps), names.of_steps, strict=True):
        made.append(
            FormStep(
                step.kind,
                own,
                scope,
                tuple([numbers[value] for value in step.inputs]),
                tuple([numbers[value] for value in step.outputs]),
                step.attributes,
                tuple([lowering.sources[source].name for source in step.holds.values()]),
                shares,
                step.note,
            )
        )
    part = taking_part(lowering, steps)
    values: list[FormTensor] = [lowering.values[value] for value in numbers]
    return Form(
        name,
        source,
        lowering.dtype,
        [Input(title, place, given.name) for place, (title, given) in enumerate(zip(names.inputs, given, strict=True))],
        values,
        names.scopes,
        made,
        tuple([numbers[value] for value in lowering.outputs]),
        Truth(sum(part.values()), None),
        unused(lowering, graph, part),
        seen_at=BATCHES[1:],
        remarks=[*remarks, *lowering.remarks.sentences()],
    )


def _alive(lowering: Lowering) -> list[MadeStep]:
    """The steps that an output needs, in order."""
    needed = set(lowering.outputs)
    found = []
    for step in reversed(lowering.steps):
        if not needed.isdisjoint(step.outputs):
            found.append(step)
            needed.update(step.inputs)
    found.reverse()
    return found
