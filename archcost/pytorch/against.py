"""A spec against a model that exists in PyTorch: totals, outputs, and the layers that correspond."""

# long: every way in which a model may differ from a spec, in the order in which they are told

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import TYPE_CHECKING, NamedTuple

from archcost.importers.torch.running import set_mode
from archcost.importers.torch.targets import named_target
from archcost.pytorch.alignment import Unit, align
from archcost.pytorch.correspondence import Against, Pair
from archcost.pytorch.kinds import Kind, Kinship, activations, counterpart, differing, kinship, same_activations
from archcost.pytorch.module import BuildError, Network, example_inputs
from archcost.pytorch.observing import functions_of, kind_of, observe
from archcost.pytorch.verification import Mismatch, place_of
from archcost.quantities import within

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from fractions import Fraction

    from archcost.analysis.report import Report
    from archcost.dims import Shape
    from archcost.graph.model import Graph
    from archcost.pytorch.alignment import Alignment, Group
    from archcost.pytorch.observing import Model

_SHOWN = 3  # layers named in the cause of a difference


class Placed(NamedTuple):
    """A pair, the group it comes from, and whether what stands before and after it corresponds as well."""

    pair: Pair
    group: Group
    certain: bool


def compare(report: Report, target: str, tolerance: Fraction | float) -> tuple[Against, list[Mismatch]]:
    """The report against the model that ``target`` names; UsageError if there is none or it takes other inputs."""
    theirs = observe(named_target(target), report)
    kinds, functions = _built(report)
    ours = _own_units(report, kinds)
    alignment = align(ours, theirs.units, _order(report.graph, ours))
    placed = list(_placed(ours, theirs, alignment, report))
    pairs = [each.pair for each in placed]
    paired = {pair.path for pair in pairs}
    found = {number for each in placed for number in each.group.theirs}
    result = Against(
        target=target,
        params=report.totals.params,
        other_params=theirs.params,
        macs=report.totals.macs,
        other_macs=theirs.macs,
        pairs=tuple(pairs),
        only_spec=tuple([unit.path for unit in ours if unit.path not in paired]),
        only_other=tuple([unit.path for number, unit in enumerate(theirs.units) if number not in found]),
        unused=tuple(theirs.unused),
        unused_params=sum(theirs.unused.values()),
        dtype=report.dtype,
        other_dtypes=theirs.dtypes,
        unseen_macs=theirs.unseen_macs,
        ran=theirs.ran,
        activations=activations(functions or {}),
        other_activations=activations(theirs.functions),
        same_activations=_same_activations(report, functions, theirs),
    )
    mismatches = [*_total_mismatches(result, report, (ours, theirs), tolerance)]
    mismatches += _layer_mismatches(target, ours, placed, tolerance)
    return result, mismatches + _order_mismatches(target, (ours, theirs), alignment)


def _built(report: Report) -> tuple[dict[str, Kind], Mapping[str, int] | None]:
    """The kind of every layer, by what its op builds, and the functions that a run calls; None if it cannot run."""
    import torch

    try:
        with torch.device("meta"):
            network = Network(report.graph)
            set_mode(network, training=report.graph.training)
            inputs = example_inputs(report.graph)
    except BuildError:  # told by the measurement
        return {}, None
    kinds = {}
    for node in report.graph.nodes:
        known = kind_of(network.get_submodule(network.module_path(node.path)))
        kinds[node.path] = known or Kind(node.op.kind, is_torchs=False, settings={})
    try:
        return kinds, functions_of(network, inputs)
    except RuntimeError:  # likewise
        return kinds, None


def _same_activations(report: Report, functions: Mapping[str, int] | None, theirs: Model) -> bool | None:
    """Whether both run the same activations; None if that is not known, as of what is only declared."""
    if functions is None:
        return None
    same = same_activations(functions, theirs.functions)
    return None if same is False and any(layer.node.op.declared for layer in report.layers) else same


def _own_units(report: Report, kinds: Mapping[str, Kind]) -> list[Unit]:
    """The layers with tensors of their own; without MACs those whose tensors other layers use as well."""
    nodes = report.graph.nodes
    lent = {node.weights_of for node in nodes if node.weights_of >= 0}
    units = []
    for index, layer in enumerate(report.layers):
        lender = nodes[layer.node.weights_of].signature.weights() if layer.node.weights_of >= 0 else {}
        weights = layer.node.signature.weights().items()
        shapes = tuple([shape for name, shape in weights if lender.get(name) != shape])
        if shapes:
            place = place_of(layer.node.mark)
            alone = index not in lent and not lender
            output = layer.output[0] if alone and layer.node.inputs else None  # a source gives what others work with
            macs = layer.macs if alone else None
            inputs = layer.node.signature.inputs
            taken = inputs[0].shape if alone and inputs else None
            units.append(Unit(layer.path, layer.op, shapes, output, macs, place, kinds.get(layer.path), taken))
    return units


