"""A memory study to text: the peak, what holds it, the layers over time, and what would need less."""

from __future__ import annotations

from typing import TYPE_CHECKING

from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.memory_data import (
    SCHEMA,
    at_peak,
    holder_name,
    holder_note,
    order_line,
    to_csv,
    to_document,
    to_markdown,
    when,
)
from archcost.render.output import write_text
from archcost.render.rows import MAX_PRINTED, report_rows
from archcost.render.summary import Entry
from archcost.render.table import title
from archcost.render.text import bar, name_cell, shape_cell
from archcost.units import format_bytes, format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.memory.study import Study
    from archcost.render.output import Result
    from archcost.render.page import Console
    from archcost.render.rows import Row

_BAR_WIDTH = 16
_NAME_WIDTH = 24
_HOLDERS = 8  # tensors told by name


def write_memory(
    studies: Sequence[Study],
    format: str,  # noqa: A002 - as the option
    path: str | None,
    depth: int | None,
    failed: Sequence[Result] = (),
) -> None:
    """Print studies in the format asked for; several as tables, one under the other.

    Specs that ``failed`` have no peak, of which no part is known either, and are named after the others.
    """
    wrong = [Entry(one.name if one.report is None else one.report.name, None, None, one.unread) for one in failed]
    if format == "json":
        from archcost.render.plain import error_document, to_json

        errors = [{**error_document(one.diagnostics, None, one.name), "schema": SCHEMA} for one in failed]
        write_text(to_json([*(to_document(study) for study in studies), *errors]), path, format)
    elif format == "csv":
        write_text(to_csv(studies, wrong), path, format)
    elif format == "markdown":
        told = [f"{escape_markdown(entry.label)}: no figures\n" for entry in wrong]
        write_text("\n".join([*(to_markdown(study, depth) for study in studies), *told]), path, format)
    else:
        write_text(_table(studies, path, depth, wrong), path, format)


def _table(studies: Sequence[Study], path: str | None, depth: int | None, wrong: Sequence[Entry]) -> str:
    console, buffer = buffered_console(path)
    for index, study in enumerate(studies):
        if index:
            console.print()
        _print_study(console, study, depth)
    if len(studies) + len(wrong) > 1:
        console.print()
        _print_summary(console, studies, wrong)
    return buffer.getvalue()


def _print_study(console: Console, study: Study, depth: int | None) -> None:
    console.print(f"{title(study.report)} · {when(study)}", style="bold", soft_wrap=True)
    console.print(_headline(study), soft_wrap=True)
    changed = order_line(study)
    if changed:
        console.print(changed, soft_wrap=True)
    _print_holders(console, study)
    _print_layers(console, study, depth)
    for entry in study.whatifs:
        saved = study.peak - entry.peak
        if saved > 0:
            change = f"{format_bytes(entry.peak)}, {format_share(saved, study.peak)} less"
            console.print(f"{entry.name}: {change} ({entry.option})", soft_wrap=True)
    if study.whatifs and all(entry.peak >= study.peak for entry in study.whatifs):
        tried = ", ".join(entry.name for entry in study.whatifs)
        console.print(f"no lower peak by: {tried}", style="dim", soft_wrap=True)


def _headline(study: Study) -> str:
    """``peak 9.76 MiB (10,235,904 B) while norm2 runs``."""
    peak = f"peak {format_bytes(study.peak)} ({study.peak:,} B)"
    if study.training is None:
        where = f" while {study.peak_path} runs" if study.peak_path else ""
        known = ": no order has a lower one" if study.inference is not None and study.inference.exact else ""
        return peak + where + known
    moment = study.training.peak
    if moment.phase == "update":
        return f"{peak} in the update"
    where = f" of {study.peak_path}" if study.peak_path else ""
    return f"{peak} in the {moment.phase} pass{where}"


def _print_holders(console: Console, study: Study) -> None:
    """What is alive at the peak, the largest first."""
    parts = at_peak(study)
    shown = parts[:_HOLDERS]
    rest = sum(part.bytes for part in parts[_HOLDERS:])
    names = [holder_name(part) for part in shown]
    notes = [holder_note(part) for part in shown]
    sizes = [part.bytes for part in shown]
    if rest:
        names.append(f"{len(parts) - _HOLDERS} more")
        notes.append("")
        sizes.append(rest)
    columns = [
        Column("at the peak", names, flexible=True),
        Column("bytes", [format_bytes(size) for size in sizes], right=True),
        Column("share", [format_share(size, study.peak) for size in sizes], right=True),
        Column("", notes, flexible=True, style="dim"),
    ]
    print_columns(console, columns)


