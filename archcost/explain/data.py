"""Explanations and stories as JSON values, and their types."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, NotRequired, TypedDict, cast

from archcost.analysis.report import unknown_layers
from archcost.documents import Count, Envelope, Positive, Shape, SpecData, envelope

if TYPE_CHECKING:
    from fractions import Fraction

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.explain.equations import Equation, Explanation, Part, Seen
    from archcost.explain.expressions import Expression
    from archcost.explain.story import Bound, Peak, Share, Story

_DECIMALS = 6


class FormulaData(TypedDict):
    """What a figure comes from: with symbols, with their numbers, and both in LaTeX's mathematics."""

    symbols: str
    numbers: str
    latex: str
    latex_numbers: str


class UnknownData(TypedDict):
    """How many layers have a figure that is not known, where any has."""

    unknown_layers: NotRequired[Positive]


class EquationData(UnknownData):
    """A figure; its value is null where nothing of it is known, and the known part where some layers are unknown."""

    figure: str
    label: str
    value: float | None
    unit: str | None
    formula: FormulaData | None
    note: str | None


class FieldData(TypedDict):
    """A receptive field: sizes along each set of paths, the first position that output 0 sees, and the jump."""

    size: list[list[int]]
    start: list[int | str]
    jump: list[int | str]


class SeenData(FieldData):
    """A receptive field, of the model's input or that of a scope, and how a window widens it."""

    relative_to: str | None
    whole: bool
    folded: bool
    formula: FormulaData | None


class PartData(UnknownData):
    """A child of a scope, or several equal neighbours."""

    path: str
    times: Positive
    layers: Positive
    params: Count
    macs: Count | None
    formula: FormulaData | None


class Explained(Envelope):
    """What every explanation begins with."""

    spec: SpecData
    batch: Positive
    dtype: str


class ExplanationData(Explained):
    """A layer or scope: every figure with its formula."""

    path: str
    kind: str
    inputs: list[Shape]
    outputs: list[Shape]
    layers: Positive
    equations: list[EquationData]
    receptive_fields: list[SeenData]
    parts: list[PartData]


class InputData(TypedDict):
    """An input of the model."""

    name: str
    shape: Shape


class OutputData(TypedDict):
    """An output of the model, and what makes it."""

    path: str
    shape: Shape


class ShareData(UnknownData):
    """A part; its share is null where the part or the whole is not known, at most so much where the whole is not."""

    path: str
    value: Count
    share: float | None
    share_at_most: NotRequired[float | None]
    formula: FormulaData | None


class HolderData(TypedDict):
    """A tensor that is alive at the peak."""

    path: str
    bytes: Count


class PeakData(TypedDict):
    """The moment with the most activations alive."""

    bytes: Count
    path: str
    holders: list[HolderData]
    workspace_bytes: Count


class MovedData(TypedDict):
    """What the layers of a kind move."""

    op: str
    bytes_moved: Count


class BoundData(UnknownData):
    """The layers that do fewer FLOPs a byte than the threshold, among those that are known to compute."""

    threshold: float
    layers: Count
    of_layers: Count
    bytes_moved: Count
    of_bytes_moved: Count
    flops: Count
    of_flops: Count
    kinds: list[MovedData]


class DepthData(UnknownData):
    """How many layers with MACs follow one another, and how many there are."""

    layers: Count
    of_layers: Count


class WidestData(FieldData):
    """The largest receptive field that still moves with the position."""

    path: str


class StoryData(Explained):
    """A model: where its costs are."""

    inputs: list[InputData]
    outputs: list[OutputData]
    totals: dict[str, Count]
    unknown: NotRequired[dict[str, list[str]]]
    macs: list[ShareData]
    params: list[ShareData]
    peak: PeakData
    memory_bound: BoundData
    depth: DepthData
    receptive_field: FieldData | None
    widest_receptive_field: WidestData | None


def _begun(report: Report) -> Explained:
    spec = report.spec
    return {
        **envelope("explanation"),
        "spec": {"name": spec.name, "path": spec.path, "sha256": spec.sha256, "params": report.params},
        "batch": report.batch,
        "dtype": report.dtype,
    }


