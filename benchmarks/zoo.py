"""Write docs/zoo.md: every model beside torchvision's figures and the published ones; and the zoo's index.

    python -m benchmarks.zoo           # rewrite the page and the index
    python -m benchmarks.zoo --check   # are they in step?

torchvision's figures are those of its documentation, recounted from its own models (tests/data/torchvision_exact.csv).
The published ones stand in the specs under `expect`, each with its source, whose kinds are counted; what explains a
difference is said in the comment at a spec's head.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import archcost
from archcost import model_zoo as zoo
from archcost.analysis.expectations import is_met
from archcost.analysis.sources import MEANING, SourceKind, stated_figures
from archcost.quantities import format_bytes, format_count, format_exact
from archcost.render.markup import escape_markdown
from archcost.zoo_index import INDEX, families, head_comment, index_text, model_of
from benchmarks.pages import inserted, renew

if TYPE_CHECKING:
    from archcost.analysis.report import Report
    from archcost.spec.model import Figure

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "zoo.md"
RECOUNT = ROOT / "tests" / "data" / "torchvision_exact.csv"
LABELS = {"params": "params", "macs": "MACs", "weights": "weights", "active_params": "active params"}


def recount() -> dict[str, list[dict[str, str]]]:
    """torchvision's figures by the name that the model has here; several rows where it has several input sizes."""
    rows: dict[str, list[dict[str, str]]] = {}
    with RECOUNT.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            name = "torchvision_googlenet" if row["model"] == "googlenet" else row["model"]
            rows.setdefault(name, []).append(row)
    return rows


def torchvision_figures(report: Report, rows: dict[str, list[dict[str, str]]]) -> tuple[int, int] | None:
    """Params and MACs of torchvision's model of the same name and input, if it has one."""
    shape = "x".join(str(dim) for dim in report.graph.inputs["input"].shape) if "input" in report.graph.inputs else ""
    for row in rows.get(report.name, ()):
        if row["input_shape"] == shape:
            return int(row["params_meta"]), int(row["macs_recount"])
    return None


def table(reports: list[Report], rows: dict[str, list[dict[str, str]]]) -> list[str]:
    """A row a model."""
    lines = [
        "| model | params | MACs | memory to run | torchvision | published |",
        "| :-- | --: | --: | --: | :-- | :-- |",
    ]
    for report in reports:
        totals = report.totals
        path = Path(report.spec.path).name
        cells = [f"[{report.name}](../specs/{path})", format_exact(totals.params), format_exact(totals.macs)]
        cells += [format_bytes(totals.run_bytes), beside(report, rows), published(report)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def beside(report: Report, rows: dict[str, list[dict[str, str]]]) -> str:
    """Whether torchvision's figures are the same, or what they are."""
    theirs = torchvision_figures(report, rows)
    if theirs is None:
        return ""
    ours = (report.totals.params, report.totals.macs)
    pairs = zip(LABELS.values(), ours, theirs, strict=False)
    differing = [f"{label} {format_exact(their)}" for label, our, their in pairs if our != their]
    return ", ".join(differing) or "equal"


def published(report: Report) -> str:
    """The figures under `expect` that name their source, and how far they are off."""
    stated = report.spec.expect.get("")
    if stated is None:
        return ""
    parts: dict[str, list[str]] = {}
    for metric, figure in stated.figures.items():
        if figure.source:
            parts.setdefault(figure.source, []).append(cell(metric, figure, getattr(report.totals, metric, None)))
    return "; ".join(f"{', '.join(cells)} ({escape_markdown(source)})" for source, cells in parts.items())


def cell(metric: str, figure: Figure, computed: int | None) -> str:
    """A published figure; with its deviation where it is rounded."""
    label = LABELS.get(metric, metric)
    if not figure.tolerance or computed is None:
        return f"{label} equal" if computed is not None and is_met(computed, figure) else label
    deviation = 100 * (computed - figure.value) / figure.value
    return f"{label} {format_count(figure.value)}, off by {deviation:+.1f}%"


def remarks(report: Report) -> list[str]:
    """The comment at the head of the model's own file: text as text, tables as they are."""
    lines = head_comment(report.spec.text_source.text)
    if not lines:
        return []
    if any(re.search(r"\S  +\S", line) for line in lines):
        return ["", f"{report.name}:", "", "```text", *lines, "```"]
    return ["", f"**{report.name}.** " + " ".join(lines)]


def sources(reports: list[Report]) -> str:
    """How many figures come from which kind of source."""
    counts = Counter(figure.source.kind for report in reports for figure in stated_figures(report))
    lines = ["| source | figures | what it is |", "| :-- | --: | :-- |"]
    lines += [f"| {kind.value} | {counts[kind]} | {MEANING[kind]} |" for kind in SourceKind if counts[kind]]
    return "\n".join(lines)


def page(reports: list[Report]) -> str:
    """The models: a section a family."""
    rows = recount()
    lines: list[str] = []
    for family, members in families(reports, lambda report: report.spec.family).items():
        lines += ["", f"### {family}", ""]
        lines += dict.fromkeys(f"*{escape_markdown(report.spec.source)}*  " for report in members)
        lines += ["", *table(members, rows)]
        for report in members:
            lines += remarks(report)
    return "\n".join(lines[1:])


def zoo_reports() -> list[Report]:
    """Every model as it is by default."""
    return [archcost.analyze(name) for name in zoo.names()]


def index(reports: list[Report]) -> str:
    """The index that ships, ``specs/index.json``."""
    return index_text([model_of(report) for report in reports])


def renewed(text: str, reports: list[Report]) -> str:
    """The page with its generated parts renewed."""
    return inserted(text, {"sources": sources(reports), "zoo": page(reports)})


def main() -> None:
    reports = zoo_reports()
    renew(ROOT / "specs" / INDEX, "benchmarks.zoo", lambda _, __: index(reports))
    renew(PAGE, "benchmarks.zoo", lambda text, _: renewed(text, reports))


if __name__ == "__main__":
    main()
