"""The graph as rewrites look at it: who reads what, what follows, and what its steps give."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.graph.model import REPEAT
from archcost.importers.yaml_values import value_text
from archcost.ops.base import OpError, apply, raise_on_false
from archcost.ops.facets import Work
from archcost.ops.fields import AttributeValueError
from archcost.paths import above, scopes
from archcost.spec.expressions import Expression
from archcost.spec.model import all_steps

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from archcost.dims import Shape
    from archcost.errors import Mark
    from archcost.graph.model import Graph
    from archcost.ops.base import Op
    from archcost.spec.model import Spec, Step

Place = tuple[str, int, int]  # file, line and column of a step


class GraphView:
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

    def weights(self, index: int) -> dict[str, Shape]:
        """The learnable tensors of a node by name, whoever owns them."""
        return self.nodes[index].signature.weights()

    def readers(self, index: int, place: int = 0) -> list[int]:
        """The nodes that read an output of a node, in order."""
        return self._readers.get(self.nodes[index].first_value + place, [])

    def beside(self, index: int, place: int = 0) -> list[int]:
        """The nodes that read an input of a node, itself among them; it may be one of the model's."""
        return self._readers[self.nodes[index].inputs[place]]

    def is_output(self, index: int, place: int | None = None) -> bool:
        """Whether an output of the model is one of the node; with a place, whether it is this one."""
        first = self.nodes[index].first_value
        if place is not None:
            return first + place in self._kept
        return any(value in self._kept for value in range(first, first + len(self.nodes[index].outputs)))

    def after(self, index: int | None) -> int | None:
        """The only reader of the only output of a node, which is none of the model's; None if there is no such node."""
        if index is None or len(self.nodes[index].outputs) != 1 or self.is_output(index):
            return None
        readers = self.readers(index)
        return readers[0] if len(readers) == 1 else None

    def source(self, index: int | None, place: int = 0) -> tuple[int, int] | None:
        """The node that makes an input of a node, and which of its outputs that is."""
        if index is None or place >= len(self.nodes[index].inputs):
            return None
        value = self.nodes[index].inputs[place]
        return self._producers[value] if value >= 0 else None

    def before(self, index: int | None, place: int = 0) -> int | None:
        """The node that makes an input of a node."""
        found = self.source(index, place)
        return None if found is None else found[0]

    def following(self, index: int) -> list[int]:
        """The norms, activations and dropouts behind a node, one after the other, each the only reader of the last."""
        found: list[int] = []
        reader = self.after(index)
        while reader is not None and self.passes(reader):
            found.append(reader)
            reader = self.after(reader)
        return found

    def preceding(self, index: int) -> list[int]:
        """The norms, activations and dropouts in front of a node, the nearest first."""
        found: list[int] = []
        maker = self.before(index)
        while maker is not None and self.passes(maker):
            found.append(maker)
            maker = self.before(maker)
        return found

    def between(self, index: int) -> tuple[str, ...]:
        """The norm and the activation of a node as steps, for use between new layers in its place."""
        return tuple([written(op) for op in self.ops_between(index)])

    def ops_between(self, index: int) -> list[Op]:
        """The norm and the activation of a node: those behind it, and where one is missing there, that in front of it.

        So the last convolution of a residual branch, behind which the sum comes, has those of the branch.
        """
        behind = self._working(self.following(index))
        if any(op.work is Work.ELEMENTWISE for op in behind):
            return behind
        ahead = self._working(self.preceding(index))
        norms = behind or [op for op in ahead if op.work is Work.NORM][:1]
        return norms + [op for op in ahead if op.work is Work.ELEMENTWISE][:1]

    def _working(self, indices: list[int]) -> list[Op]:
        """The ops of these nodes that do something in inference."""
        return [self.op(index) for index in indices if self.op(index).work is not Work.UNCHANGED]

    def passes(self, index: int) -> bool:
        """Whether a node is a norm, an activation or a dropout on one tensor, and keeps its shape."""
        op, inputs = self.op(index), self.nodes[index].inputs
        works = op.family == "Activation" and op.work in (Work.ELEMENTWISE, Work.UNCHANGED)
        return len(inputs) == 1 and (works or op.work is Work.NORM) and self.output(index) == self.input(index)

    def of_kind(self, kind: str) -> list[int]:
        """All nodes of a kind, in order."""
        return self._by_kind.get(kind, [])

    @cached_property
    def _by_kind(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for index, node in enumerate(self.nodes):
            found.setdefault(node.op.kind, []).append(index)
        return found

    def repeated(self, index: int) -> list[tuple[str, list[range]]]:
        """The repeated steps that begin at a node, the outermost first: the path, and the nodes of each round."""
        return self._repeated.get(index, [])

    @cached_property
    def _repeated(self) -> dict[int, list[tuple[str, list[range]]]]:
        """All repeated steps by their first nodes, in one pass over the paths."""
        rounds: dict[str, dict[str, range]] = {s.path: {} for s in self.graph.scopes if s.kind == REPEAT}
        for index, node in enumerate(self.nodes if rounds else ()):
            for path in scopes(node.path):
                known = rounds.get(above(path))
                if known is not None:
                    known[path] = range(known[path].start if path in known else index, index + 1)
        found: dict[int, list[tuple[str, list[range]]]] = {}
        for path in sorted(rounds):
            each = [*rounds[path].values()]
            if each:
                found.setdefault(each[0].start, []).append((path, each))
        return found

    def end(self, index: int) -> int:
        """The last of the nodes that follow a node, or the node itself."""
        return (self.following(index) or [index])[-1]

    def taker(self, index: int) -> int | None:
        """The only reader of a node, the norms, activations and dropouts behind it aside."""
        return self.after(self.end(index))

    def maker(self, index: int) -> int | None:
        """The node that makes the input of a node, the norms, activations and dropouts in front of it aside."""
        return self._makers[index]

    @cached_property
    def _makers(self) -> list[int | None]:
        found: list[int | None] = []
        for index in range(len(self.nodes)):
            before = self.before(index)
            found.append(found[before] if before is not None and self.passes(before) else before)
        return found

    def owns_weights(self, index: int) -> bool:
        """Whether the weights of a node are its own, and nobody else uses them."""
        return self.nodes[index].weights_of < 0 and index not in self._lent

    def is_kept(self, index: int) -> bool:
        """Whether a node has weights that the spec freezes: they are kept as they are."""
        return self.nodes[index].signature.frozen and bool(self.weights(index))

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

    def written_items(self, index: int, name: str) -> list[str]:
        """The items of a list that the step of a node gives for an attribute, expressions with their ``$``.

        Empty where it gives no list, or one expression for all of it.
        """
        step = self.step(index)
        value = step.attributes[name].template.value if step is not None and name in step.attributes else None
        if not isinstance(value, list):
            return []
        return [item.text if isinstance(item, Expression) else str(item) for item in value]

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
        """A step for a :class:`~archcost.suggesting.edits.NewSteps`, with the attributes of a node.

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
