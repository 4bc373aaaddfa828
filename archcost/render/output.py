"""Where output goes: standard output or a file, reports and errors each to their place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from archcost.errors import COLOUR, PLAIN, format_diagnostic
from archcost.printable import visible
from archcost.render.console import buffered_console
from archcost.render.exit import wants_colour, write_error, write_file, write_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from archcost.analysis.report import Report
    from archcost.errors import Diagnostic, UsageError
    from archcost.named_specs import SpecResult
    from archcost.render.counted import Counting
    from archcost.render.extra import Chosen, Extra
    from archcost.render.summary import Entry


class Options(NamedTuple):
    """How reports are printed."""

    format: str = "table"
    depth: int | None = None
    sort: str | None = None
    top: int | None = None
    counting: Counting | None = None
    columns: Chosen | None = None

    @property
    def detailed(self) -> bool:
        """Whether rows were asked for, so that several specs print a table each."""
        return any(option is not None for option in (self.depth, self.sort, self.top, self.columns))

    def further(self, report: Report) -> Extra | None:
        """The further columns of a report."""
        return self.columns.of(report) if self.columns is not None else None


def write_text(text: str, path: str | None, format: str) -> None:  # noqa: A002 - as the option
    """Print text of a format, or write it to a file; raises UsageError where neither is possible.

    The format, by the name that its option has, says how what an encoding lacks is written; see ``render.glyphs``.
    """
    if path is None:
        write_out(text, format)
    else:
        write_file(text, path, format)


def write_reports(results: Sequence[SpecResult], options: Options, path: str | None) -> None:
    """Print every report in the format asked for; problems go to standard error (and into the JSON)."""
    from archcost.analysis.report import collector_paused

    try:
        with collector_paused():
            _WRITERS[options.format](results, options, path)
    finally:
        print_diagnostics([diagnostic for result in results for diagnostic in result.diagnostics])


def _entries(results: Sequence[SpecResult], options: Options) -> list[Entry]:
    """What is known of each model, with the figures of the tool asked for."""
    from archcost.render.summary import Entry

    found = []
    for result in results:
        report = result.report
        reading = options.counting.read(report) if options.counting is not None and report is not None else None
        found.append(Entry(result.name if report is None else report.name, report, reading, result.unread))
    return found


def _write_table(results: Sequence[SpecResult], options: Options, path: str | None) -> None:
    from archcost.render.table import print_report

    console, buffer = buffered_console(path)
    reports = [result.report for result in results if result.report is not None]
    if len(results) == 1 or options.detailed:
        for index, report in enumerate(reports):
            if index:
                console.print()
            reading = options.counting.read(report) if options.counting is not None else None
            print_report(
                console,
                report,
                depth=options.depth,
                sort=options.sort,
                top=options.top,
                reading=reading,
                extra=options.further(report),
            )
    if len(results) > 1:
        from archcost.render.summary import print_summary

        print_summary(console, _entries(results, options))
    write_text(buffer.getvalue(), path, options.format)


def _write_json(results: Sequence[SpecResult], options: Options, path: str | None) -> None:
    from archcost.render.counted import extend
    from archcost.render.plain import error_document, to_json

    documents: list[dict[str, Any]] = []
    for result in results:
        if result.diagnostics:
            documents.append(error_document(result.diagnostics, result.report, result.name))
        elif result.report is not None:
            documents.append(result.report.to_dict() if options.counting is not None else result.report.document())
        if options.counting is not None and result.report is not None:
            extend(documents[-1], options.counting.read(result.report))
    write_text(to_json(documents), path, options.format)


def _write_csv(results: Sequence[SpecResult], options: Options, path: str | None) -> None:
    from archcost.render.plain import to_csv

    reports = [result.report for result in results if result.report is not None]
    extras = [options.columns.of(report) for report in reports] if options.columns is not None else []
    write_text(to_csv(_entries(results, options), extras), path, options.format)


def _write_markdown(results: Sequence[SpecResult], options: Options, path: str | None) -> None:
    from archcost.render.plain import to_markdown

    reports = [result.report for result in results if result.report is not None]
    parts = []
    if len(results) == 1 or options.detailed:
        for report in reports:
            reading = options.counting.read(report) if options.counting is not None else None
            parts.append(
                to_markdown(
                    report,
                    depth=options.depth,
                    sort=options.sort,
                    top=options.top,
                    reading=reading,
                    extra=options.further(report),
                )
            )
    if len(results) > 1:
        from archcost.render.summary import summary_markdown

        parts.append(summary_markdown(_entries(results, options)))
    write_text("\n".join(parts), path, options.format)


def _write_tree(results: Sequence[SpecResult], options: Options, path: str | None) -> None:
    from archcost.render.plain import to_tree

    trees = []
    for entry in _entries(results, options):
        if entry.report is not None:
            trees.append(to_tree(entry.report, depth=options.depth, reading=entry.reading))
        elif len(results) > 1:
            trees.append(f"{entry.name}  {entry.mark}: no layer\n")
    write_text("\n".join(trees), path, options.format)


_WRITERS = {
    "table": _write_table,
    "json": _write_json,
    "csv": _write_csv,
    "markdown": _write_markdown,
    "tree": _write_tree,
}


def print_diagnostics(diagnostics: Iterable[Diagnostic]) -> None:
    """Print problems to standard error, in full."""
    style = _style()
    for diagnostic in diagnostics:
        write_error(format_diagnostic(diagnostic, style) + "\n\n")


def print_usage_error(error: UsageError) -> None:
    """Print a usage error to standard error."""
    print_line("error", error.message)
    if error.help:
        print_line("help", error.help)


def print_failure(message: str) -> None:
    """Print one finding to standard error."""
    print_line("fail", message)


def print_line(word: str, text: str) -> None:
    """``error: text`` to standard error, the word in its colour."""
    style = _style()
    colour = style["help"] if word == "help" else style["error"]
    write_error(f"{colour}{word}{style['reset']}: {visible(text)}\n")


def _style() -> dict[str, str]:
    return COLOUR if wants_colour(sys.stderr) else PLAIN
