"""Measured latency as a table, JSON, CSV or Markdown, and the comparison in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.analysis.report import unknown_layers
from archcost.paths import inside
from archcost.render.cells import csv_text
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.output import write_text
from archcost.render.rows import report_rows
from archcost.render.text import bar, known_total, name_cell, shape_cell
from archcost.strict_json import json_text
from archcost.units import format_bytes, format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Layer
    from archcost.pytorch.latency import Environment, Latency, Timing
    from archcost.render.page import Console
    from archcost.render.rows import Row

    Ratio = tuple[float, float | None]  # and its error, unless one of both ran once

SCHEMA = "archcost.bench/1"
_BAR_WIDTH = 10
_NAME_WIDTH = 24
_NAMED = 3  # layers that a warning names


def write_latency(
    results: Sequence[Latency],
    ratios: Sequence[Ratio],
    format: str,  # noqa: A002 - the option's name
    path: str | None,
    depth: int | None,
) -> None:
    """Print measurements; ``ratios`` tells for every model how many times slower it is than the fastest."""
    write_text(_FORMATS[format](results, ratios, path, depth), path, format)


def time_text(seconds: float) -> str:
    """Three digits and a unit: ``1.23 ms``."""
    for scale, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= scale:
            return f"{digits(seconds / scale)} {unit}"
    return f"{seconds * 1e9:.0f} ns"


def spread_text(timing: Timing) -> str:
    """Median ± interquartile range; one run has no spread, and says so."""
    if timing.iqr is None:
        return f"{time_text(timing.median)}, one run, no spread"
    return f"{time_text(timing.median)} ± {time_text(timing.iqr)}"


def digits(value: float) -> str:
    """A figure in three digits."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"  # noqa: PLR2004 - 3 digits


def rate_text(per_second: float) -> str:
    """MACs a second, in G."""
    return f"{digits(per_second / 1e9)} GMAC/s"


def _table(results: Sequence[Latency], ratios: Sequence[Ratio], path: str | None, depth: int | None) -> str:
    console, buffer = buffered_console(path)
    console.print(environment_text(results[0].environment), style="dim", soft_wrap=True)
    for result in results:
        _print_model(console, result)
        if result.layers and (len(results) == 1 or depth is not None):
            _print_layers(console, result, depth)
        for warning in warnings(result):
            console.print(f"  Warning: {warning}", style="yellow", soft_wrap=True)
    if len(results) > 1:
        console.print()
        for line in comparison(results, ratios):
            console.print(line, soft_wrap=True)
    return buffer.getvalue()


def environment_text(environment: Environment) -> str:
    """One line on where and how."""
    options = [
        f"{environment.threads} thread{'s' * (environment.threads != 1)}" if environment.device == "cpu" else "",
        environment.dtype,
        "channels-last" if environment.channels_last else "",
        "compiled" if environment.compile else "",
        f"torch {environment.torch}",
    ]
    return f"{environment.device}: {environment.name} · " + " · ".join(option for option in options if option)


def _print_model(console: Console, result: Latency) -> None:
    timing = result.total
    console.print()
    console.print(f"{result.report.name} · batch {result.report.batch}", style="bold")
    if timing.iqr is None:
        console.print(f"  Time:                {spread_text(timing)}")
    else:
        console.print(f"  Time (median, IQR):  {spread_text(timing)}    {timing.runs} runs")
        console.print(f"  Range (min … p95):   {time_text(timing.minimum)} … {time_text(timing.p95)}")
    rate = f"{digits(result.throughput)} samples/s · {rate_text(result.macs_per_second)}"
    without = f", without the {len(result.declared):,} declared" if result.declared else ""
    console.print(f"  Throughput:          {rate} of {format_count(result.macs)} MACs{without}")
    if result.peak_device_bytes is not None:
        console.print(f"  Peak device memory:  {format_bytes(result.peak_device_bytes)}")


