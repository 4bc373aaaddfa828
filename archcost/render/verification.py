"""Verification to tables, Markdown, JSON and JUnit: three columns of MACs side by side, and every mismatch in full."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from archcost.render.columns import Column, needed_width, print_columns
from archcost.render.console import buffered_console
from archcost.render.markup import escape_markdown
from archcost.render.output import print_diagnostics, write_text
from archcost.render.plain import error_document, to_json
from archcost.render.rows import MAX_ROWS
from archcost.render.text import figure_cell, lower_bound, shape_cell
from archcost.units import format_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.errors import Diagnostic
    from archcost.pytorch.verification import LayerCheck, Verification
    from archcost.render.page import Console

MARKS = {True: "✓", False: "✗"}
MAX_MISMATCHES = 20  # printed in full; the rest is counted, and stands in the JSON
_NAMES = {"torch": "torch's counter", "fvcore": "fvcore"}


class Outcome(NamedTuple):
    """What came of one spec: a verification, or the problems that prevent it."""

    name: str
    verification: Verification | None
    diagnostics: tuple[Diagnostic, ...] = ()


class Row(NamedTuple):
    """A line of the table: one layer, or the sum of those below a scope."""

    path: str
    op: str
    output: str
    params: int
    macs: int
    fvcore: int | None
    torch: int | None
    ok: bool
    unknown: int  # layers of which the MACs are not known


def write_verifications(outcomes: Sequence[Outcome], format: str, path: str | None, depth: int | None = None) -> None:  # noqa: A002
    """Print verifications in the format asked for; problems go to standard error (and into the JSON)."""
    done = [outcome.verification for outcome in outcomes if outcome.verification is not None]
    detailed = len(outcomes) == 1 or depth is not None
    if format == "table":
        console, buffer = buffered_console(path)
        _print(console, done, detailed=detailed, depth=depth)
        write_text(buffer.getvalue(), path)
    elif format == "json":
        documents = [
            outcome.verification.to_dict()
            if outcome.verification is not None
            else error_document(outcome.diagnostics, None, outcome.name)
            for outcome in outcomes
        ]
        write_text(to_json(documents), path)
    elif format == "junit":
        write_text(to_junit(outcomes), path)
    else:
        parts = [to_markdown(each, depth) for each in done] if detailed else [summary_markdown(done)]
        write_text("\n".join(parts), path)
    print_diagnostics([diagnostic for outcome in outcomes for diagnostic in outcome.diagnostics])


def rows(verification: Verification, depth: int | None) -> list[Row]:
    """Layers folded to their scopes ``depth`` levels deep; None chooses the deepest that is not too long."""
    deepest = max((layer.path.count(".") + 1 for layer in verification.layers), default=1)
    if depth is None:
        depth = next((d for d in range(deepest, 1, -1) if len(_groups(verification, d)) <= MAX_ROWS), 1)
    return [_row(path, layers) for path, layers in _groups(verification, depth).items()]


def _groups(verification: Verification, depth: int) -> dict[str, list[LayerCheck]]:
    groups: dict[str, list[LayerCheck]] = {}
    for layer in verification.layers:
        groups.setdefault(".".join(layer.path.split(".")[:depth]), []).append(layer)
    return groups


def _row(path: str, layers: list[LayerCheck]) -> Row:
    counted = {
        name: [getattr(layer, name) for layer in layers if layer.macs or layer.unknown_macs or getattr(layer, name)]
        for name in ("fvcore_macs", "torch_macs")
    }
    fvcore, torch = (None if None in figures else sum(figures) for figures in counted.values())
    ok = all(layer.ok for layer in layers)
    return Row(
        path,
        layers[0].op if len(layers) == 1 else f"{len(layers)} layers",
        shape_cell(layers[-1].output),
        sum(layer.params for layer in layers),
        sum(layer.macs for layer in layers),
        fvcore,
        torch,
        ok,
        sum(layer.unknown_macs for layer in layers),
    )


def _print(console: Console, done: list[Verification], *, detailed: bool, depth: int | None) -> None:
    if detailed:
        for verification in done:
            _print_one(console, verification, depth)
    if len(done) > 1 or (done and not detailed):
        _print_summary(console, done)
        if not detailed:
            for verification in done:
                _print_mismatches(console, verification, prefix=f"{verification.name}: ")
            console.print(_versions(done[0]), style="dim")
            for note in dict.fromkeys(f"{each.name}: {note}" for each in done for note in each.notes):
                console.print(note, style="dim")


def _print_one(console: Console, verification: Verification, depth: int | None) -> None:
    console.print(_title(verification), style="bold")
    table = rows(verification, depth)
    totals = verification.totals
    for exact, op, output in ((True, True, True), (False, True, True), (False, False, True), (False, False, False)):
        columns = _columns(table, totals, exact=exact, op=op, output=output)
        if needed_width(columns) <= console.width:
            break
    print_columns(console, columns)
    for line in _remarks(verification):
        console.print(line, style="dim")
    _print_mismatches(console, verification)
    console.print(_verdict(verification), style="bold green" if verification.ok else "bold red")


def _columns(table: list[Row], totals: dict[str, int | None], *, exact: bool, op: bool, output: bool) -> list[Column]:
    def counts(name: str, footer: int | None, cells: list[int | None]) -> Column:
        return Column(name, [_count(cell, exact=exact) for cell in cells], _count(footer, exact=exact), right=True)

    return [
        Column("layer", [row.path for row in table], "total", flexible=True),
        *([Column("op", [row.op for row in table])] if op else []),
        *([Column("output", [row.output for row in table])] if output else []),
        counts("params", totals["params"], [row.params for row in table]),
        Column(
            "MACs",
            [_macs(row.macs, row.unknown, exact=exact) for row in table],
            _macs(totals["macs"] or 0, sum(row.unknown for row in table), exact=exact),
            right=True,
        ),
        counts("fvcore", totals["fvcore_macs"], [row.fvcore for row in table]),
        counts("torch", totals["torch_macs"], [row.torch for row in table]),
        Column("", [MARKS[row.ok] for row in table]),
    ]


def _macs(value: int, unknown: int, *, exact: bool = True) -> str:
    """MACs; a lower bound where some are unknown."""
    return lower_bound(figure_cell(value, exact=exact), value, unknown)


def _count(value: int | None, *, exact: bool = True) -> str:
    return "not covered" if value is None else figure_cell(value, exact=exact)


def _print_summary(console: Console, done: list[Verification]) -> None:
    for exact in (True, False):

        def counts(heading: str, name: str, exact: bool = exact) -> Column:  # noqa: FBT001 - bound now
            return Column(heading, [_count(each.totals[name], exact=exact) for each in done], right=True)

        columns = [
            Column("model", [each.name for each in done], flexible=True),
            Column("layers", [f"{len(each.layers):,}" for each in done], right=True),
            counts("params", "params"),
            Column(
                "MACs", [_macs(each.totals["macs"] or 0, len(each.unknown), exact=exact) for each in done], right=True
            ),
            counts("fvcore", "fvcore_macs"),
            counts("torch", "torch_macs"),
            Column("covered", [_coverage(each) for each in done], right=True),
            Column("", [MARKS[each.ok] for each in done]),
        ]
        if needed_width(columns) <= console.width:
            break
    print_columns(console, columns)


def _coverage(verification: Verification) -> str:
    """The share of the MACs that both counters cover."""
    total = verification.totals["macs"] or 0
    share = format_share(min(map(verification.covered, _NAMES)), total) if total else "–"
    return f"≤ {share}" if verification.unknown and total else share


def _print_mismatches(console: Console, verification: Verification, prefix: str = "") -> None:
    for mismatch in verification.mismatches[:MAX_MISMATCHES]:
        console.print(f"{MARKS[False]} {prefix}{mismatch}", style="red")
        if mismatch.place:
            console.print(f"  --> {mismatch.place[0]}:{mismatch.place[1]}", style="red")
    more = len(verification.mismatches) - MAX_MISMATCHES
    if more > 0:
        console.print(f"{MARKS[False]} {prefix}and {more} more", style="red")


def _title(verification: Verification) -> str:
    return f"{verification.name} · batch {verification.batch} · held against PyTorch"


def _versions(verification: Verification) -> str:
    return ", ".join(f"{name} {version}" for name, version in verification.versions.items())


def _remarks(verification: Verification) -> list[str]:
    """What the figures cover, and what they were held against, one line each."""
    total = verification.totals["macs"] or 0
    lines = [_versions(verification)]
    if verification.unknown:
        paths = ", ".join(verification.unknown)
        lines.append(f"MACs are unknown of {paths}, which no counter covers: declare `macs` there")
    for counter, name in _NAMES.items():
        missing = verification.uncovered(counter)
        if missing:
            share = format_share(verification.covered(counter), total)
            kinds = ", ".join(f"{kind} {format_share(macs, total)}" for kind, macs in missing.items())
            bound = "at most " if verification.unknown else ""
            lines.append(f"{name} covers {bound}{share} of the MACs; not covered: {kinds}")
    if any(layer.second_macs is not None for layer in verification.layers):
        lines.append("recurrent layers are counted a second time, from their real matrices and the time steps")
    if verification.fvcore_total is not None and verification.fvcore_total != verification.totals["fvcore_macs"]:
        lines.append(f"fvcore's own total is {verification.fvcore_total:,}: it adds norms, pools and interpolation")
    if verification.published:
        wrong = sum(mismatch.by == "published" for mismatch in verification.mismatches)
        lines.append(f"{verification.published - wrong} of {verification.published} published figures hold")
    if verification.against is not None:
        against = verification.against
        agree = sum(pair.ok for pair in against.pairs)
        text = f"{against.target}: {against.other_params:,} params, {against.other_macs:,} MACs"
        lines.append(f"{text}; {agree} of {len(against.pairs)} layers with tensors agree, in order")
        if against.unused:
            lines.append(f"{against.target} has {against.unused_params:,} more params that a forward pass does not use")
    return [*lines, *verification.notes]


def _verdict(verification: Verification) -> str:
    count = len(verification.mismatches)
    if count:
        return f"{MARKS[False]} {verification.name}: {count} mismatch{'es' * (count != 1)}"
    layers = len(verification.layers)
    return f"{MARKS[True]} {verification.name}: {layers:,} layer{'s' * (layers != 1)} agree in shapes, params and MACs"


def to_markdown(verification: Verification, depth: int | None = None) -> str:
    """A heading, the table, remarks and mismatches of one spec."""
    lines = [f"### {escape_markdown(_title(verification))}", ""]
    lines += [
        "| layer | op | output | params | MACs | fvcore | torch | |",
        "| :-- | :-- | :-- | --: | --: | --: | --: | :-: |",
    ]
    for row in rows(verification, depth):
        names = (escape_markdown(row.path), escape_markdown(row.op), row.output)
        macs = _macs(row.macs, row.unknown)
        figures = [_count(row.params), macs, _count(row.fvcore), _count(row.torch)]
        lines.append(f"| {' | '.join((*names, *figures))} | {MARKS[row.ok]} |")
    keys = ("params", "macs", "fvcore_macs", "torch_macs")
    figures = [f"**{figure}**" for figure in _figures(verification, keys)]
    lines += [f"| **total** | | | {' | '.join(figures)} | {MARKS[verification.ok]} |", ""]
    lines += [f"- {escape_markdown(line)}" for line in _remarks(verification)]
    lines += [f"- {MARKS[False]} {escape_markdown(str(mismatch))}" for mismatch in verification.mismatches]
    return "\n".join(lines) + "\n"


def _figures(verification: Verification, keys: Sequence[str]) -> list[str]:
    """Totals as cells."""
    cells = {key: _count(verification.totals[key]) for key in keys}
    return list((cells | {"macs": _macs(verification.totals["macs"] or 0, len(verification.unknown))}).values())


def summary_markdown(done: Sequence[Verification]) -> str:
    """One row a spec, and the mismatches below."""
    lines = ["| model | layers | params | MACs | fvcore | torch | covered | |"]
    lines.append("| :-- | --: | --: | --: | --: | --: | --: | :-: |")
    for each in done:
        keys = ("params", "macs", "fvcore_macs", "torch_macs")
        figures = [f"{len(each.layers):,}", *_figures(each, keys), _coverage(each)]
        lines.append(f"| {escape_markdown(each.name)} | {' | '.join(figures)} | {MARKS[each.ok]} |")
    wrong = [f"- {escape_markdown(f'{each.name}: {mismatch}')}" for each in done for mismatch in each.mismatches]
    return "\n".join([*lines, *(["", *wrong] if wrong else [])]) + "\n"


def to_junit(outcomes: Sequence[Outcome]) -> str:
    """JUnit XML: a suite for each spec, a case for each layer and one for the model as a whole."""
    from xml.etree import ElementTree as ET

    root = ET.Element("testsuites", name="archcost verify")
    for outcome in outcomes:
        suite = ET.SubElement(root, "testsuite", name=outcome.name)
        tests = failures = 0
        groups: dict[str, list[str]] = {"the model": []}
        if outcome.verification is None:
            groups["the model"] = [diagnostic.message for diagnostic in outcome.diagnostics]
        else:
            groups |= {layer.path: [] for layer in outcome.verification.layers}
            for mismatch in outcome.verification.mismatches:
                groups[mismatch.path if mismatch.path in groups else "the model"].append(str(mismatch))
        for name, messages in groups.items():
            case = ET.SubElement(suite, "testcase", classname=outcome.name, name=name)
            tests += 1
            failures += bool(messages)
            if messages:
                ET.SubElement(case, "failure", message=messages[0]).text = "\n".join(messages)
        suite.set("tests", str(tests))
        suite.set("failures", str(failures))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"
