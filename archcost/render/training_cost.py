"""What a training run costs as a document: one in full, with the rule of 6 × params × tokens, several as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.comparing.naming import model_names
from archcost.quantities import format_count, format_power, format_ratio, format_share, format_units
from archcost.render.document import Column, Field, Heading, Line, Records, Table, branches_of
from archcost.render.prediction import LEAST_NAME, how
from archcost.render.report import title_details
from archcost.render.several_specs import named_rows, with_failed
from archcost.timing.six_n import APART
from archcost.timing.training_cost import GIVEN, STEP, USUAL_SOURCE
from archcost.timing.training_cost_data import training_cost_data

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from fractions import Fraction

    from archcost.named_specs import SpecResult
    from archcost.render.document import Block, TreeLine
    from archcost.timing.training_cost import RunLength, TrainingCost

_HEADINGS = (
    *("model", "device", "devices", "batch", "unit", "amount", "batch_units", "batch_flops", "flops"),
    *("recomputed_flops", "mfu", "mfu_basis", "step_mfu", "device_hours", "days", "money", "energy_wh"),
)
_TERA = 10**12
_PRICE = 10**4  # what a price is told in


class TrainingCostsDocument(NamedTuple):
    """One training run in full, or a row for each of several; ``failed`` is as of predictions."""

    found: Sequence[TrainingCost]
    failed: Sequence[SpecResult] = ()

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # the terms are few
        if len(self.found) == 1:
            yield from _blocks(self.found[0])
        elif self.found:
            yield _table(self.found)
            yield Line(f"{_run(self.found[0])} · {how(self.found[0])} · estimated, not measured", style="dim")
            for line in dict.fromkeys(_assumed(cost) for cost in self.found):
                yield Line(line, style="dim")

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row each."""
        named = named_rows(self.failed, len(_HEADINGS), beside=bool(self.found))
        return Records(_HEADINGS, [*map(_record, self.found), *named])

    def data(self) -> object:
        """A document, or a list of several."""
        return with_failed(map(training_cost_data, self.found), self.failed, "training-cost")


def _record(cost: TrainingCost) -> tuple[object, ...]:
    length = cost.length
    run = (cost.report.name, cost.device.name, length.devices, cost.report.batch, length.unit, length.amount)
    flops = (cost.units, cost.model_flops, cost.flops, cost.recomputed_flops)
    step = None if cost.step_mfu is None else float(cost.step_mfu)
    time = (float(cost.mfu), cost.mfu_from, step, cost.device_hours, cost.days)
    return (*run, *flops, *time, cost.money, cost.energy_wh)


def _blocks(cost: TrainingCost) -> Iterator[Block]:
    length = cost.length
    one = length.unit.removesuffix("s")
    yield Heading(cost.report.name, title_details(cost.report))
    devices = f"{length.devices:,} × {cost.device.label}"
    yield Line(f"{devices} · {how(cost)} · estimated, not measured", style="dim", indent=0)
    each = f"{format_count(cost.flops_per_unit)} for {'each of ' * (length.amount != 1)}{_amount(length)}"
    yield Field("FLOPs", f"{format_power(cost.flops)} in products: {each}")
    if cost.recomputed_flops:
        share = format_share(cost.recomputed_flops, cost.flops)
        yield Field("recomputed", f"{format_power(cost.recomputed_flops)} more ({share}), which MFU does not count")
    yield Field("MFU", _assumed(cost))
    if cost.step_mfu is not None:
        yield Field("a step", f"predicted at {_percent(cost.step_mfu)} on one device alone, not validated")
    yield Field("time", f"{_rounded(cost.device_seconds / 3600)} device-hours, {_days(cost)}")
    if length.global_batch:
        passes = f"each device takes {cost.passes:,} batch{'es' * (cost.passes != 1)} of {cost.report.batch:,}"
        yield Field("updates", f"{cost.steps:,}, of {length.global_batch:,} samples; {passes}")
    if cost.price is not None:
        money = _rounded(cost.device_seconds / 3600 * cost.price)
        yield Field("money", f"{money}, at {_price(cost.price)} per device-hour")
    yield Field("energy", _energy(cost))
    if cost.rule is None:
        forward, backward = 2 * cost.step.forward_macs, 2 * cost.step.backward_macs
        parts = f"forward {format_count(forward // cost.units)}, backward {format_count(backward // cost.units)}"
        yield Field(f"a {one}", f"{parts} FLOPs")
        return
    yield _rule_table(cost, cost.rule)
    if any(term.reason == APART for term in cost.terms):
        yield Line("attention is of all pairs: kernels that skip what a causal mask hides do half of it", style="dim")


