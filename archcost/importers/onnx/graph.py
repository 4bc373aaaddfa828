"""A file's message → plain nodes, tensors and shapes, bounded in number and depth."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from struct import iter_unpack
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import UsageError, shortened
from archcost.importers.onnx.schema import each as messages

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_NODES = 20_000
MAX_TENSORS = 50_000
MAX_DEPTH = 8  # of graphs in attributes of nodes
MAX_READ = 4096  # elements of a tensor whose numbers are looked at
_MAX_COMPARED = 2**20  # elements of a tensor that are compared with each other
_MAX_RANK = 64
_MAX_SMALL = 1000  # attributes of a node, notes at one, sets of operators
_MAX_NAME = 200  # characters of a name that are kept
_EXTERNAL = 1  # data_location: in another file, which is never opened
_SCOPES, _CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"

# By the standard's numbers: archcost's dtype, and the code of an element in raw data. What archcost has no dtype for is
# one that is as long, or the next longer one. Half and narrower numbers are not looked at.
_DTYPES = {
    1: ("float32", "f"),
    2: ("uint8", "B"),
    3: ("int8", "b"),
    4: ("int32", "H"),
    5: ("int16", "h"),
    6: ("int32", "i"),
    7: ("int64", "q"),
    9: ("bool", "?"),
    10: ("float16", "e"),
    11: ("float64", "d"),
    12: ("int64", "I"),
    13: ("int64", "Q"),
    16: ("bfloat16", ""),
    17: ("int8", ""),
    18: ("int8", ""),
    19: ("int8", ""),
    20: ("int8", ""),
    21: ("int8", ""),
    22: ("int8", ""),
    23: ("int8", ""),
}
_ZEROS: dict[int, float | str] = {1: 0.0, 2: 0, 3: ""}  # by the type of an attribute
_NO_TENSORS = {8: "text", 14: "complex numbers", 15: "complex numbers"}

Dim = int | str | None  # a size, the name of one, or not said
Number = int | float


class StoredTensor(NamedTuple):
    """A tensor that a file stores: its shape, and its numbers as long as they are few.

    ``uniform``: all its numbers are the same, as those of a norm or bias that was never trained.
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    numbers: tuple[Number, ...] | None  # None: not looked at
    uniform: bool = False

    @property
    def elements(self) -> int:
        """How many numbers it has."""
        return prod(self.shape)


class DeclaredValue(NamedTuple):
    """The shape and dtype that a file says a value to have; no shape: not even its rank is said."""

    shape: tuple[Dim, ...] | None
    dtype: str


NodeAttribute = Any  # a number, a text, a list of them, a tensor or a graph


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

    @property
    def title(self) -> str:
        """What a message calls it."""
        name = self.name or next(filter(None, self.outputs), "")
        return f"{self.op} '{shortened(name, _MAX_NAME)}'"


@dataclass(slots=True)
class OnnxGraph:
    """Nodes in the order in which they run, and what they read that no node makes."""

    nodes: list[OnnxNode]
    tensors: dict[str, StoredTensor]
    inputs: dict[str, DeclaredValue]
    outputs: tuple[str, ...]
    declared: dict[str, DeclaredValue]


@dataclass(slots=True)
class OnnxFile:
    """The graph of a file, the version of the operators, and who wrote it."""

    graph: OnnxGraph
    opset: int
    producer: str


def file_of(message: Any) -> OnnxFile:
    """The file that a message is; raises UsageError for one without a graph, and for one beyond the bounds."""
    if not message.HasField("graph"):
        raise UsageError("the file is no ONNX model: it has no graph", "a file of weights alone is none")
    if len(message.opset_import) > _MAX_SMALL:
        raise UsageError(f"the file names more than {_MAX_SMALL:,} sets of operators")
    opset = next((each.version for each in messages(message, "opset_import") if _domain(each.domain) == ""), 0)
    if opset < 1:
        raise UsageError("the file does not say which version of ONNX's operators it uses")
    producer = f"{_text(message.producer_name)} {_text(message.producer_version)}".strip()
    return OnnxFile(_Counted().graph(message.graph, 0), opset, producer)


