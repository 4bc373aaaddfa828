"""A file's message → plain nodes, functions and shapes, bounded in number and depth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import UsageError, shortened
from archcost.importers.onnx.schema import each as messages
from archcost.importers.onnx.tensors import MAX_NAME, MAX_RANK, StoredTensor, dtype_of, stored, text

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NODES = 20_000
MAX_TENSORS = 50_000
MAX_DEPTH = 8  # of graphs in attributes of nodes
_MAX_SMALL = 1000  # attributes of a node, notes at one, sets of operators
_SCOPES, _CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"

_ZEROS: dict[int, float | str] = {1: 0.0, 2: 0, 3: ""}  # by the type of an attribute

Dim = int | str | None  # a size, the name of one, or not said


class DeclaredValue(NamedTuple):
    """The shape and dtype that a file says a value to have; no shape: not even its rank is said."""

    shape: tuple[Dim, ...] | None
    dtype: str


NodeAttribute = Any  # a number, a text, a list of them, a tensor, a graph, or a reference


class CallAttribute(NamedTuple):
    """Stands for an attribute of a node within a function: the one that a call has by this name."""

    name: str


@dataclass(slots=True)
class OnnxNode:
    """A node; the domain stands before the op's name where it is not that of the standard.

    ``scopes`` and ``classes`` are the paths and classes of the modules around it, from the outermost inwards, as the
    exporter of PyTorch notes them.
    """

    op: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    overload: str = ""  # which of several functions of one name it calls

    @property
    def title(self) -> str:
        """What a message calls it."""
        name = self.name or next(filter(None, self.outputs), "")
        return f"{self.op} '{shortened(name, MAX_NAME)}'"


@dataclass(slots=True)
class OnnxGraph:
    """Nodes in the order in which they run, and what they read that no node makes."""

    nodes: list[OnnxNode]
    tensors: dict[str, StoredTensor]
    inputs: dict[str, DeclaredValue]
    outputs: tuple[str, ...]
    declared: dict[str, DeclaredValue]


class OnnxFunction(NamedTuple):
    """A function: the names of its inputs and outputs within, attributes that a call may leave out, and its nodes."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    defaults: dict[str, NodeAttribute]
    nodes: list[OnnxNode]


@dataclass(slots=True)
class OnnxFile:
    """The graph of a file, the version of the operators, and who wrote it; its functions by op and overload."""

    graph: OnnxGraph
    opset: int
    producer: str
    functions: dict[tuple[str, str], OnnxFunction] = field(default_factory=dict)


def file_of(message: Any) -> OnnxFile:
    """The file that a message is; raises UsageError for one without a graph, and for one beyond the bounds."""
    if not message.HasField("graph"):
        raise UsageError("the file is no ONNX model: it has no graph", "a file of weights alone is none")
    if len(message.opset_import) > _MAX_SMALL:
        raise UsageError(f"the file names more than {_MAX_SMALL:,} sets of operators")
    opset = next((each.version for each in messages(message, "opset_import") if _domain(each.domain) == ""), 0)
    if opset < 1:
        raise UsageError("the file does not say which version of ONNX's operators it uses")
    producer = f"{text(message.producer_name)} {text(message.producer_version)}".strip()
    counted = _Counted()
    functions = dict(map(counted.function, messages(message, "functions")))
    return OnnxFile(counted.graph(message.graph, 0), opset, producer, functions)


