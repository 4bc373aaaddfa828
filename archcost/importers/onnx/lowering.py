"""A file's graph → Form: what is known is evaluated, what the file stores is a weight, and all else goes by a rule.

Shapes are those that archcost's own ops infer. Where the file says the shape of a value, too, they must agree: a rule
that gives another one is not believed. What no rule says is ``custom``, in the shape that the file says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.dtypes import WHOLE_DTYPES
from archcost.errors import UsageError, shortened
from archcost.importers.form import Batched, FormTensor, shape_at
from archcost.importers.made_steps import Holders
from archcost.importers.onnx.branches import inlined, raise_on_two_makers, readers_of
from archcost.importers.onnx.customs import custom
from archcost.importers.onnx.cuts import Cut, follow, joined
from archcost.importers.onnx.making import OnnxMaker
from archcost.importers.onnx.remarks import Remarks
from archcost.importers.onnx.rules import RULES
from archcost.importers.onnx.scopes import NodeScopes
from archcost.importers.onnx.static import arrange, evaluate
from archcost.importers.onnx.tensors import MAX_NAME
from archcost.importers.onnx.values import Known, Stored
from archcost.importers.onnx.weights import constants_are_weights
from archcost.importers.typing_steps import Typist, Unmapped
from archcost.meter import Meter

if TYPE_CHECKING:
    from archcost.importers.form import Shape
    from archcost.importers.made_steps import MadeStep
    from archcost.importers.onnx.graph import OnnxFile, OnnxGraph, OnnxNode
    from archcost.importers.onnx.inputs import GraphInputs
    from archcost.importers.onnx.tensors import StoredTensor
    from archcost.importers.onnx.values import GraphValue

BATCHES = (1, 2, 6)  # at which what is known is evaluated, and shapes must be on one line
_LOOPS = frozenset({"Loop", "Scan"})
_LEAVE_OUT = "export it without this output, which costs nothing"
_PER_NODE = 500  # steps of work


class Lowering:
    """Lowers the nodes of a graph in order, those that an output needs."""

    def __init__(self, file: OnnxFile, inputs: GraphInputs, dtype: str) -> None:
        graph = file.graph
        self.opset = file.opset
        self.dtype = dtype
        self.inputs = inputs
        self.batches = BATCHES if inputs.batched else (1,)
        self.typist = Typist(self.batches, dtype)
        self.holders = Holders()
        self.scopes = NodeScopes(graph.nodes)
        self.values: list[FormTensor] = []
        self.steps: list[MadeStep] = []
        self.names: dict[str, GraphValue] = {}
        self.sources: list[StoredTensor] = []
        self.value_of_source: dict[int, int] = {}
        self.remarks = Remarks()
        self.cuts: dict[str, tuple[Cut, ...]] = {}  # what names hold that cut and join tensors of the file
        self.joined: dict[str, Stored] = {}  # the names among them that a layer has as a weight
        self._computed: set[int] = set()
        self.counts_constants = constants_are_weights(file)
        self._readers: dict[str, list[OnnxNode | None]] = {}
        self._done: set[int] = set()
        self.read: set[str] = set()  # names that needed nodes read
        self.meter = Meter()
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
            raise UsageError("the model gives its input as it is: no spec can say that", _LEAVE_OUT)
        return found

    def _made(self, graph: OnnxGraph, value: GraphValue, name: str) -> int:
        """An output that no input changes."""
        if not graph.nodes:
            raise UsageError("the model gives what the file stores: no spec can say that", _LEAVE_OUT)
        maker = OnnxMaker(self, graph.nodes[-1])
        try:
            found = maker.value_of(value, name)
        except Unmapped as reason:
            raise UsageError(f"archcost cannot say the output '{name}': {reason}") from None
        self._enter(maker)
        return found

    def run(self, graph: OnnxGraph) -> None:
        """Lower the nodes of a graph, which may be that of a branch."""
        raise_on_two_makers(graph)
        for tensor in graph.tensors.values():
            self.names[tensor.name] = self.source(tensor)
        readers, alive = readers_of(graph)
        for name, nodes in readers.items():
            self._readers.setdefault(name, []).extend(nodes)
            self.read.add(name)
        for node in alive:
            if id(node) not in self._done:
                self.meter.spend(_PER_NODE + len(node.inputs), None)
                self.meter.grant(_PER_NODE)
                self._lower(node, graph)

    # --- names ----------------------------------------------------------------------------------------------------

    def named(self, name: str) -> GraphValue:
        """What a name stands for; raises UsageError for one that nothing has made."""
        try:
            return self.names[name]
        except KeyError:
            hint = "nodes stand behind those that they read: `onnx.checker.check_model` says what else is wrong"
            shown = shortened(name, MAX_NAME)
            raise UsageError(f"the graph reads '{shown}', which nothing before it makes", hint) from None

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

    def whole(self, name: str) -> Stored | None:
        """The tensor of the file that a name stands for, in whichever order of its parts; None if it is none."""
        given = self.named(name)
        return given if isinstance(given, Stored) else joined(self, name)

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

    def source(self, tensor: StoredTensor, *, computed: bool = False) -> GraphValue:
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
        if evaluate(self, node) or arrange(self, node):
            return
        follow(self, node)
        maker = OnnxMaker(self, node)
        try:
            values = self._by_rule(maker, graph)
        except Unmapped as reason:
            maker = OnnxMaker(self, node)
            values = list(custom(self, maker, graph, str(reason)))
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

    # --- steps ----------------------------------------------------------------------------------------------------

    def _by_rule(self, maker: OnnxMaker, graph: OnnxGraph) -> list[GraphValue]:
        rule = RULES.get(maker.node.op)
        if rule is None:
            raise Unmapped("archcost has no op for it")
        try:
            found = rule(maker)
        except (ArithmeticError, LookupError, TypeError, ValueError):
            raise Unmapped("its attributes or inputs are not those of the operator") from None
        values: list[GraphValue] = [found] if isinstance(found, (int, Known, Stored)) else list(found)
        said: dict[str, GraphValue] = {other.outputs[0]: value for other, value in maker.also}
        if not said:  # else the node's own output is no value: another node's is said with it
            said.update(zip(maker.node.outputs, values, strict=False))
        if any(map(self.is_read, maker.node.outputs[len(values) :])):
            raise Unmapped(f"only its first {len(values)} outputs have an op")
        for name, value in said.items():
            self._hold_against_file(name, value, graph)
        return values

    def _hold_against_file(self, name: str, value: GraphValue, graph: OnnxGraph) -> None:
        """Raise Unmapped where the file says another shape of a value than archcost's op."""
        declared = self.inputs.resolved(graph.declared.get(name))
        if declared is None or not name:
            return
        shape = self.shape(value)
        if len(shape) == len(declared) and all(
            said is None or said == size or isinstance(said, Batched)
            for said, size in zip(declared, shape, strict=True)
        ):
            return
        raise Unmapped(f"its rule gives a shape of {list(shape_at(shape, 1))}, and the file says another")

    def _enter(self, maker: OnnxMaker) -> None:
        """Enter the steps of a node."""
        scope = self.scopes.enter(maker.path if self.scopes.are_known else ())
        for step in maker.made:
            step.scope = scope
            self.holders.add(step)
        self.steps += maker.made
        maker.keep()
        self.remarks.see(maker, self.sources)
