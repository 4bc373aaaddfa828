"""Measured latency as a table, JSON, CSV or Markdown, and the comparison in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archcost.render.cells import csv_text
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.output import write_text
from archcost.render.rows import report_rows
from archcost.render.text import bar, name_cell, shape_cell
from archcost.strict_json import json_text
from archcost.units import format_bytes, format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.pytorch.latency import Environment, Latency
    from archcost.render.page import Console
    from archcost.render.rows import Row

SCHEMA = "archcost.bench/1"
_BAR_WIDTH = 10
_NAME_WIDTH = 24


def write_latency(
    results: Sequence[Latency],
    ratios: Sequence[tuple[float, float]],
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


def digits(value: float) -> str:
    """A figure in three digits."""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"  # noqa: PLR2004 - 3 digits


def rate_text(per_second: float) -> str:
    """MACs a second, in G."""
    return f"{digits(per_second / 1e9)} GMAC/s"


def _table(
    results: Sequence[Latency], ratios: Sequence[tuple[float, float]], path: str | None, depth: int | None
) -> str:
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
    console.print(f"  Time (median, IQR):  {time_text(timing.median)} ± {time_text(timing.iqr)}    {timing.runs} runs")
    console.print(f"  Range (min … p95):   {time_text(timing.minimum)} … {time_text(timing.p95)}")
    rate = f"{digits(result.throughput)} samples/s · {rate_text(result.macs_per_second)}"
    console.print(f"  Throughput:          {rate} of {format_count(result.report.totals.macs)} MACs")
    if result.peak_device_bytes is not None:
        console.print(f"  Peak device memory:  {format_bytes(result.peak_device_bytes)}")


def warnings(result: Latency) -> list[str]:
    """What makes a measurement doubtful."""
    found = []
    if result.total.noisy:
        found.append(
            f"the runs spread by {result.total.spread:.0%}: the machine is noisy; "
            "close other programs, or give a longer --min-time"
        )
    noisy = sum(timing.noisy for timing in result.layers)
    if noisy > len(result.layers) / 4:
        found.append(f"{noisy} of {len(result.layers)} layers spread by more than 10%: read them with care")
    return found


def _seconds(result: Latency, row: Row) -> float:
    prefix = f"{row.path}."
    return row.times * sum(
        timing.median
        for layer, timing in zip(result.report.layers, result.layers, strict=True)
        if layer.path == row.path or layer.path.startswith(prefix)
    )


def _print_layers(console: Console, result: Latency, depth: int | None) -> None:
    from rich.text import Text

    from archcost.render.columns import Column, needed_width, print_columns

    rows, shown, deepest = report_rows(result.report, depth=depth)
    seconds = [_seconds(result, row) for row in rows]
    whole = sum(timing.median for timing in result.layers)
    timed = list(zip(rows, seconds, strict=True))
    rates = [rate_text(row.costs.macs / time) if row.costs.macs and time else "–" for row, time in timed]
    bars = [Text(bar(int(time * 1e9), int(whole * 1e9), _BAR_WIDTH), style="green") for time in seconds]
    names = [Text(name_cell(row), style="bold" if row.group else "") for row in rows]
    columns = [
        Column("layer", names, "sum of layers", flexible=True),
        Column("op", [Text(row.op, style="magenta" if row.group else "cyan") for row in rows]),
        Column("output", [shape_cell(row.output) for row in rows]),
        Column("time", [time_text(time) for time in seconds], time_text(whole), right=True),
        Column("share", [f"{time / whole:.1%}" for time in seconds], right=True),
        Column("of time".ljust(_BAR_WIDTH), bars),
        Column("achieved", rates, right=True),
    ]
    for dropped in ("of time   ", "op", "output"):
        if needed_width(columns, flexible=_NAME_WIDTH) <= console.width:
            break
        columns = [column for column in columns if column.heading != dropped]
    print_columns(console, columns)
    if depth is None and shown < deepest:
        console.print(f"depth {shown} of {deepest}: --depth {deepest} shows every layer", style="dim")


def comparison(results: Sequence[Latency], ratios: Sequence[tuple[float, float]]) -> list[str]:
    """Who ran how many times faster, beside what the MACs say."""
    order = sorted(range(len(results)), key=lambda k: results[k].total.median)
    fastest = results[order[0]]
    lines = ["Summary", f"  {fastest.report.name} ran"]
    for k in order[1:]:
        ratio, error = ratios[k]
        macs, least = results[k].report.totals.macs, fastest.report.totals.macs
        beside = ""
        if macs and least:
            beside = (
                f", which has {digits(macs / least)} times its MACs"
                if macs >= least
                else (f", which has {digits(least / macs)} times fewer MACs")
            )
        lines.append(f"    {ratio:.2f} ± {error:.2f} times faster than {results[k].report.name}{beside}")
    return lines


def _json(
    results: Sequence[Latency], ratios: Sequence[tuple[float, float]], path: str | None, depth: int | None
) -> str:
    del path, depth
    documents = [_document(result, ratio) for result, ratio in zip(results, ratios, strict=True)]
    return json_text({"schema": SCHEMA, "results": documents})


def _document(result: Latency, ratio: tuple[float, float]) -> dict[str, Any]:
    environment = result.environment
    return {
        "spec": {"name": result.report.name, "path": result.report.spec.path, "params": dict(result.report.params)},
        "batch": result.report.batch,
        "environment": {name: getattr(environment, name) for name in environment.__slots__},
        "latency_seconds": result.total.to_dict(),
        "throughput_per_second": result.throughput,
        "macs": result.report.totals.macs,
        "macs_per_second": result.macs_per_second,
        "peak_device_bytes": result.peak_device_bytes,
        "times_slower_than_fastest": {"ratio": ratio[0], "error": ratio[1]},
        "warnings": warnings(result),
        "layers": [
            {"path": layer.path, "op": layer.op, "macs": layer.macs, "latency_seconds": timing.to_dict()}
            for layer, timing in zip(result.report.layers, result.layers, strict=False)
        ],
    }


def _csv(results: Sequence[Latency], ratios: Sequence[tuple[float, float]], path: str | None, depth: int | None) -> str:
    del ratios, path, depth
    rows: list[tuple[object, ...]] = []
    for result in results:
        total = result.total
        whole = (result.report.totals.macs, total.median, total.iqr, total.p95, total.runs)
        rows.append((result.report.name, "", "", *whole))
        for layer, timing in zip(result.report.layers, result.layers, strict=False):
            row = (layer.macs, timing.median, timing.iqr, timing.p95, timing.runs)
            rows.append((result.report.name, layer.path, layer.op, *row))
    return csv_text(("model", "path", "op", "macs", "median_seconds", "iqr_seconds", "p95_seconds", "runs"), rows)


def _markdown(
    results: Sequence[Latency], ratios: Sequence[tuple[float, float]], path: str | None, depth: int | None
) -> str:
    del path, depth
    lines = ["| model | median | IQR | p95 | samples/s | GMAC/s | MACs | relative |"]
    lines.append("| :-- | --: | --: | --: | --: | --: | --: | --: |")
    for result, (ratio, error) in zip(results, ratios, strict=True):
        total = result.total
        cells = (
            escape_markdown(result.report.name),
            *(time_text(seconds) for seconds in (total.median, total.iqr, total.p95)),
            digits(result.throughput),
            digits(result.macs_per_second / 1e9),
            f"{result.report.totals.macs:,}",
            f"{ratio:.2f} ± {error:.2f}",
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", escape_markdown(environment_text(results[0].environment))]
    return "\n".join(lines) + "\n"


_FORMATS = {"table": _table, "json": _json, "csv": _csv, "markdown": _markdown}
