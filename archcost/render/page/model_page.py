"""A model as its page shows it: headlines, the folded tree with its figures, details, and memory over the run."""

from __future__ import annotations

import os
from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.figures import ALWAYS, METRICS, OPTIONAL, TIME, told_of
from archcost.fitting.reserve import usual_reserve
from archcost.graph.params import set_params
from archcost.hardware.device import MICROCONTROLLER
from archcost.paths import scopes
from archcost.render.cell_text import layers_text, unknown_notes
from archcost.render.page.folded_nodes import Folded, edges_of
from archcost.render.page.layer_details import details_of
from archcost.render.page.memory_runs import timeline_of
from archcost.render.page.node_suggestions import suggestions_of_nodes
from archcost.render.page.page_data import figure
from archcost.render.page.summary_cards import OnDevice, cards_of
from archcost.render.page.what_runs import about_texts, run_text, step_of
from archcost.render.time_columns import predicted
from archcost.strict_json import compact_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.costs import Costs
    from archcost.analysis.report import Report
    from archcost.errors import Mark
    from archcost.hardware.device import Device
    from archcost.render.page.folded_nodes import FoldedNode
    from archcost.render.page.page_data import (
        CardData,
        NodeData,
        PageMetricData,
        PageModelData,
        SourceLinesData,
        TimelineData,
    )
    from archcost.render.page.what_runs import TrainingStep
    from archcost.timing.prediction import Prediction

PREDICTED_TIME = "time_ns"
_MOST_BYTES = 2**20  # of a document, which takes a tenth of that in a page
_LEAST_DETAILS = 2**16  # of a model that is larger than that without any
_WIDEST_LINE = 200


