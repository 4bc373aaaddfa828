"""A model in ten lines: where its MACs, params and memory are, what waits for memory, how deep it is, what it sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.memory.liveness import Storages
from archcost.analysis.traffic import Traffic, total_traffic
from archcost.analysis.tree import build_tree
from archcost.displays import in_line, in_notebook
from archcost.explaining.scope import mac_formula, sum_formula
from archcost.hardware.balance import balance_of
from archcost.hardware.table import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence
    from fractions import Fraction

    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.report import Report
    from archcost.analysis.tree import Tree
    from archcost.explaining.expressions import SymbolicExpression
    from archcost.hardware.device import Device

TOP = 4
_USUAL = "a100-sxm-40gb"  # whose balance is taken where no device is named


class Share(NamedTuple):
    """A part of the model and its figure, with the sum that gives it.

    ``unknown`` is the number of its layers whose figure is not known: the value is then the known part.
    """

    path: str
    value: int
    formula: SymbolicExpression | None
    unknown: int = 0


class Peak(NamedTuple):
    """The moment with the most activations alive: the layer that runs, and what each of the tensors is there for."""

    bytes: int
    path: str
    holders: tuple[tuple[str, int], ...]  # the layer or input that made it, and its bytes
    workspace: int  # what the layer needs besides


class Bound(NamedTuple):
    """The layers that do fewer FLOPs a byte than the threshold: they wait for memory.

    Of layers whose FLOPs are not known nobody can tell; they are ``unknown``, and in no other figure. ``device`` is
    what has the threshold for its balance, in words; empty for a threshold that was given.
    """

    threshold: Fraction
    device: str
    layers: int
    working: int  # layers that are known to do any FLOPs
    bound: Traffic
    whole: Traffic
    kinds: tuple[tuple[str, int], ...]  # the kinds that move the most bytes among them
    unknown: int


class Story(NamedTuple):
    """What is told of a model."""

    report: Report
    macs: tuple[Share, ...]
    params: tuple[Share, ...]
    peak: Peak
    bound: Bound
    depth: int
    counted: int
    seen: ReceptiveField | None
    widest: tuple[str, ReceptiveField] | None  # the largest field that still moves with the position

    def __repr__(self) -> str:
        totals, unknown = self.report.totals, self.report.costs.unknown_figures("macs")
        return in_line(self, self.report.name, params=totals.params, macs=totals.macs, **unknown)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    def to_dict(self) -> dict[str, Any]:
        """The JSON document, ``archcost.explanation/1``."""
        from archcost.explaining.overview_data import story_data

        return {**story_data(self)}


def explain_model(report: Report, balance: Fraction | None = None, device: Device | None = None) -> Story:
    """The story of a model; ``balance`` is the number of FLOPs a byte below which a layer waits for memory.

    Without one it is that of a device in the model's dtype, or else that of an A100 in float32. Raises UsageError for a
    device of which it is not known.
    """
    threshold, whose = (balance, "") if balance is not None else _balance(device, report.dtype)
    top = _top(build_tree(report))
    depth, counted = _depth(report)
    seen, widest = _fields(report)
    return Story(
        report=report,
        macs=_shares(top, "macs"),
        params=_shares(top, "params"),
        peak=peak_of(report),
        bound=_bound(report, threshold, whose),
        depth=depth,
        counted=counted,
        seen=seen,
        widest=widest,
    )


def _balance(device: Device | None, dtype: str) -> tuple[Fraction, str]:
    """The balance of a device, and whose it is in words."""
    if device is None:
        return balance_of(shipped()[_USUAL], "float32"), "an A100's in float32"
    return balance_of(device, dtype), f"that of {device.label} in {dtype}"


def _top(tree: Tree) -> Tree:
    """The first level with more than one part."""
    while len(tree.children) == 1:
        (child,) = tree.children.values()
        if not child.children:
            break
        tree = child
    return tree


def _shares(tree: Tree, figure: str) -> tuple[Share, ...]:
    """The largest parts, the first of equals first."""
    parts = [child for child in tree.children.values() if getattr(child.costs, figure)]
    parts.sort(key=lambda child: -getattr(child.costs, figure))
    return tuple(
        [
            Share(child.path, getattr(child.costs, figure), _formula(child, figure), child.costs.unknown(figure))
            for child in parts[:TOP]
        ]
    )


def _formula(tree: Tree, figure: str) -> SymbolicExpression:
    """The sum over the children; the arithmetic itself where one layer does all the MACs."""
    own = mac_formula(tree) if figure == "macs" else None
    return sum_formula(tree, figure) if own is None else own


def peak_of(report: Report) -> Peak:
    """The layer at which the most bytes are alive, and the tensors that are."""
    graph = report.graph
    storages = Storages(graph)
    live = storages.live()
    if not live:
        return Peak(report.totals.peak_activation_bytes, "", (), 0)
    index = max(range(len(live)), key=live.__getitem__)
    inputs = list(graph.inputs)
    holders = [
        (inputs[number] if maker < 0 else graph.nodes[maker].path, size)
        for number, (size, maker, last) in enumerate(zip(storages.sizes, storages.makers, storages.last, strict=True))
        if maker <= index <= last and size
    ]
    rest = live[index] - sum(size for _, size in holders)
    return Peak(live[index], graph.nodes[index].path, tuple(holders), rest)


def _bound(report: Report, threshold: Fraction, device: str) -> Bound:
    waiting = []
    kinds: dict[str, int] = {}
    traffic = report.traffic()
    pairs = list(zip(report.layers, traffic, strict=True))
    working = [(layer, part) for layer, part in pairs if part.flops and not layer.costs.unknown_flops]
    for layer, part in working:
        if part.flops < threshold * part.moved:
            waiting.append(part)
            kinds[layer.op] = kinds.get(layer.op, 0) + part.moved
    largest = sorted(kinds.items(), key=lambda pair: -pair[1])[:3]
    whole = total_traffic([part for _, part in working])
    unknown = report.costs.unknown_flops
    return Bound(threshold, device, len(waiting), len(working), total_traffic(waiting), whole, tuple(largest), unknown)


def _depth(report: Report) -> tuple[int, int]:
    """The most layers with MACs on one path through the model, and how many there are."""
    depths: dict[int, int] = {}
    counted = 0
    for layer in report.layers:
        node = layer.node
        own = 1 if layer.costs.macs else 0
        counted += own
        before = max([depths.get(value, 0) for value in node.inputs], default=0)
        for number in range(len(node.signature.outputs)):
            depths[node.first_value + number] = before + own
    return max([depths.get(value, 0) for value in report.graph.outputs], default=0), counted


def _fields(report: Report) -> tuple[ReceptiveField | None, tuple[str, ReceptiveField] | None]:
    """The field of the first output, and the largest that still moves."""
    fields: Sequence[ReceptiveField | None] = report.receptive_fields()
    producers = report.graph.producers()
    made = [producers[value][0] for value in report.graph.outputs[:1] if value >= 0]
    widest = None
    for layer, field in zip(report.layers, fields, strict=True):
        if field is None or not all(field.jump):
            continue
        if widest is None or field.size > widest[1].size:
            widest = (layer.path, field)
    return (fields[made[0]] if made else None), widest