class _Counted:
    """Reads graphs, and counts what is in all of them."""

    def __init__(self) -> None:
        self._nodes = 0
        self._tensors = 0

    def graph(self, message: Any, depth: int) -> OnnxGraph:
        if depth > MAX_DEPTH:
            raise UsageError(f"graphs are nested more than {MAX_DEPTH} deep")
        values = len(message.initializer) + len(message.value_info) + len(message.input) + len(message.output)
        self._count(len(message.node), values)
        if message.sparse_initializer:
            raise UsageError("the file stores sparse tensors, which archcost does not read", "store them in full")
        tensors = {tensor.name: tensor for tensor in map(stored, messages(message, "initializer"))}
        inputs = {name: value for name, value in _declared(messages(message, "input")) if name not in tensors}
        outputs = dict(_declared(messages(message, "output")))
        return OnnxGraph(
            [self._node(node, depth) for node in messages(message, "node")],
            tensors,
            inputs,
            tuple(outputs),
            dict(_declared(messages(message, "value_info"))) | outputs,
        )

    def _count(self, nodes: int, values: int) -> None:
        self._nodes += nodes
        self._tensors += values
        if self._nodes > MAX_NODES or self._tensors > MAX_TENSORS:
            what = f"{self._nodes:,} nodes" if self._nodes > MAX_NODES else f"{self._tensors:,} tensors and values"
            bound = MAX_NODES if self._nodes > MAX_NODES else MAX_TENSORS
            raise UsageError(f"the graph has {what}, and {bound:,} is the most that is read")

    def function(self, message: Any) -> tuple[tuple[str, str], OnnxFunction]:
        """A function that the file defines, by what a node calls it."""
        self._count(len(message.node) + 1, len(message.input) + len(message.output) + len(message.attribute_proto))
        return (_operator(message.domain, message.name), text(message.overload)), OnnxFunction(
            tuple(map(text, message.input)),
            tuple(map(text, message.output)),
            {text(each.name): self._attribute(each, 0) for each in messages(message, "attribute_proto")},
            [self._node(node, 0) for node in messages(message, "node")],
        )

    def _node(self, message: Any, depth: int) -> OnnxNode:
        notes = {}
        if max(len(message.attribute), len(message.metadata_props)) > _MAX_SMALL:
            raise UsageError(f"a node has more than {_MAX_SMALL:,} attributes or notes")
        for entry in messages(message, "metadata_props"):
            key = text(entry.key)
            if key in (_SCOPES, _CLASSES):
                notes[key] = _listed(entry.value)
        return OnnxNode(
            _operator(message.domain, message.op_type),
            text(message.name),
            tuple(map(text, message.input)),
            tuple(map(text, message.output)),
            {text(each.name): self._attribute(each, depth) for each in messages(message, "attribute")},
            notes.get(_SCOPES, ()),
            notes.get(_CLASSES, ()),
            text(message.overload),
        )

    def _attribute(self, message: Any, depth: int) -> NodeAttribute:
        """The value of an attribute, whatever its type says: old files do not say one."""
        if message.ref_attr_name:
            return CallAttribute(text(message.ref_attr_name))
        if message.HasField("g"):
            return self.graph(message.g, depth + 1)
        if message.HasField("t"):
            return stored(message.t)
        number = next((name for name in ("i", "f") if message.HasField(name)), "")
        if number:
            return getattr(message, number)
        if message.HasField("s"):
            return text(message.s)
        listed = tuple(map(text, message.strings)) or tuple(message.ints or message.floats)
        return _ZEROS.get(message.type, listed)  # a writer may leave out a number that is 0


def _declared(values: Iterable[Any]) -> Iterable[tuple[str, DeclaredValue]]:
    """The values that have a type, by name."""
    for value in values:
        kind = value.type.tensor_type
        dtype = dtype_of(kind.elem_type)
        if not kind.HasField("shape") or len(kind.shape.dim) > MAX_RANK:
            yield text(value.name), DeclaredValue(None, dtype)
        else:
            yield text(value.name), DeclaredValue(tuple(map(_dim, messages(kind.shape, "dim"))), dtype)


def _dim(dim: Any) -> Dim:
    if dim.HasField("dim_value") and dim.dim_value > 0:
        return dim.dim_value  # type: ignore[no-any-return]  # a whole number
    return text(dim.dim_param) or None


def _operator(domain: bytes, name: bytes) -> str:
    """An operator's name, behind its domain where it is not that of the standard."""
    return f"{_domain(domain)}.{text(name)}".removeprefix(".")


def _domain(data: bytes) -> str:
    name = text(data)
    return "" if name == "ai.onnx" else name


def _listed(data: bytes) -> tuple[str, ...]:
    """The words of a list as Python prints it: ``['', 'layer1', 'layer1.0']``."""
    inner = text(data).strip().removeprefix("[").removesuffix("]")
    return tuple([word.strip().strip("'\"") for word in inner.split(",")]) if inner else ()
