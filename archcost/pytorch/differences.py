"""What differs between a spec and a model that exists: every way, in the order in which they are told."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, NamedTuple

from archcost.phrases import listed
from archcost.pytorch.kinds import Kinship
from archcost.pytorch.verification import Mismatch
from archcost.quantities import within

if TYPE_CHECKING:
    from collections.abc import Iterator
    from fractions import Fraction

    from archcost.analysis.report import Report
    from archcost.pytorch.alignment import Alignment, Group, Unit
    from archcost.pytorch.correspondence import Against, Pair
    from archcost.pytorch.observing import Model

_SHOWN = 3  # layers named in the cause of a difference


class Placed(NamedTuple):
    """A pair, the group it comes from, and whether what stands before and after it corresponds as well."""

    pair: Pair
    group: Group
    certain: bool


def total_mismatches(
    result: Against, report: Report, sides: tuple[list[Unit], Model], tolerance: Fraction | float
) -> Iterator[Mismatch]:
    """Totals, outputs and activations that differ."""
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


def layer_mismatches(
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


def order_mismatches(by: str, sides: tuple[list[Unit], Model], alignment: Alignment) -> list[Mismatch]:
    """Layers that the model has in another order."""
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


def _rest_cause(metric: str, result: Against, sides: tuple[list[Unit], Model]) -> str:
    """What is left over on either side, where that tells why totals differ."""
    if metric != "params":
        return ""
    words = []
    ours, theirs = sides[0], sides[1].units
    for who, paths, units in (("the spec", result.only_spec, ours), (result.target, result.only_other, theirs)):
        rest = [unit for unit in units if unit.path in paths]
        some = [f"{unit.path} {'×'.join(map(str, unit.shapes[0])) or 'scalar'}" for unit in rest[:_SHOWN]]
        words += [f"only {who} has {listed(some, len(rest))}"] if some else []
    return "; ".join(words)
