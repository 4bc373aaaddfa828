"""The figures that people publish of a model: by each convention, of all or some layers, with biases, doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.conventions import TOOLS, convention
from archcost.conventions.reading import read

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.analysis.report import Layer, Report
    from archcost.conventions.reading import Reading

ARITHMETIC = "arithmetic"
SIZE = "size"


class Figure(NamedTuple):
    """A number that may have been published: what it is, and how far from the usual reading (``rank``)."""

    what: str
    value: int
    rank: int
    kind: str = ARITHMETIC


class Scope(NamedTuple):
    """Some of a model's layers, in words; ``rank`` says how unusual it is to count only them."""

    words: str
    layers: Sequence[int]
    rank: int


def scopes(report: Report) -> list[Scope]:
    """All layers; all but the last linear one; convolutions only. Those that hold the same MACs are left out."""
    layers = report.layers
    everything = range(len(layers))
    found = [Scope("", everything, 0)]
    linear = [index for index in everything if layers[index].op == "linear"]
    convolutions = [index for index in everything if layers[index].op.startswith("conv")]
    if linear:
        found.append(Scope("without the last linear layer", [k for k in everything if k != linear[-1]], 2))
    if convolutions and len(linear) != 1:
        found.append(Scope("convolutions only", convolutions, 3))
    whole = report.totals.macs
    return found[:1] + [scope for scope in found[1:] if sum(layers[k].macs for k in scope.layers) not in (0, whole)]


def readings(report: Report, functional: Sequence[str] = ()) -> list[Reading]:
    """The report under every tool's convention."""
    return [read(report, convention(name), functional) for name in TOOLS]


def figures(report: Report, chosen: Sequence[int], tools: Sequence[Reading]) -> list[Figure]:
    """Every figure of the chosen layers; equal ones once, named by all that give them."""
    layers = [report.layers[index] for index in chosen]
    macs = sum(layer.macs for layer in layers)
    found = [
        Figure("MACs", macs, 0),
        Figure("2 × MACs", 2 * macs, 1),
        Figure("MACs and biases", macs + sum(map(_bias, layers)), 2),
        Figure("archcost's FLOPs", sum(layer.flops for layer in layers), 3),
        Figure("params", sum(layer.params for layer in layers), 2, SIZE),
        Figure("params without biases", sum(layer.costs.weights for layer in layers), 3, SIZE),
    ]
    for reading in tools:
        amounts = [reading.counts[index] for index in chosen]
        if not any(count.failure for count in amounts):
            value = int(sum(part.amount for count in amounts for part in count.parts))
            found.append(Figure(f"{reading.convention.name}'s {reading.convention.word}", value, 2))
    return list(_merged(found))


def _bias(layer: Layer) -> int:
    """1 per output of a convolution or linear layer with a bias: all the FLOPs that it has beyond its MACs."""
    biased = layer.macs and getattr(layer.node.op, "bias", False)
    return layer.flops - 2 * layer.macs if biased else 0


def _merged(found: Sequence[Figure]) -> Iterator[Figure]:
    groups: dict[tuple[str, int], list[Figure]] = {}
    for figure in found:
        if figure.value:
            groups.setdefault((figure.kind, figure.value), []).append(figure)
    for same in groups.values():
        same.sort(key=lambda figure: figure.rank)
        yield same[0]._replace(what=", ".join(figure.what for figure in same))
