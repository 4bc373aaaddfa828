"""A spec against a model that exists in PyTorch: totals, outputs, and the layers that correspond."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from archcost.importers.torch.running import set_mode
from archcost.importers.torch.targets import named_target
from archcost.pytorch.alignment import Unit, align
from archcost.pytorch.correspondence import Against, Pair
from archcost.pytorch.differences import Placed, layer_mismatches, order_mismatches, total_mismatches
from archcost.pytorch.function_counts import functions_of
from archcost.pytorch.kinds import Kind, activations, counterpart, differing, kinship, same_activations
from archcost.pytorch.module import BuildError, Network, example_inputs
from archcost.pytorch.observing import kind_of, observe
from archcost.pytorch.verification import Mismatch, place_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from fractions import Fraction

    from archcost.analysis.report import Report
    from archcost.dims import Shape
    from archcost.graph.model import Graph
    from archcost.pytorch.alignment import Alignment, Group
    from archcost.pytorch.observing import Model


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
        unseen=theirs.unseen,
        ran=theirs.ran,
        activations=activations(functions or {}),
        other_activations=activations(theirs.functions),
        same_activations=_same_activations(report, functions, theirs),
    )
    mismatches = [*total_mismatches(result, report, (ours, theirs), tolerance)]
    mismatches += layer_mismatches(target, ours, placed, tolerance)
    return result, mismatches + order_mismatches(target, (ours, theirs), alignment)


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
