"""Uses of blocks to classes: those with the same layers, named and wired alike, are one class.

Two uses may also differ in layers that one of them leaves out, such as the projection of a residual block: where such a
layer has one input and one output, and the other use reads that input instead, both are one class with a truth value.

Rounds of a repeated step are compared in the same way: they are equal, or differ only in numbers that grow by equal
steps.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from archcost.exporting.frozen import frozen_parts
from archcost.exporting.names import Taken, class_name
from archcost.exporting.ops import LAYERS, structural
from archcost.exporting.own_layers import own_layers
from archcost.exporting.template import (
    BLOCK,
    CHAIN,
    FUNCTION,
    LOOP,
    Argument,
    Class,
    Name,
    Origin,
    Structure,
    holder_of,
)
from archcost.ops.field_types import REQUIRED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.exporting.module_tree import ModuleTree
    from archcost.exporting.template import BlockUse, Member

_PROGRESSION = 3  # rounds, at least
MAX_OPTIONAL = 3  # layers that a class may leave out; beyond that, classes are easier to read


def classes_of(kind: str, uses: list[BlockUse], tree: ModuleTree) -> list[Class]:
    """The classes of one block, in the order of their first uses."""
    shapes = [(_shape(use, tree), use) for use in uses]
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


def _shape(use: BlockUse, tree: ModuleTree) -> Structure:
    origins: dict[int, Origin] = {}
    for index, value in enumerate(use.inputs):  # one value may be several inputs: any of them may be what is read
        known = origins.get(value, ((), 0))[0]
        origins[value] = ((*known, index), -1)
    for unit in use.units:
        for index, value in enumerate(unit.writes):
            if tree.makes(unit, value):
                origins.setdefault(value, (unit.name, index))
    return Structure(
        units={unit.name: _descriptor(unit) for unit in use.units},
        reads={unit.name: tuple([origins[value] for value in unit.reads]) for unit in use.units},
        outputs=tuple([origins[value] for value in use.outputs]),
        inputs=len(use.inputs),
        shares=tuple(_shares(use, tree)),
        frozen=frozen_parts(use, tree.graph),
    )


def _descriptor(unit: Member) -> tuple[Any, ...]:
    """What a unit is, without its numbers."""
    if unit.form == BLOCK and unit.use is not None:
        return (BLOCK, unit.use.type)
    if unit.form == CHAIN:
        return (CHAIN, tuple([(item.name, _descriptor(item)) for item in unit.items]))
    if unit.form == LOOP:
        return (LOOP, describe_loop(unit), *dict.fromkeys([_descriptor(item) for item in unit.items]))
    assert unit.node is not None
    op = unit.node.op
    return (unit.form, op.kind, len(unit.reads), len(unit.writes), structural(op) if unit.form == FUNCTION else ())


def _shares(use: BlockUse, tree: ModuleTree) -> Iterator[tuple[Name, str, Name]]:
    """Nodes of a use that take their weights from others of it: unit, path of the node, unit of the owner."""
    first, end = use.nodes
    for index in range(first, end):
        owner = tree.graph.nodes[index].weights_of
        if owner >= first:
            mine, theirs = holder_of(use.units, index), holder_of(use.units, owner)
            if mine.layer_at(index) is not theirs.layer_at(owner):  # else a block shares within itself
                yield mine.name, tree.graph.nodes[index].path[len(use.path) :], theirs.name


def _ambiguity(shape: Structure) -> int:
    """Whether inputs of a use are the same value, so that a layer may read either."""
    return max([len(origin[0]) for reads in shape.reads.values() for origin in reads if origin[1] < 0], default=1)


def _left_out(known: Class, shape: Structure) -> set[Name]:
    """The units of a class that a use does not have."""
    return known.shape.units.keys() - shape.units.keys()


def _fits(full: Structure, other: Structure, left_out: set[Name]) -> bool:
    """Whether a use is that of the full shape, apart from units that it leaves out."""
    if len(left_out) > MAX_OPTIONAL or full.shares != other.shares or full.inputs != other.inputs:
        return False
    if any(name not in full.units or full.units[name] != unit for name, unit in other.units.items()):
        return False
    if tuple([part for part in full.frozen if part[0] not in left_out]) != other.frozen:
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


def _can_be_left_out(full: Structure, name: Name) -> bool:
    """Whether a unit is a module with one input and one output, in whose place nn.Identity can stand."""
    if full.units[name][0] == FUNCTION or len(full.reads[name]) != 1 or any(name in share for share in full.shares):
        return False
    origins = [origin for reads in full.reads.values() for origin in reads] + list(full.outputs)
    return all(origin[1] <= 0 for origin in origins if origin[0] == name)


def name_classes(groups: list[list[Class]], model: str) -> None:
    """Give every class a name: that of its block, and what the larger of several have more."""
    taken = Taken(own_layers())
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


def arguments_of(unit: Member) -> list[Argument]:
    """The arguments of the constructor of a layer or of a use of a block."""
    if unit.use is not None:
        index = unit.use.index
        return [
            Argument(
                parameter.name,
                parameter.values[index],
                parameter.default,
                parameter.is_input and parameter.default is REQUIRED,
                parameter.param,
                reads=0 if parameter.is_input else None,
            )
            for parameter in unit.use.type.parameters
        ]
    if unit.arguments is None:
        assert unit.node is not None
        shapes = unit.node.signature.input_shapes
        unit.arguments = LAYERS[unit.kind].arguments(unit.node.op, shapes)
    return unit.arguments


def signature(unit: Member) -> tuple[Any, ...]:
    """What a unit is, with all its numbers."""
    if unit.items:
        return (unit.form, *[(item.name, signature(item)) for item in unit.items])
    made = unit.use.type if unit.use is not None else unit.kind
    return (made, *[(type(argument.value), argument.value) for argument in arguments_of(unit)])


def is_uniform(rounds: Sequence[Member]) -> bool:
    """Whether rounds are equal, or their whole numbers grow by equal steps."""
    signatures = [signature(unit) for unit in rounds]
    if all(found == signatures[0] for found in signatures):
        return True
    if len(rounds) < _PROGRESSION or rounds[0].items:
        return False
    columns = list(zip(*signatures, strict=False))
    if len({len(found) for found in signatures}) > 1 or len(set(columns[0])) > 1:
        return False
    return all(_is_progression([value for _, value in column]) for column in columns[1:])


def run_ends(uses: Sequence[Sequence[Member]]) -> Iterator[int]:
    """The ends of the longest runs of uniform rounds that all uses have; all have the same number of rounds."""
    end, count = 0, len(uses[0])
    while end < count:
        start = end
        end += 1
        for size in (2, _PROGRESSION):
            if start + size <= count and all(is_uniform(items[start : start + size]) for items in uses):
                end = start + size
                while end < count and all(is_uniform(items[end - size + 1 : end + 1]) for items in uses):
                    end += 1
                break
        yield end


def _is_progression(values: Sequence[Any]) -> bool:
    if all(value == values[0] for value in values):
        return True
    if not all(type(value) is int for value in values):
        return False
    return len({after - before for before, after in pairwise(values)}) == 1


def describe_loop(unit: Member) -> tuple[Any, ...]:
    """What of a repeated step belongs to the structure: nothing if its rounds are equal, else the number of rounds.

    The first round may be another than the rest, as in a stage of residual blocks, of which only the first projects.
    """
    kinds = [(item.use.type if item.use is not None else item.kind, item.form, len(item.items)) for item in unit.items]
    if len(set(kinds[1:])) <= 1 and is_uniform(unit.items[1:]):
        return tuple(kinds[:2]) if kinds[0] != kinds[-1] else ()
    if len(set(kinds)) == 1 and is_uniform(unit.items):
        return ()
    return (len(unit.items), *[signature(item)[0] for item in unit.items])
