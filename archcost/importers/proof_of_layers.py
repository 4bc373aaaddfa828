"""The layers of a spec against the steps of the model that it was written from."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.importers.form import Batched, Worded, shape_at
from archcost.ops import REGISTRY
from archcost.paths import DOT, join
from archcost.phrases import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from archcost.analysis.report import Report
    from archcost.dims import Shape
    from archcost.importers.form import Attribute, Form, FormStep
    from archcost.ops.base import Op

_SHOWN = 4  # paths in a message
_UNKNOWN = object()  # the value of an expression
_UNORDERED = "add"  # of a residual, which reads its own result before its input


class UnlikeModel(NamedTuple):
    """Where the text and the model say different things; ``path`` is empty for the whole model.

    Without ``there``, ``here`` is what archcost refuses the text for.
    """

    path: str
    what: str  # "params", "MACs", "its shape" …
    here: str
    there: str
    batch: int = 1

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        at = "" if self.batch == 1 else f" at batch {self.batch}"
        if not self.there:
            return f"{where}{self.what} is refused{at}: {self.here}"
        return f"{where}{self.what}{at}: archcost gives {self.here}, the model has {self.there}"


def layer_differences(report: Report, model: Form, places: Sequence[int]) -> Iterator[UnlikeModel]:
    """The first layer that is not the step at its place; the inputs and outputs of the model."""
    graph, batch = report.graph, report.batch
    inputs = {name: tensor.shape for name, tensor in graph.inputs.items()}
    wanted = {given.name: shape_at(model.shape(given.value), batch) for given in model.inputs}
    if inputs != wanted:
        yield UnlikeModel("", "the inputs", str(inputs), str(wanted), batch)
        return
    if len(graph.nodes) != len(model.steps) or sorted(places) != list(range(len(model.steps))):
        yield _misplaced(report, model, places)
        return
    numbers = {-1 - place: given.value for place, given in enumerate(model.inputs)}  # of values, here to there
    for index, (node, place) in enumerate(zip(graph.nodes, places, strict=True)):
        step = model.steps[place]
        numbers.update(zip(range(node.first_value, node.first_value + len(node.outputs)), step.outputs, strict=False))
        difference = _of_layer(report, index, step, model)
        if difference is not None:
            yield difference
            return
    yield from islice(_of_reads(report, model, places, numbers), 1)


def _of_reads(report: Report, model: Form, places: Sequence[int], numbers: Mapping[int, int]) -> Iterator[UnlikeModel]:
    """The layers that read other values than their steps; the outputs of the model, where they are others."""
    graph = report.graph
    read = [(node.path, node.inputs, model.steps[place]) for node, place in zip(graph.nodes, places, strict=True)]
    pairs = [(path, "what it reads", inputs, step.inputs, step.kind) for path, inputs, step in read]
    for path, what, values, should, kind in [*pairs, ("", "the outputs", graph.outputs, model.outputs, "")]:
        reads = [numbers[value] for value in values]
        if (sorted(reads) != sorted(should)) if kind == _UNORDERED else reads != list(should):
            names = _value_names(model)
            here, there = (", ".join(map(names.__getitem__, those)) or "nothing" for those in (reads, should))
            yield UnlikeModel(path, what, here, there, report.batch)


def _of_layer(report: Report, index: int, step: FormStep, model: Form) -> UnlikeModel | None:
    """Whether a layer is the step: its op with all attributes, and the shapes of its outputs."""
    node, batch = report.graph.nodes[index], report.batch
    op = _op_of(step, batch)
    if node.op.kind != step.kind or (op is not None and node.op != op):
        return UnlikeModel(node.path, "its op", str(node.op), str(op or step.kind), batch)
    shapes = [shape_at(model.shape(value), batch) for value in step.outputs]
    if list(node.signature.output_shapes) != shapes:
        here, there = _shapes_text(node.signature.output_shapes), _shapes_text(shapes)
        return UnlikeModel(node.path, "its shape", here, there, batch)
    return None


def _op_of(step: FormStep, batch: int) -> Op | None:
    """The op of a step of the model at a batch size; None where an attribute is an expression."""
    values = {name: _plain(value, batch) for name, value in step.attributes.items()}
    return None if _UNKNOWN in values.values() else REGISTRY[step.kind](**values)


def _plain(value: Attribute, batch: int) -> Any:
    """A value as YAML would give it; ``_UNKNOWN`` if it is an expression, or has one in it."""
    if isinstance(value, Worded):
        return _UNKNOWN
    if isinstance(value, Batched):
        return value.at(batch)
    if not isinstance(value, tuple):
        return value
    items = [_plain(item, batch) for item in value]
    return _UNKNOWN if _UNKNOWN in items else items


def places_by_path(report: Report, model: Form) -> list[int]:
    """The place of each layer's step in the model, by its path; -1 where the model has no step of this path.

    A container that a spec cannot say, because other steps stand between its parts, is a part of their names:
    ``layers_0`` for ``layers.0``.
    """
    places = {model.path_of(step): index for index, step in enumerate(model.steps)}
    known: dict[str, list[int]] = {}
    for path, index in places.items():
        known.setdefault(_joined(path), []).append(index)
    single = {path: found[0] for path, found in known.items() if len(found) == 1}
    return [places.get(node.path, single.get(_joined(node.path), -1)) for node in report.graph.nodes]


def _joined(path: str) -> str:
    """A path as one name."""
    return path.replace(DOT, "_")


def _misplaced(report: Report, model: Form, places: Sequence[int]) -> UnlikeModel:
    """What there is too much or too little."""
    paths = [node.path for node in report.graph.nodes]
    extra = [path for path, place in zip(paths, places, strict=False) if place < 0]
    lost = [model.path_of(step) for index, step in enumerate(model.steps) if index not in set(places)]
    if extra or lost:
        return UnlikeModel("", "the paths", f"{_some(extra)}", f"{_some(lost)}", report.batch)
    return UnlikeModel("", "the number of layers", str(len(paths)), str(len(model.steps)), report.batch)


def _some(paths: Sequence[str]) -> str:
    return listed(paths[:_SHOWN], len(paths)) or "no other"


def _value_names(model: Form) -> dict[int, str]:
    """What stands for each value: an input's name, or the path of the step that makes it."""
    names = {given.value: given.name for given in model.inputs}
    for step in model.steps:
        path = model.path_of(step)
        several = len(step.outputs) > 1
        names |= {value: join(path, str(k)) if several else path for k, value in enumerate(step.outputs)}
    return names


def _shapes_text(shapes: Sequence[Shape]) -> str:
    return ", ".join(["×".join(map(str, shape)) or "a number" for shape in shapes])
