"""Expected figures against computed ones, both ways: too much and too little are deviations."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.analysis.costs import sum_costs
from archcost.figures import BYTES, METRICS
from archcost.paths import inside, scopes
from archcost.quantities import within
from archcost.spec.vocabulary import AS_IMPORTED

if TYPE_CHECKING:
    from collections.abc import Collection

    from archcost.analysis.report import Layer, Report
    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.spec.model import Expectation, Figure


class Deviation(NamedTuple):
    """A figure under ``expect`` that the spec does not meet."""

    path: str  # empty for the whole model
    metric: str
    stated: object
    computed: object
    source: str
    mark: Mark
    unknown: tuple[str, ...] = ()  # the layers that keep it from being computed
    figures: int = 1  # how many are not met: all of a path that does not exist

    @property
    def standing(self) -> str:
        """``as imported`` for what an import found, ``published`` for a figure with a source of another kind.

        An own count and a shape, which have none, are ``stated``.
        """
        if self.source == AS_IMPORTED:
            return AS_IMPORTED
        return "published" if self.source else "stated"

    @property
    def publication(self) -> str:
        """Where the figure is published; empty if it is not."""
        return self.source if self.standing == "published" else ""

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        computed = f"unknown for {', '.join(self.unknown)}" if self.unknown else _shown(self.computed)
        return f"{where}{self.metric} {is_or_are(self.metric)} {computed}, {self.standing} {_shown(self.stated)}"


def is_or_are(metric: str) -> str:
    """The verb that follows a metric's name: params are, the output is."""
    return "are" if metric.endswith("s") else "is"


def _shown(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def deviations(report: Report) -> list[Deviation]:
    """Every figure under ``expect`` that the report does not meet within its tolerance.

    Bytes are stated of the dtypes of the spec: under others they are not compared.
    """
    stated = _comparable(report)
    layers, outputs = _layers(report, stated), _outputs(report, stated)
    found = []
    for path, expectation in stated.items():
        found += _compare(path, expectation, layers.get(path, []), outputs.get(path))
    return found


def rest_on_declared(report: Report) -> list[str]:
    """The figures under ``expect`` that are met, and of which a part is only declared by ``custom``.

    As ``params``, and ``head.macs`` for those of a path.
    """
    stated = _comparable(report)
    layers = _layers(report, stated)
    unmet = {(deviation.path, deviation.metric) for deviation in deviations(report)}
    return [
        f"{path}.{metric}" if path else metric
        for path, expectation in stated.items()
        for metric in expectation.figures
        if (path, metric) not in unmet
        and any(layer.node.op.declared and getattr(layer.costs, metric) for layer in layers[path])
    ]


def expected_count(report: Report) -> int:
    """How many of the figures and shapes that a spec states under ``expect`` a report is compared with."""
    return sum(len(stated.figures) + (stated.output is not None) for stated in _comparable(report).values())


def _comparable(report: Report) -> dict[str, Expectation]:
    """What a spec states, without bytes where the dtypes are not those of the spec."""
    stated = report.spec.expect
    if not report.graph.settings.dtypes:
        return stated
    return {
        path: each._replace(figures={name: figure for name, figure in each.figures.items() if not _in_bytes(name)})
        for path, each in stated.items()
    }


def _in_bytes(metric: str) -> bool:
    return METRICS[metric].unit == BYTES


def stated_shapes(report: Report) -> list[bool]:
    """For each shape that a spec publishes, whether it is the computed one."""
    stated = {path: each.output for path, each in report.spec.expect.items() if each.output is not None}
    outputs = _outputs(report, stated)
    return [outputs.get(path) == shape for path, shape in stated.items()]


def _compare(path: str, expectation: Expectation, layers: list[Layer], output: Shape | None) -> list[Deviation]:
    marks = [figure.mark for figure in expectation.figures.values()]
    marks += [expectation.output_mark] if expectation.output_mark else []
    if not layers and output is None:
        wanted = "at least one layer at this path"
        return [Deviation(path, "layers", wanted, "none", "", mark, figures=len(marks)) for mark in marks[:1]]
    found = []
    if expectation.output is not None and expectation.output_mark is not None and output != expectation.output:
        found.append(Deviation(path, "output", expectation.output, output, "", expectation.output_mark))
    costs = sum_costs([layer.costs for layer in layers])
    for metric, figure in expectation.figures.items():
        computed = getattr(costs, metric)
        if costs.unknown(metric):
            unknown = [layer.path for layer in layers if layer.costs.unknown(metric)]
            found.append(Deviation(path, metric, figure.value, None, figure.source, figure.mark, tuple(unknown)))
        elif not is_met(computed, figure):
            found.append(Deviation(path, metric, figure.value, computed, figure.source, figure.mark))
    return found


def layers_at(report: Report, path: str) -> list[Layer]:
    """The layers of a path: the layer itself, or those of the scope; all for the model's path, which is empty."""
    return [layer for layer in report.layers if inside(layer.path, path)]


def is_met(computed: int, figure: Figure) -> bool:
    """Whether |computed - stated| ≤ tolerance × stated."""
    return within(computed, figure.value, figure.tolerance)


def output_shape(report: Report, path: str) -> Shape | None:
    """The shape of the first output of the model, of a layer, or of a scope; None for an unknown path."""
    return _outputs(report, (path,)).get(path)


def _layers(report: Report, paths: Collection[str]) -> dict[str, list[Layer]]:
    """As :func:`layers_at`, for many paths at once."""
    found: dict[str, list[Layer]] = {path: [] for path in paths}
    if "" in found:
        found[""] += report.layers
    if found.keys() <= {""}:
        return found
    for layer in report.layers:
        for path in scopes(layer.path):
            if path in found:
                found[path].append(layer)
    return found


def _outputs(report: Report, paths: Collection[str]) -> dict[str, Shape | None]:
    """As :func:`output_shape`, for many paths at once."""
    found: dict[str, Shape | None] = {}
    if "" in paths:
        found[""] = next(iter(report.outputs.values()), None)
    if set(paths) <= {""}:
        return found
    found |= {layer.path: layer.output[0] for layer in report.layers if layer.path in paths}
    producers = report.graph.producers()
    for scope in report.graph.scopes:
        if scope.path in paths and scope.outputs and scope.outputs[0] >= 0:
            index, output = producers[scope.outputs[0]]
            found[scope.path] = report.layers[index].output[output]
    return found