def warnings(result: Latency) -> list[str]:
    """What makes a measurement doubtful."""
    found = []
    if result.declared:
        named = ", ".join(result.declared[:_NAMED]) + ", …" * (len(result.declared) > _NAMED)
        found.append(f"a stand-in that only gives zeros runs for {named}: no time includes what is declared")
    if result.total.spread is None:
        found.append("the model ran once, so its spread is unknown: give a longer --min-time")
    elif result.total.noisy:
        found.append(
            f"the runs spread by {result.total.spread:.0%}: the machine is noisy; "
            "close other programs, or give a longer --min-time"
        )
    timings = [timing for timing in result.layers if timing is not None]
    once = sum(timing.spread is None for timing in timings)
    if once:
        found.append(
            f"{once:,} of {len(timings):,} layers ran once, so their spreads are unknown: give a longer --min-time"
        )
    noisy = sum(timing.noisy for timing in timings)
    if noisy > len(timings) / 4:
        found.append(f"{noisy:,} of {len(timings):,} layers spread by more than 10%: read them with care")
    return found


class _Timed(NamedTuple):
    """A row's measured layers: their time, and the MACs that they did; ``seconds`` is None where all are declared."""

    seconds: float | None
    macs: int

    @property
    def rate(self) -> str:
        return rate_text(self.macs / self.seconds) if self.macs and self.seconds else "–"


def _timed(result: Latency, row: Row) -> _Timed:
    measured = [
        (layer, timing)
        for layer, timing in zip(result.report.layers, result.layers, strict=True)
        if timing is not None and inside(layer.path, row.path)
    ]
    if not measured:
        return _Timed(None, 0)
    seconds = sum(timing.median for _, timing in measured)
    return _Timed(row.times * seconds, row.times * sum(layer.macs for layer, _ in measured))


def _print_layers(console: Console, result: Latency, depth: int | None) -> None:
    from rich.text import Text

    from archcost.render.columns import Column, needed_width, print_columns

    rows, shown, deepest = report_rows(result.report, depth=depth)
    timed = [_timed(result, row) for row in rows]
    whole = sum(timing.median for timing in result.layers if timing is not None)
    seconds = [each.seconds for each in timed]
    bars = [Text(bar(int((time or 0) * 1e9), int(whole * 1e9), _BAR_WIDTH), style="green") for time in seconds]
    names = [Text(name_cell(row), style="bold" if row.group else "") for row in rows]
    total = time_text(whole) if any(result.layers) else "–"
    columns = [
        Column("layer", names, "sum of layers", flexible=True),
        Column("op", [Text(row.op, style="magenta" if row.group else "cyan") for row in rows]),
        Column("output", [shape_cell(row.output) for row in rows]),
        Column("time", ["declared" if time is None else time_text(time) for time in seconds], total, right=True),
        Column("share", ["–" if time is None else f"{time / whole:.1%}" for time in seconds], right=True),
        Column("of time".ljust(_BAR_WIDTH), bars),
        Column("achieved", [each.rate for each in timed], right=True),
    ]
    for dropped in ("of time   ", "op", "output"):
        if needed_width(columns, flexible=_NAME_WIDTH) <= console.width:
            break
        columns = [column for column in columns if column.heading != dropped]
    print_columns(console, columns)
    if depth is None and shown < deepest:
        console.print(f"depth {shown} of {deepest}: --depth {deepest} shows every layer", style="dim")


def comparison(results: Sequence[Latency], ratios: Sequence[Ratio]) -> list[str]:
    """Who ran how many times faster, beside what the MACs say."""
    order = sorted(range(len(results)), key=lambda k: results[k].total.median)
    fastest = results[order[0]]
    lines = ["Summary", f"  {fastest.report.name} ran"]
    for k in order[1:]:
        ratio, error = ratios[k]
        reports = results[k].report, fastest.report
        macs, least = (report.totals.macs for report in reports)
        beside = ""
        if macs and least and not any(report.costs.unknown("macs") for report in reports):
            beside = (
                f", which has {digits(macs / least)} times its MACs"
                if macs >= least
                else (f", which has {digits(least / macs)} times fewer MACs")
            )
        lines.append(f"    {_ratio(ratio, error)} times faster than {results[k].report.name}{beside}")
    return lines


