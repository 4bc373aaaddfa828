"""Hold archcost's conventions against the tools themselves, and write the tables of docs/conventions.md.

    python -m benchmarks.conventions           # print what differs, rewrite the generated parts
    python -m benchmarks.conventions --rules   # rewrite what needs no tool and no model, in seconds
    python -m benchmarks.conventions --check   # only the figures that need no tool: are the tables in step?

The tools come with the `peers` extra. All models are at full size, on tensors without numbers. A convolutional network
that torchvision has is torchvision's own model; any other is what archcost builds.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from archcost import model_zoo as zoo
from archcost.conventions import ALL_TOOLS, EARLIER, NEWER, OF_FILES, TOOLS, convention
from archcost.conventions.model import words
from archcost.conventions.tool_report import read
from archcost.conventions.torchvision_style import patterns
from archcost.ops import REGISTRY
from benchmarks.pages import inserted, renew
from tests.conventions import newer_figures
from tests.ops.cases import CASES
from tests.pytorch.support import report_of
from tests.shared import zoo_report

if TYPE_CHECKING:
    from collections.abc import Sequence

    from archcost.analysis.report import Report

PAGE = Path(__file__).parent.parent / "docs" / "conventions.md"
AVERAGED = re.compile(r", averaged over a batch of \d+")  # ptflops, whose cases have a batch of 2
LINES = (  # versions, and tools that have most rules in common
    ("thop", "ultralytics-thop@2.0.18", "ultralytics-thop"),
    ("calflops", "deepspeed@0.16.9", "deepspeed"),
    ("torchprofile@0.0.4", "torchprofile"),
)
HIDDEN = "✗"  # MACs that the tool does not see


def tables(printed: dict[str, dict[str, int | None]] | None = None) -> dict[str, str]:
    """The generated parts by name; without the tools' figures, as if every difference were 0."""
    return {**rules(), "models": model_table(printed)}


def rules() -> dict[str, str]:
    """The parts that follow from the conventions and the cases of ops alone."""
    return {
        "tools": tool_table(),
        "rules": rule_table(TOOLS),
        "newer-rules": rule_table(NEWER),
        "versions": version_tables(),
        "gaps": gap_table(),
        "newer-models": newer_table(),
    }


def tool_table() -> str:
    """A row a tool: the version that was read, its unit and word, and how it is called."""
    lines = ["| tool | version | a multiply-add is | it says | called as |", "| :-- | :-- | --: | :-- | :-- |"]
    for tool in (*ALL_TOOLS, *EARLIER, *OF_FILES):
        chosen = convention(tool)
        word = f"{chosen.unit}, “{chosen.word}”"
        lines.append(f"| `{tool}` | {chosen.tool} {chosen.version} | {chosen.factor} | {word} | {chosen.called} |")
    return "\n".join(lines)


def _rates(columns: Sequence[str]) -> dict[str, dict[str, list[str]]]:
    """For every class of op and every tool, what is counted, over all cases."""
    found: dict[str, dict[str, list[str]]] = {}
    for case in CASES:
        for tool in columns:
            (count,) = read(report_of(case), convention(tool)).counts
            for part in count.parts:
                rates = found.setdefault(part.what, {}).setdefault(tool, [])
                rate = AVERAGED.sub("", part.rate) if part.covered else HIDDEN
                if (part.amount or not part.covered) and rate not in rates:
                    rates.append(rate)
    return found


def rule_table(columns: Sequence[str]) -> str:
    """A row for each class of op that some of the tools count; the kinds that none counts below."""
    found = _rates(columns)
    silent = [f"`{kind}`" for kind in REGISTRY if words(kind) not in found and f"{words(kind)} products" not in found]
    return "\n".join(_rate_rows(found, columns)) + f"\n\nNone of these counts anything for {', '.join(silent)}."


def version_tables() -> str:
    """For versions of a tool, and its kin, the classes of ops that they do not all count alike."""
    tables = []
    for columns in LINES:
        found = _rates(columns)
        changed = {
            what: tools for what, tools in found.items() if len({tuple(tools.get(each, ())) for each in columns}) > 1
        }
        tables.append("\n".join(_rate_rows(changed, columns)))
    return "\n\n".join(tables)


def _rate_rows(found: dict[str, dict[str, list[str]]], columns: Sequence[str]) -> list[str]:
    lines = [f"| op | {' | '.join(f'`{each}`' for each in columns)} |", "| :-- |" + " :-- |" * len(columns)]
    rows: dict[tuple[str, ...], list[str]] = {}
    for what, tools in found.items():
        rows.setdefault(tuple([_joined(tools.get(tool, ())) for tool in columns]), []).append(what)
    return lines + [f"| {', '.join(names)} | {' | '.join(cells)} |" for cells, names in rows.items()]


