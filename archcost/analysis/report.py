"""Graph to Report: the figures of every layer and of the whole model."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import TYPE_CHECKING, Any

from archcost.analysis.costs import Costs, graph_costs, sum_costs
from archcost.analysis.memory import Storages
from archcost.collector import collector_paused
from archcost.displays import in_line, in_notebook
from archcost.errors import SpecError
from archcost.figures import IN_REPORTS, UNDECLARED, LayerFigures, ModelFigures, told_of
from archcost.graph.inputs import given_shapes
from archcost.graph.model import ValueNames
from archcost.graph.unroll import unroll
from archcost.settings import AS_IT_STANDS, input_text

if TYPE_CHECKING:
    from archcost.analysis.data import ReportData
    from archcost.analysis.receptive_field import ReceptiveField
    from archcost.analysis.traffic import Traffic
    from archcost.dims import Shape
    from archcost.errors import Diagnostic
    from archcost.graph.model import Graph, Node
    from archcost.settings import Settings
    from archcost.spec.model import Spec


class Layer(LayerFigures):
    """One layer of a report: a node of the graph and what it costs.

    It has the figures of :class:`archcost.figures.LayerFigures`; of ``macs`` and ``flops`` the known part, if
    ``unknown`` says so.
    """

    __slots__ = ("_names", "costs", "node")

    def __init__(self, node: Node, costs: Costs, names: ValueNames) -> None:
        self.node = node
        self.costs = costs
        self._names = names

    def __repr__(self) -> str:
        return in_line(self, self.path, self.op, output=self.output, params=self.params, macs=self.macs)

    @property
    def path(self) -> str:
        """Scopes and id, joined by dots."""
        return self.node.path

    @property
    def inputs(self) -> tuple[str, ...]:
        """What it reads: the inputs of the model by name, the outputs of other layers by path."""
        return tuple(self._names.of(self.node.inputs))

    @property
    def op(self) -> str:
        """The kind of the op."""
        return self.node.signature.op.kind

    @property
    def output(self) -> tuple[Shape, ...]:
        """The shape of every output."""
        return self.node.signature.output_shapes

    @property
    def unknown(self) -> tuple[str, ...]:
        """Which figures, such as macs and flops, are not known."""
        return tuple([name for name in UNDECLARED if self.costs.unknown(name)])

    @property
    def file(self) -> str:
        """The file of the step: the spec, or one that it includes."""
        return self.node.mark.source.name

    @property
    def line(self) -> int:
        """The line of the step in its file, from 1."""
        return self.node.mark.line + 1

    def to_dict(self) -> dict[str, Any]:
        """What it costs by itself, as in the report's JSON."""
        from archcost.analysis.data import layer_data

        return layer_data(self)


class Totals(ModelFigures):
    """The figures of a whole model: as attributes all of :class:`archcost.figures.ModelFigures`.

    ``macs`` and ``flops`` are the known part, where :meth:`Report.unknown` names layers. ``peak`` is the most bytes of
    activations that are alive at a time; ``training`` says whether the figures of a training step are known.
    """

    __slots__ = ("costs", "layers", "peak", "training")
    layers: int
    costs: Costs
    peak: int
    training: bool

    def __init__(self, layers: int, costs: Costs, peak: int, *, training: bool = False) -> None:
        for name, value in (("layers", layers), ("costs", costs), ("peak", peak), ("training", training)):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: object) -> None:
        raise FrozenInstanceError(f"cannot assign to field '{name}'")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Totals):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash((self.layers, self.costs, self.peak))

    def __repr__(self) -> str:
        return f"Totals({', '.join([f'{name}={value}' for name, value in self.to_dict().items()])})"

    def to_dict(self) -> dict[str, int]:
        """The figures by name, as in the report's JSON; those of a training step only where there is one."""
        names = told_of(IN_REPORTS, training=self.training)
        return {"layers": self.layers, **{name: getattr(self, name) for name in names}}


