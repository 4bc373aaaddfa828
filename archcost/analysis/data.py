"""A report as JSON values, and their types.

The types are written for the schema that is made from them (``archcost schema report``). Where there are problems, the
document is that of the layers before the first one, or has no figures at all.
"""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Annotated, Any, Literal, Never, NotRequired, TypedDict, cast

from archcost.analysis.traffic import traffic_of
from archcost.documents import (
    AtLeast,
    Count,
    Envelope,
    ErrorData,
    FailedData,
    LoraData,
    Matches,
    Positive,
    Shape,
    ShapesByName,
    SpecData,
    envelope,
    figures_data,
    holding,
    warned,
)
from archcost.figures import ALWAYS, IN_REPORTS, METRICS, OF_LAYERS, OPTIONAL, UNDECLARED
from archcost.indented_json import Stream
from archcost.model_zoo import told
from archcost.strict_json import plain_data

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Layer, Report
    from archcost.errors import Diagnostic

Position = int | Annotated[str, Matches(r"^-?\d+/\d+$")]
Paths = Annotated[list[str], AtLeast(1)]
_FIGURES = attrgetter(*OF_LAYERS)
_UNKNOWABLE = Annotated[Count | None, "Null: unknown."]
_FIGURE: dict[str, Any] = {name: _UNKNOWABLE if name in UNDECLARED else Count for name in OF_LAYERS}


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


@holding(figures_data(IN_REPORTS, Count), before="convention")
class ReportTotalsData(TypedDict):
    """The figures of a whole model; the known part where ``unknown`` names layers."""

    layers: Count
    convention: NotRequired[CountedTotalData]


@holding({name: NotRequired[_FIGURE[name]] for name in OPTIONAL}, before="bytes_read")
@holding({name: _FIGURE[name] for name in ALWAYS}, before="file")
class ReportLayerData(TypedDict):
    """A layer and what it costs; null for what is unknown. Figures that few layers have are absent elsewhere."""

    path: str
    op: str
    inputs: list[str]
    output: list[Shape]
    file: str
    line: Positive
    bytes_read: NotRequired[Count]
    bytes_written: NotRequired[Count]
    receptive_field: NotRequired[ReceptiveFieldData]
    convention: NotRequired[CountedLayerData]
    predicted_ns: NotRequired[Annotated[Count, "On the device of ``predicted``."]]
    bound_by: NotRequired[Literal["products", "memory", "arithmetic", "launch"] | None]


class SettingsData(TypedDict):
    """The params that were used; shapes without the batch where they replaced the spec's own."""

    params: dict[str, Any]
    inputs: NotRequired[ShapesByName]
    lora: NotRequired[LoraData]


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
    kv_dtype: NotRequired[Annotated[str, "Of the KV cache, where it is not that of keys and values."]]
    partial: NotRequired[Annotated[Literal[True], "There are errors: the layers are those before the first one."]]
    unknown: NotRequired[Annotated[dict[str, Paths], AtLeast(1), "Layers of which a figure is not known, by figure."]]
    predicted: NotRequired[Annotated[dict[str, Any], "The time on a device, as in a comparison's ``predicted``."]]
    errors: NotRequired[Annotated[list[ErrorData], AtLeast(1)]]


class FailedReportData(FailedData):
    """A spec of which nothing can be costed, and why: it has no figure."""

    batch: NotRequired[Never]
    dtype: NotRequired[Never]
    inputs: NotRequired[Never]
    outputs: NotRequired[Never]
    totals: NotRequired[Never]
    layers: NotRequired[Never]


def settings_data(report: Report) -> SettingsData:
    """The params that were used, and if any, the shapes that replace those of the spec's inputs, and adapters."""
    given, lora = report.given_inputs, report.graph.settings.lora
    found = {"params": plain_data(report.params), **({"inputs": given} if given else {})}
    if lora is not None:
        found["lora"] = {"rank": lora.rank, "targets": list(lora.targets)}
    return cast("SettingsData", found)


def spec_data(report: Report) -> SpecData:
    """The model of a document: its name and file, the hash of what was read, its settings, and warnings."""
    spec = report.spec
    found: dict[str, Any] = {
        "name": spec.name,
        "path": spec.place,
        "sha256": spec.sha256,
        **settings_data(report),
        **warned(report.warnings),
    }
    return cast("SpecData", found)


def report_data(report: Report) -> ReportData:
    """The JSON form, but that each layer is made when it is written."""
    document: dict[str, Any] = {
        **envelope("report"),
        "spec": spec_data(report),
        **({} if report.complete else {"partial": True}),
        "batch": report.batch,
        "dtype": report.dtype,
        "weight_dtype": report.weight_dtype,
        **({"kv_dtype": report.kv_dtype} if report.kv_dtype else {}),
        "inputs": [{"name": name, "shape": list(shape)} for name, shape in report.inputs.items()],
        "outputs": [{"path": path, "shape": list(shape)} for path, shape in report.outputs.items()],
        "totals": report.totals.to_dict(),
        **({"unknown": unknown} if (unknown := report.unknown_layers()) else {}),
        "layers": Stream(lambda: _layers(report)),
    }
    return cast("ReportData", document)


def layer_data(layer: Layer) -> dict[str, Any]:
    """What a layer costs by itself."""
    return _layer_data(layer, cost_data(layer.costs))


def cost_data(costs: Costs) -> dict[str, int | None]:
    """The figures of a layer: null for what is unknown, and none that is as usual."""
    figures = dict(zip(OF_LAYERS, _FIGURES(costs), strict=True))
    unknown = {name for name in UNDECLARED if costs.unknown(name)}
    usual = {name for name in OPTIONAL if name not in unknown and not METRICS[name].tells(figures)}
    return {name: None if name in unknown else value for name, value in figures.items() if name not in usual}


def _layer_data(layer: Layer, figures: dict[str, int | None]) -> dict[str, Any]:
    node = layer.node
    signature, mark = node.signature, node.mark
    return {
        "path": node.path,
        "op": signature.op.kind,
        "inputs": list(layer.inputs),
        "output": list(map(list, signature.output_shapes)),
        **figures,
        "file": mark.source.name,
        "line": mark.line + 1,
    }


def _layers(report: Report) -> Iterator[dict[str, Any]]:
    """Every layer, with the bytes that it moves and its receptive field."""
    graph = report.graph
    figures = {id(layer.costs): layer.costs for layer in report.layers}
    told = {key: cost_data(costs) for key, costs in figures.items()}  # equal layers have one object of costs
    for layer, field in zip(report.layers, report.receptive_fields(), strict=True):
        found = _layer_data(layer, told[id(layer.costs)])
        moved = traffic_of(layer.node, graph.dtype, layer.costs.flops, graph.matrix_dtype(layer.node.signature))
        found["bytes_read"] = moved.read
        found["bytes_written"] = moved.written
        if field is not None:
            found["receptive_field"] = field.to_dict()
        yield found


def with_errors(document: ReportData, diagnostics: Sequence[Diagnostic]) -> ReportData:
    """The report of the layers before the first problem, with all problems."""
    return cast("ReportData", {**document, "errors": [diagnostic.to_dict() for diagnostic in diagnostics]})


def failed_document(path: str, diagnostics: Sequence[Diagnostic], kind: str = "report") -> FailedData:
    """The document of a kind of a spec of which nothing is known but its problems."""
    errors = [diagnostic.to_dict() for diagnostic in diagnostics]
    return {**envelope(kind), "spec": {"path": told(path)}, "partial": True, "errors": errors}
