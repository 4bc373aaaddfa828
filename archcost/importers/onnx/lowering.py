"""A file's graph → Form: what is known is evaluated, what the file stores is a weight, and all else goes by a rule.

Shapes are those that archcost's own ops infer. Where the file says the shape of a value, too, they must agree: a rule
that gives another one is not believed. What no rule says is ``custom``, in the shape that the file says.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from archcost.dtypes import WHOLE_DTYPES
from archcost.errors import UsageError
from archcost.importers.form import Batched, FormTensor, shape_at
from archcost.importers.made_steps import Holders
from archcost.importers.onnx.branches import inlined, readers_of
from archcost.importers.onnx.graph import MAX_READ, StoredTensor
from archcost.importers.onnx.known import NotKnownError, Numbers, evaluated
from archcost.importers.onnx.making import NodeMaker
from archcost.importers.onnx.remarks import Remarks
from archcost.importers.onnx.rules import FREE, RULES
from archcost.importers.onnx.scopes import NodeScopes
from archcost.importers.onnx.values import Known, Stored
from archcost.importers.onnx.weights import is_weight
from archcost.importers.typing_steps import Typist, Unmapped
from archcost.meter import Meter

if TYPE_CHECKING:
    from archcost.importers.form import Shape
    from archcost.importers.made_steps import MadeStep
    from archcost.importers.onnx.graph import OnnxGraph, OnnxNode
    from archcost.importers.onnx.inputs import GraphInputs
    from archcost.importers.onnx.values import GraphValue

_BY_DATA = frozenset({"NonZero", "NonMaxSuppression", "Unique", "Compress"})
_LOOPS = frozenset({"Loop", "Scan"})
_PER_NODE = 500  # steps of work


class Lowering:
    """Lowers the nodes of a graph in order, those that an output needs."""

    def __init__(self, graph: OnnxGraph, opset: int, inputs: GraphInputs, dtype: str) -> None:
        self.opset = opset
        self.dtype = dtype
        self.inputs = inputs
        self.batches = (1, 2) if inputs.batched else (1,)
        self.typist = Typist(self.batches, dtype)
        self.holders = Holders()
        self.scopes = NodeScopes(graph.nodes)
        self.values: list[FormTensor] = []
        self.steps: list[MadeStep] = []
        self.names: dict[str, GraphValue] = {}
        self.sources: list[StoredTensor] = []
        self.value_of_source: dict[int, int] = {}
        self.remarks = Remarks()
        self._computed: set[int] = set()
        self._counts_constants = not any(is_weight(tensor) for tensor in graph.tensors.values())
        self._readers: dict[str, list[OnnxNode | None]] = {}
        self._done: set[int] = set()
        self.read: set[str] = set()  # names that needed nodes read
        self._meter = Meter()
        for given in inputs.inputs:
            self.values.append(given.tensor)
            self.names[given.name] = len(self.values) - 1
        self.outputs = self._outputs(graph)

    def _outputs(self, graph: OnnxGraph) -> list[int]:
        self.run(graph)
        found = []
        for name in graph.outputs:
            value = self.named(name)
            if not isinstance(value, int):
                value = self._made(graph, value, name)
            found.append(value)
        if any(value < len(self.inputs.inputs) for value in found):
            raise UsageError("the model gives its input as it is: no spec can say that")
        return found

    def _made(self, graph: OnnxGraph, value: GraphValue, name: str) -> int:
        """An output that no input changes."""
        if not graph.nodes:
            raise UsageError("the model gives what the file stores: no spec can say that")
        maker = NodeMaker(self, graph.nodes[-1])
        try:
            found = maker.value_of(value, name)
        except Unmapped as reason:
            raise UsageError(f"archcost cannot say the output '{name}': {reason}") from None
        self._enter(maker)
        return found

    def run(self, graph: OnnxGraph) -> None:
        """Lower the nodes of a graph, which may be that of a branch."""
        for tensor in graph.tensors.values():
            self.names[tensor.name] = self._source(tensor)
        readers, alive = readers_of(graph)
        for name, nodes in readers.items():
            self._readers.setdefault(name, []).extend(nodes)
            self.read.add(name)
        for node in alive:
            if id(node) not in self._done:
                self._meter.spend(_PER_NODE + len(node.inputs), None)
                self._meter.grant(_PER_NODE)
                self._lower(node, graph)

    # --- names ----------------------------------------------------------------------------------------------------

    def named(self, name: str) -> GraphValue:
        """What a name stands for; raises UsageError for one that nothing has made."""
        try:
            return self.names[name]
        except KeyError:
            raise UsageError(f"the graph reads '{name}', which nothing in it makes") from None

    def shape(self, given: GraphValue) -> Shape:
        """The shape of what a name stands for."""
        return self.values[given].shape if isinstance(given, int) else given.shape

    def known(self, given: GraphValue, *, few: bool = True) -> Known | None:
        """What is known of the numbers of a value; of ``few`` only: not of weights."""
        if isinstance(given, Known):
            return given
        if isinstance(given, int):
            return None
        source = self.sources[given.source]
        if source.numbers is None or source.shape != given.shape:
            return None
        if few and given.elements > 1 and given.dtype not in WHOLE_DTYPES:
            return None
        return Known(given.shape, (source.numbers,) * len(self.batches), given.dtype)

    def is_computed(self, source: int) -> bool:
        """Whether a tensor is made of nothing, and none that was trained."""
        return source in self._computed

    def sole_reader(self, name: str) -> OnnxNode | None:
        """The only node that reads a name; None if there are others, or it is an output."""
        readers = self._readers.get(name, [])
        return readers[0] if len(readers) == 1 else None

    def is_read(self, name: str) -> bool:
        """Whether a needed node reads a name, or it is an output."""
        return name in self._readers

    def own_source(self, source: int) -> int:
        """The tensor that a layer holds: a copy of one that another layer has, where all its numbers are the same.

        Exporters store what is equal once, and that of layers which were never trained is equal by chance.
        """
        tensor = self.sources[source]
        if not tensor.uniform or source not in self.holders:
            return source
        self.sources.append(tensor)
        self.remarks.copied.add(tensor.name)
        return len(self.sources) - 1

    def _source(self, tensor: StoredTensor, *, computed: bool = False) -> GraphValue:
        if 0 in tensor.shape:
            return Known(tensor.shape, ((),) * len(self.batches), tensor.dtype)
        self.sources.append(tensor)
        number = len(self.sources) - 1
        if computed:
            self._computed.add(number)
        return Stored(number, tensor.shape, tensor.dtype)

    # --- nodes ----------------------------------------------------------------------------------------------------

    def _lower(self, node: OnnxNode, graph: OnnxGraph) -> None:
        if node.op == "If":
            branch, names = inlined(node, self._truth(node))
            self.run(branch)
            self.names.update({outer: self.named(inner) for outer, inner in names.items() if outer})
            return
        if node.op in _LOOPS:
            hint = "export the model with its loops unrolled, or the part that it repeats"
            raise UsageError(f"{node.title} repeats a graph as often as data says: archcost costs no loops", hint)
        if self._evaluate(node) or self._arrange(node):
            return
        maker = NodeMaker(self, node)
        try:
            values = self._by_rule(maker, graph)
        except Unmapped as reason:
            maker = NodeMaker(self, node)
            values = self._custom(maker, graph, str(reason))
        self._enter(maker)
        self.names.update({name: value for name, value in zip(node.outputs, values, strict=False) if name})
        for other, value in maker.also:
            self._done.add(id(other))
            self.names[other.outputs[0]] = value

    def _truth(self, node: OnnxNode) -> bool:
        known = self.known(self.named(node.inputs[0])) if node.inputs else None
        if known is None or any(len(set(data)) != 1 or data != known.data[0] for data in known.data):
            hint = "export the model for one of its branches"
            raise UsageError(f"which branch of {node.title} runs depends on data: archcost costs one path", hint)
        return bool(known.data[0][0])

    def _evaluate(self, node: OnnxNode) -> bool:
        """Whether a node computes with known numbers alone; what it gives is known then."""
        if node.op in ("Shape", "Size"):
            self.names[node.outputs[0]] = self._measured(node)
            return True
        value = node.attributes.get("value")
        if node.op == "Constant" and isinstance(value, StoredTensor):
            stored = value._replace(name=node.outputs[0])
            self.names[node.outputs[0]] = self._source(stored, computed=not self._counts_constants)
            return True
        given = [self.known(self.named(name)) if name else None for name in node.inputs]
        if any(name and each is None for name, each in zip(node.inputs, given, strict=True)):
            return False
        try:
            found = [evaluated(node, [_at(each, place) for each in given]) for place in range(len(self.batches))]
        except NotKnownError:
            return False
        self._meter.spend(sum([len(each.data) for each in found[0]]), None)
        if any([each.shape for each in other] != [each.shape for each in found[0]] for other in found):
            return False
        for place, name in enumerate(node.outputs[: len(found[0])]):
            first = found[0][place]
            if prod(first.shape) > 1 and first.dtype not in WHOLE_DTYPES and node.op == "ConstantOfShape":
                self.names[name] = self._source(StoredTensor(name, first.shape, first.dtype, None), computed=True)
            else:
                self.names[name] = Known(first.shape, tuple([each[place].data for each in found]), first.dtype)
        return True

    def _measured(self, node: OnnxNode) -> Known:
        """The shape of a value, or a stretch of it, or its number of elements."""
        shape = self.shape(self.named(node.inputs[0]))
        sizes = [shape_at(shape, batch) for batch in self.batches]
        if node.op == "Size":
            return Known((), tuple([(prod(each),) for each in sizes]), "int64")
        start, end = node.attributes.get("start", 0), node.attributes.get("end")
        cut = tuple([each[start:end] for each in sizes])
        return Known((len(cut[0]),), cut, "int64")

    def _arrange(self, node: OnnxNode) -> bool:
        """Whether a node only rearranges a tensor of the file: then its result is that tensor still."""
        if node.op == "ConstantOfShape":
            return self._filled(node)
        given = self.names.get(node.inputs[0]) if node.inputs else None
        if not isinstance(given, Stored):
            return False
        if node.op in ("Identity", "Dropout"):
            found: Stored | None = given
        elif node.op == "DequantizeLinear":
            found = given._replace(dtype=self.dtype)
            self.remarks.quantized = True
        elif node.op in ("Cast", "CastLike"):
            found = None if given.dtype in WHOLE_DTYPES else given
        elif node.op in ("Transpose", "Reshape", "Unsqueeze", "Squeeze", "Flatten"):
            found = self._rearranged(node, given)
        else:
            found = None
        if found is not None:
            self.names[node.outputs[0]] = found
        return found is not None

    def _rearranged(self, node: OnnxNode, given: Stored) -> Stored | None:
        """A stored tensor in another shape, by archcost's own op; None if its rule does not say it."""
        rule = RULES[node.op]
        maker = NodeMaker(self, node)
        before = len(self.values)
        self.values.append(FormTensor(given.shape, given.dtype))
        named, self.names[node.inputs[0]] = self.names[node.inputs[0]], before
        try:
            found = rule(maker)
            shape = self.values[found].shape if isinstance(found, int) else ()
        except (Unmapped, ArithmeticError, LookupError, TypeError, ValueError):
            return None
        finally:
            self.names[node.inputs[0]] = named
        whole = tuple([size for size in shape if not isinstance(size, Batched)])
        del self.values[before:]
        return given._replace(shape=whole) if len(whole) == len(shape) and prod(whole) == given.elements else None

    def _filled(self, node: OnnxNode) -> bool:
        """A tensor that is one number everywhere, and too large to be looked at: a weight to the layer that has it."""
        known = self.known(self.named(node.inputs[0]))
        if known is None or any(data != known.data[0] for data in known.data):
            return False
        shape = tuple(map(int, known.data[0]))
        value = node.attributes.get("value")
        dtype = value.dtype if isinstance(value, StoredTensor) else "float32"
        if prod(shape) <= MAX_READ and dtype in WHOLE_DTYPES:
            return False
        self.names[node.outputs[0]] = self._source(StoredTensor(node.outputs[0], shape, dtype, None), computed=True)
        return True

    # --- steps ----------------------------------------------------------------------------------------------------

    def _by_rule(self, maker: NodeMaker, graph: OnnxGraph) -> list[GraphValue]:
        rule = RULES.get(maker.node.op)
        if rule is None:
            raise Unmapped("archcost has no op for it")
        try:
            found = rule(maker)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            raise Unmapped("its attributes or inputs are not those of the operator") from None
        values: list[GraphValue] = [found] if isinstance(found, (int, Known, Stored)) else list(found)
        pairs = [*zip(maker.node.outputs, values, strict=False), *[(node.outputs[0], value) for node, value in maker.also]]
        if any(map(self.is_read, maker.node.outputs[len(values) :])):
            raise Unmapped(f"only its first {len(values)} outputs have an op")
        for name, value in pairs if not maker.also else pairs[1:]:
            self._hold_against_file(name, value, graph)
        return values

    def _hold_against_file(self, name: str, value: GraphValue, graph: OnnxGraph) -> None:
        """Raise Unmapped where the file says another shape of a value than archcost's op."""
        declared = self.inputs.resolved(graph.declared.get(name))
        if declared is None or not name:
            return
        shape = self.shape(value)
        if len(shape) == len(declared) and all(
            said is None or said == size or isinstance(said, Batched) for said, size in zip(declared, shape, strict=True)
        ):
            return
        raise Unmapped(f"its rule gives a shape of {list(shape_at(shape, 1))}, and the file says another")

    def _custom(self, maker: NodeMaker, graph: OnnxGraph, reason: str) -> list[GraphValue]:
        """A node that no rule says, in the shapes that the file says; its MACs are unknown but for known free ones."""
        node = maker.node
        shapes: list[Shape] = []
        for name in filter(None, node.outputs):
            declared = self.inputs.resolved(graph.declared.get(name))
            sizes = [size for size in declared or () if size is not None]
            if declared is None or len(sizes) < len(declared):
                raise self._without_shape(node, reason)
            shapes.append(tuple(sizes))
        if not shapes:
            raise UsageError(f"{node.title} gives nothing")
        dtypes = [graph.declared[name].dtype for name in filter(None, node.outputs)]
        read = [place for place in maker.places if isinstance(maker.given(place), (int, Stored))]
        try:
            inputs = list(dict.fromkeys([maker.value(place) for place in read]))
        except Unmapped as other:
            raise self._without_shape(node, str(other)) from None
        inputs.sort(key=lambda value: self.values[value].dtype != dtypes[0])  # the first says the dtype of the outputs
        free = {"macs": 0} if node.op in FREE else {}
        output = tuple(shapes) if len(shapes) > 1 else shapes[0]
        try:
            found = iter(maker.steps("custom", inputs, {"name": _one_line(node.op), "output": output, **free}))
        except Unmapped as other:
            raise self._without_shape(node, str(other)) from None
        self.remarks.customs.setdefault((node.op, reason), []).append(node.title)
        return [next(found) if name else 0 for name in node.outputs]

    def _without_shape(self, node: OnnxNode, reason: str) -> UsageError:
        if node.op in _BY_DATA:
            return UsageError(
                f"how large the output of {node.title} is depends on data",
                "archcost costs a model whose shapes follow from its inputs: export the part before",
            )
        return UsageError(
            f"archcost cannot say {node.title} ({reason}), and the file does not say the shape of its output",
            "shapes are in a file that `onnx.shape_inference.infer_shapes` was run on",
        )

    def _enter(self, maker: NodeMaker) -> None:
        """Enter the steps of a node."""
        scope = self.scopes.enter(maker.path if self.scopes.are_known else ())
        for step in maker.made:
            step.scope = scope
            self.holders.add(step)
        self.steps += maker.made
        maker.keep()
        self.remarks.see(maker, self.sources)


def _one_line(op: str) -> str:
    """The name of an operator as a spec can have it."""
    return "".join([mark for mark in op if mark.isalnum() or mark in "._-"]) or "unnamed"


def _at(known: Known | None, place: int) -> Numbers | None:
    return None if known is None else Numbers(known.shape, known.data[place], known.dtype)