def _print_layers(console: Console, study: Study, depth: int | None) -> None:
    """The most that is alive while each layer or block runs."""
    from rich.text import Text

    rows, shown, deepest = report_rows(study.report, depth=depth)
    if not rows:
        return
    found = len(rows)
    rows = rows[:MAX_PRINTED]
    highs = layer_highs(study, rows)
    kept = layer_kept(study, rows)
    names = [Text(name_cell(row), style="bold" if row.group else "") for row in rows]
    largest = [max(pair) for pair in zip(*highs.values(), strict=True)]
    marks = ["◂" if most == study.peak else "" for most in largest]
    bars = [Text(bar(most, study.peak, _BAR_WIDTH), style="green") for most in largest]
    columns = [
        Column("layer", names, flexible=True),
        Column("op", [Text(row.op, style="magenta" if row.group else "cyan") for row in rows]),
        Column("output", [shape_cell(row.output) for row in rows]),
        *[
            Column(heading, [format_bytes(high) if high else "–" for high in values], right=True)
            for heading, values in highs.items()
        ],
        *[Column("kept", [format_bytes(size) if size else "–" for size in kept], right=True) for _ in kept[:1]],
        Column("of the peak".ljust(_BAR_WIDTH), bars),
        Column("", marks),
    ]
    for dropped in ("output", "op", "of the peak".ljust(_BAR_WIDTH)):
        if needed_width(columns, flexible=_NAME_WIDTH) <= console.width:
            break
        columns = [column for column in columns if column.heading != dropped]
    print_columns(console, columns)
    if len(rows) < found:
        text = f"{len(rows):,} of {found:,} rows: --format csv has all of them"
        console.print(text, style="dim", soft_wrap=True)
    if depth is None and shown < deepest:
        console.print(f"depth {shown} of {deepest}: --depth {deepest} shows every layer", style="dim", soft_wrap=True)


def layer_highs(study: Study, rows: Sequence[Row]) -> dict[str, list[int]]:
    """For every row, the most bytes alive while its layers run: in inference, or in both directions of training."""
    series = node_highs(study)
    paths = [node.path for node in study.report.graph.nodes]
    highs: dict[str, list[int]] = {}
    for heading, values in series.items():
        by_scope: dict[str, int] = {}
        for path, value in zip(paths, values, strict=True):
            for scope in scopes(path):
                by_scope[scope] = max(by_scope.get(scope, 0), value)
        highs[heading] = [max(by_scope.get(path, 0) for path in row.paths or (row.path,)) for row in rows]
    return highs


def layer_kept(study: Study, rows: Sequence[Row]) -> list[int]:
    """For every row, the bytes its layers made that the backward pass needs at the peak; empty in inference."""
    if study.training is None:
        return []
    nodes = study.report.graph.nodes
    sums: dict[str, int] = {}
    for node, size in study.training.kept().items():
        for scope in scopes(nodes[node].path):
            sums[scope] = sums.get(scope, 0) + size
    return [sum(sums.get(path, 0) for path in row.paths or (row.path,)) for row in rows]


def scopes(path: str) -> list[str]:
    """A path and those of all that it is in."""
    found = [path]
    while "." in found[-1]:
        found.append(found[-1].rpartition(".")[0])
    return found


def node_highs(study: Study) -> dict[str, list[int]]:
    """By node: what is alive while it runs."""
    count = len(study.report.graph.nodes)
    if study.training is None:
        assert study.inference is not None, "a study has one of the two"
        alive = [0] * count
        for node, live in zip(study.inference.order, study.inference.live, strict=True):
            alive[node] = live
        return {"alive": alive}
    found = {"forward": [0] * count, "backward": [0] * count}
    for moment in study.training.moments:
        if moment.node >= 0:
            values = found[moment.phase]
            values[moment.node] = max(values[moment.node], moment.live)
    return found


def _print_summary(console: Console, studies: Sequence[Study], wrong: Sequence[Entry]) -> None:
    none = [""] * len(wrong)
    names = [study.report.name for study in studies] + [entry.label for entry in wrong]
    columns = [
        Column("model", names, flexible=True),
        Column("peak", [format_bytes(study.peak) for study in studies] + none, right=True),
        Column("bytes", [f"{study.peak:,}" for study in studies] + none, right=True),
        Column("where", [study.peak_path or "–" for study in studies] + none, flexible=True),
    ]
    print_columns(console, columns)