class ModelPage:
    """A report on a page, with its time on a device where there is one."""

    def __init__(self, report: Report, device: Device | None = None) -> None:
        self.report = report
        self.device = device
        self.folded = Folded(report)

    @cached_property
    def on(self) -> OnDevice | None:
        """The device and the time on it."""
        return None if self.device is None else OnDevice(self.device, _timed(self.report, self.device))

    @cached_property
    def cards(self) -> list[CardData]:
        """The headlines."""
        return cards_of(self.report, self.on, self.step)

    @cached_property
    def step(self) -> TrainingStep:
        """Its training step, if it is of one."""
        return step_of(self.report)

    @cached_property
    def times(self) -> list[int]:
        """The nanoseconds of each node; none without a device."""
        if self.on is None or self.on.found is None:
            return []
        spent: Counter[str] = Counter()
        for layer in self.on.found.layers:
            for path in scopes(layer.path):
                spent[path] += layer.nanoseconds
        spent[""] = self.on.found.nanoseconds
        return [sum(spent[tree.path] for tree in node.members) for node in self.folded.nodes]

    def metrics(self) -> tuple[str, ...]:
        """The figures of nodes that say something of the model; those of a training step before those of a pass."""
        figures = self.report.totals.to_dict()
        known = told_of(OPTIONAL, training=self.report.graph.training)
        told = [name for name in known if name == self.folded.work or METRICS[name].tells(figures)]
        return tuple(sorted((*ALWAYS, *told), key=lambda name: name != "params" and not METRICS[name].of_training))

    def data(self, metrics: Sequence[str], *, models: int = 1) -> PageModelData:
        """The JSON form, with these figures of nodes, and times where there is a device; on a page of so many models.

        It has as many details as there is room for.
        """
        found = self._without_details(metrics)
        suggested = suggestions_of_nodes(self.folded)
        if suggested.found:
            found["suggestions"] = suggested.found
        for node, place in zip(found["nodes"], suggested.of_nodes, strict=True):
            if place is not None:
                node["suggestion"] = place
        room = _MOST_BYTES // models - len(compact_json(found).encode())
        details = details_of(self.folded, max(room, _LEAST_DETAILS))
        found["details"] = details.found
        for node, place in zip(found["nodes"], details.of_nodes, strict=True):
            if place is not None:
                node["detail"] = place
        if details.left_out:
            found["notes"].append(f"Details are left out of what computes least: {layers_text(details.left_out)}.")
        return found

    def _without_details(self, metrics: Sequence[str]) -> PageModelData:
        report = self.report
        lines = _Lines()
        return {
            "name": report.name,
            "path": report.spec.place,
            "source": report.spec.source,
            "run": run_text(report),
            "about": about_texts(report),
            "work": self.folded.work,
            "params": {name: _plain(value) for name, value in report.params.items()},
            "set_params": set_params(report.graph),
            "batch": report.batch,
            "dtype": report.dtype,
            "inputs": [{"name": name, "shape": list(shape)} for name, shape in report.inputs.items()],
            "outputs": [{"name": name, "shape": list(shape)} for name, shape in report.outputs.items()],
            "cards": self.cards,
            "totals": {name: figure(value) for name, value in report.totals.to_dict().items()},
            "metrics": self._metric_data(metrics),
            "nodes": self._nodes(metrics, lines),
            "details": [],
            "timeline": self._timeline(),
            "lines": lines.data(),
            "notes": unknown_notes(report),
        }

    def _metric_data(self, metrics: Sequence[str]) -> list[PageMetricData]:
        forward = ("macs", "flops") if self.report.graph.training else ()  # of a training step a part
        rows: list[PageMetricData] = [
            {
                "name": name,
                "label": f"forward {METRICS[name].label}" if name in forward else METRICS[name].label,
                "unit": METRICS[name].unit,
            }
            for name in metrics
        ]
        return rows + ([{"name": PREDICTED_TIME, "label": "predicted time", "unit": TIME}] if self.times else [])

    def _timeline(self) -> TimelineData:
        """Memory over the run, which is that of PyTorch."""
        found = timeline_of(self.folded, self.step, self._limit())
        if self.device is not None and self.device.kind == MICROCONTROLLER:
            found["notes"].append(f"This is memory in PyTorch: {self.device.label} runs fused kernels in int8.")
        return found

    def _limit(self) -> int | None:
        """The memory of the device less what is usually kept free; none of a microcontroller, which fuses kernels."""
        if self.device is None or self.device.kind == MICROCONTROLLER:
            return None
        available = self.device.available_bytes
        return available - usual_reserve(self.device).of(available)

    def _nodes(self, metrics: Sequence[str], lines: _Lines) -> list[NodeData]:
        edges = edges_of(self.folded)
        found: list[NodeData] = []
        for place, node in enumerate(self.folded.nodes):
            costs, tree = node.costs, node.tree
            times = [figure(self.times[place])] if self.times else []
            figures = [_figure(costs, name) for name in metrics]
            unknown = [number for number, name in enumerate(metrics) if costs.unknown(name) and figures[number]]
            mark = self._mark(node)
            optional: dict[str, Any] = {} if mark is None else lines.add(mark)
            if tree.layer is None:
                optional |= {"edges": edges.get(place, []), **({"block": tree.kind} if tree.kind else {})}
            if unknown:
                optional["unknown"] = unknown
            data: dict[str, Any] = {
                "name": node.name,
                "path": tree.path,
                "op": None if tree.layer is None else tree.kind,
                "parent": node.parent if place else None,
                "depth": node.depth,
                "times": node.times,
                "layers": tree.layers * len(node.members),
                "figures": [*figures, *times],
                "input": self._input(node),
                "output": [list(shape) for shape in (tree.output if place else self.report.outputs.values())],
                **optional,
            }
            found.append(data)  # type: ignore[arg-type]  # its keys are those of the type
        return found

    def _mark(self, node: FoldedNode) -> Mark | None:
        """Where it is written."""
        layer = node.tree.layer
        if layer is not None:
            return layer.node.mark
        scope = self._scopes.get(node.tree.path)
        return None if scope is None else scope.mark

    @cached_property
    def _scopes(self) -> dict[str, Any]:
        return {scope.path: scope for scope in self.report.graph.scopes}

    def _input(self, node: FoldedNode) -> list[list[int]]:
        """The shapes that a layer reads, or those that a scope takes."""
        layer = node.tree.layer
        if layer is not None:
            return [list(shape) for shape in layer.node.signature.input_shapes]
        if not node.tree.path:
            return [list(shape) for shape in self.report.inputs.values()]
        scope = self._scopes.get(node.tree.path)
        return [] if scope is None else [list(self._shape(value)) for value in scope.inputs]

    def _shape(self, value: int) -> tuple[int, ...]:
        if value < 0:
            return list(self.report.inputs.values())[-1 - value]
        maker, number = self._producers[value]
        return self.report.graph.nodes[maker].signature.output_shapes[number]

    @cached_property
    def _producers(self) -> list[tuple[int, int]]:
        return self.report.graph.producers()


class _Lines:
    """The lines of the files that nodes come from."""

    def __init__(self) -> None:
        self._files: dict[str, int] = {}
        self._text: list[dict[str, str]] = []

    def add(self, mark: Mark) -> dict[str, int]:
        """The number of the line, and the place of its file."""
        file = self._files.setdefault(mark.source.name.replace(os.sep, "/"), len(self._files))
        if file == len(self._text):
            self._text.append({})
        line = mark.line + 1
        self._text[file][str(line)] = mark.source.line(mark.line).strip()[:_WIDEST_LINE]
        return {"line": line, "file": file}

    def data(self) -> list[SourceLinesData]:
        """The files with their lines."""
        return [{"file": name, "text": self._text[place]} for name, place in self._files.items()]


def _timed(report: Report, device: Device) -> Prediction | None:
    """The time of a report on a device; None for one that runs no kernels of PyTorch."""
    return None if device.kind == MICROCONTROLLER or not report.complete else predicted(report, device)


def _figure(costs: Costs, name: str) -> Any:
    """A figure, or the known part of one; None where nothing of it is known."""
    value = getattr(costs, name)
    return None if costs.unknown(name) and not value else figure(value)


def _plain(value: Any) -> Any:
    """A param as JSON has it."""
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
