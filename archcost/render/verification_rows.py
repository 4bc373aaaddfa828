"""The tables of a verification: the layers of one spec side by side with what was measured, and a row a spec."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.pytorch.beside import model_beside, together
from archcost.pytorch.scopes import timed_macs
from archcost.pytorch.verified_figures import shown
from archcost.render.beside import beside_columns
from archcost.render.cell_text import figure_cell, lower_bound, shape_cell
from archcost.render.document import WHOLE, Cell, Column, Table
from archcost.render.times import digits, time_cell
from archcost.render.verification_words import MARKS, correlation_cell, coverage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from archcost.pytorch.correspondence import Pair
    from archcost.pytorch.scopes import LayersChecked
    from archcost.pytorch.verification import Verification, VerificationOutcome


def layer_table(
    verification: Verification, parts: Sequence[LayersChecked], names: Sequence[Cell | str] | None = None
) -> Table:
    """The counts side by side, and the verdict on each layer or scope; ``names`` stand for their paths."""
    totals, timed = verification.totals, verification.clock is not None

    def counts(heading: str, figure: Callable[[LayersChecked], int | None], total: str, leaves: int = 0) -> Column:
        cells = [count_cell(figure(part)) for part in parts]
        return Column(heading, cells, count_cell(totals[total]), right=True, leaves=leaves)

    macs = macs_cell(totals["macs"] or 0, len(verification.unknown))
    columns = [
        Column("layer", names or [part.path for part in parts], "total", flexible=True),
        Column("op", [op_text(part) for part in parts], leaves=1),
        Column("output", [shape_cell(part.output) for part in parts], leaves=2),
        counts("params", lambda part: part.params, "params", leaves=3),
        Column("MACs", [macs_cell(part.macs, part.unknown) for part in parts], macs, right=True),
        counts("fvcore", lambda part: part.fvcore, "fvcore_macs", leaves=4),
        counts("torch", lambda part: part.torch, "torch_macs"),
    ]
    if timed:
        seconds = total_seconds(verification)
        rate = rate_cell(timed_macs(verification.layers), seconds)
        columns.append(Column("time", [time_cell(part.seconds) for part in parts], time_cell(seconds), right=True))
        columns += _predicted(verification, parts)
        rates = [rate_cell(part.timed_macs, part.seconds) for part in parts]
        columns.append(Column("GMAC/s", rates, rate, right=True))
    held = verification.against is not None
    if held:
        columns.append(Column("against", [_other_text(part) for part in parts], flexible=True))
    columns.append(Column("", [_mark_of(part) for part in parts]))
    return Table(columns) if held else Table(columns, least_flexible=WHOLE)


def _predicted(verification: Verification, parts: Sequence[LayersChecked]) -> list[Column]:
    """What is predicted beside the measured times, where that was asked for."""
    beside, clock = verification.beside, verification.clock
    if clock is None or not beside:
        return []
    found = [together([beside[layer.path] for layer in part.layers if layer.path in beside]) for part in parts]
    return beside_columns(found, model_beside(clock.latency))


def summary_table(outcomes: Sequence[VerificationOutcome]) -> Table:
    """A row a spec; one that is not verified has its name alone."""

    def column(
        heading: str, cell: Callable[[Verification], Cell | str], *, right: bool = True, leaves: int = 0
    ) -> Column:
        cells = ["" if outcome.verification is None else cell(outcome.verification) for outcome in outcomes]
        return Column(heading, cells, right=right, leaves=leaves)

    def counts(heading: str, name: str, leaves: int = 0) -> Column:
        return column(heading, lambda each: count_cell(each.totals[name]), leaves=leaves)

    columns = [
        Column("model", [outcome.label for outcome in outcomes], flexible=True),
        column("layers", lambda each: f"{len(each.layers):,}", leaves=1),
        counts("params", "params", leaves=2),
        column("MACs", lambda each: macs_cell(each.totals["macs"] or 0, len(each.unknown))),
        counts("fvcore", "fvcore_macs"),
        counts("torch", "torch_macs"),
        column("covered", coverage),
    ]
    if any(outcome.verification.clock for outcome in outcomes if outcome.verification):
        columns.append(column("time", lambda each: time_cell(total_seconds(each))))
        columns.append(column("GMAC/s", lambda each: rate_cell(timed_macs(each.layers), total_seconds(each))))
        columns.append(column("rank corr.", correlation_cell))
        columns += _predicted_of_models(outcomes)
    return Table([*columns, column("", _summary_mark, right=False)], least_flexible=WHOLE)


def _predicted_of_models(outcomes: Sequence[VerificationOutcome]) -> list[Column]:
    clocks = [outcome.verification.clock if outcome.verification else None for outcome in outcomes]
    found = [model_beside(clock.latency) if clock else None for clock in clocks]
    return beside_columns(found) if any(found) else []


def op_text(part: LayersChecked) -> str:
    """The op of a layer, or how many layers a scope has."""
    return part.layers[0].op if len(part.layers) == 1 else f"{len(part.layers)} layers"


def macs_cell(value: int, unknown: int) -> Cell:
    """MACs; a lower bound where some are unknown."""
    exact, short = (lower_bound(figure_cell(value, exact=exact), value, unknown) for exact in (True, False))
    return Cell(exact, short)


def count_cell(value: int | None) -> Cell:
    """A count; what nothing measures is not covered."""
    if value is None:
        return Cell("not covered")
    return Cell(figure_cell(value, exact=True), figure_cell(value, exact=False))


def rate_cell(macs: int, seconds: float | None) -> str:
    """GMACs a second; a dash for a layer without MACs, or without a time."""
    return digits(macs / seconds / 1e9) if macs and seconds else "–"


def total_seconds(verification: Verification) -> float | None:
    """What the model takes from end to end, where it was measured."""
    return verification.clock.latency.total.median if verification.clock else None


def _mark_of(part: LayersChecked) -> Cell:
    """The verdict on a layer or scope as one cell."""
    return _mark(ok=part.ok, declared=part.declared, layers=len(part.layers), held=part.held)


def _summary_mark(verification: Verification) -> Cell:
    """The verdict on a spec as one cell."""
    held = verification.against is None or verification.against.proved
    return _mark(ok=verification.ok, declared=len(verification.declared), layers=len(verification.layers), held=held)


def _mark(*, ok: bool, declared: int, layers: int, held: bool) -> Cell:
    """✗ for what is contradicted; else a tick, but not for what is only declared, not held against all, or nothing."""
    if not ok:
        return Cell(MARKS[False], style="red")
    if declared:
        return Cell("declared" if layers == 1 else f"{declared:,} declared", style="yellow")
    return Cell(MARKS[True], style="green") if layers and held else Cell("–", style="yellow")


def _other_text(part: LayersChecked) -> str:
    """Where the other model has a layer, with its own figures where they differ; of several, how many agree."""
    pairs = part.pairs
    if not pairs:
        return ""
    if len(part.layers) > 1:
        unknown = sum(pair is not None and pair.ok and not pair.proved for pair in pairs.values())
        agree = f"{sum(pair is not None and pair.ok for pair in pairs.values()):,} of {len(pairs):,} agree"
        return f"{agree}, {unknown:,} in shapes alone" if unknown else agree
    (pair,) = pairs.values()
    if pair is None:
        return "not aligned"
    name = pair.other or "the model itself"
    if pair.ok:
        return name if pair.proved else f"{name}: kind not known"
    return f"{name}: {', '.join(_own_figures(pair))}"


def _own_figures(pair: Pair) -> list[str]:
    """The figures of the other model that differ from ours, its kind and settings before them."""
    figures = [pair.kinds[1]] if pair.kinship == "differs" else []
    figures += [f"{name} {shown(theirs)}" for name, (_, theirs) in pair.settings.items()]
    if not pair.same_output and pair.other_output is not None:
        figures.append(shape_cell((pair.other_output,)))
    if not pair.same_tensors:
        figures.append(f"{pair.other_params:,} params")
    if pair.macs != pair.other_macs:
        figures.append(f"{pair.other_macs or 0:,} MACs")
    return figures