class Report:
    """What a model costs, layer by layer; made by :func:`archcost.analyze`."""

    def __init__(self, graph: Graph, *, complete: bool = True) -> None:
        self.graph = graph
        self.complete = complete  # False: only the layers before the first failing one
        storages = Storages(graph)
        costs = graph_costs(graph, storages.made)
        names = ValueNames(graph)
        self.layers: list[Layer] = [Layer(node, own, names) for node, own in zip(graph.nodes, costs, strict=True)]
        self.costs: Costs = sum_costs(costs)
        self.totals: Totals = Totals(len(self.layers), self.costs, storages.peak(), training=graph.training)
        self.strides = storages.strides  # of the values that are not contiguous
        self._warnings: tuple[Diagnostic, ...] | None = None
        self._fields: dict[str, list[ReceptiveField | None]] = {}  # by scope

    def __repr__(self) -> str:
        partial: dict[str, object] = {} if self.complete else {"partial": True}
        partial |= self.costs.unknown_figures("macs")
        return in_line(self, self.name, params=self.totals.params, macs=self.totals.macs, **partial)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """What may be a mistake, such as a result that nobody reads; worked out when it is first asked for."""
        from archcost.analysis.warnings import warnings_of

        if self._warnings is None:
            self._warnings = warnings_of(self.graph) if self.complete else ()
        return self._warnings

    @property
    def spec(self) -> Spec:
        """The spec that was analysed."""
        return self.graph.spec

    @property
    def name(self) -> str:
        """The model's name."""
        return self.graph.spec.name

    @property
    def given_inputs(self) -> dict[str, list[int]]:
        """The shapes that replaced those of the spec's inputs, by their names, without the batch."""
        return {name: list(shape) for name, shape in given_shapes(self.graph.spec, self.graph.settings).items()}

    @property
    def batch(self) -> int:
        """The size of dim 0 of the inputs."""
        return self.graph.batch

    @property
    def dtype(self) -> str:
        """The dtype of the weights."""
        return self.graph.dtype

    @property
    def weight_dtype(self) -> str:
        """The dtype of the matrices among the weights: ``dtype``, unless they are quantised."""
        return self.graph.weight_dtype or self.graph.dtype

    @property
    def kv_dtype(self) -> str:
        """The dtype that the KV cache is kept in; empty where that of the keys and values is."""
        return self.graph.kv_dtype

    def unknown(self, metric: str) -> list[str]:
        """The paths of the layers of which a figure (macs or flops) is not known."""
        if not self.costs.unknown(metric):
            return []
        return [layer.path for layer in self.layers if layer.costs.unknown(metric)]

    def unknown_layers(self) -> dict[str, list[str]]:
        """The paths of the layers with an unknown figure, by figure."""
        found = {metric: self.unknown(metric) for metric in UNDECLARED}
        return {metric: paths for metric, paths in found.items() if paths}

    @property
    def params(self) -> dict[str, Any]:
        """The spec's params as they were set."""
        return self.graph.params

    @property
    def inputs(self) -> dict[str, Shape]:
        """The shapes of the model's inputs by name."""
        return {name: tensor.shape for name, tensor in self.graph.inputs.items()}

    @property
    def outputs(self) -> dict[str, Shape]:
        """The shapes of the model's outputs by path."""
        graph = self.graph
        inputs = [tensor.shape for tensor in graph.inputs.values()]
        made = [tensor.shape for node in graph.nodes for tensor in node.signature.outputs]
        shapes = [inputs[-1 - value] if value < 0 else made[value] for value in graph.outputs]
        return dict(zip(graph.value_names(graph.outputs), shapes, strict=True))

    def receptive_fields(self, scope: str = "") -> list[ReceptiveField | None]:
        """What each layer's output sees of the first input of the model, or of a scope.

        It is worked out when first asked for. None stands for layers outside of the scope, and for those that do not
        depend on that input.
        """
        from archcost.analysis.receptive_field import receptive_fields

        found = self._fields.get(scope)
        if found is None:
            found = self._fields[scope] = receptive_fields(self.graph, scope)
        return found

    def traffic(self) -> list[Traffic]:
        """The bytes that each layer reads and writes, and its FLOPs."""
        from archcost.analysis.traffic import traffic_of

        graph = self.graph
        return [
            traffic_of(layer.node, graph.dtype, layer.costs.flops, graph.matrix_dtype(layer.node.signature))
            for layer in self.layers
        ]

    def to_dict(self) -> dict[str, Any]:
        """The JSON report, version 1 (``archcost schema report``)."""
        document = self.document()
        return {**document, "layers": list(document["layers"])}

    def document(self) -> ReportData:
        """The JSON report to be written: as :meth:`to_dict`, but that each layer is made when it is written."""
        from archcost.analysis.data import report_data

        return report_data(self)


def analyze(spec: Spec, settings: Settings = AS_IT_STANDS) -> Report:
    """The report of a parsed spec under settings.

    Raises UsageError for settings that the spec cannot have, SpecError with the report of the layers before the first
    failing one.
    """
    with collector_paused():
        try:
            graph = unroll(spec, settings)
        except SpecError as error:
            partial = Report(error.partial, complete=False) if error.partial is not None else None
            raise SpecError(_at_other_sizes(spec, settings, error.diagnostics), partial) from None
        return Report(graph)


def _at_other_sizes(spec: Spec, settings: Settings, found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """What is wrong with an import under inputs of other sizes than it was recorded with: the source takes them."""
    source, bracket, run = spec.source.partition(" (")
    if not (settings.inputs and bracket and ", input " in run) or spec.problems:
        return found
    asked = " ".join([f"--input {input_text(name, shape)}" for name, shape in settings.inputs.items()])
    hint = f"the spec is of the sizes that it was imported at: `archcost import {source} {asked}` imports it at these"
    return tuple([each._replace(help=hint) for each in found])


def check(spec: Spec, settings: Settings = AS_IT_STANDS) -> tuple[Diagnostic, ...]:
    """The warnings of a parsed spec, of which nothing is costed; raises SpecError for one that is wrong.

    A file that holds only blocks is checked as such.
    """
    from archcost.analysis.warnings import text_warnings, warnings_of

    with collector_paused():
        if spec.is_library:
            return text_warnings(spec)
        try:
            return warnings_of(unroll(spec, settings))
        except SpecError as error:
            raise SpecError(_at_other_sizes(spec, settings, error.diagnostics), error.partial) from None