def _ratio(ratio: float, error: float | None) -> str:
    return f"{ratio:.2f}" if error is None else f"{ratio:.2f} ± {error:.2f}"


def _json(results: Sequence[Latency], ratios: Sequence[Ratio], path: str | None, depth: int | None) -> str:
    del path, depth
    documents = [_document(result, ratio) for result, ratio in zip(results, ratios, strict=True)]
    return json_text({"schema": SCHEMA, "results": documents})


def _document(result: Latency, ratio: Ratio) -> dict[str, Any]:
    environment = result.environment
    return {
        "spec": {"name": result.report.name, "path": result.report.spec.path, "params": dict(result.report.params)},
        "batch": result.report.batch,
        "environment": {name: getattr(environment, name) for name in environment.__slots__},
        "latency_seconds": result.total.to_dict(),
        "throughput_per_second": result.throughput,
        "macs": result.report.totals.macs,
        **({"unknown": unknown} if (unknown := unknown_layers(result.report)) else {}),
        "declared": result.declared,
        "measured_macs": result.macs,
        "macs_per_second": result.macs_per_second,
        "peak_device_bytes": result.peak_device_bytes,
        "times_slower_than_fastest": {"ratio": ratio[0], "error": ratio[1]},
        "warnings": warnings(result),
        "layers": [
            {
                "path": layer.path,
                "op": layer.op,
                "macs": _macs(layer),
                "latency_seconds": timing.to_dict() if timing is not None else None,
            }
            for layer, timing in zip(result.report.layers, result.layers, strict=False)
        ],
    }


def _csv(results: Sequence[Latency], ratios: Sequence[Ratio], path: str | None, depth: int | None) -> str:
    del ratios, path, depth
    rows: list[tuple[object, ...]] = []
    for result in results:
        total = result.total
        rows.append((result.report.name, "", "", result.macs, *_cells(total)))
        for layer, timing in zip(result.report.layers, result.layers, strict=False):
            rows.append((result.report.name, layer.path, layer.op, _macs(layer), *_cells(timing)))
    return csv_text(("model", "path", "op", "macs", "median_seconds", "iqr_seconds", "p95_seconds", "runs"), rows)


def _macs(layer: Layer) -> int | None:
    return None if layer.costs.unknown_macs else layer.macs


def _cells(timing: Timing | None) -> tuple[float | None, ...]:
    """What was measured; nothing for what is only declared, and no spread of one run."""
    return (None,) * 4 if timing is None else (timing.median, timing.iqr, timing.p95, timing.runs)


def _markdown(results: Sequence[Latency], ratios: Sequence[Ratio], path: str | None, depth: int | None) -> str:
    del path, depth
    lines = ["| model | median | IQR | p95 | samples/s | GMAC/s | MACs | relative |"]
    lines.append("| :-- | --: | --: | --: | --: | --: | --: | --: |")
    for result, (ratio, error) in zip(results, ratios, strict=True):
        total = result.total
        cells = (
            escape_markdown(result.report.name),
            *("–" if seconds is None else time_text(seconds) for seconds in (total.median, total.iqr, total.p95)),
            digits(result.throughput),
            digits(result.macs_per_second / 1e9),
            known_total(result.report, "macs"),
            _ratio(ratio, error),
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", escape_markdown(environment_text(results[0].environment))]
    found = [f"{result.report.name}: {warning}" for result in results for warning in warnings(result)]
    lines += ["", *(f"- {escape_markdown(warning)}" for warning in found)] if found else []
    return "\n".join(lines) + "\n"


_FORMATS = {"table": _table, "json": _json, "csv": _csv, "markdown": _markdown}
