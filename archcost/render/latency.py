"""Measured latency as a document: models, their layers, and who ran how many times faster."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.comparing.naming import model_names
from archcost.pytorch.bench_data import bench_data, known_macs
from archcost.pytorch.beside import layers_beside, model_beside, part_beside, together
from archcost.pytorch.timing import times_slower, warnings
from archcost.quantities import format_bytes, format_count, format_share
from archcost.render.beside import BESIDE_HEADINGS, beside_columns, beside_lines, beside_record, doubts
from archcost.render.cell_text import figure_cell, known_total, shape_cell
from archcost.render.document import (
    Column,
    Gap,
    Heading,
    Line,
    Records,
    Table,
    TreeLine,
    branches_of,
    levels_left_out,
    rows_left_out,
)
from archcost.render.row_cells import kind_of, name_of
from archcost.render.table_rows import first_rows
from archcost.render.times import digits, environment_text, rate_text, ratio_text, spread_text, time_cell, time_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archcost.pytorch.timing import Latency, Spent, Timing
    from archcost.render.document import Block
    from archcost.render.table_rows import Row


_HEADINGS = ("model", "path", "op", "macs", "median_seconds", "iqr_seconds", "p95_seconds", "runs")


class LatencyDocument(NamedTuple):
    """Measured models, and how several compare; one is told layer by layer, several where a ``depth`` is asked for."""

    results: Sequence[Latency]
    depth: int | None = None

    @property
    def _detailed(self) -> bool:
        return len(self.results) == 1 or self.depth is not None

    def blocks(self, most: int | None) -> Iterator[Block]:
        """The blocks for people to read."""
        yield _environment(self.results)
        for result in self.results:
            yield Gap()
            yield _title(result)
            yield Table(_figures([result]), lines=list(_facts(result)))
            if result.layers and self._detailed:
                yield from _layers(result, self.depth, most)
            yield from _warnings(result)
        if len(self.results) > 1:
            yield Gap()
            yield Table(_compared(self.results), lines=())
            yield from comparison(self.results)

    def branches(self) -> Iterator[TreeLine]:
        """Each model with its layers, and how they compare."""
        yield from branches_of([_environment(self.results)])
        for result in self.results:
            yield from branches_of([_title(result), *_facts(result)])
            if result.layers and self._detailed:
                yield from branches_of(_layers(result, self.depth, None))
            yield from branches_of(_warnings(result))
        if len(self.results) > 1:
            yield from branches_of(comparison(self.results))

    def records(self) -> Records:
        """A row a model, and one each of its layers; what is only declared has no time, and one run no spread."""
        rows: list[tuple[object, ...]] = []
        predicted = any(result.prediction for result in self.results)
        for result in self.results:
            name = result.report.name
            beside = beside_record(model_beside(result)) if predicted else ()
            rows.append((name, "", "", result.macs, *_seconds(result.total), *beside))
            parts = zip(result.report.layers, result.layers, layers_beside(result), strict=False)
            for layer, timing, part in parts:
                beside = beside_record(part) if predicted else ()
                rows.append((name, layer.path, layer.op, known_macs(layer), *_seconds(timing), *beside))
        return Records((*_HEADINGS, *BESIDE_HEADINGS * predicted), rows)

    def data(self) -> object:
        """One document of all models."""
        return bench_data(self.results)


def _environment(results: Sequence[Latency]) -> Line:
    return Line(environment_text(results[0].environment), style="dim", literal=True)


def _title(result: Latency) -> Heading:
    return Heading(result.report.name, f"batch {result.report.batch}")


def _facts(result: Latency) -> Iterator[Line]:
    """What a model takes, in lines."""
    timing = result.total
    if timing.iqr is None:
        yield _fact("Time:", spread_text(timing))
    else:
        yield _fact("Time (median, IQR):", f"{spread_text(timing)}    {timing.runs} runs")
        yield _fact("Range (min … p95):", f"{time_text(timing.minimum)} … {time_text(timing.p95)}")
    rate = f"{digits(result.throughput)} samples/s · {rate_text(result.macs_per_second)}"
    without = f", without the {len(result.declared):,} declared" if result.declared else ""
    yield _fact("Throughput:", f"{rate} of {format_count(result.macs)} MACs{without}")
    if result.peak_device_bytes is not None:
        yield _fact("Peak device memory:", format_bytes(result.peak_device_bytes))
    for number, line in enumerate(beside_lines(result)):
        yield _fact("" if number else "Predicted:", line)


def _fact(label: str, text: str) -> Line:
    return Line(text, head=f"  {label}".ljust(23), indent=4)


def _figures(results: Sequence[Latency]) -> list[Column]:
    """The same in columns, a row a model."""
    totals = [result.total for result in results]
    columns = [
        Column("model", model_names([result.report for result in results])),
        Column("median", [time_text(total.median) for total in totals], right=True),
        Column("IQR", [time_cell(total.iqr) for total in totals], right=True),
        Column("min", [time_text(total.minimum) for total in totals], right=True),
        Column("p95", [time_text(total.p95) for total in totals], right=True),
        Column("runs", [f"{total.runs:,}" for total in totals], right=True),
        Column("samples/s", [digits(result.throughput) for result in results], right=True),
        Column("GMAC/s", [digits(result.macs_per_second / 1e9) for result in results], right=True),
        Column("MACs", [known_total(result.report, "macs") for result in results], right=True),
    ]
    if any(result.declared for result in results):
        measured = [figure_cell(result.macs, exact=True) for result in results]
        columns.append(Column("MACs that ran", measured, right=True))
    if any(result.peak_device_bytes is not None for result in results):
        peaks = [result.peak_device_bytes for result in results]
        cells = ["–" if peak is None else format_bytes(peak) for peak in peaks]
        columns.append(Column("peak device memory", cells, right=True))
    return [*columns, *_predicted(results)]


def _predicted(results: Sequence[Latency]) -> list[Column]:
    parts = [model_beside(result) for result in results]
    return beside_columns(parts) if any(parts) else []


def _compared(results: Sequence[Latency]) -> list[Column]:
    """What is compared: times, MACs, and how many times slower than the fastest each is."""
    kept = ("model", "median", "IQR", "MACs")
    columns = [column for column in _figures(results) if column.heading in kept]
    relative = Column("relative", [ratio_text(ratio) for ratio in times_slower(results)], right=True)
    return [*columns, relative, *_predicted(results)]


def _layers(result: Latency, depth: int | None, most: int | None) -> Iterator[Block]:
    rows, found, shown, deepest = first_rows(result.report, most, depth=depth)
    yield _layer_table(result, rows)
    yield from rows_left_out(len(rows), found)
    if depth is None:
        yield from levels_left_out(shown, deepest)


def _layer_table(result: Latency, rows: Sequence[Row]) -> Table:
    spent = [result.spent(row.path).times(row.times) for row in rows]
    whole = result.layers_seconds
    nanoseconds = [int((each.seconds or 0) * 1e9) for each in spent]
    total = time_text(whole) if any(result.layers) else "–"
    times = ["declared" if each.seconds is None else time_text(each.seconds) for each in spent]
    whole_ns = int(whole * 1e9)
    shares = ["–" if each.seconds is None else format_share(int(each.seconds * 1e9), whole_ns) for each in spent]
    return Table(
        [
            Column("layer", [name_of(row) for row in rows], "sum of layers", flexible=True),
            Column("op", [kind_of(row) for row in rows], leaves=1),
            Column("output", [shape_cell(row.output) for row in rows], leaves=3),
            Column("time", times, total, right=True),
            *_layers_beside(result, rows),
            Column("share", shares, right=True, leaves=4),
            Column("achieved", [_achieved(each) for each in spent], right=True),
            Column("of time", (), style="green", leaves=2, parts=nanoseconds),
        ]
    )


def _layers_beside(result: Latency, rows: Sequence[Row]) -> list[Column]:
    """What is predicted of layers and scopes, and of all that were measured together."""
    found = layers_beside(result)
    if not any(found):
        return []
    parts = [part_beside(result, found, row.path, row.times) for row in rows]
    return beside_columns(parts, together([part for part in found if part is not None]))


def _achieved(spent: Spent) -> str:
    return rate_text(spent.macs / spent.seconds) if spent.macs and spent.seconds else "–"


def _warnings(result: Latency) -> Iterator[Line]:
    for warning in [*warnings(result), *doubts(result)]:
        yield Line(warning, head="  Warning: ", style="yellow", literal=True)


def _seconds(timing: Timing | None) -> tuple[float | None, ...]:
    """What was measured; nothing for what is only declared, and no spread of one run."""
    return (None,) * 4 if timing is None else (timing.median, timing.iqr, timing.p95, timing.runs)


def comparison(results: Sequence[Latency]) -> list[Line]:
    """Who ran how many times faster, beside what the MACs say."""
    ratios = times_slower(results)
    order = sorted(range(len(results)), key=lambda k: results[k].total.median)
    fastest = results[order[0]]
    lines = [Line("Summary"), Line(f"{fastest.report.name} ran", head="  ", literal=True)]
    for k in order[1:]:
        words = f"{ratio_text(ratios[k])} times faster than {results[k].report.name}{_beside(results[k], fastest)}"
        lines.append(Line(words, head="    ", literal=True))
    return lines


def _beside(result: Latency, fastest: Latency) -> str:
    """How many times the MACs of the fastest; nothing where either's are not known."""
    reports = result.report, fastest.report
    macs, least = (report.totals.macs for report in reports)
    if not macs or not least or any(report.costs.unknown("macs") for report in reports):
        return ""
    if macs >= least:
        return f", which has {digits(macs / least)} times its MACs"
    return f", which has {digits(least / macs)} times fewer MACs"
