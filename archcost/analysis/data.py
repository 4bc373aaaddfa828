"""A report as JSON values, and their types.

The types are written for the schema that is made from them (``archcost schema report``). Where there are problems, the
document is that of the layers before the first one, or has no figures at all.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any, Literal, Never, NotRequired, TypedDict, cast

from archcost.analysis.traffic import traffic_of
from archcost.documents import AtLeast, Count, Envelope, ErrorData, Matches, Positive, Shape, SpecData, envelope
from archcost.indented_json import Stream
from archcost.strict_json import plain_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Layer, Report
    from archcost.errors import Diagnostic

Position = int | Annotated[str, Matches(r"^-?\d+/\d+$")]
Paths = Annotated[list[str], AtLeast(1)]


class InputShapeData(TypedDict):
    """An input of a model."""

    name: str
    shape: Shape


class OutputShapeData(TypedDict):
    """An output of a model."""

    path: str
    shape: Shape


class CountedTotalData(TypedDict):
    """What another tool prints for the model; null where it fails."""

    name: str
    tool: str
    version: str
    unit: Literal["MACs", "FLOPs"]
    figure: Count | None
    failure: str | None
    not_covered_macs: Count
    functional: list[str]


class CountedLayerData(TypedDict):
    """What another tool counts for a layer; null where it covers nothing of it."""

    figure: Count | None
    not_covered_macs: Count


class ReceptiveFieldData(TypedDict):
    """What an output position sees of the first input along each spatial dim of it; absent where it has none."""

    size: Annotated[list[list[Count]], AtLeast(1)]
    jump: list[Position]
    start: NotRequired[list[Position]]


class ReportTotalsData(TypedDict):
    """The figures of a whole model; the known part where ``unknown`` names layers."""

    layers: Count
    params: Count
    active_params: Count
    trainable_params: Count
    buffers: Count
    macs: Count
    flops: Count
    weight_bytes: Count
    activation_bytes: Count
    peak_activation_bytes: Count
    cache_bytes: Count
    convention: NotRequired[CountedTotalData]


class ReportLayerData(TypedDict):
    """A layer and what it costs; null for what is unknown. Figures that few layers have are absent elsewhere."""

    path: str
    op: str
    inputs: list[str]
    output: list[Shape]
    params: Count
    macs: Annotated[Count | None, "Null: unknown."]
    flops: Annotated[Count | None, "Null: unknown."]
    weight_bytes: Count
    activation_bytes: Count
    file: str
    line: Positive
    active_params: NotRequired[Count]
    cache_bytes: NotRequired[Count]
    bytes_read: NotRequired[Count]
    bytes_written: NotRequired[Count]
    receptive_field: NotRequired[ReceptiveFieldData]
    convention: NotRequired[CountedLayerData]


class ReportData(Envelope):
    """What a model costs, layer by layer.

    If there are errors, the layers are those before the first one. ``unknown`` are the paths of the layers that make a
    total a lower bound; it is absent where everything is known.
    """

    spec: SpecData
    batch: Positive
    dtype: str
    inputs: list[InputShapeData]
    outputs: list[OutputShapeData]
    totals: ReportTotalsData
    layers: list[ReportLayerData]
    weight_dtype: NotRequired[Annotated[str, "Of the matrices among the weights."]]
    partial: NotRequired[Annotated[Literal[True], "There are errors: the layers are those before the first one."]]
    unknown: NotRequired[Annotated[dict[str, Paths], AtLeast(1), "Layers of which a figure is not known, by figure."]]
    errors: NotRequired[Annotated[list[ErrorData], AtLeast(1)]]


class FailedReportData(Envelope):
    """A spec of which nothing can be costed, and why: it has no figure."""

    spec: SpecData
    errors: Annotated[list[ErrorData], AtLeast(1)]
    partial: NotRequired[Literal[True]]
    batch: NotRequired[Never]
    dtype: NotRequired[Never]
    inputs: NotRequired[Never]
    outputs: NotRequired[Never]
    totals: NotRequired[Never]
    layers: NotRequired[Never]


def report_data(report: Report) -> ReportData:
    """The JSON form, but that each layer is made when it is written."""
    spec = report.spec
    document: dict[str, Any] = {
        **envelope("report"),
        "spec": {"name": spec.name, "path": spec.path, "sha256": spec.sha256, "params": plain_data(report.params)},
        **({} if report.complete else {"partial": True}),
        "batch": report.batch,
        "dtype": report.dtype,
        "weight_dtype": report.weight_dtype,
        "inputs": [{"name": name, "shape": list(shape)} for name, shape in report.inputs.items()],
        "outputs": [{"path": path, "shape": list(shape)} for path, shape in report.outputs.items()],
        "totals": asdict(report.totals),
        **({"unknown": unknown} if (unknown := report.unknown_layers()) else {}),
        "layers": Stream(lambda: _layers(report)),
    }
    return cast("ReportData", document)


def layer_data(layer: Layer) -> dict[str, Any]:
    """What a layer costs by itself."""
    node, costs = layer.node, layer.costs
    signature, mark = node.signature, node.mark
    found: dict[str, Any] = {
        "path": node.path,
        "op": signature.op.kind,
        "inputs": list(layer.inputs),
        "output": [list(tensor.shape) for tensor in signature.outputs],
        "params": costs.params,
    }
    if costs.idle_params:
        found["active_params"] = costs.active_params
    found["macs"] = None if costs.unknown_macs else costs.macs
    found["flops"] = None if costs.unknown_flops else costs.flops
    found["weight_bytes"] = costs.weight_bytes
    found["activation_bytes"] = costs.activation_bytes
    if costs.cache_bytes:
        found["cache_bytes"] = costs.cache_bytes
    found["file"] = mark.source.name
    found["line"] = mark.line + 1
    return found


def _layers(report: Report) -> Iterator[dict[str, Any]]:
    """Every layer, with the bytes that it moves and its receptive field."""
    dtype, weight_dtype = report.dtype, report.graph.weight_dtype
    for layer, field in zip(report.layers, report.receptive_fields(), strict=True):
        found = layer_data(layer)
        moved = traffic_of(layer.node, dtype, layer.costs.flops, weight_dtype)
        found["bytes_read"] = moved.read
        found["bytes_written"] = moved.written
        if field is not None:
            found["receptive_field"] = field.to_dict()
        yield found


def with_errors(document: ReportData, diagnostics: Sequence[Diagnostic]) -> ReportData:
    """The report of the layers before the first problem, with all problems."""
    return cast("ReportData", {**document, "errors": [diagnostic.to_dict() for diagnostic in diagnostics]})


def failed_document(path: str, diagnostics: Sequence[Diagnostic]) -> FailedReportData:
    """The report of a spec of which nothing is known but its problems."""
    errors = [diagnostic.to_dict() for diagnostic in diagnostics]
    return cast("FailedReportData", {**envelope("report"), "spec": {"path": path}, "partial": True, "errors": errors})


def error_document(diagnostics: Sequence[Diagnostic], partial: Report | None, path: str) -> dict[str, Any]:
    """The report of a spec with problems: of the layers before the first one, where there are any."""
    found = failed_document(path, diagnostics) if partial is None else with_errors(report_data(partial), diagnostics)
    return cast("dict[str, Any]", found)
