"""Whether a model fits, as a document: in full for named devices, else a table by the memory of devices."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.figures import METRICS, RUN
from archcost.fitting.data import fit_data, fits_data
from archcost.fitting.reserve import flash_of
from archcost.fitting.searching import BEYOND, MEMORY, NOTHING
from archcost.model_zoo import typed
from archcost.quantities import format_bytes, format_nanoseconds, format_share
from archcost.render.document import Cell, Column, Field, Gap, Heading, Line, Records, Table, branches_of
from archcost.render.memory import TO_TRAIN, memory_line, when
from archcost.render.report import title_details
from archcost.render.savings import saving_table
from archcost.render.several_specs import named_rows, with_failed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archcost.fitting.changes import Saving
    from archcost.fitting.fit import DeviceFit, Fits
    from archcost.fitting.searching import Largest
    from archcost.fitting.speeds import LeastTime, Speeds
    from archcost.named_specs import SpecResult
    from archcost.render.document import Block, TreeLine

_YES, _NO = "✓", "✗"
ROOMY = 10  # times what a model needs
LISTED = 12  # devices of a row
_CHANGES = 6  # that are shown
_BY = {"products": "the products at the printed rate", "memory": "reading weights and caches once"}
_HEADINGS = (
    *("model", "device", "memory_bytes", "capacity_bytes", "run_bytes", "fits", "headroom_bytes"),
    *("largest_batch", "largest_context", "tokens_per_second"),
)
_TABLE_HEADINGS: tuple[str, ...] = ("model", "device", "memory_bytes", "capacity_bytes", "variant", "run_bytes", "fits")


class FitsDocument(NamedTuple):
    """Models on devices, one under the other; programs and sheets are also told the specs that ``failed``."""

    found: Sequence[Fits]
    failed: Sequence[SpecResult] = ()

    def blocks(self, most: int | None) -> Iterator[Block]:
        """What people read."""
        del most  # the table has a row for each size of memory
        for index, fits in enumerate(self.found):
            if index:
                yield Gap()
            yield from _table_blocks(fits) if fits.is_table else _fit_blocks(fits)

    def branches(self) -> Iterable[TreeLine]:
        """The same as a tree."""
        return branches_of(self.blocks(None))

    def records(self) -> Records:
        """A row for each model and device; of a table for each model, device and variant."""
        if any(fits.is_table for fits in self.found):
            headings = _TABLE_HEADINGS
            rows = [row for fits in self.found for row in _table_records(fits)]
        else:
            headings = _HEADINGS
            rows = [_record(fits, fit) for fits in self.found for fit in fits.devices]
        return Records(headings, [*rows, *named_rows(self.failed, len(headings), beside=bool(self.found))])

    def data(self) -> object:
        """A document, or a list of several."""
        return with_failed(map(fits_data, self.found), self.failed, "fits")


# --- named devices ----------------------------------------------------------------------------------------------------


def _fit_blocks(fits: Fits) -> Iterator[Block]:
    yield Heading(fits.report.name, _details(fits))
    if not all(fit.chip for fit in fits.devices):
        yield _memory(fits)
    for index, fit in enumerate(fits.devices):
        if not index or not fits.devices[index - 1].changes:  # a table has a gap behind it
            yield Gap()
        yield from _device_blocks(fit)


def _device_blocks(fit: DeviceFit) -> Iterator[Block]:
    verdict = f"{_YES} fits" if fit.fits else f"{_NO} does not fit"
    room = _room(fit.needed, fit.capacity)
    if fit.chip:
        room = f"SRAM {room}; flash {_room(fit.chip.flash.total, flash_of(fit.device))}"
    yield Line(f"{verdict} {fit.device.label}: {room}", style="green" if fit.fits else "red")
    yield Field("SRAM" if fit.chip else "memory", f"{format_bytes(fit.device.available_bytes)}{_reserve(fit)}")
    if fit.largest_batch is not None:
        yield Field("largest batch", _largest(fit.largest_batch))
    if fit.largest_context is not None:
        yield Field("largest context", _largest(fit.largest_context))
    if fit.prompt is not None:
        sign = _YES if fit.prompt.total <= fit.capacity else _NO
        yield Field("one-pass prompt", f"{format_bytes(fit.prompt.total)} {sign}")
    if fit.speeds is not None:
        yield from [Field(*each) for each in _speeds(fit.speeds, fit)]
    if fit.changes:
        yield _change_table(fit)


def _room(needed: int, capacity: int) -> str:
    rest = capacity - needed
    word = "left" if rest >= 0 else "missing"
    return f"{format_bytes(needed)} of {format_bytes(capacity)}, {format_bytes(abs(rest))} {word}"


def _reserve(fit: DeviceFit) -> str:
    kept = f" less {format_bytes(fit.reserve_bytes)}" if fit.reserve_bytes else ", nothing"
    return f"{kept} in reserve: {fit.reserve.why}"


def _largest(found: Largest) -> str:
    if found.limit == NOTHING:
        return "any: the memory does not grow with it"
    if found.limit == BEYOND:
        return f"{found.size:,} and more"
    why = "one more does not fit" if found.limit == MEMORY else "the spec allows no more"
    return f"{found.size:,}: {why}" if found.size else "none"


def _speeds(speeds: Speeds, fit: DeviceFit) -> Iterator[tuple[str, str]]:
    if speeds.prompt is None or speeds.token is None:
        dtype = fit.workload.report.dtype
        yield "speed", f"unknown: no dense rate in {dtype}, or no bandwidth, is known of {fit.device.name}"
        return
    each = f" for {speeds.batch} sequences" if speeds.batch > 1 else ""
    yield "prompt time", f"at least {_bound(speeds.prompt)}"
    yield "generation", f"at most {speeds.tokens_per_second:,} tokens/s{each}: {_bound(speeds.token)} a step"


def _bound(bound: LeastTime) -> str:
    return f"{format_nanoseconds(bound.nanoseconds)} ({_BY[bound.by]})"


def _change_table(fit: DeviceFit) -> Table:
    """What needs less, the least first; where it does not fit, what makes it fit, and of that what changes least."""
    chosen = (fit.changes if fit.fits else _helpful(fit))[:_CHANGES]
    fits = Column("fits", [_sign(fit.holds(change.total)) for change in chosen])
    return saving_table(chosen, [change.total for change in chosen], fit.needed, [fits])


def _helpful(fit: DeviceFit) -> list[Saving]:
    helps = [change for change in fit.changes if fit.holds(change.total)]
    return [*reversed(helps), *[change for change in fit.changes if change not in helps]]


def _sign(fits: bool) -> Cell:  # noqa: FBT001 - the value that is shown
    return Cell(_YES, style="green") if fits else Cell(_NO, style="red")


# --- all devices ------------------------------------------------------------------------------------------------------


def _table_blocks(fits: Fits) -> Iterator[Block]:
    yield Heading(fits.report.name, _details(fits))
    yield _memory(fits)
    yield _device_table(fits)
    needs = [f"{variant.name} {format_bytes(variant.memory.total)}" for variant in fits.variants]
    yield Line(f"needs: {', '.join(needs)}; for a model: the memory less the reserve", style="dim")
    if fits.chips:
        yield _chip_table(fits.chips)
    hint = f"`archcost fits {typed(fits.report.spec.path)} --device NAME` has the largest batch, and what to change"
    yield Line(hint, style="dim")


def _device_table(fits: Fits) -> Table:
    """A row for devices of equal room; on a narrow page with the first variant that fits instead of all shares."""
    groups = _groups(fits)
    sizes = [group[0].capacity for group in groups]
    room = Column("for a model", list(map(_room_of, groups)), right=True)
    devices = Column("devices", list(map(_names, groups)), flexible=True, folds=True)
    shares = [
        Column(variant.name, [_share(variant.memory.total, size) for size in sizes], right=True)
        for variant in fits.variants
    ]
    narrow = Table([room, Column("fits as", [_first_that_fits(fits, size) for size in sizes]), devices])
    return Table([room, *shares, devices], narrow=narrow)


def _room_of(group: Sequence[DeviceFit]) -> str:
    first, last = format_bytes(group[0].capacity), format_bytes(group[-1].capacity)
    return first if first == last else f"from {first}"


def _names(group: Sequence[DeviceFit]) -> str:
    names = [fit.device.name for fit in group]
    more = [f"and {len(names) - LISTED} more"] if len(names) > LISTED + 1 else []
    return ", ".join(names[:LISTED] + more if more else names)


def _first_that_fits(fits: Fits, size: int) -> Cell:
    name = next((variant.name for variant in fits.variants if variant.memory.total <= size), "")
    return Cell(f"{name} {_YES}", style="green") if name else Cell(_NO, style="red")


def _chip_table(chips: Sequence[DeviceFit]) -> Table:
    """Microcontrollers, where the model is in int8, the one with the least SRAM first."""
    shown = sorted(chips, key=lambda fit: (fit.capacity, flash_of(fit.device)))
    return Table(
        [
            Column("microcontroller, int8", [fit.device.name for fit in shown]),
            Column("SRAM", [_share(fit.needed, fit.capacity) for fit in shown], right=True),
            Column("flash", [_share(_flash(fit), flash_of(fit.device)) for fit in shown], right=True),
            Column("fits", [_sign(fit.fits) for fit in shown]),
        ]
    )


def _flash(fit: DeviceFit) -> int:
    return fit.chip.flash.total if fit.chip else 0


def _groups(fits: Fits) -> list[list[DeviceFit]]:
    """Devices that read as having the same room and hold the same variants, the one with the least room first.

    Those of which every variant takes less than a tenth are one group.
    """
    groups: dict[tuple[str, tuple[bool, ...]], list[DeviceFit]] = {}
    sizes = [variant.memory.total for variant in fits.variants]
    for fit in sorted(fits.devices, key=lambda fit: fit.capacity):
        held = tuple([size <= fit.capacity for size in sizes])
        room = "" if ROOMY * max(sizes) < fit.capacity else format_bytes(fit.capacity)
        groups.setdefault((room, held), []).append(fit)
    return list(groups.values())


def _share(needed: int, capacity: int) -> Cell:
    fits = needed <= capacity
    return Cell(f"{format_share(needed, capacity)} {_YES if fits else _NO}", style="green" if fits else "red")


def _table_records(fits: Fits) -> Iterator[Sequence[object]]:
    for fit in fits.devices:
        for variant in fits.variants:
            total = variant.memory.total
            device = (fit.device.name, fit.device.memory_bytes, fit.capacity)
            yield (fits.report.name, *device, variant.name, total, total <= fit.capacity)
    for fit in fits.chips:
        device = (fit.device.name, fit.device.memory_bytes, fit.capacity)
        yield (fits.report.name, *device, "int8 on a microcontroller", fit.needed, fit.fits)


# --- what both have ---------------------------------------------------------------------------------------------------


def _details(fits: Fits) -> str:
    return f"{title_details(fits.report)} · {when(fits.workload.conditions)}"


def _memory(fits: Fits) -> Line:
    label = TO_TRAIN if fits.workload.conditions.training else METRICS[RUN].label
    return Line(memory_line(label, fits.memory, fits.report))


def _record(fits: Fits, fit: DeviceFit) -> Sequence[object]:
    data = fit_data(fit)
    most, context, speeds = data["largest_batch"], data["largest_context"], data["speeds"]
    return (
        fits.report.name,
        *[data[name] for name in ("device", "memory_bytes", "capacity_bytes", "run_bytes", "fits", "headroom_bytes")],
        most["size"] if most else None,
        context["size"] if context else None,
        speeds["tokens_per_second"] if speeds else None,
    )