def _order(graph: Graph, ours: list[Unit]) -> Callable[[int, int], bool]:
    """Whether one unit's layer must run before another's, for it reads, by any way, what the first one writes."""
    numbers = {node.path: index for index, node in enumerate(graph.nodes)}
    above: list[int] = []

    def before(a: int, b: int) -> bool:
        if not above:
            producers = [index for index, _ in graph.producers()]
            for node in graph.nodes:
                bits = 0
                for value in node.inputs:
                    if value >= 0:
                        bits |= above[producers[value]] | 1 << producers[value]
                above.append(bits)
        return bool(above[numbers[ours[b].path]] >> numbers[ours[a].path] & 1)

    return before


def _placed(ours: list[Unit], theirs: Model, alignment: Alignment, report: Report) -> Iterator[Placed]:
    """A pair for each of our units that corresponds to something; not where it differs and stands alone."""
    products = sum(layer.macs for layer in report.layers if not layer.node.signature.weights())
    counts = _neighbours(alignment, len(ours), len(theirs.units))
    for group, neighbours in zip(alignment.groups, counts, strict=True):
        for number in group.ours:
            pair = _with_kinds(_pair(ours, theirs, group, number, products), ours, theirs, group)
            if neighbours or pair.same_output:
                yield Placed(pair, group, certain=neighbours == 2)  # noqa: PLR2004 - one on either side


def _pair(ours: list[Unit], theirs: Model, group: Group, number: int, products: int) -> Pair:
    """One of our units beside its counterparts; ``products`` are MACs of layers of ours without tensors."""
    unit = ours[number]
    macs = output = None
    if len(group.ours) == 1:
        others = [theirs.units[k] for k in group.theirs]
        shapes = _split_as_ours(ours, theirs, group)
        if unit.macs is not None:
            macs = _macs(theirs, group)
    else:  # one module of theirs is several of our layers
        others, shapes = [theirs.units[group.theirs[0]]], unit.shapes
    if macs is not None and 0 < macs - (unit.macs or 0) <= products:
        macs = None  # the module multiplies more than by its tensors, and so does the spec elsewhere
    if number == group.ours[-1] and _is_whole(theirs, group):
        output = theirs.outputs_of[theirs.runs[group.theirs[-1]]]
    return Pair(
        path=unit.path,
        other=", ".join(other.path for other in others),
        shapes=unit.shapes,
        other_shapes=shapes,
        macs=unit.macs if macs is not None else None,
        other_macs=macs,
        output=unit.output,
        other_output=output,
    )


def _split_as_ours(ours: list[Unit], theirs: Model, group: Group) -> tuple[Shape, ...]:
    """The shapes of their tensors; one that is several of ours is said in as many."""
    parts: dict[tuple[int, int], list[Shape]] = {}
    for mine, other in group.tensors:
        parts.setdefault((other.unit, other.number), []).append(ours[mine.unit].shapes[mine.number])
    shapes: list[Shape] = []
    for unit in group.theirs:
        for number, shape in enumerate(theirs.units[unit].shapes):
            several = parts.get((unit, number), ())
            shapes += several if len(several) > 1 else [shape]
    return tuple(shapes)


def _with_kinds(pair: Pair, ours: list[Unit], theirs: Model, group: Group) -> Pair:
    """The pair with what is known of the kinds of the group's layers."""
    mine, other = [ours[k] for k in group.ours], [theirs.units[k] for k in group.theirs]
    partner = counterpart(mine, other)
    return replace(
        pair,
        kinship=kinship(mine, other),
        kinds=(" + ".join(unit.op for unit in mine), " + ".join(unit.op for unit in other)),
        settings=differing(mine[0], partner) if partner is not None else {},
    )


def _is_whole(theirs: Model, group: Group) -> bool:
    """Whether the modules that run on a group's tensors run on no others."""
    runs = {theirs.runs[number] for number in group.theirs}
    return all(number in group.theirs for number, by in enumerate(theirs.runs) if by in runs)


def _macs(theirs: Model, group: Group) -> int | None:
    """The MACs of a group's modules, where these are whole."""
    runs = {theirs.runs[number] for number in group.theirs}
    return sum(theirs.macs_of[by] for by in runs) if _is_whole(theirs, group) else None