def newer_table() -> str:
    """A row a model of the cover: what the newer tools printed, and what archcost's figures differ by."""
    columns = (*NEWER, *EARLIER)
    lines = ["| model | module | " + " | ".join(f"`{tool}`" for tool in columns) + " | difference |"]
    lines.append("| :-- | :-- |" + " --: |" * (len(columns) + 1))
    for name, theirs in newer_figures.printed().models.items():
        report = zoo_report(name)
        cells = [name, "torchvision" if source(report) else "archcost", *(cell(theirs[tool]) for tool in columns)]
        lines.append(f"| {' | '.join(cells)} | {difference(figures(report, columns), theirs)} |")
    return "\n".join(lines)


def _joined(rates: Sequence[str]) -> str:
    """``2 or 1 per element``: rates that differ in their number only are told together."""
    groups: dict[str, list[str]] = {}
    for rate in rates:
        match = re.fullmatch(r"(\d+)( per .*)", rate)
        groups.setdefault(match[2] if match else "", []).append(match[1] if match else rate)
    return "; ".join(" or ".join(numbers) + unit for unit, numbers in groups.items()) or "0"


def gap_table() -> str:
    """What a tool does not cover, and why."""
    gaps: dict[tuple[str, str], list[str]] = {}
    for tool in ALL_TOOLS:
        for case in CASES:
            (count,) = read(report_of(case), convention(tool)).counts
            reasons = [part.rate for part in count.parts if not part.covered] or [count.failure]
            for reason in filter(None, reasons):
                kinds = gaps.setdefault((tool, reason), [])
                if f"`{case.kind}`" not in kinds:
                    kinds.append(f"`{case.kind}`")
    lines = ["| tool | ops | why |", "| :-- | :-- | :-- |"]
    lines += [f"| `{tool}` | {', '.join(kinds)} | {reason} |" for (tool, reason), kinds in gaps.items()]
    return "\n".join(lines)


def figures(report: Report, columns: Sequence[str] = TOOLS) -> dict[str, int | None]:
    """A model's figure under every convention, as the tools see it."""
    written = patterns(("torchvision",), report.name) if source(report) else ()
    return {tool: read(report, convention(tool), written).total for tool in columns}


def source(report: Report) -> str:
    """The torchvision model that stands for a spec; empty for what archcost builds."""
    from tests.conventions.networks import torchvision_name

    return torchvision_name(report)


def model_table(printed: dict[str, dict[str, int | None]] | None) -> str:
    """A row a model, by family: what each tool prints, and what archcost's figures differ by."""
    lines = ["| model | module | " + " | ".join(f"`{tool}`" for tool in TOOLS) + " | difference |"]
    lines.append("| :-- | :-- |" + " --: |" * (len(TOOLS) + 1))
    families: dict[str, list[str]] = {}
    for name in zoo.names():
        report = zoo_report(name)
        ours = figures(report)
        theirs = printed[name] if printed else ours
        cells = [name, "torchvision" if source(report) else "archcost", *(cell(theirs[tool]) for tool in TOOLS)]
        row = f"| {' | '.join(cells)} | {difference(ours, theirs)} |"
        families.setdefault(report.spec.family, []).append(row)
    for family in sorted(families, key=str.casefold):
        lines += [f"| **{family}** |" + " |" * (len(TOOLS) + 2), *families[family]]
    return "\n".join(lines)


def cell(figure: int | None) -> str:
    """A tool's figure, if it has one."""
    return "fails" if figure is None else f"{figure:,}"


def difference(ours: dict[str, int | None], theirs: dict[str, int | None]) -> str:
    """``0``, or the tools that say another figure, and how much archcost's is off."""
    found = []
    for tool, own in ours.items():
        other = theirs[tool]
        if own != other:
            off = f"{own - other:+,}" if own is not None and other is not None else f"{cell(own)} here"
            found.append(f"{tool} {off}")
    return "; ".join(found) or "0"


def run_tools() -> dict[str, dict[str, int | None]]:
    """What the tools print for every model of the zoo."""
    import torch

    from tests.conventions import networks

    torch.set_num_threads(1)
    printed = {}
    for name in zoo.names():
        report = zoo_report(name)
        other = source(report)
        model = networks.torchvision_model(other) if other else networks.built_model(report)
        seen = networks.run_all(model, networks.inputs_of(report), TOOLS)
        printed[name] = {tool: each.total for tool, each in seen.items()}
        print(name, "differs" if printed[name] != figures(report) else "agrees", file=sys.stderr)
    return printed


def main() -> None:
    only_rules = "--rules" in sys.argv
    renew(
        PAGE,
        "benchmarks.conventions",
        lambda page, check: inserted(page, rules() if only_rules else tables(None if check else run_tools())),
    )


if __name__ == "__main__":
    main()
