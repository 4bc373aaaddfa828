"""A model's story as JSON values, and their types."""

from __future__ import annotations

from typing import TYPE_CHECKING, NotRequired, TypedDict

from archcost.documents import Count, Shape, holding
from archcost.explaining.data import (
    DECIMALS,
    Explained,
    FieldData,
    FormulaData,
    UnknownPartData,
    begun,
    field_data,
    formula_data,
    number,
    unknown_count,
)
from archcost.timing.data import TIMED

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.explaining.overview import Bound, Peak, Share, Story


class InputData(TypedDict):
    """An input of the model."""

    name: str
    shape: Shape


class OutputData(TypedDict):
    """An output of the model, and what makes it."""

    path: str
    shape: Shape


class ShareData(UnknownPartData):
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


class BoundData(UnknownPartData):
    """The layers that do fewer FLOPs a byte than the threshold, among those that are known to compute."""

    threshold: float
    layers: Count
    of_layers: Count
    bytes_moved: Count
    of_bytes_moved: Count
    flops: Count
    of_flops: Count
    kinds: list[MovedData]


class DepthData(UnknownPartData):
    """How many layers with MACs follow one another, and how many there are."""

    layers: Count
    of_layers: Count


class WidestData(FieldData):
    """The largest receptive field that still moves with the position."""

    path: str


@holding(TIMED)
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


def story_data(story: Story) -> StoryData:
    """The model's story."""
    report = story.report
    return {
        **begun(report),
        "inputs": [{"name": name, "shape": list(shape)} for name, shape in report.inputs.items()],
        "outputs": [{"path": path, "shape": list(shape)} for path, shape in report.outputs.items()],
        "totals": report.totals.to_dict(),
        **_unknown_of(report),
        "macs": [_share(share, report, "macs") for share in story.macs],
        "params": [_share(share, report, "params") for share in story.params],
        "peak": _peak(story.peak),
        "memory_bound": _bound(story.bound),
        "depth": {"layers": story.depth, "of_layers": story.counted, **unknown_count(report.costs.unknown_macs)},
        "receptive_field": field_data(story.seen) if story.seen else None,
        "widest_receptive_field": {"path": story.widest[0], **field_data(story.widest[1])} if story.widest else None,
    }


class _UnknownPaths(TypedDict, total=False):
    unknown: dict[str, list[str]]


def _unknown_of(report: Report) -> _UnknownPaths:
    unknown = report.unknown_layers()
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
        "threshold": number(bound.threshold),
        "layers": bound.layers,
        "of_layers": bound.working,
        **unknown_count(bound.unknown),
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
    part = round(share.value / whole, DECIMALS) if whole and not share.unknown else None
    bounded = report.costs.unknown(figure) > 0
    at_most: _AtMost = {"share_at_most": part} if bounded else {}
    return {
        "path": share.path,
        "value": share.value,
        **unknown_count(share.unknown),
        "share": None if bounded else part,
        **at_most,
        "formula": None if share.unknown else formula_data(share.formula),
    }
