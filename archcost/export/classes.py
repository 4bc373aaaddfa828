"""Uses of blocks to classes: those with the same layers, named and wired alike, are one class.

Two uses may also differ in layers that one of them leaves out, such as the projection of a residual block: where such a
layer has one input and one output, and the other use reads that input instead, both are one class with a truth value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.export.helpers import HELPERS
from archcost.export.names import Taken, class_name
from archcost.export.ops import structural
from archcost.export.units import BLOCK, CHAIN, FUNCTION, LOOP, holder_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from archcost.export.parameters import Parameter
    from archcost.export.plans import BatchPlace
    from archcost.export.units import Tree, Unit, Use

MAX_OPTIONAL = 3  # layers that a class may leave out; beyond that, classes are easier to read
Name = tuple[str, ...]
Origin = tuple[Any, int]  # what made a value: a unit's name and the number of the output, or "input"s it may be


class Shape(NamedTuple):
    """The structure of a use: what each unit is, what it reads, and what comes out."""

    units: dict[Name, Any]
    reads: dict[Name, tuple[Origin, ...]]
    outputs: tuple[Origin, ...]
    inputs: int
    shares: tuple[tuple[Name, str, Name], ...]


class Row:
    """One unit in all uses of a class; None where a use leaves it out."""

    __slots__ = ("pattern", "units")

    def __init__(self, pattern: Unit, units: list[Unit | None]) -> None:
        self.pattern = pattern
        self.units = units

    @property
    def is_optional(self) -> bool:
        """Whether some use leaves it out."""
        return None in self.units


class Class:
    """A class of the source: the uses that it stands for, in rows of units; the fullest use is the pattern."""

    def __init__(self, kind: str, shape: Shape, pattern: Use) -> None:
        self.kind = kind
        self.name = ""
        self.shape = shape
        self.pattern = pattern
        self.uses: list[Use] = [pattern]
        self.rows: list[Row] = []
        self.parameters: list[Parameter] = []
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
            Row(unit, [named.get(unit.name) for named in units])
            for unit in self.pattern.units
            if unit.form != FUNCTION or unit in needed
        ]


def kinds_in_order(tree: Tree) -> Iterator[tuple[str, list[Use]]]:
    """The uses of every block, the blocks that a block uses before it; the model comes last."""
    uses: dict[str, list[Use]] = {}
    for use in tree.uses:
        uses.setdefault(use.kind, []).append(use)
    inner = {kind: _used(found) for kind, found in uses.items()}
    done: set[str] = set()

    def visit(kind: str) -> Iterator[tuple[str, list[Use]]]:
        done.add(kind)
        for below in inner[kind]:
            if below not in done:
                yield from visit(below)
        yield kind, uses[kind]

    yield from visit("")


def _used(uses: Iterable[Use]) -> dict[str, None]:
    """The blocks that some uses use."""
    return {
        layer.use.kind: None for use in uses for unit in use.units for layer in unit.layers() if layer.use is not None
    }


def classes_of(kind: str, uses: list[Use], tree: Tree, describe: Callable[[Unit], Any]) -> list[Class]:
    """The classes of one block, in the order of their first uses; ``describe`` says what a repeated step is."""
    shapes = [(_shape(use, tree, describe), use) for use in uses]
    shapes.sort(key=lambda pair: (_ambiguity(pair[0]), -len(pair[0].units), pair[1].nodes))
    classes: list[Class] = []
    for shape, use in shapes:
        work = len(shape.units) + len(shape.shares)
        home = None
        for known in classes:
            tree.meter.spend(work, use.units[0].mark if use.units else None)
            if _fits(known.shape, shape, _left_out(known, shape)):
                home = known
                break
        if home is None:
            classes.append(Class(kind, shape, use))
        else:
            home.uses.append(use)
    for made in classes:
        made.close()
    return sorted(classes, key=lambda made: made.uses[0].nodes)


def _shape(use: Use, tree: Tree, describe: Callable[[Unit], Any]) -> Shape:
    origins: dict[int, Origin] = {}
    for index, value in enumerate(use.inputs):  # one value may be several inputs: any of them may be what is read
        known = origins.get(value, ((), 0))[0]
        origins[value] = ((*known, index), -1)
    for unit in use.units:
        for index, value in enumerate(unit.writes):
            if tree.makes(unit, value):
                origins.setdefault(value, (unit.name, index))
    return Shape(
        units={unit.name: _descriptor(unit, describe) for unit in use.units},
        reads={unit.name: tuple([origins[value] for value in unit.reads]) for unit in use.units},
        outputs=tuple([origins[value] for value in use.outputs]),
        inputs=len(use.inputs),
        shares=tuple(_shares(use, tree)),
    )


def _descriptor(unit: Unit, describe: Callable[[Unit], Any]) -> tuple[Any, ...]:
    """What a unit is, without its numbers."""
    if unit.form == BLOCK and unit.use is not None:
        return (BLOCK, unit.use.type)
    if unit.form == CHAIN:
        return (CHAIN, tuple([(item.name, _descriptor(item, describe)) for item in unit.items]))
    if unit.form == LOOP:
        return (LOOP, describe(unit), *dict.fromkeys([_descriptor(item, describe) for item in unit.items]))
    assert unit.node is not None
    op = unit.node.op
    return (unit.form, op.kind, len(unit.reads), len(unit.writes), structural(op) if unit.form == FUNCTION else ())


def _shares(use: Use, tree: Tree) -> Iterator[tuple[Name, str, Name]]:
    """Nodes of a use that take their weights from others of it: unit, path of the node, unit of the owner."""
    first, end = use.nodes
    for index in range(first, end):
        owner = tree.graph.nodes[index].weights_of
        if owner >= first:
            mine, theirs = holder_of(use.units, index), holder_of(use.units, owner)
            if mine.layer_at(index) is not theirs.layer_at(owner):  # else a block shares within itself
                yield mine.name, tree.graph.nodes[index].path[len(use.path) :], theirs.name


def _ambiguity(shape: Shape) -> int:
    """Whether inputs of a use are the same value, so that a layer may read either."""
    return max([len(origin[0]) for reads in shape.reads.values() for origin in reads if origin[1] < 0], default=1)


def _left_out(known: Class, shape: Shape) -> set[Name]:
    """The units of a class that a use does not have."""
    return known.shape.units.keys() - shape.units.keys()


def _fits(full: Shape, other: Shape, left_out: set[Name]) -> bool:
    """Whether a use is that of the full shape, apart from units that it leaves out."""
    if len(left_out) > MAX_OPTIONAL or full.shares != other.shares or full.inputs != other.inputs:
        return False
    if any(name not in full.units or full.units[name] != unit for name, unit in other.units.items()):
        return False
    if not all(_can_be_left_out(full, name) for name in left_out):
        return False

    def through(origin: Origin) -> Origin:
        while origin[0] in left_out:
            origin = full.reads[origin[0]][0]
        return origin

    pairs = [(full.outputs, other.outputs), *[(full.reads[name], reads) for name, reads in other.reads.items()]]
    return all(len(mine) == len(theirs) and all(map(_is_origin, map(through, mine), theirs)) for mine, theirs in pairs)


def _is_origin(mine: Origin, theirs: Origin) -> bool:
    if mine[1] < 0 or theirs[1] < 0:
        return mine[1] == theirs[1] and set(mine[0]) <= set(theirs[0])
    return mine == theirs


def _can_be_left_out(full: Shape, name: Name) -> bool:
    """Whether a unit is a module with one input and one output, in whose place nn.Identity can stand."""
    if full.units[name][0] == FUNCTION or len(full.reads[name]) != 1 or any(name in share for share in full.shares):
        return False
    origins = [origin for reads in full.reads.values() for origin in reads] + list(full.outputs)
    return all(origin[1] <= 0 for origin in origins if origin[0] == name)


def name_classes(groups: list[list[Class]], model: str) -> None:
    """Give every class a name: that of its block, and what the larger of several have more."""
    taken = Taken(HELPERS)
    groups[-1][0].name = taken.free(class_name(model))
    taken.add(groups[-1][0].name)
    for classes in groups[:-1]:
        base = class_name(classes[0].kind)
        base += "Block" * (base == groups[-1][0].name)
        smallest = min(classes, key=lambda made: (len(made.shape.units), made.uses[0].nodes))
        smallest.name = taken.free(base)
        taken.add(smallest.name)
        for made in classes:
            if made is not smallest:
                made.name = taken.free(base + _more(made, smallest))
                taken.add(made.name)


def _more(made: Class, smallest: Class) -> str:
    """The names of one or two units that a class has and the smallest has not."""
    names = [name for name in made.shape.units if name not in smallest.shape.units]
    words = list(dict.fromkeys([class_name(name[0]) for name in names]))
    return "".join(words) if len(words) <= 2 else ""  # noqa: PLR2004 - more would not be a name
