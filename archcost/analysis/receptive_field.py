"""Receptive fields: which positions of an input one position of a layer's output can depend on.

The size along an axis grows by (k - 1)·d·jump at a window of k positions d apart, and the jump by the factor s of its
stride; every op states its part as :meth:`~archcost.ops.base.Op.reach`. Where paths meet, the set of their fields is
kept: an Inception module sees 1, 3 and 5 positions at once. Padding counts as input, so that positions away from the
border are told; statistics of norms, causal masks, the wrapping of circular shifts and the copies that fill a padding
are not followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.intervals import longest
from archcost.analysis.receptive_algebra import jumps, read, source_field, union
from archcost.graph.model import new
from archcost.ops.reach import aligned, pointwise
from archcost.paths import inside

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.receptive_algebra import AxisField
    from archcost.graph.model import Graph, Signature, TensorType
    from archcost.ops.reach import Position, Reading

MAX_BRANCHES = 16  # fields that are kept apart


class FieldBranch(NamedTuple):
    """The field along one set of paths, for each axis: positions seen, the first that output 0 sees, and the jump."""

    size: tuple[int, ...]
    start: tuple[Position, ...]
    jump: tuple[Position, ...]


class ReceptiveField(NamedTuple):
    """The distinct fields of the paths that lead to a tensor, the smallest first.

    ``source`` are the input's sizes along the axes. Beyond MAX_BRANCHES the fields are ``folded`` into the one that
    holds them all.
    """

    branches: tuple[FieldBranch, ...]
    source: tuple[int, ...]
    folded: bool = False

    @property
    def size(self) -> tuple[int, ...]:
        """The sizes of the largest field along each axis."""
        if len(self.branches) == 1:
            return self.branches[0].size
        return tuple([max(sizes) for sizes in zip(*[branch.size for branch in self.branches], strict=True)])

    @property
    def start(self) -> tuple[Position, ...]:
        """The first position that output 0 sees along each axis, on any path; padding lies below 0."""
        if len(self.branches) == 1:
            return self.branches[0].start
        return tuple([min(starts) for starts in zip(*[branch.start for branch in self.branches], strict=True)])

    @property
    def jump(self) -> tuple[Position, ...]:
        """The distance in the input between neighbours; 0 where every position sees the same."""
        if len(self.branches) == 1:
            return self.branches[0].jump
        return tuple([max(jump) for jump in zip(*[branch.jump for branch in self.branches], strict=True)])

    @property
    def whole(self) -> bool:
        """Whether some path leads from all positions of the input to every position of the output."""
        return any(self.covers(branch) for branch in self.branches)

    def covers(self, branch: FieldBranch) -> bool:
        """Whether a branch sees the whole input from every position."""
        return not any(branch.jump) and branch.size == self.source

    def to_dict(self) -> dict[str, Any]:
        """The JSON form of the report schema; a fraction is text (``"1/2"``)."""
        return {
            "size": [list(branch.size) for branch in self.branches],
            "start": [_json(start) for start in self.start],
            "jump": [_json(jump) for jump in self.jump],
        }


def _json(position: Position) -> int | str:
    return position if isinstance(position, int) else str(position)


class Fields(NamedTuple):
    """The fields of one tensor."""

    fields: tuple[AxisField, ...]
    folded: bool


def receptive_fields(graph: Graph, scope: str = "") -> list[ReceptiveField | None]:
    """The field of every node's first output, relative to the first input of the model or of a scope.

    None stands for nodes outside of the scope, and for those that do not depend on that input or have no field because
    it has no spatial dims.
    """
    nodes, places = graph.nodes, range(len(graph.nodes))
    if scope:
        places = range(
            next((k for k in places if inside(nodes[k].path, scope)), len(nodes)),
            next((k + 1 for k in reversed(places) if inside(nodes[k].path, scope)), 0),
        )
    found: list[ReceptiveField | None] = [None] * len(nodes)
    source = source_value(graph, places)
    if source is None:
        return found
    tensor = _type_of(graph, source)
    axes = spatial_dims(graph, places, source, tensor)
    if not axes:
        return found
    sizes = tuple([tensor.shape[dim] for dim in axes])
    known = trace(graph, places, source, Fields((source_field(tensor.shape, axes),), folded=False))
    told: dict[int, ReceptiveField] = {}
    for place in places:
        fields = known.get(nodes[place].first_value)
        if fields is not None:
            field = told.get(id(fields))
            if field is None:
                field = told[id(fields)] = _told(fields, sizes)
            found[place] = field
    return found


def source_value(graph: Graph, places: range) -> int | None:
    """The first value from outside that the nodes read; the model's first input for all nodes."""
    if len(places) == len(graph.nodes):
        return -1 if graph.inputs else None
    first = graph.nodes[places.start].first_value if places else 0
    return next((value for k in places for value in graph.nodes[k].inputs if value < first), None)


def _type_of(graph: Graph, value: int) -> TensorType:
    if value < 0:
        return list(graph.inputs.values())[-1 - value]
    index, output = graph.producers()[value]
    return graph.nodes[index].signature.outputs[output]


