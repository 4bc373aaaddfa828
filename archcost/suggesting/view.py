"""The graph as rewrites look at it: who reads what, what follows, and what its steps give."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.importers.yaml_values import value_text
from archcost.ops.base import OpError, apply, raise_on_false
from archcost.ops.facets import Work
from archcost.ops.fields import AttributeValueError
from archcost.spec.model import all_steps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.graph.model import Graph
    from archcost.ops.base import Op
    from archcost.spec.model import Spec, Step

Place = tuple[str, int, int]  # file, line and column of a step


class View:
    """A graph, by the index of its nodes. Inputs of the model have no node: they are None."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes = graph.nodes
        self._producers = graph.producers()
        self._steps = steps_by_place(graph.spec)
        self._readers: dict[int, list[int]] = {}
        for index, node in enumerate(self.nodes):
            for value in dict.fromkeys(node.inputs):
                self._readers.setdefault(value, []).append(index)
        self._kept = {value for value in graph.outputs if value >= 0}
        self._lent = {node.weights_of for node in self.nodes if node.weights_of >= 0}

    def op(self, index: int) -> Op:
        """The op of a node, with its attributes as they are there."""
        return self.nodes[index].op

    def kind(self, index: int | None) -> str:
        """The kind of a node; empty for None."""
        return "" if index is None else self.nodes[index].op.kind

    def input(self, index: int, place: int = 0) -> Shape:
        """The shape of an input of a node, with the batch."""
        return self.nodes[index].signature.input_shapes[place]

    def output(self, index: int, place: int = 0) -> Shape:
        """The shape of an output of a node, with the batch."""
        return self.nodes[index].signature.output_shapes[place]

    def readers(self, index: int, place: int = 0) -> list[int]:
        """The nodes that read an output of a node, in order."""
        return self._readers.get(self.nodes[index].first_value + place, [])

    def beside(self, index: int, place: int = 0) -> list[int]:
        """The nodes that read an input of a node, itself among them; it may be one of the model's."""
        return self._readers[self.nodes[index].inputs[place]]

    def is_output(self, index: int) -> bool:
        """Whether an output of the model is one of the node."""
        first = self.nodes[index].first_value
        return any(value in self._kept for value in range(first, first + len(self.nodes[index].outputs)))

    def after(self, index: int | None) -> int | None:
        """The only reader of the only output of a node, which is none of the model's; None if there is no such node."""
        if index is None or len(self.nodes[index].outputs) != 1 or self.is_output(index):
            return None
        readers = self.readers(index)
        return readers[0] if len(readers) == 1 else None

    def before(self, index: int | None, place: int = 0) -> int | None:
        """The node that makes an input of a node."""
        if index is None or place >= len(self.nodes[index].inputs):
            return None
        value = self.nodes[index].inputs[place]
        return self._producers[value][0] if value >= 0 else None

    def follows(self, index: int) -> bool:
        """Whether a node is a norm, an activation or a dropout of one input, as stand behind layers with weights."""
        op = self.op(index)
        known = op.work is Work.NORM or op.family == "Activation" or op.kind.startswith("dropout")
        return known and len(self.nodes[index].inputs) == 1

    def following(self, index: int) -> list[int]:
        """The norms, activations and dropouts behind a node, one after the other, each the only reader of the last."""
        found: list[int] = []
        reader = self.after(index)
        while reader is not None and self.follows(reader):
            found.append(reader)
            reader = self.after(reader)
        return found

    def between(self, index: int) -> tuple[str, ...]:
        """The norm and the activation behind a node as steps, for use behind a new layer before it."""
        kinds = [self.op(one) for one in self.following(index)]
        return tuple([written(op) for op in kinds if op.work is not Work.UNCHANGED])

    def first_of(self, index: int) -> int | None:
        """The node that a chain of followers begins behind, where ``index`` is in it: itself, if it is no follower."""
        found: int | None = index
        while found is not None and self.follows(found):
            found = self.before(found)
        return found

    def end(self, index: int) -> int:
        """The last of the nodes that follow a node, or the node itself."""
        return (self.following(index) or [index])[-1]

    def owns_weights(self, index: int) -> bool:
        """Whether the weights of a node are its own, and nobody else uses them."""
        return self.nodes[index].weights_of < 0 and index not in self._lent

    def place(self, index: int) -> Place:
        """Where the step of a node stands."""
        return place_of(self.nodes[index].mark)

    def step(self, index: int) -> Step | None:
        """The step of a node, as it is in the spec."""
        return self._steps.get(self.place(index))

    def given(self, index: int) -> tuple[str, ...]:
        """The names of the attributes that the step of a node gives."""
        step = self.step(index)
        return () if step is None else tuple(step.attributes)

    def asserts(self, index: int) -> bool:
        """Whether the step of a node gives a size that follows from its input, as ``in_features``."""
        step = self.step(index)
        return step is not None and step.asserted is not None

    def output_with(self, index: int, shape: Shape, **changed: Any) -> Shape | None:
        """The shape that a node of one input would give to another input, with other attributes; None: it refuses."""
        op = self.op(index)
        try:
            other = type(op)(**vars(op) | changed)
            other.validate(raise_on_false)
            return apply(other, (shape,))[0]
        except (OpError, AttributeValueError):
            return None

    def default(self, index: int, *names: str) -> tuple[tuple[str, None], ...]:
        """Those of the attributes that the step of a node gives, taken away, for an Attributes edit."""
        given = self.given(index)
        return tuple([(name, None) for name in names if name in given])

    def call(self, index: int, kind: str = "", *, without: Collection[str] = (), **changed: Any) -> str:
        """A step for a :class:`~archcost.suggesting.edits.Body`, with the attributes of a node.

        Those that its step gives are handed on, ``out_channels: $out_channels``, but for those ``without``. ``changed``
        are values in place of them, or further ones: plain values, or expressions as text, ``$(out_channels // 2)``.
        """
        handed = {name: f"${name}" for name in self.given(index) if name not in without}
        return step_text(kind or self.kind(index), handed | changed)


def step_text(kind: str, attributes: dict[str, Any]) -> str:
    """A step as YAML on one line; texts that begin with ``$`` are expressions."""
    if not attributes:
        return kind
    parts = [f"{name}: {attribute_text(value)}" for name, value in attributes.items()]
    return f"{kind}: {{{', '.join(parts)}}}"


def attribute_text(value: Any) -> str:
    """A value of an attribute as YAML, for use inside of ``{}``."""
    if isinstance(value, str) and value.startswith("$"):
        return value if value.isascii() and not set(value) & set(",[]{}:#\"'") else f'"{value}"'
    return value_text(tuple(value) if isinstance(value, list) else value, flow=True)


def written(op: Op) -> str:
    """An op as a step: its kind, and the attributes that are not at their defaults."""
    return step_text(op.kind, op.changed())


def place_of(mark: Mark) -> Place:
    """The file, line and column of a mark."""
    return mark.source.file, mark.line, mark.column


def steps_by_place(spec: Spec) -> dict[Place, Step]:
    """All steps of a spec and of the blocks that it has, by where they stand."""
    return {place_of(step.mark): step for step in _all(spec)}


def _all(spec: Spec) -> Iterator[Step]:
    for block in (spec.main, *spec.blocks.values()):
        for step, _ in all_steps(block.steps):
            yield step
