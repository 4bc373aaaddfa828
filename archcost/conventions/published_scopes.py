"""The parts of a model that people publish figures of: all of it, its body without the classifier, its convolutions."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.ops.facets import Work

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.analysis.report import Layer, Report

_CONVOLUTIONS = (Work.CONVOLUTION, Work.TRANSPOSED)
_VECTOR = 2  # (N, features)


class LayerScope(NamedTuple):
    """Some of a model's layers, in words; ``rank`` says how unusual it is to count only them.

    ``left_out`` are the layers that are missing, where those are few.
    """

    words: str
    layers: Sequence[int]
    rank: int
    left_out: Sequence[int] = ()


def scopes(report: Report) -> list[LayerScope]:
    """All layers; all but the last linear one; convolutions only; all but the classifier. Only those that differ."""
    layers = report.layers
    everything = range(len(layers))
    found = [LayerScope("", everything, 0)]
    linear = [index for index in everything if layers[index].op == "linear"]
    convolutions = [index for index in everything if layers[index].node.op.work in _CONVOLUTIONS]
    if linear:
        found.append(LayerScope("without the last linear layer", _without(everything, linear[-1:]), 2, linear[-1:]))
    if convolutions and len(linear) != 1:
        found.append(LayerScope("convolutions only", convolutions, 3))
    classifier = _classifier(layers)
    if len(classifier) > 1:
        words = f"without the classifier's {len(classifier)} linear layers"
        found.append(LayerScope(words, _without(everything, classifier), 2, classifier))
    return list(_distinct(report, found))


def _without(everything: Iterable[int], left_out: Sequence[int]) -> list[int]:
    gone = set(left_out)
    return [index for index in everything if index not in gone]


def _classifier(layers: Sequence[Layer]) -> list[int]:
    """The linear layers on a vector for each sample, behind all other layers with MACs."""
    found: list[int] = []
    for index in range(len(layers) - 1, -1, -1):
        layer = layers[index]
        if layer.op == "linear" and len(layer.node.signature.inputs[0].shape) == _VECTOR:
            found.append(index)
        elif layer.macs:
            break
    return found[::-1]


def _distinct(report: Report, found: Sequence[LayerScope]) -> Iterator[LayerScope]:
    """Those that hold MACs, and not the same layers with MACs or params as one before."""
    layers = report.layers
    seen: set[tuple[int, int]] = set()
    for scope in found:
        key = (sum(layers[k].macs for k in scope.layers), sum(layers[k].params for k in scope.layers))
        if not scope.words or (key[0] and key not in seen):
            yield scope
        seen.add(key)