def spatial_dims(graph: Graph, places: range, source: int, tensor: TensorType) -> tuple[int, ...]:
    """All dims but the batch and the channels, as the first layer reads it that tells where the channels are."""
    rank = len(tensor.shape)
    if "int" in tensor.dtype:
        return tuple(range(1, rank))
    channels = _channels(graph, places, source)
    if channels is None:
        channels = 1
    return tuple([dim for dim in range(1, rank) if dim != channels % rank])


def _channels(graph: Graph, places: range, source: int) -> int | None:
    same = {source}  # values laid out as the source
    for k in places:
        node = graph.nodes[k]
        op = node.signature.op
        if same.isdisjoint(node.inputs):
            continue
        if op.channels is not None:
            return op.channels
        if type(op).reach is not pointwise:
            return None
        same.add(node.first_value)
    return None


Readings = tuple["Reading | None", ...]  # of each input; None where every position reads its own
_SAME: list[Readings] = [(None,)]


def _readings(signature: Signature) -> list[Readings]:
    """What each output of a signature reads."""
    op = signature.op
    inputs, outputs = signature.input_shapes, signature.output_shapes
    if inputs == outputs and len(inputs) == 1 and type(op).reach is pointwise:
        return _SAME
    found: list[Readings] = []
    for number, output in enumerate(outputs):
        readings: Readings = op.reach(inputs, outputs, number)
        if output in inputs:
            pairs = zip(inputs, readings, strict=True)
            readings = tuple(
                [None if shape == output and how == aligned(shape, output) else how for shape, how in pairs]
            )
        found.append(readings)
    return found


def trace(graph: Graph, places: range, source: int, start: Fields) -> dict[int, Fields]:
    """The fields of every value that depends on the source; equal layers on equal fields are worked out once."""
    known = {source: start}
    readings: dict[Signature, list[Readings]] = {}
    memo: dict[tuple[Signature, tuple[int, ...]], list[Fields]] = {}  # by the identities of fields, all of them known
    nodes = graph.nodes
    for k in places:
        _, signature, inputs, value, _, _ = nodes[k]
        given = tuple([known.get(each) for each in inputs])
        if not any(given):
            continue
        outputs = readings.get(signature)
        if outputs is None:
            outputs = readings[signature] = _readings(signature)
        if outputs is _SAME:
            known[value] = given[0]  # type: ignore[assignment]
            continue
        key = (signature, tuple(map(id, given)))
        found = memo.get(key)
        if found is None:
            found = memo[key] = [_output(given, reading, signature, k) for k, reading in enumerate(outputs)]
        for fields in found:
            known[value] = fields
            value += 1
    return known


def _output(given: Sequence[Fields | None], reading: Readings, signature: Signature, number: int) -> Fields:
    """The fields of an output, of those of the inputs that depend on the source."""
    if len(given) == 1:
        return _read(given[0], reading[0], signature, 0, number)  # type: ignore[arg-type]
    return _merged(
        [
            _read(fields, how, signature, index, number)
            for index, (fields, how) in enumerate(zip(given, reading, strict=True))
            if fields is not None
        ]
    )


def _read(fields: Fields, how: Reading | None, signature: Signature, index: int, number: int) -> Fields:
    if how is None:
        return fields
    shape, output = signature.inputs[index].shape, signature.outputs[number].shape
    if len(fields.fields) == 1:
        return new(Fields, ((read(fields.fields[0], how, shape, output),), fields.folded))
    return new(Fields, (tuple([read(field, how, shape, output) for field in fields.fields]), fields.folded))


def _merged(parts: Sequence[Fields]) -> Fields:
    """The distinct fields of several tensors that meet, or the one that holds them all."""
    first = parts[0]
    if all(part is first for part in parts):
        return first
    distinct = tuple(dict.fromkeys([field for part in parts for field in part.fields]))
    folded = any(part.folded for part in parts)
    if folded or len(distinct) > MAX_BRANCHES:
        return Fields((union(distinct),), folded=True)
    return Fields(distinct, folded=False)


def _told(fields: Fields, source: tuple[int, ...]) -> ReceptiveField:
    if len(fields.fields) == 1:
        return new(ReceptiveField, ((_branch(fields.fields[0], source),), source, fields.folded))
    return ReceptiveField(tuple(sorted({_branch(field, source) for field in fields.fields})), source)


def _branch(field: AxisField, source: tuple[int, ...]) -> FieldBranch:
    """Sizes along each axis; where every position sees the same, of what lies within the input."""
    jump = tuple(jumps(field))
    sizes, starts = [], []
    for run, step, length in zip(field.runs, jump, source, strict=True):
        start, size = run.first[0], longest(run)
        if not step:
            end = min(start + size, length)
            start = max(start, 0)
            size = max(0, int(end - start))
        sizes.append(size)
        starts.append(start)
    return new(FieldBranch, (tuple(sizes), tuple(starts), jump))