class _Counted:
    """Reads graphs, and counts what is in all of them."""

    def __init__(self) -> None:
        self._nodes = 0
        self._tensors = 0

    def graph(self, message: Any, depth: int) -> OnnxGraph:
        if depth > MAX_DEPTH:
            raise UsageError(f"graphs are nested more than {MAX_DEPTH} deep")
        self._nodes += len(message.node)
        self._tensors += len(message.initializer) + len(message.value_info) + len(message.input) + len(message.output)
        if self._nodes > MAX_NODES or self._tensors > MAX_TENSORS:
            what = f"{self._nodes:,} nodes" if self._nodes > MAX_NODES else f"{self._tensors:,} tensors and values"
            bound = MAX_NODES if self._nodes > MAX_NODES else MAX_TENSORS
            raise UsageError(f"the graph has {what}, and {bound:,} is the most that is read")
        if message.sparse_initializer:
            raise UsageError("the file stores sparse tensors, which archcost does not read")
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

    def _node(self, message: Any, depth: int) -> OnnxNode:
        domain, notes = _domain(message.domain), {}
        if max(len(message.attribute), len(message.metadata_props)) > _MAX_SMALL:
            raise UsageError(f"a node has more than {_MAX_SMALL:,} attributes or notes")
        for entry in messages(message, "metadata_props"):
            key = _text(entry.key)
            if key in (_SCOPES, _CLASSES):
                notes[key] = _listed(entry.value)
        return OnnxNode(
            f"{domain}.{_text(message.op_type)}" if domain else _text(message.op_type),
            _text(message.name),
            tuple(map(_text, message.input)),
            tuple(map(_text, message.output)),
            {_text(each.name): self._attribute(each, depth) for each in messages(message, "attribute")},
            notes.get(_SCOPES, ()),
            notes.get(_CLASSES, ()),
        )

    def _attribute(self, message: Any, depth: int) -> NodeAttribute:
        """The value of an attribute, whatever its type says: old files do not say one."""
        if message.HasField("g"):
            return self.graph(message.g, depth + 1)
        if message.HasField("t"):
            return stored(message.t)
        number = next((name for name in ("i", "f") if message.HasField(name)), "")
        if number:
            return getattr(message, number)
        if message.HasField("s"):
            return _text(message.s)
        listed = tuple(map(_text, message.strings)) or tuple(message.ints or message.floats)
        return _ZEROS.get(message.type, listed)  # a writer may leave out a number that is 0


def stored(message: Any) -> StoredTensor:
    """A tensor of the file; raises UsageError for one that is no tensor of numbers."""
    name, shape = _text(message.name), tuple(message.dims)
    dtype, code = _dtype(message.data_type, name)
    if len(shape) > _MAX_RANK or any(size < 0 for size in shape):
        raise UsageError(f"the stored tensor '{shortened(name, _MAX_NAME)}' has no shape that a tensor can have")
    elements = prod(shape)
    numbers, uniform = None, False
    if message.data_location != _EXTERNAL:
        if elements <= MAX_READ:
            numbers = _numbers(message, code, dtype)
        uniform = 1 < elements <= _MAX_COMPARED and _is_uniform(message.raw_data, elements)
    known = numbers if numbers is not None and len(numbers) == elements else None
    return StoredTensor(name, shape, dtype, known, uniform)


def _is_uniform(raw: bytes, elements: int) -> bool:
    size, rest = divmod(len(raw), elements)
    return bool(size) and not rest and raw == raw[:size] * elements


def _numbers(message: Any, code: str, dtype: str) -> tuple[Number, ...] | None:
    """The numbers of a tensor; None for those of dtypes that are not looked at."""
    for data in (message.int64_data, message.int32_data, message.float_data, message.double_data):
        if data:
            return None if code in ("", "e") or len(data) > MAX_READ else tuple(data)
    if not code:
        return None
    size = {"?": 1, "B": 1, "b": 1, "H": 2, "h": 2, "e": 2, "i": 4, "I": 4, "f": 4}.get(code, 8)
    raw = message.raw_data
    if len(raw) % size or len(raw) > MAX_READ * size:
        return None
    found = [number for (number,) in iter_unpack(f"<{code}", raw)]
    return tuple(map(int, found)) if dtype == "bool" else tuple(found)


def _declared(values: Iterable[Any]) -> Iterable[tuple[str, DeclaredValue]]:
    """The values that have a type, by name."""
    for value in values:
        kind = value.type.tensor_type
        dtype = _DTYPES.get(kind.elem_type, ("", ""))[0]
        if not kind.HasField("shape") or len(kind.shape.dim) > _MAX_RANK:
            yield _text(value.name), DeclaredValue(None, dtype)
        else:
            yield _text(value.name), DeclaredValue(tuple(map(_dim, messages(kind.shape, "dim"))), dtype)


def _dim(dim: Any) -> Dim:
    if dim.HasField("dim_value") and dim.dim_value > 0:
        return dim.dim_value  # type: ignore[no-any-return]  # a whole number
    return _text(dim.dim_param) or None


def _dtype(number: int, name: str) -> tuple[str, str]:
    found = _DTYPES.get(number)
    if found is None:
        what = _NO_TENSORS.get(number, f"elements of the type {number}")
        raise UsageError(f"the stored tensor '{shortened(name, _MAX_NAME)}' holds {what}, which archcost does not read")
    return found


def dtype_of(number: int) -> str:
    """Archcost's dtype for the standard's number of one; empty for one that no tensor of numbers has."""
    return _DTYPES.get(number, ("", ""))[0]


def _domain(data: bytes) -> str:
    name = _text(data)
    return "" if name == "ai.onnx" else name


def _text(data: bytes) -> str:
    return data.decode(errors="replace")


def _listed(data: bytes) -> tuple[str, ...]:
    """The words of a list as Python prints it: ``['', 'layer1', 'layer1.0']``."""
    inner = _text(data).strip().removeprefix("[").removesuffix("]")
    return tuple([word.strip().strip("'\"") for word in inner.split(",")]) if inner else ()
