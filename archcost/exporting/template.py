"""The data that the export is made of: what a class holds, in all of its uses.

The graph's members (:class:`Member`) stand in the uses of blocks (:class:`BlockUse`). Uses of one structure are one
:class:`Class`, in rows. Whatever differs between them is a :class:`Slot`; a constructor takes it as a
:class:`ClassParameter`. The verbs are in the modules above.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.exporting.names import literal, same, type_text
from archcost.ops.field_types import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from archcost.errors import Mark
    from archcost.graph.model import Node
    from archcost.spec.expressions import Expression

Name = tuple[str, ...]
Origin = tuple[Any, int]  # what made a value: a unit's name and the number of the output, or "input"s it may be
LAYER, FUNCTION, BLOCK, CHAIN, LOOP = "layer", "function", "block", "chain", "loop"


class _Missing:
    def __repr__(self) -> str:
        return "missing"


MISSING: Any = _Missing()  # the value of a slot in a use that leaves its layer out


class Argument(NamedTuple):
    """One argument of a layer or function.

    ``default`` is what torch takes when it is left out; ``attribute`` is the op's, or empty for what the input has, of
    which ``reads`` is the number; ``item`` is the place in an attribute that is a list.
    """

    name: str
    value: Any
    default: Any = REQUIRED
    positional: bool = False
    attribute: str = ""
    item: int | None = None
    reads: int | None = None


class Member:
    """One thing that a class holds or calls: the values it reads and writes, and the nodes it stands for."""

    __slots__ = (
        "arguments",
        "branch",
        "end",
        "form",
        "items",
        "mark",
        "name",
        "node",
        "reads",
        "start",
        "use",
        "writes",
    )

    def __init__(self, form: str, name: tuple[str, ...], nodes: tuple[int, int], mark: Mark) -> None:
        self.form = form
        self.name = name  # of the module, from the class that holds it
        self.start, self.end = nodes
        self.mark = mark  # of its step
        self.reads: tuple[int, ...] = ()
        self.writes: tuple[int, ...] = ()
        self.node: Node | None = None  # of a layer or function
        self.arguments: list[Argument] | None = None  # of its constructor, once asked for
        self.use: BlockUse | None = None  # of a block
        self.items: list[Member] = []  # of a chain or loop
        self.branch = ""  # the branch whose result it is

    @property
    def is_parted(self) -> bool:
        """Whether it gives its results as a list of parts, even if there is one."""
        return self.node is not None and not self.node.op.main_output

    @property
    def kind(self) -> str:
        """The op of a layer or function."""
        return self.node.op.kind if self.node is not None else ""

    @property
    def torch_name(self) -> str:
        """The class or function of a layer or function."""
        return self.node.op.torch_name if self.node is not None else ""

    def layer_at(self, index: int) -> Member:
        """The layer, function or block in it that holds a node."""
        return holder_of(self.items, index).layer_at(index) if self.items else self

    def layers(self) -> list[Member]:
        """The layers, functions and blocks in it, itself included."""
        return [layer for item in self.items for layer in item.layers()] if self.items else [self]


def holder_of(units: Sequence[Member], index: int) -> Member:
    """The unit that holds a node, of several in order."""
    return units[bisect_right(units, index, key=lambda unit: unit.start) - 1]


class BlockUse:
    """One use of a block or group, or the model: its resolved params, the values it takes and gives, its units."""

    __slots__ = (
        "gives",
        "height",
        "index",
        "inputs",
        "is_block",
        "kind",
        "nodes",
        "outputs",
        "params",
        "path",
        "type",
        "units",
    )

    def __init__(self, kind: str, path: str, params: Mapping[str, Any], *, is_block: bool = False) -> None:
        self.kind = kind  # of a block or group its name; empty for the model
        self.path = path
        self.params = params
        self.is_block = is_block
        self.height = 0  # of the uses in one another, up to this one
        self.inputs: tuple[int, ...] = ()
        self.outputs: tuple[int, ...] = ()
        self.gives: frozenset[int] = frozenset()  # its outputs, to look one up
        self.nodes = (0, 0)
        self.units: list[Member] = []
        self.type: Any = None  # its class, and its number among the uses of that
        self.index = 0

    def needed(self) -> list[Member]:
        """The units whose results are used, in order."""
        wanted = set(self.outputs)
        found: list[Member] = []
        for unit in reversed(self.units):
            if not wanted.isdisjoint(unit.writes):
                wanted |= set(unit.reads)
                found.append(unit)
        return found[::-1]


class Structure(NamedTuple):
    """The structure of a use: what each unit is, what it reads, and what comes out."""

    units: dict[Name, Any]
    reads: dict[Name, tuple[Origin, ...]]
    outputs: tuple[Origin, ...]
    inputs: int
    shares: tuple[tuple[Name, str, Name], ...]
    frozen: tuple[tuple[Name, str], ...]  # units, or items of theirs, whose weights need no gradients


class ClassRow:
    """One unit in all uses of a class; None where a use leaves it out."""

    __slots__ = ("pattern", "units")

    def __init__(self, pattern: Member, units: list[Member | None]) -> None:
        self.pattern = pattern
        self.units = units

    @property
    def is_optional(self) -> bool:
        """Whether some use leaves it out."""
        return None in self.units


class Slot:
    """A value in a class: one for each use, what it is called, and the text that stands for it."""

    __slots__ = ("argument", "default", "expression", "grows", "inputs", "is_input", "layer", "text", "values")

    def __init__(self, argument: str, layer: str, values: Sequence[Any], default: Any = REQUIRED) -> None:
        self.default = default  # of a parameter for it
        self.argument = argument
        self.layer = layer
        self.values = list(values)
        self.expression: Expression | None = None  # what the spec says
        self.inputs: dict[str, Slot] = {}  # what in_channels and the like stand for in it
        self.is_input = False  # a size of what the class takes
        self.grows = False  # with the batch: so many times that
        self.text = ""

    @property
    def known(self) -> list[Any]:
        """The values of the uses that have it."""
        return [value for value in self.values if value is not MISSING]

    @property
    def is_constant(self) -> bool:
        """Whether it is the same in all uses."""
        known = self.known
        return all(same(value, known[0]) for value in known)


class ClassParameter:
    """A parameter of a constructor: its values in all uses, and its default."""

    __slots__ = ("default", "is_input", "name", "param", "values")

    def __init__(self, name: str, values: Sequence[Any], param: str = "") -> None:
        self.name = name
        self.values = list(values)
        self.param = param  # of the block
        self.default: Any = REQUIRED
        self.is_input = False

    @property
    def declaration(self) -> str:
        """``stride: int = 1``."""
        default = "" if self.default is REQUIRED else f" = {literal(self.default)}"
        return f"{self.name}: {type_text(self.values)}{default}"


@dataclass(frozen=True)
class BatchPlace:
    """Where a forward pass finds the batch: a dim of one of its inputs, which may have several rows for a sample."""

    number: int  # of the input
    dim: int
    per_sample: Slot


class Class:
    """A class of the source: the uses that it stands for, in rows of units; the fullest use is the pattern."""

    def __init__(self, kind: str, shape: Structure, pattern: BlockUse) -> None:
        self.kind = kind
        self.name = ""
        self.shape = shape
        self.pattern = pattern
        self.uses: list[BlockUse] = [pattern]
        self.rows: list[ClassRow] = []
        self.parameters: list[ClassParameter] = []
        self.batch: BatchPlace | None = None  # where the forward pass finds the batch, if it needs it

    def __repr__(self) -> str:
        return f"Class({self.name!r}, {len(self.uses)} uses)"

    def close(self) -> None:
        """Number the uses and align their units."""
        self.uses.sort(key=lambda use: use.nodes)
        units = []
        for index, use in enumerate(self.uses):
            use.type, use.index = self, index
            units.append({unit.name: unit for unit in use.units})
        needed = set(self.pattern.needed())
        self.rows = [
            ClassRow(unit, [named.get(unit.name) for named in units])
            for unit in self.pattern.units
            if unit.form != FUNCTION or unit in needed
        ]