def explanation_data(report: Report, explanation: Explanation) -> ExplanationData:
    """A layer or scope: every figure with its formula in symbols, in numbers and in LaTeX."""
    return {
        **_begun(report),
        "path": explanation.path,
        "kind": explanation.kind,
        "inputs": [list(shape) for shape in explanation.inputs],
        "outputs": [list(shape) for shape in explanation.outputs],
        "layers": explanation.layers,
        "equations": [_equation(equation) for equation in explanation.equations],
        "receptive_fields": [_seen(seen) for seen in explanation.seen],
        "parts": [_part(part) for part in explanation.parts],
    }


def _part(part: Part) -> PartData:
    return {
        "path": part.path,
        "times": part.times,
        "layers": part.layers,
        "params": part.params,
        "macs": None if part.unknown and not part.macs else part.macs,
        **_unknown(part.unknown),
        "formula": _formula(part.formula),
    }


def _equation(equation: Equation) -> EquationData:
    return {
        "figure": equation.figure,
        "label": equation.label,
        "value": None if equation.unknown and not equation.value else _number(equation.value),
        **_unknown(equation.unknown),
        "unit": equation.unit or None,
        "formula": None if equation.unknown else _formula(equation.formula),
        "note": equation.note or None,
    }


def _unknown(layers: int) -> UnknownData:
    return {"unknown_layers": layers} if layers else {}


def _formula(formula: Expression | None) -> FormulaData | None:
    if formula is None:
        return None
    return {
        "symbols": formula.text(),
        "numbers": formula.text(numbers=True),
        "latex": formula.latex(),
        "latex_numbers": formula.latex(numbers=True),
    }


def _number(value: int | Fraction) -> float:
    """A whole number as it is, a ratio rounded."""
    return value if isinstance(value, int) else round(float(value), _DECIMALS)


def _field(field: ReceptiveField) -> FieldData:
    return cast("FieldData", field.to_dict())


def _seen(seen: Seen) -> SeenData:
    return {
        "relative_to": seen.relative_to or None,
        **_field(seen.field),
        "whole": seen.field.whole,
        "folded": seen.field.folded,
        "formula": _formula(seen.growth),
    }


def story_data(story: Story) -> StoryData:
    """The model's story."""
    report = story.report
    return {
        **_begun(report),
        "inputs": [{"name": name, "shape": list(shape)} for name, shape in report.inputs.items()],
        "outputs": [{"path": path, "shape": list(shape)} for path, shape in report.outputs.items()],
        "totals": asdict(report.totals),
        **_unknown_of(report),
        "macs": [_share(share, report, "macs") for share in story.macs],
        "params": [_share(share, report, "params") for share in story.params],
        "peak": _peak(story.peak),
        "memory_bound": _bound(story.bound),
        "depth": {"layers": story.depth, "of_layers": story.counted, **_unknown(report.costs.unknown_macs)},
        "receptive_field": _field(story.seen) if story.seen else None,
        "widest_receptive_field": {"path": story.widest[0], **_field(story.widest[1])} if story.widest else None,
    }


class _UnknownPaths(TypedDict, total=False):
    unknown: dict[str, list[str]]


def _unknown_of(report: Report) -> _UnknownPaths:
    unknown = unknown_layers(report)
    return {"unknown": unknown} if unknown else {}


def _peak(peak: Peak) -> PeakData:
    return {
        "bytes": peak.bytes,
        "path": peak.path,
        "holders": [{"path": path, "bytes": size} for path, size in peak.holders],
        "workspace_bytes": peak.workspace,
    }


def _bound(bound: Bound) -> BoundData:
    return {
        "threshold": _number(bound.threshold),
        "layers": bound.layers,
        "of_layers": bound.working,
        **_unknown(bound.unknown),
        "bytes_moved": bound.bound.moved,
        "of_bytes_moved": bound.whole.moved,
        "flops": bound.bound.flops,
        "of_flops": bound.whole.flops,
        "kinds": [{"op": kind, "bytes_moved": moved} for kind, moved in bound.kinds],
    }


class _AtMost(TypedDict, total=False):
    share_at_most: float | None


def _share(share: Share, report: Report, figure: str) -> ShareData:
    whole = getattr(report.totals, figure)
    part = round(share.value / whole, _DECIMALS) if whole and not share.unknown else None
    bounded = report.costs.unknown(figure) > 0
    at_most: _AtMost = {"share_at_most": part} if bounded else {}
    return {
        "path": share.path,
        "value": share.value,
        **_unknown(share.unknown),
        "share": None if bounded else part,
        **at_most,
        "formula": None if share.unknown else _formula(share.formula),
    }