def _amount(length: RunLength) -> str:
    """``300 G tokens``, ``1 sample``."""
    return f"{format_count(length.amount)} {length.unit.removesuffix('s') if length.amount == 1 else length.unit}"


def _devices(length: RunLength) -> str:
    return f"{length.devices:,} device{'s' * (length.devices != 1)}"


def _run(cost: TrainingCost) -> str:
    """How long, on how many devices: of all that stand beside each other."""
    return f"{_amount(cost.length)} on {_devices(cost.length)}"


def _rule_table(cost: TrainingCost, rule: int) -> Table:
    """From the rule to the FLOPs of a token."""
    units = cost.units
    rows = [(f"6 × {cost.report.totals.params:,} params", rule), *cost.terms]
    signed = [format_count(rule // units), *[_signed(term.flops, units) for term in cost.terms]]
    shares = ["100%", *[_signed_share(term.flops, rule) for term in cost.terms]]
    return Table(
        [
            Column("FLOPs a token", [reason for reason, _ in rows], "in products", flexible=True),
            Column("", signed, format_count(cost.flops_per_unit), right=True),
            Column("of 6N", shares, format_share(cost.model_flops, rule), right=True),
        ]
    )


def _signed(flops: int, units: int) -> str:
    return f"{'−' if flops < 0 else '+'}{format_count(abs(flops) // units)}"


def _signed_share(flops: int, rule: int) -> str:
    return f"{'−' if flops < 0 else '+'}{format_share(abs(flops), rule)}"


def _assumed(cost: TrainingCost) -> str:
    """The MFU, of what, and why this one."""
    rate = f"{_percent(cost.mfu)} of {format_units(cost.rate, _TERA)} TFLOP/s ({cost.dtype}, dense)"
    if cost.mfu_from == STEP:
        return f"{rate}, that of a step as predicted; devices that wait for one another are slower"
    return f"{rate}, {'as given' if cost.mfu_from == GIVEN else f'assumed: long runs reach {USUAL_SOURCE}'}"


def _energy(cost: TrainingCost) -> str:
    watts, used = cost.device.power_watts, cost.energy_wh
    if watts is None or used is None:
        return f"unknown: no power is known of {cost.device.name}"
    count = format_count(used) if used else "<1"
    told = f"{count}Wh" if count[-1].isalpha() else f"{count} Wh"
    return f"{told}, at the {watts:,} W of a device all the time; hosts, network and cooling come on top"


def _days(cost: TrainingCost) -> str:
    days = cost.device_seconds / (24 * 3600 * cost.length.devices)
    return f"{_rounded(days)} days on {_devices(cost.length)}"


def _rounded(value: Fraction) -> str:
    """Three digits below 100, and whole numbers above."""
    return format_ratio(value)


def _price(price: Fraction) -> str:
    """To a hundredth of a cent; a lower one as a power of ten."""
    told = format_units(round(price * _PRICE), _PRICE)
    return f"{float(price):.3g}" if told == "0" and price else told


def _percent(share: Fraction) -> str:
    return format_share(share.numerator, share.denominator)


def _table(found: Sequence[TrainingCost]) -> Table:
    def column(heading: str, cells: Iterable[str], leaves: int = 0) -> Column:
        return Column(heading, list(cells), right=True, leaves=leaves)

    priced = any(cost.money is not None for cost in found)
    money = [column("money", (_money(cost) for cost in found))] if priced else []
    return Table(
        [
            Column("model", model_names([cost.report for cost in found]), flexible=True),
            Column("device", [cost.device.name for cost in found], flexible=True),
            column("batch", (f"{cost.report.batch:,}" for cost in found), leaves=4),
            column("FLOPs", (format_power(cost.flops) for cost in found), leaves=2),
            column("MFU", (_percent(cost.mfu) for cost in found), leaves=1),
            column("device-hours", (_rounded(cost.device_seconds / 3600) for cost in found), leaves=3),
            column("days", (_rounded(cost.device_seconds / (24 * 3600 * cost.length.devices)) for cost in found)),
            *money,
        ],
        least_flexible=LEAST_NAME,
    )


def _money(cost: TrainingCost) -> str:
    return "–" if cost.price is None else _rounded(cost.device_seconds / 3600 * cost.price)
