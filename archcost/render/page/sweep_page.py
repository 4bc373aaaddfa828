"""A page of a space of designs: as a document, as HTML, and as a picture."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from archcost.displays import in_line, in_notebook
from archcost.documents import envelope
from archcost.errors import Diagnostic, Mark, Source, SpecError, UsageError, shortened
from archcost.figures import COUNT, METRICS, PREDICTED
from archcost.quantities import format_exact
from archcost.render.page.page_data import figure
from archcost.render.page.scatter import FILE, PAGE, scatter
from archcost.render.page.shell import html_of
from archcost.render.page.sweep_cards import sweep_cards
from archcost.render.page.swept_designs import swept_of
from archcost.render.prediction import error_text
from archcost.render.sweep_words import metric_label, objectives_text
from archcost.strict_json import compact_json
from archcost.sweeping.data import SweepData, sweep_data
from archcost.timing.data import error_of

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from archcost.render.page.page_data import PageData, PageDesignData, PageSweepData
    from archcost.render.page.swept_designs import SweptDesign
    from archcost.sweeping.sweep import Sweep

MOST_DESIGNS = 4_000  # on a page, and so many more on its front
_MOST_LETTERS = 400_000  # of them all in the document, which takes a tenth of that in a page
_MOST_READ = 200_000
_MOST_TEXT = 400  # letters of what an axis sets, or of a name
_WAY_OUT = "write it with `archcost sweep SPEC --vary … --format json -o FILE.json`"


class SweepPage:
    """A sweep on a page; each part is made when it is first asked for. Raises UsageError for one without rows."""

    def __init__(self, document: SweepData) -> None:
        if "rows" not in document:
            hint = "leave --count and --histogram out: a page shows designs"
            raise UsageError("this sweep has counts alone, and no designs to show", hint)
        self.document = document
        self.designs = swept_of(document)

    def __repr__(self) -> str:
        return in_line(self, self.designs.name, designs=len(self.designs.designs))

    @cached_property
    def data(self) -> PageData:
        """The document, ``archcost.page/1``."""
        return {**envelope("page"), "models": [], "comparison": None, "device": None, "sweep": self._sweep()}

    @property
    def html(self) -> str:
        """One file for a browser, which needs nothing else."""
        return html_of(self.data, [scatter(self.designs, PAGE)])

    @property
    def svg(self) -> str:
        """The designs in the plane of two metrics, with their front."""
        picture = scatter(self.designs, FILE)
        if not picture:
            raise UsageError("a picture is of designs with two metrics", "for instance --metrics macs,params")
        return picture + "\n"

    def to_dict(self) -> dict[str, Any]:
        """The document, ``archcost.page/1``."""
        return {**self.data}

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page, or what the name asks for: ``.html``, ``.svg``, ``.json``; raises UsageError."""
        import os

        from archcost.render.page.writing import format_of_page, write_page

        name = os.fspath(path)
        write_page(self, format_of_page(name), name)

    def _repr_html_(self) -> str | None:
        return in_notebook(self)

    def _sweep(self) -> PageSweepData:
        document, designs = self.document, self.designs
        shown, notes = self._shown()
        plane = [metric for metric, _ in designs.objectives[:2]] or [*designs.metrics, ""][:1] * 2
        return {
            "name": shortened(designs.name, _MOST_TEXT),
            "about": shortened(self._about()),
            "cards": sweep_cards(document, designs),
            "axes": [shortened(name, _MOST_TEXT) for name in designs.axes],
            "metrics": [
                {
                    "name": name,
                    "label": metric_label(name),
                    "unit": METRICS[name].unit if name in METRICS else COUNT,
                }
                for name in designs.metrics
            ],
            "x": plane[0],
            "y": plane[1],
            "objectives": [{"metric": metric, "sense": sense} for metric, sense in designs.objectives],
            "budgets": [{"metric": each.metric, "limit": figure(each.limit)} for each in designs.budgets],
            "rows": shown,
            "notes": notes,
        }

    def _about(self) -> str:
        document = self.document
        spec = document["spec"]["name"]
        told = [
            f"designs of {spec}" if spec != document["space"] else "a space of designs",
            f"batch {document['batch']}",
        ]
        fixed = [f"{name}={value}" for name, value in document["spec"]["params"].items()]
        where = f"where {document['where']}" if document["where"] else ""
        return " · ".join(filter(None, [*told, document["dtype"] or "", " ".join(fixed), where]))

    def _shown(self) -> tuple[list[PageDesignData], list[str]]:
        """The designs on the page in their order, as many as there is room for, and what is to be said of the rest.

        The front goes first; of the others every n-th is there.
        """
        designs, on_front = self.designs.designs, set(self.designs.front)
        front = [(place, _row(designs[place], is_front=True)) for place in sorted(on_front)]
        others = [place for place in range(len(designs)) if place not in on_front]
        front, letters = _fitting(front, MOST_DESIGNS, _MOST_LETTERS)
        step = max(1, -(-len(others) // MOST_DESIGNS))
        rest = [(place, _row(designs[place])) for place in others[::step]]
        rest, _ = _fitting(rest, MOST_DESIGNS, max(0, _MOST_LETTERS - letters))
        notes = self._predicted()
        if self.designs.objectives:
            notes.append(f"front of the designs that are listed: {objectives_text(self.designs.objectives)}")
        if len(front) < len(on_front):
            notes.append(f"{format_exact(len(front))} of {format_exact(len(on_front))} designs on the front are shown")
        if len(rest) < len(others):
            what = "all of the front, and " if len(front) == len(on_front) else ""
            notes.append(f"shown are {what}{format_exact(len(rest))} of the {format_exact(len(others))} other designs")
        return [row for _, row in sorted(front + rest, key=lambda each: each[0])], notes

    def _predicted(self) -> list[str]:
        """What predicted times are of, and how wrong they may be."""
        if "predicted" not in self.document:
            return []
        told = self.document["predicted"]
        errors = [error_text(None if each is None else error_of(each)) for each in told["errors"]]
        label = METRICS[PREDICTED].label
        return [f"{label}: predicted on {told['title']}, not measured; error: {'; '.join(errors)}"]


def sweep_page(sweep: Sweep) -> SweepPage:
    """The page of a sweep that is at hand; raises UsageError for one of too many designs."""
    count = 0 if sweep.listing is None else len(sweep.listing)
    if count > _MOST_READ:
        hint = f"`--where` and `--pareto` choose among them, `--sample {MOST_DESIGNS}` draws some"
        raise UsageError(f"{count:,} designs are too many for a page: at most {_MOST_READ:,} are", hint)
    return SweepPage(sweep_data(sweep))


def read_sweep_page(path: str) -> SweepPage:
    """The page of the sweep in a file, as ``archcost sweep --format json`` wrote it; raises SpecError."""
    from archcost.document_reading import read_document

    document: SweepData = read_document(path, "sweep", SweepData, _WAY_OUT)
    try:
        return SweepPage(document)
    except UsageError as error:
        mark = Mark(Source(path, ""), 0, 0)
        raise SpecError([Diagnostic(error.message, mark, error.help)]) from None


def _row(design: SweptDesign, *, is_front: bool = False) -> PageDesignData:
    row: PageDesignData = {
        "at": [shortened(text, _MOST_TEXT) for text in design.at],
        "figures": [None if each is None else figure(each) for each in design.figures],
    }
    if is_front:
        row["front"] = True
    if design.error:
        row["note"] = design.error
    return row


def _fitting(
    rows: Sequence[tuple[int, PageDesignData]], most: int, letters: int
) -> tuple[list[tuple[int, PageDesignData]], int]:
    """All rows, or every n-th of them, so that they are no more and no longer than this; and how long they are."""
    found = list(rows[:: max(1, -(-len(rows) // most))])
    while True:
        size = len(compact_json([row for _, row in found]))
        if size <= letters or len(found) <= 1:
            return found, size
        found = found[:: max(2, -(-size // max(1, letters)))]