def _total_mismatches(
    result: Against, report: Report, sides: tuple[list[Unit], Model], tolerance: Fraction | float
) -> Iterator[Mismatch]:
    by = result.target
    totals = (("params", result.params, result.other_params), ("macs", result.macs, result.other_macs))
    for metric, ours, theirs in totals:
        if not within(ours, theirs, tolerance):
            yield Mismatch("", "", metric, ours, theirs, by, _rest_cause(metric, result, sides))
    others = sides[1].outputs
    left = [prod(shape) for shape in others]
    for output in report.outputs.values():
        if prod(output) in left:
            left.remove(prod(output))
        else:
            measured = others[0] if len(others) == 1 else others
            yield Mismatch("", "", "output", output, measured, by, "" if others else "it gives no tensor")
    if result.same_activations is False:
        yield Mismatch("", "", "activations", result.activations, result.other_activations, by, "")


def _layer_mismatches(
    by: str, ours: list[Unit], placed: list[Placed], tolerance: Fraction | float
) -> Iterator[Mismatch]:
    """Pairs that differ, in the order of the spec; a cause is told where the layers around them are pairs, too."""
    units = {unit.path: unit for unit in ours}
    for pair, _, certain in placed:
        unit, named = units[pair.path], f"{by} {pair.other}"
        where = (unit.path, unit.op)
        if pair.kinship is Kinship.DIFFERS:
            yield Mismatch(*where, "kind", *pair.kinds, named, "equal tensors, other work", unit.place)
        for name, (mine, other) in pair.settings.items():
            yield Mismatch(*where, name, mine, other, named, "", unit.place)
        if not pair.same_tensors:
            cause = _shapes_cause(pair)
            yield Mismatch(*where, "params", pair.shapes, pair.other_shapes, named, cause, unit.place)
        if not pair.same_output:
            yield Mismatch(
                *where,
                "output",
                pair.output,
                pair.other_output,
                named,
                _output_cause(pair) if certain else "",
                unit.place,
            )
        elif (
            pair.macs is not None and pair.other_macs is not None and not within(pair.macs, pair.other_macs, tolerance)
        ):
            yield Mismatch(*where, "macs", pair.macs, pair.other_macs, named, "", unit.place)


def _output_cause(pair: Pair) -> str:
    """Why outputs differ between layers whose neighbours correspond, too."""
    if pair.settings:
        return f"follows from {', '.join(pair.settings)}"
    return "stride or padding before it" if pair.kinship is Kinship.SAME else "stride or padding before or in it"


def _shapes_cause(pair: Pair) -> str:
    sides = (pair.shapes, pair.other_shapes)
    short, long = sorted(sides, key=len)
    return "bias: on one side only" if len(long) - len(short) == 1 and long[: len(short)] == short else ""


def _order_mismatches(by: str, sides: tuple[list[Unit], Model], alignment: Alignment) -> list[Mismatch]:
    cause = "the same tensors, in an order in which the spec cannot run"
    return [
        Mismatch(
            sides[0][a].path,
            sides[0][a].op,
            "order",
            a + 1,
            b + 1,
            f"{by} {sides[1].units[b].path}",
            cause,
            sides[0][a].place,
        )
        for a, b in alignment.out_of_order
    ]


def _neighbours(alignment: Alignment, ours: int, theirs: int) -> list[int]:
    """For every group, on how many of its two sides it continues a group, or both models end."""
    partner: dict[int, tuple[int, ...]] = {-1: (-1,), ours: (theirs,)}
    for group in alignment.groups:
        partner |= dict.fromkeys(group.ours, group.theirs)
    counts = []
    for group in alignment.groups:
        before, after = partner.get(group.ours[0] - 1), partner.get(group.ours[-1] + 1)
        follows = before is not None and before[-1] == group.theirs[0] - 1
        precedes = after is not None and after[0] == group.theirs[-1] + 1
        counts.append(follows + precedes)
    return counts


def _rest_cause(metric: str, result: Against, sides: tuple[list[Unit], Model]) -> str:
    """What is left over on either side, where that tells why totals differ."""
    if metric != "params":
        return ""
    words = []
    ours, theirs = sides[0], sides[1].units
    for who, paths, units in (("the spec", result.only_spec, ours), ("the model", result.only_other, theirs)):
        rest = [unit for unit in units if unit.path in paths]
        some = [f"{unit.path} {'×'.join(map(str, unit.shapes[0])) or 'scalar'}" for unit in rest[:_SHOWN]]
        more = f" and {len(rest) - _SHOWN:,} more" if len(rest) > _SHOWN else ""
        words += [f"only {who} has {', '.join(some)}{more}"] if some else []
    return "; ".join(words)
